/* Instants: RFC 3339 in both directions, and deadlines. */
#include "base/clock.h"

#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <limits.h>
#include <string.h>

static void texts(void **state)
{
	static const struct {
		int64_t us;
		const char *text;
	} pairs[] = {
		{ 0, "1970-01-01T00:00:00.000000Z" },
		{ -1, "1969-12-31T23:59:59.999999Z" },
		{ -1000000, "1969-12-31T23:59:59.000000Z" },
		{ 1795340447000123, "2026-11-22T09:40:47.000123Z" },
		{ 951782400000000, "2000-02-29T00:00:00.000000Z" },
		{ 253402300799999999, "9999-12-31T23:59:59.999999Z" },
		{ -62167219200000000, "0000-01-01T00:00:00.000000Z" },
	};
	char text[CLOCK_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(pairs); i++) {
		int64_t us;

		assert_ptr_equal(clock_text(pairs[i].us, text), text);
		assert_string_equal(text, pairs[i].text);
		assert_int_equal(clock_parse(text, &us), 0);
		assert_true(us == pairs[i].us);
	}
}

static void instants_beyond_four_digits_are_shown_as_the_nearest(void **state)
{
	char text[CLOCK_TEXT_SIZE];

	(void)state;
	assert_string_equal(clock_text(INT64_MAX, text), "9999-12-31T23:59:59.999999Z");
	assert_string_equal(clock_text(253402300800000000, text), "9999-12-31T23:59:59.999999Z");
	assert_string_equal(clock_text(INT64_MIN, text), "0000-01-01T00:00:00.000000Z");
}

static void other_spellings(void **state)
{
	static const struct {
		const char *text;
		int64_t us;
	} pairs[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "1970-01-01t01:00:00+01:00", 0 },
		{ "1969-12-31T18:30:00-05:30", 0 },
		{ "1970-01-01T00:00:00-00:00", 0 },
		{ "1970-01-01T00:00:00.5z", 500000 },
		{ "1970-01-01T00:00:00.123456789Z", 123456 },
		{ "1970-01-01T00:00:00.999999999Z", 999999 },
		{ "2016-12-31T23:59:60Z", 1483228800000000 },
		{ "2024-02-29T12:00:00Z", 1709208000000000 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(pairs); i++) {
		int64_t us = 77;

		assert_int_equal(clock_parse(pairs[i].text, &us), 0);
		assert_true(us == pairs[i].us);
	}
}

static void bad_texts_are_refused(void **state)
{
	static const char *const bad[] = {
		"", "2026", "2026-11-22", "2026-11-22T09:14:07", "2026-11-22 09:14:07Z", "2026-13-01T00:00:00Z",
		"2026-00-01T00:00:00Z", "2026-11-31T00:00:00Z", "2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z",
		"2026-11-00T00:00:00Z", "2026-11-22T24:00:00Z", "2026-11-22T09:60:00Z", "2026-11-22T09:14:61Z",
		"2026-11-22T09:14:07.Z", "2026-11-22T09:14:07.1234567890Z", "2026-11-22T09:14:07Zx",
		"2026-11-22T09:14:07+24:00", "2026-11-22T09:14:07+01:60", "2026-11-22T09:14:07+0100",
		"2026-11-22T09:14:07+1", "226-11-22T09:14:07Z", "12026-11-22T09:14:07Z", " 2026-11-22T09:14:07Z",
		"-026-11-22T09:14:07Z", "2026-11-22T9:14:07Z", "2026-11-22T09:14:07,5Z",
	};
	int64_t us = 77;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		assert_int_equal(clock_parse(bad[i], &us), -1);
	assert_int_equal(clock_parse(NULL, &us), -1);
	assert_true(us == 77);
}

static void deadlines(void **state)
{
	int64_t now = clock_monotonic_ms();

	(void)state;
	assert_int_equal(clock_left_ms(now), 0);
	assert_int_equal(clock_left_ms(INT64_MIN), 0);
	assert_int_equal(clock_left_ms(INT64_MAX), INT_MAX);
	assert_true(clock_left_ms(now + 3600000) > 0 && clock_left_ms(now + 3600000) <= 3600000);
	assert_true(clock_monotonic_ms() >= now);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts),
		cmocka_unit_test(instants_beyond_four_digits_are_shown_as_the_nearest),
		cmocka_unit_test(other_spellings),
		cmocka_unit_test(bad_texts_are_refused),
		cmocka_unit_test(deadlines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
