#include "sync/stream.h"

#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/lease.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/text.h"
#include "provision/mapping.h"
#include "provision/stage.h"
#include "roster/proof.h"
#include "store/query.h"
#include "store/transaction.h"
#include "sync/turn.h"
#include "sync/witness.h"

/* The words of runs.scope. */
static const struct {
	const char *word;
	enum link_scope scope;
} scopes[] = { { "all", LINK_ALL }, { "changed", LINK_CHANGED }, { "named", LINK_NAMED } };

static enum link_scope scope_of(const char *word)
{
	for (size_t i = 0; i < ARRAY_COUNT(scopes); i++)
		if (text_equal(scopes[i].word, word))
			return scopes[i].scope;
	return LINK_ALL;
}

static const struct query keep_progress = {
	"stream.progress",
	"UPDATE runs SET people = people + $4, groups = groups + $5, memberships = memberships + $6, refused = refused + $7, "
	"marks = marks + $14, pages = pages + CASE WHEN $8 THEN 1 ELSE 0 END, cursor = CASE WHEN $8 AND NOT $10 THEN $9 ELSE cursor END, "
	"next_cursor = CASE WHEN $10 THEN $9 END, beat_at = now(), "
	"state = CASE WHEN $10 THEN 'reconciling' ELSE state END, whole = CASE WHEN $13 THEN $11 END, "
	"proof = CASE WHEN $13 THEN $12 END "
	"WHERE organisation = $1 AND id = $2 AND claimed_by = $3 AND state = 'reading'",
	QUERY_KEEPS, 0,
};

/* A page need not reach the disk before the next one is read: staging is not logged, so a crash of the server empties it, and
 * a run whose rows are not those that it counted begins again. */
static const struct query need_not_wait = {
	"stream.need_not_wait", "SELECT set_config('synchronous_commit', 'off', true)", QUERY_KEEPS, 0,
};

/* A directory that answers in time, page after page, could have its worker for as long as it likes. */
static int check_time(const struct stream *s, struct error *e)
{
	if (clock_monotonic_ms() < s->until_ms)
		return 0;
	return error_set(e, ERROR_LIMIT, "run.too_long",
	                 "the directory was not at its end after all the time that one reading may take (sync.read_timeout)");
}

int stream_keep(const struct stream *s, struct stage *stage, const struct page_end *end, struct error *e)
{
	scoped(tx) *tx = NULL;
	struct stage_counts sent;
	int64_t moved;
	if (!end->last && check_time(s, e) < 0)
		return -1;
	lease_take(s->lease, s->lease_ms);
	if (tx_begin(s->store, STORE_WORKER, &tx, e) < 0 || tx_for(tx, &s->run->organisation, e) < 0 ||
	    query_write(tx, &need_not_wait, NO_PARAMS, NULL, e) < 0 || stage_flush(stage, tx, &sent, e) < 0 ||
	    query_write(tx, &keep_progress,
	                PARAMS(P_ID(&s->run->organisation), P_ID(&s->run->id), P_ID(s->daemon), P_INT(sent.people),
	                       P_INT(sent.groups), P_INT(sent.memberships), P_INT(sent.refused), P_BOOL(end->whole_page),
	                       P_BYTES(end->cursor, end->cursor_size), P_BOOL(end->last), P_BOOL(end->whole),
	                       P_TEXT(end->proof), P_BOOL(end->said), P_INT(sent.marks)),
	                &moved, e) < 0)
		return -1;
	if (moved == 0)
		return error_set(e, ERROR_CONFLICT, "run.taken", "another daemon has taken this run over");
	if (end->last && proof_write(tx, &s->run->organisation, &s->run->id, end->parts, end->part_count, e) < 0)
		return -1;
	if (tx_commit(&tx, e) < 0)
		return -1;
	metric_add(METRIC_PEOPLE_READ, LABELS(s->source->connection.plugin), sent.people);
	metric_add(METRIC_PAGES_READ, LABELS(s->source->connection.plugin), end->whole_page);
	return 0;
}

static void take(const struct stream *s, struct stage *stage, const struct link_item *item)
{
	switch (item->kind) {
	case LINK_PERSON:
		stage_person(stage, &item->person);
		break;
	case LINK_GROUP:
		stage_group(stage, &item->group);
		break;
	case LINK_MEMBERSHIP:
		stage_membership(stage, &item->membership);
		break;
	case LINK_REFUSED:
		stage_refused(stage, item->refused_id, item->text);
		break;
	case LINK_NOTE:
		log_note(s->log, "%s", item->text);
		break;
	case LINK_MEMBERSHIP_GONE:
		stage_membership_gone(stage, &item->membership);
		break;
	case LINK_PRESENT:
		stage_present(stage, item->present.subject == LINK_SUBJECT_GROUP, item->present.remote_id);
		break;
	}
}

