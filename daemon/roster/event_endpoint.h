/* Where events are delivered to, and how far each delivery has come.
 *
 * An endpoint is an organisation's, and hears of that one; or (organisation NULL, as for audit_list) the operator's, and hears of all. What
 * it checks signatures with is sealed beside it; the text is given out once. */
#ifndef ROSTERD_ROSTER_EVENT_ENDPOINT_H
#define ROSTERD_ROSTER_EVENT_ENDPOINT_H

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
	EVENT_ENDPOINTS_MOST = 16,    /* of one organisation, and of the operator */
	EVENT_ENDPOINT_NAME_MOST = 64, /* characters */
	EVENT_ENDPOINT_URL_MOST = 2048,
	EVENT_ENDPOINT_TYPES_MOST = 64,
	EVENT_ENDPOINT_TYPE_MOST = 64,
	EVENT_ENDPOINT_REASON_MOST = 512,
};

struct event_endpoint {
	struct id organisation, id; /* organisation nil: the operator's */
	const char *name, *url;
	const char *const *types; /* ended by NULL; empty: all */
	bool private_addresses;	  /* it may lie in our own networks */
	const char *state;	  /* active, paused, stopped */
	const char *created_by;
	int64_t created_at, version;
	int64_t place; /* in its feed, as event.h counts; what is behind it was not delivered yet */
	int tries;     /* of the event behind it */
	int64_t not_before, failing_since, delivered, delivered_at;
	int last_status;	/* 0: it answered nothing */
	const char *last_error; /* NULL: the last delivery did not fail */
	int64_t rejects;
};

/* What an envelope of one of its secrets ("current", "former") is bound to. */
const char *event_endpoint_secret_context(struct arena *arena, const struct id *organisation, const struct id *endpoint,
					  const char *name);

/* ---- for administrators ---- */

/* By the order of their names. */
int event_endpoint_list(struct tx *tx, struct arena *arena, const struct id *organisation, struct event_endpoint **ret,
			size_t *ret_count, struct error *e);

/* By name: 1, 0, -1. */
int event_endpoint_find(struct tx *tx, struct arena *arena, const struct id *organisation, const char *name,
			struct event_endpoint *ret, struct error *e);

/* Fills id. ERROR_CONFLICT "event_endpoint.taken": the name is; ERROR_LIMIT "limit.event_endpoints". */
int event_endpoint_create(struct tx *tx, const struct id *organisation, struct event_endpoint *endpoint, struct error *e);

/* Writes name, url, types, private_addresses and state of the one that is at this version; one that is active afterwards is tried at once.
 * ERROR_PRECONDITION "precondition.changed", ERROR_CONFLICT as above. */
int event_endpoint_update(struct tx *tx, const struct id *organisation, const struct event_endpoint *endpoint, struct error *e);

int event_endpoint_delete(struct tx *tx, const struct id *organisation, const struct id *id, struct error *e);

/* From now on it delivers what is behind this place, also what it delivered before. */
int event_endpoint_replay(struct tx *tx, const struct id *organisation, const struct id *id, int64_t place, struct error *e);

/* Seals a new secret as the current one, which makes a new version of the endpoint. overlap_ms > 0: the one before signs beside it for so long. */
int event_endpoint_set_secret(struct tx *tx, const struct crypt_keys *keys, const struct id *organisation, const struct id *id,
			      const struct secret *value, int64_t overlap_ms, struct error *e);

/* Events that were passed over because the endpoint refused them; oldest first, behind a place. */
struct event_reject {
	int64_t place, at;
	const char *event, *type, *reason;
	int status;
};
int event_endpoint_rejects(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *id, int64_t after,
			   int most, struct event_reject **ret, size_t *ret_count, struct error *e);

/* What an event is signed with: "v1,..." over its id, the time of this attempt (seconds since 1970) and its body, as the Standard Webhooks
 * specification has it; twice, between a blank, while a secret is exchanged (former not NULL). */
const char *event_endpoint_sign(struct arena *arena, const struct secret *secret, const struct secret *former, const char *id, int64_t at,
				const void *body, size_t size);

/* ---- for whoever delivers ---- */

/* The secrets that sign now: the current one, and the former while it lasts; *ret_former may stay NULL. ERROR_NOT_FOUND
 * "event_endpoint.secret": there is none. The caller closes them. */
int event_endpoint_secrets(struct tx *tx, const struct crypt_keys *keys, const struct id *organisation, const struct id *id,
			   struct secret **ret, struct secret **ret_former, struct error *e);

/* By id: 1, 0 deleted meanwhile, -1. organisation NULL as above. */
int event_endpoint_load(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *id,
			struct event_endpoint *ret, struct error *e);

/* An endpoint that is due, held for hold_ms: 1; 0 none is; -1. The transaction is for none. *ret_through: up to where all that happened is
 * sealed. */
struct event_claim {
	struct id organisation, endpoint; /* organisation nil: the operator's */
	int64_t through;
};
int event_endpoint_claim(struct tx *tx, struct arena *arena, const struct id *holder, int hold_ms, struct event_claim *ret,
			 struct error *e);

/* Whether it is as it was loaded and still wants to be told: 1, 0 somebody has changed, paused or deleted it, -1. organisation as above. */
int event_endpoint_unchanged(struct tx *tx, struct arena *arena, const struct id *organisation, const struct event_endpoint *endpoint,
			     struct error *e);

/* How a delivery went on: place, tries, not_before, failing_since, last_status, last_error, state (active or stopped) of `endpoint`, and how many
 * were delivered. Nothing of it counts if somebody has changed the endpoint
 * meanwhile, or sent it back (was: the place it was claimed at). Holds it for hold_ms more; 0 lets it go. at_end: there is nothing behind the
 * place, up to claim->through. 1, 0 it was changed, or is another's by now, -1. */
struct event_progress {
	const struct event_endpoint *endpoint;
	int64_t was, delivered;
	bool at_end;
};
int event_endpoint_advance(struct tx *tx, const struct id *holder, const struct event_claim *claim,
			   const struct event_progress *progress, int hold_ms, struct error *e);

/* Passes an event over. */
int event_endpoint_reject(struct tx *tx, const struct event_claim *claim, const struct event_reject *reject, struct error *e);

#endif
