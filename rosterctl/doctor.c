/* Says what is wrong with this installation. */
#include <stdio.h>

#include "base/arena.h"
#include "base/json.h"
#include "platform.h"
#include "rosterctl/examine.h"
#include "rosterctl/exits.h"
#include "rosterctl/handlers.h"
#include "rosterctl/print.h"
#include "rosterctl/safe.h"

static const char *const levels[] = { "problem", "warning", "note", "ok", NULL };

static const char *shown(struct ctl *ctl, const struct json *finding, const char *name)
{
	const char *text = json_text(json_member(finding, name));

	return text ? safe_text(ctl->arena, text) : NULL;
}

static void print_finding(struct ctl *ctl, const struct json *finding)
{
	const char *why = shown(ctl, finding, "why"), *todo = shown(ctl, finding, "todo");

	printf("%-8s %s: %s\n", shown(ctl, finding, "level"), shown(ctl, finding, "code"), shown(ctl, finding, "found"));
	if (why)
		printf("         why: %s\n", why);
	if (todo)
		printf("         do:  %s\n", todo);
}

/* What is worst comes first; what is well only if it was asked for. */
static void print_findings(struct ctl *ctl, const struct json *findings)
{
	for (const char *const *level = levels; *level; level++)
		for (size_t i = 0; i < json_count(findings); i++)
			if (text_equal(json_text(json_member(json_at(findings, i), "level")), *level) &&
			    (!text_equal(*level, "ok") || ctl_given(ctl, "all")))
				print_finding(ctl, json_at(findings, i));
}

static void print_for_people(struct ctl *ctl, const struct examination *x)
{
	const char *bytes = arena_format(ctl->arena, "[%s]", x->findings->bytes);
	struct json *findings;
	struct error e;

	if (json_parse(ctl->arena, bytes, x->findings->length + 2, &findings, &e) == 0)
		print_findings(ctl, findings);
	print_line(ctl, "%zu problem%s, %zu warning%s, %zu note%s; %zu check%s well%s", x->problems, x->problems == 1 ? "" : "s",
		   x->warnings, x->warnings == 1 ? "" : "s", x->notes, x->notes == 1 ? "" : "s", x->well,
		   x->well == 1 ? " is" : "s are", ctl_given(ctl, "all") ? "" : " (--all shows them)");
}

/* One object, with the findings of everybody in one list. */
static void print_for_programs(struct ctl *ctl, const struct examination *x)
{
	__attribute__((cleanup(buffer_close))) struct buffer buffer;
	struct json_writer w;

	(void)ctl;
	buffer_open(&buffer, EXAMINE_BYTES_MOST);
	json_writer_open(&w, &buffer);
	examine_write(x, &w);
	safe_json(stdout, buffer.bytes, buffer.length, false);
	putchar('\n');
}

static int judge(const struct examination *x, struct error *e)
{
	if (x->problems > 0)
		return error_set(e, ERROR_INTERNAL, CODE_PROBLEM, "something is wrong with this installation");
	if (x->warnings > 0)
		return error_set(e, ERROR_INTERNAL, CODE_WARNING, "somebody should look at this installation");
	return 0;
}

int doctor_examine(struct ctl *ctl, struct error *e)
{
	__attribute__((cleanup(buffer_close))) struct buffer findings;
	struct examination x;

	buffer_open(&findings, EXAMINE_BYTES_MOST);
	examine(ctl, false, &findings, &x);
	if (ctl->json)
		print_for_programs(ctl, &x);
	else
		print_for_people(ctl, &x);
	fflush(stdout);
	return judge(&x, e);
}
