/* Connections and runs through the API: settings checked by the plug-in's table, secrets that never come
 * back, runs asked for and answered. The workers are played by SQL. */
#include "flows/api.h"

#include <string.h>

#include "base/text.h"

static const char *const OPERATOR = NULL;
enum { OWNER, ADMIN, MEMBER, VIEWER };

static struct cast acme;

static const char *at(const char *path)
{
	return api_format("/v1/organisations/%s%s", acme.organisation, path);
}

static struct answer make(const char *name, const char *more)
{
	return api_call(acme.tokens[ADMIN], "POST", at("/connections"),
			api_format("{\"plugin\":\"ldap\",\"name\":\"%s\"%s}", name, more));
}

static struct answer make_good(const char *name)
{
	return make(
		name,
		",\"settings\":{\"url\":\"ldap://up\",\"user_base\":\"dc=x\",\"bind_password\":\"hunter2\","
		"\"page_size\":100},\"roles\":[{\"group\":\"Admins\",\"role\":\"admin\"},{\"group\":"
		"\"Staff\","
		"\"role\":\"member\"}],\"attributes\":{\"title\":\"employeeType\"},\"schedule\":\"90m\","
		"\"remove_most\":3,\"remove_share\":1,\"remove_admins_most\":2,\"remove_group_share\":7");
}

static void plugins_are_described(void **state)
{
	struct answer list = api_call(acme.tokens[VIEWER], "GET", "/v1/plugins", NULL), one;

	(void)state;
	assert_int_equal(api_count(list, "items"), 3);
	assert_string_equal(api_text(list, "items/0/name"), "broken");
	assert_non_null(strstr(api_text(list, "items/0/unusable"), "ABI 2"));
	assert_string_equal(api_text(list, "items/1/abilities/0"), "directory");
	assert_string_equal(api_text(list, "items/2/abilities/0"), "push");
	list = api_call(acme.tokens[VIEWER], "GET", "/v1/plugins?limit=1", NULL);
	assert_int_equal(api_count(list, "items"), 1);
	assert_string_equal(api_text(list, "next"), "broken");
	list = api_call(acme.tokens[VIEWER], "GET", "/v1/plugins?limit=1&after=broken", NULL);
	assert_string_equal(api_text(list, "items/0/name"), "ldap");
	assert_string_equal(api_text(list, "next"), "ldap");
	one = api_call(acme.tokens[VIEWER], "GET", "/v1/plugins/ldap", NULL);
	EXPECT(one, 200, NULL);
	assert_string_equal(api_text(one, "settings/2/name"), "tls");
	assert_string_equal(api_text(one, "settings/2/type"), "word");
	assert_string_equal(api_text(one, "settings/2/default"), "starttls");
	assert_string_equal(api_text(one, "settings/2/choices/1"), "none");
	assert_true(api_bool(one, "settings/0/required"));
	one = api_call(acme.tokens[VIEWER], "GET", "/v1/plugins/ldpa", NULL);
	EXPECT(one, 404, "plugin.unknown");
	assert_non_null(strstr(api_text(one, "detail"), "did you mean \"ldap\"?"));
	EXPECT(api_call(acme.tokens[VIEWER], "GET", "/v1/plugins/broken", NULL), 500, "catalog.plugin");
}

