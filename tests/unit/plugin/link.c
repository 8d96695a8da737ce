/* The bridge with the example plug-in: what goes in comes out, page by page, and every fault keeps its name. */
#include "tools.h"

#include "base/text.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char acme[] = "# acme\n"
			   "person: id=u1; reference=uid=ada,dc=acme; user=ada; email=ada@acme.example; given=Ada; "
			   "family=Lovelace; name=Ada Lovelace; title=Countess; department=Engines; locale=en-GB; "
			   "manager=u2\n"
			   "person: id=u2; user=bob; suspended=yes\n"
			   "\n"
			   "person: id=u3; user=z\u00fcrich\n"
			   "group: id=g1; reference=cn=eng,dc=acme; name=Engineers\n"
			   "member: group=cn=eng,dc=acme; member=uid=ada,dc=acme\n"
			   "member: group=cn=eng,dc=acme; member=u2\n";

static const struct link_ask everything = { .scope = LINK_ALL, .page_most = 500 };

static int open_plugins(void **state)
{
	*state = tools_catalog("plugins");
	return 0;
}

static int close_plugins(void **state)
{
	struct catalog *catalog = *state;

	catalog_close(&catalog);
	return 0;
}

static struct link *open_example(struct catalog *catalog, const char *script)
{
	struct link *link;
	struct error e;

	if (tools_open(catalog, "example", TOOLS_DEADLINE_MS, &link, &e, "directory", acme, "script", script, NULL) < 0)
		fail_msg("%s", e.text);
	return link;
}

static void expect_item(struct link *link, enum link_item_kind kind, struct link_item *item)
{
	struct error e;

	if (link_next(link, item, &e) != 1)
		fail_msg("no item: %s", e.text);
	assert_int_equal(item->kind, kind);
}

static void test_fields_arrive_as_they_were(void **state)
{
	scoped(link) *link = open_example(*state, "");
	struct link_item item;
	struct error e;

	assert_int_equal(link_ask(link, &everything, &e), 0);
	expect_item(link, LINK_PERSON, &item);
	assert_string_equal(item.person.remote_id, "u1");
	assert_string_equal(item.person.reference, "uid=ada,dc=acme");
	assert_string_equal(item.person.user_name, "ada");
	assert_string_equal(item.person.email, "ada@acme.example");
	assert_int_equal(item.person.email_proof, PROOF_ASSERTED);
	assert_string_equal(item.person.given_name, "Ada");
	assert_string_equal(item.person.family_name, "Lovelace");
	assert_string_equal(item.person.display_name, "Ada Lovelace");
	assert_string_equal(item.person.title, "Countess");
	assert_string_equal(item.person.department, "Engines");
	assert_string_equal(item.person.locale, "en-GB");
	assert_string_equal(item.person.manager, "u2");
	assert_int_equal(item.person.standing, STANDING_ACTIVE);
	assert_null(item.person.groups);
	expect_item(link, LINK_PERSON, &item);
	assert_int_equal(item.person.standing, STANDING_SUSPENDED);
	assert_null(item.person.email);
	assert_null(item.person.title);
	expect_item(link, LINK_PERSON, &item);
	assert_string_equal(item.person.user_name, "z\u00fcrich");
	expect_item(link, LINK_GROUP, &item);
	assert_string_equal(item.group.name, "Engineers");
	assert_string_equal(item.group.reference, "cn=eng,dc=acme");
	assert_false(item.group.gone);
	expect_item(link, LINK_MEMBERSHIP, &item);
	assert_string_equal(item.membership.group, "cn=eng,dc=acme");
	assert_string_equal(item.membership.member, "uid=ada,dc=acme");
	expect_item(link, LINK_MEMBERSHIP, &item);
	assert_int_equal(link_next(link, &item, &e), 0);
	assert_false(link_end(link)->more);
	assert_true(link_end(link)->whole);
	assert_string_equal(link_end(link)->proof, "all 6 records given");
}

