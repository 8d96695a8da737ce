/* Frames between the daemon and the child that serves a plug-in: a small fixed type-length-value format.
 *
 *   frame   kind (4 bytes)  size of what follows (4)  fields
 *   field   field (1) and length (3), as one word     bytes  NUL
 *
 * Both ends are on one machine: numbers have the machine's byte order. One table in wire.c says which side may send a
 * kind, which fields it must and may have, and how long and how many they may be; writer and reader go by it alike, so
 * what a reader hands out needs no second look at lengths and UTF-8. Texts point into the receive buffer and end with
 * NUL. Many small frames share a system call. Daemon and child both compile this room. */
#ifndef ROSTERD_PLUGIN_WIRE_H
#define ROSTERD_PLUGIN_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum wire_side { WIRE_DAEMON = 1, WIRE_CHILD };

enum wire_kind {
	/* what a plug-in is: the child sends it unasked */
	WIRE_PLUGIN = 1, WIRE_SETTING, WIRE_READY,
	/* what the daemon asks */
	WIRE_VALUE, WIRE_OPEN, WIRE_CHECK, WIRE_ASK,
	/* what a call gives */
	WIRE_PERSON, WIRE_GROUP, WIRE_MEMBER, WIRE_REFUSED, WIRE_NOTE, WIRE_STEP,
	/* what a plug-in asks of the daemon, and the answers */
	WIRE_DIAL, WIRE_KEEP, WIRE_RECALL, WIRE_ONCE, WIRE_LOOK_AT, WIRE_REPLY, WIRE_SEND_BROWSER,
	WIRE_GRANTED, WIRE_DECLINED,
	/* how a call ends */
	WIRE_DONE, WIRE_FAILED,
	/* what a call about changes gives, and the question to wait for them */
	WIRE_MEMBER_GONE, WIRE_PRESENT, WIRE_AWAIT,
	/* how a listing proves that it is whole */
	WIRE_PROOF,
	/* where we are reached, part of a message that came there, and the question what it says */
	WIRE_OWN_ADDRESS, WIRE_PAIR, WIRE_TELL,
	/* an event to be delivered */
	WIRE_DELIVER,
	/* whether a directory shall send messages; WIRE_TYPE is an enum link_subscription */
	WIRE_SUBSCRIBE,
	/* a value of a sign-on, the question what comes of it (WIRE_TYPE is an enum link_step), what was looked at, the provider's session, and what it calls that */
	WIRE_FORM, WIRE_SIGN, WIRE_CHECKED, WIRE_SESSION, WIRE_SESSION_OF,
	WIRE_KIND_COUNT,
};

enum wire_field {
	WIRE_ABI_MAJOR = 1, WIRE_ABI_MINOR, WIRE_NAME, WIRE_TITLE, WIRE_ABILITIES, WIRE_SCOPES,
	WIRE_TYPE, WIRE_WORDS, WIRE_REQUIRED, WIRE_FALLBACK, WIRE_WORD, WIRE_TEXT,
	WIRE_DEADLINE_MS, WIRE_CALL, WIRE_SCOPE, WIRE_CURSOR, WIRE_PAGE_MOST,
	WIRE_WANTED, WIRE_NAMED, WIRE_NAMED_GROUP,
	WIRE_REMOTE_ID, WIRE_REFERENCE, WIRE_USER_NAME, WIRE_EMAIL, WIRE_EMAIL_PROOF,
	WIRE_GIVEN_NAME, WIRE_FAMILY_NAME, WIRE_DISPLAY_NAME, WIRE_STANDING, WIRE_LOCALE,
	WIRE_JOB_TITLE, WIRE_DEPARTMENT, WIRE_MANAGER, WIRE_HAS_GROUPS, WIRE_IN_GROUP,
	WIRE_ATTRIBUTE, WIRE_ATTRIBUTE_VALUE, WIRE_ADDRESS, WIRE_ADDRESS_PROOF, WIRE_GONE, WIRE_GROUP_MEMBER,
	WIRE_LINE, WIRE_HOST, WIRE_PORT, WIRE_TIMEOUT_MS, WIRE_BYTES, WIRE_UNTIL, WIRE_SUBJECT,
	WIRE_STATUS, WIRE_BODY, WIRE_URL, WIRE_MORE, WIRE_WHOLE, WIRE_INCOMPLETE, WIRE_TROUBLE, WIRE_AFTER_MS,
	WIRE_STAMP, WIRE_PARTIAL, WIRE_PLACE, WIRE_NETWORK,
	WIRE_FIELD_COUNT,
};

/* The descriptors that the child finds beside 0, 1 and 2. */
enum { WIRE_SOCKET_FD = 3, WIRE_PLUGIN_FD = 4 };

