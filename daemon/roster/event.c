#include "roster/event.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "roster/chain.h"

const char *event_id(const struct event *event, char ret[EVENT_ID_SIZE])
{
	char organisation[ID_TEXT_SIZE];

	snprintf(ret, EVENT_ID_SIZE, "evt_%s_%" PRId64, id_text(&event->organisation, organisation), event->position);
	return ret;
}

bool event_is_of(const struct event *event, const char *const *types)
{
	const char *action = event->entry.action;

	if (!types || !*types)
		return true;
	for (; *types; types++)
		if (text_equal(action, *types) ||
		    (text_ends(*types, ".*") && strncmp(action, *types, strlen(*types) - 1) == 0))
			return true;
	return false;
}

static void write_data(struct json_writer *w, const struct event *event)
{
	const struct audit_entry *entry = &event->entry;
	char run[ID_TEXT_SIZE];

	json_begin_object(w, "data");
	json_put_text(w, "target_kind", entry->target_kind);
	json_put_text(w, "target", entry->target);
	json_put_text(w, "target_name", entry->target_name);
	json_put_raw(w, "before", entry->before);
	json_put_raw(w, "after", entry->after);
	json_put_text(w, "actor_kind", entry->actor_kind);
	json_put_text(w, "actor", entry->actor);
	json_put_text(w, "actor_name", entry->actor_name);
	json_put_text(w, "on_behalf_of", entry->on_behalf_of);
	json_put_text(w, "source", entry->source);
	json_put_text(w, "run", id_is_nil(&entry->run) ? NULL : id_text(&entry->run, run));
	json_put_text(w, "request", entry->request);
	json_put_text(w, "ip", entry->address);
	json_put_int(w, "audit_id", entry->id);
	json_put_int(w, "position", event->position);
	if (event->cut)
		json_put_bool(w, "cut", true);
	json_end_object(w);
}

void event_write(struct json_writer *w, const struct event *event)
{
	char id[EVENT_ID_SIZE], organisation[ID_TEXT_SIZE];

	json_put_text(w, "id", event_id(event, id));
	json_put_text(w, "type", event->entry.action);
	json_put_time(w, "timestamp", event->entry.at);
	json_put_text(w, "organisation",
		      id_is_nil(&event->organisation) ? NULL : id_text(&event->organisation, organisation));
	write_data(w, event);
}

/* One organisation's, as many as EVENT_BYTES_MOST allows. */
#define EVENTS(which)                                                                                                   \
	"SELECT position, id, at, actor_kind, actor, on_behalf_of, action, target_kind, target, source, run, request, " \
	"p->>'actor_name', p->>'target_name', p->>'address', p->>'before', p->>'after', there "                         \
	"FROM (SELECT s.position, a.*, count(*) OVER () AS there, sum(octet_length(a.personal)) OVER (ORDER BY s.position "                        \
	"ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS bytes FROM (" which ") s "                                \
	"JOIN audit a ON a.organisation = $1 AND a.id = s.entry) f, "                                                   \
	"LATERAL (SELECT personal::json AS p OFFSET 0) AS parsed WHERE coalesce(bytes, 0) < $4 ORDER BY position"

/* The column that says how many there are with those that EVENT_BYTES_MOST leaves out. */
enum { THERE = 17 };

static struct event read_event(const struct rows *rows, size_t row, const struct id *organisation)
{
	return (struct event){
		.organisation = *organisation,
		.position = rows_int(rows, row, 0),
		.entry = {
			.id = rows_int(rows, row, 1),
			.at = rows_time(rows, row, 2),
			.actor_kind = rows_text(rows, row, 3),
			.actor = rows_text(rows, row, 4),
			.on_behalf_of = rows_text(rows, row, 5),
			.action = rows_text(rows, row, 6),
			.target_kind = rows_text(rows, row, 7),
			.target = rows_text(rows, row, 8),
			.source = rows_text(rows, row, 9),
			.run = rows_id(rows, row, 10),
			.request = rows_text(rows, row, 11),
			.actor_name = rows_text(rows, row, 12),
			.target_name = rows_text(rows, row, 13),
			.address = rows_text(rows, row, 14),
			.before = rows_text(rows, row, 15),
			.after = rows_text(rows, row, 16),
		},
	};
}

int event_list(struct tx *tx, struct arena *arena, const struct id *organisation, int64_t after, int most,
	       struct event_page *ret, struct error *e)
{
	static const struct query query = {
		"event.list",
		EVENTS("SELECT position, entry FROM audit_seals WHERE organisation = $1 AND position > $2 ORDER BY position LIMIT $3"),
		QUERY_READS,
		0,
	};
	const struct id *chain = organisation ? organisation : &audit_operators;
	const struct rows *rows;

