/* Frames between daemon and child: one table, one writer, one reader. */
#include "plugin/wire.h"

#include "base/text.h"

#include "connector.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { FRAME_HEAD = 8, FIELD_HEAD = 4, FIELD_LENGTH_BITS = 24, LINE_MOST = ROSTER_NOTE_MOST };

enum type { TEXT = 1, BYTES, NUMBER };

/* count_most: how often it may stand in one frame; 1 unless given. */
static const struct field {
	const char *name;
	enum type type;
	uint32_t size_most;
	uint32_t count_most;
} fields[WIRE_FIELD_COUNT] = {
	[WIRE_ABI_MAJOR] = { "abi_major", NUMBER, 0, 1 },
	[WIRE_ABI_MINOR] = { "abi_minor", NUMBER, 0, 1 },
	[WIRE_NAME] = { "name", TEXT, ROSTER_ID_MOST, 1 },
	[WIRE_TITLE] = { "title", TEXT, ROSTER_TEXT_MOST, 1 },
	[WIRE_ABILITIES] = { "abilities", NUMBER, 0, 1 },
	[WIRE_SCOPES] = { "scopes", NUMBER, 0, 1 },
	[WIRE_TYPE] = { "type", NUMBER, 0, 1 },
	[WIRE_WORDS] = { "words_for_people", TEXT, ROSTER_TEXT_MOST, 1 },
	[WIRE_REQUIRED] = { "required", NUMBER, 0, 1 },
	[WIRE_FALLBACK] = { "fallback", TEXT, ROSTER_SETTING_MOST, 1 },
	[WIRE_WORD] = { "words", TEXT, ROSTER_ID_MOST, WIRE_WORDS_MOST },
	[WIRE_TEXT] = { "value", TEXT, ROSTER_SETTING_MOST, 1 },
	[WIRE_DEADLINE_MS] = { "deadline", NUMBER, 0, 1 },
	[WIRE_CALL] = { "call", NUMBER, 0, 1 },
	[WIRE_SCOPE] = { "scope", NUMBER, 0, 1 },
	[WIRE_CURSOR] = { "cursor", BYTES, ROSTER_CURSOR_MOST, 1 },
	[WIRE_PAGE_MOST] = { "page_most", NUMBER, 0, 1 },
	[WIRE_WANTED] = { "attributes", TEXT, ROSTER_ID_MOST, ROSTER_ATTRIBUTES_MOST },
	[WIRE_NAMED] = { "named", TEXT, ROSTER_ID_MOST, ROSTER_NAMED_MOST },
	[WIRE_NAMED_GROUP] = { "named_groups", TEXT, ROSTER_ID_MOST, ROSTER_NAMED_MOST },
	[WIRE_REMOTE_ID] = { "remote_id", TEXT, ROSTER_ID_MOST, 1 },
	[WIRE_REFERENCE] = { "reference", TEXT, ROSTER_ID_MOST, 1 },
	[WIRE_USER_NAME] = { "user_name", TEXT, ROSTER_TEXT_MOST, 1 },
	[WIRE_EMAIL] = { "email", TEXT, ROSTER_TEXT_MOST, 1 },
	[WIRE_EMAIL_PROOF] = { "email_proof", NUMBER, 0, 1 },
	[WIRE_GIVEN_NAME] = { "given_name", TEXT, ROSTER_TEXT_MOST, 1 },
	[WIRE_FAMILY_NAME] = { "family_name", TEXT, ROSTER_TEXT_MOST, 1 },
	[WIRE_DISPLAY_NAME] = { "display_name", TEXT, ROSTER_TEXT_MOST, 1 },
	[WIRE_STANDING] = { "standing", NUMBER, 0, 1 },
	[WIRE_LOCALE] = { "locale", TEXT, ROSTER_TEXT_MOST, 1 },
	[WIRE_JOB_TITLE] = { "title", TEXT, ROSTER_TEXT_MOST, 1 },
	[WIRE_DEPARTMENT] = { "department", TEXT, ROSTER_TEXT_MOST, 1 },
	[WIRE_MANAGER] = { "manager", TEXT, ROSTER_ID_MOST, 1 },
	[WIRE_HAS_GROUPS] = { "has_groups", NUMBER, 0, 1 },
	[WIRE_IN_GROUP] = { "groups", TEXT, ROSTER_ID_MOST, ROSTER_VALUES_MOST },
	[WIRE_ATTRIBUTE] = { "attributes", TEXT, ROSTER_ID_MOST, ROSTER_ATTRIBUTES_MOST },
	[WIRE_ATTRIBUTE_VALUE] = { "attribute value", TEXT, ROSTER_TEXT_MOST,
	                           ROSTER_ATTRIBUTES_MOST * ROSTER_VALUES_MOST },
	[WIRE_ADDRESS] = { "addresses", TEXT, ROSTER_TEXT_MOST, ROSTER_VALUES_MOST },
	[WIRE_ADDRESS_PROOF] = { "address proof", NUMBER, 0, ROSTER_VALUES_MOST },
	[WIRE_GONE] = { "gone", NUMBER, 0, 1 },
	[WIRE_GROUP_MEMBER] = { "member", TEXT, ROSTER_ID_MOST, 1 },
	[WIRE_LINE] = { "text", TEXT, LINE_MOST, 1 },
	[WIRE_HOST] = { "host", TEXT, ROSTER_ID_MOST, 1 },
	[WIRE_PORT] = { "port", TEXT, 32, 1 },
	[WIRE_TIMEOUT_MS] = { "timeout", NUMBER, 0, 1 },
	[WIRE_BYTES] = { "bytes", BYTES, ROSTER_KEPT_MOST, 1 },
	[WIRE_UNTIL] = { "until", NUMBER, 0, 1 },
	[WIRE_SUBJECT] = { "subject", NUMBER, 0, 1 },
	[WIRE_STATUS] = { "status", NUMBER, 0, 1 },
	[WIRE_BODY] = { "body", BYTES, ROSTER_BODY_MOST, 1 },
	[WIRE_URL] = { "url", TEXT, ROSTER_URL_MOST, 1 },
	[WIRE_MORE] = { "more", NUMBER, 0, 1 },
	[WIRE_WHOLE] = { "whole", TEXT, LINE_MOST, 1 },
	[WIRE_INCOMPLETE] = { "incomplete", TEXT, LINE_MOST, 1 },
	[WIRE_TROUBLE] = { "trouble", NUMBER, 0, 1 },
	[WIRE_AFTER_MS] = { "after_ms", NUMBER, 0, 1 },
	[WIRE_STAMP] = { "stamp", TEXT, ROSTER_STAMP_MOST, 1 },
	[WIRE_PARTIAL] = { "partial", NUMBER, 0, 1 },
	[WIRE_PLACE] = { "place", NUMBER, 0, 1 },
	[WIRE_NETWORK] = { "needs_network", NUMBER, 0, 1 },
};

