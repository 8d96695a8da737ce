/* What a request may say about the request: which version it means, what it has seen, what a proxy calls it;
 * and that denied attempts do not fill the audit. */
#include "flows/api.h"

#include <string.h>

#include "base/text.h"

static struct cast acme;

static const char *const OPERATOR = NULL;
static const char path[] = "/v1/organisations/acme";

/* The value of a header of an answer, or "". */
static const char *header_of(struct answer answer, const char *name)
{
	const char *at = strstr(answer.head, api_format("\r\n%s: ", name));

	if (!at)
		return "";
	at += strlen(name) + 4;
	return api_format("%.*s", (int)strcspn(at, "\r"), at);
}

static struct answer ask_unless(const char *tag, const char *what)
{
	return api_call_with(OPERATOR, api_format("If-None-Match: %s", tag), "GET", what, NULL);
}

static void who_has_it_is_told_so(void **state)
{
	const char *member = api_format("%s/members/%s", path, acme.ids[2]);
	struct answer seen = api_call(OPERATOR, "GET", member, NULL), again;
	const char *tag = header_of(seen, "ETag");

	(void)state;
	EXPECT(seen, 200, NULL);
	again = ask_unless(tag, member);
	EXPECT(again, 304, NULL);
	assert_string_equal(again.text, "");
	assert_string_equal(header_of(again, "ETag"), tag);
	EXPECT(ask_unless(api_format("\"x\", W/%s", tag), member), 304, NULL);
	EXPECT(ask_unless("\"1\"", member), 200, NULL);
	EXPECT(api_call(OPERATOR, "PATCH", member, "{\"role\":\"viewer\"}"), 200, NULL);
	EXPECT(ask_unless(tag, member), 200, NULL);
	EXPECT(api_call(OPERATOR, "PATCH", member, "{\"role\":\"member\"}"), 200, NULL);
}

static void what_is_shown_without_a_version_counts_too(void **state)
{
	const char *tag = header_of(api_call(OPERATOR, "GET", path, NULL), "ETag");

	(void)state;
	EXPECT(ask_unless(tag, path), 304, NULL);
	EXPECT(api_call(OPERATOR, "POST", "/v1/organisations/acme/members",
			"{\"name\":\"One More\",\"email\":\"more@acme.example\"}"),
	       201, NULL);
	EXPECT(ask_unless(tag, path), 200, NULL);
	EXPECT(api_call_with(OPERATOR, api_format("If-Match: %s", tag), "PATCH", path, "{\"name\":\"Acme\"}"),
	       200, NULL);
}

static void a_change_answers_with_the_tag_of_what_is_there(void **state)
{
	struct answer changed = api_call(OPERATOR, "PATCH", path, "{\"name\":\"Acme once more\"}");

	(void)state;
	EXPECT(changed, 200, NULL);
	EXPECT(ask_unless(header_of(changed, "ETag"), path), 304, NULL);
}

static void of_two_writers_the_second_is_told(void **state)
{
	const char *tag = header_of(api_call(OPERATOR, "GET", path, NULL), "ETag");
	struct answer second;

	(void)state;
	EXPECT(api_call_with(OPERATOR, api_format("If-Match: %s", tag), "PATCH", path,
			     "{\"name\":\"First\"}"),
	       200, NULL);
	second = api_call_with(acme.tokens[1], api_format("If-Match: %s", tag), "PATCH", path,
			       "{\"name\":\"Second\"}");
	EXPECT(second, 412, "precondition.changed");
	assert_non_null(strstr(api_text(second, "detail"), "read it again"));
	assert_string_equal(api_text(api_call(OPERATOR, "GET", path, NULL), "name"), "First");
	EXPECT(api_call_with(OPERATOR, "If-None-Match: *", "PATCH", path, "{\"name\":\"Third\"}"), 412,
	       "precondition.matched");
}

static void lists_have_no_tag(void **state)
{
	struct answer list = api_call(OPERATOR, "GET", "/v1/organisations/acme/members", NULL);

	(void)state;
	assert_string_equal(header_of(list, "ETag"), "");
	EXPECT(ask_unless("*", "/v1/organisations/acme/members"), 200, NULL);
}

static struct answer ask_as(const char *id)
{
	return api_call_with(acme.tokens[0], api_format("X-Request-Id: %s", id), "GET", "/v1/whoami", NULL);
}

static void a_trusted_proxy_names_the_request(void **state)
{
	static const char given[] = "proxy-7.0123_ab";
	struct answer denied;

	(void)state;
	api_from(API_PROXY);
	assert_string_equal(header_of(ask_as(given), "X-Request-Id"), given);
	assert_string_not_equal(header_of(ask_as("short"), "X-Request-Id"), "short");
	assert_string_not_equal(header_of(ask_as("no blanks in it"), "X-Request-Id"), "no blanks in it");
	assert_int_equal(strlen(header_of(ask_as(api_format("%065d", 7)), "X-Request-Id")), 36);
	assert_int_equal(strlen(header_of(ask_as(api_format("%064d", 7)), "X-Request-Id")), 64);
	denied = api_call_with(acme.tokens[3], "X-Request-Id: denied-by-name", "PATCH", path,
			       "{\"name\":\"Mine\"}");
	EXPECT(denied, 403, "permission.role");
	assert_string_equal(api_text(denied, "request"), "denied-by-name");
	api_from("127.0.0.1");
	assert_string_equal(api_text(api_call(OPERATOR, "GET",
					      "/v1/organisations/acme/audit?limit=1&action=access.denied",
					      NULL),
				     "items/0/request"),
			    "denied-by-name");
}

