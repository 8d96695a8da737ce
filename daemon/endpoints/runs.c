/* A run is asked for here and carried out by the workers, who find it in the database. */
#include "endpoints/runs.h"

#include <string.h>

#include "base/text.h"
#include "endpoints/connections.h"
#include "roster/account.h"
#include "roster/connection.h"
#include "roster/run.h"

const char *const runs_parameters[] = { "limit", "after", "connection", NULL };

static void put_error(struct json_writer *w, const struct run *run)
{
	if (!run->error_code) {
		json_put_null(w, "error");
		return;
	}
	json_begin_object(w, "error");
	json_put_text(w, "code", run->error_code);
	json_put_text(w, "text", run->error_text);
	json_end_object(w);
}

static void put_figures(struct json_writer *w, const struct run *run)
{
	json_put_int(w, "pages", run->pages);
	json_put_int(w, "people", run->people);
	json_put_int(w, "groups", run->groups);
	json_put_int(w, "memberships", run->memberships);
	json_put_int(w, "refused", run->refused);
	if (run->whole_known)
		json_put_bool(w, "whole", run->whole);
	else
		json_put_null(w, "whole");
	json_put_text(w, "proof", run->proof);
	json_put_raw(w, "proof_parts", run->parts ? run->parts : "[]");
	json_put_raw(w, "counts", run->counts);
	if (run->missed_known)
		json_put_int(w, "missed", run->missed);
	else
		json_put_null(w, "missed");
}

static void put_run(struct json_writer *w, const struct run *run)
{
	json_begin_object(w, NULL);
	exchange_put_id(w, "id", &run->id);
	exchange_put_id(w, "connection", &run->connection);
	json_put_text(w, "connection_name", run->connection_name);
	json_put_text(w, "kind", run->kind);
	json_put_text(w, "state", run->state);
	json_put_text(w, "scope", run->scope);
	json_put_text(w, "scope_reason", run->scope_reason);
	json_put_bool(w, "plan_only", run->plan_only);
	json_put_bool(w, "anew", run->anew);
	json_put_text(w, "asked_by", run->asked_by);
	json_put_time(w, "asked_at", run->asked_at);
	json_put_time(w, "started_at", run->started_at);
	json_put_time(w, "finished_at", run->finished_at);
	put_figures(w, run);
	json_put_text(w, "held_reason", run->held_reason);
	json_put_text(w, "approved_by", run->approved_by);
	put_error(w, run);
	json_end_object(w);
}

static int find_id(struct exchange *x, const struct id *id, struct run *ret, struct error *e)
{
	char text[ID_TEXT_SIZE];
	int found = run_find(x->tx, x->arena, &x->organisation.id, id, ret, e);

	return found == 0 ? exchange_unknown("run", id_text(id, text), e) : found == 1 ? 0 : -1;
}

static int find_named(struct exchange *x, struct run *ret, struct error *e)
{
	const char *named = request_segment(x->request, "run");
	struct id id;

	return id_parse(named, &id) < 0 ? exchange_unknown("run", named, e) : find_id(x, &id, ret, e);
}

static void show(struct exchange *x, int status, const struct run *run)
{
	struct json_writer w;

	exchange_reply(x, status, &w);
	put_run(&w, run);
}

/* The connection that the list is of, or NULL for all. */
static int read_connection(struct exchange *x, struct id *ret_id, const struct id **ret, struct error *e)
{
	const char *named = request_query(x->request, "connection");
	struct connection connection;

	*ret = NULL;
	if (!named)
		return 0;
	if (connections_find(x, named, &connection, e) < 0)
		return -1;
	*ret_id = connection.id;
	*ret = ret_id;
	return 0;
}

/* A run's place is its time, so one that is not there leads nowhere. */
static int check_place(struct exchange *x, const struct id *before, struct error *e)
{
	struct run run;
	int found = before ? run_find(x->tx, x->arena, &x->organisation.id, before, &run, e) : 1;

	return found == 0 ? exchange_bad_cursor(e) : found == 1 ? 0 : -1;
}

int runs_list(struct exchange *x, struct error *e)
{
	struct json_writer w;
	struct run *runs;
	struct id place, which;
	const struct id *before, *connection;
	size_t count;
	int limit;
	char text[ID_TEXT_SIZE];

	if (exchange_page_id(x, &limit, &place, &before, e) < 0 ||
	    read_connection(x, &which, &connection, e) < 0 || check_place(x, before, e) < 0 ||
	    run_list(x->tx, x->arena, &x->organisation.id, connection, before, limit + 1, &runs, &count, e) <
		    0)
		return -1;
	exchange_list_begin(x, &w);
	for (size_t i = 0; i < count && i < (size_t)limit; i++)
		put_run(&w, &runs[i]);
	exchange_list_end(&w, count > (size_t)limit ? id_text(&runs[limit - 1].id, text) : NULL);
	return 0;
}

int runs_show(struct exchange *x, struct error *e)
{
	struct run run;

	if (find_named(x, &run, e) < 0)
		return -1;
	show(x, 200, &run);
	return 0;
}

