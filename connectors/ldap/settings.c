/* What an administrator tells the plug-in. */
#include "ldap/settings.h"

#include <ctype.h>
#include <ldap.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"

enum { PAGE_SIZE_MOST = 10000 };

static const char *const tls_words[] = { "starttls", "none", NULL };
static const char *const bind_words[] = { "simple", "external", NULL };
static const char *const scope_words[] = { "sub", "one", NULL };
static const char *const page_range[] = { "1", "10000", NULL };

const struct roster_setting settings_table[] = {
	{ "url", ROSTER_ADDRESS,
	  "The server, such as ldaps://ldap.acme.example or ldapi://%2Frun%2Fslapd%2Fldapi; several, with "
	  "blanks between, are "
	  "tried in this order.",
	  1, NULL, NULL },
	{ "tls", ROSTER_WORD,
	  "How an ldap:// address is made private: starttls, or none, which sends passwords and people in "
	  "the clear; ldaps:// is "
	  "always private.",
	  0, "starttls", tls_words },
	{ "ca_certificate", ROSTER_PEM,
	  "The authority that made the server's certificate, or that certificate itself; without it, those "
	  "that the system "
	  "trusts.",
	  0, NULL, NULL },
	{ "client_certificate", ROSTER_PEM,
	  "Our own certificate, with the ones that lead to its authority behind it, for bind=external.", 0,
	  NULL, NULL },
	{ "client_key", ROSTER_SECRET,
	  "The private key of client_certificate, as PEM text without a passphrase.", 0, NULL, NULL },
	{ "bind", ROSTER_WORD,
	  "How we sign in: simple, with bind_dn and bind_password, or external, with the client certificate "
	  "or, on ldapi://, as the "
	  "local user.",
	  0, "simple", bind_words },
	{ "bind_dn", ROSTER_TEXT, "Whom we sign in as, such as cn=sync,dc=acme,dc=example.", 0, NULL, NULL },
	{ "bind_password", ROSTER_SECRET, "The password of bind_dn.", 0, NULL, NULL },
	{ "user_base", ROSTER_TEXT, "Where people are, such as ou=people,dc=acme,dc=example.", 1, NULL,
	  NULL },
	{ "user_filter", ROSTER_TEXT,
	  "Which entries there are people; by default (objectClass=inetOrgPerson), on Active Directory "
	  "ordinary accounts that the system has not made itself.",
	  0, NULL, NULL },
	{ "user_scope", ROSTER_WORD, "sub: everything below user_base; one: only what lies directly in it.",
	  0, "sub", scope_words },
	{ "user_id", ROSTER_TEXT,
	  "The attribute that never changes and is never reused; by default entryUUID, objectGUID or "
	  "nsUniqueId, as the server's kind "
	  "has it.",
	  0, NULL, NULL },
	{ "user_name", ROSTER_TEXT,
	  "The attribute that people sign in with; by default uid, on Active Directory sAMAccountName. Here "
	  "and below, of several "
	  "names the first that has a value counts.",
	  0, NULL, NULL },
	{ "email", ROSTER_TEXT, "The attribute with the address of mail.", 0, "mail", NULL },
	{ "given_name", ROSTER_TEXT, "The attribute with the given name.", 0, "givenName", NULL },
	{ "family_name", ROSTER_TEXT, "The attribute with the family name.", 0, "sn", NULL },
	{ "display_name", ROSTER_TEXT, "The attribute with the name to show.", 0, "displayName cn", NULL },
	{ "title", ROSTER_TEXT, "The attribute with the title, such as title; by default it is not read.", 0,
	  NULL, NULL },
	{ "department", ROSTER_TEXT,
	  "The attribute with the department, such as departmentNumber; by default it is not read.", 0, NULL,
	  NULL },
	{ "manager", ROSTER_TEXT,
	  "The attribute that refers to the manager, such as manager; by default it is not read.", 0, NULL,
	  NULL },
	{ "locale", ROSTER_TEXT,
	  "The attribute with the language, such as preferredLanguage; by default it is not read.", 0, NULL,
	  NULL },
	{ "disabled_filter", ROSTER_TEXT,
	  "Which people may not sign in, such as (employeeType=former), beside those that Active Directory "
	  "and 389-ds themselves call "
	  "disabled.",
	  0, NULL, NULL },
	{ "group_base", ROSTER_TEXT,
	  "Where groups are, such as ou=groups,dc=acme,dc=example; without it no groups are read.", 0, NULL,
	  NULL },
	{ "group_filter", ROSTER_TEXT,
	  "Which entries there are groups; by default those of the classes groupOfNames, groupOfUniqueNames, "
	  "posixGroup and group.",
	  0,
	  "(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=posixGroup)(objectClass="
	  "group))",
	  NULL },
	{ "group_scope", ROSTER_WORD, "sub: everything below group_base; one: only what lies directly in it.",
	  0, "sub", scope_words },
	{ "group_id", ROSTER_TEXT,
	  "The attribute of groups that never changes; by default the same as user_id.", 0, NULL, NULL },
	{ "group_name", ROSTER_TEXT, "The attribute with the name of a group.", 0, "cn", NULL },
	{ "group_member", ROSTER_TEXT,
	  "The attributes that name a group's members: by distinguished name, or memberUid, which names "
	  "people by user_name.",
	  0, "member uniqueMember", NULL },
	{ "ignore_referrals", ROSTER_YES_NO,
	  "yes: what other servers hold is left out (the root of an Active Directory domain always refers to "
	  "some); no: a listing with "
	  "such a gap removes nobody.",
	  0, "no", NULL },
	{ "canary", ROSTER_LIST,
	  "People or groups that every whole listing must show, by user name or distinguished name, such as those of "
	  "several branches; a listing without one of them removes nobody.",
	  0, NULL, NULL },
	{ "page_size", ROSTER_NUMBER, "How many entries are asked for at once; Active Directory allows 1000.",
	  0, "1000", page_range },
	{ "timeout", ROSTER_DURATION, "How long the server may keep us waiting, such as 30s.", 0, "30s",
	  NULL },
	{ 0 },
};

