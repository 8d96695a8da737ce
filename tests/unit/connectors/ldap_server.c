/* The LDAP plug-in against a real OpenLDAP server, in good days and bad ones. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/text.h"
#include "harness.h"
#include "peers/undertaker.h"

extern const struct roster_connector roster_connector;

enum { PEOPLE = 2000, GROUPS = 40, HARD_PEOPLE = 10 };

static char folder[] = "/tmp/rosterd-slapd-XXXXXX";
static struct roster_call harness;
static struct arena *kept; /* texts that settings borrow */

/* ---- the server
 * -------------------------------------------------------------------------------------------------------------------
 */

static const char *script(void)
{
	const char *source = getenv("SRCDIR");

	return arena_format(kept, "%s/tests/peers/slapd.sh", source ? source : ".");
}

static void server(const char *command)
{
	char line[512];

	snprintf(line, sizeof(line), "'%s' %s >&2", script(), command);
	if (system(line) != 0) {
		fprintf(stderr, "# failed: %s\n", line);
		abort();
	}
}

static void tell_server(const char *command, const char *options)
{
	char line[256];

	snprintf(line, sizeof(line), "%s %s %s", command, folder, options);
	server(line);
}

static void restart(const char *options)
{
	tell_server("restart", options);
}

static const char *file(const char *path)
{
	char *text = harness_file(path);
	const char *copy = arena_text(kept, text);

	free(text);
	return copy;
}

/* A word of the server's env file. */
static const char *env(const char *name)
{
	const char *at;

	for (at = file(arena_format(kept, "%s/env", folder)); *at; at += strcspn(at, "\n") + 1)
		if (text_begins(at, name) && at[strlen(name)] == '=')
			break;
	assert_true(*at);
	at += strlen(name) + 1;
	return arena_text_n(kept, at, strcspn(at, "\n"));
}

static void set_env(const char *setting, const char *name)
{
	harness_set(&harness, setting, env(name));
}

static void set_file(const char *setting, const char *name)
{
	harness_set(&harness, setting, file(env(name)));
}

/* ---- settings before each test, everything as it was after it ---- */

static int before(void **state)
{
	(void)state;
	harness_open(&harness, &roster_connector);
	set_env("url", "SLAPD_LDAP");
	set_file("ca_certificate", "SLAPD_CA");
	set_env("bind_dn", "SLAPD_BIND_DN");
	set_env("bind_password", "SLAPD_BIND_PASSWORD");
	set_env("user_base", "SLAPD_USER_BASE");
	set_env("group_base", "SLAPD_GROUP_BASE");
	harness_set(&harness, "page_size", "500");
	harness_set(&harness, "timeout", "5000");
	return 0;
}

static int after(void **state)
{
	(void)state;
	harness_close(&harness);
	return 0;
}

static int after_restart(void **state)
{
	after(state);
	restart("");
	return 0;
}

static void assert_said(const char *text, const char *wanted)
{
	if (strstr(text, wanted))
		return;
	fprintf(stderr, "# \"%s\" does not say \"%s\"\n", text, wanted);
	fail();
}

static void assert_fails(int result, enum roster_trouble trouble, const char *wanted)
{
	assert_int_equal(result, -1);
	assert_said(harness.why, wanted);
	assert_int_equal(harness.trouble, trouble);
	assert_null(strstr(harness.why, "sync-secret"));
}

static void assert_reads_everything(void)
{
	int pages = harness_read(&harness);

	if (pages < 0)
		assert_said(harness.why, "(nothing, for it should not fail)");
	assert_int_equal(pages, PEOPLE / 500 + 1);
	assert_int_equal(harness.people_count, PEOPLE);
	assert_int_equal(harness.group_count, GROUPS);
	assert_int_equal(harness.refused_count, 0);
	assert_true(harness.whole);
}

/* ---- good days
 * -------------------------------------------------------------------------------------------------------------------------
 */

