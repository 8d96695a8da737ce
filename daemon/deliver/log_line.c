#include "deliver/log_line.h"

#include <ctype.h>
#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/id.h"

/* Facility 10 (authorization messages), severity 5 (notice). 32473 is the enterprise number that RFC 5612
 * keeps for whoever has none. */
#define PRIORITY	"85"
#define STRUCTURE	"rosterd@32473"
#define MESSAGE_ID_MOST 32

enum { FIELDS = 15, NUMBER_SIZE = 24 };

/* What an entry says, under the names of docs/audit.md. */
struct fields {
	struct field {
		const char *name, *value; /* value NULL: none */
	} each[FIELDS];
	char organisation[ID_TEXT_SIZE], run[ID_TEXT_SIZE], position[NUMBER_SIZE], id[NUMBER_SIZE],
		at[CLOCK_TEXT_SIZE];
};

static void collect(struct fields *ret, const struct chain_streamed *s)
{
	const struct audit_entry *entry = &s->chained.entry;

	snprintf(ret->position, sizeof(ret->position), "%" PRId64, s->chained.place.position);
	snprintf(ret->id, sizeof(ret->id), "%" PRId64, entry->id);
	const struct field each[FIELDS] = {
		{ "organisation", id_text(&s->organisation, ret->organisation) },
		{ "position", ret->position },
		{ "link", s->chained.place.link },
		{ "id", ret->id },
		{ "at", clock_text(entry->at, ret->at) },
		{ "actor_kind", entry->actor_kind },
		{ "actor", entry->actor },
		{ "on_behalf_of", entry->on_behalf_of },
		{ "action", entry->action },
		{ "target_kind", entry->target_kind },
		{ "target", entry->target },
		{ "source", entry->source },
		{ "run", id_is_nil(&entry->run) ? NULL : id_text(&entry->run, ret->run) },
		{ "request", entry->request },
		{ "commitment", s->chained.commitment },
	};
	memcpy(ret->each, each, sizeof(each));
}

static size_t length_of(const char *value)
{
	return text_cut(value, strlen(value), LOG_LINE_VALUE_MOST);
}

static const char *sentence(const struct audit_entry *entry, char *ret, size_t size)
{
	snprintf(ret, size, "%s: %s %s, by %s %s", entry->action, entry->target_kind, entry->target,
		 entry->actor_kind, entry->actor);
	return ret;
}

/* ---- syslog ---- */

/* A control would end the line for whoever reads by lines. */
static void put_harmless(struct buffer *into, const char *text, const char *escaped)
{
	for (size_t i = 0, length = length_of(text); i < length; i++) {
		if (strchr(escaped, text[i]))
			buffer_text(into, "\\");
		buffer_add(into, iscntrl((unsigned char)text[i]) ? "?" : &text[i], 1);
	}
}

void log_line_syslog(struct buffer *into, const char *host, const struct chain_streamed *streamed)
{
	char text[LOG_LINE_VALUE_MOST + 1];
	struct fields fields;

	collect(&fields, streamed);
	buffer_format(into, "<" PRIORITY ">1 %s %s rosterd - %.*s [" STRUCTURE, fields.at, host,
		      MESSAGE_ID_MOST, streamed->chained.entry.action);
	for (size_t i = 0; i < FIELDS; i++) {
		if (!fields.each[i].value)
			continue;
		buffer_format(into, " %s=\"", fields.each[i].name);
		put_harmless(into, fields.each[i].value, "\"\\]");
		buffer_text(into, "\"");
	}
	buffer_text(into, "] ");
	put_harmless(into, sentence(&streamed->chained.entry, text, sizeof(text)), "");
}

/* ---- the journal ---- */

/* NAME, LF, the length in eight bytes (little endian), the value, LF: whatever bytes it has. */
static void put_field(struct buffer *into, const char *prefix, const char *name, const char *value)
{
	size_t length = length_of(value);
	uint64_t size = htole64(length);

	buffer_text(into, prefix);
	for (; *name; name++)
		buffer_add(into, &(char){ (char)toupper((unsigned char)*name) }, 1);
	buffer_text(into, "\n");
	buffer_add(into, &size, sizeof(size));
	buffer_add(into, value, length);
	buffer_text(into, "\n");
}

void log_line_journal(struct buffer *into, const struct chain_streamed *streamed)
{
	char text[LOG_LINE_VALUE_MOST + 1];
	struct fields fields;

	collect(&fields, streamed);
	put_field(into, "", "message", sentence(&streamed->chained.entry, text, sizeof(text)));
	put_field(into, "", "priority", "5");
	put_field(into, "", "syslog_facility", "10");
	put_field(into, "", "syslog_identifier", "rosterd");
	for (size_t i = 0; i < FIELDS; i++)
		if (fields.each[i].value)
			put_field(into, "ROSTERD_AUDIT_", fields.each[i].name, fields.each[i].value);
}
