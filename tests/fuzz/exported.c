/* An export of the audit that somebody else has made: any bytes are read as lines or refused with a reason, and what is read as
 * a number is one. */
#include "platform.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "exported.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void check_number(const char *cell)
{
	must(!cell || strspn(cell, "-0123456789") == strlen(cell));
}

static void check_line(const struct exported_line *line, size_t after)
{
	must(line->number > after);
	check_number(line->cells[EXPORTED_FIRST]);
	check_number(line->cells[EXPORTED_LAST]);
	check_number(line->cells[EXPORTED_POSITION]);
	check_number(line->cells[EXPORTED_ID]);
	check_number(line->cells[EXPORTED_ENTRIES]);
}

static void read_all(FILE *file)
{
	struct exported *exported = exported_open(file);
	scoped(arena) *arena = arena_open("fuzz");
	struct exported_line line = { 0 };
	struct error e = { 0 };
	size_t after = 0;
	int got;

	while ((got = exported_next(exported, arena, &line, &e)) > 0) {
		check_line(&line, after);
		after = line.number;
	}
	must(got == 0 || e.text[0]);
	exported_close(&exported);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	FILE *file = size > 0 ? fmemopen((void *)(uintptr_t)bytes, size, "r") : fopen("/dev/null", "re");

	must(file != NULL);
	read_all(file);
	fclose(file);
	return 0;
}
