/* What holds whatever a directory sends: a PATCH is the same change as a PUT, and nobody's push touches another organisation. The seed is
 * told, and SCIM_SEED=N tries another one. */
#include "flows/api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { OWNER, ADMIN, STEPS = 150, PEOPLE = 6, STRANGE = 400 };

static struct cast acme, other;
static const char *token, *connection, *other_token, *other_connection;
static unsigned long long state_of_dice;

/* xorshift: the same everywhere. */
static unsigned dice(unsigned sides)
{
	state_of_dice ^= state_of_dice << 13;
	state_of_dice ^= state_of_dice >> 7;
	state_of_dice ^= state_of_dice << 17;
	return (unsigned)(state_of_dice >> 20) % sides;
}

#define ONE_OF(...) ((const char *const[]){ __VA_ARGS__ })[dice(sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))]

static const char *body_of(const char *text)
{
	char *json = (char *)api_format("%s", text);

	for (char *c = json; *c; c++)
		*c = *c == '\'' ? '"' : *c;
	return json;
}

static struct answer scim(const char *method, const char *path, const char *body)
{
	return api_call(token, method, api_format("/scim/v2/%s%s", connection, path), body ? body_of(body) : NULL);
}

static int set_up(void **state)
{
	static const char making[] = "{\"plugin\":\"scim\",\"name\":\"okta\"}";
	const char *seed = getenv("SCIM_SEED");
	struct answer made;

	if (api_start(state) != 0)
		return -1;
	state_of_dice = seed ? strtoull(seed, NULL, 10) : 20261129;
	printf("# seed %llu\n", state_of_dice);
	acme = api_cast("acme");
	other = api_cast("other");
	made = api_call(acme.tokens[ADMIN], "POST", "/v1/organisations/acme/connections", making);
	token = api_text(made, "token");
	connection = api_text(made, "id");
	made = api_call(other.tokens[ADMIN], "POST", "/v1/organisations/other/connections", making);
	other_token = api_text(made, "token");
	other_connection = api_text(made, "id");
	return 0;
}

/* ---- a person, as both must become ---- */

static struct {
	const char *display, *title, *given, *family, *department, *work, *home, *mobile; /* NULL: none */
	bool active;
} wanted;

static const char *member_of(const char *name, const char *value)
{
	return value ? api_format(",'%s':'%s'", name, value) : "";
}

static const char *value_of(const char *type, const char *value, const char *more)
{
	return value ? api_format("{'type':'%s','value':'%s'%s}", type, value, more) : "";
}

/* All of it, as a PUT says it. */
static const char *whole(const char *name)
{
	const char *names = api_format("%s%s", member_of("givenName", wanted.given), member_of("familyName", wanted.family));
	const char *work = value_of("work", wanted.work, ",'primary':true"), *home = value_of("home", wanted.home, "");

	return api_format("{'userName':'%s','active':%s%s%s,'name':{%s},'emails':[%s%s%s],'phoneNumbers':[%s],"
			  "'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User':{%s}}",
			  name, wanted.active ? "true" : "false", member_of("displayName", wanted.display), member_of("title", wanted.title),
			  *names ? names + 1 : "", work, *work && *home ? "," : "", home, value_of("mobile", wanted.mobile, ""),
			  wanted.department ? member_of("department", wanted.department) + 1 : "");
}

/* One attribute that has one value, in any form that it can be written in. */
static const char *change_single(const char *path, const char *urn, const char **field)
{
	const char *whole_path = api_format("%s%s", urn, path);

	if (*field && dice(4) == 0) {
		*field = NULL;
		return dice(2) ? api_format("{'op':'%s','path':'%s'}", ONE_OF("remove", "Remove"), whole_path)
			       : api_format("{'op':'replace','path':'%s','value':null}", whole_path);
	}
	*field = ONE_OF("Ada", "B\xc3\xa4rbel", "x", "a longer text, with a comma", "True");
	if (dice(3) == 0)
		return api_format("{'op':'%s','value':{'%s':'%s'}}", ONE_OF("add", "replace", "Replace"), whole_path, *field);
	return api_format("{'op':'%s','path':'%s','value':'%s'}", ONE_OF("add", "replace", "Add", "REPLACE"), whole_path, *field);
}

