/* Google says in a header what has happened and in the body to whom; that person is looked at, and nothing
 * else of a message counts. Nothing is signed: who knows the channel's token is believed. */
#include "google/messages.h"

#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"
#include "common/sign.h"
#include "common/value.h"

enum { ONCE_S = 86400 }; /* Google tries again for some hours */

/* A header without the blanks around it; NULL: there is none. */
static const char *header(struct directory *d, const struct roster_message *message, const char *name)
{
	for (const struct roster_pair *pair = message->headers; pair && pair->name; pair++)
		if (text_equal_nocase(pair->name, name)) {
			size_t length;
			const char *value = text_trim(pair->value, &length);

			return arena_text_n(d->vendor.page, value, length);
		}
	return NULL;
}

static int authenticate(struct directory *d, const struct roster_message *message)
{
	const struct fetch_caller *caller = &d->vendor.caller;
	const char *token = header(d, message, "X-Goog-Channel-Token");

	if (!d->settings.channel_token)
		return caller->host->fail(caller->call, ROSTER_MISCONFIGURED, 0,
					  "\"channel_token\" is not set, so that no message can be believed");
	if (!token || !sign_same(d->settings.channel_token, token))
		return caller->host->fail(caller->call, ROSTER_DENIED, 0,
					  "the channel's token is not that of \"channel_token\"");
	return 0;
}

/* Messages of a channel have numbers, and one that is tried again has the same. */
static int take_once(struct directory *d, const struct roster_message *message)
{
	const struct fetch_caller *caller = &d->vendor.caller;
	const char *channel = header(d, message, "X-Goog-Channel-ID"),
		   *number = header(d, message, "X-Goog-Message-Number");

	if (!channel || !number)
		return 0;
	return caller->host->once(caller->call, arena_format(d->vendor.page, "%.200s %.40s", channel, number),
				  clock_now_us() / 1000000 + ONCE_S);
}

/* Bodies may be missing, and what a body says of other things than people is not known here. */
static int look_at(struct directory *d, const struct roster_message *message)
{
	const struct fetch_caller *caller = &d->vendor.caller;
	struct json_stream *stream = json_stream_open(NULL, NULL, NULL);
	const struct json_node *body;
	const char *id = NULL;
	struct error e;
	int result;

	if (message->body && json_stream_feed(stream, message->body, message->body_size, &e) == 0 &&
	    json_stream_end(stream, &body, &e) == 0 &&
	    text_equal(json_node_member_text(body, "kind"), "admin#directory#user"))
		id = value_id(body);
	result = caller->host->look_at(caller->call, id ? ROSTER_PERSON : ROSTER_CHANGES, id);
	json_stream_close(&stream);
	return result;
}

int messages_read(struct directory *d, const struct roster_message *message)
{
	const struct fetch_caller *caller = &d->vendor.caller;
	const char *state;

	if (authenticate(d, message) < 0)
		return -1;
	state = header(d, message, "X-Goog-Resource-State");
	if (!state)
		return caller->host->fail(
			caller->call, ROSTER_NONSENSE, 0,
			"this is no message of a channel: X-Goog-Resource-State is missing");
	/* A channel has begun: nothing has happened. */
	if (text_equal_nocase(state, "sync"))
		return 0;
	return take_once(d, message) < 0 ? -1 : look_at(d, message);
}