static void a_connection_is_made_and_shown_without_its_secret(void **state)
{
	struct answer made = make_good("corporate"), now;

	(void)state;
	EXPECT(made, 201, NULL);
	now = api_call(acme.tokens[ADMIN], "GET", at("/connections/corporate"), NULL);
	assert_string_equal(api_text(now, "id"), api_text(made, "id"));
	assert_string_equal(api_text(now, "settings/url"), "ldap://up");
	assert_string_equal(api_text(now, "settings/page_size"), "100");
	assert_true(api_bool(now, "settings/bind_password/set"));
	assert_string_equal(api_text(now, "roles/0/group"), "Admins");
	assert_string_equal(api_text(now, "roles/1/role"), "member");
	assert_string_equal(api_text(now, "attributes/title"), "employeeType");
	assert_string_equal(api_text(now, "schedule"), "90m");
	assert_int_equal(api_int(now, "remove_most"), 3);
	assert_int_equal(api_int(now, "remove_admins_most"), 2);
	assert_int_equal(api_int(now, "remove_admins_share"), 20);
	assert_int_equal(api_int(now, "remove_group_most"), 10);
	assert_int_equal(api_int(now, "remove_group_share"), 7);
	assert_int_equal(api_int(now, "remove_share"), 1);
	assert_string_equal(api_text(now, "state"), "active");
	assert_non_null(api_text(now, "next_due_at"));
	assert_null(strstr(made.text, "hunter2"));
	assert_null(strstr(now.text, "hunter2"));
	assert_null(strstr(api_call(OPERATOR, "GET", at("/audit?limit=1000"), NULL).text, "hunter2"));
	assert_string_equal(api_sql("SELECT count(*)::text FROM rosterd.connection_secrets WHERE "
				    "position('hunter2'::bytea IN sealed) > 0"),
			    "0");
	assert_string_equal(api_sql("SELECT count(*)::text FROM rosterd.connections WHERE settings::text "
				    "LIKE '%hunter2%'"),
			    "0");
	assert_int_equal(api_audited("acme", "connection.created"), 1);
}

static void bad_settings_are_named(void **state)
{
	struct answer answer = make("bad", ",\"settings\":{\"url\":\"ldap://up\",\"user_bse\":\"x\"}");

	(void)state;
	EXPECT(answer, 400, "connection.setting");
	assert_non_null(strstr(api_text(answer, "detail"), "did you mean \"user_base\"?"));
	answer = make("bad", "");
	EXPECT(answer, 400, "connection.required");
	assert_non_null(strstr(api_text(answer, "detail"), "\"url\", \"user_base\""));
	assert_null(strstr(api_text(answer, "detail"), "tls")); /* it has a default */
	EXPECT(make("bad", ",\"settings\":{\"url\":\"u\",\"user_base\":\"b\",\"page_size\":\"many\"}"), 400,
	       "setting.number");
	EXPECT(make("bad", ",\"settings\":{\"url\":[]}"), 400, "connection.setting");
	EXPECT(make("bad", ",\"settings\":[]"), 400, "connection.settings");
	EXPECT(make("bad", ",\"schedule\":\"9s\""), 400, "connection.schedule");
	EXPECT(make("bad", ",\"schedule\":\"daily\""), 400, "connection.schedule");
	EXPECT(make("Bad Name", ""), 400, "connection.name");
	EXPECT(make("bad", ",\"roles\":[{\"group\":\"G\",\"role\":\"owner\"}]"), 400, NULL);
	EXPECT(make("bad", ",\"roles\":[{\"group\":\"\",\"role\":\"admin\"}]"), 400, "connection.roles");
	EXPECT(make("bad", ",\"roles\":{}"), 400, "connection.roles");
	EXPECT(make("bad", ",\"roles\":[1]"), 400, "connection.roles");
	answer = make("bad", ",\"attributes\":{\"titel\":\"x\"}");
	EXPECT(answer, 400, "connection.attributes");
	assert_non_null(strstr(api_text(answer, "detail"), "did you mean \"title\"?"));
	EXPECT(make("bad", ",\"attributes\":{\"title\":7}"), 400, "connection.attributes");
	EXPECT(make("bad", ",\"remove_share\":101"), 400, NULL);
	EXPECT(api_call(acme.tokens[ADMIN], "POST", at("/connections"),
			"{\"plugin\":\"ldpa\",\"name\":\"x\"}"),
	       400, "plugin.unknown");
	EXPECT(api_call(acme.tokens[ADMIN], "POST", at("/connections"),
			"{\"plugin\":\"broken\",\"name\":\"x\"}"),
	       500, "catalog.plugin");
	EXPECT(api_call(acme.tokens[ADMIN], "GET", at("/connections/bad"), NULL), 404, "connection.unknown");
}

