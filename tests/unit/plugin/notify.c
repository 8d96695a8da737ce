/* Messages that came to a connection's address, as the plug-in reads them: what is authentic is handed out checked, and what it does wrong
 * costs its link alone. */
#include "tools.h"

#include "base/crypt.h"
#include "base/secret.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char secret[] = "correct horse";

struct fixture {
	struct catalog *catalog;
	struct arena *arena;
	struct link_heard heard;
	struct error e;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->catalog = tools_catalog("plugins");
	f->arena = arena_open("test");
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	arena_close(&f->arena);
	catalog_close(&f->catalog);
	free(f);
	return 0;
}

static struct link *open_example(struct fixture *f, const char *script)
{
	struct link *link;

	if (tools_open(f->catalog, "example", TOOLS_DEADLINE_MS, &link, &f->e, "directory", "person: id=u1; user=ada", "script", script,
	               "hook_secret", secret, NULL) < 0)
		fail_msg("%s", f->e.text);
	return link;
}

static const char *sign(struct fixture *f, const void *body, size_t size)
{
	uint8_t digest[CRYPT_DIGEST_SIZE];
	char *text = arena_take(f->arena, 7 + 2 * sizeof(digest) + 1);

	crypt_hmac_sha256(secret, strlen(secret), body, size, digest);
	snprintf(text, 8, "sha256=");
	for (size_t i = 0; i < sizeof(digest); i++)
		snprintf(text + 7 + 2 * i, 3, "%02x", digest[i]);
	return text;
}

static int post_bytes(struct fixture *f, struct link *link, const void *body, size_t size, const char *signature, int deadline_ms)
{
	const struct link_pair headers[] = {
		{ "X-Strange", "\xff\xfe" }, { "content-type", "text/plain" }, { "x-example-signature", signature }
	};
	const struct link_message message = { .method = "POST", .headers = headers, .header_count = ARRAY_COUNT(headers),
		                              .body = body, .body_size = size };

	return link_notify(link, &message, deadline_ms, f->arena, &f->heard, &f->e);
}

static int post(struct fixture *f, struct link *link, const char *body)
{
	return post_bytes(f, link, body, strlen(body), sign(f, body, strlen(body)), TOOLS_DEADLINE_MS);
}

static void expect_failure(struct fixture *f, int result, enum error_kind kind, const char *code, const char *text)
{
	assert_int_equal(result, -1);
	assert_string_equal(f->e.code, code);
	assert_int_equal(f->e.kind, kind);
	if (!strstr(f->e.text, text))
		fail_msg("\"%s\" is not in \"%s\"", text, f->e.text);
}

static void test_whom_it_is_about(void **state)
{
	struct fixture *f = *state;
	scoped(link) *link = open_example(f, "");

	assert_int_equal(post(f, link, "id: m1\nperson: u1\ngroup: g1\nperson: u2\nchanges:\n"), 0);
	assert_string_equal(f->heard.message_id, "m1");
	assert_true(f->heard.until > 1700000000);
	assert_int_equal(f->heard.look_count, 4);
	assert_int_equal(f->heard.looks[0].subject, LINK_SUBJECT_PERSON);
	assert_string_equal(f->heard.looks[0].remote_id, "u1");
	assert_int_equal(f->heard.looks[1].subject, LINK_SUBJECT_GROUP);
	assert_string_equal(f->heard.looks[1].remote_id, "g1");
	assert_string_equal(f->heard.looks[2].remote_id, "u2");
	assert_int_equal(f->heard.looks[3].subject, LINK_SUBJECT_CHANGES);
	assert_null(f->heard.looks[3].remote_id);
	assert_int_equal(f->heard.status, 204);
	assert_null(f->heard.content_type);
	assert_int_equal(f->heard.body_size, 0);
	/* Nothing of one message is left in the next. */
	assert_int_equal(post(f, link, "person: u3\n"), 0);
	assert_null(f->heard.message_id);
	assert_int_equal(f->heard.look_count, 1);
}

static void test_a_challenge_is_answered(void **state)
{
	struct fixture *f = *state;
	scoped(link) *link = open_example(f, "");
	const struct link_pair good = { "challenge", "abc-123" }, bad = { "challenge", "<script>" };
	struct link_message message = { .method = "GET", .query = &good, .query_count = 1 };

	assert_int_equal(link_notify(link, &message, TOOLS_DEADLINE_MS, f->arena, &f->heard, &f->e), 0);
	assert_int_equal(f->heard.status, 200);
	assert_string_equal(f->heard.content_type, "text/plain");
	assert_int_equal(f->heard.body_size, 7);
	assert_memory_equal(f->heard.body, "abc-123", 7);
	message.query = &bad;
	expect_failure(f, link_notify(link, &message, TOOLS_DEADLINE_MS, f->arena, &f->heard, &f->e), ERROR_DENIED, "plugin.denied",
	               "a challenge");
	message.query_count = 0;
	expect_failure(f, link_notify(link, &message, TOOLS_DEADLINE_MS, f->arena, &f->heard, &f->e), ERROR_DENIED, "plugin.denied",
	               "without a challenge");
}

