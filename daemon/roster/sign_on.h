/* A sign-on: an attempt of somebody to be signed on by a connection, what it is held against when they come back, and what was looked at then.
 *
 * What only the one who began may know (the state that travels, the cookie of the browser) is kept as a hash, the rest as an envelope. An attempt is
 * answered once, and so is a message of a provider, whichever daemon they come to. */
#ifndef ROSTERD_ROSTER_SIGN_ON_H
#define ROSTERD_ROSTER_SIGN_ON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/crypt.h"
#include "base/error.h"
#include "base/id.h"
#include "store/query.h"

enum {
	SIGN_ON_VALUE_SIZE = 43,       /* characters of base64url, of 32 random bytes */
	SIGN_ON_TRACE_MOST = 60 << 10, /* bytes of what was looked at */
	SIGN_ON_MESSAGE_MOST = 60 << 10, /* bytes of what came, if it is kept */
	SIGN_ON_ONCE_S_LEAST = 600,    /* how long a message is remembered at least ... */
	SIGN_ON_ONCE_S_MOST = 7 * 24 * 3600, /* ... and at most; one that is good for longer is refused */
};

/* Whose address it is, before anybody has said who they are: 1, 0 there is no such connection, -1. Needs no organisation. */
struct sign_on_address {
	struct id organisation;
	const char *slug, *plugin;
	int64_t version;
	bool open; /* neither the connection is paused nor its organisation suspended */
};
int sign_on_address(struct tx *tx, struct arena *arena, const struct id *connection, struct sign_on_address *ret, struct error *e);

/* Whether it is open now: 1, 0, -1; the connection stays so until the transaction ends (of an organisation that is not active no session counts). What sign_on_address said is old by the time that a provider has answered. */
int sign_on_still(struct tx *tx, const struct id *organisation, const struct id *connection, struct error *e);

struct sign_on {
	struct id id, organisation, connection;
	uint8_t state_hash[CRYPT_DIGEST_SIZE], browser[CRYPT_DIGEST_SIZE]; /* of sign_on_begin and sign_on_find */
	bool has_presented; /* presented: the hash of the session that was shown when it began */
	uint8_t presented[CRYPT_DIGEST_SIZE];
	const char *nonce, *verifier, *request, *hint, *return_to; /* hint may be NULL */
	int64_t began_at, expires_at;
	bool test, over;       /* over: it was answered, or its time is over */
	const char *outcome, *code; /* begun, signed_on, refused, failed, tested; code NULL: none */
	int64_t ended_at;
	struct id user, session;    /* nil: not known, none */
	const char *request_id;     /* of the request that answered it; NULL: none did */
	const char *trace;          /* JSON; filled by sign_on_load alone; NULL: none, or no key of ours opens it */
	const char *message;        /* the same of what came, to be judged again; at most SIGN_ON_MESSAGE_MOST */
};

/* Uses everything up to test, but began_at. */
int sign_on_begin(struct tx *tx, const struct crypt_keys *keys, const struct sign_on *sign_on, struct error *e);

/* What was begun with this state: 1, 0, -1. */
int sign_on_find(struct tx *tx, struct arena *arena, const struct crypt_keys *keys, const struct id *organisation, const struct id *connection,
                 const uint8_t state_hash[CRYPT_DIGEST_SIZE], struct sign_on *ret, struct error *e);

/* It is answered now, by nobody else: 1, 0 it was before, -1. */
int sign_on_take(struct tx *tx, const struct id *organisation, const struct id *id, struct error *e);

/* One that the provider has begun, to be ended with it. Uses id, organisation, connection and expires_at. */
int sign_on_unasked(struct tx *tx, const struct sign_on *sign_on, struct error *e);

/* How it ended. Uses id, organisation, outcome, code, user, session, request_id, trace and message. */
int sign_on_end(struct tx *tx, const struct crypt_keys *keys, const struct sign_on *sign_on, struct error *e);

/* This message is used now: 1, 0 it was before, -1. until_s: seconds since 1970. ERROR_DENIED "sso.good_too_long": it would have to be remembered for longer
 * than SIGN_ON_ONCE_S_MOST; the transaction goes on. */
int sign_on_once(struct tx *tx, const struct id *organisation, const struct id *connection, const char *message, int64_t until_s,
                 struct error *e);

/* It has worked: from now on it is a way in for whoever says their address. */
int sign_on_worked(struct tx *tx, const struct id *organisation, const struct id *connection, struct error *e);

/* Ways in for whoever has an address of this domain, or is of the organisation with this slug (each may be NULL), by precedence. Needs no organisation. */
struct sign_on_door {
	struct id connection;
	const char *name;
};
int sign_on_doors(struct tx *tx, struct arena *arena, const char *domain, const char *slug, struct sign_on_door **ret, size_t *ret_count,
                  struct error *e);

/* The newest first, of a connection (NULL: of all), before one (NULL: from the newest), without those that nobody answered. */
int sign_on_list(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *connection, const struct id *before,
                 int most, struct sign_on **ret, size_t *ret_count, struct error *e);
int sign_on_load(struct tx *tx, struct arena *arena, const struct crypt_keys *keys, const struct id *organisation, const struct id *id,
                 struct sign_on *ret, struct error *e);

#endif
