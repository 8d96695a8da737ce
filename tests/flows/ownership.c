/* The owner's rule: how somebody becomes the owner, that the owner stays, and that no statement of a serving role gets round it. */
#include "flows/api.h"

#include <string.h>

#include "base/text.h"

enum { OWNER, ADMIN, MEMBER, VIEWER };

static const char *const OPERATOR = NULL;

static struct answer post(const char *by, const struct cast *cast, const char *path, const char *body)
{
	return api_call(by, "POST", api_format("/v1/organisations/%s%s", cast->organisation, path), body);
}

static struct answer get(const struct cast *cast, const char *path)
{
	return api_call(OPERATOR, "GET", api_format("/v1/organisations/%s%s", cast->organisation, path), NULL);
}

static const char *to(const struct cast *cast, size_t who)
{
	return api_format("{\"member\":\"%s\"}", cast->ids[who]);
}

static const char *with_consent(const struct cast *cast, size_t who)
{
	return api_format("{\"member\":\"%s\",\"consent\":\"asked for by the board in ticket 4711\"}", cast->ids[who]);
}

/* A statement of a serving role about one of the cast; "" if it was committed. */
static const char *attempt(enum store_role role, const struct cast *cast, size_t who, const char *set)
{
	return api_attempt(role, api_text(get(cast, ""), "id"),
			   api_format("UPDATE members SET %s WHERE user_id = '%s'", set, cast->ids[who]));
}

/* The rule itself, looked at from outside. */
static void assert_one_owner(const struct cast *cast, size_t who, const char *state)
{
	const char *found = api_sql(api_format("SELECT string_agg(m.user_id || ' ' || m.state, ',') FROM members m JOIN organisations o "
					       "USING (organisation) WHERE o.slug = '%s' AND m.role = 'owner'",
					       cast->organisation));

	assert_string_equal(found, api_format("%s %s", cast->ids[who], state));
}

/* What a directory's run writes about somebody. */
static void directory_loses(const struct cast *cast, size_t who)
{
	assert_string_equal(attempt(STORE_WORKER, cast, who, "state = 'suspended', suspended_by = 'connector'"), "");
}

static void directory_finds(const struct cast *cast, size_t who)
{
	assert_string_equal(attempt(STORE_WORKER, cast, who, "state = 'active', suspended_by = NULL"), "");
}

/* As if its time of waiting had passed. */
static void let_time_pass(const struct cast *cast)
{
	api_sql(api_format("UPDATE ownership_offers f SET made_at = made_at - interval '73 hours', not_before = not_before - interval '73 hours', "
			   "expires_at = expires_at - interval '73 hours' FROM organisations o WHERE o.organisation = f.organisation "
			   "AND o.slug = '%s' AND f.state = 'open'",
			   cast->organisation));
}

/* ---- the database ---- */

static void no_statement_breaks_the_rule(void **state)
{
	static const enum store_role roles[] = { STORE_REQUEST, STORE_WORKER };
	static const char *const of_the_owner[] = {
		"role = 'admin'",
		"role = 'viewer', role_source = 'mapping'",
		"state = 'left'",
		"state = 'waiting'",
		"state = 'invited'",
		"state = 'suspended', suspended_by = 'admin'",
		"state = 'suspended', suspended_by = 'operator'",
		"user_id = gen_random_uuid()",
	};
	struct cast cast = api_cast("rule");
	const char *id = api_text(get(&cast, ""), "id");

	(void)state;
	for (size_t r = 0; r < ARRAY_COUNT(roles); r++) {
		for (size_t i = 0; i < ARRAY_COUNT(of_the_owner); i++) {
			print_message("# %s\n", of_the_owner[i]);
			assert_string_equal(attempt(roles[r], &cast, OWNER, of_the_owner[i]), "members_owner_rule");
		}
		assert_string_equal(attempt(roles[r], &cast, ADMIN, "role = 'owner'"), "members_owner_rule");
		assert_string_equal(api_attempt(roles[r], id, "DELETE FROM members WHERE role = 'owner'"), "store.failed");
		assert_string_equal(api_attempt(roles[r], id,
						"UPDATE members SET role = CASE role WHEN 'owner' THEN 'admin' WHEN 'admin' THEN 'owner' "
						"ELSE role END"),
				    "members_owner_rule");
		assert_string_equal(api_attempt(roles[r], id, "UPDATE organisations SET owned_at = NULL"), "members_owner_rule");
		assert_string_equal(api_attempt(roles[r], id, "UPDATE organisations SET owner_absent_at = now()"), "members_owner_rule");
		assert_string_equal(
			api_attempt(roles[r], id,
				    "INSERT INTO members (organisation, user_id, state, role, role_source, source) SELECT organisation, "
				    "(SELECT id FROM users ORDER BY id DESC LIMIT 1), 'active', 'owner', 'manual', 'operator' "
				    "FROM organisations"),
			"members_owner_rule");
	}
	assert_string_equal(api_attempt(STORE_WORKER, id, "SELECT ownership_pass(organisation, NULL, NULL) AS written FROM organisations"),
			    "store.failed");
	assert_one_owner(&cast, OWNER, "active");
}

