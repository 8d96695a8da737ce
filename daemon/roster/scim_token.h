/* Tokens of connections that push: opaque, shown once, kept as their SHA-256. One speaks for the directory behind its
 * connection and for nothing else. */
#ifndef ROSTERD_ROSTER_SCIM_TOKEN_H
#define ROSTERD_ROSTER_SCIM_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/crypt.h"
#include "base/error.h"
#include "base/id.h"
#include "store/query.h"

#define SCIM_TOKEN_PREFIX  "rsc"
#define SCIM_CLIENT_PREFIX "rss" /* the secret of a client */

enum {
	SCIM_TOKEN_NAME_MOST = 100,
	SCIM_TOKENS_MOST = 2, /* of one connection, that count: the one in use, and the one that takes its place; and of clients as many */
	SCIM_TOKEN_SHORT_S = 3600, /* how long a client's token is good for */
	SCIM_TOKEN_SHORT_MOST = 20, /* of one client, the last ones */
};

struct scim_token {
	struct id id, organisation, connection;
	struct id client; /* of a short one: whose it is; nil otherwise */
	bool is_client;	  /* its text is a client's secret, and its id the client's */
	const char *name, *created_by;
	const char *const *scopes;	  /* ended by NULL; NULL: all of SCIM */
	const char *const
		*ip_allow_list;	  /* of its organisation; filled where it is found alone, as the next three */
	const char *slug, *state; /* of its organisation */
	bool connection_gone;		  /* the connection was deleted */
	bool maker_gone;		  /* a member made it, and is not active any more; filled by scim_token_list alone */
	int64_t created_at, expires_at,
		last_used_at; /* 0: never; where it is found, a short one does not outlive its client */
	struct id standing;   /* under which mark that counts (0044_scim_standing.sql); nil: it is to be found
				 again each time. Filled as those */
};

/* Who pushes, or with client which client has that secret: 1, 0 (unknown, expired, revoked), -1. From there
 * on the transaction is for the organisation of whoever was found, and for nobody's if nobody was. */
int scim_token_find(struct tx *tx, struct arena *arena, const uint8_t hash[CRYPT_DIGEST_SIZE], bool client,
		    struct scim_token *ret, struct error *e);
/* The same of a token, in two steps: what is sent between them sees what the transaction sees from there on.
 */
int scim_token_send(struct tx *tx, const uint8_t hash[CRYPT_DIGEST_SIZE], struct error *e);
int scim_token_receive(struct tx *tx, struct arena *arena, struct scim_token *ret, struct error *e);

/* Whether what was found before (organisation, standing, expires_at) still is so, in two steps likewise:
 * nothing that it rests on has changed since, in the snapshot that answers, and its time has not come by the
 * clock of the database. 1 from there on the transaction is for its organisation; 0 it is to be found anew,
 * and what was sent behind it has seen nobody's; -1. */
int scim_token_again_send(struct tx *tx, const struct scim_token *token, struct error *e);
int scim_token_again_receive(struct tx *tx, struct arena *arena, const struct scim_token *token,
			     struct error *e);

/* Here and below the transaction is for the organisation. ERROR_LIMIT "limit.scim_tokens"; the connection's row is locked, so that the
 * limit holds. */
int scim_token_create(struct tx *tx, const struct scim_token *token, const uint8_t hash[CRYPT_DIGEST_SIZE], struct error *e);

/* A client's token of id, client, name, and scopes (NULL: the client's), good for SCIM_TOKEN_SHORT_S; its old ones go. */
int scim_token_issue(struct tx *tx, const struct scim_token *token, const uint8_t hash[CRYPT_DIGEST_SIZE], struct error *e);

/* Those that count, clients too and their tokens not, in the order in which they were made. */
int scim_token_list(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *connection,
		    struct scim_token **ret, size_t *ret_count, struct error *e);

/* 1 revoked, 0 there is none that still counts, -1. */
int scim_token_revoke(struct tx *tx, const struct id *organisation, const struct id *connection, const struct id *id,
		      struct error *e);

/* Remembers that it was used; the caller does not ask at each request. */
int scim_token_used(struct tx *tx, const struct id *organisation, const struct id *id, struct error *e);

#endif
