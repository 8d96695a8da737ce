/* Organisations, members, domains and groups through the API, with good and bad input. */
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

static struct answer make(const char *body)
{
	return api_call(OPERATOR, "POST", "/v1/organisations", body);
}

/* ---- organisations ---- */

static void an_organisation_is_made_and_found(void **state)
{
	struct answer made =
		make("{\"name\":\"Bolts & Nuts Ltd.\",\"type\":\"team\",\"default_role\":\"viewer\"}");

	(void)state;
	EXPECT(made, 201, NULL);
	assert_string_equal(api_text(made, "slug"), "bolts-nuts-ltd");
	assert_string_equal(api_text(made, "state"), "active");
	assert_string_equal(api_text(made, "default_role"), "viewer");
	assert_int_equal(api_int(made, "members"), 0);
	assert_null(api_text(made, "owner"));
	assert_non_null(
		strstr(made.head, "Location: https://roster.example/v1/organisations/bolts-nuts-ltd"));
	assert_string_equal(api_text(api_call(OPERATOR, "GET", "/v1/organisations/bolts-nuts-ltd", NULL),
				     "id"),
			    api_text(made, "id"));
	EXPECT(api_call(OPERATOR, "GET", api_format("/v1/organisations/%s", api_text(made, "id")), NULL), 200,
	       NULL);
	assert_int_equal(api_audited("bolts-nuts-ltd", "organisation.created"), 1);
}

static void a_slug_is_one_organisations(void **state)
{
	(void)state;
	EXPECT(make("{\"name\":\"X\",\"slug\":\"taken\",\"type\":\"team\"}"), 201, NULL);
	EXPECT(make("{\"name\":\"Y\",\"slug\":\"taken\",\"type\":\"team\"}"), 409, "organisation.slug_taken");
	EXPECT(api_call(OPERATOR, "PATCH", at(""), "{\"slug\":\"taken\"}"), 409, "organisation.slug_taken");
	EXPECT(make("{\"name\":\"X\",\"slug\":\"-x\",\"type\":\"team\"}"), 400, "organisation.slug");
	EXPECT(make("{\"name\":\"X\",\"slug\":\"Upper\",\"type\":\"team\"}"), 400, "organisation.slug");
	EXPECT(make("{\"name\":\"X\",\"slug\":\"01890000-0000-7000-8000-000000000000\",\"type\":\"team\"}"),
	       400, "organisation.slug");
	EXPECT(make("{\"name\":\"山田\",\"type\":\"team\"}"), 400, "organisation.slug");
	EXPECT(make("{\"name\":\"\",\"slug\":\"empty\",\"type\":\"team\"}"), 400, "organisation.name");
}

static void the_operator_sees_all_and_others_their_own(void **state)
{
	struct answer all = api_call(OPERATOR, "GET", "/v1/organisations", NULL), own;
	bool found = false;

	(void)state;
	EXPECT(all, 200, NULL);
	for (size_t i = 0; i < api_count(all, "items"); i++) {
		if (!text_equal(api_text(all, api_format("items/%zu/slug", i)), "acme"))
			continue;
		found = true;
		assert_string_equal(api_text(all, api_format("items/%zu/owner", i)), acme.ids[OWNER]);
		assert_int_equal(api_int(all, api_format("items/%zu/members", i)), 4);
	}
	assert_true(found);
	own = api_call(acme.tokens[VIEWER], "GET", "/v1/organisations", NULL);
	assert_int_equal(api_count(own, "items"), 1);
	assert_string_equal(api_text(own, "items/0/slug"), "acme");
	all = api_call(OPERATOR, "GET", "/v1/organisations?limit=1", NULL);
	assert_string_equal(api_text(all, "next"), api_text(all, "items/0/slug"));
	own = api_call(OPERATOR, "GET",
		       api_format("/v1/organisations?limit=1&after=%s", api_text(all, "next")), NULL);
	assert_string_not_equal(api_text(own, "items/0/slug"), api_text(all, "items/0/slug"));
}

