/* Names come in and ids are kept: a connection that is renamed leads as before. */
#include "endpoints/precedence.h"

#include "base/text.h"
#include "endpoints/runs.h"
#include "roster/connection.h"
#include "roster/precedence.h"
#include "roster/run.h"

enum { WISH_MOST = 1 << 20 };

static void put_texts(struct json_writer *w, const char *name, const char *const *texts)
{
	json_begin_array(w, name);
	for (; texts && *texts; texts++)
		json_put_text(w, NULL, *texts);
	json_end_array(w);
}

/* A run that is about the order and has not changed it yet. */
static void put_pending(struct json_writer *w, const struct run_order *run)
{
	if (!run) {
		json_put_null(w, "pending");
		return;
	}
	json_begin_object(w, "pending");
	exchange_put_id(w, "run", &run->id);
	json_put_text(w, "state", run->held ? "held" : "under_way");
	json_end_object(w);
}

int precedence_show(struct exchange *x, struct error *e)
{
	struct json_writer w;
	struct connection *connections;
	struct precedence *all;
	struct run_order pending;
	size_t count, connection_count;
	int found = run_find_order(x->tx, x->arena, &x->organisation.id, "null", &pending, e);

	if (found < 0 ||
	    connection_list(x->tx, x->arena, &x->organisation.id, NULL, CONNECTIONS_MOST, false, &connections,
			    &connection_count, e) < 0 ||
	    precedence_list(x->tx, x->arena, &x->organisation.id, &all, &count, e) < 0)
		return -1;
	exchange_reply(x, 200, &w);
	json_begin_object(&w, NULL);
	json_begin_object(&w, "connections");
	for (size_t i = 0; i < connection_count; i++)
		json_put_int(&w, connections[i].name, connections[i].precedence);
	json_end_object(&w);
	json_begin_object(&w, "rules");
	for (size_t i = 0; i < count; i++)
		if (all[i].rule[0])
			put_texts(&w, all[i].attribute, all[i].rule);
	json_end_object(&w);
	json_begin_object(&w, "order");
	for (size_t i = 0; i < count; i++)
		put_texts(&w, all[i].attribute, all[i].order);
	json_end_object(&w);
	put_pending(&w, found == 1 ? &pending : NULL);
	json_end_object(&w);
	return 0;
}

/* ---- changed ---- */

struct wish {
	struct json *connections, *rules;
	bool plan_only;
};

static const struct json_field fields[] = {
	JSON_VALUE(struct wish, connections, JSON_OPTIONAL),
	JSON_VALUE(struct wish, rules, JSON_OPTIONAL),
	JSON_BOOL(struct wish, plan_only, JSON_OPTIONAL),
	{ 0 },
};

static int find_source(struct exchange *x, const char *name, char ret[ID_TEXT_SIZE], struct error *e)
{
	struct connection connection;
	int found;

	if (text_equal(name, PRECEDENCE_MANUAL)) {
		id_text(&(struct id){ 0 }, ret);
		return 0;
	}
	found = connection_find(x->tx, x->arena, &x->organisation.id, name, &connection, e);
	if (found == 0)
		return error_set(e, ERROR_INPUT, "precedence.source",
				 "there is no connection \"%.80s\" here; the name of one, or \"manual\" for what a person "
				 "set, is expected",
				 name);
	id_text(&connection.id, ret);
	return found == 1 ? 0 : -1;
}

/* The number of a connection that a file describes stands there. */
static int check_managed(struct exchange *x, const char *id, struct error *e)
{
	struct connection connection;

	if (connection_find(x->tx, x->arena, &x->organisation.id, id, &connection, e) != 1)
		return -1;
	return exchange_managed(x, "connection", id, connection.managed_by, e);
}

static int take_number(struct exchange *x, struct json_writer *w, const char *name, const struct json *value,
		       struct error *e)
{
	char id[ID_TEXT_SIZE];

	if (!json_is_number(value) || json_int(value) < 0 || json_int(value) > CONNECTION_PRECEDENCE_MOST)
		return error_set(e, ERROR_INPUT, "precedence.number",
				 "the precedence of \"%.80s\" is no whole number of 0 to %d", name,
				 CONNECTION_PRECEDENCE_MOST);
	if (text_equal(name, PRECEDENCE_MANUAL))
		return error_set(e, ERROR_INPUT, "precedence.manual",
				 "what a person set has no number; a rule says where it stands");
	if (find_source(x, name, id, e) < 0 || check_managed(x, id, e) < 0)
		return -1;
	json_put_int(w, arena_text(x->arena, id), json_int(value));
	return 0;
}

