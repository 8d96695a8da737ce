/* The kinds of directory server and how they differ: the key that never changes, what people sign in with,
 * what "disabled" looks like. */
#ifndef ROSTER_LDAP_VENDOR_H
#define ROSTER_LDAP_VENDOR_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct vendor {
	const char *title;
	const char *id, *user_name, *user_filter; /* the defaults of settings */
	const char *lock;   /* the attribute that says that a person may not sign in, or NULL */
	const char *expiry; /* the attribute that says until when, or NULL */
	/* The attribute with the number of a person's primary group, and the one with the identifiers that such
	 * numbers belong to; NULL: there is no such thing. */
	const char *primary_group, *sid;
	const char *stamp;  /* the attribute that is another one after every change of an entry */
	bool groups_have_members; /* it holds to the schema: a groupOfNames has a member */
};

/* What a server says of itself (root DSE). */
struct root_dse {
	const char *vendor_name, *vendor_version; /* NULL: not said */
	bool openldap_class;			  /* objectClass OpenLDAProotDSE */
	bool active_directory;			  /* supportedCapabilities 1.2.840.113556.1.4.800 */
};

/* Never NULL: an unknown server is taken for one that keeps to the standards. */
const struct vendor *vendor_of(const struct root_dse *said);

/* Whether the values of vendor->lock and vendor->expiry (NULL: none) mean that the person may not sign in at
 * this time. A lock-out after wrong passwords (pwdAccountLockedTime, lockoutTime) is none: it passes, and an
 * attacker can cause it. */
bool vendor_suspends(const struct vendor *vendor, const char *lock, const char *expiry, time_t now);

/* When an account expires by the text of vendor->expiry (NULL: it has none), in seconds since 1970; 0: never. And a value of
 * that attribute for such a moment. */
int64_t vendor_expires(const struct vendor *vendor, const char *expiry);
int64_t vendor_expiry_value(int64_t at);

#endif
