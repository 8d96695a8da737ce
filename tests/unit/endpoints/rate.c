/* How often somebody may do something. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "endpoints/rate.h"

static struct rate *rate;
static const struct id one = { .bytes = { 1 } }, other = { .bytes = { 2 } };

static int set_up(void **state)
{
	(void)state;
	rate = rate_open();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	rate_close(&rate);
	return 0;
}

static void a_burst_and_then_its_share(void **state)
{
	int64_t now_ms = 1000;
	int taken = 0;

	(void)state;
	for (int i = 0; i < 5; i++)
		assert_int_equal(rate_take(rate, &one, 600, 5, now_ms), 0);
	assert_int_equal(rate_take(rate, &one, 600, 5, now_ms), 100);
	assert_int_equal(rate_take(rate, &one, 600, 5, now_ms + 99), 1);
	assert_int_equal(rate_take(rate, &one, 600, 5, now_ms + 100), 0);
	/* Whoever never stops asking has a share all the same. */
	for (now_ms += 100; now_ms < 11100; now_ms += 10)
		taken += rate_take(rate, &one, 600, 5, now_ms) == 0;
	assert_in_range(taken, 99, 101);
	/* Silence fills it again, and no more than that. */
	now_ms += 1000000;
	for (int i = 0; i < 5; i++)
		assert_int_equal(rate_take(rate, &one, 600, 5, now_ms), 0);
	assert_int_not_equal(rate_take(rate, &one, 600, 5, now_ms), 0);
}

static void a_few_in_a_minute(void **state)
{
	(void)state;
	assert_int_equal(rate_take(rate, &one, 6, 1, 1000), 0);
	assert_int_equal(rate_take(rate, &one, 6, 1, 1001), 9999);
	assert_int_equal(rate_take(rate, &one, 6, 1, 10999), 1);
	assert_int_equal(rate_take(rate, &one, 6, 1, 11000), 0);
}

static void looking_takes_nothing(void **state)
{
	(void)state;
	for (int i = 0; i < 10; i++)
		assert_int_equal(rate_look(rate, &one, 60, 1, 1000), 0);
	assert_int_equal(rate_take(rate, &one, 60, 1, 1000), 0);
	for (int i = 0; i < 10; i++)
		assert_int_equal(rate_look(rate, &one, 60, 1, 1000), 1000);
	assert_int_equal(rate_look(rate, &one, 60, 1, 2000), 0);
	assert_int_equal(rate_take(rate, &one, 60, 1, 2000), 0);
}

static void each_key_by_itself(void **state)
{
	(void)state;
	assert_int_equal(rate_take(rate, &one, 60, 1, 1000), 0);
	assert_int_not_equal(rate_take(rate, &one, 60, 1, 1000), 0);
	assert_int_equal(rate_take(rate, &other, 60, 1, 1000), 0);
	assert_int_not_equal(rate_take(rate, &other, 60, 1, 1000), 0);
	assert_int_equal(rate_take(rate, &other, 0, 1, 1000), 0);
}

/* As many strangers as there are: whoever is among them is still counted. */
static void who_is_seen_is_not_forgotten(void **state)
{
	(void)state;
	assert_int_equal(rate_take(rate, &one, 60, 1, 1000), 0);
	for (uint32_t i = 0; i < RATE_SETS * RATE_WAYS; i++) {
		struct id stranger = { .bytes = { 9, (uint8_t)i, (uint8_t)(i >> 8),
						  (uint8_t)(i >> 16), [12] = (uint8_t)i,
						  (uint8_t)(i >> 8) } };

		assert_int_equal(rate_look(rate, &stranger, 60, 1, 1001 + i / 8), 0);
		assert_int_equal(rate_take(rate, &stranger, 60, 1, 1001 + i / 8), 0);
		assert_int_not_equal(rate_take(rate, &one, 60, 1, 1001 + i / 8), 0);
	}
}

/* Keys may end alike, as those would that somebody has sought out to push another out of its place. */
static void no_place_can_be_chosen(void **state)
{
	(void)state;
	assert_int_equal(rate_take(rate, &one, 60, 1, 1000), 0);
	for (uint8_t i = 1; i <= 4 * RATE_WAYS; i++) {
		struct id chosen = { .bytes = { 9, i } };

		assert_int_equal(rate_take(rate, &chosen, 60, 1, 1000 + i), 0);
	}
	assert_int_not_equal(rate_look(rate, &one, 60, 1, 1100), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_burst_and_then_its_share, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_few_in_a_minute, set_up, tear_down),
		cmocka_unit_test_setup_teardown(looking_takes_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(each_key_by_itself, set_up, tear_down),
		cmocka_unit_test_setup_teardown(who_is_seen_is_not_forgotten, set_up, tear_down),
		cmocka_unit_test_setup_teardown(no_place_can_be_chosen, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
