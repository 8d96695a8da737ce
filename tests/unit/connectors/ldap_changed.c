/* What changed, read from a real OpenLDAP server: whatever is done to the directory and to the server, what
 * was known before and what is said to have changed are together what a reading of everything shows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/text.h"
#include "ldap_peer.h"
#include "model.h"

extern const struct roster_connector roster_connector;

enum { PEOPLE = 300, GROUPS = 20 };

#define PEOPLE_BASE "ou=people,dc=acme,dc=example"
#define GROUPS_BASE "ou=groups,dc=acme,dc=example"

static struct roster_call harness, other;
static struct model *known, *shown;

/* ---- helpers ---- */

static void assert_said(const char *text, const char *wanted)
{
	if (strstr(text, wanted))
		return;
	fprintf(stderr, "# \"%s\" does not say \"%s\"\n", text, wanted);
	fail();
}

static void begin(void)
{
	harness_reset(&harness);
	if (harness_read(&harness) < 0)
		assert_said(harness.why, "(nothing, for it should not fail)");
	assert_true(harness.whole);
	model_take_all(known, &harness);
}

/* Each run of a daemon has a child of its own, so a conversation of its own. */
static int read_changed(void)
{
	int pages;

	harness_reset(&harness);
	pages = harness_read_changed(&harness);
	if (pages > 0)
		model_take_changed(known, &harness);
	return pages;
}

/* The first line that only one of two texts has. */
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

/* What is known is what the directory shows. */
static void assert_all_known(void)
{
	harness_reset(&other);
	assert_true(harness_read(&other) > 0);
	assert_true(other.whole);
	model_take_all(shown, &other);
	if (strcmp(model_text(known), model_text(shown)) == 0)
		return;
	show_difference(model_text(known), model_text(shown));
	fprintf(stderr, "# notes: %s\n", harness.notes);
	fail();
}

static void assert_catches_up(void)
{
	if (read_changed() < 0)
		assert_said(harness.why, "(nothing, for it should not fail)");
	assert_all_known();
}

static void assert_place_is_lost(const char *why)
{
	assert_int_equal(read_changed(), -1);
	assert_said(harness.why, why);
	assert_int_equal(harness.trouble, ROSTER_LOST_PLACE);
	assert_int_equal(harness.people_count, 0);
	begin();
	assert_catches_up();
}

/* A server's log of deletions names whatever left the filter, and so all that was never in it. */
static size_t people_given(void)
{
	size_t count = 0;

	for (size_t i = 0; i < harness.people_count; i++)
		count += harness.people[i].standing != ROSTER_GONE;
	return count;
}

static size_t groups_given(void)
{
	size_t count = 0;

	for (size_t i = 0; i < harness.group_count; i++)
		count += !harness.groups[i].gone;
	return count;
}

static int before(void **state)
{
	(void)state;
	harness_open(&harness, &roster_connector);
	harness_open(&other, &roster_connector);
	peer_settings(&harness);
	peer_settings(&other);
	known = model_open();
	shown = model_open();
	return 0;
}

static int after(void **state)
{
	(void)state;
	model_close(&known);
	model_close(&shown);
	harness_close(&harness);
	harness_close(&other);
	return 0;
}

static int after_restart(void **state)
{
	peer_tell("restart", "");
	return after(state);
}

/* ---- edits ---- */

static unsigned long number; /* of what is new */
static const char *newcomer;

static const char *hire(const char *uid)
{
	return peer_text("dn: uid=%s," PEOPLE_BASE
			 "\nchangetype: add\nobjectClass: inetOrgPerson\nuid: %s\ncn: %s %lu\nsn: %s\n"
			 "mail: %s@acme.example\n\n",
			 uid, uid, uid, ++number, uid, uid);
}

static const char *replace(const char *uid, const char *attribute, const char *value)
{
	return peer_text("dn: uid=%s," PEOPLE_BASE "\nchangetype: modify\nreplace: %s\n%s: %s\n\n", uid,
			 attribute, attribute, value);
}

static const char *dismiss(const char *uid)
{
	return peer_text("dn: uid=%s," PEOPLE_BASE "\nchangetype: delete\n\n", uid);
}

