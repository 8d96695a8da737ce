/* Which tags name a version, and which name what was seen. */
#include "endpoints/etag.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void a_tag_tells_the_version_and_what_was_shown(void **state)
{
	char one[ETAG_SIZE], other[ETAG_SIZE];

	(void)state;
	assert_int_equal(strlen(etag_write(7, "{}", 2, one)), strlen("\"7-0123456789abcdef\""));
	assert_memory_equal(one, "\"7-", 3);
	assert_string_not_equal(one, etag_write(7, "{ }", 3, other));
	assert_string_equal(one, etag_write(7, "{}", 2, other));
	assert_true(strlen(etag_write(INT64_MIN, "", 0, one)) < ETAG_SIZE);
}

static void a_version_is_named_whole(void **state)
{
	(void)state;
	assert_true(etag_lists_version("\"7\"", 7));
	assert_true(etag_lists_version("\"7-2c57697082d99b88\"", 7));
	assert_true(etag_lists_version(" \"6\" ,\t\"7\" ", 7));
	assert_true(etag_lists_version("*", 7));
	assert_false(etag_lists_version("\"77\"", 7));
	assert_false(etag_lists_version("\"7", 7));
	assert_false(etag_lists_version("7", 7));
	assert_false(etag_lists_version("W/\"7\"", 7));
	assert_false(etag_lists_version("\"-7\"", 7));
	assert_false(etag_lists_version("", 7));
	assert_false(etag_lists_version(", ,", 7));
}

static void what_was_seen_is_named_exactly(void **state)
{
	(void)state;
	assert_true(etag_lists("\"7-ab\"", "\"7-ab\""));
	assert_true(etag_lists("\"1-cd\", W/\"7-ab\"", "\"7-ab\""));
	assert_true(etag_lists("*", "\"7-ab\""));
	assert_false(etag_lists("\"7\"", "\"7-ab\""));
	assert_false(etag_lists("\"7-abc\"", "\"7-ab\""));
	assert_false(etag_lists("W/", "\"7-ab\""));
	assert_false(etag_lists("W", "\"7-ab\""));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tag_tells_the_version_and_what_was_shown),
		cmocka_unit_test(a_version_is_named_whole),
		cmocka_unit_test(what_was_seen_is_named_exactly),
	};

	return cmocka_run_group_tests_name("endpoints/etag", tests, NULL, NULL);
}