static void a_type_has_its_room(void **state)
{
	static const char one[] = "{\"name\":\"One\",\"email\":\"one@solo.example\"}";
	static const char two[] = "{\"name\":\"Two\",\"email\":\"two@solo.example\"}";
	struct answer answer;

	(void)state;
	EXPECT(make("{\"name\":\"Solo\",\"type\":\"solo\"}"), 201, NULL);
	EXPECT(api_call(OPERATOR, "POST", "/v1/organisations/solo/members", one), 201, NULL);
	answer = api_call(OPERATOR, "POST", "/v1/organisations/solo/members", two);
	EXPECT(answer, 413, "limit.seats");
	assert_non_null(strstr(api_text(answer, "detail"), "1 of 1 are taken (plan \"free\")"));
	EXPECT(api_call(OPERATOR, "PATCH", "/v1/organisations/solo", "{\"type\":\"team\"}"), 200, NULL);
	EXPECT(api_call(OPERATOR, "POST", "/v1/organisations/solo/members", two), 201, NULL);
	EXPECT(api_call(OPERATOR, "PATCH", "/v1/organisations/solo", "{\"type\":\"solo\"}"), 413,
	       "limit.seats");
	EXPECT(api_call(acme.tokens[OWNER], "PATCH", at(""), "{\"type\":\"team\"}"), 403,
	       "permission.operator");
}

/* ---- members ---- */

static struct answer join(const char *name, const char *email)
{
	return api_call(OPERATOR, "POST", at("/members"),
			api_format("{\"name\":\"%s\",\"email\":\"%s\"}", name, email));
}

static void a_member_made_by_hand_is_not_proven(void **state)
{
	struct answer made = join("Zoë", "Zoe@Bücher.example");

	(void)state;
	EXPECT(made, 201, NULL);
	assert_string_equal(api_text(made, "email"), "zoe@xn--bcher-kva.example");
	assert_string_equal(api_text(made, "role"), "member");
	assert_string_equal(api_text(made, "role_source"), "default");
	assert_string_equal(api_text(made, "source"), "operator");
	assert_string_equal(api_text(made, "state"), "active");
	EXPECT(join("Zoë 2", "zoe@bücher.example"), 409, "member.exists");
	EXPECT(join("X", "not an address"), 400, NULL);
	EXPECT(api_call(OPERATOR, "POST", at("/members"),
			"{\"name\":\"X\",\"email\":\"x@y.example\",\"role\":\"owner\"}"),
	       400, NULL);
	EXPECT(api_call(acme.tokens[OWNER], "POST", at("/members"),
			"{\"name\":\"X\",\"email\":\"x@y.example\"}"),
	       403, "permission.operator");
}

static void a_member_is_found_by_id_or_address(void **state)
{
	struct answer found = api_call(acme.tokens[VIEWER], "GET", at("/members/Owner@ACME.example"), NULL);

	(void)state;
	EXPECT(found, 200, NULL);
	assert_string_equal(api_text(found, "id"), acme.ids[OWNER]);
	assert_non_null(
		strstr(found.head, api_format("ETag: \"%lld-", (long long)api_int(found, "version"))));
	EXPECT(api_call(acme.tokens[VIEWER], "GET", at(api_format("/members/%s", acme.ids[OWNER])), NULL),
	       200, NULL);
	EXPECT(api_call(acme.tokens[VIEWER], "GET", at("/members/nobody@acme.example"), NULL), 404,
	       "member.unknown");
	EXPECT(api_call(acme.tokens[VIEWER], "GET", at("/members/nonsense"), NULL), 404, "member.unknown");
}

