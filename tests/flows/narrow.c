/* Tokens that may less than their role: scopes, networks, makers who are gone; and how many there may be. */
#include "flows/api.h"

#include <string.h>

#include "base/text.h"

enum { OWNER, ADMIN, MEMBER, VIEWER };

static struct cast acme, evil;

static const char *const OPERATOR = NULL;
static const char org[] = "/v1/organisations/acme";
static const char tokens[] = "/v1/organisations/acme/tokens";
static const char members[] = "/v1/organisations/acme/members";

static struct answer make(const char *by, const char *more)
{
	return api_call(by, "POST", tokens, api_format("{\"name\":\"narrow\",%s}", more));
}

static const char *made(const char *by, const char *more)
{
	struct answer answer = make(by, more);

	EXPECT(answer, 201, NULL);
	return api_text(answer, "token");
}

/* ---- scopes ---- */

static void a_scope_lets_through_what_it_names(void **state)
{
	const char *reader = made(acme.tokens[OWNER], "\"role\":\"admin\",\"scopes\":[\"members:read\"]");
	struct answer refused;

	(void)state;
	EXPECT(api_call(reader, "GET", members, NULL), 200, NULL);
	EXPECT(api_call(reader, "GET", api_format("%s/%s", members, acme.ids[MEMBER]), NULL), 200, NULL);
	refused = api_call(reader, "PATCH", api_format("%s/%s", members, acme.ids[MEMBER]),
			   "{\"role\":\"viewer\"}");
	EXPECT(refused, 403, "scope.missing");
	assert_non_null(strstr(api_text(refused, "detail"), "members:write"));
	EXPECT(api_call(reader, "GET", tokens, NULL), 403, "scope.missing");
	EXPECT(api_call(reader, "GET", org, NULL), 403, "scope.missing");
	EXPECT(api_call(reader, "PATCH", org, "{\"name\":\"Mine\"}"), 403, "scope.missing");
	EXPECT(api_call(reader, "GET", "/v1/organisations/acme/audit", NULL), 403, "scope.missing");
	EXPECT(api_call(reader, "GET", "/v1/plugins", NULL), 403, "scope.missing");
	EXPECT(api_call(reader, "GET", "/v1/organisations/evil/members", NULL), 404, "organisation.unknown");
}

static void who_may_write_may_read(void **state)
{
	const char *writer = made(acme.tokens[OWNER], "\"role\":\"admin\",\"scopes\":[\"members:write\"]");

	(void)state;
	EXPECT(api_call(writer, "GET", members, NULL), 200, NULL);
	EXPECT(api_call(writer, "PATCH", api_format("%s/%s", members, acme.ids[VIEWER]),
			"{\"role\":\"viewer\"}"),
	       200, NULL);
	EXPECT(api_call(writer, "GET", tokens, NULL), 403, "scope.missing");
}

static void a_scope_gives_nothing_that_the_role_has_not(void **state)
{
	const char *viewer =
		made(acme.tokens[OWNER], "\"role\":\"viewer\",\"scopes\":[\"members:write\",\"audit:read\"]");

	(void)state;
	EXPECT(api_call(viewer, "PATCH", api_format("%s/%s", members, acme.ids[MEMBER]),
			"{\"role\":\"admin\"}"),
	       403, "permission.role");
	EXPECT(api_call(viewer, "GET", "/v1/organisations/acme/audit", NULL), 403, "permission.role");
}

static const char *said(struct answer answer)
{
	EXPECT(answer, 404, "organisation.unknown");
	return api_text(answer, "detail");
}

