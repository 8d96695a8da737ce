#include "endpoints/webhooks.h"

#include <string.h>

#include "base/clock.h"
#include "base/metric.h"
#include "base/text.h"
#include "endpoints/rate.h"
#include "endpoints/sender.h"
#include "plugin/catalog.h"
#include "plugin/keeper.h"
#include "plugin/links.h"
#include "plugin/settings.h"
#include "roster/connection.h"
#include "roster/notification.h"

enum { CALL_MS_LEAST = 100 };

/* From prepare to take. */
struct hook {
	struct id connection;
	struct notification_address address;
	bool looks_by_name; /* its plug-in can be asked about some people */
	int64_t until_ms;   /* clock_monotonic_ms */
	struct settings settings;
	struct keeper keeper;
	struct link_heard heard;
};

const char *webhooks_url(struct exchange *x, const struct id *connection, const char *plugin)
{
	const struct catalog_plugin *found;
	char id[ID_TEXT_SIZE];
	struct error ignored;

	if (!x->options->public_url || catalog_find(x->options->catalog, plugin, &found, &ignored) != 1 ||
	    !(found->abilities & CATALOG_NOTIFICATIONS))
		return NULL;
	return arena_format(x->arena, "%s/hooks/%s", x->options->public_url, id_text(connection, id));
}

static void count(const struct hook *hook, const char *outcome)
{
	metric_add(METRIC_NOTIFICATIONS, LABELS(hook->address.plugin, outcome), 1);
}

/* ---- whose it is ---- */

/* The same for all that there is not, so that nobody learns what there is. */
static int unknown(struct error *e)
{
	return error_set(e, ERROR_NOT_FOUND, "hook.unknown", "no messages are taken at this address");
}

static int find_address(struct exchange *x, struct hook *hook, struct error *e)
{
	int found;

	if (id_parse(request_segment(x->request, "connection"), &hook->connection) < 0)
		return unknown(e);
	found = exchange_begin(x, e) < 0
			? -1
			: notification_address(x->tx, x->arena, &hook->connection, &hook->address, e);
	tx_close(&x->tx);
	if (found <= 0)
		return found < 0 ? -1 : unknown(e);
	x->organisation.id = hook->address.organisation;
	x->organisation.slug = hook->address.slug;
	return 0;
}

static int check_ability(struct exchange *x, struct hook *hook, struct error *e)
{
	const struct catalog_plugin *plugin;
	int found = catalog_find(x->options->catalog, hook->address.plugin, &plugin, e);

	if (found < 0)
		return -1;
	if (found == 0)
		return error_set(e, ERROR_RETRY, "hook.no_plugin", "plug-in \"%s\" is not installed", hook->address.plugin);
	if (!(plugin->abilities & CATALOG_NOTIFICATIONS))
		return unknown(e);
	hook->looks_by_name = plugin->scopes & 1U << LINK_NAMED;
	return 0;
}

/* ---- how often ---- */

/* Who sends for this connection. */
static struct id sender(const struct exchange *x, const struct hook *hook)
{
	return sender_of(x->request, &hook->connection);
}

static int refuse_often(const struct hook *hook, int64_t wait_ms, struct error *e)
{
	count(hook, "limited");
	error_set(e, ERROR_RETRY, "hook.often", "more messages come than are listened to; come again");
	e->wait_ms = (int)wait_ms;
	return -1;
}

static int check_rate(struct exchange *x, const struct hook *hook, struct error *e)
{
	const struct id who = sender(x, hook);
	int64_t now_ms = clock_monotonic_ms(), wait_ms;

	wait_ms = rate_look(x->rate, &who, WEBHOOK_BAD_PER_MINUTE, WEBHOOK_BAD_BURST, now_ms);
	if (wait_ms == 0)
		wait_ms = rate_take(x->rate, &hook->connection, WEBHOOK_PER_MINUTE, WEBHOOK_BURST, now_ms);
	return wait_ms > 0 ? refuse_often(hook, wait_ms, e) : 0;
}

/* ---- what the plug-in makes of it ---- */

