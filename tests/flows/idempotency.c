/* What is sent again under the same key is answered again and not done again. */
#include "flows/api.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { OWNER, ADMIN, MEMBER, VIEWER };

static struct cast acme, evil;

static const char *const OPERATOR = NULL;
static const char orgs[] = "/v1/organisations";
static const char tokens[] = "/v1/organisations/acme/tokens";
static const char members[] = "/v1/organisations/acme/members";

static struct answer post(const char *by, const char *key, const char *path, const char *body)
{
	return api_call_with(by, api_format("Idempotency-Key: %s", key), "POST", path, body);
}

static const char *person(const char *name)
{
	return api_format("{\"name\":\"%s\",\"email\":\"%s@acme.example\"}", name, name);
}

static void it_is_done_once(void **state)
{
	struct answer first = post(OPERATOR, "\"once\"", members, person("once"));
	struct answer again = post(OPERATOR, "\"once\"", members, person("once"));

	(void)state;
	EXPECT(first, 201, NULL);
	EXPECT(again, 201, NULL);
	assert_string_equal(again.text, first.text);
	assert_null(strstr(first.head, "Idempotency-Replayed"));
	assert_non_null(strstr(again.head, "Idempotency-Replayed: true"));
	assert_non_null(
		strstr(again.head, "Location: https://roster.example/v1/organisations/acme/members/"));
	assert_string_equal(strstr(again.head, "ETag: ") ? api_format("%.20s", strstr(again.head, "ETag: "))
							 : "",
			    api_format("%.20s", strstr(first.head, "ETag: ")));
	assert_int_equal(api_count(api_call(OPERATOR, "GET", api_format("%s?q=once@", members), NULL),
				   "items"),
			 1);
	EXPECT(post(OPERATOR, "once", members, person("once")), 201, NULL);
	EXPECT(api_call(OPERATOR, "POST", members, person("once")), 409, "member.exists");
}

static void an_organisation_is_made_once(void **state)
{
	static const char body[] = "{\"name\":\"Made Once\",\"type\":\"team\"}";
	struct answer first = post(OPERATOR, "org-1", orgs, body),
		      again = post(OPERATOR, "org-1", orgs, body);

	(void)state;
	EXPECT(first, 201, NULL);
	EXPECT(again, 201, NULL);
	assert_string_equal(api_text(again, "id"), api_text(first, "id"));
}

static void a_connection_is_made_once(void **state)
{
	static const char path[] = "/v1/organisations/acme/connections";
	static const char body[] =
		"{\"plugin\":\"ldap\",\"name\":\"corp\",\"settings\":{\"url\":\"ldap://up\","
		"\"user_base\":\"dc=x\",\"bind_password\":\"hunter2\"}}";
	struct answer first = post(acme.tokens[ADMIN], "c-1", path, body), again;

	(void)state;
	EXPECT(first, 201, NULL);
	again = post(acme.tokens[ADMIN], "c-1", path, body);
	EXPECT(again, 201, NULL);
	assert_string_equal(api_text(again, "id"), api_text(first, "id"));
	assert_string_equal(
		api_sql("SELECT count(*)::text FROM idempotency_keys WHERE body LIKE '%hunter2%'"), "0");
}

static void a_change_is_made_once(void **state)
{
	static const char path[] = "/v1/organisations/acme";
	static const char key[] = "Idempotency-Key: rename\r\nIf-Match: *";
	struct answer first = api_call_with(OPERATOR, key, "PATCH", path, "{\"name\":\"Renamed\"}");
	struct answer again = api_call_with(OPERATOR, key, "PATCH", path, "{\"name\":\"Renamed\"}");

	(void)state;
	EXPECT(first, 200, NULL);
	EXPECT(again, 200, NULL);
	assert_int_equal(api_int(again, "version"), api_int(first, "version"));
}

static void another_request_needs_another_key(void **state)
{
	struct answer other;

	(void)state;
	EXPECT(post(OPERATOR, "other", members, person("other")), 201, NULL);
	other = post(OPERATOR, "other", members, person("another"));
	EXPECT(other, 422, "idempotency.other_request");
	assert_non_null(strstr(api_text(other, "detail"), "take a new key"));
	EXPECT(post(OPERATOR, "other", "/v1/organisations/evil/members", person("other")), 201, NULL);
}

