/* A connection: a plug-in set up for one organisation, its settings, mappings and guard. Secrets are sealed here and opened
 * only for a link. */
#ifndef ROSTERD_ROSTER_CONNECTION_H
#define ROSTERD_ROSTER_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/id.h"
#include "store/query.h"

struct crypt_keys;
struct secret;

enum {
	CONNECTION_SETTINGS_MOST = 64,
	CONNECTION_MAPPINGS_MOST = 1000,
	CONNECTION_ATTRIBUTES_MOST = 32,
	CONNECTION_NAME_MOST = 63,
	CONNECTIONS_MOST = 100, /* of one organisation, without deleted ones */
	CONNECTION_PRECEDENCE_MOST = 1000000,
	CONNECTION_PRECEDENCE_USUAL = 100,
	CONNECTION_FULL_SCHEDULE_MS = 86400000,        /* unless it says otherwise */
	CONNECTION_FULL_SCHEDULE_MS_MOST = 1209600000, /* two weeks */
};

struct connection_pair {
	const char *name, *value;
};

struct connection_mapping {
	const char *group, *role;
};


/* What the guard lets a run take away unasked: `most` in number, or `share` percent of what there is. */
enum guard_kind {
	GUARD_PEOPLE, /* active members, suspended */
	GUARD_ADMINS, /* active admins and the owner: suspended, or left with a lesser role */
	GUARD_GROUP,  /* of any one group: members who leave it and stay in the organisation */
	GUARD_KINDS,
};
struct guard_limit {
	int most, share;
};
#define GUARD_DEFAULTS { { 10, 5 }, { 1, 20 }, { 10, 50 } }

struct connection {
	struct id organisation, id;
	const char *name, *plugin, *state; /* active, paused, deleted */
	int precedence; /* lower leads; of equal ones the older */
	size_t setting_count, secret_count, mapping_count, attribute_count;
	const struct connection_pair *settings;   /* what is not secret */
	const char *const *secrets;               /* names of the secrets that are set */
	const struct connection_mapping *mappings; /* in order: the first that names a group of theirs wins */
	const struct connection_pair *attributes; /* our field, the directory's attribute */
	int64_t schedule_ms;                      /* 0: on demand only */
	int full_schedule_ms;                     /* how old the last whole listing may be before what is due is another one */
	bool watch;                               /* look as soon as the directory says that something changed */
	int64_t next_due_at, created_at, updated_at;
	int64_t paused_at, deleted_at, purge_after; /* 0: it is not */
	struct guard_limit guard[GUARD_KINDS];
	int64_t grace_ms; /* as of the organisation, which it replaces; -1: as there; 0: without end */
	bool private_addresses; /* it may reach addresses that are not public; the operator's to say */
	const char *managed_by;
	int64_t version;
};

/* Look-ups: 1, 0, -1. By id or by name; load finds deleted ones too, find does not. The tx must be for the organisation. */
int connection_find(struct tx *tx, struct arena *arena, const struct id *organisation, const char *id_or_name,
                    struct connection *ret, struct error *e);
int connection_load(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *id,
                    struct connection *ret, struct error *e);

/* One that was deleted and is still there, by id or by the name that it had: of several the last. */
int connection_find_deleted(struct tx *tx, struct arena *arena, const struct id *organisation, const char *id_or_name,
                            struct connection *ret, struct error *e);

/* All of an organisation, those that are deleted or those that are not, ordered by name, after a name (NULL: from the first), at most `most`. */
int connection_list(struct tx *tx, struct arena *arena, const struct id *organisation, const char *after, int most,
                    bool deleted, struct connection **ret, size_t *ret_count, struct error *e);

/* A new row with mappings; settings as given (already checked against the plug-in). Secrets by connection_keep_secret.
 * ERROR_CONFLICT "connection.name_taken"; ERROR_LIMIT "limit.connections". */
int connection_create(struct tx *tx, const struct connection *connection, struct error *e);

/* Writes name, state, settings, attributes, mappings, schedule, guard, private_addresses, grace_ms and managed_by of the row with this id, if its version is still
 * connection->version: ERROR_PRECONDITION "connection.changed". */
int connection_update(struct tx *tx, const struct connection *connection, struct error *e);

/* How many people it shows, or showed last: accounts that are not gone. */
int connection_count_people(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *id, int64_t *ret,
                            struct error *e);

/* Into the bin, and out of it again. In the bin it says nothing and nothing reads it; rosterd throws it away with its accounts, groups,
 * secrets and runs when the organisation's retention is over. What becomes of its people is decided in provision/operation. It comes back
 * paused. ERROR_CONFLICT "connection.gone": somebody was faster; "connection.name_taken"; ERROR_LIMIT "limit.connections". */
int connection_bin(struct tx *tx, const struct id *organisation, const struct id *id, struct error *e);
int connection_unbin(struct tx *tx, const struct id *organisation, const struct id *id, struct error *e);

/* Settings that are kept elsewhere as they once were: a JSON object of texts. */
int connection_read_settings(struct arena *arena, const char *text, const struct connection_pair **ret, size_t *ret_count,
                             struct error *e);

/* Seals (bound to organisation, connection and name) or, with NULL, forgets one secret. */
int connection_keep_secret(struct tx *tx, const struct crypt_keys *keys, const struct id *organisation,
                           const struct id *connection, const char *name, const struct secret *value, struct error *e);

/* What the envelope is bound to, so that a row moved elsewhere cannot be opened. */
const char *connection_secret_context(struct arena *arena, const struct id *organisation, const struct id *connection,
                                      const char *name);

/* Opens one secret: 1, 0 not set, -1. */
int connection_open_secret(struct tx *tx, const struct crypt_keys *keys, const struct id *organisation,
                           const struct id *connection, const char *name, struct secret **ret, struct error *e);

#endif
