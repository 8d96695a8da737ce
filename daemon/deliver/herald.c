#include "deliver/herald.h"

#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/crypt.h"
#include "base/json.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/text.h"
#include "plugin/link.h"
#include "roster/logout.h"
#include "roster/signing_key.h"
#include "store/transaction.h"

#define PLUGIN "webhook"
#define EVENT  "http://schemas.openid.net/event/backchannel-logout"

enum { CLAIMS_MOST = 2 << 10, SAID_MOST = 200 };

/* One that is told. */
struct round {
	const struct herald_means *means;
	struct arena *arena;
	struct log log;
	struct logout logout;
};

static void round_close(struct round *r)
{
	arena_close(&r->arena);
}

static void count(const char *outcome)
{
	metric_add(METRIC_LOGOUTS, LABELS(outcome), 1);
}

static int claim(struct round *r, struct error *e)
{
	scoped(tx) *tx = NULL;
	int found;

	if (tx_begin(r->means->store, STORE_WORKER, &tx, e) < 0)
		return -1;
	found = logout_claim(tx, r->arena, HERALD_HOLD_MS, &r->logout, e);
	return found <= 0 ? found : tx_commit(&tx, e) < 0 ? -1 : 1;
}

/* ---- the message ---- */

/* Logout token: section 2.4. It has no nonce, so that nobody takes it for an ID token. */
static int write_claims(const struct round *r, struct buffer *claims, struct error *e)
{
	const struct logout *l = &r->logout;
	const struct id jti = id_new();
	int64_t now_s = clock_now_us() / 1000000;
	char text[ID_TEXT_SIZE];
	struct json_writer w;

	json_writer_open(&w, claims);
	json_begin_object(&w, NULL);
	json_put_text(&w, "iss", r->means->public_url);
	json_put_text(&w, "sub", id_text(&l->user, text));
	json_put_text(&w, "aud", l->client);
	json_put_int(&w, "iat", now_s);
	json_put_int(&w, "exp", now_s + HERALD_TOKEN_S);
	json_put_text(&w, "jti", id_text(&jti, text));
	json_put_text(&w, "sid", id_text(&l->session, text));
	json_begin_object(&w, "events");
	json_begin_object(&w, EVENT);
	json_end_object(&w);
	json_end_object(&w);
	json_end_object(&w);
	return claims->full ? error_set(e, ERROR_INTERNAL, "herald.claims", "the logout token is too long")
			    : 0;
}

static int write_body(const struct round *r, const char **ret, struct error *e)
{
	__attribute__((cleanup(buffer_close))) struct buffer claims;
	scoped(tx) *tx = NULL;
	const char *token;

	buffer_open(&claims, CLAIMS_MOST);
	if (write_claims(r, &claims, e) < 0 || tx_begin(r->means->store, STORE_WORKER, &tx, e) < 0 ||
	    signing_key_sign(tx, r->means->keys, r->logout.algorithm, "logout+jwt", claims.bytes, r->arena,
			     &token, e) < 0)
		return -1;
	*ret = arena_format(r->arena, "logout_token=%s", token); /* its letters need no encoding */
	return tx_commit(&tx, e);
}

/* 0: *ret_status was answered. -1: nothing was. */
static int post(const struct round *r, const char *body, int *ret_status, const char **ret_said,
		struct error *e)
{
	const struct link_setting settings[] = { { .name = "url", .text = r->logout.uri },
						 { .name = "form", .text = "yes" } };
	const struct link_options options = {
		.plugin = PLUGIN,
		.settings = settings,
		.setting_count = ARRAY_COUNT(settings),
		.deadline_ms = HERALD_ANSWER_MS,
		.allow_private = r->means->allow_private,
		.log = &r->log,
	};
	char id[ID_TEXT_SIZE];
	const struct link_event told = {
		.id = id_text(&r->logout.id, id),
		.signature = "none", /* the token is signed itself */
		.at = clock_now_us() / 1000000,
		.body = body,
		.body_size = strlen(body),
	};
	scoped(link) *link = NULL;

	return link_open(r->means->catalog, &options, &link, e) < 0
		       ? -1
		       : link_deliver(link, &told, HERALD_ANSWER_MS, r->arena, ret_status, ret_said, e);
}

/* ---- what comes of it ---- */

