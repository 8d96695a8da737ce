#include "okta/settings.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "common/links.h"
#include "common/signing.h"
#include "common/setting.h"

static const char *const pending_words[] = { "suspended", "active", NULL };
static const char *const page_range[] = { "1", "200", NULL };
static const char *const member_range[] = { "1", "1000", NULL };

const struct roster_setting settings_table[] = {
	{ "org_url", ROSTER_ADDRESS,
	  "The address of the Okta org, such as https://acme.okta.com, without \"-admin\"; a custom domain "
	  "will do.",
	  1, NULL, NULL },
	{ "api_token", ROSTER_SECRET,
	  "An API token (Security, API, Tokens), made by an administrator with the role Read-Only "
	  "Administrator; or use client_id and private_key.",
	  0, NULL, NULL },
	{ "client_id", ROSTER_TEXT,
	  "The client ID of an API Services application that has the scopes okta.users.read, "
	  "okta.groups.read and okta.logs.read.",
	  0, NULL, NULL },
	{ "private_key", ROSTER_SECRET,
	  "The private key of that application, as PEM text without a passphrase; RSA, or EC on the curve "
	  "P-256.",
	  0, NULL, NULL },
	{ "key_id", ROSTER_TEXT,
	  "The key ID (kid) that Okta shows beside that key; needed if the application has several keys.", 0,
	  NULL, NULL },
	{ "user_name", ROSTER_TEXT, "The profile attribute that is the user name.", 0, "login", NULL },
	{ "email", ROSTER_TEXT, "The profile attribute with the address of mail.", 0, "email", NULL },
	{ "given_name", ROSTER_TEXT, "The profile attribute with the given name.", 0, "firstName", NULL },
	{ "family_name", ROSTER_TEXT, "The profile attribute with the family name.", 0, "lastName", NULL },
	{ "display_name", ROSTER_TEXT, "The profile attribute with the name to show.", 0, "displayName",
	  NULL },
	{ "title", ROSTER_TEXT, "The profile attribute with the title.", 0, "title", NULL },
	{ "department", ROSTER_TEXT, "The profile attribute with the department.", 0, "department", NULL },
	{ "manager", ROSTER_TEXT,
	  "The profile attribute with the manager's Okta ID or login, such as managerId; by default it is "
	  "not read.",
	  0, NULL, NULL },
	{ "locale", ROSTER_TEXT, "The profile attribute with the language.", 0, "locale", NULL },
	{ "user_filter", ROSTER_LIST,
	  "Only people whose profile attributes are so, such as \"userType=Employee\"; with several lines of "
	  "one attribute, one of them must hold.",
	  0, NULL, NULL },
	{ "application", ROSTER_TEXT,
	  "Only people who are assigned to this application, by its ID (0oa...); the scope okta.apps.read is needed, "
	  "and each reading is of all of them.",
	  0, NULL, NULL },
	{ "unactivated", ROSTER_WORD,
	  "Whether people who have not finished their activation (STAGED, PROVISIONED) count as suspended, "
	  "or as active.",
	  0, "suspended", pending_words },
	{ "former", ROSTER_YES_NO,
	  "yes: deactivated people (DEPROVISIONED) are listed as suspended; no: they are left out, as if "
	  "they had been deleted.",
	  0, "yes", NULL },
	{ "groups", ROSTER_YES_NO, "no: groups and who is in them are not read.", 0, "yes", NULL },
	{ "group_filter", ROSTER_TEXT,
	  "Which groups are read, as a filter of Okta; by default all but built-in ones such as Everyone, "
	  "whose members would be read a second time.",
	  0, "type eq \"OKTA_GROUP\" or type eq \"APP_GROUP\"", NULL },
	{ "group_names", ROSTER_LIST,
	  "Only groups with these names, such as \"Engineering\" or, for all that begin so, \"App *\"; fewer "
	  "groups are fewer requests.",
	  0, NULL, NULL },
	{ "hook_secret", ROSTER_SECRET,
	  "The authentication secret of the event hook that sends events here (Workflow, Event Hooks); without it none is believed.", 0, NULL,
	  NULL },
	{ "hook_header", ROSTER_TEXT, "The authentication field of that event hook: the header that holds the secret.", 0, "Authorization", NULL },
	SIGNING_SETTINGS,
	{ "ca_certificate", ROSTER_PEM,
	  "The authority that made the certificate shown to us, where a proxy opens connections; without it, "
	  "those that the system trusts.",
	  0, NULL, NULL },
	{ "proxy", ROSTER_ADDRESS,
	  "A proxy on the way out, such as http://proxy.acme.example:3128; by default there is none.", 0,
	  NULL, NULL },
	{ "page_size", ROSTER_NUMBER, "How many people or groups are asked for at once; Okta recommends 200 (and gives 500 of an application).",
	  0, "200", page_range },
	{ "member_page_size", ROSTER_NUMBER, "How many members of a group are asked for at once.", 0, "1000",
	  member_range },
	{ "timeout", ROSTER_DURATION, "How long Okta may keep us waiting, such as 60s.", 0, "60s", NULL },
	{ 0 },
};