static bool stands_before(const struct json *list, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (text_equal(json_text(json_at(list, i)), json_text(json_at(list, index))))
			return true;
	return false;
}

static int take_source(struct exchange *x, struct json_writer *w, const char *attribute, const struct json *list,
		       size_t index, struct error *e)
{
	const char *name = json_text(json_at(list, index));
	char id[ID_TEXT_SIZE];

	if (!name)
		return error_set(e, ERROR_INPUT, "precedence.source",
				 "the rule for \"%s\" names something that is no text", attribute);
	if (text_equal(attribute, "state") && text_equal(name, PRECEDENCE_MANUAL))
		return error_set(e, ERROR_INPUT, "precedence.state",
				 "whom a person suspended stays so whatever directories say; \"manual\" has no place in "
				 "the rule for \"state\"");
	if (stands_before(list, index))
		return error_set(e, ERROR_INPUT, "precedence.twice", "\"%.80s\" stands twice in the rule for \"%s\"", name,
				 attribute);
	if (find_source(x, name, id, e) < 0)
		return -1;
	json_put_text(w, NULL, id);
	return 0;
}

static int take_rule(struct exchange *x, struct json_writer *w, const char *attribute, const struct json *list,
		     struct error *e)
{
	const char *const *known = precedence_attributes;

	while (*known && !text_equal(*known, attribute))
		known++;
	if (!*known)
		return error_set(e, ERROR_INPUT, "precedence.attribute", "there is no rule for \"%.80s\"%s",
				 attribute, exchange_choices(x, attribute, precedence_attributes));
	if (json_is_null(list)) {
		json_put_null(w, *known);
		return 0;
	}
	if (!json_is_array(list) || json_count(list) > CONNECTIONS_MOST + 1)
		return error_set(e, ERROR_INPUT, "precedence.rule",
				 "the rule for \"%s\" is no list of names of connections; null takes it away", attribute);
	json_begin_array(w, *known);
	for (size_t i = 0; i < json_count(list); i++)
		if (take_source(x, w, attribute, list, i, e) < 0)
			return -1;
	json_end_array(w);
	return 0;
}

/* The wish as provision/operation reads it. */
static int write_wish(struct exchange *x, const struct wish *wish, struct json_writer *w, struct error *e)
{
	const struct json *value;
	const char *name;
	size_t at = 0;

	if ((wish->connections && !json_is_object(wish->connections)) || (wish->rules && !json_is_object(wish->rules)))
		return error_set(e, ERROR_INPUT, "precedence.object",
				 "\"connections\" and \"rules\" are objects of names");
	if (json_count(wish->connections) + json_count(wish->rules) == 0)
		return error_set(e, ERROR_INPUT, "precedence.nothing",
				 "nothing came that is to be different; the numbers of \"connections\" or "
				 "\"rules\" are expected");
	json_begin_object(w, NULL);
	json_begin_object(w, "connections");
	while (wish->connections && json_next(wish->connections, &at, &name, &value) == 1)
		if (take_number(x, w, name, value, e) < 0)
			return -1;
	json_end_object(w);
	json_begin_object(w, "rules");
	at = 0;
	while (wish->rules && json_next(wish->rules, &at, &name, &value) == 1)
		if (take_rule(x, w, name, value, e) < 0)
			return -1;
	json_end_object(w);
	json_end_object(w);
	return 0;
}

int precedence_change(struct exchange *x, struct error *e)
{
	struct wish wish = { 0 };
	struct run run;
	struct json_writer w;
	__attribute__((cleanup(buffer_close))) struct buffer buffer;
	char text[ID_TEXT_SIZE];

	buffer_open(&buffer, WISH_MOST);
	json_writer_open(&w, &buffer);
	if (exchange_read(x, fields, &wish, e) < 0 ||
	    exchange_managed(x, "organisation", id_text(&x->organisation.id, text), x->organisation.managed_by, e) < 0 ||
	    write_wish(x, &wish, &w, e) < 0)
		return -1;
	const char *wanted = arena_text_n(x->arena, buffer.bytes, buffer.length);
	if (run_ask_operation(x->tx, x->arena, &x->organisation.id, NULL, "precedence", wanted, wish.plan_only,
			      exchange_who(x), &run, e) < 0)
		return -1;
	return runs_show_asked(x, &run, wanted, e);
}
