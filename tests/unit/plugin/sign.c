/* Signing a person on over the bridge: what a plug-in says comes out checked, and what it does wrong costs its link alone. */
#include "tools.h"

#include "base/crypt.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char secret[] = "correct horse";
static const char nonce[] = "nonce-of-this-attempt";

struct fixture {
	struct catalog *catalog;
	struct arena *arena;
	struct link_signed got;
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

static struct link *open_example(struct fixture *f)
{
	const struct link_setting settings[] = { { .name = "directory", .text = "person: id=u1; user=ada" },
		                                 { .name = "login_url", .text = "https://login.example/" },
		                                 { .name = "login_secret", .text = secret } };
	const struct link_pair addresses[] = { { "callback", "https://roster.example/sso/x/callback" }, { NULL, NULL } };
	const struct link_options options = { .plugin = "example", .settings = settings, .setting_count = ARRAY_COUNT(settings),
		                              .deadline_ms = TOOLS_DEADLINE_MS, .addresses = addresses };
	struct link *link;

	if (link_open(f->catalog, &options, &link, &f->e) < 0)
		fail_msg("%s", f->e.text);
	return link;
}

static const struct link_pair attempt[] = { { "state", "state-1" }, { "nonce", nonce } };

static int ask(struct fixture *f, struct link *link, enum link_step step, const struct link_pair *form, size_t count)
{
	const struct link_sign_on question = { .step = step, .attempt = attempt, .attempt_count = ARRAY_COUNT(attempt), .form = form,
		                               .form_count = count };

	return link_sign(link, &question, TOOLS_DEADLINE_MS, f->arena, &f->got, &f->e);
}

/* What the login page gives back, signed. groups NULL: it does not say. */
static int come_back(struct fixture *f, struct link *link, const char *with_nonce, const char *groups, const char *signature)
{
	struct link_pair form[8] = { { "state", "state-1" }, { "nonce", with_nonce }, { "person", "u1" }, { "email", "ada@acme.example" },
		                     { "verified", "yes" }, { "session", "s-9" } };
	size_t count = 6;
	const char *text = arena_format(f->arena, "state-1\n%s\nu1\nada@acme.example\nyes\n%s\n", with_nonce, groups ? groups : "");
	uint8_t digest[CRYPT_DIGEST_SIZE];
	char *made = arena_take(f->arena, 2 * sizeof(digest) + 1);

	crypt_hmac_sha256(secret, strlen(secret), text, strlen(text), digest);
	text_hex(digest, sizeof(digest), made);
	if (groups)
		form[count++] = (struct link_pair){ "groups", groups };
	form[count++] = (struct link_pair){ "signature", signature ? signature : made };
	return ask(f, link, LINK_FINISH, form, count);
}

static void test_the_browser_is_sent_off(void **state)
{
	struct fixture *f = *state;
	scoped(link) *link = open_example(f);

	assert_int_equal(ask(f, link, LINK_BEGIN, NULL, 0), 0);
	assert_string_equal(f->got.url, "https://login.example/?state=state-1&nonce=nonce-of-this-attempt&back=https://roster.example/sso/x/callback");
	assert_null(f->got.post_body);
	assert_null(f->got.person);
}

static void test_a_person_comes_back(void **state)
{
	struct fixture *f = *state;
	scoped(link) *link = open_example(f);

	assert_int_equal(come_back(f, link, nonce, "staff,admins", NULL), 0);
	assert_string_equal(f->got.person->remote_id, "u1");
	assert_string_equal(f->got.person->email, "ada@acme.example");
	assert_int_equal(f->got.person->email_proof, PROOF_VERIFIED);
	assert_int_equal(f->got.group_count, 2);
	assert_string_equal(f->got.groups[1].name, "admins");
	assert_true(f->got.groups[1].partial);
	assert_string_equal(f->got.person->groups[0], "staff");
	assert_null(f->got.person->groups[2]);
	assert_int_equal(f->got.check_count, 3);
	assert_string_equal(f->got.checks[0].check, "signature");
	assert_true(f->got.checks[0].passed && f->got.checks[1].passed && f->got.checks[2].passed);
	assert_int_equal(strlen(f->got.message_id), 64);
	assert_string_equal(f->got.session, "s-9");
	/* Of the first nothing is left in the next. */
	assert_int_equal(come_back(f, link, nonce, NULL, NULL), 0);
	assert_null(f->got.person->groups);
	assert_int_equal(f->got.group_count, 0);
	assert_int_equal(f->got.check_count, 3);
}

static void expect_denied(struct fixture *f, int result, const char *check)
{
	assert_int_equal(result, -1);
	assert_int_equal(f->e.kind, ERROR_DENIED);
	assert_string_equal(f->e.code, "plugin.denied");
	assert_string_equal(f->got.checks[f->got.check_count - 1].check, check);
	assert_false(f->got.checks[f->got.check_count - 1].passed);
	assert_non_null(f->got.checks[f->got.check_count - 1].advice);
	assert_null(f->got.person);
}

static void test_what_is_not_right_is_told(void **state)
{
	struct fixture *f = *state;
	scoped(link) *link = open_example(f);

	expect_denied(f, come_back(f, link, nonce, NULL, "0000"), "signature");
	expect_denied(f, come_back(f, link, "another", NULL, NULL), "nonce");
	assert_true(link_lives(link));
	assert_int_equal(come_back(f, link, nonce, NULL, NULL), 0);
}

static void test_nobody_is_signed_on_by_silence(void **state)
{
	struct fixture *f = *state;
	scoped(link) *link = open_example(f);
	const struct link_sign_on password = { .step = LINK_PASSWORD };

	assert_int_equal(link_sign(link, &password, TOOLS_DEADLINE_MS, f->arena, &f->got, &f->e), -1);
	assert_string_equal(f->e.code, "plugin.misconfigured");
	assert_null(f->got.person);
}

static void test_only_who_signs_on(void **state)
{
	struct fixture *f = *state;
	const struct link_setting to = { .name = "url", .text = "https://app.example/" };
	const struct link_options options = { .plugin = "webhook", .settings = &to, .setting_count = 1, .deadline_ms = TOOLS_DEADLINE_MS };
	scoped(link) *link = NULL;

	assert_int_equal(link_open(f->catalog, &options, &link, &f->e), 0);
	assert_int_equal(ask(f, link, LINK_BEGIN, NULL, 0), -1);
	assert_string_equal(f->e.code, "plugin.scope");
}

static void test_logout(void **state)
{
	struct fixture *f = *state;
	scoped(link) *link = open_example(f);
	const struct link_pair who[] = { { "remote_id", "u1" }, { "session", "s-9" } };
	struct link_sign_on question = { .step = LINK_LOGOUT, .attempt = who, .attempt_count = 2 };

	assert_int_equal(link_sign(link, &question, TOOLS_DEADLINE_MS, f->arena, &f->got, &f->e), 0);
	assert_string_equal(f->got.url, "https://login.example/?logout=s-9");
	question.attempt_count = 1;
	assert_int_equal(link_sign(link, &question, TOOLS_DEADLINE_MS, f->arena, &f->got, &f->e), 0);
	assert_null(f->got.url);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_the_browser_is_sent_off, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_person_comes_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_is_not_right_is_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_nobody_is_signed_on_by_silence, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_only_who_signs_on, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_logout, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