/* "https://acme.okta.com", from whatever is pasted: with a slash behind it, with a path. */
static int read_org(const struct setting_source *from, struct settings *ret)
{
	const char *value = setting_text(from, "org_url");
	struct link_origin origin;
	const char *rest;

	if (!value || link_origin_of(value, &origin) < 0)
		return from->host->fail(from->call, ROSTER_MISCONFIGURED, 0,
					"\"org_url\" is \"%.150s\"; the address of an org is expected, such "
					"as \"https://acme.okta.com\"",
					value ? value : "");
	rest = value + strlen("https://");
	rest += strcspn(rest, "/?#");
	if (rest[0] != '\0' && !text_equal(rest, "/"))
		return from->host->fail(from->call, ROSTER_MISCONFIGURED, 0,
					"\"org_url\" is \"%.150s\"; only the address of the org is expected, "
					"such as \"https://%.100s\"",
					value, origin.host);
	if (strstr(origin.host, "-admin.okta"))
		return from->host->fail(
			from->call, ROSTER_MISCONFIGURED, 0,
			"\"org_url\" is \"%.150s\", where administrators sign in; leave \"-admin\" out",
			value);
	ret->org = arena_text_n(from->arena, value, (size_t)(rest - value));
	return 0;
}

static int read_credentials(const struct setting_source *from, struct settings *ret)
{
	ret->hook_secret = setting_text(from, "hook_secret");
	ret->hook_header = setting_text(from, "hook_header");
	ret->api_token = setting_text(from, "api_token");
	ret->client_id = setting_text(from, "client_id");
	ret->private_key = setting_text(from, "private_key");
	ret->key_id = setting_text(from, "key_id");
	if (ret->api_token && (ret->client_id || ret->private_key))
		return from->host->fail(
			from->call, ROSTER_MISCONFIGURED, 0,
			"\"api_token\" and \"client_id\" are both set; one way to sign in is expected");
	if (!ret->api_token && (!ret->client_id || !ret->private_key))
		return from->host->fail(
			from->call, ROSTER_MISCONFIGURED, 0,
			"%s is not set; \"api_token\" is expected, or \"client_id\" with \"private_key\"",
			ret->client_id	   ? "\"private_key\""
			: ret->private_key ? "\"client_id\""
					   : "\"api_token\"");
	if (ret->api_token && (strpbrk(ret->api_token, " \t\r\n") || text_begins(ret->api_token, "SSWS")))
		return from->host->fail(
			from->call, ROSTER_MISCONFIGURED, 0,
			"\"api_token\" has blanks in it; the token alone is expected, without \"SSWS\"");
	return 0;
}

static int read_conditions(const struct setting_source *from, struct settings *ret)
{
	const char *lines[SETTING_LINES_MOST + 1];
	int count = 0;

	if (setting_lines(from, "user_filter", lines) < 0)
		return -1;
	for (; lines[count]; count++) {
		char *equals = strchr(lines[count], '=');

		if (!equals || equals == lines[count])
			return from->host->fail(from->call, ROSTER_MISCONFIGURED, 0,
						"\"user_filter\" has the line \"%.100s\"; an attribute and a "
						"value are expected, such as "
						"\"userType=Employee\"",
						lines[count]);
		*equals = '\0';
		ret->condition[count] = (struct condition){ lines[count], equals + 1 };
	}
	ret->condition[count].attribute = NULL;
	return 0;
}

int settings_read(const struct setting_source *from, struct settings *ret)
{
	if (fields_read(from, "a profile attribute", "login", ret->field) < 0)
		return -1;
	ret->groups = setting_is_yes(from, "groups");
	ret->former = setting_is_yes(from, "former");
	ret->pending_active = text_equal(setting_text(from, "unactivated"), "active");
	ret->application = setting_text(from, "application");
	ret->group_filter = setting_text(from, "group_filter");
	return read_org(from, ret) < 0 || read_credentials(from, ret) < 0 || read_conditions(from, ret) < 0 ||
	    setting_lines(from, "group_names", ret->group_name) < 0 ||
	    setting_number(from, "page_size", 1, 200, &ret->page_size) < 0 ||
	    setting_number(from, "member_page_size", 1, 1000, &ret->member_page_size) < 0 ? -1 : 0;
}
