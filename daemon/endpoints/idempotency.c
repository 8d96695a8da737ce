#include "endpoints/idempotency.h"

#include <string.h>

#include "base/text.h"
#include "roster/idempotency.h"

enum { IN_FLIGHT_WAIT_MS = 1000 };

static int bad_key(const char *given, struct error *e)
{
	return error_set(
		e, ERROR_INPUT, "idempotency.key",
		"\"Idempotency-Key\" is %.100s; 1 to %d printable ASCII characters in double quotes are "
		"expected, such as \"8e03978e-40d5-43dd-bc93-6894a57f9324\"",
		given, IDEMPOTENCY_KEY_MOST);
}

/* A string of RFC 9651; without its quotes it is understood, too, since most who send one leave them out. */
static int read_key(struct exchange *x, const char *given, const char **ret, struct error *e)
{
	size_t length = strlen(given);
	bool quoted = length >= 2 && given[0] == '"' && given[length - 1] == '"';
	const char *key = quoted ? arena_text_n(x->arena, given + 1, length - 2) : given;
	size_t size = strlen(key);

	for (const char *c = key; *c; c++)
		if (*c < 0x20 || *c > 0x7e || *c == '"' || *c == '\\')
			return bad_key(given, e);
	if (size < 1 || size > IDEMPOTENCY_KEY_MOST)
		return bad_key(given, e);
	*ret = key;
	return 0;
}

/* Keyed, because a body may hold a password of which everything else is known: a dump must not tell whether a guess is
 * right. */
static size_t fingerprint(const struct exchange *x, uint8_t ret[CRYPT_KEYS_MOST][CRYPT_DIGEST_SIZE])
{
	struct digest *digest = digest_open();
	uint8_t asked[CRYPT_DIGEST_SIZE];

	digest_begin(digest);
	digest_add_field(digest, x->request->target);
	digest_add_field(digest, x->request->body);
	digest_end(digest, asked);
	digest_close(&digest);
	return crypt_keys_hash(x->options->crypt_keys, asked, ret);
}

static bool counts(const struct exchange *x)
{
	/* What is pushed happens once by its names (RFC 7644, 3.3), and would be kept here with everything about a person. */
	return x->tx && !x->endpoint->scim && (text_equal(x->endpoint->method, "POST") || text_equal(x->endpoint->method, "PATCH"));
}

int idempotency_read(struct exchange *x, const struct idempotency_key **ret, struct error *e)
{
	const char *given = request_header(x->request, "Idempotency-Key");
	struct idempotency_key *key;

	if (!given || !counts(x))
		return *ret = NULL, 0;
	key = arena_take(x->arena, sizeof(*key));
	if (read_key(x, given, &key->key, e) < 0)
		return -1;
	key->organisation = x->organisation.id;
	key->principal = exchange_who(x);
	key->method = x->endpoint->method;
	key->path = x->endpoint->path;
	key->fingerprint_count = fingerprint(x, key->fingerprints);
	return *ret = key, 0;
}

static void reply_again(struct exchange *x, const struct kept_answer *kept)
{
	x->reply->status = kept->status;
	reply_header(x->reply, "Content-Type", "application/json");
	reply_header(x->reply, "Idempotency-Replayed", "true");
	if (kept->location)
		reply_header(x->reply, "Location", "%s", kept->location);
	buffer_text(&x->reply->body, kept->body);
	x->versioned = kept->versioned;
	x->version = kept->version;
}

static int in_flight(struct error *e)
{
	error_set(e, ERROR_CONFLICT, "idempotency.in_flight",
		  "a request with this idempotency key is being answered; wait for its answer, or send it "
		  "again later");
	e->wait_ms = IN_FLIGHT_WAIT_MS;
	return -1;
}

int idempotency_replay(struct exchange *x, const struct idempotency_key *key, struct error *e)
{
	struct kept_answer kept;
	int locked = idempotency_lock(x->tx, x->arena, key, e), found;

	if (locked <= 0)
		return locked == 0 ? in_flight(e) : -1;
	found = idempotency_find(x->tx, x->arena, key, &kept, e);
	if (found <= 0)
		return found;
	if (!kept.same)
		return error_set(
			e, ERROR_INPUT, "idempotency.other_request",
			"the idempotency key was used by request %s for something else; take a new key for a "
			"new request",
			kept.request);
	if (!kept.body)
		return error_set(e, ERROR_CONFLICT, "idempotency.shown_once",
				 "request %s did this, and its answer held a secret that is shown once; if "
				 "it was lost, "
				 "revoke what was made and make another with a new key",
				 kept.request);
	reply_again(x, &kept);
	return 1;
}

int idempotency_finish(struct exchange *x, const struct idempotency_key *key, struct error *e)
{
	struct kept_answer answer = {
		.status = x->reply->status,
		.versioned = x->versioned,
		.version = x->version,
		.location = reply_find_header(x->reply, "Location"),
		.body = x->shown_once	       ? NULL
			: x->reply->body.bytes ? x->reply->body.bytes
					       : "",
		.request = x->id,
	};

	return tx_rows_recorded(x->tx) > 0 ? idempotency_keep(x->tx, key, &answer, e) : 0;
}