static void test_pages_follow_the_cursor_even_into_another_child(void **state)
{
	struct tools_count count = { 0 };
	struct link_ask ask = everything;
	char cursor[32];
	size_t pages = 0;
	struct error e;

	for (bool more = true; more; pages++) {
		scoped(link) *link = open_example(*state, "page_size 2");

		assert_int_equal(tools_read(link, &ask, &count, &e), 0);
		more = link_end(link)->more;
		assert_true(link_end(link)->cursor_size < sizeof(cursor));
		memcpy(cursor, more ? link_end(link)->cursor : "", link_end(link)->cursor_size);
		ask.cursor = cursor;
		ask.cursor_size = link_end(link)->cursor_size;
	}
	assert_int_equal(pages, 3);
	assert_int_equal(count.people, 3);
	assert_int_equal(count.groups, 1);
	assert_int_equal(count.memberships, 2);
}

static void test_one_link_gives_several_pages(void **state)
{
	scoped(link) *link = open_example(*state, "page_size 4");
	struct tools_count count = { 0 };
	struct link_ask ask = everything;
	struct error e;

	assert_int_equal(tools_read(link, &ask, &count, &e), 0);
	assert_true(link_end(link)->more);
	ask.cursor = link_end(link)->cursor;
	ask.cursor_size = link_end(link)->cursor_size;
	assert_int_equal(tools_read(link, &ask, &count, &e), 0);
	assert_false(link_end(link)->more);
	assert_int_equal(count.people + count.groups + count.memberships, 6);
}

static void test_named_are_found_or_gone(void **state)
{
	const char *const named[] = { "u2", "nobody", NULL }, *const named_groups[] = { "g1", "no-group", NULL };
	const struct link_ask ask = { .scope = LINK_NAMED, .named = named, .named_groups = named_groups };
	scoped(link) *link = open_example(*state, "");
	struct link_item item;
	struct error e;

	assert_int_equal(link_ask(link, &ask, &e), 0);
	expect_item(link, LINK_PERSON, &item);
	assert_int_equal(item.person.standing, STANDING_SUSPENDED);
	expect_item(link, LINK_PERSON, &item);
	assert_string_equal(item.person.remote_id, "nobody");
	assert_int_equal(item.person.standing, STANDING_GONE);
	expect_item(link, LINK_GROUP, &item);
	assert_false(item.group.gone);
	expect_item(link, LINK_MEMBERSHIP, &item);
	expect_item(link, LINK_MEMBERSHIP, &item);
	expect_item(link, LINK_GROUP, &item);
	assert_true(item.group.gone);
	assert_int_equal(link_next(link, &item, &e), 0);
}

/* ---- what changed ---- */

static const char numbered[] = "person: id=u1; user=ada; at=1\n"
			       "person: id=u2; user=bob; at=5\n"
			       "gone: id=u3; at=6\n"
			       "group: id=g1; name=Engineers; at=2\n"
			       "group: id=g2; name=Owls; at=7\n"
			       "member: group=g1; member=u1; at=2\n"
			       "member: group=g1; member=u2; at=5\n"
			       "gone: group=g1; member=u3; at=6\n"
			       "gone: group=g3; at=6\n"
			       "member: group=g2; member=u1; at=1\n"
			       "forgotten: at=2\n";

static struct link *open_numbered(struct catalog *catalog, const char *script)
{
	struct link *link;
	struct error e;

	if (tools_open(catalog, "example", TOOLS_DEADLINE_MS, &link, &e, "directory", numbered, "script", script, NULL) < 0)
		fail_msg("%s", e.text);
	return link;
}

static void ask_since(struct link *link, const char *cursor)
{
	const struct link_ask ask = { .scope = LINK_CHANGED, .page_most = 500, .cursor = cursor, .cursor_size = strlen(cursor) };
	struct error e;

	if (link_ask(link, &ask, &e) < 0)
		fail_msg("%s", e.text);
}

static void expect_cursor(struct link *link, const char *expected)
{
	const struct link_end *end = link_end(link);

	assert_non_null(end->cursor);
	assert_int_equal(end->cursor_size, strlen(expected));
	assert_memory_equal(end->cursor, expected, end->cursor_size);
}

