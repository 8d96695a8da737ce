/* Plans and seats by hand: what may be set, what a limit answers, and that no statement of a serving role goes beyond it. */
#include "flows/api.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

enum { OWNER, ADMIN, MEMBER, VIEWER };

static const char *const OPERATOR = NULL;

static struct answer set(const char *by, const char *slug, const char *body)
{
	return api_call(by, "PATCH", api_format("/v1/organisations/%s", slug), body);
}

static struct answer show(const char *slug)
{
	return api_call(OPERATOR, "GET", api_format("/v1/organisations/%s", slug), NULL);
}

static struct answer join(const char *slug, const char *name, const char *role)
{
	return api_call(OPERATOR, "POST", api_format("/v1/organisations/%s/members", slug),
			api_format("{\"name\":\"%s\",\"email\":\"%s@x.example\",\"role\":\"%s\"}", name, name, role));
}

static struct answer change(const char *by, const struct cast *cast, size_t who, const char *body)
{
	return api_call(by, "PATCH", api_format("/v1/organisations/%s/members/%s", cast->organisation, cast->ids[who]), body);
}

static void assert_seats(const char *slug, int64_t used, int64_t waiting)
{
	struct answer now = show(slug);

	assert_int_equal(api_int(now, "seats/used"), used);
	assert_int_equal(api_int(now, "seats/waiting"), waiting);
	/* The counter agrees, where there is one. */
	assert_string_equal(api_sql(api_format("SELECT count(*)::text FROM seats_miscounted() c WHERE c.organisation = '%s'", api_text(now, "id"))),
			    "0");
}

/* ---- plans ---- */

static void a_type_has_its_plans(void **state)
{
	static const struct {
		const char *body, *plan;
		int64_t limit;
	} good[] = {
		{ "{\"name\":\"P1\",\"type\":\"solo\"}", "free", 1 },
		{ "{\"name\":\"P2\",\"type\":\"team\"}", "pro", 11 },
		{ "{\"name\":\"P3\",\"type\":\"team\",\"plan\":\"free\"}", "free", 1 },
		{ "{\"name\":\"P4\",\"type\":\"enterprise\",\"seat_limit\":\"25\"}", "enterprise", 25 },
	};
	struct answer made;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(good); i++) {
		made = api_call(OPERATOR, "POST", "/v1/organisations", good[i].body);
		EXPECT(made, 201, NULL);
		assert_string_equal(api_text(made, "plan"), good[i].plan);
		assert_int_equal(api_int(made, "seats/limit"), good[i].limit);
	}
	made = api_call(OPERATOR, "POST", "/v1/organisations", "{\"name\":\"P5\",\"type\":\"enterprise\"}");
	EXPECT(made, 201, NULL);
	assert_null(api_text(made, "seats/limit"));
	assert_non_null(strstr(made.text, "\"limit\":null"));
	EXPECT(api_call(OPERATOR, "POST", "/v1/organisations", "{\"name\":\"Bad\",\"type\":\"solo\",\"plan\":\"pro\"}"), 400,
	       "organisation.plan");
	EXPECT(api_call(OPERATOR, "POST", "/v1/organisations", "{\"name\":\"Bad\",\"type\":\"team\",\"seat_limit\":\"lots\"}"), 400,
	       "organisation.seats");
	EXPECT(set(OPERATOR, "p2", "{\"plan\":\"enterprise\"}"), 400, "organisation.plan");
	EXPECT(set(OPERATOR, "p2", "{\"seat_limit\":\"-1\"}"), 400, "organisation.seats");
	EXPECT(set(OPERATOR, "p2", "{\"seat_limit\":\"0x1\"}"), 400, "organisation.seats");
	made = set(OPERATOR, "p2", "{\"type\":\"enterprise\"}");
	EXPECT(made, 200, NULL);
	assert_string_equal(api_text(made, "plan"), "enterprise");
}

static void plans_and_limits_are_the_operators(void **state)
{
	struct cast cast = api_cast("theirs");

	(void)state;
	for (size_t role = OWNER; role <= VIEWER; role++) {
		EXPECT(set(cast.tokens[role], "theirs", "{\"seat_limit\":\"99\"}"), 403, NULL);
		EXPECT(set(cast.tokens[role], "theirs", "{\"plan\":\"free\"}"), 403, NULL);
	}
	EXPECT(set(cast.tokens[OWNER], "theirs", "{\"seat_limit\":\"99\"}"), 403, "permission.operator");
}

/* ---- by hand ---- */

