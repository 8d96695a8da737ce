#include "saml/signature.h"

#include <string.h>

#include <libxml/c14n.h>
#include <libxml/xmlIO.h>

#include "base/arena.h"
#include "base/text.h"
#include "saml/base64.h"
#include "saml/document.h"
#include "saml/names.h"

enum { PREFIX_LIST_MOST = 1024 };

/* How one canonical form is made. */
struct method {
	xmlC14NMode mode;
	xmlChar *prefixes[SIGNATURE_PREFIXES_MOST + 1];
	xmlChar list[PREFIX_LIST_MOST];
};

/* Which nodes: an element and all in it, without its signature. */
struct part {
	const xmlNode *from, *without;
};

/* Namespaces are shown with their element as parent. */
static int is_visible(void *context, xmlNode *node, xmlNode *parent)
{
	const struct part *part = context;
	const xmlNode *at =
		node && node->type != XML_NAMESPACE_DECL && node->type != XML_ATTRIBUTE_NODE ? node : parent;

	for (; at; at = at->parent) {
		if (at == part->without)
			return 0;
		if (at == part->from)
			return 1;
	}
	return 0;
}

static const char *canonical(struct arena *arena, const xmlNode *from, const xmlNode *without,
			     struct method *method, size_t *ret_size)
{
	struct part part = { from, without };
	xmlOutputBuffer *out = xmlAllocOutputBuffer(NULL);
	const char *bytes = NULL;
	size_t size = 0;

	if (!out)
		memory_exhausted("saml", sizeof(*out));
	if (xmlC14NExecute(from->doc, is_visible, &part, method->mode,
			   method->prefixes[0] ? method->prefixes : NULL, 0, out) >= 0) {
		size = xmlOutputBufferGetSize(out);
		/* Nothing is not the canonical form of something. */
		if (size > 0 && size <= SIGNATURE_CANONICAL_MOST)
			bytes = arena_text_n(arena, (const char *)xmlOutputBufferGetContent(out), size);
	}
	xmlOutputBufferClose(out);
	*ret_size = size;
	return bytes;
}

const char *signature_canonical(struct arena *arena, xmlNode *element, size_t *ret_size)
{
	struct method method = { .mode = XML_C14N_EXCLUSIVE_1_0 };

	return canonical(arena, element, NULL, &method, ret_size);
}

/* ---- what the signature says of itself ---- */

static int read_prefixes(const xmlNode *inclusive, struct method *ret)
{
	const char *list = inclusive ? document_attribute(inclusive, "PrefixList") : NULL;
	char *next = (char *)ret->list, *word;
	size_t count = 0;

	if (!inclusive)
		return 0;
	if (!list || strlen(list) >= sizeof(ret->list))
		return -1;
	memcpy(ret->list, list, strlen(list) + 1);
	while ((word = strsep(&next, " \t\r\n")) != NULL) {
		if (!*word)
			continue;
		if (count == SIGNATURE_PREFIXES_MOST)
			return -1;
		ret->prefixes[count++] = (xmlChar *)word;
	}
	return 0;
}

/* CanonicalizationMethod, or a Transform that is one. */
static int read_method(const xmlNode *node, struct method *ret)
{
	static const struct {
		const char *uri;
		xmlC14NMode mode;
	} methods[] = { { C14N_EXCLUSIVE, XML_C14N_EXCLUSIVE_1_0 },
			{ C14N_INCLUSIVE, XML_C14N_1_0 },
			{ C14N_INCLUSIVE_11, XML_C14N_1_1 } };
	const char *uri = document_attribute(node, "Algorithm");
	const xmlNode *inclusive = document_first(node);

	for (size_t i = 0; uri && i < ARRAY_COUNT(methods); i++)
		if (strcmp(methods[i].uri, uri) == 0) {
			ret->mode = methods[i].mode;
			return inclusive && ret->mode != XML_C14N_EXCLUSIVE_1_0
				       ? -1
				       : read_prefixes(inclusive, ret);
		}
	return -1;
}

/* The parts of a signature whose shape has been checked. */
struct parts {
	const xmlNode *signature, *info, *reference, *canonicalization, *transforms;
	const char *method, *digest_method;
	const xmlNode *digest_value, *value;
};

static void take_apart(const xmlNode *signature, struct parts *ret)
{
	const xmlNode *info = document_child(signature, NS_SIGNATURE, "SignedInfo"),
		      *reference = document_child(info, NS_SIGNATURE, "Reference");

	*ret = (struct parts){
		.signature = signature,
		.info = info,
		.reference = reference,
		.canonicalization = document_child(info, NS_SIGNATURE, "CanonicalizationMethod"),
		.transforms = document_child(reference, NS_SIGNATURE, "Transforms"),
		.method = document_attribute(document_child(info, NS_SIGNATURE, "SignatureMethod"),
					     "Algorithm"),
		.digest_method = document_attribute(document_child(reference, NS_SIGNATURE, "DigestMethod"),
						    "Algorithm"),
		.digest_value = document_child(reference, NS_SIGNATURE, "DigestValue"),
		.value = document_child(signature, NS_SIGNATURE, "SignatureValue"),
	};
}

xmlNode *signature_of(const xmlNode *element)
{
	return document_child(element, NS_SIGNATURE, "Signature");
}

