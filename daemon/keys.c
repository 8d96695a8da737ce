/* The master keys that were given, against the secrets that are there. */
#include "keys.h"

#include "actor.h"
#include "base/arena.h"
#include "base/crypt.h"
#include "base/text.h"
#include "roster/audit.h"
#include "roster/sealed.h"
#include "store/transaction.h"

enum { NAMED_MOST = 3 }; /* secrets that the refusal names; the others are counted */

static const char *hex_of(struct arena *arena, const uint8_t *id)
{
	char text[2 * CRYPT_KEY_ID_SIZE + 1];

	text_hex(id, CRYPT_KEY_ID_SIZE, text);
	return arena_text(arena, text);
}

static const char *name_some(struct arena *arena, const struct sealed_lost *lost, size_t count)
{
	const char *names = "";

	for (size_t i = 0; i < count && i < NAMED_MOST; i++)
		names = arena_format(arena, "%s%s%s %s", names, i ? ", " : "", lost[i].holder, lost[i].name);
	return count > NAMED_MOST ? arena_format(arena, "%s and %zu more", names, count - NAMED_MOST) : names;
}

static int refuse(struct arena *arena, const struct sealed_lost *lost, size_t count, const struct crypt_keys *keys,
		  struct error *e)
{
	uint8_t ours[CRYPT_KEYS_MOST][CRYPT_KEY_ID_SIZE];

	crypt_key_ids(keys, ours);
	return error_set(e, ERROR_PRECONDITION, "crypt.lost",
			 "master_key is %s, but %s sealed %zu secrets (%s): give that key as master_key or previous_master_key; "
			 "if it is lost, \"rosterd --forget-secrets\"",
			 hex_of(arena, ours[0]), hex_of(arena, lost[0].key), count, name_some(arena, lost, count));
}

int keys_check(struct store *store, const struct crypt_keys *keys, struct error *e)
{
	scoped(arena) *arena = arena_open("keys");
	scoped(tx) *tx = NULL;
	struct sealed_lost *lost;
	size_t count;

	if (tx_begin(store, STORE_OWNER, &tx, e) < 0 || sealed_lost(tx, arena, keys, &lost, &count, e) < 0)
		return -1;
	return count > 0 ? refuse(arena, lost, count, keys, e) : tx_commit(&tx, e);
}

/* ---- lost for ever ---- */

static int record(struct tx *tx, struct arena *arena, const struct sealed_lost *lost, struct error *e)
{
	const struct actor actor = actor_at_the_machine(arena);
	const struct audit_event event = {
		.action = lost->of_events ? "event_endpoint.secret_forgotten" : "connection.secret_forgotten",
		.target_kind = lost->of_events ? "event_endpoint" : "connection",
		.target = lost->holder,
		.target_name = arena_format(arena, "%s %s", lost->holder, lost->name),
	};
	const struct id *whose = id_is_nil(&lost->organisation) ? NULL : &lost->organisation;

	return whose && tx_for(tx, whose, e) < 0 ? -1 : audit_write(tx, whose, &actor, &event, e);
}

static void tell_forgotten(const struct sealed_lost *lost, FILE *to)
{
	if (lost->of_events)
		fprintf(to, "forgotten: %s %s; make another with: rosterctl event endpoint-rotate %s\n", lost->holder, lost->name,
			lost->holder);
	else
		fprintf(to, "forgotten: %s %s; set it again with: rosterctl connection set %s --secret %s\n", lost->holder,
			lost->name, lost->holder, lost->name);
}

int keys_forget(struct store *store, const struct crypt_keys *keys, FILE *to, struct error *e)
{
	scoped(arena) *arena = arena_open("keys");
	scoped(tx) *tx = NULL;
	struct sealed_lost *lost;
	size_t count;

	if (tx_begin(store, STORE_OWNER, &tx, e) < 0 || sealed_forget(tx, arena, keys, &lost, &count, e) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (record(tx, arena, &lost[i], e) < 0)
			return -1;
	if (tx_commit(&tx, e) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		tell_forgotten(&lost[i], to);
	fprintf(to, "%zu secrets were forgotten\n", count);
	return 0;
}
