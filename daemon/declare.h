/* Makes the database agree with the files in orgs.d: what they describe is created or changed, and marked as theirs.
 *
 * Nothing is removed here: what a file no longer mentions is logged, stays, and is left to the administrators. */
#ifndef ROSTERD_DECLARE_H
#define ROSTERD_DECLARE_H

#include <stddef.h>

#include "base/error.h"

struct orgfile;
struct crypt_keys;
struct log;
struct store;

/* One transaction for each organisation; stops at the first that cannot be taken, and names its file. */
int declare_organisations(struct store *store, const struct crypt_keys *keys,
                          const struct orgfile *organisations, size_t count, struct error *e);

#endif
