#include "saml/request.h"

#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"
#include "common/fetch.h"
#include "saml/document.h"
#include "saml/names.h"
#include "saml/signature.h"

enum { MESSAGE_MOST = 32 << 10 };

#define RSA_SHA256 "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
#define SHA256	   NS_ENCRYPTION "sha256"

const char *request_escape(struct arena *arena, const char *text)
{
	struct buffer buffer;
	const char *kept;

	buffer_open(&buffer, MESSAGE_MOST);
	for (; *text; text++) {
		if (*text == '&')
			buffer_text(&buffer, "&amp;");
		else if (*text == '<')
			buffer_text(&buffer, "&lt;");
		else if (*text == '>')
			buffer_text(&buffer, "&gt;");
		else if (*text == '"')
			buffer_text(&buffer, "&quot;");
		else if ((unsigned char)*text < ' ')
			buffer_format(&buffer, "&#%d;", *text);
		else
			buffer_add(&buffer, text, 1);
	}
	kept = arena_text_n(arena, buffer.bytes ? buffer.bytes : "", buffer.length);
	buffer_close(&buffer);
	return kept;
}

static const char *attribute(struct arena *arena, const char *name, const char *value)
{
	return value && *value ? arena_format(arena, " %s=\"%s\"", name, request_escape(arena, value)) : "";
}

/* SAML's times have no fractions here: providers have been seen to stumble over six digits. */
static const char *instant(struct arena *arena, int64_t us)
{
	char text[CLOCK_TEXT_SIZE];

	clock_text(us, text);
	return arena_format(arena, "%.19sZ", text);
}

/* ---- messages ---- */

static const char *head(struct arena *arena, const char *name, const char *id, const char *destination,
			int64_t now_us)
{
	return arena_format(arena,
			    "<samlp:%s xmlns:samlp=\"" NS_PROTOCOL "\" xmlns:saml=\"" NS_ASSERTION
			    "\"%s Version=\"2.0\" IssueInstant=\"%s\"%s",
			    name, attribute(arena, "ID", id), instant(arena, now_us),
			    attribute(arena, "Destination", destination));
}

const char *request_sign_on(struct arena *arena, const struct request_sign_on *r)
{
	const char *policy = r->name_format
				     ? arena_format(arena, "<samlp:NameIDPolicy AllowCreate=\"true\"%s/>",
						    attribute(arena, "Format", r->name_format))
				     : "<samlp:NameIDPolicy AllowCreate=\"true\"/>";

	return arena_format(arena,
			    "%s%s ProtocolBinding=\"" BINDING_POST
			    "\"><saml:Issuer>%s</saml:Issuer>%s</samlp:AuthnRequest>",
			    head(arena, "AuthnRequest", r->id, r->destination, r->now_us),
			    attribute(arena, "AssertionConsumerServiceURL", r->acs_url),
			    request_escape(arena, r->service), policy);
}

const char *request_logout(struct arena *arena, const struct request_logout *r)
{
	return arena_format(arena,
			    "%s><saml:Issuer>%s</saml:Issuer><saml:NameID%s%s%s>%s</saml:NameID>%s%s%s</"
			    "samlp:LogoutRequest>",
			    head(arena, "LogoutRequest", r->id, r->destination, r->now_us),
			    request_escape(arena, r->service), attribute(arena, "Format", r->name_format),
			    attribute(arena, "NameQualifier", r->name_qualifier),
			    attribute(arena, "SPNameQualifier", r->service_qualifier),
			    request_escape(arena, r->name_id), r->session_index ? "<samlp:SessionIndex>" : "",
			    r->session_index ? request_escape(arena, r->session_index) : "",
			    r->session_index ? "</samlp:SessionIndex>" : "");
}

const char *request_logout_answer(struct arena *arena, const struct request_logout_answer *a)
{
	return arena_format(arena,
			    "%s%s><saml:Issuer>%s</saml:Issuer><samlp:Status><samlp:StatusCode "
			    "Value=\"" STATUS_SUCCESS "\"/></samlp:Status></samlp:LogoutResponse>",
			    head(arena, "LogoutResponse", a->id, a->destination, a->now_us),
			    attribute(arena, "InResponseTo", a->answers), request_escape(arena, a->service));
}

/* ---- HTTP-Redirect ---- */

/* RFC 1951 with one block that is stored as it is: what we send is short, and inflating it is all that the
 * other side asks for. */
static const char *deflated(struct arena *arena, const char *message, size_t *ret_size)
{
	size_t size = strlen(message);
	uint8_t *bytes = arena_take(arena, size + 5);

	bytes[0] = 1;
	bytes[1] = (uint8_t)size, bytes[2] = (uint8_t)(size >> 8);
	bytes[3] = (uint8_t)~bytes[1], bytes[4] = (uint8_t)~bytes[2];
	memcpy(bytes + 5, message, size); /* NOLINT(bugprone-not-null-terminated-result): it goes with its length */
	*ret_size = size + 5;
	return (const char *)bytes;
}

static const char *percent(struct arena *arena, const char *text)
{
	char *escaped = arena_take(arena, 3 * strlen(text) + 1);

	return fetch_escape(text, escaped, 3 * strlen(text) + 1) < 0 ? "" : escaped;
}

