/* Content synchronisation as bytes, and what its cookies and ends mean; and the places of readings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "ldap/branches.h"
#include "ldap/changed.h"
#include "ldap/hash.h"
#include "ldap/modified.h"
#include "ldap/sync_control.h"

#define BYTES(text) (&(struct berval){ sizeof(text) - 1, (char *)(text) })
#define UUID	    "\x01\x23\x45\x67\x89\xab\xcd\xef\x01\x23\x45\x67\x89\xab\xcd\xef"
#define EARLIER	    "20261129115056.369231Z#000000#"
#define LATER	    "20261129115056.369231Z#000001#"
#define TAIL	    "#000000"

static void assert_bytes(const struct berval *value, const char *wanted)
{
	assert_int_equal(value->bv_len, strlen(wanted));
	assert_memory_equal(value->bv_val, wanted, strlen(wanted));
}

static void test_request(void **state)
{
	static const char plain[] = "\x30\x03\x0a\x01\x01", asked[] = "\x30\x06\x0a\x01\x03\x04\x01x";
	static char cookie[SYNC_COOKIE_MOST + 1], room[SYNC_COOKIE_MOST + SYNC_REQUEST_OVERHEAD];
	struct berval large = { SYNC_COOKIE_MOST, cookie };
	int length;

	(void)state;
	assert_int_equal(sync_write_request(SYNC_REFRESH_ONLY, BYTES(""), room, sizeof(room)), sizeof(plain) - 1);
	assert_memory_equal(room, plain, sizeof(plain) - 1);
	assert_int_equal(sync_write_request(SYNC_REFRESH_AND_PERSIST, BYTES("x"), room, sizeof(room)),
			 sizeof(asked) - 1);
	assert_memory_equal(room, asked, sizeof(asked) - 1);
	/* The lengths within count what stands behind them. */
	length = sync_write_request(SYNC_REFRESH_ONLY, &large, room, sizeof(room));
	assert_int_equal(length, 6 + 3 + 6 + SYNC_COOKIE_MOST);
	assert_memory_equal(room, "\x30\x84\x00\x00\xc0\x09\x0a\x01\x01\x04\x84\x00\x00\xc0\x00", 15);
	assert_int_equal(sync_write_request(SYNC_REFRESH_ONLY, &large, room, sizeof(room) - 1), -1);
	large.bv_len++;
	assert_int_equal(sync_write_request(SYNC_REFRESH_ONLY, &large, room, sizeof(room)), -1);
}

static void test_entries(void **state)
{
	struct sync_entry entry;

	(void)state;
	assert_int_equal(sync_read_entry(BYTES("\x30\x15\x0a\x01\x03\x04\x10" UUID), &entry), 0);
	assert_int_equal(entry.state, SYNC_DELETE);
	assert_memory_equal(entry.uuid, UUID, SYNC_UUID_SIZE);
	assert_int_equal(entry.cookie.bv_len, 0);
	assert_int_equal(sync_read_entry(BYTES("\x30\x18\x0a\x01\x01\x04\x10" UUID "\x04\x01k"), &entry), 0);
	assert_int_equal(entry.state, SYNC_ADD);
	assert_bytes(&entry.cookie, "k");

	/* Another state than there is, a short UUID, more than there should be, a length beyond the end, none. */
	assert_int_equal(sync_read_entry(BYTES("\x30\x15\x0a\x01\x04\x04\x10" UUID), &entry), -1);
	assert_int_equal(sync_read_entry(BYTES("\x30\x06\x0a\x01\x01\x04\x01u"), &entry), -1);
	assert_int_equal(sync_read_entry(BYTES("\x30\x18\x0a\x01\x01\x04\x10" UUID "\x01\x01\xff"), &entry), -1);
	assert_int_equal(sync_read_entry(BYTES("\x30\x16\x0a\x01\x01\x04\x10" UUID), &entry), -1);
	assert_int_equal(sync_read_entry(BYTES("\x30\x80\x0a\x01\x01\x04\x10" UUID), &entry), -1);
	assert_int_equal(sync_read_entry(BYTES(""), &entry), -1);
}

