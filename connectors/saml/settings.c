#include "saml/settings.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "common/setting.h"
#include "saml/answer.h"
#include "saml/metadata.h"
#include "saml/person.h"

static const char *const bindings[] = { "redirect", "post", NULL };
static const char *const demands[] = { "any", "response", "assertion", "both", NULL };
static const char *const ciphers[] = { "any", "authenticated", NULL };
static const char *const presets[] = { "generic",  "okta",     "entra", "google",    "auth0",	   "adfs",
				       "keycloak", "onelogin", "ping",	"jumpcloud", "shibboleth", NULL };

/* clang-format off */
const struct roster_setting settings_table[] = {
	{ .name = "metadata", .type = ROSTER_TEXT,
	  .words_for_people = "The provider's metadata, XML; they say its entity id, where people sign on, and its certificates." },
	{ .name = "entity_id", .type = ROSTER_TEXT,
	  .words_for_people = "The provider's entity id (issuer), if no metadata say it or if they have several." },
	{ .name = "sign_on_url", .type = ROSTER_TEXT,
	  .words_for_people = "Where people are sent to sign on, such as \"https://idp.acme.example/sso\"; instead of what the metadata say." },
	{ .name = "sign_on_binding", .type = ROSTER_WORD, .fallback = "redirect", .words = bindings,
	  .words_for_people = "How they are sent there: by HTTP-Redirect or HTTP-POST." },
	{ .name = "logout_url", .type = ROSTER_TEXT,
	  .words_for_people = "Where people are sent to sign off (HTTP-Redirect); instead of what the metadata say." },
	{ .name = "certificates", .type = ROSTER_PEM,
	  .words_for_people = "The certificates that the provider signs with, one behind the other; instead of those of the metadata." },
	{ .name = "private_key", .type = ROSTER_SECRET,
	  .words_for_people = "Our private key, RSA in PEM: signs our requests and opens what is encrypted for us." },
	{ .name = "certificate", .type = ROSTER_PEM,
	  .words_for_people = "The certificate of our private key, which the provider is given in our metadata." },
	{ .name = "next_private_key", .type = ROSTER_SECRET,
	  .words_for_people = "The key that is to follow ours, while providers still know the old one: opens what is encrypted for it, and signs nothing yet." },
	{ .name = "next_certificate", .type = ROSTER_PEM,
	  .words_for_people = "The certificate of that key; our metadata have both." },
	{ .name = "sign_requests", .type = ROSTER_YES_NO, .fallback = "yes",
	  .words_for_people = "Whether our requests are signed, if there is a private key." },
	{ .name = "name_id_format", .type = ROSTER_TEXT,
	  .words_for_people = "The format of NameID that is asked for, such as \"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\"." },
	{ .name = "signed", .type = ROSTER_WORD, .fallback = "any", .words = demands,
	  .words_for_people = "What must be signed: the response, the assertion, both, or any of the two." },
	{ .name = "encryption", .type = ROSTER_WORD, .fallback = "any", .words = ciphers,
	  .words_for_people = "Which encryption of assertions is taken: any, or authenticated (AES-GCM) alone." },
	{ .name = "sha1", .type = ROSTER_YES_NO, .fallback = "no",
	  .words_for_people = "Whether signatures with SHA-1 count. They can be forged by whoever can pay for it." },
	{ .name = "idp_initiated", .type = ROSTER_YES_NO, .fallback = "no",
	  .words_for_people = "Whether people may come from the provider's own page. Somebody else may then sign them on as somebody else." },
	{ .name = "clock_skew", .type = ROSTER_DURATION, .fallback = "60s",
	  .words_for_people = "How much the provider's clock may differ from ours, at most \"10m\"." },
	{ .name = "preset", .type = ROSTER_WORD, .fallback = "generic", .words = presets,
	  .words_for_people = "Whose attributes these are: which of them are address, names and groups." },
	{ .name = "id_attribute", .type = ROSTER_TEXT,
	  .words_for_people = "The attribute that is somebody's key and never changes; the NameID otherwise." },
	{ .name = "email_attribute", .type = ROSTER_TEXT, .words_for_people = "The attribute that is the address of mail." },
	{ .name = "groups_attribute", .type = ROSTER_TEXT, .words_for_people = "The attribute that has the groups." },
	{ 0 },
};
/* clang-format on */

struct reading {
	struct setting_source from;
	struct settings *to;
};

static int wrong(const struct reading *r, const char *name, const char *why)
{
	return r->from.host->fail(r->from.call, ROSTER_MISCONFIGURED, 0, "setting \"%s\": %s", name, why);
}

/* ---- the provider ---- */

static const struct metadata_provider *choose(const struct reading *r, const struct metadata_provider *list,
					      size_t count)
{
	const char *wanted = setting_text(&r->from, "entity_id");

	if (!wanted && count == 1)
		return list;
	for (size_t i = 0; wanted && i < count; i++)
		if (text_equal(list[i].entity_id, wanted))
			return &list[i];
	wrong(r, "entity_id",
	      wanted ? "the metadata have no such provider"
		     : "the metadata have several providers; name the one that is meant");
	return NULL;
}