/* Not even the owner of the tables leaves an organisation that had an owner without one. */
static void the_end_of_a_transaction_looks_again(void **state)
{
	struct cast cast = api_cast("again");
	const char *id = api_text(get(&cast, ""), "id");

	(void)state;
	assert_string_not_equal(api_attempt(STORE_OWNER, id,
					    api_format("UPDATE members SET role = 'admin' WHERE organisation = '%s' AND role = 'owner'", id)),
				"");
	assert_string_not_equal(api_attempt(STORE_OWNER, id,
					    api_format("DELETE FROM members WHERE organisation = '%s' AND role = 'owner'", id)),
				"");
	assert_one_owner(&cast, OWNER, "active");
}

static void an_offer_cannot_be_forged(void **state)
{
	struct cast cast = api_cast("forged");
	const char *id = api_text(get(&cast, ""), "id");
	const char *values = api_format("'%s', gen_random_uuid(), '%s', '%s'", id, cast.ids[OWNER], cast.ids[ADMIN]);

	(void)state;
	assert_string_equal(api_attempt(STORE_REQUEST, id,
					api_format("INSERT INTO ownership_offers (organisation, id, holder, member, kind, made_by, not_before, "
						   "expires_at, state, ended_at) VALUES (%s, 'offer', 'x', now(), now() + interval '1 day', "
						   "'done', now())",
						   values)),
			    "ownership_offers_rule");
	assert_string_equal(api_attempt(STORE_REQUEST, id,
					api_format("INSERT INTO ownership_offers (organisation, id, holder, member, kind, made_by, not_before, "
						   "expires_at, made_at) VALUES (%s, 'recovery', 'x', now(), now() + interval '1 day', "
						   "now() - interval '80 hours')",
						   values)),
			    "ownership_offers_rule");
	assert_string_equal(api_attempt(STORE_REQUEST, id,
					api_format("INSERT INTO ownership_offers (organisation, id, holder, member, kind, made_by, not_before, "
						   "expires_at) VALUES (%s, 'recovery', 'x', now(), now() + interval '1 day')",
						   values)),
			    "ownership_offers_check3");
	EXPECT(post(cast.tokens[OWNER], &cast, "/ownership", to(&cast, ADMIN)), 201, NULL);
	assert_string_equal(api_attempt(STORE_REQUEST, id, "UPDATE ownership_offers SET state = 'done', ended_at = now()"),
			    "ownership_offers_rule");
	assert_string_equal(api_attempt(STORE_REQUEST, id, "UPDATE ownership_offers SET not_before = now()"), "store.failed");
	assert_one_owner(&cast, OWNER, "active");
}

/* ---- an offer ---- */

