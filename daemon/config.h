/* Reads the configuration by table: etc/rosterd.conf, and etc/orgs.d with a file for each organisation.
 *
 * All mistakes of all files are found at once. What was read fills each folder's own options; nothing below
 * this floor knows the configuration. What a connection may be set to is known to its plug-in alone, and
 * where the plug-ins are is a setting: so the catalog is opened between the two. */
#ifndef ROSTERD_CONFIG_H
#define ROSTERD_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "access/authenticate.h"
#include "base/log.h"
#include "http/server.h"
#include "orgfile.h"
#include "plugin/catalog.h"
#include "problem.h"
#include "settings.h"
#include "store/pool.h"
#include "sync/domains.h"

struct arena;
struct secret;
struct syntax_section;

struct config {
	const char *file; /* that it was read from; NULL: there is none */
	const char *public_url; /* NULL: none */
	const char *socket;
	const char *const *admin_users, *const *admin_groups;
	struct administrators administrators; /* who these are here; the daemon's own user, too */
	const struct secret *master_key, *previous_master_key; /* NULL: none */
	struct server_options server;			       /* listen has the Unix socket too */
	int drain_ms;
	struct server_options monitors; /* where health and figures are told to whoever comes; listen NULL: nowhere */
	const char *const *return_to; /* where people are sent when they are signed on or off */
	int attempt_ms, session_idle_ms, session_most_ms;
	const char *password_cost; /* a word of password_costs */
	int passwords_at_once;
	const char *verify_when_stale; /* refuse or lease */
	int verify_stale_ms, verify_lease_ms, verify_sessions_most;
	int access_ms, id_token_ms, refresh_grace_ms; /* what applications are given */
	int64_t roll_keys_ms;			      /* how long a key signs before the next one does; 0: until somebody rolls it */
	const char *scim_trace; /* redacted, personal or off */
	int scim_per_second, scim_burst;		/* requests of one connection that pushes */
	int figures_every_ms;		/* how often what the database shows is counted */
	struct store_options store;
	const char *schema; /* the folder of migrations */
	struct catalog_options catalog;
	bool allow_private_addresses;
	int workers;
	int slow_workers;
	int slow_after_ms; /* a directory that is read for longer is slow */
	int watches;
	int page_most;	      /* people of a page */
	int call_deadline_ms; /* of one call of a plug-in */
	int read_most_ms; /* of all pages of a run */
	int renames_settle_ms; /* until groups name who was renamed by the new name */
	const char *audit_stream, *audit_socket; /* journal, syslog or none; NULL: the usual one */
	int64_t audit_keep_ms;			 /* 0: for ever */
	struct orgfile_options organisation_files;
	struct domains_options domains; /* without the store */
	enum log_form log_form;
	enum log_level log_level;
	size_t organisation_count;
	const struct orgfile *organisations; /* by the names of their files */
	struct settings_secrets secrets;
	const struct syntax_section *syntax; /* of the file; NULL: it could not be read */
	struct arena *arena;
};

/* Reads everything: the daemon's own settings, then (with the plug-ins' own tables) each organisation's file.
 * path NULL: all defaults. ret_catalog NULL: the plug-ins are not asked, so connections' settings are not
 * checked against them and no secret among them is read. 0, and *ret stands in the arena and is closed before
 * it; or -1 and problems. */
int config_read(const char *path, struct arena *arena, struct config **ret, struct catalog **ret_catalog,
		struct problems *problems);

/* The same for somebody who looks for what is wrong: whatever could be read, with defaults in place of mistakes. *ret
 * is never NULL; *ret_catalog is NULL if the plug-ins' folder cannot be read. */
void config_survey(const char *path, struct arena *arena, struct config **ret, struct catalog **ret_catalog,
		   struct problems *problems);

/* The file that is read if none is named; NULL: it is not there. */
const char *config_installed_file(void);

/* As config_read, for a daemon that runs with these plug-ins. */
int config_read_again(const char *path, struct arena *arena, struct catalog *catalog, struct config **ret,
		      struct problems *problems);

/* The settings in which a reading differs from what a daemon runs with. */
struct config_changes {
	const char *const *taken;   /* that can be taken as the daemon runs, "log.level"; ended by NULL */
	const char *const *restart; /* that wait for the next start; ended by NULL */
};
/* started: what the daemon was started with; running: what it took last. Gives `next` the values of `started`
 * (borrowed) in what waits for a restart. The names stand in next's arena. */
void config_compare(const struct config *started, const struct config *running, struct config *next,
		    struct config_changes *ret);

/* A problem with a setting of rosterd.conf that stands in no section, at its line. */
void config_wrong(const struct config *config, struct problems *problems, const char *setting, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Puts the daemon's socket into a folder, unless it was set to be elsewhere. */
void config_keep_socket_in(struct config *config, const char *directory);

/* Wipes the secrets. Accepts a pointer to NULL; leaves NULL behind. */
void config_close(struct config **config);

/* `rosterd --check-config [FILE]`: reads everything as the daemon would, with the plug-ins' own tables.
 * Prints each problem as "FILE:LINE: text" and gives 1, or "FILE: ok (N organisations, M connections)" and
 * gives 0: what the program exits with. */
int config_check(const char *path, FILE *to);

/* Every setting of rosterd.conf, for the manual and the sample; ends with NULL. */
const struct settings_form *const *config_forms(void);

#endif
