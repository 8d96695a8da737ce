/* Small values that a plug-in keeps between its calls (tokens, the names of subscriptions): sealed, for one connection, until a time. */
#ifndef ROSTERD_ROSTER_KEPT_H
#define ROSTERD_ROSTER_KEPT_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/id.h"
#include "store/query.h"

struct arena;
struct crypt_keys;
struct secret;

enum {
	KEPT_MOST = 64,                  /* values of one connection */
	KEPT_S_MOST = 400 * 24 * 3600,   /* how long one is kept, whatever was asked for */
};

/* Keeps until_s (seconds since 1970), in the place of what had this name; value NULL forgets. ERROR_LIMIT "kept.many". The transaction is for the
 * organisation. */
int kept_keep(struct tx *tx, const struct crypt_keys *keys, const struct id *organisation, const struct id *connection, const char *name,
              const struct secret *value, int64_t until_s, struct error *e);

/* What the envelope is bound to, so that one that is moved elsewhere cannot be opened. */
const char *kept_context(struct arena *arena, const struct id *organisation, const struct id *connection, const char *name);

/* 1; 0: there is none, or its time is over, or no key of ours opens it. */
int kept_find(struct tx *tx, const struct crypt_keys *keys, const struct id *organisation, const struct id *connection, const char *name,
              struct secret **ret, struct error *e);

#endif
