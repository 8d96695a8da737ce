/* What holds for every address: who asks, what is refused before anybody looks, how answers are shaped, and
 * what is recorded. */
#include "flows/api.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static struct cast acme;

static const char *const OPERATOR = NULL;
static const char *const NOBODY = "";

static void anybody_may_ask_for_health(void **state)
{
	struct answer answer = api_call(NOBODY, "GET", "/healthz", NULL);

	(void)state;
	EXPECT(answer, 200, NULL);
	assert_string_equal(api_text(answer, "status"), "ok");
	assert_string_equal(api_text(answer, "version"), "test");
}

static void nobody_gets_in_without_a_name(void **state)
{
	struct answer answer = api_call(NOBODY, "GET", "/v1/whoami", NULL);

	(void)state;
	EXPECT(answer, 401, "access.none");
	assert_non_null(strstr(answer.head, "WWW-Authenticate: Bearer"));
	assert_non_null(strstr(answer.head, "application/problem+json"));
	EXPECT(api_call(NOBODY, "GET", "/v1/organisations/acme", NULL), 401, "access.none");
	EXPECT(api_call(NOBODY, "GET", "/v1/organisations/none", NULL), 401, "access.none");
}

static void a_token_must_be_good(void **state)
{
	const char *good = acme.tokens[0];
	char *almost = strdup(good);
	size_t last = strlen(almost) - 1;

	(void)state;
	almost[last] = almost[last] == 'A' ? 'B' : 'A';
	EXPECT(api_call(almost, "GET", "/v1/whoami", NULL), 401, "access.token");
	EXPECT(api_call("rst_", "GET", "/v1/whoami", NULL), 401, "access.token");
	EXPECT(api_call("nonsense", "GET", "/v1/whoami", NULL), 401, "access.token");
	EXPECT(api_call(good, "GET", "/v1/whoami", NULL), 200, NULL);
	free(almost);
}

static void one_is_told_who_one_is(void **state)
{
	struct answer answer = api_call(OPERATOR, "GET", "/v1/whoami", NULL);

	(void)state;
	assert_string_equal(api_text(answer, "kind"), "operator");
	assert_null(api_text(answer, "organisation"));
	answer = api_call(acme.tokens[2], "GET", "/v1/whoami", NULL);
	assert_string_equal(api_text(answer, "kind"), "token");
	assert_string_equal(api_text(answer, "role"), "member");
	assert_string_equal(api_text(answer, "member"), acme.ids[2]);
	assert_non_null(api_text(answer, "organisation"));
}

static void a_token_speaks_with_the_role_of_now(void **state)
{
	struct cast cast = api_cast("changing");
	const char *path = api_format("/v1/organisations/changing/members/%s", cast.ids[2]);

	(void)state;
	EXPECT(api_call(OPERATOR, "PATCH", path, "{\"role\":\"viewer\"}"), 200, NULL);
	assert_string_equal(api_text(api_call(cast.tokens[2], "GET", "/v1/whoami", NULL), "role"), "viewer");
	EXPECT(api_call(OPERATOR, "PATCH", path, "{\"state\":\"suspended\"}"), 200, NULL);
	EXPECT(api_call(cast.tokens[2], "GET", "/v1/whoami", NULL), 401, "access.token");
	EXPECT(api_call(OPERATOR, "PATCH", path, "{\"state\":\"active\"}"), 200, NULL);
	EXPECT(api_call(cast.tokens[2], "GET", "/v1/whoami", NULL), 200, NULL);
	EXPECT(api_call(OPERATOR, "DELETE", path, NULL), 200, NULL);
	EXPECT(api_call(cast.tokens[2], "GET", "/v1/whoami", NULL), 401, "access.token");
}

