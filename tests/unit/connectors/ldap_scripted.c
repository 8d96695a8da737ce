/* The LDAP plug-in against a server that does what real ones cannot be made to do here (tests/peers/ldap_script). */
#include "platform.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "harness.h"
#ifdef SANITIZED
#include <sanitizer/lsan_interface.h>
#endif
#include "peers/ldap_script.h"

extern const struct roster_connector roster_connector;

static struct roster_call harness;

/* The plug-in, with a server of this script. */
static void begin(const struct ldap_script *script)
{
	ldap_script_start(script);
	harness_open(&harness, &roster_connector);
	harness_set(&harness, "url", ldap_script_url());
	harness_set(&harness, "tls", "none");
	harness_set(&harness, "bind_dn", "cn=sync,dc=fake");
	harness_set(&harness, "bind_password", "sync-secret");
	harness_set(&harness, "user_base", SCRIPT_PEOPLE);
	harness_set(&harness, "group_base", SCRIPT_GROUPS);
	harness_set(&harness, "page_size", "1000");
	harness_set(&harness, "timeout", "3000");
}

static void end(void)
{
	harness_close(&harness);
	ldap_script_stop();
}

static void assert_said(const char *text, const char *wanted)
{
	if (strstr(text, wanted))
		return;
	fprintf(stderr, "# \"%s\" does not say \"%s\"\n", text, wanted);
	fail();
}

/* Everybody once, and the listing is whole. */
static void assert_reads(int people, int members)
{
	if (harness_read(&harness) < 0)
		assert_said(harness.why, "(nothing, for it should not fail)");
	if (harness.incomplete)
		assert_said(harness.proof, "(nothing, for it is whole)");
	assert_int_equal(harness.people_count, people);
	assert_int_equal(harness.group_count, 1);
	assert_int_equal(harness.membership_count, members);
	assert_int_equal(harness.refused_count, 0);
	for (size_t i = 0; i < harness.part_count && !harness.whole; i++)
		fprintf(stderr, "# %s: %d %s\n", harness.parts[i].name, (int)harness.parts[i].evidence, harness.parts[i].words);
	assert_true(harness.whole);
	assert_false(harness.incomplete);
}

static void assert_incomplete(const char *why)
{
	if (harness_read(&harness) < 0)
		assert_said(harness.why, "(nothing, for it should not fail)");
	assert_false(harness.whole);
	assert_true(harness.incomplete);
	assert_said(harness.proof, why);
}

/* Whether the end of the connection is seen first or that the bytes are none is a matter of time. */
static void assert_ends_badly(void)
{
	assert_int_equal(harness_read(&harness), -1);
	assert_false(harness.whole);
	assert_true(harness.trouble == ROSTER_TRY_LATER || harness.trouble == ROSTER_NONSENSE);
	if (!strstr(harness.why, "the server closed the connection"))
		assert_said(harness.why, "the answer is not LDAP");
}

/* ---- ranges of attributes ---- */

static void test_a_server_without_tricks(void **state)
{
	(void)state;
	begin(&(struct ldap_script){ .people = 2500, .members = 2500 });
	assert_reads(2500, 2500);
	end();
}

static void test_members_in_ranges(void **state)
{
	static const int members[] = { 1499, 1500, 1501, 3000, 4000 };

	(void)state;
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		begin(&(struct ldap_script){ .people = 4000, .members = members[i], .range_most = 1500 });
		assert_reads(4000, members[i]);
		assert_true(harness_is_member(&harness, "cn=all," SCRIPT_GROUPS, "uid=p001499," SCRIPT_PEOPLE));
		end();
	}
}

static void test_ranges_that_do_not_go_on(void **state)
{
	(void)state;
	begin(&(struct ldap_script){ .people = 2000, .members = 2000, .range_most = 1500, .range_stuck = true });
	assert_incomplete("cn=all," SCRIPT_GROUPS);
	end();
}

/* ---- pages ---- */

static void test_pages_smaller_than_asked(void **state)
{
	(void)state;
	begin(&(struct ldap_script){ .people = 2500, .members = 3, .page_most = 100 });
	assert_reads(2500, 3);
	assert_true(ldap_script_searches() >= 25);
	end();
}

/* MaxPageSize of a server that does not give pages: what comes first is not all. */
static void test_no_pages_and_a_limit(void **state)
{
	(void)state;
	begin(&(struct ldap_script){ .people = 1500, .members = 3, .no_pages = true, .unpaged_most = 1000 });
	assert_incomplete("size limit exceeded (4)");
	assert_true(harness.people_count <= 1000);
	end();
	begin(&(struct ldap_script){ .people = 900, .members = 3, .no_pages = true, .unpaged_most = 1000 });
	assert_reads(900, 3);
	end();
}

