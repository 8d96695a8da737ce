/* Reads everything that a connection has, through the child and the wire, and throws it away: what reading
 * costs without what is done with it.
 *
 *   drain PLUGIN NAME=VALUE ...     VALUE @FILE is the text of the file
 *
 * Prints one line: people, groups, memberships, refused, pages, seconds, and how the listing ended. Notes go
 * to standard error. */
#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "plugin/catalog.h"
#include "plugin/link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SETTINGS_MOST = 64, FILE_MOST = 65536, DEADLINE_MS = 300000, PAGE_MOST = 1000 };

struct count {
	unsigned long people, groups, memberships, refused, pages;
};

static int fail(const struct error *e)
{
	fprintf(stderr, "drain: %s\n", e->text);
	return 1;
}

static const char *read_file(struct arena *arena, const char *path)
{
	char *text = arena_take(arena, FILE_MOST);
	FILE *file = fopen(path, "re");

	if (!file || fread(text, 1, FILE_MOST - 1, file) == 0) {
		fprintf(stderr, "drain: cannot read %s\n", path);
		exit(1);
	}
	fclose(file);
	return text;
}

static struct link_setting read_setting(struct arena *arena, const char *pair)
{
	const char *equals = strchr(pair, '=');

	if (!equals) {
		fprintf(stderr, "drain: \"%s\" is no NAME=VALUE\n", pair);
		exit(2);
	}
	return (struct link_setting){ .name = arena_text_n(arena, pair, (size_t)(equals - pair)),
				      .text = equals[1] == '@' ? read_file(arena, equals + 2) : equals + 1 };
}

static int open_catalog(struct arena *arena, struct catalog **ret, struct error *e)
{
	const char *build = getenv("BUILDDIR") ? getenv("BUILDDIR") : ".";
	const struct catalog_options options = {
		.plugin_directory = arena_format(arena, "%s/plugins", build),
		.child_path = arena_format(arena, "%s/rosterd-connector", build),
		.children_most = 2,
		.child_memory_most = 1ull << 30,
		.describe_deadline_ms = 10000,
	};

	return catalog_open(&options, ret, e);
}

static void tally(struct count *count, const struct link_item *item)
{
	switch (item->kind) {
	case LINK_PERSON:
		count->people++;
		break;
	case LINK_GROUP:
		count->groups++;
		break;
	case LINK_MEMBERSHIP:
		count->memberships++;
		break;
	case LINK_REFUSED:
		count->refused++;
		break;
	case LINK_NOTE:
		fprintf(stderr, "drain: %s\n", item->text);
		break;
	case LINK_MEMBERSHIP_GONE:
	case LINK_PRESENT:
		break; /* nobody asks what changed */
	}
}

/* One page. 1: there is more. */
static int drain_page(struct link *link, struct link_ask *ask, struct count *count, struct error *e)
{
	struct link_item item;
	int got;

	if (link_ask(link, ask, e) < 0)
		return -1;
	while ((got = link_next(link, &item, e)) == 1)
		tally(count, &item);
	count->pages++;
	return got < 0 ? -1 : link_end(link)->more;
}

static int drain(struct link *link, struct count *count, struct error *e)
{
	static char cursor[131072];
	struct link_ask ask = { .scope = LINK_ALL, .page_most = PAGE_MOST };
	int more;

	while ((more = drain_page(link, &ask, count, e)) == 1) {
		const struct link_end *end = link_end(link);

		memcpy(cursor, end->cursor, end->cursor_size);
		ask.cursor = cursor;
		ask.cursor_size = end->cursor_size;
	}
	return more;
}

int main(int argc, char **argv)
{
	scoped(arena) *arena = arena_open("drain");
	scoped(catalog) *catalog = NULL;
	scoped(link) *link = NULL;
	struct link_setting settings[SETTINGS_MOST];
	struct link_options options = { .settings = settings,
					.deadline_ms = DEADLINE_MS,
					.allow_private = true };
	struct count count = { 0 };
	struct error e;
	int64_t began;

	if (argc < 2 || argc - 2 > SETTINGS_MOST) {
		fprintf(stderr, "usage: drain PLUGIN NAME=VALUE ...\n");
		return 2;
	}
	log_open(LOG_PLAIN, LOG_LEVEL_ERROR);
	options.plugin = argv[1];
	for (int i = 2; i < argc; i++)
		settings[options.setting_count++] = read_setting(arena, argv[i]);

	began = clock_monotonic_ms();
	if (open_catalog(arena, &catalog, &e) < 0 || link_open(catalog, &options, &link, &e) < 0 ||
	    drain(link, &count, &e) < 0)
		return fail(&e);
	printf("people %lu groups %lu memberships %lu refused %lu pages %lu seconds %.3f %s: %s\n",
	       count.people, count.groups, count.memberships, count.refused, count.pages,
	       (double)(clock_monotonic_ms() - began) / 1000, link_end(link)->whole ? "whole" : "incomplete",
	       link_end(link)->proof);
	return 0;
}
