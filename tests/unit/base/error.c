/* Errors: what they keep, where they are cut. */
#include "base/error.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

static void set_fills_everything(void **state)
{
	struct error e;

	(void)state;
	memset(&e, 'x', sizeof(e));
	assert_int_equal(error_set(&e, ERROR_CONFLICT, "member.last_owner", "%s is the last of %d", "ann", 1), -1);
	assert_int_equal(e.kind, ERROR_CONFLICT);
	assert_int_equal(e.wait_ms, 0);
	assert_string_equal(e.code, "member.last_owner");
	assert_string_equal(e.text, "ann is the last of 1");
	assert_string_equal(e.detail, "");
}

static void set_takes_its_own_text(void **state)
{
	struct error e;

	(void)state;
	error_set(&e, ERROR_INPUT, "a.b", "inner");
	error_set(&e, ERROR_REMOTE, e.code, "outer: %s", e.text);
	assert_int_equal(e.kind, ERROR_REMOTE);
	assert_string_equal(e.code, "a.b");
	assert_string_equal(e.text, "outer: inner");
}

static void nobody_asked(void **state)
{
	(void)state;
	assert_int_equal(error_set(NULL, ERROR_INPUT, "a.b", "%d", 1), -1);
	assert_int_equal(error_detail(NULL, "%d", 1), -1);
}

static void detail_keeps_the_rest(void **state)
{
	struct error e;

	(void)state;
	error_set(&e, ERROR_LIMIT, "a.b", "text");
	e.wait_ms = 7;
	assert_int_equal(error_detail(&e, "errno %d", 2), -1);
	assert_int_equal(e.kind, ERROR_LIMIT);
	assert_int_equal(e.wait_ms, 7);
	assert_string_equal(e.code, "a.b");
	assert_string_equal(e.text, "text");
	assert_string_equal(e.detail, "errno 2");
	error_detail(&e, "again: %s", e.detail);
	assert_string_equal(e.detail, "again: errno 2");
}

static void text_that_just_fits_stands(void **state)
{
	char long_text[ERROR_TEXT_MOST];
	struct error e;

	(void)state;
	memset(long_text, 'a', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	memcpy(long_text + sizeof(long_text) - 3, "\xc3\xa4", 2);
	error_set(&e, ERROR_INPUT, "a.b", "%s", long_text);
	assert_string_equal(e.text, long_text);
}

/* One byte more each time, so that the cut goes through every place of a character of four bytes. */
static void long_text_is_cut_at_a_whole_character(void **state)
{
	(void)state;
	for (size_t before = ERROR_TEXT_MOST - 5; before < ERROR_TEXT_MOST; before++) {
		char long_text[ERROR_TEXT_MOST + 8];
		struct error e;
		size_t whole = before + 4 <= ERROR_TEXT_MOST - 1 ? before + 4 : before;

		memset(long_text, 'a', before);
		strcpy(long_text + before, "\xf0\x9f\x8c\xb3zzz");
		error_set(&e, ERROR_INPUT, "a.b", "%s", long_text);
		assert_true(text_is_utf8(e.text, strlen(e.text)));
		assert_true(strlen(e.text) >= whole && strlen(e.text) < ERROR_TEXT_MOST);
		error_detail(&e, "%s", long_text);
		assert_true(text_is_utf8(e.detail, strlen(e.detail)));
	}
}

static void long_code_is_cut(void **state)
{
	struct error e;

	(void)state;
	error_set(&e, ERROR_INPUT, "a.code.that.is.longer.than.the.place.that.is.kept.for.it", "text");
	assert_int_equal(strlen(e.code), ERROR_CODE_MOST - 1);
}

static void every_kind_has_its_own_name(void **state)
{
	(void)state;
	for (int a = ERROR_NONE; a <= ERROR_INTERNAL; a++) {
		assert_non_null(error_kind_name((enum error_kind)a));
		for (int b = ERROR_NONE; b < a; b++)
			assert_string_not_equal(error_kind_name((enum error_kind)a),
			                        error_kind_name((enum error_kind)b));
	}
	assert_string_equal(error_kind_name(ERROR_NOT_FOUND), "not_found");
	assert_string_equal(error_kind_name((enum error_kind)99), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(set_fills_everything),
		cmocka_unit_test(set_takes_its_own_text),
		cmocka_unit_test(nobody_asked),
		cmocka_unit_test(detail_keeps_the_rest),
		cmocka_unit_test(text_that_just_fits_stands),
		cmocka_unit_test(long_text_is_cut_at_a_whole_character),
		cmocka_unit_test(long_code_is_cut),
		cmocka_unit_test(every_kind_has_its_own_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
