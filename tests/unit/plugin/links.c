/* Links that stay open: one child for each connection and version, as many as may be and no more, and nobody waits for one that is sick. */
#include "tools.h"

#include "base/clock.h"
#include "base/text.h"
#include "plugin/links.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct id ada = { .bytes = { 1 } }, bob = { .bytes = { 2 } }, cyd = { .bytes = { 3 } };

struct fixture {
	struct catalog *catalog;
	struct links *links;
	struct error e;
	int opened;
	bool fails;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->catalog = tools_catalog("plugins");
	assert_int_equal(links_open(2, &f->links, &f->e), 0);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	links_close(&f->links);
	catalog_close(&f->catalog);
	free(f);
	return 0;
}

static int open_one(void *self, struct link **ret, struct error *e)
{
	static const struct link_setting settings[] = { { .name = "directory", .text = "" } };
	struct fixture *f = self;
	const struct link_options options = { .plugin = "example", .settings = settings, .setting_count = ARRAY_COUNT(settings),
		                              .deadline_ms = TOOLS_DEADLINE_MS };

	if (f->fails)
		return error_set(e, ERROR_REMOTE, "test.fails", "it does not open");
	f->opened++;
	return link_open(f->catalog, &options, ret, e);
}

static struct link *take(struct fixture *f, const struct id *connection, int64_t version)
{
	struct link *link;

	if (links_take(f->links, connection, version, open_one, f, &link, &f->e) < 0)
		fail_msg("%s", f->e.text);
	return link;
}

static void expect_refusal(struct fixture *f, const struct id *connection, int64_t version, const char *code)
{
	struct link *link;

	assert_int_equal(links_take(f->links, connection, version, open_one, f, &link, &f->e), -1);
	assert_string_equal(f->e.code, code);
}

static void test_one_child_serves_one_connection_in_one_version(void **state)
{
	struct fixture *f = *state;
	struct link *first = take(f, &ada, 1), *other;

	links_give(f->links, &ada, first);
	assert_ptr_equal(take(f, &ada, 1), first);
	assert_int_equal(f->opened, 1);
	other = take(f, &bob, 1);
	assert_ptr_not_equal(other, first);
	links_give(f->links, &bob, other);
	links_give(f->links, &ada, first);
	assert_int_equal(f->opened, 2);
	links_give(f->links, &ada, take(f, &ada, 2));
	assert_int_equal(f->opened, 3);
	links_give(f->links, &ada, take(f, &ada, 2));
	assert_int_equal(f->opened, 3);
	links_renew(f->links);
	links_give(f->links, &ada, take(f, &ada, 2));
	assert_int_equal(f->opened, 4);
	links_give(f->links, &ada, take(f, &ada, 2));
	assert_int_equal(f->opened, 4);
}

static void test_nobody_has_another_s(void **state)
{
	struct fixture *f = *state;
	struct link *first = take(f, &ada, 1), *second;
	int64_t began_ms = clock_monotonic_ms();

	expect_refusal(f, &ada, 1, "links.busy");
	assert_int_equal(f->e.kind, ERROR_RETRY);
	assert_true(f->e.wait_ms > 0);
	assert_true(clock_monotonic_ms() - began_ms >= LINKS_WAIT_MS);
	second = take(f, &bob, 1);
	expect_refusal(f, &cyd, 1, "links.busy"); /* two are all that may be */
	links_give(f->links, &bob, second);
	links_give(f->links, &cyd, take(f, &cyd, 1)); /* in the place of one that nobody has */
	links_give(f->links, &ada, first);
	assert_int_equal(f->opened, 3);
	links_give(f->links, &ada, take(f, &ada, 1));
	assert_int_equal(f->opened, 3);
	links_give(f->links, &bob, take(f, &bob, 1));
	assert_int_equal(f->opened, 4);
}

static void fail_with(struct fixture *f, const struct id *connection, int64_t version)
{
	struct link *link = take(f, connection, version);

	link_cancel(link);
	assert_int_equal(link_check(link, NULL, NULL, &f->e), -1);
	assert_false(link_lives(link));
	links_give(f->links, connection, link);
}

static void test_one_that_fails_is_left_alone(void **state)
{
	struct fixture *f = *state;

	fail_with(f, &ada, 1);
	expect_refusal(f, &ada, 1, "links.sick");
	assert_in_range(f->e.wait_ms, LINKS_SICK_MS / 2, LINKS_SICK_MS);
	links_give(f->links, &bob, take(f, &bob, 1)); /* which is no other's affair */
	fail_with(f, &ada, 2);                        /* other settings may go well */
	expect_refusal(f, &ada, 2, "links.sick");
	f->fails = true;
	expect_refusal(f, &cyd, 1, "test.fails");
	f->fails = false;
	expect_refusal(f, &cyd, 1, "links.sick");
	links_give(f->links, &cyd, take(f, &cyd, 2));
}

/* Whoever waits gets it when it is given back. */
static void *hand_over(void *opaque)
{
	struct fixture *f = opaque;

	links_give(f->links, &ada, take(f, &ada, 1));
	return NULL;
}

static void test_whoever_waits_gets_it(void **state)
{
	struct fixture *f = *state;
	struct link *link = take(f, &ada, 1);
	pthread_t waiter;

	assert_int_equal(pthread_create(&waiter, NULL, hand_over, f), 0);
	nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
	links_give(f->links, &ada, link);
	pthread_join(waiter, NULL);
	assert_int_equal(f->opened, 1);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FIXTURE(test_one_child_serves_one_connection_in_one_version),
		WITH_FIXTURE(test_nobody_has_another_s),
		WITH_FIXTURE(test_one_that_fails_is_left_alone),
		WITH_FIXTURE(test_whoever_waits_gets_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