static const char *base64(struct arena *arena, const void *bytes, size_t size)
{
	char *text = arena_take(arena, size / 3 * 4 + 8);

	text_base64(bytes, size, text);
	return text;
}

static int check_sizes(const char *message, const char *relay_state, struct error *e)
{
	if (strlen(message) > MESSAGE_MOST)
		return error_set(e, ERROR_LIMIT, "saml.too_long", "our message has more than %d bytes",
				 MESSAGE_MOST);
	if (relay_state && strlen(relay_state) > REQUEST_RELAY_STATE_MOST)
		return error_set(e, ERROR_LIMIT, "saml.relay_state", "the relay state has more than %d bytes",
				 REQUEST_RELAY_STATE_MOST);
	return 0;
}

int request_redirect(struct arena *arena, const char *url, const char *parameter, const char *message,
		     const char *relay_state, const struct own_key *key, const char **ret, struct error *e)
{
	uint8_t signature[KEYS_SIGNATURE_MOST];
	size_t size = 0;
	const char *query, *packed;

	if (check_sizes(message, relay_state, e) < 0)
		return -1;
	packed = deflated(arena, message, &size);
	query = arena_format(arena, "%s=%s%s%s%s%s", parameter, percent(arena, base64(arena, packed, size)),
			     relay_state ? "&RelayState=" : "",
			     relay_state ? percent(arena, relay_state) : "", key ? "&SigAlg=" : "",
			     key ? percent(arena, RSA_SHA256) : "");
	if (key) {
		if (own_key_sign(key, query, strlen(query), signature, &size, e) < 0)
			return -1;
		query = arena_format(arena, "%s&Signature=%s", query,
				     percent(arena, base64(arena, signature, size)));
	}
	*ret = arena_format(arena, "%s%s%s", url, strchr(url, '?') ? "&" : "?", query);
	return 0;
}

/* ---- HTTP-POST ---- */

static const char *canonical_of(struct arena *arena, const char *xml, size_t *ret_size, struct error *e)
{
	__attribute__((cleanup(document_close))) xmlDoc *document = NULL;

	if (document_read(xml, strlen(xml), NULL, &document, e) < 0)
		return NULL;
	return signature_canonical(arena, xmlDocGetRootElement(document), ret_size);
}

static const char *id_of(struct arena *arena, const char *xml, struct error *e)
{
	__attribute__((cleanup(document_close))) xmlDoc *document = NULL;

	if (document_read(xml, strlen(xml), NULL, &document, e) < 0)
		return NULL;
	return arena_text(arena, document_attribute(xmlDocGetRootElement(document), "ID"));
}

int request_signed(struct arena *arena, const char *message, const struct own_key *key, const char **ret,
		   struct error *e)
{
	const char *issuer_end = strstr(message, "</saml:Issuer>"), *id = id_of(arena, message, e),
		   *canonical, *info;
	uint8_t digest[KEYS_DIGEST_MOST], signature[KEYS_SIGNATURE_MOST];
	size_t size = 0, digest_size, signature_size = 0;

	canonical = canonical_of(arena, message, &size, e);
	if (!issuer_end || !id || !canonical)
		return error_set(e, ERROR_INTERNAL, "saml.sign", "our own message cannot be signed");
	issuer_end += strlen("</saml:Issuer>");
	digest_size = keys_digest(SHA256, false, canonical, size, digest);
	info = arena_format(
		arena,
		"<ds:SignedInfo xmlns:ds=\"" NS_SIGNATURE
		"\"><ds:CanonicalizationMethod Algorithm=\"" C14N_EXCLUSIVE "\"/>"
		"<ds:SignatureMethod Algorithm=\"" RSA_SHA256
		"\"/><ds:Reference URI=\"#%s\"><ds:Transforms><ds:Transform Algorithm=\"" TRANSFORM_ENVELOPED
		"\"/><ds:Transform Algorithm=\"" C14N_EXCLUSIVE
		"\"/></ds:Transforms><ds:DigestMethod Algorithm=\"" SHA256 "\"/>"
		"<ds:DigestValue>%s</ds:DigestValue></ds:Reference></ds:SignedInfo>",
		id, base64(arena, digest, digest_size));
	canonical = canonical_of(arena, info, &size, e);
	if (!canonical || own_key_sign(key, canonical, size, signature, &signature_size, e) < 0)
		return -1;
	*ret = arena_format(arena,
			    "%.*s<ds:Signature xmlns:ds=\"" NS_SIGNATURE
			    "\">%s<ds:SignatureValue>%s</ds:SignatureValue></ds:Signature>%s",
			    (int)(issuer_end - message), message, info,
			    base64(arena, signature, signature_size), issuer_end);
	return 0;
}

int request_form(struct arena *arena, const char *parameter, const char *message, const char *relay_state,
		 const struct own_key *key, const char **ret, struct error *e)
{
	if (check_sizes(message, relay_state, e) < 0 ||
	    (key && request_signed(arena, message, key, &message, e) < 0))
		return -1;
	*ret = arena_format(arena, "%s=%s%s%s", parameter,
			    percent(arena, base64(arena, message, strlen(message))),
			    relay_state ? "&RelayState=" : "",
			    relay_state ? percent(arena, relay_state) : "");
	return 0;
}