static void nobody_is_answered_by_anothers_key(void **state)
{
	static const char body[] = "{\"name\":\"mine\",\"role\":\"viewer\"}";
	struct answer first = post(acme.tokens[OWNER], "shared", "/v1/organisations/acme/check",
				   "{\"permission\":\"use_api\"}"),
		      mine, theirs;

	(void)state;
	EXPECT(first, 200, NULL);
	mine = api_call_with(acme.tokens[OWNER], "Idempotency-Key: shared-2", "PATCH",
			     "/v1/organisations/acme", "{\"name\":\"Mine\"}");
	EXPECT(mine, 200, NULL);
	theirs = api_call_with(acme.tokens[ADMIN], "Idempotency-Key: shared-2", "PATCH",
			       "/v1/organisations/acme", "{\"name\":\"Mine\"}");
	EXPECT(theirs, 200, NULL);
	assert_int_equal(api_int(theirs, "version"), api_int(mine, "version") + 1);
	EXPECT(api_call_with(acme.tokens[VIEWER], "Idempotency-Key: shared-2", "PATCH",
			     "/v1/organisations/acme", "{\"name\":\"Mine\"}"),
	       403, "permission.role");
	EXPECT(api_call_with(evil.tokens[OWNER], "Idempotency-Key: shared-2", "PATCH",
			     "/v1/organisations/acme", "{\"name\":\"Mine\"}"),
	       404, "organisation.unknown");
	EXPECT(api_call_with(evil.tokens[OWNER], "Idempotency-Key: shared-2", "PATCH",
			     "/v1/organisations/evil", "{\"name\":\"Mine\"}"),
	       200, NULL);
	EXPECT(post(evil.tokens[OWNER], "t", "/v1/organisations/evil/tokens", body), 201, NULL);
	EXPECT(post(acme.tokens[OWNER], "t", tokens, body), 201, NULL);
}

static void who_may_no_longer_is_not_answered(void **state)
{
	struct answer hired =
		api_call(OPERATOR, "POST", members,
			 "{\"name\":\"Demoted\",\"email\":\"demoted@acme.example\",\"role\":\"admin\"}");
	const char *id = api_text(hired, "id");
	const char *token = api_text(api_call(OPERATOR, "POST", tokens,
					      api_format("{\"name\":\"d\",\"member\":\"%s\"}", id)),
				     "token");
	static const char key[] = "Idempotency-Key: demoted";

	(void)state;
	EXPECT(api_call_with(token, key, "PATCH", "/v1/organisations/acme", "{\"name\":\"D\"}"), 200, NULL);
	EXPECT(api_call(OPERATOR, "PATCH", api_format("%s/%s", members, id), "{\"role\":\"viewer\"}"), 200,
	       NULL);
	EXPECT(api_call_with(token, key, "PATCH", "/v1/organisations/acme", "{\"name\":\"D\"}"), 403,
	       "permission.role");
}

static void a_secret_is_kept_nowhere(void **state)
{
	static const char body[] = "{\"name\":\"secret\",\"role\":\"viewer\"}";
	struct answer first = post(acme.tokens[OWNER], "secret", tokens, body);
	struct answer again = post(acme.tokens[OWNER], "secret", tokens, body);

	(void)state;
	EXPECT(first, 201, NULL);
	EXPECT(again, 409, "idempotency.shown_once");
	assert_non_null(strstr(api_text(again, "detail"), "revoke what was made"));
	assert_null(strstr(again.text, api_text(first, "token")));
	assert_string_equal(api_sql("SELECT count(*)::text FROM idempotency_keys WHERE body LIKE '%rst\\_%'"),
			    "0");
	/* nor anything that tells of a guess whether it is right */
	assert_string_equal(api_sql("SELECT count(*)::text FROM idempotency_keys WHERE key = 'secret'"), "1");
	assert_string_equal(
		api_sql(api_format("SELECT count(*)::text FROM idempotency_keys WHERE fingerprint = "
				   "sha256(int4send(%d) || '%s'::bytea || int4send(%d) || '%s'::bytea)",
				   (int)strlen(tokens), tokens, (int)strlen(body), body)),
		"0");
	assert_int_equal(api_audited("acme", "token.created") > 0, 1);
	EXPECT(post(OPERATOR, "secret", "/v1/tokens", "{\"name\":\"mine\"}"), 201, NULL);
	EXPECT(post(OPERATOR, "secret", "/v1/tokens", "{\"name\":\"mine\"}"), 409, "idempotency.shown_once");
}

static void a_refused_request_may_be_sent_again(void **state)
{
	(void)state;
	EXPECT(post(OPERATOR, "mended", members, "{\"name\":\"Mended\",\"email\":\"nonsense\"}"), 400, NULL);
	EXPECT(post(OPERATOR, "mended", members, person("mended")), 201, NULL);
}

