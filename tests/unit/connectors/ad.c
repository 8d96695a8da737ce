/* The LDAP plug-in against a real Active Directory domain controller (Samba). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/text.h"
#include "harness.h"
#include "model.h"
#include "peers/undertaker.h"

extern const struct roster_connector roster_connector;

enum { PEOPLE = 60, GROUPS = 8, ACCOUNTS = 4 };

#define BASE		   "DC=acme,DC=example"
#define PEOPLE_OU	   "OU=people," BASE
#define USER(n)		   "CN=User " n "," PEOPLE_OU
#define GROUP(n)	   "CN=group-" n ",OU=groups," BASE
#define REFERENCE(n)	   "cn=user " n ",ou=people,dc=acme,dc=example"
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
	FILE *pipe = popen(
		arena_format(kept,
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
	assert_string_equal(harness_group(&harness, "group-1")->id,
			    stored("(sAMAccountName=group-1)", "objectGUID"));
	assert_true(harness_is_member(&harness, GROUP_REFERENCE("1"), REFERENCE("0009")));
	assert_true(harness_is_member(&harness, GROUP_REFERENCE("1"), GROUP_REFERENCE("2")));
}

/* At the root of the domain are references to other partitions, accounts that the system has made, and
 * computers. */
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
	assert_int_equal(members,
			 PEOPLE); /* the one with another primary group is an ordinary member of it */

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
	assert_fails(harness_read(&harness), ROSTER_MISCONFIGURED,
		     "use an ldaps:// address, or tls=starttls");
	harness_set(&harness, "tls", NULL);
	harness_reset(&harness);
	read_whole();
}

/* ---- what changed ---- */

/* The four ways to read it, by the rights that the account has. Each has its own place and its own knowledge.
 */
static struct way {
	const char *account, *name, *title;
	struct roster_call harness;
	struct model *known;
} ways[] = {
	{ "SAMBA_BOTH", "dirsync", "DirSync", { 0 }, NULL },
	{ "SAMBA_DELETED", "usn", "uSNChanged, with deleted entries", { 0 }, NULL },
	{ "SAMBA_REPLICATE", "dirsynckeys", "DirSync and, unless it tells", { 0 }, NULL },
	{ "SAMBA_PLAIN", "usnkeys", "uSNChanged and a comparison of all keys", { 0 }, NULL },
};

static struct model *shown; /* what a listing shows */

static void settings_of(struct way *way)
{
	harness_open(&way->harness, &roster_connector);
	harness_set(&way->harness, "url", env("SAMBA_LDAPS"));
	harness_set(&way->harness, "ca_certificate", file(env("SAMBA_CA")));
	harness_set(&way->harness, "bind_dn", env(way->account));
	harness_set(&way->harness, "bind_password", env("SAMBA_PASSWORD"));
	harness_set(&way->harness, "user_base", env("SAMBA_USER_BASE"));
	harness_set(&way->harness, "group_base", env("SAMBA_GROUP_BASE"));
	harness_set(&way->harness, "timeout", "20000");
}

static void begin(struct way *way)
{
	harness_reset(&way->harness);
	way->harness.cursor_size = 0;
	if (harness_read(&way->harness) < 0)
		assert_said(way->harness.why, "(nothing, for it should not fail)");
	assert_true(way->harness.whole);
	if (!way->harness.has_cursor) {
		harness_check(&way->harness);
		fprintf(stderr, "# %s: %s\n", way->name, way->harness.notes);
	}
	assert_true(way->harness.has_cursor);
	assert_true(text_begins(way->harness.cursor, arena_format(kept, "1 %s ", way->name)));
	model_take_all(way->known, &way->harness);
}

static int before_changes(void **state)
{
	before(state);
	shown = model_open();
	for (size_t i = 0; i < ARRAY_COUNT(ways); i++) {
		ways[i].known = model_open();
		settings_of(&ways[i]);
		begin(&ways[i]);
	}
	return 0;
}

static int after_changes(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(ways); i++) {
		model_close(&ways[i].known);
		harness_close(&ways[i].harness);
	}
	model_close(&shown);
	return after(state);
}

