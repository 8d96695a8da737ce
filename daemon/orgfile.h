/* Organisations described by files: etc/orgs.d/NAME.conf, one each. */
#ifndef ROSTERD_ORGFILE_H
#define ROSTERD_ORGFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "roster/connection.h"
#include "roster/precedence.h"
#include "settings.h"

struct arena;
struct catalog;
struct problems;
struct secret;

enum {
	ORGFILES_MOST = 1000,		/* files in orgs.d */
	ORGFILE_CONNECTIONS_MOST = 100, /* of an organisation */
	ORGFILE_DOMAINS_MOST = 100,	/* of an organisation */
	ORGFILE_PEM_MOST = 64 * 1024,	/* bytes of a file of certificates */
};

/* A connection as its file has it: `is` has no ids; its secrets' names have the secrets beside them. */
struct orgfile_connection {
	struct connection is;
	int line;
	int roles_line; /* 0: the file says nothing of roles, which is not the same as that there are none */
	const struct secret *const *secrets; /* one for each of is.secrets; borrowed */
};

struct orgfile {
	const char *file;
	int line; /* where the organisation is named */
	const char *slug, *name, *type, *default_role;
	int64_t grace_ms;
	int64_t session_idle_ms, session_most_ms; /* 0: as rosterd.conf has it */
	bool adopt; /* it may take over what was made by hand */
	const char *plan, *seats;   /* NULL: the file does not say, and it stays as it is */
	const char *const *domains; /* A-labels in lower case, ended by NULL; proven by the operator's word */
	const int *domain_lines;    /* one for each */
	size_t connection_count;
	const struct orgfile_connection *connections;
	int rules_line; /* 0: the file says nothing of rules, which is not the same as that there are none */
	const char *const *rules[PRECEDENCE_ATTRIBUTES]; /* names of connections and PRECEDENCE_MANUAL, ended by NULL; empty: none */
};

struct orgfile_options {
	const char *directory;
	struct guard_limit guard[GUARD_KINDS]; /* of a connection that has none of its own */
};

/* Reads all files of the directory, by their names, and checks what only shows when they stand side by side.
 * catalog NULL: settings are not checked and no secret is read. Whatever is wrong becomes a problem; what is
 * right is returned all the same. Secrets are kept in `secrets`, everything else in the arena. */
void orgfile_read_all(struct arena *arena, const struct orgfile_options *options, struct catalog *catalog,
		      struct settings_secrets *secrets, const struct orgfile **ret, size_t *ret_count,
		      struct problems *problems);

/* Every setting of these files, for the manual and the sample; ends with NULL. */
const struct settings_form *const *orgfile_forms(void);

#endif
