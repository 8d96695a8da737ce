/* A refusal that ends something is answered and committed: so it is written as a reply here, and no error. */
#include "endpoints/openid_token.h"

#include <string.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/metric.h"
#include "base/secret.h"
#include "base/text.h"
#include "endpoints/form.h"
#include "endpoints/openid.h"
#include "endpoints/openid_request.h"
#include "endpoints/scim_oauth.h"

#define AS_LONG_AS_SESSION_MS                                                                                \
	(3650 * 24 * 3600 * INT64_C(1000)) /* no session lasts longer, and no token beyond its session */

/* From prepare to answer. */
struct order {
	bool refreshes; /* what it shows is a token that refreshes, and otherwise a code */
	struct client client;
	struct granted grant;				     /* whose session still counts */
	const char *shown, *redirect_uri, *verifier, *scope; /* as they came; NULL: not */
	uint8_t hash[CRYPT_DIGEST_SIZE];		     /* of what was shown */
};

static int invalid_grant(struct error *e)
{
	return error_set(e, ERROR_INPUT, "oauth.invalid_grant",
			 "the code or token is unknown, over, or another application's, or whoever it was "
			 "given for is not signed in any more");
}

static void count(const struct order *o, const char *outcome)
{
	metric_add(METRIC_OPENID_TOKENS,
		   LABELS(o->refreshes ? "refresh_token" : "authorization_code", outcome), 1);
}

/* ---- what is asked ---- */

static int read_order(const struct link_pair *fields, size_t fields_count, struct order *o, struct error *e)
{
	const char *grant_type = form_field(fields, fields_count, "grant_type");

	o->refreshes = text_equal(grant_type, "refresh_token");
	if (grant_type && !o->refreshes && !text_equal(grant_type, "authorization_code"))
		return error_set(e, ERROR_INPUT, "oauth.unsupported_grant_type",
				 "\"grant_type\" is \"authorization_code\" or \"refresh_token\"");
	o->shown = form_field(fields, fields_count, o->refreshes ? "refresh_token" : "code");
	o->redirect_uri = form_field(fields, fields_count, "redirect_uri");
	o->verifier = form_field(fields, fields_count, "code_verifier");
	o->scope = form_field(fields, fields_count, "scope");
	if (!grant_type || !o->shown)
		return error_set(e, ERROR_INPUT, "oauth.invalid_request", "\"%s\" is missing, or came twice",
				 !grant_type	? "grant_type"
				 : o->refreshes ? "refresh_token"
						: "code");
	return 0;
}

/* What was shown is one of ours, this client's, and of a session that counts. */
static int find_grant(struct exchange *x, struct order *o, struct error *e)
{
	int found;

	if (!grant_is(o->refreshes ? GRANT_REFRESH_PREFIX : GRANT_CODE_PREFIX, o->shown))
		return invalid_grant(e);
	crypt_sha256(o->shown, GRANT_TEXT_SIZE, o->hash);
	found = exchange_begin(x, e) < 0 ? -1
		: o->refreshes		 ? grant_by_token(x->tx, x->arena, o->hash, &o->grant, e)
					 : grant_by_code(x->tx, x->arena, o->hash, &o->grant, e);
	tx_close(&x->tx);
	if (found < 0)
		return -1;
	if (found == 0 || !id_equal(&o->grant.client, &o->client.id) || !o->grant.slug || o->grant.ended)
		return invalid_grant(e);
	x->organisation.id = o->grant.organisation;
	x->organisation.slug = o->grant.slug;
	return 0;
}

int openid_prepare_token(struct exchange *x, struct error *e)
{
	struct order *o = arena_take(x->arena, sizeof(*o));
	struct link_pair *fields;
	size_t fields_count;

	x->prepared = o;
	if (openid_check(x, e) < 0 || form_read(x->request, x->arena, &fields, &fields_count, e) < 0 ||
	    openid_client(x, fields, fields_count, &o->client, e) < 0 ||
	    read_order(fields, fields_count, o, e) < 0)
		return -1;
	if (find_grant(x, o, e) == 0)
		return 0;
	count(o, "refused");
	return -1;
}

