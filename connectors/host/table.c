/* The host table: each function turns what a plug-in gives into a frame, or an answer of the daemon into a result. */
#include "host/call.h"

#include "base/clock.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- lines ---- */

/* A line as it may stand in a log: no controls, UTF-8, cut at a whole character. What plug-ins quote comes from afar. */
static void make_line(char line[LINE_SIZE])
{
	size_t length = text_cut(line, strlen(line), ROSTER_NOTE_MOST);

	line[length] = '\0';
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = ' ';
	for (size_t i = 0; !text_is_utf8(line, length) && i < length; i++)
		if ((unsigned char)line[i] >= 0x80)
			line[i] = '?';
}

static void format_line(char line[LINE_SIZE], const char *fmt, va_list args) __attribute__((format(printf, 2, 0)));
static void format_line(char line[LINE_SIZE], const char *fmt, va_list args)
{
	vsnprintf(line, LINE_SIZE, fmt, args);
	make_line(line);
}

#define FORMAT_LINE(line, fmt)                    \
	do {                                      \
		va_list args_;                    \
		va_start(args_, fmt);             \
		format_line((line), (fmt), args_); \
		va_end(args_);                    \
	} while (0)

__attribute__((format(printf, 4, 5))) static int fail(struct roster_call *call, enum roster_trouble trouble,
                                                      int after_ms, const char *fmt, ...)
{
	if (call->failed)
		return -1; /* what failed first is what matters */
	call->failed = true;
	call->trouble = trouble;
	call->after_ms = after_ms;
	FORMAT_LINE(call->why, fmt);
	return -1;
}

/* ---- what a directory shows ---- */

static int record_ends(struct roster_call *call, const char *what, const char *id)
{
	struct error e;

	if (wire_end(&call->writer, &e) == 0)
		return 0;
	return fail(call, ROSTER_NONSENSE, 0, "%s \"%.100s\" is not acceptable: %s", what, id ? id : "?", e.text);
}

/* Whether anything may be given now; size is the member that every struct begins with. */
static bool may_emit(struct roster_call *call, const char *what, size_t size)
{
	if (!call->under_way || call->scope == 0 || call->whole[0] || call->incomplete[0])
		fail(call, ROSTER_NONSENSE, 0, "the plug-in gives a %s %s: a fault of the plug-in", what,
		     call->under_way && call->scope ? "after it has said how the listing ended" : "although nobody asked");
	else if (size == 0)
		fail(call, ROSTER_NONSENSE, 0, "the plug-in gives a %s without its size: a fault of the plug-in", what);
	return !call->failed;
}

static int check_person(struct roster_call *call, const struct roster_identity *person)
{
	const char *why = NULL;

	if (person->standing < ROSTER_ACTIVE || person->standing > ROSTER_GONE)
		why = "its standing is none";
	else if (person->standing == ROSTER_GONE && call->scope == ROSTER_ALL)
		why = "a listing of all does not name who is gone";
	else if (!person->user_name && person->standing != ROSTER_GONE)
		why = "it has no user_name";
	else if (person->email && (person->email_proof < ROSTER_UNPROVEN || person->email_proof > ROSTER_PROVEN))
		why = "its email_proof is none";
	if (!why)
		return 0;
	return fail(call, ROSTER_NONSENSE, 0, "person \"%.100s\" is not acceptable: %s",
	            person->remote_id ? person->remote_id : "?", why);
}

static void put_groups(struct wire_writer *writer, const char *const *groups)
{
	if (!groups)
		return;
	wire_put_number(writer, WIRE_HAS_GROUPS, 1);
	for (; *groups; groups++)
		wire_put_text(writer, WIRE_IN_GROUP, *groups);
}

/* Elements of a plug-in may be shorter or longer than ours: their own size is the way to the next one. */
#define NEXT(element) ((const void *)((const char *)(element) + (element)->size))

static int put_attributes(struct roster_call *call, const struct roster_attribute *attribute)
{
	for (; attribute && attribute->name; attribute = NEXT(attribute)) {
		if (attribute->size < sizeof(*attribute))
			return fail(call, ROSTER_NONSENSE, 0, "an attribute without its size: a fault of the plug-in");
		wire_put_text(&call->writer, WIRE_ATTRIBUTE, attribute->name);
		for (const char *const *value = attribute->values; value && *value; value++)
			wire_put_text(&call->writer, WIRE_ATTRIBUTE_VALUE, *value);
	}
	return 0;
}

