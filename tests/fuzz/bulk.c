/* Any bytes as a Bulk request. The first line says what becomes of each operation that is tried, a digit each; the rest is the body. What
 * changes something is a list here, which goes back to its mark as the database would. Refused with a reason, or: as many operations are
 * answered as done as are in the list in the end; none is given a reference that nobody resolved; and none refers to what was not made. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "endpoints/exchange.h"
#include "endpoints/scim.h"
#include "endpoints/scim_bulk.h"
#include "roster/scim.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

struct done {
	struct id made; /* nil: it made nothing */
	const struct json *body;
};

static struct done done[SCIM_BULK_OPERATIONS_MOST];
static size_t done_count, done_at_mark, tried;
static const char *fates; /* of each that is tried: '0' to '5', 'x' for nothing left */

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "this does not hold: %s\n", what);
	abort();
}

/* ---- in place of the rooms below; the first two by the linker (--wrap) ---- */

int __wrap_tx_mark(struct tx *tx, struct error *e);
int __wrap_tx_back_to_mark(struct tx *tx, struct error *e);

int __wrap_tx_mark(struct tx *tx, struct error *e)
{
	(void)tx, (void)e;
	done_at_mark = done_count;
	return 0;
}

int __wrap_tx_back_to_mark(struct tx *tx, struct error *e)
{
	(void)tx, (void)e;
	done_count = done_at_mark;
	return 0;
}

int scim_find_deleted(struct tx *tx, const struct scim_source *source, const char *key, const char *external_id, struct id *ret, struct error *e)
{
	(void)tx, (void)source, (void)e;
	if ((strlen(key) + strlen(external_id)) % 4 > 0)
		return 0;
	*ret = id_new();
	return 1;
}

int scim_check_media_type(const struct request *request, struct error *e)
{
	(void)request, (void)e;
	return 0;
}

static bool mentions(const struct json *value)
{
	const struct json *inner;
	const char *name;

	if (json_is_text(value))
		return text_begins(json_text(value), "bulkId:");
	for (size_t i = 0; json_is_array(value) && i < json_count(value); i++)
		if (mentions(json_at(value, i)))
			return true;
	for (size_t at = 0; json_is_object(value) && json_next(value, &at, &name, &inner) == 1;)
		if (mentions(inner))
			return true;
	return false;
}

static int try(struct exchange *x, int status, const struct id *made, struct error *e)
{
	static const enum error_kind kinds[] = { ERROR_INPUT, ERROR_CONFLICT, ERROR_NOT_FOUND, ERROR_PRECONDITION };
	char fate = fates[tried] ? fates[tried++] : '0';
	struct json *body = NULL;

	must(done_count < SCIM_BULK_OPERATIONS_MOST, "operations have a limit");
	must(!text_begins(request_segment(x->request, "resource"), "bulkId:"), "an address is resolved");
	if (x->request->body_size > 0)
		must(json_parse(x->arena, x->request->body, x->request->body_size, &body, e) == 0, "its body is JSON");
	must(!body || !mentions(body), "a reference is resolved");
	if (fate >= '1' && fate <= '4')
		return error_set(e, kinds[fate - '1'], "scim.invalidValue", "it is to be refused");
	if (fate == '5')
		return error_set(e, ERROR_RETRY, "store.locked", "it is to be tried again");
	done[done_count++] = (struct done){ made ? *made : (struct id){ { 0 } }, body };
	x->reply->status = status;
	return 0;
}

int scim_create(struct exchange *x, enum scim_kind kind, const struct id *as, struct error *e)
{
	(void)kind;
	return try(x, 201, as, e);
}

int scim_users_replace(struct exchange *x, struct error *e) { return try(x, 200, NULL, e); }
int scim_users_patch(struct exchange *x, struct error *e) { return try(x, 200, NULL, e); }
int scim_users_delete(struct exchange *x, struct error *e) { return try(x, 204, NULL, e); }
int scim_groups_replace(struct exchange *x, struct error *e) { return try(x, 200, NULL, e); }
int scim_groups_patch(struct exchange *x, struct error *e) { return try(x, 204, NULL, e); }
int scim_groups_delete(struct exchange *x, struct error *e) { return try(x, 204, NULL, e); }

/* ---- what must hold ---- */

