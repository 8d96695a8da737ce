/* The proof that a run's listing was whole, part by part: what the plug-in said, and what we found out ourselves. */
#ifndef ROSTERD_ROSTER_PROOF_H
#define ROSTERD_ROSTER_PROOF_H

#include <stddef.h>

#include "base/error.h"
#include "base/id.h"
#include "store/query.h"

enum { PROOF_PARTS_MOST = 32 };

struct proof_part {
	const char *name;     /* "pages", "rights" */
	const char *evidence; /* held, missing, untold, same, later, no_more: as in connector.h, enum roster_evidence */
	const char *value;    /* of the last three; NULL of the others */
	const char *words;
};

/* Writes the parts of a run in this order, in place of those that it had. */
int proof_write(struct tx *tx, const struct id *organisation, const struct id *run, const struct proof_part *parts, size_t count,
                struct error *e);

#endif