static void test_ends(void **state)
{
	struct sync_done done;

	(void)state;
	assert_int_equal(sync_read_done(BYTES("\x30\x00"), &done), 0);
	assert_false(done.refresh_deletes);
	assert_int_equal(done.cookie.bv_len, 0);
	assert_int_equal(sync_read_done(BYTES("\x30\x07\x04\x02kl\x01\x01\xff"), &done), 0);
	assert_true(done.refresh_deletes);
	assert_bytes(&done.cookie, "kl");
	assert_int_equal(sync_read_done(BYTES("\x30\x04\x01\x02\xff\xff"), &done), -1);
	assert_int_equal(sync_read_done(BYTES("\x30\x03\x01\x01\xff\x00"), &done), -1);
}

static void test_messages(void **state)
{
	struct sync_info info;

	(void)state;
	assert_int_equal(sync_read_info(BYTES("\x80\x01k"), &info), 0);
	assert_int_equal(info.kind, SYNC_NEW_COOKIE);
	assert_bytes(&info.cookie, "k");

	/* "Done" is what it is if it is not said. */
	assert_int_equal(sync_read_info(BYTES("\xa1\x00"), &info), 0);
	assert_int_equal(info.kind, SYNC_REFRESH_DELETE);
	assert_true(info.refresh_done);
	assert_int_equal(sync_read_info(BYTES("\xa2\x06\x04\x01k\x01\x01\x00"), &info), 0);
	assert_int_equal(info.kind, SYNC_REFRESH_PRESENT);
	assert_false(info.refresh_done);

	assert_int_equal(sync_read_info(BYTES("\xa3\x29\x01\x01\xff\x31\x24\x04\x10" UUID "\x04\x10" UUID), &info), 0);
	assert_int_equal(info.kind, SYNC_ID_SET);
	assert_true(info.refresh_deletes);
	assert_memory_equal(sync_next_uuid(&info), UUID, SYNC_UUID_SIZE);
	assert_memory_equal(sync_next_uuid(&info), UUID, SYNC_UUID_SIZE);
	assert_null(sync_next_uuid(&info));
	assert_int_equal(sync_read_info(BYTES("\xa3\x02\x31\x00"), &info), 0);
	assert_false(info.refresh_deletes);
	assert_null(sync_next_uuid(&info));

	/* A UUID of 15 bytes among them; something that is none; no set; another choice. */
	assert_int_equal(sync_read_info(BYTES("\xa3\x13\x31\x11\x04\x0f" UUID), &info), -1);
	assert_int_equal(sync_read_info(BYTES("\xa3\x05\x31\x03\x01\x01\xff"), &info), -1);
	assert_int_equal(sync_read_info(BYTES("\xa3\x03\x01\x01\xff"), &info), -1);
	assert_int_equal(sync_read_info(BYTES("\xa4\x00"), &info), -1);
}

static void test_keys(void **state)
{
	char key[SYNC_KEY_SIZE];

	(void)state;
	sync_key((const unsigned char *)UUID, false, key);
	assert_string_equal(key, "01234567-89ab-cdef-0123-456789abcdef");
	sync_key((const unsigned char *)UUID, true, key);
	assert_string_equal(key, "01234567-89abcdef-01234567-89abcdef");
}