/* ---- what is answered ---- */

/* The successor of a token that refreshes is reckoned from it and the master key, so that whoever did not
 * hear the answer is told the same again, and nothing has to be kept for that. */
static void successors_of(struct exchange *x, const struct order *o, const char *ret_texts[CRYPT_KEYS_MOST],
			  uint8_t ret_hashes[CRYPT_KEYS_MOST][CRYPT_DIGEST_SIZE], size_t *ret_count)
{
	static const char purpose[] = "rosterd refresh\n";
	uint8_t digest[CRYPT_DIGEST_SIZE], made[CRYPT_KEYS_MOST][CRYPT_DIGEST_SIZE];
	char text[CRYPT_DIGEST_SIZE * 2];

	crypt_hmac_sha256(purpose, sizeof(purpose) - 1, o->shown, GRANT_TEXT_SIZE, digest);
	*ret_count = crypt_keys_hash(x->options->crypt_keys, digest, made);
	for (size_t i = 0; i < *ret_count; i++) {
		text_base64url(made[i], CRYPT_DIGEST_SIZE, text);
		ret_texts[i] = arena_format(x->arena, GRANT_REFRESH_PREFIX "_%s", text);
		crypt_sha256(ret_texts[i], GRANT_TEXT_SIZE, ret_hashes[i]);
	}
	secret_wipe(made, sizeof(made));
	secret_wipe(text, sizeof(text));
}

static void put_scope(struct exchange *x, struct json_writer *w, const char *const *scopes)
{
	const char *all = "";

	for (; *scopes; scopes++)
		all = arena_format(x->arena, "%s%s%s", all, *all ? " " : "", *scopes);
	json_put_text(w, "scope", all);
}

static int give(struct exchange *x, const struct order *o, const char *const *scopes, const char *refresh,
		struct error *e)
{
	uint8_t hash[CRYPT_DIGEST_SIZE];
	scoped(secret) *access = crypt_token_new(GRANT_ACCESS_PREFIX, hash);
	const char *id_token;
	struct json_writer w;
	int64_t until;

	if (grant_add_token(x->tx, &o->grant, "access", hash, scopes, x->options->access_ms, &until, e) < 0 ||
	    openid_id_token(x, &o->client, &o->grant, scopes, o->grant.nonce, secret_text(access), &id_token,
			    e) < 0)
		return -1;
	count(o, "given");
	x->shown_once = true;
	exchange_reply(x, 200, &w);
	json_begin_object(&w, NULL);
	json_put_text(&w, "access_token", secret_text(access));
	json_put_text(&w, "token_type", "Bearer");
	json_put_int(&w, "expires_in", (until - clock_now_us()) / 1000000);
	json_put_text(&w, "refresh_token", refresh);
	json_put_text(&w, "id_token", id_token);
	put_scope(x, &w, scopes);
	json_end_object(&w);
	return 0;
}

/* What was done on the way stays done. */
static int refuse(struct exchange *x, const struct order *o, const char *outcome)
{
	struct error why;

	invalid_grant(&why);
	count(o, outcome);
	scim_oauth_reply_error(x->reply, &why);
	return 0;
}

/* Somebody has what they should not have: all that came of it ends. */
static int end_all(struct exchange *x, const struct order *o, const char *by, const char *action,
		   struct error *e)
{
	char user[ID_TEXT_SIZE], grant[ID_TEXT_SIZE];
	bool ended;

