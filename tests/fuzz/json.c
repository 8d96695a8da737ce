/* Any bytes as JSON: refused with a reason, or a tree that can be read by a table, walked, written and parsed again. */
#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

struct everything {
	const char *text, *word;
	int64_t number, time;
	bool truth, text_given;
	const char *const *texts;
	const struct json *value;
};

static const char *const words[] = { "owner", "administrator", "member", NULL };
static const struct json_field fields[] = {
	{ "text", JSON_TYPE_TEXT, offsetof(struct everything, text), JSON_OPTIONAL, 0, 16, NULL,
	  offsetof(struct everything, text_given) },
	JSON_WORD(struct everything, word, JSON_NEEDED, words),
	JSON_INT(struct everything, number, JSON_OPTIONAL, -100, 100),
	JSON_TIME(struct everything, time, JSON_OPTIONAL),
	JSON_BOOL(struct everything, truth, JSON_OPTIONAL),
	JSON_TEXTS(struct everything, texts, JSON_OPTIONAL, 4),
	JSON_VALUE(struct everything, value, JSON_OPTIONAL),
	{ 0 },
};

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "this does not hold: %s\n", what);
	abort();
}

static void write_value(struct json_writer *w, const char *name, const struct json *value);

static void write_members(struct json_writer *w, const struct json *object)
{
	const struct json *member;
	const char *name;
	size_t at = 0;

	while (json_next(object, &at, &name, &member) > 0) {
		must(json_member(object, name) == member, "a member is found by its name");
		write_value(w, name, member);
	}
	must(at == json_count(object), "every member is walked");
}

static void write_value(struct json_writer *w, const char *name, const struct json *value)
{
	if (json_is_object(value)) {
		json_begin_object(w, name);
		write_members(w, value);
		json_end_object(w);
	} else if (json_is_array(value)) {
		json_begin_array(w, name);
		for (size_t i = 0; i < json_count(value); i++)
			write_value(w, NULL, json_at(value, i));
		json_end_array(w);
	} else if (json_is_text(value)) {
		json_put_text(w, name, json_text(value));
	} else if (json_is_number(value)) {
		json_put_int(w, name, json_int(value));
	} else if (json_is_bool(value)) {
		json_put_bool(w, name, json_bool(value));
	} else {
		must(json_is_null(value), "a value is of some kind");
		json_put_null(w, name);
	}
}

static void write_document(struct buffer *buffer, const struct json *value)
{
	struct json_writer w;

	buffer_open(buffer, MB(4));
	json_writer_open(&w, buffer);
	write_value(&w, NULL, value);
	must(!buffer->full, "what was read can be written");
}

static void write_and_parse_again(struct arena *arena, const struct json *value)
{
	struct buffer first __attribute__((cleanup(buffer_close)));
	struct buffer second __attribute__((cleanup(buffer_close)));
	struct json *again;
	struct error e;

	write_document(&first, value);
	must(json_parse(arena, first.bytes, first.length, &again, &e) == 0, "what was written can be parsed");
	write_document(&second, again);
	must(text_equal(first.bytes, second.bytes), "it is written as it was");
}

static void check_error(const struct error *e)
{
	must(e->kind == ERROR_INPUT && e->text[0], "a refusal has a reason");
	must(text_is_utf8(e->text, strlen(e->text)), "a reason is UTF-8");
}

static void read_by_table(struct arena *arena, const struct json *value)
{
	struct everything read = { 0 };
	struct error e;

	if (json_read(arena, value, fields, &read, &e) < 0) {
		check_error(&e);
		return;
	}
	must(read.word && (!read.text || strlen(read.text) <= 16), "limits were kept");
	must(read.number >= -100 && read.number <= 100, "ranges were kept");
	for (size_t i = 0; read.texts && read.texts[i]; i++)
		must(i < 4 && text_is_utf8(read.texts[i], strlen(read.texts[i])), "lists were kept");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	scoped(arena) *arena = arena_open("fuzz");
	struct json *value;
	struct error e;

	if (json_parse(arena, (const char *)bytes, size, &value, &e) < 0) {
		check_error(&e);
		return 0;
	}
	read_by_table(arena, value);
	write_and_parse_again(arena, value);
	return 0;
}
