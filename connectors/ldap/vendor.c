/* The kinds of directory server and how they differ. */
#include "ldap/vendor.h"

#include <stdint.h>
#include <string.h>

#include "base/text.h"

#define PERSON_CLASS "(objectClass=inetOrgPerson)"

/* Ordinary accounts (sAMAccountType 0x30000000): computers and trusts of domains are users, too. And none that the
 * system itself has made, such as Administrator, Guest and krbtgt. */
#define PERSON_OF_DOMAIN \
	"(&(objectCategory=person)(objectClass=user)(sAMAccountType=805306368)" \
	"(!(isCriticalSystemObject=TRUE)))"

enum kind { OPENLDAP, ACTIVE_DIRECTORY, DIRECTORY_389, UNKNOWN };

static const struct vendor vendors[] = {
	[OPENLDAP] = { "OpenLDAP", "entryUUID", "uid", PERSON_CLASS, NULL, NULL, NULL, NULL, "entryCSN", true },
	[ACTIVE_DIRECTORY] = { "Active Directory", "objectGUID", "sAMAccountName",
			       PERSON_OF_DOMAIN, "userAccountControl", "accountExpires", "primaryGroupID",
			       "objectSid", "uSNChanged", false },
	[DIRECTORY_389] = { "389 Directory Server", "nsUniqueId", "uid", PERSON_CLASS, "nsAccountLock",
			    NULL, NULL, NULL, "modifyTimestamp", false },
	[UNKNOWN] = { "a server of unknown kind", "entryUUID", "uid", PERSON_CLASS, NULL, NULL, NULL, NULL,
		      "modifyTimestamp", false },
};

enum { ACCOUNT_DISABLED = 2 }; /* userAccountControl */

#define FILETIME_PER_SECOND 10000000
#define FILETIME_EPOCH	    INT64_C(11644473600) /* seconds from 1601 to 1970 */
#define FILETIME_NEVER	    INT64_MAX

const struct vendor *vendor_of(const struct root_dse *said)
{
	const char *name = said->vendor_name ? said->vendor_name : "";
	const char *version = said->vendor_version ? said->vendor_version : "";

	if (said->active_directory)
		return &vendors[ACTIVE_DIRECTORY];
	if (strstr(name, "389") || strstr(version, "389-Directory"))
		return &vendors[DIRECTORY_389];
	if (said->openldap_class || strstr(name, "OpenLDAP"))
		return &vendors[OPENLDAP];
	return &vendors[UNKNOWN];
}

int64_t vendor_expiry_value(int64_t at)
{
	return (at + FILETIME_EPOCH) * FILETIME_PER_SECOND;
}

int64_t vendor_expires(const struct vendor *vendor, const char *expiry)
{
	int64_t at;

	if (!vendor->expiry || !expiry || text_to_int64(expiry, &at) < 0 || at <= 0 || at == FILETIME_NEVER)
		return 0;
	at = at / FILETIME_PER_SECOND - FILETIME_EPOCH;
	return at > 0 ? at : 1; /* before 1970 is long ago, too */
}

static bool has_expired(const struct vendor *vendor, const char *expiry, time_t now)
{
	int64_t at = vendor_expires(vendor, expiry);

	return at > 0 && at <= (int64_t)now;
}

bool vendor_suspends(const struct vendor *vendor, const char *lock, const char *expiry, time_t now)
{
	int64_t control;

	if (vendor == &vendors[ACTIVE_DIRECTORY])
		return (lock && text_to_int64(lock, &control) == 0 && (control & ACCOUNT_DISABLED)) ||
		       has_expired(vendor, expiry, now);
	if (vendor == &vendors[DIRECTORY_389])
		return lock && text_equal_nocase(lock, "true");
	return false;
}
