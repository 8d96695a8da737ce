#include "google/settings.h"

#include <string.h>

#include "base/arena.h"
#include "base/json_stream.h"
#include "base/text.h"
#include "common/links.h"
#include "common/signing.h"

static const char *const name_words[] = { "email", "name", NULL };
static const char *const page_range[] = { "1", "500", NULL };

const struct roster_setting settings_table[] = {
	{ "service_account", ROSTER_SECRET,
	  "The text of the service account's key file (JSON); or use client_email and private_key.", 0, NULL,
	  NULL },
	{ "client_email", ROSTER_TEXT,
	  "The service account's address, such as rosterd@acme-123.iam.gserviceaccount.com.", 0, NULL, NULL },
	{ "private_key", ROSTER_SECRET,
	  "The service account's private key, RSA, as PEM text without a passphrase.", 0, NULL, NULL },
	{ "key_id", ROSTER_TEXT, "The ID that Google shows beside that key; may be left out.", 0, NULL,
	  NULL },
	{ "administrator", ROSTER_TEXT,
	  "The address of the administrator whom the service account acts for, such as "
	  "rosterd-reader@acme.example; one of their own, with a role that may read users, groups and reports.",
	  1, NULL, NULL },
	{ "customer", ROSTER_TEXT,
	  "The account that is read, such as C03az79cb; by default that of the administrator.", 0,
	  "my_customer", NULL },
	{ "domain", ROSTER_TEXT,
	  "Only people and groups of this domain of the account, such as acme.example; by default all.", 0,
	  NULL, NULL },
	{ "api_url", ROSTER_ADDRESS, "The address of Google's Admin SDK.", 0, "https://admin.googleapis.com",
	  NULL },
	{ "token_url", ROSTER_ADDRESS, "Where Google gives tokens.", 0, "https://oauth2.googleapis.com/token",
	  NULL },
	{ "user_name", ROSTER_TEXT, "The field that is the user name.", 0, "primaryEmail", NULL },
	{ "email", ROSTER_TEXT, "The field with the address of mail.", 0, "primaryEmail", NULL },
	{ "given_name", ROSTER_TEXT, "The field with the given name.", 0, "name/givenName", NULL },
	{ "family_name", ROSTER_TEXT, "The field with the family name.", 0, "name/familyName", NULL },
	{ "display_name", ROSTER_TEXT, "The field with the name to show.", 0, "name/fullName", NULL },
	{ "title", ROSTER_TEXT, "The field with the title.", 0, "organizations/title", NULL },
	{ "department", ROSTER_TEXT, "The field with the department.", 0, "organizations/department", NULL },
	{ "manager", ROSTER_TEXT,
	  "The field with the manager's Google ID, such as customSchemas/HR/managerId; by default it is not "
	  "read.",
	  0, NULL, NULL },
	{ "locale", ROSTER_TEXT, "The field with the language.", 0, "languages/languageCode", NULL },
	{ "org_units", ROSTER_LIST,
	  "Only people in these organisational units and those below, such as \"/Staff\".", 0, NULL, NULL },
	{ "suspended", ROSTER_YES_NO,
	  "yes: suspended people are listed as suspended; no: they are left out, as if they had been "
	  "deleted.",
	  0, "yes", NULL },
	{ "archived", ROSTER_YES_NO,
	  "yes: archived people are listed as suspended; no: they are left out, as if they had been deleted.",
	  0, "yes", NULL },
	{ "groups", ROSTER_YES_NO, "no: groups and who is in them are not read.", 0, "yes", NULL },
	{ "group_name", ROSTER_WORD,
	  "What mappings name a group by: email, which is unique, or name, which any two groups may share.",
	  0, "email", name_words },
	{ "group_names", ROSTER_LIST,
	  "Only groups with these names (of the kind that group_name says), such as "
	  "\"engineering@acme.example\" or, for all that begin so, \"app-*\"; fewer groups are fewer "
	  "requests.",
	  0, NULL, NULL },
	{ "channel_token", ROSTER_SECRET,
	  "The token of the push channels that watch users, at most 256 characters; without it no message is "
	  "believed.",
	  0, NULL, NULL },
	SIGNING_SETTINGS,
	{ "sign_on_domains", ROSTER_LIST,
	  "Only people of accounts with one of these primary domains (the claim \"hd\") sign on; by default that of domain.", 0, NULL, NULL },
	{ "ca_certificate", ROSTER_PEM,
	  "The authority that made the certificate shown to us, where a proxy opens connections; without it, "
	  "those that the system trusts.",
	  0, NULL, NULL },
	{ "proxy", ROSTER_ADDRESS,
	  "A proxy on the way out, such as http://proxy.acme.example:3128; by default there is none.", 0,
	  NULL, NULL },
	{ "page_size", ROSTER_NUMBER,
	  "How many people are asked for at once; groups and members at most 200.", 0, "500", page_range },
	{ "timeout", ROSTER_DURATION, "How long Google may keep us waiting, such as 60s.", 0, "60s", NULL },
	{ 0 },
};

/* ---- who we are ---- */

static int fail_key_file(const struct setting_source *from, const char *why)
{
	return from->host->fail(from->call, ROSTER_MISCONFIGURED, 0,
				"\"service_account\" %s; the text of a key file is expected (Google Cloud "
				"console, IAM & Admin, Service Accounts, Keys, Add key, JSON)",
				why);
}

/* Where tokens are given stands in the file as well; the address that is set counts, which administrators
 * see. */
