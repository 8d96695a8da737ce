#include "saml/keys.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/arena.h"
#include "base/text.h"
#include "saml/names.h"

enum { PEM_MOST = 64 << 10, NUMBER_MOST = 1024 };

struct key {
	EVP_PKEY *key;
	bool rsa;
	size_t size; /* bytes of a number of an EC signature */
	char print[KEYS_PRINT_SIZE];
	int64_t until;
};

struct keys {
	struct key list[KEYS_MOST];
	size_t count;
};

struct own_key {
	EVP_PKEY *key;
};

struct keys *keys_open(void)
{
	struct keys *keys = calloc(1, sizeof(*keys));

	if (!keys)
		memory_exhausted("saml", sizeof(*keys));
	return keys;
}

void keys_close(struct keys **keys)
{
	for (size_t i = 0; *keys && i < (*keys)->count; i++)
		EVP_PKEY_free((*keys)->list[i].key);
	free(*keys);
	*keys = NULL;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): OpenSSL decides what it looks like */
static int no_passphrase(char *buffer, int size, int writing, void *context)
{
	(void)buffer, (void)size, (void)writing, (void)context;
	return -1;
}

static int refuse(struct error *e, const char *why)
{
	return error_set(e, ERROR_INPUT, "saml.certificate", "%s", why);
}

/* ---- certificates ---- */

static int accept_kind(struct key *key, struct error *e)
{
	static const struct {
		const char *curve;
		size_t size;
	} curves[] = { { "prime256v1", 32 }, { "secp384r1", 48 }, { "secp521r1", 66 } };
	char curve[64] = "";

	key->rsa = EVP_PKEY_is_a(key->key, "RSA");
	if (key->rsa) {
		int bits = EVP_PKEY_get_bits(key->key);

		return bits >= KEYS_RSA_BITS_LEAST && bits <= KEYS_RSA_BITS_MOST
			       ? 0
			       : error_set(e, ERROR_INPUT, "saml.certificate",
					   "the certificate has an RSA key of %d bits; %d to %d are expected",
					   bits, KEYS_RSA_BITS_LEAST, KEYS_RSA_BITS_MOST);
	}
	if (EVP_PKEY_is_a(key->key, "EC") &&
	    EVP_PKEY_get_group_name(key->key, curve, sizeof(curve), NULL) == 1)
		for (size_t i = 0; i < ARRAY_COUNT(curves); i++)
			if (strcmp(curves[i].curve, curve) == 0) {
				key->size = curves[i].size;
				return 0;
			}
	return refuse(e, "the certificate has another kind of key than RSA or EC (P-256, P-384, P-521)");
}

static int64_t end_of(const X509 *certificate)
{
	struct tm tm;

	return ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

static int add(struct keys *keys, X509 *certificate, struct error *e)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned size = 0;
	struct key key = { 0 };

	if (X509_digest(certificate, EVP_sha256(), digest, &size) != 1)
		return refuse(e, "a certificate cannot be read");
	text_hex(digest, size, key.print);
	for (size_t i = 0; i < keys->count; i++)
		if (strcmp(keys->list[i].print, key.print) == 0)
			return 0;
	if (keys->count == KEYS_MOST)
		return error_set(e, ERROR_INPUT, "saml.certificate", "there are more than %d certificates",
				 KEYS_MOST);
	key.until = end_of(certificate);
	key.key = X509_get_pubkey(certificate);
	if (!key.key)
		return refuse(e, "the key of a certificate cannot be read");
	if (accept_kind(&key, e) < 0) {
		EVP_PKEY_free(key.key);
		return -1;
	}
	keys->list[keys->count++] = key;
	return 0;
}

/* Base64 as people paste it, between the lines that make it PEM. */
static BIO *armoured(const char *text)
{
	BIO *bio = BIO_new(BIO_s_mem());
	size_t letters = 0;

	if (!bio)
		memory_exhausted("saml", 1);
	BIO_puts(bio, "-----BEGIN CERTIFICATE-----\n");
	for (; *text; text++) {
		if (strchr(" \t\r\n", *text))
			continue;
		BIO_write(bio, text, 1);
		if (++letters % 64 == 0)
			BIO_puts(bio, "\n");
	}
	BIO_puts(bio, "\n-----END CERTIFICATE-----\n");
	return bio;
}