static void tokens_expire_and_are_revoked(void **state)
{
	struct answer made =
		api_call(OPERATOR, "POST", "/v1/tokens", "{\"name\":\"ci\",\"expires_in\":\"30d\"}");
	const char *token = api_text(made, "token"), *id = api_text(made, "id");

	(void)state;
	EXPECT(made, 201, NULL);
	assert_true(text_begins(token, "rst_"));
	assert_string_equal(api_text(api_call(token, "GET", "/v1/whoami", NULL), "role"), "operator");
	assert_null(strstr(api_call(OPERATOR, "GET", "/v1/tokens", NULL).text, token));
	EXPECT(api_call(token, "DELETE", api_format("/v1/tokens/%s", id), NULL), 204, NULL);
	EXPECT(api_call(token, "GET", "/v1/whoami", NULL), 401, "access.token");
	EXPECT(api_call(OPERATOR, "DELETE", api_format("/v1/tokens/%s", id), NULL), 404, "token.unknown");
	EXPECT(api_call(OPERATOR, "DELETE", "/v1/tokens/nonsense", NULL), 404, "token.unknown");
	EXPECT(api_call(OPERATOR, "POST", "/v1/tokens", "{\"name\":\"x\",\"expires_in\":\"soon\"}"), 400,
	       "token.expires_in");
	EXPECT(api_call(OPERATOR, "POST", "/v1/tokens", "{\"name\":\"x\",\"expires_in\":\"9999w\"}"), 400,
	       "token.expires_in");
	EXPECT(api_call(OPERATOR, "POST", "/v1/tokens", "{\"name\":\"x\",\"role\":\"admin\"}"), 400, NULL);
}

static void a_token_that_has_expired_is_not_good(void **state)
{
	struct answer made = api_call(OPERATOR, "POST", "/v1/organisations/acme/tokens",
				      "{\"name\":\"short\",\"role\":\"admin\",\"expires_in\":\"1ms\"}");

	(void)state;
	EXPECT(made, 201, NULL);
	EXPECT(api_call(api_text(made, "token"), "GET", "/v1/whoami", NULL), 401, "access.token");
}

static void the_operators_tokens_have_a_chain_of_their_own(void **state)
{
	struct answer audit;

	(void)state;
	EXPECT(api_call(OPERATOR, "POST", "/v1/tokens", "{\"name\":\"audited\"}"), 201, NULL);
	audit = api_call(OPERATOR, "GET", "/v1/audit?limit=1", NULL);
	EXPECT(audit, 200, NULL);
	assert_string_equal(api_text(audit, "items/0/action"), "token.created");
	assert_string_equal(api_text(audit, "items/0/target_name"), "audited");
	assert_string_equal(api_text(audit, "items/0/actor_kind"), "operator");
}

static void services_speak_for_themselves(void **state)
{
	struct answer made = api_call(acme.tokens[0], "POST", "/v1/organisations/acme/tokens",
				      "{\"name\":\"gateway\",\"role\":\"admin\"}");
	struct answer both = api_call(acme.tokens[0], "POST", "/v1/organisations/acme/tokens",
				      "{\"name\":\"x\",\"role\":\"admin\",\"member\":\"a@b.example\"}");

	(void)state;
	EXPECT(made, 201, NULL);
	EXPECT(both, 400, "token.speaker");
	EXPECT(api_call(acme.tokens[0], "POST", "/v1/organisations/acme/tokens", "{\"name\":\"x\"}"), 400,
	       "token.speaker");
	EXPECT(api_call(acme.tokens[0], "POST", "/v1/organisations/acme/tokens",
			"{\"name\":\"x\",\"role\":\"owner\"}"),
	       400, NULL);
	EXPECT(api_call(api_text(made, "token"), "PATCH", "/v1/organisations/acme", "{\"name\":\"Acme 2\"}"),
	       200, NULL);
	made = api_call(OPERATOR, "GET", "/v1/organisations/acme/audit?limit=1", NULL);
	assert_string_equal(api_text(made, "items/0/actor_kind"), "service");
}

static void what_does_not_exist_is_said(void **state)
{
	struct answer answer = api_call(OPERATOR, "DELETE", "/v1/organisations", NULL);

	(void)state;
	EXPECT(api_call(OPERATOR, "GET", "/v1/nothing", NULL), 404, NULL);
	EXPECT(api_call(OPERATOR, "POST", "/v1/nothing", "{}"), 404, NULL);
	EXPECT(answer, 405, "http.method");
	assert_non_null(strstr(answer.head, "Allow: "));
	EXPECT(api_call(OPERATOR, "GET", "/v1/organisations/none", NULL), 404, "organisation.unknown");
	EXPECT(api_call(OPERATOR, "GET", "/v1/organisations/01890000-0000-7000-8000-000000000000", NULL), 404,
	       "organisation.unknown");
}

static void every_answer_has_its_own_number(void **state)
{
	struct answer good = api_call(OPERATOR, "GET", "/v1/whoami", NULL);
	struct answer bad = api_call(OPERATOR, "GET", "/v1/organisations/none", NULL);

	(void)state;
	assert_non_null(strstr(good.head, "X-Request-Id: "));
	assert_non_null(strstr(good.head, "Cache-Control: no-store"));
	assert_non_null(strstr(bad.head, api_format("X-Request-Id: %s", api_text(bad, "request"))));
	assert_string_equal(api_text(bad, "type"), "urn:rosterd:error:organisation.unknown");
}

