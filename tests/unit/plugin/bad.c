/* The bridge with a deliberately bad plug-in: each fault costs its own link, is named, and the next link works. */
#include "platform.h"

#include "tools.h"

#include "base/secret.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef SANITIZED
enum { CONFINED = 0 };
#else
enum { CONFINED = 1 };
#endif

static const struct link_ask everything = { .scope = LINK_ALL, .page_most = 500 };

struct fault {
	const char *name;
	enum error_kind kind; /* ERROR_NONE: it gets what it wants */
	const char *code, *text;
	int deadline_ms;
	bool confined; /* holds only where sanitizers do not stand in the way */
};

static const struct fault faults[] = {
	{ "abort", ERROR_REMOTE, "plugin.", "plug-in \"bad_connector\" ", 0, false },
	{ "crash", ERROR_REMOTE, "plugin.crashed", "plug-in \"bad_connector\" crashed (SIGSEGV)", 0, true },
	{ "exit", ERROR_REMOTE, "plugin.ended", "ended by itself with exit code ", 0, false },
	{ "hang", ERROR_REMOTE, "plugin.deadline", "no answer within 1 s while waiting for a server that is frozen;", 1000,
	  false },
	{ "leak", ERROR_REMOTE, "plugin.memory", "used up its memory (limit 128 MiB)", 0, true },
	{ "flood", ERROR_REMOTE, "plugin.deadline", "no answer within 1 s", 1000, false },
	{ "complain", ERROR_NONE, "", "got out: of breath", 0, false },
	{ "garbage", ERROR_REMOTE, "plugin.protocol", "broke the rules and was ended: a frame of kind \"unknown\"", 0, false },
	{ "long_id", ERROR_REMOTE, "plugin.nonsense", "\"remote_id\" of a person is too long (at most 1024 bytes", 0, false },
	{ "long_name", ERROR_REMOTE, "plugin.nonsense", "\"display_name\" of a person is too long", 0, false },
	{ "not_utf8", ERROR_REMOTE, "plugin.nonsense", "\"display_name\" of a person is not UTF-8", 0, false },
	{ "no_id", ERROR_REMOTE, "plugin.nonsense", "\"remote_id\" of a person is missing", 0, false },
	{ "too_many", ERROR_REMOTE, "plugin.nonsense", "\"groups\" of a person stands there too often", 0, false },
	{ "partial", ERROR_REMOTE, "plugin.nonsense", "it is partial, and all its members were asked for", 0, false },
	{ "member_gone", ERROR_REMOTE, "plugin.nonsense", "a removed membership although nobody asked what changed", 0, false },
	{ "present", ERROR_REMOTE, "plugin.nonsense", "a present record although nobody asked what changed", 0, false },
	{ "long_stamp", ERROR_REMOTE, "plugin.nonsense", "\"stamp\" of a person is too long (at most 256 bytes", 0, false },
	{ "ignore", ERROR_REMOTE, "plugin.nonsense", "\"remote_id\" of a person is missing", 0, false },
	{ "emit_late", ERROR_REMOTE, "plugin.nonsense", "after it has said how the listing ended", 0, false },
	{ "silent", ERROR_REMOTE, "plugin.silent", "failed without saying why", 0, false },
	{ "strange", ERROR_REMOTE, "plugin.protocol", "a page returns neither 1, 0 nor -1", 0, false },
	{ "no_cursor", ERROR_REMOTE, "plugin.protocol", "says that there is more and gives no cursor", 0, false },
	{ "no_end", ERROR_REMOTE, "plugin.protocol", "says neither whole nor incomplete", 0, false },
	{ "both_ends", ERROR_REMOTE, "plugin.protocol", "says neither whole nor incomplete, or both", 0, false },
	{ "close_socket", ERROR_REMOTE, "plugin.ended", "closed its socket and was killed", 0, false },
	{ "keep", ERROR_NONE, "", "got out: keep", 0, false },
	{ "send_browser", ERROR_REMOTE, "plugin.protocol", "sends a browser that is not there", 0, false },
	{ "session", ERROR_REMOTE, "plugin.protocol", "tells of a session that nobody asked about", 0, false },
	{ "once", ERROR_REMOTE, "plugin.protocol", "names a message that did not come", 0, false },
	{ "look_at", ERROR_REMOTE, "plugin.protocol", "although no message came", 0, false },
	{ "look_nowhere", ERROR_REMOTE, "plugin.nonsense", "neither a person nor a group", 0, false },
	{ "reply", ERROR_REMOTE, "plugin.protocol", "replies to a message that did not come", 0, false },
	{ "raw_person", ERROR_REMOTE, "plugin.protocol", "the field \"remote_id\" (21) is missing", 0, false },
	{ "prove_twice", ERROR_REMOTE, "plugin.protocol", "a part of a proof is given twice", 0, false },
	{ "prove_nothing", ERROR_REMOTE, "plugin.protocol", "has not the value that its evidence needs", 0, false },
	{ "prove_endlessly", ERROR_REMOTE, "plugin.protocol", "a proof has too many parts", 0, false },
	{ "prove_words", ERROR_REMOTE, "plugin.protocol", "has not the value that its evidence needs", 0, false },
	{ "raw_present", ERROR_REMOTE, "plugin.protocol", "a record is present where nobody asked what changed", 0, false },
	{ "raw_huge", ERROR_REMOTE, "plugin.protocol", "is too large", 0, false },
	{ "raw_from_daemon", ERROR_REMOTE, "plugin.protocol", "may not come from this side", 0, false },
	{ "between", ERROR_NONE, "", "got out: of time", 0, false },

	{ "open_passwd", ERROR_REMOTE, "plugin.nonsense", "/etc/passwd: Permission denied", 0, false },
	{ "open_libraries", ERROR_REMOTE, "plugin.nonsense", "/usr/lib: Permission denied", 0, false },
	{ "write_file", ERROR_REMOTE, "plugin.nonsense", "/tmp/rosterd-bad-connector: ", 0, false },
	{ "read_daemon", ERROR_REMOTE, "plugin.nonsense", "Permission denied", 0, false },
	{ "open_certificates", ERROR_NONE, "", "got out: /etc/ssl/certs", 0, false },
	{ "look_around", ERROR_REMOTE, "plugin.nonsense", "nothing to see", 0, false },
	{ "memory_file", ERROR_NONE, "", "got out: memory file", 0, false },
	{ "socket", ERROR_REMOTE, "plugin.nonsense", "socket: Operation not permitted", 0, true },
	{ "connect", ERROR_REMOTE, "plugin.nonsense", "connect: Operation not permitted", 0, true },
	{ "fork", ERROR_REMOTE, "plugin.nonsense", "fork: Operation not permitted", 0, true },
	{ "kill", ERROR_REMOTE, "plugin.nonsense", "kill: Operation not permitted", 0, true },
	{ "code", ERROR_REMOTE, "plugin.nonsense", "mmap: Operation not permitted", 0, true },
	{ "execve", ERROR_REMOTE, "plugin.forbidden", "made a system call that plug-ins may not make", 0, true },
	{ "ptrace", ERROR_REMOTE, "plugin.forbidden", "made a system call that plug-ins may not make", 0, true },
};

