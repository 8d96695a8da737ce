/* Any bytes as an export of the audit: told what is wrong with them, line by line, or an export that holds together. */
#include "base/arena.h"
#include "base/text.h"
#include "rosterctl/exported.h"
#include "rosterctl/verify.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "this does not hold: %s\n", what);
	abort();
}

static void tell(void *context, const char *file, size_t line, const char *what)
{
	int64_t *told = context;

	(void)line;
	++*told;
	must(file && what[0] && text_is_utf8(what, strlen(what)), "what is wrong is told in UTF-8");
}

/* Every line has cells that are text; and reading ends. */
static void read_all(FILE *file)
{
	scoped(exported) *exported = exported_open(file);
	scoped(arena) *arena = arena_open("fuzz");
	struct exported_line line;
	struct error e;
	size_t last = 0;
	int found;

	while ((found = exported_next(exported, arena, &line, &e)) > 0) {
		must(line.number > last, "lines have ascending numbers");
		last = line.number;
		for (int i = 0; i < EXPORTED_COLUMNS; i++)
			must(!line.cells[i] || text_is_utf8(line.cells[i], strlen(line.cells[i])), "a cell is UTF-8");
	}
	must(found == 0 || e.text[0], "what is no line is refused with a reason");
}

static void verify_all(FILE *file)
{
	scoped(arena) *arena = arena_open("fuzz");
	int64_t told = 0;
	scoped(verify) *verify = verify_open(arena, tell, &told);
	struct verify_chain chain;
	struct error e;
	size_t at = 0;

	must(verify_file(verify, "fuzz", file, &e) == 0, "memory can be read to its end");
	verify_end(verify);
	must(verify_found(verify).problems == told, "every problem is told");
	must(told > 0 || verify_next_chain(verify, &at, &chain) == 1, "what is whole is a chain");
}

/* As ends of chains that somebody noted. */
static void note_all(FILE *file)
{
	scoped(arena) *arena = arena_open("fuzz");
	int64_t told = 0;
	scoped(verify) *verify = verify_open(arena, tell, &told);
	struct error e;

	must(verify_heads(verify, "fuzz", file, &e) == 0 || e.text[0], "what is no note is refused with a reason");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static void (*const readers[])(FILE *) = { read_all, verify_all, note_all };

	for (size_t i = 0; i < ARRAY_COUNT(readers); i++) {
		FILE *file = size > 0 ? fmemopen((void *)(uintptr_t)bytes, size, "r") : fopen("/dev/null", "r");

		must(file != NULL, "memory can be opened");
		readers[i](file);
		fclose(file);
	}
	return 0;
}
