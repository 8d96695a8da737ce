#include "peers/saml_forge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <libxml/c14n.h>
#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>
#include <xmlsec/crypto.h>
#include <xmlsec/templates.h>
#include <xmlsec/xmldsig.h>
#include <xmlsec/xmlsec.h>
#include <xmlsec/xmltree.h>

#include "base/arena.h"
#include "base/text.h"

enum { CERTIFICATE_DAYS = 3650, CANONICAL_MOST = 1 << 20, PLAIN_MOST = 1 << 20 };

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "saml_forge: %s\n", what);
	abort();
}

static bool started, ended;

static void start(void)
{
	must(!ended, "it has ended");
	if (started)
		return;
	started = true;
	xmlInitParser();
	must(xmlSecInit() == 0 && xmlSecCryptoAppInit(NULL) == 0 && xmlSecCryptoInit() == 0,
	     "libxmlsec1 does not start");
}

void forge_end(void)
{
	ended = true;
	if (started && xmlSecCryptoShutdown() == 0 && xmlSecCryptoAppShutdown() == 0)
		xmlSecShutdown();
}

/* ---- keys ---- */

static const char *drained(struct arena *arena, BIO *bio)
{
	char *bytes;
	long size = BIO_get_mem_data(bio, &bytes);
	const char *kept = arena_text_n(arena, bytes, (size_t)size);

	BIO_free(bio);
	return kept;
}

static X509 *certificate_of(EVP_PKEY *key)
{
	X509 *c = X509_new();

	X509_set_version(c, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(c), 7);
	X509_gmtime_adj(X509_getm_notBefore(c), 0);
	X509_gmtime_adj(X509_getm_notAfter(c), 86400L * CERTIFICATE_DAYS);
	X509_set_pubkey(c, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "CN", MBSTRING_ASC, (const unsigned char *)"idp",
				   -1, -1, 0);
	X509_set_issuer_name(c, X509_get_subject_name(c));
	must(X509_sign(c, key, EVP_sha256()) > 0, "no certificate");
	return c;
}

struct forge_key forge_key_make(struct arena *arena, enum forge_kind kind)
{
	EVP_PKEY *key = kind == FORGE_RSA	 ? EVP_RSA_gen(2048U)
			: kind == FORGE_RSA_1024 ? EVP_RSA_gen(1024U)
						 : EVP_EC_gen(kind == FORGE_P256 ? "P-256" : "P-384");
	BIO *private = BIO_new(BIO_s_mem()), *public = BIO_new(BIO_s_mem());
	struct forge_key made;
	X509 *certificate;

	must(key != NULL, "no key");
	certificate = certificate_of(key);
	PEM_write_bio_PrivateKey(private, key, NULL, NULL, 0, NULL, NULL);
	PEM_write_bio_X509(public, certificate);
	made = (struct forge_key){ drained(arena, private), drained(arena, public) };
	X509_free(certificate);
	EVP_PKEY_free(key);
	return made;
}

static EVP_PKEY *private_of(const struct forge_key *key)
{
	BIO *bio = BIO_new_mem_buf(key->private_pem, -1);
	EVP_PKEY *read = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);

	BIO_free(bio);
	must(read != NULL, "no private key");
	return read;
}

/* ---- messages ---- */