static int take_key_file(const struct setting_source *from, const struct json_node *file,
			 struct settings *ret)
{
	const char *type = json_node_member_text(file, "type"),
		   *email = json_node_member_text(file, "client_email"),
		   *key = json_node_member_text(file, "private_key"),
		   *id = json_node_member_text(file, "private_key_id");

	if (!text_equal(type, "service_account"))
		return fail_key_file(from, "is not the key of a service account");
	if (!email || !key)
		return fail_key_file(from, "lacks \"client_email\" or \"private_key\"");
	ret->client_email = arena_text(from->arena, email);
	ret->private_key = arena_text(from->arena, key);
	ret->key_id = arena_text(from->arena, id);
	return 0;
}

static int read_key_file(const struct setting_source *from, const char *text, struct settings *ret)
{
	struct json_stream *stream = json_stream_open(NULL, NULL, NULL);
	const struct json_node *file;
	struct error e;
	int result;

	if (json_stream_feed(stream, text, strlen(text), &e) < 0 || json_stream_end(stream, &file, &e) < 0)
		result = fail_key_file(from, "is no JSON");
	else
		result = take_key_file(from, file, ret);
	json_stream_close(&stream);
	return result;
}

static int read_credentials(const struct setting_source *from, struct settings *ret)
{
	const char *file = from->host->setting(from->call, "service_account");

	ret->client_email = setting_text(from, "client_email");
	ret->private_key = setting_text(from, "private_key");
	ret->key_id = setting_text(from, "key_id");
	ret->key_setting = file && file[0] ? "service_account" : "private_key";
	if (file && file[0] && (ret->client_email || ret->private_key))
		return from->host->fail(
			from->call, ROSTER_MISCONFIGURED, 0,
			"\"service_account\" and \"%s\" are both set; one of them is expected",
			ret->private_key ? "private_key" : "client_email");
	if (file && file[0])
		return read_key_file(from, file, ret);
	if (!ret->client_email || !ret->private_key)
		return from->host->fail(from->call, ROSTER_MISCONFIGURED, 0,
					"\"%s\" is not set; \"service_account\" is expected, or "
					"\"client_email\" with \"private_key\"",
					ret->client_email  ? "private_key"
					: ret->private_key ? "client_email"
							   : "service_account");
	return 0;
}

/* ---- what is read ---- */

static int read_account(const struct setting_source *from, struct settings *ret)
{
	struct link_origin origin;

	ret->administrator = setting_text(from, "administrator");
	ret->customer = setting_text(from, "customer");
	ret->domain = setting_text(from, "domain");
	ret->token_url = setting_text(from, "token_url");
	if (!ret->administrator || !strchr(ret->administrator, '@'))
		return from->host->fail(from->call, ROSTER_MISCONFIGURED, 0,
					"\"administrator\" is \"%.100s\"; the address of an administrator of "
					"the account is expected",
					ret->administrator ? ret->administrator : "");
	if (!ret->token_url || link_origin_of(ret->token_url, &origin) < 0)
		return from->host->fail(from->call, ROSTER_MISCONFIGURED, 0,
					"\"token_url\" is \"%.150s\"; an address is expected, such as "
					"\"https://oauth2.googleapis.com/token\"",
					ret->token_url ? ret->token_url : "");
	/* One of the two is asked for; a domain is the narrower. */
	if (!ret->domain && !ret->customer)
		ret->customer = "my_customer";
	return setting_server(from, "api_url", "https://admin.googleapis.com", &ret->api);
}

static int read_units(const struct setting_source *from, struct settings *ret)
{
	if (setting_lines(from, "org_units", ret->org_unit) < 0)
		return -1;
	for (const char *const *unit = ret->org_unit; *unit; unit++)
		if ((*unit)[0] != '/' || (text_ends(*unit, "/") && (*unit)[1] != '\0'))
			return from->host->fail(
				from->call, ROSTER_MISCONFIGURED, 0,
				"\"org_units\" has the line \"%.100s\"; the path of a unit is "
				"expected, such as \"/Staff\"",
				*unit);
	return 0;
}

static int read_groups(const struct setting_source *from, struct settings *ret)
{
	ret->groups = setting_is_yes(from, "groups");
	ret->named_by_email = !text_equal(setting_text(from, "group_name"), "name");
	return setting_lines(from, "group_names", ret->group_name);
}

static int read_channel_token(const struct setting_source *from, struct settings *ret)
{
	ret->channel_token = setting_text(from, "channel_token");
	if (ret->channel_token && strlen(ret->channel_token) > CHANNEL_TOKEN_MOST)
		return from->host->fail(
			from->call, ROSTER_MISCONFIGURED, 0,
			"\"channel_token\" has more than %d characters, which Google does not take",
			CHANNEL_TOKEN_MOST);
	return 0;
}

int settings_read(const struct setting_source *from, struct settings *ret)
{
	if (fields_read(from, "a field", "primaryEmail", ret->field) < 0)
		return -1;
	ret->suspended = setting_is_yes(from, "suspended");
	ret->archived = setting_is_yes(from, "archived");
	return read_account(from, ret) < 0 || read_credentials(from, ret) < 0 || read_units(from, ret) < 0 ||
			       read_groups(from, ret) < 0 || read_channel_token(from, ret) < 0 ||
			       setting_number(from, "page_size", 1, 500, &ret->page_size) < 0
		       ? -1
		       : 0;
}
