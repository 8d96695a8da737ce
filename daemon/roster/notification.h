/* A message of a directory (a webhook): whom it came for, that it is kept before it is answered, and what became of it.
 *
 * It says whom to look at. The runs that do so are made in the database (notifications_schedule), by the thread that keeps watch. */
#ifndef ROSTERD_ROSTER_NOTIFICATION_H
#define ROSTERD_ROSTER_NOTIFICATION_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/id.h"
#include "store/query.h"

enum {
	NOTIFICATIONS_WAITING_MOST = 1000,             /* of a connection that are not handled; and ... */
	NOTIFICATIONS_WAITING_BYTES_MOST = 64 << 20,   /* ... their bodies. Of more, all that changed is read once */
	NOTIFICATION_KEPT_S_LEAST = 24 * 3600,         /* how long one is known that is repeated, whatever is said of it ... */
	NOTIFICATION_KEPT_S_MOST = 7 * 24 * 3600,      /* ... and at most; administrators see it as long */
	NOTIFICATION_TRIES_MOST = 10,                  /* runs that failed over one; then only the schedule makes it good */
	NOTIFICATION_BACK_OFF_S = 10,                  /* after the first of them; twice as long each time ... */
	NOTIFICATION_BACK_OFF_S_MOST = 3600,           /* ... up to this */
	NOTIFICATION_RUN_EVERY_MS = 1000,              /* runs of what changed come no closer than this */
};

/* Whose address a message came to: known before anybody has said who they are. */
struct notification_address {
	struct id organisation;
	const char *slug, *plugin;
	int64_t version; /* of the connection */
};

/* 1; 0: there is no connection of that id, or it was deleted. The transaction is of no organisation. */
int notification_address(struct tx *tx, struct arena *arena, const struct id *connection, struct notification_address *ret,
                         struct error *e);

/* What is kept. Subjects are in two lists of the same length, ended by NULL: "person", "group", "changes", and the remote id ("" of changes). */
struct notification {
	struct id organisation, connection;
	const char *message_id; /* NULL: it has none */
	int64_t until_s;        /* seconds since 1970 until which it may be repeated; 0: not said */
	const void *body;
	size_t body_size;
	const char *const *kinds, *const *remote_ids;
	size_t subjects;
};

enum notification_kept {
	NOTIFICATION_TAKEN,
	NOTIFICATION_DUPLICATE, /* nothing was kept of it: it is there */
	NOTIFICATION_MERGED,    /* too many wait: that something changed is all that was kept */
};

/* The transaction is a request's, for the organisation. Wakes the workers. */
int notification_keep(struct tx *tx, const struct notification *notification, enum notification_kept *ret, struct error *e);

/* What a run that is done has looked at is due no more; how long each had waited, in microseconds. The transaction is a worker's. */
int notification_applied(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *run, int64_t **ret_us,
                         size_t *ret_count, struct error *e);

/* As administrators see it. */
struct notification_shown {
	struct id id;
	const char *message_id;
	int64_t received_at, handled_at; /* 0: it is not handled */
	int64_t subjects, size, tries;   /* tries: runs that failed over it */
	const char *state;               /* waiting, applied, dropped, given_up */
	struct id run;                   /* the last that had something of it to look at; nil: none so far */
	const char *run_state;
};

/* The newest first, behind `before` (NULL: from the newest). run: those that it looked at, NULL: all. */
int notification_list(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *connection, const struct id *before,
                      const struct id *run, int most, struct notification_shown **ret, size_t *ret_count, struct error *e);

#endif