static const char *rename_to(const char *uid, const char *to)
{
	return peer_text("dn: uid=%s," PEOPLE_BASE
			 "\nchangetype: modrdn\nnewrdn: uid=%s\ndeleteoldrdn: 1\n\n",
			 uid, to);
}

static const char *change_group(const char *group, const char *how, const char *uid)
{
	return peer_text("dn: cn=%s," GROUPS_BASE
			 "\nchangetype: modify\n%s: member\nmember: uid=%s," PEOPLE_BASE "\n\n",
			 group, how, uid);
}

/* ---- good days ---- */

static void test_nothing_changed(void **state)
{
	(void)state;
	begin();
	assert_int_equal(read_changed(), 1);
	assert_false(harness.has_cursor);
	assert_false(harness.whole);
	assert_int_equal(harness.people_count + harness.group_count + harness.present_count, 0);
	assert_all_known();
}

static void test_only_what_changed_comes(void **state)
{
	(void)state;
	begin();
	peer_modify(replace("u000020", "displayName", "Somebody Else"));
	assert_catches_up();
	assert_true(harness.has_cursor);
	assert_int_equal(harness.people_count, 1);
	assert_int_equal(groups_given(), 0);
	assert_int_equal(harness.present_count, 0);
	assert_false(harness.whole);
	assert_string_equal(harness.people[0].display_name, "Somebody Else");
	assert_non_null(harness.people[0].stamp);
	/* And it does not come again. */
	assert_int_equal(read_changed(), 1);
	assert_int_equal(harness.people_count, 0);
}

static void edit_everything(void)
{
	newcomer = peer_text("new-%lu", number);
	peer_modify(hire(newcomer));
	peer_modify(replace("u000021", "displayName", "Twenty One"));
	peer_modify(replace("u000022", "employeeType", "former"));
	peer_modify(dismiss("u000023"));
	peer_modify(change_group("developers", "add", newcomer));
	peer_modify(rename_to("u000024", "renamed"));
	/* Out of the filter, and out of the base. */
	peer_modify("dn: uid=u000025," PEOPLE_BASE
		    "\nchangetype: modrdn\nnewrdn: uid=u000025\ndeleteoldrdn: 1\n"
		    "newsuperior: dc=acme,dc=example\n\n");
	peer_modify("dn: cn=team-0007," GROUPS_BASE
		    "\nchangetype: modrdn\nnewrdn: cn=team-seven\ndeleteoldrdn: 1\n\n");
	peer_modify("dn: cn=team-0008," GROUPS_BASE "\nchangetype: delete\n\n");
	peer_modify("dn: cn=made," GROUPS_BASE "\nchangetype: add\nobjectClass: groupOfNames\ncn: made\n"
		    "member: uid=u000026," PEOPLE_BASE "\nmember: uid=late," PEOPLE_BASE
		    "\nmember: cn=team-0006," GROUPS_BASE "\n\n");
}

static void edit_back(void)
{
	peer_modify(dismiss(newcomer));
	peer_modify(rename_to("renamed", "u000024"));
	peer_modify("dn: uid=u000025,dc=acme,dc=example\nchangetype: modrdn\nnewrdn: "
		    "uid=u000025\ndeleteoldrdn: 1\n"
		    "newsuperior: " PEOPLE_BASE "\n\n");
	peer_modify(replace("u000022", "employeeType", "staff"));
	peer_modify(hire("u000023"));
	peer_modify("dn: cn=team-seven," GROUPS_BASE
		    "\nchangetype: modrdn\nnewrdn: cn=team-0007\ndeleteoldrdn: 1\n\n");
	peer_modify("dn: cn=made," GROUPS_BASE "\nchangetype: delete\n\n");
	peer_modify("dn: cn=team-0008," GROUPS_BASE
		    "\nchangetype: add\nobjectClass: groupOfNames\ncn: team-0008\n"
		    "member: uid=u000030," PEOPLE_BASE "\n\n");
}

static void edit_and_catch_up(void)
{
	begin();
	edit_everything();
	assert_catches_up();
	/* A person whom a group named before they were there. */
	peer_modify(hire("late"));
	assert_catches_up();
	peer_modify(dismiss("late"));
	edit_back();
	assert_catches_up();
}

static void test_a_session_log(void **state)
{
	(void)state;
	edit_and_catch_up();
	assert_false(harness.whole);
	assert_int_equal(harness.present_count, 0);
}

