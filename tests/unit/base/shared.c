/* A value that is replaced while others read it: nobody sees one that was closed, and each is closed once. */
#include "base/shared.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { READERS = 4, ROUNDS = 2000 };

struct value {
	atomic_bool closed;
	int a, b; /* always equal */
};

static atomic_int closed, torn;

static void close_value(void *opaque)
{
	struct value *value = opaque;

	atomic_store(&value->closed, true);
	atomic_fetch_add(&closed, 1);
	free(value);
}

static struct shared *new_value(int n)
{
	struct value *value = calloc(1, sizeof(*value));

	assert_non_null(value);
	value->a = value->b = n;
	return shared_open(value, close_value);
}

static void is_closed_by_the_last(void **state)
{
	struct shared *one = new_value(1), *other = shared_hold(one), *none = NULL;

	(void)state;
	atomic_store(&closed, 0);
	shared_close(&one);
	assert_null(one);
	assert_int_equal(atomic_load(&closed), 0);
	assert_int_equal(((const struct value *)shared_value(other))->a, 1);
	shared_close(&other);
	assert_int_equal(atomic_load(&closed), 1);
	assert_null(shared_hold(NULL));
	shared_close(&none);
}

static void outlives_its_place(void **state)
{
	struct latest *latest = latest_open(new_value(1));
	struct shared *held = latest_hold(latest);

	(void)state;
	atomic_store(&closed, 0);
	latest_replace(latest, new_value(2));
	assert_int_equal(atomic_load(&closed), 0);
	latest_close(&latest);
	assert_null(latest);
	assert_int_equal(atomic_load(&closed), 1);
	assert_int_equal(((const struct value *)shared_value(held))->b, 1);
	shared_close(&held);
	assert_int_equal(atomic_load(&closed), 2);
}

static void *look(void *latest)
{
	for (int i = 0; i < ROUNDS; i++) {
		struct shared *held = latest_hold(latest);
		const struct value *value = shared_value(held);

		if (atomic_load(&value->closed) || value->a != value->b)
			atomic_fetch_add(&torn, 1);
		shared_close(&held);
	}
	return NULL;
}

static void is_never_seen_closed(void **state)
{
	struct latest *latest = latest_open(new_value(0));
	pthread_t readers[READERS];

	(void)state;
	atomic_store(&closed, 0);
	for (int i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&readers[i], NULL, look, latest), 0);
	for (int i = 1; i <= ROUNDS; i++)
		latest_replace(latest, new_value(i));
	for (int i = 0; i < READERS; i++)
		pthread_join(readers[i], NULL);
	latest_close(&latest);
	assert_int_equal(atomic_load(&torn), 0);
	assert_int_equal(atomic_load(&closed), ROUNDS + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_closed_by_the_last),
		cmocka_unit_test(outlives_its_place),
		cmocka_unit_test(is_never_seen_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