static struct catalog *catalog;

static int open_bad(void **state)
{
	(void)state;
	secret_start(NULL);
	catalog = tools_catalog("tests/peers/.libs");
	return 0;
}

static int close_bad(void **state)
{
	(void)state;
	catalog_close(&catalog);
	return 0;
}

static struct link *open_fault(const char *name, int deadline_ms)
{
	char daemon[16];
	struct link *link = NULL;
	struct error e;

	snprintf(daemon, sizeof(daemon), "%d", (int)getpid());
	if (tools_open(catalog, "bad_connector", deadline_ms ? deadline_ms : TOOLS_DEADLINE_MS, &link, &e, "fault", name,
	               "daemon", daemon, NULL) < 0)
		fail_msg("%s", e.text);
	return link;
}

static void expect_text(const char *text, const char *expected)
{
	if (!strstr(text, expected))
		fail_msg("\"%s\" is not in \"%s\"", expected, text);
}

static void test_fault(void **state)
{
	const struct fault *fault = *state;
	struct tools_count count = { 0 };
	struct error e = { 0 };
	struct link *link;
	char proof[512];
	int result;

	if (fault->confined && !CONFINED)
		return; /* its name says that it is skipped */
	link = open_fault(fault->name, fault->deadline_ms);
	result = tools_read(link, &everything, &count, &e);
	snprintf(proof, sizeof(proof), "%s", link_end(link)->proof);
	link_close(&link);
	expect_text(result < 0 ? e.text : proof, fault->text);
	assert_int_equal(result, fault->kind == ERROR_NONE ? 0 : -1);
	assert_int_equal(e.kind, fault->kind);
	assert_int_equal(strncmp(e.code, fault->code, strlen(fault->code)), 0);
}

