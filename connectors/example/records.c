/* The example's directory: lines of text, cut in place. */
#include "example/records.h"

#include <stdlib.h>
#include <string.h>

static const struct {
	const char *word;
	enum record_kind kind;
} kinds[] = {
	{ "person", RECORD_PERSON },    { "group", RECORD_GROUP },         { "member", RECORD_MEMBER },
	{ "proof", RECORD_PROOF },      { "gone", RECORD_PERSON_GONE }, { "forgotten", RECORD_FORGOTTEN }, { "end", RECORD_END },
};

static const struct {
	const char *word;
	size_t offset;
} fields[] = {
	{ "id", offsetof(struct record, id) },
	{ "reference", offsetof(struct record, reference) },
	{ "name", offsetof(struct record, name) },
	{ "user", offsetof(struct record, user) },
	{ "email", offsetof(struct record, email) },
	{ "given", offsetof(struct record, given) },
	{ "family", offsetof(struct record, family) },
	{ "title", offsetof(struct record, title) },
	{ "department", offsetof(struct record, department) },
	{ "manager", offsetof(struct record, manager) },
	{ "locale", offsetof(struct record, locale) },
	{ "suspended", offsetof(struct record, suspended) },
	{ "hidden", offsetof(struct record, hidden) },
	{ "broken", offsetof(struct record, broken) },
	{ "evidence", offsetof(struct record, evidence) },
	{ "value", offsetof(struct record, value) },
	{ "group", offsetof(struct record, group) },
	{ "member", offsetof(struct record, member) },
	{ "at", offsetof(struct record, at) },
};

/* Cuts blanks off both ends. */
static char *trim(char *text)
{
	char *end;

	text += strspn(text, " \t\r");
	for (end = text + strlen(text); end > text && strchr(" \t\r", end[-1]); end--)
		;
	*end = '\0';
	return text;
}

/* "key=value" */
static const char *take_field(struct record *record, char *field)
{
	char *value = strchr(field, '=');

	if (!value)
		return "a field has no '='";
	*value++ = '\0';
	field = trim(field);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (strcmp(fields[i].word, field) != 0)
			continue;
		*(const char **)((char *)record + fields[i].offset) = trim(value);
		return NULL;
	}
	return "a field has a name that is not known";
}

/* A line that says what is gone is about a person, a group or a membership. */
static void tell_gone_apart(struct record *record)
{
	if (record->kind != RECORD_PERSON_GONE || !record->group)
		return;
	record->kind = record->member ? RECORD_MEMBER_GONE : RECORD_GROUP_GONE;
	if (record->kind == RECORD_GROUP_GONE)
		record->id = record->group;
}

static const char *take_change(struct record *record)
{
	char *end;

	if (!record->at)
		return NULL;
	record->change = strtol(record->at, &end, 10);
	return end != record->at && *end == '\0' && record->change > 0 ? NULL : "at= is a number, 1 or more";
}

static const char *missing(const struct record *record)
{
	if (record->kind == RECORD_END || (record->kind == RECORD_FORGOTTEN && record->at))
		return NULL;
	if (record->kind == RECORD_FORGOTTEN || (record->kind >= RECORD_PERSON_GONE && !record->at))
		return "at= is missing";
	if (record->kind == RECORD_MEMBER || record->kind == RECORD_MEMBER_GONE)
		return record->group && record->member ? NULL : "a member needs group= and member=";
	if (record->kind == RECORD_PROOF)
		return record->name && record->evidence ? NULL : "a proof needs name= and evidence=";
	if (!record->id)
		return "id= is missing";
	if (record->kind == RECORD_GROUP && !record->name)
		return "a group needs name=";
	return NULL;
}

/* "person: id=7; user=ada; email=ada@acme.example". What is wrong with it, or NULL. */
static const char *take_line(struct record *record, char *line)
{
	char *rest = strchr(line, ':'), *next;
	const char *why;

	if (!rest)
		return "a line begins with \"person:\", \"group:\", \"member:\", \"gone:\", \"forgotten:\" or \"end:\"";
	*rest++ = '\0';
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].word, trim(line)) == 0)
			record->kind = kinds[i].kind;
	if (!record->kind)
		return "a line begins with \"person:\", \"group:\", \"member:\", \"gone:\", \"forgotten:\" or \"end:\"";
	for (; rest; rest = next) {
		next = strchr(rest, ';');
		if (next)
			*next++ = '\0';
		if (*trim(rest) && (why = take_field(record, rest)))
			return why;
	}
	tell_gone_apart(record);
	why = take_change(record);
	return why ? why : missing(record);
}

static size_t count_lines(const char *text)
{
	size_t count = 1;

	while ((text = strchr(text, '\n'))) {
		text++;
		count++;
	}
	return count;
}

static void note_change(struct records *records, const struct record *record)
{
	if (record->change > records->last)
		records->last = record->change;
	if (record->kind == RECORD_FORGOTTEN)
		records->forgotten = record->change;
	records->ended |= record->kind == RECORD_END;
}

int records_open(struct records *records, const char *text, int *ret_line, const char **ret_why)
{
	int number = 0;

	*records = (struct records){ .text = strdup(text), .list = calloc(count_lines(text), sizeof(*records->list)) };
	if (!records->text || !records->list) {
		*ret_line = 0;
		*ret_why = "out of memory";
		return -1;
	}
	for (char *line = records->text, *next; line; line = next) {
		struct record *record = &records->list[records->count];

		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		number++;
		line = trim(line);
		if (*line == '\0' || *line == '#')
			continue;
		record->line = number;
		*ret_line = number;
		*ret_why = take_line(record, line);
		if (*ret_why)
			return -1;
		note_change(records, record);
		records->count++;
	}
	return 0;
}

void records_close(struct records *records)
{
	free(records->text);
	free(records->list);
	*records = (struct records){ 0 };
}

const struct record *records_find(const struct records *records, enum record_kind kind, const char *id)
{
	for (size_t i = 0; i < records->count; i++)
		if (records->list[i].kind == kind && strcmp(records->list[i].id, id) == 0)
			return &records->list[i];
	return NULL;
}

const char *record_reference(const struct record *record)
{
	return record->reference ? record->reference : record->id;
}