static const char *const field_settings[FIELD_COUNT] = {
	[FIELD_USER_NAME] = "user_name",
	[FIELD_EMAIL] = "email",
	[FIELD_GIVEN_NAME] = "given_name",
	[FIELD_FAMILY_NAME] = "family_name",
	[FIELD_DISPLAY_NAME] = "display_name",
	[FIELD_TITLE] = "title",
	[FIELD_DEPARTMENT] = "department",
	[FIELD_MANAGER] = "manager",
	[FIELD_LOCALE] = "locale",
};

/* What reading a setting needs. */
struct source {
	struct roster_call *call;
	const struct roster_host *host;
	struct arena *arena;
};

/* A setting's value, kept; NULL if it is not set or empty. */
static const char *get(const struct source *from, const char *name)
{
	const char *value = from->host->setting(from->call, name);

	return value && value[0] ? arena_text(from->arena, value) : NULL;
}

static bool has(const struct source *from, const char *name, const char *word)
{
	const char *value = get(from, name);

	return value && strcmp(value, word) == 0;
}

static int get_number(const struct source *from, const char *name, int least, int most, int *ret)
{
	const char *value = get(from, name);
	int64_t number;

	if (!value || text_to_int64(value, &number) < 0 || number < least || number > most)
		return from->host->fail(from->call, ROSTER_MISCONFIGURED, 0,
					"\"%s\" is \"%s\"; a number from %d to %d is expected", name,
					value ? value : "", least, most);
	*ret = (int)number;
	return 0;
}

static int get_filter(const struct source *from, const char *name, const char **ret)
{
	const char *value = get(from, name);
	size_t length = value ? strlen(value) : 0;

	if (value && (value[0] != '(' || value[length - 1] != ')'))
		return from->host->fail(from->call, ROSTER_MISCONFIGURED, 0,
					"\"%s\" is \"%.100s\"; a filter in brackets is expected, such as "
					"\"(objectClass=inetOrgPerson)\"",
					name, value);
	*ret = value;
	return 0;
}

static bool is_attribute_name(const char *word)
{
	for (const char *c = word; *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '-' && *c != '.' && *c != ';' && *c != '_')
			return false;
	return true;
}

int names_read(struct arena *arena, const char *text, struct names *ret)
{
	struct names names = { 0 };
	char *rest = arena_text(arena, text), *word;
	int count = 0;

	while (rest && (word = strtok_r(rest, " ,\t\n", &rest))) {
		if (count == NAMES_MOST || !is_attribute_name(word))
			return -1;
		names.name[count++] = word;
	}
	*ret = names;
	return 0;
}

static int get_names(const struct source *from, const char *name, struct names *ret)
{
	const char *value = get(from, name);

	if (names_read(from->arena, value, ret) < 0)
		return from->host->fail(from->call, ROSTER_MISCONFIGURED, 0,
					"\"%s\" is \"%.100s\"; the name of an attribute is expected, or up "
					"to %d with blanks between",
					name, value, NAMES_MOST);
	return 0;
}

static int get_urls(const struct source *from, struct settings *ret)
{
	const char *at = get(from, "url"), *wrong;

	for (at = at ? at : ""; *(at += strspn(at, " ,\t\n")); at += strcspn(at, " ,\t\n")) {
		size_t length = strcspn(at, " ,\t\n");

		if (ret->url_count == URLS_MOST)
			return from->host->fail(from->call, ROSTER_MISCONFIGURED, 0,
						"\"url\" names more than %d servers", URLS_MOST);
		if (address_read(at, length, &ret->urls[ret->url_count++], &wrong) < 0)
			return from->host->fail(from->call, ROSTER_MISCONFIGURED, 0,
						"\"url\" has \"%.*s\": %s", (int)length, at, wrong);
	}
	if (ret->url_count == 0)
		return from->host->fail(
			from->call, ROSTER_MISCONFIGURED, 0,
			"\"url\" is not set; an address such as \"ldaps://ldap.acme.example\" is expected");
	return 0;
}

