/* The permission matrix R1 through HTTP: every role and every action. Each cell is asked of /check by
 * somebody of that role, and where the action exists it is also tried for real. The copy below is typed from
 * the requirements, not from the table. */
#include "flows/api.h"

#include <string.h>

#include "base/text.h"

/* y yes, - no, p personal only, o own only, n not the owner, r not the owner's role and never to owner;
 * owner, admin, member, viewer. */
static const struct {
	const char *name, *cells;
} wanted[] = {
	{ "view_analytics", "yyyy" },	   { "view_members", "yyyy" },
	{ "view_keys", "yyyy" },	   { "use_api", "yyy-" },
	{ "create_keys", "yyp-" },	   { "delete_keys", "yyo-" },
	{ "create_projects", "yy--" },	   { "edit_projects", "yy--" },
	{ "delete_projects", "yy--" },	   { "invite_members", "yy--" },
	{ "remove_members", "yn--" },	   { "change_roles", "yr--" },
	{ "configure_settings", "yy--" },  { "view_audit", "yy--" },
	{ "manage_billing", "y---" },	   { "transfer_ownership", "y---" },
	{ "take_ownership", "yyyy" },	   { "recover_ownership", "yy--" },
	{ "delete_organisation", "y---" },
};
enum { OWNER, ADMIN, MEMBER, VIEWER };

static struct cast acme;

static const char *at(const char *path)
{
	return api_format("/v1/organisations/%s%s", acme.organisation, path);
}

static bool checked(size_t role, const char *action, const char *circumstance)
{
	struct answer answer = api_call(acme.tokens[role], "POST", at("/check"),
					api_format("{\"permission\":\"%s\"%s}", action, circumstance));

	EXPECT(answer, 200, NULL);
	if (!api_bool(answer, "allowed"))
		assert_true(strlen(api_text(answer, "reason")) > 0 &&
			    text_begins(api_text(answer, "code"), "permission."));
	return api_bool(answer, "allowed");
}

static void every_cell_is_checked(void **state)
{
	const char *owner = api_format(",\"target\":\"%s\"", acme.ids[OWNER]);

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(wanted); i++)
		for (size_t role = 0; role < 4; role++) {
			const char *name = wanted[i].name;
			char cell = wanted[i].cells[role];

			print_message("# %s: %s '%c'\n", name, api_roles[role], cell);
			assert_int_equal(checked(role, name, ""), strchr("ynr", cell) != NULL);
			assert_int_equal(checked(role, name, ",\"personal\":true"),
					 strchr("ynrp", cell) != NULL);
			assert_int_equal(checked(role, name, ",\"own\":true"), strchr("ynro", cell) != NULL);
			assert_int_equal(checked(role, name, owner), cell == 'y');
			assert_int_equal(checked(role, name, ",\"role\":\"owner\""),
					 strchr("yn", cell) != NULL);
		}
}

static void the_list_of_permissions_says_the_same(void **state)
{
	(void)state;
	for (size_t role = 0; role < 4; role++) {
		struct answer answer = api_call(acme.tokens[role], "GET", at("/permissions"), NULL);

		EXPECT(answer, 200, NULL);
		assert_string_equal(api_text(answer, "role"), api_roles[role]);
		assert_int_equal(api_count(answer, "permissions"), ARRAY_COUNT(wanted));
		for (size_t i = 0; i < ARRAY_COUNT(wanted); i++)
			assert_int_equal(api_bool(answer, api_format("permissions/%s", wanted[i].name)),
					 wanted[i].cells[role] != '-');
	}
}

/* A request that the matrix allows to exactly these roles ("oa": owner, admin). */
static void try_all(const char *method, const char *path, const char *body, const char *allowed, int good)
{
	for (size_t role = 0; role < 4; role++) {
		struct answer answer = api_call(acme.tokens[role], method, at(path), body);
		bool may = strchr(allowed, "oamv"[role]) != NULL;

		print_message("# %s %s as %s: %d\n", method, path, api_roles[role], answer.status);
		api_expect(path, answer, may ? good : 403, NULL);
		if (!may)
			assert_true(text_begins(api_text(answer, "code"), "permission."));
	}
}