static void a_group_stands_once_in_the_roles(void **state)
{
	(void)state;
	EXPECT(make("twice", ",\"settings\":{\"url\":\"u\",\"user_base\":\"b\"},\"roles\":[{\"group\":\"G\","
			     "\"role\":\"admin\"},"
			     "{\"group\":\"G\",\"role\":\"viewer\"}]"),
	       400, "connection.mapping_twice");
	EXPECT(api_call(acme.tokens[ADMIN], "GET", at("/connections/twice"), NULL), 404,
	       "connection.unknown");
}

static void a_name_is_taken_once(void **state)
{
	(void)state;
	EXPECT(make_good("unique"), 201, NULL);
	EXPECT(make_good("unique"), 409, "connection.name_taken");
}

static void only_enterprises_have_connections(void **state)
{
	(void)state;
	EXPECT(api_call(OPERATOR, "POST", "/v1/organisations", "{\"name\":\"Team\",\"type\":\"team\"}"), 201,
	       NULL);
	EXPECT(api_call(OPERATOR, "POST", "/v1/organisations/team/connections",
			"{\"plugin\":\"ldap\",\"name\":\"x\"}"),
	       409, "organisation.no_connections");
	EXPECT(make_good("in-the-way"), 201, NULL);
	EXPECT(api_call(OPERATOR, "PATCH", at(""), "{\"type\":\"team\"}"), 409,
	       "organisation.has_connections");
}

static void what_a_change_does_not_name_stays(void **state)
{
	const char *path = at("/connections/changing");
	struct answer now;

	(void)state;
	EXPECT(make_good("changing"), 201, NULL);
	now = api_call(acme.tokens[ADMIN], "PATCH", path,
		       "{\"settings\":{\"page_size\":null},\"schedule\":\"never\",\"state\":\"paused\"}");
	EXPECT(now, 200, NULL);
	assert_null(api_text(now, "settings/page_size"));
	assert_string_equal(api_text(now, "settings/url"), "ldap://up");
	assert_true(api_bool(now, "settings/bind_password/set"));
	assert_int_equal(api_count(now, "roles"), 2);
	assert_string_equal(api_text(now, "schedule"), "never");
	assert_string_equal(api_text(now, "state"), "paused");
	assert_int_equal(api_int(now, "version"), 2);
	now = api_call(acme.tokens[ADMIN], "PATCH", path,
		       "{\"settings\":{\"bind_password\":null},\"roles\":[]}");
	assert_int_equal(api_count(now, "settings"), 2);
	assert_int_equal(api_count(now, "roles"), 0);
	EXPECT(api_call(acme.tokens[ADMIN], "PATCH", path, "{\"settings\":{\"url\":null}}"), 400,
	       "connection.required");
	EXPECT(api_call(acme.tokens[ADMIN], "PATCH", path, "{\"plugin\":\"ldap\"}"), 400, NULL);
	EXPECT(api_call_with(acme.tokens[ADMIN], "If-Match: \"2\"", "PATCH", path, "{}"), 412,
	       "precondition.changed");
	EXPECT(api_call_with(acme.tokens[ADMIN], "If-Match: \"3\"", "DELETE", path, NULL), 204, NULL);
	EXPECT(api_call(acme.tokens[ADMIN], "GET", path, NULL), 404, "connection.unknown");
	assert_int_equal(api_audited("acme", "connection.changed"), 2);
	assert_int_equal(api_audited("acme", "connection.deleted"), 1);
}

