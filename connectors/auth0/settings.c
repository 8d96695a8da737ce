#include "auth0/settings.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "common/links.h"
#include "common/signing.h"
#include "common/setting.h"

const struct roster_setting settings_table[] = {
	{ "domain", ROSTER_ADDRESS,
	  "The tenant's domain, such as acme.eu.auth0.com; not a custom one, for which Auth0 gives no token.",
	  1, NULL, NULL },
	{ "client_id", ROSTER_TEXT,
	  "The client ID of a Machine to Machine application that is authorised for the Auth0 Management API "
	  "with read:users, read:roles and read:logs; for an organisation also read:organization_members and "
	  "read:organization_member_roles.",
	  1, NULL, NULL },
	{ "client_secret", ROSTER_SECRET, "That application's client secret.", 1, NULL, NULL },
	{ "audience", ROSTER_TEXT,
	  "The identifier of the Auth0 Management API; by default https://DOMAIN/api/v2/.", 0, NULL, NULL },
	{ "organization", ROSTER_TEXT,
	  "The ID of an Auth0 organisation, such as org_9ybsU1dN2dKfDkBi: only its members are read, with "
	  "the "
	  "roles that they have in it.",
	  0, NULL, NULL },
	{ "user_name", ROSTER_TEXT,
	  "The member of a user that is the user name, such as email, username or app_metadata/login.", 0,
	  "email", NULL },
	{ "email", ROSTER_TEXT, "The member with the address of mail.", 0, "email", NULL },
	{ "given_name", ROSTER_TEXT, "The member with the given name.", 0, "given_name", NULL },
	{ "family_name", ROSTER_TEXT, "The member with the family name.", 0, "family_name", NULL },
	{ "display_name", ROSTER_TEXT, "The member with the name to show.", 0, "name", NULL },
	{ "title", ROSTER_TEXT, "The member with the title.", 0, "app_metadata/title", NULL },
	{ "department", ROSTER_TEXT, "The member with the department.", 0, "app_metadata/department", NULL },
	{ "manager", ROSTER_TEXT,
	  "The member with the manager's user_id, such as app_metadata/manager; by default it is not read.",
	  0, NULL, NULL },
	{ "locale", ROSTER_TEXT, "The member with the language.", 0, "locale", NULL },
	{ "groups", ROSTER_YES_NO, "no: roles and who has them are not read.", 0, "yes", NULL },
	{ "hook_authorization", ROSTER_SECRET,
	  "The authorization token of the log stream (or \"Bearer TOKEN\" of the event stream) that sends "
	  "messages here, to the letter; without it none is believed.",
	  0, NULL, NULL },
	SIGNING_SETTINGS,
	{ "ca_certificate", ROSTER_PEM,
	  "The authority that made the certificate shown to us, where a proxy opens connections; without it, "
	  "those that the system trusts.",
	  0, NULL, NULL },
	{ "proxy", ROSTER_ADDRESS,
	  "A proxy on the way out, such as http://proxy.acme.example:3128; by default there is none.", 0,
	  NULL, NULL },
	{ "timeout", ROSTER_DURATION, "How long Auth0 may keep us waiting, such as 60s.", 0, "60s", NULL },
	{ 0 },
};

/* "https://acme.eu.auth0.com", from a domain as well as from an address. */
static int read_tenant(const struct setting_source *from, struct settings *ret)
{
	const char *value = setting_text(from, "domain"), *rest;
	struct link_origin origin;

	if (value && !strstr(value, "://"))
		value = arena_format(from->arena, "https://%s", value);
	if (!value || link_origin_of(value, &origin) < 0)
		return from->host->fail(from->call, ROSTER_MISCONFIGURED, 0,
					"\"domain\" is \"%.150s\"; a tenant's domain is expected, such as "
					"\"acme.eu.auth0.com\"",
					value ? value : "");
	rest = value + strlen("https://");
	rest += strcspn(rest, "/?#");
	if (rest[0] != '\0' && !text_equal(rest, "/"))
		return from->host->fail(from->call, ROSTER_MISCONFIGURED, 0,
					"\"domain\" is \"%.150s\"; only the domain is expected, such as "
					"\"%.100s\"",
					value, origin.host);
	ret->tenant = arena_text_n(from->arena, value, (size_t)(rest - value));
	return 0;
}

static int read_organization(const struct setting_source *from, struct settings *ret)
{
	ret->organization = setting_text(from, "organization");
	if (ret->organization && !text_begins(ret->organization, "org_"))
		return from->host->fail(from->call, ROSTER_MISCONFIGURED, 0,
					"\"organization\" is \"%.100s\"; an organisation's ID is expected, "
					"such as \"org_9ybsU1dN2dKfDkBi\", not its name",
					ret->organization);
	return 0;
}

int settings_read(const struct setting_source *from, struct settings *ret)
{
	if (fields_read(from, "a member of a user", "email", ret->field) < 0)
		return -1;
	ret->client_id = setting_text(from, "client_id");
	ret->client_secret = setting_text(from, "client_secret");
	if (!ret->client_id || !ret->client_secret)
		return from->host->fail(from->call, ROSTER_MISCONFIGURED, 0, "\"%s\" is not set",
					ret->client_id ? "client_secret" : "client_id");
	ret->hook_authorization = setting_text(from, "hook_authorization");
	ret->roles = setting_is_yes(from, "groups");
	if (read_tenant(from, ret) < 0 || read_organization(from, ret) < 0)
		return -1;
	ret->audience = setting_text(from, "audience");
	if (!ret->audience)
		ret->audience = arena_format(from->arena, "%s/api/v2/", ret->tenant);
	return 0;
}
