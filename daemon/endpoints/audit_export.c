/* An export is a stretch of the chain with everything that its links are made of, between a line that says
 * where it begins and one that says where it ends. It is read in short transactions, a page in each: the
 * chain only grows at its end, so the pages fit together. */
#include "endpoints/audit_export.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "roster/chain.h"

enum { PAGE_ENTRIES = 500, NUMBER_SIZE = 24 };

#define ENCODING "rosterd-audit-1"

const char *const audit_export_parameters[] = { "format", "since", "until", NULL };

/* A cell of a line: text as it is, a number as its digits. */
struct cell {
	const char *name, *text; /* text NULL: there is none */
	bool number;
};

typedef void put_line_fn(struct buffer *into, const struct cell *cells, size_t count);

struct format {
	const char *name, *type;
	put_line_fn *put_names; /* NULL: each line has them */
	put_line_fn *put;
};

/* ---- JSON lines ---- */

static void put_json(struct buffer *into, const struct cell *cells, size_t count)
{
	struct json_writer w;

	json_writer_open(&w, into);
	json_begin_object(&w, NULL);
	for (size_t i = 0; i < count; i++)
		if (cells[i].text && cells[i].number)
			json_put_raw(&w, cells[i].name, cells[i].text);
		else if (cells[i].text)
			json_put_text(&w, cells[i].name, cells[i].text);
	json_end_object(&w);
	buffer_text(into, "\n");
}

/* ---- CSV (RFC 4180) ---- */

/* A spreadsheet takes a cell that begins so for a formula, whatever it is quoted with. An apostrophe before
 * it, and before an apostrophe, makes it text, and can be taken away again. */
static bool looks_like_formula(const char *text)
{
	return *text && strchr("=+-@\t\r'", *text);
}

/* A text is always quoted, so that an empty one is not taken for none. */
static void put_quoted(struct buffer *into, const char *text)
{
	buffer_text(into, looks_like_formula(text) ? "\"'" : "\"");
	for (const char *quote; (quote = strchr(text, '"')); text = quote + 1) {
		buffer_add(into, text, (size_t)(quote - text) + 1);
		buffer_text(into, "\"");
	}
	buffer_text(into, text);
	buffer_text(into, "\"");
}

static void put_csv(struct buffer *into, const struct cell *cells, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buffer_text(into, ",");
		if (cells[i].text && cells[i].number)
			buffer_text(into, cells[i].text);
		else if (cells[i].text)
			put_quoted(into, cells[i].text);
	}
	buffer_text(into, "\r\n");
}

static void put_csv_names(struct buffer *into, const struct cell *cells, size_t count)
{
	for (size_t i = 0; i < count; i++)
		buffer_format(into, "%s%s", i > 0 ? "," : "", cells[i].name);
	buffer_text(into, "\r\n");
}

static const struct format formats[] = {
	{ "jsonl", "application/x-ndjson", NULL, put_json },
	{ "csv", "text/csv; charset=utf-8; header=present", put_csv_names, put_csv },
};

/* ---- lines ---- */

/* Every column, in its order. A line has what concerns it, and no text in the others. */
struct line {
	const char *record, *encoding;
	char organisation[ID_TEXT_SIZE];
	char first[NUMBER_SIZE], last[NUMBER_SIZE], position[NUMBER_SIZE], id[NUMBER_SIZE],
		entries[NUMBER_SIZE];
	char at[CLOCK_TEXT_SIZE], run[ID_TEXT_SIZE];
	const struct chain_entry *entry;
	const char *link;
};

static const char *given(const char *text)
{
	return *text ? text : NULL;
}

static void put_line(struct buffer *into, const struct line *line, put_line_fn *put)
{
	static const struct chain_entry none;
	const struct chain_entry *chained = line->entry ? line->entry : &none;
	const struct audit_entry *entry = &chained->entry;
	const struct cell cells[] = {
		{ "record", line->record, false },
		{ "encoding", line->encoding, false },
		{ "organisation", given(line->organisation), false },
		{ "first", given(line->first), true },
		{ "last", given(line->last), true },
		{ "position", given(line->position), true },
		{ "id", given(line->id), true },
		{ "at", given(line->at), false },
		{ "actor_kind", entry->actor_kind, false },
		{ "actor", entry->actor, false },
		{ "on_behalf_of", entry->on_behalf_of, false },
		{ "action", entry->action, false },
		{ "target_kind", entry->target_kind, false },
		{ "target", entry->target, false },
		{ "source", entry->source, false },
		{ "run", given(line->run), false },
		{ "request", entry->request, false },
		{ "commitment", chained->commitment, false },
		{ "salt", chained->salt, false },
		{ "personal", chained->personal, false },
		{ "link", line->link, false },
		{ "entries", given(line->entries), true },
	};

	put(into, cells, ARRAY_COUNT(cells));
}

static void put_number(char ret[NUMBER_SIZE], int64_t number)
{
	snprintf(ret, NUMBER_SIZE, "%lld", (long long)number);
}

/* ---- the export ---- */

struct export
{
	struct store *store;
	struct log log;
	const struct format *format;
	const struct id *organisation; /* NULL: the operator's chain */
	int64_t first, position, last; /* position: of the last entry that was written */
	const char *head;	       /* the link at last */
};

