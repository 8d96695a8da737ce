/* A provider that signs whatever it is told to, by libxmlsec1: what our own reading is held against is not
 * our own writing. */
#ifndef ROSTERD_TESTS_SAML_FORGE_H
#define ROSTERD_TESTS_SAML_FORGE_H

#include <stdbool.h>
#include <stddef.h>

struct arena;

/* A private key with its certificate, both PEM. */
struct forge_key {
	const char *private_pem, *certificate_pem;
};

enum forge_kind { FORGE_RSA, FORGE_RSA_1024, FORGE_P256, FORGE_P384 };

/* Makes one. Slow for RSA; lives in the arena. */
struct forge_key forge_key_make(struct arena *arena, enum forge_kind kind);

/* What is said in a response. Texts stand in XML as they are; NULL leaves the attribute or element out. */
struct forge {
	const char *response_id, *response_version, *response_instant, *destination, *response_answers,
		*response_issuer;
	const char *status;	    /* the inside of samlp:Status */
	const char *before, *after; /* XML before and behind the assertion */
	const char *assertion_id, *version, *instant, *issuer;
	const char *name_id;	   /* the whole element */
	const char *confirmations; /* whole elements */
	const char *conditions;	   /* the whole element */
	const char *authentication;
	const char *attributes; /* the whole statement */
};

/* Addresses and times that all of these agree on. */
#define FORGE_PROVIDER "https://idp.acme.example/metadata"
#define FORGE_SERVICE  "https://rosterd.example/sso/acme/metadata"
#define FORGE_ACS      "https://rosterd.example/sso/acme/acs"
#define FORGE_REQUEST  "_request-7"
#define FORGE_NOW      "2026-11-29T09:14:07Z"
#define FORGE_NAMESPACES                                                                                     \
	"xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" "                                              \
	"xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\""

/* One that is good: ada@acme.example, with attributes. */
struct forge forge_good(void);

const char *forge_assertion(struct arena *arena, const struct forge *forge);
const char *forge_response(struct arena *arena, const struct forge *forge);
/* A response with this in the assertion's place. */
const char *forge_around(struct arena *arena, const struct forge *forge, const char *assertion);

struct forge_way {
	const char *signature, *digest, *canonical,
		*transform;   /* URIs; NULL: RSA-SHA256, SHA-256, exclusive, exclusive */
	const char *prefixes; /* PrefixList of the transform; NULL: none */
	bool no_key_info;
	const char *uri; /* of the reference; NULL: "#" and the id */
	bool two_references, no_enveloped;
};

/* Signs the element of this ID (behind its Issuer). way may be NULL. */
const char *forge_sign(struct arena *arena, const char *xml, const char *id, const struct forge_key *key,
		       const struct forge_way *way);
/* The same with RSA-PSS, which libxmlsec1 of Debian 12 cannot: by OpenSSL. */
const char *forge_sign_pss(struct arena *arena, const char *xml, const char *id, const struct forge_key *key,
			   int bits);

/* EncryptedAssertion of an assertion's text. cipher, wrap: URIs; NULL: AES-256-CBC, RSA-OAEP. digest: of
 * RSA-OAEP; NULL: not said. */
const char *forge_encrypt(struct arena *arena, const char *assertion, const struct forge_key *key,
			  const char *cipher, const char *wrap, const char *digest);

/* libxmlsec1 is left as if it had never been started: for whoever starts it anew. Nothing is signed any more. */
void forge_end(void);

/* Base64 of a text. */
const char *forge_base64(struct arena *arena, const char *text, size_t size);

/* The first, or every, place of a text changed; the text must be there. */
const char *forge_replace(struct arena *arena, const char *text, const char *from, const char *to);
/* What stands between (and including) two texts. */
const char *forge_cut(struct arena *arena, const char *text, const char *from, const char *to);

#endif