static void test_what_is_said_unasked_ends_the_link(void **state)
{
	struct link *link;
	struct error e;

	(void)state;
	assert_int_equal(tools_open(catalog, "bad_connector", TOOLS_DEADLINE_MS, &link, &e, "fault", "open_early", NULL), -1);
	assert_string_equal(e.code, "plugin.protocol");
}

static void test_a_check_that_emits_is_refused(void **state)
{
	struct link *link = open_fault("", 0);
	struct error e;
	int result = link_check(link, NULL, NULL, &e);

	(void)state;
	link_close(&link);
	assert_int_equal(result, -1);
	expect_text(e.text, "although nobody asked");
}

static void test_notes_have_a_limit(void **state)
{
	struct link *link = open_fault("chatter", 0);
	scoped(arena) *arena = arena_open("test");
	const char *notes;
	struct error e;
	int result = link_check(link, arena, &notes, &e);

	(void)state;
	link_close(&link);
	assert_int_equal(result, 0);
	assert_true(strlen(notes) <= LINK_NOTES_MOST && strlen(notes) > LINK_NOTES_MOST / 2);
	assert_int_equal(strncmp(notes, "chatter 0\nchatter 1\n", 20), 0);
}

/* One value, in memory. */
struct memory {
	char name[64], bytes[64];
	size_t size;
	bool has, fails;
};

static int memory_keep(void *self, const char *name, const void *bytes, size_t size, int64_t until_s, struct error *e)
{
	struct memory *memory = self;

	(void)until_s;
	if (memory->fails)
		return error_set(e, ERROR_RETRY, "store.down", "the database is down");
	snprintf(memory->name, sizeof(memory->name), "%s", name);
	memory->has = bytes != NULL;
	memory->size = size;
	if (bytes)
		memcpy(memory->bytes, bytes, size);
	return 0;
}

static int memory_recall(void *self, const char *name, struct secret **ret, struct error *e)
{
	struct memory *memory = self;

	(void)e;
	if (!memory->has || !text_equal(memory->name, name))
		return 0;
	*ret = secret_take(memory->bytes, memory->size);
	return 1;
}

static void test_what_is_kept(void **state)
{
	struct memory memory = { .has = false };
	const struct link_keeper keeper = { &memory, memory_keep, memory_recall };
	struct tools_count count = { 0 };
	struct error e;

	(void)state;
	for (int fails = 0; fails < 2; fails++) {
		scoped(link) *link = open_fault("recall", 0);

		memory.fails = fails;
		link_keep_with(link, &keeper);
		assert_int_equal(tools_read(link, &everything, &count, &e), -1);
		expect_text(e.text, fails ? "the database is down" : "has 21 bytes, there is room for 8");
		assert_string_equal(e.code, fails ? "plugin.try_later" : "plugin.nonsense");
	}
	scoped(link) *link = open_fault("keep", 0); /* nobody keeps anything: that is no failure */
	assert_int_equal(tools_read(link, &everything, &count, &e), 0);
}