static void test_the_end_of_a_listing_is_where_changes_begin(void **state)
{
	scoped(link) *link = open_numbered(*state, ""), *unnumbered = open_example(*state, "");
	struct tools_count count = { 0 };
	struct error e;

	assert_int_equal(tools_read(link, &everything, &count, &e), 0);
	assert_int_equal(count.people + count.groups + count.memberships, 7); /* and nobody who is gone */
	expect_cursor(link, "7 0 7");
	assert_int_equal(tools_read(unnumbered, &everything, &count, &e), 0);
	assert_null(link_end(unnumbered)->cursor);
}

static void test_changes_come_one_by_one(void **state)
{
	scoped(link) *link = open_numbered(*state, "");
	struct link_item item;
	struct error e;

	ask_since(link, "4 0 4");
	expect_item(link, LINK_PERSON, &item);
	assert_string_equal(item.person.remote_id, "u2");
	assert_string_equal(item.person.stamp, "5");
	expect_item(link, LINK_PERSON, &item);
	assert_string_equal(item.person.remote_id, "u3");
	assert_int_equal(item.person.standing, STANDING_GONE);
	expect_item(link, LINK_GROUP, &item);
	assert_string_equal(item.group.remote_id, "g1");
	assert_true(item.group.partial);
	expect_item(link, LINK_MEMBERSHIP, &item);
	assert_string_equal(item.membership.member, "u2");
	expect_item(link, LINK_MEMBERSHIP_GONE, &item);
	assert_string_equal(item.membership.group, "g1");
	assert_string_equal(item.membership.member, "u3");
	expect_item(link, LINK_GROUP, &item);
	assert_string_equal(item.group.remote_id, "g2");
	assert_string_equal(item.group.stamp, "7");
	assert_false(item.group.partial);
	expect_item(link, LINK_MEMBERSHIP, &item);
	expect_item(link, LINK_GROUP, &item);
	assert_string_equal(item.group.remote_id, "g3");
	assert_true(item.group.gone);
	assert_int_equal(link_next(link, &item, &e), 0);
	assert_false(link_end(link)->whole);
	assert_string_equal(link_end(link)->proof, "");
	expect_cursor(link, "7 0 7");
}

static void test_who_is_there_can_be_told_instead_of_who_is_gone(void **state)
{
	scoped(link) *link = open_numbered(*state, "present\nstay");
	struct link_item item;
	struct error e;

	ask_since(link, "6 0 6");
	expect_item(link, LINK_PRESENT, &item);
	assert_int_equal(item.present.subject, LINK_SUBJECT_PERSON);
	assert_string_equal(item.present.remote_id, "u1");
	assert_string_equal(item.present.stamp, "1");
	expect_item(link, LINK_PRESENT, &item);
	expect_item(link, LINK_PRESENT, &item);
	assert_int_equal(item.present.subject, LINK_SUBJECT_GROUP);
	expect_item(link, LINK_GROUP, &item);
	expect_item(link, LINK_MEMBERSHIP, &item);
	assert_int_equal(link_next(link, &item, &e), 0);
	assert_true(link_end(link)->whole);
	assert_null(link_end(link)->cursor);
}

static void test_a_place_that_is_forgotten_is_lost(void **state)
{
	static const char *const lost[] = { "1 0 1", "9 0 9", "7 0", "" };

	for (size_t i = 0; i < ARRAY_COUNT(lost); i++) {
		scoped(link) *link = open_numbered(*state, "");
		struct link_item item;
		struct error e;

		ask_since(link, lost[i]);
		assert_int_equal(link_next(link, &item, &e), -1);
		assert_int_equal(e.kind, ERROR_PRECONDITION);
	}
}

static void test_a_watch_sees_what_is_new_or_waits(void **state)
{
	const struct link_ask old = { .scope = LINK_CHANGED, .cursor = "6 0 6", .cursor_size = 5 };
	const struct link_ask new = { .scope = LINK_CHANGED, .cursor = "7 0 7", .cursor_size = 5 };
	scoped(link) *link = open_numbered(*state, "fail_watch_at 3");
	struct error e;

	assert_int_equal(link_watch(link, &old, TOOLS_DEADLINE_MS, &e), 1);
	assert_int_equal(link_watch(link, &new, 1000, &e), 0);
	assert_int_equal(link_watch(link, &old, TOOLS_DEADLINE_MS, &e), -1);
	assert_int_equal(e.kind, ERROR_RETRY);
}