/* One of several, chosen by its type. */
static const char *change_one_of(const char *list, const char *type, const char **field, const char *more)
{
	if (*field && dice(3) == 0) {
		*field = NULL;
		return api_format("{'op':'remove','path':'%s[type eq \\'%s\\']'}", list, type);
	}
	if (!*field && dice(2)) {
		*field = ONE_OF("one@acme.example", "two@acme.example");
		return api_format("{'op':'add','path':'%s','value':[{'type':'%s','value':'%s'%s}]}", list, type, *field, more);
	}
	/* What is made by a filter has nothing but that and its value. */
	if (!*field && *more)
		return NULL;
	*field = ONE_OF("three@acme.example", "four@acme.example");
	return api_format("{'op':'%s','path':'%s[type eq \\'%s\\'].value','value':'%s'}", ONE_OF("add", "Replace"), list, type, *field);
}

static const char *change_person(void)
{
	switch (dice(9)) {
	case 0:
		return change_single("displayName", "", &wanted.display);
	case 1:
		return change_single("title", "", &wanted.title);
	case 2:
		return change_single("name.givenName", "", &wanted.given);
	case 3:
		return change_single("name.familyName", "", &wanted.family);
	case 4:
		return change_single("department", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:", &wanted.department);
	case 5:
		return change_one_of("emails", "work", &wanted.work, ",'primary':true");
	case 6:
		return change_one_of("emails", "home", &wanted.home, "");
	case 7:
		return change_one_of("phoneNumbers", "mobile", &wanted.mobile, "");
	default:
		wanted.active = dice(2);
		return dice(2) ? api_format("{'op':'replace','path':'active','value':%s}", wanted.active ? "true" : "false")
			       : api_format("{'op':'Replace','path':'active','value':'%s'}", wanted.active ? "True" : "False");
	}
}

static size_t count_of(struct answer answer, const char *list)
{
	size_t count = 0;

	while (api_text(answer, api_format("%s/%zu/type", list, count)))
		count++;
	return count;
}

/* Without what is its own: id, userName, times, version; values of a list in the order of their types. */
static const char *shown(struct answer answer)
{
	static const char *const single[] = { "displayName", "title", "name/givenName", "name/familyName",
					      "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User/department" };
	static const char *const types[] = { "work", "home", "mobile" };
	const char *all = api_bool(answer, "active") ? "active" : "inactive";

	for (size_t i = 0; i < ARRAY_COUNT(single); i++)
		all = api_format("%s|%s", all, api_text(answer, single[i]) ? api_text(answer, single[i]) : "-");
	for (size_t t = 0; t < ARRAY_COUNT(types); t++)
		for (int list = 0; list < 2; list++)
			for (size_t i = 0; i < count_of(answer, list ? "phoneNumbers" : "emails"); i++) {
				const char *at = api_format("%s/%zu", list ? "phoneNumbers" : "emails", i);

				if (text_equal(api_text(answer, api_format("%s/type", at)), types[t]))
					all = api_format("%s|%s %s %d", all, types[t], api_text(answer, api_format("%s/value", at)),
							 json_bool(json_member(json_at(json_member(answer.body, list ? "phoneNumbers" : "emails"), i), "primary")));
			}
	return api_format("%s|%zu %zu|%d", all, count_of(answer, "emails"), count_of(answer, "phoneNumbers"),
			  strstr(answer.text, "enterprise") != NULL);
}

static void a_patch_is_the_same_as_a_put(void **state)
{
	const char *patched, *put, *last = "";

	(void)state;
	wanted.active = true;
	patched = api_text(scim("POST", "/Users", whole("patched@acme.example")), "id");
	put = api_text(scim("POST", "/Users", whole("put@acme.example")), "id");
	for (int step = 0; step < STEPS; step++) {
		const char *operations = "", *one;
		const char *a, *b;

		for (unsigned n = dice(3) + 1; n > 0; n--)
			if ((one = change_person()))
				operations = api_format("%s%s%s", operations, *operations ? "," : "", one);
		if (!*operations)
			continue;
		last = body_of(api_format("{'Operations':[%s]}", operations));
		/* Quotes within paths are escaped there already. */
		struct answer answer = api_call(token, "PATCH", api_format("/scim/v2/%s/Users/%s", connection, patched), last);
		if (answer.status != 200)
			fail_msg("step %d: %d for %s: %s", step, answer.status, last, answer.text);
		EXPECT(scim("PUT", api_format("/Users/%s", put), whole("put@acme.example")), 200, NULL);
		a = shown(scim("GET", api_format("/Users/%s", patched), NULL));
		b = shown(scim("GET", api_format("/Users/%s", put), NULL));
		if (!text_equal(a, b))
			fail_msg("step %d: after %s\n%s by PATCH, and\n%s by PUT", step, last, a, b);
		/* The document is the same to the letter, whatever the way to it. */
		assert_string_equal(api_sql(api_format("SELECT ((SELECT document - 'userName' FROM scim_users WHERE id = '%s') = "
						       "(SELECT document - 'userName' FROM scim_users WHERE id = '%s') OR "
						       "jsonb_array_length(coalesce((SELECT document->'emails' FROM scim_users WHERE id = '%s'), '[]')) > 1)::text",
						       patched, put, patched)),
				    "true");
	}
}

/* ---- members ---- */

static const char *list_of(const char *const *ids, unsigned set)
{
	const char *all = "";

	for (unsigned i = 0; i < PEOPLE; i++)
		if (set >> i & 1)
			all = api_format("%s%s{'value':'%s'}", all, *all ? "," : "", ids[i]);
	return all;
}

static const char *change_members(const char *const *ids, unsigned *set)
{
	unsigned some = dice(1 << PEOPLE), who = dice(PEOPLE);

	switch (dice(5)) {
	case 0:
		*set |= some;
		return api_format("{'op':'%s','path':'members','value':[%s]}", ONE_OF("add", "Add"), list_of(ids, some));
	case 1:
		if (some == 0)
			return NULL;
		*set &= ~some;
		return api_format("{'op':'%s','path':'members','value':[%s]}", ONE_OF("remove", "Remove"), list_of(ids, some));
	case 2:
		*set &= ~(1u << who);
		return api_format("{'op':'remove','path':'members[value eq \\'%s\\']'}", ids[who]);
	case 3:
		*set = some;
		return dice(2) ? api_format("{'op':'replace','path':'members','value':[%s]}", list_of(ids, some))
			       : api_format("{'op':'replace','value':{'members':[%s]}}", list_of(ids, some));
	default:
		*set = 0;
		return dice(2) ? "{'op':'remove','path':'members'}" : "{'op':'replace','path':'members','value':[]}";
	}
}

static const char *members_of(const char *group)
{
	return api_sql(api_format("SELECT coalesce(string_agg(member_id::text, ' ' ORDER BY member_id), '') FROM scim_members WHERE group_id = '%s'",
				  group));
}

static void members_by_patch_and_by_put(void **state)
{
	const char *ids[PEOPLE], *patched, *put;
	unsigned set = 0;

	(void)state;
	for (unsigned i = 0; i < PEOPLE; i++)
		ids[i] = api_text(scim("POST", "/Users", api_format("{'userName':'m%u@acme.example'}", i)), "id");
	patched = api_text(scim("POST", "/Groups", "{'displayName':'patched'}"), "id");
	put = api_text(scim("POST", "/Groups", "{'displayName':'put'}"), "id");
	for (int step = 0; step < STEPS; step++) {
		const char *operations = "", *one;

		for (unsigned n = dice(3) + 1; n > 0; n--)
			if ((one = change_members(ids, &set)))
				operations = api_format("%s%s%s", operations, *operations ? "," : "", one);
		if (!*operations)
			continue;
		EXPECT(scim("PATCH", api_format("/Groups/%s", patched), api_format("{'Operations':[%s]}", operations)), 204, NULL);
		EXPECT(scim("PUT", api_format("/Groups/%s", put), api_format("{'displayName':'put','members':[%s]}", list_of(ids, set))), 200, NULL);
		if (!text_equal(members_of(patched), members_of(put)))
			fail_msg("step %d: after %s\n%s by PATCH, and\n%s by PUT", step, operations, members_of(patched), members_of(put));
	}
}

/* ---- strangers ---- */

/* All that acme has, but for when its tokens were used: as its directory and its administrators see it, and as it is kept. */
static const char *all_of_acme(void)
{
	const char *rows = api_sql(
		"SELECT md5(string_agg(t, ' ' ORDER BY t)) FROM (SELECT u::text AS t FROM scim_users u JOIN organisations o USING (organisation) WHERE o.slug = 'acme' "
		"UNION ALL SELECT g::text FROM scim_groups g JOIN organisations o USING (organisation) WHERE o.slug = 'acme' "
		"UNION ALL SELECT m::text FROM scim_members m JOIN organisations o USING (organisation) WHERE o.slug = 'acme' "
		"UNION ALL SELECT d::text FROM scim_deleted d JOIN organisations o USING (organisation) WHERE o.slug = 'acme' "
		"UNION ALL SELECT d::text FROM scim_due d JOIN organisations o USING (organisation) WHERE o.slug = 'acme' "
		"UNION ALL SELECT k.id::text || k.kind || coalesce(k.revoked_at::text, '') FROM scim_tokens k JOIN organisations o USING (organisation) WHERE o.slug = 'acme' "
		"UNION ALL SELECT m::text FROM members m JOIN organisations o USING (organisation) WHERE o.slug = 'acme' "
		"UNION ALL SELECT c::text FROM connections c JOIN organisations o USING (organisation) WHERE o.slug = 'acme' "
		"UNION ALL SELECT a.id::text || a.action FROM audit a JOIN organisations o USING (organisation) WHERE o.slug = 'acme') all_rows");

	return api_format("%s %s %s %s", rows, scim("GET", "/Users?count=500", NULL).text, scim("GET", "/Groups?count=500", NULL).text,
			  scim("GET", "/Users?count=500&sortBy=userName&sortOrder=descending&attributes=userName,groups", NULL).text);
}

static const char *some_id(const char *column, const char *table)
{
	const char *id = api_sql(api_format("SELECT %s::text FROM %s WHERE connection = '%s' ORDER BY md5(%s::text || '%u') LIMIT 1", column, table,
				  dice(4) ? connection : other_connection, column, dice(1000)));

	return id && *id ? id : "00000000-0000-0000-0000-000000000001";
}

static const char *strange_body(const char *user, const char *group)
{
	switch (dice(7)) {
	case 0:
		return api_format("{'userName':'%s','externalId':'m1','active':%s}", ONE_OF("m1@acme.example", "put@acme.example", "own"), ONE_OF("true", "false"));
	case 1:
		return api_format("{'displayName':'%s','members':[{'value':'%s'},{'value':'%s'}]}", ONE_OF("patched", "put", "own"), user, group);
	case 2:
		return api_format("{'Operations':[{'op':'add','path':'members','value':[{'value':'%s'}]}]}", user);
	case 3:
		return "{'Operations':[{'op':'replace','value':{'active':false,'displayName':'stolen'}}]}";
	case 4:
		return api_format("{'Operations':[{'method':'DELETE','path':'/Users/%s'},{'method':'PUT','path':'/Groups/%s','data':{'displayName':'x','members':[]}},"
				  "{'method':'POST','path':'/Groups','bulkId':'b','data':{'displayName':'b%u','members':[{'value':'%s'}]}}]}",
				  user, group, dice(100000), user);
	case 5:
		return api_format("{'filter':'id eq \\'%s\\' or members.value eq \\'%s\\'','cursor':''}", user, user);
	default:
		return "{'Operations':[{'op':'remove','path':'members'}]}";
	}
}

static void strangers_change_nothing_of_others(void **state)
{
	const char *before = all_of_acme();
	unsigned succeeded = 0;

	(void)state;
	for (int i = 0; i < STRANGE; i++) {
		const char *user = some_id("id", "scim_users"), *group = some_id("id", "scim_groups");
		const char *base = dice(4) ? other_connection : connection;
		const char *path = ONE_OF("/Users", "/Groups", "/Users/U", "/Groups/G", "/Users/G", "/Groups/U", "/Bulk", "/Users/.search", "/Groups/.search",
					  "/oauth/token", "/Me", "/Users?filter=userName%20sw%20%22m%22", "/Groups?filter=members%20eq%20%22U%22");
		const char *method = ONE_OF("GET", "POST", "PUT", "PATCH", "DELETE", "POST", "PATCH");
		const char *at = strpbrk(path, "UG") && strlen(path) > 7 && strchr("UG", path[strlen(path) - 1]) ?
					 api_format("%.*s%s", (int)strlen(path) - 1, path, path[strlen(path) - 1] == 'U' ? user : group) :
					 path;
		struct answer answer;

		if (strstr(path, ".search"))
			method = "POST";
		answer = api_call(other_token, method, api_format("/scim/v2/%s%s", base, at),
				  text_equal(method, "GET") || text_equal(method, "DELETE") ? NULL : body_of(strange_body(user, group)));
		assert_true(answer.status < 500 || answer.status == 501);
		succeeded += answer.status < 300;
		if (text_equal(base, connection))
			assert_true(answer.status >= 400);
	}
	assert_true(succeeded > 20);
	assert_string_equal(all_of_acme(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_patch_is_the_same_as_a_put),
		cmocka_unit_test(members_by_patch_and_by_put),
		cmocka_unit_test(strangers_change_nothing_of_others),
	};
	return cmocka_run_group_tests(tests, set_up, api_stop);
}
