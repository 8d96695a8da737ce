/* What providers send is accepted, and what an attacker makes of it is not: each variant is made afresh from
 * a message that is good, and each is refused for its own reason. */
#include "saml/answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"
#include "peers/saml_forge.h"
#include "saml/second.h"

static struct arena *arena;
static struct forge_key idp, second_idp, attacker, weak, p256, p384, service;
static struct keys *pinned, *curves;
static struct own_key *own;
static struct answer_question question;
static int refused, accepted;

/* What was accepted, for the second opinion: once that is asked, nothing is forged any more in this process.
 */
enum { GOOD_MOST = 128 };
static struct {
	const char *name, *xml;
	struct answer_question question;
} goods[GOOD_MOST];

static struct keys *ring(const struct forge_key *first, const struct forge_key *second)
{
	struct keys *keys = keys_open();
	struct error e;

	assert_int_equal(keys_add(keys, first->certificate_pem, &e), 0);
	if (second)
		assert_int_equal(keys_add(keys, second->certificate_pem, &e), 0);
	return keys;
}

static int make(void **state)
{
	struct error e;

	(void)state;
	arena = arena_open("test");
	idp = forge_key_make(arena, FORGE_RSA);
	second_idp = forge_key_make(arena, FORGE_RSA);
	attacker = forge_key_make(arena, FORGE_RSA);
	service = forge_key_make(arena, FORGE_RSA);
	weak = forge_key_make(arena, FORGE_RSA_1024);
	p256 = forge_key_make(arena, FORGE_P256);
	p384 = forge_key_make(arena, FORGE_P384);
	pinned = ring(&idp, &second_idp);
	curves = ring(&p256, &p384);
	assert_int_equal(own_key_open(service.private_pem, &own, &e), 0);
	question = (struct answer_question){ .provider = FORGE_PROVIDER,
					     .keys = pinned,
					     .service = FORGE_SERVICE,
					     .acs_url = FORGE_ACS,
					     .key = own,
					     .request_id = FORGE_REQUEST,
					     .skew_s = ANSWER_SKEW_S };
	return clock_parse(FORGE_NOW, &question.now_us);
}

static int unmake(void **state)
{
	(void)state;
	keys_close(&pinned);
	keys_close(&curves);
	own_key_close(&own);
	arena_close(&arena);
	return 0;
}

/* ---- judging ---- */

static void on_told(void *context, const char *check, bool passed, const char *expected, const char *received,
		    const char *advice)
{
	int *failed = context;

	(void)expected, (void)received, (void)advice;
	assert_true(check && *check);
	assert_int_equal(*failed, 0); /* the first that fails ends it */
	*failed += !passed;
}

static const char *judge_encoded(const char *encoded, size_t length, const struct answer_question *q,
				 struct answer *ret)
{
	int failed = 0;
	const struct trace trace = { on_told, &failed };
	struct error e = { 0 };
	int result = answer_judge(arena, encoded, length, q, &trace, ret, &e);

	assert_int_equal(failed, result < 0);
	if (result == 0)
		return "ok";
	assert_int_equal(e.kind, ERROR_DENIED);
	assert_true(text_is_utf8(e.text, strlen(e.text)));
	return arena_text(arena, e.code);
}

static const char *judge(const char *xml, const struct answer_question *q, struct answer *ret)
{
	const char *encoded = forge_base64(arena, xml, strlen(xml));

	return judge_encoded(encoded, strlen(encoded), q, ret);
}

static void refuse_as(const char *name, const char *xml, const char *code)
{
	struct answer answer;
	const char *verdict = judge(xml, &question, &answer);

	if (strcmp(verdict, code) != 0)
		print_error("%s: %s, not %s\n", name, verdict, code);
	assert_string_equal(verdict, code);
	refused++;
}

/* Ada, with her attributes. */
static void accept_with(const char *name, const char *xml, const struct answer_question *q)
{
	struct answer answer;
	const char *verdict = judge(xml, q, &answer);

	if (strcmp(verdict, "ok") != 0)
		print_error("%s: %s\n", name, verdict);
	assert_string_equal(verdict, "ok");
	assert_string_equal(answer.name_id, "ada@acme.example");
	assert_int_equal(answer.attribute_count, 2);
	assert_string_equal(answer.attributes[0].name, "mail");
	assert_string_equal(answer.attributes[0].values[0], "ada@acme.example");
	assert_string_equal(answer.attributes[1].values[0], "eng");
	assert_string_equal(answer.attributes[1].values[1], "R&D");
	assert_null(answer.attributes[1].values[2]);
	assert_string_equal(answer.session_index, "_s1");
	assert_true(accepted < GOOD_MOST);
	goods[accepted].name = name;
	goods[accepted].xml = xml;
	goods[accepted].question = *q;
	accepted++;
}

static void accept_it(const char *name, const char *xml)
{
	accept_with(name, xml, &question);
}

/* ---- ways to sign ---- */

static const char *signed_assertion(const struct forge *f)
{
	return forge_sign(arena, forge_response(arena, f), f->assertion_id, &idp, NULL);
}

static const char *signed_response(const struct forge *f)
{
	return forge_sign(arena, forge_response(arena, f), f->response_id, &idp, NULL);
}

static const char *signed_both(const struct forge *f)
{
	return forge_sign(arena, signed_assertion(f), f->response_id, &idp, NULL);
}

#define MORE_2001 "http://www.w3.org/2001/04/xmldsig-more#"
#define XENC	  "http://www.w3.org/2001/04/xmlenc#"
#define XENC_11	  "http://www.w3.org/2009/xmlenc11#"
#define DSIG	  "http://www.w3.org/2000/09/xmldsig#"
#define EXCLUSIVE "http://www.w3.org/2001/10/xml-exc-c14n#"

