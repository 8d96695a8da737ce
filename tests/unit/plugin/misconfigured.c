/* Set-ups that work, made wrong in one thing on either side: the trace names the cause, and the setting at
 * the provider or here that mends it. A row is a mistake. SAML goes through the plug-in in its child; what an
 * ID token claims is judged where the plug-ins judge it. */
#include "tools.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "common/claims.h"
#include "peers/saml_forge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOGOUT "https://rosterd.example/sso/acme/logout"
#define LATER  "2999-01-01T00:00:00Z"
#define OVER   "2020-01-01T00:00:00Z"

enum { EDITS_MOST = 3, SETTINGS_MOST = 3, BASE_SETTINGS = 3, ROWS_LEAST = 60 };

enum way {
	ASSERTION, /* is signed, as it should be */
	RESPONSE,
	UNSIGNED,
	BY_ANOTHER, /* certificate of the provider than the one that is set */
	WITH_SHA1,
	ENCRYPTED,   /* AES-256-CBC, RSA-OAEP, for our key */
	FOR_ANOTHER, /* key than ours */
	RSA_15,
	RAW, /* not in base64 */
	NO_FIELD,
	UNASKED, /* the provider has begun */
};

struct row {
	const char *mistake;
	enum way way;
	const char *edits[EDITS_MOST][2];
	const char *settings[SETTINGS_MOST][2];
	const char *code;      /* "key", "message", "request": the check; the others are codes of saml */
	const char *advice[2]; /* words that stand in what is to be done */
};

/* clang-format off */
#define AUDIENCE "<saml:Audience>" FORGE_SERVICE "<"
#define CONFIRMED_UNTIL " NotOnOrAfter=\"2026-11-29T09:19:05Z\" Recipient"
#define GROUPS "<saml:Attribute Name=\"groups\">"