static int load_settings(struct exchange *x, struct hook *hook, struct connection *ret, struct error *e)
{
	int found = exchange_begin(x, e) < 0 ? -1
					     : connection_load(x->tx, x->arena, &x->organisation.id,
							       &hook->connection, ret, e);

	if (found == 1)
		found = settings_open(x->tx, x->options->crypt_keys, ret, x->arena, &hook->settings, e) < 0
				? -1
				: 1;
	tx_close(&x->tx);
	return found == 0 ? unknown(e) : found == 1 ? 0 : -1;
}

struct opening {
	struct exchange *x;
	struct hook *hook;
};

static int left_ms(const struct hook *hook)
{
	int left = clock_left_ms(hook->until_ms);

	return left < CALL_MS_LEAST ? CALL_MS_LEAST : left;
}

/* The name of the plug-in is the catalog's, which lives as long as the link. */
static int open_link(void *self, struct link **ret, struct error *e)
{
	struct opening *opening = self;
	struct exchange *x = opening->x;
	struct hook *hook = opening->hook;
	const struct catalog_plugin *plugin;
	struct connection connection;
	struct link_options options = { .deadline_ms = left_ms(hook), .log = x->options->log };
	int result;

	if (catalog_find(x->options->catalog, hook->address.plugin, &plugin, e) != 1)
		return -1;
	result = load_settings(x, hook, &connection, e);
	if (result == 0) {
		options.plugin = plugin->name;
		options.settings = hook->settings.all;
		options.setting_count = hook->settings.count;
		options.keeper = &hook->keeper.link;
		options.allow_private = x->options->allow_private && connection.private_addresses;
		options.notifications_url = webhooks_url(x, &hook->connection, hook->address.plugin);
		result = link_open(x->options->catalog, &options, ret, e);
	}
	settings_close(&hook->settings);
	return result;
}

static struct link_pair *pairs_of(struct exchange *x, const struct request_pair *pairs, size_t count)
{
	struct link_pair *list = arena_array(x->arena, count + 1, sizeof(*list));

	for (size_t i = 0; i < count; i++)
		list[i] = (struct link_pair){ pairs[i].name, pairs[i].value };
	return list;
}

static int ask(struct exchange *x, struct hook *hook, struct error *e)
{
	const struct request *request = x->request;
	const struct link_message message = {
		.method = request->method,
		.query = pairs_of(x, request->query, request->query_count),
		.query_count = request->query_count,
		.headers = pairs_of(x, request->headers, request->header_count),
		.header_count = request->header_count,
		.body = request->body,
		.body_size = request->body_size,
	};
	struct opening opening = { x, hook };
	struct link *link;
	int result;

	keeper_open(&hook->keeper, x->options->store, STORE_REQUEST, x->options->crypt_keys, &x->organisation.id,
		    &hook->connection);
	if (links_take(x->links, &hook->connection, hook->address.version, open_link, &opening, &link, e) < 0)
		return -1;
	link_keep_with(link, &hook->keeper.link);
	result = link_notify(link, &message, left_ms(hook), x->arena, &hook->heard, e);
	link_keep_with(link, NULL);
	links_give(x->links, &hook->connection, link);
	return result;
}

/* Told to those who look at nothing but what is out of order, as often as the plug-in is asked at all; what
 * is only to be repeated is in the exchange's line. */
static void tell(struct exchange *x, const struct hook *hook, const struct error *why)
{
	bool denied = text_equal(why->code, "plugin.denied");
	char id[ID_TEXT_SIZE];
	struct log log;

	if (text_begins(why->code, "links.") || text_equal(why->code, "plugin.try_later"))
		return;
	log_subject(&log, x->options->log, "messages of %s/%s", x->organisation.slug,
		    id_text(&hook->connection, id));
	log_failure(&log, denied ? LOG_LEVEL_NOTICE : LOG_LEVEL_WARNING,
		    denied ? "not authentic" : "could not be taken", why);
}

/* What the plug-in says is for our log: whoever sent it is told no more than what to do. */
static int fail(struct exchange *x, const struct hook *hook, const struct error *why, struct error *e)
{
	const struct id who = sender(x, hook);

	if (text_equal(why->code, "links.busy")) {
		count(hook, "failed");
		*e = *why;
		return -1;
	}
	tell(x, hook, why);
	rate_take(x->rate, &who, WEBHOOK_BAD_PER_MINUTE, WEBHOOK_BAD_BURST, clock_monotonic_ms());
	if (text_equal(why->code, "plugin.denied")) {
		count(hook, "not_authentic");
		error_set(e, ERROR_UNAUTHENTICATED, "hook.not_authentic", "the message is not authentic");
	} else if (text_equal(why->code, "plugin.nonsense")) {
		count(hook, "failed");
		error_set(e, ERROR_INPUT, "hook.nonsense", "the message cannot be understood");
	} else {
		count(hook, "failed");
		error_set(e, ERROR_RETRY, "hook.unavailable",
			  "messages cannot be taken just now; repeat this one");
		e->wait_ms = why->wait_ms > 0 ? why->wait_ms : WEBHOOK_LATER_MS;
	}
	return error_detail(e, "%s: %s", why->code, why->text);
}

