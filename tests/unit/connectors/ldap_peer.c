/* A real LDAP server of a test program. */
#include "ldap_peer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "peers/undertaker.h"

static char folder[] = "/tmp/rosterd-ldap-XXXXXX";
static const char *program; /* the script's path */
static struct arena *kept;

static void run(const char *line)
{
	if (system(line) == 0)
		return;
	fprintf(stderr, "# failed: %s\n", line);
	abort();
}

void peer_tell(const char *command, const char *options)
{
	run(peer_text("'%s' %s %s %s >&2", program, command, folder, options));
}

void peer_start(const char *script, const char *arguments)
{
	const char *source = getenv("SRCDIR");

	kept = arena_open("test");
	if (!mkdtemp(folder))
		abort();
	program = peer_text("%s/tests/peers/%s", source ? source : ".", script);
	undertaker_leave(program, folder);
	peer_tell("start", arguments);
}

void peer_stop(void)
{
	undertaker_call();
	arena_close(&kept);
}

void peer_modify(const char *ldif)
{
	FILE *pipe = popen(peer_text("'%s' modify %s >/dev/null", program, folder), "w");

	if (!pipe || fputs(ldif, pipe) < 0 || pclose(pipe) != 0) {
		fprintf(stderr, "# the server does not take:\n%s\n", ldif);
		abort();
	}
}

static const char *file(const char *path)
{
	char *text = harness_file(path);
	const char *copy = arena_text(kept, text);

	free(text);
	return copy;
}

const char *peer_env(const char *name)
{
	const char *at;

	for (at = file(peer_text("%s/env", folder)); *at; at += strcspn(at, "\n") + 1)
		if (text_begins(at, name) && at[strlen(name)] == '=')
			break;
	if (!*at)
		abort();
	at += strlen(name) + 1;
	return arena_text_n(kept, at, strcspn(at, "\n"));
}

void peer_settings(struct roster_call *harness)
{
	harness_set(harness, "url", peer_env("SLAPD_LDAP"));
	harness_set(harness, "tls", "none");
	harness_set(harness, "bind_dn", peer_env("SLAPD_BIND_DN"));
	harness_set(harness, "bind_password", peer_env("SLAPD_BIND_PASSWORD"));
	harness_set(harness, "user_base", peer_env("SLAPD_USER_BASE"));
	harness_set(harness, "group_base", peer_env("SLAPD_GROUP_BASE"));
	harness_set(harness, "disabled_filter", "(employeeType=former)");
	harness_set(harness, "timeout", "5000");
}

const char *peer_text(const char *fmt, ...)
{
	const char *text;
	va_list args;

	va_start(args, fmt);
	text = arena_formatv(kept, fmt, args);
	va_end(args);
	return text;
}
