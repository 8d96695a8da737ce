/* Whose word counts, as a file says it: asks for the run whose plan changes it, where it differs from what is kept.
 *
 * It is not changed here, since it is what members show (provision/operation). */
#ifndef ROSTERD_DECLARE_ORDER_H
#define ROSTERD_DECLARE_ORDER_H

#include <stdbool.h>

#include "base/error.h"
#include "base/id.h"
#include "base/log.h"

struct arena;
struct orgfile;
struct tx;

/* What was done, for the audit: in this order. */
struct ordered {
	bool dropped; /* a plan that was held for another wish */
	struct id run; /* that one */
	bool asked;
};

/* The connections of the file are there already. log: for what an administrator should know. */
int declare_order(struct tx *tx, struct arena *arena, const struct id *organisation, const struct orgfile *file,
                  const struct log *log, struct ordered *ret, struct error *e);

#endif
