/* How an organisation gets another owner: offers of the owner, and recoveries where the owner is absent.
 *
 * What the owner's rule is stands in the schema (0017), which holds it against every statement; the one function
 * there that hands over is called here. Every statement needs a transaction that is for the organisation. */
#ifndef ROSTERD_ROSTER_OWNERSHIP_H
#define ROSTERD_ROSTER_OWNERSHIP_H

#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/id.h"
#include "store/query.h"

enum {
	OWNERSHIP_OFFER_DAYS = 7,	/* in which a member may accept */
	OWNERSHIP_RECOVERY_HOURS = 72,	/* before the operator may confirm; the schema says the same */
	OWNERSHIP_RECOVERY_DAYS = 14,	/* in which the operator may, from when it was asked for */
	OWNERSHIP_CONSENT_MOST = 1000,	/* the schema says the same */
};

struct ownership_offer {
	struct id organisation, id;
	const char *kind, *state; /* "offer" or "recovery"; "open", or how it ended */
	struct id holder, member; /* the owner at that time, and who is to become it */
	const char *made_by;	  /* an actor: kind and id */
	const char *consent;	  /* the customer's, in the operator's words; NULL: none was needed */
	int64_t made_at, not_before, expires_at;
};

/* The one that is open and has not expired: 1, 0, -1. */
int ownership_open(struct tx *tx, struct arena *arena, const struct id *organisation, struct ownership_offer *ret,
		   struct error *e);

/* A new one with organisation, id, kind, holder, member, made_by and consent as given; its times follow from its kind.
 * One that is over already makes room: ERROR_CONFLICT "ownership.offered" if another is open. */
int ownership_make(struct tx *tx, const struct ownership_offer *offer, struct error *e);

/* Ends an open one without effect: "withdrawn", "declined", "overtaken". ERROR_PRECONDITION "ownership.changed" if it is
 * not open any more. */
int ownership_end(struct tx *tx, const struct ownership_offer *offer, const char *state, struct error *e);

/* The member becomes the owner, the holder an admin. ERROR_PRECONDITION "ownership.changed": the offer, its member or its
 * holder are no longer what they were; ERROR_LIMIT "limit.seats": the former owner finds no seat. */
int ownership_pass(struct tx *tx, const struct ownership_offer *offer, struct error *e);

/* The member becomes the first owner of an organisation that never had one. Errors as above. */
int ownership_begin(struct tx *tx, const struct id *organisation, const struct id *member, struct error *e);

#endif
