/* The SAML plug-in over the bridge, in its confined child: both layers, without network and files. */
#include "tools.h"

#include "base/clock.h"
#include "base/text.h"
#include "peers/saml_forge.h"
#include "saml/base64.h"
#include "saml/document.h"
#include "saml/keys.h"
#include "saml/metadata.h"
#include "saml/request.h"
#include "saml/signature.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOGOUT "https://rosterd.example/sso/acme/logout"

enum { ATTEMPT = 3, MESSAGE_MOST = 65536 };

static struct forge_key idp, attacker, service;
static struct arena *keys_arena;

struct fixture {
	struct catalog *catalog;
	struct arena *arena;
	struct link_signed got;
	struct error e;
	struct link_setting settings[16];
	size_t setting_count;
};

static const struct link_pair attempt[] = { { "state", "state-1" },
					    { "nonce", "n" },
					    { "request", FORGE_REQUEST } };

static int make_keys(void **state)
{
	(void)state;
	keys_arena = arena_open("keys");
	idp = forge_key_make(keys_arena, FORGE_RSA);
	attacker = forge_key_make(keys_arena, FORGE_RSA);
	service = forge_key_make(keys_arena, FORGE_RSA);
	return 0;
}

static int forget_keys(void **state)
{
	(void)state;
	arena_close(&keys_arena);
	return 0;
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->catalog = tools_catalog("plugins");
	f->arena = arena_open("test");
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	arena_close(&f->arena);
	catalog_close(&f->catalog);
	free(f);
	return 0;
}

static void set(struct fixture *f, const char *name, const char *value)
{
	f->settings[f->setting_count++] = (struct link_setting){ .name = name, .text = value };
}

static struct link *open_saml(struct fixture *f)
{
	const struct link_pair addresses[] = { { "acs", FORGE_ACS },
					       { "metadata", FORGE_SERVICE },
					       { "logout", LOGOUT },
					       { NULL, NULL } };
	struct link_options options = { .plugin = "saml",
					.deadline_ms = TOOLS_DEADLINE_MS,
					.addresses = addresses };
	struct link *link;

	set(f, "entity_id", FORGE_PROVIDER);
	set(f, "sign_on_url", "https://idp.acme.example/sso");
	set(f, "certificates", idp.certificate_pem);
	options.settings = f->settings;
	options.setting_count = f->setting_count;
	if (link_open(f->catalog, &options, &link, &f->e) < 0)
		fail_msg("%s", f->e.text);
	return link;
}

static int ask(struct fixture *f, struct link *link, enum link_step step, size_t attempts,
	       const struct link_pair *form, size_t count)
{
	const struct link_sign_on question = {
		.step = step, .attempt = attempt, .attempt_count = attempts, .form = form, .form_count = count
	};

	return link_sign(link, &question, TOOLS_DEADLINE_MS, f->arena, &f->got, &f->e);
}

/* A text with all times of the forger's moved to now. */
static const char *now(struct fixture *f, const char *xml)
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
			xml = forge_replace(f->arena, xml, times[i].from,
					    arena_format(f->arena, "%.19sZ", text));
	}
	return xml;
}

static int finish(struct fixture *f, struct link *link, const char *xml)
{
	const struct link_pair form[] = { { "SAMLResponse", forge_base64(f->arena, xml, strlen(xml)) },
					  { "RelayState", "state-1" } };

	return ask(f, link, LINK_FINISH, ATTEMPT, form, 2);
}

static const char *good(struct fixture *f, const struct forge_key *key)
{
	const struct forge forge = forge_good();

	return forge_sign(f->arena, now(f, forge_response(f->arena, &forge)), forge.assertion_id, key, NULL);
}

/* ---- what we ask ---- */

static const char *decoded(struct fixture *f, const char *text)
{
	char *kept = arena_take(f->arena, strlen(text) + 1), *to = kept;

	for (; *text; text++) {
		unsigned value;

		if (*text == '%' && sscanf(text + 1, "%2x", &value) == 1) {
			*to++ = (char)value;
			text += 2;
		} else {
			*to++ = *text;
		}
	}
	return kept;
}

static const char *parameter(struct fixture *f, const char *query, const char *name)
{
	const char *at = strstr(query, arena_format(f->arena, "%s=", name));
	size_t length;

	if (!at)
		return NULL;
	at += strlen(name) + 1;
	length = strcspn(at, "&");
	return decoded(f, arena_text_n(f->arena, at, length));
}