struct forge forge_good(void)
{
	return (struct forge){
		.response_id = "_response-1",
		.response_version = "2.0",
		.response_instant = "2026-11-29T09:14:05Z",
		.destination = FORGE_ACS,
		.response_answers = FORGE_REQUEST,
		.response_issuer = FORGE_PROVIDER,
		.status = "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/>",
		.before = "",
		.after = "",
		.assertion_id = "_assertion-1",
		.version = "2.0",
		.instant = "2026-11-29T09:14:05Z",
		.issuer = FORGE_PROVIDER,
		.name_id = "<saml:NameID "
			   "Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress\">ada@acme."
			   "example</saml:NameID>",
		.confirmations =
			"<saml:SubjectConfirmation "
			"Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\"><saml:SubjectConfirmationData "
			"InResponseTo=\"" FORGE_REQUEST
			"\" NotOnOrAfter=\"2026-11-29T09:19:05Z\" Recipient=\"" FORGE_ACS
			"\"/></saml:SubjectConfirmation>",
		.conditions = "<saml:Conditions NotBefore=\"2026-11-29T09:13:35Z\" "
			      "NotOnOrAfter=\"2026-11-29T09:19:05Z\"><saml:AudienceRestriction>"
			      "<saml:Audience>" FORGE_SERVICE
			      "</saml:Audience></saml:AudienceRestriction></saml:Conditions>",
		.authentication = "<saml:AuthnStatement AuthnInstant=\"2026-11-29T09:14:05Z\" "
				  "SessionIndex=\"_s1\"><saml:AuthnContext>"
				  "<saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:"
				  "PasswordProtectedTransport"
				  "</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>",
		.attributes = "<saml:AttributeStatement><saml:Attribute Name=\"mail\" "
			      "NameFormat=\"urn:oasis:names:tc:SAML:2.0:attrname-format:basic\">"
			      "<saml:AttributeValue xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" "
			      "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "
			      "xsi:type=\"xs:string\">ada@acme.example</saml:AttributeValue>"
			      "</saml:Attribute><saml:Attribute "
			      "Name=\"groups\"><saml:AttributeValue>eng</saml:AttributeValue>"
			      "<saml:AttributeValue>R&amp;D</saml:AttributeValue></saml:Attribute></"
			      "saml:AttributeStatement>",
	};
}

static const char *attribute(struct arena *arena, const char *name, const char *value)
{
	return value ? arena_format(arena, " %s=\"%s\"", name, value) : "";
}

static const char *element(struct arena *arena, const char *name, const char *value)
{
	return value ? arena_format(arena, "<%s>%s</%s>", name, value, name) : "";
}

static const char *or_none(const char *text)
{
	return text ? text : "";
}

const char *forge_assertion(struct arena *arena, const struct forge *f)
{
	const char *subject = f->name_id || f->confirmations
				      ? arena_format(arena, "<saml:Subject>%s%s</saml:Subject>",
						     or_none(f->name_id), or_none(f->confirmations))
				      : "";

	return arena_format(
		arena,
		"<saml:Assertion "
		"xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"%s%s%s>%s%s%s%s%s</saml:Assertion>",
		attribute(arena, "ID", f->assertion_id), attribute(arena, "Version", f->version),
		attribute(arena, "IssueInstant", f->instant), element(arena, "saml:Issuer", f->issuer),
		subject, or_none(f->conditions), or_none(f->authentication), or_none(f->attributes));
}

const char *forge_around(struct arena *arena, const struct forge *f, const char *assertion)
{
	return arena_format(arena,
			    "<samlp:Response " FORGE_NAMESPACES
			    "%s%s%s%s%s>%s<samlp:Status>%s</samlp:Status>%s%s%s</samlp:Response>",
			    attribute(arena, "ID", f->response_id),
			    attribute(arena, "Version", f->response_version),
			    attribute(arena, "IssueInstant", f->response_instant),
			    attribute(arena, "Destination", f->destination),
			    attribute(arena, "InResponseTo", f->response_answers),
			    element(arena, "saml:Issuer", f->response_issuer), or_none(f->status), f->before,
			    assertion, f->after);
}

const char *forge_response(struct arena *arena, const struct forge *f)
{
	return forge_around(arena, f, forge_assertion(arena, f));
}

/* ---- signing ---- */

static xmlNode *with_id(xmlNode *from, const char *id)
{
	for (xmlNode *n = from; n; n = n->next) {
		xmlChar *own = n->type == XML_ELEMENT_NODE ? xmlGetNoNsProp(n, BAD_CAST "ID") : NULL;
		bool same = own && strcmp((const char *)own, id) == 0;
		xmlNode *found;

		xmlFree(own);
		if (same)
			return n;
		found = n->type == XML_ELEMENT_NODE ? with_id(n->children, id) : NULL;
		if (found)
			return found;
	}
	return NULL;
}

