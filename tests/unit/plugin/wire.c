/* Frames: what is written is read, in pieces of any size; what breaks the table is refused by writer and reader. */
#include "platform.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "plugin/wire.h"

#include "base/text.h"

#include "connector.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct pair {
	int daemon, child;
	struct wire_writer writer; /* the child's */
	struct wire_reader reader; /* the daemon's */
};

static int open_pair(void **state)
{
	struct pair *pair = calloc(1, sizeof(*pair));
	int sockets[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sockets), 0);
	pair->daemon = sockets[0];
	pair->child = sockets[1];
	wire_writer_open(&pair->writer, pair->child, WIRE_CHILD);
	wire_reader_open(&pair->reader, pair->daemon, WIRE_CHILD);
	*state = pair;
	return 0;
}

static int close_pair(void **state)
{
	struct pair *pair = *state;

	wire_writer_close(&pair->writer);
	wire_reader_close(&pair->reader);
	close(pair->daemon);
	close(pair->child);
	free(pair);
	return 0;
}

static void put_person(struct wire_writer *writer, const char *id, const char *name)
{
	wire_begin(writer, WIRE_PERSON);
	wire_put_text(writer, WIRE_REMOTE_ID, id);
	wire_put_number(writer, WIRE_STANDING, ROSTER_ACTIVE);
	wire_put_text(writer, WIRE_DISPLAY_NAME, name);
}

/* Receives until a frame is whole. */
static void expect_frame(struct pair *pair, enum wire_kind kind, struct wire_frame *ret)
{
	struct error e;
	int got;

	while ((got = wire_read(&pair->reader, ret, &e)) == 0)
		assert_int_equal(wire_receive(&pair->reader, &e), 1);
	if (got < 0)
		fail_msg("%s", e.text);
	assert_int_equal(ret->kind, kind);
}

static void test_what_is_written_is_read(void **state)
{
	struct pair *pair = *state;
	struct wire_frame frame;
	struct error e;

	put_person(&pair->writer, "u1", "Z\u00fcrich \U0001F600");
	wire_put_text(&pair->writer, WIRE_EMAIL, NULL);
	wire_put_text(&pair->writer, WIRE_LOCALE, "");
	assert_int_equal(wire_end(&pair->writer, &e), 0);
	assert_int_equal(wire_flush(&pair->writer, &e), 1);
	expect_frame(pair, WIRE_PERSON, &frame);
	assert_string_equal(wire_text(&frame, WIRE_REMOTE_ID), "u1");
	assert_string_equal(wire_text(&frame, WIRE_DISPLAY_NAME), "Z\u00fcrich \U0001F600");
	assert_int_equal(wire_number(&frame, WIRE_STANDING), ROSTER_ACTIVE);
	assert_false(wire_has(&frame, WIRE_EMAIL));
	assert_null(wire_text(&frame, WIRE_EMAIL));
	assert_string_equal(wire_text(&frame, WIRE_LOCALE), "");
	assert_int_equal(wire_number(&frame, WIRE_EMAIL_PROOF), 0);
}

static void test_repeated_fields_keep_their_order(void **state)
{
	static const char *const groups[] = { "a", "b", "", "c" };
	struct pair *pair = *state;
	struct wire_frame frame;
	struct wire_value value;
	enum wire_field field;
	struct error e;
	const char *at;
	size_t count = 0;

	put_person(&pair->writer, "u1", NULL);
	for (size_t i = 0; i < ARRAY_COUNT(groups); i++)
		wire_put_text(&pair->writer, WIRE_IN_GROUP, groups[i]);
	assert_int_equal(wire_end(&pair->writer, &e), 0);
	assert_int_equal(wire_flush(&pair->writer, &e), 1);
	expect_frame(pair, WIRE_PERSON, &frame);
	at = frame.fields;
	while (wire_next(&frame, &at, &field, &value) > 0)
		if (field == WIRE_IN_GROUP)
			assert_string_equal(value.bytes, groups[count++]);
	assert_int_equal(count, ARRAY_COUNT(groups));
}

