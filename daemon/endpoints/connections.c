/* A connection's secrets go one way: in, sealed, and to its link. What is shown of them is that they are set.
 *
 * Whether the body fits the plug-in, and the test, are asked before the transaction: a child may have to be
 * started for either. */
#include "endpoints/connections.h"

#include <string.h>

#include "base/secret.h"
#include "base/text.h"
#include "endpoints/connection_body.h"
#include "endpoints/outside.h"
#include "endpoints/scim_access.h"
#include "endpoints/webhooks.h"
#include "plugin/keeper.h"
#include "plugin/link.h"
#include "plugin/settings.h"
#include "roster/managed.h"
#include "roster/reading.h"
#include "roster/refusal.h"
#include "roster/run.h"
#include "roster/seats.h"
#include "roster/subscription.h"

/* Who may ask for one may see the others, unless their token is too narrow for it. */
static int unknown(struct exchange *x, const char *named, struct error *e)
{
	const char *names[CONNECTIONS_MOST + 1] = { NULL };
	struct connection *list;
	size_t count = 0;

	if (scopes_include(&x->principal.scopes, SCOPE_CONNECTIONS_READ) &&
	    connection_list(x->tx, x->arena, &x->organisation.id, NULL, CONNECTIONS_MOST, false, &list, &count, e) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		names[i] = list[i].name;
	return exchange_unknown_of(x, "connection", named, names, e);
}

int connections_find(struct exchange *x, const char *named, struct connection *ret, struct error *e)
{
	int found = connection_find(x->tx, x->arena, &x->organisation.id, named, ret, e);

	if (found == 1 && !id_is_nil(&x->principal.setup_of) && !id_equal(&x->principal.setup_of, &ret->id))
		found = 0;
	return found == 0 ? unknown(x, named, e) : found == 1 ? 0 : -1;
}

static int find_named(struct exchange *x, struct connection *ret, struct error *e)
{
	return connections_find(x, request_segment(x->request, "connection"), ret, e);
}

/* For prepare of a change: a file's own is refused; no transaction is held afterwards. */
static int look_up_settable(struct exchange *x, struct connection *ret, struct error *e)
{
	char id[ID_TEXT_SIZE];
	int result = exchange_begin(x, e) < 0 || find_named(x, ret, e) < 0 || exchange_match(x, ret->version, e) < 0 ||
			     exchange_managed(x, "connection", id_text(&ret->id, id), ret->managed_by, e) < 0 ?
		     -1 :
		     0;

	tx_close(&x->tx);
	return result;
}

/* ---- shown ---- */

static void put_settings(struct json_writer *w, const struct connection *c)
{
	json_begin_object(w, "settings");
	for (size_t i = 0; i < c->setting_count; i++)
		json_put_text(w, c->settings[i].name, c->settings[i].value);
	for (size_t i = 0; i < c->secret_count; i++) {
		json_begin_object(w, c->secrets[i]);
		json_put_bool(w, "set", true);
		json_end_object(w);
	}
	json_end_object(w);
}

static void put_mappings(struct json_writer *w, const struct connection *c)
{
	json_begin_array(w, "roles");
	for (size_t i = 0; i < c->mapping_count; i++) {
		json_begin_object(w, NULL);
		json_put_text(w, "group", c->mappings[i].group);
		json_put_text(w, "role", c->mappings[i].role);
		json_end_object(w);
	}
	json_end_array(w);
	json_begin_object(w, "attributes");
	for (size_t i = 0; i < c->attribute_count; i++)
		json_put_text(w, c->attributes[i].name, c->attributes[i].value);
	json_end_object(w);
}

static void put_last_run(struct json_writer *w, const struct run *run)
{
	if (!run) {
		json_put_null(w, "last_run");
		return;
	}
	json_begin_object(w, "last_run");
	exchange_put_id(w, "id", &run->id);
	json_put_text(w, "state", run->state);
	json_put_time(w, "asked_at", run->asked_at);
	json_put_time(w, "finished_at", run->finished_at);
	json_end_object(w);
}

static void put_subscription(struct json_writer *w, const struct subscription *subscription)
{
	json_begin_object(w, "subscription");
	json_put_text(w, "state", subscription->state);
	json_put_time(w, "renewed_at", subscription->renewed_at);
	json_put_time(w, "renew_at", subscription->renew_at);
	json_put_int(w, "tries", subscription->tries);
	json_put_text(w, "error_code", subscription->error_code);
	json_put_text(w, "error_text", subscription->error_text);
	json_end_object(w);
}

/* token: the text of one that was just made, or NULL. */
static int put_connection(struct exchange *x, struct json_writer *w, const struct connection *c, const char *token,
			  struct error *e)
{
	struct managed managed;
	char id[ID_TEXT_SIZE];
	struct subscription subscription;
	struct run *last;
	int64_t refused;
	size_t runs;
	int subscribed = subscription_find(x->tx, x->arena, &c->organisation, &c->id, &subscription, e);

	if (subscribed < 0 || run_list(x->tx, x->arena, &c->organisation, &c->id, NULL, 1, &last, &runs, e) < 0 ||
	    refusal_count(x->tx, x->arena, &c->organisation, &c->id, &refused, e) < 0 ||
	    exchange_managed_find(x, "connection", id_text(&c->id, id), c->managed_by, &managed, e) < 0)
		return -1;
	json_begin_object(w, NULL);
	exchange_put_id(w, "id", &c->id);
	json_put_text(w, "name", c->name);
	json_put_text(w, "plugin", c->plugin);
	json_put_text(w, "state", c->state);
	json_put_time(w, "paused_at", c->paused_at);
	json_put_time(w, "deleted_at", c->deleted_at);
	json_put_time(w, "purge_after", c->purge_after);
	json_put_int(w, "precedence", c->precedence);
	put_settings(w, c);
	put_mappings(w, c);
	json_put_text(w, "schedule", exchange_duration(x, c->schedule_ms));
	json_put_text(w, "full_schedule", exchange_duration(x, c->full_schedule_ms));
	json_put_bool(w, "watch", c->watch);
	json_put_int(w, "remove_most", c->guard[GUARD_PEOPLE].most);
	json_put_int(w, "remove_share", c->guard[GUARD_PEOPLE].share);
	json_put_int(w, "remove_admins_most", c->guard[GUARD_ADMINS].most);
	json_put_int(w, "remove_admins_share", c->guard[GUARD_ADMINS].share);
	json_put_int(w, "remove_group_most", c->guard[GUARD_GROUP].most);
	json_put_int(w, "remove_group_share", c->guard[GUARD_GROUP].share);
	json_put_bool(w, "private_addresses", c->private_addresses);
	json_put_text(w, "grace", c->grace_ms < 0 ? NULL : exchange_duration(x, c->grace_ms));
	put_last_run(w, runs ? last : NULL);
	json_put_int(w, "refused", refused);
	json_put_time(w, "next_due_at", c->next_due_at);
	json_put_time(w, "created_at", c->created_at);
	json_put_text(w, "managed_by", exchange_managed_by(x, c->managed_by));
	exchange_put_managed(x, w, &managed);
	json_put_int(w, "version", c->version);
	if (scim_is_pushed(c))
		json_put_text(w, "base_url", scim_base_url(x, c));
	if (subscribed == 1)
		put_subscription(w, &subscription);
	if (webhooks_url(x, &c->id, c->plugin))
		json_put_text(w, "hook_url", webhooks_url(x, &c->id, c->plugin));
	if (token)
		json_put_text(w, "token", token);
	json_end_object(w);
	return 0;
}

static int show(struct exchange *x, int status, const struct connection *connection, const char *token, struct error *e)
{
	struct json_writer w;

	exchange_etag(x, connection->version);
	exchange_reply(x, status, &w);
	return put_connection(x, &w, connection, token, e);
}

static int show_again(struct exchange *x, int status, const struct id *id, const char *token, struct error *e)
{
	struct connection connection;
	char text[ID_TEXT_SIZE];
	int found = connection_load(x->tx, x->arena, &x->organisation.id, id, &connection, e);

	if (found <= 0)
		return found == 0 ? exchange_unknown("connection", id_text(id, text), e) : -1;
	return show(x, status, &connection, token, e);
}

const char *const connections_parameters[] = { "limit", "after", "state", NULL };

/* Those that are not deleted are listed otherwise. */
static const char *const listed_states[] = { "deleted", NULL };

/* Several in the bin may have had the same name. */
static const char *place_of(struct exchange *x, const struct connection *c)
{
	char id[ID_TEXT_SIZE];

	return c->deleted_at > 0 ? arena_format(x->arena, "%s/%s", c->name, id_text(&c->id, id)) : c->name;
}

int connections_list(struct exchange *x, struct error *e)
{
	struct json_writer w;
	struct connection *all;
	const char *after;
	const char *state;
	size_t count;
	int limit;

	if (exchange_page(x, &limit, &after, e) < 0 || exchange_word(x, "state", listed_states, &state, e) < 0 ||
	    connection_list(x->tx, x->arena, &x->organisation.id, after, limit + 1, state != NULL, &all, &count, e) < 0)
		return -1;
	exchange_list_begin(x, &w);
	for (size_t i = 0; i < count && i < (size_t)limit; i++)
		if (put_connection(x, &w, &all[i], NULL, e) < 0)
			return -1;
	exchange_list_end(&w, count > (size_t)limit ? place_of(x, &all[limit - 1]) : NULL);
	return 0;
}

int connections_show(struct exchange *x, struct error *e)
{
	struct connection connection;

	return find_named(x, &connection, e) < 0 ? -1 : show(x, 200, &connection, NULL, e);
}

/* ---- made and changed ---- */

static const char *limit(struct exchange *x, int number)
{
	return arena_format(x->arena, "%d", number);
}

/* As the audit keeps it: no values of settings, for one may be a secret in the wrong place. */
static const char *as_audited(struct exchange *x, const struct connection *c)
{
	return exchange_object(x, "name", c->name, "plugin", c->plugin, "state", c->state, "schedule",
			       exchange_duration(x, c->schedule_ms), "full_schedule",
			       exchange_duration(x, c->full_schedule_ms), "watch", c->watch ? "yes" : "no", "roles",
			       arena_format(x->arena, "%zu", c->mapping_count), "remove_most",
			       limit(x, c->guard[GUARD_PEOPLE].most), "remove_share", limit(x, c->guard[GUARD_PEOPLE].share),
			       "remove_admins_most", limit(x, c->guard[GUARD_ADMINS].most), "remove_admins_share",
			       limit(x, c->guard[GUARD_ADMINS].share), "remove_group_most",
			       limit(x, c->guard[GUARD_GROUP].most), "remove_group_share",
			       limit(x, c->guard[GUARD_GROUP].share), "private_addresses",
			       c->private_addresses ? "yes" : "no", "grace",
			       c->grace_ms < 0 ? NULL : exchange_duration(x, c->grace_ms), NULL);
}

static int keep_secrets(struct exchange *x, const struct connection_wish *wish, struct error *e)
{
	for (size_t i = 0; i < wish->secret_count; i++) {
		const char *text = wish->secrets[i].text;
		scoped(secret) *value = text ? secret_take(text, strlen(text)) : NULL;

		if (connection_keep_secret(x->tx, x->options->crypt_keys, &x->organisation.id,
					   &wish->connection.id, wish->secrets[i].name, value, e) < 0)
			return -1;
	}
	return 0;
}

/* For prepare, as above. */
static int check_plan(struct exchange *x, struct error *e)
{
	struct seats_plan plan = { 0 };
	int result = exchange_begin(x, e) < 0 ? -1
					      : seats_plan(x->tx, x->arena, x->organisation.type, x->organisation.plan, &plan, e);

	tx_close(&x->tx);
	if (result < 0 || plan.connections)
		return result;
	return error_set(e, ERROR_CONFLICT, "organisation.no_connections",
			 "an organisation of type \"%s\" has no connections; \"enterprise\" has",
			 x->organisation.type);
}

int connections_prepare_create(struct exchange *x, struct error *e)
{
	struct connection_wish *wish = arena_take(x->arena, sizeof(*wish));

	x->prepared = wish;
	return check_plan(x, e) < 0 ? -1 : connection_body_create(x, wish, e);
}

int connections_create(struct exchange *x, struct error *e)
{
	const struct connection_wish *wish = x->prepared;
	const struct connection *made = &wish->connection;
	const char *token = NULL;
	struct scim_token first;
	char text[ID_TEXT_SIZE];

	if (connection_create(x->tx, made, e) < 0 || keep_secrets(x, wish, e) < 0 ||
	    exchange_audit(x, "connection.created", "connection", id_text(&made->id, text), made->name, NULL,
			   as_audited(x, made), e) < 0 ||
	    (scim_is_pushed(made) && scim_access_make(x, made, &(struct scim_access_wish){ .name = "first" }, &first, &token, e) < 0))
		return -1;
	exchange_location(x, "/v1/organisations/%s/connections/%s", x->organisation.slug, made->name);
	return show_again(x, 201, &made->id, token, e);
}

/* From prepare to answer of a change. */
struct change {
	struct connection now;
	struct connection_wish wish;
};

int connections_prepare_change(struct exchange *x, struct error *e)
{
	struct change *change = arena_take(x->arena, sizeof(*change));

	x->prepared = change;
	if (look_up_settable(x, &change->now, e) < 0)
		return -1;
	return connection_body_change(x, &change->now, &change->wish, e);
}

/* Whoever changed it since prepare looked wins: the version is compared as it is written. */
int connections_change(struct exchange *x, struct error *e)
{
	const struct change *change = x->prepared;
	const struct connection *wanted = &change->wish.connection;
	char text[ID_TEXT_SIZE];

	if (connection_update(x->tx, wanted, e) < 0 || keep_secrets(x, &change->wish, e) < 0 ||
	    exchange_audit(x, "connection.changed", "connection", id_text(&wanted->id, text), wanted->name,
			   as_audited(x, &change->now), as_audited(x, wanted), e) < 0)
		return -1;
	return show_again(x, 200, &wanted->id, NULL, e);
}

int connections_adopt(struct exchange *x, struct error *e)
{
	struct connection connection;
	char text[ID_TEXT_SIZE];

	if (find_named(x, &connection, e) < 0)
		return -1;
	id_text(&connection.id, text);
	if (exchange_managed_adoptable(x, "connection", text, connection.managed_by, e) < 0 ||
	    managed_adopt_connection(x->tx, &x->organisation.id, text, e) < 0 ||
	    exchange_audit(x, "connection.adopted", "connection", text, connection.name,
			   exchange_object(x, "managed_by", EXCHANGE_FILE, NULL), NULL, e) < 0)
		return -1;
	return show_again(x, 200, &connection.id, NULL, e);
}

/* A held run of it was held against the directory of before; what stands now is held against this one, and by the usual rules. */
int connections_same_directory(struct exchange *x, struct error *e)
{
	struct connection connection;
	char text[ID_TEXT_SIZE];
	int read, again;

	if (find_named(x, &connection, e) < 0)
		return -1;
	read = reading_same_directory(x->tx, &x->organisation.id, &connection.id, e);
	if (read == 0)
		return error_set(e, ERROR_CONFLICT, "connection.unread", "nothing of connection \"%s\" was applied so far, so that there is "
				 "no directory that this could be the same as", connection.name);
	again = read < 0 ? -1 : run_judge_again(x->tx, &x->organisation.id, &connection.id, e);
	if (again < 0 || exchange_audit(x, "connection.same_directory", "connection", id_text(&connection.id, text), connection.name, NULL,
					exchange_object(x, "held_run", again ? "judged again" : "none", NULL), e) < 0)
		return -1;
	return show_again(x, 200, &connection.id, NULL, e);
}

/* ---- tested ---- */

struct test {
	struct connection connection;
	struct settings settings; /* closed before the answer */
	const char *notes;
	struct error failure; /* ERROR_NONE: it went well */
};

static int load_test(struct exchange *x, struct test *test, struct error *e)
{
	if (find_named(x, &test->connection, e) < 0)
		return -1;
	return settings_open(x->tx, x->options->crypt_keys, &test->connection, x->arena, &test->settings, e);
}

/* What the directory answers is the result of the test, not a failure of the exchange. */
static void run_test(struct exchange *x, struct test *test)
{
	scoped(link) *link = NULL;
	struct keeper keeper;
	struct link_options options = {
		.plugin = test->connection.plugin,
		.settings = test->settings.all,
		.setting_count = test->settings.count,
		.deadline_ms = x->options->link_deadline_ms,
		.allow_private = x->options->allow_private && test->connection.private_addresses,
		.keeper = &keeper.link,
		.notifications_url = webhooks_url(x, &test->connection.id, test->connection.plugin),
		.log = &x->log,
	};

	if (scim_is_pushed(&test->connection)) {
		test->notes = arena_format(x->arena, "this directory pushes; its base URL is %s", scim_base_url(x, &test->connection));
		return;
	}
	keeper_open(&keeper, x->options->store, STORE_REQUEST, x->options->crypt_keys, &test->connection.organisation,
		    &test->connection.id);
	if (link_open(x->options->catalog, &options, &link, &test->failure) < 0)
		return;
	link_check(link, x->arena, &test->notes, &test->failure);
}

static int prepare_test(struct exchange *x, struct test *test, struct error *e)
{
	int result;

	result = exchange_begin(x, e) < 0 ? -1 : load_test(x, test, e);
	tx_close(&x->tx);
	if (result == 0)
		run_test(x, test);
	settings_close(&test->settings);
	return result;
}

int connections_prepare_test(struct exchange *x, struct error *e)
{
	struct test *test = arena_take(x->arena, sizeof(*test));
	int result;

	x->prepared = test;
	if (outside_enter(x->outside, &x->organisation.id, e) < 0)
		return -1;
	result = prepare_test(x, test, e);
	outside_leave(x->outside, &x->organisation.id);
	return result;
}

static void put_notes(struct exchange *x, struct json_writer *w, const char *notes)
{
	json_begin_array(w, "notes");
	while (notes && *notes) {
		size_t span = strcspn(notes, "\n");

		json_put_text(w, NULL, arena_text_n(x->arena, notes, span));
		notes += span + (notes[span] == '\n');
	}
	json_end_array(w);
}

int connections_test(struct exchange *x, struct error *e)
{
	const struct test *test = x->prepared;
	bool ok = test->failure.kind == ERROR_NONE;
	struct json_writer w;

	(void)e;
	exchange_reply(x, 200, &w);
	json_begin_object(&w, NULL);
	json_put_bool(&w, "ok", ok);
	put_notes(x, &w, test->notes);
	if (!ok) {
		json_begin_object(&w, "error");
		json_put_text(&w, "code", test->failure.code);
		json_put_text(&w, "text", test->failure.text);
		json_end_object(&w);
	}
	json_end_object(&w);
	return 0;
}