static bool was_made(const char *id_text_of)
{
	struct id id;

	if (id_parse(id_text_of, &id) < 0)
		return true; /* no id */
	for (size_t i = 0; i < done_count; i++)
		if (id_equal(&done[i].made, &id))
			return true;
	return false;
}

/* Ids are ours alone here, for the body that came has none: see below. */
static bool holds_together(const struct json *value)
{
	const struct json *inner;
	const char *name;

	if (json_is_text(value))
		return was_made(json_text(value));
	for (size_t i = 0; json_is_array(value) && i < json_count(value); i++)
		if (!holds_together(json_at(value, i)))
			return false;
	for (size_t at = 0; json_is_object(value) && json_next(value, &at, &name, &inner) == 1;)
		if (!holds_together(inner))
			return false;
	return true;
}

/* Whether some text of it is an id already, so that nothing can be told by ids. */
static bool has_ids(const struct json *value)
{
	done_count = 0;
	return !holds_together(value);
}

static void check_answer(struct arena *arena, const struct reply *reply, const struct json *asked)
{
	const struct json *list;
	struct json *answer;
	struct error e;
	size_t good = 0;

	must(reply->status == 200 && !reply->body.full, "it is answered");
	must(json_parse(arena, reply->body.bytes, reply->body.length, &answer, &e) == 0, "the answer is JSON");
	list = json_member(answer, "Operations");
	must(json_is_array(list) && json_count(list) <= SCIM_BULK_OPERATIONS_MOST, "it lists operations");
	must(!json_is_array(json_member(asked, "Operations")) || json_count(list) <= json_count(json_member(asked, "Operations")),
	     "none is answered that was not asked");
	for (size_t i = 0; i < json_count(list); i++) {
		const struct json *one = json_at(list, i);
		const char *status = json_text(json_member(one, "status"));

		must(status && strlen(status) == 3, "each has a status");
		good += status[0] == '2';
		must(status[0] == '2' || json_is_object(json_member(one, "response")), "what is refused has a reason");
		must(status[0] == '2' || status[0] == '4', "what is refused is the sender's to mend");
	}
	must(good == done_count, "what is answered as done was done, and nothing else");
}

static void try_body(struct arena *arena, const char *body, size_t size)
{
	struct endpoints_options options = { .public_url = "https://rosterd.example" };
	struct request request = {
		.arena = arena,
		.method = "POST",
		.path = "/scim/v2/c/Bulk",
		.target = "/scim/v2/c/Bulk",
		.body = body,
		.body_size = size,
		.segment_count = 1,
		.segments = { { "connection", "c" } },
	};
	struct reply reply;
	struct exchange x = { .options = &options, .request = &request, .reply = &reply, .arena = arena };
	struct json *asked = NULL;
	struct error e = { 0 }, ignored;
	bool ids, read = json_parse(arena, body, size, &asked, &ignored) == 0;

	ids = read && has_ids(asked);
	done_count = done_at_mark = tried = 0;
	x.principal.scopes = scopes_read(NULL);
	x.principal.kind = PRINCIPAL_CONNECTION;
	reply_open(&reply);
	if (scim_bulk(&x, &e) < 0) {
		must(e.text[0] != '\0', "what is refused has words");
		must(e.kind == ERROR_INPUT || e.kind == ERROR_LIMIT || (e.kind == ERROR_RETRY && tried > 0),
		     "the whole is refused for the sender's mistake, or to be sent again");
	} else {
		must(read, "what was answered is JSON");
		check_answer(arena, &reply, asked);
		for (size_t i = 0; i < done_count && !ids; i++)
			must(!done[i].body || holds_together(done[i].body), "nothing refers to what was not made");
	}
	reply_close(&reply);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	scoped(arena) *arena = arena_open("fuzz");
	const uint8_t *end = size > 0 ? memchr(bytes, '\n', size) : NULL;
	size_t first = end ? (size_t)(end - bytes) : 0;
	char *body;

	fates = arena_text_n(arena, (const char *)bytes, strnlen((const char *)bytes, first));
	if (!end)
		return 0;
	size -= first + 1;
	body = arena_take(arena, size + 1); /* a NUL may stand in it, and one behind it */
	memcpy(body, end + 1, size);
	try_body(arena, body, size);
	return 0;
}