/* ---- at the provider ---- */
static const struct row at_the_provider[] = {
	{ "the audience is the address of another application", ASSERTION, { { AUDIENCE, "<saml:Audience>https://rosterd.example<" } }, { { 0 } }, "saml.audience", { "audience", "entity id" } },
	{ "no audience is sent", ASSERTION, { { "<saml:AudienceRestriction><saml:Audience>" FORGE_SERVICE "</saml:Audience></saml:AudienceRestriction>", "" } }, { { 0 } }, "saml.audience", { "audience", NULL } },
	{ "the audience has a slash at its end", ASSERTION, { { AUDIENCE, "<saml:Audience>" FORGE_SERVICE "/<" } }, { { 0 } }, "saml.audience", { "audience", NULL } },
	{ "the reply URL is that of another connection", ASSERTION, { { "Destination=\"" FORGE_ACS, "Destination=\"https://rosterd.example/sso/globex/acs" } }, { { 0 } }, "saml.destination", { "reply URL", NULL } },
	{ "the reply URL is by http", ASSERTION, { { "Destination=\"https:", "Destination=\"http:" } }, { { 0 } }, "saml.destination", { "reply URL", NULL } },
	{ "no destination is sent", ASSERTION, { { " Destination=\"" FORGE_ACS "\"", "" } }, { { 0 } }, "saml.destination", { "reply URL", NULL } },
	{ "the recipient is another one than the reply URL", ASSERTION, { { "Recipient=\"" FORGE_ACS, "Recipient=\"https://old.example/acs" } }, { { 0 } }, "saml.recipient", { "reply URL", "recipient" } },
	{ "no recipient is sent", ASSERTION, { { " Recipient=\"" FORGE_ACS "\"", "" } }, { { 0 } }, "saml.recipient", { "reply URL", NULL } },
	{ "another application of the provider answers", ASSERTION, { { "<saml:Issuer>" FORGE_PROVIDER, "<saml:Issuer>https://idp.acme.example/other" } }, { { 0 } }, "saml.issuer", { "entity_id", NULL } },
	{ "nothing is signed", UNSIGNED, { { 0 } }, { { 0 } }, "saml.unsigned", { "switch signing", NULL } },
	{ "it signs by a new certificate", BY_ANOTHER, { { 0 } }, { { 0 } }, "saml.signature", { "certificate", "metadata" } },
	{ "it signs with SHA-1", WITH_SHA1, { { 0 } }, { { 0 } }, "saml.algorithm", { "SHA-256", "sha1" } },
	{ "its clock is ahead", ASSERTION, { { "NotBefore=\"2026-11-29T09:13:35Z\"", "NotBefore=\"" LATER "\"" } }, { { 0 } }, "saml.not_yet", { "clocks", "clock_skew" } },
	{ "its clock is behind", ASSERTION, { { "09:13:35Z\" NotOnOrAfter=\"2026-11-29T09:19:05Z\"", "09:13:35Z\" NotOnOrAfter=\"" OVER "\"" } }, { { 0 } }, "saml.expired", { "clocks", "clock_skew" } },
	{ "what it says is good for a moment alone", ASSERTION, { { CONFIRMED_UNTIL, " NotOnOrAfter=\"" OVER "\" Recipient" } }, { { 0 } }, "saml.expired", { "clocks", NULL } },
	{ "it issues in the future", ASSERTION, { { "IssueInstant=\"2026-11-29T09:14:05Z\" Destination", "IssueInstant=\"" LATER "\" Destination" } }, { { 0 } }, "saml.not_yet", { "clocks", NULL } },
	{ "its times are local ones", ASSERTION, { { "NotBefore=\"2026-11-29T09:13:35Z\"", "NotBefore=\"2026-11-29T09:13:35+02:00\"" } }, { { 0 } }, "saml.conditions", { "specification", "1.3.3" } },
	{ "its session is over already", ASSERTION, { { "SessionIndex=", "SessionNotOnOrAfter=\"" OVER "\" SessionIndex=" } }, { { 0 } }, "saml.expired", { "sign on again", NULL } },
	{ "it does not say when the confirmation ends", ASSERTION, { { CONFIRMED_UNTIL, " Recipient" } }, { { 0 } }, "saml.confirmation", { "4.1.4.2", NULL } },
	{ "it confirms by a key of the browser", ASSERTION, { { "cm:bearer", "cm:holder-of-key" } }, { { 0 } }, "saml.confirmation", { "bearer", NULL } },
	{ "it does not say that anybody has signed on", ASSERTION, { { "<saml:AuthnStatement", "<!" } }, { { 0 } }, "saml.authentication", { "AuthnStatement", NULL } },
	{ "this person has no NameID there", ASSERTION, { { ">ada@acme.example</saml:NameID>", "></saml:NameID>" } }, { { 0 } }, "saml.name_id", { "NameID", "this person" } },
	{ "the NameID is another one each time", ASSERTION, { { "1.1:nameid-format:emailAddress", "2.0:nameid-format:transient" } }, { { 0 } }, "key", { "persistent", "id_attribute" } },
	{ "the NameID alone is encrypted", ASSERTION, { { "<saml:NameID", "<EncryptedID" } }, { { 0 } }, "saml.name_id", { "whole assertion", NULL } },
	{ "an attribute is mapped twice", ASSERTION, { { GROUPS, "<saml:Attribute Name=\"mail\">" } }, { { 0 } }, "saml.attributes", { "map it once", NULL } },
	{ "it lets this person not in", ASSERTION, { { "status:Success\"/>", "status:Responder\"><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:RequestDenied\"/></samlp:StatusCode>" } }, { { 0 } }, "saml.status", { "own log", NULL } },
	{ "it wants signed requests", ASSERTION, { { "status:Success\"/>", "status:Requester\"/><samlp:StatusMessage>Signature required</samlp:StatusMessage>" } }, { { 0 } }, "saml.status", { "own log", NULL } },
	{ "it speaks SAML 1.1", ASSERTION, { { "Version=\"2.0\"", "Version=\"1.1\"" } }, { { 0 } }, "saml.version", { "SAML 2.0", NULL } },
	{ "it answers by another binding", NO_FIELD, { { 0 } }, { { 0 } }, "message", { "HTTP-POST", "reply URL" } },
	{ "it posts what is not in base64", RAW, { { 0 } }, { { 0 } }, "saml.encoding", { "base64", "HTTP-POST" } },
	{ "it does not say what it answers", ASSERTION, { { " InResponseTo=\"" FORGE_REQUEST "\"", "" } }, { { 0 } }, "saml.in_response_to", { "begin again", NULL } },
	{ "people begin at its own page", UNASKED, { { 0 } }, { { 0 } }, "request", { "idp_initiated", NULL } },
	{ "it encrypts, and there is no key here", ENCRYPTED, { { 0 } }, { { 0 } }, "saml.no_decryption_key", { "private_key", "encryption off" } },
	{ "it encrypts for the certificate of before", FOR_ANOTHER, { { 0 } }, { { "private_key", "ours" } }, "saml.decryption", { "certificate", "metadata" } },
	{ "it encrypts keys with RSA of 1998", RSA_15, { { 0 } }, { { "private_key", "ours" } }, "saml.encryption_algorithm", { "RSA-OAEP", NULL } },
};

