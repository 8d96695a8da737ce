/* The life of an organisation: settings, slugs that it had, its end and its return. */
#include "flows/api.h"

#include <string.h>

#include "base/text.h"

enum { OWNER, ADMIN, MEMBER, VIEWER };

static struct cast acme;

static const char *const OPERATOR = NULL;

static const char *org(const char *slug)
{
	return api_format("/v1/organisations/%s", slug);
}

static const char *restore(const char *slug)
{
	return api_format("/v1/organisations/%s/restore", slug);
}

static struct answer set(const char *by, const char *slug, const char *body)
{
	return api_call(by, "PATCH", org(slug), body);
}

/* ---- slugs ---- */

static void a_former_slug_still_leads_here(void **state)
{
	struct cast cast = api_cast("before");
	struct answer now;

	(void)state;
	EXPECT(set(cast.tokens[ADMIN], "before", "{\"slug\":\"after\"}"), 200, NULL);
	now = api_call(cast.tokens[VIEWER], "GET", org("before"), NULL);
	EXPECT(now, 200, NULL);
	assert_string_equal(api_text(now, "slug"), "after");
	assert_int_equal(api_count(now, "former_slugs"), 1);
	assert_string_equal(api_text(now, "former_slugs/0"), "before");
	EXPECT(api_call(acme.tokens[OWNER], "GET", org("before"), NULL), 404, "organisation.unknown");
}

static void nobody_else_gets_it(void **state)
{
	struct answer answer = api_call(OPERATOR, "POST", "/v1/organisations",
					"{\"name\":\"Before\",\"slug\":\"before\",\"type\":\"team\"}");

	(void)state;
	EXPECT(answer, 409, "organisation.slug_taken");
	EXPECT(set(acme.tokens[OWNER], "acme", "{\"slug\":\"before\"}"), 409, "organisation.slug_taken");
	EXPECT(set(OPERATOR, "after", "{\"slug\":\"before\"}"), 200, NULL);
	EXPECT(set(OPERATOR, "before", "{\"slug\":\"acme\"}"), 409, "organisation.slug_taken");
	assert_string_equal(api_text(api_call(OPERATOR, "GET", org("after"), NULL), "slug"), "before");
}

static void it_keeps_only_so_many(void **state)
{
	(void)state;
	api_cast("many0");
	for (int i = 1; i < 10; i++)
		EXPECT(set(OPERATOR, "many0", api_format("{\"slug\":\"many%d\"}", i)), 200, NULL);
	EXPECT(set(OPERATOR, "many0", "{\"slug\":\"many10\"}"), 413, "limit.slugs");
	EXPECT(set(OPERATOR, "many9", "{\"slug\":\"many3\"}"), 200, NULL);
	EXPECT(api_call(OPERATOR, "POST", "/v1/organisations",
			"{\"name\":\"M\",\"slug\":\"many10\",\"type\":\"team\"}"),
	       201, NULL);
}

/* ---- settings ---- */

static void retention_has_its_bounds(void **state)
{
	struct answer now = set(acme.tokens[ADMIN], "acme", "{\"retention_days\":90}");

	(void)state;
	EXPECT(now, 200, NULL);
	assert_int_equal(api_int(now, "retention_days"), 90);
	EXPECT(set(acme.tokens[ADMIN], "acme", "{\"retention_days\":6}"), 400, "json.field");
	EXPECT(set(acme.tokens[ADMIN], "acme", "{\"retention_days\":3651}"), 400, "json.field");
	EXPECT(set(acme.tokens[MEMBER], "acme", "{\"retention_days\":30}"), 403, "permission.role");
}

/* ---- the end ---- */

static const char *state_of(const char *slug)
{
	return api_sql(api_format("SELECT o.state FROM organisations o WHERE slug = '%s'", slug));
}

static void the_owner_alone_deletes(void **state)
{
	struct cast cast = api_cast("ending");
	struct answer gone;

	(void)state;
	for (size_t i = ADMIN; i <= VIEWER; i++)
		EXPECT(api_call(cast.tokens[i], "DELETE", org("ending"), NULL), 403, "permission.role");
	EXPECT(api_call(acme.tokens[OWNER], "DELETE", org("ending"), NULL), 404, "organisation.unknown");
	EXPECT(api_call(OPERATOR, "DELETE", org("ending"), NULL), 403, "organisation.owned");
	EXPECT(api_call_with(cast.tokens[OWNER], "If-Match: \"9\"", "DELETE", org("ending"), NULL), 412,
	       "precondition.changed");
	gone = api_call(cast.tokens[OWNER], "DELETE", org("ending"), NULL);
	EXPECT(gone, 200, NULL);
	assert_string_equal(api_text(gone, "state"), "deleted");
	assert_non_null(api_text(gone, "deleted_at"));
	assert_true(strcmp(api_text(gone, "purge_after"), api_text(gone, "deleted_at")) > 0);
}