/* Without one the server names everybody who is left. */
static void test_no_session_log(void **state)
{
	(void)state;
	peer_tell("restart", "--sessionlog 0");
	edit_and_catch_up();
	assert_true(harness.whole);
	assert_true(harness.present_count >= PEOPLE + GROUPS - 20);
}

static void test_a_session_log_that_is_too_short(void **state)
{
	(void)state;
	peer_tell("restart", "--sessionlog 3");
	edit_and_catch_up();
	assert_true(harness.whole);
}

static size_t memberships_shown(void)
{
	size_t count = 0;

	harness_reset(&other);
	assert_true(harness_read(&other) > 0);
	model_take_all(shown, &other);
	for (const char *at = model_text(shown); (at = strstr(at, "member ")); at++)
		count++;
	return count;
}

/* A server that keeps groups whole changes them behind its answer, and says nothing: it has once there are as many memberships as before. */
static void rename_in_groups(const char *from, const char *to)
{
	size_t before = memberships_shown();

	peer_modify(rename_to(from, to));
	for (int tries = 0; memberships_shown() != before && tries < 300; tries++)
		usleep(100000);
}

static void test_groups_are_kept_whole(void **state)
{
	(void)state;
	peer_tell("restart", "--memberof-refint");
	edit_and_catch_up();
	begin();
	rename_in_groups("u000031", "u900031");
	assert_catches_up();
	assert_int_equal(harness.people_count, 1);
	assert_int_equal(groups_given(), 0);
	rename_in_groups("u900031", "u000031");
	assert_catches_up();
}

/* A group that is made anew is another one, and still in the groups that name it. */
static void test_a_group_of_groups(void **state)
{
	(void)state;
	begin();
	peer_modify("dn: cn=team-0009," GROUPS_BASE "\nchangetype: delete\n\n");
	assert_catches_up();
	peer_modify("dn: cn=team-0009," GROUPS_BASE
		    "\nchangetype: add\nobjectClass: groupOfNames\ncn: team-0009\n"
		    "member: uid=u000030," PEOPLE_BASE "\n\n");
	assert_catches_up();
	/* And the one that names it changes, too. */
	peer_modify(hire("inner"));
	peer_modify(hire("outer"));
	peer_modify(change_group("team-0010", "add", "outer"));
	peer_modify(change_group("team-0009", "add", "inner"));
	assert_catches_up();
	peer_modify(change_group("team-0010", "delete", "outer"));
	peer_modify(change_group("team-0009", "delete", "inner"));
	assert_catches_up();
	peer_modify(dismiss("inner"));
	peer_modify(dismiss("outer"));
}

static void test_a_filter_is_left_and_entered(void **state)
{
	(void)state;
	harness_set(&harness, "user_filter", "(title=Engineer)");
	harness_set(&other, "user_filter", "(title=Engineer)");
	begin();
	for (int i = 40; i < 70; i++)
		peer_modify(replace(peer_text("u%06d", i), "title", i % 2 ? "Engineer" : "Manager"));
	assert_catches_up();
	peer_modify(replace("u000041", "title", "Manager"));
	assert_catches_up();
	assert_int_equal(harness.people_count, 1);
	assert_int_equal(harness.people[0].standing, ROSTER_GONE);
}

static void move_branch(const char *from, const char *to, const char *below)
{
	peer_modify(peer_text("dn: %s\nchangetype: modrdn\nnewrdn: %s\ndeleteoldrdn: 1\nnewsuperior: %s\n\n",
			      from, to, below));
}

/* A whole branch is moved, and those below it with it, out of scope, into it and within it: of them no server
 * tells. */
static void move_branches(void)
{
	begin();
	move_branch("ou=a,ou=special," PEOPLE_BASE, "ou=a", "dc=acme,dc=example");
	assert_place_is_lost("a branch of the directory was moved");
	move_branch("ou=a,dc=acme,dc=example", "ou=aa", PEOPLE_BASE);
	assert_place_is_lost("a branch of the directory was moved");
	move_branch("ou=aa," PEOPLE_BASE, "ou=a", "ou=special," PEOPLE_BASE);
	assert_place_is_lost("a branch of the directory was moved");
	/* A new one is no reason to read everything. */
	peer_modify(peer_text("dn: ou=new-%lu," PEOPLE_BASE
			      "\nchangetype: add\nobjectClass: organizationalUnit\nou: new-%lu\n\n",
			      number, number));
	peer_modify(replace("u000021", "displayName", peer_text("Number %lu", ++number)));
	assert_catches_up();
	assert_int_equal(people_given(), 1);
}

