/* One organisation cannot have all the threads by asking slow directories, and all of them neither. */
#include "endpoints/outside.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

enum { ALL = 3 };

static struct outside *outside;
static struct id acme, evil, third;

static int start(void **state)
{
	(void)state;
	outside = outside_open(ALL);
	acme = id_new();
	evil = id_new();
	third = id_new();
	return 0;
}

static int stop(void **state)
{
	(void)state;
	outside_close(&outside);
	outside_close(&outside);
	return 0;
}

static void expect_busy(const struct id *organisation, const char *code)
{
	struct error e = { 0 };

	assert_int_equal(outside_enter(outside, organisation, &e), -1);
	assert_int_equal(e.kind, ERROR_RETRY);
	assert_string_equal(e.code, code);
	assert_true(e.wait_ms > 0);
}

static void enter(const struct id *organisation)
{
	struct error e = { 0 };

	assert_int_equal(outside_enter(outside, organisation, &e), 0);
}

static void one_organisation_has_few(void **state)
{
	(void)state;
	for (int i = 0; i < OUTSIDE_OF_ONE_MOST; i++)
		enter(&evil);
	expect_busy(&evil, "busy.organisation");
	enter(&acme);
	outside_leave(outside, &evil);
	enter(&evil);
}

static void all_have_fewer_than_all(void **state)
{
	(void)state;
	enter(&acme);
	enter(&evil);
	enter(&evil);
	expect_busy(&third, "busy.all");
	outside_leave(outside, &acme);
	enter(&third);
	expect_busy(&acme, "busy.all");
}

static void who_was_never_there_does_not_leave(void **state)
{
	(void)state;
	enter(&acme);
	enter(&acme);
	outside_leave(outside, &third);
	expect_busy(&acme, "busy.organisation");
}

static void there_is_always_room_for_one(void **state)
{
	struct outside *least = outside_open(0);
	struct error e;

	(void)state;
	assert_int_equal(outside_enter(least, &acme, &e), 0);
	assert_int_equal(outside_enter(least, &evil, &e), -1);
	outside_close(&least);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_organisation_has_few, start, stop),
		cmocka_unit_test_setup_teardown(all_have_fewer_than_all, start, stop),
		cmocka_unit_test_setup_teardown(who_was_never_there_does_not_leave, start, stop),
		cmocka_unit_test(there_is_always_room_for_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
