/* The plug-in of Google Workspace: people and groups of an account, by the Admin SDK's Directory API.
 *
 * Nothing is written there: a service account with delegation for scopes that read acts for an administrator.
 * Who is asked is Google, as the settings name it, and nobody else. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "connector.h"
#include "google/api.h"
#include "google/channels.h"
#include "google/check.h"
#include "google/directory.h"
#include "google/listing.h"
#include "google/messages.h"
#include "google/named.h"
#include "google/person.h"

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
	wipe(d->settings.private_key);
	wipe(d->settings.channel_token);
	arena_close(&d->record);
	arena_close(&d->page);
	arena_close(&d->arena);
	free(d);
}

static int open_fetch(struct directory *d)
{
	const struct fetch_options options = {
		.vendor = "Google",
		.proxy = d->settings.proxy,
		.authorities = d->settings.authorities,
		.authorities_setting = "ca_certificate",
		.proxy_setting = "proxy",
		.silence_ms = d->settings.silence_ms,
		.limited = api_is_limit,
	};

	return fetch_open(&d->caller, &options, &d->fetch);
}

/* A scope that the delegation lacks refuses all of them: what is not needed is not asked for. */
static int open_oauth(struct directory *d)
{
	const struct settings *settings = &d->settings;
	const struct oauth_options options = {
		.way = OAUTH_ASSERTION,
		.vendor = "Google",
		.token_url = settings->token_url,
		.client_id = settings->client_email,
		.subject = settings->administrator,
		.key = settings->private_key,
		.key_id = settings->key_id,
		.key_setting = settings->key_setting,
		.client_setting = text_equal(settings->key_setting, "private_key") ? "client_email"
										   : settings->key_setting,
		.scope = settings->groups ? API_SCOPE_USERS " " API_SCOPE_GROUPS " " API_SCOPE_MEMBERS
					  : API_SCOPE_USERS,
		.advise = api_advise,
	};

	return oauth_open(&d->caller, &options, d->fetch, &d->oauth);
}

static int open_directory(struct roster_call *call, const struct roster_host *host, void **ret_self)
{
	struct directory *d = calloc(1, sizeof(*d));

	if (!d)
		return host->fail(call, ROSTER_TRY_LATER, 0, "out of memory");
	d->arena = arena_open("google settings");
	d->page = arena_open("google page");
	d->record = arena_open("google record");
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
	d->attributes = NULL;
	return person_select(d) < 0 ? -1 : check_directory(d);
}

static int page(struct roster_call *call, void *self, const struct roster_ask *ask)
{
	struct directory *d = serve(self, call);

	d->attributes = ask->attributes;
	if (person_select(d) < 0)
		return -1;
	return ask->scope == ROSTER_NAMED ? named_page(d, ask) : listing_page(d, ask);
}

static int read_message(struct roster_call *call, void *self, const struct roster_message *message)
{
	return messages_read(serve(self, call), message);
}

static int subscribe(struct roster_call *call, void *self)
{
	return channels_subscribe(serve(self, call));
}

static int renew(struct roster_call *call, void *self)
{
	return channels_renew(serve(self, call));
}

static int unsubscribe(struct roster_call *call, void *self)
{
	return channels_unsubscribe(serve(self, call));
}

static const struct roster_directory directory = {
	.size = sizeof(directory),
	.scopes = 1u << ROSTER_ALL | 1u << ROSTER_NAMED,
	.page = page,
};

static const struct roster_notifications notifications = {
	.size = sizeof(notifications),
	.read = read_message,
	.subscribe = subscribe,
	.renew = renew,
	.unsubscribe = unsubscribe,
	.renew_after_s = CHANNELS_RENEW_S,
};

static const char *const place[] = { "administrator", "customer", "domain", "api_url", NULL };

ROSTER_CONNECTOR = {
	.abi_major = ROSTER_ABI_MAJOR,
	.abi_minor = ROSTER_ABI_MINOR,
	.size = sizeof(struct roster_connector),
	.name = "google",
	.title = "Google Workspace",
	.settings = settings_table,
	.open = open_directory,
	.close = close_directory,
	.check = check,
	.directory = &directory,
	.notifications = &notifications,
	.place = place,
};
