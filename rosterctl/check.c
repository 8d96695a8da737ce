/* What providers send, judged line by line. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "rosterctl/ctl.h"
#include "rosterctl/exits.h"
#include "rosterctl/handlers.h"
#include "rosterctl/verdict.h"

/* What is longer is read to its end and not kept. 1: a line, without its break; 0: the end. */
static int read_line(FILE *from, struct buffer *ret)
{
	int c, read = 0;

	buffer_reset(ret);
	while ((c = getc_unlocked(from)) != EOF) {
		char letter = (char)c;

		read = 1;
		if (letter == '\n')
			break;
		if (!ret->full)
			buffer_add(ret, &letter, 1);
	}
	return read;
}

static bool is_blank(const struct buffer *line)
{
	for (size_t i = 0; i < line->length; i++)
		if (!strchr(" \t\r", line->bytes[i]))
			return false;
	return true;
}

static int judge_lines(struct ctl *ctl, verdict_fn *judge, struct error *e)
{
	const char *name = ctl_word(ctl, 0);
	FILE *from = name && !text_equal(name, "-") ? fopen(name, "re") : stdin;
	struct buffer line;

	if (!from)
		return usage_error(e, "could not read \"%s\": %s", name, strerror(errno));
	buffer_open(&line, VERDICT_LINE_MOST);
	while (read_line(from, &line) == 1) {
		scoped(arena) *arena = arena_open("line");

		if (line.full)
			printf("{\"ok\":false,\"error\":\"check.question: the line has more than %d "
			       "bytes\"}\n",
			       VERDICT_LINE_MOST);
		else if (!is_blank(&line))
			printf("%s\n", verdict_line(arena, judge, line.bytes, line.length));
		fflush(stdout);
	}
	buffer_close(&line);
	if (from != stdin)
		fclose(from);
	return 0;
}

int check_saml(struct ctl *ctl, struct error *e)
{
	return judge_lines(ctl, verdict_saml, e);
}

int check_metadata(struct ctl *ctl, struct error *e)
{
	return judge_lines(ctl, verdict_metadata, e);
}

int check_jws(struct ctl *ctl, struct error *e)
{
	return judge_lines(ctl, verdict_jws, e);
}