	if (audit_choose(tx, organisation, e) < 0 ||
	    query_run(tx, &query, PARAMS(P_ID(chain), P_INT(after), P_INT(most + 1), P_INT(EVENT_BYTES_MOST)), arena, &rows, e) < 0)
		return -1;
	ret->count = rows_count(rows) > (size_t)most ? (size_t)most : rows_count(rows);
	ret->more = rows_count(rows) > 0 && (size_t)rows_int(rows, 0, THERE) > ret->count;
	ret->events = arena_array(arena, ret->count, sizeof(*ret->events));
	for (size_t i = 0; i < ret->count; i++)
		ret->events[i] = read_event(rows, i, chain);
	return 0;
}

int event_end(struct tx *tx, struct arena *arena, const struct id *organisation, int64_t *ret, struct error *e)
{
	struct chain_place head;

	if (chain_head(tx, arena, organisation, &head, e) < 0)
		return -1;
	*ret = head.position;
	return 0;
}

/* ---- of all organisations ---- */

int event_end_all(struct tx *tx, struct arena *arena, int64_t *ret, struct error *e)
{
	static const struct query query = { "event.end", "SELECT event_end()", QUERY_READS, 0 };
	const struct rows *rows;

	if (query_run(tx, &query, NO_PARAMS, arena, &rows, e) < 0)
		return -1;
	*ret = rows_int(rows, 0, 0);
	return 0;
}

/* Where the next events stand, and nothing of what they say. */
static int list_places(struct tx *tx, struct arena *arena, int64_t after, int most, struct event **ret, size_t *ret_count,
		       struct error *e)
{
	static const struct query query = {
		"event.places",
		"SELECT number, organisation, \"position\" FROM event_places($1, $2::int)",
		QUERY_READS,
		0,
	};
	const struct rows *rows;

	if (query_run(tx, &query, PARAMS(P_INT(after), P_INT(most)), arena, &rows, e) < 0)
		return -1;
	*ret_count = rows_count(rows);
	*ret = arena_array(arena, *ret_count, sizeof(**ret));
	for (size_t i = 0; i < *ret_count; i++)
		(*ret)[i] = (struct event){ rows_int(rows, i, 0), rows_id(rows, i, 1), rows_int(rows, i, 2), { 0 }, false };
	return 0;
}

static int by_chain(const void *a, const void *b)
{
	const struct event *x = *(struct event *const *)a, *y = *(struct event *const *)b;
	int order = memcmp(&x->organisation, &y->organisation, sizeof(x->organisation));

	return order ? order : (x->position > y->position) - (x->position < y->position);
}

/* Places of one organisation, in the order of its chain; an event that does not come (its page is full, or it was let go meanwhile) keeps an
 * entry without an action. */
static int fill_chain(struct tx *tx, struct arena *arena, struct event **places, size_t count, struct error *e)
{
	static const struct query query = {
		"event.stretch",
		EVENTS("SELECT position, entry FROM audit_seals WHERE organisation = $1 AND position BETWEEN $2 AND $3"),
		QUERY_READS,
		0,
	};
	const struct id *organisation = &places[0]->organisation;
	const struct rows *rows;

	if ((id_is_nil(organisation) ? audit_choose(tx, NULL, e) : tx_for(tx, organisation, e)) < 0 ||
	    query_run(tx, &query,
		      PARAMS(P_ID(organisation), P_INT(places[0]->position), P_INT(places[count - 1]->position),
			     P_INT(EVENT_BYTES_MOST)),
		      arena, &rows, e) < 0)
		return -1;
	for (size_t row = 0, at = 0; row < rows_count(rows); row++) {
		struct event event = read_event(rows, row, organisation);

		while (at < count && places[at]->position < event.position)
			at++;
		if (at < count && places[at]->position == event.position)
			places[at]->entry = event.entry;
	}
	return 0;
}

/* A chain's places lie side by side, because sealing one and the next goes up in both orders. */
static int fill(struct tx *tx, struct arena *arena, struct event *events, size_t count, struct error *e)
{
	struct event **places = arena_array(arena, count, sizeof(*places));

	for (size_t i = 0; i < count; i++)
		places[i] = &events[i];
	qsort(places, count, sizeof(*places), by_chain);
	for (size_t first = 0, end; first < count; first = end) {
		for (end = first + 1; end < count && id_equal(&places[end]->organisation, &places[first]->organisation);)
			end++;
		if (fill_chain(tx, arena, &places[first], end - first, e) < 0)
			return -1;
	}
	return 0;
}

int event_list_all(struct tx *tx, struct arena *arena, int64_t after, int most, struct event_page *ret, struct error *e)
{
	size_t places, count = 0;

	if (list_places(tx, arena, after, most + 1, &ret->events, &places, e) < 0 || fill(tx, arena, ret->events, places, e) < 0)
		return -1;
	while (count < places && count < (size_t)most && ret->events[count].entry.action)
		count++;
	ret->count = count;
	ret->more = places > count;
	return 0;
}