static void test_a_scope_that_there_is_not(void **state)
{
	const struct link_ask strange = { .scope = LINK_NAMED + 1 };
	scoped(link) *link = open_example(*state, "");
	struct error e;

	assert_int_equal(link_ask(link, &strange, &e), -1);
	assert_int_equal(e.kind, ERROR_INPUT);
	assert_string_equal(e.code, "plugin.scope");
}

static void test_every_trouble_has_its_kind(void **state)
{
	static const struct {
		const char *script, *code, *text;
		enum error_kind kind;
		int wait_ms;
	} cases[] = {
		{ "fail_at 1 try_later 5000", "plugin.try_later", "the script says so: page 1 fails", ERROR_RETRY, 5000 },
		{ "fail_at 1 refused", "plugin.refused", "page 1 fails", ERROR_DENIED, 0 },
		{ "fail_at 1 lost_place", "plugin.lost_place", "page 1 fails", ERROR_PRECONDITION, 0 },
		{ "fail_at 1 nonsense", "plugin.nonsense", "page 1 fails", ERROR_REMOTE, 0 },
		{ "fail_at 1 misconfigured", "plugin.misconfigured", "page 1 fails", ERROR_INPUT, 0 },
		{ "garbage_at 1", "plugin.nonsense", "\"user_name\" of a person is not UTF-8", ERROR_REMOTE, 0 },
	};

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		scoped(link) *link = open_example(*state, cases[i].script);
		struct tools_count count = { 0 };
		struct error e;

		assert_int_equal(tools_read(link, &everything, &count, &e), -1);
		assert_int_equal(e.kind, cases[i].kind);
		assert_string_equal(e.code, cases[i].code);
		assert_non_null(strstr(e.text, cases[i].text));
		assert_int_equal(e.wait_ms, cases[i].wait_ms);
		assert_int_equal(link_ask(link, &everything, &e), -1);
		assert_string_equal(e.code, "plugin.closed");
	}
}

static void test_a_foreign_cursor_is_a_lost_place(void **state)
{
	struct link_ask ask = { .scope = LINK_ALL, .cursor = "4711x", .cursor_size = 5 };
	scoped(link) *link = open_example(*state, "");
	struct tools_count count = { 0 };
	struct error e;

	assert_int_equal(tools_read(link, &ask, &count, &e), -1);
	assert_int_equal(e.kind, ERROR_PRECONDITION);
}

static void test_incomplete_is_not_whole(void **state)
{
	scoped(link) *link = open_example(*state, "page_size 2\nincomplete_at 1");
	struct tools_count count = { 0 };
	struct error e;

	assert_int_equal(tools_read(link, &everything, &count, &e), 0);
	assert_int_equal(count.people, 2);
	assert_false(link_end(link)->more);
	assert_false(link_end(link)->whole);
	assert_non_null(strstr(link_end(link)->proof, "cut off after page 1"));
}

static void test_refused_records_are_items(void **state)
{
	scoped(link) *link = open_example(*state, "refuse_at 1");
	struct link_item item;
	struct error e;

	assert_int_equal(link_ask(link, &everything, &e), 0);
	expect_item(link, LINK_REFUSED, &item);
	assert_string_equal(item.refused_id, "line 0");
	assert_string_equal(item.text, "the script says so: unreadable on page 1");
}

static void test_duplicates_and_disorder_come_through(void **state)
{
	scoped(link) *link = open_example(*state, "duplicates\ndisorder");
	struct link_item item;
	struct error e;

	assert_int_equal(link_ask(link, &everything, &e), 0);
	for (int i = 0; i < 4; i++)
		expect_item(link, LINK_MEMBERSHIP, &item);
	for (int i = 0; i < 2; i++)
		expect_item(link, LINK_GROUP, &item);
	for (int i = 0; i < 6; i++)
		expect_item(link, LINK_PERSON, &item);
	assert_int_equal(link_next(link, &item, &e), 0);
}