#define F(field) (UINT64_C(1) << WIRE_##field)
_Static_assert((int)WIRE_FIELD_COUNT <= 64, "fields are kept in a set of 64 bits");

/* What a kind is called, who may send it, how large it may be, and its fields. */
static const struct kind {
	const char *name;
	enum wire_side from;
	uint32_t size_most;
	uint64_t must, may;
} kinds[WIRE_KIND_COUNT] = {
	[WIRE_PLUGIN] = { "plugin", WIRE_CHILD, WIRE_BUFFER_SIZE,
	                  F(ABI_MAJOR) | F(ABI_MINOR) | F(NAME) | F(TITLE) | F(ABILITIES) | F(SCOPES), F(AFTER_MS) /* of notifications: subscriptions are renewed */ | F(NETWORK) },
	[WIRE_SETTING] = { "setting", WIRE_CHILD, 2 * ROSTER_SETTING_MOST,
	                   F(NAME) | F(TYPE) | F(WORDS) | F(REQUIRED), F(FALLBACK) | F(WORD) | F(PLACE) },
	[WIRE_READY] = { "ready", WIRE_CHILD, WIRE_BUFFER_SIZE, 0, 0 },
	[WIRE_VALUE] = { "value", WIRE_DAEMON, 2 * ROSTER_SETTING_MOST, F(NAME) | F(TEXT), 0 },
	[WIRE_OPEN] = { "open", WIRE_DAEMON, WIRE_BUFFER_SIZE, F(CALL) | F(DEADLINE_MS), 0 },
	[WIRE_CHECK] = { "check", WIRE_DAEMON, WIRE_BUFFER_SIZE, F(CALL) | F(DEADLINE_MS), 0 },
	[WIRE_ASK] = { "ask", WIRE_DAEMON, WIRE_FRAME_MOST, F(CALL) | F(DEADLINE_MS) | F(SCOPE) | F(PAGE_MOST),
	               F(CURSOR) | F(WANTED) | F(NAMED) | F(NAMED_GROUP) },
	[WIRE_PERSON] = { "person", WIRE_CHILD, ROSTER_IDENTITY_MOST, F(REMOTE_ID) | F(STANDING),
	                  F(REFERENCE) | F(USER_NAME) | F(EMAIL) | F(EMAIL_PROOF) | F(GIVEN_NAME) | F(FAMILY_NAME) |
	                          F(DISPLAY_NAME) | F(LOCALE) | F(JOB_TITLE) | F(DEPARTMENT) | F(MANAGER) |
	                          F(HAS_GROUPS) | F(IN_GROUP) | F(ATTRIBUTE) | F(ATTRIBUTE_VALUE) | F(ADDRESS) |
	                          F(ADDRESS_PROOF) | F(STAMP) },
	[WIRE_GROUP] = { "group", WIRE_CHILD, WIRE_BUFFER_SIZE, F(REMOTE_ID) | F(NAME),
	                 F(REFERENCE) | F(GONE) | F(STAMP) | F(PARTIAL) },
	[WIRE_MEMBER] = { "membership", WIRE_CHILD, WIRE_BUFFER_SIZE, F(IN_GROUP) | F(GROUP_MEMBER), 0 },
	[WIRE_REFUSED] = { "refused record", WIRE_CHILD, WIRE_BUFFER_SIZE, F(REMOTE_ID) | F(LINE), 0 },
	[WIRE_NOTE] = { "note", WIRE_CHILD, WIRE_BUFFER_SIZE, F(LINE), 0 },
	[WIRE_STEP] = { "step", WIRE_CHILD, WIRE_BUFFER_SIZE, F(LINE), 0 },
	[WIRE_PROOF] = { "part of a proof", WIRE_CHILD, WIRE_BUFFER_SIZE, F(NAME) | F(TYPE) | F(LINE), F(TEXT) },
	[WIRE_DIAL] = { "dial", WIRE_CHILD, WIRE_BUFFER_SIZE, F(HOST) | F(TIMEOUT_MS), F(PORT) },
	[WIRE_KEEP] = { "keep", WIRE_CHILD, WIRE_BUFFER_SIZE, F(NAME) | F(UNTIL), F(BYTES) },
	[WIRE_RECALL] = { "recall", WIRE_CHILD, WIRE_BUFFER_SIZE, F(NAME), 0 },
	[WIRE_ONCE] = { "once", WIRE_CHILD, WIRE_BUFFER_SIZE, F(NAME) | F(UNTIL), 0 },
	[WIRE_LOOK_AT] = { "look at", WIRE_CHILD, WIRE_BUFFER_SIZE, F(SUBJECT), F(REMOTE_ID) },
	[WIRE_REPLY] = { "reply", WIRE_CHILD, WIRE_FRAME_MOST, F(STATUS), F(NAME) | F(BODY) },
	[WIRE_SEND_BROWSER] = { "send browser", WIRE_CHILD, WIRE_FRAME_MOST, F(URL), F(BODY) },
	[WIRE_GRANTED] = { "granted", WIRE_DAEMON, WIRE_BUFFER_SIZE, 0, F(BYTES) },
	[WIRE_DECLINED] = { "declined", WIRE_DAEMON, WIRE_BUFFER_SIZE, F(TROUBLE) | F(AFTER_MS) | F(LINE), 0 },
	[WIRE_DONE] = { "done", WIRE_CHILD, 4 * WIRE_BUFFER_SIZE, F(CALL) | F(MORE),
	                F(CURSOR) | F(WHOLE) | F(INCOMPLETE) },
	[WIRE_FAILED] = { "failed", WIRE_CHILD, WIRE_BUFFER_SIZE, F(CALL) | F(TROUBLE) | F(AFTER_MS), F(LINE) },
	[WIRE_MEMBER_GONE] = { "removed membership", WIRE_CHILD, WIRE_BUFFER_SIZE, F(IN_GROUP) | F(GROUP_MEMBER), 0 },
	[WIRE_PRESENT] = { "present record", WIRE_CHILD, WIRE_BUFFER_SIZE, F(SUBJECT) | F(REMOTE_ID), F(STAMP) },
	[WIRE_AWAIT] = { "watch", WIRE_DAEMON, WIRE_FRAME_MOST, F(CALL) | F(DEADLINE_MS), F(CURSOR) | F(WANTED) },
	[WIRE_OWN_ADDRESS] = { "address", WIRE_DAEMON, WIRE_BUFFER_SIZE, F(NAME) | F(URL), 0 },
	[WIRE_PAIR] = { "pair", WIRE_DAEMON, 2 * ROSTER_SETTING_MOST, F(NAME) | F(TEXT) | F(TYPE), 0 },
	[WIRE_SUBSCRIBE] = { "subscription", WIRE_DAEMON, WIRE_BUFFER_SIZE, F(CALL) | F(DEADLINE_MS) | F(TYPE), 0 },
	[WIRE_DELIVER] = { "event", WIRE_DAEMON, WIRE_FRAME_MOST, F(CALL) | F(DEADLINE_MS) | F(NAME) | F(UNTIL) | F(TEXT) | F(BODY), 0 },
	[WIRE_FORM] = { "form", WIRE_DAEMON, WIRE_FRAME_MOST, F(NAME) | F(BODY) | F(TYPE), 0 },
	[WIRE_SIGN] = { "sign-on", WIRE_DAEMON, WIRE_BUFFER_SIZE, F(CALL) | F(DEADLINE_MS) | F(TYPE), 0 },
	[WIRE_CHECKED] = { "check", WIRE_CHILD, WIRE_BUFFER_SIZE, F(NAME) | F(STATUS), F(TEXT) | F(WORDS) | F(FALLBACK) },
	[WIRE_SESSION] = { "session", WIRE_CHILD, WIRE_BUFFER_SIZE, F(TEXT) | F(UNTIL), 0 },
	[WIRE_SESSION_OF] = { "name of a session", WIRE_CHILD, WIRE_BUFFER_SIZE, 0, F(REMOTE_ID) | F(REFERENCE) },
	[WIRE_TELL] = { "message", WIRE_DAEMON, WIRE_FRAME_MOST, F(CALL) | F(DEADLINE_MS) | F(NAME), F(BODY) },
};