/* Takes in one page; what does not fit into the buffers goes out before the page is whole, without moving the cursor. */
static int read_page(const struct stream *s, struct stage *stage, struct error *e)
{
	static const struct page_end not_yet = { .whole_page = false };
	struct link_item item;
	int more;
	while ((more = link_next(s->link, &item, e)) == 1) {
		take(s, stage, &item);
		if (stage_full(stage) && stream_keep(s, stage, &not_yet, e) < 0)
			return -1;
	}
	return more;
}

/* In the words of the table; the texts are copied, because the link is asked again. */
static void remember_parts(struct arena *arena, const struct link_end *end, struct page_end *ret)
{
	static const char *const evidences[] = {
		[LINK_HELD] = "held", [LINK_MISSING] = "missing", [LINK_UNTOLD] = "untold",
		[LINK_SAME] = "same", [LINK_LATER] = "later",	  [LINK_NO_MORE] = "no_more",
	};
	struct proof_part *parts = arena_array(arena, end->part_count + 1, sizeof(*parts)); /* one is ours to add */
	for (size_t i = 0; i < end->part_count; i++)
		parts[i] = (struct proof_part){
			.name = arena_text(arena, end->parts[i].name),
			.evidence = evidences[end->parts[i].evidence],
			.value = end->parts[i].evidence >= LINK_SAME ? arena_text(arena, end->parts[i].value) : NULL,
			.words = arena_text(arena, end->parts[i].words),
		};
	ret->parts = parts;
	ret->part_count = end->part_count;
}

static void remember(struct arena *arena, const struct link_end *end, struct page_end *ret)
{
	*ret = (struct page_end){
		.whole_page = true,
		.last = !end->more,
		.whole = end->whole,
		.said = !end->more && end->proof[0] != '\0',
		.proof = arena_text(arena, end->proof),
		.cursor = end->cursor ? arena_copy(arena, end->cursor, end->cursor_size) : NULL,
		.cursor_size = end->cursor_size,
	};
	if (ret->last)
		remember_parts(arena, end, ret);
}

/* The last page is in, and calls itself the end of a whole listing: whoever it no longer shows is asked for once more. */
static int call_witness(const struct stream *s, struct stage *stage, struct arena *arena, struct page_end *end, struct error *e)
{
	static const struct page_end not_yet = { .whole_page = false };
	const struct witness witness = { s->store, s->link, s->source, s->run, s->page_most, s->stop, s->lease, s->lease_ms,
					 s->until_ms };
	struct proof_part *added = (struct proof_part *)&end->parts[end->part_count];
	if (stream_keep(s, stage, &not_yet, e) < 0 || witness_hear(&witness, arena, added, e) < 0)
		return -1;
	end->part_count++;
	if (text_equal(added->evidence, "missing")) {
		end->whole = false;
		end->proof = added->words;
		end->cursor = NULL; /* readings of what changed would never bring those who are missing */
		end->cursor_size = 0;
	}
	return 0;
}

static int read_pages(const struct stream *s, struct stage *stage, struct arena *arena, struct error *e)
{
	scoped(arena) *page = arena_open("page");
	struct link_ask ask = {
		.scope = scope_of(s->run->scope),
		.named = s->run->named,
		.named_groups = s->run->named_groups,
		.cursor = s->run->cursor,
		.cursor_size = s->run->cursor_size,
		.page_most = s->page_most,
		.attributes = mapping_attributes(s->source, arena),
	};
	struct page_end end;
	*s->times = (struct stream_times){ .asked_us = clock_monotonic_us() };
	if (link_ask(s->link, &ask, e) < 0)
		return -1;
	do {
		if (read_page(s, stage, e) < 0)
			return -1;
		if (!s->times->answered_us)
			s->times->answered_us = clock_monotonic_us();
		arena_reset(page);
		remember(page, link_end(s->link), &end);
		ask.cursor = end.cursor;
		ask.cursor_size = end.cursor_size;
		if (!end.last && link_ask(s->link, &ask, e) < 0)
			return -1;
		if (end.last && end.whole && ask.scope != LINK_NAMED && call_witness(s, stage, page, &end, e) < 0)
			return -1;
		if (stream_keep(s, stage, &end, e) < 0)
			return -1;
		if (!end.last && turn_is_over(s->turn))
			return error_set(e, ERROR_RETRY, "run.slow", "others are to be read; this goes on after this page");
		if (!end.last && atomic_load(s->stop))
			return error_set(e, ERROR_RETRY, "run.stopped", "the daemon ends; the next one goes on after this page");
	} while (!end.last);
	return 0;
}

int stream_read(const struct stream *stream, struct error *e)
{
	scoped(arena) *arena = arena_open("stream");
	scoped(stage) *stage = stage_open(stream->source, &stream->run->id);
	return read_pages(stream, stage, arena, e);
}
