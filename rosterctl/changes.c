/* Shows who would come, go or be different. */
#include "rosterctl/changes.h"

#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "rosterctl/cell.h"
#include "rosterctl/pages.h"
#include "rosterctl/safe.h"

enum { CHANGE_COLUMNS = 4, DIFFERENCE_MOST = 4096 };

static const struct column columns[] = {
	{ "", "", CELL_TEXT },
	{ "change", "kind", CELL_TEXT },
	{ "who", "name,subject", CELL_TEXT },
	{ "what", "", CELL_TEXT },
	{ 0 },
};

/* Who comes is marked "+", who goes "-"; all else is a difference, "~". */
static const char *sign_of(const char *kind)
{
	static const char *const coming[] = { "member.joined",	    "member.restored",	 "group.created",
					      "group.member_added", "group.group_added", NULL };
	static const char *const going[] = { "member.suspended",     "account.gone",	    "group.removed",
					     "group.member_removed", "group.group_removed", NULL };

	for (const char *const *word = coming; *word; word++)
		if (text_equal(kind, *word))
			return "+";
	for (const char *const *word = going; *word; word++)
		if (text_equal(kind, *word))
			return "-";
	return "~";
}

/* One member that is different, was not there before, or is gone. */
static void add_difference(struct arena *arena, struct buffer *buffer, const char *name,
			   const struct json *before, const struct json *after)
{
	const char *old = cell_text(arena, before, CELL_TEXT), *new = cell_text(arena, after, CELL_TEXT);

	if (strcmp(old, new) == 0)
		return;
	buffer_format(buffer, "%s%s: ", buffer->length > 0 ? ", " : "", safe_text(arena, name));
	buffer_format(buffer, strcmp(old, "-") == 0 ? "%.0s%s" : "%s -> %s", old, new);
}

/* Whether this is said better by what stands beside it: of an account, its user name. */
static bool is_said(const struct json *all, const char *name)
{
	return text_equal(name, "account") && json_text(json_member(all, "user_name"));
}

/* What is no more, where nothing has taken its place. */
static void add_gone(struct arena *arena, struct buffer *buffer, const char *name, const struct json *before)
{
	buffer_format(buffer, "%s%s: %s", buffer->length > 0 ? ", " : "", safe_text(arena, name),
		      cell_text(arena, before, CELL_TEXT));
}

static const char *difference(struct arena *arena, const struct json *change)
{
	const struct json *before = json_member(change, "before"), *after = json_member(change, "after"),
			  *value;
	struct buffer buffer;
	const char *name, *text;

	buffer_open(&buffer, DIFFERENCE_MOST);
	for (size_t at = 0; json_next(after, &at, &name, &value) > 0;)
		if (!is_said(after, name))
			add_difference(arena, &buffer, name, json_member(before, name), value);
	for (size_t at = 0; json_next(before, &at, &name, &value) > 0;)
		if (!json_is_object(after) && !is_said(before, name))
			add_gone(arena, &buffer, name, value);
		else if (json_is_object(after) && !json_member(after, name))
			add_difference(arena, &buffer, name, value, NULL);
	text = arena_text_n(arena, buffer.length > 0 ? buffer.bytes : "", buffer.length);
	buffer_close(&buffer);
	return text;
}

static int print_changes(struct arena *arena, const struct page *page, void *context, struct error *e)
{
	const char **cells = arena_array(arena, page->count * CHANGE_COLUMNS, sizeof(*cells)), **cell = cells;
	struct table *table = context;

	(void)e;
	for (size_t i = 0; i < page->count; i++) {
		const struct json *change = json_at(page->list, i);

		*cell++ = sign_of(json_text(json_member(change, "kind")));
		*cell++ = cell_text(arena, cell_member(change, &columns[1]), CELL_TEXT);
		*cell++ = cell_text(arena, cell_member(change, &columns[2]), CELL_TEXT);
		*cell++ = difference(arena, change);
	}
	if (page->count > 0)
		table_print(table, stdout, cells, page->count);
	return 0;
}

int changes_print(struct ctl *ctl, const char *path, struct error *e)
{
	struct table table;

	table_open(&table, columns, table_terminal(stdout));
	return pages_walk(ctl->session, path, 0, print_changes, &table, e);
}

const char *changes_counts(struct arena *arena, const struct json *counts)
{
	const char *text = "", *kind;
	const struct json *count;

	for (size_t at = 0; json_next(counts, &at, &kind, &count) > 0;)
		if (json_int(count) > 0)
			text = arena_format(arena, "%s%s%lld %s", text, *text ? ", " : "",
					    (long long)json_int(count), safe_text(arena, kind));
	return *text ? text : "nothing";
}
