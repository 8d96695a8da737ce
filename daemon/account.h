/* The system user that the daemon runs as when root started it. */
#ifndef ROSTERD_ACCOUNT_H
#define ROSTERD_ACCOUNT_H

#include <sys/types.h>

#include "base/error.h"

struct account {
	uid_t user;
	gid_t group;
	const char *name; /* a literal */
};

/* Finds the system user `name` (a literal), or makes it: a group of its own, no password, no shell. Needs
 * root to make it. */
int account_find_or_make(const char *name, const char *home, struct account *ret, struct error *e);

/* Becomes that user for good, with its groups and no way back. Before any thread is started. */
int account_become(const struct account *account, struct error *e);

#endif