static void test_a_hang_ends_at_the_deadline_and_says_where(void **state)
{
	struct tools_count count = { 0 };
	struct link *link;
	struct error e;

	if (tools_open(*state, "example", 1500, &link, &e, "directory", acme, "script", "hang_at 1", NULL) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(tools_read(link, &everything, &count, &e), -1);
	link_close(&link);
	assert_null(link);
	assert_int_equal(e.kind, ERROR_REMOTE);
	assert_string_equal(e.code, "plugin.deadline");
	assert_string_equal(e.text, "no answer within 1500 ms while reading page 1; the server may be frozen, or the deadline "
	                            "too short");
}

static void *cancel_soon(void *link)
{
	usleep(50000);
	link_cancel(link);
	return NULL;
}

static void test_a_call_can_be_cancelled(void **state)
{
	scoped(link) *link = open_example(*state, "hang_at 1");
	struct tools_count count = { 0 };
	pthread_t thread;
	struct error e;

	pthread_create(&thread, NULL, cancel_soon, link);
	assert_int_equal(tools_read(link, &everything, &count, &e), -1);
	pthread_join(thread, NULL);
	assert_int_equal(e.kind, ERROR_RETRY);
	assert_string_equal(e.code, "plugin.cancelled");
}

/* ---- settings ---- */

static void test_settings_are_checked_before_the_plugin_sees_them(void **state)
{
	struct link *link;
	struct error e;

	assert_int_equal(tools_open(*state, "example", TOOLS_DEADLINE_MS, &link, &e, NULL), -1);
	assert_string_equal(e.code, "setting.missing");
	assert_non_null(strstr(e.text, "\"directory\" is needed: The people and groups"));
	assert_int_equal(tools_open(*state, "example", TOOLS_DEADLINE_MS, &link, &e, "directry", "", NULL), -1);
	assert_string_equal(e.code, "setting.unknown");
	assert_non_null(strstr(e.text, "did you mean \"directory\"?"));
	assert_int_equal(tools_open(*state, "example", TOOLS_DEADLINE_MS, &link, &e, "directory", "", "generated", "many", NULL), -1);
	assert_string_equal(e.code, "setting.value");
	assert_int_equal(tools_open(*state, "exampel", TOOLS_DEADLINE_MS, &link, &e, NULL), -1);
	assert_int_equal(e.kind, ERROR_NOT_FOUND);
	assert_non_null(strstr(e.text, "did you mean \"example\"?"));
}

static void test_a_plugin_refuses_settings_in_open(void **state)
{
	struct link *link;
	struct error e;

	assert_int_equal(tools_open(*state, "example", TOOLS_DEADLINE_MS, &link, &e, "directory", "person: id=1\nwhat", NULL), -1);
	assert_int_equal(e.kind, ERROR_INPUT);
	assert_string_equal(e.code, "plugin.misconfigured");
	assert_non_null(strstr(e.text, "setting \"directory\", line 2: "));
}

static void test_children_are_limited(void **state)
{
	scoped(link) *first = open_example(*state, ""), *second = open_example(*state, ""), *third = NULL;
	struct tools_count count = { 0 };
	struct error e;

	assert_int_equal(tools_open(*state, "example", 100, &third, &e, "directory", acme, NULL), -1);
	assert_int_equal(e.kind, ERROR_RETRY);
	assert_string_equal(e.code, "plugin.busy");
	assert_int_equal(tools_read(second, &everything, &count, &e), 0);
	link_close(&first);
	assert_int_equal(tools_open(*state, "example", TOOLS_DEADLINE_MS, &third, &e, "directory", acme, NULL), 0);
}

/* ---- check and dial ---- */

static int listen_somewhere(char *ret, size_t size)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, length), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	snprintf(ret, size, "127.0.0.1:%d", ntohs(address.sin_port));
	return fd;
}

static void *greet_once(void *listener)
{
	int fd = accept(*(int *)listener, NULL, NULL);

	assert_int_equal(write(fd, "good day", 8), 8);
	close(fd);
	return NULL;
}

