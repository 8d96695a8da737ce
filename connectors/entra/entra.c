/* The plug-in of Microsoft Entra ID: people and groups of a tenant, by Microsoft Graph.
 *
 * Nothing is written there but the subscriptions to its own notifications. Who is asked is Graph, as the
 * settings name it, and nobody else: a link that leads elsewhere ends the reading. */
#include <string.h>

#include "base/arena.h"
#include "common/signing.h"
#include "connector.h"
#include "entra/api.h"
#include "entra/check.h"
#include "entra/directory.h"
#include "entra/listing.h"
#include "entra/messages.h"
#include "entra/named.h"
#include "entra/person.h"
#include "entra/subscriptions.h"

enum { GUID_LENGTH = 36 };

static int open_oauth(struct directory *d)
{
	const struct settings *settings = &d->settings;
	const struct oauth_options options = {
		.way = settings->client_secret ? OAUTH_SECRET : OAUTH_PRIVATE_KEY,
		.vendor = "Entra",
		.token_url = arena_format(d->vendor.arena, "%s/%s/oauth2/v2.0/token", settings->login,
					  settings->tenant),
		.client_id = settings->client_id,
		.secret = settings->client_secret,
		.key = settings->private_key,
		.certificate = settings->certificate,
		.certificate_setting = "certificate",
		.key_setting = "private_key",
		.secret_setting = "client_secret",
		.client_setting = "client_id",
		.scope = arena_format(d->vendor.arena, "%s/.default", settings->graph),
		.advise = api_advise,
	};

	return oauth_open(&d->vendor.caller, &options, d->vendor.fetch, &d->vendor.oauth);
}

static bool is_guid(const char *text)
{
	return strlen(text) == GUID_LENGTH && strspn(text, "0123456789abcdefABCDEF-") == GUID_LENGTH;
}

/* "oid" is what Graph calls the person; "sub" is another one for each application. Anybody can set their own "email" there, so it counts for
 * nothing unless Entra says that the tenant owns the domain. */
static int open_signing(struct directory *d, const struct setting_source *from)
{
	const char **tenants = arena_array(d->vendor.arena, 2, sizeof(*tenants));
	const struct claims_rules rules = {
		.issuer = arena_format(d->vendor.arena, "%s/%s/v2.0", d->settings.login, d->settings.tenant),
		.tenants = tenants,
		.key = "oid",
		.groups = "groups",
		.email = CLAIMS_EMAIL_OWNED,
	};

	tenants[0] = d->settings.tenant;
	if (setting_text(from, "sign_on_client_id") && !is_guid(d->settings.tenant))
		return from->host->fail(from->call, ROSTER_MISCONFIGURED, 0,
					"\"tenant\" is \"%.100s\"; for people to sign on the Directory (tenant) ID is expected, since tokens name no other",
					d->settings.tenant);
	return signing_open(&d->vendor, from, &rules, NULL);
}

static int start(void *self, const struct setting_source *from)
{
	struct directory *d = self;

	return settings_read(from, &d->settings) < 0 || open_oauth(d) < 0 || open_signing(d, from) < 0 ? -1 : 0;
}

static const struct vendor_kind kind = {
	.size = sizeof(struct directory),
	.name = "Graph",
	.request_id = "request-id",
	.value = "property",
	.where = "Entra",
	.start = start,
};

static int open_directory(struct roster_call *call, const struct roster_host *host, void **ret_self)
{
	return vendor_open(&kind, call, host, ret_self);
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
	struct directory *d = vendor_serve(self, call);

	oauth_renew(d->vendor.oauth);
	return select_properties(d, NULL) < 0 ? -1 : check_directory(d);
}

static int page(struct roster_call *call, void *self, const struct roster_ask *ask)
{
	struct directory *d = vendor_serve(self, call);

	if (select_properties(d, ask->attributes) < 0)
		return -1;
	return ask->scope == ROSTER_NAMED ? named_page(d, ask) : listing_page(d, ask);
}

static int read_message(struct roster_call *call, void *self, const struct roster_message *message)
{
	return messages_read(vendor_serve(self, call), message);
}

static int subscribe(struct roster_call *call, void *self)
{
	return subscriptions_make(vendor_serve(self, call));
}

static int renew(struct roster_call *call, void *self)
{
	return subscriptions_renew(vendor_serve(self, call));
}

static int unsubscribe(struct roster_call *call, void *self)
{
	return subscriptions_end(vendor_serve(self, call));
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
	.close = vendor_close,
	.check = check,
	.directory = &directory,
	.sign_on = &signing,
	.notifications = &notifications,
	.place = place,
};