static void the_first_owner_is_the_operators_to_name(void **state)
{
	const struct cast none = { .organisation = "none", .ids = { "a@none.example" } };

	(void)state;
	EXPECT(api_call(OPERATOR, "POST", "/v1/organisations", "{\"name\":\"None\",\"type\":\"team\"}"), 201, NULL);
	EXPECT(post(OPERATOR, &none, "/members", "{\"name\":\"A\",\"email\":\"a@none.example\"}"), 201, NULL);
	EXPECT(post(OPERATOR, &none, "/ownership/recover", with_consent(&none, 0)), 409, "owner.none");
	assert_null(api_text(get(&none, "/ownership"), "owner/id"));
	EXPECT(post(OPERATOR, &none, "/owner", to(&none, 0)), 200, NULL);
	EXPECT(post(OPERATOR, &none, "/owner", to(&none, 0)), 403, "owner.exists");
	assert_string_equal(api_text(get(&none, "/ownership"), "owner/name"), "A");
}

static void the_member_accepts(void **state)
{
	struct cast cast = api_cast("offer");
	struct answer shown;

	(void)state;
	EXPECT(post(cast.tokens[OWNER], &cast, "/ownership", to(&cast, OWNER)), 409, "owner.already");
	shown = post(cast.tokens[OWNER], &cast, "/ownership", to(&cast, MEMBER));
	EXPECT(shown, 201, NULL);
	assert_string_equal(api_text(shown, "offer/member"), cast.ids[MEMBER]);
	assert_string_equal(api_text(shown, "offer/kind"), "offer");
	assert_non_null(api_text(shown, "offer/expires_at"));
	EXPECT(post(cast.tokens[OWNER], &cast, "/ownership", to(&cast, ADMIN)), 409, "ownership.offered");
	EXPECT(post(cast.tokens[ADMIN], &cast, "/ownership/accept", NULL), 403, "ownership.not_yours");
	EXPECT(post(cast.tokens[OWNER], &cast, "/ownership/accept", NULL), 403, "ownership.not_yours");
	assert_one_owner(&cast, OWNER, "active");
	shown = post(cast.tokens[MEMBER], &cast, "/ownership/accept", NULL);
	EXPECT(shown, 200, NULL);
	assert_string_equal(api_text(shown, "owner/id"), cast.ids[MEMBER]);
	assert_one_owner(&cast, MEMBER, "active");
	assert_string_equal(api_text(get(&cast, api_format("/members/%s", cast.ids[OWNER])), "role"), "admin");
	assert_int_equal(api_audited("offer", "ownership.offered"), 1);
	assert_int_equal(api_audited("offer", "ownership.accepted"), 1);
	assert_int_equal(api_audited("offer", "organisation.owner_changed"), 2);
	assert_int_equal(api_audited("offer", "member.role_changed"), 3);
	EXPECT(post(cast.tokens[MEMBER], &cast, "/ownership/accept", NULL), 404, "ownership.none");
	EXPECT(post(cast.tokens[OWNER], &cast, "/ownership", to(&cast, ADMIN)), 403, "permission.role");
}

static void an_offer_ends_without_effect(void **state)
{
	struct cast cast = api_cast("ended");

	(void)state;
	EXPECT(post(cast.tokens[OWNER], &cast, "/ownership", to(&cast, ADMIN)), 201, NULL);
	EXPECT(post(cast.tokens[MEMBER], &cast, "/ownership/decline", NULL), 403, "ownership.not_yours");
	EXPECT(post(cast.tokens[ADMIN], &cast, "/ownership/withdraw", NULL), 403, "permission.role");
	EXPECT(post(OPERATOR, &cast, "/ownership/withdraw", NULL), 403, "permission.role");
	EXPECT(post(cast.tokens[ADMIN], &cast, "/ownership/decline", NULL), 200, NULL);
	EXPECT(post(cast.tokens[OWNER], &cast, "/ownership", to(&cast, VIEWER)), 201, NULL);
	EXPECT(post(cast.tokens[OWNER], &cast, "/ownership/withdraw", NULL), 200, NULL);
	EXPECT(post(cast.tokens[VIEWER], &cast, "/ownership/accept", NULL), 404, "ownership.none");
	EXPECT(post(cast.tokens[OWNER], &cast, "/ownership", to(&cast, ADMIN)), 201, NULL);
	api_sql("UPDATE ownership_offers SET made_at = now() - interval '8 days', not_before = now() - interval '8 days', "
		"expires_at = now() - interval '1 day' WHERE state = 'open'");
	EXPECT(post(cast.tokens[ADMIN], &cast, "/ownership/accept", NULL), 404, "ownership.none");
	EXPECT(post(cast.tokens[OWNER], &cast, "/ownership", to(&cast, ADMIN)), 201, NULL);
	EXPECT(api_call(cast.tokens[OWNER], "PATCH", api_format("/v1/organisations/ended/members/%s", cast.ids[ADMIN]),
			"{\"state\":\"suspended\"}"),
	       200, NULL);
	EXPECT(post(cast.tokens[OWNER], &cast, "/ownership/withdraw", NULL), 200, NULL);
	EXPECT(post(cast.tokens[OWNER], &cast, "/ownership", to(&cast, ADMIN)), 409, "member.not_active");
	assert_one_owner(&cast, OWNER, "active");
}