static const char *unbase64(struct fixture *f, const char *text, size_t *ret_size)
{
	uint8_t *bytes = arena_take(f->arena, MESSAGE_MOST);
	int size = base64_decode(text, strlen(text), "", bytes, MESSAGE_MOST - 1);

	assert_true(size > 0);
	*ret_size = (size_t)size;
	return (const char *)bytes;
}

static struct keys *ring_of(const struct forge_key *key)
{
	struct keys *keys = keys_open();
	struct error e;

	assert_int_equal(keys_add(keys, key->certificate_pem, &e), 0);
	return keys;
}

static void test_a_request_by_redirect(void **state)
{
	struct fixture *f = *state;
	scoped(link) *link = NULL;
	const char *query, *xml, *signature;
	struct keys *keys = ring_of(&service);
	size_t size;

	set(f, "private_key", service.private_pem);
	set(f, "name_id_format", "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent");
	link = open_saml(f);
	assert_int_equal(ask(f, link, LINK_BEGIN, ATTEMPT, NULL, 0), 0);
	assert_null(f->got.post_body);
	assert_true(text_begins(f->got.url, "https://idp.acme.example/sso?SAMLRequest="));
	query = strchr(f->got.url, '?') + 1;
	assert_string_equal(parameter(f, query, "RelayState"), "state-1");
	xml = unbase64(f, parameter(f, query, "SAMLRequest"), &size);
	assert_true(size > 5 && xml[0] == 1); /* one block, stored */
	assert_non_null(strstr(xml + 5, "ID=\"" FORGE_REQUEST "\""));
	assert_non_null(strstr(xml + 5, "AssertionConsumerServiceURL=\"" FORGE_ACS "\""));
	assert_non_null(strstr(xml + 5, "nameid-format:persistent"));
	signature = unbase64(f, parameter(f, query, "Signature"), &size);
	assert_int_equal(keys_who_signed(keys, keys_algorithm(parameter(f, query, "SigAlg"), false), query,
					 (size_t)(strstr(query, "&Signature=") - query),
					 (const uint8_t *)signature, size),
			 0);
	keys_close(&keys);
}

static void test_a_request_by_post(void **state)
{
	struct fixture *f = *state;
	scoped(link) *link = NULL;
	struct keys *keys = ring_of(&service);
	const struct signature_policy policy = { .keys = keys };
	struct signature_found found;
	xmlDoc *document;
	const char *xml;
	size_t size;

	set(f, "private_key", service.private_pem);
	set(f, "sign_on_binding", "post");
	link = open_saml(f);
	assert_int_equal(ask(f, link, LINK_BEGIN, ATTEMPT, NULL, 0), 0);
	assert_string_equal(f->got.url, "https://idp.acme.example/sso");
	xml = unbase64(f, parameter(f, f->got.post_body, "SAMLRequest"), &size);
	assert_int_equal(document_read(xml, size, NULL, &document, &f->e), 0);
	if (signature_check(f->arena, xmlDocGetRootElement(document), &policy, "request", NULL, &found,
			    &f->e) < 0)
		fail_msg("%s", f->e.text);
	document_close(&document);
	keys_close(&keys);
}

static void test_a_request_that_nobody_signs(void **state)
{
	struct fixture *f = *state;
	scoped(link) *link = open_saml(f);

	assert_int_equal(ask(f, link, LINK_BEGIN, ATTEMPT, NULL, 0), 0);
	assert_null(strstr(f->got.url, "Signature"));
}

static void test_our_metadata(void **state)
{
	struct fixture *f = *state;
	scoped(link) *link = NULL;
	xmlDoc *document;
	const char *text;

	set(f, "private_key", service.private_pem);
	set(f, "certificate", service.certificate_pem);
	link = open_saml(f);
	assert_int_equal(ask(f, link, LINK_DESCRIBE, 0, NULL, 0), 0);
	assert_string_equal(f->got.content_type, "application/samlmetadata+xml");
	text = arena_text_n(f->arena, f->got.body, f->got.body_size);
	assert_int_equal(document_read(text, strlen(text), NULL, &document, &f->e), 0);
	assert_string_equal(document_attribute(xmlDocGetRootElement(document), "entityID"), FORGE_SERVICE);
	document_close(&document);
	assert_non_null(strstr(text, "Location=\"" FORGE_ACS "\""));
	assert_non_null(strstr(text, "use=\"encryption\""));
	assert_null(strstr(text, "SingleLogoutService")); /* it could not be answered: nobody knows where */
	link_close(&link);
	f->setting_count = 2;
	set(f, "logout_url", "https://idp.acme.example/slo");
	link = open_saml(f);
	assert_int_equal(ask(f, link, LINK_DESCRIBE, 0, NULL, 0), 0);
	text = arena_text_n(f->arena, f->got.body, f->got.body_size);
	assert_non_null(strstr(text, "HTTP-Redirect\" Location=\"" LOGOUT "\""));
	assert_non_null(strstr(text, "HTTP-POST\" Location=\"" LOGOUT "\""));
}