/* ---- one field ---- */

/* Nearly all names and addresses are ASCII: eight bytes at a time, and the slow, exact way for the rest. */
static bool is_text(const char *bytes, size_t size)
{
	size_t at = 0;

	for (uint64_t eight; at + sizeof(eight) <= size; at += sizeof(eight)) {
		memcpy(&eight, bytes + at, sizeof(eight));
		/* a byte above 0x7f, or one that borrows when 1 is taken from it: NUL */
		if ((eight | (eight - UINT64_C(0x0101010101010101))) & UINT64_C(0x8080808080808080))
			break;
	}
	for (; at < size && bytes[at] > 0; at++)
		;
	return at == size || text_is_utf8(bytes + at, size - at);
}

/* Why a value cannot stand in this field, or NULL. */
static const char *field_trouble(const struct field *field, const char *bytes, size_t size)
{
	if (field->type == NUMBER)
		return size == sizeof(int64_t) ? NULL : "is no number";
	if (size > field->size_most)
		return "is too long";
	if (field->type == TEXT && !is_text(bytes, size))
		return "is not UTF-8 without NUL";
	return NULL;
}

/* ---- decoding ---- */

static int broken(struct error *e, uint32_t kind, const char *what)
{
	const char *name = kind < WIRE_KIND_COUNT && kinds[kind].name ? kinds[kind].name : "unknown";

	return error_set(e, ERROR_REMOTE, "wire.broken", "a frame of kind \"%s\" (%u) %s", name, (unsigned)kind, what);
}