static void test_what_providers_sign_is_accepted(void **state)
{
	const struct forge good = forge_good();
	const char *plain = forge_response(arena, &good), *id = good.assertion_id;
	struct answer_question unasked = question, by_curves = question;
	struct forge unsolicited = good;

	(void)state;
	accept_it("assertion", signed_assertion(&good));
	accept_it("response", signed_response(&good));
	accept_it("both", signed_both(&good));
	accept_it("second key", forge_sign(arena, plain, id, &second_idp, NULL));
	accept_it("no KeyInfo",
		  forge_sign(arena, plain, id, &idp, &(struct forge_way){ .no_key_info = true }));
	accept_it("SHA-384", forge_sign(arena, plain, id, &idp,
					&(struct forge_way){ .signature = MORE_2001 "rsa-sha384",
							     .digest = MORE_2001 "sha384" }));
	accept_it("SHA-512", forge_sign(arena, plain, id, &idp,
					&(struct forge_way){ .signature = MORE_2001 "rsa-sha512",
							     .digest = XENC "sha512" }));
	accept_it("inclusive",
		  forge_sign(arena, plain, id, &idp,
			     &(struct forge_way){
				     .canonical = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
				     .transform = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315" }));
	accept_it("inclusive, response",
		  forge_sign(arena, plain, good.response_id, &idp,
			     &(struct forge_way){ .canonical = "http://www.w3.org/2006/12/xml-c14n11",
						  .transform = "http://www.w3.org/2006/12/xml-c14n11" }));
	accept_it("PrefixList", forge_sign(arena, plain, id, &idp,
					   &(struct forge_way){ .prefixes = "xs xsi #default samlp" }));
	for (int bits = 256; bits <= 512; bits += 128)
		accept_it("RSA-PSS", forge_sign_pss(arena, plain, id, &idp, bits));
	by_curves.keys = curves;
	accept_with("P-256",
		    forge_sign(arena, plain, id, &p256,
			       &(struct forge_way){ .signature = MORE_2001 "ecdsa-sha256" }),
		    &by_curves);
	accept_with("P-384",
		    forge_sign(arena, plain, id, &p384,
			       &(struct forge_way){ .signature = MORE_2001 "ecdsa-sha384" }),
		    &by_curves);
	unasked.request_id = NULL;
	unsolicited.response_answers = NULL;
	unsolicited.confirmations =
		forge_replace(arena, good.confirmations, " InResponseTo=\"" FORGE_REQUEST "\"", "");
	accept_with("the provider began", signed_assertion(&unsolicited), &unasked);
	by_curves = question;
	by_curves.sha1 = true;
	accept_with("SHA-1, where it is set",
		    forge_sign(arena, plain, id, &idp,
			       &(struct forge_way){ .signature = DSIG "rsa-sha1", .digest = DSIG "sha1" }),
		    &by_curves);
}

static void test_what_providers_encrypt_is_accepted(void **state)
{
	static const struct {
		const char *cipher, *wrap, *digest;
	} ways[] = {
		{ NULL, NULL, NULL },
		{ XENC "aes128-cbc", NULL, DSIG "sha1" },
		{ XENC_11 "aes128-gcm", NULL, NULL },
		{ XENC_11 "aes256-gcm", NULL, XENC "sha256" },
		{ XENC_11 "aes256-gcm", XENC_11 "rsa-oaep", XENC "sha256" },
	};
	const struct forge good = forge_good();
	const char *inner = forge_assertion(arena, &good),
		   *inner_signed = forge_sign(arena, inner, good.assertion_id, &idp, NULL);
	struct answer_question strict = question;
	struct answer answer;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(ways); i++) {
		const char *outside = forge_encrypt(arena, inner, &service, ways[i].cipher, ways[i].wrap,
						    ways[i].digest),
			   *inside = forge_encrypt(arena, inner_signed, &service, ways[i].cipher,
						   ways[i].wrap, ways[i].digest);

		accept_it("inner signed", forge_around(arena, &good, inside));
		accept_it("outer signed", forge_sign(arena, forge_around(arena, &good, outside),
						     good.response_id, &idp, NULL));
		accept_it("both signed", forge_sign(arena, forge_around(arena, &good, inside),
						    good.response_id, &idp, NULL));
		refuse_as("none signed", forge_around(arena, &good, outside), "saml.unsigned");
	}
	/* As AD FS names the certificate. */
	accept_it("WIF",
		  forge_around(arena, &good,
			       forge_replace(arena,
					     forge_encrypt(arena, inner_signed, &service, NULL, NULL, NULL),
					     "</xenc:EncryptionMethod><xenc:CipherData>",
					     "</xenc:EncryptionMethod><ds:KeyInfo><o:SecurityTokenReference "
					     "xmlns:o=\"http://docs.oasis-open.org/wss/2004/01/"
					     "oasis-200401-wss-wssecurity-secext-1.0.xsd\"><ds:X509Data><ds:"
					     "X509IssuerSerial>"
					     "<ds:X509IssuerName>CN=sp</"
					     "ds:X509IssuerName><ds:X509SerialNumber>7</ds:X509SerialNumber>"
					     "</ds:X509IssuerSerial></ds:X509Data></"
					     "o:SecurityTokenReference></ds:KeyInfo><xenc:CipherData>")));
	/* It leans on a prefix of the response. */
	accept_it("declared outside",
		  forge_sign(arena,
			     forge_around(
				     arena, &good,
				     forge_encrypt(
					     arena,
					     forge_replace(
						     arena, inner,
						     " xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"",
						     ""),
					     &service, NULL, NULL, NULL)),
			     good.response_id, &idp, NULL));
	strict.authenticated_encryption = true;
	assert_string_equal(judge(forge_around(arena, &good,
					       forge_encrypt(arena, inner_signed, &service, NULL, NULL,
							     NULL)),
				  &strict, &answer),
			    "saml.encryption_algorithm");
	strict.key = NULL;
	assert_string_equal(judge(forge_around(arena, &good,
					       forge_encrypt(arena, inner_signed, &service, NULL, NULL,
							     NULL)),
				  &strict, &answer),
			    "saml.no_decryption_key");
}

/* How messages of known providers look, beside what all have. */
static void test_shapes_of_providers_are_accepted(void **state)
{
	struct forge f = forge_good();
	struct answer answer;

	(void)state;
	/* AD FS: where a claim comes from, as an attribute of another namespace. */
	f.attributes = forge_replace(arena, f.attributes, "Name=\"groups\"",
				     "Name=\"groups\" a:OriginalIssuer=\"x\" "
				     "xmlns:a=\"http://schemas.xmlsoap.org/ws/2009/09/identity/claims\"");
	accept_it("OriginalIssuer", signed_assertion(&f));
	f = forge_good();
	f.attributes =
		forge_replace(arena, f.attributes, "xsi:type=\"xs:string\"", "xsi:type=\"xs:anyType\"");
	accept_it("anyType", signed_both(&f));
	f = forge_good();
	f.confirmations = forge_replace(arena, f.confirmations, "<saml:SubjectConfirmationData ",
					"<saml:SubjectConfirmationData Address=\"192.0.2.7\" ");
	f.authentication = forge_replace(arena, f.authentication, "<saml:AuthnContext>",
					 "<saml:SubjectLocality Address=\"192.0.2.7\"/><saml:AuthnContext>");
	accept_it("Shibboleth", signed_both(&f));
	f = forge_good();
	f.confirmations = arena_format(
		arena,
		"<saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:sender-vouches\"/>%s",
		f.confirmations);
	accept_it("a second confirmation", signed_assertion(&f));
	f = forge_good();
	f.conditions = forge_replace(arena, f.conditions, "<saml:Audience>",
				     "<saml:Audience>https://other.example</saml:Audience><saml:Audience>");
	accept_it("a second audience", signed_assertion(&f));
	f = forge_good();
	f.conditions = forge_replace(arena, f.conditions, "</saml:Conditions>",
				     "<saml:OneTimeUse/></saml:Conditions>");
	accept_it("OneTimeUse", signed_assertion(&f));
	f = forge_good();
	f.response_instant = f.instant = "2026-11-29T09:14:05.123Z";
	accept_it("fractions of seconds", signed_assertion(&f));
	f = forge_good();
	f.authentication = forge_replace(arena, f.authentication, "SessionIndex",
					 "SessionNotOnOrAfter=\"2026-11-29T17:14:05Z\" SessionIndex");
	accept_it("a session that ends", signed_assertion(&f));
	f = forge_good();
	f.response_issuer = NULL;
	accept_it("no issuer of the response", signed_assertion(&f));
	/* Written for people to read. */
	f = forge_good();
	f.name_id = forge_replace(arena, f.name_id, ">ada@acme.example<", ">\n    ada@acme.example\n  <");
	f.before = f.after = "\n  ";
	accept_it("with line breaks", signed_assertion(&f));
	/* Between signing and us. */
	f = forge_good();
	accept_it("a declaration",
		  arena_format(arena, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n%s\n", signed_both(&f)));
	/* The same letters, written otherwise. */
	accept_it("a character by its number", forge_replace(arena, signed_both(&f), ">ada@", ">&#97;da@"));
	f.attributes = NULL;
	assert_string_equal(judge(signed_assertion(&f), &question, &answer), "ok");
	assert_int_equal(answer.attribute_count, 0);
	/* eduPersonTargetedID: a NameID as a value; a value that is none; an empty attribute. */
	f.attributes = "<saml:AttributeStatement><saml:Attribute "
		       "Name=\"id\"><saml:AttributeValue><saml:NameID>x1</saml:NameID></saml:AttributeValue>"
		       "</saml:Attribute><saml:Attribute Name=\"nil\"><saml:AttributeValue "
		       "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "
		       "xsi:nil=\"true\"/></saml:Attribute><saml:Attribute "
		       "Name=\"none\"/></saml:AttributeStatement>";
	assert_string_equal(judge(signed_assertion(&f), &question, &answer), "ok");
	assert_string_equal(answer.attributes[0].values[0], "x1");
	assert_string_equal(answer.attributes[1].values[0], "");
	assert_null(answer.attributes[2].values[0]);
}

static void test_what_is_not_signed_by_the_provider(void **state)
{
	const struct forge good = forge_good();
	const char *plain = forge_response(arena, &good), *id = good.assertion_id, *both = signed_both(&good),
		   *one = signed_assertion(&good),
		   *by_attacker = forge_sign(arena, plain, id, &attacker, NULL),
		   *signature = forge_cut(arena, one, "<Signature ", "</Signature>");
	struct answer_question strict = question;
	struct answer answer;

	(void)state;
	refuse_as("S01", plain, "saml.unsigned");
	refuse_as("S02 attacker's key and certificate", by_attacker, "saml.signature");
	refuse_as("S03 attacker's key, the provider's certificate",
		  forge_replace(arena, by_attacker, forge_cut(arena, by_attacker, "<KeyInfo>", "</KeyInfo>"),
				forge_cut(arena, one, "<KeyInfo>", "</KeyInfo>")),
		  "saml.signature");
	refuse_as("S05 name",
		  forge_replace(arena, one, ">ada@acme.example</saml:NameID>",
				">eva@acme.example</saml:NameID>"),
		  "saml.digest");
	refuse_as("S06 attribute", forge_replace(arena, one, ">eng<", ">adm<"), "saml.digest");
	refuse_as("S07 stripped", forge_replace(arena, one, signature, ""), "saml.unsigned");
	refuse_as("S08 empty signature",
		  forge_replace(arena, one, signature, "<Signature xmlns=\"" DSIG "\"/>"), "saml.shape");
	refuse_as("S09 no SignedInfo",
		  forge_replace(arena, one, forge_cut(arena, one, "<SignedInfo>", "</SignedInfo>"), ""),
		  "saml.shape");
	refuse_as("S10 no Reference",
		  forge_replace(arena, one, forge_cut(arena, one, "<Reference ", "</Reference>"), ""),
		  "saml.shape");
	refuse_as("S11 no SignatureValue",
		  forge_replace(arena, one, forge_cut(arena, one, "<SignatureValue>", "</SignatureValue>"),
				""),
		  "saml.shape");
	refuse_as("S12 empty SignatureValue",
		  forge_replace(arena, one, forge_cut(arena, one, "<SignatureValue>", "</SignatureValue>"),
				"<SignatureValue></SignatureValue>"),
		  "saml.signature_shape");
	refuse_as("S13 empty DigestValue",
		  forge_replace(arena, one, forge_cut(arena, one, "<DigestValue>", "</DigestValue>"),
				"<DigestValue></DigestValue>"),
		  "saml.digest");
	/* Any signature that there is must be good. */
	refuse_as("S14 the assertion's is bad",
		  forge_sign(arena, forge_sign(arena, plain, id, &attacker, NULL), good.response_id, &idp,
			     NULL),
		  "saml.signature");
	refuse_as("S15 the response's is bad", forge_sign(arena, one, good.response_id, &attacker, NULL),
		  "saml.signature");
	refuse_as("response changed",
		  forge_replace(arena, both, "09:14:05Z\" Destination", "09:14:06Z\" Destination"),
		  "saml.digest");
	strict.response_signed = true;
	assert_string_equal(judge(one, &strict, &answer), "saml.unsigned");
	assert_string_equal(judge(both, &strict, &answer), "ok");
	strict.response_signed = false;
	strict.assertion_signed = true;
	assert_string_equal(judge(signed_response(&good), &strict, &answer), "saml.unsigned");
	assert_string_equal(judge(one, &strict, &answer), "ok");
}

/* Signed by the provider's own key, and still no signature as it must be. */
static void test_references_and_transforms(void **state)
{
	const struct forge good = forge_good();
	const char *plain = forge_response(arena, &good), *id = good.assertion_id,
		   *one = signed_assertion(&good),
		   *transforms = forge_cut(arena, one, "<Transforms>", "</Transforms>"),
		   *uri = "URI=\"#_assertion-1\"";
	static const char *const uris[] = { "URI=\"\"",
					    "",
					    "URI=\"#_response-1\"",
					    "URI=\"#xpointer(/)\"",
					    "URI=\"#xpointer(id('_assertion-1'))\"",
					    "URI=\"http://127.0.0.1:9/x\"",
					    "URI=\"file:///etc/passwd\"",
					    "URI=\"_assertion-1\"",
					    "URI=\"#\"" };
	static const char *const more[] = {
		"<Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xslt-19991116\"/>",
		"<Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xpath-19991116\"/>",
		"<Transform Algorithm=\"http://www.w3.org/2002/06/xmldsig-filter2\"/>",
		"<Transform Algorithm=\"" DSIG "base64\"/>",
		"<Transform Algorithm=\"" EXCLUSIVE "WithComments\"/>",
		"<Transform Algorithm=\"" DSIG "enveloped-signature\"/>",
	};

	(void)state;
	refuse_as("S16 two references",
		  forge_sign(arena, plain, id, &idp, &(struct forge_way){ .two_references = true }),
		  "saml.shape");
	refuse_as("S27 not enveloped, response",
		  forge_replace(arena, one, transforms,
				"<Transforms><Transform Algorithm=\"" EXCLUSIVE "\"/></Transforms>"),
		  "saml.signature_shape");
	for (size_t i = 0; i < ARRAY_COUNT(uris); i++)
		refuse_as(uris[i], forge_replace(arena, one, uri, uris[i]), "saml.signature_shape");
	for (size_t i = 0; i < ARRAY_COUNT(more); i++) {
		refuse_as(more[i],
			  forge_replace(arena, one, transforms,
					arena_format(arena,
						     "<Transforms><Transform Algorithm=\"" DSIG
						     "enveloped-signature\"/>%s</Transforms>",
						     more[i])),
			  "saml.signature_shape");
		refuse_as(more[i],
			  forge_replace(arena, one, "</Transforms>",
					arena_format(arena, "%s</Transforms>", more[i])),
			  "saml.shape");
	}
	refuse_as("no transforms", forge_replace(arena, one, transforms, ""), "saml.shape");
	refuse_as("S28 with comments, signed so",
		  forge_sign(arena, plain, id, &idp,
			     &(struct forge_way){ .transform = EXCLUSIVE "WithComments" }),
		  "saml.signature_shape");
	refuse_as("S28 with comments, the other",
		  forge_sign(arena, plain, id, &idp,
			     &(struct forge_way){ .canonical = EXCLUSIVE "WithComments" }),
		  "saml.signature_shape");
	refuse_as("S31 a namespace that is no URI",
		  forge_replace(arena, one, "<saml:Subject>", "<saml:Subject xmlns:n=\"relative\">"),
		  "saml.xml");
	refuse_as("S32 ... of the response",
		  forge_replace(arena, one, "<samlp:Response ", "<samlp:Response xmlns:n=\"1\" "),
		  "saml.xml");
}

static void test_algorithms(void **state)
{
	const struct forge good = forge_good();
	const char *plain = forge_response(arena, &good), *id = good.assertion_id,
		   *one = signed_assertion(&good);
	static const char *const methods[] = { DSIG "hmac-sha1",
					       MORE_2001 "hmac-sha256",
					       MORE_2001 "rsa-md5",
					       DSIG "dsa-sha1",
					       "http://example.org/none",
					       MORE_2001 "rsa-sha224",
					       "" };
	struct keys *ring_of_weak = keys_open();
	struct error e;

	(void)state;
	refuse_as("A01 SHA-1",
		  forge_sign(arena, plain, id, &idp,
			     &(struct forge_way){ .signature = DSIG "rsa-sha1", .digest = DSIG "sha1" }),
		  "saml.algorithm");
	refuse_as("A02 SHA-1 signature",
		  forge_sign(arena, plain, id, &idp, &(struct forge_way){ .signature = DSIG "rsa-sha1" }),
		  "saml.algorithm");
	refuse_as("A03 SHA-1 digest",
		  forge_sign(arena, plain, id, &idp, &(struct forge_way){ .digest = DSIG "sha1" }),
		  "saml.algorithm");
	for (size_t i = 0; i < ARRAY_COUNT(methods); i++) {
		refuse_as(methods[i], forge_replace(arena, one, MORE_2001 "rsa-sha256", methods[i]),
			  "saml.algorithm");
		refuse_as(methods[i], forge_replace(arena, one, XENC "sha256", methods[i]), "saml.algorithm");
	}
	refuse_as("A07 HMACOutputLength",
		  forge_replace(arena, one, "<SignatureMethod Algorithm=\"" MORE_2001 "rsa-sha256\"/>",
				"<SignatureMethod Algorithm=\"" MORE_2001
				"hmac-sha256\"><HMACOutputLength>0</HMACOutputLength></SignatureMethod>"),
		  "saml.shape");
	refuse_as("another padding than was signed",
		  forge_replace(arena, one, MORE_2001 "rsa-sha256",
				"http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1"),
		  "saml.signature");
	refuse_as("a curve's method, RSA's key",
		  forge_replace(arena, one, MORE_2001 "rsa-sha256", MORE_2001 "ecdsa-sha256"),
		  "saml.signature");
	refuse_as("an unknown curve's key",
		  forge_sign(arena, plain, id, &p256,
			     &(struct forge_way){ .signature = MORE_2001 "ecdsa-sha256" }),
		  "saml.signature");
	assert_int_equal(keys_add(ring_of_weak, weak.certificate_pem, &e), -1);
	assert_string_equal(e.code, "saml.certificate");
	assert_int_equal(keys_add(ring_of_weak, "AAAA", &e), -1);
	assert_int_equal(keys_add(ring_of_weak, "", &e), -1);
	keys_close(&ring_of_weak);
}

/* Somebody who has a good message, and wants to be eva in it. */
static void test_wrapping(void **state)
{
	struct forge good = forge_good(), evil = forge_good(), evil_same = forge_good();
	const char *one, *whole, *signature, *inner, *bare, *evil_bare, *evil_same_bare, *response;

	(void)state;
	evil.assertion_id = "_evil";
	evil.name_id = evil_same.name_id = "<saml:NameID>eva@acme.example</saml:NameID>";
	one = signed_assertion(&good);
	whole = signed_response(&good);
	inner = forge_cut(arena, one, "<saml:Assertion ", "</saml:Assertion>");
	signature = forge_cut(arena, inner, "<Signature ", "</Signature>");
	bare = forge_assertion(arena, &good);
	evil_bare = forge_assertion(arena, &evil);
	evil_same_bare = forge_assertion(arena, &evil_same);
	for (int same = 0; same < 2; same++) {
		const char *fake = same ? evil_same_bare : evil_bare,
			   *code = same ? "saml.duplicate_id" : "saml.shape",
			   *fake_signed = forge_replace(arena, fake, "</saml:Issuer>",
							arena_format(arena, "</saml:Issuer>%s", signature)),
			   *holding = forge_replace(arena, signature, "</Signature>",
						    arena_format(arena, "<Object>%s</Object></Signature>",
								 bare)),
			   *fake_holding = forge_replace(arena, fake, "</saml:Issuer>",
							 arena_format(arena, "</saml:Issuer>%s", holding)),
			   *evil_response = forge_replace(arena, forge_response(arena, &evil), "_response-1",
							  same ? "_response-1" : "_evil-response"),
			   *response_signature = forge_cut(arena, whole, "<Signature ", "</Signature>"),
			   *in_object = forge_replace(arena, response_signature, "</Signature>",
						      arena_format(arena, "<Object>%s</Object></Signature>",
								   forge_response(arena, &good)));

		(void)fake_holding;
		/* XSW1 and 2: the response; 3 to 8: the assertion, beside it, in it, in its signature, in
		 * extensions. */
		refuse_as("XSW1",
			  forge_replace(arena, evil_response, "</saml:Issuer>",
					arena_format(arena, "</saml:Issuer>%s", in_object)),
			  "saml.shape");
		refuse_as("XSW2",
			  forge_replace(arena, evil_response, "</saml:Issuer>",
					arena_format(arena, "</saml:Issuer>%s%s",
						     forge_response(arena, &good), response_signature)),
			  "saml.shape");
		refuse_as("XSW3", forge_replace(arena, one, inner, arena_format(arena, "%s%s", fake, inner)),
			  same ? code : "saml.assertions");
		refuse_as("XSW4",
			  forge_replace(arena, one, inner,
					forge_replace(arena, fake, "</saml:Assertion>",
						      arena_format(arena, "%s</saml:Assertion>", inner))),
			  "saml.shape");
		refuse_as("XSW5",
			  forge_replace(arena, one, inner, arena_format(arena, "%s%s", fake_signed, bare)),
			  same ? code : "saml.assertions");
		refuse_as("XSW6", forge_replace(arena, one, inner, fake_holding), "saml.shape");
		refuse_as("XSW7",
			  forge_replace(arena, one, "<samlp:Status>",
					arena_format(arena,
						     "<samlp:Extensions>%s</samlp:Extensions><samlp:Status>",
						     fake)),
			  "saml.shape");
		refuse_as("XSW8",
			  forge_replace(
				  arena, one, inner,
				  forge_replace(
					  arena, fake, "</saml:Issuer>",
					  arena_format(arena, "</saml:Issuer>%s",
						       forge_replace(
							       arena, signature, "</Signature>",
							       arena_format(arena,
									    "<Object>%s</Object></Signature>",
									    bare))))),
			  "saml.shape");
		refuse_as("X09 behind",
			  forge_replace(arena, one, inner, arena_format(arena, "%s%s", inner, fake)),
			  same ? code : "saml.assertions");
		refuse_as(
			"X16 Advice",
			forge_replace(
				arena, one, inner,
				forge_replace(arena, fake, "</saml:Conditions>",
					      arena_format(arena,
							   "</saml:Conditions><saml:Advice>%s</saml:Advice>",
							   inner))),
			"saml.shape");
		refuse_as("X17 StatusDetail",
			  forge_replace(
				  arena, one, "</samlp:Status>",
				  arena_format(arena,
					       "<samlp:StatusDetail>%s</samlp:StatusDetail></samlp:Status>",
					       fake)),
			  "saml.shape");
		refuse_as("Y03 beside the response's signature",
			  forge_replace(arena, whole, "</saml:Assertion>",
					arena_format(arena, "</saml:Assertion>%s", fake)),
			  same ? code : "saml.digest");
		refuse_as("Y05 in KeyInfo",
			  forge_replace(arena, one, "</KeyInfo>", arena_format(arena, "%s</KeyInfo>", fake)),
			  "saml.shape");
		refuse_as("Y07 transplanted", forge_replace(arena, one, inner, fake_signed),
			  same ? "saml.digest" : "saml.signature_shape");
		refuse_as("in an attribute",
			  forge_replace(arena, one, ">eng<", arena_format(arena, ">%s<", fake)),
			  "saml.shape");
		refuse_as("within a confirmation",
			  forge_replace(
				  arena, one, "\"/></saml:SubjectConfirmation>",
				  arena_format(
					  arena,
					  "\">%s</saml:SubjectConfirmationData></saml:SubjectConfirmation>",
					  fake)),
			  "saml.shape");
	}
	/* Two that are both the provider's. */
	response = forge_response(arena, &good);
	response = forge_replace(arena, response, "</saml:Assertion>",
				 arena_format(arena, "</saml:Assertion>%s",
					      forge_replace(arena, evil_bare, "eva@", "bob@")));
	response = forge_sign(arena, forge_sign(arena, response, "_assertion-1", &idp, NULL), "_evil", &idp,
			      NULL);
	refuse_as("X11 two good ones", response, "saml.assertions");
	refuse_as("X11 in a signed response", forge_sign(arena, response, "_response-1", &idp, NULL),
		  "saml.assertions");
	refuse_as("X13 an encrypted one beside",
		  forge_replace(arena, one, "</saml:Assertion>",
				arena_format(arena, "</saml:Assertion>%s",
					     forge_encrypt(arena, evil_bare, &service, NULL, NULL, NULL))),
		  "saml.assertions");
	refuse_as("X14 encrypted and unsigned",
		  forge_around(arena, &good,
			       forge_encrypt(arena, evil_bare, &service,
					     "http://www.w3.org/2009/xmlenc11#aes256-gcm", NULL, NULL)),
		  "saml.unsigned");
	refuse_as("no assertion", forge_around(arena, &good, ""), "saml.assertions");
	refuse_as("no assertion, signed",
		  forge_sign(arena, forge_around(arena, &good, ""), "_response-1", &idp, NULL),
		  "saml.assertions");
	refuse_as("Y06 within another message",
		  arena_format(arena,
			       "<samlp:LogoutRequest " FORGE_NAMESPACES " ID=\"_l\" Version=\"2.0\" "
			       "IssueInstant=\"2026-11-29T09:14:05Z\">%s</samlp:LogoutRequest>",
			       inner),
		  "saml.shape");
	refuse_as("an assertion alone", inner, "saml.shape");
	refuse_as("within SOAP",
		  arena_format(arena,
			       "<s:Envelope "
			       "xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>%s</s:Body></"
			       "s:Envelope>",
			       one),
		  "saml.shape");
}

static void test_signatures_within_signatures(void **state)
{
	const struct forge good = forge_good();
	const char *one = signed_assertion(&good),
		   *signature = forge_cut(arena, one, "<Signature ", "</Signature>"),
		   *info = forge_cut(arena, one, "<SignedInfo>", "</SignedInfo>"),
		   *digest = forge_cut(arena, one, "<DigestValue>", "</DigestValue>"),
		   *other_digest = "<DigestValue>AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=</DigestValue>",
		   *other_info = forge_replace(arena, info, digest, other_digest),
		   *stripped = forge_replace(arena, one, signature, "");

	(void)state;
	refuse_as("X18 a digest smuggled in",
		  forge_replace(arena, one, digest, arena_format(arena, "%s%s", other_digest, digest)),
		  "saml.shape");
	refuse_as("X18 elsewhere",
		  forge_replace(arena, one, "<samlp:Status>",
				arena_format(arena, "<samlp:Extensions>%s</samlp:Extensions><samlp:Status>",
					     digest)),
		  "saml.shape");
	refuse_as("X19 a comment in the digest",
		  forge_replace(arena, one, "<DigestValue>", "<DigestValue><!--AAAA-->"), "saml.xml");
	refuse_as("X20 an element in the digest",
		  forge_replace(arena, one, "<DigestValue>", "<DigestValue><x/>"), "saml.shape");
	refuse_as("X21 two SignedInfo",
		  forge_replace(arena, one, info, arena_format(arena, "%s%s", info, other_info)),
		  "saml.shape");
	refuse_as("X22 the other way",
		  forge_replace(arena, one, info, arena_format(arena, "%s%s", other_info, info)),
		  "saml.shape");
	refuse_as("X23 two signatures",
		  forge_replace(arena, one, signature, arena_format(arena, "%s%s", signature, signature)),
		  "saml.shape");
	refuse_as("X24 behind the subject",
		  forge_replace(arena, stripped, "</saml:Subject>",
				arena_format(arena, "</saml:Subject>%s", signature)),
		  "saml.shape");
	refuse_as("X25 first",
		  forge_replace(arena, stripped,
				"<saml:Issuer>" FORGE_PROVIDER "</saml:Issuer><saml:Subject>",
				arena_format(arena,
					     "%s<saml:Issuer>" FORGE_PROVIDER "</saml:Issuer><saml:Subject>",
					     signature)),
		  "saml.shape");
	refuse_as("X25 in the response",
		  forge_replace(arena, stripped, "<samlp:Status>",
				arena_format(arena, "%s<samlp:Status>", signature)),
		  "saml.signature_shape");
	refuse_as("X31 a signature that only looks like one",
		  forge_replace(arena, one, "xmlns=\"" DSIG "\"",
				"xmlns=\"http://www.w3.org/2000/09/xmldsig\""),
		  "saml.shape");
	refuse_as("an object", forge_replace(arena, one, "</Signature>", "<Object/></Signature>"),
		  "saml.shape");
	refuse_as("a manifest",
		  forge_replace(arena, one, "</Signature>", "<Object><Manifest/></Object></Signature>"),
		  "saml.shape");
}

static void test_ids_and_names(void **state)
{
	struct forge f = forge_good();
	const char *one = signed_assertion(&f);

	(void)state;
	refuse_as("X26 xml:id",
		  forge_replace(arena, one, "<saml:Subject>", "<saml:Subject xml:id=\"_assertion-1\">"),
		  "saml.shape");
	refuse_as("X27 xml:id of the response",
		  forge_replace(arena, one, "<samlp:Response ", "<samlp:Response xml:id=\"_x\" "),
		  "saml.shape");
	refuse_as("X28 saml:ID",
		  forge_replace(arena, one, " ID=\"_assertion-1\"", " ID=\"_assertion-1\" saml:ID=\"_x\""),
		  "saml.shape");
	refuse_as("X29 id",
		  forge_replace(arena, one, " ID=\"_assertion-1\"",
				" ID=\"_assertion-1\" id=\"_assertion-1\""),
		  "saml.shape");
	refuse_as("an id of an attribute",
		  forge_replace(arena, one, "<saml:Attribute ",
				"<saml:Attribute xmlns:q=\"urn:q\" q:Id=\"_assertion-1\" "),
		  "saml.shape");
	refuse_as("X30 two of an attribute",
		  forge_replace(arena, one, " Destination=", " samlp:Destination=\"x\" Destination="),
		  "saml.shape");
	refuse_as("X32 of another namespace",
		  forge_replace(arena, one, "</samlp:Response>",
				"<e:Assertion xmlns:e=\"urn:e\"/></samlp:Response>"),
		  "saml.shape");
	refuse_as("X33 unknown",
		  forge_replace(arena, one, "</samlp:Response>", "<samlp:Unknown/></samlp:Response>"),
		  "saml.shape");
	refuse_as("X34 text", forge_replace(arena, one, "</samlp:Response>", "evil</samlp:Response>"),
		  "saml.shape");
	refuse_as("SAML 1.1",
		  forge_replace(arena, one, "<samlp:Response " FORGE_NAMESPACES,
				"<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:1.0:protocol\" "
				"xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\""),
		  "saml.shape");
	f.assertion_id = f.response_id;
	refuse_as("one id for both", forge_replace(arena, forge_response(arena, &f), "x", "x"),
		  "saml.duplicate_id");
	f = forge_good();
	f.assertion_id = "a b";
	refuse_as("an id with a blank", forge_response(arena, &f), "saml.shape");
	f.assertion_id = "1";
	refuse_as("an id that is a number", forge_response(arena, &f), "saml.shape");
	f.assertion_id = "";
	refuse_as("an empty id", forge_response(arena, &f), "saml.shape");
	/* Types that a library may take for a reason to build other objects. */
	f = forge_good();
	f.attributes = forge_replace(
		arena, f.attributes, "xsi:type=\"xs:string\"",
		"xmlns:p=\"urn:oasis:names:tc:SAML:2.0:protocol\" xsi:type=\"p:AuthnRequestType\"");
	refuse_as("a type of SAML", signed_assertion(&f), "saml.shape");
	f.attributes = forge_replace(arena, f.attributes, "xsi:type=\"p:AuthnRequestType\"",
				     "xsi:type=\"none:string\"");
	refuse_as("a type without a namespace", signed_assertion(&f), "saml.shape");
	f = forge_good();
	f.name_id = forge_replace(arena, f.name_id, "<saml:NameID ",
				  "<saml:NameID xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "
				  "xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" xsi:type=\"xs:string\" ");
	refuse_as("a type of a name", signed_assertion(&f), "saml.shape");
}

/* What readers of XML disagree about: it is not there. */
static void test_xml(void **state)
{
	const struct forge good = forge_good();
	const char *one = signed_assertion(&good), *name = ">ada@acme.example</saml:NameID>";
	struct buffer deep;
	static const char *const before[] = {
		"<!DOCTYPE samlp:Response>",
		"<!DOCTYPE x [<!ENTITY a \"b\">]>",
		"<!DOCTYPE x [<!ENTITY a SYSTEM \"file:///etc/passwd\">]>",
		"<!DOCTYPE x [<!ENTITY % a SYSTEM \"http://127.0.0.1:9/x\"> %a;]>",
		"<!DOCTYPE x SYSTEM \"http://127.0.0.1:9/x\">",
		"<!DOCTYPE x [<!ATTLIST saml:Assertion foo ID #IMPLIED>]>",
		"<?pi x?>",
		"<!-- x -->",
		"<?xml version=\"1.1\"?>",
		"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>",
		"<?xml version=\"1.0\" encoding=\"UTF-7\"?>",
		"<?xml version=\"1.0\" encoding=\"UTF-16\"?>",
		"x",
		" <?xml version=\"1.0\"?>",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(before); i++)
		refuse_as(before[i], arena_format(arena, "%s%s", before[i], one), "saml.xml");
	refuse_as("D01 laughing",
		  arena_format(arena,
			       "<!DOCTYPE x [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;\"><!ENTITY c "
			       "\"&b;&b;&b;\">]>%s",
			       forge_replace(arena, one, name, ">&c;</saml:NameID>")),
		  "saml.xml");
	refuse_as("an entity that nobody declared", forge_replace(arena, one, name, ">&a;</saml:NameID>"),
		  "saml.xml");
	refuse_as("C01 a comment in the name",
		  forge_replace(arena, one, name, ">ada@acme.example<!-- -->.evil.example</saml:NameID>"),
		  "saml.xml");
	refuse_as("C02 a comment that changes nothing",
		  forge_replace(arena, one, name, ">ada@acme<!-- -->.example</saml:NameID>"), "saml.xml");
	refuse_as("C03 a comment in an attribute", forge_replace(arena, one, ">eng<", ">e<!-- -->ng<"),
		  "saml.xml");
	refuse_as("C05 an instruction",
		  forge_replace(arena, one, name, ">ada@acme<?x y?>.example</saml:NameID>"), "saml.xml");
	refuse_as("C07 CDATA", forge_replace(arena, one, name, "><![CDATA[ada@acme.example]]></saml:NameID>"),
		  "saml.xml");
	refuse_as("C09 an element in the name",
		  forge_replace(arena, one, name, ">ada@<b>acme</b>.example</saml:NameID>"), "saml.shape");
	refuse_as("E03 something behind it", arena_format(arena, "%s<x/>", one), "saml.xml");
	refuse_as("a comment behind it", arena_format(arena, "%s<!-- x -->", one), "saml.xml");
	refuse_as("cut", arena_text_n(arena, one, strlen(one) - 3), "saml.xml");
	refuse_as("no XML", "hello", "saml.xml");
	refuse_as("not UTF-8", forge_replace(arena, one, ">eng<", ">\xff<"), "saml.xml");
	refuse_as("a letter in too many bytes", forge_replace(arena, one, ">eng<", ">\xc1\xa1<"), "saml.xml");
	buffer_open(&deep, MB(1));
	for (int i = 0; i < 60; i++)
		buffer_text(&deep, "<x>");
	for (int i = 0; i < 60; i++)
		buffer_text(&deep, "</x>");
	refuse_as("too deep", deep.bytes, "saml.xml");
	buffer_reset(&deep);
	buffer_text(&deep, ">eng</saml:AttributeValue>");
	for (int i = 0; i < 5000; i++)
		buffer_text(&deep, "<saml:AttributeValue/>");
	buffer_text(&deep, "<saml:AttributeValue>x<");
	refuse_as("too many elements", forge_replace(arena, one, ">eng<", deep.bytes), "saml.xml");
	buffer_reset(&deep);
	for (int i = 0; i < 5; i++)
		buffer_format(
			&deep,
			"<x xmlns:a%d=\"urn:a\" xmlns:b%d=\"urn:a\" xmlns:c%d=\"urn:a\" xmlns:d%d=\"urn:a\" "
			"xmlns:e%d=\"urn:a\" xmlns:f%d=\"urn:a\" xmlns:g%d=\"urn:a\" xmlns:h%d=\"urn:a\" "
			"xmlns:i%d=\"urn:a\" xmlns:j%d=\"urn:a\" xmlns:k%d=\"urn:a\" xmlns:l%d=\"urn:a\" "
			"xmlns:m%d=\"urn:a\" xmlns:n%d=\"urn:a\" xmlns:o%d=\"urn:a\">",
			i, i, i, i, i, i, i, i, i, i, i, i, i, i, i);
	for (int i = 0; i < 5; i++)
		buffer_text(&deep, "</x>");
	refuse_as("too many namespaces", deep.bytes, "saml.xml");
	buffer_close(&deep);
}

static void test_encodings(void **state)
{
	const struct forge good = forge_good();
	const char *one = signed_assertion(&good), *encoded = forge_base64(arena, one, strlen(one)),
		   *with_breaks;
	struct answer answer;
	const char *const bad[] = { "",
				    "=",
				    "!",
				    one,
				    arena_format(arena, "%s=", encoded),
				    arena_format(arena, "%s!", encoded),
				    arena_format(arena, " %s", encoded),
				    arena_format(arena, "%.10s-%s", encoded, encoded + 11),
				    arena_format(arena, "%.10s%%2B%s", encoded, encoded + 10),
				    arena_format(arena, "%.9s", encoded) };
	char *large = arena_take(arena, ANSWER_ENCODED_MOST + 9);

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		assert_string_equal(judge_encoded(bad[i], strlen(bad[i]), &question, &answer),
				    "saml.encoding");
	memset(large, 'A', ANSWER_ENCODED_MOST + 4);
	assert_string_equal(judge_encoded(large, ANSWER_ENCODED_MOST + 4, &question, &answer),
			    "saml.encoding");
	/* A NUL hides nothing. */
	large = arena_take(arena, strlen(one) + 8);
	memcpy(large, one, strlen(one));
	memcpy(large + strlen(one) + 1, "<x/>", 4);
	encoded = forge_base64(arena, large, strlen(one) + 5);
	assert_string_equal(judge_encoded(encoded, strlen(encoded), &question, &answer), "saml.xml");
	encoded = forge_base64(arena, one, strlen(one));
	with_breaks = arena_format(arena, "%.76s\r\n%.76s\n%s\r\n", encoded, encoded + 76, encoded + 152);
	assert_string_equal(judge_encoded(with_breaks, strlen(with_breaks), &question, &answer), "ok");
}

/* Signed by the provider, and not for us, not now, or not what we asked. Each signed in both ways: one is
 * enough for none. */
static void refuse_signed(const char *name, const struct forge *f, const char *code)
{
	refuse_as(name, signed_assertion(f), code);
	refuse_as(name, signed_both(f), code);
}

static const char *with(const char *text, const char *from, const char *to)
{
	return forge_replace(arena, text, from, to);
}

static void test_for_whom(void **state)
{
	const struct forge good = forge_good();
	struct forge f;

	(void)state;
#define VARY(name, code, ...)                                                                                \
	do {                                                                                                 \
		f = good;                                                                                    \
		__VA_ARGS__;                                                                                 \
		refuse_signed(name, &f, code);                                                               \
	} while (0)
	VARY("P01 another audience", "saml.audience",
	     f.conditions = with(f.conditions, FORGE_SERVICE, "https://other.example/metadata"));
	VARY("an audience that begins like ours", "saml.audience",
	     f.conditions = with(f.conditions, FORGE_SERVICE, FORGE_SERVICE "/evil"));
	VARY("an audience in capitals", "saml.audience",
	     f.conditions = with(f.conditions, "https://rosterd.example/sso", "https://ROSTERD.example/sso"));
	VARY("P03 two audiences, none ours", "saml.audience",
	     f.conditions = with(
		     f.conditions, "<saml:Audience>" FORGE_SERVICE,
		     "<saml:Audience>https://a.example</saml:Audience><saml:Audience>https://b.example"));
	VARY("P04 one restriction is ours, one is not", "saml.audience",
	     f.conditions = with(f.conditions, "</saml:Conditions>",
				 "<saml:AudienceRestriction><saml:Audience>https://b.example</"
				 "saml:Audience></saml:AudienceRestriction></saml:Conditions>"));
	VARY("P05 no conditions", "saml.audience", f.conditions = NULL);
	VARY("P06 no audience", "saml.audience",
	     f.conditions = "<saml:Conditions NotBefore=\"2026-11-29T09:13:35Z\" "
			    "NotOnOrAfter=\"2026-11-29T09:19:05Z\"/>");
	VARY("P07 an unknown condition", "saml.shape",
	     f.conditions =
		     with(f.conditions, "</saml:Conditions>", "<x xmlns=\"urn:x\"/></saml:Conditions>"));
	VARY("P08 an extension", "saml.shape",
	     f.conditions = with(f.conditions, "</saml:Conditions>", "<saml:Condition/></saml:Conditions>"));
	VARY("P18 another recipient", "saml.recipient",
	     f.confirmations = with(f.confirmations, FORGE_ACS, "https://rosterd.example/sso/other/acs"));
	VARY("P19 no recipient", "saml.recipient",
	     f.confirmations = with(f.confirmations, " Recipient=\"" FORGE_ACS "\"", ""));
	VARY("P20 another destination", "saml.destination",
	     f.destination = "https://rosterd.example/sso/other/acs");
	VARY("P21 no destination", "saml.destination", f.destination = NULL);
	VARY("P22 answers another, says the assertion", "saml.in_response_to",
	     f.confirmations = with(f.confirmations, FORGE_REQUEST, "_request-8"));
	VARY("P23 answers another, says the response", "saml.in_response_to",
	     f.response_answers = "_request-8");
	VARY("P24 only the response answers", "saml.in_response_to",
	     f.confirmations = with(f.confirmations, " InResponseTo=\"" FORGE_REQUEST "\"", ""));
	VARY("P24 only the assertion answers", "saml.in_response_to", f.response_answers = NULL);
	VARY("P25 holder of key", "saml.confirmation",
	     f.confirmations = with(f.confirmations, "cm:bearer", "cm:holder-of-key"));
	VARY("P26 no confirmation", "saml.confirmation", f.confirmations = NULL);
	VARY("a confirmation without data", "saml.recipient",
	     f.confirmations =
		     "<saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\"/>");
	VARY("two confirmations, none fits", "saml.confirmation",
	     f.confirmations =
		     arena_format(arena, "%s%s", with(f.confirmations, FORGE_ACS, "https://a.example"),
				  with(f.confirmations, FORGE_REQUEST, "_b")));
	VARY("P29 another issuer of the assertion", "saml.issuer",
	     f.issuer = "https://idp.other.example/metadata");
	VARY("P30 another issuer of the response", "saml.issuer",
	     f.response_issuer = "https://idp.other.example/metadata");
	VARY("an issuer that begins like it", "saml.issuer", f.issuer = FORGE_PROVIDER "/x");
#undef VARY
}

static void test_when_and_how(void **state)
{
	const struct forge good = forge_good();
	struct answer_question unasked = question;
	struct answer answer;
	struct forge f;

	(void)state;
#define VARY(name, code, ...)                                                                                \
	do {                                                                                                 \
		f = good;                                                                                    \
		__VA_ARGS__;                                                                                 \
		refuse_signed(name, &f, code);                                                               \
	} while (0)
	VARY("P09 over", "saml.expired",
	     f.conditions = with(f.conditions, "NotOnOrAfter=\"2026-11-29T09:19:05Z\"",
				 "NotOnOrAfter=\"2026-11-29T09:13:07Z\""));
	VARY("P10 not yet", "saml.not_yet",
	     f.conditions = with(f.conditions, "NotBefore=\"2026-11-29T09:13:35Z\"",
				 "NotBefore=\"2026-11-29T09:15:08Z\""));
	VARY("P11 no time", "saml.conditions",
	     f.conditions = with(f.conditions, "2026-11-29T09:19:05Z", "tomorrow"));
	VARY("P12 no Z", "saml.conditions",
	     f.conditions = with(f.conditions, "2026-11-29T09:19:05Z", "2026-11-29T09:19:05"));
	VARY("P13 an offset", "saml.conditions",
	     f.conditions = with(f.conditions, "2026-11-29T09:19:05Z", "2026-11-29T10:19:05+01:00"));
	VARY("an empty time", "saml.conditions",
	     f.conditions = with(f.conditions, "2026-11-29T09:19:05Z", ""));
	VARY("P15 the confirmation is over", "saml.expired",
	     f.confirmations = with(f.confirmations, "09:19:05Z", "09:13:07Z"));
	VARY("P16 it does not end", "saml.confirmation",
	     f.confirmations = with(f.confirmations, " NotOnOrAfter=\"2026-11-29T09:19:05Z\"", ""));
	VARY("P17 it begins", "saml.confirmation",
	     f.confirmations = with(f.confirmations,
				    " NotOnOrAfter=", " NotBefore=\"2026-11-29T09:13:35Z\" NotOnOrAfter="));
	VARY("P32 it failed", "saml.status",
	     f.status = "<samlp:StatusCode "
			"Value=\"urn:oasis:names:tc:SAML:2.0:status:Responder\"><samlp:StatusCode "
			"Value=\"urn:oasis:names:tc:SAML:2.0:status:AuthnFailed\"/></"
			"samlp:StatusCode><samlp:StatusMessage>no</samlp:StatusMessage>");
	VARY("a status within success", "saml.status",
	     f.status = "<samlp:StatusCode "
			"Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"><samlp:StatusCode "
			"Value=\"urn:oasis:names:tc:SAML:2.0:status:AuthnFailed\"/></samlp:StatusCode>");
	VARY("no status", "saml.shape", f.status = "");
	VARY("P33 version 1.1", "saml.version", f.version = "1.1");
	VARY("P34 version 3.0", "saml.version", f.response_version = "3.0");
	VARY("no version", "saml.version", f.version = NULL);
	VARY("P35 no instant", "saml.instant", f.instant = NULL);
	VARY("no instant of the response", "saml.instant", f.response_instant = NULL);
	VARY("issued in the future", "saml.not_yet", f.instant = "2026-11-29T09:25:05Z");
	VARY("P38 no name", "saml.name_id", f.name_id = NULL);
	VARY("P39 an empty name", "saml.name_id", f.name_id = "<saml:NameID/>");
	VARY("a name of blanks", "saml.name_id", f.name_id = "<saml:NameID>  \n </saml:NameID>");
	VARY("a name with a line break in it", "saml.name_id",
	     f.name_id = "<saml:NameID>ada\nroot</saml:NameID>");
	VARY("P40 no authentication", "saml.authentication", f.authentication = NULL);
	VARY("P41 the session is over", "saml.expired",
	     f.authentication = with(f.authentication, "SessionIndex",
				     "SessionNotOnOrAfter=\"2026-11-29T09:00:05Z\" SessionIndex"));
	VARY("authenticated in the future", "saml.not_yet",
	     f.authentication = with(f.authentication, "09:14:05Z", "19:14:05Z"));
	VARY("P42 an attribute twice", "saml.attributes",
	     f.attributes = with(f.attributes, "Name=\"groups\"", "Name=\"mail\""));
	VARY("an attribute without a name", "saml.attributes",
	     f.attributes = with(f.attributes, " Name=\"groups\"", ""));
	VARY("an encrypted attribute", "saml.shape",
	     f.attributes = with(f.attributes, "</saml:AttributeStatement>",
				 "<saml:EncryptedAttribute/></saml:AttributeStatement>"));
	VARY("P37 no subject", "saml.subject", f.name_id = f.confirmations = NULL);
	VARY("advice", "saml.shape", f.conditions = arena_format(arena, "%s<saml:Advice/>", f.conditions));
#undef VARY
	f = good;
	f.assertion_id = NULL;
	refuse_as("P36 no id", signed_response(&f), "saml.shape");
	/* Nobody here asked. */
	unasked.request_id = NULL;
	f = good;
	assert_string_equal(judge(signed_assertion(&f), &unasked, &answer), "saml.in_response_to");
	f.response_answers = NULL;
	assert_string_equal(judge(signed_assertion(&f), &unasked, &answer), "saml.in_response_to");
	/* A minute either way is no difference. */
	f = good;
	f.conditions = with(f.conditions, "NotOnOrAfter=\"2026-11-29T09:19:05Z\"",
			    "NotOnOrAfter=\"2026-11-29T09:13:08Z\"");
	f.conditions = with(f.conditions, "NotBefore=\"2026-11-29T09:13:35Z\"",
			    "NotBefore=\"2026-11-29T09:13:00Z\"");
	accept_it("59 seconds over", signed_assertion(&f));
	f.conditions = with(good.conditions, "NotBefore=\"2026-11-29T09:13:35Z\"",
			    "NotBefore=\"2026-11-29T09:15:07Z\"");
	accept_it("60 seconds to go", signed_assertion(&f));
}

static void test_ciphertexts(void **state)
{
	const struct forge good = forge_good();
	const char *inner = forge_sign(arena, forge_assertion(arena, &good), good.assertion_id, &idp, NULL),
		   *gcm = forge_around(arena, &good,
				       forge_encrypt(arena, inner, &service, XENC_11 "aes256-gcm", NULL,
						     NULL)),
		   *cbc = forge_around(arena, &good, forge_encrypt(arena, inner, &service, NULL, NULL, NULL)),
		   *value, *inner_value;
	char *changed;

	(void)state;
	refuse_as("N01 RSA with PKCS #1 1.5",
		  forge_around(arena, &good,
			       forge_encrypt(arena, inner, &service, NULL, XENC "rsa-1_5", NULL)),
		  "saml.encryption_algorithm");
	refuse_as("N03 Triple DES",
		  forge_around(arena, &good,
			       forge_encrypt(arena, inner, &service, XENC "tripledes-cbc", NULL, NULL)),
		  "saml.encryption_algorithm");
	refuse_as("for somebody else",
		  forge_around(arena, &good, forge_encrypt(arena, inner, &attacker, NULL, NULL, NULL)),
		  "saml.decryption");
	value = forge_cut(arena, strstr(gcm, "</ds:KeyInfo>"), "<xenc:CipherValue>", "</xenc:CipherValue>");
	refuse_as("N04 ciphertext elsewhere",
		  forge_replace(arena, gcm, value, "<xenc:CipherReference URI=\"http://127.0.0.1:9/x\"/>"),
		  "saml.shape");
	refuse_as("N06 ... in a file",
		  forge_replace(arena, gcm, value, "<xenc:CipherReference URI=\"file:///dev/zero\"/>"),
		  "saml.shape");
	refuse_as("N07 a key elsewhere",
		  forge_replace(arena, gcm, "<xenc:EncryptedKey>",
				"<ds:RetrievalMethod URI=\"#k\"/><xenc:EncryptedKey>"),
		  "saml.shape");
	refuse_as("two keys",
		  forge_replace(
			  arena, gcm, "</saml:EncryptedAssertion>",
			  arena_format(arena, "%s</saml:EncryptedAssertion>",
				       forge_replace(arena,
						     forge_cut(arena, gcm, "<xenc:EncryptedKey>",
							       "</xenc:EncryptedKey>"),
						     "<xenc:EncryptedKey>",
						     "<xenc:EncryptedKey "
						     "xmlns:xenc=\"http://www.w3.org/2001/04/xmlenc#\">"))),
		  "saml.encryption_algorithm");
	inner_value = value + strlen("<xenc:CipherValue>");
	changed = arena_text(arena, value);
	changed[strlen("<xenc:CipherValue>") + 40] = inner_value[40] == 'A' ? 'B' : 'A';
	refuse_as("N08 changed", forge_replace(arena, gcm, value, changed), "saml.decryption");
	refuse_as("N10 no tag",
		  forge_replace(arena, gcm, value, "<xenc:CipherValue>AAAAAAAAAAAAAAAA</xenc:CipherValue>"),
		  "saml.decryption");
	refuse_as("nothing", forge_replace(arena, gcm, value, "<xenc:CipherValue></xenc:CipherValue>"),
		  "saml.decryption");
	/* Of a cipher that vouches for nothing: whatever is wrong, the answer is one. */
	value = forge_cut(arena, strstr(cbc, "</ds:KeyInfo>"), "<xenc:CipherValue>", "</xenc:CipherValue>");
	for (size_t at = 20; at < 60; at += 5) {
		changed = arena_text(arena, value);
		changed[at] = changed[at] == 'A' ? 'B' : 'A';
		refuse_as("changed", forge_replace(arena, cbc, value, changed), "saml.decryption");
		changed = arena_text(arena, value);
		changed[strlen(changed) - 24 - at] = changed[strlen(changed) - 24 - at] == 'A' ? 'B' : 'A';
		refuse_as("changed at the end", forge_replace(arena, cbc, value, changed), "saml.decryption");
	}
	refuse_as("N11 a DTD in it",
		  forge_around(arena, &good,
			       forge_encrypt(arena, arena_format(arena, "<!DOCTYPE x>%s", inner), &service,
					     XENC_11 "aes256-gcm", NULL, NULL)),
		  "saml.xml");
	refuse_as("N13 another message in it",
		  forge_around(arena, &good,
			       forge_encrypt(arena, signed_assertion(&good), &service, XENC_11 "aes256-gcm",
					     NULL, NULL)),
		  "saml.shape");
	refuse_as("N14 two in it",
		  forge_around(arena, &good,
			       forge_encrypt(arena, arena_format(arena, "%s%s", inner, inner), &service,
					     XENC_11 "aes256-gcm", NULL, NULL)),
		  "saml.shape");
	refuse_as("N15 a text",
		  forge_around(arena, &good,
			       forge_encrypt(arena, "hello", &service, XENC_11 "aes256-gcm", NULL, NULL)),
		  "saml.shape");
}

static void test_all_were_counted(void **state)
{
	(void)state;
	print_message("# %d accepted, %d refused\n", accepted, refused);
	assert_true(accepted >= 40 && refused >= 250);
}

/* lasso agrees wherever it can be asked, and where not, the reason is one of its limits that are known. */
static void test_lasso_agrees(void **state)
{
	int limits = 0, asked = 0;
	struct second *second;
	struct answer answer;
	struct error e = { 0 };

	(void)state;
	forge_end();
	for (int i = 0; i < accepted; i++) {
		assert_string_equal(judge(goods[i].xml, &goods[i].question, &answer), "ok");
		if (second_open(&goods[i].question, &second, &e) < 0)
			fail_msg("%s", e.text);
		if (second_agrees(second, arena, &answer, NULL, &e) < 0) {
			print_error("%s: %s\n", goods[i].name, e.text);
			fail();
		}
		if (second_limit(second, &answer))
			limits++;
		else
			asked++;
		second_close(&second);
	}
	print_message("# lasso agreed with %d, and could not be asked about %d\n", asked, limits);
	assert_true(asked >= 30 && limits >= 8);
	/* It is held to what our own reading has seen. */
	assert_string_equal(judge(goods[0].xml, &question, &answer), "ok");
	assert_int_equal(second_open(&question, &second, &e), 0);
	answer.name_id = "eva@acme.example";
	assert_int_equal(second_agrees(second, arena, &answer, NULL, &e), -1);
	assert_string_equal(e.code, "saml.second_opinion");
	assert_string_equal(judge(goods[0].xml, &question, &answer), "ok");
	answer.attribute_count++;
	assert_int_equal(second_agrees(second, arena, &answer, NULL, &e), -1);
	assert_string_equal(judge(goods[0].xml, &question, &answer), "ok");
	answer.assertion_id = "_other";
	assert_int_equal(second_agrees(second, arena, &answer, NULL, &e), -1);
	second_close(&second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_providers_sign_is_accepted),
		cmocka_unit_test(test_what_providers_encrypt_is_accepted),
		cmocka_unit_test(test_shapes_of_providers_are_accepted),
		cmocka_unit_test(test_what_is_not_signed_by_the_provider),
		cmocka_unit_test(test_references_and_transforms),
		cmocka_unit_test(test_algorithms),
		cmocka_unit_test(test_wrapping),
		cmocka_unit_test(test_signatures_within_signatures),
		cmocka_unit_test(test_ids_and_names),
		cmocka_unit_test(test_xml),
		cmocka_unit_test(test_encodings),
		cmocka_unit_test(test_for_whom),
		cmocka_unit_test(test_when_and_how),
		cmocka_unit_test(test_ciphertexts),
		cmocka_unit_test(test_all_were_counted),
		cmocka_unit_test(test_lasso_agrees),
	};

	return cmocka_run_group_tests(tests, make, unmake);
}