/* WIRE_TYPE of a WIRE_PAIR. */
enum { WIRE_QUERY = 1, WIRE_HEADER };
/* WIRE_TYPE of a WIRE_FORM. */
enum { WIRE_ATTEMPT = 1, WIRE_FIELD };

/* What WIRE_ABILITIES is made of. */
enum { WIRE_DIRECTORY = 1 << 0, WIRE_WATCH = 1 << 1, WIRE_SIGN_ON = 1 << 2, WIRE_NOTIFICATIONS = 1 << 3, WIRE_DELIVERY = 1 << 4 };

enum {
	WIRE_BUFFER_SIZE = 65536,
	WIRE_FRAME_MOST = 1048576 + 65536, /* the largest frame: a body and what stands beside it */
	WIRE_SETTINGS_MOST = 128,          /* settings of one plug-in */
	WIRE_WORDS_MOST = 64,              /* choices of one setting */
};

struct wire_value {
	const char *bytes; /* ends with NUL */
	uint32_t size;
	int64_t number;
};

/* One frame, checked by the table. Only the fields in `seen` have a value; of a repeated one it is the first. */
struct wire_frame {
	enum wire_kind kind;
	uint64_t seen;
	struct wire_value values[WIRE_FIELD_COUNT];
	const char *fields, *end;
};

/* A field's value, or what stands for its absence: NULL and 0. */
const char *wire_text(const struct wire_frame *frame, enum wire_field field);
int64_t wire_number(const struct wire_frame *frame, enum wire_field field);
bool wire_has(const struct wire_frame *frame, enum wire_field field);

/* Walks all fields in the order they were written; *at begins as frame->fields. 1: a field. 0: the end. */
int wire_next(const struct wire_frame *frame, const char **at, enum wire_field *ret_field,
              struct wire_value *ret_value);

/* Checks the fields of one frame that `from` has sent. The frame points into bytes. ERROR_REMOTE "wire.broken". */
int wire_decode(enum wire_side from, uint32_t kind, const char *bytes, size_t size, struct wire_frame *ret,
                struct error *e);

/* ---- reading ---- */

struct wire_reader {
	int fd;
	enum wire_side from; /* who sends */
	char *buffer;
	size_t size, begin, end; /* what was received and not yet read lies between begin and end */
	int passed_fd;           /* a descriptor that came along, or -1 (a daemon takes none) */
};
void wire_reader_open(struct wire_reader *reader, int fd, enum wire_side from);
void wire_reader_close(struct wire_reader *reader); /* leaves the socket to its owner */

/* The next frame that has arrived whole: 1; 0: more has to be received; -1: what came is no frame. The frame's values
 * live until wire_receive. */
int wire_read(struct wire_reader *reader, struct wire_frame *ret, struct error *e);

/* Receives once. 1: something came. 0: the other side is gone. -1 failed; with a non-blocking socket also 1 if there
 * was nothing. */
int wire_receive(struct wire_reader *reader, struct error *e);

/* Takes the descriptor that came last; -1: none came. */
int wire_take_fd(struct wire_reader *reader);

/* ---- writing ---- */

/* A frame is wire_begin, wire_put_..., wire_end. A field that may not be written is remembered until wire_end, which
 * then drops the frame. Putting a text of NULL puts nothing. */
struct wire_writer {
	int fd;
	enum wire_side from;
	char *buffer;
	size_t size, begin, end; /* what is not yet sent lies between begin and end */
	size_t frame;            /* where the frame under way begins */
	enum wire_kind kind;
	uint64_t seen;
	enum wire_field bad; /* the first field that was refused, 0 if none */
	const char *why;
	uint16_t count[WIRE_FIELD_COUNT];
};
void wire_writer_open(struct wire_writer *writer, int fd, enum wire_side from);
void wire_writer_close(struct wire_writer *writer); /* wipes what it held; leaves the socket to its owner */

void wire_begin(struct wire_writer *writer, enum wire_kind kind);
void wire_put_text(struct wire_writer *writer, enum wire_field field, const char *text);
void wire_put_bytes(struct wire_writer *writer, enum wire_field field, const void *bytes, size_t size);
void wire_put_number(struct wire_writer *writer, enum wire_field field, int64_t number);

/* ERROR_INPUT "wire.field": the text names the field and its limit. Nothing is sent before wire_flush, or before more
 * than WIRE_BUFFER_SIZE bytes wait. */
int wire_end(struct wire_writer *writer, struct error *e);

/* Forgets the frame under way. */
void wire_drop(struct wire_writer *writer);

/* How many bytes wait to be sent. */
size_t wire_waiting(const struct wire_writer *writer);

/* Sends what waits: 1 all is sent; 0: the (non-blocking) socket takes no more now; -1 failed. */
int wire_flush(struct wire_writer *writer, struct error *e);

/* As wire_flush, with a descriptor along; the other side takes it with the frame that was written last. */
int wire_flush_fd(struct wire_writer *writer, int fd, struct error *e);

#endif
