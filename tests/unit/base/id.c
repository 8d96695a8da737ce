/* Ids: their form, and that they ascend whatever the threads do. */
#include "base/id.h"

#include "base/clock.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static uint64_t ms_of(const struct id *id)
{
	uint64_t ms = 0;

	for (int i = 0; i < 6; i++)
		ms = ms << 8 | id->bytes[i];
	return ms;
}

static void new_ids_are_of_version_7(void **state)
{
	uint64_t before = (uint64_t)clock_now_us() / 1000;
	struct id id = id_new();
	char text[ID_TEXT_SIZE];

	(void)state;
	assert_ptr_equal(id_text(&id, text), text);
	assert_int_equal(strlen(text), 36);
	assert_int_equal(text[14], '7');
	assert_non_null(strchr("89ab", text[19]));
	assert_true(ms_of(&id) >= before);
	assert_false(id_is_nil(&id));
}

static void ids_of_one_thread_ascend(void **state)
{
	struct id last = id_new();

	(void)state;
	for (int i = 0; i < 100000; i++) {
		struct id next = id_new();

		assert_true(memcmp(next.bytes, last.bytes, ID_SIZE) > 0);
		last = next;
	}
}

enum { THREADS = 4, IDS_EACH = 5000 };
static struct id made[THREADS][IDS_EACH];

static void *make_ids(void *row)
{
	struct id *ids = row;

	for (int i = 0; i < IDS_EACH; i++)
		ids[i] = id_new();
	return NULL;
}

static int order(const void *a, const void *b)
{
	return memcmp(a, b, ID_SIZE);
}

static void threads_never_share_an_id(void **state)
{
	pthread_t threads[THREADS];
	struct id *all = made[0];

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, make_ids, made[i]), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);

	for (int t = 0; t < THREADS; t++)
		for (int i = 1; i < IDS_EACH; i++)
			assert_true(order(&made[t][i], &made[t][i - 1]) > 0);
	qsort(all, (size_t)THREADS * IDS_EACH, sizeof(*all), order);
	/* Not even their places in time, without the random end: so the counter is nowhere used twice. */
	for (int i = 1; i < THREADS * IDS_EACH; i++)
		assert_true(memcmp(all[i].bytes, all[i - 1].bytes, 10) > 0);
}

static void texts_come_back(void **state)
{
	static const char lower[] = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";
	struct id id, same;
	char text[ID_TEXT_SIZE];

	(void)state;
	assert_int_equal(id_parse("017F22E2-79B0-7CC3-98C4-DC0C0C07398F", &id), 0);
	assert_string_equal(id_text(&id, text), lower);
	assert_int_equal(id_parse(lower, &same), 0);
	assert_true(id_equal(&id, &same));
	same.bytes[15] ^= 1;
	assert_false(id_equal(&id, &same));
}

static void bad_texts_are_refused(void **state)
{
	static const char *const bad[] = {
		"", "x", "017f22e2-79b0-7cc3-98c4-dc0c0c07398", "017f22e2-79b0-7cc3-98c4-dc0c0c07398ff",
		"017f22e279b07cc398c4dc0c0c07398f", "017f22e2-79b0-7cc3-98c4-dc0c0c07398g",
		"017f22e2+79b0-7cc3-98c4-dc0c0c07398f", "-017f22e279b0-7cc3-98c4-dc0c0c07398f",
		"{017f22e2-79b0-7cc3-98c4-dc0c0c0739}", "017f22e2-79b0-7cc3-98c4-dc0c0c07 98f",
	};
	struct id id, before;

	(void)state;
	memset(&id, 7, sizeof(id));
	before = id;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		assert_int_equal(id_parse(bad[i], &id), -1);
	assert_int_equal(id_parse(NULL, &id), -1);
	assert_true(id_equal(&id, &before));
}

static void nil_is_nil(void **state)
{
	struct id id;

	(void)state;
	assert_int_equal(id_parse("00000000-0000-0000-0000-000000000000", &id), 0);
	assert_true(id_is_nil(&id));
	id.bytes[0] = 1;
	assert_false(id_is_nil(&id));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(new_ids_are_of_version_7),
		cmocka_unit_test(ids_of_one_thread_ascend),
		cmocka_unit_test(threads_never_share_an_id),
		cmocka_unit_test(texts_come_back),
		cmocka_unit_test(bad_texts_are_refused),
		cmocka_unit_test(nil_is_nil),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