static int broken_field(struct error *e, uint32_t kind, uint32_t field, const char *what)
{
	const char *name = field < WIRE_FIELD_COUNT && fields[field].name ? fields[field].name : "unknown";

	return error_set(e, ERROR_REMOTE, "wire.broken", "in a frame of kind \"%s\" the field \"%s\" (%u) %s",
	                 kinds[kind].name, name, (unsigned)field, what);
}

static int check_head(enum wire_side from, uint32_t kind, size_t size, struct error *e)
{
	if (kind >= WIRE_KIND_COUNT || !kinds[kind].name)
		return broken(e, kind, "is not known");
	if (kinds[kind].from != from)
		return broken(e, kind, "may not come from this side");
	if (size > kinds[kind].size_most)
		return broken(e, kind, "is too large");
	return 0;
}

/* Reads the field at *at, which has been checked once or is checked now: false if it does not lie within the frame. */
static inline bool read_field(const char **at, const char *end, uint32_t *ret_field, struct wire_value *ret)
{
	uint32_t head;

	if (end - *at < FIELD_HEAD + 1)
		return false;
	memcpy(&head, *at, sizeof(head));
	ret->bytes = *at + FIELD_HEAD;
	ret->size = head & ((1U << FIELD_LENGTH_BITS) - 1);
	if (ret->size > (size_t)(end - ret->bytes) - 1 || ret->bytes[ret->size] != '\0')
		return false;
	ret->number = 0;
	if (ret->size == sizeof(ret->number))
		memcpy(&ret->number, ret->bytes, sizeof(ret->number));
	*ret_field = head >> FIELD_LENGTH_BITS;
	*at = ret->bytes + ret->size + 1;
	return true;
}