/* Of what somebody may not see, not even the name is let out by a slip of theirs. */
static void what_was_meant_is_told_among_what_one_may_see(void **state)
{
	const char *reader = made(acme.tokens[OWNER], "\"role\":\"admin\",\"scopes\":[\"members:read\"]");

	(void)state;
	assert_string_equal(said(api_call(OPERATOR, "GET", "/v1/organisations/evli/members", NULL)),
			    "there is no organisation \"evli\" here; did you mean \"evil\"?");
	assert_string_equal(said(api_call(acme.tokens[VIEWER], "GET", "/v1/organisations/acem/members", NULL)),
			    "there is no organisation \"acem\" here; did you mean \"acme\"?");
	assert_string_equal(said(api_call(acme.tokens[OWNER], "GET", "/v1/organisations/evli/members", NULL)),
			    "there is no organisation \"evli\" here");
	assert_string_equal(said(api_call(acme.tokens[OWNER], "GET", "/v1/organisations/evil/members", NULL)),
			    "there is no organisation \"evil\" here");
	assert_string_equal(said(api_call(reader, "GET", "/v1/organisations/acem/members", NULL)),
			    "there is no organisation \"acem\" here");
	assert_string_equal(said(api_call(OPERATOR, "GET", "/v1/organisations/%C3%A9vil2/members", NULL)),
			    "there is no organisation \"évil2\" here");
}

/* Among more than a page of them, the letter that it begins with tells where to look. */
static void what_was_meant_is_found_among_many(void **state)
{
	(void)state;
	api_sql("INSERT INTO rosterd.organisations (organisation, slug, name, type) "
		"SELECT gen_random_uuid(), 'abc-' || n, 'Many', 'team' FROM generate_series(1, 150) AS n");
	assert_string_equal(said(api_call(OPERATOR, "GET", "/v1/organisations/evli/members", NULL)),
			    "there is no organisation \"evli\" here; did you mean \"evil\"?");
	EXPECT(api_call(OPERATOR, "GET", "/v1/organisations/%C3%A9vil/members", NULL), 404, "organisation.unknown");
	api_sql("DELETE FROM rosterd.slugs WHERE slug LIKE 'abc-%'; DELETE FROM rosterd.organisations WHERE slug LIKE 'abc-%'");
}

static void one_is_told_ones_scopes(void **state)
{
	const char *token = made(acme.tokens[OWNER], "\"role\":\"admin\",\"scopes\":[\"runs:write\"]");
	struct answer who = api_call(token, "GET", "/v1/whoami", NULL);

	(void)state;
	EXPECT(who, 200, NULL);
	assert_int_equal(api_count(who, "scopes"), 2);
	assert_string_equal(api_text(who, "scopes/0"), "runs:read");
	assert_string_equal(api_text(who, "scopes/1"), "runs:write");
	assert_string_equal(api_text(api_call(acme.tokens[OWNER], "GET", "/v1/whoami", NULL), "scopes/0"),
			    "all");
}

static void nobody_hands_on_what_they_lack(void **state)
{
	const char *maker =
		made(acme.tokens[OWNER], "\"role\":\"admin\",\"scopes\":[\"tokens:write\",\"runs:read\"]");
	struct answer inherited, wider = make(maker, "\"role\":\"admin\",\"scopes\":[\"members:write\"]");

	(void)state;
	EXPECT(wider, 403, "token.scope_beyond");
	EXPECT(make(maker, "\"role\":\"viewer\",\"scopes\":[\"runs:write\"]"), 403, "token.scope_beyond");
	EXPECT(make(maker, "\"role\":\"viewer\",\"scopes\":[\"runs:read\"]"), 201, NULL);
	inherited = make(maker, "\"role\":\"admin\"");
	EXPECT(inherited, 201, NULL);
	assert_int_equal(api_count(inherited, "scopes"), 3);
	EXPECT(api_call(api_text(inherited, "token"), "GET", members, NULL), 403, "scope.missing");
}

static void bad_scopes_are_named(void **state)
{
	struct answer answer = make(acme.tokens[OWNER], "\"role\":\"viewer\",\"scopes\":[\"member:read\"]");

	(void)state;
	EXPECT(answer, 400, "token.scope");
	assert_non_null(strstr(api_text(answer, "detail"), "did you mean \"members:read\"?"));
	EXPECT(make(acme.tokens[OWNER], "\"role\":\"viewer\",\"scopes\":[]"), 400, "token.scope");
	EXPECT(make(acme.tokens[OWNER], "\"role\":\"viewer\",\"scopes\":[\"all\"]"), 400, "token.scope");
	EXPECT(make(acme.tokens[OWNER], "\"role\":\"viewer\",\"scopes\":\"audit:read\""), 400, "json.field");
}