static void test_branches_move(void **state)
{
	(void)state;
	move_branches();
}

static void test_branches_move_without_a_record(void **state)
{
	(void)state;
	peer_tell("restart", "--no-syncprov");
	move_branches();
}

static void test_no_groups(void **state)
{
	(void)state;
	harness_set(&harness, "group_base", NULL);
	harness_set(&other, "group_base", NULL);
	peer_tell("restart", "--sessionlog 0");
	begin();
	peer_modify(replace("u000021", "displayName", "Only Me"));
	peer_modify(hire("alone"));
	peer_modify(dismiss("alone"));
	assert_catches_up();
	assert_true(harness.whole);
}

/* ---- bad days ---- */

/* Puts another cookie of people into the place: two lines and the branches stand before it. */
static void forge(const char *cookie)
{
	const char *end = harness.cursor + harness.cursor_size,
		   *line = memchr(harness.cursor, '\n', harness.cursor_size);
	char forged[8192];
	size_t branches, people, groups;

	assert_int_equal(sscanf(line + 1, "%zu", &branches), 1);
	line = (const char *)memchr(line + 1, '\n', (size_t)(end - line - 1)) + 16 * branches;
	assert_int_equal(sscanf(line + 1, "%zu %zu", &people, &groups), 2);
	harness.cursor_size = (size_t)snprintf(forged, sizeof(forged), "%.*s%zu %zu\n%s%.*s",
					       (int)(line + 1 - harness.cursor), harness.cursor,
					       strlen(cookie), groups, cookie, (int)groups, end - groups);
	memcpy(harness.cursor, forged, harness.cursor_size);
}

static void test_cookies_that_are_no_good(void **state)
{
	static const struct {
		const char *cookie, *why;
	} rows[] = {
		{ "hello", "none that we understand" },
		{ "", "none that we understand" },
		{ "rid=000", "none that we understand" },
		{ "rid=000,csn=nonsense", "none that we understand" },
		{ "rid=000,csn=20991231235959.000000Z#000000#000#000000", "is older than what we know" },
		{ "rid=000,csn=20200101000000.000000Z#000000#00f#000000", "one of another server" },
	};

	(void)state;
	begin();
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		peer_modify(replace("u000021", "displayName", peer_text("Name %zu", i)));
		forge(rows[i].cookie);
		assert_place_is_lost(rows[i].why);
	}
	harness.cursor_size--;
	assert_place_is_lost("the place is none of ours");
	harness.cursor[0] = '7';
	assert_place_is_lost("the place is none of ours");
	harness.cursor_size = 0;
	assert_place_is_lost("the place is none of ours");
}

/* Older than all that the server knows: it sends everything, and says nothing of who is gone. */
static void test_a_very_old_cookie(void **state)
{
	(void)state;
	begin();
	peer_modify(dismiss("u000023"));
	peer_tell("restart", "");
	forge("rid=000,csn=20200101000000.000000Z#000000#000#000000");
	assert_place_is_lost("everything is read again");
	peer_modify(hire("u000023"));
}

static void test_another_search(void **state)
{
	static const struct {
		const char *name, *value;
	} rows[] = {
		{ "user_filter", "(|(objectClass=person)(objectClass=inetOrgPerson))" },
		{ "user_scope", "one" },
		{ "disabled_filter", "(employeeType=gone)" },
		{ "email", "labeledURI" },
		{ "group_name", "ou cn" },
	};

	(void)state;
	begin();
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		harness_set(&harness, rows[i].name, rows[i].value);
		harness_set(&other, rows[i].name, rows[i].value);
		assert_place_is_lost("other entries or attributes are asked for than before");
	}
	harness_set(&harness, "user_base", "ou=special," PEOPLE_BASE);
	harness_set(&harness, "user_scope", "sub");
	assert_int_equal(read_changed(), -1);
	assert_said(harness.why, "\"user_base\" is another entry than before");
}

