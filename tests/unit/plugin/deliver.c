/* Events that a plug-in brings to somebody: what was answered is handed out checked, and what it does wrong costs its link alone. */
#include "tools.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

enum { PATIENCE_MS = 400 };

struct fixture {
	struct catalog *catalog;
	struct arena *arena;
	struct link *link;
	int status;
	const char *said;
	struct error e;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->catalog = tools_catalog("tests/peers/.libs");
	f->arena = arena_open("test");
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	link_close(&f->link);
	arena_close(&f->arena);
	catalog_close(&f->catalog);
	free(f);
	return 0;
}

static void open_bad(struct fixture *f, const char *fault)
{
	link_close(&f->link);
	if (tools_open(f->catalog, "bad_connector", TOOLS_DEADLINE_MS, &f->link, &f->e, "fault", fault, NULL) < 0)
		fail_msg("%s", f->e.text);
}

static int deliver(struct fixture *f, int deadline_ms, const char *body)
{
	const struct link_event event = { .id = "evt_1", .signature = "v1,abc", .at = 1795959951, .body = body, .body_size = strlen(body) };

	return link_deliver(f->link, &event, deadline_ms, f->arena, &f->status, &f->said, &f->e);
}

static void test_what_was_answered(void **state)
{
	struct fixture *f = *state;

	open_bad(f, "deliver 204");
	assert_int_equal(deliver(f, TOOLS_DEADLINE_MS, "{\"a\":1}"), 0);
	assert_int_equal(f->status, 204);
	assert_string_equal(f->said, "evt_1 1795959951 v1,abc {\"a\":1}\n");
	assert_int_equal(deliver(f, TOOLS_DEADLINE_MS, "{}"), 0); /* the same child, again */
	open_bad(f, "deliver 503");
	assert_int_equal(deliver(f, TOOLS_DEADLINE_MS, "{}"), 0);
	assert_int_equal(f->status, 503);
}

static void test_no_status_is_no_answer(void **state)
{
	static const char *const faults[] = { "deliver 0", "deliver 99", "deliver 600", "deliver 1000000" };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
		open_bad(f, faults[i]);
		assert_int_equal(deliver(f, TOOLS_DEADLINE_MS, "{}"), -1);
		assert_string_equal(f->e.code, "plugin.protocol");
		assert_false(link_lives(f->link));
	}
}

static void test_nobody_answers(void **state)
{
	struct fixture *f = *state;

	open_bad(f, "deliver nobody");
	assert_int_equal(deliver(f, TOOLS_DEADLINE_MS, "{}"), -1);
	assert_int_equal(f->e.kind, ERROR_RETRY);
	assert_string_equal(f->e.text, "nobody answers");
	assert_true(link_lives(f->link)); /* it is the same child that is asked next */
	assert_int_equal(deliver(f, TOOLS_DEADLINE_MS, "{}"), -1);
}

static void test_it_hangs_or_crashes(void **state)
{
	struct fixture *f = *state;

	open_bad(f, "deliver hang");
	assert_int_equal(deliver(f, PATIENCE_MS, "{}"), -1);
	assert_false(link_lives(f->link));
	open_bad(f, "deliver crash");
	assert_int_equal(deliver(f, TOOLS_DEADLINE_MS, "{}"), -1);
	assert_int_equal(f->e.kind, ERROR_REMOTE);
	assert_false(link_lives(f->link));
}

static void test_who_delivers_nothing(void **state)
{
	struct fixture *f = *state;
	struct catalog *others = tools_catalog("plugins");

	link_close(&f->link);
	assert_int_equal(tools_open(others, "example", TOOLS_DEADLINE_MS, &f->link, &f->e, "directory", "person: id=u1; user=ada", NULL), 0);
	assert_int_equal(deliver(f, TOOLS_DEADLINE_MS, "{}"), -1);
	assert_string_equal(f->e.code, "plugin.scope");
	link_close(&f->link);
	catalog_close(&others);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_what_was_answered, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_status_is_no_answer, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_nobody_answers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_it_hangs_or_crashes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_who_delivers_nothing, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