static void a_suspended_organisation_hands_nothing_over(void **state)
{
	struct cast cast = api_cast("still");

	(void)state;
	EXPECT(post(cast.tokens[OWNER], &cast, "/ownership", to(&cast, ADMIN)), 201, NULL);
	EXPECT(api_call(OPERATOR, "PATCH", "/v1/organisations/still", "{\"state\":\"suspended\"}"), 200, NULL);
	EXPECT(post(cast.tokens[ADMIN], &cast, "/ownership/accept", NULL), 403, "permission.suspended");
	EXPECT(post(cast.tokens[OWNER], &cast, "/ownership/withdraw", NULL), 403, "permission.suspended");
	assert_one_owner(&cast, OWNER, "active");
}

/* ---- the owner is absent ---- */

static void a_directory_may_keep_the_owner_out(void **state)
{
	struct cast cast = api_cast("absent");

	(void)state;
	assert_null(api_text(get(&cast, ""), "owner_absent_at"));
	directory_loses(&cast, OWNER);
	assert_one_owner(&cast, OWNER, "suspended");
	assert_non_null(api_text(get(&cast, ""), "owner_absent_at"));
	EXPECT(api_call(cast.tokens[OWNER], "GET", "/v1/whoami", NULL), 401, "access.token");
	assert_int_equal(api_audited("absent", "organisation.owner_absent"), 1);
	EXPECT(api_call(OPERATOR, "PATCH", api_format("/v1/organisations/absent/members/%s", cast.ids[OWNER]),
			"{\"state\":\"active\"}"),
	       409, "member.is_owner");
	directory_finds(&cast, OWNER);
	assert_null(api_text(get(&cast, ""), "owner_absent_at"));
	EXPECT(api_call(cast.tokens[OWNER], "GET", "/v1/whoami", NULL), 200, NULL);
	assert_int_equal(api_audited("absent", "organisation.owner_back"), 1);
}

static size_t operators_entries(const char *action)
{
	return api_count(api_call(OPERATOR, "GET", api_format("/v1/audit?limit=1000&action=%s", action), NULL), "items");
}