static void unknown_parameters_are_refused(void **state)
{
	struct answer answer = api_call(OPERATOR, "GET", "/v1/organisations/acme/members?stat=active", NULL);

	(void)state;
	EXPECT(answer, 400, "request.parameter");
	assert_non_null(strstr(api_text(answer, "detail"), "did you mean \"state\"?"));
	answer = api_call(OPERATOR, "GET", "/v1/organisations/acme/members?state=activ", NULL);
	EXPECT(answer, 400, "request.parameter");
	assert_non_null(strstr(api_text(answer, "detail"), "did you mean \"active\"?"));
	EXPECT(api_call(OPERATOR, "GET", "/healthz?x=1", NULL), 400, "request.parameter");
	answer = api_call(OPERATOR, "GET", "/v1/organisations/acme/members?role=owner", NULL);
	EXPECT(answer, 200, NULL);
	answer = api_call(OPERATOR, "GET", "/v1/organisations/acme/members?role=xyzzy", NULL);
	EXPECT(answer, 400, "request.parameter");
	assert_non_null(strstr(api_text(answer, "detail"), "\"viewer\" is expected"));
	answer = api_call(OPERATOR, "GET", "/v1/organisations/acme/members?limit=1&state=active&limit=3",
			  NULL);
	EXPECT(answer, 400, "request.parameter");
	assert_string_equal(api_text(answer, "detail"),
			    "the parameter \"limit\" came 2 times; once is expected");
}

static void bodies_are_read_strictly(void **state)
{
	static const char path[] = "/v1/organisations";
	struct answer answer =
		api_call(OPERATOR, "POST", path, "{\"name\":\"X\",\"type\":\"team\",\"slugg\":\"x\"}");

	(void)state;
	EXPECT(answer, 400, NULL);
	assert_non_null(strstr(api_text(answer, "detail"), "slugg"));
	EXPECT(api_call(OPERATOR, "POST", path, NULL), 400, "request.body");
	EXPECT(api_call(OPERATOR, "POST", path, "{"), 400, NULL);
	EXPECT(api_call(OPERATOR, "POST", path, "[]"), 400, NULL);
	EXPECT(api_call(OPERATOR, "POST", path, "{\"type\":\"team\"}"), 400, NULL);
	EXPECT(api_call(OPERATOR, "POST", path, "{\"name\":7,\"type\":\"team\"}"), 400, NULL);
	EXPECT(api_call(OPERATOR, "POST", path, "{\"name\":\"X\",\"type\":\"tem\"}"), 400, NULL);
	EXPECT(api_call(OPERATOR, "POST", path, "{\"name\":\"X\",\"name\":\"Y\",\"type\":\"team\"}"), 400,
	       NULL);
}

static void a_body_has_its_most(void **state)
{
	char *large = malloc(KB(8));

	(void)state;
	memset(large, ' ', KB(8) - 1);
	large[KB(8) - 1] = '\0';
	EXPECT(api_call(OPERATOR, "POST", "/v1/organisations", large), 413, NULL);
	free(large);
}

static void versions_are_compared(void **state)
{
	static const char path[] = "/v1/organisations/versions";
	struct answer now;
	const char *tag;

	(void)state;
	EXPECT(api_call(OPERATOR, "POST", "/v1/organisations",
			"{\"name\":\"V\",\"slug\":\"versions\",\"type\":\"team\"}"),
	       201, NULL);
	now = api_call(OPERATOR, "GET", path, NULL);
	assert_int_equal(api_int(now, "version"), 1);
	assert_non_null(strstr(now.head, "ETag: \"1-"));
	tag = "If-Match: \"7\"";
	EXPECT(api_call_with(OPERATOR, tag, "PATCH", path, "{\"name\":\"W\"}"), 412, "precondition.changed");
	EXPECT(api_call_with(OPERATOR, "If-Match: W/\"1\"", "PATCH", path, "{\"name\":\"W\"}"), 412,
	       "precondition.changed");
	EXPECT(api_call_with(OPERATOR, "If-Match: \"11\"", "PATCH", path, "{\"name\":\"W\"}"), 412,
	       "precondition.changed");
	EXPECT(api_call_with(OPERATOR, "If-Match: \"0\" , \"1\"", "PATCH", path, "{\"name\":\"W\"}"), 200,
	       NULL);
	EXPECT(api_call_with(OPERATOR, "If-Match: *", "PATCH", path, "{\"name\":\"Z\"}"), 200, NULL);
	now = api_call(OPERATOR, "GET", path, NULL);
	assert_int_equal(api_int(now, "version"), 3);
	assert_string_equal(api_text(now, "name"), "Z");
}

