/* Few passwords are looked at at a time, a few more wait, and the others are told to come again. */
#include "endpoints/hashing.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

enum { AT_ONCE = 2, PLACES = 3, THREADS = 8 };

static struct hashing *hashing;
static atomic_int inside, most, done;

static void enter(void)
{
	struct error e = { 0 };

	assert_int_equal(hashing_enter(hashing, AT_ONCE, PLACES, &e), 0);
}

static void *wait_for_a_place(void *ret)
{
	struct error e = { 0 };

	*(int *)ret = hashing_enter(hashing, AT_ONCE, PLACES, &e);
	return NULL;
}

static void who_comes_when_all_places_are_taken_is_told_at_once(void **state)
{
	struct error e = { 0 };

	(void)state;
	hashing = hashing_open();
	enter();
	enter();
	assert_int_equal(hashing_enter(hashing, AT_ONCE, AT_ONCE, &e), -1);
	assert_int_equal(e.kind, ERROR_RETRY);
	assert_string_equal(e.code, "busy.passwords");
	assert_true(e.wait_ms > 0);
	hashing_leave(hashing);
	enter();
	hashing_close(&hashing);
	hashing_close(&hashing);
}

static void who_waits_comes_in_when_another_leaves(void **state)
{
	pthread_t thread;
	int entered = -2;

	(void)state;
	hashing = hashing_open();
	enter();
	enter();
	assert_int_equal(pthread_create(&thread, NULL, wait_for_a_place, &entered), 0);
	hashing_leave(hashing);
	pthread_join(thread, NULL);
	assert_int_equal(entered, 0);
	hashing_close(&hashing);
}

static void *come_and_go(void *self)
{
	struct error e;

	for (int i = 0; i < 1000; i++) {
		if (hashing_enter(hashing, AT_ONCE, THREADS, &e) < 0)
			continue;
		int now = atomic_fetch_add(&inside, 1) + 1, seen = atomic_load(&most);
		while (now > seen && !atomic_compare_exchange_weak(&most, &seen, now))
			;
		atomic_fetch_sub(&inside, 1);
		atomic_fetch_add(&done, 1);
		hashing_leave(hashing);
	}
	return self;
}

static void there_are_never_more_inside(void **state)
{
	pthread_t threads[THREADS];

	(void)state;
	hashing = hashing_open();
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_true(atomic_load(&most) <= AT_ONCE);
	assert_int_equal(atomic_load(&done), THREADS * 1000);
	hashing_close(&hashing);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_comes_when_all_places_are_taken_is_told_at_once),
		cmocka_unit_test(who_waits_comes_in_when_another_leaves),
		cmocka_unit_test(there_are_never_more_inside),
	};

	return cmocka_run_group_tests_name("endpoints/hashing", tests, NULL, NULL);
}
