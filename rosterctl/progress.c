/* Writes one line over again. */
#include "rosterctl/progress.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/json.h"
#include "rosterctl/cell.h"
#include "rosterctl/safe.h"

static bool is_live(void)
{
	const char *term = getenv("TERM");

	return isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0;
}

static long long number(const struct json *run, const char *name)
{
	return (long long)json_int(json_member(run, name));
}

const char *progress_read(struct arena *arena, const struct json *run)
{
	long long people = number(run, "people"), groups = number(run, "groups"),
		  memberships = number(run, "memberships"), pages = number(run, "pages");

	return arena_format(arena, "%lld %s, %lld group%s, %lld membership%s in %lld page%s", people,
			    people == 1 ? "person" : "people", groups, groups == 1 ? "" : "s", memberships,
			    memberships == 1 ? "" : "s", pages, pages == 1 ? "" : "s");
}

void progress_show(struct arena *arena, const struct json *run)
{
	size_t fit = table_terminal(stderr);
	const char *line;

	if (!is_live())
		return;
	line = arena_format(arena, "%s: %s", cell_text(arena, json_member(run, "state"), CELL_TEXT),
			    progress_read(arena, run));
	fprintf(stderr, "\r%.*s\033[K", (int)safe_cut(line, fit > 1 ? fit - 1 : 79), line);
}

void progress_end(void)
{
	if (is_live())
		fputs("\r\033[K", stderr);
}