int runs_changes(struct exchange *x, struct error *e)
{
	struct json_writer w;
	struct run run;
	struct run_change *changes;
	int64_t after;
	size_t count;
	int limit;

	if (exchange_page_number(x, &limit, &after, e) < 0 || find_named(x, &run, e) < 0 ||
	    run_changes(x->tx, x->arena, &x->organisation.id, &run.id, after, limit + 1, &changes, &count,
			e) < 0)
		return -1;
	exchange_list_begin(x, &w);
	for (size_t i = 0; i < count && i < (size_t)limit; i++) {
		json_begin_object(&w, NULL);
		json_put_int(&w, "seq", changes[i].seq);
		json_put_text(&w, "kind", changes[i].kind);
		json_put_text(&w, "subject_kind", changes[i].subject_kind);
		exchange_put_id(&w, "subject", &changes[i].subject);
		json_put_text(&w, "name", changes[i].name);
		json_put_raw(&w, "before", changes[i].before);
		json_put_raw(&w, "after", changes[i].after);
		json_end_object(&w);
	}
	exchange_list_end(&w, count > (size_t)limit
				      ? arena_format(x->arena, "%lld", (long long)changes[limit - 1].seq)
				      : NULL);
	return 0;
}

int runs_show_asked(struct exchange *x, const struct run *run, const char *after, struct error *e)
{
	char text[ID_TEXT_SIZE];

	if (exchange_audit(x, "run.asked", "run", id_text(&run->id, text), run->connection_name, NULL, after, e) < 0)
		return -1;
	exchange_location(x, "/v1/organisations/%s/runs/%s", x->organisation.slug, text);
	show(x, 202, run);
	return 0;
}

enum { KEY_MOST = 1024 };

struct wish {
	const char *scope;
	bool plan_only, anew;
	const char *const *people, *const *groups;
};

static const char *const scopes[] = { "all", "changed", "named", NULL };

static const struct json_field fields[] = {
	JSON_WORD(struct wish, scope, JSON_OPTIONAL, scopes),
	JSON_BOOL(struct wish, plan_only, JSON_OPTIONAL),
	JSON_BOOL(struct wish, anew, JSON_OPTIONAL),
	JSON_TEXTS(struct wish, people, JSON_OPTIONAL, RUN_NAMED_MOST),
	JSON_TEXTS(struct wish, groups, JSON_OPTIONAL, RUN_NAMED_MOST),
	{ 0 },
};

static size_t count_keys(const char *const *keys)
{
	size_t count = 0;

	while (keys && keys[count])
		count++;
	return count;
}

/* Some are named if and only if the scope says so, and each by a key that could be one. */
static int check_named(const struct wish *wish, struct error *e)
{
	bool named = text_equal(wish->scope, "named");
	const char *const *const lists[] = { wish->people, wish->groups };

	if (named != (count_keys(wish->people) + count_keys(wish->groups) > 0))
		return error_set(e, ERROR_INPUT, "run.named",
				 named ? "scope \"named\" needs \"people\" or \"groups\": whom to look at"
				       : "\"people\" and \"groups\" belong to scope \"named\"");
	for (size_t l = 0; l < ARRAY_COUNT(lists); l++)
		for (size_t i = 0; i < count_keys(lists[l]); i++)
			if (!lists[l][i][0] || strlen(lists[l][i]) > KEY_MOST)
				return error_set(e, ERROR_INPUT, "run.key",
						 "a key to look at is empty or longer than %d bytes", KEY_MOST);
	return 0;
}

/* People are named as an administrator knows them: by the directory's key, by the name they sign in with there, or as a member. Whoever
 * is none of these is asked for as a key: the directory may know them. */
static int find_keys(struct exchange *x, const struct id *connection, const char *const *given, const char *const **ret,
		     struct error *e)
{
	size_t count = count_keys(given);
	const char **keys = arena_array(x->arena, count + 1, sizeof(*keys));

	for (size_t i = 0; i < count; i++)
		if (account_key(x->tx, x->arena, &x->organisation.id, connection, given[i], &keys[i], e) < 0)
			return -1;
	*ret = count > 0 ? keys : NULL;
	return 0;
}

int runs_ask(struct exchange *x, struct error *e)
{
	struct wish wish = { 0 };
	struct run_wish asked = { .asked_by = exchange_who(x) };
	struct connection connection;
	struct run run;

	if ((x->request->body_size > 0 && exchange_read(x, fields, &wish, e) < 0) || check_named(&wish, e) < 0 ||
	    connections_find(x, request_segment(x->request, "connection"), &connection, e) < 0 ||
	    find_keys(x, &connection.id, wish.people, &asked.named, e) < 0)
		return -1;
	asked.scope = wish.scope ? wish.scope : "all";
	asked.plan_only = wish.plan_only;
	asked.anew = wish.anew;
	asked.named_groups = count_keys(wish.groups) > 0 ? wish.groups : NULL;
	if (run_ask(x->tx, x->arena, &x->organisation.id, &connection.id, &asked, &run, e) < 0)
		return -1;
	return runs_show_asked(x, &run,
			       exchange_object(x, "scope", run.scope, "plan_only", wish.plan_only ? "yes" : "no", "anew",
					       wish.anew ? "yes" : "no", NULL),
			       e);
}

/* An answer to a held run: done, audited, and shown as the run is then. */
static int answer_held(struct exchange *x, const char *action,
		       int (*answer)(struct tx *, const struct id *, const struct id *, const char *,
				     struct error *),
		       struct error *e)
{
	struct run run;
	char text[ID_TEXT_SIZE];

	if (find_named(x, &run, e) < 0 ||
	    answer(x->tx, &x->organisation.id, &run.id, exchange_who(x), e) < 0 ||
	    exchange_audit(x, action, "run", id_text(&run.id, text), run.connection_name,
			   exchange_object(x, "state", run.state, NULL), NULL, e) < 0 ||
	    find_id(x, &run.id, &run, e) < 0)
		return -1;
	show(x, 200, &run);
	return 0;
}

int runs_approve(struct exchange *x, struct error *e)
{
	return answer_held(x, "run.approved", run_approve, e);
}

int runs_drop(struct exchange *x, struct error *e)
{
	return answer_held(x, "run.dropped", run_drop, e);
}
