#include "endpoints/speaker.h"

#include "access/changes.h"
#include "access/known_sessions.h"
#include "endpoints/cookie.h"

int memory_open(const struct endpoints_options *options, struct memory *ret, struct error *e)
{
	if (changes_open(options->store, options->verify_stale_ms, &ret->changes, e) < 0)
		return -1;
	return known_sessions_open(options->store, ret->changes, options->log, options->verify_sessions_most,
				   &ret->sessions, e);
}

void memory_close(struct memory *memory)
{
	known_sessions_close(&memory->sessions);
	changes_close(&memory->changes);
}

int speaker_recall(struct exchange *x, struct session *ret, int64_t *ret_age_ms)
{
	uint8_t hash[CRYPT_DIGEST_SIZE];

	/* Asked for before: what is found then is no older. */
	*ret_age_ms = changes_age(x->memory->changes);
	return cookie_session(x->request, x->arena, hash)
		       ? known_sessions_find(x->memory->sessions, hash, x->arena, ret)
		       : 0;
}

void speaker_forget(struct exchange *x, const uint8_t hash[CRYPT_DIGEST_SIZE])
{
	known_sessions_forget(x->memory->sessions, hash);
}

void speaker_doubt(struct exchange *x)
{
	const struct id *organisation = id_is_nil(&x->organisation.id) ? NULL : &x->organisation.id;

	if (x->endpoint->scim)
		return; /* what is pushed is kept for a run */
	if (x->endpoint->stranger && organisation && x->principal.kind == PRINCIPAL_MEMBER)
		changes_doubt(x->memory->changes, organisation, &x->principal.user);
	else
		changes_doubt(x->memory->changes, organisation, NULL);
}

int speaker_find(struct exchange *x, struct session *ret, struct error *e)
{
	uint8_t hash[CRYPT_DIGEST_SIZE];
	int found;

	if (!cookie_session(x->request, x->arena, hash))
		return 0;
	found = exchange_begin(x, e) < 0
			? -1
			: known_sessions_look_up(x->memory->sessions, x->tx, hash, x->arena, ret, e);
	tx_close(&x->tx);
	return found;
}

int speaker_nobody(struct error *e)
{
	return error_set(e, ERROR_UNAUTHENTICATED, "session.none", "nobody is signed in here, or not any more; sign in");
}

int speaker_check(const struct exchange *x, const struct session *session, struct error *e)
{
	const struct principal who = { .kind = PRINCIPAL_MEMBER, .ip_allow_list = session->ip_allow_list };

	return authenticate_address(&who, x->request->address, e) < 0 ? speaker_nobody(e) : 0;
}

void speaker_become(struct exchange *x, const struct session *session)
{
	x->organisation.id = session->organisation;
	x->organisation.slug = session->slug;
	exchange_become(x, &session->user, session->role, session->email, session->name);
}
