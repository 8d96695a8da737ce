/* A flood of denied attempts leaves one entry and its count. */
#include "endpoints/denials.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

static struct denials *denials;
static struct id acme;

static int start(void **state)
{
	(void)state;
	denials = denials_open();
	acme = id_new();
	return 0;
}

static int stop(void **state)
{
	(void)state;
	denials_close(&denials);
	denials_close(&denials);
	return 0;
}

static struct denial denial_of(const char *actor, const char *path)
{
	struct denial denial = { .organisation = acme, .kind = "member", .method = "PATCH", .path = path };

	snprintf(denial.actor, sizeof(denial.actor), "%s", actor);
	return denial;
}

static void the_first_is_recorded_and_the_others_counted(void **state)
{
	struct denial eve = denial_of("eve", "/a"), told;
	int64_t times = 0;

	(void)state;
	assert_true(denials_first(denials, &eve, 1000));
	for (int i = 0; i < 500; i++)
		assert_false(denials_first(denials, &eve, 1000 + i));
	assert_int_equal(denials_take(denials, 1000 + DENIAL_WINDOW_MS - 1, &told, &times), 0);
	assert_int_equal(denials_take(denials, 1000 + DENIAL_WINDOW_MS, &told, &times), 1);
	assert_int_equal(times, 500);
	assert_string_equal(told.actor, "eve");
	assert_string_equal(told.path, "/a");
	assert_true(id_equal(&told.organisation, &acme));
	assert_int_equal(denials_take(denials, INT64_MAX, &told, &times), 0);
	assert_true(denials_first(denials, &eve, 1000 + DENIAL_WINDOW_MS));
}

static void others_and_other_things_are_their_own(void **state)
{
	struct denial eve = denial_of("eve", "/a"), bob = denial_of("bob", "/a"),
		      more = denial_of("eve", "/b");

	(void)state;
	assert_true(denials_first(denials, &eve, 0));
	assert_true(denials_first(denials, &bob, 0));
	assert_true(denials_first(denials, &more, 0));
	more.organisation = id_new();
	assert_true(denials_first(denials, &more, 0));
}

static void one_attempt_leaves_nothing_more_to_tell(void **state)
{
	struct denial eve = denial_of("eve", "/a"), told;
	int64_t times;

	(void)state;
	assert_true(denials_first(denials, &eve, 0));
	assert_int_equal(denials_take(denials, INT64_MAX, &told, &times), 0);
}

static void one_organisation_has_its_share(void **state)
{
	struct denial denial, other;
	char name[16];

	(void)state;
	for (int i = 0; i < DENIALS_OF_ONE_MOST; i++) {
		snprintf(name, sizeof(name), "eve%d", i);
		denial = denial_of(name, "/a");
		assert_true(denials_first(denials, &denial, 0));
	}
	denial = denial_of("one too many", "/a");
	assert_false(denials_first(denials, &denial, 0));
	other = denial;
	other.organisation = id_new();
	assert_true(denials_first(denials, &other, 0));
	assert_true(denials_first(denials, &denial, DENIAL_WINDOW_MS));
}

static void all_of_them_have_a_most(void **state)
{
	struct denial denial = denial_of("eve", "/a");

	(void)state;
	for (int i = 0; i < DENIALS_MOST; i++) {
		denial.organisation = id_new();
		assert_true(denials_first(denials, &denial, 0));
	}
	denial.organisation = id_new();
	assert_false(denials_first(denials, &denial, 0));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_first_is_recorded_and_the_others_counted, start, stop),
		cmocka_unit_test_setup_teardown(others_and_other_things_are_their_own, start, stop),
		cmocka_unit_test_setup_teardown(one_attempt_leaves_nothing_more_to_tell, start, stop),
		cmocka_unit_test_setup_teardown(one_organisation_has_its_share, start, stop),
		cmocka_unit_test_setup_teardown(all_of_them_have_a_most, start, stop),
	};

	return cmocka_run_group_tests_name("endpoints/denials", tests, NULL, NULL);
}
