/* Arenas: zeroed, aligned, apart from each other; and the one line when memory ends. */
#include "child.h"

#include "platform.h"

#include "base/arena.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

static void memory_is_zeroed_and_aligned(void **state)
{
	scoped(arena) *arena = arena_open("test");

	(void)state;
	for (size_t size = 0; size < 300; size++) {
		unsigned char *bytes = arena_take(arena, size);

		assert_non_null(bytes);
		assert_int_equal((uintptr_t)bytes % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(bytes[i], 0);
		memset(bytes, 0xff, size);
	}
}

static void memory_is_zeroed_after_a_reset(void **state)
{
	scoped(arena) *arena = arena_open("test");

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 100; i++) {
			unsigned char *bytes = arena_take(arena, 1000);

			assert_int_equal(bytes[0] | bytes[500] | bytes[999], 0);
			memset(bytes, 0xff, 1000);
		}
		assert_int_equal(arena_used(arena), 100 * 1000);
		arena_reset(arena);
		assert_int_equal(arena_used(arena), 0);
	}
}

/* In the block that is kept, which is all of an arena that may be looked at afterwards. */
static void nothing_is_left_after_a_wipe(void **state)
{
	scoped(arena) *arena = arena_open("test");
	volatile const char *secret = arena_text(arena, "hunter2 hunter2 hunter2");

	(void)state;
	arena_take(arena, MB(1));
	arena_wipe(arena);
	assert_int_equal(arena_used(arena), 0);
#ifndef SANITIZED /* which finds a look at what was given up */
	for (int i = 0; i < 23; i++)
		assert_int_equal(secret[i], 0);
#else
	(void)secret;
#endif
	assert_non_null(arena_take(arena, 10));
}

/* Sizes around the blocks' own: each piece keeps what was written there while others come. */
static void pieces_do_not_touch(void **state)
{
	static const size_t sizes[] = { 1, 16, 4000, 4096, 15, KB(64), 1, MB(1), 3, KB(256), 17, MB(3), 1 };
	unsigned char *pieces[ARRAY_COUNT(sizes)];
	scoped(arena) *arena = arena_open("test");

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
		pieces[i] = arena_take(arena, sizes[i]);
		memset(pieces[i], (int)i + 1, sizes[i]);
	}
	for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
		assert_int_equal(pieces[i][0], i + 1);
		assert_int_equal(pieces[i][sizes[i] - 1], i + 1);
	}
}

static void copies(void **state)
{
	scoped(arena) *arena = arena_open("test");
	char given[] = "given";
	char *text = arena_text(arena, given), *cut = arena_text_n(arena, given, 3);

	(void)state;
	given[0] = 'X';
	assert_string_equal(text, "given");
	assert_string_equal(cut, "giv");
	assert_string_equal(arena_text_n(arena, "ab", 99), "ab");
	assert_string_equal(arena_text_n(arena, "ab", 0), "");
	assert_null(arena_text(arena, NULL));
	assert_null(arena_text_n(arena, NULL, 4));
	assert_memory_equal(arena_copy(arena, "a\0b", 3), "a\0b", 3);
	assert_non_null(arena_copy(arena, NULL, 0));
}

static void text_without_an_end_is_not_read_beyond(void **state)
{
	static const char letters[4] = { 'a', 'b', 'c', 'd' };
	scoped(arena) *arena = arena_open("test");

	(void)state;
	assert_string_equal(arena_text_n(arena, letters, sizeof(letters)), "abcd");
}

static void formats(void **state)
{
	scoped(arena) *arena = arena_open("test");
	char *text = arena_format(arena, "%s/%05d%6000s", "page", 42, "end");

	(void)state;
	assert_int_equal(strlen(text), 10 + 6000);
	assert_memory_equal(text, "page/00042 ", 11);
	assert_string_equal(text + strlen(text) - 3, "end");
	assert_string_equal(arena_format(arena, "%s", ""), "");
}

static void close_leaves_null(void **state)
{
	struct arena *arena = arena_open("test");

	(void)state;
	arena_close(&arena);
	assert_null(arena);
	arena_close(&arena);
}

static void take_array_that_overflows(const void *with)
{
	arena_array(arena_open("greedy"), SIZE_MAX / 2, 3);
	(void)with;
}

static void take_too_much(const void *with)
{
	arena_take(arena_open("greedy"), SIZE_MAX - 8);
	(void)with;
}

static void the_end_of_memory_is_one_line(void **state)
{
	static void (*const ways[])(const void *) = { take_array_that_overflows, take_too_much };

	(void)state;
	if (getenv("UNDER_MEMCHECK"))
		return; /* who ends like that leaves an arena behind, and memcheck has words of its own for too much */
	for (size_t i = 0; i < ARRAY_COUNT(ways); i++) {
		char output[400];

		assert_int_equal(child_run(ways[i], NULL, output, sizeof(output)), 1);
		assert_true(text_begins(output, "rosterd: out of memory: greedy wanted "));
		assert_true(text_ends(output, " bytes\n"));
		assert_ptr_equal(strchr(output, '\n'), output + strlen(output) - 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_zeroed_and_aligned),
		cmocka_unit_test(memory_is_zeroed_after_a_reset),
		cmocka_unit_test(nothing_is_left_after_a_wipe),
		cmocka_unit_test(pieces_do_not_touch),
		cmocka_unit_test(copies),
		cmocka_unit_test(text_without_an_end_is_not_read_beyond),
		cmocka_unit_test(formats),
		cmocka_unit_test(close_leaves_null),
		cmocka_unit_test(the_end_of_memory_is_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
