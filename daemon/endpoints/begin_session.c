#include "endpoints/begin_session.h"

#include <string.h>

#include "base/clock.h"
#include "base/secret.h"
#include "base/text.h"
#include "endpoints/cookie.h"
#include "endpoints/speaker.h"
#include "roster/session.h"

static const char *agent_of(struct exchange *x)
{
	const char *agent = request_header(x->request, "User-Agent");

	if (!agent || !text_is_printable(agent, strlen(agent)))
		return NULL;
	return arena_text_n(x->arena, agent, text_cut(agent, strlen(agent), SESSION_AGENT_MOST));
}

static int64_t end_us(struct exchange *x, const struct beginning *b)
{
	int64_t end = clock_now_us() + x->options->session_most_ms * INT64_C(1000);

	return b->expires_at > 0 && b->expires_at < end ? b->expires_at : end;
}

/* The browser has one cookie: the session that it had ends, whoever's of whichever organisation it was, and
 * that organisation's audit says so. */
static int end_presented(struct exchange *x, const uint8_t *presented, struct error *e)
{
	const struct actor actor = { .kind = "daemon", .id = "rosterd", .source = "api", .request = x->id };
	struct audit_event event = { .action = "session.ended", .target_kind = "session" };
	uint8_t shown[CRYPT_DIGEST_SIZE];
	struct session old;
	char id[ID_TEXT_SIZE], member[ID_TEXT_SIZE];
	int64_t ended;
	int found;

	if (!presented && !cookie_session(x->request, x->arena, shown))
		return 0;
	speaker_forget(x, presented ? presented : shown);
	found = session_find(x->tx, x->arena, presented ? presented : shown, &old, e);
	if (found <= 0)
		return found;
	event.target = id_text(&old.id, id);
	event.after = exchange_object(x, "member", id_text(&old.user, member), "by", "replaced", NULL);
	if (tx_for(x->tx, &old.organisation, e) < 0 ||
	    session_end(x->tx, &old.organisation, &old.id, NULL, "replaced", &ended, e) < 0 ||
	    (ended > 0 && audit_write(x->tx, &old.organisation, &actor, &event, e) < 0))
		return -1;
	return tx_for(x->tx, &x->organisation.id, e);
}

int begin_session(struct exchange *x, const struct beginning *b, struct id *ret_session, struct error *e)
{
	uint8_t hash[CRYPT_DIGEST_SIZE];
	scoped(secret) *cookie = crypt_token_new(SESSION_PREFIX, hash);
	const struct session session = {
		.id = id_new(),
		.organisation = x->organisation.id,
		.user = b->user,
		.connection = b->connection,
		.remote_id = b->remote_id,
		.provider_subject = b->provider_name ? b->provider_name->subject : NULL,
		.provider_index = b->provider_name ? b->provider_name->index : NULL,
		.address = x->request->address[0] ? x->request->address : NULL,
		.agent = agent_of(x),
		.idle_ms = x->options->session_idle_ms,
		.expires_at = end_us(x, b),
	};
	char id[ID_TEXT_SIZE], connection[ID_TEXT_SIZE];
	int made = session_create(x->tx, x->options->crypt_keys, &session, hash, b->provider, e);

	if (made <= 0)
		return made;
	exchange_become(x, &b->user, b->role, b->email, b->name);
	if (exchange_audit(x, "session.began", "session", id_text(&session.id, id), b->name, NULL,
			   exchange_object(x, "member", x->principal.id, b->by ? "by" : "connection",
					   b->by ? b->by : id_text(&b->connection, connection), NULL),
			   e) < 0 ||
	    end_presented(x, b->presented, e) < 0)
		return -1;
	cookie_set_session(x->reply, secret_text(cookie));
	*ret_session = session.id;
	return 1;
}
