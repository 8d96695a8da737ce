/* How often a connection may push. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "endpoints/scim_rate.h"

static struct scim_rate *rate;
static const struct id one = { .bytes = { 1 } }, other = { .bytes = { 2 } };
static struct error e;

static int set_up(void **state)
{
	(void)state;
	rate = scim_rate_open();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	scim_rate_close(&rate);
	return 0;
}

static void a_burst_and_then_its_share(void **state)
{
	int64_t now_ms = 1000;
	int taken = 0;

	(void)state;
	for (int i = 0; i < 5; i++)
		assert_int_equal(scim_rate_take(rate, &one, 10, 5, now_ms, &e), 0);
	assert_int_equal(scim_rate_take(rate, &one, 10, 5, now_ms, &e), -1);
	assert_string_equal(e.code, "rate.scim");
	assert_int_equal(e.kind, ERROR_LIMIT);
	assert_int_equal(e.wait_ms, 100);
	assert_int_equal(scim_rate_take(rate, &one, 10, 5, now_ms + 99, &e), -1);
	assert_int_equal(e.wait_ms, 1);
	assert_int_equal(scim_rate_take(rate, &one, 10, 5, now_ms + 100, &e), 0);
	/* Whoever never stops asking has a share all the same. */
	for (now_ms += 100; now_ms < 11100; now_ms += 10)
		taken += scim_rate_take(rate, &one, 10, 5, now_ms, &e) == 0;
	assert_in_range(taken, 99, 101);
	/* Silence fills it again, and no more than that. */
	now_ms += 1000000;
	for (int i = 0; i < 5; i++)
		assert_int_equal(scim_rate_take(rate, &one, 10, 5, now_ms, &e), 0);
	assert_int_equal(scim_rate_take(rate, &one, 10, 5, now_ms, &e), -1);
}

static void each_connection_by_itself(void **state)
{
	(void)state;
	assert_int_equal(scim_rate_take(rate, &one, 1, 1, 1000, &e), 0);
	assert_int_equal(scim_rate_take(rate, &one, 1, 1, 1000, &e), -1);
	assert_int_equal(scim_rate_take(rate, &other, 1, 1, 1000, &e), 0);
	assert_int_equal(scim_rate_take(rate, &other, 1, 1, 1000, &e), -1);
	assert_int_equal(scim_rate_take(rate, &other, 0, 1, 1000, &e), 0);
}

/* As many strangers as there are: whoever is among them is still counted. */
static void who_is_seen_is_not_forgotten(void **state)
{
	(void)state;
	assert_int_equal(scim_rate_take(rate, &one, 1, 1, 1000, &e), 0);
	for (uint32_t i = 0; i < SCIM_RATE_SETS * SCIM_RATE_WAYS; i++) {
		struct id stranger = { .bytes = { 9, (uint8_t)i, (uint8_t)(i >> 8), (uint8_t)(i >> 16), [12] = (uint8_t)i,
						  (uint8_t)(i >> 8) } };

		assert_int_equal(scim_rate_take(rate, &stranger, 1, 1, 1001 + i / 8, &e), 0);
		assert_int_equal(scim_rate_take(rate, &one, 1, 1, 1001 + i / 8, &e), -1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_burst_and_then_its_share, set_up, tear_down),
		cmocka_unit_test_setup_teardown(each_connection_by_itself, set_up, tear_down),
		cmocka_unit_test_setup_teardown(who_is_seen_is_not_forgotten, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
