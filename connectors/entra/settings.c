#include "entra/settings.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "common/signing.h"

static const char *const cloud_words[] = { "global", "usgov", "usgov_dod", "china", NULL };
static const char *const kind_words[] = { "all", "security", "microsoft365", NULL };

const struct roster_setting settings_table[] = {
	{ "tenant", ROSTER_TEXT,
	  "The Directory (tenant) ID, such as 84bd8158-6d4d-4958-8b9f-9d6445542f95, or a domain of the "
	  "tenant.",
	  1, NULL, NULL },
	{ "client_id", ROSTER_TEXT,
	  "The Application (client) ID of an app registration with the application permissions User.Read.All "
	  "and GroupMember.Read.All, and admin consent.",
	  1, NULL, NULL },
	{ "client_secret", ROSTER_SECRET,
	  "A client secret of that app registration (its value, not its ID); or use certificate and "
	  "private_key.",
	  0, NULL, NULL },
	{ "certificate", ROSTER_PEM, "The certificate that was uploaded to that app registration.", 0, NULL,
	  NULL },
	{ "private_key", ROSTER_SECRET,
	  "The private key of that certificate, RSA, as PEM text without a passphrase.", 0, NULL, NULL },
	{ "cloud", ROSTER_WORD,
	  "Where the tenant is: global, usgov (GCC High), usgov_dod, or china (operated by 21Vianet).", 0,
	  "global", cloud_words },
	{ "graph_url", ROSTER_ADDRESS,
	  "The address of Microsoft Graph, if it is not that of the cloud, such as "
	  "https://graph.microsoft.com.",
	  0, NULL, NULL },
	{ "login_url", ROSTER_ADDRESS,
	  "Where tokens are given, if it is not that of the cloud, such as "
	  "https://login.microsoftonline.com.",
	  0, NULL, NULL },
	{ "user_name", ROSTER_TEXT, "The property that is the user name.", 0, "userPrincipalName", NULL },
	{ "email", ROSTER_TEXT, "The property with the address of mail.", 0, "mail", NULL },
	{ "given_name", ROSTER_TEXT, "The property with the given name.", 0, "givenName", NULL },
	{ "family_name", ROSTER_TEXT, "The property with the family name.", 0, "surname", NULL },
	{ "display_name", ROSTER_TEXT, "The property with the name to show.", 0, "displayName", NULL },
	{ "title", ROSTER_TEXT, "The property with the title.", 0, "jobTitle", NULL },
	{ "department", ROSTER_TEXT, "The property with the department.", 0, "department", NULL },
	{ "locale", ROSTER_TEXT, "The property with the language.", 0, "preferredLanguage", NULL },
	{ "guests", ROSTER_YES_NO,
	  "yes: guests (userType Guest) are read, too; no: they are left out, as if they were not there.", 0,
	  "no", NULL },
	{ "disabled", ROSTER_YES_NO,
	  "yes: accounts that are blocked (accountEnabled false) are listed as suspended; no: they are left "
	  "out, as if they had been deleted.",
	  0, "yes", NULL },
	{ "groups", ROSTER_YES_NO, "no: groups and who is in them are not read.", 0, "yes", NULL },
	{ "group_names", ROSTER_LIST,
	  "Only groups with these names, such as \"Engineering\" or, for all that begin so, \"App *\".", 0,
	  NULL, NULL },
	{ "group_kinds", ROSTER_WORD,
	  "Which groups are read: all, those that are security enabled, or Microsoft 365 groups.", 0, "all",
	  kind_words },
	{ "client_state", ROSTER_SECRET,
	  "A secret of your own making, at most 128 characters, that change notifications carry; with it "
	  "Graph is "
	  "asked for them, without it none is believed.",
	  0, NULL, NULL },
	SIGNING_SETTINGS,
	{ "ca_certificate", ROSTER_PEM,
	  "The authority that made the certificate shown to us, where a proxy opens connections; without it, "
	  "those that the system trusts.",
	  0, NULL, NULL },
	{ "proxy", ROSTER_ADDRESS,
	  "A proxy on the way out, such as http://proxy.acme.example:3128; by default there is none.", 0,
	  NULL, NULL },
	{ "timeout", ROSTER_DURATION, "How long Graph may keep us waiting, such as 60s.", 0, "60s", NULL },
	{ 0 },
};

