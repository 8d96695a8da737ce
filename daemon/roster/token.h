/* A token for programs: opaque, shown once, kept as its SHA-256.
 *
 * The operator's belong to no organisation. Of an organisation's, one speaks for a member with whatever role
 * the member has now, or is a service of its own with a fixed role. */
#ifndef ROSTERD_ROSTER_TOKEN_H
#define ROSTERD_ROSTER_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/crypt.h"
#include "base/error.h"
#include "base/id.h"
#include "store/query.h"

#define TOKEN_PREFIX "rst"
/* What stands in place of scopes where a token only sets up one connection: "setup:<its id>". No scope is called so, so whoever does not know
 * of it lets such a token do nothing. */
#define TOKEN_SETUP "setup:"
/* The connection that one with these scopes sets up; nil: none, or it cannot be read, and then the token can do nothing: it has no scope either. */
struct id token_setup_of(const char *const *scopes);

enum {
	TOKEN_NAME_MOST = 100,
	TOKEN_TEXT_SIZE = 3 + 1 + 43,
	TOKENS_MOST = 500, /* of one organisation, or of the operator, that count */
	TOKEN_USE_EVERY_MS = 5 * 60 * 1000,
};

struct token {
	struct id id;
	struct id organisation; /* nil: the operator's */
	struct id user;		/* nil: of nobody */
	struct id made_with;	/* the token that asked for it; nil: none did */
	struct id maker;	/* of a service: the member who answers for it; nil: the operator */
	const char *role, *name, *created_by;
	const char *const *scopes;	  /* ended by NULL; NULL: whatever the role may */
	const char *const *ip_allow_list; /* of its organisation; filled by token_find alone */
	int64_t created_at, expires_at, revoked_at, last_used_at; /* 0: never */
	int64_t suspended_at; /* a departure of its member or maker took it along; 0: none did */
	bool asleep; /* so, or they are not active: it does not count until they are again */
};

/* Who speaks: 1, 0 (unknown, expired, revoked, or asleep), -1. Needs no organisation. Fills id, organisation,
 * user, maker, name, scopes, ip_allow_list, last_used_at and role: that of a member's token is the member's,
 * that of a service is its maker's if it is the lesser. */
int token_find(struct tx *tx, struct arena *arena, const uint8_t hash[CRYPT_DIGEST_SIZE], struct token *ret,
	       struct error *e);

/* organisation NULL: the operator's, in a transaction that is for none. Everywhere else the transaction is
 * for it. ERROR_LIMIT "limit.tokens"; as many as are made at the same moment may be above it. */
int token_create(struct tx *tx, const struct token *token, const uint8_t hash[CRYPT_DIGEST_SIZE],
		 struct error *e);
int token_load(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *id,
	       struct token *ret, struct error *e);

/* Those not revoked, ordered by id, after one (NULL: from the first). */
int token_list(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *after,
	       int most, struct token **ret, size_t *ret_count, struct error *e);

/* From now on this member answers for a service, which wakes up; nil: the operator. 1, 0 there is none that still counts, -1.
 */
int token_set_maker(struct tx *tx, const struct id *organisation, const struct id *id, const struct id *maker,
		    struct error *e);

/* Remembers that it was used, unless that was written less than TOKEN_USE_EVERY_MS ago. */
int token_used(struct tx *tx, const struct id *organisation, const struct id *id, struct error *e);

/* Nobody else changes it until the transaction ends: what is loaded from now on stays so. */
int token_lock(struct tx *tx, const struct id *organisation, const struct id *id, struct error *e);

/* The token `by`, just made, takes the place of `old`, which is locked and counts until then (microseconds) at most; the one that
 * `old` replaced ends at once, so that never more than two count. 1, 0 another one has taken its place
 * already (*ret_by), -1. */
int token_replace(struct tx *tx, const struct id *organisation, const struct id *old, const struct id *by, int64_t until,
		  struct id *ret_by, struct error *e);

/* Every token that speaks for somebody or that they answer for, and was not revoked before this transaction. */
struct token_standing {
	struct id id;
	const char *name;
	bool suspended, revoked;
};
int token_standings(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *user,
		    struct token_standing **ret, size_t *ret_count, struct error *e);

struct token_name {
	struct id id;
	const char *name;
};
struct token_names {
	struct token_name *list;
	size_t count;
};

/* Revokes it, and with `chain` every token that took its place by its own word, and so on: whoever stole it may have
 * rotated it. Also if one of them is rotated at the same moment. Those that did not count any more are not
 * among the revoked; *ret_made are those that were made with any of them otherwise, and still count: somebody should look
 * at these. 0, -1. */
int token_revoke(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *id, bool chain,
		 struct token_names *ret_revoked, struct token_names *ret_made, struct error *e);

#endif