/* Each run of a daemon has a child of its own, so a conversation of its own. */
static int read_changed(struct way *way)
{
	int pages;

	harness_reset(&way->harness);
	pages = harness_read_changed(&way->harness);
	if (pages > 0)
		model_take_changed(way->known, &way->harness);
	return pages;
}

/* The lines that only one of two sorted texts has. */
static void show_difference(const char *a, const char *b)
{
	while (*a || *b) {
		size_t length_a = strcspn(a, "\n") + (*a != '\0'), length_b = strcspn(b, "\n") + (*b != '\0');
		int order = !*a ? 1 : !*b ? -1 : strncmp(a, b, length_a > length_b ? length_a : length_b);

		if (order < 0)
			fprintf(stderr, "# only from what changed: %.*s", (int)length_a, a);
		if (order > 0)
			fprintf(stderr, "# only in the directory: %.*s", (int)length_b, b);
		a += order <= 0 ? length_a : 0;
		b += order >= 0 ? length_b : 0;
	}
}

static void look_at_directory(void)
{
	harness_reset(&harness);
	read_whole();
	model_take_all(shown, &harness);
}

static void assert_knows(struct way *way, const char *when)
{
	if (strcmp(model_text(way->known), model_text(shown)) == 0)
		return;
	fprintf(stderr, "# %s, %s:\n", way->name, when);
	show_difference(model_text(way->known), model_text(shown));
	fail();
}

/* After what changed, each of the ways knows what a listing shows. */
static void assert_all_catch_up(const char *when)
{
	look_at_directory();
	for (size_t i = 0; i < ARRAY_COUNT(ways); i++) {
		if (read_changed(&ways[i]) < 0)
			fail_msg("%s, %s: %s", ways[i].name, when, ways[i].harness.why);
		assert_knows(&ways[i], when);
	}
}

/* Our own accounts change as they sign in; they are no people of the base, and are named as gone. */
static size_t people_given(const struct way *way)
{
	size_t count = 0;

	for (size_t i = 0; i < way->harness.people_count; i++)
		count += way->harness.people[i].standing != ROSTER_GONE;
	return count;
}

static void test_nothing_changed(void **state)
{
	(void)state;
	assert_all_catch_up("nothing changed");
	for (size_t i = 0; i < ARRAY_COUNT(ways); i++) {
		assert_int_equal(people_given(&ways[i]), 0);
		assert_int_equal(ways[i].harness.group_count, 0);
		assert_int_equal(ways[i].harness.membership_count, 0);
		assert_int_equal(ways[i].harness.present_count, i < 2 ? 0 : PEOPLE + GROUPS);
		assert_int_equal(ways[i].harness.whole, i >= 2);
	}
}

/* ---- a directory that changes at random ---- */

enum { USERS_MOST = 30, GROUPS_MADE_MOST = 8, ROUNDS = 8, EDITS_MOST = 10, NOBODY = -1 };

static struct {
	struct {
		bool there, elsewhere, enabled;
		int number, primary; /* which name it has now; its primary group, NOBODY: that of everybody */
	} users[USERS_MOST];
	struct {
		bool there, elsewhere;
		int number;
		bool users[USERS_MOST], groups[GROUPS_MADE_MOST];
	} groups[GROUPS_MADE_MOST];
	unsigned seed;
	int number;
	FILE *ldif;
} town;

static int any(int most)
{
	town.seed = town.seed * 1103515245u + 12345u;
	return (int)(town.seed / 65536u % (unsigned)most);
}

static const char *user_dn(int u)
{
	return arena_format(kept, "CN=Random User %d,OU=%s," BASE, town.users[u].number,
			    town.users[u].elsewhere ? "elsewhere" : "people");
}

static const char *group_dn(int g)
{
	return arena_format(kept, "CN=random-group-%d,OU=%s," BASE, town.groups[g].number,
			    town.groups[g].elsewhere ? "elsewhere" : "groups");
}

static void set_value(const char *dn, const char *attribute, const char *value)
{
	fprintf(town.ldif, "dn: %s\nchangetype: modify\nreplace: %s\n", dn, attribute);
	if (value)
		fprintf(town.ldif, "%s: %s\n", attribute, value);
	fputc('\n', town.ldif);
}

