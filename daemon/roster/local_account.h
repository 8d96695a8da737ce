/* A local account: an address and a password of a member, whom no provider vouches for.
 *
 * The hash of the password is read by nothing but local_account_door. Statements but for the two doors need a
 * transaction that is for the organisation. */
#ifndef ROSTERD_ROSTER_LOCAL_ACCOUNT_H
#define ROSTERD_ROSTER_LOCAL_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/crypt.h"
#include "base/error.h"
#include "base/id.h"
#include "store/query.h"

#define ACCOUNT_TOKEN_PREFIX "racc"

enum {
	ACCOUNT_TOKEN_TEXT_SIZE = 4 + 1 + 43,
	ACCOUNT_TOKENS_MOST =
		5, /* links of one account that count; a new one takes the place of the oldest */
};

struct local_account {
	struct id organisation, user;
	const char *address;
	const char *name, *role, *state;  /* of the member */
	int64_t verified_at, password_at; /* 0: the address is not proven; no password is set */
	int64_t created_at, used_at;
	int64_t factor_at; /* since when a code is wanted as well; 0: none is */
	int64_t codes_left; /* recovery codes */
	bool needs_factor; /* by the policy, or as break-glass */
	bool break_glass;
	bool counts; /* whether anybody may sign on by it: in an enterprise only the owner for whom it is
			break-glass */
};

/* Of whom an address may be, while nobody has shown who they are. */
struct local_door {
	struct id organisation, user;
	const char *slug, *name, *email, *role; /* of the member; email may be NULL */
	const char *password;			/* the hash */
	int64_t password_at;
	bool break_glass;
	bool factor;	   /* a code is wanted as well */
	bool needs_factor; /* and must be */
};

/* slug NULL: in whichever organisation they signed on last. Needs no organisation. 1, 0, -1. */
int local_account_door(struct tx *tx, struct arena *arena, const char *address, const char *slug,
		       struct local_door *ret, struct error *e);

/* Somebody has signed on by it: 1; 0 it does not count any more as it did, or has another password by now;
 * -1. Uses organisation, user and password_at. */
int local_account_used(struct tx *tx, const struct local_door *door, struct error *e);
/* The hash of the same password at today's cost, unless there is another one by now. */
int local_account_rehash(struct tx *tx, const struct local_door *door, const char *again, struct error *e);

/* 1, 0, -1. */
int local_account_load(struct tx *tx, struct arena *arena, const struct id *organisation,
		       const struct id *user, struct local_account *ret, struct error *e);
/* Ordered by member, after one (NULL: from the first). */
int local_account_list(struct tx *tx, struct arena *arena, const struct id *organisation,
		       const struct id *after, int most, struct local_account **ret, size_t *ret_count,
		       struct error *e);

/* There is one with this address, which is not proven to be theirs if it was another one: ERROR_CONFLICT
 * "account.address". */
int local_account_ensure(struct tx *tx, const struct id *organisation, const struct id *user,
			 const char *address, struct error *e);
/* With its links. How many (0 or 1). */
int local_account_delete(struct tx *tx, const struct id *organisation, const struct id *user,
			 int64_t *ret_count, struct error *e);

/* verified: the link was sent to the address. Its links end. */
int local_account_set_password(struct tx *tx, const struct id *organisation, const struct id *user,
			       const char *hash, const char *verified, struct error *e);

/* Whose it is in place of whoever's it was; user NULL: nobody's. How many rows are otherwise than before. */
int local_account_break_glass(struct tx *tx, const struct id *organisation, const struct id *user,
			      int64_t *ret_count, struct error *e);

/* ---- links ---- */

struct account_token {
	struct id organisation, user;
	const char *slug, *organisation_name, *name; /* of the member; filled by account_token_door alone */
	const char *address;			     /* of the account; the same */
	const char *purpose;			     /* password or address */
	const char *sent_to;			     /* NULL: it was handed to somebody */
	const char *made_by;
	int64_t expires_at;
};

int account_token_create(struct tx *tx, const struct account_token *token,
			 const uint8_t hash[CRYPT_DIGEST_SIZE], struct error *e);

/* Whose it is; needs no organisation. 1, 0 (unknown, used, over), -1. */
int account_token_door(struct tx *tx, struct arena *arena, const uint8_t hash[CRYPT_DIGEST_SIZE],
		       struct account_token *ret, struct error *e);

/* Uses it up: 1; 0 somebody else has, or its time is over; -1. */
int account_token_take(struct tx *tx, const struct id *organisation, const uint8_t hash[CRYPT_DIGEST_SIZE],
		       const char *purpose, struct error *e);

#endif
