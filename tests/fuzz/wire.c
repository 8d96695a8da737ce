/* Any bytes as frames from a child, and from a daemon: they are read or refused, within bounds; what is read can be written again and is
 * then the same. */
#include "platform.h"

#include "plugin/wire.h"

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

/* Numbers and bytes alike: the writer's table knows which is which. */
static void write_again(struct wire_writer *writer, const struct wire_frame *frame)
{
	const char *at = frame->fields;
	struct wire_value value;
	enum wire_field field;

	wire_begin(writer, frame->kind);
	while (wire_next(frame, &at, &field, &value) > 0) {
		must(value.bytes >= frame->fields && value.bytes + value.size < frame->end, "a value lies within its frame");
		must(value.bytes[value.size] == '\0', "a value ends with NUL");
		must(wire_has(frame, field), "a field that is walked over has been seen");
		wire_put_bytes(writer, field, value.bytes, value.size);
	}
}

static void check_frame(struct wire_writer *writer, const struct wire_frame *frame)
{
	size_t size = (size_t)(frame->end - frame->fields);
	struct error e;

	write_again(writer, frame);
	must(wire_end(writer, &e) == 0, "what was read can be written");
	must(wire_waiting(writer) == size + 8 && memcmp(writer->buffer + 8, frame->fields, size) == 0,
	     "what is written again is the same");
	writer->end = writer->begin = 0; /* without sending it */
}

static void read_from(enum wire_side side, const uint8_t *bytes, size_t size)
{
	struct wire_reader reader;
	struct wire_writer writer;
	struct wire_frame frame;
	struct error e = { 0 };
	int got;

	wire_reader_open(&reader, -1, side);
	wire_writer_open(&writer, -1, side);
	if (size > reader.size)
		size = reader.size;
	memcpy(reader.buffer, bytes, size);
	reader.end = size;
	while ((got = wire_read(&reader, &frame, &e)) > 0)
		check_frame(&writer, &frame);
	must(got == 0 || (e.kind == ERROR_REMOTE && e.text[0]), "a refusal has a reason");
	wire_reader_close(&reader);
	wire_writer_close(&writer);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	read_from(WIRE_CHILD, bytes, size);
	read_from(WIRE_DAEMON, bytes, size);
	return 0;
}
