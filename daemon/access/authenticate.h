/* Who is asking: the operator at the Unix socket, or whoever a token speaks for. */
#ifndef ROSTERD_ACCESS_AUTHENTICATE_H
#define ROSTERD_ACCESS_AUTHENTICATE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "access/principal.h"
#include "access/scope.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/id.h"
#include "http/request.h"
#include "store/transaction.h"

struct remembered;

/* Whose Unix sockets are the operator's, beside root's. */
struct administrators {
	const uid_t *users;
	size_t user_count;
	const gid_t *groups;
	size_t group_count;
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
int authenticate_receive(const struct request *request, struct remembered *remembered, struct tx *tx,
			 struct arena *arena, struct principal *ret, struct error *e);

/* Who showed this token of a connection before: 1, 0 nobody who is remembered. They are let in once that is
 * found to be so still, in two steps as above: 1; 0 it is not, and is forgotten: who shows it is to be found
 * anew, and what was sent between is to be thrown away; -1. */
int authenticate_recall(const struct request *request, struct remembered *remembered, struct arena *arena,
			struct principal *ret);
int authenticate_again_send(const struct principal *principal, struct tx *tx, struct error *e);
int authenticate_again_receive(const struct request *request, struct remembered *remembered, struct tx *tx,
			       struct arena *arena, const struct principal *principal, struct error *e);
/* That its token was used was written down, at this time (microseconds). */
void authenticate_used(const struct request *request, struct remembered *remembered, int64_t at);

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