static void test_other_abis_are_refused(void **state)
{
	const struct catalog_plugin *plugin;
	struct error e;

	(void)state;
	assert_int_equal(catalog_find(catalog, "bad_major", &plugin, &e), -1);
	assert_string_equal(e.code, "plugin.unusable");
	expect_text(e.text, "plug-in \"bad_major\" was built for connector ABI 2.6; this rosterd has 1.6");
	assert_int_equal(catalog_find(catalog, "bad_minor", &plugin, &e), -1);
	expect_text(e.text, "ABI 1.9");
}

/* What says which directory is read is a setting that can be compared. */
static void test_a_place_that_is_none(void **state)
{
	const struct catalog_plugin *plugin;
	struct error e;

	(void)state;
	assert_int_equal(catalog_find(catalog, "bad_place", &plugin, &e), -1);
	expect_text(e.text, "its place names a setting \"nowhere\", which it has not");
	assert_int_equal(catalog_find(catalog, "bad_secret_place", &plugin, &e), -1);
	expect_text(e.text, "its setting \"hidden\" says which directory is read, and is a secret");
}

/* What an older plug-in does not know of is absent, whatever its memory holds there. */
static void test_an_older_abi_is_served(void **state)
{
	struct link *link = NULL;
	struct link_item item;
	struct error e;

	(void)state;
	if (tools_open(catalog, "bad_older", TOOLS_DEADLINE_MS, &link, &e, "fault", "older", NULL) < 0 ||
	    link_ask(link, &everything, &e) < 0 || link_next(link, &item, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(item.kind, LINK_PERSON);
	assert_null(item.person.stamp);
	assert_int_equal(link_next(link, &item, &e), 1);
	assert_int_equal(item.kind, LINK_GROUP);
	assert_null(item.group.stamp);
	assert_false(item.group.partial);
	assert_int_equal(link_next(link, &item, &e), 0);
	assert_true(link_end(link)->whole);
	link_close(&link);
}

static void test_who_cannot_watch_is_not_asked_to(void **state)
{
	const struct link_ask ask = { .scope = LINK_CHANGED };
	struct link *link = open_fault("", 0);
	struct error e;
	int result = link_watch(link, &ask, 1000, &e);

	(void)state;
	link_close(&link);
	assert_int_equal(result, -1);
	assert_string_equal(e.code, "plugin.scope");
}

/* TAP's directive for a test that is skipped; cmocka's own is read as a failure by the harness. */
static char *name_of(const struct fault *fault, char *ret, size_t size)
{
	snprintf(ret, size, "%s%s", fault->name,
	         fault->confined && !CONFINED ? " # SKIP sanitizers stand in the way of what confines a child" : "");
	return ret;
}

enum { ALONE = 7 }; /* tests that are no rows of faults */

int main(void)
{
	static char names[ARRAY_COUNT(faults)][96];
	struct CMUnitTest tests[ARRAY_COUNT(faults) + ALONE] = {
		cmocka_unit_test(test_what_is_said_unasked_ends_the_link),
		cmocka_unit_test(test_a_check_that_emits_is_refused),
		cmocka_unit_test(test_notes_have_a_limit),
		cmocka_unit_test(test_what_is_kept),
		cmocka_unit_test(test_other_abis_are_refused),
		cmocka_unit_test(test_a_place_that_is_none),
		cmocka_unit_test(test_an_older_abi_is_served),
		cmocka_unit_test(test_who_cannot_watch_is_not_asked_to),
	};

	for (size_t i = 0; i < ARRAY_COUNT(faults); i++)
		tests[ALONE + i] = (struct CMUnitTest){ .name = name_of(&faults[i], names[i], sizeof(names[i])), .test_func = test_fault,
			                            .initial_state = (void *)(uintptr_t)&faults[i] };
	return cmocka_run_group_tests(tests, open_bad, close_bad);
}
