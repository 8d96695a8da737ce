/* Who is asking: the operator at the Unix socket, or whoever a token speaks for. */
#ifndef ROSTERD_ACCESS_AUTHENTICATE_H
#define ROSTERD_ACCESS_AUTHENTICATE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "access/authorize.h"
#include "access/scope.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/id.h"
#include "http/request.h"
#include "store/transaction.h"

/* Whose Unix sockets are the operator's, beside root's. */
struct administrators {
	const uid_t *users;
	size_t user_count;
	const gid_t *groups;
	size_t group_count;
};

enum principal_kind {
	PRINCIPAL_NOBODY,
	PRINCIPAL_OPERATOR,
	PRINCIPAL_MEMBER,
	PRINCIPAL_SERVICE,
	PRINCIPAL_CONNECTION, /* a directory that pushes */
};

struct principal {
	enum principal_kind kind;
	struct id organisation;		  /* nil: the operator */
	struct id user;			  /* nil: not a member */
	struct id connection;		  /* nil: not a connection */
	bool connection_gone;		  /* it was deleted */
	const char *slug, *state;	  /* of the organisation of a connection; NULL of others */
	struct id token;		  /* nil: came by the Unix socket */
	struct id maker;		  /* the member who answers for what is made here; nil: none */
	struct id setup_of;		  /* the one connection that it sets up, and does nothing else; nil: not such */
	struct scopes scopes;		  /* what the token may do at most */
	int64_t used_at;		  /* the token's last use that is known; 0: none */
	const char *const *ip_allow_list; /* networks, ended by NULL; NULL: none */
	enum role role;			  /* ROLE_NONE: the operator */
	const char *id;	  /* for the audit and the log: the member's, the token's, or "uid 0" */
	const char *name; /* for people: the token's, or the Unix user's */
};

/* Fills *ret. A bearer token counts before the socket it came through. ERROR_UNAUTHENTICATED: "access.none"
 * nothing was shown, "access.token" it is not good (any more), "access.peer" the Unix user is not an
 * administrator. Whether a token may be shown from where it was is the next question. */
int authenticate(const struct administrators *administrators, const struct request *request, struct tx *tx,
		 struct arena *arena, struct principal *ret, struct error *e);

/* The same of a token of a connection, in two steps: what is sent between them sees what its organisation
 * sees, and is to be thrown away if the second one fails. 1 it was asked; 0 nothing was, for it is nobody's
 * token who pushes; -1. */
int authenticate_send(const struct request *request, struct tx *tx, struct error *e);
int authenticate_receive(struct tx *tx, struct arena *arena, struct principal *ret, struct error *e);

/* The same of a client that shows its id and secret, for a token: ERROR_UNAUTHENTICATED "oauth.invalid_client"; ERROR_INPUT
 * "oauth.invalid_request". */
int authenticate_client(const struct request *request, struct tx *tx, struct arena *arena, struct principal *ret, struct error *e);

/* Whether that takes a look into the database: then, and only then, tx is needed. */
bool authenticate_looks_up(const struct request *request);

/* Whether the organisation of who asks lets its tokens come from this address ("" over a Unix socket, which
 * is in no network): ERROR_DENIED "access.address". */
int authenticate_address(const struct principal *principal, const char *address, struct error *e);

/* Whether the token is not too narrow for it: ERROR_DENIED "scope.missing" names what is missing and what is
 * there. */
int authenticate_scope(const struct principal *principal, enum scope needed, struct arena *arena,
		       struct error *e);

#endif
