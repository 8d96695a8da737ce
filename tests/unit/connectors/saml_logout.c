/* What a provider says about logout is taken as it was signed, and whatever an attacker makes of it is not:
 * each variant is made afresh from a message that is good, and each is refused for its own reason. */
#include "saml/logout.h"

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
#include "saml/inflate.h"
#include "saml/request.h"

#define ADDRESS "https://rosterd.example/sso/acme/logout"
#define RELAY	"back to it"

static struct arena *arena;
static struct forge_key idp, attacker;
static struct keys *pinned;
static struct own_key *signer, *thief;
static struct logout_question question;
static int refused;

static int make(void **state)
{
	struct error e;

	(void)state;
	arena = arena_open("test");
	idp = forge_key_make(arena, FORGE_RSA);
	attacker = forge_key_make(arena, FORGE_RSA);
	pinned = keys_open();
	assert_int_equal(keys_add(pinned, idp.certificate_pem, &e), 0);
	assert_int_equal(own_key_open(idp.private_pem, &signer, &e), 0);
	assert_int_equal(own_key_open(attacker.private_pem, &thief, &e), 0);
	question = (struct logout_question){
		.provider = FORGE_PROVIDER, .keys = pinned, .address = ADDRESS, .skew_s = 60
	};
	return clock_parse(FORGE_NOW, &question.now_us);
}

static int unmake(void **state)
{
	(void)state;
	keys_close(&pinned);
	own_key_close(&signer);
	own_key_close(&thief);
	arena_close(&arena);
	return 0;
}

/* ---- messages ---- */

#define HEAD                                                                                                 \
	FORGE_NAMESPACES " ID=\"_out-1\" Version=\"2.0\" IssueInstant=\"2026-11-29T09:14:05Z\" "             \
			 "Destination=\"" ADDRESS "\" "                                                      \
			 "NotOnOrAfter=\"2026-11-29T09:19:05Z\">"
#define ISSUER "<saml:Issuer>" FORGE_PROVIDER "</saml:Issuer>"
#define NAME                                                                                                 \
	"<saml:NameID "                                                                                      \
	"Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\">ada@acme.example</saml:NameID>"
#define INDEX "<samlp:SessionIndex>_s1</samlp:SessionIndex>"

static const char good[] = "<samlp:LogoutRequest " HEAD ISSUER NAME INDEX "</samlp:LogoutRequest>";
static const char answer[] =
	"<samlp:LogoutResponse " FORGE_NAMESPACES
	" ID=\"_out-2\" Version=\"2.0\" IssueInstant=\"2026-11-29T09:14:05Z\" "
	"Destination=\"" ADDRESS "\" InResponseTo=\"_ours\">" ISSUER
	"<samlp:Status><samlp:StatusCode "
	"Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/></samlp:Status></samlp:LogoutResponse>";

static const char *changed(const char *xml, const char *from, const char *to)
{
	return forge_replace(arena, xml, from, to);
}

/* A query as a provider sends it, signed by its key. */
static const char *query_by(const struct own_key *key, const char *parameter, const char *xml,
			    const char *relay)
{
	const char *url;
	struct error e;

	if (request_redirect(arena, "https://x.example/", parameter, xml, relay, key, &url, &e) < 0)
		fail_msg("%s", e.text);
	return strchr(url, '?') + 1;
}

static const char *query(const char *xml)
{
	return query_by(signer, "SAMLRequest", xml, RELAY);
}