static void test_restarts(void **state)
{
	(void)state;
	begin();
	peer_modify(dismiss("u000023"));
	peer_tell("restart", "");
	peer_modify(replace("u000021", "displayName", "After It"));
	assert_catches_up();
	peer_modify(hire("u000023"));
	peer_tell("crash", "");
	peer_tell("restart", "");
	assert_catches_up();
	peer_modify(dismiss("u000023"));
	assert_catches_up();
	peer_modify(hire("u000023"));
}

/* The same people in a directory that was made anew: as long as they have their keys, nobody comes and nobody
 * goes. */
static void test_a_directory_made_anew(void **state)
{
	(void)state;
	begin();
	peer_tell("refill", "");
	assert_place_is_lost("\"user_base\" is another entry than before");
	peer_tell("refill", "--no-syncprov");
	assert_place_is_lost("\"user_base\" is another entry than before");
}

static void test_the_server_goes_away(void **state)
{
	(void)state;
	begin();
	peer_tell("crash", "");
	assert_int_equal(read_changed(), -1);
	assert_int_equal(harness.trouble, ROSTER_TRY_LATER);
	peer_tell("restart", "");
	assert_catches_up();
}

/* Nobody is gone because we may not read any more. */
static void test_people_are_hidden(void **state)
{
	(void)state;
	begin();
	peer_modify(replace("u000021", "displayName", "Hidden Soon"));
	peer_tell("restart", "--hide people --sessionlog 0");
	peer_modify(replace("u000022", "displayName", "Hidden Now"));
	assert_int_equal(read_changed(), -1);
	assert_int_equal(harness.trouble, ROSTER_LOST_PLACE);
	assert_false(harness.whole);
	for (size_t i = 0; i < harness.people_count; i++)
		assert_int_not_equal(harness.people[i].standing, ROSTER_GONE);
}

/* ---- a server that keeps no record ---- */

static void test_versions(void **state)
{
	(void)state;
	peer_tell("restart", "--no-syncprov");
	edit_and_catch_up();
	assert_true(harness.whole);
	/* Nothing changed: nobody is looked at, and everybody is there. */
	assert_catches_up();
	assert_int_equal(harness.people_count + harness.group_count, 0);
	assert_int_equal(harness.present_count, other.people_count + other.group_count);
	assert_non_null(harness.present[0].stamp);
	/* Only who changed. */
	peer_modify(replace("u000021", "displayName", "One Alone"));
	assert_catches_up();
	assert_int_equal(harness.people_count, 1);
	assert_said(harness.notes, "1 of ");
}

static void test_versions_with_groups_kept_whole(void **state)
{
	(void)state;
	peer_tell("restart", "--no-syncprov --memberof-refint");
	edit_and_catch_up();
}

static void test_versions_and_a_filter(void **state)
{
	(void)state;
	peer_tell("restart", "--no-syncprov");
	harness_set(&harness, "user_filter", "(title=Engineer)");
	harness_set(&other, "user_filter", "(title=Engineer)");
	begin();
	for (int i = 40; i < 70; i++)
		peer_modify(replace(peer_text("u%06d", i), "title", i % 2 ? "Manager" : "Engineer"));
	assert_catches_up();
}

/* Who cannot be seen is not gone, and the place stays where it was. */
static void test_versions_that_are_not_all(void **state)
{
	(void)state;
	peer_tell("restart", "--no-syncprov");
	begin();
	peer_modify(replace("u000021", "displayName", "Before The Limit"));
	peer_tell("restart", "--no-syncprov --size-limit 50");
	assert_true(read_changed() > 0);
	assert_false(harness.whole || harness.has_cursor);
	assert_true(harness.incomplete);
	assert_said(harness.proof, "size limit exceeded (4)");
	peer_tell("restart", "--no-syncprov");
	assert_catches_up();
	assert_true(harness.has_cursor);
}

/* When the server learns something better, or forgets it, everything is read once. */
static void test_another_way(void **state)
{
	(void)state;
	peer_tell("restart", "--no-syncprov");
	begin();
	peer_modify(dismiss("u000023"));
	peer_tell("restart", "");
	assert_place_is_lost("the server now allows a better way to read what changed");
	peer_modify(hire("u000023"));
	peer_tell("restart", "--no-syncprov");
	assert_place_is_lost("a control is not supported");
}

/* ---- which way ---- */