static void the_operators_tokens_can_be_narrow(void **state)
{
	struct answer token = api_call(OPERATOR, "POST", "/v1/tokens",
				       "{\"name\":\"dashboards\",\"scopes\":[\"organisations:read\"]}");
	const char *narrow = api_text(token, "token");

	(void)state;
	EXPECT(token, 201, NULL);
	EXPECT(api_call(narrow, "GET", "/v1/organisations", NULL), 200, NULL);
	EXPECT(api_call(narrow, "POST", "/v1/organisations", "{\"name\":\"X\",\"type\":\"team\"}"), 403,
	       "scope.missing");
	EXPECT(api_call(narrow, "POST", "/v1/tokens", "{\"name\":\"more\"}"), 403, "scope.missing");
}

/* ---- makers ---- */

static const char *hire(const char *role, const char **ret_id)
{
	static int number;
	struct answer member =
		api_call(OPERATOR, "POST", members,
			 api_format("{\"name\":\"Hired\",\"email\":\"hired%d@acme.example\",\"role\":\"%s\"}",
				    ++number, role));

	EXPECT(member, 201, NULL);
	*ret_id = api_text(member, "id");
	return made(OPERATOR, api_format("\"member\":\"%s\"", *ret_id));
}

static void set_state(const char *id, const char *state)
{
	EXPECT(api_call(OPERATOR, "PATCH", api_format("%s/%s", members, id),
			api_format("{\"state\":\"%s\"}", state)),
	       200, NULL);
}

static void a_service_sleeps_while_its_maker_is_away(void **state)
{
	const char *id, *speaker = hire("admin", &id);
	const char *service = made(speaker, "\"role\":\"admin\""),
		   *child = made(service, "\"role\":\"viewer\"");

	(void)state;
	EXPECT(api_call(service, "GET", members, NULL), 200, NULL);
	set_state(id, "suspended");
	EXPECT(api_call(speaker, "GET", members, NULL), 401, "access.token");
	EXPECT(api_call(service, "GET", members, NULL), 401, "access.token");
	EXPECT(api_call(child, "GET", members, NULL), 401, "access.token");
	set_state(id, "active");
	EXPECT(api_call(service, "GET", members, NULL), 200, NULL);
	EXPECT(api_call(OPERATOR, "DELETE", api_format("%s/%s", members, id), NULL), 200, NULL);
	EXPECT(api_call(service, "GET", members, NULL), 401, "access.token");
}

static void a_service_never_has_more_than_its_maker(void **state)
{
	const char *id, *speaker = hire("admin", &id), *service = made(speaker, "\"role\":\"admin\"");

	(void)state;
	EXPECT(api_call(OPERATOR, "PATCH", api_format("%s/%s", members, id), "{\"role\":\"viewer\"}"), 200,
	       NULL);
	assert_string_equal(api_text(api_call(service, "GET", "/v1/whoami", NULL), "role"), "viewer");
	EXPECT(api_call(service, "PATCH", org, "{\"name\":\"Mine\"}"), 403, "permission.role");
}

static struct answer find_token(const char *id)
{
	struct answer list = api_call(OPERATOR, "GET", api_format("%s?limit=1000", tokens), NULL);

	for (size_t i = 0; i < api_count(list, "items"); i++)
		if (text_equal(api_text(list, api_format("items/%zu/id", i)), id))
			return (struct answer){ .status = (int)i, .body = list.body, .text = list.text };
	fail_msg("there is no token %s", id);
	return list;
}