static void test_check_notes_and_dials(void **state)
{
	scoped(arena) *arena = arena_open("test");
	struct link *link = NULL;
	const char *notes;
	char server[64];
	int listener = listen_somewhere(server, sizeof(server));
	pthread_t thread;
	struct error e;

	pthread_create(&thread, NULL, greet_once, &listener);
	if (tools_open(*state, "example", TOOLS_DEADLINE_MS, &link, &e, "directory", acme, "server", server, NULL) < 0 ||
	    link_check(link, arena, &notes, &e) < 0)
		fail_msg("%s", e.text);
	pthread_join(thread, NULL);
	close(listener);
	assert_non_null(strstr(notes, "greets with \"good day\"\n"));
	assert_non_null(strstr(notes, "the directory has 6 lines\n"));
	link_close(&link);
}

static void test_a_refused_connection_is_told(void **state)
{
	char server[64], expected[256];
	struct link *link = NULL;
	struct error e;

	close(listen_somewhere(server, sizeof(server))); /* nobody listens there any more */
	if (tools_open(*state, "example", TOOLS_DEADLINE_MS, &link, &e, "directory", acme, "server", server, NULL) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(link_check(link, NULL, NULL, &e), -1);
	link_close(&link);
	snprintf(expected, sizeof(expected), "could not connect to 127.0.0.1 port %s (127.0.0.1): Connection refused",
	         strchr(server, ':') + 1);
	assert_int_equal(e.kind, ERROR_RETRY);
	assert_string_equal(e.text, expected);
}

static void test_a_private_address_needs_permission(void **state)
{
	const struct link_setting settings[] = { { "directory", acme, NULL }, { "server", "127.0.0.1:1", NULL } };
	const struct link_options options = { .plugin = "example", .settings = settings, .setting_count = 2,
		                              .deadline_ms = TOOLS_DEADLINE_MS };
	scoped(link) *link = NULL;
	struct error e;

	assert_int_equal(link_open(*state, &options, &link, &e), 0);
	assert_int_equal(link_check(link, NULL, NULL, &e), -1);
	assert_int_equal(e.kind, ERROR_INPUT);
	assert_non_null(strstr(e.text, "may not connect to 127.0.0.1 port 1: the address is not public; the operator can let"));
}

static void test_many_people_come_through(void **state)
{
	struct tools_count count = { 0 };
	struct link *link = NULL;
	struct link_ask ask = { .scope = LINK_ALL, .page_most = 50000 };
	struct error e;

	if (tools_open(*state, "example", 60000, &link, &e, "directory", acme, "generated", "20000", NULL) < 0 ||
	    tools_read(link, &ask, &count, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(count.people, 20003);
	assert_true(link_end(link)->whole);
	link_close(&link);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields_arrive_as_they_were),
		cmocka_unit_test(test_pages_follow_the_cursor_even_into_another_child),
		cmocka_unit_test(test_one_link_gives_several_pages),
		cmocka_unit_test(test_named_are_found_or_gone),
		cmocka_unit_test(test_the_end_of_a_listing_is_where_changes_begin),
		cmocka_unit_test(test_changes_come_one_by_one),
		cmocka_unit_test(test_who_is_there_can_be_told_instead_of_who_is_gone),
		cmocka_unit_test(test_a_place_that_is_forgotten_is_lost),
		cmocka_unit_test(test_a_watch_sees_what_is_new_or_waits),
		cmocka_unit_test(test_a_scope_that_there_is_not),
		cmocka_unit_test(test_every_trouble_has_its_kind),
		cmocka_unit_test(test_a_foreign_cursor_is_a_lost_place),
		cmocka_unit_test(test_incomplete_is_not_whole),
		cmocka_unit_test(test_refused_records_are_items),
		cmocka_unit_test(test_duplicates_and_disorder_come_through),
		cmocka_unit_test(test_a_hang_ends_at_the_deadline_and_says_where),
		cmocka_unit_test(test_a_call_can_be_cancelled),
		cmocka_unit_test(test_settings_are_checked_before_the_plugin_sees_them),
		cmocka_unit_test(test_a_plugin_refuses_settings_in_open),
		cmocka_unit_test(test_children_are_limited),
		cmocka_unit_test(test_check_notes_and_dials),
		cmocka_unit_test(test_a_refused_connection_is_told),
		cmocka_unit_test(test_a_private_address_needs_permission),
		cmocka_unit_test(test_many_people_come_through),
	};

	return cmocka_run_group_tests(tests, open_plugins, close_plugins);
}
