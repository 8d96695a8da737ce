#include "entra/subscriptions.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "common/cursor.h"
#include "common/sign.h"
#include "entra/api.h"
#include "entra/person.h"

#define HEAD "subscriptions 1"

enum {
	LIFE_S = 28 * 86400, /* Graph gives 41,760 minutes at most: a day less, for clocks */
	NAME_MOST = 200,
	KEPT_MOST = 2048,
	BODY_MOST = 16 << 10,
	STATUS_CREATED = 201,
	STATUS_NO_CONTENT = 204,
};

static const char kept_name[] = "subscriptions";

/* What Graph calls them; "": there is none. */
struct kept {
	char users[NAME_MOST], groups[NAME_MOST];
	char way[SIGN_HASH_SIZE]; /* a hash of the address and the clientState that they have */
};

#define KEPT_ROWS(kept)                                                                                      \
	{                                                                                                    \
		{ "users", (kept)->users, sizeof((kept)->users), NULL },                                     \
			{ "groups", (kept)->groups, sizeof((kept)->groups), NULL },                          \
			{ "way", (kept)->way, sizeof((kept)->way), NULL },                                   \
	}

/* 1: there are some. 0: none that can be read. */
static int recall(struct directory *d, struct kept *ret)
{
	const struct cursor_row rows[] = KEPT_ROWS(ret);
	char bytes[KEPT_MOST];
	int size = d->vendor.caller.host->recall(d->vendor.caller.call, kept_name, bytes, sizeof(bytes));

	memset(ret, 0, sizeof(*ret));
	if (size <= 0)
		return size;
	if (cursor_read(HEAD, bytes, (size_t)size, rows, ARRAY_COUNT(rows), NULL, NULL) == 0)
		return 1;
	memset(ret, 0, sizeof(*ret));
	return 0;
}

static int keep(struct directory *d, struct kept *kept)
{
	const struct cursor_row rows[] = KEPT_ROWS(kept);
	__attribute__((cleanup(buffer_close))) struct buffer b;

	buffer_open(&b, KEPT_MOST);
	if (!kept->users[0] && !kept->groups[0])
		return d->vendor.caller.host->keep(d->vendor.caller.call, kept_name, NULL, 0, 0);
	cursor_write(HEAD, rows, ARRAY_COUNT(rows), &b);
	return d->vendor.caller.host->keep(d->vendor.caller.call, kept_name, b.bytes, b.length, (int64_t)time(NULL) + LIFE_S);
}

static int find_way(struct directory *d, const char *address, char ret[SIGN_HASH_SIZE])
{
	struct error e;

	return sign_hash(arena_format(d->vendor.page, "%s\n%s", address, d->settings.client_state), ret, &e) < 0
		       ? d->vendor.caller.host->fail(d->vendor.caller.call, ROSTER_NONSENSE, 0, "%s", e.text)
		       : 0;
}

static void put_end(struct json_writer *w)
{
	time_t end = time(NULL) + LIFE_S;
	char text[32] = "";
	struct tm tm;

	if (gmtime_r(&end, &tm))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	json_put_text(w, "expirationDateTime", text);
}

static int create(struct directory *d, const char *resource, const char *address, char ret[NAME_MOST])
{
	static const int created[] = { STATUS_CREATED, 0 };
	__attribute__((cleanup(buffer_close))) struct buffer body;
	struct api_question question = { .url = api_url(d, "/subscriptions"),
					 .changes = true,
					 .allowed = created };
	struct json_writer w;
	const char *id;

	buffer_open(&body, BODY_MOST);
	json_writer_open(&w, &body);
	json_begin_object(&w, NULL);
	json_put_text(&w, "changeType", "updated,deleted");
	json_put_text(&w, "notificationUrl", address);
	json_put_text(&w, "lifecycleNotificationUrl", address);
	json_put_text(&w, "resource", resource);
	put_end(&w);
	json_put_text(&w, "clientState", d->settings.client_state);
	json_end_object(&w);
	question.body = body.bytes;
	d->vendor.caller.host->step(d->vendor.caller.call, "asking for notifications of \"%s\"", resource);
	if (api_ask(d, &api_subscriptions, &question) < 0)
		return -1;
	id = value_id(d->vendor.answer.rest);
	if (!id || strlen(id) >= NAME_MOST)
		return d->vendor.caller.host->fail(d->vendor.caller.call, ROSTER_NONSENSE, 0,
					    "Graph gives a subscription without an id that can be used");
	strcpy(ret, id);
	return 0;
}