static void somebody_else_can_answer_for_it(void **state)
{
	const char *id, *speaker = hire("admin", &id);
	struct answer service = make(speaker, "\"role\":\"admin\""), listed;
	const char *adopt = api_format("%s/%s/adopt", tokens, api_text(service, "id"));

	(void)state;
	EXPECT(service, 201, NULL);
	assert_string_equal(api_text(service, "maker"), id);
	set_state(id, "suspended");
	listed = find_token(api_text(service, "id"));
	assert_true(api_bool(listed, api_format("items/%d/asleep", listed.status)));
	EXPECT(api_call(acme.tokens[MEMBER], "POST", adopt, NULL), 403, "permission.personal_only");
	EXPECT(api_call(evil.tokens[OWNER], "POST", adopt, NULL), 404, "organisation.unknown");
	EXPECT(api_call(made(acme.tokens[OWNER], "\"role\":\"admin\",\"scopes\":[\"tokens:write\"]"), "POST",
			adopt, NULL),
	       403, "token.scope_beyond");
	EXPECT(api_call(acme.tokens[ADMIN], "POST", adopt, NULL), 200, NULL);
	EXPECT(api_call(api_text(service, "token"), "GET", members, NULL), 200, NULL);
	assert_int_equal(api_audited("acme", "token.adopted"), 1);
	EXPECT(api_call(OPERATOR, "POST", adopt, NULL), 200, NULL);
	listed = find_token(api_text(service, "id"));
	assert_null(api_text(listed, api_format("items/%d/maker", listed.status)));
}

static void what_cannot_be_adopted_says_why(void **state)
{
	struct answer personal = make(acme.tokens[MEMBER], api_format("\"member\":\"%s\"", acme.ids[MEMBER]));
	struct answer service = make(acme.tokens[OWNER], "\"role\":\"viewer\"");

	(void)state;
	EXPECT(api_call(acme.tokens[OWNER], "POST",
			api_format("%s/%s/adopt", tokens, api_text(personal, "id")), NULL),
	       409, "token.not_a_service");
	EXPECT(api_call(acme.tokens[OWNER], "DELETE", api_format("%s/%s", tokens, api_text(service, "id")),
			NULL),
	       204, NULL);
	EXPECT(api_call(acme.tokens[OWNER], "POST",
			api_format("%s/%s/adopt", tokens, api_text(service, "id")), NULL),
	       409, "token.revoked");
	EXPECT(api_call(acme.tokens[OWNER], "POST", api_format("%s/none/adopt", tokens), NULL), 404,
	       "token.unknown");
}

/* ---- what a token is called, when it was used, how many there are ---- */

static void names_can_be_shown(void **state)
{
	static const char *const bad[] = { "", "  ", "a\\nb", "a\\u001b[31mb", "a\\u0085b" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		EXPECT(api_call(acme.tokens[OWNER], "POST", tokens,
				api_format("{\"name\":\"%s\",\"role\":\"viewer\"}", bad[i])),
		       400, "token.name");
		EXPECT(api_call(OPERATOR, "PATCH", org, api_format("{\"name\":\"%s\"}", bad[i])), 400,
		       "organisation.name");
		EXPECT(api_call(OPERATOR, "POST", members,
				api_format("{\"name\":\"%s\",\"email\":\"x@acme.example\"}", bad[i])),
		       400, "member.name");
	}
}

static const char *last_used(const char *id)
{
	return api_sql(
		api_format("SELECT coalesce(last_used_at::text, 'never') FROM tokens WHERE id = '%s'", id));
}

static void the_last_use_is_kept_coarsely(void **state)
{
	struct answer token = make(acme.tokens[OWNER], "\"role\":\"viewer\"");
	const char *id = api_text(token, "id"), *first;

	(void)state;
	assert_string_equal(last_used(id), "never");
	EXPECT(api_call(api_text(token, "token"), "GET", "/v1/whoami", NULL), 200, NULL);
	EXPECT(api_call(api_text(token, "token"), "GET", "/v1/whoami", NULL), 200, NULL);
	first = last_used(id);
	assert_string_not_equal(first, "never");
	EXPECT(api_call(api_text(token, "token"), "GET", "/v1/whoami", NULL), 200, NULL);
	assert_string_equal(last_used(id), first);
	api_sql(api_format("UPDATE tokens SET last_used_at = now() - interval '6 minutes' WHERE id = '%s'",
			   id));
	first = last_used(id);
	EXPECT(api_call(api_text(token, "token"), "GET", "/v1/whoami", NULL), 200, NULL);
	assert_string_not_equal(last_used(id), first);
}

