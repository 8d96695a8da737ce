/* The audit of an organisation, up to now or as it is written. */
#include <stdio.h>
#include <time.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "rosterctl/cell.h"
#include "rosterctl/exits.h"
#include "rosterctl/handlers.h"
#include "rosterctl/instant.h"
#include "rosterctl/pages.h"
#include "rosterctl/path.h"
#include "rosterctl/print.h"
#include "rosterctl/safe.h"
#include "rosterctl/seen.h"

enum {
	FOLLOW_PAUSE_S = 1,
	/* Entries are seen when they commit, which is not the order of their times. */
	FOLLOW_OVERLAP_US = 60 * 1000 * 1000,
	FOLLOW_COLUMNS = 5,
};

/* clang-format off */
static const struct column columns[] = {
	{ "at", "at", CELL_TIME },
	{ "who", "actor_name,actor", CELL_TEXT },
	{ "did", "action", CELL_TEXT },
	{ "to", "target_name,target", CELL_TEXT },
	{ "through", "source", CELL_TEXT },
	{ 0 },
};
/* clang-format on */

/* An audit that is being followed. */
struct following {
	struct ctl *ctl;
	struct table table;
	struct seen seen;
	int64_t begin_us;  /* nothing before it is shown */
	int64_t newest_us; /* of all entries so far */
	int64_t aged_us;   /* what newest_us was when the seen were aged */
};

static void following_close(struct following *f)
{
	seen_close(&f->seen);
}

/* An entry of a page, as it was read and as it was written. */
struct entry {
	const struct json *json;
	const char *bytes;
	size_t length;
};

static const char *filtered_path(struct ctl *ctl, struct arena *arena, const char *since, const char *until)
{
	const char *organisation = ctl_word(ctl, 0);
	const char *path =
		organisation ? path_make(arena, "/v1/organisations/{}/audit", organisation) : "/v1/audit";

	path = path_with(arena, path, "action", ctl_option(ctl, "action"));
	path = path_with(arena, path, "target", ctl_option(ctl, "target"));
	path = path_with(arena, path, "actor", ctl_option(ctl, "actor"));
	path = path_with(arena, path, "on_behalf_of", ctl_option(ctl, "on-behalf-of"));
	path = path_with(arena, path, "source", ctl_option(ctl, "source"));
	path = path_with(arena, path, "run", ctl_option(ctl, "run"));
	path = path_with(arena, path, "request", ctl_option(ctl, "request"));
	path = path_with(arena, path, "since", since);
	return path_with(arena, path, "until", until);
}

static void print_entry(struct following *f, struct arena *arena, const struct entry *entry)
{
	const char *cells[FOLLOW_COLUMNS];

	if (f->ctl->json) {
		safe_json(stdout, entry->bytes, entry->length, true);
		fputc('\n', stdout);
		return;
	}
	for (size_t i = 0; i < FOLLOW_COLUMNS; i++)
		cells[i] = cell_text(arena, cell_member(entry->json, &columns[i]), columns[i].form);
	table_print(&f->table, stdout, cells, 1);
}

/* Whether the entry was not seen yet; it moves the time from which we ask on. */
static bool is_new(struct following *f, struct arena *arena, const struct json *entry)
{
	const char *at = json_text(json_member(entry, "at"));
	int64_t us;

	if (!at || clock_parse(at, &us) < 0 ||
	    seen_before(&f->seen, cell_text(arena, json_member(entry, "id"), CELL_TEXT)))
		return false;
	if (us > f->newest_us)
		f->newest_us = us;
	return true;
}

/* Prints what is new on a page, the newest last; the API has it first. A page without news is enough. */
static int print_new(struct arena *arena, const struct page *page, void *context, struct error *e)
{
	struct entry *entries = arena_array(arena, page->count, sizeof(*entries)), entry;
	struct following *f = context;
	struct items items = page->items;
	size_t count = 0;

	for (size_t i = 0; i < page->count && items_next(&items, &entry.bytes, &entry.length) > 0; i++) {
		entry.json = json_at(page->list, i);
		if (is_new(f, arena, entry.json))
			entries[count++] = entry;
	}
	for (size_t i = count; i > 0; i--)
		print_entry(f, arena, &entries[i - 1]);
	if (fflush(stdout) != 0)
		return error_set(e, ERROR_INTERNAL, "output", "could not write the output");
	return count == 0;
}

/* The seen are needed for as long as they are asked for again. */
static void forget_old(struct following *f)
{
	if (f->newest_us - f->aged_us < FOLLOW_OVERLAP_US)
		return;
	seen_age(&f->seen);
	f->aged_us = f->newest_us;
}

/* From where to ask: a while before the newest entry, but never before the beginning. */
static const char *ask_from(const struct following *f, char ret[CLOCK_TEXT_SIZE])
{
	int64_t overlap = f->newest_us - FOLLOW_OVERLAP_US;

	return clock_text(overlap > f->begin_us ? overlap : f->begin_us, ret);
}

/* Asks again and again, until interrupted or refused. */
static int follow(struct ctl *ctl, const char *since, struct error *e)
{
	scoped(following) f = { .ctl = ctl, .begin_us = clock_now_us() };
	char from[CLOCK_TEXT_SIZE];

	if (since)
		clock_parse(since, &f.begin_us);
	f.newest_us = f.aged_us = f.begin_us;
	table_open(&f.table, columns, table_terminal(stdout));
	for (;;) {
		scoped(arena) *arena = arena_open("follow");

		if (pages_walk(ctl->session, filtered_path(ctl, arena, ask_from(&f, from), NULL), 0,
			       print_new, &f, e) < 0)
			return -1;
		forget_old(&f);
		nanosleep(&(struct timespec){ .tv_sec = FOLLOW_PAUSE_S }, NULL);
	}
}

int audit_list(struct ctl *ctl, struct error *e)
{
	const char *since, *until;

	if (instant_option(ctl, "since", &since, e) < 0 || instant_option(ctl, "until", &until, e) < 0)
		return -1;
	if (!ctl_given(ctl, "follow"))
		return print_list(ctl, filtered_path(ctl, ctl->arena, since, until),
				  &(struct listing){ columns, "no entries" }, e);
	if (until || ctl_given(ctl, "limit"))
		return usage_error(e, "--follow has no end; it goes with neither --until nor --limit");
	return follow(ctl, since, e);
}