static void rename_to(const char *dn, const char *rdn, bool elsewhere, const char *home)
{
	fprintf(town.ldif,
		"dn: %s\nchangetype: modrdn\nnewrdn: %s\ndeleteoldrdn: 1\nnewsuperior: OU=%s," BASE "\n\n",
		dn, rdn, elsewhere ? "elsewhere" : home);
}

static void set_member(const char *how, int g, const char *member)
{
	fprintf(town.ldif, "dn: %s\nchangetype: modify\n%s: member\nmember: %s\n\n", group_dn(g), how,
		member);
}

static void create_user(int u)
{
	town.users[u].there = town.users[u].enabled = true;
	town.users[u].elsewhere = any(4) == 0;
	town.users[u].number = ++town.number;
	town.users[u].primary = NOBODY;
	fprintf(town.ldif,
		"dn: %s\nchangetype: add\nobjectClass: user\nsAMAccountName: r%d\nmail: r%d@acme.example\n"
		"displayName: Number %d\nuserAccountControl: 544\n\n",
		user_dn(u), town.number, town.number, town.number);
}

static void delete_user(int u)
{
	fprintf(town.ldif, "dn: %s\nchangetype: delete\n\n", user_dn(u));
	town.users[u].there = false;
	for (int g = 0; g < GROUPS_MADE_MOST; g++)
		town.groups[g].users[u] = false;
}

static void move_user(int u)
{
	const char *dn = user_dn(u);

	if (any(2))
		town.users[u].elsewhere = !town.users[u].elsewhere;
	else
		town.users[u].number = ++town.number;
	rename_to(dn, arena_format(kept, "CN=Random User %d", town.users[u].number), town.users[u].elsewhere,
		  "people");
}

static void edit_user(int u)
{
	switch (any(4)) {
	case 0:
		town.users[u].enabled = !town.users[u].enabled;
		set_value(user_dn(u), "userAccountControl", town.users[u].enabled ? "544" : "546");
		return;
	case 1:
		set_value(user_dn(u), "mail",
			  any(2) ? NULL : arena_format(kept, "other%d@acme.example", ++town.number));
		return;
	case 2:
		set_value(user_dn(u), "description", "of no interest");
		return;
	default:
		set_value(user_dn(u), "displayName", arena_format(kept, "Name %d", ++town.number));
	}
}

static void create_group(int g)
{
	memset(&town.groups[g], 0, sizeof(town.groups[g]));
	town.groups[g].there = true;
	town.groups[g].elsewhere = any(4) == 0;
	town.groups[g].number = ++town.number;
	fprintf(town.ldif, "dn: %s\nchangetype: add\nobjectClass: group\nsAMAccountName: random-group-%d\n\n",
		group_dn(g), town.number);
}

static bool is_primary(int g)
{
	for (int u = 0; u < USERS_MOST; u++)
		if (town.users[u].there && town.users[u].primary == g)
			return true;
	return false;
}

static void delete_group(int g)
{
	if (is_primary(g))
		return; /* refused */
	fprintf(town.ldif, "dn: %s\nchangetype: delete\n\n", group_dn(g));
	town.groups[g].there = false;
	for (int other = 0; other < GROUPS_MADE_MOST; other++)
		town.groups[other].groups[g] = false;
}

static void move_group(int g)
{
	const char *dn = group_dn(g);

	if (any(2))
		town.groups[g].elsewhere = !town.groups[g].elsewhere;
	else
		town.groups[g].number = ++town.number;
	rename_to(dn, arena_format(kept, "CN=random-group-%d", town.groups[g].number),
		  town.groups[g].elsewhere, "groups");
}

static void edit_members(int g, int u)
{
	int inner = any(g + 1); /* of a lower number, so there is no circle */

	if (town.users[u].there && town.users[u].primary != g) {
		set_member(town.groups[g].users[u] ? "delete" : "add", g, user_dn(u));
		town.groups[g].users[u] = !town.groups[g].users[u];
	}
	if (inner < g && town.groups[inner].there && any(3) == 0) {
		set_member(town.groups[g].groups[inner] ? "delete" : "add", g, group_dn(inner));
		town.groups[g].groups[inner] = !town.groups[g].groups[inner];
	}
}

