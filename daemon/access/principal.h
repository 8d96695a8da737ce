/* Who asks, once that is known. */
#ifndef ROSTERD_ACCESS_PRINCIPAL_H
#define ROSTERD_ACCESS_PRINCIPAL_H

#include <stdbool.h>
#include <stdint.h>

#include "access/authorize.h"
#include "access/scope.h"
#include "base/id.h"

enum principal_kind {
	PRINCIPAL_NOBODY,
	PRINCIPAL_OPERATOR,
	PRINCIPAL_MEMBER,
	PRINCIPAL_SERVICE,
	PRINCIPAL_CONNECTION, /* a directory that pushes */
};

struct principal {
	enum principal_kind kind;
	struct id organisation;	  /* nil: the operator */
	struct id user;		  /* nil: not a member */
	struct id connection;	  /* nil: not a connection */
	bool connection_gone;	  /* it was deleted */
	const char *slug, *state; /* of the organisation of a connection; NULL of others */
	struct id token;	  /* nil: came by the Unix socket */
	struct id maker;	  /* the member who answers for what is made here; nil: none */
	struct id setup_of;   /* the one connection that it sets up, and does nothing else; nil: not such */
	struct scopes scopes; /* what the token may do at most */
	int64_t used_at;      /* the token's last use that is known; 0: none */
	const char *const *ip_allow_list; /* networks, ended by NULL; NULL: none */
	enum role role;			  /* ROLE_NONE: the operator */
	struct id standing; /* of a connection: the mark under which all of this counts; nil: none */
	int64_t ends_at;    /* of a connection: when its token does; 0: it does not */
	const char *id;	    /* for the audit and the log: the member's, the token's, or "uid 0" */
	const char *name;   /* for people: the token's, or the Unix user's */
};

#endif