/* ---- what comes back ---- */

static void test_a_person_comes_back(void **state)
{
	struct fixture *f = *state;
	scoped(link) *link = open_saml(f);
	bool second = false;

	if (finish(f, link, good(f, &idp)) < 0)
		fail_msg("%s", f->e.text);
	assert_string_equal(f->got.person->remote_id, "ada@acme.example");
	assert_string_equal(f->got.person->email, "ada@acme.example");
	assert_int_equal(f->got.group_count, 2);
	assert_string_equal(f->got.groups[1].name, "R&D");
	assert_string_equal(f->got.person->groups[0], "eng");
	assert_non_null(f->got.message_id);
	assert_non_null(strstr(f->got.session, "\"index\":\"_s1\""));
	for (size_t i = 0; i < f->got.check_count; i++) {
		assert_true(f->got.checks[i].passed);
		second = second || strcmp(f->got.checks[i].check, "second opinion") == 0;
	}
	assert_true(second);
	/* And the next, in the same child. */
	assert_int_equal(finish(f, link, good(f, &idp)), 0);
}

static void test_an_encrypted_one(void **state)
{
	static const char *const ciphers[] = { NULL, "http://www.w3.org/2009/xmlenc11#aes256-gcm" };
	struct fixture *f = *state;
	const struct forge forge = forge_good();
	scoped(link) *link = NULL;
	const char *inner = forge_sign(f->arena, now(f, forge_assertion(f->arena, &forge)),
				       forge.assertion_id, &idp, NULL);

	set(f, "private_key", service.private_pem);
	link = open_saml(f);
	for (size_t i = 0; i < ARRAY_COUNT(ciphers); i++)
		if (finish(f, link,
			   now(f, forge_around(f->arena, &forge,
					       forge_encrypt(f->arena, inner, &service, ciphers[i], NULL,
							     NULL)))) < 0)
			fail_msg("%s", f->e.text);
	assert_string_equal(f->got.person->remote_id, "ada@acme.example");
}

/* Ours is exchanged: providers that know the next one already, and those that do not yet. */
static void test_our_next_key(void **state)
{
	struct fixture *f = *state;
	const struct forge forge = forge_good();
	const char *inner = forge_sign(f->arena, now(f, forge_assertion(f->arena, &forge)), forge.assertion_id, &idp, NULL), *text;
	const struct forge_key *const ours[] = { &service, &attacker };
	scoped(link) *link = NULL;

	set(f, "private_key", service.private_pem);
	set(f, "certificate", service.certificate_pem);
	set(f, "next_private_key", attacker.private_pem);
	set(f, "next_certificate", attacker.certificate_pem);
	link = open_saml(f);
	for (size_t i = 0; i < ARRAY_COUNT(ours); i++)
		if (finish(f, link, now(f, forge_around(f->arena, &forge, forge_encrypt(f->arena, inner, ours[i], NULL, NULL, NULL)))) < 0)
			fail_msg("%zu: %s", i, f->e.text);
	assert_int_equal(ask(f, link, LINK_DESCRIBE, 0, NULL, 0), 0);
	text = arena_text_n(f->arena, f->got.body, f->got.body_size);
	text = strstr(text, "use=\"encryption\"");
	assert_non_null(text);
	assert_non_null(strstr(text + 1, "use=\"encryption\""));
}

static void expect_denied(struct fixture *f, int result, const char *check)
{
	assert_int_equal(result, -1);
	assert_string_equal(f->e.code, "plugin.denied");
	assert_string_equal(f->got.checks[f->got.check_count - 1].check, check);
	assert_false(f->got.checks[f->got.check_count - 1].passed);
	assert_null(f->got.person);
}

static void test_what_is_not_right_is_told(void **state)
{
	struct fixture *f = *state;
	scoped(link) *link = open_saml(f);
	const char *xml = good(f, &idp), *encoded = forge_base64(f->arena, xml, strlen(xml));
	const struct link_pair twice[] = { { "SAMLResponse", encoded }, { "SAMLResponse", encoded } },
			       none[] = { { "RelayState", "state-1" } };

	expect_denied(f, finish(f, link, good(f, &attacker)), "signature of the assertion");
	expect_denied(f, finish(f, link, forge_replace(f->arena, xml, ">eng<", ">adm<")),
		      "signature of the assertion");
	expect_denied(f, finish(f, link, "hello"), "message");
	expect_denied(f, ask(f, link, LINK_FINISH, ATTEMPT, twice, 2), "message");
	expect_denied(f, ask(f, link, LINK_FINISH, ATTEMPT, none, 1), "message");
	/* Nobody here has begun. */
	expect_denied(f, ask(f, link, LINK_FINISH, 0, twice, 1), "request");
	assert_true(link_lives(link));
	assert_int_equal(finish(f, link, xml), 0);
}

