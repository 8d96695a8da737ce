#include "saml/answer.h"

#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"
#include "saml/assertion.h"
#include "saml/base64.h"
#include "saml/decrypt.h"
#include "saml/document.h"
#include "saml/names.h"
#include "saml/shape.h"
#include "saml/signature.h"

#define documented __attribute__((cleanup(document_close))) xmlDoc

struct judging {
	struct arena *arena;
	const struct answer_question *q;
	const struct trace *trace;
	struct answer *found;
	struct error *e;
};

static int refuse(const struct judging *j, const char *code, const char *check, const char *expected,
		  const char *received, const char *advice)
{
	return trace_refuse(j->trace, j->e, code, check, expected, received, advice);
}

/* The reasons of document and shape, told. */
static int told(const struct judging *j, const char *check)
{
	if (j->trace && j->trace->told)
		j->trace->told(j->trace->context, check, false, NULL, j->e->text, NULL);
	return -1;
}

static int read_shaped(const struct judging *j, const char *bytes, size_t size, enum shape shape,
		       bool canonical, const char *check, xmlDoc **ret)
{
	if (document_read(bytes, size, NULL, ret, j->e) < 0 || shape_check(*ret, shape, canonical, j->e) < 0)
		return told(j, check);
	return 0;
}

static int decode(const struct judging *j, const char *encoded, size_t length, const char **ret,
		  size_t *ret_size)
{
	uint8_t *bytes = arena_take(j->arena, length / 4 * 3 + 4);
	int size = length <= ANSWER_ENCODED_MOST
			   ? base64_decode(encoded, length, "\r\n", bytes, length / 4 * 3 + 3)
			   : -1;

	if (size <= 0)
		return refuse(j, "saml.encoding", "encoding", "base64 of at most 512 KiB",
			      length > ANSWER_ENCODED_MOST ? "more" : "something else",
			      "the provider must post \"SAMLResponse\" in base64 (binding HTTP-POST)");
	*ret = (const char *)bytes;
	*ret_size = (size_t)size;
	return 0;
}

/* ---- what the response says of itself ---- */

static int check_status(const struct judging *j, const xmlNode *response)
{
	const xmlNode *status = document_child(response, NS_PROTOCOL, "Status"),
		      *code = document_child(status, NS_PROTOCOL, "StatusCode"),
		      *second = document_child(code, NS_PROTOCOL, "StatusCode"),
		      *words = document_child(status, NS_PROTOCOL, "StatusMessage");
	const char *value = document_attribute(code, "Value"),
		   *more = second ? document_attribute(second, "Value") : NULL;

	if (value && strcmp(value, STATUS_SUCCESS) == 0 && !second)
		return 0;
	return refuse(j, "saml.status", "status", STATUS_SUCCESS,
		      arena_format(j->arena, "%s%s%s%s%s", value ? value : "", more ? " / " : "",
				   more ? more : "", words ? ": " : "",
				   words ? document_trimmed(j->arena, words) : ""),
		      "the provider has refused this sign-on: its own log says why");
}

static int check_response(const struct judging *j, const xmlNode *response)
{
	const char *destination = document_attribute(response, "Destination"),
		   *answered = document_attribute(response, "InResponseTo");
	const xmlNode *issuer = document_child(response, NS_ASSERTION, "Issuer");

	if (assertion_check_head(j->arena, response, "response", j->q, j->trace, j->e) < 0 ||
	    (issuer &&
	     assertion_check_issuer(j->arena, issuer, "issuer of the response", j->q, j->trace, j->e) < 0))
		return -1;
	j->found->no_issuer = !issuer;
	if (!destination || strcmp(destination, j->q->acs_url) != 0)
		return refuse(
			j, "saml.destination", "destination", j->q->acs_url,
			destination ? destination : "none",
			"set the provider's reply URL (ACS URL, single sign-on URL) to the expected one");
	trace_passed(j->trace, "destination", j->q->acs_url, destination);
	return assertion_check_answered(j->arena, answered, "request of the response", j->q, j->trace, j->e);
}