/* Repeated fields are counted only once they do repeat; most frames have none. */
static const char *count_field(struct wire_frame *frame, uint32_t field, uint16_t count[WIRE_FIELD_COUNT])
{
	if (!(frame->seen & (UINT64_C(1) << field)))
		count[field] = 0;
	return ++count[field] > fields[field].count_most ? "stands there too often" : NULL;
}

static int decode_field(struct wire_frame *frame, uint32_t field, const struct wire_value *value,
                        uint16_t count[WIRE_FIELD_COUNT], struct error *e)
{
	const struct kind *kind = &kinds[frame->kind];
	const char *why;

	if (field >= WIRE_FIELD_COUNT || !((kind->must | kind->may) & (UINT64_C(1) << field)))
		return broken_field(e, frame->kind, field, "does not belong there");
	why = field_trouble(&fields[field], value->bytes, value->size);
	if (!why)
		why = count_field(frame, field, count);
	if (why)
		return broken_field(e, frame->kind, field, why);
	if (!(frame->seen & (UINT64_C(1) << field)))
		frame->values[field] = *value;
	frame->seen |= UINT64_C(1) << field;
	return 0;
}

int wire_decode(enum wire_side from, uint32_t kind, const char *bytes, size_t size, struct wire_frame *ret,
                struct error *e)
{
	uint16_t count[WIRE_FIELD_COUNT];
	struct wire_value value;
	uint32_t field;

