#include "saml/person.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"

enum { NAMES_MOST = 6 };

#define CLAIMS	  "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
#define MICROSOFT "http://schemas.microsoft.com/identity/claims/"
#define WS_2008	  "http://schemas.microsoft.com/ws/2008/06/identity/claims/"

#define FORMAT_TRANSIENT "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
#define FORMAT_EMAIL	 "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"

/* Names of attributes by what they mean, the first that is there counts. id: none, then it is the NameID. */
struct preset {
	const char *name;
	const char *id[NAMES_MOST], *user_name[NAMES_MOST], *email[NAMES_MOST], *given_name[NAMES_MOST],
		*family_name[NAMES_MOST], *display_name[NAMES_MOST], *groups[NAMES_MOST];
};

/* clang-format off */
#define OID_MAIL	"urn:oid:0.9.2342.19200300.100.1.3"
#define OID_GIVEN	"urn:oid:2.5.4.42"
#define OID_FAMILY	"urn:oid:2.5.4.4"
#define OID_DISPLAY	"urn:oid:2.16.840.1.113730.3.1.241"
#define OID_PRINCIPAL	"urn:oid:1.3.6.1.4.1.5923.1.1.1.6"
#define OID_MEMBER	"urn:oid:1.3.6.1.4.1.5923.1.5.1.1"

/* NOLINTBEGIN(bugprone-suspicious-missing-comma): a name is made of its namespace and what stands in it */
static const struct preset presets[] = {
	{ "generic", { 0 }, { 0 }, { "email", "mail", "emailAddress", CLAIMS "emailaddress", OID_MAIL },
	  { "firstName", "givenName", "first_name", CLAIMS "givenname", OID_GIVEN }, { "lastName", "sn", "surname", CLAIMS "surname", OID_FAMILY },
	  { "displayName", "name", CLAIMS "name", OID_DISPLAY }, { "groups", "group", "memberOf", "http://schemas.xmlsoap.org/claims/Group" } },
	{ "okta", { 0 }, { "login" }, { "email" }, { "firstName" }, { "lastName" }, { "displayName" }, { "groups" } },
	{ "entra", { MICROSOFT "objectidentifier" }, { CLAIMS "name" }, { CLAIMS "emailaddress" }, { CLAIMS "givenname" }, { CLAIMS "surname" },
	  { MICROSOFT "displayname" }, { WS_2008 "groups", WS_2008 "role" } },
	{ "google", { 0 }, { 0 }, { "email", "primaryEmail" }, { "firstName" }, { "lastName" }, { 0 }, { "groups" } },
	{ "auth0", { CLAIMS "nameidentifier" }, { 0 }, { CLAIMS "emailaddress" }, { CLAIMS "givenname" }, { CLAIMS "surname" }, { CLAIMS "name" },
	  { "http://schemas.xmlsoap.org/claims/Group", "groups" } },
	{ "adfs", { WS_2008 "primarysid" }, { CLAIMS "upn" }, { CLAIMS "emailaddress" }, { CLAIMS "givenname" }, { CLAIMS "surname" },
	  { "http://schemas.xmlsoap.org/claims/CommonName", CLAIMS "name" }, { "http://schemas.xmlsoap.org/claims/Group", WS_2008 "role" } },
	{ "keycloak", { 0 }, { "username" }, { "email", OID_MAIL }, { "firstName", OID_GIVEN }, { "lastName", OID_FAMILY }, { 0 }, { "groups", "member" } },
	{ "onelogin", { 0 }, { 0 }, { "User.email", "Email", "email" }, { "User.FirstName", "FirstName" }, { "User.LastName", "LastName" }, { 0 },
	  { "memberOf", "groups" } },
	{ "ping", { 0 }, { 0 }, { "email", "mail" }, { "given", "firstName" }, { "family", "lastName" }, { "displayName" }, { "memberOf", "groups" } },
	{ "jumpcloud", { 0 }, { "username" }, { "email" }, { "firstname" }, { "lastname" }, { "displayname" }, { "memberOf", "groups" } },
	{ "shibboleth", { 0 }, { OID_PRINCIPAL }, { OID_MAIL }, { OID_GIVEN }, { OID_FAMILY }, { OID_DISPLAY }, { OID_MEMBER } },
};
/* NOLINTEND(bugprone-suspicious-missing-comma) */
/* clang-format on */