/* ---- here ---- */
static const struct row here[] = {
	{ "the entity id has no slash at its end", ASSERTION, { { 0 } }, { { "entity_id", FORGE_PROVIDER "/" } }, "saml.issuer", { "entity_id", NULL } },
	{ "the entity id is the address of the sign-on", ASSERTION, { { 0 } }, { { "entity_id", "https://idp.acme.example/sso" } }, "saml.issuer", { "entity_id", NULL } },
	{ "the certificate is that of before", ASSERTION, { { 0 } }, { { "certificates", "another" } }, "saml.signature", { "certificate", "certificates" } },
	{ "the certificate is ours", ASSERTION, { { 0 } }, { { "certificates", "our own" } }, "saml.signature", { "certificate", NULL } },
	{ "the response must be signed, and the provider signs assertions", ASSERTION, { { 0 } }, { { "signed", "response" } }, "saml.unsigned", { "responses", "signed" } },
	{ "the assertion must be signed, and the provider signs responses", RESPONSE, { { 0 } }, { { "signed", "assertion" } }, "saml.unsigned", { "assertions", "signed" } },
	{ "both must be signed, and the provider signs one", ASSERTION, { { 0 } }, { { "signed", "both" } }, "saml.unsigned", { "responses", NULL } },
	{ "encryption must be authenticated, and the provider's is not", ENCRYPTED, { { 0 } }, { { "encryption", "authenticated" }, { "private_key", "ours" } }, "saml.encryption_algorithm", { "AES-256-GCM", "encryption" } },
	{ "the key is that of another connection", ENCRYPTED, { { 0 } }, { { "private_key", "another's" } }, "saml.decryption", { "certificate", NULL } },
	{ "the key of people is an attribute that is not sent", ASSERTION, { { 0 } }, { { "id_attribute", "employeeNumber" } }, "key", { "id_attribute", NULL } },
	{ "no difference of clocks is allowed", ASSERTION, { { "NotBefore=\"2026-11-29T09:13:35Z\"", "NotBefore=\"2026-11-29T09:19:05Z\"" } }, { { "clock_skew", "1s" } }, "saml.not_yet", { "clock_skew", NULL } },
};

