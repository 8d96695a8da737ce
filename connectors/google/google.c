/* The plug-in of Google Workspace: people and groups of an account, by the Admin SDK's Directory API.
 *
 * Nothing is written there: a service account with delegation for scopes that read acts for an administrator.
 * Who is asked is Google, as the settings name it, and nobody else. */
#include "base/arena.h"
#include "base/text.h"
#include "common/signing.h"
#include "connector.h"
#include "google/api.h"
#include "google/channels.h"
#include "google/check.h"
#include "google/directory.h"
#include "google/listing.h"
#include "google/messages.h"
#include "google/named.h"
#include "google/person.h"

/* A scope that the delegation lacks refuses all of them: what is not needed is not asked for, and what can be
 * done without has a token of its own. */
static int open_oauth(struct directory *d, const char *scope, const char *kept_name, struct oauth **ret)
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
		.scope = scope,
		.kept_name = kept_name,
		.advise = api_advise,
	};

	return oauth_open(&d->vendor.caller, &options, d->vendor.fetch, ret);
}

static int open_tokens(struct directory *d)
{
	const char *scope = d->settings.groups ? API_SCOPE_USERS " " API_SCOPE_GROUPS " " API_SCOPE_MEMBERS
					       : API_SCOPE_USERS;

	if (open_oauth(d, scope, NULL, &d->vendor.oauth) < 0)
		return -1;
	return open_oauth(d, API_SCOPE_REPORTS, "reports", &d->reports);
}

/* Accounts of all the world sign on at Google: whose they are is said by "hd" alone, which private ones have not. */
static int open_signing(struct directory *d, const struct setting_source *from)
{
	const char **domains = arena_array(d->vendor.arena, SETTING_LINES_MOST + 1, sizeof(*domains));
	const struct claims_rules rules = { .issuer = "https://accounts.google.com", .domains = domains, .key = "sub",
					    .email = CLAIMS_EMAIL_HOSTED };

	if (setting_lines(from, "sign_on_domains", domains) < 0)
		return -1;
	if (!domains[0] && d->settings.domain)
		domains[0] = d->settings.domain;
	if (setting_text(from, "sign_on_client_id") && !domains[0])
		return from->host->fail(from->call, ROSTER_MISCONFIGURED, 0,
					"\"sign_on_domains\" is not set; the account's primary domain is expected, or anybody with a Google account could sign on");
	return signing_open(&d->vendor, from, &rules, domains[0] ? arena_format(d->vendor.arena, "hd=%s", domains[1] ? "*" : vendor_escape(&d->vendor, domains[0])) : NULL);
}

static int start(void *self, const struct setting_source *from)
{
	struct directory *d = self;

	/* What is opened here alone comes last: nobody closes it if something behind it fails. */
	return settings_read(from, &d->settings) < 0 || open_signing(d, from) < 0 || open_tokens(d) < 0 ? -1 : 0;
}

static const struct vendor_kind kind = {
	.size = sizeof(struct directory),
	.name = "Google",
	.value = "field",
	.where = "the Admin console",
	.limited = api_is_limit,
	.start = start,
};

static int open_directory(struct roster_call *call, const struct roster_host *host, void **ret_self)
{
	return vendor_open(&kind, call, host, ret_self);
}

static void close_directory(void *self)
{
	struct directory *d = self;

	oauth_close(&d->reports);
	vendor_close(self);
}

static int check(struct roster_call *call, void *self)
{
	struct directory *d = vendor_serve(self, call);

	oauth_renew(d->vendor.oauth);
	oauth_renew(d->reports);
	d->attributes = NULL;
	return person_select(d) < 0 ? -1 : check_directory(d);
}

static int page(struct roster_call *call, void *self, const struct roster_ask *ask)
{
	struct directory *d = vendor_serve(self, call);

	d->attributes = ask->attributes;
	if (person_select(d) < 0)
		return -1;
	return ask->scope == ROSTER_NAMED ? named_page(d, ask) : listing_page(d, ask);
}

static int read_message(struct roster_call *call, void *self, const struct roster_message *message)
{
	return messages_read(vendor_serve(self, call), message);
}

static int subscribe(struct roster_call *call, void *self)
{
	return channels_subscribe(vendor_serve(self, call));
}

static int renew(struct roster_call *call, void *self)
{
	return channels_renew(vendor_serve(self, call));
}

static int unsubscribe(struct roster_call *call, void *self)
{
	return channels_unsubscribe(vendor_serve(self, call));
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
	.sign_on = &signing,
	.notifications = &notifications,
	.place = place,
};