/* Whoever forges messages must not make us start a child for each. */
static void test_what_is_not_authentic_costs_no_child(void **state)
{
	struct fixture *f = *state;
	scoped(link) *link = open_example(f, "");
	static const char body[] = "person: u1\n";

	for (int i = 0; i < 3; i++) {
		expect_failure(f, post_bytes(f, link, body, sizeof(body) - 1, sign(f, "person: u2\n", 11), TOOLS_DEADLINE_MS),
		               ERROR_DENIED, "plugin.denied", "the signature is not that of");
		assert_int_equal(f->heard.look_count, 0);
		assert_true(link_lives(link));
	}
	expect_failure(f, post_bytes(f, link, body, sizeof(body) - 1, "sha1=00", TOOLS_DEADLINE_MS), ERROR_DENIED, "plugin.denied",
	               "is not signed");
	expect_failure(f, post(f, link, "nonsense: x\n"), ERROR_REMOTE, "plugin.nonsense", "a line \"nonsense\"");
	assert_int_equal(post(f, link, body), 0);
	assert_int_equal(f->heard.look_count, 1);
}

static void test_bodies_of_any_size_and_bytes(void **state)
{
	struct fixture *f = *state;
	scoped(link) *link = open_example(f, "");
	char *body = malloc(LINK_MESSAGE_MOST + 1);

	for (size_t i = 0; i <= LINK_MESSAGE_MOST; i++)
		body[i] = i % 100 == 99 ? '\n' : (char)(i * 31 % 251 == ':' ? 0 : i * 31 % 251);
	for (size_t size = 0; size < 200; size++) /* around the blocks of the digest */
		assert_int_equal(post_bytes(f, link, body, size, sign(f, body, size), TOOLS_DEADLINE_MS), 0);
	assert_int_equal(post_bytes(f, link, body, LINK_MESSAGE_MOST, sign(f, body, LINK_MESSAGE_MOST), TOOLS_DEADLINE_MS), 0);
	expect_failure(f, post_bytes(f, link, body, LINK_MESSAGE_MOST + 1, "", TOOLS_DEADLINE_MS), ERROR_LIMIT, "plugin.message",
	               "more than 1048576 bytes");
	assert_true(link_lives(link));
	free(body);
}

static void test_too_many_to_look_at(void **state)
{
	struct fixture *f = *state;
	scoped(link) *link = open_example(f, "wild_message_at 1");

	expect_failure(f, post(f, link, "id: m1\n"), ERROR_REMOTE, "plugin.nonsense", "more than 500 people and groups");
	assert_int_equal(post(f, link, "id: m1\n"), 0);
}

static void test_it_shall_be_repeated(void **state)
{
	struct fixture *f = *state;
	scoped(link) *link = open_example(f, "later_message_at 1");

	expect_failure(f, post(f, link, "id: m1\n"), ERROR_RETRY, "plugin.try_later", "comes too soon");
	assert_int_equal(post(f, link, "id: m1\n"), 0);
}