/* Somebody must be a member first, and is an ordinary member of the former one afterwards. What the number of
 * a group is, the server knows. */
static bool set_primary(int g, int u)
{
	const char *sid;
	int former = town.users[u].primary;

	if (!town.users[u].there || !town.groups[g].there || former == g || !town.groups[g].users[u])
		return false;
	sid = stored(arena_format(kept, "(cn=random-group-%d)", town.groups[g].number), "objectSid");
	set_value(user_dn(u), "primaryGroupID", strrchr(sid, '-') + 1);
	town.groups[g].users[u] = false;
	town.users[u].primary = g;
	if (former != NOBODY)
		town.groups[former].users[u] = true;
	return true;
}

static void edit(void)
{
	int u = any(USERS_MOST), g = any(GROUPS_MADE_MOST), what = any(11);

	if (!town.users[u].there) {
		create_user(u);
	} else if (what == 0) {
		delete_user(u);
	} else if (what <= 2) {
		move_user(u);
	} else if (what <= 4) {
		edit_user(u);
	} else if (!town.groups[g].there) {
		create_group(g);
	} else if (what == 5) {
		delete_group(g);
	} else if (what == 6) {
		move_group(g);
	} else if (what <= 10) {
		edit_members(g, u);
	}
}

static void change_primaries(void)
{
	int cells = GROUPS_MADE_MOST * USERS_MOST, from = any(cells), done = 0;

	for (int i = 0; i < cells && done < 2; i++)
		done += set_primary((from + i) % GROUPS_MADE_MOST,
				    (from + i) / GROUPS_MADE_MOST % USERS_MOST);
}

static void apply(void (*write)(int), int round)
{
	const char *path = arena_format(kept, "%s/random.ldif", folder);

	town.ldif = fopen(path, "we");
	assert_non_null(town.ldif);
	write(round);
	fclose(town.ldif);
	run(arena_format(kept, "test ! -s %s || '%s' modify %s <%s >/dev/null", path, script(), folder,
			 path));
}

static void write_edits(int round)
{
	for (int edits = round == 0 ? 250 : 1 + any(EDITS_MOST); edits > 0; edits--)
		edit();
}

static void write_primaries(int round)
{
	if (round % 2 == 0)
		change_primaries();
}

static void test_random_changes(void **state)
{
	const char *seed = getenv("AD_SEED"), *rounds = getenv("AD_ROUNDS");
	int most = rounds ? atoi(rounds) : ROUNDS;

	(void)state;
	town.seed = seed ? (unsigned)atoi(seed) : 7;
	for (int round = 0; round < most; round++) {
		apply(write_edits, round);
		apply(write_primaries, round);
		assert_all_catch_up(arena_format(kept, "round %d of seed %s", round, seed ? seed : "7"));
	}
}

/* ---- where it must not go on ---- */

static void assert_place_is_lost(struct way *way, const char *why)
{
	harness_reset(&way->harness);
	if (harness_read_changed(&way->harness) >= 0)
		fail_msg("%s goes on, though \"%s\"", way->name, why);
	assert_said(way->harness.why, why);
	assert_int_equal(way->harness.trouble, ROSTER_LOST_PLACE);
	assert_int_equal(way->harness.people_count + way->harness.group_count + way->harness.present_count,
			 0);
}

static void test_a_container_is_renamed(void **state)
{
	(void)state;
	change("dn: OU=inner," PEOPLE_OU "\nchangetype: add\nobjectClass: organizationalUnit\n\n"
	       "dn: CN=Inner One,OU=inner," PEOPLE_OU
	       "\nchangetype: add\nobjectClass: user\nsAMAccountName: inner1\n");
	assert_all_catch_up("a new container");
	change("dn: OU=inner," PEOPLE_OU "\nchangetype: modrdn\nnewrdn: OU=other\ndeleteoldrdn: 1\n");
	for (size_t i = 0; i < ARRAY_COUNT(ways); i++) {
		assert_place_is_lost(&ways[i], "a container of entries was renamed or moved");
		begin(&ways[i]);
	}
	assert_all_catch_up("after its renaming");
	change("dn: CN=Inner One,OU=other," PEOPLE_OU "\nchangetype: delete\n\n"
	       "dn: OU=other," PEOPLE_OU "\nchangetype: delete\n");
	assert_all_catch_up("after its deletion");
}

