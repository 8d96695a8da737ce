/* What is remembered of tokens: found by the whole hash, with texts of its own, and never more than there is
 * room for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "access/remembered.h"
#include "base/text.h"

static struct remembered *remembered;
static struct arena *arena;

static int set_up(void **state)
{
	(void)state;
	arena = arena_open("test");
	remembered = remembered_open();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	remembered_close(&remembered);
	arena_close(&arena);
	return 0;
}

static const uint8_t *hash_of(unsigned number)
{
	static uint8_t hash[CRYPT_DIGEST_SIZE];

	crypt_sha256(&number, sizeof(number), hash);
	return hash;
}

static struct principal somebody(const char *name)
{
	static const char *const networks[] = { "192.0.2.0/24", "2001:db8::/32", NULL };

	return (struct principal){
		.kind = PRINCIPAL_CONNECTION,
		.slug = "acme",
		.state = "active",
		.id = "id",
		.name = name,
		.ip_allow_list = networks,
		.standing = id_new(),
		.used_at = 5,
	};
}

static void what_was_kept_is_found(void **state)
{
	char name[] = "first";
	struct principal kept = somebody(name), found;

	(void)state;
	assert_int_equal(remembered_find(remembered, hash_of(1), arena, &found), 0);
	remembered_keep(remembered, hash_of(1), &kept);
	memset(name, 'x', strlen(name)); /* the texts are its own */
	assert_int_equal(remembered_find(remembered, hash_of(2), arena, &found), 0);
	assert_int_equal(remembered_find(remembered, hash_of(1), arena, &found), 1);
	assert_string_equal(found.name, "first");
	assert_string_equal(found.slug, "acme");
	assert_string_equal(found.ip_allow_list[1], "2001:db8::/32");
	assert_null(found.ip_allow_list[2]);
	assert_true(id_equal(&found.standing, &kept.standing));
	remembered_used(remembered, hash_of(1), 7);
	assert_int_equal(remembered_find(remembered, hash_of(1), arena, &found), 1);
	assert_int_equal(found.used_at, 7);
	kept = somebody("second");
	remembered_keep(remembered, hash_of(1), &kept);
	assert_int_equal(remembered_find(remembered, hash_of(1), arena, &found), 1);
	assert_string_equal(found.name, "second");
	remembered_forget(remembered, hash_of(1));
	assert_int_equal(remembered_find(remembered, hash_of(1), arena, &found), 0);
	remembered_forget(remembered, hash_of(1));
	remembered_used(remembered, hash_of(1), 7);
	assert_int_equal(remembered_find(remembered, hash_of(1), arena, &found), 0);
}

static void a_hash_that_differs_in_its_last_byte_is_another(void **state)
{
	uint8_t almost[CRYPT_DIGEST_SIZE];
	struct principal kept = somebody("first"), found;

	(void)state;
	remembered_keep(remembered, hash_of(1), &kept);
	memcpy(almost, hash_of(1), sizeof(almost));
	almost[CRYPT_DIGEST_SIZE - 1] ^= 1;
	assert_int_equal(remembered_find(remembered, almost, arena, &found), 0);
}

static void without_a_mark_nobody_is_kept(void **state)
{
	struct principal kept = somebody("first"), found;

	(void)state;
	kept.standing = (struct id){ { 0 } };
	remembered_keep(remembered, hash_of(1), &kept);
	assert_int_equal(remembered_find(remembered, hash_of(1), arena, &found), 0);
}

static void nor_with_more_text_than_there_is_room_for(void **state)
{
	char name[REMEMBERED_BYTES_MOST + 1] = "";
	struct principal kept, found;

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	kept = somebody(name);
	remembered_keep(remembered, hash_of(1), &kept);
	assert_int_equal(remembered_find(remembered, hash_of(1), arena, &found), 0);
}

static void many_are_kept_and_not_more_than_most(void **state)
{
	struct principal kept = somebody("first"), found;
	unsigned count = 0, all = 4 * REMEMBERED_SETS * REMEMBERED_WAYS;

	(void)state;
	for (unsigned i = 0; i < all; i++)
		remembered_keep(remembered, hash_of(i), &kept);
	for (unsigned i = 0; i < all; i++)
		count += (unsigned)remembered_find(remembered, hash_of(i), arena, &found);
	assert_int_equal(count, REMEMBERED_SETS * REMEMBERED_WAYS);
	assert_int_equal(remembered_find(remembered, hash_of(all - 1), arena, &found), 1);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(what_was_kept_is_found),
		CASE(a_hash_that_differs_in_its_last_byte_is_another),
		CASE(without_a_mark_nobody_is_kept),
		CASE(nor_with_more_text_than_there_is_room_for),
		CASE(many_are_kept_and_not_more_than_most),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
