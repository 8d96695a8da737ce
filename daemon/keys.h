/* The master keys that were given, against the secrets that are there.
 *
 * A daemon with the wrong key would find out one run at a time, and would seal new secrets with that key. So it
 * looks before it starts. */
#ifndef ROSTERD_KEYS_H
#define ROSTERD_KEYS_H

#include <stdio.h>

#include "base/error.h"

struct crypt_keys;
struct store;

/* ERROR_PRECONDITION "crypt.lost" names the keys that are missing, the secrets that they seal, and what to do. */
int keys_check(struct store *store, const struct crypt_keys *keys, struct error *e);

/* `rosterd --forget-secrets`: the keys are lost. Removes what none of ours opens, with an audit entry for each
 * in its organisation, and says which they were, so that they can be set again. */
int keys_forget(struct store *store, const struct crypt_keys *keys, FILE *to, struct error *e);

#endif