static void every_door_takes_a_seat(void **state)
{
	struct cast cast = api_cast("doors");
	struct answer refused;

	(void)state;
	assert_seats("doors", 3, 0);
	EXPECT(set(OPERATOR, "doors", "{\"seat_limit\":\"4\"}"), 200, NULL);
	EXPECT(join("doors", "one", "member"), 201, NULL);
	refused = join("doors", "two", "member");
	EXPECT(refused, 413, "limit.seats");
	assert_non_null(strstr(api_text(refused, "detail"), "no seat left: 4 of 4 are taken"));
	assert_non_null(strstr(api_text(refused, "detail"), "upgrade the plan, remove somebody who is inactive, or ask"));
	EXPECT(join("doors", "three", "viewer"), 201, NULL);
	EXPECT(change(cast.tokens[ADMIN], &cast, VIEWER, "{\"role\":\"member\"}"), 413, "limit.seats");
	EXPECT(change(cast.tokens[OWNER], &cast, MEMBER, "{\"state\":\"suspended\"}"), 200, NULL);
	assert_seats("doors", 3, 0);
	EXPECT(change(cast.tokens[ADMIN], &cast, VIEWER, "{\"role\":\"member\"}"), 200, NULL);
	EXPECT(change(cast.tokens[OWNER], &cast, MEMBER, "{\"state\":\"active\"}"), 413, "limit.seats");
	EXPECT(change(cast.tokens[OWNER], &cast, MEMBER, "{\"role\":\"viewer\",\"state\":\"active\"}"), 200, NULL);
	EXPECT(change(cast.tokens[OWNER], &cast, ADMIN, "{\"role\":\"viewer\"}"), 200, NULL);
	EXPECT(change(cast.tokens[OWNER], &cast, ADMIN, "{\"role\":\"admin\"}"), 200, NULL);
	assert_seats("doors", 4, 0);
	/* The former owner stays as an admin: a viewer needs a seat for that, a member brings one. */
	EXPECT(api_call(cast.tokens[OWNER], "POST", "/v1/organisations/doors/ownership", api_format("{\"member\":\"%s\"}", cast.ids[MEMBER])), 201,
	       NULL);
	EXPECT(api_call(cast.tokens[MEMBER], "POST", "/v1/organisations/doors/ownership/accept", NULL), 413, "limit.seats");
	EXPECT(api_call(cast.tokens[OWNER], "POST", "/v1/organisations/doors/ownership/withdraw", NULL), 200, NULL);
	EXPECT(api_call(cast.tokens[OWNER], "POST", "/v1/organisations/doors/ownership", api_format("{\"member\":\"%s\"}", cast.ids[ADMIN])), 201,
	       NULL);
	EXPECT(api_call(cast.tokens[ADMIN], "POST", "/v1/organisations/doors/ownership/accept", NULL), 200, NULL);
	assert_seats("doors", 4, 0);
}

static void who_is_over_a_smaller_limit_waits_if_that_is_said(void **state)
{
	struct cast cast = api_cast("lower");
	struct answer refused;

	(void)state;
	refused = set(OPERATOR, "lower", "{\"seat_limit\":\"1\"}");
	EXPECT(refused, 413, "limit.seats");
	assert_non_null(strstr(api_text(refused, "detail"), "2 people would have no seat any more: 1 would be allowed, 3 are taken"));
	assert_seats("lower", 3, 0);
	EXPECT(set(OPERATOR, "lower", "{\"seat_limit\":\"0\",\"seats_over\":\"wait\"}"), 413, "limit.seats");
	EXPECT(set(OPERATOR, "lower", "{\"seat_limit\":\"2\",\"seats_over\":\"wait\"}"), 200, NULL);
	assert_seats("lower", 2, 1);
	EXPECT(api_call(cast.tokens[MEMBER], "GET", "/v1/whoami", NULL), 401, "access.token");
	EXPECT(api_call(cast.tokens[ADMIN], "GET", "/v1/whoami", NULL), 200, NULL);
	assert_int_equal(api_audited("lower", "member.waiting"), 1);
	assert_int_equal(api_audited("lower", "token.suspended"), 1);
	EXPECT(change(OPERATOR, &cast, MEMBER, "{\"state\":\"active\"}"), 413, "limit.seats");
	EXPECT(change(OPERATOR, &cast, ADMIN, "{\"state\":\"suspended\"}"), 200, NULL);
	EXPECT(change(OPERATOR, &cast, MEMBER, "{\"state\":\"active\"}"), 200, NULL);
	assert_int_equal(api_audited("lower", "member.admitted"), 1);
	EXPECT(api_call(cast.tokens[MEMBER], "GET", "/v1/whoami", NULL), 200, NULL);
	assert_seats("lower", 2, 0);
}

/* ---- at once ---- */

static void *join_at_once(void *name)
{
	return api_post(NULL, "/v1/organisations/race/members",
			name) == 201 ? name : NULL;
}