static struct line line_of(const struct export *export, const char *record)
{
	struct line line = { .record = record };

	id_text(export->organisation ? export->organisation : &audit_operators, line.organisation);
	return line;
}

static void put_begin(const struct export *export, const char *anchor, struct buffer *into)
{
	struct line line = line_of(export, "begin");

	line.encoding = ENCODING;
	line.link = anchor;
	put_number(line.first, export->first);
	put_number(line.last, export->last);
	if (export->format->put_names)
		put_line(into, &line, export->format->put_names);
	put_line(into, &line, export->format->put);
}

static void put_entry(const struct export *export, const struct chain_entry *entry, struct buffer *into)
{
	struct line line = line_of(export, "entry");

	put_number(line.position, entry->place.position);
	put_number(line.id, entry->entry.id);
	clock_text(entry->entry.at, line.at);
	if (!id_is_nil(&entry->entry.run))
		id_text(&entry->entry.run, line.run);
	line.entry = entry;
	line.link = entry->place.link;
	put_line(into, &line, export->format->put);
}

static void put_end(const struct export *export, struct buffer *into)
{
	struct line line = line_of(export, "end");

	line.link = export->head;
	put_number(line.last, export->last);
	put_number(line.entries, export->last - export->first + 1);
	put_line(into, &line, export->format->put);
}

static int put_page(struct export *export, struct arena *arena, struct buffer *into, struct error *e)
{
	scoped(tx) *tx = NULL;
	struct chain_entry *entries;
	size_t count;

	if (tx_begin(export->store, STORE_REQUEST, &tx, e) < 0 ||
	    (export->organisation && tx_for(tx, export->organisation, e) < 0) ||
	    chain_list(tx, arena, export->organisation, export->position, export->last, PAGE_ENTRIES,
		       &entries, &count, e) < 0)
		return -1;
	if (count == 0)
		return error_set(e, ERROR_INTERNAL, "audit.missing",
				 "the entries from position %lld on are not there any more",
				 (long long)export->position + 1);
	for (size_t i = 0; i < count; i++)
		put_entry(export, &entries[i], into);
	export->position = entries[count - 1].place.position;
	return tx_commit(&tx, e);
}

static int more(void *self, struct buffer *into)
{
	scoped(arena) *arena = arena_open("export");
	struct export *export = self;
	struct error e;

	if (export->position >= export->last)
		return put_end(export, into), 0;
	if (put_page(export, arena, into, &e) == 0)
		return 1;
	log_failure(&export->log, LOG_LEVEL_WARNING, "the export of an audit broke off", &e);
	return -1;
}

/* The parameter counts; without one, what the client would rather have. */
static int choose_format(struct exchange *x, const struct format **ret, struct error *e)
{
	const char *given_format = request_query(x->request, "format"),
		   *accept = request_header(x->request, "Accept");

	*ret = accept && text_begins(accept, "text/csv") ? &formats[1] : &formats[0];
	for (size_t i = 0; given_format && i < ARRAY_COUNT(formats); i++)
		if (text_equal(given_format, formats[i].name))
			return *ret = &formats[i], 0;
	if (!given_format)
		return 0;
	return error_set(e, ERROR_INPUT, "request.parameter",
			 "\"format\" is \"%.40s\"; jsonl or csv is expected", given_format);
}

static int open_export(struct exchange *x, struct export *export, const char **ret_anchor, struct error *e)
{
	struct chain_place before, last;
	int64_t since, until;

	if (choose_format(x, &export->format, e) < 0 || exchange_time(x, "since", &since, e) < 0 ||
	    exchange_time(x, "until", &until, e) < 0 ||
	    chain_stretch(x->tx, x->arena, exchange_owner(x), since, until, &before, &last, e) < 0)
		return -1;
	export->store = x->options->store;
	log_subject(&export->log, NULL, "request %s", x->id);
	if (exchange_owner(x))
		export->organisation = arena_copy(x->arena, exchange_owner(x), sizeof(struct id));
	export->first = before.position + 1;
	export->position = before.position;
	export->last = last.position;
	export->head = last.link;
	*ret_anchor = before.link;
	return 0;
}

int audit_export(struct exchange *x, struct error *e)
{
	struct export *export = arena_take(x->arena, sizeof(*export));
	const char *anchor;

	if (open_export(x, export, &anchor, e) < 0)
		return -1;
	put_begin(export, anchor, &x->reply->body);
	x->reply->stream = (struct reply_stream){ export, more };
	reply_header(x->reply, "Content-Type", "%s", export->format->type);
	reply_header(x->reply, "Content-Disposition", "attachment; filename=\"audit-%s.%s\"",
		     export->organisation ? x->organisation.slug : "operator", export->format->name);
	return 0;
}

int audit_head(struct exchange *x, struct error *e)
{
	const struct id *organisation = exchange_owner(x);
	struct chain_place head;
	struct json_writer w;
	char text[ID_TEXT_SIZE];

	if (chain_head(x->tx, x->arena, organisation, &head, e) < 0)
		return -1;
	exchange_reply(x, 200, &w);
	json_begin_object(&w, NULL);
	json_put_text(&w, "organisation", id_text(organisation ? organisation : &audit_operators, text));
	json_put_int(&w, "position", head.position);
	json_put_text(&w, "link", head.link);
	json_end_object(&w);
	return 0;
}
