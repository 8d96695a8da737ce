/* A domain of mail that belongs to one organisation; people with addresses in a verified one are its own. */
#ifndef ROSTERD_ROSTER_DOMAIN_H
#define ROSTERD_ROSTER_DOMAIN_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/id.h"
#include "store/query.h"

struct domain {
	struct id organisation;
	const char *domain;    /* as text_domain gives it */
	const char *state;     /* pending, verified, lost */
	const char *proven_by; /* operator, dns; NULL: not proven */
	const char *managed_by;
	int64_t proven_at, created_at;
};

/* 1, 0, -1: among the organisation's own. The transaction must be for it, here and below. */
int domain_load(struct tx *tx, struct arena *arena, const struct id *organisation, const char *domain,
		struct domain *ret, struct error *e);

/* Ordered by name, after one (NULL: from the first). */
int domain_list(struct tx *tx, struct arena *arena, const struct id *organisation, const char *after,
		int most, struct domain **ret, size_t *ret_count, struct error *e);

/* Adds it as verified by `proven_by`. ERROR_CONFLICT "domain.taken", whoever has it; the transaction stays
 * usable. */
int domain_add(struct tx *tx, const struct id *organisation, const char *domain, const char *proven_by,
	       const char *managed_by, struct error *e);

/* 1 removed, 0 there was none, -1. */
int domain_remove(struct tx *tx, const struct id *organisation, const char *domain, struct error *e);

#endif