static void test_places_of_others(void **state)
{
	static const char garbage[] = "2 dirsync Active-Directory - - -\n";

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(ways); i++) {
		struct roster_call *h = &ways[i].harness;
		char *line_end = strchr(h->cursor, '\n'), digit = line_end[1];

		line_end[1] = digit == 'f' ? '0' : 'f'; /* another invocation */
		assert_place_is_lost(&ways[i], "another domain controller answers than before");
		line_end[1] = digit;
		h->cursor_size -= 7;
		assert_place_is_lost(&ways[i],
				     i % 2 == 0 ? "the server does not know the cookie" : "is none of ours");
		memcpy(h->cursor, garbage, h->cursor_size = sizeof(garbage) - 1);
		assert_place_is_lost(&ways[i], "the place is none of ours");
		h->cursor_size = 0;
		assert_place_is_lost(&ways[i], "the place is none of ours");
	}
}

/* A controller whose database came from elsewhere, as after a restore: its numbers and cookies mean other
 * things. */
static void test_another_database(void **state)
{
	(void)state;
	tell_server("renew", "");
	for (size_t i = 0; i < ARRAY_COUNT(ways); i++) {
		assert_place_is_lost(&ways[i], "its database was restored; name one controller in \"url\"");
		begin(&ways[i]);
	}
	assert_all_catch_up("after a restore");
}

/* Somebody's account expires, and nothing in the directory changes. */
static void test_accounts_expire(void **state)
{
	long long soon = (long long)time(NULL) + 2;
	struct timespec wait = { 0, 100000000 };

	(void)state;
	replace(USER("0005"), "accountExpires",
		arena_format(kept, "%lld", (soon + 11644473600LL) * 10000000LL));
	replace(USER("0006"), "accountExpires",
		arena_format(kept, "%lld", (soon + 3600 + 11644473600LL) * 10000000LL));
	for (size_t i = 0; i < ARRAY_COUNT(ways); i++)
		assert_true(read_changed(&ways[i]) > 0);
	while (time(NULL) <= soon)
		nanosleep(&wait, NULL);
	assert_all_catch_up("an account expired");
	assert_int_equal(person("u0005")->standing, ROSTER_SUSPENDED);
	assert_int_equal(person("u0006")->standing, ROSTER_ACTIVE);
	replace(USER("0005"), "accountExpires", "0");
	replace(USER("0006"), "accountExpires", "0");
	assert_all_catch_up("it does so no more");
	assert_int_equal(person("u0005")->standing, ROSTER_ACTIVE);
}

/* ---- which way is taken, and why not a better one ---- */

static void assert_explains(struct way *way, const char *const *wanted)
{
	harness_reset(&way->harness);
	assert_int_equal(harness_check(&way->harness), 0);
	assert_said(way->harness.notes, arena_format(kept, "what changed is read by %s", way->title));
	for (; *wanted; wanted++)
		assert_said(way->harness.notes, *wanted);
}

static void test_check_tells_which_right_to_grant(void **state)
{
	static const char *const nothing[] = { NULL };
	static const char *const replicate[] = {
		"not by DirSync: the account that we bind as may not ask with it; grant it "
		"\"Replicating Directory Changes\" (not \"... All\") on \"" BASE "\"",
		NULL
	};
	static const char *const deleted[] = {
		"not by DirSync: the account that we bind as may not see who was deleted; let it list "
		"that: dsacls \"CN=Deleted Objects," BASE "\" /g ACCOUNT:LCRP",
		NULL
	};
	static const char *const both[] = { "grant it \"Replicating Directory Changes\"",
					    "dsacls \"CN=Deleted Objects," BASE "\"", NULL };

	(void)state;
	assert_explains(&ways[0], nothing);
	assert_null(strstr(ways[0].harness.notes, "not by"));
	assert_explains(&ways[1], replicate);
	assert_explains(&ways[2], deleted);
	assert_explains(&ways[3], both);
}