static void what_can_be_looked_at(void **state)
{
	(void)state;
	try_all("GET", "/members", NULL, "oamv", 200);
	try_all("GET", api_format("/members/%s", acme.ids[OWNER]), NULL, "oamv", 200);
	try_all("GET", "/groups", NULL, "oamv", 200);
	try_all("GET", "/tokens", NULL, "oamv", 200);
	try_all("GET", "/audit", NULL, "oa", 200);
	try_all("GET", "/connections", NULL, "oa", 200);
	try_all("GET", "/runs", NULL, "oa", 200);
}

static void settings_are_the_owners_and_admins(void **state)
{
	(void)state;
	try_all("PATCH", "", "{\"name\":\"Acme\"}", "oa", 200);
	try_all("DELETE", "/domains/none.example", NULL, "oa", 404);
	try_all("DELETE", "/connections/none", NULL, "oa", 404);
	try_all("POST", "/connections/none/runs", "{}", "oa", 404);
	try_all("POST", "/connections/none/test", "{}", "oa", 404);
}

static const char *new_member(const char *name)
{
	struct answer answer =
		api_call(NULL, "POST", at("/members"),
			 api_format("{\"name\":\"%s\",\"email\":\"%s@x.example\"}", name, name));

	EXPECT(answer, 201, NULL);
	return api_text(answer, "id");
}

static void roles_are_changed_by_owner_and_admin(void **state)
{
	const char *somebody = api_format("/members/%s", new_member("somebody"));
	const char *owner = api_format("/members/%s", acme.ids[OWNER]);

	(void)state;
	try_all("PATCH", somebody, "{\"role\":\"viewer\"}", "oa", 200);
	try_all("PATCH", somebody, "{\"role\":\"admin\"}", "oa", 200);
	EXPECT(api_call(acme.tokens[ADMIN], "PATCH", at(somebody), "{\"role\":\"owner\"}"), 403,
	       "permission.never_to_owner");
	EXPECT(api_call(acme.tokens[OWNER], "PATCH", at(somebody), "{\"role\":\"owner\"}"), 409,
	       "member.to_owner");
	EXPECT(api_call(acme.tokens[ADMIN], "PATCH", at(owner), "{\"role\":\"viewer\"}"), 403,
	       "permission.not_the_owner");
	EXPECT(api_call(acme.tokens[OWNER], "PATCH", at(owner), "{\"role\":\"viewer\"}"), 409,
	       "member.is_owner");
	EXPECT(api_call(NULL, "PATCH", at(owner), "{\"role\":\"viewer\"}"), 409, "member.is_owner");
	try_all("DELETE", api_format("/members/%s/role", new_member("given-back")), NULL, "oa", 200);
	owner = api_format("%s/role", owner);
	EXPECT(api_call(acme.tokens[ADMIN], "DELETE", at(owner), NULL), 403, "permission.not_the_owner");
	EXPECT(api_call(acme.tokens[OWNER], "DELETE", at(owner), NULL), 409, "member.is_owner");
	EXPECT(api_call(NULL, "DELETE", at(owner), NULL), 409, "member.is_owner");
}

static void members_are_removed_by_owner_and_admin(void **state)
{
	const char *owner = api_format("/members/%s", acme.ids[OWNER]);

	(void)state;
	try_all("PATCH", api_format("/members/%s", new_member("suspended")), "{\"state\":\"suspended\"}",
		"oa", 200);
	try_all("DELETE", api_format("/members/%s", new_member("removed")), NULL, "oa", 204);
	EXPECT(api_call(acme.tokens[ADMIN], "DELETE", at(owner), NULL), 403, "permission.not_the_owner");
	EXPECT(api_call(acme.tokens[OWNER], "DELETE", at(owner), NULL), 409, "member.is_owner");
	EXPECT(api_call(NULL, "DELETE", at(owner), NULL), 409, "member.is_owner");
	EXPECT(api_call(NULL, "PATCH", at(owner), "{\"state\":\"suspended\"}"), 409, "member.is_owner");
}

