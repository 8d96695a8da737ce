/* Okta's cursor: what is written is read again, and what is not ours is refused. */
#include "okta/place.h"

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

static void round_trip(void **state)
{
	(void)state;
	here = (struct place){ .scope = ROSTER_CHANGED,
			       .stage = STAGE_GROUPS,
			       .group_at = 1,
			       .group_count = 3,
			       .pair_count = 1,
			       .people = 7,
			       .former = 0,
			       .group_total = 9,
			       .members = 11,
			       .pages = 13,
			       .requests = 15,
			       .log_unread = 1 };
	strcpy(here.since, "2026-11-29T18:00:00.000Z");
	strcpy(here.begun, "2026-11-29T18:15:00.000Z");
	strcpy(here.told, "2026-11-29T18:01:00.000Z");
	strcpy(here.looked, "2026-11-29T18:16:00.000Z");
	strcpy(here.oldest, "2026-11-29T17:59:00.000Z");
	strcpy(here.url, "https://acme.okta.com/api/v1/groups?after=00g1&limit=200");
	strcpy(here.members_url, "https://acme.okta.com/api/v1/groups/00g2/users?after=00u1");
	strcpy(here.log_url, "https://acme.okta.com/api/v1/logs?after=17_1");
	strcpy(here.groups[0], "00g1");
	strcpy(here.groups[1], "00g2");
	strcpy(here.groups[2], "00g3");
	strcpy(here.pairs[0].group, "00g2");
	strcpy(here.pairs[0].person, "00u9");
	here.chain = (struct chain){ 3, 4, 0, "00u1" };
	here.members_chain = (struct chain){ 1, 2, 5, "00u2" };
	assert_true(write_cursor(place_write, &here));
	assert_int_equal(place_read(text.bytes, text.length, &there), 0);

	/* a group whose members are read is not written */
	assert_int_equal(there.group_count, 2);
	assert_string_equal(there.groups[0], "00g2");
	assert_string_equal(there.groups[1], "00g3");
	there.group_count = here.group_count;
	there.group_at = here.group_at;
	memcpy(there.groups, here.groups, sizeof(here.groups));
	assert_memory_equal(&here, &there, sizeof(here));

	assert_true(write_cursor(place_write_next, &here));
	assert_int_equal(place_read(text.bytes, text.length, &there), 0);
	assert_int_equal(there.scope, ROSTER_CHANGED);
	assert_int_equal(there.stage, STAGE_LOG);
	assert_string_equal(there.since, here.begun);
	assert_string_equal(there.told, here.looked);
	assert_string_equal(there.log_url, here.log_url);
	assert_int_equal(there.pair_count, 0);
	assert_string_equal(there.oldest, "");
}

static void not_ours(void **state)
{
	static const char *const bad[] = {
		"",
		"okta 2\nscope 1\nstage 2\n",
		"okta 1\n",
		"okta 1\nscope 1\n",
		"okta 1\nscope 4\nstage 2\n",
		"okta 1\nscope 1\nstage 0\n",
		"okta 1\nscope 1\nstage 6\n",
		"okta 1\nscope 1\nstage 2",
		"okta 1\nscope 1\nstage 2\nunknown 1\n",
		"okta 1\nscope 1\nstage 2\npeople -1\n",
		"okta 1\nscope 1\nstage 2\npeople\n",
		"okta 1\nscope 1\nstage 2\npair 00g1\n",
		"okta 1\nscope 1\nstage 2\nsince 2026-11-29T18:00:00.000000000000Z\n"
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		assert_int_equal(place_read(bad[i], strlen(bad[i]), &there), -1);
	assert_int_equal(place_read("okta 1\nscope 1\nstage 2\n", 24, &there), -1); /* with NUL behind it */
	assert_int_equal(place_read("okta 1\nscope 1\nstage 2\n", 23, &there), 0);
}

static void too_long(void **state)
{
	(void)state;
	here = (struct place){ .scope = ROSTER_ALL, .stage = STAGE_GROUPS, .group_count = PLACE_GROUPS_MOST };
	for (size_t i = 0; i < PLACE_GROUPS_MOST; i++)
		memset(here.groups[i], 'g', PLACE_ID_MOST);
	here.pair_count = PLACE_PAIRS_MOST;
	for (size_t i = 0; i < PLACE_PAIRS_MOST; i++)
		memset(here.pairs[i].group, 'g', PLACE_ID_MOST), memset(here.pairs[i].person, 'u', PLACE_ID_MOST);
	assert_true(write_cursor(place_write, &here));
	memset(here.url, 'u', LINK_URL_MOST - 1);
	memset(here.members_url, 'u', LINK_URL_MOST - 1);
	memset(here.log_url, 'u', LINK_URL_MOST - 1);
	assert_true(write_cursor(place_write, &here));
	buffer_close(&text);
	buffer_open(&text, 50000);
	place_write(&here, &text);
	assert_true(text.full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(not_ours),
		cmocka_unit_test(too_long),
	};

	return cmocka_run_group_tests_name("connectors/okta", tests, NULL, NULL);
}