static xmlNode *child_named(xmlNode *parent, const char *name)
{
	for (xmlNode *n = parent->children; n; n = n->next)
		if (n->type == XML_ELEMENT_NODE && strcmp((const char *)n->name, name) == 0)
			return n;
	return NULL;
}

static const char *text_of(struct arena *arena, xmlDoc *document)
{
	xmlBuffer *buffer = xmlBufferCreate();
	const char *kept;

	xmlNodeDump(buffer, document, xmlDocGetRootElement(document), 0, 0);
	kept = arena_text(arena, (const char *)xmlBufferContent(buffer));
	xmlBufferFree(buffer);
	return kept;
}

static xmlSecTransformId transform_named(const char *uri, xmlSecTransformId otherwise)
{
	xmlSecTransformId found = uri ? xmlSecTransformIdListFindByHref(xmlSecTransformIdsGet(), BAD_CAST uri,
									xmlSecTransformUsageUnknown | 0xffff)
				      : otherwise;

	must(found != xmlSecTransformIdUnknown, uri ? uri : "no transform");
	return found;
}

static void add_reference(xmlNode *signature, const char *uri, const struct forge_way *way)
{
	xmlNode *reference =
			xmlSecTmplSignatureAddReference(signature,
							transform_named(way->digest, xmlSecTransformSha256Id),
							NULL, BAD_CAST uri, NULL),
		*transform;

	if (!way->no_enveloped)
		xmlSecTmplReferenceAddTransform(reference, xmlSecTransformEnvelopedId);
	transform = xmlSecTmplReferenceAddTransform(reference, transform_named(way->transform,
									       xmlSecTransformExclC14NId));
	if (way->prefixes)
		xmlSecTmplTransformAddC14NInclNamespaces(transform, BAD_CAST way->prefixes);
}

static xmlNode *template_for(xmlDoc *document, xmlNode *target, const char *id, const struct forge_way *way)
{
	xmlNode *signature =
			xmlSecTmplSignatureCreate(document,
						  transform_named(way->canonical, xmlSecTransformExclC14NId),
						  transform_named(way->signature, xmlSecTransformRsaSha256Id),
						  NULL),
		*issuer = child_named(target, "Issuer");
	char uri[256];

	snprintf(uri, sizeof(uri), "#%s", id);
	if (issuer)
		xmlAddNextSibling(issuer, signature);
	else if (target->children)
		xmlAddPrevSibling(target->children, signature);
	else
		xmlAddChild(target, signature);
	add_reference(signature, way->uri ? way->uri : uri, way);
	if (way->two_references)
		add_reference(signature, uri, way);
	if (!way->no_key_info)
		xmlSecTmplX509DataAddCertificate(
			xmlSecTmplKeyInfoAddX509Data(xmlSecTmplSignatureEnsureKeyInfo(signature, NULL)));
	return signature;
}

const char *forge_sign(struct arena *arena, const char *xml, const char *id, const struct forge_key *key,
		       const struct forge_way *way)
{
	static const struct forge_way usual;
	xmlDoc *document;
	xmlNode *target, *signature;
	xmlSecDSigCtx *context;
	const char *kept;

	start();
	document = xmlReadMemory(xml, (int)strlen(xml), NULL, NULL, XML_PARSE_NONET);
	must(document != NULL, "the message is no XML");
	target = with_id(xmlDocGetRootElement(document), id);
	must(target != NULL, "there is no such id");
	if (!xmlGetID(document, BAD_CAST id))
		xmlAddID(NULL, document, BAD_CAST id, xmlHasProp(target, BAD_CAST "ID"));
	signature = template_for(document, target, id, way ? way : &usual);
	context = xmlSecDSigCtxCreate(NULL);
	context->signKey =
		xmlSecCryptoAppKeyLoadMemory(BAD_CAST key->private_pem, (xmlSecSize)strlen(key->private_pem),
					     xmlSecKeyDataFormatPem, NULL, NULL, NULL);
	must(context->signKey != NULL, "the key is not taken");
	must(xmlSecCryptoAppKeyCertLoadMemory(context->signKey, BAD_CAST key->certificate_pem,
					      (xmlSecSize)strlen(key->certificate_pem),
					      xmlSecKeyDataFormatPem) == 0,
	     "the certificate is not taken");
	must(xmlSecDSigCtxSign(context, signature) == 0, "it cannot be signed");
	xmlSecDSigCtxDestroy(context);
	kept = text_of(arena, document);
	xmlFreeDoc(document);
	return kept;
}

