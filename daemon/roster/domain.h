/* A domain of mail that belongs to one organisation; people with addresses in a verified one are its own.
 *
 * Several organisations may claim a domain; it becomes the property of the first whose DNS record is found, or whom the operator's
 * word names. A proof by DNS is looked at again from time to time; one that is surely gone for long is lost: nobody is matched by it
 * any more, and nobody is removed. */
#ifndef ROSTERD_ROSTER_DOMAIN_H
#define ROSTERD_ROSTER_DOMAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/id.h"
#include "store/query.h"

/* Where the record stands, and what it says: _rosterd-challenge.acme.example TXT "rosterd-verification=<challenge>". */
#define DOMAIN_RECORD_LABEL "_rosterd-challenge"
#define DOMAIN_RECORD_WORD  "rosterd-verification="

enum { DOMAIN_CLAIMS_MOST = 100 }; /* of an organisation */

struct domain {
	struct id organisation;
	const char *domain;    /* as text_domain gives it */
	const char *state;     /* pending, verified, lost */
	const char *proven_by; /* operator, dns; NULL: not proven */
	const char *managed_by;
	const char *challenge; /* NULL: not to be proven by DNS, nor is the rest */
	const char *found;     /* what the last look found; NULL: nobody looked yet */
	bool sso_only; /* its people sign on by their provider alone */
	int64_t proven_at, created_at, checked_at, expires_at;
};

/* 1, 0, -1: among the organisation's own and what it claims. The transaction must be for it, here and below. */
int domain_load(struct tx *tx, struct arena *arena, const struct id *organisation, const char *domain,
		struct domain *ret, struct error *e);

/* Ordered by name, after one (NULL: from the first). */
int domain_list(struct tx *tx, struct arena *arena, const struct id *organisation, const char *after,
		int most, struct domain **ret, size_t *ret_count, struct error *e);

/* Adds it as verified by `proven_by`. ERROR_CONFLICT "domain.taken" if it is verified already, whoever has it; the transaction stays
 * usable. A claim by DNS that was open is over. */
int domain_add(struct tx *tx, const struct id *organisation, const char *domain, const char *proven_by,
	       const char *managed_by, struct error *e);

/* Claims it, to be proven by DNS; due at once. ERROR_CONFLICT "domain.exists" if it is the organisation's own or claimed already,
 * ERROR_LIMIT "domain.claims_most". */
int domain_claim(struct tx *tx, const struct id *organisation, const char *domain, struct error *e);

/* The next look is due now. 1, or 0: it is not to be proven by DNS. */
int domain_look_again(struct tx *tx, const struct id *organisation, const char *domain, struct error *e);

/* 1 removed, with its claim; 0 there was none; -1. */
int domain_remove(struct tx *tx, const struct id *organisation, const char *domain, struct error *e);

/* Whether its people sign on by their provider alone, whoever's it is; needs no organisation. */
int domain_sso_only(struct tx *tx, const char *domain, bool *ret, struct error *e);
/* The same of one's own, from now on. How many are otherwise than before (0 or 1). */
int domain_set_sso_only(struct tx *tx, const struct id *organisation, const char *domain, bool is, int64_t *ret_count, struct error *e);

/* ---- proving ---- */

enum domain_look { DOMAIN_FOUND, DOMAIN_MISSING, DOMAIN_UNKNOWN }; /* unknown: the name servers did not answer */

/* How long, in milliseconds; 0: never. */
struct domain_patience {
	int64_t recheck, lost_after, claim_expires;
};

/* What one look came to, for the audit and the log; or NULL: nothing has changed. The words of audit actions. */
#define DOMAIN_VERIFIED "domain.verified"
#define DOMAIN_LOST	"domain.lost"
#define DOMAIN_EXPIRED	"domain.claim_expired"

/* Writes down what a look at a claim found, in words for people, when to look next, and what follows from it. */
int domain_looked(struct tx *tx, struct arena *arena, const struct id *organisation, const char *domain, enum domain_look look,
		  const char *words, const struct domain_patience *patience, const char **ret_event, struct error *e);

#endif