	if (check_head(from, kind, size, e) < 0)
		return -1;
	ret->kind = kind;
	ret->seen = 0;
	ret->fields = bytes;
	ret->end = bytes + size;
	for (const char *at = bytes; at < ret->end;) {
		if (!read_field(&at, ret->end, &field, &value))
			return broken(e, kind, "has a field that goes beyond its end");
		if (decode_field(ret, field, &value, count, e) < 0)
			return -1;
	}
	if (kinds[kind].must & ~ret->seen)
		return broken_field(e, kind, (uint32_t)__builtin_ctzll(kinds[kind].must & ~ret->seen), "is missing");
	return 0;
}

bool wire_has(const struct wire_frame *frame, enum wire_field field)
{
	return frame->seen & (UINT64_C(1) << field);
}

const char *wire_text(const struct wire_frame *frame, enum wire_field field)
{
	return wire_has(frame, field) ? frame->values[field].bytes : NULL;
}

int64_t wire_number(const struct wire_frame *frame, enum wire_field field)
{
	return wire_has(frame, field) ? frame->values[field].number : 0;
}

int wire_next(const struct wire_frame *frame, const char **at, enum wire_field *ret_field,
              struct wire_value *ret_value)
{
	uint32_t field;

	if (*at >= frame->end || !read_field(at, frame->end, &field, ret_value))
		return 0;
	*ret_field = field;
	return 1;
}

/* ---- buffers ---- */

static char *grow(char *buffer, size_t size)
{
	char *larger = realloc(buffer, size);

	if (!larger)
		abort(); /* out of memory, at a size that the table bounds */
	return larger;
}

/* ---- reading ---- */

void wire_reader_open(struct wire_reader *reader, int fd, enum wire_side from)
{
	*reader = (struct wire_reader){ .fd = fd, .from = from, .size = WIRE_BUFFER_SIZE, .passed_fd = -1 };
	reader->buffer = grow(NULL, reader->size);
}

void wire_reader_close(struct wire_reader *reader)
{
	if (reader->passed_fd >= 0)
		close(reader->passed_fd);
	free(reader->buffer);
	*reader = (struct wire_reader){ .fd = -1, .passed_fd = -1 };
}

int wire_read(struct wire_reader *reader, struct wire_frame *ret, struct error *e)
{
	const char *bytes = reader->buffer + reader->begin;
	size_t have = reader->end - reader->begin;
	uint32_t head[2];

	if (have < FRAME_HEAD)
		return 0;
	memcpy(head, bytes, sizeof(head));
	if (check_head(reader->from, head[0], head[1], e) < 0)
		return -1; /* before waiting for what may never come */
	if (have - FRAME_HEAD < head[1])
		return 0;
	if (wire_decode(reader->from, head[0], bytes + FRAME_HEAD, head[1], ret, e) < 0)
		return -1;
	reader->begin += FRAME_HEAD + head[1];
	return 1;
}

/* Room for the rest of the frame that has begun: moved to the front, in a larger buffer if it needs one. */
static void make_room(struct wire_reader *reader)
{
	size_t have = reader->end - reader->begin, need = WIRE_BUFFER_SIZE;
	uint32_t head[2];

	memmove(reader->buffer, reader->buffer + reader->begin, have);
	reader->begin = 0;
	reader->end = have;
	if (have >= FRAME_HEAD) {
		memcpy(head, reader->buffer, sizeof(head)); /* wire_read has checked its size */
		need = FRAME_HEAD + (size_t)head[1];
	}
	if (need > reader->size) {
		reader->buffer = grow(reader->buffer, need);
		reader->size = need;
	}
}