/* The other side of the stream as it may come: a byte, then two, then three... */
static void test_frames_arrive_in_any_pieces(void **state)
{
	struct pair *pair = *state;
	struct wire_frame frame;
	struct error e;
	size_t piece = 1, people = 0;

	for (int i = 0; i < 50; i++) {
		put_person(&pair->writer, i % 2 ? "odd" : "even", "name");
		assert_int_equal(wire_end(&pair->writer, &e), 0);
	}
	for (size_t at = 0, size = wire_waiting(&pair->writer); at < size; at += piece, piece++) {
		if (piece > size - at)
			piece = size - at;
		assert_int_equal(write(pair->child, pair->writer.buffer + at, piece), (ssize_t)piece);
		assert_int_equal(wire_receive(&pair->reader, &e), 1);
		for (; wire_read(&pair->reader, &frame, &e) == 1; people++)
			assert_string_equal(wire_text(&frame, WIRE_REMOTE_ID), people % 2 ? "odd" : "even");
	}
	assert_int_equal(people, 50);
}

/* The largest that the table allows, through a socket that takes far less at a time. */
static void test_a_large_frame_comes_through(void **state)
{
	struct pair *pair = *state;
	char *body = malloc(ROSTER_BODY_MOST);
	struct wire_frame frame;
	struct error e;
	int sent = 0, got = 0;

	memset(body, 0xe7, ROSTER_BODY_MOST);
	wire_begin(&pair->writer, WIRE_REPLY);
	wire_put_number(&pair->writer, WIRE_STATUS, 200);
	wire_put_text(&pair->writer, WIRE_NAME, "application/octet-stream");
	wire_put_bytes(&pair->writer, WIRE_BODY, body, ROSTER_BODY_MOST);
	assert_int_equal(wire_end(&pair->writer, &e), 0);
	while (got == 0) {
		if (sent == 0)
			sent = wire_flush(&pair->writer, &e);
		assert_int_not_equal(sent, -1);
		assert_int_equal(wire_receive(&pair->reader, &e), 1);
		got = wire_read(&pair->reader, &frame, &e);
	}
	assert_int_equal(got, 1);
	assert_int_equal(frame.values[WIRE_BODY].size, ROSTER_BODY_MOST);
	assert_memory_equal(frame.values[WIRE_BODY].bytes, body, ROSTER_BODY_MOST);
	free(body);
}

static void expect_refusal(struct wire_writer *writer, const char *text)
{
	struct error e;

	assert_int_equal(wire_end(writer, &e), -1);
	assert_int_equal(e.kind, ERROR_INPUT);
	if (!strstr(e.text, text))
		fail_msg("\"%s\" is not in \"%s\"", text, e.text);
}

static void test_the_writer_refuses_what_breaks_the_table(void **state)
{
	struct pair *pair = *state;
	struct wire_writer *writer = &pair->writer;
	char long_id[ROSTER_ID_MOST + 2];
	struct error e;

	memset(long_id, 'x', sizeof(long_id));
	long_id[ROSTER_ID_MOST + 1] = '\0';
	put_person(writer, long_id, NULL);
	expect_refusal(writer, "\"remote_id\" of a person is too long (at most 1024 bytes");
	put_person(writer, "u1", "\xc3");
	expect_refusal(writer, "\"display_name\" of a person is not UTF-8");
	put_person(writer, NULL, "Ada");
	expect_refusal(writer, "\"remote_id\" of a person is missing");
	put_person(writer, "u1", NULL);
	wire_put_text(writer, WIRE_REMOTE_ID, "u2");
	expect_refusal(writer, "stands there too often");
	put_person(writer, "u1", NULL);
	wire_put_text(writer, WIRE_URL, "https://acme.example");
	expect_refusal(writer, "does not belong there");
	wire_begin(writer, WIRE_CHECK);
	wire_put_number(writer, WIRE_CALL, 1);
	wire_put_number(writer, WIRE_DEADLINE_MS, 1);
	assert_int_equal(wire_end(writer, &e), -1); /* the daemon's word */
	assert_int_equal(wire_waiting(writer), 0);
	long_id[ROSTER_ID_MOST] = '\0';
	put_person(writer, long_id, NULL);
	assert_int_equal(wire_end(writer, &e), 0);
}