static const char *cut(const char *text, const char *from)
{
	const char *at = strstr(text, from), *end = at ? strchr(at + 1, '&') : NULL;

	assert_non_null(at);
	return arena_format(arena, "%.*s%s", (int)(at - text), text, end ? end : "");
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

static const char *judge(const char *query_string, const struct roster_pair *form, struct logout *ret)
{
	int failed = 0;
	const struct trace trace = { on_told, &failed };
	struct error e = { 0 };
	int result = logout_judge(arena, query_string, form, &question, &trace, ret, &e);

	assert_int_equal(failed, result < 0);
	if (result == 0)
		return "ok";
	assert_int_equal(e.kind, ERROR_DENIED);
	assert_true(text_is_utf8(e.text, strlen(e.text)));
	return arena_text(arena, e.code);
}

static void refuses(const char *name, const char *query_string, const char *code)
{
	struct logout got = { .id = "nothing is told of what was refused" };
	const char *said = judge(query_string, NULL, &got);

	if (strcmp(said, code) != 0)
		fail_msg("%s: %s, but it is %s", name, code, said);
	assert_string_equal(got.id, "nothing is told of what was refused");
	refused++;
}

static void refuses_post(const char *name, const char *field, const char *xml, const char *code)
{
	const struct roster_pair form[] = { { field, forge_base64(arena, xml, strlen(xml)) },
					    { "RelayState", RELAY },
					    { 0 } };
	struct logout got;
	const char *said = judge(NULL, form, &got);

	if (strcmp(said, code) != 0)
		fail_msg("%s: %s, but it is %s", name, code, said);
	refused++;
}

static const char *signed_by(const char *xml, const struct forge_key *key)
{
	return forge_sign(arena, xml, strstr(xml, "_out-2") ? "_out-2" : "_out-1", key, NULL);
}

/* ---- what is good ---- */

static void expect_good(const struct logout *got)
{
	assert_false(got->is_answer);
	assert_string_equal(got->id, "_out-1");
	assert_string_equal(got->name_id, "ada@acme.example");
	assert_string_equal(got->indexes[0], "_s1");
	assert_null(got->indexes[1]);
	assert_string_equal(got->relay_state, RELAY);
	assert_int_equal(got->until_us, question.now_us + (298 + 60) * INT64_C(1000000));
}

static void test_a_request_is_read(void **state)
{
	const char *xml = signed_by(good, &idp);
	const struct roster_pair form[] = { { "SAMLRequest", forge_base64(arena, xml, strlen(xml)) },
					    { "RelayState", RELAY },
					    { 0 } };
	struct logout got;

	(void)state;
	assert_string_equal(judge(query(good), NULL, &got), "ok");
	expect_good(&got);
	assert_string_equal(judge(NULL, form, &got), "ok");
	expect_good(&got);
	assert_string_equal(judge(query_by(signer, "SAMLRequest", changed(good, INDEX, ""), NULL), NULL,
				  &got),
			    "ok");
	assert_null(got.indexes[0]);
	assert_null(got.relay_state);
	assert_string_equal(judge(query(changed(good, INDEX,
						INDEX "<samlp:SessionIndex> _s2\n</samlp:SessionIndex>")),
				  NULL, &got),
			    "ok");
	assert_string_equal(got.indexes[1], "_s2");
	/* Without an end it is good for five minutes from when it was made. */
	assert_string_equal(judge(query(changed(good, " NotOnOrAfter=\"2026-11-29T09:19:05Z\"", "")), NULL,
				  &got),
			    "ok");
	assert_int_equal(got.until_us, question.now_us + (298 + 60) * INT64_C(1000000));
	/* What others put beside it, as some providers do, is not looked at. */
	assert_string_equal(judge(arena_format(arena, "client-request-id=7&%s", query(good)), NULL, &got),
			    "ok");
	expect_good(&got);
}

static void test_an_answer_is_read(void **state)
{
	const char *xml = signed_by(answer, &idp);
	const struct roster_pair form[] = { { "SAMLResponse", forge_base64(arena, xml, strlen(xml)) },
					    { 0 } };
	struct logout got;

	(void)state;
	assert_string_equal(judge(query_by(signer, "SAMLResponse", answer, NULL), NULL, &got), "ok");
	assert_true(got.is_answer && got.succeeded && !got.name_id);
	assert_string_equal(judge(NULL, form, &got), "ok");
	assert_true(got.is_answer && got.succeeded && !got.name_id);
}

/* As zlib of a provider packs it, not as ours does. */
static void test_what_is_deflated(void **state)
{
	static const uint8_t hello[] = { 0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00 };
	uint8_t bytes[sizeof(hello) + 1], out[5];

	(void)state;
	assert_int_equal(inflate_bounded(hello, sizeof(hello), out, sizeof(out)), 5);
	assert_memory_equal(out, "hello", 5);
	assert_int_equal(inflate_bounded(hello, sizeof(hello), out, 4), -1);
	assert_int_equal(inflate_bounded(hello, sizeof(hello) - 1, out, sizeof(out)), -1);
	memcpy(bytes, hello, sizeof(hello));
	bytes[sizeof(hello)] = 0;
	assert_int_equal(inflate_bounded(bytes, sizeof(bytes), out, sizeof(out)), -1);
}

/* ---- what is not ---- */

static void test_queries_that_have_two_meanings(void **state)
{
	const char *q = query(good),
		   *evil = query_by(thief, "SAMLRequest", changed(good, ">ada@", ">bob@"), RELAY);

	(void)state;
	refuses("Q01 nothing", "", "saml.query");
	refuses("Q02 no message", "RelayState=x", "saml.query");
	refuses("Q03 unsigned", query_by(NULL, "SAMLRequest", good, RELAY), "saml.unsigned");
	refuses("Q04 without an algorithm", cut(q, "&SigAlg="), "saml.unsigned");
	refuses("Q05 without a signature", cut(q, "&Signature="), "saml.unsigned");
	refuses("Q06 by another key", evil, "saml.signature");
	refuses("Q07 a second message behind it",
		arena_format(arena, "%s&%s", q, strtok(arena_text(arena, evil), "&")), "saml.query");
	refuses("Q08 a second message before it",
		arena_format(arena, "%s&%s", strtok(arena_text(arena, evil), "&"), q), "saml.query");
	refuses("Q09 a name that is encoded",
		arena_format(arena, "%s&%s", q,
			     changed(strtok(arena_text(arena, evil), "&"), "SAMLRequest", "SAMLReques%74")),
		"saml.query");
	refuses("Q10 a name that is encoded, alone", changed(q, "SAMLRequest", "SAML%52equest"),
		"saml.query");
	refuses("Q11 a request and a response", arena_format(arena, "%s&SAMLResponse=x", q), "saml.query");
	refuses("Q12 two relay states", arena_format(arena, "%s&RelayState=evil", q), "saml.query");
	refuses("Q13 two signatures", arena_format(arena, "%s&Signature=AAAA", q), "saml.query");
	refuses("Q14 two algorithms", arena_format(arena, "%s&SigAlg=x", q), "saml.query");
	refuses("Q15 another relay state", changed(q, "RelayState=back", "RelayState=forth"),
		"saml.signature");
	refuses("Q16 a relay state that was not there",
		arena_format(arena, "RelayState=x&%s", query_by(signer, "SAMLRequest", good, NULL)),
		"saml.signature");
	refuses("Q17 no relay state", cut(q, "&RelayState="), "saml.signature");
	refuses("Q18 an answer's name over a request", changed(q, "SAMLRequest=", "SAMLResponse="),
		"saml.signature");
	refuses("Q19 semicolons", changed(q, "&RelayState", ";RelayState"), "saml.query");
	refuses("Q20 an encoding", arena_format(arena, "%s&SAMLEncoding=x", q), "saml.query");
	refuses("Q21 HMAC",
		arena_format(arena,
			     "%s&SigAlg=http%%3A%%2F%%2Fwww.w3.org%%2F2000%%2F09%%2Fxmldsig%%23hmac-sha1&"
			     "Signature=AAAA",
			     cut(cut(q, "&SigAlg="), "&Signature=")),
		"saml.algorithm");
	refuses("Q22 SHA-1", changed(q, "rsa-sha256", "rsa-sha1"), "saml.algorithm");
	refuses("Q23 another algorithm than it was", changed(q, "rsa-sha256", "rsa-sha512"),
		"saml.signature");
	refuses("Q24 escapes that are none", changed(q, "SigAlg=http%3A", "SigAlg=http%3"), "saml.algorithm");
	refuses("Q25 a NUL", changed(q, "Signature=", "Signature=%00"), "saml.signature");
	refuses("Q26 nothing but a name", arena_format(arena, "%s&", q), "saml.query");
	refuses("Q27 by an EC key's name", changed(q, "rsa-sha256", "ecdsa-sha256"), "saml.signature");
	refuses("Q28 small letters in escapes", changed(q, "%3D", "%3d"), "saml.signature");
}

static void refuse_content(const char *name, const char *xml, const char *code)
{
	refuses(name, query(xml), code);
	if (strcmp(code, "saml.xml") != 0) /* the forger's parser would not sign them as they are */
		refuses_post(name, "SAMLRequest", signed_by(xml, &idp), code);
}

static void test_requests_that_say_something_else(void **state)
{
	(void)state;
	refuse_content("R01 another provider",
		       changed(good, FORGE_PROVIDER, "https://other.example/metadata"), "saml.issuer");
	refuse_content("R02 another address", changed(good, ADDRESS, ADDRESS "/x"), "saml.destination");
	refuse_content("R03 of another connection", changed(good, "/sso/acme/", "/sso/globex/"),
		       "saml.destination");
	refuse_content("R04 without an address", changed(good, " Destination=\"" ADDRESS "\"", ""),
		       "saml.destination");
	refuse_content("R05 over", changed(good, "09:19:05Z", "09:12:05Z"), "saml.expired");
	refuse_content("R06 old, without an end",
		       changed(changed(good, " NotOnOrAfter=\"2026-11-29T09:19:05Z\"", ""), "09:14:05Z",
			       "09:07:05Z"),
		       "saml.expired");
	refuse_content("R07 of the future",
		       changed(good, "IssueInstant=\"2026-11-29T09:14:05Z\"",
			       "IssueInstant=\"2026-11-29T10:14:05Z\""),
		       "saml.not_yet");
	refuse_content("R08 a time that is none", changed(good, "09:19:05Z", "09:19:05"), "saml.instant");
	refuse_content("R09 SAML 1.1", changed(good, "Version=\"2.0\"", "Version=\"1.1\""), "saml.version");
	refuse_content("R10 of nobody", changed(good, ">ada@acme.example<", "><"), "saml.name_id");
	refuse_content("R11 an empty index", changed(good, ">_s1<", "> <"), "saml.session_index");
}

static void test_shapes_that_are_none(void **state)
{
	static const char many[] = INDEX INDEX INDEX INDEX INDEX INDEX INDEX INDEX INDEX INDEX INDEX INDEX
		INDEX INDEX INDEX INDEX INDEX;

	(void)state;
	refuses("S01 no name", query(changed(good, NAME, "")), "saml.shape");
	refuses("S02 two names", query(changed(good, NAME, NAME NAME)), "saml.shape");
	refuses("S03 no issuer", query(changed(good, ISSUER, "")), "saml.shape");
	refuses("S04 out of order", query(changed(changed(good, INDEX, ""), NAME, INDEX NAME)), "saml.shape");
	refuses("S05 an assertion within", query(changed(good, INDEX, "<saml:Assertion ID=\"_a\"/>")),
		"saml.shape");
	refuses("S06 extensions", query(changed(good, NAME, "<samlp:Extensions/>" NAME)), "saml.shape");
	refuses("S07 an encrypted name", query(changed(good, NAME, "<saml:EncryptedID/>")), "saml.shape");
	refuses("S08 a base id", query(changed(good, NAME, "<saml:BaseID/>")), "saml.shape");
	refuses("S09 an element in the name", query(changed(good, ">ada@", "><x xmlns=\"urn:x\"/>ada@")),
		"saml.shape");
	refuses("S10 more sessions than anybody has", query(changed(good, INDEX, many)), "saml.shape");
	refuses("S11 something else altogether", query("<x/>"), "saml.shape");
	refuses("S12 an answer as a request", query(answer), "saml.shape");
	refuses("S13 a request as an answer", query_by(signer, "SAMLResponse", good, NULL), "saml.shape");
	refuses("S14 a comment in the name",
		query(changed(good, ">ada@acme.example<", ">ada@acme.example<!-- -->.evil<")), "saml.xml");
	refuses("S15 a DTD", query(arena_format(arena, "<!DOCTYPE x>%s", good)), "saml.xml");
	refuses("S16 an entity",
		query(arena_format(arena, "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>%s",
				   changed(good, ">ada@", ">&e;@"))),
		"saml.xml");
	refuses("S17 no XML", query("hello"), "saml.xml");
	refuses("S18 a signature within, by whomever", query(signed_by(good, &attacker)),
		"saml.signature_shape");
	refuses("S19 an id of a type", query(changed(good, " ID=", " xml:id=\"_out-1\" ID=")), "saml.shape");
	refuses("S20 a type from elsewhere",
		query(changed(good, "<saml:NameID ",
			      "<saml:NameID xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "
			      "xsi:type=\"saml:x\" ")),
		"saml.shape");
}

/* Whatever was put around it, only what was signed is read. */
static void test_posts_of_an_attacker(void **state)
{
	const char *xml = signed_by(good, &idp),
		   *signature = forge_cut(arena, xml, "<Signature", "</Signature>"),
		   *encoded = forge_base64(arena, xml, strlen(xml));
	const struct roster_pair twice[] = { { "SAMLRequest", encoded }, { "SAMLRequest", encoded }, { 0 } },
				 both[] = { { "SAMLRequest", encoded }, { "SAMLResponse", encoded }, { 0 } },
				 relays[] = { { "SAMLRequest", encoded },
					      { "RelayState", "a" },
					      { "RelayState", "b" },
					      { 0 } },
				 none[] = { { "RelayState", "a" }, { 0 } },
				 plain[] = { { "SAMLRequest", xml }, { 0 } };
	struct logout got;

	(void)state;
	refuses_post("P01 unsigned", "SAMLRequest", good, "saml.unsigned");
	refuses_post("P02 by another key", "SAMLRequest", signed_by(good, &attacker), "saml.signature");
	refuses_post("P03 changed", "SAMLRequest", changed(xml, ">ada@", ">bob@"), "saml.digest");
	refuses_post("P04 another session", "SAMLRequest", changed(xml, ">_s1<", ">_s2<"), "saml.digest");
	refuses_post("P05 somebody else's signature", "SAMLRequest",
		     changed(changed(good, ">ada@", ">bob@"), ISSUER,
			     arena_format(arena, ISSUER "%s", signature)),
		     "saml.digest");
	refuses_post("P06 another id", "SAMLRequest", changed(xml, " ID=\"_out-1\"", " ID=\"_out-9\""),
		     "saml.signature_shape");
	refuses_post("P07 the signed one within another", "SAMLRequest",
		     changed(changed(good, " ID=\"_out-1\"", " ID=\"_evil\""), INDEX,
			     arena_format(arena, INDEX "%s", xml)),
		     "saml.shape");
	refuses_post(
		"P08 the signed one in an object of the signature", "SAMLRequest",
		changed(changed(changed(good, " ID=\"_out-1\"", " ID=\"_evil\""), ">ada@", ">bob@"), ISSUER,
			arena_format(arena, ISSUER "%s",
				     changed(signature, "</Signature>",
					     arena_format(arena, "<Object>%s</Object></Signature>", good)))),
		"saml.shape");
	refuses_post("P09 the same id twice", "SAMLRequest",
		     changed(xml, "<saml:NameID ", "<saml:NameID ID=\"_out-1\" "), "saml.shape");
	refuses_post("P10 two signatures", "SAMLRequest",
		     changed(xml, "</Signature>", arena_format(arena, "</Signature>%s", signature)),
		     "saml.shape");
	refuses_post("P11 a comment in the name", "SAMLRequest",
		     changed(xml, ">ada@acme", ">ada@<!-- -->acme"), "saml.xml");
	refuses_post("P12 another relay is nobody's, the message another's", "SAMLResponse", xml,
		     "saml.shape");
	assert_string_equal(judge(NULL, twice, &got), "saml.query");
	assert_string_equal(judge(NULL, both, &got), "saml.query");
	assert_string_equal(judge(NULL, relays, &got), "saml.query");
	assert_string_equal(judge(NULL, none, &got), "saml.query");
	assert_string_equal(judge(NULL, plain, &got), "saml.encoding");
	refused += 5;
}

static void test_answers_that_are_none(void **state)
{
	(void)state;
	refuses("A01 unsigned", query_by(NULL, "SAMLResponse", answer, NULL), "saml.unsigned");
	refuses("A02 by another key", query_by(thief, "SAMLResponse", answer, NULL), "saml.signature");
	refuses("A03 of another",
		query_by(signer, "SAMLResponse", changed(answer, FORGE_PROVIDER, "https://other.example/"),
			 NULL),
		"saml.issuer");
	refuses("A04 by nobody", query_by(signer, "SAMLResponse", changed(answer, ISSUER, ""), NULL),
		"saml.issuer");
	refuses("A05 to another",
		query_by(signer, "SAMLResponse", changed(answer, ADDRESS, ADDRESS "x"), NULL),
		"saml.destination");
	refuses_post("A06 unsigned", "SAMLResponse", answer, "saml.unsigned");
}

/* Sizes: each in no time, and without what it would become. */
static void test_what_would_grow(void **state)
{
	size_t size = (size_t)4 << 20;
	char *long_one = arena_take(arena, size + 1), *bomb;

	uint8_t run[2048];

	(void)state;
	memset(long_one, 'a', size);
	refuses("G01 a long query", long_one, "saml.query");
	bomb = arena_text(arena, "");
	for (int i = 0; i < REQUEST_RELAY_STATE_MOST / 64; i++)
		bomb = arena_format(arena, "%sa=1&", bomb);
	refuses("G02 many parameters", bomb, "saml.query");
	/* fixed code: a letter, then the same again and again */
	memset(run, 0, sizeof(run));
	run[0] = 0x4b, run[1] = 0x04;
	assert_int_equal(inflate_bounded(run, sizeof(run), (uint8_t *)long_one, 64 << 10), -1);
}

static void test_all_were_refused(void **state)
{
	(void)state;
	assert_true(refused >= 90);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_request_is_read),
		cmocka_unit_test(test_an_answer_is_read),
		cmocka_unit_test(test_what_is_deflated),
		cmocka_unit_test(test_queries_that_have_two_meanings),
		cmocka_unit_test(test_requests_that_say_something_else),
		cmocka_unit_test(test_shapes_that_are_none),
		cmocka_unit_test(test_posts_of_an_attacker),
		cmocka_unit_test(test_answers_that_are_none),
		cmocka_unit_test(test_what_would_grow),
		cmocka_unit_test(test_all_were_refused),
	};

	return cmocka_run_group_tests(tests, make, unmake);
}