static void lists_are_filtered(void **state)
{
	struct answer some = api_call(OPERATOR, "GET", at("/members?role=owner"), NULL);

	(void)state;
	assert_int_equal(api_count(some, "items"), 1);
	assert_string_equal(api_text(some, "items/0/id"), acme.ids[OWNER]);
	some = api_call(OPERATOR, "GET", at("/members?q=THE%20VIEW"), NULL);
	assert_int_equal(api_count(some, "items"), 1);
	assert_string_equal(api_text(some, "items/0/id"), acme.ids[VIEWER]);
	some = api_call(OPERATOR, "GET", at("/members?q=%25"), NULL);
	assert_int_equal(api_count(some, "items"), 0);
	some = api_call(OPERATOR, "GET", at("/members?state=suspended"), NULL);
	assert_int_equal(api_count(some, "items"), 0);
}

static void a_role_set_by_hand_stays(void **state)
{
	struct answer made = join("Riser", "riser@acme.example");
	const char *path = at(api_format("/members/%s", api_text(made, "id")));
	struct answer now = api_call(acme.tokens[ADMIN], "PATCH", path, "{\"role\":\"admin\"}");

	(void)state;
	EXPECT(now, 200, NULL);
	assert_string_equal(api_text(now, "role"), "admin");
	assert_string_equal(api_text(now, "role_source"), "manual");
	assert_int_equal(api_int(now, "version"), 2);
	now = api_call(acme.tokens[ADMIN], "PATCH", path, "{\"role\":\"admin\"}");
	assert_int_equal(api_int(now, "version"), 2); /* nothing to change */
	EXPECT(api_call_with(acme.tokens[ADMIN], "If-Match: \"1\"", "PATCH", path, "{\"role\":\"viewer\"}"),
	       412, "precondition.changed");
	EXPECT(api_call_with(acme.tokens[ADMIN], "If-Match: \"1\"", "DELETE", path, NULL), 412,
	       "precondition.changed");
	EXPECT(api_call(acme.tokens[ADMIN], "PATCH", path, "{\"role\":\"king\"}"), 400, NULL);
	EXPECT(api_call(acme.tokens[ADMIN], "PATCH", path, "{\"state\":\"left\"}"), 400, NULL);
}

static void members_are_suspended_restored_and_removed(void **state)
{
	struct answer made = join("Leaver", "leaver@acme.example"), now;
	const char *id = api_text(made, "id"), *path = at(api_format("/members/%s", id));

	(void)state;
	now = api_call(acme.tokens[ADMIN], "PATCH", path, "{\"state\":\"suspended\",\"role\":\"viewer\"}");
	EXPECT(now, 200, NULL);
	assert_string_equal(api_text(now, "state"), "suspended");
	assert_string_equal(api_text(now, "suspended_by"), "admin");
	assert_string_equal(api_text(now, "role"), "viewer");
	now = api_call(acme.tokens[ADMIN], "PATCH", path, "{\"state\":\"active\"}");
	assert_string_equal(api_text(now, "state"), "active");
	assert_null(api_text(now, "suspended_by"));
	EXPECT(api_call(acme.tokens[ADMIN], "DELETE", path, NULL), 204, NULL);
	now = api_call(acme.tokens[ADMIN], "GET", path, NULL);
	assert_string_equal(api_text(now, "state"), "left");
	EXPECT(api_call(acme.tokens[ADMIN], "PATCH", path, "{\"state\":\"suspended\"}"), 409, "member.left");
	EXPECT(api_call(acme.tokens[ADMIN], "PATCH", path, "{\"state\":\"active\"}"), 200, NULL);
	now = api_call(OPERATOR, "GET", at(api_format("/audit?target=%s", id)), NULL);
	assert_int_equal(api_count(now, "items"), 6);
	assert_string_equal(api_text(now, "items/0/action"), "member.restored");
	assert_string_equal(api_text(now, "items/1/action"), "member.removed");
	assert_string_equal(api_text(now, "items/1/target_name"), "Leaver");
	assert_string_equal(api_text(now, "items/1/actor"), acme.ids[ADMIN]);
	assert_string_equal(api_text(now, "items/5/action"), "member.joined");
}