static int put_addresses(struct roster_call *call, const struct roster_address *address)
{
	for (; address && address->email; address = NEXT(address)) {
		if (address->size < sizeof(*address))
			return fail(call, ROSTER_NONSENSE, 0, "an address without its size: a fault of the plug-in");
		wire_put_text(&call->writer, WIRE_ADDRESS, address->email);
		wire_put_number(&call->writer, WIRE_ADDRESS_PROOF, address->proof);
	}
	return 0;
}

static void put_person(struct wire_writer *writer, const struct roster_identity *person)
{
	wire_put_text(writer, WIRE_REMOTE_ID, person->remote_id);
	wire_put_number(writer, WIRE_STANDING, person->standing);
	wire_put_text(writer, WIRE_REFERENCE, person->reference);
	wire_put_text(writer, WIRE_USER_NAME, person->user_name);
	wire_put_text(writer, WIRE_EMAIL, person->email);
	if (person->email)
		wire_put_number(writer, WIRE_EMAIL_PROOF, person->email_proof);
	wire_put_text(writer, WIRE_GIVEN_NAME, person->given_name);
	wire_put_text(writer, WIRE_FAMILY_NAME, person->family_name);
	wire_put_text(writer, WIRE_DISPLAY_NAME, person->display_name);
	wire_put_text(writer, WIRE_LOCALE, person->locale);
	wire_put_text(writer, WIRE_JOB_TITLE, person->title);
	wire_put_text(writer, WIRE_DEPARTMENT, person->department);
	wire_put_text(writer, WIRE_MANAGER, person->manager);
	wire_put_text(writer, WIRE_STAMP, person->stamp);
	put_groups(writer, person->groups);
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

static int emit(struct roster_call *call, const struct roster_identity *given)
{
	struct roster_identity person = { 0 };

	if (!may_emit(call, "person", given->size))
		return -1;
	memcpy(&person, given, smaller(given->size, sizeof(person)));
	if (check_person(call, &person) < 0)
		return -1;
	wire_begin(&call->writer, WIRE_PERSON);
	put_person(&call->writer, &person);
	if (put_attributes(call, person.attributes) < 0 || put_addresses(call, person.addresses) < 0) {
		wire_drop(&call->writer);
		return -1;
	}
	return record_ends(call, "person", person.remote_id);
}

static int emit_group(struct roster_call *call, const struct roster_group *given)
{
	struct roster_group group = { 0 };

	if (!may_emit(call, "group", given->size))
		return -1;
	memcpy(&group, given, smaller(given->size, sizeof(group)));
	if (group.partial && call->scope != ROSTER_CHANGED && !call->signing)
		return fail(call, ROSTER_NONSENSE, 0, "group \"%.100s\" is not acceptable: it is partial, and all its members "
		            "were asked for", group.remote_id ? group.remote_id : "?");
	wire_begin(&call->writer, WIRE_GROUP);
	wire_put_text(&call->writer, WIRE_REMOTE_ID, group.remote_id);
	wire_put_text(&call->writer, WIRE_REFERENCE, group.reference);
	wire_put_text(&call->writer, WIRE_NAME, group.name);
	wire_put_number(&call->writer, WIRE_GONE, group.gone != 0);
	wire_put_text(&call->writer, WIRE_STAMP, group.stamp);
	wire_put_number(&call->writer, WIRE_PARTIAL, group.partial != 0);
	return record_ends(call, "group", group.remote_id);
}

static int emit_member(struct roster_call *call, const char *group, const char *member)
{
	if (!may_emit(call, "membership", 1))
		return -1;
	if (call->signing)
		return fail(call, ROSTER_NONSENSE, 0, "the plug-in gives a membership beside the person who signs on: a fault of the plug-in");
	wire_begin(&call->writer, WIRE_MEMBER);
	wire_put_text(&call->writer, WIRE_IN_GROUP, group);
	wire_put_text(&call->writer, WIRE_GROUP_MEMBER, member);
	return record_ends(call, "a membership of group", group);
}

/* Whether what only a reading of changes has may be given now. */
static bool may_emit_change(struct roster_call *call, const char *what)
{
	if (may_emit(call, what, 1) && call->scope != ROSTER_CHANGED)
		fail(call, ROSTER_NONSENSE, 0, "the plug-in gives a %s although nobody asked what changed: a fault of the plug-in",
		     what);
	return !call->failed;
}

static int emit_member_gone(struct roster_call *call, const char *group, const char *member)
{
	if (!may_emit_change(call, "removed membership"))
		return -1;
	wire_begin(&call->writer, WIRE_MEMBER_GONE);
	wire_put_text(&call->writer, WIRE_IN_GROUP, group);
	wire_put_text(&call->writer, WIRE_GROUP_MEMBER, member);
	return record_ends(call, "a removed membership of group", group);
}

static int emit_present(struct roster_call *call, enum roster_subject subject, const char *remote_id, const char *stamp)
{
	if (!may_emit_change(call, "present record"))
		return -1;
	if (subject != ROSTER_PERSON && subject != ROSTER_GROUP)
		return fail(call, ROSTER_NONSENSE, 0, "what is present is neither a person nor a group: a fault of the plug-in");
	wire_begin(&call->writer, WIRE_PRESENT);
	wire_put_number(&call->writer, WIRE_SUBJECT, subject);
	wire_put_text(&call->writer, WIRE_REMOTE_ID, remote_id);
	wire_put_text(&call->writer, WIRE_STAMP, stamp);
	return record_ends(call, "present record", remote_id);
}

__attribute__((format(printf, 3, 4))) static int emit_refused(struct roster_call *call, const char *remote_id,
                                                              const char *fmt, ...)
{
	char why[LINE_SIZE], id[LINE_SIZE];

	if (!may_emit(call, "refused record", 1))
		return -1;
	FORMAT_LINE(why, fmt);
	snprintf(id, sizeof(id), "%s", remote_id ? remote_id : "?"); /* may be the very thing that cannot be read */
	make_line(id);
	wire_begin(&call->writer, WIRE_REFUSED);
	wire_put_text(&call->writer, WIRE_REMOTE_ID, id);
	wire_put_text(&call->writer, WIRE_LINE, why);
	return record_ends(call, "refused record", id);
}

static int cursor(struct roster_call *call, const void *bytes, size_t size)
{
	if (size > sizeof(call->cursor))
		return fail(call, ROSTER_NONSENSE, 0, "a cursor of %zu bytes is too long (at most %d)", size,
		            ROSTER_CURSOR_MOST);
	if (size > 0)
		memcpy(call->cursor, bytes, size);
	call->cursor_size = size;
	call->has_cursor = true;
	return 0;
}

__attribute__((format(printf, 2, 3))) static void whole(struct roster_call *call, const char *fmt, ...)
{
	FORMAT_LINE(call->whole, fmt);
}

__attribute__((format(printf, 2, 3))) static void incomplete(struct roster_call *call, const char *fmt, ...)
{
	FORMAT_LINE(call->incomplete, fmt);
}

__attribute__((format(printf, 5, 6))) static void prove(struct roster_call *call, const char *part, enum roster_evidence evidence,
                                                        const char *value, const char *fmt, ...)
{
	char line[LINE_SIZE];

	FORMAT_LINE(line, fmt);
	if (!call->under_way)
		return;
	wire_begin(&call->writer, WIRE_PROOF);
	wire_put_text(&call->writer, WIRE_NAME, part);
	wire_put_number(&call->writer, WIRE_TYPE, evidence);
	wire_put_text(&call->writer, WIRE_TEXT, value);
	wire_put_text(&call->writer, WIRE_LINE, line);
	record_ends(call, "part of a proof", part);
}

/* ---- lines for people ---- */

static void send_line(struct roster_call *call, enum wire_kind kind, const char *line)
{
	if (!call->under_way)
		return;
	wire_begin(&call->writer, kind);
	wire_put_text(&call->writer, WIRE_LINE, line);
	wire_end(&call->writer, NULL);
}

__attribute__((format(printf, 2, 3))) static void note(struct roster_call *call, const char *fmt, ...)
{
	char line[LINE_SIZE];

	FORMAT_LINE(line, fmt);
	send_line(call, WIRE_NOTE, line);
}

/* Goes out at once: it is wanted when nothing else comes any more. */
__attribute__((format(printf, 2, 3))) static void step(struct roster_call *call, const char *fmt, ...)
{
	char line[LINE_SIZE];

	FORMAT_LINE(line, fmt);
	if (strcmp(line, call->step) == 0)
		return;
	memcpy(call->step, line, sizeof(line));
	send_line(call, WIRE_STEP, line);
	call_flush(call);
}

/* ---- what is asked of the daemon ---- */

static const char *setting(struct roster_call *call, const char *name)
{
	return pairs_find(&call->values, 0, name);
}

static int64_t left_ms(struct roster_call *call)
{
	int64_t left = call->deadline_ms - clock_monotonic_ms();

	return left > 0 ? left : 0;
}

/* Ends the frame under way, sends it and waits for the answer. 0: granted, the answer lives until the next one. */
static int ask_daemon(struct roster_call *call, struct wire_frame *ret)
{
	struct error e;

	if (!call->under_way) { /* there is no call that an answer could belong to */
		wire_drop(&call->writer);
		return -1;
	}
	if (wire_end(&call->writer, &e) < 0)
		return fail(call, ROSTER_NONSENSE, 0, "the plug-in asks for what cannot be: %s", e.text);
	call_flush(call);
	call_read(call, ret);
	if (ret->kind == WIRE_GRANTED)
		return 0;
	return fail(call, (enum roster_trouble)wire_number(ret, WIRE_TROUBLE), (int)wire_number(ret, WIRE_AFTER_MS), "%s",
	            ret->kind == WIRE_DECLINED ? wire_text(ret, WIRE_LINE) : "the daemon gave no answer");
}

/* There may be a second server: that the first could not be dialled is no failure any more, but worth a line. */
static void take_back_dial(struct roster_call *call)
{
	if (!call->failed || !call->failed_to_dial)
		return;
	note(call, "%s", call->why);
	call->failed = false;
}

static int dial(struct roster_call *call, const char *host, const char *port, int timeout_ms)
{
	struct wire_frame answer;
	int fd;

	take_back_dial(call);
	call->failed_to_dial = !call->failed;
	wire_begin(&call->writer, WIRE_DIAL);
	wire_put_text(&call->writer, WIRE_HOST, host);
	wire_put_text(&call->writer, WIRE_PORT, port);
	wire_put_number(&call->writer, WIRE_TIMEOUT_MS, timeout_ms);
	if (ask_daemon(call, &answer) < 0)
		return -1;
	fd = wire_take_fd(&call->reader);
	if (fd < 0)
		return fail(call, ROSTER_TRY_LATER, 0, "no descriptor came for %s: too many are open here", host);
	call->failed_to_dial = false;
	return fd;
}

static int keep(struct roster_call *call, const char *name, const void *bytes, size_t size, int64_t until)
{
	struct wire_frame answer;

	wire_begin(&call->writer, WIRE_KEEP);
	wire_put_text(&call->writer, WIRE_NAME, name);
	wire_put_number(&call->writer, WIRE_UNTIL, until);
	if (bytes)
		wire_put_bytes(&call->writer, WIRE_BYTES, bytes, size);
	return ask_daemon(call, &answer);
}

static int recall(struct roster_call *call, const char *name, void *ret, size_t size)
{
	struct wire_frame answer;
	const struct wire_value *kept = &answer.values[WIRE_BYTES];

	wire_begin(&call->writer, WIRE_RECALL);
	wire_put_text(&call->writer, WIRE_NAME, name);
	if (ask_daemon(call, &answer) < 0)
		return -1;
	if (!wire_has(&answer, WIRE_BYTES))
		return 0;
	if (kept->size > size)
		return fail(call, ROSTER_NONSENSE, 0, "what was kept as \"%s\" has %u bytes, there is room for %zu", name,
		            kept->size, size);
	memcpy(ret, kept->bytes, kept->size);
	return (int)kept->size;
}

static int once(struct roster_call *call, const char *message_id, int64_t until)
{
	struct wire_frame answer;

	wire_begin(&call->writer, WIRE_ONCE);
	wire_put_text(&call->writer, WIRE_NAME, message_id);
	wire_put_number(&call->writer, WIRE_UNTIL, until);
	return ask_daemon(call, &answer);
}

static int look_at(struct roster_call *call, enum roster_subject subject, const char *remote_id)
{
	struct wire_frame answer;

	if (subject < ROSTER_PERSON || subject > ROSTER_CHANGES || (subject == ROSTER_CHANGES) != !remote_id)
		return fail(call, ROSTER_NONSENSE, 0, "who is to be looked at is neither a person nor a group, nor is it all that changed: a fault of "
		            "the plug-in");
	wire_begin(&call->writer, WIRE_LOOK_AT);
	wire_put_number(&call->writer, WIRE_SUBJECT, subject);
	wire_put_text(&call->writer, WIRE_REMOTE_ID, remote_id);
	return ask_daemon(call, &answer);
}

static int reply(struct roster_call *call, int status, const char *content_type, const void *body, size_t size)
{
	struct wire_frame answer;

	wire_begin(&call->writer, WIRE_REPLY);
	wire_put_number(&call->writer, WIRE_STATUS, status);
	wire_put_text(&call->writer, WIRE_NAME, content_type);
	if (size > 0)
		wire_put_bytes(&call->writer, WIRE_BODY, body, size);
	return ask_daemon(call, &answer);
}

static int send_browser(struct roster_call *call, const char *url, const char *post_body)
{
	struct wire_frame answer;

	wire_begin(&call->writer, WIRE_SEND_BROWSER);
	wire_put_text(&call->writer, WIRE_URL, url);
	wire_put_text(&call->writer, WIRE_BODY, post_body);
	return ask_daemon(call, &answer);
}

static const char *address(struct roster_call *call, const char *name)
{
	return pairs_find(&call->addresses, 0, name);
}

/* ---- signing on ---- */

static const char *attempt(struct roster_call *call, const char *name)
{
	return pairs_find(&call->form, WIRE_ATTEMPT, name);
}

/* What comes from afar, as it may stand in a table: UTF-8 without controls, cut at a whole character. */
static void put_shown(struct roster_call *call, enum wire_field field, const char *text)
{
	char shown[ROSTER_CHECKED_MOST + 1];
	size_t length;

	if (!text)
		return;
	snprintf(shown, sizeof(shown), "%s", text);
	length = text_cut(shown, strlen(shown), ROSTER_CHECKED_MOST);
	shown[length] = '\0';
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)shown[i] < 0x20 || shown[i] == 0x7f)
			shown[i] = ' ';
	for (size_t i = 0; !text_is_utf8(shown, length) && i < length; i++)
		if ((unsigned char)shown[i] >= 0x80)
			shown[i] = '?';
	wire_put_text(&call->writer, field, shown);
}