/* Times are not held against metadata that were set: they are known by who set them. */
static int read_metadata(const struct reading *r, const char *text)
{
	const struct metadata_provider *list, *one;
	struct error e;
	size_t count;

	if (metadata_read(r->from.arena, text, strlen(text), 0, &list, &count, &e) < 0)
		return wrong(r, "metadata", e.text);
	one = choose(r, list, count);
	if (!one)
		return -1;
	r->to->provider = one->entity_id;
	r->to->sign_on_by_post = text_equal(r->from.host->setting(r->from.call, "sign_on_binding"), "post")
					 ? one->post != NULL
					 : !one->redirect;
	r->to->sign_on_url = r->to->sign_on_by_post ? one->post : one->redirect;
	r->to->logout_by_post = !one->logout_redirect;
	r->to->logout_url = one->logout_redirect ? one->logout_redirect : one->logout_post;
	r->to->answer_by_post = !one->answer_redirect;
	r->to->answer_url = one->answer_redirect ? one->answer_redirect : one->answer_post;
	for (const char *const *c = one->certificates; *c; c++)
		if (keys_add(r->to->keys, *c, &e) < 0)
			return wrong(r, "metadata", e.text);
	return 0;
}

static int read_url(const struct reading *r, const char *name, const char **to)
{
	const char *set = setting_text(&r->from, name);

	if (!set)
		return 0;
	if (!text_begins(set, "https://") && !text_begins(set, "http://"))
		return wrong(r, name, "an address such as \"https://idp.acme.example/sso\" is expected");
	*to = set;
	return 0;
}

static int read_logout(const struct reading *r)
{
	const char *set = NULL;

	if (read_url(r, "logout_url", &set) < 0)
		return -1;
	if (set) {
		r->to->logout_url = r->to->answer_url = set;
		r->to->logout_by_post = r->to->answer_by_post = false;
	}
	return 0;
}

static int read_certificates(const struct reading *r)
{
	const char *set = setting_text(&r->from, "certificates");
	struct error e;

	if (!set)
		return 0;
	keys_close(&r->to->keys);
	r->to->keys = keys_open();
	return keys_add(r->to->keys, set, &e) < 0 ? wrong(r, "certificates", e.text) : 0;
}

static int read_provider(const struct reading *r)
{
	const char *metadata = setting_text(&r->from, "metadata");

	r->to->keys = keys_open();
	r->to->provider = setting_text(&r->from, "entity_id");
	r->to->sign_on_by_post = text_equal(r->from.host->setting(r->from.call, "sign_on_binding"), "post");
	if ((metadata && read_metadata(r, metadata) < 0) ||
	    read_url(r, "sign_on_url", &r->to->sign_on_url) < 0 ||
	    read_logout(r) < 0 || read_certificates(r) < 0)
		return -1;
	if (!r->to->provider)
		return wrong(r, "entity_id", "it is needed where there are no metadata of the provider");
	if (keys_count(r->to->keys) == 0)
		return wrong(r, "certificates",
			     "they are needed where there are no metadata of the provider");
	return 0;
}

/* ---- ourselves ---- */

static int read_own(const struct reading *r)
{
	const struct roster_host *host = r->from.host;
	const char *key = host->setting(r->from.call, "private_key"), *next = host->setting(r->from.call, "next_private_key");
	struct error e;

	if (key && *key && own_key_open(key, &r->to->key, &e) < 0)
		return wrong(r, "private_key", e.text);
	if (next && *next && own_key_open(next, &r->to->next_key, &e) < 0)
		return wrong(r, "next_private_key", e.text);
	r->to->next_certificate = setting_text(&r->from, "next_certificate");
	r->to->certificate = setting_text(&r->from, "certificate");
	r->to->sign_requests = r->to->key && setting_is_yes(&r->from, "sign_requests");
	r->to->name_format = setting_text(&r->from, "name_id_format");
	r->to->service = arena_text(r->from.arena, host->address(r->from.call, "metadata"));
	r->to->acs_url = arena_text(r->from.arena, host->address(r->from.call, "acs"));
	r->to->own_logout_url = arena_text(r->from.arena, host->address(r->from.call, "logout"));
	if (!r->to->service || !r->to->acs_url || !r->to->own_logout_url)
		return host->fail(r->from.call, ROSTER_MISCONFIGURED, 0,
				  "nobody can sign on here before the operator has set \"public_url\"");
	return 0;
}

static int read_policy(const struct reading *r)
{
	const char *demanded = r->from.host->setting(r->from.call, "signed");
	int skew_ms = ANSWER_SKEW_S * 1000;

	if (setting_number(&r->from, "clock_skew", 0, ANSWER_SKEW_S_MOST * 1000, &skew_ms) < 0)
		return -1;
	r->to->skew_s = skew_ms / 1000;
	r->to->response_signed = text_equal(demanded, "response") || text_equal(demanded, "both");
	r->to->assertion_signed = text_equal(demanded, "assertion") || text_equal(demanded, "both");
	r->to->authenticated_encryption =
		text_equal(r->from.host->setting(r->from.call, "encryption"), "authenticated");
	r->to->sha1 = setting_is_yes(&r->from, "sha1");
	r->to->unasked = setting_is_yes(&r->from, "idp_initiated");
	r->to->preset = preset_find(r->from.host->setting(r->from.call, "preset"));
	if (!r->to->preset)
		r->to->preset = preset_find("generic");
	r->to->id_attribute = setting_text(&r->from, "id_attribute");
	r->to->email_attribute = setting_text(&r->from, "email_attribute");
	r->to->groups_attribute = setting_text(&r->from, "groups_attribute");
	return 0;
}

int settings_read(struct roster_call *call, const struct roster_host *host, struct arena *arena,
		  struct settings *ret)
{
	struct reading r = { { call, host, arena }, ret };

	*ret = (struct settings){ 0 };
	return read_provider(&r) < 0 || read_own(&r) < 0 || read_policy(&r) < 0 ? -1 : 0;
}

void settings_close(struct settings *settings)
{
	keys_close(&settings->keys);
	own_key_close(&settings->key);
	own_key_close(&settings->next_key);
}