static void test_the_provider_begins(void **state)
{
	struct fixture *f = *state;
	struct forge forge = forge_good();
	struct link_pair form[] = { { "SAMLResponse", NULL } };
	scoped(link) *link = NULL;
	const char *xml;

	set(f, "idp_initiated", "yes");
	link = open_saml(f);
	xml = good(f, &idp);
	form[0].value = forge_base64(f->arena, xml, strlen(xml));
	/* An answer to somebody else's request is not one that nobody has asked for. */
	expect_denied(f, ask(f, link, LINK_FINISH, 0, form, 1), "request of the response");
	forge.response_answers = NULL;
	forge.confirmations =
		forge_replace(f->arena, forge.confirmations, " InResponseTo=\"" FORGE_REQUEST "\"", "");
	xml = forge_sign(f->arena, now(f, forge_response(f->arena, &forge)), forge.assertion_id, &idp, NULL);
	form[0].value = forge_base64(f->arena, xml, strlen(xml));
	if (ask(f, link, LINK_FINISH, 0, form, 1) < 0)
		fail_msg("%s", f->e.text);
	assert_string_equal(f->got.person->remote_id, "ada@acme.example");
}

/* A name that is new each time is nobody's key. */
static void test_a_transient_name(void **state)
{
	struct fixture *f = *state;
	struct forge forge = forge_good();
	scoped(link) *link = open_saml(f);

	forge.name_id = "<saml:NameID "
			"Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:transient\">_7c1</saml:NameID>";
	expect_denied(f,
		      finish(f, link,
			     forge_sign(f->arena, now(f, forge_response(f->arena, &forge)),
					forge.assertion_id, &idp, NULL)),
		      "key");
}

static void test_signing_off(void **state)
{
	struct fixture *f = *state;
	scoped(link) *link = NULL;
	struct link_pair who[] = { { "remote_id", "ada@acme.example" }, { "session", NULL } };
	struct link_sign_on question = { .step = LINK_LOGOUT, .attempt = who, .attempt_count = 2 };
	const char *xml;
	size_t size;

	set(f, "private_key", service.private_pem);
	set(f, "logout_url", "https://idp.acme.example/slo");
	link = open_saml(f);
	assert_int_equal(finish(f, link, good(f, &idp)), 0);
	who[1].value = f->got.session;
	assert_int_equal(link_sign(link, &question, TOOLS_DEADLINE_MS, f->arena, &f->got, &f->e), 0);
	assert_true(text_begins(f->got.url, "https://idp.acme.example/slo?SAMLRequest="));
	assert_non_null(strstr(f->got.url, "&Signature="));
	xml = unbase64(f, parameter(f, f->got.url, "SAMLRequest"), &size);
	assert_non_null(strstr(xml + 5, " ID=\"_"));
	assert_non_null(strstr(xml + 5, ">ada@acme.example</saml:NameID>"));
	assert_non_null(strstr(xml + 5, "<samlp:SessionIndex>_s1</samlp:SessionIndex>"));
}

static const char *logout_request(struct fixture *f)
{
	return now(f, arena_format(f->arena,
				   "<samlp:LogoutRequest " FORGE_NAMESPACES " ID=\"_out\" Version=\"2.0\" "
				   "IssueInstant=\"2026-11-29T09:14:05Z\" NotOnOrAfter=\"2026-11-29T09:19:05Z\" "
				   "Destination=\"" LOGOUT "\"><saml:Issuer>" FORGE_PROVIDER "</saml:Issuer>"
				   "<saml:NameID>ada@acme.example</saml:NameID>"
				   "<samlp:SessionIndex>_s1</samlp:SessionIndex><samlp:SessionIndex>_s2</samlp:SessionIndex>"
				   "</samlp:LogoutRequest>"));
}

static int ended(struct fixture *f, struct link *link, const char *method, const char *query,
		 const struct link_pair *form, size_t count)
{
	const struct link_pair values[] = { { "method", method }, { "query", query } };
	const struct link_sign_on question = { .step = LINK_ENDED,
					       .attempt = values,
					       .attempt_count = 2,
					       .form = form,
					       .form_count = count };

	return link_sign(link, &question, TOOLS_DEADLINE_MS, f->arena, &f->got, &f->e);
}