static void test_check_says_which_way(void **state)
{
	(void)state;
	assert_int_equal(harness_check(&harness), 0);
	assert_said(harness.notes, "what changed is read by content synchronisation (RFC 4533)");
	harness_set(&harness, "user_id", "uid");
	harness_set(&harness, "group_id", "cn");
	harness_reset(&harness);
	assert_int_equal(harness_check(&harness), 0);
	assert_said(
		harness.notes,
		"not by content synchronisation (RFC 4533): it names people by entryUUID, and \"user_id\" is "
		"\"uid\"");
	harness_set(&harness, "user_id", NULL);
	harness_set(&harness, "group_id", NULL);
	harness_reset(&harness);
	peer_tell("restart", "--no-syncprov");
	assert_int_equal(harness_check(&harness), 0);
	assert_said(harness.notes, "not by content synchronisation (RFC 4533): ");
	assert_said(harness.notes, "syncprov");
	assert_said(harness.notes, "what changed is read by everybody's version");
}

/* What changes without a word makes every reading one of everything. */
static void test_what_no_way_sees(void **state)
{
	(void)state;
	harness_set(&harness, "disabled_filter", "(memberOf=cn=admins," GROUPS_BASE ")");
	assert_int_equal(harness_check(&harness), 0);
	assert_said(harness.notes, "\"disabled_filter\" asks for memberOf");
	assert_said(harness.notes, "every reading is one of everything");
	harness_reset(&harness);
	assert_true(harness_read(&harness) > 0);
	assert_true(harness.whole);
	assert_false(harness.has_cursor);
}

/* ---- waiting ---- */

static int watch(int ms)
{
	struct roster_ask ask = { .cursor = harness.cursor, .cursor_size = harness.cursor_size };

	return harness_watch(&harness, &ask, ms);
}

/* A server may tell one change twice or late (389-ds does, when it comes while the search begins), but never
 * without an end. With a record, that is changed before each wait, and must not wake anybody.
 */
static void assert_quiet_though(const char *record)
{
	enum { TOLD_AGAIN_MOST = 5 };
	int told = 0, answer;

	do {
		if (record)
			peer_modify(record);
		answer = watch(400);
	} while (answer == 1 && told++ < TOLD_AGAIN_MOST);
	assert_int_equal(answer, 0);
}

static void test_waiting(void **state)
{
	(void)state;
	begin();
	/* What changed before we wait, and what changes while we do. */
	peer_modify(replace("u000021", "displayName", "Before"));
	harness_reset(&harness);
	assert_int_equal(watch(60000), 1);
	peer_modify(replace("u000021", "displayName", "Between"));
	assert_int_equal(watch(60000), 1);
	assert_quiet_though(NULL);
	peer_modify(change_group("developers", "add", "u000021"));
	assert_int_equal(watch(60000), 1);
	assert_quiet_though(NULL);
	peer_modify(dismiss("u000023"));
	assert_int_equal(watch(60000), 1);
	assert_quiet_though(NULL);
	assert_int_equal(harness.dials, 1);
	/* What is nobody's concern is none of ours. */
	assert_quiet_though(
		"dn: dc=acme,dc=example\nchangetype: modify\nreplace: description\ndescription: x\n\n");

	peer_tell("crash", "");
	assert_int_equal(watch(60000), -1);
	assert_int_equal(harness.trouble, ROSTER_TRY_LATER);
	peer_tell("restart", "");
	peer_modify(hire("u000023"));
	harness.failed = false;
	assert_int_equal(watch(60000), 1);

	/* Without a place, what changes from now on counts. */
	harness_reset(&harness);
	harness.cursor_size = 0;
	assert_int_equal(watch(400), 0);
	peer_modify(replace("u000021", "displayName", "After"));
	assert_int_equal(watch(60000), 1);
}

/* ---- 389-ds ---- */

/* The server names its search in the cookie, and what is not its own is refused before it is sent. */
static void test_cookies_of_389(void **state)
{
	(void)state;
	begin();
	peer_modify(dismiss("u000023"));
	forge("hello");
	assert_place_is_lost("none that we understand");
	peer_modify(hire("u000023"));
	forge("localhost:389#cn=sync,dc=acme,dc=example:" PEOPLE_BASE ":(uid=*)#1");
	assert_place_is_lost("one of another server");
	peer_modify(dismiss("u000023"));
	assert_catches_up();
	peer_modify(hire("u000023"));
}

