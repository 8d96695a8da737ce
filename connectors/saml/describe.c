#include "saml/describe.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "saml/names.h"
#include "saml/request.h"

/* A certificate's base64 without the lines that make it PEM; only the first. */
static const char *bare(struct arena *arena, const char *pem)
{
	const char *begin = strstr(pem, "-----BEGIN CERTIFICATE-----"),
		   *end = begin ? strstr(begin, "-----END CERTIFICATE-----") : NULL;
	char *kept, *to;

	begin = end ? begin + strlen("-----BEGIN CERTIFICATE-----") : pem;
	kept = to = arena_text_n(arena, begin, end ? (size_t)(end - begin) : strlen(begin));
	for (const char *from = kept; *from; from++)
		if (!strchr(" \t\r\n", *from))
			*to++ = *from;
	*to = 0;
	return kept;
}

static const char *key_descriptor(struct arena *arena, const char *use, const char *certificate)
{
	return arena_format(arena,
			    "<md:KeyDescriptor use=\"%s\"><ds:KeyInfo xmlns:ds=\"" NS_SIGNATURE
			    "\"><ds:X509Data><ds:X509Certificate>%s"
			    "</ds:X509Certificate></ds:X509Data></ds:KeyInfo>%s</md:KeyDescriptor>",
			    use, certificate,
			    text_equal(use, "encryption")
				    ? "<md:EncryptionMethod Algorithm=\"" NS_ENCRYPTION_11
				      "aes256-gcm\"/><md:EncryptionMethod Algorithm=\"" NS_ENCRYPTION
				      "rsa-oaep-mgf1p\"/>"
				    : "");
}

/* Nobody is promised what we could not answer: signed, to an address that is known. */
static const char *logout_services(struct arena *arena, const struct settings *s)
{
	const char *address = request_escape(arena, s->own_logout_url);

	return s->key && s->certificate && s->answer_url
		       ? arena_format(arena,
				      "<md:SingleLogoutService Binding=\"" BINDING_REDIRECT
				      "\" Location=\"%s\"/>"
				      "<md:SingleLogoutService Binding=\"" BINDING_POST "\" Location=\"%s\"/>",
				      address, address)
		       : "";
}

const char *describe_ourselves(struct arena *arena, const struct settings *s)
{
	const char *certificate =
		s->certificate && s->key ? request_escape(arena, bare(arena, s->certificate)) : NULL;
	const char *next = certificate && s->next_certificate && s->next_key
				   ? request_escape(arena, bare(arena, s->next_certificate))
				   : NULL;

	return arena_format(
		arena,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<md:EntityDescriptor xmlns:md=\"" NS_METADATA
		"\" entityID=\"%s\">"
		"<md:SPSSODescriptor AuthnRequestsSigned=\"%s\" WantAssertionsSigned=\"true\" "
		"protocolSupportEnumeration=\"" NS_PROTOCOL "\">%s%s%s%s%s%s"
		"<md:AssertionConsumerService Binding=\"" BINDING_POST
		"\" Location=\"%s\" index=\"0\" isDefault=\"true\"/>"
		"</md:SPSSODescriptor></md:EntityDescriptor>\n",
		request_escape(arena, s->service), s->sign_requests ? "true" : "false",
		certificate ? key_descriptor(arena, "signing", certificate) : "",
		next ? key_descriptor(arena, "signing", next) : "",
		certificate ? key_descriptor(arena, "encryption", certificate) : "",
		next ? key_descriptor(arena, "encryption", next) : "", logout_services(arena, s),
		s->name_format ? arena_format(arena, "<md:NameIDFormat>%s</md:NameIDFormat>",
					      request_escape(arena, s->name_format))
			       : "",
		request_escape(arena, s->acs_url));
}
