/* Scopes: what a token may do at most, whatever its role may do.
 *
 * A scope is the noun of an address and "read" or "write": GET needs members:read, everything else that is
 * done to members needs members:write, which reads as well. Scopes only ever narrow; what the role may not do
 * no scope allows. Nothing here touches the database. */
#ifndef ROSTERD_ACCESS_SCOPE_H
#define ROSTERD_ACCESS_SCOPE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

/* What an address needs, or a name says. */
enum scope {
	SCOPE_UNSAID, /* no noun was found: the daemon does not start; no such name */
	SCOPE_NONE,   /* anybody whom we know */
	SCOPE_FIRST,
	SCOPE_ACCOUNTS_READ = SCOPE_FIRST,
	SCOPE_ACCOUNTS_WRITE,
	SCOPE_AUDIT_READ,
	SCOPE_CLIENTS_READ, /* applications, and the keys that sign for them: the operator's */
	SCOPE_CLIENTS_WRITE,
	SCOPE_CONNECTIONS_READ,
	SCOPE_CONNECTIONS_WRITE,
	SCOPE_DAEMON_READ, /* what is about rosterd itself, the operator's */
	SCOPE_DAEMON_WRITE,
	SCOPE_DOMAINS_READ,
	SCOPE_DOMAINS_WRITE,
	SCOPE_EVENTS_READ,
	SCOPE_EVENTS_WRITE,
	SCOPE_GROUPS_READ,
	SCOPE_MEMBERS_READ,
	SCOPE_MEMBERS_WRITE,
	SCOPE_ORGANISATIONS_READ,
	SCOPE_ORGANISATIONS_WRITE,
	SCOPE_PERMISSIONS_READ,
	SCOPE_PLUGINS_READ,
	SCOPE_RUNS_READ,
	SCOPE_RUNS_WRITE,
	SCOPE_SCIM_READ, /* of connections' tokens */
	SCOPE_SCIM_USERS,
	SCOPE_SCIM_GROUPS,
	SCOPE_SESSIONS_READ,
	SCOPE_SESSIONS_WRITE,
	SCOPE_TOKENS_READ,
	SCOPE_TOKENS_WRITE,
	SCOPES,
};

/* Of a row of the table of addresses: the noun is the last part of the path that is one. */
enum scope scope_of(const char *method, const char *path);

/* "members:read"; NULL for the first two. */
const char *scope_name(enum scope scope);
enum scope scope_parse(const char *name);
/* All names, ended by NULL. */
const char *const *scope_names(struct arena *arena);

/* Several, each with what it brings along. */
struct scopes {
	bool limited; /* false: all that there are, and will be */
	uint32_t set;
};

/* names ended by NULL; NULL: not limited. A name that is none allows nothing: a newer daemon's. */
struct scopes scopes_read(const char *const *names);
bool scopes_include(const struct scopes *scopes, enum scope scope);
/* The names of a limited set, ended by NULL; NULL: not limited. */
const char *const *scopes_list(const struct scopes *scopes, struct arena *arena);
/* The same for people: "members:read, members:write". */
const char *scopes_text(const struct scopes *scopes, struct arena *arena);

#endif
