/* rosterctl as a program against a daemon that answers by a script: what it asks, what it prints, how it exits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scripted.h"

/* Scripts of requests and answers are laid out by hand. clang-format cannot know where they break. */
/* clang-format off */

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define STEPS(...) ((const struct step[]){ __VA_ARGS__, { 0 } })

/* Runs over the socket; every request must be the expected one, and all of the script must have been asked for. */
static struct outcome run(const struct step *steps, const char *const *words)
{
	struct outcome o = play(steps, OVER_SOCKET, NULL, words);
	size_t count = 0;

	while (steps[count].expect)
		count++;
	if (o.wrong[0] || o.asked != count)
		fail_msg("%zu of %zu requests; %s%s", o.asked, count, o.wrong, o.err);
	return o;
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" is not in: %s", part, text);
}

static void assert_lacks(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("\"%s\" is in: %s", part, text);
}

/* A refusal of this status must end with this number, and be told in one line with code and request. */
static void check_refusal(int status, int exit_code)
{
	struct outcome o = run(STEPS({ "GET /v1/organisations/acme", NULL, status,
	                               "{\"type\":\"about:blank\",\"title\":\"No\",\"status\":400,"
	                               "\"detail\":\"it is so\",\"code\":\"a.code\",\"request\":\"r-1\"}",
	                               PLAIN }),
	                       WORDS("org", "show", "acme"));

	assert_int_equal(o.exit, exit_code);
	assert_string_equal(o.err, "rosterctl: it is so (a.code, request r-1)\n");
	assert_string_equal(o.out, "");
}

static void refusals_have_their_own_exit_codes(void **state)
{
	(void)state;
	check_refusal(400, 2);
	check_refusal(415, 2);
	check_refusal(422, 1);
	check_refusal(401, 4);
	check_refusal(403, 4);
	check_refusal(404, 3);
	check_refusal(409, 7);
	check_refusal(412, 14);
	check_refusal(413, 1);
	check_refusal(429, 8);
	check_refusal(503, 8);
	check_refusal(500, 1);
	check_refusal(502, 1);
}

