/* People are asked for by id, twenty in one request ($batch); each has its own status in the answer, and who
 * has 404 is gone. */
#include "entra/named.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "common/chain.h"
#include "common/limits.h"
#include "entra/api.h"
#include "entra/person.h"

enum {
	TOGETHER_MOST = 20, /* requests of one $batch: Graph's own limit */
	TURNS_MOST = 6,	    /* that a batch is asked for, where parts of it are told to wait */
	BATCH_MOST = 64 << 10,
};

struct batch {
	struct directory *directory;
	const char *const *ids;
	size_t count;
	bool done[TOGETHER_MOST];
	bool busy;		     /* parts were told to wait */
	struct limit_headers limits; /* and how long */
};

/* Ids come from us, but what is not of Graph's letters would end the address that it stands in. */
static bool is_plain(const char *id)
{
	return id[0] &&
	       id[strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")] == '\0';
}

static bool is_passing(int64_t status)
{
	return status == 408 || status == 429 || status == 500 || status == 502 || status == 503 ||
	       status == 504;
}

static void take_limits(struct batch *batch, const struct json_node *headers)
{
	batch->busy = true;
	for (const struct json_node *header = json_node_first(headers); header;
	     header = json_node_next(headers, header))
		if (value_scalar(header))
			limit_take(&batch->limits, header->name, value_scalar(header));
}

static int take_body(struct batch *batch, size_t at, int64_t status, const struct json_node *body)
{
	struct directory *d = batch->directory;
	const char *id = batch->ids[at];

	/* An id is what was asked for: Graph also takes names of people, and somebody else's may look like
	 * one. */
	if (status == 404 || (status == 200 && !text_equal(value_id(body), id)))
		return vendor_emit_gone(&d->vendor, id);
	if (status != 200)
		return api_fail(d, &api_people, (int)status, body);
	return person_emit(d, body, false) < 0 ? -1 : 0;
}

static int take_response(void *context, const struct json_node *response, struct error *e)
{
	struct batch *batch = context;
	const char *id = json_node_member_text(response, "id");
	int64_t number, status;

	if (!id || text_to_int64(id, &number) < 0 || number < 0 || number >= (int64_t)batch->count ||
	    batch->done[number] || json_node_int(json_node_member(response, "status"), &status) < 0)
		return 0; /* nobody's answer: whoever lacks one is asked for again */
	if (is_passing(status)) {
		take_limits(batch, json_node_member(response, "headers"));
		return 0;
	}
	if (take_body(batch, (size_t)number, status, json_node_member(response, "body")) < 0)
		return error_set(e, ERROR_INPUT, "entra.refused", "the record was not taken");
	batch->done[number] = true;
	return 0;
}

static size_t write_batch(const struct batch *batch, struct buffer *body)
{
	const struct directory *d = batch->directory;
	struct json_writer w;
	size_t count = 0;

	json_writer_open(&w, body);
	json_begin_object(&w, NULL);
	json_begin_array(&w, "requests");
	for (size_t i = 0; i < batch->count; i++) {
		char id[24];

		if (batch->done[i])
			continue;
		snprintf(id, sizeof(id), "%zu", i);
		json_begin_object(&w, NULL);
		json_put_text(&w, "id", id);
		json_put_text(&w, "method", "GET");
		json_put_text(&w, "url",
			      arena_format(d->vendor.page, "/users/%s?$select=%s", batch->ids[i], d->select));
		json_end_object(&w);
		count++;
	}
	json_end_array(&w);
	json_end_object(&w);
	return count;
}

static int read_turn(struct batch *batch)
{
	struct directory *d = batch->directory;
	__attribute__((cleanup(buffer_close))) struct buffer body;
	struct api_question question = {
		.url = api_url(d, "/$batch"),
		.array = "responses",
		.take = take_response,
		.context = batch,
	};

	buffer_open(&body, BATCH_MOST);
	if (write_batch(batch, &body) == 0)
		return 0;
	if (body.full)
		return d->vendor.caller.host->fail(d->vendor.caller.call, ROSTER_MISCONFIGURED, 0,
						   "reading people: too many properties are asked for");
	batch->busy = false;
	limit_clear(&batch->limits);
	question.body = body.bytes;
	return api_ask(d, &api_people, &question) < 0 ? -1 : 1;
}

static int read_together(struct batch *batch)
{
	struct directory *d = batch->directory;

	for (int turn = 0; turn < TURNS_MOST; turn++) {
		int asked = read_turn(batch);

		if (asked <= 0)
			return asked;
		if (batch->busy &&
		    fetch_wait(d->vendor.fetch, &d->vendor.caller, limit_wait_ms(&batch->limits, turn),
			       "too many requests (429)") < 0)
			return -1;
	}
	return d->vendor.caller.host->fail(
		d->vendor.caller.call, ROSTER_TRY_LATER, 0,
		"reading people: Graph does not answer for some of those who were named");
}

int named_people(struct directory *d, const char *const *ids)
{
	while (*ids) {
		struct batch batch = { .directory = d, .ids = ids };

		for (; batch.count < TOGETHER_MOST && ids[batch.count]; batch.count++) {
			batch.done[batch.count] = !is_plain(ids[batch.count]);
			if (batch.done[batch.count] && vendor_emit_gone(&d->vendor, ids[batch.count]) < 0)
				return -1;
		}
		if (read_together(&batch) < 0)
			return -1;
		ids += batch.count;
	}
	return 0;
}

/* ---- groups ---- */

struct members {
	struct directory *directory;
	const char *group;
	unsigned long long given;
	char first[CHAIN_MARK_SIZE];
};

static int take_member(void *context, const struct json_node *member, struct error *e)
{
	struct members *members = context;
	struct directory *d = members->directory;
	const char *id = value_id(member);

	if (id && !members->first[0])
		snprintf(members->first, sizeof(members->first), "%s", id);
	if (!id || !group_member_counts(member))
		return 0;
	if (d->vendor.caller.host->emit_member(d->vendor.caller.call, members->group, id) < 0)
		return error_set(e, ERROR_INPUT, "entra.refused", "the record was not taken");
	members->given++;
	return 0;
}

static void begin_members(void *context)
{
	struct members *members = context;

	members->given = 0;
	members->first[0] = '\0';
}

static int read_members(struct directory *d, const char *group)
{
	struct members members = { .directory = d, .group = group };
	struct api_question question = {
		.url = api_url(d, "/groups/%s/members?$select=id&$top=999", group),
		.array = "value",
		.take = take_member,
		.begin = begin_members,
		.context = &members,
	};
	char *next = arena_take(d->vendor.page, LINK_URL_MOST);
	struct chain chain = { 0 };
	const char *why = NULL;
	int more;

	do {
		if (api_ask(d, &api_members, &question) < 0)
			return -1;
		d->place.pages++;
		d->place.members += members.given;
		more = api_link(d, &api_members, "@odata.nextLink", next);
		question.url = next;
		if (more > 0)
			why = chain_page(&chain, members.first[0] ? members.first : NULL);
	} while (more > 0 && !why);
	if (why)
		return d->vendor.caller.host->fail(d->vendor.caller.call, ROSTER_NONSENSE, 0, "%s: %s",
						   api_members.doing, why);
	return more;
}

int named_group(struct directory *d, const char *id)
{
	static const int missing[] = { 404, 0 };
	const struct api_question question = { .url = api_url(d, "/groups/%s?$select=%s", id, group_select),
					       .allowed = missing };
	int given;

	if (!is_plain(id))
		return vendor_emit_group_gone(&d->vendor, id);
	d->vendor.caller.host->step(d->vendor.caller.call, "reading a group and its members");
	if (api_ask(d, &api_groups, &question) < 0)
		return -1;
	/* What is not read by a listing of all is not read here either. */
	if (d->vendor.answer.status == 404 || !text_equal(value_id(d->vendor.answer.rest), id) ||
	    !group_is_wanted(d, d->vendor.answer.rest))
		return vendor_emit_group_gone(&d->vendor, id);
	given = group_emit(d, d->vendor.answer.rest, false);
	return given <= 0 ? given : read_members(d, id);
}

int named_page(struct directory *d, const struct roster_ask *ask)
{
	static const char *const nobody[] = { NULL };

	if (named_people(d, ask->named ? ask->named : nobody) < 0)
		return -1;
	for (const char *const *id = ask->named_groups; id && *id; id++)
		if ((d->settings.groups ? named_group(d, *id) : vendor_emit_group_gone(&d->vendor, *id)) < 0)
			return -1;
	return 0;
}