static void test_replies_that_may_not_be(void **state)
{
	static const struct {
		const char *script, *body, *text;
	} cases[] = {
		{ "reply_status 302", "", "has the status 302" }, { "reply_status 500", "", "has the status 500" },
		{ "reply_status 199", "", "has the status 199" }, { "reply_status 404", "person: u1\n", "refuses a message and says whom" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		scoped(link) *link = open_example(f, cases[i].script);

		expect_failure(f, post(f, link, cases[i].body), ERROR_REMOTE, "plugin.protocol", cases[i].text);
		assert_false(link_lives(link));
		expect_failure(f, post(f, link, ""), ERROR_INTERNAL, "plugin.closed", "has failed before");
	}
	scoped(link) *link = open_example(f, "reply_status 404");
	assert_int_equal(post(f, link, "id: m1\n"), 0);
	assert_int_equal(f->heard.status, 404);
}

static void test_a_hang_and_a_crash(void **state)
{
	struct fixture *f = *state;
	scoped(link) *hangs = open_example(f, "hang_message_at 1");
	scoped(link) *crashes = open_example(f, "crash_message_at 2");

	expect_failure(f, post_bytes(f, hangs, "", 0, sign(f, "", 0), 500), ERROR_REMOTE, "plugin.deadline", "no answer within 500 ms");
	assert_false(link_lives(hangs));
	assert_int_equal(post(f, crashes, ""), 0);
	assert_int_equal(post(f, crashes, ""), -1);
	assert_int_equal(f->e.kind, ERROR_REMOTE);
	assert_false(link_lives(crashes));
}

static void test_no_secret_no_message(void **state)
{
	struct fixture *f = *state;
	scoped(link) *link = NULL;

	assert_int_equal(tools_open(f->catalog, "example", TOOLS_DEADLINE_MS, &link, &f->e, "directory", "", NULL), 0);
	expect_failure(f, post(f, link, ""), ERROR_INPUT, "plugin.misconfigured", "\"hook_secret\" is not set");
}

static void test_the_plug_in_knows_its_address(void **state)
{
	static const struct link_setting settings[] = { { .name = "directory", .text = "" } };
	struct fixture *f = *state;
	struct link_options options = { .plugin = "example", .settings = settings, .setting_count = 1, .deadline_ms = TOOLS_DEADLINE_MS,
		                        .notifications_url = "https://roster.example/hooks/1" };
	scoped(link) *reached = NULL;
	scoped(link) *hidden = NULL;
	const char *notes;

	assert_int_equal(link_open(f->catalog, &options, &reached, &f->e), 0);
	assert_int_equal(link_check(reached, f->arena, &notes, &f->e), 0);
	assert_non_null(strstr(notes, "messages are taken at https://roster.example/hooks/1\n"));
	options.notifications_url = NULL;
	assert_int_equal(link_open(f->catalog, &options, &hidden, &f->e), 0);
	assert_int_equal(link_check(hidden, f->arena, &notes, &f->e), 0);
	assert_null(strstr(notes, "messages are taken"));
}

/* What the plug-in keeps of it, in memory. */
struct memory {
	char bytes[256];
	size_t size;
};

static int memory_keep(void *self, const char *name, const void *bytes, size_t size, int64_t until_s, struct error *e)
{
	struct memory *memory = self;

	(void)e;
	assert_string_equal(name, "subscription");
	assert_true(!bytes || until_s > 1700000000);
	memory->size = bytes ? size : 0;
	if (bytes)
		memcpy(memory->bytes, bytes, size);
	return 0;
}

static int memory_recall(void *self, const char *name, struct secret **ret, struct error *e)
{
	struct memory *memory = self;

	(void)name;
	(void)e;
	if (memory->size == 0)
		return 0;
	*ret = secret_take(memory->bytes, memory->size);
	return 1;
}

static void test_a_subscription(void **state)
{
	struct fixture *f = *state;
	struct memory memory = { .size = 0 };
	const struct link_keeper keeper = { &memory, memory_keep, memory_recall };
	scoped(link) *link = open_example(f, ""), *lost = open_example(f, ""), *without = NULL;

	secret_start(NULL);
	link_keep_with(link, &keeper);
	assert_int_equal(link_subscribe(link, LINK_SUBSCRIBE, &f->e), 0);
	assert_true(memory.size > 0);
	assert_int_equal(link_subscribe(link, LINK_RENEW, &f->e), 0);
	assert_int_equal(link_subscribe(link, LINK_UNSUBSCRIBE, &f->e), 0);
	assert_int_equal(memory.size, 0);
	assert_int_equal(post(f, link, "person: u1\n"), 0); /* the same link goes on */
	link_keep_with(lost, &keeper);
	expect_failure(f, link_subscribe(lost, LINK_RENEW, &f->e), ERROR_PRECONDITION, "plugin.lost_place", "no subscription to go on with");
	link_close(&link);
	link_close(&lost);
	assert_int_equal(tools_open(f->catalog, "example", TOOLS_DEADLINE_MS, &without, &f->e, "directory", "", NULL), 0);
	assert_int_equal(link_subscribe(without, LINK_SUBSCRIBE, &f->e), 1); /* none is wanted */
}

static void test_a_plug_in_without_the_ability(void **state)
{
	struct fixture *f = *state;
	scoped(link) *link = NULL;

	catalog_close(&f->catalog);
	f->catalog = tools_catalog("tests/peers/.libs");
	assert_int_equal(tools_open(f->catalog, "bad_connector", TOOLS_DEADLINE_MS, &link, &f->e, "fault", "between", NULL), 0);
	expect_failure(f, post(f, link, ""), ERROR_INPUT, "plugin.scope", "understands no messages");
	expect_failure(f, link_subscribe(link, LINK_SUBSCRIBE, &f->e), ERROR_INPUT, "plugin.scope", "makes no subscriptions");
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FIXTURE(test_whom_it_is_about),
		WITH_FIXTURE(test_a_challenge_is_answered),
		WITH_FIXTURE(test_what_is_not_authentic_costs_no_child),
		WITH_FIXTURE(test_bodies_of_any_size_and_bytes),
		WITH_FIXTURE(test_too_many_to_look_at),
		WITH_FIXTURE(test_it_shall_be_repeated),
		WITH_FIXTURE(test_replies_that_may_not_be),
		WITH_FIXTURE(test_a_hang_and_a_crash),
		WITH_FIXTURE(test_no_secret_no_message),
		WITH_FIXTURE(test_the_plug_in_knows_its_address),
		WITH_FIXTURE(test_a_subscription),
		WITH_FIXTURE(test_a_plug_in_without_the_ability),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
