/* rosterctl: reads the command line, opens the conversation with the daemon, runs one command, says how it
 * ended. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "rosterctl/commands.h"
#include "rosterctl/ctl.h"
#include "rosterctl/exits.h"
#include "rosterctl/handlers.h"
#include "rosterctl/help.h"
#include "rosterctl/safe.h"
#include "rosterctl/session.h"

static const char *from_environment(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

/* What the command line says counts more than the environment, and the socket more than the URL. */
static int choose_daemon(const struct arguments *given, struct session_options *ret, struct error *e)
{
	const char *timeout = arguments_option(given, "timeout");

	ret->socket = arguments_option(given, "socket");
	ret->url = arguments_option(given, "url");
	ret->token_file = arguments_option(given, "token-file");
	if (!ret->socket && !ret->url)
		ret->socket = from_environment("ROSTERD_SOCKET");
	if (!ret->socket && !ret->url)
		ret->url = from_environment("ROSTERD_URL");
	ret->ca_file = arguments_option(given, "ca-file");
	if (!ret->ca_file)
		ret->ca_file = from_environment("ROSTERD_CA_FILE");
	if (!ret->token_file)
		ret->token_file = from_environment("ROSTERD_TOKEN_FILE");
	if (timeout && (text_to_duration_ms(timeout, &ret->timeout_ms) < 0 || ret->timeout_ms < 1 ||
			ret->timeout_ms > SESSION_ANSWER_MS_MOST))
		return usage_error(e,
				   "--timeout is \"%s\"; a time such as \"30s\" is expected, at most \"1h\"",
				   timeout);
	return 0;
}

static int hold_to_version(const struct arguments *given, struct session *session, struct error *e)
{
	const char *text = arguments_option(given, "if-match");
	int64_t version;

	if (!text)
		return 0;
	if (text_to_int64(text, &version) < 0 || version < 1)
		return usage_error(e, "--if-match is \"%s\"; a version such as \"7\" is expected, as \"show\" shows it", text);
	session_if_match(session, version);
	return 0;
}

static int run_command(struct ctl *ctl, struct error *e)
{
	struct session_options options = { 0 };
	scoped(session) *session = NULL;

	if (!ctl->given->command->offline &&
	    (choose_daemon(ctl->given, &options, e) < 0 || session_open(&options, &session, e) < 0 ||
	     hold_to_version(ctl->given, session, e) < 0))
		return -1;
	ctl->session = session;
	if (ctl->given->command->run(ctl, e) == 0)
		return 0;
	arguments_name_place(ctl->arena, ctl->given->command, e);
	return -1;
}

/* What needs no command: --help, or a hint for somebody who gave nothing. */
static int run_without(struct ctl *ctl, struct error *e)
{
	if (ctl->given->topic)
		help_group(stdout, ctl->given->topic);
	else if (arguments_given(ctl->given, "help"))
		help_overview(stdout);
	else
		return usage_error(e, "a command is expected; \"rosterctl help\" lists them");
	return 0;
}

static int run(struct arena *arena, int argc, char *const *argv, struct error *e)
{
	struct arguments given;
	struct ctl ctl = { .arena = arena, .given = &given };

	if (arguments_read(arena, argc, argv, &given, e) < 0)
		return -1;
	ctl.lines = arguments_given(&given, "json-lines");
	ctl.json = ctl.lines || arguments_given(&given, "json");
	if (arguments_given(&given, "version"))
		return about_version(&ctl, e);
	if (!given.command)
		return run_without(&ctl, e);
	if (arguments_given(&given, "help")) {
		help_of(stdout, given.command);
		return 0;
	}
	return run_command(&ctl, e);
}

/* What was printed must have arrived: a full disk is a failure, too. */
static int finish_output(struct error *e)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	return error_set(e, ERROR_INTERNAL, "output", "could not write the output: %s", strerror(errno));
}

/* One line: what happened, the code for programs, and the request that the daemon's log knows. */
static void report(struct arena *arena, const struct error *e)
{
	if (text_equal(e->code, CODE_USAGE))
		fprintf(stderr, "rosterctl: %s\n", safe_text(arena, e->text));
	else
		fprintf(stderr, "rosterctl: %s (%s%s%s)\n", safe_text(arena, e->text),
			safe_text(arena, e->code), e->detail[0] ? ", " : "", safe_text(arena, e->detail));
}

int main(int argc, char **argv)
{
	scoped(arena) *arena = arena_open("rosterctl");
	struct error e = { 0 };

	safe_start();
	if (run(arena, argc, argv, &e) == 0 && finish_output(&e) == 0)
		return EXITS_DONE;
	fflush(stdout);
	report(arena, &e);
	return (int)exits_of(&e);
}