static void take_passed(struct wire_reader *reader, struct msghdr *message)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS || c->cmsg_len != CMSG_LEN(sizeof(int)))
			continue;
		if (reader->passed_fd >= 0)
			close(reader->passed_fd);
		memcpy(&reader->passed_fd, CMSG_DATA(c), sizeof(int));
	}
}

int wire_receive(struct wire_reader *reader, struct error *e)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
	struct iovec room;
	struct msghdr message = { .msg_iov = &room, .msg_iovlen = 1 };
	ssize_t got;

	make_room(reader);
	room = (struct iovec){ reader->buffer + reader->end, reader->size - reader->end };
	if (reader->from == WIRE_DAEMON) { /* without room for them the kernel drops what a child would pass to us */
		message.msg_control = control;
		message.msg_controllen = sizeof(control);
	}
	do
		got = recvmsg(reader->fd, &message, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return 1;
	if (got < 0 && errno == ECONNRESET)
		return 0;
	if (got < 0)
		return error_set(e, ERROR_INTERNAL, "wire.receive", "could not receive: %s", strerror(errno));
	take_passed(reader, &message);
	reader->end += (size_t)got;
	return got > 0;
}

int wire_take_fd(struct wire_reader *reader)
{
	int fd = reader->passed_fd;

	reader->passed_fd = -1;
	return fd;
}

/* ---- writing ---- */

void wire_writer_open(struct wire_writer *writer, int fd, enum wire_side from)
{
	*writer = (struct wire_writer){ .fd = fd, .from = from, .size = WIRE_BUFFER_SIZE };
	writer->buffer = grow(NULL, writer->size);
}

void wire_writer_close(struct wire_writer *writer)
{
	if (writer->buffer)
		explicit_bzero(writer->buffer, writer->size);
	free(writer->buffer);
	*writer = (struct wire_writer){ .fd = -1 };
}

/* Not realloc: what is left behind may hold a secret. */
static char *reserve(struct wire_writer *writer, size_t need)
{
	size_t size = writer->size;
	char *larger;

	if (need <= size - writer->end)
		return writer->buffer + writer->end;
	while (need > size - writer->end)
		size *= 2;
	larger = grow(NULL, size);
	memcpy(larger, writer->buffer, writer->end);
	explicit_bzero(writer->buffer, writer->size);
	free(writer->buffer);
	writer->buffer = larger;
	writer->size = size;
	return larger + writer->end;
}

void wire_begin(struct wire_writer *writer, enum wire_kind kind)
{
	writer->frame = writer->end;
	writer->kind = kind;
	writer->seen = 0;
	writer->bad = 0;
	reserve(writer, FRAME_HEAD);
	writer->end += FRAME_HEAD;
}

static const char *put_trouble(struct wire_writer *writer, enum wire_field field, const char *bytes, size_t size)
{
	const struct kind *kind = &kinds[writer->kind];
	uint64_t bit = UINT64_C(1) << field;

	if (!((kind->must | kind->may) & bit))
		return "does not belong there";
	if (!(writer->seen & bit))
		writer->count[field] = 0;
	writer->seen |= bit;
	if (++writer->count[field] > fields[field].count_most)
		return "stands there too often";
	if (writer->end - writer->frame - FRAME_HEAD + FIELD_HEAD + size + 1 > kind->size_most)
		return "makes the whole record too large";
	return field_trouble(&fields[field], bytes, size);
}

void wire_put_bytes(struct wire_writer *writer, enum wire_field field, const void *bytes, size_t size)
{
	const char *why;
	uint32_t head;
	char *to;

	if (writer->bad)
		return;
	why = put_trouble(writer, field, bytes, size);
	if (why) {
		writer->bad = field;
		writer->why = why;
		return;
	}
	to = reserve(writer, FIELD_HEAD + size + 1);
	head = (uint32_t)field << FIELD_LENGTH_BITS | (uint32_t)size;
	memcpy(to, &head, sizeof(head));
	if (size > 0)
		memcpy(to + FIELD_HEAD, bytes, size);
	to[FIELD_HEAD + size] = '\0';
	writer->end += FIELD_HEAD + size + 1;
}