static void a_secret_goes_where_it_was_sent_and_nowhere_else(void **state)
{
	const char *path = at("/connections/led");
	struct answer refused;

	(void)state;
	EXPECT(make_good("led"), 201, NULL);
	refused = api_call(acme.tokens[ADMIN], "PATCH", path, "{\"settings\":{\"url\":\"ldap://thief\"}}");
	EXPECT(refused, 400, "connection.secret_again");
	assert_non_null(
		strstr(api_text(refused, "detail"), "\"url\" decides where the secret \"bind_password\""));
	EXPECT(api_call(OPERATOR, "PATCH", path, "{\"settings\":{\"tls\":\"none\"}}"), 400,
	       "connection.secret_again");
	/* saying what holds anyway, or something else, leads nothing astray */
	EXPECT(api_call(acme.tokens[ADMIN], "PATCH", path,
			"{\"settings\":{\"url\":\"ldap://up\",\"tls\":\"starttls\",\"user_base\":\"dc=y\"}}"),
	       200, NULL);
	EXPECT(api_call(acme.tokens[ADMIN], "PATCH", path,
			"{\"settings\":{\"url\":\"ldap://new\",\"bind_password\":\"again\"}}"),
	       200, NULL);
	EXPECT(api_call(acme.tokens[ADMIN], "PATCH", path,
			"{\"settings\":{\"url\":\"ldap://other\",\"bind_password\":null}}"),
	       200, NULL);
	EXPECT(api_call(acme.tokens[ADMIN], "PATCH", path, "{\"settings\":{\"url\":\"ldap://free\"}}"), 200,
	       NULL);
}

static void sockets_are_the_operators_to_name(void **state)
{
	static const char *const body =
		"{\"plugin\":\"ldap\",\"name\":\"socket\",\"settings\":{\"user_base\":\"dc=x\",\"url\":"
		"\"ldaps://up ldapi://%2Frun%2Frosterd%2Frosterd.sock\"}}";

	(void)state;
	EXPECT(api_call(acme.tokens[ADMIN], "POST", at("/connections"), body), 403, "connection.socket");
	EXPECT(api_call(acme.tokens[OWNER], "POST", at("/connections"), body), 403, "connection.socket");
	EXPECT(api_call(OPERATOR, "POST", at("/connections"), body), 201, NULL);
}

static void a_file_keeps_its_connection(void **state)
{
	struct answer refused;

	(void)state;
	EXPECT(make_good("filed"), 201, NULL);
	api_sql("UPDATE rosterd.connections SET managed_by = '/etc/rosterd/orgs.d/acme.conf' WHERE name = "
		"'filed'");
	refused = api_call(OPERATOR, "PATCH", at("/connections/filed"), "{\"schedule\":\"never\"}");
	EXPECT(refused, 409, "managed_by_file");
	assert_non_null(strstr(api_text(refused, "detail"), "acme.conf"));
	EXPECT(api_call(OPERATOR, "DELETE", at("/connections/filed"), NULL), 409, "managed_by_file");
}

static void a_test_tells_what_the_directory_said(void **state)
{
	struct answer test;

	(void)state;
	EXPECT(make_good("tested"), 201, NULL);
	test = api_call(acme.tokens[ADMIN], "POST", at("/connections/tested/test"), NULL);
	EXPECT(test, 200, NULL);
	assert_true(api_bool(test, "ok"));
	assert_string_equal(api_text(test, "notes/0"), "4 settings");
	assert_string_equal(api_text(test, "notes/1"), "7 bytes of secret");
	EXPECT(api_call(acme.tokens[ADMIN], "PATCH", at("/connections/tested"),
			"{\"settings\":{\"url\":\"ldap://down\",\"bind_password\":\"hunter2\"}}"),
	       200, NULL);
	test = api_call(acme.tokens[ADMIN], "POST", at("/connections/tested/test"), "{}");
	EXPECT(test, 200, NULL);
	assert_false(api_bool(test, "ok"));
	assert_string_equal(api_text(test, "error/code"), "ldap.down");
	EXPECT(api_call(acme.tokens[MEMBER], "POST", at("/connections/tested/test"), NULL), 403,
	       "permission.role");
	EXPECT(api_call(acme.tokens[ADMIN], "POST", at("/connections/none/test"), NULL), 404,
	       "connection.unknown");
}

