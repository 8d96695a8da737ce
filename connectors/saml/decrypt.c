#include "saml/decrypt.h"

#include <string.h>

#include <openssl/evp.h>

#include "base/arena.h"
#include "base/text.h"
#include "saml/base64.h"
#include "saml/document.h"
#include "saml/names.h"

enum { KEY_MOST = 32, IV_CBC = 16, IV_GCM = 12, TAG = 16, BLOCK = 16 };

static const struct cipher {
	const char *uri, *name;
	size_t key_size;
	bool gcm;
} ciphers[] = {
	{ NS_ENCRYPTION_11 "aes128-gcm", "AES-128-GCM", 16, true },
	{ NS_ENCRYPTION_11 "aes192-gcm", "AES-192-GCM", 24, true },
	{ NS_ENCRYPTION_11 "aes256-gcm", "AES-256-GCM", 32, true },
	{ NS_ENCRYPTION "aes128-cbc", "AES-128-CBC", 16, false },
	{ NS_ENCRYPTION "aes192-cbc", "AES-192-CBC", 24, false },
	{ NS_ENCRYPTION "aes256-cbc", "AES-256-CBC", 32, false },
};

/* How the key was wrapped: RSA-OAEP with these digests. SHA-1 has its old place in it and is no weakness
 * there. */
struct wrapping {
	const char *digest, *mask_digest;
	bool beyond_lasso;
};

static const char *digest_named(const char *uri)
{
	static const struct {
		const char *uri, *name;
	} digests[] = { { NS_SIGNATURE "sha1", "SHA1" },
			{ NS_ENCRYPTION "sha256", "SHA256" },
			{ "http://www.w3.org/2001/04/xmldsig-more#sha384", "SHA384" },
			{ NS_ENCRYPTION "sha512", "SHA512" },
			{ NS_ENCRYPTION_11 "mgf1sha1", "SHA1" },
			{ NS_ENCRYPTION_11 "mgf1sha256", "SHA256" },
			{ NS_ENCRYPTION_11 "mgf1sha384", "SHA384" },
			{ NS_ENCRYPTION_11 "mgf1sha512", "SHA512" } };

	for (size_t i = 0; uri && i < ARRAY_COUNT(digests); i++)
		if (strcmp(digests[i].uri, uri) == 0)
			return digests[i].name;
	return NULL;
}

static int read_wrapping(const xmlNode *encrypted_key, struct wrapping *ret)
{
	const xmlNode *method = document_child(encrypted_key, NS_ENCRYPTION, "EncryptionMethod"),
		      *digest = document_child(method, NS_SIGNATURE, "DigestMethod"),
		      *mask = document_child(method, NS_ENCRYPTION_11, "MGF");
	const char *uri = document_attribute(method, "Algorithm");
	bool newer = uri && strcmp(uri, NS_ENCRYPTION_11 "rsa-oaep") == 0;

	if (!uri || (!newer && strcmp(uri, NS_ENCRYPTION "rsa-oaep-mgf1p") != 0) || (mask && !newer))
		return -1;
	ret->digest = digest ? digest_named(document_attribute(digest, "Algorithm")) : "SHA1";
	ret->mask_digest = mask ? digest_named(document_attribute(mask, "Algorithm")) : "SHA1";
	ret->beyond_lasso = newer || (ret->digest && strcmp(ret->digest, "SHA1") != 0);
	return ret->digest && ret->mask_digest ? 0 : -1;
}

static const struct cipher *cipher_of(const xmlNode *data)
{
	const char *uri =
		document_attribute(document_child(data, NS_ENCRYPTION, "EncryptionMethod"), "Algorithm");

	for (size_t i = 0; uri && i < ARRAY_COUNT(ciphers); i++)
		if (strcmp(ciphers[i].uri, uri) == 0)
			return &ciphers[i];
	return NULL;
}

/* Its bytes; -1: it is no base64. */
static int cipher_value(struct arena *arena, const xmlNode *encrypted, uint8_t **ret)
{
	const xmlNode *data = document_child(encrypted, NS_ENCRYPTION, "CipherData");
	const char *text = document_text(arena, document_child(data, NS_ENCRYPTION, "CipherValue"));
	size_t length = strlen(text);

	*ret = arena_take(arena, length);
	return base64_decode(text, length, " \t\r\n", *ret, length);
}

/* The plain text's size, or -1. The padding of XML encryption says its length in the last byte, and nothing
 * in the others. */
