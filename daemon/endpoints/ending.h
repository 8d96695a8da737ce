/* What is done where an exchange ends, however it was answered: a refusal is told and kept, all are counted and
 * logged, what is shown is tagged, and that a token was used is kept. */
#ifndef ROSTERD_ENDPOINTS_ENDING_H
#define ROSTERD_ENDPOINTS_ENDING_H

#include <stdbool.h>
#include <stdint.h>

#include "endpoints/exchange.h"

/* Closes the transaction, keeps a grave attempt in the audit (the first of its minute), and answers in the form of
 * whoever asked: SCIM, OAuth, or ours. */
void ending_refuse(struct exchange *x, const struct error *e);

/* Tags what is shown. Who has it already is told so, and nothing else. */
void ending_tag(struct exchange *x);

/* Counts and logs it. e: what it was refused or has failed for; its kind is ERROR_NONE if it was done. */
void ending_tell(struct exchange *x, const struct error *e, int64_t took_us);

/* That a token was used is kept, but not at each request: whether it is time for that. */
bool ending_use_due(const struct principal *who);

/* Keeps it, if it is time, in a transaction of its own; what fails is logged. */
void ending_note_use(struct exchange *x);

#endif
