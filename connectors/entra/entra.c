/* The plug-in of Microsoft Entra ID: people and groups of a tenant, by Microsoft Graph.
 *
 * Nothing is written there but the subscriptions to its own notifications. Who is asked is Graph, as the
 * settings name it, and nobody else: a link that leads elsewhere ends the reading. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "connector.h"
#include "entra/api.h"
#include "entra/check.h"
#include "entra/directory.h"
#include "entra/listing.h"
#include "entra/messages.h"
#include "entra/named.h"
#include "entra/person.h"
#include "entra/subscriptions.h"

static void wipe(const char *secret)
{
	if (secret)
		explicit_bzero((char *)secret, strlen(secret)); /* our own copy */
}

static void close_directory(void *self)
{
	struct directory *d = self;

	oauth_close(&d->oauth);
	fetch_close(&d->fetch);
	wipe(d->settings.client_secret);
	wipe(d->settings.private_key);
	wipe(d->settings.client_state);
	arena_close(&d->record);
	arena_close(&d->page);
	arena_close(&d->arena);
	free(d);
}

static int open_fetch(struct directory *d)
{
	const struct fetch_options options = {
		.vendor = "Graph",
		.request_id = "request-id",
		.proxy = d->settings.proxy,
		.authorities = d->settings.authorities,
		.authorities_setting = "ca_certificate",
		.proxy_setting = "proxy",
		.silence_ms = d->settings.silence_ms,
	};

	return fetch_open(&d->caller, &options, &d->fetch);
}

static int open_oauth(struct directory *d)
{
	const struct settings *settings = &d->settings;
	const struct oauth_options options = {
		.way = settings->client_secret ? OAUTH_SECRET : OAUTH_PRIVATE_KEY,
		.vendor = "Entra",
		.token_url =
			arena_format(d->arena, "%s/%s/oauth2/v2.0/token", settings->login, settings->tenant),
		.client_id = settings->client_id,
		.secret = settings->client_secret,
		.key = settings->private_key,
		.certificate = settings->certificate,
		.certificate_setting = "certificate",
		.key_setting = "private_key",
		.secret_setting = "client_secret",
		.client_setting = "client_id",
		.scope = arena_format(d->arena, "%s/.default", settings->graph),
		.advise = api_advise,
	};

	return oauth_open(&d->caller, &options, d->fetch, &d->oauth);
}

static int open_directory(struct roster_call *call, const struct roster_host *host, void **ret_self)
{
	struct directory *d = calloc(1, sizeof(*d));

	if (!d)
		return host->fail(call, ROSTER_TRY_LATER, 0, "out of memory");
	d->arena = arena_open("entra settings");
	d->page = arena_open("entra page");
	d->record = arena_open("entra record");
	d->caller = (struct fetch_caller){ call, host };
	if (settings_read(call, host, d->arena, &d->settings) < 0 || open_fetch(d) < 0 || open_oauth(d) < 0) {
		close_directory(d);
		return -1;
	}
	*ret_self = d;
	return 0;
}

static struct directory *serve(void *self, struct roster_call *call)
{
	struct directory *d = self;

	d->caller.call = call;
	arena_reset(d->page);
	return d;
}

/* Which properties are asked for: 0, or -1. */
static int select_properties(struct directory *d, const char *const *attributes)
{
	d->attributes = attributes;
	d->select = person_select(d);
	return d->select ? 0 : -1;
}

static int check(struct roster_call *call, void *self)
{
	struct directory *d = serve(self, call);

	oauth_renew(d->oauth);
	return select_properties(d, NULL) < 0 ? -1 : check_directory(d);
}

static int page(struct roster_call *call, void *self, const struct roster_ask *ask)
{
	struct directory *d = serve(self, call);

	if (select_properties(d, ask->attributes) < 0)
		return -1;
	return ask->scope == ROSTER_NAMED ? named_page(d, ask) : listing_page(d, ask);
}

static int read_message(struct roster_call *call, void *self, const struct roster_message *message)
{
	return messages_read(serve(self, call), message);
}

static int subscribe(struct roster_call *call, void *self)
{
	return subscriptions_make(serve(self, call));
}

static int renew(struct roster_call *call, void *self)
{
	return subscriptions_renew(serve(self, call));
}

static int unsubscribe(struct roster_call *call, void *self)
{
	return subscriptions_end(serve(self, call));
}

static const struct roster_directory directory = {
	.size = sizeof(directory),
	.scopes = 1u << ROSTER_ALL | 1u << ROSTER_CHANGED | 1u << ROSTER_NAMED,
	.page = page,
};

static const struct roster_notifications notifications = {
	.size = sizeof(notifications),
	.read = read_message,
	.subscribe = subscribe,
	.renew = renew,
	.unsubscribe = unsubscribe,
	.renew_after_s = SUBSCRIPTIONS_RENEW_AFTER_S,
};

static const char *const place[] = { "tenant", "cloud", "graph_url", NULL };

ROSTER_CONNECTOR = {
	.abi_major = ROSTER_ABI_MAJOR,
	.abi_minor = ROSTER_ABI_MINOR,
	.size = sizeof(struct roster_connector),
	.name = "entra",
	.title = "Microsoft Entra ID",
	.settings = settings_table,
	.open = open_directory,
	.close = close_directory,
	.check = check,
	.directory = &directory,
	.notifications = &notifications,
	.place = place,
};
