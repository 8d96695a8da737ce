/* Graph says that somebody or a group has changed, and who: they are looked at, and nothing else of a message
 * counts.
 *
 * Before it sends any it asks whether this is a place for them; it does so before there is a subscription
 * whose clientState it could show, so that question is answered to everybody. What is sent back is short,
 * plain, and text. */
#include "entra/messages.h"

#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/text.h"
#include "common/sign.h"
#include "entra/person.h"

enum {
	TOKEN_MOST = 4096,
	STATUS_QUEUED = 202, /* "we will look at it": what Graph's own guide asks for */
};

struct letter {
	struct directory *directory;
	unsigned long believed, doubted, subjects;
	bool changes; /* somebody has changed, and it is not said who, or of too many */
	char ids[ROSTER_SUBJECTS_MOST][PLACE_GUID_LETTERS + 1];
	enum roster_subject subject[ROSTER_SUBJECTS_MOST];
};

static const char *find_pair(const struct roster_pair *pairs, const char *name)
{
	for (; pairs && pairs->name; pairs++)
		if (text_equal_nocase(pairs->name, name))
			return pairs->value;
	return NULL;
}

static int answer_validation(struct directory *d, const char *token)
{
	size_t length = strlen(token);

	if (length > TOKEN_MOST || !text_is_printable(token, length))
		return d->vendor.caller.host->fail(
			d->vendor.caller.call, ROSTER_DENIED, 0,
			"a validationToken that is not %d characters that can be printed", TOKEN_MOST);
	return d->vendor.caller.host->reply(d->vendor.caller.call, 200, "text/plain", token, length);
}

/* "Users/87d349ed-..." and "Groups/...": the case differs, and there may be more behind it ("/members"). */
static enum roster_subject subject_of(const char *resource)
{
	if (resource && (strncasecmp(resource, "users/", 6) == 0))
		return ROSTER_PERSON;
	if (resource && (strncasecmp(resource, "groups/", 7) == 0))
		return ROSTER_GROUP;
	return ROSTER_CHANGES;
}

/* The id beside the resource, or the one in it. */
static const char *id_of(const struct json_node *item, const char *resource, char ret[PLACE_GUID_LETTERS + 1])
{
	const char *id = json_node_member_text(json_node_member(item, "resourceData"), "id"),
		   *slash = resource ? strchr(resource, '/') : NULL;
	struct guid guid;

	if (!id && slash) {
		size_t length = strcspn(slash + 1, "/");

		if (length == PLACE_GUID_LETTERS) {
			memcpy(ret, slash + 1, length);
			ret[length] = '\0';
			id = ret;
		}
	}
	if (!id || !place_guid(id, &guid))
		return NULL;
	place_guid_text(&guid, ret);
	return ret;
}

static void remember(struct letter *letter, enum roster_subject subject, const char *id)
{
	if (letter->subjects == ROSTER_SUBJECTS_MOST) {
		letter->changes = true;
		return;
	}
	letter->subject[letter->subjects] = subject;
	strcpy(letter->ids[letter->subjects++], id);
}

/* Each has its own clientState: one letter may have those of several subscriptions. */
static int take_item(void *context, const struct json_node *item, struct error *e)
{
	struct letter *letter = context;
	const char *state = json_node_member_text(item, "clientState"),
		   *resource = json_node_member_text(item, "resource"), *id;
	enum roster_subject subject = subject_of(resource);
	char text[PLACE_GUID_LETTERS + 1];

	(void)e;
	if (!state || !sign_same(letter->directory->settings.client_state, state)) {
		letter->doubted++;
		return 0;
	}
	letter->believed++;
	id = json_node_member(item, "lifecycleEvent") ? NULL : id_of(item, resource, text);
	/* missed, subscriptionRemoved, reauthorizationRequired: what was not told may be anything. */
	if (subject == ROSTER_CHANGES || !id)
		letter->changes = true;
	else
		remember(letter, subject, id);
	return 0;
}

static int look_at(struct letter *letter)
{
	const struct fetch_caller *caller = &letter->directory->vendor.caller;

	if (letter->changes)
		return caller->host->look_at(caller->call, ROSTER_CHANGES, NULL);
	for (unsigned long i = 0; i < letter->subjects; i++)
		if (caller->host->look_at(caller->call, letter->subject[i], letter->ids[i]) < 0)
			return -1;
	return 0;
}

static int read_items(struct letter *letter, const struct roster_message *message)
{
	const struct fetch_caller *caller = &letter->directory->vendor.caller;
	struct json_stream *stream = json_stream_open("value", take_item, letter);
	const struct json_node *rest;
	struct error e;
	bool read = json_stream_feed(stream, message->body, message->body_size, &e) == 0 &&
		    json_stream_end(stream, &rest, &e) == 0;

	json_stream_close(&stream);
	/* Who sent what cannot be read is not known. */
	if (!read)
		return caller->host->fail(caller->call, ROSTER_DENIED, 0, "this is no notification: %.200s",
					  e.text);
	if (letter->believed == 0)
		return caller->host->fail(caller->call, ROSTER_DENIED, 0,
					  "the clientState is not that of \"client_state\"");
	return 0;
}

int messages_read(struct directory *d, const struct roster_message *message)
{
	const char *token = find_pair(message->query, "validationToken");
	struct letter *letter = arena_take(d->vendor.page, sizeof(*letter));

	memset(letter, 0, sizeof(*letter));
	letter->directory = d;
	if (token)
		return answer_validation(d, token);
	if (!d->settings.client_state)
		return d->vendor.caller.host->fail(
			d->vendor.caller.call, ROSTER_MISCONFIGURED, 0,
			"\"client_state\" is not set, so that no notification can be believed");
	if (!message->body || message->body_size == 0)
		return d->vendor.caller.host->fail(d->vendor.caller.call, ROSTER_DENIED, 0,
						   "this is no notification: it is empty");
	if (read_items(letter, message) < 0 || look_at(letter) < 0)
		return -1;
	return d->vendor.caller.host->reply(d->vendor.caller.call, STATUS_QUEUED, NULL, NULL, 0);
}