static void what_is_deleted_is_hidden_from_everybody(void **state)
{
	struct cast cast = api_cast("hidden");
	struct answer list;

	(void)state;
	EXPECT(api_call(cast.tokens[OWNER], "DELETE", org("hidden"), NULL), 200, NULL);
	EXPECT(api_call(cast.tokens[OWNER], "GET", org("hidden"), NULL), 401, "access.token");
	EXPECT(api_call(cast.tokens[OWNER], "GET", "/v1/whoami", NULL), 401, "access.token");
	EXPECT(api_call(OPERATOR, "GET", org("hidden"), NULL), 404, "organisation.unknown");
	EXPECT(api_call(OPERATOR, "GET", "/v1/organisations/hidden/members", NULL), 404,
	       "organisation.unknown");
	EXPECT(set(OPERATOR, "hidden", "{\"state\":\"active\"}"), 404, "organisation.unknown");
	EXPECT(api_call(OPERATOR, "DELETE", org("hidden"), NULL), 404, "organisation.unknown");
	EXPECT(api_call(OPERATOR, "POST", "/v1/organisations",
			"{\"name\":\"H\",\"slug\":\"hidden\",\"type\":\"team\"}"),
	       409, "organisation.slug_taken");
	list = api_call(OPERATOR, "GET", "/v1/organisations?limit=1000", NULL);
	assert_null(strstr(list.text, "\"hidden\""));
	list = api_call(OPERATOR, "GET", "/v1/organisations?state=deleted", NULL);
	assert_non_null(strstr(list.text, "\"hidden\""));
	EXPECT(api_call(acme.tokens[OWNER], "GET", "/v1/organisations?state=deleted", NULL), 403,
	       "permission.operator");
	EXPECT(api_call(OPERATOR, "GET", "/v1/organisations?state=gone", NULL), 400, "request.parameter");
}

static void the_operator_restores(void **state)
{
	struct cast cast = api_cast("back");

	(void)state;
	EXPECT(api_call(OPERATOR, "POST", restore("back"), NULL), 404, "organisation.not_deleted");
	EXPECT(api_call(OPERATOR, "POST", restore("00000000-0000-0000-0000-000000000000"), NULL), 404,
	       "organisation.not_deleted");
	EXPECT(api_call(cast.tokens[OWNER], "DELETE", org("back"), NULL), 200, NULL);
	EXPECT(api_call(acme.tokens[OWNER], "POST", restore("back"), NULL), 403, "permission.operator");
	EXPECT(api_call(OPERATOR, "POST", restore("back"), NULL), 200, NULL);
	EXPECT(api_call(cast.tokens[OWNER], "GET", org("back"), NULL), 200, NULL);
	assert_int_equal(api_audited("back", "organisation.deleted"), 1);
	assert_int_equal(api_audited("back", "organisation.restored"), 1);
}

static void the_operator_deletes_in_two_steps_and_restores_the_first(void **state)
{
	(void)state;
	api_cast("twice");
	EXPECT(set(OPERATOR, "twice", "{\"state\":\"suspended\"}"), 200, NULL);
	EXPECT(api_call(OPERATOR, "DELETE", org("twice"), NULL), 200, NULL);
	EXPECT(api_call(OPERATOR, "POST", restore("twice"), NULL), 200, NULL);
	assert_string_equal(state_of("twice"), "suspended");
	EXPECT(api_call(OPERATOR, "POST", "/v1/organisations",
			"{\"name\":\"N\",\"slug\":\"nobodys\",\"type\":\"team\"}"),
	       201, NULL);
	EXPECT(api_call(OPERATOR, "DELETE", org("nobodys"), NULL), 200, NULL);
}

static void a_file_keeps_its_organisation(void **state)
{
	struct cast cast = api_cast("filed");
	struct answer refused;

	(void)state;
	api_sql("UPDATE organisations SET managed_by = 'filed.conf' WHERE slug = 'filed'; INSERT INTO managed (organisation, kind, target, line) "
		"SELECT organisation, 'organisation', organisation::text, 7 FROM organisations WHERE slug = 'filed'");
	refused = api_call(cast.tokens[OWNER], "DELETE", org("filed"), NULL);
	EXPECT(refused, 409, "managed_by_file");
	assert_non_null(strstr(api_text(refused, "detail"), "a file of the operator"));
	assert_null(strstr(api_text(refused, "detail"), "filed.conf"));
	assert_string_equal(api_text(api_call(cast.tokens[OWNER], "GET", org("filed"), NULL), "managed_by"), "a file of the operator");
	assert_string_equal(api_text(api_call(OPERATOR, "GET", org("filed"), NULL), "managed_by"), "filed.conf");
	assert_int_equal(api_int(api_call(OPERATOR, "GET", org("filed"), NULL), "managed_line"), 7);
	assert_int_equal(api_int(api_call(cast.tokens[OWNER], "GET", org("filed"), NULL), "managed_line"), 0);
}

static void what_runs_for_it_ends(void **state)
{
	struct cast cast = api_cast("running");

	(void)state;
	EXPECT(api_call(cast.tokens[OWNER], "POST", "/v1/organisations/running/connections",
			"{\"plugin\":\"ldap\",\"name\":\"people\",\"settings\":{\"url\":\"ldap://"
			"up\",\"user_base\":\"dc=x\",\"bind_password\":\"hunter2\"}}"),
	       201, NULL);
	EXPECT(api_call(cast.tokens[OWNER], "POST", "/v1/organisations/running/connections/people/runs",
			NULL),
	       202, NULL);
	EXPECT(api_call(cast.tokens[OWNER], "DELETE", org("running"), NULL), 200, NULL);
	assert_string_equal(
		api_sql("SELECT r.state || ' ' || r.error_code FROM runs r JOIN organisations o USING "
			"(organisation) WHERE o.slug = 'running'"),
		"dropped organisation.deleted");
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
		cmocka_unit_test(a_former_slug_still_leads_here),
		cmocka_unit_test(nobody_else_gets_it),
		cmocka_unit_test(it_keeps_only_so_many),
		cmocka_unit_test(retention_has_its_bounds),
		cmocka_unit_test(the_owner_alone_deletes),
		cmocka_unit_test(what_is_deleted_is_hidden_from_everybody),
		cmocka_unit_test(the_operator_restores),
		cmocka_unit_test(the_operator_deletes_in_two_steps_and_restores_the_first),
		cmocka_unit_test(a_file_keeps_its_organisation),
		cmocka_unit_test(what_runs_for_it_ends),
	};

	return cmocka_run_group_tests_name("flows/organisations", tests, start, api_stop);
}
