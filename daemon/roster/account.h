/* An account: a person as one directory showed them last. */
#ifndef ROSTERD_ROSTER_ACCOUNT_H
#define ROSTERD_ROSTER_ACCOUNT_H

#include "base/arena.h"
#include "base/error.h"
#include "base/id.h"
#include "store/transaction.h"

/* The directory's own key of a person of this connection who is named by that key, by their user name there, or by their id or address as
 * a member; in the arena. What is none of these is taken for a key: the directory may know more than we do. ERROR_INPUT
 * "account.ambiguous": two have that name. */
int account_key(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *connection, const char *named,
                const char **ret, struct error *e);

#endif
