/* Reads a line that nobody sees. */
#include "rosterctl/prompt.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#include "base/secret.h"
#include "rosterctl/exits.h"

enum { PROMPT_MOST = 4096 };

static volatile sig_atomic_t caught;

static void note_signal(int number)
{
	caught = number;
}

/* An interrupt must end the reading but not leave the terminal silent, so it is noted and raised again
 * afterwards. */
static void catch_signals(struct sigaction *interrupt, struct sigaction *terminate)
{
	struct sigaction note = { .sa_handler = note_signal }; /* without SA_RESTART: read() returns */

	caught = 0;
	sigaction(SIGINT, &note, interrupt);
	sigaction(SIGTERM, &note, terminate);
}

static void release_signals(const struct sigaction *interrupt, const struct sigaction *terminate)
{
	sigaction(SIGINT, interrupt, NULL);
	sigaction(SIGTERM, terminate, NULL);
	if (caught)
		raise(caught);
}

static ssize_t read_silently(int terminal, char *line, size_t size)
{
	struct sigaction interrupt, terminate;
	struct termios before, silent;
	ssize_t length;

	if (tcgetattr(terminal, &before) < 0)
		return -1;
	silent = before;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	catch_signals(&interrupt, &terminate);
	tcsetattr(terminal, TCSAFLUSH, &silent);
	length = read(terminal, line, size);
	tcsetattr(terminal, TCSAFLUSH, &before);
	release_signals(&interrupt, &terminate);
	return length;
}

int prompt_secret(const char *name, struct secret **ret, struct error *e)
{
	int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	char line[PROMPT_MOST];
	ssize_t length;

	if (terminal < 0)
		return usage_error(
			e, "there is no terminal to ask for \"%s\"; say --secret %s=@FILE or --secret %s=@-",
			name, name, name);
	dprintf(terminal, "%s: ", name);
	length = read_silently(terminal, line, sizeof(line));
	dprintf(terminal, "\n");
	close(terminal);
	if (length > 0 && line[length - 1] == '\n')
		*ret = secret_take(line, (size_t)length - 1);
	else
		length = 0;
	secret_wipe(line, sizeof(line));
	return length > 0 ? 0 : usage_error(e, "no value was given for \"%s\"", name);
}
