/* The codes of an authenticator, by the vectors of RFC 6238 (appendix B, SHA-1) and RFC 4226 (appendix D);
 * recovery codes. */
#include "base/totp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/secret.h"
#include "base/text.h"

static const uint8_t secret[] = "12345678901234567890";

static void the_vectors_of_rfc_6238(void **state)
{
	static const struct {
		int64_t at_s;
		const char *code;
	} rows[] = { { 59, "94287082" },	 { 1111111109, "07081804" }, { 1111111111, "14050471" },
		     { 1234567890, "89005924" }, { 2000000000, "69279037" }, { 20000000000, "65353130" } };
	char code[9];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		totp_code(secret, TOTP_SECRET_SIZE, rows[i].at_s / TOTP_STEP_S, 8, code);
		assert_string_equal(code, rows[i].code);
	}
}

static void the_vectors_of_rfc_4226(void **state)
{
	static const char *const codes[] = { "755224", "287082", "359152", "969429", "338314",
					     "254676", "287922", "162583", "399871", "520489" };
	char code[9];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(codes); i++) {
		totp_code(secret, TOTP_SECRET_SIZE, (int64_t)i, TOTP_DIGITS, code);
		assert_string_equal(code, codes[i]);
	}
}

static void a_code_counts_one_step_early_and_late(void **state)
{
	const int64_t now_s = 1234567890, step = now_s / TOTP_STEP_S;
	int64_t found;
	char code[9];

	(void)state;
	for (int64_t at = step - 3; at <= step + 3; at++) {
		bool near = at >= step - TOTP_WINDOW && at <= step + TOTP_WINDOW;

		totp_code(secret, TOTP_SECRET_SIZE, at, TOTP_DIGITS, code);
		found = 0;
		assert_int_equal(totp_match(secret, TOTP_SECRET_SIZE, code, now_s, &found), near);
		assert_int_equal(found, near ? at : 0);
	}
}

static void what_is_typed_is_six_digits(void **state)
{
	int64_t found;

	(void)state;
	assert_true(totp_match(secret, TOTP_SECRET_SIZE, "005924", 1234567890, &found));
	assert_true(totp_match(secret, TOTP_SECRET_SIZE, " 005 924 ", 1234567890, &found));
	for (size_t i = 0; i < 6; i++) {
		static const char *const bad[] = { "", "00592", "0059240", "5924", "00592a", "005925" };

		assert_false(totp_match(secret, TOTP_SECRET_SIZE, bad[i], 1234567890, &found));
	}
}

static void a_secret_is_shown_in_base32(void **state)
{
	char text[TOTP_SECRET_TEXT_SIZE + 1];

	(void)state;
	totp_text(secret, text);
	assert_string_equal(text, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
}

static void a_recovery_code_is_found_however_it_is_written(void **state)
{
	uint8_t hash[CRYPT_DIGEST_SIZE], typed[CRYPT_DIGEST_SIZE];
	char code[RECOVERY_CODE_SIZE + 1], other[RECOVERY_CODE_SIZE + 1], text[64];

	(void)state;
	recovery_code_new(code, hash);
	assert_int_equal(strlen(code), RECOVERY_CODE_SIZE);
	assert_true(recovery_code_hash(code, typed));
	assert_memory_equal(typed, hash, sizeof(hash));
	snprintf(text, sizeof(text), " %.4s%.4s %s", code, code + 5, code + 10);
	for (char *c = text; *c; c++)
		if (*c >= 'a' && *c <= 'z')
			*c = (char)(*c - 'a' + 'A');
	assert_true(recovery_code_hash(text, typed));
	assert_memory_equal(typed, hash, sizeof(hash));
	recovery_code_new(other, typed);
	assert_string_not_equal(other, code);
	code[RECOVERY_CODE_SIZE - 1] = '\0';
	assert_false(recovery_code_hash(code, typed));
	assert_false(recovery_code_hash("abcd-efgh-ijkl-mno1", typed));
	assert_false(recovery_code_hash("abcd-efgh-ijkl-mnopq", typed));
	assert_false(recovery_code_hash("", typed));
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
		cmocka_unit_test(the_vectors_of_rfc_6238),
		cmocka_unit_test(the_vectors_of_rfc_4226),
		cmocka_unit_test(a_code_counts_one_step_early_and_late),
		cmocka_unit_test(what_is_typed_is_six_digits),
		cmocka_unit_test(a_secret_is_shown_in_base32),
		cmocka_unit_test(a_recovery_code_is_found_however_it_is_written),
	};

	return cmocka_run_group_tests_name("base/totp", tests, start, NULL);
}