static void test_reads_everything(void **state)
{
	const struct harness_person *anna;

	(void)state;
	assert_reads_everything();
	assert_said(harness.proof, "2000 people in 4 pages");
	assert_said(harness.proof, "40 groups in 1 pages");
	assert_said(harness.proof, "OpenLDAP");
	assert_int_equal(harness.dials, 1);

	anna = harness_person(&harness, "anna.smith");
	assert_non_null(anna);
	assert_string_equal(anna->id, "00000001-0001-4000-8000-000000000001");
	assert_string_equal(anna->reference, "cn=smith\\2c anna,ou=special,ou=people,dc=acme,dc=example");
	assert_string_equal(anna->email, "anna.smith@acme.example");
	assert_string_equal(anna->display_name, "Anna Smith");
	assert_string_equal(anna->given_name, "Anna");
	assert_int_equal(anna->standing, ROSTER_ACTIVE);
	assert_string_equal(harness_person(&harness, "zoe")->family_name, "M\303\274ller");
	assert_string_not_equal(harness_person(&harness, "anna")->id, harness_person(&harness, "ANNA")->id);
	assert_null(harness_person(&harness, "zoe")->groups);

	/* Once more, over the same conversation: the same. */
	assert_reads_everything();
	assert_int_equal(harness.dials, 0);
}

/* However a group spells its members, they are the references of people. */
static void test_members_are_found(void **state)
{
	static const char *const hard[] = { "anna.smith", "quoted", "anna", "zoe", "two.parts", "spaces" };
	const struct harness_group *admins, *nesting, *nested;
	size_t strangers = 0;

	(void)state;
	assert_reads_everything();
	admins = harness_group(&harness, "admins");
	for (size_t i = 0; i < ARRAY_COUNT(hard); i++)
		assert_true(harness_is_member(&harness, admins->reference,
					      harness_person(&harness, hard[i])->reference));
	assert_false(
		harness_is_member(&harness, admins->reference, harness_person(&harness, "ANNA")->reference));

	nesting = harness_group(&harness, "team-0010");
	nested = harness_group(&harness, "team-0009");
	assert_true(harness_is_member(&harness, nesting->reference, nested->reference));

	for (size_t i = 0; i < harness.membership_count; i++)
		strangers += !text_begins(harness.memberships[i].member, "uid=u") &&
			     !text_begins(harness.memberships[i].member, "cn=team-");
	assert_int_equal(strangers, ARRAY_COUNT(hard));
}

static void test_ldaps(void **state)
{
	(void)state;
	set_env("url", "SLAPD_LDAPS");
	assert_reads_everything();
}

/* libldap's own TLS cannot do this: it takes "localhost" for the machine's name. */
static void test_ldaps_by_name(void **state)
{
	const char *url = env("SLAPD_LDAPS");
	char by_name[64];

	(void)state;
	snprintf(by_name, sizeof(by_name), "ldaps://localhost%s", strrchr(url, ':'));
	harness_set(&harness, "url", by_name);
	assert_reads_everything();
}

static void test_external_over_a_local_socket(void **state)
{
	(void)state;
	set_env("url", "SLAPD_LDAPI");
	harness_set(&harness, "bind", "external");
	harness_set(&harness, "bind_dn", NULL);
	harness_set(&harness, "bind_password", NULL);
	assert_reads_everything();
}

static void test_external_by_certificate(void **state)
{
	(void)state;
	set_file("client_certificate", "SLAPD_CLIENT_CERTIFICATE");
	set_file("client_key", "SLAPD_CLIENT_KEY");
	harness_set(&harness, "bind", "external");
	assert_reads_everything();
	harness_reset(&harness);
	set_env("url", "SLAPD_LDAPS");
	assert_reads_everything();
}

static void test_without_tls(void **state)
{
	(void)state;
	harness_set(&harness, "tls", "none");
	assert_reads_everything();
	assert_said(harness.notes, "in the clear");
}

static void test_page_sizes(void **state)
{
	(void)state;
	harness_set(&harness, "page_size", "7");
	assert_int_equal(harness_read(&harness), (PEOPLE + 6) / 7 + (GROUPS + 6) / 7);
	assert_int_equal(harness.people_count, PEOPLE);
	assert_int_equal(harness.group_count, GROUPS);
	harness_reset(&harness);
	harness_set(&harness, "page_size", "10000");
	assert_int_equal(harness_read(&harness), 2);
	assert_int_equal(harness.people_count, PEOPLE);
}