static void assert_reads_all_because(const char *setting, const char *value, const char *why)
{
	after(NULL);
	before(NULL);
	harness_set(&harness, setting, value);
	assert_int_equal(harness_check(&harness), 0);
	assert_said(harness.notes, why);
	assert_said(harness.notes, "every reading is one of everything");
	harness_reset(&harness);
	read_whole();
	assert_false(harness.has_cursor);
}

static void test_settings_that_nothing_tells_of(void **state)
{
	(void)state;
	assert_reads_all_because("user_filter", "(&(objectClass=user)(memberOf=" GROUP("1") "))",
				 "a filter asks for \"memberOf\"");
	assert_reads_all_because("group_filter",
				 "(&(objectClass=group)(!(member:1.2.840.113556.1.4.1941:=CN=x)))",
				 "a filter asks for \":1.2.840.113556.1.4.1941:\"");
	assert_reads_all_because("title", "lastLogon", "the attribute \"lastLogon\" is read");
	assert_reads_all_because("user_id", "sAMAccountName",
				 "\"user_id\" and \"group_id\" must be \"objectGUID\"");
	assert_reads_all_because("url", arena_format(kept, "%s:3269", env("SAMBA_LDAPS")),
				 "port 3269 is that of a global catalogue");
}

/* ---- rights that are taken away ---- */

/* The last of the tests: the rights do not come back. */
static void test_rights_are_taken_away(void **state)
{
	(void)state;
	tell_server("revoke", "");
	change("dn: " USER("0012") "\nchangetype: delete\n");
	assert_place_is_lost(
		&ways[0], "the server does not know the cookie of the last reading, or the account may not");
	assert_place_is_lost(
		&ways[2], "the server does not know the cookie of the last reading, or the account may not");
	for (size_t i = 0; i < 3; i++) {
		ways[i].name = "usnkeys";
		begin(&ways[i]);
	}
	change("dn: " USER("0013") "\nchangetype: delete\n");
	assert_all_catch_up("without rights");

	tell_server("hide", "\"" PEOPLE_OU "\"");
	replace(USER("0014"), "displayName", "Nobody sees this");
	for (size_t i = 0; i < ARRAY_COUNT(ways); i++) {
		harness_reset(&ways[i].harness);
		assert_int_equal(harness_read_changed(&ways[i].harness), -1);
		assert_int_equal(ways[i].harness.people_count, 0);
	}
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

#define TEST(name)    cmocka_unit_test_setup_teardown(name, before, after)
#define CHANGES(name) cmocka_unit_test_setup_teardown(name, before_changes, after_changes)

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
		CHANGES(test_nothing_changed),
		CHANGES(test_random_changes),
		CHANGES(test_a_container_is_renamed),
		CHANGES(test_places_of_others),
		CHANGES(test_another_database),
		CHANGES(test_accounts_expire),
		CHANGES(test_check_tells_which_right_to_grant),
		TEST(test_settings_that_nothing_tells_of),
		CHANGES(test_rights_are_taken_away),
	};

	if (geteuid() != 0 ||
	    system("PATH=$PATH:/usr/sbin; command -v samba >/dev/null && command -v samba-tool >/dev/null && "
		   "command -v ldbadd >/dev/null && command -v ldapmodify >/dev/null") != 0) {
		puts("1..0 # SKIP there is no Samba (packages samba-ad-dc, samba-ad-provision, "
		     "samba-dsdb-modules, "
		     "ldb-tools, ldap-utils), or we are not root");
		return 0;
	}
	/* AD_SEED=4 AD_ROUNDS=1000: this test alone, for as long as one likes. */
	if (getenv("AD_SEED"))
		cmocka_set_test_filter("test_random_changes");
	return cmocka_run_group_tests(tests, start, stop);
}