/* A challenge is answered to anybody, so it may not come as often as what is authentic: it tells of nobody and has no id. */
static void count_handshake(struct exchange *x, const struct hook *hook)
{
	const struct id who = sender(x, hook);

	if (hook->heard.look_count == 0 && !hook->heard.message_id)
		rate_take(x->rate, &who, WEBHOOK_BAD_PER_MINUTE, WEBHOOK_BAD_BURST, clock_monotonic_ms());
}

int webhooks_prepare(struct exchange *x, struct error *e)
{
	struct hook *hook = arena_take(x->arena, sizeof(*hook));
	struct error why = { 0 };

	x->prepared = hook;
	hook->until_ms = clock_monotonic_ms() + WEBHOOK_DEADLINE_MS;
	if (find_address(x, hook, e) < 0 || check_rate(x, hook, e) < 0)
		return -1;
	if (check_ability(x, hook, &why) == 0 && ask(x, hook, &why) == 0) {
		count_handshake(x, hook);
		return 0;
	}
	if (text_equal(why.code, "hook.unknown")) {
		*e = why;
		return -1;
	}
	return fail(x, hook, &why, e);
}

/* ---- kept, and answered ---- */

/* A plug-in that cannot be asked about some people is asked what changed. */
static void list_subjects(struct exchange *x, const struct hook *hook, struct notification *ret)
{
	static const char *const kinds[] = { [LINK_SUBJECT_PERSON] = "person",
					     [LINK_SUBJECT_GROUP] = "group",
					     [LINK_SUBJECT_CHANGES] = "changes" };
	const char **kind = arena_array(x->arena, hook->heard.look_count + 1, sizeof(*kind));
	const char **remote_id = arena_array(x->arena, hook->heard.look_count + 1, sizeof(*remote_id));

	for (size_t i = 0; i < hook->heard.look_count; i++) {
		const struct link_look *look = &hook->heard.looks[i];
		bool by_name = look->subject != LINK_SUBJECT_CHANGES && hook->looks_by_name;

		kind[i] = kinds[by_name ? look->subject : LINK_SUBJECT_CHANGES];
		remote_id[i] = by_name ? look->remote_id : "";
	}
	ret->kinds = kind;
	ret->remote_ids = remote_id;
	ret->subjects = hook->heard.look_count;
}

static int keep(struct exchange *x, const struct hook *hook, struct error *e)
{
	static const char *const outcomes[] = { [NOTIFICATION_TAKEN] = "taken",
						[NOTIFICATION_DUPLICATE] = "duplicate",
						[NOTIFICATION_MERGED] = "merged" };
	struct notification notification = {
		.organisation = x->organisation.id,
		.connection = hook->connection,
		.message_id = hook->heard.message_id,
		.until_s = hook->heard.until,
		.body = x->request->body,
		.body_size = x->request->body_size,
	};
	enum notification_kept kept;

	list_subjects(x, hook, &notification);
	if (notification_keep(x->tx, &notification, &kept, e) < 0)
		return -1;
	count(hook, outcomes[kept]);
	return 0;
}

int webhooks_take(struct exchange *x, struct error *e)
{
	const struct hook *hook = x->prepared;
	const struct link_heard *heard = &hook->heard;

	if (heard->look_count > 0) {
		if (keep(x, hook, e) < 0)
			return -1;
	} else {
		count(hook, "nothing");
	}
	x->reply->status = heard->status;
	if (heard->body_size > 0) {
		reply_header(x->reply, "Content-Type", "%s", heard->content_type);
		reply_header(x->reply, "X-Content-Type-Options", "nosniff");
		buffer_add(&x->reply->body, heard->body, heard->body_size);
	}
	return 0;
}