static void there_are_only_so_many(void **state)
{
	struct answer refused;

	(void)state;
	api_sql("INSERT INTO tokens (hash, id, organisation, role, name, created_by) SELECT "
		"sha256(n::text::bytea), "
		"gen_random_uuid(), (SELECT organisation FROM organisations WHERE slug = 'evil'), 'viewer', "
		"'bulk', 'test' "
		"FROM generate_series(1, 496) AS n");
	refused = api_call(evil.tokens[OWNER], "POST", "/v1/organisations/evil/tokens",
			   "{\"name\":\"x\",\"role\":\"viewer\"}");
	EXPECT(refused, 413, "limit.tokens");
	assert_non_null(strstr(api_text(refused, "detail"), "500"));
	api_sql("UPDATE tokens SET expires_at = now() - interval '1 hour' WHERE name = 'bulk'");
	EXPECT(api_call(evil.tokens[OWNER], "POST", "/v1/organisations/evil/tokens",
			"{\"name\":\"x\",\"role\":\"viewer\"}"),
	       201, NULL);
}

/* ---- networks ---- */

static struct answer allow(const char *by, const char *list)
{
	return api_call(by, "PATCH", "/v1/organisations/evil", api_format("{\"ip_allow_list\":[%s]}", list));
}

static struct answer claim(const char *header)
{
	return api_call_with(evil.tokens[VIEWER], header, "GET", "/v1/whoami", NULL);
}

static void tokens_count_on_their_networks_alone(void **state)
{
	struct answer refused;

	(void)state;
	EXPECT(allow(OPERATOR, "\"203.0.113.0/24\",\"2001:db8::/32\""), 200, NULL);
	refused = api_call(evil.tokens[OWNER], "GET", "/v1/organisations/evil", NULL);
	EXPECT(refused, 403, "access.address");
	assert_non_null(strstr(api_text(refused, "detail"), "127.0.0.1"));
	EXPECT(api_call(evil.tokens[OWNER], "GET", "/v1/whoami", NULL), 403, "access.address");
	EXPECT(api_call(evil.tokens[OWNER], "GET", "/v1/organisations", NULL), 403, "access.address");
	EXPECT(api_call(evil.tokens[OWNER], "GET", "/v1/plugins", NULL), 403, "access.address");
	EXPECT(api_call(evil.tokens[OWNER], "GET", "/v1/organisations/acme", NULL), 403, "access.address");
	EXPECT(api_call(acme.tokens[OWNER], "GET", "/v1/whoami", NULL), 200, NULL);
	EXPECT(api_call(OPERATOR, "GET", "/v1/organisations/evil", NULL), 200, NULL);
	assert_true(api_audited("evil", "access.denied") >= 4);
}

static void nobody_talks_themselves_onto_a_network(void **state)
{
	(void)state;
	EXPECT(claim("X-Forwarded-For: 203.0.113.7"), 403, "access.address");
	EXPECT(claim("Forwarded: for=203.0.113.7"), 403, "access.address");
	EXPECT(claim("X-Real-IP: 203.0.113.7"), 403, "access.address");
	api_from(API_PROXY);
	EXPECT(claim("X-Forwarded-For: 203.0.113.7"), 200, NULL);
	EXPECT(claim("X-Forwarded-For: 2001:db8::7"), 200, NULL);
	EXPECT(claim("Forwarded: for=\"[2001:db8::7]:4711\""), 200, NULL);
	EXPECT(claim("X-Forwarded-For: ::ffff:203.0.113.7"), 200, NULL);
	EXPECT(claim("X-Forwarded-For: 203.0.113.7, 198.51.100.9"), 403, "access.address");
	EXPECT(claim("X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-For: 198.51.100.9"), 403, "access.address");
	EXPECT(claim("X-Forwarded-For: 203.0.114.7"), 403, "access.address");
	EXPECT(claim("X-Forwarded-For: unknown"), 403, "access.address");
	EXPECT(claim("X-Forwarded-For: 203.0.113.7\r\nForwarded: for=198.51.100.9"), 400, "http.forwarded");
	EXPECT(api_call(evil.tokens[VIEWER], "GET", "/v1/whoami", NULL), 403, "access.address");
	api_from("127.0.0.1");
}