/* A token that may not list connections is not told their names by asking for runs. */
static void a_name_that_was_meant_is_told_to_who_may_see_it(void **state)
{
	struct answer token = api_call(acme.tokens[ADMIN], "POST", at("/tokens"),
				       "{\"name\":\"runs\",\"role\":\"admin\",\"scopes\":[\"runs:write\"]}"),
		      answer;

	(void)state;
	EXPECT(make_good("telling"), 201, NULL);
	answer = api_call(acme.tokens[ADMIN], "GET", at("/connections/tellnig"), NULL);
	EXPECT(answer, 404, "connection.unknown");
	assert_string_equal(api_text(answer, "detail"),
			    "there is no connection \"tellnig\" here; did you mean \"telling\"?");
	answer = api_call(api_text(token, "token"), "POST", at("/connections/tellnig/runs"), "{}");
	EXPECT(answer, 404, "connection.unknown");
	assert_string_equal(api_text(answer, "detail"), "there is no connection \"tellnig\" here");
	answer = api_call(acme.tokens[ADMIN], "GET", "/v1/plugins/ldpa", NULL);
	EXPECT(answer, 404, "plugin.unknown");
	assert_non_null(strstr(api_text(answer, "detail"), "did you mean \"ldap\"?"));
}

/* ---- runs ---- */

static const char *ask(const char *connection)
{
	struct answer run =
		api_call(acme.tokens[ADMIN], "POST", at(api_format("/connections/%s/runs", connection)),
			 "{\"scope\":\"all\",\"plan_only\":true}");

	EXPECT(run, 202, NULL);
	return api_text(run, "id");
}

static void a_run_is_asked_for_once(void **state)
{
	const char *id;
	struct answer run;

	(void)state;
	EXPECT(make_good("running"), 201, NULL);
	id = ask("running");
	run = api_call(acme.tokens[ADMIN], "GET", at(api_format("/runs/%s", id)), NULL);
	EXPECT(run, 200, NULL);
	assert_string_equal(api_text(run, "state"), "asked");
	assert_string_equal(api_text(run, "connection_name"), "running");
	assert_string_equal(api_text(run, "asked_by"), api_format("member %s", acme.ids[ADMIN]));
	assert_true(api_bool(run, "plan_only"));
	assert_null(api_text(run, "started_at"));
	EXPECT(api_call(acme.tokens[ADMIN], "POST", at("/connections/running/runs"), "{}"), 409,
	       "run.under_way");
	EXPECT(api_call(acme.tokens[ADMIN], "POST", at("/connections/running/runs"), "{\"scope\":\"some\"}"),
	       400, NULL);
	assert_string_equal(api_text(api_call(OPERATOR, "GET", at("/connections/running"), NULL),
				     "last_run/id"),
			    id);
	run = api_call(OPERATOR, "GET", at("/runs?connection=running"), NULL);
	assert_int_equal(api_count(run, "items"), 1);
	EXPECT(api_call(OPERATOR, "GET", at("/runs?connection=none"), NULL), 404, "connection.unknown");
	EXPECT(api_call(OPERATOR, "GET", at("/runs/none"), NULL), 404, "run.unknown");
	assert_int_equal(api_audited("acme", "run.asked"), 1);
}

static void hold(const char *id)
{
	api_sql(api_format("UPDATE rosterd.runs SET state = 'held', held_reason = 'too many', counts = "
			   "'{\"member.suspended\": 9}', "
			   "whole = true, proof = 'all seen' WHERE id = '%s';"
			   "INSERT INTO rosterd.changes SELECT organisation, id, n, 'member.suspended', "
			   "'member', id, 'P' || n, "
			   "'{\"state\": \"active\"}', '{\"state\": \"suspended\"}' FROM rosterd.runs, "
			   "generate_series(1, 9) n "
			   "WHERE id = '%s'",
			   id, id));
}

