/* What an Active Directory domain controller says of itself: its partitions, and the ways it has to tell what
 * changed. */
#ifndef ROSTER_LDAP_AD_SERVER_H
#define ROSTER_LDAP_AD_SERVER_H

#include <stdbool.h>

#include "ldap/entry.h"

/* Controls by number ([MS-ADTS] 3.1.1.3.4.1). */
#define AD_CONTROL_DIRSYNC	 "1.2.840.113556.1.4.841"
#define AD_CONTROL_SHOW_DELETED	 "1.2.840.113556.1.4.417"
#define AD_CONTROL_SHOW_RECYCLED "1.2.840.113556.1.4.2064"

enum { AD_NAME_MOST = 512 };

struct ad_server {
	bool known;			 /* it is one, and has said which domain it serves */
	bool dirsync, deleted, recycled; /* which of the controls it has */
	char domain[AD_NAME_MOST];   /* the name of the partition with the people, as the server spells it */
	char settings[AD_NAME_MOST]; /* the object that stands for this controller, "CN=NTDS Settings,..." */
	char configuration[AD_NAME_MOST]; /* the partition of the forest's settings */
	char forest[AD_NAME_MOST];	  /* the partition of the forest's first domain */
	int replicates;	  /* may the account that is bound ask with DirSync? 1, 0; -1: not tried yet */
	int sees_deleted; /* may it see what was deleted? the same */
};

/* From the root DSE of a server that says it is an Active Directory. */
void ad_learn(struct ad_server *server, const struct entry *root);

/* A continuation reference to a partition of the forest that holds settings or names of hosts: nobody is left
 * out if it is not followed. A reference to another domain is none of these. */
bool ad_reference_holds_nobody(const struct ad_server *server, const char *url);

/* Whether a name lies in the domain's partition, or is it. */
bool ad_in_domain(const struct ad_server *server, const char *dn);

#endif