static void nobody_locks_themselves_out_unawares(void **state)
{
	struct answer refused;

	(void)state;
	EXPECT(allow(OPERATOR, ""), 200, NULL);
	refused = allow(evil.tokens[OWNER], "\"203.0.113.0/24\"");
	EXPECT(refused, 409, "organisation.locked_out");
	assert_non_null(strstr(api_text(refused, "detail"), "you ask from 127.0.0.1"));
	EXPECT(api_call(evil.tokens[OWNER], "GET", "/v1/whoami", NULL), 200, NULL);
	EXPECT(allow(evil.tokens[ADMIN], "\"203.0.113.0/24\",\"127.0.0.0/8\""), 200, NULL);
	EXPECT(api_call(evil.tokens[OWNER], "GET", "/v1/whoami", NULL), 200, NULL);
	EXPECT(allow(evil.tokens[OWNER], ""), 200, NULL);
}

static void bad_networks_are_named(void **state)
{
	static const char *const bad[] = { "10.0.0", "10.0.0.0/33",  "2001:db8::/129", "10.0.0.0/",
					   "",	     "acme.example", "10.0.0.0/8 ",    "10.0.0.0/-1" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		struct answer refused = allow(OPERATOR, api_format("\"10.0.0.0/8\",\"%s\"", bad[i]));

		EXPECT(refused, 400, "organisation.ip_allow_list");
		assert_non_null(strstr(api_text(refused, "detail"), api_format("\"%s\"", bad[i])));
	}
	EXPECT(allow(acme.tokens[OWNER], "\"10.0.0.0/8\""), 404, "organisation.unknown");
	EXPECT(allow(evil.tokens[MEMBER], "\"10.0.0.0/8\""), 403, "permission.role");
}

static int start(void **state)
{
	api_start(state);
	acme = api_cast("acme");
	evil = api_cast("evil");
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_scope_lets_through_what_it_names),
		cmocka_unit_test(who_may_write_may_read),
		cmocka_unit_test(a_scope_gives_nothing_that_the_role_has_not),
		cmocka_unit_test(what_was_meant_is_told_among_what_one_may_see),
		cmocka_unit_test(what_was_meant_is_found_among_many),
		cmocka_unit_test(one_is_told_ones_scopes),
		cmocka_unit_test(nobody_hands_on_what_they_lack),
		cmocka_unit_test(bad_scopes_are_named),
		cmocka_unit_test(the_operators_tokens_can_be_narrow),
		cmocka_unit_test(a_service_sleeps_while_its_maker_is_away),
		cmocka_unit_test(a_service_never_has_more_than_its_maker),
		cmocka_unit_test(somebody_else_can_answer_for_it),
		cmocka_unit_test(what_cannot_be_adopted_says_why),
		cmocka_unit_test(names_can_be_shown),
		cmocka_unit_test(the_last_use_is_kept_coarsely),
		cmocka_unit_test(there_are_only_so_many),
		cmocka_unit_test(tokens_count_on_their_networks_alone),
		cmocka_unit_test(nobody_talks_themselves_onto_a_network),
		cmocka_unit_test(nobody_locks_themselves_out_unawares),
		cmocka_unit_test(bad_networks_are_named),
	};

	return cmocka_run_group_tests_name("flows/narrow", tests, start, api_stop);
}
