/* What is wrong with a configuration: collected, ordered, shown. */
#include "problem.h"

#include <stdbool.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"

void problems_open(struct problems *problems, struct arena *arena)
{
	*problems = (struct problems){ .arena = arena };
}

void problem_add(struct problems *problems, const char *file, int line, const char *fmt, ...)
{
	if (problems->count == PROBLEMS_MOST) {
		problems->beyond++;
		return;
	}

	va_list args;
	va_start(args, fmt);
	problems->list[problems->count++] = (struct problem){
		.file = arena_text(problems->arena, file),
		.line = line,
		.text = arena_formatv(problems->arena, fmt, args),
	};
	va_end(args);
}

static bool is_later(const struct problem *a, const struct problem *b)
{
	int files = strcmp(a->file, b->file);

	return files ? files > 0 : a->line > b->line;
}

/* By insertion: what comes is nearly in order, and equal lines must keep theirs. */
void problems_sort(struct problems *problems, size_t from)
{
	for (size_t i = from + 1; i < problems->count; i++) {
		struct problem moved = problems->list[i];
		size_t to = i;

		for (; to > from && is_later(&problems->list[to - 1], &moved); to--)
			problems->list[to] = problems->list[to - 1];
		problems->list[to] = moved;
	}
}

void problems_print(const struct problems *problems, FILE *to)
{
	for (size_t i = 0; i < problems->count; i++) {
		const struct problem *problem = &problems->list[i];

		if (problem->line)
			fprintf(to, "%s:%d: %s\n", problem->file, problem->line, problem->text);
		else
			fprintf(to, "%s: %s\n", problem->file, problem->text);
	}
	if (problems->beyond)
		fprintf(to, "... and %zu more\n", problems->beyond);
}

const char *problem_value(struct problems *problems, const char *value)
{
	size_t length = strlen(value);

	if (length <= PROBLEM_VALUE_MOST)
		return value;
	return arena_format(problems->arena, "%.*s...", (int)text_cut(value, length, PROBLEM_VALUE_MOST),
			    value);
}