static void an_admin_asks_and_the_operator_confirms(void **state)
{
	struct cast cast = api_cast("recover");
	size_t asked = operators_entries("ownership.recovery_asked"), recovered = operators_entries("ownership.recovered");

	(void)state;
	EXPECT(post(cast.tokens[ADMIN], &cast, "/ownership/recover", to(&cast, ADMIN)), 409, "owner.not_absent");
	EXPECT(post(cast.tokens[OWNER], &cast, "/ownership", to(&cast, MEMBER)), 201, NULL);
	directory_loses(&cast, OWNER);
	EXPECT(post(cast.tokens[MEMBER], &cast, "/ownership/accept", NULL), 409, "owner.absent");
	EXPECT(post(cast.tokens[MEMBER], &cast, "/ownership/recover", to(&cast, MEMBER)), 403, "permission.role");
	EXPECT(post(OPERATOR, &cast, "/ownership/confirm", NULL), 404, "ownership.none");
	EXPECT(post(cast.tokens[ADMIN], &cast, "/ownership/recover", to(&cast, ADMIN)), 201, NULL);
	EXPECT(post(cast.tokens[ADMIN], &cast, "/ownership/confirm", NULL), 403, "permission.operator");
	EXPECT(post(OPERATOR, &cast, "/ownership/confirm", NULL), 409, "ownership.too_early");
	assert_one_owner(&cast, OWNER, "suspended");
	let_time_pass(&cast);
	EXPECT(post(OPERATOR, &cast, "/ownership/confirm", NULL), 200, NULL);
	assert_one_owner(&cast, ADMIN, "active");
	assert_string_equal(api_text(get(&cast, api_format("/members/%s", cast.ids[OWNER])), "role"), "admin");
	assert_string_equal(api_text(get(&cast, api_format("/members/%s", cast.ids[OWNER])), "state"), "suspended");
	assert_null(api_text(get(&cast, ""), "owner_absent_at"));
	assert_int_equal(api_audited("recover", "ownership.recovered"), 1);
	assert_int_equal(operators_entries("ownership.recovery_asked"), asked + 1);
	assert_int_equal(operators_entries("ownership.recovered"), recovered + 1);
	directory_finds(&cast, OWNER);
	assert_one_owner(&cast, ADMIN, "active");
}

static void the_operator_needs_consent(void **state)
{
	struct cast cast = api_cast("consent");

	(void)state;
	directory_loses(&cast, OWNER);
	EXPECT(post(OPERATOR, &cast, "/ownership/recover", to(&cast, VIEWER)), 400, "ownership.consent");
	EXPECT(post(OPERATOR, &cast, "/ownership/recover", with_consent(&cast, VIEWER)), 201, NULL);
	assert_string_equal(api_text(get(&cast, "/ownership"), "offer/consent"), "asked for by the board in ticket 4711");
	EXPECT(post(OPERATOR, &cast, "/ownership/confirm", NULL), 409, "ownership.too_early");
	let_time_pass(&cast);
	EXPECT(post(OPERATOR, &cast, "/ownership/confirm", NULL), 200, NULL);
	assert_one_owner(&cast, VIEWER, "active");
}

static void an_owner_who_is_back_needs_no_recovery(void **state)
{
	struct cast cast = api_cast("home");

	(void)state;
	directory_loses(&cast, OWNER);
	EXPECT(post(cast.tokens[ADMIN], &cast, "/ownership/recover", to(&cast, ADMIN)), 201, NULL);
	EXPECT(post(cast.tokens[ADMIN], &cast, "/ownership/withdraw", NULL), 200, NULL);
	EXPECT(post(cast.tokens[ADMIN], &cast, "/ownership/recover", to(&cast, ADMIN)), 201, NULL);
	let_time_pass(&cast);
	directory_finds(&cast, OWNER);
	EXPECT(post(OPERATOR, &cast, "/ownership/confirm", NULL), 404, "ownership.none");
	assert_one_owner(&cast, OWNER, "active");
	directory_loses(&cast, OWNER);
	EXPECT(post(OPERATOR, &cast, "/ownership/confirm", NULL), 404, "ownership.none");
	assert_one_owner(&cast, OWNER, "suspended");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_statement_breaks_the_rule),
		cmocka_unit_test(the_end_of_a_transaction_looks_again),
		cmocka_unit_test(an_offer_cannot_be_forged),
		cmocka_unit_test(the_first_owner_is_the_operators_to_name),
		cmocka_unit_test(the_member_accepts),
		cmocka_unit_test(an_offer_ends_without_effect),
		cmocka_unit_test(a_suspended_organisation_hands_nothing_over),
		cmocka_unit_test(a_directory_may_keep_the_owner_out),
		cmocka_unit_test(an_admin_asks_and_the_operator_confirms),
		cmocka_unit_test(the_operator_needs_consent),
		cmocka_unit_test(an_owner_who_is_back_needs_no_recovery),
	};

	return cmocka_run_group_tests_name("flows/ownership", tests, api_start, api_stop);
}