static void test_a_whole_person_has_a_limit(void **state)
{
	struct pair *pair = *state;
	static char value[ROSTER_TEXT_MOST + 1];

	memset(value, 'v', ROSTER_TEXT_MOST);
	put_person(&pair->writer, "u1", NULL);
	wire_put_text(&pair->writer, WIRE_ATTRIBUTE, "photo");
	for (int i = 0; i <= ROSTER_IDENTITY_MOST / ROSTER_TEXT_MOST; i++)
		wire_put_text(&pair->writer, WIRE_ATTRIBUTE_VALUE, value);
	expect_refusal(&pair->writer, "makes the whole record too large");
	assert_int_equal(wire_waiting(&pair->writer), 0);
}

/* ---- bytes that no writer of ours makes ---- */

enum { FIELD_SHIFT = 24 };

static size_t add_field(char *to, uint32_t field, const void *bytes, uint32_t size)
{
	uint32_t head = field << FIELD_SHIFT | size;

	memcpy(to, &head, sizeof(head));
	memcpy(to + sizeof(head), bytes, size);
	to[sizeof(head) + size] = '\0';
	return sizeof(head) + size + 1;
}

static void expect_broken(uint32_t kind, const char *bytes, size_t size, const char *text)
{
	struct wire_frame frame;
	struct error e;

	assert_int_equal(wire_decode(WIRE_CHILD, kind, bytes, size, &frame, &e), -1);
	assert_int_equal(e.kind, ERROR_REMOTE);
	if (!strstr(e.text, text))
		fail_msg("\"%s\" is not in \"%s\"", text, e.text);
}

static void test_the_reader_refuses_what_breaks_the_table(void **state)
{
	char bytes[256];
	size_t size;

	(void)state;
	expect_broken(0, "", 0, "is not known");
	expect_broken(WIRE_KIND_COUNT, "", 0, "is not known");
	expect_broken(UINT32_MAX, "", 0, "is not known");
	expect_broken(WIRE_ASK, "", 0, "may not come from this side");
	expect_broken(WIRE_TELL, "", 0, "may not come from this side");
	expect_broken(WIRE_SUBSCRIBE, "", 0, "may not come from this side");
	expect_broken(WIRE_PAIR, "", 0, "may not come from this side");
	expect_broken(WIRE_OWN_ADDRESS, "", 0, "may not come from this side");
	expect_broken(WIRE_LOOK_AT, "", 0, "the field \"subject\" (48) is missing");
	expect_broken(WIRE_REPLY, "", 0, "the field \"status\" (49) is missing");
	expect_broken(WIRE_NOTE, "", 0, "the field \"text\" (42) is missing");
	size = add_field(bytes, WIRE_LINE, "note", 4);
	expect_broken(WIRE_NOTE, bytes, size - 1, "goes beyond its end");
	bytes[size - 1] = 'x';
	expect_broken(WIRE_NOTE, bytes, size, "goes beyond its end");
	size = add_field(bytes, WIRE_LINE, "no\0te", 5);
	expect_broken(WIRE_NOTE, bytes, size, "is not UTF-8 without NUL");
	size = add_field(bytes, WIRE_LINE, "12345678no\xed\xa0\x80", 13);
	expect_broken(WIRE_NOTE, bytes, size, "is not UTF-8 without NUL");
	size = add_field(bytes, WIRE_LINE, "one", 3);
	size += add_field(bytes + size, WIRE_LINE, "two", 3);
	expect_broken(WIRE_NOTE, bytes, size, "stands there too often");
	size = add_field(bytes, WIRE_FIELD_COUNT, "?", 1);
	expect_broken(WIRE_NOTE, bytes, size, "does not belong there");
	size = add_field(bytes, WIRE_CALL, "1234", 4);
	expect_broken(WIRE_DONE, bytes, size, "is no number");
}

static void test_a_huge_size_is_refused_before_it_has_come(void **state)
{
	const uint32_t head[2] = { WIRE_PERSON, ROSTER_IDENTITY_MOST + 1 };
	struct pair *pair = *state;
	struct wire_frame frame;
	struct error e;

	assert_int_equal(write(pair->child, head, sizeof(head)), (ssize_t)sizeof(head));
	assert_int_equal(wire_receive(&pair->reader, &e), 1);
	assert_int_equal(wire_read(&pair->reader, &frame, &e), -1);
	assert_non_null(strstr(e.text, "is too large"));
}

