/* A token and a set of keys, of any bytes, a line each: what is accepted is told whole, what is refused has a
 * reason and tells nothing. */
#include "common/jws.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "this does not hold: %s\n", what);
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	scoped(arena) *arena = arena_open("fuzz");
	const char *text = (const char *)bytes, *line = size ? memchr(text, '\n', size) : NULL;
	struct error e = { 0 };
	struct json *keys;
	struct jws found = { 0 };

	if (!line || json_parse(arena, line + 1, size - (size_t)(line + 1 - text), &keys, &e) < 0)
		return 0;
	if (jws_verify(arena, text, (size_t)(line - text), keys, jws_algorithms, &found, &e) < 0) {
		must(e.code[0] && e.text[0] && text_is_utf8(e.text, strlen(e.text)),
		     "a refusal has a reason");
		must(!found.header && !found.payload, "nothing is told of what was refused");
	} else {
		bool known = false;

		for (size_t i = 0; jws_algorithms[i]; i++)
			known = known || text_equal(jws_algorithms[i], found.algorithm);
		must(known && found.header && found.payload, "what is accepted is told");
	}
	return 0;
}
