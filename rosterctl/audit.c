/* The audit of an organisation, up to now or as it is written. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/json.h"
#include "base/text.h"
#include "rosterctl/cell.h"
#include "rosterctl/exits.h"
#include "rosterctl/handlers.h"
#include "rosterctl/pages.h"
#include "rosterctl/path.h"
#include "rosterctl/print.h"
#include "rosterctl/safe.h"

enum {
	FOLLOW_PAUSE_S = 1,
	FOLLOW_OVERLAP_US = 10 * 1000 * 1000, /* entries are seen when they commit, which is not the order of their times */
	FOLLOW_SEEN = 4096,                   /* ids that are remembered, so that the overlap is not shown twice */
	FOLLOW_COLUMNS = 6,
};

static const struct column columns[] = {
	{ "at", "at", CELL_TIME },         { "who", "actor", CELL_TEXT },
	{ "did", "action", CELL_TEXT },    { "to", "target_name", CELL_TEXT },
	{ "target", "target", CELL_TEXT }, { "through", "source", CELL_TEXT },
	{ 0 },
};

/* An audit that is being followed. */
struct following {
	struct ctl *ctl;
	struct table table;
	int64_t newest_us;
	char seen[FOLLOW_SEEN][ID_TEXT_SIZE]; /* a ring */
	size_t next_seen;
};

/* "2026-11-22T09:00:00Z" as it is, "1h" as the time an hour ago. */
static int instant(struct ctl *ctl, const char *option, const char **ret, struct error *e)
{
	const char *given = ctl_option(ctl, option);
	char text[CLOCK_TEXT_SIZE];
	int64_t ago_ms, us;

	*ret = given;
	if (!given || clock_parse(given, &us) == 0)
		return 0;
	if (text_to_duration_ms(given, &ago_ms) < 0 || ago_ms < 0 || ago_ms > clock_now_us() / 1000)
		return usage_error(e, "--%s is \"%s\"; a time such as \"2026-11-22T09:00:00Z\" or \"1h\" (ago) is expected",
		                   option, given);
	*ret = arena_text(ctl->arena, clock_text(clock_now_us() - ago_ms * 1000, text));
	return 0;
}

static const char *filtered_path(struct ctl *ctl, struct arena *arena, const char *since, const char *until)
{
	const char *path = path_make(arena, "/v1/organisations/{}/audit", ctl_word(ctl, 0));

	path = path_with(arena, path, "action", ctl_option(ctl, "action"));
	path = path_with(arena, path, "target", ctl_option(ctl, "target"));
	path = path_with(arena, path, "since", since);
	return path_with(arena, path, "until", until);
}

static bool was_seen(struct following *f, const char *id)
{
	for (size_t i = 0; i < FOLLOW_SEEN; i++)
		if (strncmp(f->seen[i], id, ID_TEXT_SIZE - 1) == 0)
			return true;
	snprintf(f->seen[f->next_seen], ID_TEXT_SIZE, "%s", id);
	f->next_seen = (f->next_seen + 1) % FOLLOW_SEEN;
	return false;
}

static void print_entry(struct following *f, struct arena *arena, const struct json *entry, const char *bytes,
                        size_t length)
{
	const char *cells[FOLLOW_COLUMNS];

	if (f->ctl->json) {
		safe_json(stdout, bytes, length, true);
		fputc('\n', stdout);
		return;
	}
	for (size_t i = 0; i < FOLLOW_COLUMNS; i++)
		cells[i] = cell_text(arena, cell_member(entry, &columns[i]), columns[i].form);
	table_print(&f->table, stdout, cells, 1);
}

static int print_new(struct arena *arena, const struct page *page, void *context, struct error *e)
{
	struct following *f = context;
	struct items items = page->items;
	const char *bytes;
	size_t length;
	int64_t us;

	(void)e;
	for (size_t i = 0; i < page->count && items_next(&items, &bytes, &length) > 0; i++) {
		const struct json *entry = json_at(page->list, i);
		const char *id = json_text(json_member(entry, "id")), *at = json_text(json_member(entry, "at"));

		if (!id || !at || clock_parse(at, &us) < 0 || was_seen(f, id))
			continue;
		if (us > f->newest_us)
			f->newest_us = us;
		print_entry(f, arena, entry, bytes, length);
	}
	return fflush(stdout) == 0 ? 0 : error_set(e, ERROR_INTERNAL, "output", "could not write the output");
}

/* Asks again and again, until interrupted or refused. */
static int follow(struct ctl *ctl, const char *since, struct error *e)
{
	struct following *f = arena_take(ctl->arena, sizeof(*f));
	char text[CLOCK_TEXT_SIZE];

	f->ctl = ctl;
	f->newest_us = clock_now_us() + FOLLOW_OVERLAP_US;
	if (since && clock_parse(since, &f->newest_us) == 0)
		f->newest_us += FOLLOW_OVERLAP_US;
	table_open(&f->table, columns, table_terminal(stdout));
	for (;;) {
		scoped(arena) *arena = arena_open("follow");
		const char *from = clock_text(f->newest_us - FOLLOW_OVERLAP_US, text);

		if (pages_walk(ctl->session, filtered_path(ctl, arena, from, NULL), 0, print_new, f, e) < 0)
			return -1;
		nanosleep(&(struct timespec){ .tv_sec = FOLLOW_PAUSE_S }, NULL);
	}
}

int audit_list(struct ctl *ctl, struct error *e)
{
	const char *since, *until;

	if (instant(ctl, "since", &since, e) < 0 || instant(ctl, "until", &until, e) < 0)
		return -1;
	if (!ctl_given(ctl, "follow"))
		return print_list(ctl, filtered_path(ctl, ctl->arena, since, until),
		                  &(struct listing){ columns, "no entries" }, e);
	if (until || ctl_given(ctl, "limit"))
		return usage_error(e, "--follow has no end; it goes with neither --until nor --limit");
	return follow(ctl, since, e);
}
