/* What a provider says about logout: by itself, with a logout token that it has signed (OpenID Connect Back-Channel Logout 1.0), or by a browser that it
 * lets ask for our address (Front-Channel Logout 1.0). The latter is signed by nobody: it ends the one session whose "sid" it knows, which was in the ID token and
 * nowhere else, and never all of a person. */
#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "common/claims.h"
#include "common/oidc.h"
#include "common/oidc_provider.h"

#include <string.h>

enum { LOGOUT_TOKEN_MOST = 16 << 10, LOGOUT_TOKEN_S = 3600 };

static void tell(void *context, const char *check, bool passed, const char *expected, const char *received, const char *advice)
{
	oidc_judged(context, passed, check, expected, received, advice);
}

static int back_channel(struct oidc *o, const struct fetch_caller *caller, const char *token)
{
	const struct roster_host *host = caller->host;
	int64_t now_s = clock_now_us() / 1000000;
	struct json *claims;

	if (oidc_judged(caller, token && strlen(token) <= LOGOUT_TOKEN_MOST, "logout token", "one of at most 16 KiB", token ? "more" : "none",
			"the provider is to send its logout tokens here (back-channel logout)") < 0 ||
	    oidc_know_provider(o, caller) < 0 || oidc_verify_token(o, caller, token, &claims) < 0 ||
	    claims_judge_logout(&o->options.rules, claims, now_s, o->arena, tell, (void *)caller) < 0)
		return -1;
	if (host->once(caller->call, claims_text(claims, "jti", ROSTER_ID_MOST), now_s + LOGOUT_TOKEN_S) < 0)
		return -1;
	return host->session_of(caller->call, claims_text(claims, "sub", CLAIMS_SUBJECT_MOST), claims_text(claims, "sid", ROSTER_ID_MOST));
}

static bool is_ours(const struct oidc *o, const char *issuer)
{
	const char *expected = o->options.rules.issuer;
	size_t fixed = strcspn(expected, "{"); /* where tenants share an address, each has its own issuer */

	return issuer && (expected[fixed] ? strncmp(issuer, expected, fixed) == 0 : strcmp(issuer, expected) == 0);
}

static int front_channel(struct oidc *o, const struct fetch_caller *caller, const char *issuer, const char *session)
{
	if (oidc_judged(caller, is_ours(o, issuer), "issuer", o->options.rules.issuer, issuer ? issuer : "none",
			"the provider is to say who it is (frontchannel_logout_session_required)") < 0 ||
	    oidc_judged(caller, session && *session && strlen(session) <= ROSTER_ID_MOST && text_is_printable(session, strlen(session)), "session",
			"its \"sid\"", session ? "what is none" : "none",
			"the provider is to say which session ends (frontchannel_logout_session_required)") < 0)
		return -1;
	return caller->host->session_of(caller->call, NULL, session);
}

int oidc_ended(struct oidc *o, const struct fetch_caller *caller, const struct roster_pair *form)
{
	bool several = false, posted = text_equal(caller->host->attempt(caller->call, "method"), "POST");
	const char *token = oidc_field(form, "logout_token", &several), *issuer = oidc_field(form, "iss", &several),
		   *session = oidc_field(form, "sid", &several);

	arena_reset(o->arena);
	if (oidc_judged(caller, !several, "message", "each field once", "one of them twice",
			"something between the provider and here changes what it says") < 0)
		return -1;
	return posted ? back_channel(o, caller, token) : front_channel(o, caller, issuer, session);
}