static void test_check(void **state)
{
	(void)state;
	assert_int_equal(harness_check(&harness), 0);
	assert_said(harness.notes, "OpenLDAP");
	assert_said(harness.notes, "TLSv1.3, certificate valid until 2099-01-01");
	assert_said(harness.notes, "500 people under \"ou=people,dc=acme,dc=example\" on the first page, and "
				   "more, 500 with an address");
	assert_said(harness.notes, "40 groups");
	assert_int_equal(harness.people_count, 0);
	harness_set(&harness, "group_base", NULL);
	harness_reset(&harness);
	assert_int_equal(harness_check(&harness), 0);
	assert_said(harness.notes, "no groups are read");
}

static void test_disabled_people(void **state)
{
	static const char *const wanted[] = { "employeeType", NULL };
	struct roster_ask ask = { .attributes = wanted };
	size_t former = 0;

	(void)state;
	harness_set(&harness, "disabled_filter", "(employeeType=former)");
	harness_set(&harness, "page_size", "10000");
	harness_set(&harness, "group_base", NULL); /* groups come first */
	assert_int_equal(harness_page(&harness, &ask), 0);
	assert_int_equal(harness.people_count, PEOPLE);
	for (size_t i = 0; i < harness.people_count; i++) {
		bool suspended = harness.people[i].standing == ROSTER_SUSPENDED;

		assert_int_equal(suspended, text_equal(harness.people[i].attribute, "former"));
		former += suspended;
	}
	assert_in_range(former, 1, PEOPLE / 20);
}

/* A server that cannot prove who it is hears no password; the next one does. */
static void test_next_server_is_tried(void **state)
{
	const char *ldap = env("SLAPD_LDAP"), *ldaps = env("SLAPD_LDAPS");

	(void)state;
	harness_set(&harness, "url", arena_format(kept, "ldaps%s %s", strchr(ldap, ':'), ldaps));
	assert_reads_everything();
	assert_int_equal(harness.dials, 2);
	assert_said(harness.notes, "cannot be used, trying the next: securing \"ldaps://127.0.0.1:");
}

static void test_named(void **state)
{
	static const char *const people[] = { "00000001-0001-4000-8000-000000000005",
					      "00000001-0001-4000-8000-0000ffffffff",
					      "00000001-0001-4000-8000-00000000000b", NULL };
	static const char *const groups[] = { "00000001-0002-4000-8000-000000000001",
					      "00000001-0002-4000-8000-0000ffffffff", NULL };
	struct roster_ask ask = { .scope = ROSTER_NAMED, .named = people, .named_groups = groups };
	const struct harness_person *zoe;

	(void)state;
	assert_int_equal(harness_page(&harness, &ask), 0);
	assert_int_equal(harness.people_count, 3);
	zoe = harness_person(&harness, "zoe");
	assert_int_equal(zoe->standing, ROSTER_ACTIVE);
	assert_non_null(harness_person(&harness, "u000011")->groups);
	assert_string_equal(harness.people[2].id, people[1]);
	assert_int_equal(harness.people[2].standing, ROSTER_GONE);
	assert_int_equal(harness.group_count, 2);
	assert_true(
		harness_is_member(&harness, harness_group(&harness, "admins")->reference, zoe->reference));
	assert_true(harness.groups[1].gone);
}

/* A person's groups, as the server finds them, are the ones that list the person. */
static void test_named_groups_agree(void **state)
{
	static const char *const people[] = { "00000001-0001-4000-8000-00000000012c", NULL };
	struct roster_ask ask = { .scope = ROSTER_NAMED, .named = people };
	const struct harness_person *person;
	char *groups, *reference;
	size_t listed = 0, said = 0;

	(void)state;
	assert_int_equal(harness_page(&harness, &ask), 0);
	person = harness_person(&harness, "u000300");
	groups = strdup(person->groups);
	reference = strdup(person->reference);
	assert_reads_everything();
	for (size_t i = 0; i < harness.group_count; i++)
		listed += harness_is_member(&harness, harness.groups[i].reference, reference);
	for (char *word = strtok(groups, " "); word; word = strtok(NULL, " ")) {
		assert_true(harness_is_member(&harness, word, reference));
		said++;
	}
	assert_int_equal(said, listed);
	free(groups);
	free(reference);
}

