/* The OpenID Connect plug-in: people of any provider that speaks OpenID Connect sign on. It reads no directory. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "common/oidc.h"
#include "common/setting.h"
#include "connector.h"

static const char *const secret_words[] = { "basic", "body", NULL };

static const struct roster_setting settings_table[] = {
	{ "issuer", ROSTER_ADDRESS,
	  "What the provider calls itself, to the letter, such as https://login.acme.example; it describes itself below that address.", 1, NULL, NULL },
	{ "client_id", ROSTER_TEXT, "The client ID of the application at the provider.", 1, NULL, NULL },
	{ "client_secret", ROSTER_SECRET, "Its secret; none for an application that has none (PKCE alone proves that it is us).", 0, NULL, NULL },
	{ "secret_in", ROSTER_WORD, "Where the secret is shown: in a header (basic), or in the body.", 0, "basic", secret_words },
	{ "scopes", ROSTER_TEXT, "What the provider is asked for, such as \"openid profile email groups\".", 0, "openid profile email", NULL },
	{ "user_name", ROSTER_TEXT, "The claim that is the user name.", 0, "preferred_username", NULL },
	{ "groups", ROSTER_TEXT, "The claim with the groups of the person; without it in a token, nothing is said of groups.", 0, "groups", NULL },
	{ "tenants", ROSTER_LIST, "Only people whose claim \"tid\" is one of these; by default it is not looked at.", 0, NULL, NULL },
	{ "hosted_domains", ROSTER_LIST, "Only people whose claim \"hd\" is one of these; by default it is not looked at.", 0, NULL, NULL },
	{ "skew", ROSTER_DURATION, "How far apart the clocks of the provider and of this machine may be.", 0, "60s", NULL },
	{ "ca_certificate", ROSTER_PEM, "The authority that made the provider's certificate; without it, those that the system trusts.", 0, NULL, NULL },
	{ "proxy", ROSTER_ADDRESS, "A proxy on the way out, such as http://proxy.acme.example:3128; by default there is none.", 0, NULL, NULL },
	{ "timeout", ROSTER_DURATION, "How long the provider may keep us waiting, such as 10s.", 0, "10s", NULL },
	{ 0 },
};

enum { SKEW_MS_MOST = 300 * 1000, TIMEOUT_MS_MOST = 60 * 1000 };

struct provider {
	struct fetch_caller caller; /* whom we serve now */
	struct arena *arena;	    /* as long as we live */
	const char *secret;
	struct fetch *fetch;
	struct oidc *oidc;
};

static void close_provider(void *self)
{
	struct provider *p = self;

	oidc_close(&p->oidc);
	fetch_close(&p->fetch);
	if (p->secret)
		explicit_bzero((char *)p->secret, strlen(p->secret)); /* our own copy */
	arena_close(&p->arena);
	free(p);
}

/* The lines of a list that was set; NULL: it is not. */
static int read_list(const struct setting_source *from, const char *name, const char *const **ret)
{
	const char **lines = arena_array(from->arena, SETTING_LINES_MOST + 1, sizeof(*lines));

	if (setting_lines(from, name, lines) < 0)
		return -1;
	*ret = lines[0] ? lines : NULL;
	return 0;
}

