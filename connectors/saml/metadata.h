/* Metadata of providers (SAML metadata 2.0), from whoever pasted or fetched them: what of them is needed, and
 * nothing else.
 *
 * A signature on metadata is not judged here: whom they come from is known by the channel they came through.
 */
#ifndef ROSTER_SAML_METADATA_H
#define ROSTER_SAML_METADATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "saml/keys.h"

struct arena;

enum {
	METADATA_MOST = 8 << 20, /* bytes: those of a federation */
	METADATA_ELEMENTS_MOST = 200000,
	METADATA_PROVIDERS_MOST = 5000,
	METADATA_ENTITY_ID_MOST = 1024,
	METADATA_URL_MOST = 2048,
};

struct metadata_provider {
	const char *entity_id;
	const char *redirect,
		*post; /* where people are sent to sign on, by binding; NULL: it does not offer it */
	const char *logout_redirect, *logout_post; /* ... off, by binding; NULL */
	const char *answer_redirect, *answer_post; /* where answers about that go: the same, unless they say otherwise */
	const char *const *certificates; /* for signatures, base64 as it stands there; ended by NULL */
	const char *const *prints;	 /* SHA-256 of each, in hex */
	bool wants_signed_requests;
	int64_t until_us; /* validUntil; 0: not said */
};

/* ret: ended by {0}, in the arena: those entities that sign people on by SAML 2.0, in their order. now_us:
 * for validUntil; 0: time does not count. ERROR_INPUT "saml.metadata": they cannot be read, none is in them,
 * they have expired; an entity without a usable certificate or with an endpoint that is no URL is refused if
 * it is the only one, and left out among many. */
int metadata_read(struct arena *arena, const char *bytes, size_t size, int64_t now_us,
		  const struct metadata_provider **ret, size_t *ret_count, struct error *e);

#endif