/* ---- the way to the assertion ---- */

static int check_signature(const struct judging *j, const xmlNode *element, const char *what, size_t slot,
			   struct signature_found *ret)
{
	const struct signature_policy policy = { .keys = j->q->keys, .sha1 = j->q->sha1 };

	if (signature_check(j->arena, element, &policy, what, j->trace, ret, j->e) < 0)
		return -1;
	j->found->algorithms[slot] = ret->algorithm;
	j->found->canonical_11 = j->found->canonical_11 || ret->canonical_11;
	return 0;
}

/* What was encrypted may lean on prefixes that were declared around it. */
static int read_plain(const struct judging *j, const xmlNode *encrypted, const struct decrypted *plain,
		      xmlDoc **ret)
{
	struct buffer wrapped;
	xmlNode *inner;
	int result;

	if (document_read(plain->bytes, plain->size, NULL, ret, j->e) == 0)
		return 0;
	buffer_open(&wrapped, DOCUMENT_MOST);
	buffer_text(&wrapped, "<around");
	for (const xmlNode *n = encrypted; n && n->type == XML_ELEMENT_NODE; n = n->parent)
		for (const xmlNs *space = n->nsDef; space; space = space->next)
			if (space->prefix &&
			    xmlSearchNs(encrypted->doc, (xmlNode *)encrypted, space->prefix) == space) {
				xmlChar *uri = xmlEncodeSpecialChars(NULL, space->href);

				buffer_format(&wrapped, " xmlns:%s=\"%s\"", (const char *)space->prefix,
					      (const char *)uri);
				xmlFree(uri);
			}
	buffer_text(&wrapped, ">");
	buffer_add(&wrapped, plain->bytes, plain->size);
	buffer_text(&wrapped, "</around>");
	result = wrapped.full ? -1 : document_read(wrapped.bytes, wrapped.length, NULL, ret, j->e);
	buffer_close(&wrapped);
	if (result < 0)
		return -1;
	inner = document_first(xmlDocGetRootElement(*ret));
	if (!inner || document_next(inner) || inner->prev || inner->next ||
	    strcmp((const char *)xmlDocGetRootElement(*ret)->name, "around") != 0)
		return error_set(j->e, ERROR_DENIED, "saml.shape",
				 "there is more than an assertion in what was encrypted");
	return 1;
}

/* ret: a document whose root is the assertion. ret_opaque: whoever sent it must not learn more than that it
 * was wrong. */
static int open_assertion(const struct judging *j, const xmlNode *encrypted, bool response_signed,
			  xmlDoc **ret, bool *ret_opaque)
{
	struct decrypted plain = { 0 };
	bool lifted;
	int read;

	if (decrypt(j->arena, encrypted, j->q->key, j->q->next_key, j->trace, &plain, j->e) < 0)
		return -1;
	if (!plain.authenticated && j->q->authenticated_encryption)
		return refuse(j, "saml.encryption_algorithm", "decryption", "AES-GCM", "AES-CBC",
			      "set the provider's encryption to AES-256-GCM, or \"encryption\" here to any");
	j->found->encrypted = true;
	j->found->beyond_lasso = plain.beyond_lasso;
	*ret_opaque = !plain.authenticated && !response_signed;
	read = read_plain(j, encrypted, &plain, ret);
	lifted = j->found->leans_outside = read == 1;
	if (lifted) {
		/* Out of what was put around it: its namespaces come along. */
		xmlNode *root = xmlDocGetRootElement(*ret), *inner = document_first(root);
		size_t size;
		const char *bytes = signature_canonical(j->arena, inner, &size);

		document_close(ret);
		read = bytes ? document_read(bytes, size, NULL, ret, j->e) : -1;
	}
	if (read < 0 || shape_check(*ret, SHAPE_ASSERTION, lifted, j->e) < 0) {
		/* Who can tell a wrong padding from wrong XML reads what was encrypted by asking often
		 * enough. */
		if (*ret_opaque)
			return decrypt_refuse(j->trace, j->e);
		return told(j, "encrypted assertion");
	}
	trace_passed(j->trace, "decryption", NULL, plain.authenticated ? "AES-GCM" : "AES-CBC");
	return 0;
}