static int get_credentials(const struct source *from, struct settings *ret)
{
	ret->external = has(from, "bind", "external");
	ret->bind_dn = get(from, "bind_dn");
	ret->bind_password = get(from, "bind_password");
	ret->trust.ca_certificate = get(from, "ca_certificate");
	ret->trust.client_certificate = get(from, "client_certificate");
	ret->trust.client_key = get(from, "client_key");

	/* A simple bind without a password succeeds on many servers, as nobody (RFC 4513, 5.1.2). */
	if (!ret->external && (!ret->bind_dn || !ret->bind_password))
		return from->host->fail(from->call, ROSTER_MISCONFIGURED, 0,
					"\"%s\" is not set; bind=simple needs \"bind_dn\" and "
					"\"bind_password\"",
					ret->bind_dn ? "bind_password" : "bind_dn");
	if (!ret->trust.client_certificate != !ret->trust.client_key)
		return from->host->fail(from->call, ROSTER_MISCONFIGURED, 0,
					"\"client_certificate\" and \"client_key\" belong together; "
					"\"%s\" is not set",
					ret->trust.client_key ? "client_certificate" : "client_key");
	return 0;
}

static int get_places(const struct source *from, struct settings *ret)
{
	ret->user_base = get(from, "user_base");
	ret->group_base = get(from, "group_base");
	ret->user_scope = has(from, "user_scope", "one") ? LDAP_SCOPE_ONELEVEL : LDAP_SCOPE_SUBTREE;
	ret->group_scope = has(from, "group_scope", "one") ? LDAP_SCOPE_ONELEVEL : LDAP_SCOPE_SUBTREE;
	ret->user_id = get(from, "user_id");
	ret->group_id = get(from, "group_id");
	if (!ret->user_base)
		return from->host->fail(from->call, ROSTER_MISCONFIGURED, 0,
					"\"user_base\" is not set; a name such as "
					"\"ou=people,dc=acme,dc=example\" is expected");
	if (get_filter(from, "user_filter", &ret->user_filter) < 0 ||
	    get_filter(from, "group_filter", &ret->group_filter) < 0 ||
	    get_filter(from, "disabled_filter", &ret->disabled_filter) < 0)
		return -1;
	return 0;
}

/* One a line, as the daemon gives a list. */
static int get_canaries(const struct source *from, struct settings *ret)
{
	char *rest = (char *)get(from, "canary"), *line; /* our own copy */
	size_t count = 0;

	ret->canaries = arena_array(from->arena, CANARIES_MOST + 1, sizeof(*ret->canaries));
	while (rest && (line = strtok_r(rest, "\n", &rest))) {
		if (count == CANARIES_MOST)
			return from->host->fail(from->call, ROSTER_MISCONFIGURED, 0, "\"canary\" names more than %d",
						CANARIES_MOST);
		ret->canaries[count++] = line;
	}
	return 0;
}

static int get_attributes(const struct source *from, struct settings *ret)
{
	for (int i = 0; i < FIELD_COUNT; i++)
		if (get_names(from, field_settings[i], &ret->fields[i]) < 0)
			return -1;
	if (get_names(from, "group_name", &ret->group_name) < 0 ||
	    get_names(from, "group_member", &ret->group_member) < 0)
		return -1;
	for (const char *const *name = ret->group_member.name; *name; name++)
		if (text_equal_nocase(*name, "memberUid") && ret->group_member.name[1])
			return from->host->fail(from->call, ROSTER_MISCONFIGURED, 0,
						"\"group_member\": \"memberUid\" must stand alone, the "
						"others name people by distinguished name");
	return 0;
}

int settings_read(struct roster_call *call, const struct roster_host *host, struct arena *arena,
		  struct settings *ret)
{
	const struct source from = { call, host, arena };
	struct settings settings = { 0 };

	settings.starttls = !has(&from, "tls", "none");
	settings.ignore_referrals = has(&from, "ignore_referrals", "yes");
	if (get_urls(&from, &settings) < 0 || get_credentials(&from, &settings) < 0 ||
	    get_places(&from, &settings) < 0 || get_attributes(&from, &settings) < 0 ||
	    get_canaries(&from, &settings) < 0 ||
	    get_number(&from, "page_size", 1, PAGE_SIZE_MOST, &settings.page_size) < 0 ||
	    get_number(&from, "timeout", 1, 3600 * 1000, &settings.timeout_ms) < 0)
		return -1;
	*ret = settings;
	return 0;
}
