/* Google's cursor: what is written is read again, what is not ours is refused, and where the next reading
 * begins. */
#include "google/place.h"

#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

static struct place here, there;

/* What was written last. */
static struct buffer text;

static bool write_cursor(void (*write)(struct place *, struct buffer *), struct place *place)
{
	buffer_close(&text);
	buffer_open(&text, ROSTER_CURSOR_MOST);
	write(place, &text);
	return !text.full;
}

static void due(enum due_kind kind, const char *key)
{
	here.due[here.due_count].kind = kind;
	strcpy(here.due[here.due_count++].key, key);
}

static void seen(uint64_t mark, unsigned long long at_s)
{
	here.seen[here.seen_count++] = (struct seen){ mark, at_s };
}

static void fill(enum roster_scope scope)
{
	memset(&here, 0, sizeof(here));
	here.scope = scope;
	here.stage = STAGE_DUE;
	here.since_s = 1796066400;
	here.settled_s = 1796060000;
	here.begun_s = 1796070000;
	due(DUE_PERSON, "liz@acme.example");
	due(DUE_NOTHING, "al@acme.example");
	due(DUE_ID, "110000000000000000007");
	due(DUE_GROUP, "eng@acme.example");
	seen(UINT64_C(0xfedcba9876543210), 1796066399);
	seen(UINT64_C(1), 1796066400);
	seen(UINT64_C(0x0123456789abcdef), 1796069940);
	seen(UINT64_C(2), 1796069941);
}

static void round_trip(void **state)
{
	(void)state;
	fill(ROSTER_CHANGED);
	assert_true(write_cursor(place_write, &here));
	assert_int_equal(place_read(text.bytes, text.length, &there), 0);
	assert_int_equal(there.due_count, 3); /* without the one that was looked at */
	assert_int_equal(there.due[1].kind, DUE_ID);
	assert_string_equal(there.due[1].key, "110000000000000000007");
	assert_int_equal(there.due[2].kind, DUE_GROUP);
	assert_memory_equal(there.seen, here.seen, sizeof(here.seen));
	assert_int_equal(there.seen_count, 4);
	assert_int_equal(there.begun_s, here.begun_s);
}

/* An hour is told again, but not what was looked into; and nothing of before the last reading of everybody.
 */
static void next(void **state)
{
	(void)state;
	fill(ROSTER_CHANGED);
	assert_true(write_cursor(place_write_next, &here));
	assert_int_equal(place_read(text.bytes, text.length, &there), 0);
	assert_int_equal(there.scope, ROSTER_CHANGED);
	assert_int_equal(there.stage, STAGE_EVENTS);
	assert_int_equal(there.since_s, here.begun_s - PLACE_OVERLAP_S);
	assert_int_equal(there.settled_s, here.settled_s);
	assert_int_equal(there.begun_s, 0);
	assert_int_equal(there.due_count, 0);
	assert_int_equal(there.seen_count, 2);
	assert_int_equal(there.seen[0].mark, 1);
	assert_int_equal(there.seen[1].at_s, here.begun_s - PLACE_SETTLE_S);

	fill(ROSTER_ALL);
	assert_true(write_cursor(place_write_next, &here));
	assert_int_equal(place_read(text.bytes, text.length, &there), 0);
	assert_int_equal(there.scope, ROSTER_CHANGED);
	assert_int_equal(there.settled_s, here.begun_s - PLACE_SETTLE_S);
	assert_int_equal(there.since_s, there.settled_s);
}

static void largest(void **state)
{
	(void)state;
	fill(ROSTER_CHANGED);
	for (here.due_count = 0; here.due_count < PLACE_DUE_MOST;) {
		here.due[here.due_count].kind = DUE_GROUP;
		memset(here.due[here.due_count].key, 'g', PLACE_ADDRESS_MOST);
		here.due[here.due_count++].key[PLACE_ADDRESS_MOST] = '\0';
	}
	for (here.seen_count = 0; here.seen_count < PLACE_SEEN_MOST;)
		seen(here.seen_count, here.begun_s);
	memset(here.members_token, 't', sizeof(here.members_token) - 1);
	here.group_count = 1;
	strcpy(here.groups[0], "0abc");
	assert_true(write_cursor(place_write, &here));
	assert_int_equal(place_read(text.bytes, text.length, &there), 0);
	assert_int_equal(there.due_count, PLACE_DUE_MOST);
	assert_int_equal(there.seen_count, PLACE_SEEN_MOST);
}

static void not_ours(void **state)
{
	static const char *const bad[] = {
		"",
		"google 1\nstage 1\n",
		"google 2\n",
		"google 2\nscope 1\n",
		"google 2\nscope 3\nstage 2\n",
		"google 2\nscope 1\nstage 9\n",
		"google 2\nscope 1\nstage 2",
		"google 2\nscope 1\nstage 2\nwhat 1\n",
		"google 2\nscope 2\nstage 7\ndue x liz@acme.example\n",
		"google 2\nscope 2\nstage 7\ndue p \n",
		"google 2\nscope 2\nstage 7\ndue pliz@acme.example\n",
		"google 2\nscope 2\nstage 7\nseen 0123456789abcdeg 1\n",
		"google 2\nscope 2\nstage 7\nseen 0123456789abcdef\n",
		"google 2\nscope 2\nstage 7\nseen 0123456789abcdef -1\n",
		"google 2\nscope 2\nstage 7\ngroup \n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		assert_int_equal(place_read(bad[i], strlen(bad[i]), &there), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(next),
		cmocka_unit_test(largest),
		cmocka_unit_test(not_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