const struct preset *preset_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_COUNT(presets); i++)
		if (text_equal(presets[i].name, name))
			return &presets[i];
	return NULL;
}

/* The attribute of one of these names, or of the one that was set instead; NULL. */
static const struct answer_value *find(const struct answer *answer, const char *set,
				       const char *const names[NAMES_MOST])
{
	const char *const only[NAMES_MOST] = { set };

	if (set)
		names = only;
	for (int n = 0; n < NAMES_MOST && names[n]; n++)
		for (const struct answer_value *a = answer->attributes; a->name; a++)
			if (text_equal(a->name, names[n]) ||
			    (a->friendly && text_equal(a->friendly, names[n])))
				return a;
	return NULL;
}

/* Its first value, NULL if there is none that can be given. */
static const char *first(const struct answer *answer, const char *set, const char *const names[NAMES_MOST],
			 size_t most)
{
	const struct answer_value *found = find(answer, set, names);
	const char *value = found ? found->values[0] : NULL;

	return value && *value && strlen(value) <= most ? value : NULL;
}

static int emit_groups(struct roster_call *call, const struct roster_host *host,
		       const struct answer_value *said, const char *const **ret)
{
	size_t count = 0;

	*ret = NULL;
	while (said && said->values[count])
		count++;
	if (!said)
		return 0;
	if (count > ROSTER_VALUES_MOST) {
		host->note(call,
			   "%zu groups were said; at most %d are taken, so nobody's groups were changed",
			   count, ROSTER_VALUES_MOST);
		return 0;
	}
	for (size_t i = 0; i < count; i++) {
		const struct roster_group group = { .size = sizeof(group),
						    .remote_id = said->values[i],
						    .name = said->values[i],
						    .partial = 1 };

		if (!*said->values[i] || strlen(said->values[i]) > ROSTER_ID_MOST) {
			host->note(call, "a group was said whose name is empty or too long, so nobody's "
					 "groups were changed");
			return 0;
		}
		if (host->emit_group(call, &group) < 0)
			return -1;
	}
	*ret = said->values;
	return 0;
}

/* A key that stays: never one that a provider makes anew for each sign-on. */
static const char *key_of(const struct settings *s, const struct answer *answer)
{
	const char *id = first(answer, s->id_attribute, s->preset->id, ROSTER_ID_MOST);

	if (id || s->id_attribute)
		return id;
	return answer->name_format && text_equal(answer->name_format, FORMAT_TRANSIENT) ? NULL
											: answer->name_id;
}

int person_emit(struct roster_call *call, const struct roster_host *host, const struct settings *s,
		const struct answer *answer)
{
	const char *id = key_of(s, answer),
		   *email = first(answer, s->email_attribute, s->preset->email, ROSTER_TEXT_MOST), *user_name;
	struct roster_identity person = { .size = sizeof(person),
					  .standing = ROSTER_ACTIVE,
					  .email_proof = ROSTER_ASSERTED };

	host->checked(
		call, "key", id != NULL, "one that stays the same for a person",
		id		  ? id
		: s->id_attribute ? "no such attribute"
				  : "a transient NameID",
		id ? NULL
		   : "send a persistent NameID, or name an attribute that never changes in \"id_attribute\"");
	if (!id)
		return host->fail(call, ROSTER_DENIED, 0,
				  "the provider sends no key for this person that stays the same");
	if (!email && answer->name_format && text_equal(answer->name_format, FORMAT_EMAIL))
		email = answer->name_id;
	user_name = first(answer, NULL, s->preset->user_name, ROSTER_TEXT_MOST);
	person.remote_id = id;
	person.user_name = user_name ? user_name : answer->name_id;
	person.email = email;
	person.given_name = first(answer, NULL, s->preset->given_name, ROSTER_TEXT_MOST);
	person.family_name = first(answer, NULL, s->preset->family_name, ROSTER_TEXT_MOST);
	person.display_name = first(answer, NULL, s->preset->display_name, ROSTER_TEXT_MOST);
	if (emit_groups(call, host, find(answer, s->groups_attribute, s->preset->groups), &person.groups) < 0)
		return -1;
	return host->emit(call, &person);
}