static void test_the_provider_signs_off(void **state)
{
	struct fixture *f = *state;
	scoped(link) *link = NULL;
	const char *xml, *query;
	struct link_pair form[] = { { "SAMLRequest", NULL }, { "RelayState", "back" } };
	struct keys *keys = ring_of(&service);
	struct own_key *signer;
	size_t size;

	set(f, "private_key", service.private_pem);
	set(f, "logout_url", "https://idp.acme.example/slo");
	link = open_saml(f);
	assert_int_equal(finish(f, link, good(f, &idp)), 0);
	assert_int_equal(f->got.session_count, 1);
	assert_string_equal(f->got.sessions[0].subject, "ada@acme.example");
	assert_string_equal(f->got.sessions[0].index, "_s1");

	xml = forge_sign(f->arena, logout_request(f), "_out", &idp, NULL);
	form[0].value = forge_base64(f->arena, xml, strlen(xml));
	if (ended(f, link, "POST", "", form, 2) < 0)
		fail_msg("%s", f->e.text);
	assert_string_equal(f->got.message_id, "_out");
	assert_int_equal(f->got.session_count, 2);
	assert_string_equal(f->got.sessions[1].subject, "ada@acme.example");
	assert_string_equal(f->got.sessions[1].index, "_s2");
	/* Our answer: signed, about this request, with what is to be given back. */
	assert_true(text_begins(f->got.url, "https://idp.acme.example/slo?SAMLResponse="));
	query = strchr(f->got.url, '?') + 1;
	assert_string_equal(parameter(f, query, "RelayState"), "back");
	assert_non_null(strstr(unbase64(f, parameter(f, query, "SAMLResponse"), &size) + 5, "InResponseTo=\"_out\""));
	xml = unbase64(f, parameter(f, query, "Signature"), &size);
	assert_int_equal(keys_who_signed(keys, keys_algorithm(parameter(f, query, "SigAlg"), false), query,
					 (size_t)(strstr(query, "&Signature=") - query), (const uint8_t *)xml, size),
			 0);
	keys_close(&keys);

	/* The same by redirect; and what is not signed ends nobody's session. */
	assert_int_equal(own_key_open(idp.private_pem, &signer, &f->e), 0);
	assert_int_equal(request_redirect(f->arena, "https://x.example/", "SAMLRequest", logout_request(f), NULL, signer,
					  &query, &f->e),
			 0);
	own_key_close(&signer);
	assert_int_equal(ended(f, link, "GET", strchr(query, '?') + 1, NULL, 0), 0);
	assert_int_equal(f->got.session_count, 2);
	expect_denied(f, ended(f, link, "GET", arena_format(f->arena, "%.*s", (int)(strstr(query, "&SigAlg") - strchr(query, '?') - 1),
							    strchr(query, '?') + 1), NULL, 0),
		      "signature of the query");
	assert_int_equal(f->got.session_count, 0);
	assert_null(f->got.url);
	xml = logout_request(f);
	form[0].value = forge_base64(f->arena, xml, strlen(xml));
	expect_denied(f, ended(f, link, "POST", "", form, 2), "signature of the message");
	expect_denied(f, ended(f, link, "POST", "", NULL, 0), "form");
	assert_true(link_lives(link));
}

static void test_settings_that_are_no_good(void **state)
{
	struct fixture *f = *state;
	struct link_options options = { .plugin = "saml", .deadline_ms = TOOLS_DEADLINE_MS };
	const struct link_pair addresses[] = { { "acs", FORGE_ACS },
					       { "metadata", FORGE_SERVICE },
					       { NULL, NULL } };
	const struct link_setting none[] = { { .name = "entity_id", .text = FORGE_PROVIDER } },
				  bad[] = { { .name = "metadata", .text = "<x/>" } };
	struct link *link;

	options.addresses = addresses;
	options.settings = none;
	options.setting_count = 1;
	assert_int_equal(link_open(f->catalog, &options, &link, &f->e), -1);
	assert_non_null(strstr(f->e.text, "certificates"));
	options.settings = bad;
	assert_int_equal(link_open(f->catalog, &options, &link, &f->e), -1);
	assert_non_null(strstr(f->e.text, "metadata"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_request_by_redirect, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_request_by_post, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_request_that_nobody_signs, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_our_metadata, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_person_comes_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_an_encrypted_one, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_our_next_key, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_is_not_right_is_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_provider_begins, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_transient_name, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_signing_off, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_provider_signs_off, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_settings_that_are_no_good, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, make_keys, forget_keys);
}