static int read_settings(struct provider *p, struct oidc_options *oidc, struct fetch_options *fetch)
{
	const struct setting_source from = { p->caller.call, p->caller.host, p->arena };
	int skew_ms;

	*oidc = (struct oidc_options){
		.client_secret = setting_text(&from, "client_secret"),
		.secret_in_body = text_equal(setting_text(&from, "secret_in"), "body"),
		.scope = setting_text(&from, "scopes"),
		.issuer_setting = "issuer",
		.client_setting = "client_id",
		.secret_setting = "client_secret",
		.rules = {
			.issuer = setting_text(&from, "issuer"),
			.client_id = setting_text(&from, "client_id"),
			.key = "sub",
			.groups = setting_text(&from, "groups"),
			.user_name = setting_text(&from, "user_name"),
			.email = CLAIMS_EMAIL_VERIFIED,
		},
	};
	*fetch = (struct fetch_options){
		.vendor = "the provider",
		.proxy = setting_text(&from, "proxy"),
		.authorities = setting_text(&from, "ca_certificate"),
		.authorities_setting = "ca_certificate",
		.proxy_setting = "proxy",
	};
	p->secret = oidc->client_secret;
	if (!oidc->scope)
		oidc->scope = "openid";
	if (read_list(&from, "tenants", &oidc->rules.tenants) < 0 || read_list(&from, "hosted_domains", &oidc->rules.domains) < 0 ||
	    setting_number(&from, "skew", 0, SKEW_MS_MOST, &skew_ms) < 0 ||
	    setting_number(&from, "timeout", 1000, TIMEOUT_MS_MOST, &fetch->silence_ms) < 0)
		return -1;
	oidc->rules.skew_s = skew_ms / 1000;
	if (!oidc->rules.issuer || !text_begins(oidc->rules.issuer, "https://"))
		return from.host->fail(from.call, ROSTER_MISCONFIGURED, 0,
				       "\"issuer\" is \"%.150s\"; an address of https is expected, such as \"https://login.acme.example\"",
				       oidc->rules.issuer ? oidc->rules.issuer : "");
	if (!oidc->rules.client_id)
		return from.host->fail(from.call, ROSTER_MISCONFIGURED, 0, "\"client_id\" is empty; that of the application at the provider is expected");
	return 0;
}

static int open_provider(struct roster_call *call, const struct roster_host *host, void **ret_self)
{
	struct provider *p = calloc(1, sizeof(*p));
	struct oidc_options oidc;
	struct fetch_options fetch;

	if (!p)
		return host->fail(call, ROSTER_TRY_LATER, 0, "out of memory");
	p->arena = arena_open("openid settings");
	p->caller = (struct fetch_caller){ call, host };
	if (read_settings(p, &oidc, &fetch) < 0 || fetch_open(&p->caller, &fetch, &p->fetch) < 0) {
		close_provider(p);
		return -1;
	}
	p->oidc = oidc_open(&oidc, p->fetch);
	*ret_self = p;
	return 0;
}

static struct provider *serve(void *self, struct roster_call *call)
{
	struct provider *p = self;

	p->caller.call = call;
	return p;
}

static int check(struct roster_call *call, void *self)
{
	struct provider *p = serve(self, call);

	return oidc_check(p->oidc, &p->caller);
}

static int begin(struct roster_call *call, void *self, const char *state)
{
	struct provider *p = serve(self, call);

	return oidc_begin(p->oidc, &p->caller, state);
}

static int finish(struct roster_call *call, void *self, const struct roster_pair *form)
{
	struct provider *p = serve(self, call);

	return oidc_finish(p->oidc, &p->caller, form);
}

static int logout(struct roster_call *call, void *self, const char *remote_id, const char *session)
{
	struct provider *p = serve(self, call);

	(void)remote_id;
	return oidc_logout(p->oidc, &p->caller, session);
}

static int ended(struct roster_call *call, void *self, const struct roster_pair *form)
{
	struct provider *p = serve(self, call);

	return oidc_ended(p->oidc, &p->caller, form);
}

static const struct roster_sign_on sign_on = {
	.size = sizeof(sign_on),
	.begin = begin,
	.finish = finish,
	.logout = logout,
	.ended = ended,
	.needs_network = OIDC_NETWORK,
};

static const char *const place[] = { "issuer", NULL };

ROSTER_CONNECTOR = {
	.abi_major = ROSTER_ABI_MAJOR,
	.abi_minor = ROSTER_ABI_MINOR,
	.size = sizeof(struct roster_connector),
	.name = "oidc",
	.title = "OpenID Connect (any provider)",
	.settings = settings_table,
	.open = open_provider,
	.close = close_provider,
	.check = check,
	.sign_on = &sign_on,
	.place = place,
};