void wire_put_text(struct wire_writer *writer, enum wire_field field, const char *text)
{
	if (text)
		wire_put_bytes(writer, field, text, strlen(text));
}

void wire_put_number(struct wire_writer *writer, enum wire_field field, int64_t number)
{
	wire_put_bytes(writer, field, &number, sizeof(number));
}

static int refuse(struct wire_writer *writer, enum wire_field field, const char *why, struct error *e)
{
	const struct field *f = &fields[field];

	wire_drop(writer);
	if (f->type != NUMBER)
		return error_set(e, ERROR_INPUT, "wire.field", "\"%s\" of a %s %s (at most %u bytes, %u times)", f->name,
		                 kinds[writer->kind].name, why, f->size_most, f->count_most);
	return error_set(e, ERROR_INPUT, "wire.field", "\"%s\" of a %s %s", f->name, kinds[writer->kind].name, why);
}

int wire_end(struct wire_writer *writer, struct error *e)
{
	const struct kind *kind = &kinds[writer->kind];
	uint32_t head[2] = { writer->kind, (uint32_t)(writer->end - writer->frame - FRAME_HEAD) };

	if (writer->bad)
		return refuse(writer, writer->bad, writer->why, e);
	if (kind->must & ~writer->seen)
		return refuse(writer, __builtin_ctzll(kind->must & ~writer->seen), "is missing", e);
	if (head[1] > kind->size_most || kind->from != writer->from) {
		wire_drop(writer);
		return error_set(e, ERROR_INPUT, "wire.field", "a %s of %u bytes is too large (at most %u)", kind->name,
		                 head[1], kind->size_most);
	}
	memcpy(writer->buffer + writer->frame, head, sizeof(head));
	return wire_waiting(writer) > WIRE_BUFFER_SIZE && wire_flush(writer, e) < 0 ? -1 : 0;
}

void wire_drop(struct wire_writer *writer)
{
	writer->end = writer->frame;
	writer->bad = 0;
}

size_t wire_waiting(const struct wire_writer *writer)
{
	return writer->end - writer->begin;
}

/* Sends once. Bytes sent, 0: not now, -1 failed. */
static ssize_t send_some(struct wire_writer *writer, int fd, struct error *e)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec bytes = { writer->buffer + writer->begin, writer->end - writer->begin };
	struct msghdr message = { .msg_iov = &bytes, .msg_iovlen = 1 };
	ssize_t sent;

	if (fd >= 0) {
		message.msg_control = control;
		message.msg_controllen = sizeof(control);
		*CMSG_FIRSTHDR(&message) = (struct cmsghdr){
			.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS
		};
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), &fd, sizeof(int));
	}
	do
		sent = sendmsg(writer->fd, &message, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return 0;
	if (sent < 0)
		return error_set(e, ERROR_INTERNAL, "wire.send", "could not send: %s", strerror(errno));
	return sent;
}

/* Nothing that was sent stays in the buffer of the daemon: it may have been a password. */
static void forget_sent(struct wire_writer *writer)
{
	if (writer->from == WIRE_DAEMON)
		explicit_bzero(writer->buffer, writer->end);
	writer->begin = writer->end = 0;
}

int wire_flush_fd(struct wire_writer *writer, int fd, struct error *e)
{
	while (writer->begin < writer->end) {
		ssize_t sent = send_some(writer, fd, e);

		if (sent < 0)
			return -1;
		if (sent == 0)
			return 0;
		writer->begin += (size_t)sent;
		fd = -1;
	}
	forget_sent(writer);
	return 1;
}

int wire_flush(struct wire_writer *writer, struct error *e)
{
	return wire_flush_fd(writer, -1, e);
}
