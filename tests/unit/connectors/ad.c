/* The LDAP plug-in against a real Active Directory domain controller (Samba). */
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

enum { PEOPLE = 60, GROUPS = 8, ACCOUNTS = 4 };

#define BASE	   "DC=acme,DC=example"
#define PEOPLE_OU  "OU=people," BASE
#define USER(n)	   "CN=User " n "," PEOPLE_OU
#define GROUP(n)   "CN=group-" n ",OU=groups," BASE
#define REFERENCE(n) "cn=user " n ",ou=people,dc=acme,dc=example"
#define GROUP_REFERENCE(n) "cn=group-" n ",ou=groups,dc=acme,dc=example"

static char folder[] = "/tmp/rosterd-samba-XXXXXX";
static struct roster_call harness;
static struct arena *kept; /* texts that settings borrow */

/* ---- the server ---- */

static const char *script(void)
{
	const char *source = getenv("SRCDIR");

	return arena_format(kept, "%s/tests/peers/samba.sh", source ? source : ".");
}

static void run(const char *line)
{
	if (system(line) != 0) {
		fprintf(stderr, "# failed: %s\n", line);
		abort();
	}
}

static void tell_server(const char *command, const char *words)
{
	run(arena_format(kept, "'%s' %s %s %s >&2", script(), command, folder, words));
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

static void change(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* LDIF, as the administrator. */
static void change(const char *fmt, ...)
{
	const char *path = arena_format(kept, "%s/change.ldif", folder);
	FILE *ldif = fopen(path, "we");
	va_list args;

	assert_non_null(ldif);
	va_start(args, fmt);
	vfprintf(ldif, fmt, args);
	va_end(args);
	fclose(ldif);
	run(arena_format(kept, "'%s' modify %s <%s >/dev/null", script(), folder, path));
}

static void replace(const char *dn, const char *attribute, const char *value)
{
	change("dn: %s\nchangetype: modify\nreplace: %s\n%s%s%s%s", dn, attribute, value ? attribute : "",
	       value ? ": " : "", value ? value : "", value ? "\n" : "");
}

/* A value as the server's own tool shows it. */
static const char *stored(const char *filter, const char *attribute)
{
	char text[256] = "";
	FILE *pipe = popen(arena_format(kept,
					"PATH=$PATH:/usr/sbin; ldbsearch -H %s/dc/private/sam.ldb "
					"--configfile=%s/dc/etc/smb.conf '%s' %s 2>/dev/null | sed -n 's/^%s: //p'",
					folder, folder, filter, attribute, attribute),
			   "re");

	assert_non_null(pipe);
	assert_non_null(fgets(text, sizeof(text), pipe));
	pclose(pipe);
	text[strcspn(text, "\n")] = '\0';
	return arena_text(kept, text);
}

/* ---- settings before each test ---- */

static int before(void **state)
{
	(void)state;
	harness_open(&harness, &roster_connector);
	harness_set(&harness, "url", env("SAMBA_LDAPS"));
	harness_set(&harness, "ca_certificate", file(env("SAMBA_CA")));
	harness_set(&harness, "bind_dn", env("SAMBA_BOTH"));
	harness_set(&harness, "bind_password", env("SAMBA_PASSWORD"));
	harness_set(&harness, "user_base", env("SAMBA_USER_BASE"));
	harness_set(&harness, "group_base", env("SAMBA_GROUP_BASE"));
	harness_set(&harness, "page_size", "25");
	harness_set(&harness, "timeout", "20000");
	return 0;
}

static int after(void **state)
{
	(void)state;
	harness_close(&harness);
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
	assert_null(strstr(harness.why, "Sync-secret"));
}

static void read_whole(void)
{
	if (harness_read(&harness) < 0)
		assert_said(harness.why, "(nothing, for it should not fail)");
	if (!harness.whole)
		assert_said(harness.proof, "(that it is whole)");
}

static const struct harness_person *person(const char *user_name)
{
	const struct harness_person *found = harness_person(&harness, user_name);

	if (!found)
		fail_msg("there is no \"%s\"", user_name);
	return found;
}

/* ---- everything ---- */

static void test_reads_everything(void **state)
{
	const struct harness_person *first;

	(void)state;
	read_whole();
	assert_int_equal(harness.people_count, PEOPLE);
	assert_int_equal(harness.group_count, GROUPS);
	assert_int_equal(harness.refused_count, 0);
	/* Each person once, and each group but the first in another. */
	assert_int_equal(harness.membership_count, PEOPLE + GROUPS - 1);
	assert_said(harness.proof, "60 people in 3 pages");
	assert_said(harness.proof, "Active Directory");

	first = person("u0001");
	assert_string_equal(first->id, stored("(sAMAccountName=u0001)", "objectGUID"));
	assert_string_equal(first->reference, REFERENCE("0001"));
	assert_string_equal(first->email, "u0001@acme.example");
	assert_string_equal(first->display_name, "User Number0001");
	assert_int_equal(first->standing, ROSTER_ACTIVE);
	assert_int_equal(person("u0010")->standing, ROSTER_SUSPENDED);
	assert_string_equal(harness_group(&harness, "group-1")->id, stored("(sAMAccountName=group-1)", "objectGUID"));
	assert_true(harness_is_member(&harness, GROUP_REFERENCE("1"), REFERENCE("0009")));
	assert_true(harness_is_member(&harness, GROUP_REFERENCE("1"), GROUP_REFERENCE("2")));
}

/* At the root of the domain are references to other partitions, accounts that the system has made, and computers. */
static void test_domain_root(void **state)
{
	(void)state;
	harness_set(&harness, "user_base", BASE);
	harness_set(&harness, "group_base", BASE);
	harness_set(&harness, "page_size", "1000");
	read_whole();
	assert_int_equal(harness.people_count, PEOPLE + ACCOUNTS);
	assert_null(harness_person(&harness, "Administrator"));
	assert_null(harness_person(&harness, "Guest"));
	assert_null(harness_person(&harness, "krbtgt"));
	assert_null(harness_person(&harness, "DC1$"));
	assert_non_null(harness_group(&harness, "Domain Users"));
}

static void test_user_principal_names(void **state)
{
	(void)state;
	harness_set(&harness, "user_name", "userPrincipalName sAMAccountName");
	read_whole();
	assert_non_null(harness_person(&harness, "user.0001@acme.example"));
	assert_null(harness_person(&harness, "u0001"));
}

/* ---- primary groups ---- */

#define DOMAIN_USERS "cn=domain users,cn=users,dc=acme,dc=example"

static void test_primary_groups(void **state)
{
	const char *sid = stored("(sAMAccountName=group-1)", "objectSid"), *people[2] = { NULL };
	const char *groups[2] = { NULL };
	struct roster_ask ask = { .scope = ROSTER_NAMED, .named = people };
	size_t members = 0;

	(void)state;
	replace(USER("0001"), "primaryGroupID", strrchr(sid, '-') + 1);
	harness_set(&harness, "group_base", BASE);
	read_whole();
	assert_true(harness_is_member(&harness, GROUP_REFERENCE("1"), REFERENCE("0001")));
	assert_true(harness_is_member(&harness, DOMAIN_USERS, REFERENCE("0002")));
	for (size_t i = 0; i < harness.membership_count; i++)
		members += text_equal(harness.memberships[i].group, DOMAIN_USERS) &&
			   text_begins(harness.memberships[i].member, "cn=user ");
	assert_int_equal(members, PEOPLE); /* the one with another primary group is an ordinary member of it */

	/* Asked for by name, it is the same. */
	people[0] = arena_text(kept, person("u0001")->id);
	groups[0] = arena_text(kept, harness_group(&harness, "group-1")->id);
	harness_reset(&harness);
	assert_int_equal(harness_page(&harness, &ask), 0);
	assert_said(person("u0001")->groups, GROUP_REFERENCE("1"));
	assert_said(person("u0001")->groups, DOMAIN_USERS);
	harness_reset(&harness);
	ask = (struct roster_ask){ .scope = ROSTER_NAMED, .named_groups = groups };
	assert_int_equal(harness_page(&harness, &ask), 0);
	assert_true(harness_is_member(&harness, GROUP_REFERENCE("1"), REFERENCE("0001")));
	assert_true(harness_is_member(&harness, GROUP_REFERENCE("1"), REFERENCE("0009")));

	/* A group that is not asked for is nobody's. */
	harness_set(&harness, "group_base", env("SAMBA_GROUP_BASE"));
	harness_reset(&harness);
	read_whole();
	assert_int_equal(harness.membership_count, PEOPLE + GROUPS - 1);
	replace(USER("0001"), "primaryGroupID", "513");
}

/* ---- who may sign in there ---- */

static void test_standings(void **state)
{
	(void)state;
	replace(USER("0002"), "accountExpires", "132000000000000000"); /* in 2019 */
	replace(USER("0003"), "accountExpires", "200000000000000000"); /* in 2234 */
	replace(USER("0004"), "userAccountControl", "546");
	read_whole();
	assert_int_equal(person("u0002")->standing, ROSTER_SUSPENDED);
	assert_int_equal(person("u0003")->standing, ROSTER_ACTIVE);
	assert_int_equal(person("u0004")->standing, ROSTER_SUSPENDED);
	replace(USER("0002"), "accountExpires", "0");
	replace(USER("0003"), "accountExpires", "9223372036854775807");
	replace(USER("0004"), "userAccountControl", "544");
	read_whole();
	assert_int_equal(person("u0002")->standing, ROSTER_ACTIVE);
	assert_int_equal(person("u0003")->standing, ROSTER_ACTIVE);
	assert_int_equal(person("u0004")->standing, ROSTER_ACTIVE);
}

/* ---- binding ---- */

#define PLAIN_DN "CN=sync-plain,CN=Users," BASE

static void assert_refused(const char *wanted)
{
	harness_reset(&harness);
	assert_fails(harness_check(&harness), ROSTER_REFUSED, wanted);
}

static void test_binding(void **state)
{
	(void)state;
	harness_set(&harness, "bind_dn", env("SAMBA_PLAIN"));
	harness_set(&harness, "bind_password", "wrong");
	assert_refused("the password is wrong; see \"bind_password\"");
	harness_set(&harness, "bind_dn", "nobody@acme.example");
	assert_refused("invalid credentials (49)");
	harness_set(&harness, "bind_dn", "ACME\\sync-plain");
	harness_set(&harness, "bind_password", env("SAMBA_PASSWORD"));
	harness_reset(&harness);
	assert_int_equal(harness_check(&harness), 0);

	replace(PLAIN_DN, "userAccountControl", "66050");
	assert_refused("the account is disabled; enable it in the directory");
	replace(PLAIN_DN, "userAccountControl", "512");
	replace(PLAIN_DN, "pwdLastSet", "0");
	assert_refused("the password must be changed first; clear \"must change password at next logon\"");
	replace(PLAIN_DN, "pwdLastSet", "-1");
	replace(PLAIN_DN, "accountExpires", "132000000000000000");
	assert_refused("the account has expired; extend it in the directory");
	replace(PLAIN_DN, "accountExpires", "0");
	replace(PLAIN_DN, "userAccountControl", "66048");
	harness_reset(&harness);
	assert_int_equal(harness_check(&harness), 0);
}

static void test_plain_binds_are_refused(void **state)
{
	(void)state;
	harness_set(&harness, "url", env("SAMBA_LDAP"));
	harness_set(&harness, "tls", "none");
	assert_fails(harness_read(&harness), ROSTER_MISCONFIGURED, "use an ldaps:// address, or tls=starttls");
	harness_set(&harness, "tls", NULL);
	harness_reset(&harness);
	read_whole();
}

static int start(void **state)
{
	(void)state;
	kept = arena_open("test");
	assert_non_null(mkdtemp(folder));
	undertaker_leave(script(), folder);
	tell_server("start", arena_format(kept, "%d %d", PEOPLE, GROUPS));
	return 0;
}

static int stop(void **state)
{
	(void)state;
	undertaker_call();
	arena_close(&kept);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, before, after)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_reads_everything),
		TEST(test_domain_root),
		TEST(test_user_principal_names),
		TEST(test_primary_groups),
		TEST(test_standings),
		TEST(test_binding),
		TEST(test_plain_binds_are_refused),
	};

	if (geteuid() != 0 || system("PATH=$PATH:/usr/sbin; command -v samba >/dev/null && command -v samba-tool >/dev/null && "
				     "command -v ldbadd >/dev/null && command -v ldapmodify >/dev/null") != 0) {
		puts("1..0 # SKIP there is no Samba (packages samba-ad-dc, samba-ad-provision, samba-dsdb-modules, "
		     "ldb-tools, ldap-utils), or we are not root");
		return 0;
	}
	return cmocka_run_group_tests(tests, start, stop);
}
