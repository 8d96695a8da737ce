#include "saml/second.h"

#include <stdlib.h>
#include <string.h>

#include <lasso/lasso.h>
#include <lasso/xml/saml-2.0/saml2_assertion.h>
#include <lasso/xml/saml-2.0/saml2_attribute_statement.h>
#include <lasso/xml/saml-2.0/saml2_name_id.h>
#include <libxml/parser.h>
#include <xmlsec/io.h>
#include <xmlsec/transforms.h>
#include <xmlsec/xmlsec.h>
#include <xmlsec/crypto.h>
#include <xmlsec/errors.h>

#include "base/arena.h"
#include "base/text.h"
#include "saml/names.h"
#include "saml/request.h"

struct second {
	LassoServer *server;
	bool has_rsa, has_key;
};

static int broken(struct error *e, const char *what)
{
	return error_set(e, ERROR_INTERNAL, "saml.second", "lasso could not be prepared: %s", what);
}

/* ---- the process ---- */

static void be_silent(const char *domain, GLogLevelFlags level, const char *message, gpointer context)
{
	(void)domain, (void)level, (void)message, (void)context;
}

static xmlParserInput *nothing_elsewhere(const char *url, const char *id, xmlParserCtxt *parser)
{
	(void)url, (void)id, (void)parser;
	return NULL;
}

/* What is not registered cannot be asked for by a message. */
static void reduce_algorithms(void)
{
	const xmlSecTransformId known[] = {
		xmlSecTransformEnvelopedId, xmlSecTransformExclC14NId,
		xmlSecTransformInclC14NId,  xmlSecTransformInclC14N11Id,
		xmlSecTransformSha256Id,    xmlSecTransformSha384Id,
		xmlSecTransformSha512Id,    xmlSecTransformRsaSha256Id,
		xmlSecTransformRsaSha384Id, xmlSecTransformRsaSha512Id,
		xmlSecTransformAes128GcmId, xmlSecTransformAes192GcmId,
		xmlSecTransformAes256GcmId, xmlSecTransformAes128CbcId,
		xmlSecTransformAes192CbcId, xmlSecTransformAes256CbcId,
		xmlSecTransformRsaOaepId,   xmlSecTransformSha1Id /* within RSA-OAEP */,
	};

	xmlSecPtrListEmpty(xmlSecTransformIdsGet());
	for (size_t i = 0; i < ARRAY_COUNT(known); i++)
		xmlSecTransformIdsRegister(known[i]);
}

static int start(struct error *e)
{
	static bool started;

	if (started)
		return 0;
	/* lasso reads all authorities of the machine for each key of metadata, and has a switch in the
	 * environment that makes it verify nothing. */
	if (unsetenv("LASSO_FLAG") < 0 || setenv("SSL_CERT_FILE", "/dev/null", 1) < 0 ||
	    setenv("SSL_CERT_DIR", "/nonexistent", 1) < 0 || setenv("TZ", "UTC", 1) < 0)
		return broken(e, "the environment");
	g_log_set_default_handler(be_silent, NULL);
	if (lasso_init() != 0)
		return broken(e, "lasso_init");
	xmlSecErrorsDefaultCallbackEnableOutput(0);
	xmlSecIOCleanupCallbacks();
	xmlSetExternalEntityLoader(nothing_elsewhere);
	reduce_algorithms();
	started = true;
	return 0;
}

/* ---- metadata, as they are given to lasso ---- */

static const char *provider_metadata(struct arena *arena, const struct answer_question *q, bool *ret_rsa)
{
	const char *descriptors = "", *modulus, *exponent;

	*ret_rsa = false;
	for (size_t i = 0; i < keys_count(q->keys); i++) {
		if (!keys_rsa_value(q->keys, i, arena, &modulus, &exponent))
			continue;
		*ret_rsa = true;
		descriptors = arena_format(
			arena,
			"%s<md:KeyDescriptor use=\"signing\"><ds:KeyInfo xmlns:ds=\"" NS_SIGNATURE
			"\"><ds:KeyValue><ds:RSAKeyValue>"
			"<ds:Modulus>%s</ds:Modulus><ds:Exponent>%s</ds:Exponent></ds:RSAKeyValue></"
			"ds:KeyValue></ds:KeyInfo></md:KeyDescriptor>",
			descriptors, modulus, exponent);
	}
	return arena_format(
		arena,
		"<md:EntityDescriptor xmlns:md=\"" NS_METADATA "\" entityID=\"%s\"><md:IDPSSODescriptor "
		"protocolSupportEnumeration=\"" NS_PROTOCOL
		"\">%s<md:SingleSignOnService Binding=\"" BINDING_REDIRECT
		"\" Location=\"https://provider.invalid/\"/></md:IDPSSODescriptor></md:EntityDescriptor>",
		request_escape(arena, q->provider), descriptors);
}

static const char *service_metadata(struct arena *arena, const struct answer_question *q)
{
	return arena_format(arena,
			    "<md:EntityDescriptor xmlns:md=\"" NS_METADATA
			    "\" entityID=\"%s\"><md:SPSSODescriptor "
			    "protocolSupportEnumeration=\"" NS_PROTOCOL
			    "\"><md:AssertionConsumerService Binding=\"" BINDING_POST
			    "\" Location=\"%s\" index=\"0\" "
			    "isDefault=\"true\"/></md:SPSSODescriptor></md:EntityDescriptor>",
			    request_escape(arena, q->service), request_escape(arena, q->acs_url));
}