/* It says of nobody that they are left, and would have everybody removed by whoever takes that at its word.
 */
static void test_389_names_nobody(void **state)
{
	(void)state;
	begin();
	peer_modify(replace("u000021", "displayName", "One Of Many"));
	assert_catches_up();
	assert_false(harness.whole);
	assert_int_equal(harness.present_count, 0);
	assert_int_equal(harness.people_count, 1);
	/* Somebody comes and somebody goes in one answer. */
	peer_modify(hire("late"));
	peer_modify(dismiss("u000024"));
	assert_catches_up();
	assert_false(harness.whole);
	peer_modify(dismiss("late"));
	peer_modify(hire("u000024"));
}

static void test_389_check(void **state)
{
	(void)state;
	assert_int_equal(harness_check(&harness), 0);
	assert_said(harness.notes, "389 Directory Server");
	assert_said(harness.notes, "what changed is read by content synchronisation (RFC 4533)");
}
/* ---- which server ---- */

#ifdef DIRECTORY_389
enum { IS_389 = 1 };
#else
enum { IS_389 = 0 };
#endif

static const struct peer {
	const char *script, *needed, *otherwise;
} peers[] = {
	{ "slapd.sh", "command -v slapd >/dev/null && command -v ldapsearch >/dev/null",
	  "there is no slapd (packages slapd, ldap-utils)" },
	{ "ds389.sh", "test $(id -u) = 0 && command -v ns-slapd >/dev/null && command -v dscreate >/dev/null",
	  "there is no 389-ds, or we are not root (packages 389-ds-base, python3-lib389, ldap-utils)" },
};

static int start(void **state)
{
	char size[32];

	(void)state;
	snprintf(size, sizeof(size), "%d %d", PEOPLE, GROUPS);
	peer_start(peers[IS_389].script, size);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	peer_stop();
	return 0;
}

#define TEST(name)	      cmocka_unit_test_setup_teardown(name, before, after)
#define TEST_RESTARTING(name) cmocka_unit_test_setup_teardown(name, before, after_restart)

#define TESTS_OF_BOTH                                                                                        \
	TEST(test_nothing_changed), TEST(test_only_what_changed_comes), TEST(test_a_session_log),            \
		TEST(test_restarts), TEST(test_the_server_goes_away), TEST(test_a_group_of_groups),          \
		TEST(test_a_filter_is_left_and_entered), TEST(test_another_search),                          \
		TEST(test_branches_move), TEST(test_waiting)

static int run_openldap(void)
{
	const struct CMUnitTest tests[] = {
		TESTS_OF_BOTH,
		TEST_RESTARTING(test_no_session_log),
		TEST_RESTARTING(test_a_session_log_that_is_too_short),
		TEST_RESTARTING(test_groups_are_kept_whole),
		TEST_RESTARTING(test_branches_move_without_a_record),
		TEST_RESTARTING(test_no_groups),
		TEST(test_cookies_that_are_no_good),
		TEST(test_a_very_old_cookie),
		TEST_RESTARTING(test_a_directory_made_anew),
		TEST_RESTARTING(test_people_are_hidden),
		TEST_RESTARTING(test_versions),
		TEST_RESTARTING(test_versions_with_groups_kept_whole),
		TEST_RESTARTING(test_versions_and_a_filter),
		TEST_RESTARTING(test_versions_that_are_not_all),
		TEST_RESTARTING(test_another_way),
		TEST_RESTARTING(test_check_says_which_way),
		TEST(test_what_no_way_sees),
	};

	return cmocka_run_group_tests(tests, start, stop);
}

static int run_389(void)
{
	const struct CMUnitTest tests[] = {
		TESTS_OF_BOTH,
		TEST(test_389_check),
		TEST(test_389_names_nobody),
		TEST(test_cookies_of_389),
	};

	return cmocka_run_group_tests(tests, start, stop);
}

int main(void)
{
	char line[256];

	snprintf(line, sizeof(line), "PATH=$PATH:/usr/sbin; %s", peers[IS_389].needed);
	if (system(line) != 0) {
		printf("1..0 # SKIP %s\n", peers[IS_389].otherwise);
		return 0;
	}
	return IS_389 ? run_389() : run_openldap();
}