static void the_last_seat_is_taken_once(void **state)
{
	enum { RUNNERS = 8 };
	char bodies[RUNNERS][100];
	pthread_t threads[RUNNERS];
	size_t in = 0;

	(void)state;
	api_cast("race");
	EXPECT(set(OPERATOR, "race", "{\"seat_limit\":\"4\"}"), 200, NULL);
	for (size_t i = 0; i < RUNNERS; i++) {
		snprintf(bodies[i], sizeof(bodies[i]), "{\"name\":\"R\",\"email\":\"r%zu@x.example\",\"role\":\"member\"}", i);
		assert_int_equal(pthread_create(&threads[i], NULL, join_at_once, bodies[i]), 0);
	}
	for (size_t i = 0; i < RUNNERS; i++) {
		void *result;

		pthread_join(threads[i], &result);
		in += result != NULL;
	}
	assert_int_equal(in, 1);
	assert_seats("race", 4, 0);
}

/* Whoever takes a seat holds the count until they commit; whoever gives one back waits for nobody. */
static void a_seat_is_given_back_without_waiting(void **state)
{
	struct cast cast = api_cast("still");
	const char *id = api_text(show("still"), "id");

	(void)state;
	EXPECT(set(OPERATOR, "still", "{\"seat_limit\":\"4\"}"), 200, NULL);
	api_hold(api_format("SELECT FROM seats WHERE organisation = '%s' FOR NO KEY UPDATE", id));
	EXPECT(change(cast.tokens[OWNER], &cast, MEMBER, "{\"state\":\"suspended\"}"), 200, NULL);
	/* A run looks whether a seat is to be had, and goes on at once. */
	assert_string_equal(api_attempt(STORE_WORKER, id, "SELECT seats_at_hand(false, true) AS written"), "");
	api_release();
	assert_seats("still", 2, 0);
}

/* ---- statements ---- */

static void no_statement_goes_beyond(void **state)
{
	static const enum store_role roles[] = { STORE_REQUEST, STORE_WORKER };
	struct cast cast = api_cast("beyond");
	const char *id = api_text(show("beyond"), "id");

	(void)state;
	EXPECT(set(OPERATOR, "beyond", "{\"seat_limit\":\"3\"}"), 200, NULL);
	EXPECT(change(OPERATOR, &cast, MEMBER, "{\"state\":\"suspended\"}"), 200, NULL);
	EXPECT(join("beyond", "instead", "member"), 201, NULL);
	for (size_t r = 0; r < ARRAY_COUNT(roles); r++) {
		assert_string_equal(api_attempt(roles[r], id, "UPDATE members SET role = 'member' WHERE role = 'viewer'"), "seats_most");
		assert_string_equal(api_attempt(roles[r], id,
						"UPDATE members SET state = 'active', suspended_by = NULL WHERE state = 'suspended'"),
				    "seats_most");
		assert_string_equal(api_attempt(roles[r], id,
						"WITH u AS (INSERT INTO users (id) VALUES (gen_random_uuid()) RETURNING id), w AS ("
						"INSERT INTO members (organisation, user_id, state, role, role_source, source) "
						"SELECT current_organisation(), id, 'active', 'member', 'manual', 'operator' FROM u RETURNING 1) "
						"SELECT count(*) AS written FROM w"),
				    "seats_most");
		assert_string_equal(api_attempt(roles[r], id, "UPDATE seats SET used = 0"), "store.failed");
		assert_string_equal(api_attempt(roles[r], id, "UPDATE seats SET most = NULL"), "store.failed");
		assert_string_equal(api_attempt(roles[r], id, "DELETE FROM seats_freed"), "store.failed");
		assert_string_equal(api_attempt(roles[r], id, "INSERT INTO seats_freed (organisation, seats) VALUES (current_organisation(), 1)"),
				    "store.failed");
		assert_string_equal(api_attempt(roles[r], id, "UPDATE plans SET seats = NULL"), "store.failed");
		assert_string_equal(api_attempt(roles[r], id, "SELECT seats_move(current_organisation(), -1) AS written"), "store.failed");
	}
	assert_string_equal(api_attempt(STORE_WORKER, id, "UPDATE organisations SET seat_limit = 'none'"), "organisations_plan");
	assert_string_equal(api_attempt(STORE_REQUEST, id, "UPDATE organisations SET seat_limit = '1'"), "seats_most");
	assert_seats("beyond", 3, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_type_has_its_plans),
		cmocka_unit_test(plans_and_limits_are_the_operators),
		cmocka_unit_test(every_door_takes_a_seat),
		cmocka_unit_test(who_is_over_a_smaller_limit_waits_if_that_is_said),
		cmocka_unit_test(the_last_seat_is_taken_once),
		cmocka_unit_test(a_seat_is_given_back_without_waiting),
		cmocka_unit_test(no_statement_goes_beyond),
	};

	return cmocka_run_group_tests_name("flows/seating", tests, api_start, api_stop);
}
