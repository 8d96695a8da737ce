/* What a look at an installation found: each finding with a code, what was found, why it matters and what to
 * do.
 *
 * A finding holds no secret and no name or address of a person; what it quotes are paths, roles, tables, names
 * of organisations and connections, and numbers. Everything stands in the report's arena. */
#ifndef ROSTERD_DOCTOR_REPORT_H
#define ROSTERD_DOCTOR_REPORT_H

#include <stddef.h>
#include <stdio.h>

#include "base/arena.h"

enum { REPORT_FINDINGS_MOST = 1000 };

enum finding_level {
	FINDING_OK,
	FINDING_NOTE,	 /* worth knowing; or could not be looked at, and why */
	FINDING_WARNING, /* it works, and will not for long, or is less safe than it could be */
	FINDING_PROBLEM, /* something does not work, or a wall is down */
};

struct finding {
	enum finding_level level;
	const char *code; /* for programs, never changes: "key.mode"; a literal */
	const char *found;
	const char *why;  /* NULL if nothing is to be done */
	const char *todo; /* a command, or words if there is none; NULL likewise */
};

struct report {
	struct arena *arena;
	struct finding *list;
	size_t count;
	size_t beyond; /* how many more there were than are kept */
};

void report_open(struct report *report, struct arena *arena);

/* Adds one; what it points to is borrowed. */
void report_add(struct report *report, struct finding finding);

/* Nothing is wrong with it. */
void report_ok(struct report *report, const char *code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* A note: worth knowing, or why it could not be looked at. */
void report_note(struct report *report, const char *code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* A text in the report's arena. */
#define say(report, ...) arena_format((report)->arena, __VA_ARGS__)

/* The worst level among the findings. */
enum finding_level report_worst(const struct report *report);

/* The level's word: "ok", "note", "warning", "problem". */
const char *finding_level_word(enum finding_level level);

/* The findings for people: what is worst comes first, what is well is a line each. */
void report_print(const struct report *report, FILE *to);

#endif