static int give_key(LassoServer *server, const struct own_key *key)
{
	char *pem = own_key_pem(key);
	int result = pem ? lasso_server_set_encryption_private_key(server, pem) : -1;

	if (pem) {
		explicit_bzero(pem, strlen(pem));
		free(pem);
	}
	return result;
}

int second_open(const struct answer_question *question, struct second **ret, struct error *e)
{
	scoped(arena) *arena = arena_open("second");
	struct second *made;

	if (start(e) < 0)
		return -1;
	made = calloc(1, sizeof(*made));
	if (!made)
		memory_exhausted("saml", sizeof(*made));
	made->server = lasso_server_new_from_buffers(service_metadata(arena, question), NULL, NULL, NULL);
	if (!made->server ||
	    lasso_server_add_provider_from_buffer(made->server, LASSO_PROVIDER_ROLE_IDP,
						  provider_metadata(arena, question, &made->has_rsa), NULL,
						  NULL) != 0 ||
	    (question->key && give_key(made->server, question->key) != 0) ||
	    (question->next_key && give_key(made->server, question->next_key) != 0)) {
		second_close(&made);
		return broken(e, "the provider or ourselves");
	}
	made->has_key = question->key != NULL;
	*ret = made;
	return 0;
}

void second_close(struct second **second)
{
	if (*second && (*second)->server)
		g_object_unref((*second)->server);
	free(*second);
	*second = NULL;
}

/* ---- asking ---- */

static const char *limit_of(const struct keys_algorithm *algorithm)
{
	if (!algorithm)
		return NULL;
	if (!text_equal(algorithm->kind, "RSA"))
		return "it knows no signatures by ECDSA";
	if (algorithm->pss)
		return "it knows no signatures by RSA-PSS";
	return algorithm->sha1 ? "it takes no signatures with SHA-1 here" : NULL;
}

const char *second_limit(const struct second *second, const struct answer *answer)
{
	const char *limit = limit_of(answer->algorithms[0]);

	if (!limit)
		limit = limit_of(answer->algorithms[1]);
	if (!limit && !second->has_rsa)
		limit = "it knows no keys but RSA";
	if (!limit && answer->several_confirmations)
		limit = "it understands one subject confirmation alone";
	if (!limit && answer->leans_outside)
		limit = "it demands that what was encrypted declares its own namespaces";
	if (!limit && answer->canonical_11)
		limit = "it knows no canonical XML 1.1";
	if (!limit && answer->no_issuer)
		limit = "it demands that the response has an issuer";
	if (!limit && answer->beyond_lasso)
		limit = "it knows RSA-OAEP with SHA-1 alone";
	return limit;
}

static size_t count_attributes(const LassoSaml2Assertion *assertion)
{
	size_t count = 0;

	for (const GList *s = assertion->AttributeStatement; s; s = s->next)
		for (const GList *a = LASSO_SAML2_ATTRIBUTE_STATEMENT(s->data)->Attribute; a; a = a->next)
			count++;
	return count;
}

static const char *trimmed(struct arena *arena, const char *text)
{
	size_t length;
	const char *begin = text ? text_trim(text, &length) : NULL;

	return begin ? arena_text_n(arena, begin, length) : NULL;
}

/* NULL: it saw what we saw. */
static const char *compare(struct arena *arena, LassoLogin *login, const struct answer *answer)
{
	LassoNode *name = LASSO_PROFILE(login)->nameIdentifier, *found = lasso_login_get_assertion(login);
	const char *why = NULL;

	if (!name || !LASSO_IS_SAML2_NAME_ID(name) || !found || !LASSO_IS_SAML2_ASSERTION(found))
		why = "no name id or assertion";
	else if (!text_equal(trimmed(arena, LASSO_SAML2_NAME_ID(name)->content), answer->name_id))
		why = "another name id";
	else if (!text_equal(LASSO_SAML2_ASSERTION(found)->ID, answer->assertion_id))
		why = "another assertion";
	else if (count_attributes(LASSO_SAML2_ASSERTION(found)) != answer->attribute_count)
		why = "other attributes";
	if (found)
		g_object_unref(found);
	return why;
}

static const char *ask(struct second *second, struct arena *arena, const struct answer *answer)
{
	char *encoded = arena_take(arena, answer->xml_size / 3 * 4 + 8);
	LassoLogin *login = lasso_login_new(second->server);
	const char *why = NULL;
	int result;

	if (!login)
		return "nothing";
	text_base64(answer->xml, answer->xml_size, encoded);
	result = lasso_login_process_authn_response_msg(login, encoded);
	if (result == 0)
		result = lasso_login_accept_sso(login);
	why = result != 0 ? arena_format(arena, "a reason to refuse: %.200s", lasso_strerror(result))
			  : compare(arena, login, answer);
	g_object_unref(login);
	return why;
}

int second_agrees(struct second *second, struct arena *arena, const struct answer *answer,
		  const struct trace *trace, struct error *e)
{
	const char *limit = second_limit(second, answer), *why;

	if (limit) {
		trace_passed(trace, "second opinion", NULL, arena_format(arena, "not asked: %s", limit));
		return 0;
	}
	why = ask(second, arena, answer);
	if (why)
		return trace_refuse(trace, e, "saml.second_opinion", "second opinion",
				    "what our own reading has seen", why,
				    "two readers of one message disagree: keep this message, and report it "
				    "to the makers of rosterd");
	trace_passed(trace, "second opinion", "what our own reading has seen", "the same");
	return 0;
}