static int64_t pause_ms(int tries)
{
	static const int pauses_s[] = { 2, 5, 30, 120, 600, 1800, 3600 };
	size_t last = ARRAY_COUNT(pauses_s) - 1, at = (size_t)(tries - 1) < last ? (size_t)(tries - 1) : last;
	uint32_t chance;

	crypt_random(&chance, sizeof(chance));
	return (int64_t)pauses_s[at] *
	       (900 + chance % 201); /* a tenth more or less, so that many do not come at once */
}

/* It hears, and does not want this. */
static bool is_refusal(int status)
{
	return status >= 400 && status <= 499 && status != 408 && status != 425 && status != 429;
}

/* why NULL: it was told. */
static int keep(const struct round *r, const char *why, bool refused, struct error *e)
{
	const struct logout *l = &r->logout;
	bool over = clock_now_us() - l->made_at > HERALD_PATIENCE_MS * 1000 ||
		    (refused && l->tries >= HERALD_REFUSALS_MOST);
	scoped(tx) *tx = NULL;

	if (tx_begin(r->means->store, STORE_WORKER, &tx, e) < 0 || tx_for(tx, &l->organisation, e) < 0)
		return -1;
	if (!why   ? logout_told(tx, l, e) < 0
	    : over ? logout_give_up(tx, l, why, e) < 0
		   : logout_again(tx, l, why, pause_ms(l->tries), e) < 0)
		return -1;
	if (!why)
		count("told");
	else if (over)
		count("given_up");
	else
		count(refused ? "refused" : "unanswered");
	if (why && over)
		log_warning(&r->log, "was not told that a session is over, and will not be: %s", why);
	return tx_commit(&tx, e);
}

static int tell(struct round *r, struct error *e)
{
	struct error why = { 0 };
	const char *body, *said = "";
	int status = 0;

	if (write_body(r, &body, &why) < 0)
		return keep(r, arena_text(r->arena, why.text), false, e);
	if (post(r, body, &status, &said, &why) < 0)
		return keep(r, arena_text(r->arena, why.text), false, e);
	if (status >= 200 && status <= 299)
		return keep(r, NULL, false, e);
	return keep(r,
		    arena_format(r->arena, "it answered %d: %.*s", status,
				 (int)text_cut(said, strcspn(said, "\n"), SAID_MOST), said),
		    is_refusal(status), e);
}

int herald_round(const struct herald_means *means, bool *ret_more, struct error *e)
{
	scoped(round) r = { .means = means, .arena = arena_open("herald") };
	int found;

	*ret_more = false;
	if (!means->public_url)
		return 0;
	found = claim(&r, e);
	if (found <= 0)
		return found;
	*ret_more = true;
	log_subject(&r.log, means->log, "application %s", r.logout.client);
	return tell(&r, e);
}

/* ---- now and then ---- */

static int tend_keys(const struct herald_means *means, struct error *e)
{
	scoped(tx) *tx = NULL;
	int made;

	if (tx_begin(means->store, STORE_WORKER, &tx, e) < 0 ||
	    signing_key_tend(tx, means->keys, means->roll_keys_ms, &made, e) < 0 || tx_commit(&tx, e) < 0)
		return -1;
	if (made > 0)
		log_note(means->log, "made %d keys that sign for applications", made);
	return 0;
}

int herald_tend(const struct herald_means *means, bool *ret_more, struct error *e)
{
	scoped(arena) *arena = arena_open("herald");
	int64_t over, waiting, waiting_us;
	scoped(tx) *tx = NULL;

	*ret_more = false;
	if (means->public_url && tend_keys(means, e) < 0)
		return -1;
	if (tx_begin(means->store, STORE_WORKER, &tx, e) < 0 ||
	    logout_sessions_over(tx, HERALD_SESSIONS_MOST, &over, e) < 0 ||
	    logout_figures(tx, arena, &waiting, &waiting_us, e) < 0 || tx_commit(&tx, e) < 0)
		return -1;
	*ret_more = over == HERALD_SESSIONS_MOST;
	metric_set(METRIC_LOGOUTS_WAITING, NO_LABELS, waiting);
	metric_set(METRIC_LOGOUTS_OLDEST_WAITING, NO_LABELS, waiting_us);
	return 0;
}