static const char *new_token(size_t role, const char *body)
{
	struct answer answer = api_call(acme.tokens[role], "POST", at("/tokens"), body);

	EXPECT(answer, 201, NULL);
	return api_format("/tokens/%s", api_text(answer, "id"));
}

static void keys_are_made_by_rank(void **state)
{
	(void)state;
	try_all("POST", "/tokens", "{\"name\":\"service\",\"role\":\"viewer\"}", "oa", 201);
	for (size_t role = 0; role < 4; role++) {
		const char *own = api_format("{\"name\":\"mine\",\"member\":\"%s\"}", acme.ids[role]);

		EXPECT(api_call(acme.tokens[role], "POST", at("/tokens"), own), role == VIEWER ? 403 : 201,
		       NULL);
	}
	EXPECT(api_call(acme.tokens[ADMIN], "POST", at("/tokens"),
			api_format("{\"name\":\"x\",\"member\":\"%s\"}", acme.ids[OWNER])),
	       403, "token.somebody_else");
	EXPECT(api_call(acme.tokens[MEMBER], "POST", at("/tokens"),
			api_format("{\"name\":\"x\",\"member\":\"%s\"}", acme.ids[VIEWER])),
	       403, "permission.personal_only");
}

static void keys_are_deleted_by_rank_or_owner_of_the_key(void **state)
{
	const char *of_member = api_format("{\"name\":\"mine\",\"member\":\"%s\"}", acme.ids[MEMBER]);
	const char *service = new_token(ADMIN, "{\"name\":\"service\",\"role\":\"viewer\"}");

	(void)state;
	EXPECT(api_call(acme.tokens[VIEWER], "DELETE", at(service), NULL), 403, "permission.role");
	EXPECT(api_call(acme.tokens[MEMBER], "DELETE", at(service), NULL), 403, "permission.own_only");
	EXPECT(api_call(acme.tokens[ADMIN], "DELETE", at(service), NULL), 204, NULL);
	EXPECT(api_call(acme.tokens[MEMBER], "DELETE", at(new_token(MEMBER, of_member)), NULL), 204, NULL);
	EXPECT(api_call(acme.tokens[OWNER], "DELETE", at(new_token(MEMBER, of_member)), NULL), 204, NULL);
}

/* Last: afterwards the owner is another. */
static void ownership_is_the_owners_to_give(void **state)
{
	const char *to_admin = api_format("{\"member\":\"%s\"}", acme.ids[ADMIN]);

	(void)state;
	EXPECT(api_call(NULL, "POST", at("/owner"), to_admin), 403, "owner.exists");
	EXPECT(api_call(NULL, "POST", at("/ownership"), to_admin), 403, "permission.role");
	EXPECT(api_call(NULL, "POST", at("/ownership/accept"), NULL), 403, "permission.role");
	for (size_t role = OWNER; role <= VIEWER; role++) {
		EXPECT(api_call(acme.tokens[role], "POST", at("/owner"), to_admin), 403, "permission.operator");
		EXPECT(api_call(acme.tokens[role], "POST", at("/ownership/confirm"), NULL), 403, "permission.operator");
	}
	try_all("GET", "/ownership", NULL, "oamv", 200);
	try_all("POST", "/ownership/accept", NULL, "oamv", 404);
	try_all("POST", "/ownership/decline", NULL, "oamv", 404);
	try_all("POST", "/ownership/recover", to_admin, "oa", 409);
	for (size_t role = ADMIN; role <= VIEWER; role++)
		EXPECT(api_call(acme.tokens[role], "POST", at("/ownership"), to_admin), 403, "permission.role");
	EXPECT(api_call(acme.tokens[OWNER], "POST", at("/ownership"), to_admin), 201, NULL);
	for (size_t role = ADMIN; role <= VIEWER; role++)
		EXPECT(api_call(acme.tokens[role], "POST", at("/ownership/withdraw"), NULL), 403, "permission.role");
	EXPECT(api_call(acme.tokens[ADMIN], "POST", at("/ownership/accept"), NULL), 200, NULL);
	assert_string_equal(api_text(api_call(NULL, "GET", at(""), NULL), "owner"), acme.ids[ADMIN]);
	assert_string_equal(
		api_text(api_call(NULL, "GET", at(api_format("/members/%s", acme.ids[OWNER])), NULL), "role"),
		"admin");
	EXPECT(api_call(acme.tokens[OWNER], "POST", at("/ownership"), to_admin), 403, "permission.role");
	assert_int_equal(api_audited(acme.organisation, "organisation.owner_changed"), 2);
}