static void whom_the_operator_suspended_stays_so(void **state)
{
	const char *path = api_format("/v1/organisations/acme/members/%s", acme.ids[VIEWER]);

	(void)state;
	EXPECT(api_call(OPERATOR, "PATCH", path, "{\"state\":\"suspended\"}"), 200, NULL);
	EXPECT(api_call(acme.tokens[ADMIN], "PATCH", path, "{\"state\":\"active\"}"), 403,
	       "member.suspended_by_operator");
	EXPECT(api_call(acme.tokens[OWNER], "DELETE", path, NULL), 403, "member.suspended_by_operator");
	EXPECT(api_call(OPERATOR, "PATCH", path, "{\"state\":\"active\"}"), 200, NULL);
}

static void who_left_makes_room_for_the_same_address(void **state)
{
	struct answer first = join("First", "again@acme.example"), second;

	(void)state;
	EXPECT(api_call(OPERATOR, "DELETE", at("/members/again@acme.example"), NULL), 204, NULL);
	second = join("Second", "again@acme.example");
	EXPECT(second, 201, NULL);
	assert_string_not_equal(api_text(first, "id"), api_text(second, "id"));
	assert_string_equal(api_text(api_call(OPERATOR, "GET", at("/members/again@acme.example"), NULL),
				     "id"),
			    api_text(second, "id"));
}

static void an_owner_is_an_active_member(void **state)
{
	struct answer made;

	(void)state;
	EXPECT(make("{\"name\":\"Ownerless\",\"type\":\"team\"}"), 201, NULL);
	made = api_call(OPERATOR, "POST", "/v1/organisations/ownerless/members",
			"{\"name\":\"A\",\"email\":\"a@o.example\"}");
	EXPECT(api_call(OPERATOR, "PATCH", "/v1/organisations/ownerless/members/a@o.example",
			"{\"state\":\"suspended\"}"),
	       200, NULL);
	EXPECT(api_call(OPERATOR, "POST", "/v1/organisations/ownerless/owner",
			"{\"member\":\"a@o.example\"}"),
	       409, "member.not_active");
	EXPECT(api_call(OPERATOR, "POST", "/v1/organisations/ownerless/owner",
			"{\"member\":\"b@o.example\"}"),
	       404, "member.unknown");
	EXPECT(api_call(OPERATOR, "PATCH", "/v1/organisations/ownerless/members/a@o.example",
			"{\"state\":\"active\"}"),
	       200, NULL);
	EXPECT(api_call(OPERATOR, "POST", "/v1/organisations/ownerless/owner",
			"{\"member\":\"a@o.example\"}"),
	       200, NULL);
	assert_string_equal(api_text(api_call(OPERATOR, "GET", "/v1/organisations/ownerless", NULL), "owner"),
			    api_text(made, "id"));
}

/* ---- domains ---- */

