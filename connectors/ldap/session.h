/* One conversation with a directory server: reached, made private, signed in, and asked what it is. */
#ifndef ROSTER_LDAP_SESSION_H
#define ROSTER_LDAP_SESSION_H

#include <stdbool.h>

#include <ldap.h>

#include "connector.h"
#include "ldap/ad_server.h"
#include "ldap/settings.h"
#include "ldap/stream.h"
#include "ldap/vendor.h"

/* The call that is being served, and whom to tell. */
struct caller {
	struct roster_call *call;
	const struct roster_host *host;
	const struct settings *settings;
};

struct session {
	LDAP *ld;
	struct stream *stream;
	const struct address *address;
	const struct vendor *vendor;
	bool pages;	  /* it says that it knows RFC 2696 */
	bool content_sync; /* and RFC 4533 */
	struct ad_server ad; /* not known on servers of another kind */
	char server[160]; /* "OpenLDAP", "389-Directory/2.3.1" */
	bool opening;	  /* failures are kept here until it is known whether another server does better */
	enum roster_trouble trouble;
	char complaint[ROSTER_NOTE_MOST];
};

/* Tries the servers in order: the next one is asked only if one cannot be reached, proves nobody or is busy,
 * never after it has refused our credentials. -1: fail() was called. */
int session_open(const struct caller *caller, struct session **ret);

/* Accepts a pointer to NULL; leaves NULL behind. */
void session_close(struct session **session);

/* The next message of an operation, within the patience of the settings and the deadline of the call. -1:
 * fail() was called, and the session can only be closed. `doing` is said in the message: "reading people". */
int session_wait(const struct caller *caller, struct session *session, int msgid, const char *doing,
		 LDAPMessage **ret);

/* Asks the server whether this password is that of a DN: a bind. 0 and how the server answered; -1: it did not, and fail() was called. The
 * conversation is of somebody else after that, and can only be closed. */
int session_prove(const struct caller *caller, struct session *session, const char *dn, const char *password, int *ret_code,
		  char *ret_diagnostic, size_t size);

/* fail() for an operation that ended with this code. Always -1. */
int session_fail(const struct caller *caller, struct session *session, const char *doing, int code,
		 const char *diagnostic);

#endif
