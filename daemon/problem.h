/* What is wrong with a configuration: all of it, not the first of it.
 *
 * Collected while files are read, shown in the order of the files and their lines. A text never holds a value
 * that may be secret. */
#ifndef ROSTERD_PROBLEM_H
#define ROSTERD_PROBLEM_H

#include <stddef.h>
#include <stdio.h>

struct arena;

enum { PROBLEMS_MOST = 100, PROBLEM_VALUE_MOST = 60 };

struct problem {
	const char *file;
	int line; /* 0: the file as a whole */
	const char *text;
};

struct problems {
	struct arena *arena; /* where files and texts stand */
	struct problem list[PROBLEMS_MOST];
	size_t count;
	size_t beyond; /* how many more there were than fit */
};

void problems_open(struct problems *problems, struct arena *arena);

/* Adds one. */
void problem_add(struct problems *problems, const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Puts what was added since `from` into the order of files' names and lines; of one line, as it was added. */
void problems_sort(struct problems *problems, size_t from);

/* "FILE:LINE: text", a line each, and how many more there are. */
void problems_print(const struct problems *problems, FILE *to);

/* A value as it can be shown in a message: cut at a whole character. Stands in the arena. */
const char *problem_value(struct problems *problems, const char *value);

#endif