/* ---- wrong settings
 * ---------------------------------------------------------------------------------------------------------------------
 */

static void test_wrong_settings(void **state)
{
	static const struct {
		const char *name, *value, *why;
	} rows[] = {
		{ "url", "ldap.acme.example",
		  "\"url\" has \"ldap.acme.example\": it must begin with ldap://" },
		{ "url", NULL, "\"url\" is not set" },
		{ "bind_password", NULL, "\"bind_password\" is not set" },
		{ "bind_password", "", "\"bind_password\" is not set" },
		{ "user_base", NULL, "\"user_base\" is not set" },
		{ "user_filter", "uid=*", "\"user_filter\" is \"uid=*\"; a filter in brackets is expected" },
		{ "email", "mail!", "\"email\" is \"mail!\"; the name of an attribute is expected" },
		{ "page_size", "0", "\"page_size\" is \"0\"; a number from 1 to 10000 is expected" },
		{ "client_key", "x", "\"client_certificate\" is not set" },
		{ "group_member", "member memberUid", "\"memberUid\" must stand alone" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		after(NULL);
		before(NULL);
		harness_set(&harness, rows[i].name, rows[i].value);
		assert_fails(harness_read(&harness), ROSTER_MISCONFIGURED, rows[i].why);
		assert_int_equal(harness.dials, 0);
	}
}

static void test_settings_that_the_server_refuses(void **state)
{
	static const struct {
		const char *name, *value;
		enum roster_trouble trouble;
		const char *why;
	} rows[] = {
		{ "user_base", "ou=peple,dc=acme,dc=example", ROSTER_MISCONFIGURED,
		  "under \"ou=peple,dc=acme,dc=example\"" },
		{ "user_base", "peple", ROSTER_MISCONFIGURED, "not a distinguished name (34)" },
		{ "user_filter", "(&(uid=*)", ROSTER_MISCONFIGURED, "not a filter" },
		{ "bind_password", "wrong", ROSTER_REFUSED,
		  "binding as cn=sync,dc=acme,dc=example at \"ldap://127.0.0.1:" },
		{ "bind_password", "wrong", ROSTER_REFUSED, "invalid credentials (49)" },
		{ "ca_certificate", "no certificate", ROSTER_MISCONFIGURED,
		  "\"ca_certificate\" holds no certificate" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		after(NULL);
		before(NULL);
		harness_set(&harness, rows[i].name, rows[i].value);
		assert_fails(harness_read(&harness), rows[i].trouble, rows[i].why);
		assert_int_equal(harness.people_count, 0);
		assert_fails(harness_check(&harness), rows[i].trouble,
			     i == 0 ? "no such object (32)" : rows[i].why);
	}
}

/* A refused password is not tried at the next server: that would lock the account there, too. */
static void test_a_refused_password_is_not_tried_again(void **state)
{
	const char *url = env("SLAPD_LDAP");
	char urls[128];

	(void)state;
	snprintf(urls, sizeof(urls), "%s %s", url, url);
	harness_set(&harness, "url", urls);
	harness_set(&harness, "bind_password", "wrong");
	assert_fails(harness_read(&harness), ROSTER_REFUSED, "invalid credentials (49)");
	assert_int_equal(harness.dials, 1);
}

static void test_check_of_a_filter_that_finds_nothing(void **state)
{
	(void)state;
	harness_set(&harness, "user_filter", "(uid=nobody)");
	assert_fails(harness_check(&harness), ROSTER_MISCONFIGURED, "nothing there matches \"(uid=nobody)\"");
	harness_set(&harness, "user_filter", NULL);
	harness_set(&harness, "user_id", "carLicense");
	harness_reset(&harness);
	assert_fails(harness_check(&harness), ROSTER_MISCONFIGURED,
		     "not one of 500 entries can be used: it has no usable \"carLicense\"");
}

static void test_people_without_a_key_are_seen(void **state)
{
	(void)state;
	harness_set(&harness, "user_id", "carLicense");
	harness_set(&harness, "group_id", "entryUUID");
	assert_int_equal(harness_read(&harness), PEOPLE / 500 + 1);
	assert_int_equal(harness.people_count, 0);
	assert_int_equal(harness.refused_count, PEOPLE);
	assert_int_equal(harness.group_count, GROUPS);
	assert_said(harness.refused[0].id, "ou=special,ou=people,dc=acme,dc=example");
}

/* ---- TLS that must not be trusted
 * ---------------------------------------------------------------------------------------------------------
 */

static void assert_not_trusted(const char *wanted)
{
	set_env("url", "SLAPD_LDAP");
	assert_fails(harness_read(&harness), ROSTER_MISCONFIGURED, wanted);
	harness_reset(&harness);
	set_env("url", "SLAPD_LDAPS");
	assert_fails(harness_check(&harness), ROSTER_MISCONFIGURED, wanted);
	assert_int_equal(harness.people_count, 0);
}

static void test_unknown_authority(void **state)
{
	(void)state;
	set_file("ca_certificate", "SLAPD_OTHER_CA");
	assert_not_trusted("unknown issuer \"O = Acme, CN = Acme test authority\"; put the certificate");
	harness_set(&harness, "ca_certificate", NULL);
	harness_reset(&harness);
	assert_not_trusted("unknown issuer");
}

static void test_expired_certificate(void **state)
{
	(void)state;
	restart("--certificate expired");
	assert_not_trusted("the certificate \"localhost\" expired on 2020-02-01 00:00:00 UTC, it is 20");
}

static void test_certificate_of_the_future(void **state)
{
	(void)state;
	restart("--certificate future");
	assert_not_trusted("is not valid before 2090-01-01 00:00:00 UTC, it is 20");
}

static void test_certificate_of_another_host(void **state)
{
	(void)state;
	restart("--certificate other-host");
	assert_not_trusted(
		"is not for \"127.0.0.1\", it names \"ldap.other.example\", \"ldap2.other.example\"");
}

static void test_self_signed_certificate(void **state)
{
	char path[128];

	(void)state;
	restart("--certificate self-signed");
	assert_not_trusted("the certificate \"localhost\" is self-signed");
	harness_reset(&harness);
	snprintf(path, sizeof(path), "%s/tls/self-signed.pem", folder);
	harness_set(&harness, "ca_certificate", file(path));
	assert_reads_everything();
}

static void test_server_without_tls(void **state)
{
	const char *url = env("SLAPD_LDAP");
	char ldaps[64];

	(void)state;
	restart("--no-tls");
	assert_fails(harness_read(&harness), ROSTER_MISCONFIGURED, "the server refuses StartTLS (2)");
	harness_reset(&harness);
	snprintf(ldaps, sizeof(ldaps), "ldaps%s", strchr(url, ':'));
	harness_set(&harness, "url", ldaps);
	assert_fails(harness_read(&harness), ROSTER_TRY_LATER, "see whether the port is right");
}

static void test_password_is_kept_from_a_plain_port(void **state)
{
	const char *url = env("SLAPD_LDAPS");
	char ldap[64];

	(void)state;
	snprintf(ldap, sizeof(ldap), "ldap%s", strchr(url, ':'));
	harness_set(&harness, "url", ldap);
	harness_set(&harness, "timeout", "1000");
	assert_int_equal(harness_read(&harness), -1);
	assert_null(strstr(harness.step, "binding"));
}

/* ---- a server that hangs, or goes
 * ------------------------------------------------------------------------------------------------------------
 */

/* Freezes the server when a step begins so. */
struct trap {
	const char *step;
	bool sprung;
};

static void spring(struct roster_call *h)
{
	struct trap *trap = h->on_step_data;

	if (!trap->sprung && text_begins(h->step, trap->step)) {
		trap->sprung = true;
		tell_server("freeze", "");
	}
}

static void assert_survives_frozen(const char *url, const char *step, const char *wanted)
{
	struct trap trap = { step, false };

	set_env("url", url);
	harness_set(&harness, "timeout", "1000");
	harness.on_step = spring;
	harness.on_step_data = &trap;
	assert_fails(harness_read(&harness), ROSTER_TRY_LATER, wanted);
	assert_true(trap.sprung);
	harness_reset(&harness); /* hanging up does not hang either */
	tell_server("thaw", "");
}

static int thaw(void **state)
{
	tell_server("thaw", "");
	return after(state);
}

static void test_frozen(void **state)
{
	(void)state;
	assert_survives_frozen("SLAPD_LDAP", "connecting", "asking for StartTLS at \"ldap://127.0.0.1:");
	assert_survives_frozen("SLAPD_LDAP", "agreeing on TLS", "no answer for 1 s while agreeing on TLS");
	assert_survives_frozen("SLAPD_LDAPS", "agreeing on TLS", "no answer for 1 s while agreeing on TLS");
	assert_survives_frozen("SLAPD_LDAPS", "binding", "binding as cn=sync,dc=acme,dc=example at");
	assert_survives_frozen("SLAPD_LDAP", "asking what", "asking what the server is");
	assert_survives_frozen("SLAPD_LDAPI", "binding", "no answer for 1 s");
	assert_survives_frozen("SLAPD_LDAP", "reading people", "reading people at");
}

/* The deadline of the call counts, too: less of it is left than the patience of the settings, or nothing on a slow machine. */
static void test_frozen_until_the_deadline(void **state)
{
	struct trap trap = { "binding", false };

	(void)state;
	harness_set(&harness, "timeout", "60000");
	harness.call_ms = 1000;
	harness.on_step = spring;
	harness.on_step_data = &trap;
	assert_fails(harness_read(&harness), ROSTER_TRY_LATER, "no answer for ");
	assert_null(strstr(harness.why, "60 s"));
}

static void test_server_goes_between_pages(void **state)
{
	static char cursor[ROSTER_CURSOR_MOST];
	struct roster_ask ask = { .cursor = cursor };
	struct roster_ask first = { 0 };

	(void)state;
	harness_set(&harness, "page_size", "5");
	assert_int_equal(harness_page(&harness, &first), 1);
	memcpy(cursor, harness.cursor, ask.cursor_size = harness.cursor_size);
	assert_int_equal(harness_page(&harness, &ask), 1);
	memcpy(cursor, harness.cursor, ask.cursor_size = harness.cursor_size);

	restart("");
	/* What was asked for ahead may still be there; then the conversation is over. */
	for (int page = 0; page < 2 && harness_page(&harness, &ask) == 1; page++)
		memcpy(cursor, harness.cursor, ask.cursor_size = harness.cursor_size);
	assert_true(harness.failed);
	assert_int_equal(harness.trouble, ROSTER_TRY_LATER);
	assert_fails(harness_page(&harness, &ask), ROSTER_LOST_PLACE, "begin again");

	harness_set(&harness, "page_size", "500");
	harness_reset(&harness);
	assert_reads_everything();
}

static void test_server_is_down(void **state)
{
	(void)state;
	tell_server("stop", "");
	assert_fails(harness_read(&harness), ROSTER_TRY_LATER, "could not connect");
}

static void test_cursor_of_another(void **state)
{
	static const char garbage[] = "0123456789abcdef0123456789abcdef 1";
	static char cursor[ROSTER_CURSOR_MOST];
	struct roster_ask first = { 0 }, ask = { .cursor = garbage, .cursor_size = sizeof(garbage) - 1 };

	(void)state;
	assert_fails(harness_page(&harness, &ask), ROSTER_LOST_PLACE, "begin again");
	assert_int_equal(harness_page(&harness, &first), 1);
	memcpy(cursor, harness.cursor, harness.cursor_size);
	ask = (struct roster_ask){ .cursor = cursor, .cursor_size = harness.cursor_size };
	harness_reset(&harness); /* another process */
	assert_fails(harness_page(&harness, &ask), ROSTER_LOST_PLACE, "begin again");
}

static void test_beginning_again_in_the_middle(void **state)
{
	struct roster_ask first = { 0 };

	(void)state;
	assert_int_equal(harness_page(&harness, &first), 1);
	assert_reads_everything();
}

static void test_daemon_wants_no_more(void **state)
{
	(void)state;
	harness.people_wanted = 700;
	assert_fails(harness_read(&harness), ROSTER_TRY_LATER, "enough");
	assert_int_equal(harness.people_count, 700);
}

/* ---- listings that look whole and are not ---- */

static void assert_incomplete(const char *wanted)
{
	int pages = harness_read(&harness);

	if (pages < 0)
		assert_said(harness.why, "(nothing, for it should not fail)");
	assert_false(harness.whole);
	assert_true(harness.incomplete);
	assert_said(harness.proof, wanted);
}

static void test_size_limit(void **state)
{
	(void)state;
	restart("--size-limit 700");
	assert_incomplete("reading people under \"ou=people,dc=acme,dc=example\" ended after");
	assert_said(harness.proof, "size limit exceeded (4)");
	assert_in_range(harness.people_count, 1, 700);
	assert_int_equal(harness.group_count, GROUPS);
}

static void test_people_are_hidden(void **state)
{
	static const char *const people[] = { "00000001-0001-4000-8000-000000000005", NULL };
	struct roster_ask ask = { .scope = ROSTER_NAMED, .named = people };

	(void)state;
	restart("--hide people");
	assert_incomplete("the server shows nobody under \"ou=people,dc=acme,dc=example\"");
	assert_int_equal(harness.people_count, 0);
	assert_int_equal(harness.group_count, GROUPS);
	assert_fails(harness_page(&harness, &ask), ROSTER_REFUSED,
		     "may the account that we bind as read there?");
	assert_int_equal(harness.people_count, 0);
	assert_fails(harness_check(&harness), ROSTER_MISCONFIGURED, "may not read it");
}

static void test_groups_are_hidden(void **state)
{
	(void)state;
	restart("--hide groups");
	assert_incomplete("leave \"group_base\" out");
	assert_int_equal(harness.people_count, PEOPLE);
}

static int start(void **state)
{
	char size[32];

	(void)state;
	kept = arena_open("test");
	assert_non_null(mkdtemp(folder));
	undertaker_leave(script(), folder);
	snprintf(size, sizeof(size), "%d %d", PEOPLE, GROUPS);
	tell_server("start", size);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	undertaker_call();
	arena_close(&kept);
	return 0;
}

#define TEST(name)	      cmocka_unit_test_setup_teardown(name, before, after)
#define TEST_RESTARTING(name) cmocka_unit_test_setup_teardown(name, before, after_restart)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_reads_everything),
		TEST(test_members_are_found),
		TEST(test_ldaps),
		TEST(test_ldaps_by_name),
		TEST(test_external_over_a_local_socket),
		TEST(test_external_by_certificate),
		TEST(test_without_tls),
		TEST(test_page_sizes),
		TEST(test_check),
		TEST(test_disabled_people),
		TEST(test_next_server_is_tried),
		TEST(test_named),
		TEST(test_named_groups_agree),
		TEST(test_wrong_settings),
		TEST(test_settings_that_the_server_refuses),
		TEST(test_a_refused_password_is_not_tried_again),
		TEST(test_check_of_a_filter_that_finds_nothing),
		TEST(test_people_without_a_key_are_seen),
		TEST(test_unknown_authority),
		TEST_RESTARTING(test_expired_certificate),
		TEST_RESTARTING(test_certificate_of_the_future),
		TEST_RESTARTING(test_certificate_of_another_host),
		TEST_RESTARTING(test_self_signed_certificate),
		TEST_RESTARTING(test_server_without_tls),
		TEST(test_password_is_kept_from_a_plain_port),
		cmocka_unit_test_setup_teardown(test_frozen, before, thaw),
		cmocka_unit_test_setup_teardown(test_frozen_until_the_deadline, before, thaw),
		TEST_RESTARTING(test_server_goes_between_pages),
		TEST(test_cursor_of_another),
		TEST(test_beginning_again_in_the_middle),
		TEST(test_daemon_wants_no_more),
		TEST_RESTARTING(test_size_limit),
		TEST_RESTARTING(test_people_are_hidden),
		TEST_RESTARTING(test_groups_are_hidden),
		TEST_RESTARTING(test_server_is_down),
	};

	if (system("PATH=$PATH:/usr/sbin; command -v slapd >/dev/null && command -v ldapsearch >/dev/null") !=
	    0) {
		puts("1..0 # SKIP there is no slapd (packages slapd, ldap-utils)");
		return 0;
	}
	return cmocka_run_group_tests(tests, start, stop);
}
