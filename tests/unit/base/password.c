/* Which passwords may be, and that a hash knows its own. */
#include "base/password.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/secret.h"
#include "base/text.h"

static const char *const known[] = { "ada.lovelace.of.london@mail.example", "Acme Corporation", NULL };

static void expect_judged(const char *password, const char *code)
{
	struct error e = { 0 };

	assert_int_equal(password_judge(password, known, &e), *code ? -1 : 0);
	assert_string_equal(e.code, code);
	if (*code)
		assert_int_equal(e.kind, ERROR_INPUT);
}

static void what_counts_is_how_long_it_is(void **state)
{
	char text[4 * PASSWORD_MOST + 8] = "";

	(void)state;
	expect_judged("abcdefghijklmn", "password.length");
	expect_judged("abcdefghijklmno", "");
	expect_judged("\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\xc3\xa9\xc3\xa8\xc3\xaa",
		      "password.length"); /* 7 characters of 14 bytes */
	for (int i = 0; i < PASSWORD_MOST; i++)
		memcpy(text + 4 * i, i % 2 ? "\xf0\x9f\x90\x98" : "\xf0\x9f\x92\xbe", 5);
	expect_judged(text, "");
	strcat(text, "x");
	expect_judged(text, "password.text");
	memset(text, 'x', PASSWORD_MOST + 1);
	text[PASSWORD_MOST + 1] = '\0';
	expect_judged(text, "password.length");
	expect_judged("abcdefghijklmno\xff", "password.text");
	expect_judged("", "password.length");
}

static void what_anybody_would_try_first_is_none(void **state)
{
	(void)state;
	expect_judged("ADA.lovelace.of.london@mail.example", "password.known");
	expect_judged("ada.lovelace.of.LONDON", "password.known");
	expect_judged("acme corporation", "password.known");
	expect_judged("ada.lovelace.of.london2", "");
	expect_judged("ada.lovelace.of.londo", "");
	expect_judged("abcdabcdabcdabcd", "password.repeated");
	expect_judged("abcdeabcdeabcde", "");
}

static void a_hash_knows_its_own(void **state)
{
	char hash[PASSWORD_HASH_SIZE], again[PASSWORD_HASH_SIZE];
	struct error e = { 0 };

	(void)state;
	assert_int_equal(password_hash("nine blue elephants", PASSWORD_INTERACTIVE, hash, &e), 0);
	assert_int_equal(password_hash("nine blue elephants", PASSWORD_INTERACTIVE, again, &e), 0);
	assert_true(text_begins(hash, "$argon2id$v=19$m=65536,t=2,p=1$"));
	assert_string_not_equal(hash, again);
	assert_int_equal(password_check(hash, "nine blue elephants", PASSWORD_INTERACTIVE, &e), 1);
	assert_int_equal(password_check(hash, "nine blue elephant", PASSWORD_INTERACTIVE, &e), 0);
	assert_int_equal(password_check(hash, "", PASSWORD_INTERACTIVE, &e), 0);
	assert_int_equal(password_check(NULL, "nine blue elephants", PASSWORD_INTERACTIVE, &e), 0);
	assert_false(password_outdated(hash, PASSWORD_INTERACTIVE));
	assert_true(password_outdated(hash, PASSWORD_MODERATE));
}

static void what_is_too_long_is_never_right(void **state)
{
	char hash[PASSWORD_HASH_SIZE], text[PASSWORD_BYTES_MOST + 2];
	struct error e = { 0 };

	(void)state;
	assert_int_equal(password_hash("", PASSWORD_INTERACTIVE, hash, &e), 0);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(password_check(hash, text, PASSWORD_INTERACTIVE, &e), 0);
}

static int start(void **state)
{
	struct error e;

	(void)state;
	return secret_start(&e);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_counts_is_how_long_it_is),
		cmocka_unit_test(what_anybody_would_try_first_is_none),
		cmocka_unit_test(a_hash_knows_its_own),
		cmocka_unit_test(what_is_too_long_is_never_right),
	};

	return cmocka_run_group_tests_name("base/password", tests, start, NULL);
}