static int open_content(const struct cipher *cipher, const uint8_t *key, uint8_t *bytes, size_t size,
			uint8_t *ret)
{
	size_t iv = cipher->gcm ? IV_GCM : IV_CBC, tag = cipher->gcm ? TAG : 0, length;
	EVP_CIPHER_CTX *context;
	EVP_CIPHER *method;
	int first = 0, last = 0;
	bool done;

	if (size < iv + tag + 1 || (!cipher->gcm && (size - iv) % BLOCK != 0))
		return -1;
	length = size - iv - tag;
	context = EVP_CIPHER_CTX_new();
	method = EVP_CIPHER_fetch(NULL, cipher->name, NULL);
	done = context && method && EVP_DecryptInit_ex2(context, method, key, bytes, NULL) == 1 &&
	       (!cipher->gcm ||
		EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, TAG, bytes + iv + length) == 1) &&
	       EVP_CIPHER_CTX_set_padding(context, 0) == 1 &&
	       EVP_DecryptUpdate(context, ret, &first, bytes + iv, (int)length) == 1 &&
	       EVP_DecryptFinal_ex(context, ret + first, &last) == 1;
	EVP_CIPHER_CTX_free(context);
	EVP_CIPHER_free(method);
	if (!done)
		return -1;
	first += last;
	if (cipher->gcm)
		return first;
	last = first > 0 ? ret[first - 1] : 0;
	return last >= 1 && last <= BLOCK && last < first ? first - last : -1;
}

static bool unwraps(const struct own_key *key, const struct wrapping *wrapping, const uint8_t *bytes, size_t size,
		    const struct cipher *cipher, uint8_t ret[KEY_MOST])
{
	return key && own_key_unwrap(key, wrapping->digest, wrapping->mask_digest, bytes, size, ret, KEY_MOST) ==
			      (int)cipher->key_size;
}

int decrypt_refuse(const struct trace *trace, struct error *e)
{
	return trace_refuse(
		trace, e, "saml.decryption", "decryption",
		"content that was encrypted for the certificate of ours", "another one",
		"give the provider the certificate that stands in the metadata of this connection");
}

int decrypt(struct arena *arena, const xmlNode *element, const struct own_key *key, const struct own_key *next,
	    const struct trace *trace, struct decrypted *ret, struct error *e)
{
	const xmlNode *data = document_child(element, NS_ENCRYPTION, "EncryptedData"),
		      *beside = document_child(element, NS_ENCRYPTION, "EncryptedKey"),
		      *inside = document_child(document_child(data, NS_SIGNATURE, "KeyInfo"), NS_ENCRYPTION,
					       "EncryptedKey");
	const struct cipher *cipher = cipher_of(data);
	uint8_t plain_key[KEY_MOST], *bytes, *plain;
	struct wrapping wrapping;
	int size;

	if (!key && !next)
		return trace_refuse(trace, e, "saml.no_decryption_key", "decryption",
				    "content that is not encrypted", "an encrypted one",
				    "set \"private_key\" here and give its certificate to the provider, or "
				    "switch encryption off there");
	if (!cipher || !beside == !inside || read_wrapping(inside ? inside : beside, &wrapping) < 0)
		return trace_refuse(trace, e, "saml.encryption_algorithm", "decryption",
				    "AES-GCM or AES-CBC, and one key by RSA-OAEP",
				    document_attribute(document_child(cipher ? (inside ? inside : beside)
									     : data,
								      NS_ENCRYPTION, "EncryptionMethod"),
						       "Algorithm"),
				    "set the provider's encryption to AES-256-GCM with RSA-OAEP");
	size = cipher_value(arena, inside ? inside : beside, &bytes);
	if (size < 0 || (!unwraps(key, &wrapping, bytes, (size_t)size, cipher, plain_key) &&
			 !unwraps(next, &wrapping, bytes, (size_t)size, cipher, plain_key)))
		return decrypt_refuse(trace, e);
	size = cipher_value(arena, data, &bytes);
	plain = arena_take(arena, size > 0 ? (size_t)size + 1 : 1);
	size = size < 0 ? -1 : open_content(cipher, plain_key, bytes, (size_t)size, plain);
	explicit_bzero(plain_key, sizeof(plain_key));
	if (size <= 0)
		return decrypt_refuse(trace, e);
	plain[size] = 0;
	*ret = (struct decrypted){ (const char *)plain, (size_t)size, cipher->gcm, wrapping.beyond_lasso };
	return 0;
}
