/* A channel is for one event and lives for some hours; it is not renewed but followed by another. Those of
 * before are stopped once the new ones are open, so nothing is lost in between, and what is told twice costs
 * nothing.
 *
 * A channel that cannot be stopped ends by itself. */
#include "google/channels.h"

#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "common/sign.h"
#include "google/api.h"

enum {
	LIFE_S = 6 * 3600,    /* that is asked for */
	KEPT_MOST = 4096,     /* bytes of the list of those that are open */
	RESOURCE_MOST = 256,  /* bytes of what Google calls that which is watched */
	BODY_MOST = 16 << 10, /* bytes of a request */
};

static const char *const events[] = { "add", "delete", "undelete", "update", NULL };

/* A line for each: its id, a blank, the id of what is watched. */
static const char kept[] = "channels";

static int recall(struct directory *d, char ret[KEPT_MOST + 1])
{
	int length = d->vendor.caller.host->recall(d->vendor.caller.call, kept, ret, KEPT_MOST);

	ret[length > 0 ? length : 0] = '\0';
	return length;
}

static int keep(struct directory *d, const struct buffer *list)
{
	return d->vendor.caller.host->keep(d->vendor.caller.call, kept, list->bytes, list->length,
					   clock_now_us() / 1000000 + LIFE_S);
}

/* ---- one channel ---- */

static void write_channel(const struct directory *d, const char *id, const char *address, struct buffer *body)
{
	struct json_writer w;

	json_writer_open(&w, body);
	json_begin_object(&w, NULL);
	json_put_text(&w, "id", id);
	json_put_text(&w, "type", "web_hook");
	json_put_text(&w, "address", address);
	json_put_text(&w, "token", d->settings.channel_token);
	json_begin_object(&w, "params");
	json_put_int(&w, "ttl", LIFE_S);
	json_end_object(&w);
	json_end_object(&w);
}

/* Opens one, and adds it to the list. */
static int open_channel(struct directory *d, const char *event, const char *address, struct buffer *list)
{
	__attribute__((cleanup(buffer_close))) struct buffer body;
	const struct fetch_caller *caller = &d->vendor.caller;
	char id[SIGN_RANDOM_SIZE];
	const char *resource;
	struct error e;
	int result;

	buffer_open(&body, BODY_MOST);
	if (sign_random(id, &e) < 0)
		return caller->host->fail(caller->call, ROSTER_TRY_LATER, 0, "%s", e.text);
	write_channel(d, id, address, &body);
	result = body.full ? caller->host->fail(caller->call, ROSTER_MISCONFIGURED, 0,
						"the address for messages is too long")
			   : api_post(d, &api_watch,
				      arena_format(d->vendor.page, "%s&event=%s", api_list(d, "users/watch"),
						   event),
				      body.bytes);
	explicit_bzero(body.bytes, body.length);
	if (result < 0)
		return -1;
	resource = json_node_member_text(d->vendor.answer.rest, "resourceId");
	if (!resource || !resource[0] || strlen(resource) > RESOURCE_MOST ||
	    !text_is_printable(resource, strlen(resource)) || strchr(resource, ' '))
		return caller->host->fail(caller->call, ROSTER_NONSENSE, 0,
					  "%s: Google does not say what the channel is of", api_watch.doing);
	buffer_format(list, "%s %s\n", id, resource);
	return 0;
}

/* Whatever Google answers: one that it does not know, or that is another's by now, needs no stopping. */
static int stop_channel(struct directory *d, const char *id, const char *resource)
{
	__attribute__((cleanup(buffer_close))) struct buffer body;
	struct json_writer w;

	buffer_open(&body, BODY_MOST);
	json_writer_open(&w, &body);
	json_begin_object(&w, NULL);
	json_put_text(&w, "id", id);
	json_put_text(&w, "resourceId", resource);
	json_end_object(&w);
	return api_tell(d, "stopping a channel",
			arena_format(d->vendor.page, "%s/admin/directory_v1/channels/stop", d->settings.api),
			body.bytes);
}

/* ---- all of them ---- */

static int stop_all(struct directory *d, char *list)
{
	char *line;

	while ((line = strsep(&list, "\n"))) {
		char *blank = strchr(line, ' ');

		if (!blank)
			continue;
		*blank = '\0';
		if (stop_channel(d, line, blank + 1) < 0)
			return -1;
	}
	return 0;
}

/* New ones, in the place of those of before. */
static int open_all(struct directory *d, const char *address, char before[KEPT_MOST + 1])
{
	__attribute__((cleanup(buffer_close))) struct buffer list;

	buffer_open(&list, KEPT_MOST);
	for (const char *const *event = events; *event; event++)
		if (open_channel(d, *event, address, &list) < 0)
			return -1;
	return keep(d, &list) < 0 ? -1 : stop_all(d, before);
}

int channels_subscribe(struct directory *d)
{
	const char *address = d->vendor.caller.host->address(d->vendor.caller.call, "notifications");
	char before[KEPT_MOST + 1];

	if (!d->settings.channel_token || !address)
		return 1;
	return recall(d, before) < 0 ? -1 : open_all(d, address, before);
}

int channels_renew(struct directory *d)
{
	const char *address = d->vendor.caller.host->address(d->vendor.caller.call, "notifications");
	char before[KEPT_MOST + 1];
	int had = recall(d, before);

	if (had < 0)
		return -1;
	if (had == 0 || !address)
		return d->vendor.caller.host->fail(d->vendor.caller.call, ROSTER_LOST_PLACE, 0,
						   "no channel is open");
	return open_all(d, address, before);
}

int channels_unsubscribe(struct directory *d)
{
	char before[KEPT_MOST + 1];

	if (recall(d, before) < 0 || stop_all(d, before) < 0)
		return -1;
	return d->vendor.caller.host->keep(d->vendor.caller.call, kept, NULL, 0, 0);
}