static void what_changes_nothing_is_not_kept(void **state)
{
	(void)state;
	EXPECT(post(acme.tokens[VIEWER], "ask", "/v1/organisations/acme/check",
		    "{\"permission\":\"use_api\"}"),
	       200, NULL);
	assert_string_equal(api_sql("SELECT count(*)::text FROM idempotency_keys WHERE key = 'ask'"), "0");
	EXPECT(api_call_with(OPERATOR, "Idempotency-Key: get", "GET", orgs, NULL), 200, NULL);
}

static void keys_have_a_form(void **state)
{
	static const char *const bad[] = { "\"\"", "\"a\"b\"", "a\\\\b", "\xc3\xa9", "\"open" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		EXPECT(post(OPERATOR, bad[i], members, person("formed")), 400, "idempotency.key");
	EXPECT(post(OPERATOR, api_format("%0256d", 1), members, person("formed")), 400, "idempotency.key");
	EXPECT(post(OPERATOR, api_format("%0255d", 1), members, person("formed")), 201, NULL);
}

static void a_key_is_forgotten(void **state)
{
	(void)state;
	EXPECT(post(OPERATOR, "old", members, person("old")), 201, NULL);
	api_sql("UPDATE idempotency_keys SET expires_at = now() - interval '1 second' WHERE key = 'old'");
	EXPECT(post(OPERATOR, "old", members, person("old")), 409, "member.exists");
	EXPECT(post(OPERATOR, "old", members, person("older")), 201, NULL);
	EXPECT(post(OPERATOR, "old", members, person("older")), 201, NULL);
	api_sql("UPDATE idempotency_keys SET expires_at = now() - interval '1 second' WHERE key = 'old'");
	assert_int_not_equal(atoi(api_sql("SELECT idempotency_sweep(1000)::text")), 0);
	assert_string_equal(api_sql("SELECT count(*)::text FROM idempotency_keys WHERE key = 'old'"), "0");
}

/* ---- at the same time ---- */

static atomic_int done;

static void *send_it(void *ret)
{
	*(int *)ret = api_post("Idempotency-Key: race", members,
			       "{\"name\":\"Race\",\"email\":\"race@acme.example\"}");
	atomic_fetch_add(&done, 1);
	return NULL;
}

/* The first is held up by a lock on the table that it writes; the second comes while it is. */
static void the_second_of_two_is_told_to_wait(void **state)
{
	pthread_t thread;
	int first = 0;
	struct answer second;

	(void)state;
	api_hold("LOCK TABLE users IN EXCLUSIVE MODE");
	assert_int_equal(pthread_create(&thread, NULL, send_it, &first), 0);
	api_await("SELECT (count(*) > 0)::text FROM pg_locks WHERE locktype = 'advisory' AND granted "
		  "AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = 'rosterd')",
		  "true");
	second = post(OPERATOR, "race", members, "{\"name\":\"Race\",\"email\":\"race@acme.example\"}");
	EXPECT(second, 409, "idempotency.in_flight");
	assert_non_null(strstr(second.head, "Retry-After: 1"));
	assert_int_equal(atomic_load(&done), 0);
	api_release();
	pthread_join(thread, NULL);
	assert_int_equal(first, 201);
	EXPECT(post(OPERATOR, "race", members, "{\"name\":\"Race\",\"email\":\"race@acme.example\"}"), 201,
	       NULL);
	assert_int_equal(api_count(api_call(OPERATOR, "GET", api_format("%s?q=race@", members), NULL),
				   "items"),
			 1);
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
		cmocka_unit_test(it_is_done_once),
		cmocka_unit_test(an_organisation_is_made_once),
		cmocka_unit_test(a_connection_is_made_once),
		cmocka_unit_test(a_change_is_made_once),
		cmocka_unit_test(another_request_needs_another_key),
		cmocka_unit_test(nobody_is_answered_by_anothers_key),
		cmocka_unit_test(who_may_no_longer_is_not_answered),
		cmocka_unit_test(a_secret_is_kept_nowhere),
		cmocka_unit_test(a_refused_request_may_be_sent_again),
		cmocka_unit_test(what_changes_nothing_is_not_kept),
		cmocka_unit_test(keys_have_a_form),
		cmocka_unit_test(a_key_is_forgotten),
		cmocka_unit_test(the_second_of_two_is_told_to_wait),
	};

	return cmocka_run_group_tests_name("flows/idempotency", tests, start, api_stop);
}