static const xmlNode *only_assertion(const struct judging *j, const xmlNode *response)
{
	const xmlNode *found = NULL;

	for (const xmlNode *child = document_first(response); child; child = document_next(child)) {
		if (!document_is(child, NS_ASSERTION, "Assertion") &&
		    !document_is(child, NS_ASSERTION, "EncryptedAssertion"))
			continue;
		if (found) {
			refuse(j, "saml.assertions", "assertions", "one", "several",
			       "a sign-on has one assertion; ask who changed the message");
			return NULL;
		}
		found = child;
	}
	if (!found)
		refuse(j, "saml.assertions", "assertions", "one", "none",
		       "the provider says success, but not who it is");
	return found;
}

/* The signature of an assertion, if it has one, and what is to be read from then on. */
static int settle_assertion(const struct judging *j, const xmlNode *assertion, bool response_signed,
			    bool opaque)
{
	struct signature_found signed_over;
	documented *own = NULL;

	if (!signature_of(assertion)) {
		if (!response_signed || j->q->assertion_signed)
			return refuse(
				j, "saml.unsigned", "signature of the assertion", "one", "none",
				response_signed
					? "switch signing of assertions on at the provider, or do not demand "
					  "it here (\"signed\")"
					: "switch signing of assertions or responses on at the provider");
		return assertion_judge(j->arena, assertion, j->q, j->trace, j->found, j->e);
	}
	if (check_signature(j, assertion, "assertion", 1, &signed_over) < 0)
		return opaque ? decrypt_refuse(j->trace, j->e) : -1;
	if (read_shaped(j, signed_over.bytes, signed_over.size, SHAPE_ASSERTION, true, "signed content",
			&own) < 0)
		return -1;
	return assertion_judge(j->arena, xmlDocGetRootElement(own), j->q, j->trace, j->found, j->e);
}

static int settle_response(const struct judging *j, const xmlNode *response, bool response_signed)
{
	const xmlNode *assertion;
	documented *opened = NULL;
	bool opaque = false;

	if (!response_signed && j->q->response_signed)
		return refuse(j, "saml.unsigned", "signature of the response", "one", "none",
			      "switch signing of responses on at the provider, or do not demand it here (\"signed\")");
	if (check_status(j, response) < 0 || check_response(j, response) < 0)
		return -1;
	assertion = only_assertion(j, response);
	if (!assertion)
		return -1;
	if (!document_is(assertion, NS_ASSERTION, "EncryptedAssertion"))
		return settle_assertion(j, assertion, response_signed, false);
	if (open_assertion(j, assertion, response_signed, &opened, &opaque) < 0)
		return -1;
	return settle_assertion(j, xmlDocGetRootElement(opened), response_signed, opaque);
}

int answer_judge(struct arena *arena, const char *encoded, size_t length,
		 const struct answer_question *question, const struct trace *trace, struct answer *ret,
		 struct error *e)
{
	struct answer found = { 0 };
	struct judging j = { arena, question, trace, &found, e };
	struct signature_found signed_over;
	documented *came = NULL;
	documented *own = NULL;
	const xmlNode *response;

	if (decode(&j, encoded, length, &found.xml, &found.xml_size) < 0 ||
	    read_shaped(&j, found.xml, found.xml_size, SHAPE_RESPONSE, false, "message", &came) < 0)
		return -1;
	response = xmlDocGetRootElement(came);
	trace_passed(trace, "message", "a SAML 2.0 response", "Response");
	if (signature_of(response)) {
		if (check_signature(&j, response, "response", 0, &signed_over) < 0 ||
		    read_shaped(&j, signed_over.bytes, signed_over.size, SHAPE_RESPONSE, true,
				"signed content", &own) < 0)
			return -1;
		response = xmlDocGetRootElement(own);
	}
	if (settle_response(&j, response, own != NULL) < 0)
		return -1;
	*ret = found;
	return 0;
}