static void another_organisation_is_not_there(void **state)
{
	static const char *const paths[] = { "",	"/members",	"/audit", "/tokens",
					     "/groups", "/permissions", "/runs",  NULL };
	struct cast other = api_cast("other");
	const char *id = api_text(api_call(NULL, "GET", "/v1/organisations/other", NULL), "id");

	(void)state;
	for (size_t role = 0; role < 4; role++)
		for (size_t i = 0; paths[i]; i++) {
			EXPECT(api_call(acme.tokens[role], "GET",
					api_format("/v1/organisations/other%s", paths[i]), NULL),
			       404, "organisation.unknown");
			EXPECT(api_call(acme.tokens[role], "GET",
					api_format("/v1/organisations/%s%s", id, paths[i]), NULL),
			       404, "organisation.unknown");
		}
	EXPECT(api_call(acme.tokens[OWNER], "GET", at(api_format("/members/%s", other.ids[OWNER])), NULL),
	       404, "member.unknown");
	EXPECT(api_call(acme.tokens[OWNER], "POST", "/v1/organisations/other/owner",
			api_format("{\"member\":\"%s\"}", acme.ids[OWNER])),
	       404, "organisation.unknown");
}

static void only_the_operator_makes_organisations(void **state)
{
	(void)state;
	for (size_t role = 0; role < 4; role++) {
		EXPECT(api_call(acme.tokens[role], "POST", "/v1/organisations",
				"{\"name\":\"X\",\"type\":\"team\"}"),
		       403, "permission.operator");
		EXPECT(api_call(acme.tokens[role], "GET", "/v1/tokens", NULL), 403, "permission.operator");
		EXPECT(api_call(acme.tokens[role], "POST", "/v1/tokens", "{\"name\":\"x\"}"), 403,
		       "permission.operator");
		EXPECT(api_call(acme.tokens[role], "GET", "/v1/audit", NULL), 403, "permission.operator");
	}
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
		cmocka_unit_test(every_cell_is_checked),
		cmocka_unit_test(the_list_of_permissions_says_the_same),
		cmocka_unit_test(what_can_be_looked_at),
		cmocka_unit_test(settings_are_the_owners_and_admins),
		cmocka_unit_test(roles_are_changed_by_owner_and_admin),
		cmocka_unit_test(members_are_removed_by_owner_and_admin),
		cmocka_unit_test(keys_are_made_by_rank),
		cmocka_unit_test(keys_are_deleted_by_rank_or_owner_of_the_key),
		cmocka_unit_test(another_organisation_is_not_there),
		cmocka_unit_test(only_the_operator_makes_organisations),
		cmocka_unit_test(ownership_is_the_owners_to_give),
	};

	return cmocka_run_group_tests_name("flows/matrix", tests, start, api_stop);
}