const char *forge_sign_pss(struct arena *arena, const char *xml, const char *id, const struct forge_key *key,
			   int bits)
{
	const char *first = forge_sign(arena, xml, id, key, NULL), *old,
		   *digest = arena_format(arena, "SHA%d", bits);
	xmlDoc *document;
	xmlXPathContext *paths;
	xmlXPathObject *found;
	xmlChar *canonical = NULL;
	uint8_t signature[512];
	size_t signature_size = sizeof(signature);
	EVP_PKEY *private = private_of(key);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *parameters;
	int size;

	first = forge_replace(arena, first, "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
			      arena_format(arena, "http://www.w3.org/2007/05/xmldsig-more#sha%d-rsa-MGF1",
					   bits));
	document = xmlReadMemory(first, (int)strlen(first), NULL, NULL, XML_PARSE_NONET);
	paths = xmlXPathNewContext(document);
	xmlXPathRegisterNs(paths, BAD_CAST "ds", BAD_CAST "http://www.w3.org/2000/09/xmldsig#");
	found = xmlXPathEval(BAD_CAST "//ds:SignedInfo/descendant-or-self::node() | //ds:SignedInfo//@* | "
				      "//ds:SignedInfo//namespace::* | "
				      "//ds:SignedInfo/namespace::*",
			     paths);
	size = xmlC14NDocDumpMemory(document, found->nodesetval, XML_C14N_EXCLUSIVE_1_0, NULL, 0, &canonical);
	must(size > 0, "no canonical form");
	must(EVP_DigestSignInit(context, &parameters, EVP_get_digestbyname(digest), NULL, private) == 1 &&
		     EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1 &&
		     EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) == 1 &&
		     EVP_DigestSign(context, signature, &signature_size, canonical, (size_t)size) == 1,
	     "it cannot be signed");
	xmlFree(canonical);
	xmlXPathFreeObject(found);
	xmlXPathFreeContext(paths);
	xmlFreeDoc(document);
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(private);
	old = forge_cut(arena, first, "<SignatureValue>", "</SignatureValue>");
	return forge_replace(arena, first, old,
			     arena_format(arena, "<SignatureValue>%s</SignatureValue>",
					  forge_base64(arena, (const char *)signature, signature_size)));
}

/* ---- encryption ---- */

static size_t encrypt_content(const char *uri, const uint8_t *key, const char *plain, uint8_t *ret)
{
	bool gcm = strstr(uri, "gcm") != NULL, triple = strstr(uri, "tripledes") != NULL;
	size_t iv = gcm	     ? 12
		    : triple ? 8
			     : 16,
	       block = triple ? 8 : 16, size = strlen(plain), padding = gcm ? 0 : block - size % block;
	const EVP_CIPHER *cipher =
		EVP_get_cipherbyname(triple		  ? "DES-EDE3-CBC"
				     : strstr(uri, "128") ? (gcm ? "id-aes128-GCM" : "AES-128-CBC")
							  : (gcm ? "id-aes256-GCM" : "AES-256-CBC"));
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	uint8_t *padded = malloc(size + padding + 1);
	int first = 0, last = 0;

	memcpy(padded, plain, size);
	if (padding)
		memset(padded + size, (int)padding, padding);
	RAND_bytes(ret, (int)iv);
	must(EVP_EncryptInit_ex(context, cipher, NULL, key, ret) == 1, "no cipher");
	EVP_CIPHER_CTX_set_padding(context, 0);
	must(EVP_EncryptUpdate(context, ret + iv, &first, padded, (int)(size + padding)) == 1 &&
		     EVP_EncryptFinal_ex(context, ret + iv + first, &last) == 1,
	     "it cannot be encrypted");
	size = iv + (size_t)first + (size_t)last;
	if (gcm) {
		EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, ret + size);
		size += 16;
	}
	EVP_CIPHER_CTX_free(context);
	free(padded);
	return size;
}

