/* The Okta plug-in: people and groups of an Okta org.
 *
 * Nothing is written there. Who is asked is the org that the settings name, and nobody else: a link that
 * leads elsewhere ends the reading. */
#include "base/arena.h"
#include "common/signing.h"
#include "connector.h"
#include "okta/check.h"
#include "okta/directory.h"
#include "okta/listing.h"
#include "okta/messages.h"
#include "okta/named.h"

#define SCOPES "okta.users.read okta.groups.read okta.logs.read"
#define SCOPES_OF_APPLICATION SCOPES " okta.apps.read"

/* Only the org's own authorization server gives tokens for its API, and only for a signed assertion. */
static int open_oauth(struct directory *d)
{
	const struct oauth_options options = {
		.way = OAUTH_PRIVATE_KEY,
		.vendor = "Okta",
		.token_url = arena_format(d->vendor.arena, "%s/oauth2/v1/token", d->settings.org),
		.client_id = d->settings.client_id,
		.key = d->settings.private_key,
		.key_id = d->settings.key_id,
		.key_setting = "private_key",
		.client_setting = "client_id",
		.scope = d->settings.application ? SCOPES_OF_APPLICATION : SCOPES, /* one that was not granted is refused */
		.dpop = true,
	};

	return d->settings.api_token ? 0 : oauth_open(&d->vendor.caller, &options, d->vendor.fetch, &d->vendor.oauth);
}

/* "sub" of the org's ID tokens is the Okta ID. */
static int open_signing(struct directory *d, const struct setting_source *from)
{
	const struct claims_rules rules = { .issuer = d->settings.org, .key = "sub", .groups = "groups", .email = CLAIMS_EMAIL_VERIFIED };

	return signing_open(&d->vendor, from, &rules, NULL);
}

static int start(void *self, const struct setting_source *from)
{
	struct directory *d = self;

	return settings_read(from, &d->settings) < 0 || open_oauth(d) < 0 || open_signing(d, from) < 0 ? -1 : 0;
}

static const struct vendor_kind kind = {
	.size = sizeof(struct directory),
	.name = "Okta",
	.request_id = "X-Okta-Request-Id",
	.value = "attribute",
	.where = "Okta",
	.start = start,
};

static int open_directory(struct roster_call *call, const struct roster_host *host, void **ret_self)
{
	return vendor_open(&kind, call, host, ret_self);
}

static int check(struct roster_call *call, void *self)
{
	struct directory *d = vendor_serve(self, call);

	if (d->vendor.oauth)
		oauth_renew(d->vendor.oauth);
	return check_directory(d);
}

static int page(struct roster_call *call, void *self, const struct roster_ask *ask)
{
	struct directory *d = vendor_serve(self, call);

	return ask->scope == ROSTER_NAMED ? named_page(d, ask) : listing_page(d, ask);
}

static const struct roster_directory directory = {
	.size = sizeof(directory),
	.scopes = 1u << ROSTER_ALL | 1u << ROSTER_CHANGED | 1u << ROSTER_NAMED,
	.page = page,
};

static int read_message(struct roster_call *call, void *self, const struct roster_message *message)
{
	return message_read(vendor_serve(self, call), message);
}

/* The hook itself is registered by the org's administrator: to do that the application would have to be allowed to change the org. */
static const struct roster_notifications notifications = { .size = sizeof(notifications), .read = read_message };

static const char *const place[] = { "org_url", "application", NULL };

ROSTER_CONNECTOR = {
	.abi_major = ROSTER_ABI_MAJOR,
	.abi_minor = ROSTER_ABI_MINOR,
	.size = sizeof(struct roster_connector),
	.name = "okta",
	.title = "Okta",
	.settings = settings_table,
	.open = open_directory,
	.close = vendor_close,
	.check = check,
	.directory = &directory,
	.sign_on = &signing,
	.notifications = &notifications,
	.place = place,
};
