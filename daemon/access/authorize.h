/* What somebody may do: the one permission matrix, as data, and the one function that reads it.
 *
 * Everything asks here: the API, the console, a gateway. The operator stands outside the roles and has a
 * column of their own. Nothing here touches the database; the facts that a condition needs are in the
 * question. */
#ifndef ROSTERD_ACCESS_AUTHORIZE_H
#define ROSTERD_ACCESS_AUTHORIZE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"

enum role { ROLE_NONE, ROLE_VIEWER, ROLE_MEMBER, ROLE_ADMIN, ROLE_OWNER, ROLES };

/* "owner" ... "viewer"; ROLE_NONE for anything else. The name of ROLE_NONE is "none". */
enum role role_parse(const char *name);
const char *role_name(enum role role);

/* What an address needs. The first five are about who is asking at all; the rest are the rows of the matrix.
 */
enum permit {
	PERMIT_UNSAID,	 /* nothing was said: the daemon does not start */
	PERMIT_ANYONE,	 /* nobody is asked who they are */
	PERMIT_KNOWN,	 /* anybody whom we know; where the address names an organisation, anybody of it */
	PERMIT_OPERATOR, /* the operator alone */
	PERMIT_PUSH,	 /* a connection that pushes, and nobody else */
	PERMIT_VIEW_ANALYTICS,
	PERMIT_FIRST = PERMIT_VIEW_ANALYTICS, /* of the matrix */
	PERMIT_VIEW_MEMBERS,
	PERMIT_VIEW_KEYS,
	PERMIT_USE_API,
	PERMIT_CREATE_KEYS,
	PERMIT_DELETE_KEYS,
	PERMIT_CREATE_PROJECTS,
	PERMIT_EDIT_PROJECTS,
	PERMIT_DELETE_PROJECTS,
	PERMIT_INVITE_MEMBERS,
	PERMIT_REMOVE_MEMBERS,
	PERMIT_CHANGE_ROLES,
	PERMIT_CONFIGURE_SETTINGS,
	PERMIT_VIEW_AUDIT,
	PERMIT_MANAGE_BILLING,
	PERMIT_TRANSFER_OWNERSHIP,
	PERMIT_TAKE_OWNERSHIP,
	PERMIT_RECOVER_OWNERSHIP,
	PERMIT_DELETE_ORGANISATION,
	PERMITS,
};

/* "view_analytics", ...: the matrix's actions as the API names them; NULL for the others. */
const char *permit_name(enum permit permit);
/* PERMIT_UNSAID if there is no such action. */
enum permit permit_parse(const char *name);
/* All names of the matrix, ended by NULL. */
const char *const *permit_names(struct arena *arena);

/* What the matrix says: never, always, or under a condition. */
enum grant {
	GRANT_NO,
	GRANT_YES,
	GRANT_PERSONAL,	     /* for oneself, not for the organisation */
	GRANT_OWN,	     /* one's own only */
	GRANT_NOT_THE_OWNER, /* anybody but the owner */
	GRANT_NOT_OWNERSHIP, /* not the owner's role, and never to owner */
};
enum grant authorize_grant(enum permit permit, enum role role);
/* "yes", "no", "personal only", ...: for people. */
const char *grant_words(enum grant grant);

struct question {
	enum permit permit;
	bool by_operator;     /* the operator asks; role does not matter */
	bool by_connection;   /* a connection asks, which may push and nothing else */
	enum role role;	      /* of who asks, in the organisation that it is about */
	bool suspended;	      /* the organisation is: reading and billing are all that is left */
	bool personal;	      /* the thing made is for who asks */
	bool own;	      /* the thing named belongs to who asks */
	bool target_is_owner; /* the member named is the owner */
	enum role to;	      /* the role to be given; ROLE_NONE: none */
};

/* 0, or -1 with ERROR_DENIED "permission.*" and the reason. */
int authorize(const struct question *question, struct error *e);

#endif