/* ---- judging it ---- */

struct judging {
	struct arena *arena;
	const struct signature_policy *policy;
	const struct trace *trace;
	const char *check;
	struct error *e;
};

static int refuse(const struct judging *j, const char *code, const char *expected, const char *received,
		  const char *advice)
{
	return trace_refuse(j->trace, j->e, code, j->check, expected, received, advice);
}

static int check_reference(const struct judging *j, const xmlNode *element, const struct parts *p)
{
	const char *id = document_attribute(element, "ID"), *uri = document_attribute(p->reference, "URI"),
		   *own = arena_format(j->arena, "#%s", id ? id : "");

	if (!id || !*id || !uri || strcmp(uri, own) != 0)
		return refuse(j, "saml.signature_shape", own, uri,
			      "the signature must be over the element that it stands in; the provider is "
			      "wrong, or somebody changed the message");
	return 0;
}

static int read_transforms(const struct judging *j, const struct parts *p, struct method *ret)
{
	const xmlNode *first = document_first(p->transforms), *second = first ? document_next(first) : NULL;
	const char *enveloped = first ? document_attribute(first, "Algorithm") : NULL;

	if (!second || !enveloped || strcmp(enveloped, TRANSFORM_ENVELOPED) != 0 || document_first(first) ||
	    read_method(second, ret) < 0)
		return refuse(j, "saml.signature_shape",
			      "the transforms enveloped-signature and canonicalization without comments",
			      "others",
			      "set the provider to exclusive canonicalization (" C14N_EXCLUSIVE ")");
	return 0;
}

static int check_digest(const struct judging *j, const struct parts *p, const char *bytes, size_t size)
{
	uint8_t made[KEYS_DIGEST_MOST], said[KEYS_DIGEST_MOST];
	size_t length =
		p->digest_method ? keys_digest(p->digest_method, j->policy->sha1, bytes, size, made) : 0;
	const char *text = document_text(j->arena, p->digest_value);

	if (length == 0)
		return refuse(j, "saml.algorithm", "a digest with SHA-256, SHA-384 or SHA-512",
			      p->digest_method, "set the provider's signature to SHA-256; \"sha1\" lets the older one count");
	if (base64_decode(text, strlen(text), " \t\r\n", said, sizeof(said)) != (int)length ||
	    memcmp(made, said, length) != 0)
		return refuse(
			j, "saml.digest", "the content that was signed", "another one",
			"the message was changed after it was signed, by somebody or by a program between");
	return 0;
}

static int check_value(const struct judging *j, const struct parts *p, struct signature_found *found)
{
	struct method method = { 0 };
	uint8_t value[KEYS_SIGNATURE_MOST];
	const char *text = document_text(j->arena, p->value), *bytes;
	size_t size = 0;
	int length = base64_decode(text, strlen(text), " \t\r\n", value, sizeof(value));

	found->algorithm = p->method ? keys_algorithm(p->method, j->policy->sha1) : NULL;
	if (!found->algorithm)
		return refuse(j, "saml.algorithm", "RSA, RSA-PSS or ECDSA with SHA-256, SHA-384 or SHA-512",
			      p->method, "set the provider's signature to RSA with SHA-256; \"sha1\" lets the older one count");
	if (read_method(p->canonicalization, &method) < 0)
		return refuse(j, "saml.signature_shape", "canonicalization without comments",
			      document_attribute(p->canonicalization, "Algorithm"),
			      "set the provider to exclusive canonicalization");
	found->canonical_11 = found->canonical_11 || method.mode == XML_C14N_1_1;
	bytes = canonical(j->arena, p->info, NULL, &method, &size);
	if (!bytes || length <= 0)
		return refuse(j, "saml.signature_shape", "a signature", "something that is none", NULL);
	found->key = keys_who_signed(j->policy->keys, found->algorithm, bytes, size, value, (size_t)length);
	if (found->key < 0)
		return refuse(j, "saml.signature", "one by a certificate that was set here", "another one",
			      "the provider signs by another certificate: compare fingerprints, and set the "
			      "one that it uses now (\"metadata\" or \"certificates\")");
	return 0;
}

int signature_check(struct arena *arena, const xmlNode *element, const struct signature_policy *policy,
		    const char *what, const struct trace *trace, struct signature_found *ret, struct error *e)
{
	struct judging j = { arena, policy, trace, arena_format(arena, "signature of the %s", what), e };
	struct signature_found found = { 0 };
	struct method method = { 0 };
	struct parts p;

	take_apart(signature_of(element), &p);
	if (check_reference(&j, element, &p) < 0 || read_transforms(&j, &p, &method) < 0)
		return -1;
	found.canonical_11 = method.mode == XML_C14N_1_1;
	found.bytes = canonical(arena, element, p.signature, &method, &found.size);
	if (!found.bytes)
		return refuse(&j, "saml.signature_shape", "a canonical form", "something that has none",
			      NULL);
	if (check_digest(&j, &p, found.bytes, found.size) < 0 || check_value(&j, &p, &found) < 0)
		return -1;
	trace_passed(trace, j.check, "one by a certificate that was set here",
		     keys_print(policy->keys, (size_t)found.key));
	*ret = found;
	return 0;
}
