#include "endpoints/verify.h"

#include <string.h>

#include "base/metric.h"
#include "base/text.h"
#include "endpoints/cookie.h"
#include "endpoints/return_to.h"
#include "endpoints/speaker.h"

const char *const verify_session_parameters[] = { "organisation", "roles", "sign_on", NULL };

static void count(const char *outcome)
{
	metric_add(METRIC_VERIFY, LABELS("session", outcome), 1);
}

/* ---- nobody ---- */

/* Where the browser was going, as the proxy says; NULL: it does not, or not to where people may be sent. */
static const char *wanted_address(struct exchange *x)
{
	const struct request *request = x->request;
	const char *address = request_header(request, "X-Original-URL");
	const char *scheme = request_header(request, "X-Forwarded-Proto"),
		   *host = request_header(request, "X-Forwarded-Host"),
		   *path = request_header(request, "X-Forwarded-Uri");

	if (!address && scheme && host && path)
		address = arena_format(x->arena, "%s://%s%s", scheme, host, path);
	return address && strlen(address) <= RETURN_TO_MOST &&
			       return_to_allowed(x->options->return_to, address)
		       ? address
		       : NULL;
}

/* NULL: we do not know where browsers reach us. */
static const char *sign_on_address(struct exchange *x)
{
	__attribute__((cleanup(buffer_close))) struct buffer address = { 0 };
	const char *slug = request_query(x->request, "organisation"), *wanted = wanted_address(x);

	if (!x->options->public_url)
		return NULL;
	buffer_open(&address, REPLY_HEAD_MOST);
	buffer_format(&address, "%s/login", x->options->public_url);
	if (slug) {
		buffer_text(&address, "?organisation=");
		buffer_percent(&address, slug);
	}
	if (wanted) {
		buffer_text(&address, slug ? "&return_to=" : "?return_to=");
		buffer_percent(&address, wanted);
	}
	return address.full ? NULL : arena_text(x->arena, address.bytes);
}

/* Somebody who looks at a page; a script would take the page of signing on for its answer. */
static bool is_browsing(const struct exchange *x)
{
	const char *method = request_header(x->request, "X-Forwarded-Method"),
		   *accept = request_header(x->request, "Accept");

	return (!method || text_equal(method, "GET") || text_equal(method, "HEAD")) && accept &&
	       strstr(accept, "text/html");
}

static int say_nobody(struct exchange *x)
{
	const char *where = sign_on_address(x);
	struct error e;

	count("nobody");
	speaker_nobody(&e);
	if (where && text_equal(request_query(x->request, "sign_on"), "redirect") && is_browsing(x)) {
		x->reply->status = 303;
		reply_header(x->reply, "Location", "%s", where);
		return 1;
	}
	reply_error(x->reply, &e, x->id);
	if (where)
		reply_header(x->reply, "Rosterd-Sign-On", "%s", where);
	return 1;
}

/* ---- somebody ---- */

static bool is_listed(const char *list, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = list; *at;) {
		size_t here = strcspn(at, ",");

		if (here == length && strncmp(at, word, length) == 0)
			return true;
		at += here + (at[here] == ',');
	}
	return false;
}

static int check_wish(const struct exchange *x, const struct session *s, struct error *e)
{
	const struct principal who = { .kind = PRINCIPAL_MEMBER, .ip_allow_list = s->ip_allow_list };
	const char *slug = request_query(x->request, "organisation"),
		   *roles = request_query(x->request, "roles");

	if (authenticate_address(&who, x->request->address, e) < 0)
		return -1;
	if (slug && !text_equal(slug, s->slug))
		return error_set(
			e, ERROR_DENIED, "verify.organisation",
			"who is signed in is of another organisation than \"%.64s\"; sign off, and on there",
			slug);
	if (roles && !is_listed(roles, s->role))
		return error_set(e, ERROR_DENIED, "verify.role",
				 "who is signed in is %s here; one of \"%.80s\" is expected", s->role, roles);
	return 0;
}

static int say_who(struct exchange *x, const struct session *s, int64_t age_ms, struct error *e)
{
	char id[ID_TEXT_SIZE];

	x->organisation.slug = s->slug; /* for the log */
	if (check_wish(x, s, e) < 0) {
		count("denied");
		return -1;
	}
	x->reply->status = 200;
	reply_header(x->reply, "Remote-User", "%s", id_text(&s->user, id));
	reply_header(x->reply, "Remote-Organisation", "%s", s->slug);
	reply_header(x->reply, "Remote-Role", "%s", s->role);
	if (s->name)
		reply_header(x->reply, "Remote-Name", "%s", s->name);
	if (s->email)
		reply_header(x->reply, "Remote-Email", "%s", s->email);
	if (age_ms > 0)
		reply_header(x->reply, "Rosterd-Stale", "%lld", (long long)(age_ms + 999) / 1000);
	return 1;
}

/* ---- the answers ---- */

static int say_unknown(int64_t age_ms, struct error *e)
{
	count("unknown");
	if (age_ms == INT64_MAX)
		error_set(e, ERROR_RETRY, "verify.unknown",
			  "nothing was heard from the database yet, so nobody knows who is signed in; ask "
			  "again");
	else
		error_set(e, ERROR_RETRY, "verify.unknown",
			  "nothing was heard from the database for %lld.%lld s, so nobody knows who is still "
			  "signed in; ask again",
			  (long long)age_ms / 1000, (long long)age_ms % 1000 / 100);
	e->wait_ms = VERIFY_RETRY_MS;
	return -1;
}

int verify_session_at_once(struct exchange *x, struct error *e)
{
	struct session session;
	uint8_t hash[CRYPT_DIGEST_SIZE];
	int64_t age_ms;
	int found = speaker_recall(x, &session, &age_ms);

	if (found == 1 && age_ms <= x->options->verify_stale_ms) {
		count("memory");
		return say_who(x, &session, 0, e);
	}
	if (found == 1 && age_ms <= x->options->verify_lease_ms) {
		count("stale");
		return say_who(x, &session, age_ms, e);
	}
	if (found == 0 && !cookie_session(x->request, x->arena, hash))
		return say_nobody(x);
	return age_ms <= x->options->verify_stale_ms ? 0 : say_unknown(age_ms, e);
}

int verify_prepare_session(struct exchange *x, struct error *e)
{
	struct session *session = arena_take(x->arena, sizeof(*session));
	int found = speaker_find(x, session, e);

	if (found < 0) {
		count("unknown");
		return -1;
	}
	x->prepared = found == 1 ? session : NULL;
	return 0;
}

int verify_session(struct exchange *x, struct error *e)
{
	if (!x->prepared)
		return say_nobody(x) == 1 ? 0 : -1;
	count("database");
	return say_who(x, x->prepared, 0, e) == 1 ? 0 : -1;
}
