/* Threads that say by when they will have moved, and one that did not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/lease.h"

static void expect_stuck(const char *who)
{
	struct error e;

	assert_int_equal(lease_check(&e), -1);
	assert_string_equal(e.code, "lease.stuck");
	assert_ptr_equal(strstr(e.text, who), e.text);
	assert_non_null(strstr(e.text, " is stuck, and should have moved "));
}

static void finds_the_one_that_has_run_out(void **state)
{
	struct lease first, second, third;
	struct error e;

	(void)state;
	assert_int_equal(lease_check(&e), 0);
	lease_open(&first, "the first");
	lease_open(&second, "the second");
	lease_open(&third, "the third");
	assert_int_equal(lease_check(&e), 0); /* nobody has begun anything */
	lease_take(&first, 60000);
	lease_take(&second, -1);
	expect_stuck("the second");
	lease_take(&second, 60000);
	assert_int_equal(lease_check(&e), 0);
	lease_take(&third, -5000);
	expect_stuck("the third");
	lease_give_up(&third);
	assert_int_equal(lease_check(&e), 0);

	lease_take(&second, -1);
	lease_close(&second); /* who has ended is not stuck; the others are still looked at */
	assert_int_equal(lease_check(&e), 0);
	lease_take(&first, -1);
	expect_stuck("the first");
	lease_close(&first);
	lease_close(&third);
	assert_int_equal(lease_check(&e), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(finds_the_one_that_has_run_out) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
