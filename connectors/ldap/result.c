/* What an LDAP result code means to us (RFC 4511, appendix A; draft-ietf-ldapbis; Active Directory's
 * sub-codes). */
#include "ldap/result.h"

#include <ctype.h>
#include <ldap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { DIAGNOSTIC_MOST = 160 }; /* bytes of the server's own words that we pass on */

struct meaning {
	int code;
	const char *name;
	enum roster_trouble trouble;
	const char *what_to_do;
};

static const struct meaning meanings[] = {
	{ LDAP_SERVER_DOWN, "the connection was lost", ROSTER_TRY_LATER, "see whether the server runs" },
	{ LDAP_TIMEOUT, "no answer in time", ROSTER_TRY_LATER,
	  "see whether the server hangs, or raise \"timeout\"" },
	{ LDAP_DECODING_ERROR, "the answer is not LDAP", ROSTER_NONSENSE,
	  "see whether the port is right, or what stands between us and the server" },
	{ LDAP_OPERATIONS_ERROR, "operations error", ROSTER_REFUSED,
	  "Active Directory says so if one must bind first: see \"bind\"" },
	{ LDAP_PROTOCOL_ERROR, "protocol error", ROSTER_NONSENSE,
	  "the server does not know what was asked for" },
	{ LDAP_TIMELIMIT_EXCEEDED, "time limit exceeded", ROSTER_TRY_LATER,
	  "raise the server's time limit for the account that we bind as" },
	{ LDAP_SIZELIMIT_EXCEEDED, "size limit exceeded", ROSTER_MISCONFIGURED,
	  "raise the server's size limit for the account that we bind as (OpenLDAP: \"limits\")" },
	{ LDAP_AUTH_METHOD_NOT_SUPPORTED, "this way to bind is not supported", ROSTER_MISCONFIGURED,
	  "change \"bind\"" },
	{ LDAP_STRONG_AUTH_REQUIRED, "stronger authentication required", ROSTER_MISCONFIGURED,
	  "use an ldaps:// address, or tls=starttls" },
	{ LDAP_REFERRAL, "referral", ROSTER_MISCONFIGURED,
	  "another server holds this part; name that server in \"url\"" },
	{ LDAP_ADMINLIMIT_EXCEEDED, "administrative limit exceeded", ROSTER_MISCONFIGURED,
	  "raise the server's look-through limit for the account that we bind as" },
	{ LDAP_UNAVAILABLE_CRITICAL_EXTENSION, "a control is not supported", ROSTER_NONSENSE,
	  "the server promised paged results and refuses them" },
	{ LDAP_CONFIDENTIALITY_REQUIRED, "confidentiality required", ROSTER_MISCONFIGURED,
	  "use an ldaps:// address, or tls=starttls" },
	{ LDAP_NO_SUCH_OBJECT, "no such object", ROSTER_MISCONFIGURED,
	  "see whether the base is spelt right and the account that we bind as may see it" },
	{ LDAP_INVALID_DN_SYNTAX, "not a distinguished name", ROSTER_MISCONFIGURED,
	  "a name such as \"ou=people,dc=acme,dc=example\" is expected" },
	{ LDAP_INAPPROPRIATE_AUTH, "inappropriate authentication", ROSTER_REFUSED,
	  "the account that we bind as has no password" },
	{ LDAP_INVALID_CREDENTIALS, "invalid credentials", ROSTER_REFUSED,
	  "see \"bind_dn\" and \"bind_password\", or the client certificate" },
	{ LDAP_INSUFFICIENT_ACCESS, "insufficient access", ROSTER_REFUSED,
	  "give the account that we bind as the right to read there" },
	{ LDAP_BUSY, "busy", ROSTER_TRY_LATER, "we shall ask again" },
	{ LDAP_UNAVAILABLE, "unavailable", ROSTER_TRY_LATER, "we shall ask again" },
	{ LDAP_UNWILLING_TO_PERFORM, "unwilling to perform", ROSTER_REFUSED,
	  "the server's words, or its log, say why" },
	{ LDAP_FILTER_ERROR, "not a filter", ROSTER_MISCONFIGURED,
	  "a filter such as \"(objectClass=inetOrgPerson)\" is expected" },
	{ LDAP_SYNC_REFRESH_REQUIRED, "a full refresh is required", ROSTER_LOST_PLACE,
	  "what we knew is too old for the server" },
	{ LDAP_OTHER, "other", ROSTER_TRY_LATER, "the server's words, or its log, say why" },
};

/* What Active Directory hides in the text of result 49: "80090308: LdapErr: DSID-0C09: ..., data 52e, v4563".
 */
static const struct {
	const char *data, *meaning;
} bind_codes[] = {
	{ "525", "there is no such account; see \"bind_dn\"" },
	{ "52e", "the password is wrong; see \"bind_password\"" },
	{ "530", "the account may not sign in at this hour" },
	{ "531", "the account may not sign in from here" },
	{ "532", "the password has expired; set a new one, and \"password never expires\"" },
	{ "533", "the account is disabled; enable it in the directory" },
	{ "701", "the account has expired; extend it in the directory" },
	{ "773", "the password must be changed first; clear \"must change password at next logon\"" },
	{ "775", "the account is locked out; unlock it in the directory" },
};

static const struct meaning *find(int code)
{
	for (size_t i = 0; i < ARRAY_COUNT(meanings); i++)
		if (meanings[i].code == code)
			return &meanings[i];
	return NULL;
}

enum roster_trouble result_trouble(int code)
{
	const struct meaning *meaning = find(code);

	return meaning ? meaning->trouble : ROSTER_NONSENSE;
}

bool result_is_partial(int code)
{
	return code == LDAP_TIMELIMIT_EXCEEDED || code == LDAP_SIZELIMIT_EXCEEDED ||
	       code == LDAP_ADMINLIMIT_EXCEEDED || code == LDAP_REFERRAL || code == LDAP_PARTIAL_RESULTS;
}

bool result_is_passing(int code)
{
	return code == LDAP_BUSY || code == LDAP_UNAVAILABLE || code == LDAP_SERVER_DOWN ||
	       code == LDAP_TIMEOUT;
}

static const char *bind_advice(const char *diagnostic)
{
	const char *data = strstr(diagnostic, "data ");

	for (size_t i = 0; data && i < ARRAY_COUNT(bind_codes); i++)
		if (text_begins(data + 5, bind_codes[i].data))
			return bind_codes[i].meaning;
	return NULL;
}

/* One line of printable text, cut at a whole character. */
static void clean(const char *text, char *ret, size_t size)
{
	size_t length = text_cut(text, strlen(text), size - 1);

	memcpy(ret, text, length);
	ret[length] = '\0';
	if (!text_is_utf8(ret, length))
		ret[0] = '\0';
	for (char *c = ret; *c; c++)
		if (iscntrl((unsigned char)*c))
			*c = ' ';
}

void result_explain(int code, const char *diagnostic, char *ret, size_t size)
{
	const struct meaning *meaning = find(code);
	const char *advice = meaning ? meaning->what_to_do : "the server's words, or its log, say why";
	char said[DIAGNOSTIC_MOST] = "", number[16] = "";

	if (diagnostic)
		clean(diagnostic, said, sizeof(said));
	if (code == LDAP_INVALID_CREDENTIALS && bind_advice(said))
		advice = bind_advice(said);
	if (code > 0)
		snprintf(number, sizeof(number), " (%d)", code);
	snprintf(ret, size, "%s%s%s%s; %s", meaning ? meaning->name : ldap_err2string(code), number,
		 said[0] ? ": " : "", said, advice);
}