/* Microsoft's national clouds: each has its own addresses, and its tenants are in none of the others. */
static const struct {
	const char *word, *graph, *login;
} clouds[] = {
	{ "global", "https://graph.microsoft.com", "https://login.microsoftonline.com" },
	{ "usgov", "https://graph.microsoft.us", "https://login.microsoftonline.us" },
	{ "usgov_dod", "https://dod-graph.microsoft.us", "https://login.microsoftonline.us" },
	{ "china", "https://microsoftgraph.chinacloudapi.cn", "https://login.chinacloudapi.cn" },
};

/* The address that is set, or else that of the cloud. */
static int read_server(const struct setting_source *from, const char *name, const char *of_cloud,
		       const char **ret)
{
	*ret = of_cloud;
	return setting_text(from, name) ? setting_server(from, name, of_cloud, ret) : 0;
}

static int read_servers(const struct setting_source *from, struct settings *ret)
{
	const char *word = setting_text(from, "cloud");

	for (size_t i = 0; i < ARRAY_COUNT(clouds); i++)
		if (text_equal(word, clouds[i].word))
			return read_server(from, "graph_url", clouds[i].graph, &ret->graph) < 0
				       ? -1
				       : read_server(from, "login_url", clouds[i].login, &ret->login);
	return from->host->fail(from->call, ROSTER_MISCONFIGURED, 0,
				"\"cloud\" is \"%.60s\"; global, usgov, usgov_dod or china is expected",
				word ? word : "");
}

/* It becomes part of an address. "common" and its like are no tenant. */
static int read_tenant(const struct setting_source *from, struct settings *ret)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
	const char *value = setting_text(from, "tenant");

	if (!value || value[strspn(value, letters)] != '\0' || strlen(value) > 255 || strstr(value, "..") ||
	    (!strchr(value, '.') && !strchr(value, '-')))
		return from->host->fail(
			from->call, ROSTER_MISCONFIGURED, 0,
			"\"tenant\" is \"%.100s\"; a Directory (tenant) ID is expected, such as "
			"84bd8158-6d4d-4958-8b9f-9d6445542f95, or a domain of the tenant",
			value ? value : "");
	ret->tenant = value;
	return 0;
}

static int read_credentials(const struct setting_source *from, struct settings *ret)
{
	ret->client_id = setting_text(from, "client_id");
	ret->client_secret = setting_text(from, "client_secret");
	ret->private_key = setting_text(from, "private_key");
	ret->certificate = setting_text(from, "certificate");
	if (!ret->client_id)
		return from->host->fail(from->call, ROSTER_MISCONFIGURED, 0,
					"\"client_id\" is not set; an Application (client) ID is expected");
	if (ret->client_secret && (ret->private_key || ret->certificate))
		return from->host->fail(from->call, ROSTER_MISCONFIGURED, 0,
					"\"client_secret\" and \"%s\" are both set; one way to sign in is "
					"expected",
					ret->private_key ? "private_key" : "certificate");
	if (!ret->client_secret && (!ret->private_key || !ret->certificate))
		return from->host->fail(
			from->call, ROSTER_MISCONFIGURED, 0,
			"\"%s\" is not set; \"client_secret\" is expected, or \"certificate\" "
			"with \"private_key\"",
			ret->private_key   ? "certificate"
			: ret->certificate ? "private_key"
					   : "client_secret");
	return 0;
}

static int read_groups(const struct setting_source *from, struct settings *ret)
{
	const char *kinds = setting_text(from, "group_kinds");

	ret->groups = setting_is_yes(from, "groups");
	ret->group_kinds = text_equal(kinds, "security")       ? GROUPS_SECURITY
			   : text_equal(kinds, "microsoft365") ? GROUPS_MICROSOFT365
							       : GROUPS_ALL;
	return setting_lines(from, "group_names", ret->group_name);
}

bool settings_choose_groups(const struct settings *settings)
{
	return settings->group_name[0] || settings->group_kinds != GROUPS_ALL;
}

int settings_read(const struct setting_source *from, struct settings *ret)
{
	if (fields_read(from, "a property", "userPrincipalName", ret->field) < 0)
		return -1;
	ret->guests = setting_is_yes(from, "guests");
	ret->disabled = setting_is_yes(from, "disabled");
	ret->client_state = setting_text(from, "client_state");
	if (ret->client_state && strlen(ret->client_state) > CLIENT_STATE_MOST)
		return from->host->fail(
			from->call, ROSTER_MISCONFIGURED, 0,
			"\"client_state\" has more than %d characters, which Graph does not take",
			CLIENT_STATE_MOST);
	return read_tenant(from, ret) < 0 || read_servers(from, ret) < 0 || read_credentials(from, ret) < 0 ||
			       read_groups(from, ret) < 0
		       ? -1
		       : 0;
}
