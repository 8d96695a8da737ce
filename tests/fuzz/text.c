/* Any bytes as text: what is accepted has one form, and that form is accepted and stays as it is. */
#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/id.h"
#include "base/text.h"

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

typedef int canonical_fn(struct arena *arena, const char *given, const char **ret, struct error *e);

static void check_canonical(struct arena *arena, const char *text, canonical_fn *canonical)
{
	const char *once, *twice;
	struct error e;

	if (canonical(arena, text, &once, &e) < 0) {
		must(e.kind == ERROR_INPUT && e.text[0], "a refusal has a reason");
		must(text_is_utf8(e.text, strlen(e.text)), "a reason is UTF-8");
		return;
	}
	must(text_is_printable(once, strlen(once)), "the form is printable");
	must(canonical(arena, once, &twice, &e) == 0, "the form is accepted");
	must(text_equal(once, twice), "the form stays as it is");
}

static void check_characters(const char *bytes, size_t size)
{
	bool is_utf8 = text_is_utf8(bytes, size);

	must(is_utf8 || !text_is_printable(bytes, size), "what is printable is UTF-8");
	for (size_t most = 0; most < size && most < 16; most++) {
		size_t cut = text_cut(bytes, size, most);

		must(cut <= most && most - cut < 4, "a cut is near its place");
		must(!is_utf8 || text_is_utf8(bytes, cut), "a cut leaves characters whole");
	}
}

static void check_trim(const char *text)
{
	size_t length;
	const char *trimmed = text_trim(text, &length);

	must(trimmed >= text && trimmed + length <= text + strlen(text), "what is trimmed lies within");
}

static void check_letters_for_bytes(struct arena *arena, const char *text, size_t length)
{
	uint8_t *decoded = arena_take(arena, length);
	char *encoded = arena_take(arena, 2 * length + 5);
	int size = text_unbase64url(text, length, decoded, length);

	if (size >= 0) {
		text_base64url(decoded, (size_t)size, encoded);
		must(text_equal(encoded, text), "base64url has one text for one value");
	}
	size = text_unhex(text, length, decoded, length);
	if (size >= 0) {
		text_hex(decoded, (size_t)size, encoded);
		must(text_equal_nocase(encoded, text), "hexadecimal comes back");
	}
}

static void check_numbers(const char *text)
{
	char shown[32], instant[CLOCK_TEXT_SIZE], instant_again[CLOCK_TEXT_SIZE], id_shown[ID_TEXT_SIZE];
	int64_t number, again;
	uint64_t size;
	struct id id;

	if (text_to_int64(text, &number) == 0) {
		snprintf(shown, sizeof(shown), "%lld", (long long)number);
		must(text_to_int64(shown, &again) == 0 && again == number, "a number comes back");
	}
	must(text_to_duration_ms(text, &number) < 0 || number >= 0, "a time is not negative");
	must(text_to_size(text, &size) < 0 || size <= INT64_MAX, "a size can be counted");
	if (clock_parse(text, &number) == 0) {
		must(clock_parse(clock_text(number, instant), &again) == 0, "an instant is read again");
		must(text_equal(clock_text(again, instant_again), instant), "an instant stays as it is shown");
	}
	if (id_parse(text, &id) == 0)
		must(text_equal_nocase(id_text(&id, id_shown), text), "an id comes back");
}

static void check_suggestion(const char *text)
{
	static const char *const words[] = { "connection", "domain", "interval", NULL };
	const char *meant = text_did_you_mean(text, words);

	for (const char *const *word = words; *word; word++)
		must(!text_equal_nocase(text, *word) || meant == *word, "a word means itself");
}

static void check_buffer(const char *bytes, size_t size)
{
	struct buffer buffer __attribute__((cleanup(buffer_close)));

	buffer_open(&buffer, 1000);
	for (size_t at = 0; at < size; at += 7) {
		buffer_add(&buffer, bytes + at, size - at < 7 ? size - at : 7);
		must(buffer.length <= buffer.most && buffer.bytes[buffer.length] == '\0', "a buffer keeps its maximum");
	}
	must(buffer.full == (size > 1000), "a buffer is full when something did not fit");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	scoped(arena) *arena = arena_open("fuzz");
	const char *text = arena_text_n(arena, (const char *)bytes, size);

	check_characters((const char *)bytes, size);
	check_trim(text);
	check_canonical(arena, text, text_domain);
	check_canonical(arena, text, text_email);
	check_letters_for_bytes(arena, text, strlen(text));
	check_numbers(text);
	check_suggestion(text);
	check_buffer((const char *)bytes, size);
	return 0;
}
