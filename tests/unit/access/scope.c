/* Which scope an address needs, and what a set of scopes holds. */
#include "access/scope.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/text.h"

#define ORGANISATION "/v1/organisations/{organisation}"

static const struct {
	const char *method, *path, *scope;
} rows[] = {
	{ "GET", ORGANISATION, "organisations:read" },
	{ "PATCH", ORGANISATION, "organisations:write" },
	{ "POST", ORGANISATION "/owner", "organisations:write" },
	{ "POST", ORGANISATION "/check", "permissions:read" },
	{ "POST", ORGANISATION "/domains/{domain}/check", "domains:write" },
	{ "GET", ORGANISATION "/permissions", "permissions:read" },
	{ "GET", ORGANISATION "/members/{member}", "members:read" },
	{ "DELETE", ORGANISATION "/members/{member}", "members:write" },
	{ "GET", ORGANISATION "/members/{member}/explain", "audit:read" },
	{ "GET", ORGANISATION "/groups/{group}/members", "members:read" },
	{ "POST", ORGANISATION "/connections/{connection}/test", "connections:write" },
	{ "GET", ORGANISATION "/connections/{connection}/refused", "connections:read" },
	{ "POST", ORGANISATION "/connections/{connection}/runs", "runs:write" },
	{ "GET", ORGANISATION "/runs/{run}/changes", "runs:read" },
	{ "GET", "/v1/tokens", "tokens:read" },
	{ "POST", ORGANISATION "/tokens/{token}/adopt", "tokens:write" },
	{ "GET", "/v1/audit", "audit:read" },
	{ "GET", ORGANISATION "/events", "events:read" },
	{ "POST", ORGANISATION "/event-endpoints/{endpoint}/replay", "events:write" },
	{ "POST", "/v1/master-keys/reseal", "daemon:write" },
	{ "GET", "/v1/plugins/{plugin}", "plugins:read" },
	{ "POST", ORGANISATION "/members/{member}/account/link", "accounts:write" },
	{ "GET", ORGANISATION "/accounts", "accounts:read" },
};

static void an_address_needs_the_scope_of_its_noun(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		assert_string_equal(scope_name(scope_of(rows[i].method, rows[i].path)), rows[i].scope);
	assert_int_equal(scope_of("GET", "/v1/whoami"), SCOPE_NONE);
}

static void what_was_never_said_is_not_guessed(void **state)
{
	(void)state;
	assert_int_equal(scope_of("GET", "/v1/news"), SCOPE_UNSAID);
	assert_int_equal(scope_of("GET", "/v1/{members}"), SCOPE_UNSAID);
	assert_int_equal(scope_of("DELETE", "/v1/audit"), SCOPE_UNSAID);
	assert_int_equal(scope_of("POST", "/v1/whoami"), SCOPE_UNSAID);
	assert_int_equal(scope_of("GET", ""), SCOPE_UNSAID);
}

static void names_are_read_back(void **state)
{
	(void)state;
	for (enum scope scope = SCOPE_FIRST; scope < SCOPES; scope++)
		assert_int_equal(scope_parse(scope_name(scope)), scope);
	assert_int_equal(scope_parse("members"), SCOPE_UNSAID);
	assert_int_equal(scope_parse(""), SCOPE_UNSAID);
	assert_int_equal(scope_parse(NULL), SCOPE_UNSAID);
}

static void a_set_holds_what_it_was_given_and_the_reading_of_it(void **state)
{
	static const char *const given[] = { "members:write", "audit:read", "invented:write", NULL };
	struct scopes scopes = scopes_read(given);
	struct arena *arena = arena_open("test");

	(void)state;
	assert_true(scopes_include(&scopes, SCOPE_MEMBERS_WRITE));
	assert_true(scopes_include(&scopes, SCOPE_MEMBERS_READ));
	assert_true(scopes_include(&scopes, SCOPE_AUDIT_READ));
	assert_true(scopes_include(&scopes, SCOPE_NONE));
	assert_false(scopes_include(&scopes, SCOPE_TOKENS_READ));
	assert_false(scopes_include(&scopes, SCOPE_UNSAID));
	assert_string_equal(scopes_text(&scopes, arena), "audit:read, members:read, members:write");
	arena_close(&arena);
}

static void without_names_there_is_no_limit_and_without_a_good_one_there_is_nothing(void **state)
{
	static const char *const invented[] = { "invented:write", NULL };
	struct scopes all = scopes_read(NULL), none = scopes_read(invented);
	struct arena *arena = arena_open("test");

	(void)state;
	assert_null(scopes_list(&all, arena));
	for (enum scope scope = SCOPE_FIRST; scope < SCOPES; scope++) {
		assert_true(scopes_include(&all, scope));
		assert_false(scopes_include(&none, scope));
	}
	assert_string_equal(scopes_text(&none, arena), "none");
	arena_close(&arena);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_needs_the_scope_of_its_noun),
		cmocka_unit_test(what_was_never_said_is_not_guessed),
		cmocka_unit_test(names_are_read_back),
		cmocka_unit_test(a_set_holds_what_it_was_given_and_the_reading_of_it),
		cmocka_unit_test(without_names_there_is_no_limit_and_without_a_good_one_there_is_nothing),
	};

	return cmocka_run_group_tests_name("access/scope", tests, NULL, NULL);
}