/* 1: it goes on. 0: Graph does not know it any more. */
static int prolong(struct directory *d, const char *id)
{
	static const int missing[] = { 404, 0 };
	__attribute__((cleanup(buffer_close))) struct buffer body;
	struct api_question question = { .url = api_url(d, "/subscriptions/%s", id),
					 .method = "PATCH",
					 .allowed = missing };
	struct json_writer w;

	buffer_open(&body, BODY_MOST);
	json_writer_open(&w, &body);
	json_begin_object(&w, NULL);
	put_end(&w);
	json_end_object(&w);
	question.body = body.bytes;
	return api_ask(d, &api_subscriptions, &question) < 0 ? -1 : d->vendor.answer.status == 200;
}

static int take_back(struct directory *d, char id[NAME_MOST])
{
	static const int gone[] = { STATUS_NO_CONTENT, 404, 0 };
	const struct api_question question = { .url = api_url(d, "/subscriptions/%s", id),
					       .method = "DELETE",
					       .allowed = gone };

	if (!id[0])
		return 0;
	if (api_ask(d, &api_subscriptions, &question) < 0)
		return -1;
	id[0] = '\0';
	return 0;
}

int subscriptions_end(struct directory *d)
{
	struct kept kept;

	if (recall(d, &kept) < 0 || take_back(d, kept.users) < 0 || take_back(d, kept.groups) < 0)
		return -1;
	return keep(d, &kept);
}

/* One that there is goes on; else there is a new one. It is kept at once, for the next one may fail. */
static int make_one(struct directory *d, struct kept *kept, char id[NAME_MOST], const char *resource,
		    const char *address)
{
	int more = id[0] ? prolong(d, id) : 0;

	if (more != 0)
		return more < 0 ? -1 : 0;
	return create(d, resource, address, id) < 0 ? -1 : keep(d, kept);
}

int subscriptions_make(struct directory *d)
{
	const char *address = d->vendor.caller.host->address(d->vendor.caller.call, "notifications");
	char way[SIGN_HASH_SIZE];
	struct kept kept;

	if (!d->settings.client_state || !address) /* whoever cannot be believed need not send anything */
		return subscriptions_end(d) < 0 ? -1 : 1;
	if (find_way(d, address, way) < 0 || recall(d, &kept) < 0)
		return -1;
	/* Address and clientState of a subscription cannot be changed. */
	if (!text_equal(kept.way, way) && (take_back(d, kept.users) < 0 || take_back(d, kept.groups) < 0))
		return -1;
	strcpy(kept.way, way);
	if (!d->settings.groups && take_back(d, kept.groups) < 0)
		return -1;
	if (make_one(d, &kept, kept.users, "/users", address) < 0 ||
	    (d->settings.groups && make_one(d, &kept, kept.groups, "/groups", address) < 0))
		return -1;
	return keep(d, &kept);
}

int subscriptions_renew(struct directory *d)
{
	struct kept kept;
	int known = recall(d, &kept), users, groups;

	if (known < 0)
		return -1;
	users = kept.users[0] ? prolong(d, kept.users) : 0;
	groups = users > 0 && d->settings.groups && kept.groups[0] ? prolong(d, kept.groups)
								   : !d->settings.groups;
	if (users < 0 || groups < 0)
		return -1;
	if (!users || !groups)
		return d->vendor.caller.host->fail(d->vendor.caller.call, ROSTER_LOST_PLACE, 0,
					    "Graph does not know the subscription any more");
	return keep(d, &kept);
}
