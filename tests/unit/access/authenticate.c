/* Who asks at the Unix socket. Tokens need a database: tests/flows/exchange has them. */
#include "access/authenticate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/text.h"

enum { SOMEBODY = 54321, SOME_GROUP = 65432 };

static const uid_t users[] = { 11, SOMEBODY };
static const gid_t groups[] = { 22, SOME_GROUP };
static const struct administrators nobody_else, by_user = { .users = users, .user_count = 2 },
						by_group = { .groups = groups, .group_count = 2 };

static struct arena *arena;

static int start(void **state)
{
	(void)state;
	arena = arena_open("test");
	return 0;
}

static int stop(void **state)
{
	(void)state;
	arena_close(&arena);
	return 0;
}

static int ask(const struct administrators *administrators, uid_t uid, gid_t gid, struct principal *ret,
	       struct error *e)
{
	struct request request = { .over_unix_socket = true, .peer_uid = uid, .peer_gid = gid };

	*e = (struct error){ 0 };
	return authenticate(administrators, &request, NULL, arena, ret, e);
}

static void root_is_the_operator(void **state)
{
	struct principal who;
	struct error e;

	(void)state;
	assert_int_equal(ask(&nobody_else, 0, 0, &who, &e), 0);
	assert_int_equal(who.kind, PRINCIPAL_OPERATOR);
	assert_string_equal(who.id, "uid 0");
	assert_string_equal(who.name, "root");
	assert_true(id_is_nil(&who.token));
	assert_true(id_is_nil(&who.organisation));
}

static void named_users_and_groups_are_too(void **state)
{
	struct principal who;
	struct error e;

	(void)state;
	assert_int_equal(ask(&by_user, SOMEBODY, 1, &who, &e), 0);
	assert_int_equal(who.kind, PRINCIPAL_OPERATOR);
	assert_string_equal(who.id, "uid 54321");
	assert_null(who.name); /* no such user is known here */
	assert_int_equal(ask(&by_group, SOMEBODY, SOME_GROUP, &who, &e), 0);
	assert_int_equal(who.kind, PRINCIPAL_OPERATOR);
}

static void others_are_not(void **state)
{
	struct principal who;
	struct error e;

	(void)state;
	assert_int_equal(ask(&nobody_else, SOMEBODY, 0, &who, &e), -1);
	assert_int_equal(e.kind, ERROR_UNAUTHENTICATED);
	assert_string_equal(e.code, "access.peer");
	assert_int_equal(ask(&by_user, SOMEBODY + 1, SOME_GROUP, &who, &e), -1);
	assert_int_equal(ask(&by_group, SOMEBODY, SOME_GROUP + 1, &who, &e), -1);
}

static void a_peer_counts_at_the_unix_socket_alone(void **state)
{
	struct request request = { .over_unix_socket = false };
	struct principal who;
	struct error e = { 0 };

	(void)state;
	assert_int_equal(authenticate(&nobody_else, &request, NULL, arena, &who, &e), -1);
	assert_string_equal(e.code, "access.none");
}

/* Whoever shows a token is that token's, root or not. */
static void a_token_counts_before_the_socket(void **state)
{
	struct request request = {
		.over_unix_socket = true,
		.header_count = 1,
		.headers = { { "Authorization", "bearer nonsense" } },
	};
	struct principal who;
	struct error e = { 0 };

	(void)state;
	assert_int_equal(authenticate(&nobody_else, &request, NULL, arena, &who, &e), -1);
	assert_string_equal(e.code, "access.token");
	request.headers[0].value = "Basic cm9vdDo=";
	assert_int_equal(authenticate(&nobody_else, &request, NULL, arena, &who, &e), 0);
}

static int from(const char *const *list, const char *address, struct error *e)
{
	struct principal who = { .kind = PRINCIPAL_SERVICE, .ip_allow_list = list };

	*e = (struct error){ 0 };
	return authenticate_address(&who, address, e);
}

static void a_list_of_networks_holds_who_is_in_one(void **state)
{
	static const char *const list[] = { "10.0.0.0/8", "2001:db8::/32", NULL }, *const none[] = { NULL };
	static const char *const inside[] = { "10.1.2.3", "10.255.255.255", "2001:db8::1" };
	static const char *const outside[] = { "11.0.0.1", "9.255.255.255", "2001:db9::1", "::1", "10.1.2", "10.1.2.3 ", "nowhere" };
	struct error e;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(inside); i++)
		assert_int_equal(from(list, inside[i], &e), 0);
	for (size_t i = 0; i < ARRAY_COUNT(outside); i++) {
		assert_int_equal(from(list, outside[i], &e), -1);
		assert_int_equal(e.kind, ERROR_DENIED);
		assert_string_equal(e.code, "access.address");
		assert_non_null(strstr(e.text, outside[i]));
	}
	assert_int_equal(from(NULL, "11.0.0.1", &e), 0);
	assert_int_equal(from(none, "", &e), 0);
}

static void a_unix_socket_is_in_no_network(void **state)
{
	static const char *const list[] = { "0.0.0.0/0", "::/0", NULL };
	struct error e;

	(void)state;
	assert_int_equal(from(list, "", &e), -1);
	assert_string_equal(e.code, "access.address");
	assert_non_null(strstr(e.text, "a Unix socket is in none"));
}

/* One bad line of it, as nothing of ours writes, and it fails closed. */
static void a_list_that_cannot_be_read_holds_nobody(void **state)
{
	static const char *const list[] = { "10.0.0.0/8", "10.0.0.0/99", NULL };
	struct error e;

	(void)state;
	assert_int_equal(from(list, "10.1.2.3", &e), -1);
	assert_string_equal(e.code, "access.address");
}

static void a_narrow_token_is_told_what_it_lacks(void **state)
{
	static const char *const names[] = { "members:read", NULL };
	struct principal who = { .kind = PRINCIPAL_SERVICE, .scopes = scopes_read(names) };
	struct principal wide = { .kind = PRINCIPAL_SERVICE, .scopes = scopes_read(NULL) };
	struct error e = { 0 };

	(void)state;
	assert_int_equal(authenticate_scope(&who, SCOPE_MEMBERS_READ, arena, &e), 0);
	assert_int_equal(authenticate_scope(&who, SCOPE_NONE, arena, &e), 0);
	assert_int_equal(authenticate_scope(&wide, SCOPE_TOKENS_WRITE, arena, &e), 0);
	assert_int_equal(authenticate_scope(&who, SCOPE_MEMBERS_WRITE, arena, &e), -1);
	assert_int_equal(e.kind, ERROR_DENIED);
	assert_string_equal(e.code, "scope.missing");
	assert_non_null(strstr(e.text, "\"members:write\""));
	assert_non_null(strstr(e.text, "members:read"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(root_is_the_operator),
		cmocka_unit_test(named_users_and_groups_are_too),
		cmocka_unit_test(others_are_not),
		cmocka_unit_test(a_peer_counts_at_the_unix_socket_alone),
		cmocka_unit_test(a_token_counts_before_the_socket),
		cmocka_unit_test(a_list_of_networks_holds_who_is_in_one),
		cmocka_unit_test(a_unix_socket_is_in_no_network),
		cmocka_unit_test(a_list_that_cannot_be_read_holds_nobody),
		cmocka_unit_test(a_narrow_token_is_told_what_it_lacks),
	};

	return cmocka_run_group_tests_name("access/authenticate", tests, start, stop);
}