	if (grant_end(x->tx, &o->grant, by, &ended, e) < 0)
		return -1;
	if (ended && exchange_audit(x, action, "member", id_text(&o->grant.user, user), o->grant.name, NULL,
				    exchange_object(x, "client", o->client.name, "grant",
						    id_text(&o->grant.id, grant), NULL),
				    e) < 0)
		return -1;
	log_note(&x->log, "application \"%s\": a %s was shown a second time, and all that came of it is over",
		 o->client.name, o->refreshes ? "token that refreshes" : "code");
	return refuse(x, o, by);
}

/* ---- by a code ---- */

static int exchange_code(struct exchange *x, const struct order *o, struct error *e)
{
	uint8_t hash[CRYPT_DIGEST_SIZE];
	int64_t until;
	bool again;
	int used = grant_use(x->tx, &o->grant, &again, e), held;

	if (used < 0 || (held = grant_hold_session(x->tx, &o->grant, e)) < 0)
		return -1;
	if (again)
		return end_all(x, o, "replay", "application.code_replayed", e);
	/* A wrong verifier has used the code up, too: there is no second guess. */
	if (used == 0 || held == 0 || !text_equal(o->redirect_uri, o->grant.redirect_uri) ||
	    !openid_is_verifier(o->verifier, o->grant.challenge))
		return refuse(x, o, "refused");
	scoped(secret) *refresh = crypt_token_new(GRANT_REFRESH_PREFIX, hash);
	if (grant_add_token(x->tx, &o->grant, "refresh", hash, o->grant.scopes, AS_LONG_AS_SESSION_MS, &until,
			    e) < 0)
		return -1;
	return give(x, o, o->grant.scopes, secret_text(refresh), e);
}

/* ---- by a token that refreshes ---- */

/* What is asked for, of what there is: NULL: more than that. */
static const char *const *narrowed(struct exchange *x, const struct order *o)
{
	char *rest = arena_text(x->arena, o->scope ? o->scope : ""), *word;
	const char **list;
	size_t count_of = 0;

	if (!o->scope)
		return o->grant.scopes;
	list = arena_array(x->arena, strlen(o->scope) / 2 + 2, sizeof(*list));
	while ((word = strtok_r(rest, " ", &rest))) {
		if (!openid_has_scope(o->grant.scopes, word))
			return NULL;
		list[count_of++] = word;
	}
	return openid_has_scope(list, "openid") ? list : NULL;
}

static int refresh(struct exchange *x, struct order *o, struct error *e)
{
	const char *texts[CRYPT_KEYS_MOST], *const *scopes = narrowed(x, o);
	uint8_t hashes[CRYPT_KEYS_MOST][CRYPT_DIGEST_SIZE];
	enum grant_refresh is;
	size_t which, some;
	int64_t until;
	int held;

	if (!scopes)
		return error_set(e, ERROR_INPUT, "oauth.invalid_scope",
				 "\"scope\" has more than was given, or not \"openid\"");
	successors_of(x, o, texts, hashes, &some);
	if (grant_refresh(x->tx, &o->grant, o->hash, (const uint8_t(*)[CRYPT_DIGEST_SIZE])hashes, some,
			  x->options->refresh_grace_ms, &is, &which, e) < 0 ||
	    (held = grant_hold_session(x->tx, &o->grant, e)) < 0)
		return -1;
	if (is == GRANT_REUSED)
		return end_all(x, o, "reuse", "application.token_reused", e);
	if (held == 0)
		return refuse(x, o, "refused");
	if (is == GRANT_FRESH && grant_add_token(x->tx, &o->grant, "refresh", hashes[which], o->grant.scopes,
						 AS_LONG_AS_SESSION_MS, &until, e) < 0)
		return -1;
	o->grant.nonce = NULL; /* it was of the first sign-on (OpenID Connect Core 1.0, 12.2) */
	return openid_seen(x, &o->grant, e) < 0
		       ? -1
		       : give(x, o, scopes, texts[which], e);
}

int openid_token(struct exchange *x, struct error *e)
{
	struct order *o = x->prepared;

	return o->refreshes ? refresh(x, o, e) : exchange_code(x, o, e);
}