/* Beyond the limit the last ones are lost, and the failure that ends the call tells what it was about. */
static void checked(struct roster_call *call, const char *check, int passed, const char *expected, const char *received, const char *advice)
{
	if (!call->under_way || !call->signing || call->checks == ROSTER_CHECKS_MOST)
		return;
	call->checks++;
	wire_begin(&call->writer, WIRE_CHECKED);
	wire_put_text(&call->writer, WIRE_NAME, check);
	wire_put_number(&call->writer, WIRE_STATUS, passed != 0);
	put_shown(call, WIRE_TEXT, expected);
	put_shown(call, WIRE_WORDS, received);
	put_shown(call, WIRE_FALLBACK, advice);
	wire_end(&call->writer, NULL);
}

static int session(struct roster_call *call, const char *text, int64_t until)
{
	struct wire_frame answer;

	if (strlen(text) > ROSTER_SESSION_MOST)
		return fail(call, ROSTER_NONSENSE, 0, "what is said of the session at the provider has more than %d bytes", ROSTER_SESSION_MOST);
	wire_begin(&call->writer, WIRE_SESSION);
	wire_put_text(&call->writer, WIRE_TEXT, text);
	wire_put_number(&call->writer, WIRE_UNTIL, until);
	return ask_daemon(call, &answer);
}

static int session_of(struct roster_call *call, const char *subject, const char *index)
{
	struct wire_frame answer;

	wire_begin(&call->writer, WIRE_SESSION_OF);
	wire_put_text(&call->writer, WIRE_REMOTE_ID, subject);
	wire_put_text(&call->writer, WIRE_REFERENCE, index);
	return ask_daemon(call, &answer);
}

const struct roster_host host_table = {
	.size = sizeof(host_table),
	.emit = emit,
	.emit_group = emit_group,
	.emit_member = emit_member,
	.emit_refused = emit_refused,
	.fail = fail,
	.setting = setting,
	.note = note,
	.step = step,
	.left_ms = left_ms,
	.dial = dial,
	.cursor = cursor,
	.whole = whole,
	.incomplete = incomplete,
	.keep = keep,
	.recall = recall,
	.once = once,
	.look_at = look_at,
	.reply = reply,
	.send_browser = send_browser,
	.address = address,
	.emit_member_gone = emit_member_gone,
	.emit_present = emit_present,
	.prove = prove,
	.attempt = attempt,
	.checked = checked,
	.session = session,
	.session_of = session_of,
};