int keys_add(struct keys *keys, const char *certificates, struct error *e)
{
	size_t length = strlen(certificates), found = 0;
	X509 *certificate;
	int result = 0;
	BIO *bio;

	if (length > PEM_MOST)
		return error_set(e, ERROR_INPUT, "saml.certificate",
				 "the certificates have %zu bytes; at most %d are read", length, PEM_MOST);
	bio = strstr(certificates, "-----BEGIN") ? BIO_new_mem_buf(certificates, -1) : armoured(certificates);
	while (result == 0 && (certificate = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL)) != NULL) {
		found++;
		result = add(keys, certificate, e);
		X509_free(certificate);
	}
	BIO_free(bio);
	if (result == 0 && found == 0)
		return refuse(e, "this is no certificate in PEM (\"-----BEGIN CERTIFICATE-----\")");
	return result;
}

size_t keys_count(const struct keys *keys)
{
	return keys->count;
}

const char *keys_print(const struct keys *keys, size_t n)
{
	return keys->list[n].print;
}

int64_t keys_until(const struct keys *keys, size_t n)
{
	return keys->list[n].until;
}

static const char *number_text(const EVP_PKEY *key, const char *name, struct arena *arena)
{
	uint8_t bytes[NUMBER_MOST];
	BIGNUM *number = NULL;
	int size = 0;
	char *text;

	if (EVP_PKEY_get_bn_param(key, name, &number) != 1)
		return NULL;
	if (BN_num_bytes(number) <= NUMBER_MOST)
		size = BN_bn2bin(number, bytes);
	BN_free(number);
	text = arena_take(arena, (size_t)size / 3 * 4 + 8);
	text_base64(bytes, (size_t)size, text);
	return text;
}

bool keys_rsa_value(const struct keys *keys, size_t n, struct arena *arena, const char **ret_modulus,
		    const char **ret_exponent)
{
	if (!keys->list[n].rsa)
		return false;
	*ret_modulus = number_text(keys->list[n].key, OSSL_PKEY_PARAM_RSA_N, arena);
	*ret_exponent = number_text(keys->list[n].key, OSSL_PKEY_PARAM_RSA_E, arena);
	return *ret_modulus && *ret_exponent;
}

/* ---- algorithms ---- */

#define MORE_2001 "http://www.w3.org/2001/04/xmldsig-more#"
#define MORE_2007 "http://www.w3.org/2007/05/xmldsig-more#"

static const struct keys_algorithm algorithms[] = {
	{ MORE_2001 "rsa-sha256", "RSA", "SHA256", false, false },
	{ MORE_2001 "rsa-sha384", "RSA", "SHA384", false, false },
	{ MORE_2001 "rsa-sha512", "RSA", "SHA512", false, false },
	{ MORE_2007 "sha256-rsa-MGF1", "RSA", "SHA256", true, false },
	{ MORE_2007 "sha384-rsa-MGF1", "RSA", "SHA384", true, false },
	{ MORE_2007 "sha512-rsa-MGF1", "RSA", "SHA512", true, false },
	{ MORE_2001 "ecdsa-sha256", "EC", "SHA256", false, false },
	{ MORE_2001 "ecdsa-sha384", "EC", "SHA384", false, false },
	{ MORE_2001 "ecdsa-sha512", "EC", "SHA512", false, false },
	{ NS_SIGNATURE "rsa-sha1", "RSA", "SHA1", false, true },
};

static const struct {
	const char *uri, *digest;
	bool sha1;
} digests[] = {
	{ NS_ENCRYPTION "sha256", "SHA256", false },
	{ MORE_2001 "sha384", "SHA384", false },
	{ NS_ENCRYPTION "sha512", "SHA512", false },
	{ NS_SIGNATURE "sha1", "SHA1", true },
};

const struct keys_algorithm *keys_algorithm(const char *uri, bool sha1)
{
	for (size_t i = 0; i < ARRAY_COUNT(algorithms); i++)
		if (strcmp(algorithms[i].uri, uri) == 0)
			return algorithms[i].sha1 && !sha1 ? NULL : &algorithms[i];
	return NULL;
}

size_t keys_digest(const char *uri, bool sha1, const void *bytes, size_t size, uint8_t ret[KEYS_DIGEST_MOST])
{
	for (size_t i = 0; i < ARRAY_COUNT(digests); i++) {
		unsigned length = 0;

		if (strcmp(digests[i].uri, uri) != 0 || (digests[i].sha1 && !sha1))
			continue;
		return EVP_Digest(bytes, size, ret, &length, EVP_get_digestbyname(digests[i].digest), NULL) ==
				       1
			       ? length
			       : 0;
	}
	return 0;
}

/* XML has the two numbers side by side, each as long as the curve's order (RFC 6931 section 2.3.6); OpenSSL
 * wants DER. */
