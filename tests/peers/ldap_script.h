/* An LDAP server that does what real ones cannot be made to do here: a thread of the test that answers by a script, on a free port of
 * 127.0.0.1. It speaks BER by liblber and knows nothing else: it is no kinder than a real server, and answers what it was not made for
 * with unwillingToPerform (53).
 *
 *   ou=people,dc=fake    uid=p000001 to uid=p<people>
 *   ou=groups,dc=fake    cn=all, with the first `members` of them */
#ifndef ROSTERD_TESTS_LDAP_SCRIPT_H
#define ROSTERD_TESTS_LDAP_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

#define SCRIPT_PEOPLE "ou=people,dc=fake"
#define SCRIPT_GROUPS "ou=groups,dc=fake"

enum script_garbage {
	GARBAGE_NONE,
	GARBAGE_CUT,	  /* a message ends in its middle, and the connection with it */
	GARBAGE_LENGTH,	  /* a message says that it has 2 GiB, and nothing follows */
	GARBAGE_INNER,	  /* an entry that says to be longer than its message */
	GARBAGE_NO_BER,	  /* bytes that are none */
};

struct ldap_script {
	int people, members;
	int range_most;	    /* values of "member" given at once; 0: all */
	bool range_stuck;   /* what follows the first range is the first range again */
	bool no_pages;	    /* the control of pages (RFC 2696) is not known: unavailableCriticalExtension (12) if it is critical */
	int unpaged_most;   /* without that control: so many entries, then sizeLimitExceeded (4); 0: all */
	int page_most;	    /* entries of one page, whatever is asked for; 0: as asked */
	int page_refused;   /* more in one page than this is adminLimitExceeded (11); 0: never */
	size_t cookie_size; /* bytes of the cookie of pages; at least 16 */
	bool refers;	    /* people lie in a child domain as well: a continuation reference */
	bool stale;	    /* entries and the result of a search that nobody waits for any more come between those of this one */
	size_t long_value;  /* bytes of the mail address of the first of them; 0: it is usual */
	enum script_garbage garbage;
	int garbage_at;	    /* in place of this entry of people, from 1 ... */
	int garbage_search; /* ... in this search of people, from 1 */
};

/* Starts it. The script is read as it is then. */
void ldap_script_start(const struct ldap_script *script);

/* "ldap://127.0.0.1:PORT" */
const char *ldap_script_url(void);

/* How many searches of people were asked. */
int ldap_script_searches(void);

/* The plug-in must have hung up. */
void ldap_script_stop(void);

#endif