static size_t wrap_key(const struct forge_key *key, const uint8_t *bytes, size_t size, const char *wrap,
		       const char *digest, uint8_t *ret, size_t most)
{
	EVP_PKEY *private = private_of(key);
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(private, NULL);
	bool old = strstr(wrap, "rsa-1_5") != NULL;
	const EVP_MD *md = digest && strstr(digest, "sha256") ? EVP_sha256() : EVP_sha1();

	must(EVP_PKEY_encrypt_init(context) == 1 &&
		     EVP_PKEY_CTX_set_rsa_padding(context,
						  old ? RSA_PKCS1_PADDING : RSA_PKCS1_OAEP_PADDING) == 1 &&
		     (old || (EVP_PKEY_CTX_set_rsa_oaep_md(context, md) == 1 &&
			      EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha1()) == 1)) &&
		     EVP_PKEY_encrypt(context, ret, &most, bytes, size) == 1,
	     "the key cannot be wrapped");
	EVP_PKEY_CTX_free(context);
	EVP_PKEY_free(private);
	return most;
}

const char *forge_encrypt(struct arena *arena, const char *assertion, const struct forge_key *key,
			  const char *cipher, const char *wrap, const char *digest)
{
	uint8_t content_key[32], wrapped[512], *content = arena_take(arena, strlen(assertion) + 64);
	const char *data = cipher ? cipher : "http://www.w3.org/2001/04/xmlenc#aes256-cbc",
		   *how = wrap ? wrap : "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p";
	size_t key_size = strstr(data, "128")	      ? 16
			  : strstr(data, "tripledes") ? 24
						      : 32,
	       wrapped_size, content_size;

	RAND_bytes(content_key, sizeof(content_key));
	wrapped_size = wrap_key(key, content_key, key_size, how, digest, wrapped, sizeof(wrapped));
	content_size = encrypt_content(data, content_key, assertion, content);
	return arena_format(
		arena,
		"<saml:EncryptedAssertion><xenc:EncryptedData "
		"xmlns:xenc=\"http://www.w3.org/2001/04/xmlenc#\" "
		"Type=\"http://www.w3.org/2001/04/xmlenc#Element\"><xenc:EncryptionMethod Algorithm=\"%s\"/>"
		"<ds:KeyInfo "
		"xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><xenc:EncryptedKey><xenc:EncryptionMethod "
		"Algorithm=\"%s\">%s"
		"</xenc:EncryptionMethod><xenc:CipherData><xenc:CipherValue>%s</xenc:CipherValue></"
		"xenc:CipherData></xenc:EncryptedKey>"
		"</ds:KeyInfo><xenc:CipherData><xenc:CipherValue>%s</xenc:CipherValue></xenc:CipherData></"
		"xenc:EncryptedData>"
		"</saml:EncryptedAssertion>",
		data, how, digest ? arena_format(arena, "<ds:DigestMethod Algorithm=\"%s\"/>", digest) : "",
		forge_base64(arena, (const char *)wrapped, wrapped_size),
		forge_base64(arena, (const char *)content, content_size));
}

/* ---- texts ---- */

const char *forge_base64(struct arena *arena, const char *text, size_t size)
{
	char *made = arena_take(arena, size / 3 * 4 + 8);

	text_base64(text, size, made);
	return made;
}

const char *forge_replace(struct arena *arena, const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);

	must(at != NULL, from);
	return arena_format(arena, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

const char *forge_cut(struct arena *arena, const char *text, const char *from, const char *to)
{
	const char *begin = strstr(text, from), *end = begin ? strstr(begin, to) : NULL;

	must(end != NULL, from);
	return arena_text_n(arena, begin, (size_t)(end - begin) + strlen(to));
}
