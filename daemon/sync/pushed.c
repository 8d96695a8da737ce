#include "sync/pushed.h"

#include "base/arena.h"
#include "provision/mapping.h"
#include "provision/pushed.h"
#include "provision/stage.h"
#include "roster/scim_reading.h"

enum { PAGE_MOST = 1000, MEMBERS_MOST = 10000 };

struct reading {
	const struct stream *stream;
	struct stage *stage;
	struct scim_source source;
	const char *const *attributes;
};

static int open_tx(const struct reading *r, struct tx **ret, struct error *e)
{
	return tx_begin(r->stream->store, STORE_WORKER, ret, e) < 0 || tx_for(*ret, &r->source.organisation, e) < 0 ? -1 : 0;
}

/* ---- into staging ---- */

static int stage_user(const struct reading *r, struct arena *arena, const struct scim_seen *seen, struct error *e)
{
	struct identity identity = { .standing = STANDING_GONE };
	char id[ID_TEXT_SIZE];

	id_text(&seen->id, id);
	identity.remote_id = id;
	if (seen->document && pushed_identity(arena, id, seen->document, seen->active, r->attributes, &identity, e) < 0)
		return -1;
	stage_person(r->stage, &identity);
	return 0;
}

static void stage_seen_group(const struct reading *r, const struct scim_seen *seen, bool partial)
{
	char id[ID_TEXT_SIZE];
	const struct identity_group group = {
		.remote_id = id_text(&seen->id, id), .name = seen->name, .gone = !seen->name, .partial = partial
	};

	stage_group(r->stage, &group);
}

static void stage_member(const struct reading *r, const struct scim_seen_member *seen)
{
	char group[ID_TEXT_SIZE], member[ID_TEXT_SIZE];
	const struct identity_membership membership = { id_text(&seen->group, group), id_text(&seen->member, member) };

	if (seen->gone)
		stage_membership_gone(r->stage, &membership);
	else
		stage_membership(r->stage, &membership);
}

/* What waits goes out when the buffers are full; a page that is no page of a plug-in's moves no cursor. */
static int make_room(const struct reading *r, struct error *e)
{
	static const struct page_end not_yet = { .whole_page = false };

	return stage_full(r->stage) ? stream_keep(r->stream, r->stage, &not_yet, e) : 0;
}

static int stage_seen(const struct reading *r, struct arena *arena, enum scim_table table, const struct scim_seen *seen,
		      bool partial, struct error *e)
{
	if (table == SCIM_TABLE_GROUPS)
		stage_seen_group(r, seen, partial);
	else if (stage_user(r, arena, seen, e) < 0)
		return -1;
	return make_room(r, e);
}

/* ---- all ---- */

/* Users or groups, a page at a time. */
static int read_table(const struct reading *r, enum scim_table table, int64_t *ret_count, struct error *e)
{
	scoped(arena) *arena = arena_open("pushed");
	struct id after = { 0 };
	struct scim_seen *seen;
	size_t count;

	do {
		scoped(tx) *tx = NULL;
		arena_reset(arena);
		if (open_tx(r, &tx, e) < 0 || scim_all_read(tx, arena, &r->source, table, &after, PAGE_MOST, &seen, &count, e) < 0)
			return -1;
		tx_close(&tx);
		for (size_t i = 0; i < count; i++)
			if (stage_seen(r, arena, table, &seen[i], false, e) < 0)
				return -1;
		*ret_count += (int64_t)count;
		if (count > 0)
			after = seen[count - 1].id;
	} while (count == PAGE_MOST);
	return 0;
}

static int read_members(const struct reading *r, struct error *e)
{
	scoped(arena) *arena = arena_open("pushed members");
	struct scim_seen_member after = { 0 }, *seen;
	size_t count;

	do {
		scoped(tx) *tx = NULL;
		arena_reset(arena);
		if (open_tx(r, &tx, e) < 0 ||
		    scim_all_members(tx, arena, &r->source, &after, MEMBERS_MOST, &seen, &count, e) < 0)
			return -1;
		tx_close(&tx);
		for (size_t i = 0; i < count; i++) {
			stage_member(r, &seen[i]);
			if (make_room(r, e) < 0)
				return -1;
		}
		if (count > 0)
			after = seen[count - 1];
	} while (count == MEMBERS_MOST);
	return 0;
}

static int read_all(const struct reading *r, struct error *e)
{
	scoped(arena) *arena = arena_open("pushed");
	struct page_end end = { .whole_page = true, .last = true, .whole = true, .said = true };
	int64_t users = 0, groups = 0;

	if (read_table(r, SCIM_TABLE_USERS, &users, e) < 0 || read_table(r, SCIM_TABLE_GROUPS, &groups, e) < 0 ||
	    read_members(r, e) < 0)
		return -1;
	end.proof = arena_format(arena, "all that the directory has pushed: %lld users, %lld groups", (long long)users,
				 (long long)groups);
	return stream_keep(r->stream, r->stage, &end, e);
}

/* ---- what is due ---- */

static int take_due(const struct reading *r, struct error *e)
{
	scoped(tx) *tx = NULL;

	return open_tx(r, &tx, e) < 0 || scim_due_take(tx, &r->source, &r->stream->run->id, e) < 0 ? -1 : tx_commit(&tx, e);
}

static int stage_due(const struct reading *r, struct error *e)
{
	scoped(arena) *arena = arena_open("pushed");
	scoped(tx) *tx = NULL;
	struct scim_seen *seen[2];
	struct scim_seen_member *members;
	size_t counts[2], member_count;
	const struct id *run = &r->stream->run->id;

	if (open_tx(r, &tx, e) < 0)
		return -1;
	for (enum scim_table table = SCIM_TABLE_USERS; table <= SCIM_TABLE_GROUPS; table++)
		if (scim_due_read(tx, arena, &r->source, table, run, &seen[table], &counts[table], e) < 0)
			return -1;
	if (scim_due_members(tx, arena, &r->source, run, &members, &member_count, e) < 0)
		return -1;
	tx_close(&tx);
	for (enum scim_table table = SCIM_TABLE_USERS; table <= SCIM_TABLE_GROUPS; table++)
		for (size_t i = 0; i < counts[table]; i++)
			if (stage_seen(r, arena, table, &seen[table][i], true, e) < 0)
				return -1;
	for (size_t i = 0; i < member_count; i++) {
		stage_member(r, &members[i]);
		if (make_room(r, e) < 0)
			return -1;
	}
	return 0;
}

static int read_due(const struct reading *r, struct error *e)
{
	static const struct page_end end = { .whole_page = true, .last = true };

	if (take_due(r, e) < 0 || stage_due(r, e) < 0)
		return -1;
	return stream_keep(r->stream, r->stage, &end, e);
}

int pushed_read(const struct stream *stream, struct error *e)
{
	scoped(arena) *arena = arena_open("stream");
	scoped(stage) *stage = stage_open(stream->source, &stream->run->id);
	struct reading r = {
		.stream = stream,
		.stage = stage,
		.source = { stream->run->organisation, stream->run->connection },
		.attributes = mapping_attributes(stream->source, arena),
	};

	return run_reads_all(stream->run) ? read_all(&r, e) : read_due(&r, e);
}