static void test_cookies_of_openldap(void **state)
{
	static const struct {
		const char *ours, *now;
		enum sync_place place;
	} rows[] = {
		{ "rid=000,csn=" EARLIER "000" TAIL, "rid=000,csn=" EARLIER "000" TAIL, SYNC_PLACE_CURRENT },
		{ "rid=001,sid=00a,csn=" EARLIER "000" TAIL, "rid=000,csn=" LATER "000" TAIL, SYNC_PLACE_BEHIND },
		{ "rid=000,csn=" LATER "000" TAIL, "rid=000,csn=" EARLIER "000" TAIL, SYNC_PLACE_AHEAD },
		{ "rid=000,csn=" EARLIER "001" TAIL, "rid=000,csn=" LATER "002" TAIL, SYNC_PLACE_FOREIGN },
		/* Two servers that take changes: each by itself, in any order. */
		{ "rid=000,csn=" EARLIER "001" TAIL ";" LATER "002" TAIL,
		  "rid=000,csn=" LATER "002" TAIL ";" EARLIER "001" TAIL, SYNC_PLACE_CURRENT },
		{ "rid=000,csn=" EARLIER "001" TAIL, "rid=000,csn=" EARLIER "001" TAIL ";" EARLIER "002" TAIL,
		  SYNC_PLACE_BEHIND },
		{ "rid=000,csn=" LATER "001" TAIL ";" EARLIER "002" TAIL,
		  "rid=000,csn=" EARLIER "001" TAIL ";" LATER "002" TAIL, SYNC_PLACE_AHEAD },
		{ "rid=000,csn=" EARLIER "000" TAIL ",delcsn=x", "rid=000,csn=" LATER "000" TAIL, SYNC_PLACE_BEHIND },
		/* What a server answers with everything, or with nonsense. */
		{ "hello", "rid=000,csn=" EARLIER "000" TAIL, SYNC_PLACE_UNREADABLE },
		{ "", "rid=000,csn=" EARLIER "000" TAIL, SYNC_PLACE_UNREADABLE },
		{ "rid=000", "rid=000,csn=" EARLIER "000" TAIL, SYNC_PLACE_UNREADABLE },
		{ "rid=000,csn=nonsense", "rid=000,csn=" EARLIER "000" TAIL, SYNC_PLACE_UNREADABLE },
		{ "csn=" EARLIER "000" TAIL, "rid=000,csn=" EARLIER "000" TAIL, SYNC_PLACE_UNREADABLE },
		{ "rid=000,csn=" EARLIER "000#00000", "rid=000,csn=" EARLIER "000" TAIL, SYNC_PLACE_UNREADABLE },
		{ "rid=000,csn=" EARLIER "000" TAIL ";", "rid=000,csn=" EARLIER "000" TAIL, SYNC_PLACE_UNREADABLE },
		{ "rid=000,csn=" EARLIER "000" TAIL "0", "rid=000,csn=" EARLIER "000" TAIL, SYNC_PLACE_UNREADABLE },
		{ "rid=000,csn=" EARLIER "000" TAIL ";" LATER "000" TAIL, "rid=000,csn=" EARLIER "000" TAIL,
		  SYNC_PLACE_UNREADABLE },
		{ "rid=000,csn=" EARLIER "000" TAIL, "", SYNC_PLACE_UNREADABLE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct berval ours = { strlen(rows[i].ours), (char *)rows[i].ours };
		struct berval now = { strlen(rows[i].now), (char *)rows[i].now };

		assert_int_equal(sync_place_openldap(&ours, &now), rows[i].place);
	}
}

static void test_cookies_of_389(void **state)
{
#define SEARCH "ds:389#cn=sync:ou=people:(uid=#*)#"
	static const struct {
		const char *ours, *now;
		enum sync_place place;
	} rows[] = {
		{ SEARCH "7", SEARCH "7", SYNC_PLACE_CURRENT },
		{ SEARCH "7", SEARCH "10", SYNC_PLACE_BEHIND },
		{ SEARCH "10", SEARCH "9", SYNC_PLACE_AHEAD },
		{ SEARCH "7", "ds:389#cn=sync:ou=people:(uid=*)#7", SYNC_PLACE_FOREIGN },
		{ SEARCH "", SEARCH "7", SYNC_PLACE_UNREADABLE },
		{ SEARCH "7a", SEARCH "7", SYNC_PLACE_UNREADABLE },
		{ SEARCH "99999999999999999999", SEARCH "7", SYNC_PLACE_UNREADABLE },
		{ "7", SEARCH "7", SYNC_PLACE_UNREADABLE },
		{ "", SEARCH "7", SYNC_PLACE_UNREADABLE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct berval ours = { strlen(rows[i].ours), (char *)rows[i].ours };
		struct berval now = { strlen(rows[i].now), (char *)rows[i].now };

		assert_int_equal(sync_place_389(&ours, &now), rows[i].place);
	}
}

/* Nobody is gone because a server has said nothing. */
static void test_who_is_gone(void **state)
{
	(void)state;
	assert_int_equal(sync_judge(true, false, 1), SYNC_ABSENT_GONE);
	assert_int_equal(sync_judge(true, false, 0), SYNC_ABSENT_LOST);
	assert_int_equal(sync_judge(true, true, 0), SYNC_ABSENT_STAYS);
	assert_int_equal(sync_judge(true, true, 1), SYNC_ABSENT_STAYS);
	assert_int_equal(sync_judge(false, false, 0), SYNC_ABSENT_STAYS);
	assert_int_equal(sync_judge(false, false, 1), SYNC_ABSENT_STAYS);
	assert_int_equal(sync_judge(false, true, 0), SYNC_ABSENT_STAYS);
}

static void test_places(void **state)
{
	struct origin origin = { "389-Directory-Server", "a-b", "-", "0123456789abcdef0123456789abcdef" }, back;
	struct buffer place;
	char name[32];
	int length;

	(void)state;
	buffer_open(&place, KB(4));
	place_write("syncrepl", &origin, &place);
	buffer_text(&place, "7 0\ncookies");
	length = place_read(place.bytes, place.length, name, &back);
	assert_string_equal(place.bytes + length, "7 0\ncookies");
	assert_string_equal(name, "syncrepl");
	assert_null(place_differs(&origin, &back));

	/* A place that was cut anywhere within its line is none. */
	for (size_t i = 0; i < (size_t)length; i++)
		assert_int_equal(place_read(place.bytes, i, name, &back), -1);
	place.bytes[0] = '2';
	assert_int_equal(place_read(place.bytes, place.length, name, &back), -1);
	buffer_close(&place);

	back = origin;
	strcpy(back.vendor, "OpenLDAP");
	assert_non_null(strstr(place_differs(&origin, &back), "another kind"));
	back = origin;
	strcpy(back.people, "a-c");
	assert_non_null(strstr(place_differs(&origin, &back), "\"user_base\" is another entry"));
	back = origin;
	strcpy(back.groups, "d");
	assert_non_null(strstr(place_differs(&origin, &back), "\"group_base\" is another entry"));
	back = origin;
	back.search[0] = 'f';
	assert_non_null(strstr(place_differs(&origin, &back), "other entries or attributes"));
}

/* ---- versions ---- */

#define SECOND INT64_C(1000000)

static void test_times(void **state)
{
	static const struct {
		const char *stamp;
		int64_t at;
	} rows[] = {
		{ "19700101000000Z", 0 },
		{ "20000229120000Z", 951825600 * SECOND },
		{ "20261129115056Z", 1795953056 * SECOND },
		{ "20261129115056.369231Z#000000#000#000000", 1795953056 * SECOND + 369231 },
		{ "20261129115056.5Z", 1795953056 * SECOND + 500000 },
		{ "20261129115056.1234567Z", 1795953056 * SECOND + 123456 },
	};
	static const char *const none[] = { "", "2026", "20261129115056", "20261329115056Z", "20261129245056Z", "2026112911505xZ" };
	int64_t at;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		assert_int_equal(version_time(rows[i].stamp, &at), 0);
		assert_int_equal(at, rows[i].at);
	}
	for (size_t i = 0; i < ARRAY_COUNT(none); i++)
		assert_int_equal(version_time(none[i], &at), -1);
}

static struct version version(int64_t s, uint64_t hash)
{
	return (struct version){ s * SECOND, hash };
}

/* What changed while the last reading was under way lies before the newest that it saw. */
static void test_many_are_read_with_everybody(void **state)
{
	(void)state;
	assert_false(looking_costs_more(LOOK_MOST, 10));
	assert_true(looking_costs_more(LOOK_MOST + 1, LOOK_MOST + 1));
	assert_false(looking_costs_more(10000, 100000));
	assert_true(looking_costs_more(10001, 100000));
}

static void test_windows(void **state)
{
	static struct window window;

	(void)state;
	window_open(&window);
	window_add(&window, version(10000, 1));
	window_add(&window, version(9000, 2));
	window_add(&window, version(9990, 3));
	window_close(&window, true, 100);
	assert_true(window_wants(&window, version(10001, 9)));
	assert_true(window_wants(&window, version(9850, 9)));
	assert_false(window_wants(&window, version(9839, 9)));
	assert_false(window_wants(&window, version(10000, 1)));
	assert_false(window_wants(&window, version(9990, 3)));
	/* The same entry, changed again. */
	assert_true(window_wants(&window, version(10000, 4)));

	/* Nobody was there: everybody is new. */
	window_open(&window);
	window_close(&window, true, 0);
	assert_true(window_wants(&window, version(-99999, 1)));
}

/* A second has room for two changes: who changed in one of the last is looked at again. */
static void test_windows_of_whole_seconds(void **state)
{
	static struct window window;

	(void)state;
	window_open(&window);
	window_add(&window, version(10000, 1));
	window_add(&window, version(9999, 2));
	window_add(&window, version(9998, 3));
	window_close(&window, false, 1);
	assert_true(window_wants(&window, version(10000, 1)));
	assert_true(window_wants(&window, version(9999, 2)));
	assert_false(window_wants(&window, version(9998, 3)));
}

/* A million who were loaded in a minute are not read again after each other; whoever changed meanwhile is. */
static void test_windows_that_are_full(void **state)
{
	static struct window window;
	size_t wanted = 0;

	(void)state;
	window_open(&window);
	for (int i = 0; i < 100000; i++)
		window_add(&window, (struct version){ i * 500, (uint64_t)i });
	window_close(&window, true, 1);
	for (int i = 0; i < 100000; i++)
		wanted += window_wants(&window, (struct version){ i * 500, (uint64_t)i });
	/* What the reading took, and its margin, is never given up: 6 s, of which the newest second is remembered. */
	assert_int_equal(wanted, 6 * 2000 + 1 - SEEN_MOST);
	assert_true(window_wants(&window, (struct version){ 99999 * 500 - 5 * SECOND, 7 }));
	assert_false(window_wants(&window, (struct version){ 99999 * 500 - 7 * SECOND, 7 }));
}

static void test_windows_are_kept(void **state)
{
	static struct window window, back;
	struct buffer text;

	(void)state;
	buffer_open(&text, KB(128));
	window_open(&window);
	for (int i = 0; i < 3000; i++)
		window_add(&window, (struct version){ i * SECOND / 100, UINT64_C(0xf000000000000000) + (uint64_t)i * 7919 });
	window_close(&window, true, 1);
	window_write(&window, &text);
	assert_false(text.full);
	buffer_text(&text, "rest");
	assert_string_equal(text.bytes + window_read(text.bytes, text.length, &back), "rest");
	assert_int_equal(back.count, window.count);
	assert_int_equal(back.from, window.from);
	for (size_t i = 0; i < window.count; i++)
		assert_false(window_wants(&back, window.seen[i]));
	assert_true(window_wants(&back, (struct version){ window.newest, 1 }));
	for (size_t i = 0; i < text.length - 4; i += 97)
		assert_int_equal(window_read(text.bytes, i, &back), -1);
	buffer_close(&text);
}

static void test_branches(void **state)
{
	static struct branches then, now, back;
	struct buffer text;

	(void)state;
	then = now = (struct branches){ 0 };
	for (uint64_t i = 0; i < 10; i++) {
		branches_add(&then, 100 - i);
		branches_add(&now, 91 + i);
	}
	branches_sort(&then);
	branches_sort(&now);
	assert_true(branches_stand(&then, &now));
	/* One more is nothing, one less is something. */
	branches_add(&now, 7);
	branches_sort(&now);
	assert_true(branches_stand(&then, &now));
	assert_false(branches_stand(&now, &then));
	back = (struct branches){ 0 };
	assert_true(branches_stand(&back, &now));
	assert_false(branches_stand(&then, &back));

	buffer_open(&text, KB(64));
	branches_write(&now, &text);
	buffer_text(&text, "rest");
	assert_string_equal(text.bytes + branches_parse(text.bytes, text.length, &back), "rest");
	assert_true(branches_stand(&now, &back) && branches_stand(&back, &now));
	assert_int_equal(branches_parse(text.bytes, text.length - 5, &back), -1);
	buffer_close(&text);

	/* More than are remembered: any difference counts. */
	then = (struct branches){ 0 };
	for (uint64_t i = 0; i < BRANCHES_MOST + 5; i++)
		branches_add(&then, i);
	now = then;
	assert_true(branches_stand(&then, &now));
	branches_add(&now, 1);
	assert_false(branches_stand(&then, &now));
	buffer_open(&text, KB(64));
	branches_write(&then, &text);
	assert_true(branches_parse(text.bytes, text.length, &back) > 0);
	assert_true(branches_stand(&then, &back));
	buffer_close(&text);
}

static void test_hashes(void **state)
{
	(void)state;
	assert_int_not_equal(hash_texts("ab", "c"), hash_texts("a", "bc"));
	assert_int_not_equal(hash_texts("", "a"), hash_texts("a", ""));
	assert_int_equal(hash_texts("a", "b"), hash_texts("a", "b"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request),		     cmocka_unit_test(test_entries),
		cmocka_unit_test(test_ends),		     cmocka_unit_test(test_messages),
		cmocka_unit_test(test_keys),		     cmocka_unit_test(test_cookies_of_openldap),
		cmocka_unit_test(test_cookies_of_389),	     cmocka_unit_test(test_who_is_gone),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_windows),
		cmocka_unit_test(test_windows_of_whole_seconds),
		cmocka_unit_test(test_windows_that_are_full),
		cmocka_unit_test(test_windows_are_kept),
		cmocka_unit_test(test_many_are_read_with_everybody),
		cmocka_unit_test(test_branches),
		cmocka_unit_test(test_hashes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
