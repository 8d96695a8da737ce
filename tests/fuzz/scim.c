/* Any bytes as what a directory pushes: a filter, a document and a PATCH, a line each. Refused with a reason, or:
 * a filter that was read becomes SQL in which every value is bound; a document that was taken is taken again as the very same,
 * before and after it was patched; and a patch that says it changed nothing changed nothing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "endpoints/scim_condition.h"
#include "endpoints/scim_patch.h"
#include "endpoints/scim_resource.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "this does not hold: %s\n", what);
	abort();
}

static void must_explain(const struct error *e)
{
	must(e->text[0] != '\0', "what is refused has words");
	must(e->kind == ERROR_INPUT || e->kind == ERROR_LIMIT, "it is the sender's to mend");
}

/* The next line; the last one has all that is left. */
static const char *next_line(struct arena *arena, const uint8_t **at, const uint8_t *end)
{
	const uint8_t *line = *at, *stop = memchr(line, '\n', (size_t)(end - line));
	size_t length = (size_t)((stop ? stop : end) - line);
	const uint8_t *nul = memchr(line, '\0', length);

	*at = stop ? stop + 1 : end;
	return arena_text_n(arena, (const char *)line, nul ? (size_t)(nul - line) : length);
}

/* Between quotes of SQL nothing stands but names of the schemas and our own words. */
static void check_sql(const char *sql)
{
	for (const char *at = sql; (at = strchr(at, '\'')); at++) {
		size_t length = strcspn(++at, "'");

		must(at[length] == '\'', "quotes come in pairs");
		must(strspn(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:.$[]{}\"") == length,
		     "what stands in quotes is ours");
		at += length;
	}
	must(!strstr(sql, "--") && !strchr(sql, ';') && !strchr(sql, '\\'), "nothing of the filter is in it");
}

static void try_filter(struct arena *arena, enum scim_kind kind, const char *text)
{
	struct scim_condition *condition = arena_take(arena, sizeof(*condition));
	const struct scim_filter *filter;
	struct scim_path path;
	unsigned deviations = 0;
	struct error e = { 0 };

	if (scim_filter_read(arena, kind, text, &filter, &deviations, &e) < 0) {
		must_explain(&e);
	} else if (scim_condition_make(arena, kind, filter, NULL, false, condition, &e) < 0) {
		must_explain(&e);
	} else {
		check_sql(condition->where);
		must(condition->count <= SCIM_PARAMS_MOST, "values have a limit");
	}
	if (scim_path_read(arena, kind, text, &path, &deviations, &e) < 0) {
		must_explain(&e);
	} else if (scim_condition_make(arena, kind, NULL, &path, true, condition, &e) < 0) {
		must_explain(&e);
	} else {
		check_sql(condition->order);
	}
}

static struct json *taken(struct arena *arena, enum scim_kind kind, const struct json *from)
{
	unsigned deviations = 0;
	struct error e = { 0 };
	struct json *document;

	if (scim_document_take(arena, kind, from, &document, &deviations, &e) == 0)
		return document;
	must_explain(&e);
	return NULL;
}

static void must_be_settled(struct arena *arena, enum scim_kind kind, const struct json *document)
{
	unsigned deviations = 0;
	struct error e = { 0 };
	struct json *again;

	must(scim_document_take(arena, kind, document, &again, &deviations, &e) == 0, "what was kept can be taken");
	must(json_same(document, again), "it is taken as the same");
	must(deviations == 0, "there is nothing left to tolerate");
}

static void try_patch(struct arena *arena, enum scim_kind kind, const char *first, const char *second)
{
	struct json *body, *patch, *document, *before;
	struct scim_patch done;
	struct error e = { 0 };

	if (json_parse(arena, first, strlen(first), &body, &e) < 0 || !(document = taken(arena, kind, body)))
		return;
	must_be_settled(arena, kind, document);
	if (json_parse(arena, second, strlen(second), &patch, &e) < 0)
		return;
	before = json_duplicate(arena, document);
	if (scim_patch_apply(arena, kind, patch, document, &done, &e) < 0) {
		must_explain(&e);
		return;
	}
	must(done.changed <= done.operations, "operations are counted");
	must(done.changed > 0 || json_same(before, document), "what says that it changed nothing did not");
	must(done.operations != 1 || done.changed == 0 || !json_same(before, document), "what says that it changed something did");
	must_be_settled(arena, kind, document);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	scoped(arena) *arena = arena_open("fuzz");
	const uint8_t *at = bytes, *end = bytes + size;
	enum scim_kind kind = size > 0 && bytes[0] == 'g' ? SCIM_GROUP : SCIM_USER;
	const char *filter, *document;

	if (size > 0)
		at++;
	filter = next_line(arena, &at, end);
	document = next_line(arena, &at, end);
	try_filter(arena, kind, filter);
	try_patch(arena, kind, document, next_line(arena, &at, end));
	return 0;
}
