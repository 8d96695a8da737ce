/* A batch of the log, as an array, as lines of JSON, or as one object; or one event of an event stream.
 * Nothing is signed: who knows what stands in the header "Authorization" is believed. */
#include "platform.h"

#include "auth0/messages.h"

#include <string.h>

#include "auth0/event.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"
#include "common/sign.h"

enum { REPEATED_FOR_S = 86400 }; /* a batch that was not taken is sent again until it is */

struct letter {
	struct directory *directory;
	const char *people[ROSTER_SUBJECTS_MOST];
	size_t count;
	bool changes, understood;
};

static void take_subject(void *context, enum event_subject subject, const char *id)
{
	struct letter *letter = context;

	if (subject != EVENT_PERSON &&
	    subject != EVENT_GONE) { /* roles may be read with their holders: what changed finds them */
		letter->changes = true;
		return;
	}
	for (size_t i = 0; i < letter->count; i++)
		if (text_equal(letter->people[i], id))
			return;
	if (letter->count == ROSTER_SUBJECTS_MOST)
		letter->changes = true;
	else
		letter->people[letter->count++] = arena_text(letter->directory->vendor.page, id);
}

/* "user.updated" with the user, or "organization.member.added" with the user in it. */
static void read_stream_event(struct letter *letter, const char *type, const struct json_node *data)
{
	const struct json_node *object = json_node_member(data, "object");
	const char *id = json_node_member_text(object, "user_id");

	if (!id)
		id = json_node_member_text(json_node_member(object, "user"), "user_id");
	letter->understood = true;
	if (id && (text_begins(type, "user.") || text_begins(type, "organization.member.")))
		take_subject(letter, EVENT_PERSON, id);
	else
		letter->changes = true;
}

static int take_event(void *context, const struct json_node *element, struct error *e)
{
	struct letter *letter = context;
	const struct json_node *data = json_node_member(element, "data"), *event = data ? data : element;
	const char *type = json_node_member_text(element, "type");

	(void)e;
	if (data && type) {
		read_stream_event(letter, type, data);
	} else if (json_node_member_text(event, "type")) {
		letter->understood = true;
		event_read(event, letter->directory->settings.organization, take_subject, letter);
	}
	return 0;
}

/* One value. False: it is not JSON. */
static bool read_value(struct letter *letter, const char *bytes, size_t size)
{
	bool batch = size > 0 && bytes[0] == '{' && memmem(bytes, size, "\"logs\"", strlen("\"logs\""));
	struct json_stream *stream = json_stream_open(batch ? "logs" : NULL, take_event, letter);
	const struct json_node *rest;
	struct error e;
	bool good = json_stream_feed(stream, bytes, size, &e) == 0 && json_stream_end(stream, &rest, &e) == 0;

	if (good && rest->type == JSON_NODE_ARRAY)
		letter->understood = true; /* none of them may matter */
	else if (good)
		take_event(letter, rest, &e);
	json_stream_close(&stream);
	return good;
}

static bool read_lines(struct letter *letter, const char *at, size_t size)
{
	const char *end = at + size;

	while (at < end) {
		const char *feed = memchr(at, '\n', (size_t)(end - at)), *stop = feed ? feed : end;
		size_t length = (size_t)(stop - at);

		while (length > 0 && strchr(" \t\r", at[length - 1]))
			length--;
		if (length > 0 && !read_value(letter, at, length))
			return false;
		at = stop + 1;
	}
	return true;
}

static int authenticate(struct directory *d, const struct roster_message *message)
{
	const struct fetch_caller *caller = &d->vendor.caller;
	const char *given = NULL;

	if (!d->settings.hook_authorization)
		return caller->host->fail(
			caller->call, ROSTER_MISCONFIGURED, 0,
			"\"hook_authorization\" is not set, so that no message can be believed");
	for (const struct roster_pair *pair = message->headers; pair && pair->name && !given; pair++)
		if (text_equal_nocase(pair->name, "Authorization"))
			given = pair->value;
	if (!given || !sign_same(d->settings.hook_authorization, given))
		return caller->host->fail(
			caller->call, ROSTER_DENIED, 0,
			"the header \"Authorization\" is not that of \"hook_authorization\"");
	return 0;
}

/* What is sent again is the same to the letter. */
static int take_once(struct directory *d, const char *body)
{
	const struct fetch_caller *caller = &d->vendor.caller;
	char hash[SIGN_HASH_SIZE];
	struct error e;

	if (sign_hash(body, hash, &e) < 0)
		return caller->host->fail(caller->call, ROSTER_TRY_LATER, 0, "%s", e.text);
	return caller->host->once(caller->call, hash, clock_now_us() / 1000000 + REPEATED_FOR_S);
}

int messages_read(struct directory *d, const struct roster_message *message)
{
	const struct fetch_caller *caller = &d->vendor.caller;
	struct letter *letter = arena_take(d->vendor.page, sizeof(*letter));
	const char *body;
	size_t size = message->body ? message->body_size : 0;

	memset(letter, 0, sizeof(*letter));
	letter->directory = d;
	if (authenticate(d, message) < 0)
		return -1;
	body = arena_text_n(d->vendor.page, message->body ? message->body : "", size);
	body = text_trim(body, &size);
	if (size == 0 || (!read_value(letter, body, size) && !read_lines(letter, body, size)) ||
	    !letter->understood)
		return caller->host->fail(caller->call, ROSTER_NONSENSE, 0,
					  "a message that is no batch of a log and no event; JSON lines, a "
					  "JSON array or an object are expected");
	if (take_once(d, body) < 0)
		return -1;
	for (size_t i = 0; i < letter->count; i++)
		if (caller->host->look_at(caller->call, ROSTER_PERSON, letter->people[i]) < 0)
			return -1;
	return letter->changes ? caller->host->look_at(caller->call, ROSTER_CHANGES, NULL) : 0;
}
