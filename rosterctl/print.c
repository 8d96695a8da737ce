/* Shows answers. */
#include "rosterctl/print.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "rosterctl/body.h"
#include "rosterctl/cell.h"
#include "rosterctl/exits.h"
#include "rosterctl/pages.h"
#include "rosterctl/safe.h"
#include "rosterctl/session.h"

enum { CONFIRM_MOST = 16 };

/* A list while it is being printed. */
struct printing {
	struct ctl *ctl;
	struct table table;
	size_t printed;
};

/* Prints the first `count` objects of an array. */
static void print_objects(struct arena *arena, struct table *table, const struct json *array, size_t count)
{
	const char **cells = arena_array(arena, count * table->count, sizeof(*cells)), **cell = cells;

	for (size_t i = 0; i < count; i++)
		for (const struct column *column = table->columns; column->title; column++)
			*cell++ = cell_text(arena, cell_member(json_at(array, i), column), column->form);
	if (count > 0)
		table_print(table, stdout, cells, count);
}

static int print_rows(struct arena *arena, const struct page *page, void *context, struct error *e)
{
	struct printing *p = context;

	(void)e;
	print_objects(arena, &p->table, page->list, page->count);
	p->printed += page->count;
	fflush(stdout);
	return 0;
}

static int print_items(struct arena *arena, const struct page *page, void *context, struct error *e)
{
	struct printing *p = context;
	struct items items = page->items;
	const char *item;
	size_t length;

	(void)arena, (void)e;
	for (size_t i = 0; i < page->count && items_next(&items, &item, &length) > 0; i++, p->printed++) {
		if (!p->ctl->lines)
			fputs(p->printed > 0 ? ",\n" : "\n", stdout);
		safe_json(stdout, item, length, true);
		if (p->ctl->lines)
			fputc('\n', stdout);
	}
	return 0;
}

static int most_items(const struct ctl *ctl, int64_t *ret, struct error *e)
{
	const char *limit = ctl_option(ctl, "limit");

	*ret = 0;
	if (limit && (text_to_int64(limit, ret) < 0 || *ret < 1))
		return usage_error(e, "--limit is \"%s\"; a number from 1 on is expected", limit);
	return 0;
}

int print_list(struct ctl *ctl, const char *path, const struct listing *listing, struct error *e)
{
	struct printing p = { .ctl = ctl };
	bool whole = ctl->json && !ctl->lines;
	int64_t most;

	if (most_items(ctl, &most, e) < 0)
		return -1;
	table_open(&p.table, listing->columns, table_terminal(stdout));
	if (whole)
		fputs("{\"items\":[", stdout);
	if (pages_walk(ctl->session, path, most, ctl->json ? print_items : print_rows, &p, e) < 0)
		return -1;
	if (whole)
		fputs(p.printed > 0 ? "\n],\"next\":null}\n" : "],\"next\":null}\n", stdout);
	else if (p.printed == 0 && !ctl->json)
		fprintf(stderr, "%s\n", listing->none);
	return 0;
}

void print_table(struct ctl *ctl, const struct json *array, const struct column *columns)
{
	struct table table;

	table_open(&table, columns, table_terminal(stdout));
	print_objects(ctl->arena, &table, array, json_count(array));
}

void print_record(struct ctl *ctl, const struct json *object, const struct column *columns)
{
	size_t widest = 0;

	for (const struct column *c = columns; c->title; c++)
		if (cell_member(object, c) && safe_width(c->title) > widest)
			widest = safe_width(c->title);
	for (const struct column *c = columns; c->title; c++)
		if (cell_member(object, c))
			printf("%-*s  %s\n", (int)widest, c->title,
			       cell_text(ctl->arena, cell_member(object, c), c->form));
}

void print_answer(struct ctl *ctl, const struct answer *answer, const struct column *columns)
{
	if (!ctl->json) {
		print_record(ctl, answer->json, columns);
		return;
	}
	safe_json(stdout, answer->bytes, answer->length, ctl->lines);
	if (answer->length > 0 && answer->bytes[answer->length - 1] != '\n')
		fputc('\n', stdout);
}

int print_thing(struct ctl *ctl, const char *path, const struct column *columns, struct error *e)
{
	struct answer answer;

	if (session_ask(ctl->session, ctl->arena, "GET", path, NULL, &answer, e) < 0)
		return -1;
	print_answer(ctl, &answer, columns);
	return 0;
}

int print_reply(struct ctl *ctl, const char *method, const char *path, struct body *body,
		const struct column *columns, struct error *e)
{
	struct answer answer;

	if (body_end(body, e) < 0 ||
	    session_ask(ctl->session, ctl->arena, method, path, &body->buffer, &answer, e) < 0)
		return -1;
	print_answer(ctl, &answer, columns);
	return 0;
}

/* What is foreign in a line is made harmless with the rest of it. */
__attribute__((format(printf, 3, 0))) static void print_safe(const struct ctl *ctl, FILE *out,
							     const char *fmt, va_list args)
{
	fprintf(out, "%s\n", safe_text(ctl->arena, arena_formatv(ctl->arena, fmt, args)));
}

void print_line(struct ctl *ctl, const char *fmt, ...)
{
	va_list args;

	if (ctl->json)
		return;
	va_start(args, fmt);
	print_safe(ctl, stdout, fmt, args);
	va_end(args);
}

void print_hint(struct ctl *ctl, const char *fmt, ...)
{
	va_list args;

	if (ctl->json || !isatty(STDERR_FILENO))
		return;
	va_start(args, fmt);
	print_safe(ctl, stderr, fmt, args);
	va_end(args);
}

int print_confirm(struct ctl *ctl, const char *what, struct error *e)
{
	char reply[CONFIRM_MOST];

	if (ctl_given(ctl, "yes") || !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return 0;
	fprintf(stderr, "%s? Type yes: ", safe_text(ctl->arena, what));
	if (fgets(reply, sizeof(reply), stdin) && strcmp(reply, "yes\n") == 0)
		return 0;
	return usage_error(e, "nothing was done");
}
