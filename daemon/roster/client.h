/* Applications of the operator that sign people on here: who they are, where people are sent, and what they
 * show that they are themselves.
 *
 * A client is known by its name, its client_id, which never changes. What it was given goes with it. Files
 * describe some of them, and then nobody else changes them (managed_by). All of this is the operator's:
 * everything that changes is for transactions that are for no organisation. */
#ifndef ROSTERD_ROSTER_CLIENT_H
#define ROSTERD_ROSTER_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/crypt.h"
#include "base/error.h"
#include "base/id.h"
#include "store/query.h"

#define CLIENT_SECRET_PREFIX "rcs"

enum {
	CLIENTS_MOST = 1000,
	CLIENT_NAME_MOST = 63,
	CLIENT_TITLE_MOST = 200,
	CLIENT_URI_MOST = 500,
	CLIENT_URIS_MOST = 20, /* of each kind */
	CLIENT_SECRET_LEAST =
		32, /* bytes of one that a file gives: nobody may guess it, since its SHA-256 is kept */
	CLIENT_FILE_MOST = 1000,
};

struct client {
	struct id id;
	const char *name, *title; /* title may be NULL */
	bool is_public;		  /* it can keep no secret */
	const char *const *redirect_uris, *const *logout_uris;
	const char *backchannel_uri; /* NULL: it is not told of the end of sessions */
	bool introspects;	     /* it may ask about the tokens of other clients */
	const char *algorithm;	     /* RS256, ES256 */
	const char *state;	     /* active, paused */
	bool has_secret;
	const char *created_by;
	int64_t created_at, version;
	const char *managed_by; /* a file; NULL: the API */
	int managed_line;
	int64_t orphaned_at; /* since then no file describes it; 0: not so */
};

/* Whether these are as they must be: ERROR_INPUT "client.name", "client.title", "client.uri" (what: the word
 * for the message). */
int client_check_name(const char *name, struct error *e);
int client_check_title(const char *title, struct error *e);
/* https, or http to this machine alone (loopback), or (native) a scheme of an application of its own with a
 * dot in it; without a fragment. */
int client_check_uri(const char *what, const char *uri, bool native, struct error *e);
int client_check_uris(const char *what, const char *const *uris, bool native, struct error *e);

int client_list(struct tx *tx, struct arena *arena, struct client **ret, size_t *ret_count, struct error *e);
int client_find(struct tx *tx, struct arena *arena, const char *name, struct client *ret,
		struct error *e); /* 1, 0, -1 */
int client_load(struct tx *tx, struct arena *arena, const struct id *id, struct client *ret,
		struct error *e); /* 1, 0, -1 */

/* Whether the secret is this client's: 1, 0, -1. */
int client_shows(struct tx *tx, const struct id *id, const char *secret, struct error *e);

/* Uses all but id, created_at, version; fills id. ERROR_CONFLICT "client.taken", ERROR_LIMIT "limit.clients".
 */
int client_create(struct tx *tx, struct client *client, struct error *e);
/* All but name and created_by. ERROR_CONFLICT "client.changed" if it is at another version by now. */
int client_update(struct tx *tx, const struct client *client, struct error *e);
/* With everything that it was given. */
int client_delete(struct tx *tx, const struct id *id, struct error *e);

/* From now on this one counts, and the one before for overlap_ms more. ret_same (may be NULL): it was the
 * current one already, and nothing is changed. */
int client_set_secret(struct tx *tx, const struct id *id, const uint8_t hash[CRYPT_DIGEST_SIZE],
		      int64_t overlap_ms, bool *ret_same, struct error *e);

#endif