static void test_pages_that_are_refused(void **state)
{
	(void)state;
	begin(&(struct ldap_script){ .people = 1500, .members = 3, .page_refused = 500 });
	assert_incomplete("admin");
	end();
	begin(&(struct ldap_script){ .people = 1500, .members = 3, .page_refused = 500 });
	harness_set(&harness, "page_size", "500");
	assert_reads(1500, 3);
	end();
}

static void test_large_cookies(void **state)
{
	static const size_t sizes[] = { 65535, 65536, 70000, 120000 };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		begin(&(struct ldap_script){ .people = 450, .members = 3, .page_most = 100, .cookie_size = sizes[i] });
		assert_reads(450, 3);
		end();
	}
}

/* ---- what lies elsewhere, and what is late ---- */

static void test_a_child_domain(void **state)
{
	(void)state;
	begin(&(struct ldap_script){ .people = 30, .members = 3, .refers = true });
	assert_incomplete("1 parts of \"" SCRIPT_PEOPLE "\" are on other servers");
	assert_int_equal(harness.people_count, 30);
	assert_int_equal(harness.dials, 1); /* nobody goes there */
	end();
	begin(&(struct ldap_script){ .people = 30, .members = 3, .refers = true });
	harness_set(&harness, "ignore_referrals", "yes");
	assert_reads(30, 3);
	end();
}

static void test_answers_that_come_too_late(void **state)
{
	(void)state;
	begin(&(struct ldap_script){ .people = 700, .members = 3, .page_most = 50, .stale = true });
	assert_reads(700, 3);
	assert_null(harness_person(&harness, "p999999"));
	end();
}

/* ---- bytes ---- */

/* Before the listing, where the place for the next reading is taken (search 1), and in its second page (search 7). */
static void test_garbage(void **state)
{
	static const enum script_garbage garbage[] = { GARBAGE_CUT, GARBAGE_LENGTH, GARBAGE_NO_BER };
	static const struct {
		int at, search;
	} places[] = { { 1, 1 }, { 50, 1 }, { 101, 7 }, { 150, 7 } };

	(void)state;
	for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++)
		for (size_t p = 0; p < sizeof(places) / sizeof(places[0]); p++) {
			begin(&(struct ldap_script){ .people = 300,
						     .members = 3,
						     .page_most = 100,
						     .garbage = garbage[i],
						     .garbage_at = places[p].at,
						     .garbage_search = places[p].search });
			assert_ends_badly();
			assert_int_equal(ldap_script_searches(), places[p].search);
			end();
		}
}

/* libldap 2.5 forgets the request whose answer it could not decode. A plug-in's child ends with its link, and takes it along. */
static int read_forgetfully(void)
{
	int result;

#ifdef SANITIZED
	__lsan_disable();
#endif
	result = harness_read(&harness);
#ifdef SANITIZED
	__lsan_enable();
#endif
	return result;
}

/* An entry that cannot be read is no entry: it is never left out in silence. */
static void test_an_entry_beyond_its_message(void **state)
{
	int result;

	(void)state;
	begin(&(struct ldap_script){ .people = 300, .members = 3, .page_most = 100, .garbage = GARBAGE_INNER, .garbage_at = 150,
				     .garbage_search = 7 });
	result = read_forgetfully();
	assert_true(result == -1 || harness.incomplete || harness.refused_count > 0);
	assert_false(result >= 0 && harness.whole && harness.people_count + harness.refused_count < 300);
	end();
}

static void test_a_value_beyond_every_measure(void **state)
{
	const struct harness_person *first;

	(void)state;
	begin(&(struct ldap_script){ .people = 3, .members = 3, .long_value = 5 << 20 });
	if (harness_read(&harness) < 0)
		assert_said(harness.why, "(nothing, for it should not fail)");
	/* Everybody is given; of who has that value, it is told which field was left out. */
	assert_int_equal(harness.people_count, 3);
	assert_int_equal(harness.refused_count, 1);
	first = harness_person(&harness, "p000001");
	assert_non_null(first);
	assert_true(!first->email || strlen(first->email) <= ROSTER_TEXT_MOST);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_server_without_tricks),
		cmocka_unit_test(test_members_in_ranges),
		cmocka_unit_test(test_ranges_that_do_not_go_on),
		cmocka_unit_test(test_pages_smaller_than_asked),
		cmocka_unit_test(test_no_pages_and_a_limit),
		cmocka_unit_test(test_pages_that_are_refused),
		cmocka_unit_test(test_large_cookies),
		cmocka_unit_test(test_a_child_domain),
		cmocka_unit_test(test_answers_that_come_too_late),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_an_entry_beyond_its_message),
		cmocka_unit_test(test_a_value_beyond_every_measure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