static void nobody_else_does(void **state)
{
	(void)state;
	assert_string_not_equal(header_of(ask_as("mine-mine-mine"), "X-Request-Id"), "mine-mine-mine");
	assert_string_not_equal(header_of(api_call_with(OPERATOR, "X-Request-Id: mine-mine-mine", "GET",
							"/v1/whoami", NULL),
					  "X-Request-Id"),
				"mine-mine-mine");
}

static void a_flood_of_denied_attempts_is_one_entry(void **state)
{
	size_t before = api_audited("acme", "access.denied");

	(void)state;
	for (int i = 0; i < 30; i++)
		EXPECT(api_call(acme.tokens[3], "POST", "/v1/organisations/acme/ownership",
				"{\"member\":\"me\"}"),
		       403, "permission.role");
	assert_int_equal(api_audited("acme", "access.denied"), before + 1);
	EXPECT(api_call(acme.tokens[2], "POST", "/v1/organisations/acme/ownership", "{\"member\":\"me\"}"), 403,
	       "permission.role");
	assert_int_equal(api_audited("acme", "access.denied"), before + 2);
}

/* ---- pages ---- */

/* Walks a list by pages of one item while something is added to it; every item that was there when it began
 * comes once, and in all there are this many or one more. */
static void walk(const char *list, const char *add_to, const char *const *bodies, size_t least)
{
	const char *next = "", *last = "";
	size_t pages = 0;

	do {
		struct answer page =
			api_call(OPERATOR, "GET",
				 api_format("%s?limit=1%s%s", list, *next ? "&after=" : "", next), NULL);

		EXPECT(page, 200, NULL);
		assert_int_equal(api_count(page, "items"), 1);
		assert_string_not_equal(page.text, last);
		last = page.text;
		if (pages == 0)
			for (; *bodies; bodies++)
				EXPECT(api_call(OPERATOR, "POST", add_to, *bodies), 201, NULL);
		pages++;
		next = api_text(page, "next");
	} while (next);
	assert_true(pages == least || pages == least + 1);
}

static void pages_hold_while_things_are_added(void **state)
{
	static const char *const people[] = { "{\"name\":\"Late\",\"email\":\"late@acme.example\"}", NULL };
	static const char *const names[] = { "{\"name\":\"A\",\"slug\":\"aaa\",\"type\":\"team\"}",
					     "{\"name\":\"Z\",\"slug\":\"zzz\",\"type\":\"team\"}", NULL };
	static const char *const keys[] = { "{\"name\":\"late\",\"role\":\"viewer\"}", NULL };

	(void)state;
	api_cast("mmm");
	walk("/v1/organisations/mmm/members", "/v1/organisations/mmm/members", people, 4);
	walk("/v1/organisations/mmm/tokens", "/v1/organisations/mmm/tokens", keys, 4);
	walk("/v1/organisations", "/v1/organisations", names, 2);
}

static void a_bad_cursor_is_said(void **state)
{
	static const char *const lists[] = { "members", "tokens", "groups", "runs", "audit" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(lists); i++) {
		struct answer bad =
			api_call(OPERATOR, "GET", api_format("%s/%s?after=nonsense", path, lists[i]), NULL);

		EXPECT(bad, 400, "request.after");
		assert_non_null(
			strstr(api_text(bad, "detail"), "give back what \"next\" of the page before said"));
	}
	EXPECT(api_call(OPERATOR, "GET", api_format("%s/runs?after=%s", path, acme.ids[0]), NULL), 400,
	       "request.after");
}

static void there_are_only_so_many_connections(void **state)
{
	static const char body[] =
		"{\"plugin\":\"ldap\",\"name\":\"one-more\",\"settings\":{\"url\":\"ldap://up\","
		"\"user_base\":\"dc=x\",\"bind_password\":\"hunter2\"}}";

	(void)state;
	api_sql("INSERT INTO connections (organisation, id, name, plugin) SELECT o.organisation, "
		"gen_random_uuid(), "
		"'bulk' || n, 'ldap' FROM organisations o, generate_series(1, 100) AS n WHERE o.slug = "
		"'acme'");
	EXPECT(api_call(OPERATOR, "POST", "/v1/organisations/acme/connections", body), 413,
	       "limit.connections");
	api_sql("DELETE FROM connections WHERE name = 'bulk7'");
	EXPECT(api_call(OPERATOR, "POST", "/v1/organisations/acme/connections", body), 201, NULL);
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
		cmocka_unit_test(who_has_it_is_told_so),
		cmocka_unit_test(what_is_shown_without_a_version_counts_too),
		cmocka_unit_test(a_change_answers_with_the_tag_of_what_is_there),
		cmocka_unit_test(of_two_writers_the_second_is_told),
		cmocka_unit_test(lists_have_no_tag),
		cmocka_unit_test(a_trusted_proxy_names_the_request),
		cmocka_unit_test(nobody_else_does),
		cmocka_unit_test(a_flood_of_denied_attempts_is_one_entry),
		cmocka_unit_test(pages_hold_while_things_are_added),
		cmocka_unit_test(a_bad_cursor_is_said),
		cmocka_unit_test(there_are_only_so_many_connections),
	};

	return cmocka_run_group_tests_name("flows/conditional", tests, start, api_stop);
}
