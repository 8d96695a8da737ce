/* The Okta plug-in: people and groups of an Okta org.
 *
 * Nothing is written there. Who is asked is the org that the settings name, and nobody else: a link that
 * leads elsewhere ends the reading. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "connector.h"
#include "okta/check.h"
#include "okta/directory.h"
#include "okta/listing.h"
#include "okta/messages.h"
#include "okta/named.h"

#define SCOPES "okta.users.read okta.groups.read okta.logs.read"

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
	wipe(d->settings.api_token);
	wipe(d->settings.private_key);
	wipe(d->settings.hook_secret);
	arena_close(&d->record);
	arena_close(&d->page);
	arena_close(&d->arena);
	free(d);
}

static int open_fetch(struct directory *d)
{
	const struct fetch_options options = {
		.vendor = "Okta",
		.request_id = "X-Okta-Request-Id",
		.proxy = d->settings.proxy,
		.authorities = d->settings.authorities,
		.authorities_setting = "ca_certificate",
		.proxy_setting = "proxy",
		.silence_ms = d->settings.silence_ms,
	};

	return fetch_open(&d->caller, &options, &d->fetch);
}

/* Only the org's own authorization server gives tokens for its API, and only for a signed assertion. */
static int open_oauth(struct directory *d)
{
	const struct oauth_options options = {
		.way = OAUTH_PRIVATE_KEY,
		.vendor = "Okta",
		.token_url = arena_format(d->arena, "%s/oauth2/v1/token", d->settings.org),
		.client_id = d->settings.client_id,
		.key = d->settings.private_key,
		.key_id = d->settings.key_id,
		.key_setting = "private_key",
		.client_setting = "client_id",
		.scope = SCOPES,
		.dpop = true,
	};

	return d->settings.api_token ? 0 : oauth_open(&d->caller, &options, d->fetch, &d->oauth);
}

static int open_directory(struct roster_call *call, const struct roster_host *host, void **ret_self)
{
	struct directory *d = calloc(1, sizeof(*d));

	if (!d)
		return host->fail(call, ROSTER_TRY_LATER, 0, "out of memory");
	d->arena = arena_open("okta settings");
	d->page = arena_open("okta page");
	d->record = arena_open("okta record");
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

static int check(struct roster_call *call, void *self)
{
	struct directory *d = serve(self, call);

	if (d->oauth)
		oauth_renew(d->oauth);
	return check_directory(d);
}

static int page(struct roster_call *call, void *self, const struct roster_ask *ask)
{
	struct directory *d = serve(self, call);

	return ask->scope == ROSTER_NAMED ? named_page(d, ask) : listing_page(d, ask);
}

static const struct roster_directory directory = {
	.size = sizeof(directory),
	.scopes = 1u << ROSTER_ALL | 1u << ROSTER_CHANGED | 1u << ROSTER_NAMED,
	.page = page,
};

static int read_message(struct roster_call *call, void *self, const struct roster_message *message)
{
	return message_read(serve(self, call), message);
}

/* The hook itself is registered by the org's administrator: to do that the application would have to be allowed to change the org. */
static const struct roster_notifications notifications = { .size = sizeof(notifications), .read = read_message };

static const char *const place[] = { "org_url", NULL };

ROSTER_CONNECTOR = {
	.abi_major = ROSTER_ABI_MAJOR,
	.abi_minor = ROSTER_ABI_MINOR,
	.size = sizeof(struct roster_connector),
	.name = "okta",
	.title = "Okta",
	.settings = settings_table,
	.open = open_directory,
	.close = close_directory,
	.check = check,
	.directory = &directory,
	.notifications = &notifications,
	.place = place,
};
