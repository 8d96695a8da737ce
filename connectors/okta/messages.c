/* An event says who was meant; they are looked at, and nothing else of it counts. Nothing is signed: whoever shows the header that was
 * entered with the hook is believed, at the verification as well, which is the only GET that Okta ever sends. */
#include "okta/messages.h"

#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "common/sign.h"

enum {
	CHALLENGE_MOST = 200,
	REPLY_MOST = 512,
	ONCE_S = 86400, /* one that is repeated comes within minutes, and at most once */
};

static const char *find_header(const struct roster_message *message, const char *name)
{
	for (const struct roster_pair *pair = message->headers; pair && pair->name; pair++)
		if (text_equal_nocase(pair->name, name))
			return pair->value;
	return NULL;
}

static int authenticate(const struct directory *d, const struct roster_message *message)
{
	const struct fetch_caller *caller = &d->vendor.caller;
	const char *shown = find_header(message, d->settings.hook_header);

	if (!d->settings.hook_secret)
		return caller->host->fail(caller->call, ROSTER_MISCONFIGURED, 0,
					  "\"hook_secret\" is not set, so that no event can be believed");
	if (!shown || !sign_same(d->settings.hook_secret, shown))
		return caller->host->fail(caller->call, ROSTER_DENIED, 0, "the header \"%.80s\" is not that of \"hook_secret\"",
					  d->settings.hook_header);
	return 0;
}

static int answer_challenge(const struct directory *d, const char *challenge)
{
	const struct fetch_caller *caller = &d->vendor.caller;
	__attribute__((cleanup(buffer_close))) struct buffer reply = { 0 };
	struct json_writer w;

	if (strlen(challenge) > CHALLENGE_MOST)
		return caller->host->fail(caller->call, ROSTER_NONSENSE, 0, "the challenge is longer than %d bytes", CHALLENGE_MOST);
	buffer_open(&reply, REPLY_MOST);
	json_writer_open(&w, &reply);
	json_begin_object(&w, NULL);
	json_put_text(&w, "verification", challenge);
	json_end_object(&w);
	return caller->host->reply(caller->call, 200, "application/json", reply.bytes, reply.length);
}

/* The users and groups among whom an event was about; the others (applications, rules) are nobody. What is about a group as such, or about
 * nobody whom we can look at, is left to what changed. */
static int look_at_targets(const struct directory *d, const struct json *event, bool *changes)
{
	const struct fetch_caller *caller = &d->vendor.caller;
	const struct json *targets = json_member(event, "target");
	size_t seen = 0;

	for (size_t i = 0; i < json_count(targets); i++) {
		const struct json *target = json_at(targets, i);
		const char *type = json_text(json_member(target, "type")), *id = json_text(json_member(target, "id"));

		if (!id || !id[0] || strlen(id) > PLACE_ID_MOST || !text_equal(type, "User"))
			continue;
		seen++;
		if (caller->host->look_at(caller->call, ROSTER_PERSON, id) < 0)
			return -1;
	}
	*changes |= seen == 0;
	return 0;
}

static size_t count_targets(const struct json *events)
{
	size_t count = 0;

	for (size_t i = 0; i < json_count(events); i++)
		count += json_count(json_member(json_at(events, i), "target"));
	return count;
}

static int look_at_all(const struct directory *d, const struct json *events)
{
	const struct fetch_caller *caller = &d->vendor.caller;
	bool changes = json_count(events) == 0 || count_targets(events) > ROSTER_SUBJECTS_MOST - 1;

	for (size_t i = 0; i < json_count(events) && !changes; i++)
		if (look_at_targets(d, json_at(events, i), &changes) < 0)
			return -1;
	return changes ? caller->host->look_at(caller->call, ROSTER_CHANGES, NULL) : 0;
}

static int read_events(const struct directory *d, const struct roster_message *message)
{
	const struct fetch_caller *caller = &d->vendor.caller;
	struct json *body;
	const char *id;
	struct error e;

	if (json_parse(d->vendor.page, message->body ? message->body : "", message->body_size, &body, &e) < 0)
		return caller->host->fail(caller->call, ROSTER_NONSENSE, 0, "this is no event: %.200s", e.text);
	id = json_text(json_member(body, "eventId"));
	if (id && id[0] && strlen(id) <= ROSTER_ID_MOST && caller->host->once(caller->call, id, clock_now_us() / 1000000 + ONCE_S) < 0)
		return -1;
	return look_at_all(d, json_member(json_member(body, "data"), "events"));
}

int message_read(struct directory *d, const struct roster_message *message)
{
	const char *challenge = find_header(message, "X-Okta-Verification-Challenge");

	if (authenticate(d, message) < 0)
		return -1;
	if (challenge)
		return answer_challenge(d, challenge);
	if (!text_equal(message->method, "POST"))
		return d->vendor.caller.host->fail(d->vendor.caller.call, ROSTER_NONSENSE, 0, "this is neither a verification nor an event");
	return read_events(d, message);
}
