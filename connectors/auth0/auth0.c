/* The Auth0 plug-in: people and roles of a tenant, or of one organisation in it.
 *
 * Nothing is written there. Who is asked is the tenant that the settings name, and nobody else. */
#include "auth0/api.h"
#include "auth0/check.h"
#include "auth0/directory.h"
#include "auth0/listing.h"
#include "auth0/messages.h"
#include "auth0/named.h"
#include "base/arena.h"
#include "common/signing.h"
#include "connector.h"

/* Without "scope" the token has all that was granted. */
static int open_oauth(struct directory *d)
{
	const struct oauth_options options = {
		.way = OAUTH_SECRET,
		.vendor = "Auth0",
		.token_url = arena_format(d->vendor.arena, "%s/oauth/token", d->settings.tenant),
		.client_id = d->settings.client_id,
		.secret = d->settings.client_secret,
		.secret_setting = "client_secret",
		.client_setting = "client_id",
		.audience = d->settings.audience,
		.advise = api_advise,
	};

	return oauth_open(&d->vendor.caller, &options, d->vendor.fetch, &d->vendor.oauth);
}

/* "sub" is the user_id. Of a connection of Auth0 that calls every address verified, "email_verified" proves nothing: that is for whoever sets it. */
static int open_signing(struct directory *d, const struct setting_source *from)
{
	const char **organisations = arena_array(d->vendor.arena, 2, sizeof(*organisations));
	const struct claims_rules rules = {
		.issuer = arena_format(d->vendor.arena, "%s/", d->settings.tenant),
		.organisations = d->settings.organization ? organisations : NULL,
		.key = "sub",
		.email = CLAIMS_EMAIL_VERIFIED,
	};

	organisations[0] = d->settings.organization;
	return signing_open(&d->vendor, from, &rules,
			    d->settings.organization ? arena_format(d->vendor.arena, "organization=%s", d->settings.organization) : NULL);
}

static int start(void *self, const struct setting_source *from)
{
	struct directory *d = self;

	return settings_read(from, &d->settings) < 0 || open_oauth(d) < 0 || open_signing(d, from) < 0 ? -1 : 0;
}

static const struct vendor_kind kind = {
	.size = sizeof(struct directory),
	.name = "Auth0",
	.request_id = "X-Auth0-Requestid",
	.value = "attribute",
	.where = "Auth0",
	.start = start,
};

static int open_directory(struct roster_call *call, const struct roster_host *host, void **ret_self)
{
	return vendor_open(&kind, call, host, ret_self);
}

static int check(struct roster_call *call, void *self)
{
	struct directory *d = vendor_serve(self, call);

	oauth_renew(d->vendor.oauth);
	return check_directory(d);
}

static int page(struct roster_call *call, void *self, const struct roster_ask *ask)
{
	struct directory *d = vendor_serve(self, call);

	return ask->scope == ROSTER_NAMED ? named_page(d, ask) : listing_page(d, ask);
}

static int read_message(struct roster_call *call, void *self, const struct roster_message *message)
{
	return messages_read(vendor_serve(self, call), message);
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
	.close = vendor_close,
	.check = check,
	.directory = &directory,
	.sign_on = &signing,
	.notifications = &notifications,
	.place = place,
};