static void lists_come_in_pages(void **state)
{
	const char *path = "/v1/organisations/acme/members?limit=3";
	struct answer page = api_call(OPERATOR, "GET", path, NULL);
	const char *last = api_text(page, "items/2/id");

	(void)state;
	EXPECT(page, 200, NULL);
	assert_int_equal(api_count(page, "items"), 3);
	assert_string_equal(api_text(page, "next"), last);
	page = api_call(OPERATOR, "GET", api_format("%s&after=%s", path, last), NULL);
	assert_int_equal(api_count(page, "items"), 1);
	assert_null(api_text(page, "next"));
	EXPECT(api_call(OPERATOR, "GET", "/v1/organisations/acme/members?limit=0", NULL), 400,
	       "request.limit");
	EXPECT(api_call(OPERATOR, "GET", "/v1/organisations/acme/members?limit=1001", NULL), 400,
	       "request.limit");
	EXPECT(api_call(OPERATOR, "GET", "/v1/organisations/acme/members?limit=x", NULL), 400,
	       "request.limit");
	EXPECT(api_call(OPERATOR, "GET", "/v1/organisations/acme/members?after=x", NULL), 400,
	       "request.after");
	EXPECT(api_call(OPERATOR, "GET", "/v1/organisations/acme/audit?after=x", NULL), 400, "request.after");
}

static void a_denied_attempt_is_recorded_and_a_denied_look_is_not(void **state)
{
	size_t before = api_audited("acme", "access.denied");
	struct answer audit;

	(void)state;
	EXPECT(api_call(acme.tokens[3], "GET", "/v1/organisations/acme/audit", NULL), 403, "permission.role");
	assert_int_equal(api_audited("acme", "access.denied"), before);
	EXPECT(api_call(acme.tokens[3], "PATCH", "/v1/organisations/acme", "{\"name\":\"Mine\"}"), 403,
	       "permission.role");
	assert_int_equal(api_audited("acme", "access.denied"), before + 1);
	audit = api_call(OPERATOR, "GET", "/v1/organisations/acme/audit?limit=1&action=access.denied", NULL);
	assert_string_equal(api_text(audit, "items/0/actor"), acme.ids[3]);
	assert_string_equal(api_text(audit, "items/0/target"), "PATCH /v1/organisations/{organisation}");
	assert_string_equal(api_text(audit, "items/0/after/code"), "permission.role");
	assert_string_equal(api_text(audit, "items/0/ip"), "127.0.0.1");
}

static void the_audit_is_filtered(void **state)
{
	static const char base[] = "/v1/organisations/acme/audit";
	struct answer all = api_call(OPERATOR, "GET", api_format("%s?limit=1000", base), NULL);
	const char *at = api_text(all, "items/0/at");
	struct answer some;

	(void)state;
	assert_true(api_int(all, "items/0/id") > api_int(all, "items/1/id"));
	some = api_call(OPERATOR, "GET",
			api_format("%s?target=%s&action=member.role_changed", base, acme.ids[0]), NULL);
	assert_int_equal(api_count(some, "items"), 1);
	assert_string_equal(api_text(some, "items/0/before/role"), "member");
	assert_string_equal(api_text(some, "items/0/after/role"), "owner");
	assert_int_equal(api_count(api_call(OPERATOR, "GET",
					    api_format("%s?since=2999-01-01T00:00:00Z", base), NULL),
				   "items"),
			 0);
	some = api_call(OPERATOR, "GET", api_format("%s?limit=1000&until=%s", base, at), NULL);
	assert_int_equal(api_count(some, "items"), api_count(all, "items") - 1);
	EXPECT(api_call(OPERATOR, "GET", api_format("%s?since=yesterday", base), NULL), 400,
	       "request.parameter");
}