static void usage_errors_ask_nothing(void **state)
{
	const char *const *const wrong[] = {
		WORDS("org"), WORDS("org", "show"), WORDS("org", "show", "a", "b"), WORDS("org", "show", ""),
		WORDS("sync", "run", "acme"), WORDS("org", "create", "A", "--type", "huge"),
		WORDS("member", "list", "acme", "--limit", "0"), WORDS("org", "set", "acme", "--if-match", "x"),
		WORDS("org", "set", "acme", "--if-match", "0"), WORDS("org", "show", "acme", "--if-match", "1"), WORDS("--timeout", "5", "status"), WORDS("-x"),
		WORDS("connection", "create", "acme", "ldap", "x", "--remove-share", "101"),
		WORDS("connection", "create", "acme", "ldap", "x", "--secret", "password=hush"),
		WORDS("connection", "create", "acme", "ldap", "x", "--secret", "password"), /* no terminal */
		WORDS("connection", "create", "acme", "ldap", "x", "--set", "url"),
		WORDS("org", "set", "acme"), WORDS("--url", "ftp://x/", "status"),
		WORDS("--url", "https://x/?q", "status"), WORDS("--socket", "/x", "--url", "https://x/", "status"),
		WORDS("audit", "list", "acme", "--follow", "--limit", "3"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct outcome o = run(STEPS({ 0 }), wrong[i]);

		if (o.exit != 2 || strncmp(o.err, "rosterctl: ", 11) != 0 || strchr(o.err, '\n')[1] != '\0')
			fail_msg("case %zu: exit %d, %s", i, o.exit, o.err);
		assert_lacks(o.err, "hush");
	}
}

static void nobody_there_is_exit_5(void **state)
{
	struct outcome o = run(STEPS({ 0 }), WORDS("whoami", "--socket", "/nonexistent/socket"));

	(void)state;
	assert_int_equal(o.exit, 5);
	assert_has(o.err, "could not reach the daemon at unix:/nonexistent/socket: No such file or directory");
}

static void a_silent_daemon_is_exit_5(void **state)
{
	struct outcome o = run(STEPS({ "GET /v1/status", NULL, 0, NULL, SILENT }), WORDS("status", "--timeout", "300ms"));

	(void)state;
	assert_int_equal(o.exit, 5);
	assert_has(o.err, "did not answer in time");
}

static void a_cut_answer_is_exit_5(void **state)
{
	struct outcome o = run(STEPS({ "GET /v1/status", NULL, 200, "{\"status\":\"ready\"", CUT }), WORDS("status"));

	(void)state;
	assert_int_equal(o.exit, 5);
	assert_has(o.err, "broke off");
}

static void check_nonsense(const char *answer, const char *says)
{
	struct outcome o =
		run(STEPS({ "GET /v1/organisations/acme", NULL, 200, answer, PLAIN }), WORDS("org", "show", "acme"));

	assert_int_equal(o.exit, 9);
	assert_has(o.err, says);
	assert_string_equal(o.out, "");
}

static void nonsense_is_exit_9(void **state)
{
	(void)state;
	check_nonsense("<html>hello</html>", "not JSON");
	check_nonsense("{\"name\":", "not JSON");
	check_nonsense("{\"name\":\"\xff\"}", "not JSON");
	check_nonsense("{\"a\":1,\"a\":2}", "not JSON");
	check_nonsense("[]", "no JSON object");
	check_nonsense("", "no JSON object");
}

static void an_endless_answer_is_exit_9(void **state)
{
	struct outcome o = run(STEPS({ "GET /v1/whoami", NULL, 0, NULL, ENDLESS }), WORDS("whoami"));

	(void)state;
	assert_int_equal(o.exit, 9);
	assert_has(o.err, "larger than 16 MiB");
}

static void redirects_are_not_followed(void **state)
{
	struct outcome o = run(STEPS({ "GET /v1/whoami", NULL, 0,
	                               "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n"
	                               "Content-Length: 0\r\nConnection: close\r\n\r\n",
	                               VERBATIM }),
	                       WORDS("whoami"));

	(void)state;
	assert_int_equal(o.exit, 9);
	assert_has(o.err, "status 302");
}

static void a_refusal_that_is_no_problem_still_counts(void **state)
{
	struct outcome o = run(STEPS({ "GET /v1/whoami", NULL, 404, "<html>nothing here</html>", PLAIN }), WORDS("whoami"));

	(void)state;
	assert_int_equal(o.exit, 3);
	assert_has(o.err, "status 404");
}

static void control_characters_never_reach_the_terminal(void **state)
{
	static const char hostile[] = "{\"id\":\"1\",\"name\":\"\\u001b[2Jx\\u0007\\u009b1m\\u202eevil\\r\\nline\"}";
	static const struct step steps[] = { { "GET /v1/organisations/acme", NULL, 200, hostile, PLAIN }, { 0 } };
	struct outcome o = run(steps, WORDS("org", "show", "acme"));

	(void)state;
	assert_int_equal(o.exit, 0);
	assert_string_equal(o.out, "id    1\nname  \\x1b[2Jx\\x07\\x9b1m\\u{202e}evil\\x0d\\x0aline\n");
	o = run(steps, WORDS("org", "show", "acme", "--json"));
	assert_string_equal(o.out, "{\"id\":\"1\",\"name\":\"\\u001b[2Jx\\u0007\\u009b1m\\u202eevil\\r\\nline\"}\n");
	o = run(STEPS({ "GET /v1/organisations/acme", NULL, 200, "{\"name\":\"\xc2\x9b\xe2\x80\xae\"}", PLAIN }),
	        WORDS("org", "show", "acme", "--json"));
	assert_string_equal(o.out, "{\"name\":\"\\u009b\\u202e\"}\n");
	o = run(STEPS({ "GET /v1/organisations/acme", NULL, 404,
	                "{\"detail\":\"\\u001b]0;x\\u0007\",\"code\":\"\\u001b\",\"request\":\"\\n\"}", PLAIN }),
	        WORDS("org", "show", "acme"));
	assert_string_equal(o.err, "rosterctl: \\x1b]0;x\\x07 (\\x1b, request \\x0a)\n");
}

static const struct step two_pages[] = {
	{ "GET /v1/organisations/acme/groups?limit=1000", NULL, 200,
	  "{ \"next\":\"a/b\", \"items\" : [ {\"name\":\"One\",\"members\":5, \"id\":\"g]1\"} ,\n{\"name\":\"Twenty\"}]}",
	  PLAIN },
	{ "GET /v1/organisations/acme/groups?limit=1000&after=a%2Fb", NULL, 200,
	  "{\"items\":[{\"name\":\"\\\"3\\\"\",\"members\":100}],\"next\":null}", PLAIN },
	{ 0 },
};

static void lists_are_followed_to_their_end(void **state)
{
	struct outcome o = run(two_pages, WORDS("group", "list", "acme"));

	(void)state;
	assert_int_equal(o.exit, 0);
	assert_string_equal(o.out, "name    members  connection  in the directory  id\n"
	                           "One           5  -           -                 g]1\n"
	                           "Twenty        -  -           -                 -\n"
	                           "\"3\"         100  -           -                 -\n");
	o = run(two_pages, WORDS("group", "list", "acme", "--json"));
	assert_string_equal(o.out, "{\"items\":[\n{\"name\":\"One\",\"members\":5, \"id\":\"g]1\"},\n"
	                           "{\"name\":\"Twenty\"},\n{\"name\":\"\\\"3\\\"\",\"members\":100}\n],\"next\":null}\n");
	o = run(two_pages, WORDS("group", "list", "acme", "--json-lines"));
	assert_string_equal(o.out, "{\"name\":\"One\",\"members\":5, \"id\":\"g]1\"}\n{\"name\":\"Twenty\"}\n"
	                           "{\"name\":\"\\\"3\\\"\",\"members\":100}\n");
}

static void limit_ends_a_list(void **state)
{
	struct outcome o = run(STEPS({ "GET /v1/organisations?limit=1", NULL, 200,
	                               "{\"items\":[{\"slug\":\"a\"},{\"slug\":\"b\"}],\"next\":\"x\"}", PLAIN }),
	                       WORDS("org", "list", "--limit", "1", "--json-lines"));

	(void)state;
	assert_string_equal(o.out, "{\"slug\":\"a\"}\n");
	assert_int_equal(o.exit, 0);
}

static void empty_lists_say_so(void **state)
{
	static const struct step steps[] = {
		{ "GET /v1/organisations?limit=1000", NULL, 200, "{\"items\":[],\"next\":null}", PLAIN }, { 0 }
	};
	struct outcome o = run(steps, WORDS("org", "list"));

	(void)state;
	assert_int_equal(o.exit, 0);
	assert_string_equal(o.out, "");
	assert_string_equal(o.err, "no organisations\n");
	o = run(steps, WORDS("org", "list", "--json"));
	assert_string_equal(o.out, "{\"items\":[],\"next\":null}\n");
}

static void lists_that_lead_in_circles_are_exit_9(void **state)
{
	struct outcome o =
		run(STEPS({ "GET /v1/plugins?limit=1000", NULL, 200, "{\"items\":[{}],\"next\":\"x\"}", PLAIN },
	                  { "GET /v1/plugins?limit=1000&after=x", NULL, 200, "{\"items\":[{}],\"next\":\"x\"}", PLAIN }),
	            WORDS("plugin", "list"));

	(void)state;
	assert_int_equal(o.exit, 9);
	assert_has(o.err, "does not end");
	o = run(STEPS({ "GET /v1/plugins?limit=1000", NULL, 200, "{\"things\":[]}", PLAIN }), WORDS("plugin", "list"));
	assert_int_equal(o.exit, 9);
	assert_has(o.err, "no list");
}

static void organisations_are_made_from_options(void **state)
{
	struct outcome o =
		run(STEPS({ "POST /v1/organisations",
	                    "{\"name\":\"Acme \\\"&\\\" Co\",\"type\":\"enterprise\",\"slug\":\"acme\",\"default_role\":\"viewer\"}", 201,
	                    "{\"id\":\"1\",\"slug\":\"acme\",\"name\":\"Acme\",\"created_at\":\"2026-11-22T09:14:07.123456+01:00\"}",
	                    PLAIN }),
	            WORDS("--type=enterprise", "org", "create", "--slug", "acme", "--default-role", "viewer", "--",
	                  "Acme \"&\" Co"));

	(void)state;
	assert_int_equal(o.exit, 0);
	assert_string_equal(o.out, "id       1\nslug     acme\nname     Acme\ncreated  2026-11-22 08:14:07Z\n");
}

static void names_stay_in_their_place_of_the_address(void **state)
{
	run(STEPS({ "GET /v1/organisations/a%2F..%2Fb%3Fc%23%20%C3%A9", NULL, 200, "{}", PLAIN }),
	    WORDS("org", "show", "a/../b?c# \xc3\xa9"));
	run(STEPS({ "GET /v1/organisations/%2E%2E", NULL, 200, "{}", PLAIN }), WORDS("org", "show", ".."));
	(void)state;
}

static void connections_take_settings_roles_and_secrets(void **state)
{
	char url[160], password[160];
	struct outcome o;

	(void)state;
	snprintf(url, sizeof(url), "url=@%s", scratch_file("url", "ldap://x\n", 0644));
	snprintf(password, sizeof(password), "password=@%s", scratch_file("password", "hush\"\n", 0600));
	o = run(STEPS({ "POST /v1/organisations/acme/connections",
	                "{\"plugin\":\"ldap\",\"name\":\"corp\",\"schedule\":\"15m\",\"settings\":{\"url\":\"ldap://x\","
	                "\"base\":\"dc=x,dc=y\",\"at\":\"@home\",\"password\":\"hush\\\"\"},"
	                "\"roles\":[{\"group\":\"cn=A,dc=x\",\"role\":\"admin\"}],\"attributes\":{\"name\":\"cn\"},"
	                "\"remove_most\":5,\"remove_share\":10}",
	                201, "{\"name\":\"corp\",\"settings\":{\"url\":\"ldap://x\",\"password\":{\"set\":true}}}", PLAIN }),
	        WORDS("connection", "create", "acme", "ldap", "corp", "--set", url, "--set", "base=dc=x,dc=y", "--set",
	              "at=@@home", "--secret", password, "--role", "cn=A,dc=x=admin", "--attribute", "name=cn",
	              "--schedule", "15m", "--remove-most", "5", "--remove-share", "10"));
	assert_int_equal(o.exit, 0);
	assert_string_equal(o.out, "name      corp\nsettings  url=ldap://x password=(set)\n");
}

static void secrets_come_from_standard_input(void **state)
{
	struct outcome o = play(STEPS({ "PATCH /v1/organisations/acme/connections/corp",
	                                "{\"settings\":{\"password\":\"hush\"}}", 200, "{}", PLAIN }),
	                        OVER_SOCKET, "hush\n",
	                        WORDS("connection", "set", "acme/corp", "--secret", "password=@-"));

	(void)state;
	assert_string_equal(o.wrong, "");
	assert_int_equal(o.exit, 0);
}

static void secrets_that_others_can_read_are_refused(void **state)
{
	char password[160];
	struct outcome o;

	(void)state;
	snprintf(password, sizeof(password), "password=@%s", scratch_file("open", "hush", 0644));
	o = run(STEPS({ 0 }), WORDS("connection", "set", "acme/corp", "--secret", password));
	assert_int_equal(o.exit, 2);
	assert_has(o.err, "/open");
	assert_lacks(o.err, "hush");
}

static void deleting_without_a_terminal_does_not_ask(void **state)
{
	struct outcome o = run(STEPS({ "DELETE /v1/organisations/acme/connections/corp", NULL, 204, NULL, PLAIN }),
	                       WORDS("connection", "delete", "acme/corp"));

	(void)state;
	assert_int_equal(o.exit, 0);
	assert_has(o.out, "connection \"acme/corp\" is deleted");
}

static void a_connection_that_does_not_work_is_exit_1(void **state)
{
	static const struct step bad[] = { { "POST /v1/organisations/acme/connections/corp/test", NULL, 200,
	                                     "{\"ok\":false,\"notes\":[\"bound\"],\"error\":{\"code\":\"ldap.down\","
	                                     "\"text\":\"could not read directory\"}}",
	                                     PLAIN },
	                                   { 0 } };
	struct outcome o = run(bad, WORDS("connection", "test", "acme/corp"));

	(void)state;
	assert_int_equal(o.exit, 1);
	assert_string_equal(o.out, "bound\n");
	assert_string_equal(o.err, "rosterctl: could not read directory (ldap.down)\n");
	o = run(STEPS({ "POST /v1/organisations/acme/connections/corp/test", NULL, 200, "{\"ok\":true,\"notes\":[]}", PLAIN }),
	        WORDS("connection", "test", "acme/corp"));
	assert_int_equal(o.exit, 0);
	assert_has(o.out, "works");
}

#define ASK_RUN(plan) \
	{ "POST /v1/organisations/acme/connections/corp/runs", "{\"scope\":\"all\",\"plan_only\":" plan "}", 202, \
	  "{\"id\":\"r1\",\"state\":\"asked\"}", PLAIN }
#define LOOK(answer) { "GET /v1/organisations/acme/runs/r1", NULL, 200, answer, PLAIN }

static void a_run_is_waited_for(void **state)
{
	struct outcome o = run(STEPS(ASK_RUN("false"), LOOK("{\"state\":\"asked\"}"), LOOK("{\"state\":\"reading\",\"people\":3}"),
	                             LOOK("{\"id\":\"r1\",\"state\":\"done\",\"pages\":1,\"people\":12,\"groups\":2,"
	                                  "\"memberships\":9,\"refused\":2,\"counts\":{\"join\":12,\"role\":0,\"suspend\":1},"
	                                  "\"started_at\":\"2026-11-22T09:00:00Z\",\"finished_at\":\"2026-11-22T09:00:01.5Z\"}")),
	                       WORDS("sync", "run", "acme/corp", "--wait"));

	(void)state;
	assert_int_equal(o.exit, 0);
	assert_string_equal(o.out, "run      r1: done, took 1.5 s\n"
	                           "read     12 people, 2 groups, 9 memberships in 1 page\n"
	                           "changed  12 join, 1 suspend\n"
	                           "refused  2 people; see: rosterctl connection refused acme/corp\n");
	assert_string_equal(o.err, "");
}

static void a_daemon_that_starts_again_is_waited_for(void **state)
{
	struct outcome o = run(STEPS(ASK_RUN("false"), LOOK("{\"state\":\"reading\"}"),
	                             { "GET /v1/organisations/acme/runs/r1", NULL, 200, "", CUT },
	                             { "GET /v1/organisations/acme/runs/r1", NULL, 503, "{}", PLAIN },
	                             LOOK("{\"id\":\"r1\",\"state\":\"done\"}")),
	                       WORDS("sync", "run", "acme/corp", "--wait", "--json"));

	(void)state;
	assert_int_equal(o.exit, 0);
	assert_string_equal(o.out, "{\"id\":\"r1\",\"state\":\"done\"}\n");
}

static void a_held_run_is_exit_6_and_says_what_to_do(void **state)
{
	struct outcome o = run(STEPS(ASK_RUN("false"), LOOK("{\"state\":\"held\",\"held_reason\":\"it would remove 50 of 60\"}")),
	                       WORDS("sync", "run", "acme/corp", "--wait"));

	(void)state;
	assert_int_equal(o.exit, 6);
	assert_has(o.err, "rosterctl: the run is held and nothing was changed: it would remove 50 of 60 (run.held)");
	assert_has(o.err, "rosterctl sync changes acme/r1\n");
	assert_has(o.err, "rosterctl sync approve acme/r1");
}

static void a_run_that_has_not_seen_everybody_says_so(void **state)
{
	struct outcome o = run(STEPS(ASK_RUN("false"),
	                             LOOK("{\"id\":\"r1\",\"state\":\"done\",\"people\":50,\"whole\":false,"
	                                  "\"proof\":\"ended after 50: size limit exceeded (4)\",\"counts\":{}}")),
	                       WORDS("sync", "run", "acme/corp", "--wait"));

	(void)state;
	assert_int_equal(o.exit, 12);
	assert_has(o.err, "nobody goes until a run has seen all (run.partial)");
	assert_has(o.out, "not all  ended after 50: size limit exceeded (4)\n"
	                  "         nobody goes, and no group changes, until a run has seen everybody\n"
	                  "changed  nothing\n");
}

static void a_failed_run_says_why(void **state)
{
	struct outcome o = run(STEPS(ASK_RUN("false"), LOOK("{\"state\":\"failed\",\"error\":{\"code\":\"ldap.down\",\"text\":\"no\"}}")),
	                       WORDS("sync", "run", "acme/corp", "--wait"));

	(void)state;
	assert_int_equal(o.exit, 1);
	assert_has(o.err, "rosterctl: the run failed: no (ldap.down)\n");
	assert_has(o.out, "changed  nothing\n");
	o = run(STEPS(ASK_RUN("false"), LOOK("{\"state\":\"dropped\"}")), WORDS("sync", "run", "acme/corp", "--wait"));
	assert_int_equal(o.exit, 7);
	o = run(STEPS(ASK_RUN("false"), LOOK("{\"state\":7}")), WORDS("sync", "run", "acme/corp", "--wait"));
	assert_int_equal(o.exit, 9);
}

static void without_wait_a_run_is_only_asked_for(void **state)
{
	struct outcome o = run(STEPS(ASK_RUN("false")), WORDS("sync", "run", "acme/corp"));

	(void)state;
	assert_int_equal(o.exit, 0);
	assert_has(o.out, "rosterctl sync show acme/r1");
}

static const struct step a_plan[] = {
	ASK_RUN("true"),
	LOOK("{\"id\":\"r1\",\"state\":\"planned\",\"counts\":{\"member.joined\":1,\"member.role_changed\":1,\"member.suspended\":1}}"),
	{ "GET /v1/organisations/acme/runs/r1/changes?limit=1000", NULL, 200,
	  "{\"items\":[{\"kind\":\"member.joined\",\"subject\":\"x\",\"name\":\"Ada\",\"before\":{},\"after\":{\"role\":\"member\"}},"
	  "{\"kind\":\"member.role_changed\",\"name\":\"Bob\",\"before\":{\"role\":\"member\"},\"after\":{\"role\":\"admin\"}},"
	  "{\"kind\":\"member.suspended\",\"subject\":\"id-3\",\"name\":null,\"before\":{\"state\":\"active\"},\"after\":{}},"
	  "{\"kind\":\"group.member_removed\",\"subject\":\"g\",\"name\":\"Admins\",\"before\":{\"account\":\"id-4\",\"user_name\":\"cyd\"},\"after\":null},"
	  "{\"kind\":\"group.member_added\",\"subject\":\"g\",\"name\":\"Staff\",\"before\":null,\"after\":{\"account\":\"id-4\",\"user_name\":\"cyd\"}}],\"next\":null}",
	  PLAIN },
	{ 0 },
};

static void a_plan_is_a_difference_that_people_read(void **state)
{
	struct outcome o = run(a_plan, WORDS("sync", "plan", "acme/corp"));

	(void)state;
	assert_int_equal(o.exit, 0);
	assert_has(o.out, "+  member.joined         Ada     role: member\n"
	                  "~  member.role_changed   Bob     role: member -> admin\n"
	                  "-  member.suspended      id-3    state: active -> -\n"
	                  "-  group.member_removed  Admins  user_name: cyd\n"
	                  "+  group.member_added    Staff   user_name: cyd\n");
	assert_has(o.out, "planned  1 member.joined, 1 member.role_changed, 1 member.suspended\n");
	o = run(a_plan, WORDS("sync", "plan", "acme/corp", "--json"));
	assert_int_equal(o.exit, 0);
	assert_int_equal(strncmp(o.out, "{\"run\":{\"id\":\"r1\",", 18), 0);
	assert_has(o.out, ",\"changes\":{\"items\":[\n{\"kind\":\"member.joined\"");
	assert_has(o.out, "],\"next\":null}\n}\n");
}

static void a_plan_that_would_be_held_is_shown_and_exit_6(void **state)
{
	struct outcome o = run(STEPS(ASK_RUN("true"), LOOK("{\"state\":\"held\",\"held_reason\":\"too many\"}"),
	                             { "GET /v1/organisations/acme/runs/r1/changes?limit=1000", NULL, 200,
	                               "{\"items\":[{\"kind\":\"member.suspended\",\"name\":\"Ada\"}],\"next\":null}", PLAIN }),
	                       WORDS("sync", "plan", "acme/corp"));

	(void)state;
	assert_int_equal(o.exit, 6);
	assert_has(o.out, "-  member.suspended  Ada");
	assert_has(o.out, "a run would be held: too many\n");
}

static void a_list_that_breaks_off_is_no_success(void **state)
{
	struct outcome o = run(STEPS({ "GET /v1/organisations?limit=1000", NULL, 200,
	                               "{\"items\":[{\"slug\":\"a\"}],\"next\":\"x\"}", PLAIN },
	                             { "GET /v1/organisations?limit=1000&after=x", NULL, 403, "{}", PLAIN }),
	                       WORDS("org", "list", "--json-lines"));

	(void)state;
	assert_int_equal(o.exit, 4);
	assert_string_equal(o.out, "{\"slug\":\"a\"}\n");
}

static void a_held_run_is_approved_and_dropped(void **state)
{
	struct outcome o = run(STEPS({ "POST /v1/organisations/acme/runs/r1/approve", NULL, 200, "{}", PLAIN },
	                             LOOK("{\"id\":\"r1\",\"state\":\"done\"}")),
	                       WORDS("sync", "approve", "acme/r1", "--wait"));

	(void)state;
	assert_int_equal(o.exit, 0);
	assert_has(o.out, "changed  nothing");
	o = run(STEPS({ "POST /v1/organisations/acme/runs/r1/drop", NULL, 409, "{\"detail\":\"it is done\"}", PLAIN }),
	        WORDS("sync", "drop", "acme/r1"));
	assert_int_equal(o.exit, 7);
}

static void the_other_commands_ask_for_the_right_things(void **state)
{
	static const char list[] = "{\"items\":[],\"next\":null}";
	const struct {
		const char *const *words;
		struct step step;
	} cases[] = {
		{ WORDS("org", "owner", "a", "b@c"), { "POST /v1/organisations/a/owner", "{\"member\":\"b@c\"}", 200, "{}", PLAIN } },
		{ WORDS("org", "set", "a", "--name", "B"), { "PATCH /v1/organisations/a", "{\"name\":\"B\"}", 200, "{}", PLAIN } },
		{ WORDS("org", "set", "a", "--plan", "pro", "--seats", "25", "--let-wait"),
		  { "PATCH /v1/organisations/a", "{\"plan\":\"pro\",\"seat_limit\":\"25\",\"seats_over\":\"wait\"}", 200, "{}", PLAIN } },
		{ WORDS("ownership", "show", "a"), { "GET /v1/organisations/a/ownership", NULL, 200, "{}", PLAIN } },
		{ WORDS("ownership", "offer", "a", "b@c"), { "POST /v1/organisations/a/ownership", "{\"member\":\"b@c\"}", 201, "{}", PLAIN } },
		{ WORDS("ownership", "accept", "a"), { "POST /v1/organisations/a/ownership/accept", NULL, 200, "{}", PLAIN } },
		{ WORDS("ownership", "decline", "a"), { "POST /v1/organisations/a/ownership/decline", NULL, 200, "{}", PLAIN } },
		{ WORDS("ownership", "withdraw", "a"), { "POST /v1/organisations/a/ownership/withdraw", NULL, 200, "{}", PLAIN } },
		{ WORDS("ownership", "recover", "a", "b@c", "--consent", "d"),
		  { "POST /v1/organisations/a/ownership/recover", "{\"member\":\"b@c\",\"consent\":\"d\"}", 201, "{}", PLAIN } },
		{ WORDS("ownership", "confirm", "a"), { "POST /v1/organisations/a/ownership/confirm", NULL, 200, "{}", PLAIN } },
		{ WORDS("domain", "add", "a", "b.c"), { "POST /v1/organisations/a/domains", "{\"domain\":\"b.c\"}", 201, "{}", PLAIN } },
		{ WORDS("domain", "list", "a"), { "GET /v1/organisations/a/domains?limit=1000", NULL, 200, list, PLAIN } },
		{ WORDS("domain", "remove", "a", "b.c"), { "DELETE /v1/organisations/a/domains/b.c", NULL, 204, NULL, PLAIN } },
		{ WORDS("connection", "list", "a"), { "GET /v1/organisations/a/connections?limit=1000", NULL, 200, list, PLAIN } },
		{ WORDS("connection", "show", "a/b"), { "GET /v1/organisations/a/connections/b", NULL, 200, "{}", PLAIN } },
		{ WORDS("connection", "refused", "a/b"), { "GET /v1/organisations/a/connections/b/refused?limit=1000", NULL, 200, list, PLAIN } },
		{ WORDS("plugin", "show", "x"), { "GET /v1/plugins/x", NULL, 200, "{\"settings\":[{\"name\":\"url\"}]}", PLAIN } },
		{ WORDS("sync", "list", "a/b"), { "GET /v1/organisations/a/runs?connection=b&limit=1000", NULL, 200, list, PLAIN } },
		{ WORDS("sync", "show", "a/r"), { "GET /v1/organisations/a/runs/r", NULL, 200, "{}", PLAIN } },
		{ WORDS("sync", "changes", "a/r"), { "GET /v1/organisations/a/runs/r/changes?limit=1000", NULL, 200, list, PLAIN } },
		{ WORDS("member", "list", "a", "--state", "active", "--match", "x y"),
		  { "GET /v1/organisations/a/members?state=active&q=x%20y&limit=1000", NULL, 200, list, PLAIN } },
		{ WORDS("member", "show", "a", "b@c"), { "GET /v1/organisations/a/members/b%40c", NULL, 200, "{}", PLAIN } },
		{ WORDS("member", "role", "a", "b", "admin"), { "PATCH /v1/organisations/a/members/b", "{\"role\":\"admin\"}", 200, "{}", PLAIN } },
		{ WORDS("member", "suspend", "a", "b"), { "PATCH /v1/organisations/a/members/b", "{\"state\":\"suspended\"}", 200, "{}", PLAIN } },
		{ WORDS("member", "restore", "a", "b"), { "PATCH /v1/organisations/a/members/b", "{\"state\":\"active\"}", 200, "{}", PLAIN } },
		{ WORDS("member", "remove", "a", "b"), { "DELETE /v1/organisations/a/members/b", NULL, 204, NULL, PLAIN } },
		{ WORDS("group", "members", "a", "g"), { "GET /v1/organisations/a/groups/g/members?limit=1000", NULL, 200, list, PLAIN } },
		{ WORDS("audit", "list", "a", "--action", "x.y"), { "GET /v1/organisations/a/audit?action=x.y&limit=1000", NULL, 200, list, PLAIN } },
		{ WORDS("audit", "list"), { "GET /v1/audit?limit=1000", NULL, 200, list, PLAIN } },
		{ WORDS("member", "add", "a", "b@c", "B C"),
		  { "POST /v1/organisations/a/members", "{\"email\":\"b@c\",\"name\":\"B C\"}", 201, "{}", PLAIN } },
		{ WORDS("connection", "set", "a/b", "--state", "paused"),
		  { "PATCH /v1/organisations/a/connections/b", "{\"state\":\"paused\"}", 200, "{}", PLAIN } },
		{ WORDS("permission", "list", "a"), { "GET /v1/organisations/a/permissions", NULL, 200, "{\"permissions\":{\"x\":true}}", PLAIN } },
		{ WORDS("token", "list"), { "GET /v1/tokens?limit=1000", NULL, 200, list, PLAIN } },
		{ WORDS("token", "create", "ci", "--scope", "members:read", "--scope", "runs:read"),
		  { "POST /v1/tokens", "{\"name\":\"ci\",\"scopes\":[\"members:read\",\"runs:read\"]}", 201, "{\"token\":\"rt\"}", PLAIN } },
		{ WORDS("token", "adopt", "1", "--organisation", "a"), { "POST /v1/organisations/a/tokens/1/adopt", NULL, 200, "{}", PLAIN } },
		{ WORDS("org", "set", "a", "--ip-allow-list", "10.0.0.0/8,::1"),
		  { "PATCH /v1/organisations/a", "{\"ip_allow_list\":[\"10.0.0.0/8\",\"::1\"]}", 200, "{}", PLAIN } },
		{ WORDS("org", "set", "a", "--retention-days", "90"),
		  { "PATCH /v1/organisations/a", "{\"retention_days\":90}", 200, "{}", PLAIN } },
		{ WORDS("org", "list", "--deleted"), { "GET /v1/organisations?state=deleted&limit=1000", NULL, 200, list, PLAIN } },
		{ WORDS("org", "delete", "a", "--yes"), { "DELETE /v1/organisations/a", NULL, 200, "{}", PLAIN } },
		{ WORDS("org", "restore", "a"), { "POST /v1/organisations/a/restore", NULL, 200, "{}", PLAIN } },
		{ WORDS("org", "set", "a", "--ip-allow-list", "any"),
		  { "PATCH /v1/organisations/a", "{\"ip_allow_list\":[]}", 200, "{}", PLAIN } },
		{ WORDS("token", "revoke", "1", "--organisation", "a"), { "DELETE /v1/organisations/a/tokens/1", NULL, 204, NULL, PLAIN } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct outcome o = run(STEPS(cases[i].step), cases[i].words);

		if (o.exit != 0)
			fail_msg("case %zu: exit %d, %s", i, o.exit, o.err);
	}
}

/* The newest is first in the API and last on the screen; what was seen is not shown again; a refusal ends it. */
static void an_audit_is_followed(void **state)
{
#define ENTRY(id, second) "{\"id\":" id ",\"at\":\"2026-11-22T09:14:" second "Z\",\"actor_name\":null,\"actor\":\"a" id "\"}"
	struct outcome o = run(STEPS({ "GET /v1/organisations/a/audit?since=2026-11-22T09%3A14%3A00.000000Z&limit=1000", NULL,
	                               200, "{\"items\":[" ENTRY("2", "02") "," ENTRY("1", "01") "],\"next\":\"1\"}", PLAIN },
	                             { "GET /v1/organisations/a/audit?since=2026-11-22T09%3A14%3A00.000000Z&limit=1000&after=1",
	                               NULL, 200, "{\"items\":[],\"next\":null}", PLAIN },
	                             { "GET /v1/organisations/a/audit?since=2026-11-22T09%3A14%3A00.000000Z&limit=1000", NULL,
	                               200, "{\"items\":[" ENTRY("4", "03") "," ENTRY("2", "02") "," ENTRY("3", "01")
	                               "],\"next\":null}", PLAIN },
	                             { "GET /v1/organisations/a/audit?since=2026-11-22T09%3A14%3A00.000000Z&limit=1000", NULL,
	                               403, "{\"detail\":\"no longer\"}", PLAIN }),
	                       WORDS("audit", "list", "a", "--follow", "--since", "2026-11-22T09:14:00Z"));

	(void)state;
	assert_int_equal(o.exit, 4);
	assert_string_equal(o.out, "at                    who  did  to  through\n"
	                           "2026-11-22 09:14:01Z  a1   -    -   -\n"
	                           "2026-11-22 09:14:02Z  a2   -    -   -\n"
	                           "2026-11-22 09:14:01Z  a3   -    -   -\n"
	                           "2026-11-22 09:14:03Z  a4   -    -   -\n");
}

static void a_permission_that_is_denied_is_exit_4(void **state)
{
	struct outcome o = run(STEPS({ "POST /v1/organisations/a/check", "{\"permission\":\"x.y\",\"member\":\"b\"}", 200,
	                               "{\"allowed\":false,\"reason\":\"a viewer may not\"}", PLAIN }),
	                       WORDS("permission", "check", "a", "x.y", "--member", "b"));

	(void)state;
	assert_int_equal(o.exit, 4);
	assert_has(o.err, "a viewer may not");
}

static void a_token_is_printed_alone(void **state)
{
	struct outcome o = run(STEPS({ "POST /v1/organisations/a/tokens",
	                               "{\"name\":\"ci\",\"role\":\"viewer\",\"expires_in\":\"30d\"}", 201,
	                               "{\"id\":\"1\",\"token\":\"rt_secret\"}", PLAIN }),
	                       WORDS("token", "create", "ci", "--organisation", "a", "--role", "viewer", "--expires", "30d"));

	(void)state;
	assert_int_equal(o.exit, 0);
	assert_string_equal(o.out, "rt_secret\n");
	assert_string_equal(o.err, "");
}

static void a_token_is_shown_over_tcp(void **state)
{
	static const struct step steps[] = { { "GET /v1/whoami", NULL, 200, "{\"kind\":\"token\"}", PLAIN }, { 0 } };
	const char *file = scratch_file("token", "rt_abc\n", 0600);
	struct outcome o = play(steps, OVER_TCP, NULL, WORDS("whoami", "--token-file", file));

	(void)state;
	assert_string_equal(o.wrong, "");
	assert_int_equal(o.exit, 0);
	assert_has(o.headers, "\r\nAuthorization: Bearer rt_abc\r\n");
	assert_string_equal(o.out, "kind  token\n");
}

/* Whatever changes something that has a version can be held to it. */
static void a_change_is_held_to_a_version(void **state)
{
	static const char gone[] = "{\"detail\":\"it is at version \\\"8\\\"\",\"code\":\"precondition.changed\"}";
	const struct {
		const char *const *words;
		const char *expect, *body;
	} cases[] = {
		{ WORDS("org", "set", "a", "--name", "B", "--if-match", "7"), "PATCH /v1/organisations/a", "{\"name\":\"B\"}" },
		{ WORDS("org", "delete", "a", "--if-match", "7"), "DELETE /v1/organisations/a", NULL },
		{ WORDS("connection", "set", "a/b", "--name", "c", "--if-match", "7"), "PATCH /v1/organisations/a/connections/b", "{\"name\":\"c\"}" },
		{ WORDS("connection", "delete", "a/b", "--if-match", "7"), "DELETE /v1/organisations/a/connections/b", NULL },
		{ WORDS("member", "role", "a", "m", "admin", "--if-match", "7"), "PATCH /v1/organisations/a/members/m", "{\"role\":\"admin\"}" },
		{ WORDS("member", "suspend", "a", "m", "--if-match", "7"), "PATCH /v1/organisations/a/members/m", "{\"state\":\"suspended\"}" },
		{ WORDS("member", "restore", "a", "m", "--if-match", "7"), "PATCH /v1/organisations/a/members/m", "{\"state\":\"active\"}" },
		{ WORDS("member", "remove", "a", "m", "--if-match", "7"), "DELETE /v1/organisations/a/members/m", NULL },
	};
	struct outcome o;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		o = run(STEPS({ cases[i].expect, cases[i].body, 412, gone, PLAIN }), cases[i].words);
		assert_int_equal(o.exit, 14);
		assert_has(o.headers, "\r\nIf-Match: \"7\"\r\n");
		assert_has(o.err, "it is at version");
	}
	o = run(STEPS({ "DELETE /v1/organisations/a/members/m", NULL, 204, NULL, PLAIN }), WORDS("member", "remove", "a", "m"));
	assert_lacks(o.headers, "If-Match");
}

static void a_token_is_not_sent_in_the_clear(void **state)
{
	const char *file = scratch_file("token", "rt_abc\n", 0600);
	struct outcome o = run(STEPS({ 0 }), WORDS("whoami", "--url", "http://roster.example", "--token-file", file));

	(void)state;
	assert_int_equal(o.exit, 2);
	assert_has(o.err, "use https");
	o = run(STEPS({ 0 }), WORDS("whoami", "--token-file", scratch_file("token", "rt\nabc\n", 0600)));
	assert_int_equal(o.exit, 2);
	assert_lacks(o.err, "abc");
}

static void a_full_disk_is_a_failure(void **state)
{
	char command[4200];

	(void)state;
	snprintf(command, sizeof(command), "%s/rosterctl/rosterctl help >/dev/full 2>&1", getenv("BUILDDIR"));
	assert_int_equal(system(command) >> 8, 1);
}

/* Who is not the operator gets a word, the operator a page. */
static void status_tells_how_the_daemon_is(void **state)
{
	static const char no[] = "{\"code\":\"access.none\",\"detail\":\"nobody was named\"}";
	struct outcome o = run(STEPS({ "GET /v1/status", NULL, 401, no, PLAIN },
	                             { "GET /healthz", NULL, 200, "{\"status\":\"ok\",\"version\":\"9.9\"}", PLAIN }),
	                       WORDS("status"));

	(void)state;
	assert_int_equal(o.exit, 0);
	assert_has(o.out, "rosterd 9.9 at unix:");
	o = run(STEPS({ "GET /v1/status", NULL, 401, no, PLAIN },
	              { "GET /healthz", NULL, 200, "{\"status\":\"draining\"}", PLAIN }), WORDS("status"));
	assert_int_equal(o.exit, 1);

	o = run(STEPS({ "GET /v1/status", NULL, 200,
	                "{\"status\":\"ready\",\"version\":\"9.9\",\"uptime_seconds\":93784,"
	                "\"database\":{\"trouble\":null,\"migrations\":7,\"connections_used\":1,\"connections_limit\":8},"
	                "\"connections\":{\"active\":12,\"paused\":1,\"failing\":2,\"overdue\":3},"
	                "\"runs\":{\"asked\":1,\"reading\":1,\"reconciling\":1,\"held\":1,\"oldest_waiting_seconds\":50,"
	                "\"oldest_held_seconds\":4000},\"tokens_expiring\":5}", PLAIN }),
	        WORDS("status"));
	assert_int_equal(o.exit, 0);
	assert_has(o.out, ": ready, up 1 d 2 h\n");
	assert_has(o.out, "answers; 7 migrations, 1 of 8 connections in use\n");
	assert_has(o.out, "12 active, 1 paused; 2 failing, 3 overdue\n");
	assert_has(o.out, "1 asked for, 2 under way, 1 held, the oldest since 1 h 6 min\n");
	assert_has(o.out, "waited for a worker for 50 s\n");
	assert_has(o.out, "5 expire within 14 days\n");

	o = run(STEPS({ "GET /v1/status", NULL, 200,
	                "{\"status\":\"not ready\",\"version\":\"9.9\",\"checks\":{\"database\":\"store.down\"},"
	                "\"database\":{\"trouble\":\"the database cannot be reached\"}}", PLAIN }), WORDS("status"));
	assert_int_equal(o.exit, 1);
	assert_has(o.out, "database       the database cannot be reached\n");
	assert_has(o.err, "not ready: database: store.down");
}

static void metrics_are_printed_as_they_came(void **state)
{
	struct outcome o = run(STEPS({ "GET /metrics", NULL, 200, "# HELP a A.\n# TYPE a gauge\na 1\n", PLAIN }),
	                       WORDS("metrics"));

	(void)state;
	assert_int_equal(o.exit, 0);
	assert_string_equal(o.out, "# HELP a A.\n# TYPE a gauge\na 1\n");
}

static int clean(void **state)
{
	(void)state;
	scratch_remove();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refusals_have_their_own_exit_codes),
		cmocka_unit_test(usage_errors_ask_nothing),
		cmocka_unit_test(nobody_there_is_exit_5),
		cmocka_unit_test(a_silent_daemon_is_exit_5),
		cmocka_unit_test(a_cut_answer_is_exit_5),
		cmocka_unit_test(nonsense_is_exit_9),
		cmocka_unit_test(an_endless_answer_is_exit_9),
		cmocka_unit_test(redirects_are_not_followed),
		cmocka_unit_test(a_refusal_that_is_no_problem_still_counts),
		cmocka_unit_test(control_characters_never_reach_the_terminal),
		cmocka_unit_test(lists_are_followed_to_their_end),
		cmocka_unit_test(limit_ends_a_list),
		cmocka_unit_test(empty_lists_say_so),
		cmocka_unit_test(lists_that_lead_in_circles_are_exit_9),
		cmocka_unit_test(organisations_are_made_from_options),
		cmocka_unit_test(names_stay_in_their_place_of_the_address),
		cmocka_unit_test(connections_take_settings_roles_and_secrets),
		cmocka_unit_test(secrets_come_from_standard_input),
		cmocka_unit_test(secrets_that_others_can_read_are_refused),
		cmocka_unit_test(deleting_without_a_terminal_does_not_ask),
		cmocka_unit_test(a_connection_that_does_not_work_is_exit_1),
		cmocka_unit_test(a_run_is_waited_for),
		cmocka_unit_test(a_daemon_that_starts_again_is_waited_for),
		cmocka_unit_test(a_held_run_is_exit_6_and_says_what_to_do),
		cmocka_unit_test(a_run_that_has_not_seen_everybody_says_so),
		cmocka_unit_test(a_failed_run_says_why),
		cmocka_unit_test(without_wait_a_run_is_only_asked_for),
		cmocka_unit_test(a_plan_is_a_difference_that_people_read),
		cmocka_unit_test(a_plan_that_would_be_held_is_shown_and_exit_6),
		cmocka_unit_test(a_list_that_breaks_off_is_no_success),
		cmocka_unit_test(a_held_run_is_approved_and_dropped),
		cmocka_unit_test(the_other_commands_ask_for_the_right_things),
		cmocka_unit_test(an_audit_is_followed),
		cmocka_unit_test(a_permission_that_is_denied_is_exit_4),
		cmocka_unit_test(a_token_is_printed_alone),
		cmocka_unit_test(a_token_is_shown_over_tcp),
		cmocka_unit_test(a_change_is_held_to_a_version),
		cmocka_unit_test(a_token_is_not_sent_in_the_clear),
		cmocka_unit_test(a_full_disk_is_a_failure),
		cmocka_unit_test(status_tells_how_the_daemon_is),
		cmocka_unit_test(metrics_are_printed_as_they_came),
	};

	return cmocka_run_group_tests(tests, NULL, clean);
}
