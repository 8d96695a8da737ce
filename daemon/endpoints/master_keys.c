/* The operator changes the master key: what the old one sealed is sealed by the new one, so many at a time, and
 * what is left is counted. Asking again goes on where the last exchange ended. */
#include "endpoints/master_keys.h"

#include <string.h>

#include "base/crypt.h"
#include "base/text.h"
#include "roster/sealed.h"

enum { HEX_SIZE = 2 * CRYPT_KEY_ID_SIZE + 1 };

struct ours {
	uint8_t ids[CRYPT_KEYS_MOST][CRYPT_KEY_ID_SIZE]; /* the first seals */
	size_t count;
};

static struct ours our_keys(const struct exchange *x)
{
	struct ours ours;

	ours.count = crypt_key_ids(x->options->crypt_keys, ours.ids);
	return ours;
}

static const char *use_of(const struct ours *ours, const uint8_t *id)
{
	for (size_t i = 0; i < ours->count; i++)
		if (memcmp(ours->ids[i], id, CRYPT_KEY_ID_SIZE) == 0)
			return i == 0 ? "seals" : "opens";
	return "unknown";
}

static void put_key(struct json_writer *w, const struct ours *ours, const uint8_t *id, int64_t secrets,
		    int64_t organisations)
{
	char hex[HEX_SIZE];

	text_hex(id, CRYPT_KEY_ID_SIZE, hex);
	json_begin_object(w, NULL);
	json_put_text(w, "id", hex);
	json_put_text(w, "use", use_of(ours, id));
	json_put_int(w, "secrets", secrets);
	json_put_int(w, "organisations", organisations);
	json_end_object(w);
}

static bool is_among(const struct sealed_key *keys, size_t count, const uint8_t *id)
{
	for (size_t i = 0; i < count; i++)
		if (memcmp(keys[i].id, id, CRYPT_KEY_ID_SIZE) == 0)
			return true;
	return false;
}

/* Ours that seal nothing are shown as well: that is when the old one may go. */
int master_keys_list(struct exchange *x, struct error *e)
{
	struct ours ours = our_keys(x);
	struct sealed_key *keys;
	struct json_writer w;
	size_t count;

	if (sealed_keys(x->tx, x->arena, &keys, &count, e) < 0)
		return -1;
	exchange_list_begin(x, &w);
	for (size_t i = 0; i < count; i++)
		put_key(&w, &ours, keys[i].id, keys[i].secrets, keys[i].organisations);
	for (size_t i = 0; i < ours.count; i++)
		if (!is_among(keys, count, ours.ids[i]))
			put_key(&w, &ours, ours.ids[i], 0, 0);
	exchange_list_end(&w, NULL);
	return 0;
}

/* Those of one organisation (nil: what is the operator's own), with an entry in its audit. */
static int reseal_organisation(struct exchange *x, int most, int64_t *ret_count, struct error *e)
{
	const struct id *organisation = &x->organisation.id;
	char id[ID_TEXT_SIZE], hex[HEX_SIZE];
	struct ours ours = our_keys(x);

	text_hex(ours.ids[0], CRYPT_KEY_ID_SIZE, hex);
	if ((id_is_nil(organisation) ? audit_choose(x->tx, NULL, e) : tx_for(x->tx, organisation, e)) < 0 ||
	    sealed_renew(x->tx, x->options->crypt_keys, organisation, most, ret_count, e) < 0)
		return -1;
	return exchange_audit(x, "connection.secrets_resealed", "organisation", id_text(organisation, id), NULL, NULL,
			      exchange_object(x, "master_key", hex, NULL), e);
}

static int reseal(struct exchange *x, int64_t *ret_done, struct error *e)
{
	int64_t done = 0, count = 1;
	int found = 1;

	/* nothing done where something was to do: somebody else is at it */
	while (done < RESEAL_MOST && count > 0) {
		found = sealed_next(x->tx, x->arena, x->options->crypt_keys, &x->organisation.id, e);
		if (found <= 0)
			break;
		if (reseal_organisation(x, (int)(RESEAL_MOST - done), &count, e) < 0)
			return -1;
		done += count;
	}
	x->organisation.id = (struct id){ 0 }; /* the exchange is the operator's */
	*ret_done = done;
	return found < 0 ? -1 : 0;
}

static int count_others(struct exchange *x, int64_t *ret, struct error *e)
{
	struct ours ours = our_keys(x);
	struct sealed_key *keys;
	size_t count;

	if (sealed_keys(x->tx, x->arena, &keys, &count, e) < 0)
		return -1;
	*ret = 0;
	for (size_t i = 0; i < count; i++)
		if (memcmp(keys[i].id, ours.ids[0], CRYPT_KEY_ID_SIZE) != 0)
			*ret += keys[i].secrets;
	return 0;
}

int master_keys_reseal(struct exchange *x, struct error *e)
{
	int64_t done, left;
	struct json_writer w;

	if (reseal(x, &done, e) < 0 || count_others(x, &left, e) < 0)
		return -1;
	exchange_reply(x, 200, &w);
	json_begin_object(&w, NULL);
	json_put_int(&w, "resealed", done);
	json_put_int(&w, "remaining", left);
	json_end_object(&w);
	return 0;
}