static unsigned char *der_of(const struct key *key, const uint8_t *signature, size_t size, size_t *ret_size)
{
	ECDSA_SIG *made = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(signature, (int)key->size, NULL),
	       *s = BN_bin2bn(signature + key->size, (int)key->size, NULL);
	unsigned char *der = NULL;
	int length = -1;

	(void)size;
	if (made && r && s && ECDSA_SIG_set0(made, r, s) == 1)
		length = i2d_ECDSA_SIG(made, &der);
	ECDSA_SIG_free(made);
	*ret_size = length > 0 ? (size_t)length : 0;
	return length > 0 ? der : NULL;
}

static bool verifies(EVP_PKEY *key, const struct keys_algorithm *algorithm, const void *bytes, size_t size,
		     const uint8_t *signature, size_t signature_size)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *parameters = NULL;
	bool holds = context &&
		     EVP_DigestVerifyInit(context, &parameters, EVP_get_digestbyname(algorithm->digest), NULL,
					  key) == 1 &&
		     (!algorithm->pss ||
		      (EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1 &&
		       EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) == 1)) &&
		     EVP_DigestVerify(context, signature, signature_size, bytes, size) == 1;

	EVP_MD_CTX_free(context);
	return holds;
}

static bool is_signed_by(const struct key *key, const struct keys_algorithm *algorithm, const void *bytes,
			 size_t size, const uint8_t *signature, size_t signature_size)
{
	unsigned char *der;
	size_t der_size;
	bool holds;

	if (key->rsa != (strcmp(algorithm->kind, "RSA") == 0))
		return false;
	if (key->rsa)
		return verifies(key->key, algorithm, bytes, size, signature, signature_size);
	if (signature_size != 2 * key->size)
		return false;
	der = der_of(key, signature, signature_size, &der_size);
	holds = der && verifies(key->key, algorithm, bytes, size, der, der_size);
	OPENSSL_free(der);
	return holds;
}

int keys_who_signed(const struct keys *keys, const struct keys_algorithm *algorithm, const void *bytes,
		    size_t size, const uint8_t *signature, size_t signature_size)
{
	for (size_t i = 0; i < keys->count; i++)
		if (is_signed_by(&keys->list[i], algorithm, bytes, size, signature, signature_size))
			return (int)i;
	return -1;
}

/* ---- our own ---- */

int own_key_open(const char *pem, struct own_key **ret, struct error *e)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
	struct own_key *made;

	BIO_free(bio);
	if (!key || !EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_get_bits(key) < KEYS_RSA_BITS_LEAST) {
		EVP_PKEY_free(key);
		return error_set(e, ERROR_INPUT, "saml.private_key",
				 "this is no private RSA key of %d bits or more in PEM without a passphrase",
				 KEYS_RSA_BITS_LEAST);
	}
	made = calloc(1, sizeof(*made));
	if (!made)
		memory_exhausted("saml", sizeof(*made));
	made->key = key;
	*ret = made;
	return 0;
}

void own_key_close(struct own_key **key)
{
	if (*key)
		EVP_PKEY_free((*key)->key);
	free(*key);
	*key = NULL;
}

int own_key_sign(const struct own_key *key, const void *bytes, size_t size, uint8_t ret[KEYS_SIGNATURE_MOST],
		 size_t *ret_size, struct error *e)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	size_t length = KEYS_SIGNATURE_MOST;
	bool done = context && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key->key) == 1 &&
		    EVP_DigestSign(context, ret, &length, bytes, size) == 1;

	EVP_MD_CTX_free(context);
	*ret_size = length;
	return done ? 0 : error_set(e, ERROR_INTERNAL, "saml.sign", "the message could not be signed");
}

char *own_key_pem(const struct own_key *key)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *bytes, *pem = NULL;
	long size;

	if (bio && PEM_write_bio_PrivateKey(bio, key->key, NULL, NULL, 0, NULL, NULL) == 1) {
		size = BIO_get_mem_data(bio, &bytes);
		pem = strndup(bytes, (size_t)size);
		explicit_bzero(bytes, (size_t)size);
	}
	BIO_free(bio);
	return pem;
}

int own_key_unwrap(const struct own_key *key, const char *digest, const char *mask_digest,
		   const uint8_t *bytes, size_t size, uint8_t *ret, size_t most)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key->key, NULL);
	uint8_t plain[KEYS_SIGNATURE_MOST];
	size_t length = sizeof(plain);
	bool done = context && EVP_PKEY_decrypt_init(context) == 1 &&
		    EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1 &&
		    EVP_PKEY_CTX_set_rsa_oaep_md(context, EVP_get_digestbyname(digest)) == 1 &&
		    EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_get_digestbyname(mask_digest)) == 1 &&
		    EVP_PKEY_decrypt(context, plain, &length, bytes, size) == 1 && length <= most;

	EVP_PKEY_CTX_free(context);
	if (done)
		memcpy(ret, plain, length);
	explicit_bzero(plain, sizeof(plain));
	return done ? (int)length : -1;
}