static void a_domain_is_the_operators_word(void **state)
{
	struct answer made = api_call(OPERATOR, "POST", at("/domains"), "{\"domain\":\"Bücher.Example\"}");

	(void)state;
	EXPECT(made, 201, NULL);
	assert_string_equal(api_text(made, "domain"), "xn--bcher-kva.example");
	assert_string_equal(api_text(made, "state"), "verified");
	assert_string_equal(api_text(made, "proven_by"), "operator");
	assert_non_null(api_text(made, "proven_at"));
	EXPECT(api_call(acme.tokens[OWNER], "POST", at("/domains"), "{\"domain\":\"mine.example\",\"proof\":\"operator\"}"), 403,
	       "domain.not_proven");
	EXPECT(api_call(OPERATOR, "POST", at("/domains"), "{\"domain\":\"co.uk\"}"), 400, "domain.public");
	EXPECT(api_call(OPERATOR, "POST", at("/domains"), "{\"domain\":\"gmail.com\"}"), 400, "domain.public");
	EXPECT(api_call(OPERATOR, "POST", at("/domains"), "{\"domain\":\"staff.yahoo.co.uk\"}"), 400, "domain.public");
	EXPECT(api_call(OPERATOR, "POST", at("/domains"), "{\"domain\":\"no domain\"}"), 400, NULL);
	EXPECT(api_call(OPERATOR, "POST", at("/domains"), "{\"domain\":\"xn--bcher-kva.example\"}"), 409,
	       "domain.taken");
	EXPECT(make("{\"name\":\"Thief\",\"type\":\"enterprise\"}"), 201, NULL);
	EXPECT(api_call(OPERATOR, "POST", "/v1/organisations/thief/domains",
			"{\"domain\":\"bücher.example\"}"),
	       409, "domain.taken");
	EXPECT(api_call(OPERATOR, "GET", "/v1/organisations/thief/domains/b%C3%BCcher.example", NULL), 404,
	       "domain.unknown");
	assert_int_equal(api_count(api_call(acme.tokens[VIEWER], "GET", at("/domains"), NULL), "items"), 1);
	EXPECT(api_call(acme.tokens[ADMIN], "DELETE", at("/domains/B%C3%BCcher.example"), NULL), 204, NULL);
	EXPECT(api_call(acme.tokens[ADMIN], "DELETE", at("/domains/b%C3%BCcher.example"), NULL), 404,
	       "domain.unknown");
	EXPECT(api_call(OPERATOR, "POST", "/v1/organisations/thief/domains",
			"{\"domain\":\"bücher.example\"}"),
	       201, NULL);
	assert_int_equal(api_audited("acme", "domain.verified"), 1);
	assert_int_equal(api_audited("acme", "domain.removed"), 1);
}

/* ---- groups, as a run would have left them ---- */

static void put_groups(const char *organisation)
{
	static const char *const people[] = { "a", "b", "c" };

	for (size_t i = 0; i < ARRAY_COUNT(people); i++)
		api_sql(api_format("INSERT INTO rosterd.accounts (organisation, id, connection, remote_id, "
				   "user_id, user_name, standing, "
				   "fingerprint) SELECT '%s', '00000000-0000-0000-0001-00000000000%zu', "
				   "'00000000-0000-0000-0000-0000000000cc', '%s', '%s', '%s', 1, ''",
				   organisation, i, people[i], acme.ids[i], people[i]));
	api_sql(api_format(
		"INSERT INTO rosterd.groups (organisation, id, connection, remote_id, name) VALUES "
		"('%1$s', '00000000-0000-0000-0002-000000000001', '00000000-0000-0000-0000-0000000000cc', "
		"'o', 'outer'), "
		"('%1$s', '00000000-0000-0000-0002-000000000002', '00000000-0000-0000-0000-0000000000cc', "
		"'i', 'inner'), "
		"('%1$s', '00000000-0000-0000-0002-000000000003', NULL, NULL, 'twin'), "
		"('%1$s', '00000000-0000-0000-0002-000000000004', NULL, NULL, 'twin');"
		"INSERT INTO rosterd.group_groups VALUES "
		"('%1$s', '00000000-0000-0000-0002-000000000001', '00000000-0000-0000-0002-000000000002'), "
		"('%1$s', '00000000-0000-0000-0002-000000000002', '00000000-0000-0000-0002-000000000001');"
		"INSERT INTO rosterd.group_accounts VALUES "
		"('%1$s', '00000000-0000-0000-0002-000000000001', '00000000-0000-0000-0001-000000000000'), "
		"('%1$s', '00000000-0000-0000-0002-000000000002', '00000000-0000-0000-0001-000000000000'), "
		"('%1$s', '00000000-0000-0000-0002-000000000002', '00000000-0000-0000-0001-000000000001'), "
		"('%1$s', '00000000-0000-0000-0002-000000000003', '00000000-0000-0000-0001-000000000002')",
		organisation));
}

