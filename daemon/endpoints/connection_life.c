#include "endpoints/connection_life.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "endpoints/connections.h"
#include "endpoints/runs.h"
#include "provision/mapping.h"
#include "provision/operation.h"
#include "roster/connection.h"
#include "roster/managed.h"
#include "roster/run.h"

enum { WISH_MOST = 8 << 20 };

static int find_deletable(struct exchange *x, struct connection *ret, struct error *e)
{
	char id[ID_TEXT_SIZE];

	if (connections_find(x, request_segment(x->request, "connection"), ret, e) < 0 ||
	    exchange_match(x, ret->version, e) < 0)
		return -1;
	return exchange_managed_deletable(x, "connection", id_text(&ret->id, id), ret->managed_by, e);
}

int connection_life_delete(struct exchange *x, struct error *e)
{
	struct connection connection;
	char text[ID_TEXT_SIZE];
	int64_t people;

	if (find_deletable(x, &connection, e) < 0 ||
	    connection_count_people(x->tx, x->arena, &x->organisation.id, &connection.id, &people, e) < 0)
		return -1;
	if (people > 0)
		return error_set(e, ERROR_CONFLICT, "connection.has_people",
				 "connection \"%s\" has %lld people; say what becomes of them (POST .../delete): keep, "
				 "suspend or hand-over",
				 connection.name, (long long)people);
	if (run_give_up(x->tx, &x->organisation.id, &connection.id, exchange_who(x), e) < 0 ||
	    connection_bin(x->tx, &x->organisation.id, &connection.id, e) < 0 ||
	    managed_forget(x->tx, &x->organisation.id, "connection", id_text(&connection.id, text), e) < 0 ||
	    exchange_audit(x, "connection.deleted", "connection", text, connection.name,
			   exchange_object(x, "name", connection.name, "plugin", connection.plugin, "state", connection.state,
					   NULL),
			   NULL, e) < 0)
		return -1;
	exchange_done(x);
	return 0;
}

/* ---- with a plan ---- */

struct wish {
	const char *people, *to, *others;
	struct json *pairs;
	bool plan_only;
};

static const char *const people_words[] = { "keep", "suspend", "hand-over", NULL };
static const char *const others_words[] = { "keep", "suspend", NULL };

static const struct json_field fields[] = {
	JSON_WORD(struct wish, people, JSON_NEEDED, people_words),
	JSON_TEXT(struct wish, to, JSON_OPTIONAL, CONNECTION_NAME_MOST),
	JSON_WORD(struct wish, others, JSON_OPTIONAL, others_words),
	JSON_VALUE(struct wish, pairs, JSON_OPTIONAL),
	JSON_BOOL(struct wish, plan_only, JSON_OPTIONAL),
	{ 0 },
};

static int check_wish(const struct wish *wish, struct error *e)
{
	bool over = text_equal(wish->people, "hand-over");

	if (over && !wish->to)
		return error_set(e, ERROR_INPUT, "connection.to",
				 "\"to\" is missing: the connection that the people are handed over to");
	if (!over && (wish->to || wish->others || wish->pairs))
		return error_set(e, ERROR_INPUT, "connection.to",
				 "\"to\", \"others\" and \"pairs\" belong to \"people\": \"hand-over\"");
	return 0;
}

static int take_pair(struct json_writer *w, const struct json *pair, size_t number, struct error *e)
{
	const char *from = json_text(json_member(pair, "from")), *to = json_text(json_member(pair, "to"));

	if (!from || !to || !*from || !*to || strlen(from) > MAPPED_ID_MOST || strlen(to) > MAPPED_ID_MOST)
		return error_set(e, ERROR_INPUT, "connection.pair",
				 "pair %zu is no {\"from\", \"to\"} of the keys of an entry in the old directory and in the new one",
				 number);
	json_begin_object(w, NULL);
	json_put_text(w, "from", from);
	json_put_text(w, "to", to);
	json_end_object(w);
	return 0;
}

/* A key, and which pair it stands in. */
struct named {
	const char *key;
	size_t number;
};

static int compare_named(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	int order = strcmp(x->key, y->key);

	return order != 0 ? order : (x->number > y->number) - (x->number < y->number);
}