static void a_suspended_organisation_can_only_be_read(void **state)
{
	struct cast cast = api_cast("resting");

	(void)state;
	EXPECT(api_call(cast.tokens[0], "PATCH", "/v1/organisations/resting", "{\"state\":\"suspended\"}"),
	       403, "permission.operator");
	EXPECT(api_call(OPERATOR, "PATCH", "/v1/organisations/resting", "{\"state\":\"suspended\"}"), 200,
	       NULL);
	EXPECT(api_call(cast.tokens[0], "GET", "/v1/organisations/resting/members", NULL), 200, NULL);
	EXPECT(api_call(cast.tokens[0], "PATCH", "/v1/organisations/resting", "{\"name\":\"X\"}"), 403,
	       "permission.suspended");
	EXPECT(api_call(OPERATOR, "PATCH", "/v1/organisations/resting", "{\"state\":\"active\"}"), 200, NULL);
	EXPECT(api_call(cast.tokens[0], "PATCH", "/v1/organisations/resting", "{\"name\":\"X\"}"), 200, NULL);
}

static void who_is_suspended_may_nothing(void **state)
{
	const char *member = api_format("/v1/organisations/acme/members/%s", acme.ids[2]);
	struct answer answer;

	(void)state;
	EXPECT(api_call(OPERATOR, "PATCH", member, "{\"state\":\"suspended\"}"), 200, NULL);
	answer = api_call(acme.tokens[0], "POST", "/v1/organisations/acme/check",
			  api_format("{\"permission\":\"use_api\",\"member\":\"%s\"}", acme.ids[2]));
	EXPECT(answer, 200, NULL);
	assert_false(api_bool(answer, "allowed"));
	assert_string_equal(api_text(answer, "code"), "permission.not_active");
	EXPECT(api_call(OPERATOR, "PATCH", member, "{\"state\":\"active\"}"), 200, NULL);
}

static void a_body_is_json(void **state)
{
	struct answer answer = api_call_with(OPERATOR, "Content-Type: text/xml", "POST", "/v1/organisations",
					     "{\"name\":\"X\",\"type\":\"team\"}");

	(void)state;
	EXPECT(answer, 400, "request.content_type");
	assert_non_null(strstr(api_text(answer, "detail"), "\"application/json\" is expected"));
}

static void permissions_of_others_can_be_asked(void **state)
{
	static const char path[] = "/v1/organisations/acme/check";
	struct answer answer;

	(void)state;
	answer = api_call(acme.tokens[0], "POST", path,
			  api_format("{\"permission\":\"use_api\",\"member\":\"%s\"}", acme.ids[3]));
	EXPECT(answer, 200, NULL);
	assert_false(api_bool(answer, "allowed"));
	answer = api_call(acme.tokens[3], "POST", path,
			  api_format("{\"permission\":\"use_api\",\"member\":\"member@acme.example\"}"));
	EXPECT(answer, 200, NULL);
	assert_true(api_bool(answer, "allowed"));
	answer = api_call(acme.tokens[0], "POST", path, "{\"permission\":\"use_apy\"}");
	EXPECT(answer, 400, "permission.unknown");
	assert_non_null(strstr(api_text(answer, "detail"), "did you mean \"use_api\"?"));
	EXPECT(api_call(acme.tokens[0], "POST", path,
			"{\"permission\":\"use_api\",\"member\":\"no@where.example\"}"),
	       404, "member.unknown");
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
		cmocka_unit_test(anybody_may_ask_for_health),
		cmocka_unit_test(nobody_gets_in_without_a_name),
		cmocka_unit_test(a_token_must_be_good),
		cmocka_unit_test(one_is_told_who_one_is),
		cmocka_unit_test(a_token_speaks_with_the_role_of_now),
		cmocka_unit_test(tokens_expire_and_are_revoked),
		cmocka_unit_test(a_token_that_has_expired_is_not_good),
		cmocka_unit_test(the_operators_tokens_have_a_chain_of_their_own),
		cmocka_unit_test(services_speak_for_themselves),
		cmocka_unit_test(what_does_not_exist_is_said),
		cmocka_unit_test(every_answer_has_its_own_number),
		cmocka_unit_test(unknown_parameters_are_refused),
		cmocka_unit_test(bodies_are_read_strictly),
		cmocka_unit_test(a_body_has_its_most),
		cmocka_unit_test(versions_are_compared),
		cmocka_unit_test(lists_come_in_pages),
		cmocka_unit_test(a_denied_attempt_is_recorded_and_a_denied_look_is_not),
		cmocka_unit_test(the_audit_is_filtered),
		cmocka_unit_test(a_suspended_organisation_can_only_be_read),
		cmocka_unit_test(who_is_suspended_may_nothing),
		cmocka_unit_test(a_body_is_json),
		cmocka_unit_test(permissions_of_others_can_be_asked),
	};

	return cmocka_run_group_tests_name("flows/exchange", tests, start, api_stop);
}