static void groups_count_through_each_other(void **state)
{
	struct answer groups, people;

	(void)state;
	put_groups(api_text(api_call(OPERATOR, "GET", at(""), NULL), "id"));
	groups = api_call(acme.tokens[VIEWER], "GET", at("/groups"), NULL);
	assert_int_equal(api_count(groups, "items"), 4);
	assert_string_equal(api_text(groups, "items/0/name"), "outer");
	assert_int_equal(api_int(groups, "items/0/members"), 2);
	assert_int_equal(api_int(groups, "items/2/members"), 1);
	assert_int_equal(api_int(groups, "items/3/members"), 0);
	groups = api_call(acme.tokens[VIEWER], "GET", at("/groups?limit=1"), NULL);
	assert_int_equal(api_count(groups, "items"), 1);
	people = api_call(acme.tokens[VIEWER], "GET", at("/groups/outer/members"), NULL);
	assert_int_equal(api_count(people, "items"), 2);
	people = api_call(acme.tokens[VIEWER], "GET",
			  at("/groups/00000000-0000-0000-0002-000000000003/members"), NULL);
	assert_int_equal(api_count(people, "items"), 1);
	assert_string_equal(api_text(people, "items/0/id"), acme.ids[MEMBER]);
	EXPECT(api_call(acme.tokens[VIEWER], "GET", at("/groups/twin/members"), NULL), 409,
	       "group.ambiguous");
	EXPECT(api_call(acme.tokens[VIEWER], "GET", at("/groups/none/members"), NULL), 404, "group.unknown");
}

static void what_a_file_manages_is_changed_in_the_file(void **state)
{
	static const char path[] = "/v1/organisations/filed";
	struct answer refused;

	(void)state;
	EXPECT(make("{\"name\":\"Filed\",\"type\":\"team\"}"), 201, NULL);
	EXPECT(api_call(OPERATOR, "POST", "/v1/organisations/filed/domains",
			"{\"domain\":\"filed.example\"}"),
	       201, NULL);
	api_sql("UPDATE rosterd.organisations SET managed_by = '/etc/rosterd/orgs.d/filed.conf' WHERE slug = "
		"'filed';"
		"UPDATE rosterd.domains SET managed_by = '/etc/rosterd/orgs.d/filed.conf' WHERE domain = "
		"'filed.example'");
	refused = api_call(OPERATOR, "PATCH", path, "{\"name\":\"Other\"}");
	EXPECT(refused, 409, "managed_by_file");
	assert_non_null(strstr(api_text(refused, "detail"), "/etc/rosterd/orgs.d/filed.conf"));
	EXPECT(api_call(OPERATOR, "DELETE", "/v1/organisations/filed/domains/filed.example", NULL), 409,
	       "managed_by_file");
	EXPECT(api_call(OPERATOR, "PATCH", path, "{\"state\":\"suspended\"}"), 200, NULL);
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
		cmocka_unit_test(an_organisation_is_made_and_found),
		cmocka_unit_test(a_slug_is_one_organisations),
		cmocka_unit_test(the_operator_sees_all_and_others_their_own),
		cmocka_unit_test(a_type_has_its_room),
		cmocka_unit_test(a_member_made_by_hand_is_not_proven),
		cmocka_unit_test(a_member_is_found_by_id_or_address),
		cmocka_unit_test(lists_are_filtered),
		cmocka_unit_test(a_role_set_by_hand_stays),
		cmocka_unit_test(members_are_suspended_restored_and_removed),
		cmocka_unit_test(whom_the_operator_suspended_stays_so),
		cmocka_unit_test(who_left_makes_room_for_the_same_address),
		cmocka_unit_test(an_owner_is_an_active_member),
		cmocka_unit_test(a_domain_is_the_operators_word),
		cmocka_unit_test(groups_count_through_each_other),
		cmocka_unit_test(what_a_file_manages_is_changed_in_the_file),
	};

	return cmocka_run_group_tests_name("flows/roster", tests, start, api_stop);
}