/* A setting that is refused as it is: the text names it. */
static const struct { const char *mistake, *settings[SETTINGS_MOST][2], *names; } refused_here[] = {
	{ "no provider at all", { { "entity_id", NULL } }, "entity_id" },
	{ "no certificate", { { "certificates", NULL } }, "certificates" },
	{ "a certificate that is none", { { "certificates", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" } }, "certificates" },
	{ "a fingerprint for a certificate", { { "certificates", "4f:12:aa" } }, "certificates" },
	{ "a key that is too short", { { "certificates", "weak" } }, "certificates" },
	{ "a private key that is none", { { "private_key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n" } }, "private_key" },
	{ "a certificate for a private key", { { "private_key", "certificate" } }, "private_key" },
	{ "an address without https", { { "sign_on_url", "idp.acme.example/sso" } }, "sign_on_url" },
	{ "a logout address without https", { { "logout_url", "/slo" } }, "logout_url" },
	{ "the page instead of the metadata", { { "metadata", "<html><body>Sign in</body></html>" } }, "metadata" },
	{ "the address instead of the metadata", { { "metadata", "https://idp.acme.example/metadata.xml" } }, "metadata" },
	{ "our own metadata", { { "metadata", "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"x\"><md:SPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\"/></md:EntityDescriptor>" } }, "metadata" },
	{ "a difference of clocks of hours", { { "clock_skew", "2h" } }, "clock_skew" },
};

/* What an ID token claims, and the settings that it is held against; the advice names the setting, or what the provider is to change. */
static const struct { const char *mistake, *claim, *value, *check, *advice; } of_tokens[] = {
	{ "the issuer has a slash too many", "iss", "\"https://login.acme.example/\"", "issuer", "slash at its end" },
	{ "the issuer is that of another tenant", "iss", "\"https://login.acme.example/other\"", "issuer", "set the issuer" },
	{ "the client id is that of another application", "aud", "\"0oa-other\"", "audience", "client id" },
	{ "the token is for several, and for another first", "aud", "[\"rosterd\", \"other\"]", "authorised party", "client id" },
	{ "the provider's clock is behind", "exp", "100", "expiry", "skew" },
	{ "the provider's clock is ahead", "iat", "4000000000", "time of issue", "skew" },
	{ "the token counts later", "nbf", "4000000000", "not before", "skew" },
	{ "the provider does not give the nonce back", "nonce", "null", "nonce", "does not give back" },
	{ "somebody of another tenant", "tid", "\"7c\"", "tenant", "tenants that are set here" },
	{ "a private account", "hd", "null", "domain", "private account" },
	{ "of another organisation of the provider", "org_id", "\"org_2\"", "organisation", "organisations that are set here" },
	{ "openid is not asked for", "sub", "null", "subject", "openid profile" },
};
/* clang-format on */

/* ---- SAML ---- */

static struct forge_key idp, another, service, weak;
static struct arena *arena;
static struct catalog *catalog;
static struct link_signed got;
static struct error why;

static int make(void **state)
{
	(void)state;
	arena = arena_open("test");
	idp = forge_key_make(arena, FORGE_RSA);
	another = forge_key_make(arena, FORGE_RSA);
	service = forge_key_make(arena, FORGE_RSA);
	weak = forge_key_make(arena, FORGE_RSA_1024);
	catalog = tools_catalog("plugins");
	return 0;
}

static int unmake(void **state)
{
	(void)state;
	catalog_close(&catalog);
	arena_close(&arena);
	return 0;
}

static const char *value_of(const char *word)
{
	const struct {
		const char *word, *value;
	} keys[] = { { "ours", service.private_pem },	     { "another's", another.private_pem },
		     { "another", another.certificate_pem }, { "our own", service.certificate_pem },
		     { "weak", weak.certificate_pem },	     { "certificate", service.certificate_pem } };

	for (size_t i = 0; i < ARRAY_COUNT(keys); i++)
		if (strcmp(keys[i].word, word) == 0)
			return keys[i].value;
	return word;
}

/* The set-up that works, with these settings instead: SETTINGS_MOST of them. */
static int open_with(const char *const (*settings)[2], struct link **ret)
{
	const struct link_pair addresses[] = {
		{ "acs", FORGE_ACS }, { "metadata", FORGE_SERVICE }, { "logout", LOGOUT }, { NULL, NULL }
	};
	struct link_setting all[BASE_SETTINGS + SETTINGS_MOST] = {
		{ .name = "entity_id", .text = FORGE_PROVIDER },
		{ .name = "sign_on_url", .text = "https://idp.acme.example/sso" },
		{ .name = "certificates", .text = idp.certificate_pem }
	};
	struct link_options options = {
		.plugin = "saml", .deadline_ms = TOOLS_DEADLINE_MS, .addresses = addresses, .settings = all
	};
	size_t count = BASE_SETTINGS;

	for (size_t i = 0; i < SETTINGS_MOST && settings[i][0]; i++) {
		size_t at = 0;

		while (at < count && strcmp(all[at].name, settings[i][0]) != 0)
			at++;
		all[at] = (struct link_setting){ .name = settings[i][0],
						 .text = settings[i][1] ? value_of(settings[i][1]) : "" };
		count += at == count;
	}
	options.setting_count = count;
	return link_open(catalog, &options, ret, &why);
}

static const char *now(const char *xml)
{
	static const struct {
		const char *from;
		int seconds;
	} times[] = { { "2026-11-29T09:14:05Z", -2 },
		      { "2026-11-29T09:19:05Z", 300 },
		      { "2026-11-29T09:13:35Z", -32 } };

	for (size_t i = 0; i < ARRAY_COUNT(times); i++) {
		char text[CLOCK_TEXT_SIZE];

		clock_text(clock_now_us() + times[i].seconds * INT64_C(1000000), text);
		while (strstr(xml, times[i].from))
			xml = forge_replace(arena, xml, times[i].from, arena_format(arena, "%.19sZ", text));
	}
	return xml;
}

static const char *replaced_everywhere(const char *xml, const char *from, const char *to)
{
	const char *done = "", *rest = xml, *at;

	while ((at = strstr(rest, from)) != NULL) {
		done = arena_format(arena, "%s%.*s%s", done, (int)(at - rest), rest, to);
		rest = at + strlen(from);
	}
	return arena_format(arena, "%s%s", done, rest);
}

static const char *edited(const struct row *row, const char *xml)
{
	for (size_t i = 0; i < EDITS_MOST && row->edits[i][0]; i++) {
		if (!strstr(xml, row->edits[i][0]))
			continue;
		if (strcmp(row->edits[i][1], "<!") == 0)
			xml = forge_replace(arena, xml,
					    forge_cut(arena, xml, "<saml:AuthnStatement",
						      "</saml:AuthnStatement>"),
					    "");
		else if (strcmp(row->edits[i][1], "<EncryptedID") == 0)
			xml = forge_replace(arena, xml,
					    forge_cut(arena, xml, "<saml:NameID", "</saml:NameID>"),
					    forge_replace(arena,
							  forge_replace(arena,
									forge_encrypt(arena, "<x/>", &service,
										      NULL, NULL, NULL),
									"EncryptedAssertion", "EncryptedID"),
							  "/saml:EncryptedAssertion", "/saml:EncryptedID"));
		else
			xml = replaced_everywhere(xml, row->edits[i][0], row->edits[i][1]);
	}
	return xml;
}

static const char *signed_so(const char *xml, const char *id, enum way way)
{
	static const struct forge_way sha1 = { .signature = "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
					       .digest = "http://www.w3.org/2000/09/xmldsig#sha1" };

	return forge_sign(arena, xml, id, way == BY_ANOTHER ? &another : &idp,
			  way == WITH_SHA1 ? &sha1 : NULL);
}

static const char *message(const struct row *row)
{
	const struct forge forge = forge_good();
	const char *inner;

	switch (row->way) {
	case UNSIGNED:
		return edited(row, now(forge_response(arena, &forge)));
	case RESPONSE:
		return signed_so(now(edited(row, forge_response(arena, &forge))), forge.response_id,
				 row->way);
	case ENCRYPTED:
	case FOR_ANOTHER:
	case RSA_15:
		inner = signed_so(now(forge_assertion(arena, &forge)), forge.assertion_id, row->way);
		return now(forge_around(
			arena, &forge,
			forge_encrypt(arena, inner, row->way == FOR_ANOTHER ? &another : &service, NULL,
				      row->way == RSA_15 ? "http://www.w3.org/2001/04/xmlenc#rsa-1_5" : NULL,
				      NULL)));
	default:
		return signed_so(now(edited(row, forge_response(arena, &forge))), forge.assertion_id,
				 row->way);
	}
}

static int finish(struct link *link, const struct row *row)
{
	static const struct link_pair attempt[] = { { "state", "state-1" },
						    { "nonce", "n" },
						    { "request", FORGE_REQUEST } };
	const char *xml = message(row);
	const struct link_pair form[] = { { row->way == NO_FIELD ? "SAMLart" : "SAMLResponse",
					    row->way == RAW ? xml : forge_base64(arena, xml, strlen(xml)) } };
	const struct link_sign_on question = { .step = LINK_FINISH,
					       .attempt = attempt,
					       .attempt_count =
						       row->way == UNASKED ? 0 : ARRAY_COUNT(attempt),
					       .form = form,
					       .form_count = 1 };

	return link_sign(link, &question, TOOLS_DEADLINE_MS, arena, &got, &why);
}

static void expect(const struct row *row, int result)
{
	const struct link_checked *last = &got.checks[got.check_count - 1];
	bool is_code = strchr(row->code, '.') != NULL;

	if (result == 0 || got.check_count == 0 || last->passed)
		fail_msg("%s: it is let in", row->mistake);
	if (is_code ? !strstr(why.text, arena_format(arena, "(%s)", row->code))
		    : strcmp(last->check, row->code) != 0)
		fail_msg("%s: %s, but it is: %s (%s)", row->mistake, row->code, why.text, last->check);
	for (size_t i = 0; i < 2 && row->advice[i]; i++)
		if (!last->advice || !strstr(last->advice, row->advice[i]))
			fail_msg("%s: to be done is \"%s\", without a word of \"%s\"", row->mistake,
				 last->advice ? last->advice : "nothing", row->advice[i]);
}

static void judge_rows(const struct row *rows, size_t count)
{
	struct link *common = NULL;

	for (size_t i = 0; i < count; i++) {
		struct link *own = NULL, **link = rows[i].settings[0][0] ? &own : &common;

		if (!*link && open_with(rows[i].settings, link) < 0)
			fail_msg("%s: %s", rows[i].mistake, why.text);
		expect(&rows[i], finish(*link, &rows[i]));
		link_close(&own);
	}
	link_close(&common);
}

static void test_what_is_right_is_let_in(void **state)
{
	static const struct row right = { .mistake = "none", .way = ASSERTION };
	scoped(link) *link = NULL;

	(void)state;
	assert_int_equal(open_with(right.settings, &link), 0);
	if (finish(link, &right) < 0)
		fail_msg("%s", why.text);
}

static void test_mistakes_at_the_provider(void **state)
{
	(void)state;
	judge_rows(at_the_provider, ARRAY_COUNT(at_the_provider));
}

static void test_mistakes_here(void **state)
{
	(void)state;
	judge_rows(here, ARRAY_COUNT(here));
}

static void test_settings_that_are_refused(void **state)
{
	struct link *link = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(refused_here); i++) {
		if (open_with(refused_here[i].settings, &link) == 0)
			fail_msg("%s: it is taken", refused_here[i].mistake);
		if (!strstr(why.text, arena_format(arena, "\"%s\"", refused_here[i].names)))
			fail_msg("%s: \"%s\" is not named, but: %s", refused_here[i].mistake,
				 refused_here[i].names, why.text);
	}
}

/* ---- OpenID Connect ---- */

struct last {
	const char *check, *advice;
	bool passed;
};

static void on_told(void *context, const char *check, bool passed, const char *expected, const char *received,
		    const char *advice)
{
	struct last *last = context;

	(void)expected, (void)received;
	*last = (struct last){ arena_text(arena, check), arena_text(arena, advice), passed };
}

static void test_tokens(void **state)
{
	static const char *const tenants[] = { "7b", NULL }, *const domains[] = { "acme.example", NULL },
				 *const organisations[] = { "org_1", NULL };
	static const struct claims_rules rules = { .issuer = "https://login.acme.example",
						   .client_id = "rosterd",
						   .tenants = tenants,
						   .domains = domains,
						   .organisations = organisations,
						   .key = "sub",
						   .skew_s = 60 };
	static const char good[] =
		"{\"iss\":\"https://"
		"login.acme.example\",\"sub\":\"u1\",\"aud\":\"rosterd\",\"exp\":2000000300,\"iat\":"
		"2000000000,"
		"\"nonce\":\"n\",\"tid\":\"7b\",\"hd\":\"acme.example\",\"org_id\":\"org_1\"}";
	struct json *claims, *value;
	struct last last;
	struct error e;

	(void)state;
	assert_int_equal(json_parse(arena, good, strlen(good), &claims, &e), 0);
	assert_int_equal(claims_judge(&rules, claims, "n", 2000000000, arena, on_told, &last), 0);
	for (size_t i = 0; i < ARRAY_COUNT(of_tokens); i++) {
		const char *wrapped = arena_format(arena, "{\"v\":%s}", of_tokens[i].value);

		assert_int_equal(json_parse(arena, good, strlen(good), &claims, &e), 0);
		assert_int_equal(json_parse(arena, wrapped, strlen(wrapped), &value, &e), 0);
		json_set(arena, claims, of_tokens[i].claim, (struct json *)json_member(value, "v"));
		if (claims_judge(&rules, claims, "n", 2000000000, arena, on_told, &last) == 0)
			fail_msg("%s: it is let in", of_tokens[i].mistake);
		if (last.passed || strcmp(last.check, of_tokens[i].check) != 0 ||
		    !strstr(last.advice, of_tokens[i].advice))
			fail_msg("%s: %s, but it is %s: %s", of_tokens[i].mistake, of_tokens[i].check,
				 last.check, last.advice);
	}
}

static void test_there_are_enough(void **state)
{
	(void)state;
	assert_true(ARRAY_COUNT(at_the_provider) + ARRAY_COUNT(here) + ARRAY_COUNT(refused_here) +
			    ARRAY_COUNT(of_tokens) >=
		    ROWS_LEAST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_right_is_let_in),
		cmocka_unit_test(test_mistakes_at_the_provider),
		cmocka_unit_test(test_mistakes_here),
		cmocka_unit_test(test_settings_that_are_refused),
		cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_there_are_enough),
	};

	return cmocka_run_group_tests(tests, make, unmake);
}
