#include "common/signing.h"

#include "base/text.h"

enum { SKEW_S = 60 };

int signing_open(struct vendor *vendor, const struct setting_source *from, const struct claims_rules *rules, const char *extra)
{
	const char *issuer = setting_text(from, "sign_on_issuer");
	struct oidc_options options = {
		.client_secret = setting_text(from, "sign_on_client_secret"),
		.scope = "openid profile email",
		.extra = extra,
		.issuer_setting = "sign_on_issuer",
		.client_setting = "sign_on_client_id",
		.secret_setting = "sign_on_client_secret",
		.rules = *rules,
	};

	options.rules.client_id = setting_text(from, "sign_on_client_id");
	options.rules.skew_s = SKEW_S;
	if (issuer)
		options.rules.issuer = issuer;
	if (!options.rules.client_id)
		return 0;
	if (!text_begins(options.rules.issuer, "https://"))
		return from->host->fail(from->call, ROSTER_MISCONFIGURED, 0,
					"\"sign_on_issuer\" is \"%.150s\"; an address of https is expected", options.rules.issuer);
	vendor->oidc = oidc_open(&options, vendor->fetch);
	return 0;
}

/* The directory whose call is served now; NULL: nobody signs on there, and fail() was called. */
static struct vendor *serve(struct roster_call *call, void *self)
{
	struct vendor *vendor = vendor_serve(self, call);

	if (vendor->oidc)
		return vendor;
	vendor->caller.host->fail(call, ROSTER_MISCONFIGURED, 0,
				  "\"sign_on_client_id\" is not set, so nobody signs on by this connection");
	return NULL;
}

static int begin(struct roster_call *call, void *self, const char *state)
{
	struct vendor *vendor = serve(call, self);

	return vendor ? oidc_begin(vendor->oidc, &vendor->caller, state) : -1;
}

static int finish(struct roster_call *call, void *self, const struct roster_pair *form)
{
	struct vendor *vendor = serve(call, self);

	return vendor ? oidc_finish(vendor->oidc, &vendor->caller, form) : -1;
}

static int logout(struct roster_call *call, void *self, const char *remote_id, const char *session)
{
	struct vendor *vendor = serve(call, self);

	(void)remote_id;
	return vendor ? oidc_logout(vendor->oidc, &vendor->caller, session) : -1;
}

static int ended(struct roster_call *call, void *self, const struct roster_pair *form)
{
	struct vendor *vendor = serve(call, self);

	return vendor ? oidc_ended(vendor->oidc, &vendor->caller, form) : -1;
}

const struct roster_sign_on signing = {
	.size = sizeof(signing),
	.begin = begin,
	.finish = finish,
	.logout = logout,
	.ended = ended,
	.needs_network = OIDC_NETWORK,
};
