/* Collects findings and shows them. */
#include "doctor/report.h"

#include <stdarg.h>

static const char *const words[] = {
	[FINDING_OK] = "ok",
	[FINDING_NOTE] = "note",
	[FINDING_WARNING] = "warning",
	[FINDING_PROBLEM] = "problem",
};

void report_open(struct report *report, struct arena *arena)
{
	*report = (struct report){ .arena = arena };
	report->list = arena_array(arena, REPORT_FINDINGS_MOST, sizeof(*report->list));
}

void report_add(struct report *report, struct finding finding)
{
	if (report->count < REPORT_FINDINGS_MOST)
		report->list[report->count++] = finding;
	else
		report->beyond++;
}

__attribute__((format(printf, 4, 0))) static void add(struct report *report, enum finding_level level,
						      const char *code, const char *fmt, va_list args)
{
	report_add(report,
		   (struct finding){ level, code, arena_formatv(report->arena, fmt, args), NULL, NULL });
}

void report_ok(struct report *report, const char *code, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add(report, FINDING_OK, code, fmt, args);
	va_end(args);
}

void report_note(struct report *report, const char *code, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add(report, FINDING_NOTE, code, fmt, args);
	va_end(args);
}

const char *finding_level_word(enum finding_level level)
{
	return words[level];
}

enum finding_level report_worst(const struct report *report)
{
	enum finding_level worst = FINDING_OK;

	for (size_t i = 0; i < report->count; i++)
		if (report->list[i].level > worst)
			worst = report->list[i].level;
	return worst;
}

static void print_finding(const struct finding *finding, FILE *to)
{
	fprintf(to, "%-8s %s: %s\n", words[finding->level], finding->code, finding->found);
	if (finding->why)
		fprintf(to, "         why: %s\n", finding->why);
	if (finding->todo)
		fprintf(to, "         do:  %s\n", finding->todo);
}

void report_print(const struct report *report, FILE *to)
{
	for (int level = FINDING_PROBLEM; level >= FINDING_OK; level--)
		for (size_t i = 0; i < report->count; i++)
			if (report->list[i].level == (enum finding_level)level)
				print_finding(&report->list[i], to);
	if (report->beyond > 0)
		fprintf(to, "%zu more findings are not shown\n", report->beyond);
}