static void test_the_end_of_the_stream(void **state)
{
	struct pair *pair = *state;
	struct wire_frame frame;
	struct error e;

	assert_int_equal(wire_receive(&pair->reader, &e), 1); /* nothing yet is no end */
	assert_int_equal(wire_read(&pair->reader, &frame, &e), 0);
	shutdown(pair->child, SHUT_RDWR);
	assert_int_equal(wire_receive(&pair->reader, &e), 0);
}

/* ---- descriptors ---- */

static int count_descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void test_a_descriptor_goes_to_the_child(void **state)
{
	struct pair *pair = *state;
	struct wire_writer writer;
	struct wire_reader reader;
	struct wire_frame frame;
	struct error e;
	int pipes[2], fd;

	wire_writer_open(&writer, pair->daemon, WIRE_DAEMON);
	wire_reader_open(&reader, pair->child, WIRE_DAEMON);
	assert_int_equal(pipe(pipes), 0);
	wire_begin(&writer, WIRE_GRANTED);
	assert_int_equal(wire_end(&writer, &e), 0);
	assert_int_equal(wire_flush_fd(&writer, pipes[1], &e), 1);
	assert_int_equal(wire_take_fd(&reader), -1);
	assert_int_equal(wire_receive(&reader, &e), 1);
	assert_int_equal(wire_read(&reader, &frame, &e), 1);
	fd = wire_take_fd(&reader);
	assert_true(fd >= 0 && fd != pipes[1]);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(write(fd, "x", 1), 1);
	assert_int_equal(wire_take_fd(&reader), -1);
	wire_writer_close(&writer);
	wire_reader_close(&reader);
	close(fd);
	close(pipes[0]);
	close(pipes[1]);
}

static void test_the_daemon_takes_no_descriptors(void **state)
{
	struct pair *pair = *state;
	struct wire_frame frame;
	struct error e;
	int before = count_descriptors();

	wire_begin(&pair->writer, WIRE_READY);
	assert_int_equal(wire_end(&pair->writer, &e), 0);
	assert_int_equal(wire_flush_fd(&pair->writer, pair->child, &e), 1);
	expect_frame(pair, WIRE_READY, &frame);
	assert_int_equal(wire_take_fd(&pair->reader), -1);
	assert_int_equal(count_descriptors(), before);
}

static void test_a_secret_does_not_stay_in_the_buffer(void **state)
{
	struct pair *pair = *state;
	struct wire_writer writer;
	struct error e;

	wire_writer_open(&writer, pair->daemon, WIRE_DAEMON);
	wire_begin(&writer, WIRE_VALUE);
	wire_put_text(&writer, WIRE_NAME, "password");
	wire_put_text(&writer, WIRE_TEXT, "correct horse battery staple");
	assert_int_equal(wire_end(&writer, &e), 0);
	const char *secret = memmem(writer.buffer, writer.end, "battery", 7), *buffer = writer.buffer;
	assert_non_null(secret);
	assert_int_equal(wire_flush(&writer, &e), 1);
	assert_ptr_equal(writer.buffer, buffer);
	assert_memory_not_equal(secret, "battery", 7);
	wire_writer_close(&writer);
}

#define WITH_PAIR(test) cmocka_unit_test_setup_teardown(test, open_pair, close_pair)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_PAIR(test_what_is_written_is_read),
		WITH_PAIR(test_repeated_fields_keep_their_order),
		WITH_PAIR(test_frames_arrive_in_any_pieces),
		WITH_PAIR(test_a_large_frame_comes_through),
		WITH_PAIR(test_the_writer_refuses_what_breaks_the_table),
		WITH_PAIR(test_a_whole_person_has_a_limit),
		cmocka_unit_test(test_the_reader_refuses_what_breaks_the_table),
		WITH_PAIR(test_a_huge_size_is_refused_before_it_has_come),
		WITH_PAIR(test_the_end_of_the_stream),
		WITH_PAIR(test_a_descriptor_goes_to_the_child),
		WITH_PAIR(test_the_daemon_takes_no_descriptors),
		WITH_PAIR(test_a_secret_does_not_stay_in_the_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
