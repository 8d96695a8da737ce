/* The Auth0 plug-in: people and roles of a tenant, or of one organisation in it.
 *
 * Nothing is written there. Who is asked is the tenant that the settings name, and nobody else. */
#include <stdlib.h>
#include <string.h>

#include "auth0/api.h"
#include "auth0/check.h"
#include "auth0/directory.h"
#include "auth0/listing.h"
#include "auth0/messages.h"
#include "auth0/named.h"
#include "base/arena.h"
#include "connector.h"

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
	wipe(d->settings.hook_authorization);
	arena_close(&d->record);
	arena_close(&d->page);
	arena_close(&d->arena);
	free(d);
}

static int open_fetch(struct directory *d)
{
	const struct fetch_options options = {
		.vendor = "Auth0",
		.request_id = "X-Auth0-Requestid",
		.proxy = d->settings.proxy,
		.authorities = d->settings.authorities,
		.authorities_setting = "ca_certificate",
		.proxy_setting = "proxy",
		.silence_ms = d->settings.silence_ms,
	};

	return fetch_open(&d->caller, &options, &d->fetch);
}

/* Without "scope" the token has all that was granted. */
static int open_oauth(struct directory *d)
{
	const struct oauth_options options = {
		.way = OAUTH_SECRET,
		.vendor = "Auth0",
		.token_url = arena_format(d->arena, "%s/oauth/token", d->settings.tenant),
		.client_id = d->settings.client_id,
		.secret = d->settings.client_secret,
		.secret_setting = "client_secret",
		.client_setting = "client_id",
		.audience = d->settings.audience,
		.advise = api_advise,
	};

	return oauth_open(&d->caller, &options, d->fetch, &d->oauth);
}

static int open_directory(struct roster_call *call, const struct roster_host *host, void **ret_self)
{
	struct directory *d = calloc(1, sizeof(*d));

	if (!d)
		return host->fail(call, ROSTER_TRY_LATER, 0, "out of memory");
	d->arena = arena_open("auth0 settings");
	d->page = arena_open("auth0 page");
	d->record = arena_open("auth0 record");
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

	oauth_renew(d->oauth);
	return check_directory(d);
}

static int page(struct roster_call *call, void *self, const struct roster_ask *ask)
{
	struct directory *d = serve(self, call);

	return ask->scope == ROSTER_NAMED ? named_page(d, ask) : listing_page(d, ask);
}

static int read_message(struct roster_call *call, void *self, const struct roster_message *message)
{
	return messages_read(serve(self, call), message);
}

static const struct roster_directory directory = {
	.size = sizeof(directory),
	.scopes = 1u << ROSTER_ALL | 1u << ROSTER_CHANGED | 1u << ROSTER_NAMED,
	.page = page,
};

static const struct roster_notifications notifications = {
	.size = sizeof(notifications),
	.read = read_message,
};

static const char *const place[] = { "domain", "organization", NULL };

ROSTER_CONNECTOR = {
	.abi_major = ROSTER_ABI_MAJOR,
	.abi_minor = ROSTER_ABI_MINOR,
	.size = sizeof(struct roster_connector),
	.name = "auth0",
	.title = "Auth0",
	.settings = settings_table,
	.open = open_directory,
	.close = close_directory,
	.check = check,
	.directory = &directory,
	.notifications = &notifications,
	.place = place,
};