/* One entry becomes one other: none may stand twice on either side. */
static int check_once(struct exchange *x, const struct json *pairs, const char *side, struct error *e)
{
	size_t count = json_count(pairs);
	struct named *named = arena_array(x->arena, count + 1, sizeof(*named));

	for (size_t i = 0; i < count; i++)
		named[i] = (struct named){ json_text(json_member(json_at(pairs, i), side)), i + 1 };
	if (count > 1)
		qsort(named, count, sizeof(*named), compare_named);
	for (size_t i = 1; i < count; i++)
		if (strcmp(named[i - 1].key, named[i].key) == 0)
			return error_set(e, ERROR_INPUT, "connection.pairs", "pairs %zu and %zu have the same \"%s\", \"%.100s\"; each entry "
					 "stands in one pair", named[i - 1].number, named[i].number, side, named[i].key);
	return 0;
}

static int take_pairs(struct exchange *x, struct json_writer *w, const struct json *pairs, struct error *e)
{
	if (pairs && (!json_is_array(pairs) || json_count(pairs) > OPERATION_PAIRS_MOST))
		return error_set(e, ERROR_LIMIT, "connection.pairs", "\"pairs\" is no list of at most %d pairs",
				 OPERATION_PAIRS_MOST);
	json_begin_array(w, "pairs");
	for (size_t i = 0; pairs && i < json_count(pairs); i++)
		if (take_pair(w, json_at(pairs, i), i + 1, e) < 0)
			return -1;
	json_end_array(w);
	return pairs ? check_once(x, pairs, "from", e) < 0 ? -1 : check_once(x, pairs, "to", e) : 0;
}

static int write_wish(struct exchange *x, const struct wish *wish, const struct connection *connection,
		      struct json_writer *w, struct error *e)
{
	struct connection to;

	json_begin_object(w, NULL);
	exchange_put_id(w, "without", &connection->id);
	json_put_text(w, "people", wish->people);
	if (wish->to) {
		if (connections_find(x, wish->to, &to, e) < 0)
			return -1;
		if (id_equal(&to.id, &connection->id))
			return error_set(e, ERROR_INPUT, "connection.to_itself",
					 "connection \"%s\" cannot be handed over to itself", to.name);
		exchange_put_id(w, "to", &to.id);
		json_put_text(w, "others", wish->others ? wish->others : "keep");
	}
	if (take_pairs(x, w, wish->pairs, e) < 0)
		return -1;
	json_end_object(w);
	return 0;
}

int connection_life_end(struct exchange *x, struct error *e)
{
	struct wish wish = { 0 };
	struct connection connection;
	struct run run;
	struct json_writer w;
	__attribute__((cleanup(buffer_close))) struct buffer buffer;

	buffer_open(&buffer, WISH_MOST);
	json_writer_open(&w, &buffer);
	if (exchange_read(x, fields, &wish, e) < 0 || check_wish(&wish, e) < 0 || find_deletable(x, &connection, e) < 0 ||
	    write_wish(x, &wish, &connection, &w, e) < 0 ||
	    (!wish.plan_only && run_give_up(x->tx, &x->organisation.id, &connection.id, exchange_who(x), e) < 0) ||
	    run_ask_operation(x->tx, x->arena, &x->organisation.id, &connection.id, "delete",
			      arena_text_n(x->arena, buffer.bytes, buffer.length), wish.plan_only, exchange_who(x), &run, e) < 0)
		return -1;
	return runs_show_asked(x, &run,
			       exchange_object(x, "people", wish.people, "to", wish.to, "others", wish.others, NULL), e);
}

/* It is there and was not deleted, or there is none. */
static int refuse_restore(struct exchange *x, const char *named, struct error *e)
{
	struct connection connection;

	if (connections_find(x, named, &connection, e) < 0)
		return -1;
	return error_set(e, ERROR_CONFLICT, "connection.not_deleted",
			 "connection \"%s\" is not deleted; there is nothing to bring back", connection.name);
}

int connection_life_restore(struct exchange *x, struct error *e)
{
	const char *named = request_segment(x->request, "connection");
	struct connection connection;
	struct run run;
	char id[ID_TEXT_SIZE];
	int found = connection_find_deleted(x->tx, x->arena, &x->organisation.id, named, &connection, e);

	if (found <= 0)
		return found == 0 ? refuse_restore(x, named, e) : -1;
	if (run_ask_operation(x->tx, x->arena, &x->organisation.id, &connection.id, "restore",
			      exchange_object(x, "with", id_text(&connection.id, id), NULL), false, exchange_who(x), &run, e) < 0)
		return -1;
	return runs_show_asked(x, &run, NULL, e);
}