static void a_held_run_waits_for_an_answer(void **state)
{
	const char *id, *path;
	struct answer run, changes;

	(void)state;
	EXPECT(make_good("holding"), 201, NULL);
	path = at(api_format("/runs/%s", id = ask("holding")));
	EXPECT(api_call(acme.tokens[ADMIN], "POST", api_format("%s/approve", path), NULL), 409,
	       "run.not_held");
	hold(id);
	run = api_call(acme.tokens[ADMIN], "GET", path, NULL);
	assert_string_equal(api_text(run, "held_reason"), "too many");
	assert_int_equal(api_int(run, "counts/member.suspended"), 9);
	assert_true(api_bool(run, "whole"));
	changes = api_call(acme.tokens[ADMIN], "GET", api_format("%s/changes?limit=4&after=4", path), NULL);
	assert_int_equal(api_count(changes, "items"), 4);
	assert_int_equal(api_int(changes, "items/0/seq"), 5);
	assert_string_equal(api_text(changes, "items/0/before/state"), "active");
	assert_string_equal(api_text(changes, "next"), "8");
	EXPECT(api_call(acme.tokens[ADMIN], "POST", at("/connections/holding/runs"), "{}"), 409, "run.held");
	EXPECT(api_call(acme.tokens[MEMBER], "POST", api_format("%s/approve", path), NULL), 403,
	       "permission.role");
	run = api_call(acme.tokens[ADMIN], "POST", api_format("%s/approve", path), NULL);
	EXPECT(run, 200, NULL);
	assert_string_equal(api_text(run, "state"), "reconciling");
	assert_string_equal(api_text(run, "approved_by"), api_format("member %s", acme.ids[ADMIN]));
	assert_int_equal(api_audited("acme", "run.approved"), 1);
}

static void a_held_run_can_be_dropped(void **state)
{
	const char *id;
	struct answer run;

	(void)state;
	EXPECT(make_good("dropping"), 201, NULL);
	hold(id = ask("dropping"));
	run = api_call(OPERATOR, "POST", at(api_format("/runs/%s/drop", id)), NULL);
	EXPECT(run, 200, NULL);
	assert_string_equal(api_text(run, "state"), "dropped");
	assert_string_equal(api_text(run, "error/code"), "run.dropped");
	EXPECT(api_call(OPERATOR, "POST", at(api_format("/runs/%s/drop", id)), NULL), 409, "run.not_held");
	assert_int_equal(api_audited("acme", "run.dropped"), 1);
	ask("dropping");
}

static void whom_it_could_not_take_is_shown(void **state)
{
	struct answer refused;

	(void)state;
	EXPECT(make_good("refusing"), 201, NULL);
	api_sql("INSERT INTO rosterd.refusals (organisation, connection, remote_id, code, reason, run) "
		"SELECT organisation, id, r, 'email.none', 'no address', id FROM rosterd.connections, "
		"unnest('{b,a,c}'::text[]) r WHERE name = 'refusing'");
	refused = api_call(acme.tokens[ADMIN], "GET", at("/connections/refusing/refused?limit=2"), NULL);
	EXPECT(refused, 200, NULL);
	assert_int_equal(api_count(refused, "items"), 2);
	assert_string_equal(api_text(refused, "items/0/remote_id"), "a");
	assert_string_equal(api_text(refused, "items/0/reason"), "no address");
	assert_string_equal(api_text(refused, "next"), "b");
}

static int start(void **state)
{
	api_start(state);
	acme = api_cast("acme");
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(plugins_are_described),
		cmocka_unit_test(a_connection_is_made_and_shown_without_its_secret),
		cmocka_unit_test(bad_settings_are_named),
		cmocka_unit_test(a_group_stands_once_in_the_roles),
		cmocka_unit_test(a_name_is_taken_once),
		cmocka_unit_test(only_enterprises_have_connections),
		cmocka_unit_test(what_a_change_does_not_name_stays),
		cmocka_unit_test(a_secret_goes_where_it_was_sent_and_nowhere_else),
		cmocka_unit_test(sockets_are_the_operators_to_name),
		cmocka_unit_test(a_file_keeps_its_connection),
		cmocka_unit_test(a_test_tells_what_the_directory_said),
		cmocka_unit_test(a_name_that_was_meant_is_told_to_who_may_see_it),
		cmocka_unit_test(a_run_is_asked_for_once),
		cmocka_unit_test(a_held_run_waits_for_an_answer),
		cmocka_unit_test(a_held_run_can_be_dropped),
		cmocka_unit_test(whom_it_could_not_take_is_shown),
	};

	return cmocka_run_group_tests_name("flows/connections", tests, start, api_stop);
}
