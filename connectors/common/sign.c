#include "common/sign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/text.h"

enum {
	P256_BYTES = 32,
	SIGNATURE_MOST = 1024, /* bytes: RSA of 8192 bits */
};

struct sign_key {
	EVP_PKEY *key;
	bool rsa, pss;
};

static int broken(struct error *e)
{
	return error_set(e, ERROR_INTERNAL, "sign.failed", "the signature could not be made");
}

/* A key with a passphrase is refused rather than asked about. */
static int no_passphrase(char *buffer, int size, int writing, void *context)
{
	(void)buffer, (void)size, (void)writing, (void)context;
	return -1;
}

static int accept_key(EVP_PKEY *key, struct sign_key **ret, struct error *e)
{
	char curve[64] = "";
	struct sign_key *made;
	bool rsa = EVP_PKEY_is_a(key, "RSA");

	if (rsa && EVP_PKEY_get_bits(key) < SIGN_RSA_BITS_LEAST)
		return error_set(e, ERROR_INPUT, "sign.key",
				 "the RSA key has %d bits; at least %d are expected", EVP_PKEY_get_bits(key),
				 SIGN_RSA_BITS_LEAST);
	if (!rsa &&
	    (!EVP_PKEY_is_a(key, "EC") || EVP_PKEY_get_group_name(key, curve, sizeof(curve), NULL) != 1 ||
	     strcmp(curve, "prime256v1") != 0))
		return error_set(e, ERROR_INPUT, "sign.key",
				 "the key is neither RSA nor EC on the curve P-256");
	made = calloc(1, sizeof(*made));
	if (!made)
		return broken(e);
	*made = (struct sign_key){ key, rsa, false };
	*ret = made;
	return 0;
}

int sign_key_open(const char *pem, struct sign_key **ret, struct error *e)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;

	BIO_free(bio);
	if (!key)
		return error_set(e, ERROR_INPUT, "sign.key",
				 "this is no private key in PEM without a passphrase (\"-----BEGIN PRIVATE "
				 "KEY-----\")");
	if (accept_key(key, ret, e) == 0)
		return 0;
	EVP_PKEY_free(key);
	return -1;
}

int sign_key_make(struct sign_key **ret, struct error *e)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");

	if (!key)
		return broken(e);
	if (accept_key(key, ret, e) == 0)
		return 0;
	EVP_PKEY_free(key);
	return -1;
}

void sign_key_close(struct sign_key **key)
{
	struct sign_key *k = *key;

	*key = NULL;
	if (!k)
		return;
	EVP_PKEY_free(k->key);
	free(k);
}

int sign_use_pss(struct sign_key *key)
{
	key->pss = key->rsa;
	return key->rsa ? 0 : -1;
}

const char *sign_algorithm(const struct sign_key *key)
{
	if (key->pss)
		return "PS256";
	return key->rsa ? "RS256" : "ES256";
}

/* ---- the public half ---- */

/* size: as many bytes, with zeros before; 0: as many as it needs. */
static int number_text(const struct sign_key *key, const char *name, int size, char *ret, size_t most)
{
	unsigned char bytes[SIGNATURE_MOST];
	BIGNUM *number = NULL;
	int length = -1;

	if (EVP_PKEY_get_bn_param(key->key, name, &number) == 1) {
		length = size > 0 ? size : BN_num_bytes(number);
		if (length > (int)sizeof(bytes) || BN_bn2binpad(number, bytes, length) != length)
			length = -1;
	}
	BN_free(number);
	if (length < 0 || (size_t)(4 * ((length + 2) / 3) + 1) > most)
		return -1;
	text_base64url(bytes, (size_t)length, ret);
	return 0;
}

int sign_public(const struct sign_key *key, char ret[SIGN_JWK_MOST], struct error *e)
{
	char first[SIGNATURE_MOST * 4 / 3 + 8], second[SIGNATURE_MOST * 4 / 3 + 8];
	bool done = key->rsa ? number_text(key, OSSL_PKEY_PARAM_RSA_E, 0, first, sizeof(first)) == 0 &&
				       number_text(key, OSSL_PKEY_PARAM_RSA_N, 0, second, sizeof(second)) == 0
			     : number_text(key, OSSL_PKEY_PARAM_EC_PUB_X, P256_BYTES, first, sizeof(first)) ==
					       0 &&
				       number_text(key, OSSL_PKEY_PARAM_EC_PUB_Y, P256_BYTES, second,
						   sizeof(second)) == 0;
	int length;

	if (!done)
		return broken(e);
	length = key->rsa ? snprintf(ret, SIGN_JWK_MOST, "{\"e\":\"%s\",\"kty\":\"RSA\",\"n\":\"%s\"}", first,
				     second)
			  : snprintf(ret, SIGN_JWK_MOST,
				     "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}", first,
				     second);
	return length < SIGN_JWK_MOST ? 0 : broken(e);
}

/* ---- signing ---- */

/* OpenSSL gives a DER sequence of two numbers; RFC 7518 section 3.4 wants them side by side. */
static int flatten(const unsigned char *der, size_t der_size, unsigned char ret[2 * P256_BYTES])
{
	ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &der, (long)der_size);
	const BIGNUM *r, *s;
	int result = -1;

	if (!signature)
		return -1;
	ECDSA_SIG_get0(signature, &r, &s);
	if (BN_bn2binpad(r, ret, P256_BYTES) == P256_BYTES &&
	    BN_bn2binpad(s, ret + P256_BYTES, P256_BYTES) == P256_BYTES)
		result = 0;
	ECDSA_SIG_free(signature);
	return result;
}

/* RFC 7518 section 3.5: the salt is as long as the hash. */
static bool set_padding(const struct sign_key *key, EVP_PKEY_CTX *context)
{
	return !key->pss || (EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
			     EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1);
}

static int sign_bytes(const struct sign_key *key, const char *bytes, size_t size,
		      unsigned char ret[SIGNATURE_MOST], size_t *ret_size)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned char der[SIGNATURE_MOST];
	EVP_PKEY_CTX *parameters = NULL;
	size_t der_size = sizeof(der);
	int result = -1;

	if (context && EVP_DigestSignInit(context, &parameters, EVP_sha256(), NULL, key->key) == 1 &&
	    set_padding(key, parameters) &&
	    EVP_DigestSign(context, der, &der_size, (const unsigned char *)bytes, size) == 1) {
		if (key->rsa) {
			memcpy(ret, der, der_size);
			*ret_size = der_size;
			result = 0;
		} else {
			result = flatten(der, der_size, ret);
			*ret_size = 2 * P256_BYTES;
		}
	}
	EVP_MD_CTX_free(context);
	return result;
}

/* How many letters base64url has for so many bytes, with NUL. */
static size_t letters(size_t bytes)
{
	return 4 * ((bytes + 2) / 3) + 1;
}

int sign_jwt(const struct sign_key *key, const char *header, const char *claims, char ret[SIGN_JWT_MOST],
	     struct error *e)
{
	unsigned char signature[SIGNATURE_MOST];
	size_t header_size = strlen(header), claims_size = strlen(claims), length, size;

	if (letters(header_size) + letters(claims_size) + letters(SIGNATURE_MOST) > SIGN_JWT_MOST)
		return error_set(e, ERROR_INPUT, "sign.failed", "the token to be signed is too long");
	text_base64url(header, header_size, ret);
	length = strlen(ret);
	ret[length++] = '.';
	text_base64url(claims, claims_size, ret + length);
	length += strlen(ret + length);
	if (sign_bytes(key, ret, length, signature, &size) < 0)
		return broken(e);
	ret[length++] = '.';
	text_base64url(signature, size, ret + length);
	return 0;
}

int sign_hash(const char *text, char ret[SIGN_HASH_SIZE], struct error *e)
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned size;

	if (EVP_Digest(text, strlen(text), hash, &size, EVP_sha256(), NULL) != 1)
		return broken(e);
	text_base64url(hash, size, ret);
	return 0;
}

int sign_random(char ret[SIGN_RANDOM_SIZE], struct error *e)
{
	unsigned char bytes[16];

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return broken(e);
	text_base64url(bytes, sizeof(bytes), ret);
	return 0;
}

int sign_thumbprint(const struct sign_key *key, const char *pem, char ret[SIGN_HASH_SIZE], struct error *e)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *certificate = bio ? PEM_read_bio_X509(bio, NULL, no_passphrase, NULL) : NULL;
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned size = 0;
	bool read = certificate && X509_digest(certificate, EVP_sha256(), hash, &size) == 1,
	     fits = read && X509_check_private_key(certificate, key->key) == 1;

	BIO_free(bio);
	X509_free(certificate);
	if (!read)
		return error_set(e, ERROR_INPUT, "sign.certificate",
				 "this is no certificate in PEM (\"-----BEGIN CERTIFICATE-----\")");
	if (!fits)
		return error_set(e, ERROR_INPUT, "sign.certificate",
				 "the certificate is that of another private key");
	text_base64url(hash, size, ret);
	return 0;
}

bool sign_ed25519_holds(const unsigned char public[SIGN_ED25519_SIZE], const void *bytes, size_t size,
			const unsigned char signature[SIGN_ED25519_SIGNATURE_SIZE])
{
	EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public, SIGN_ED25519_SIZE);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool holds = key && context && EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
		     EVP_DigestVerify(context, signature, SIGN_ED25519_SIGNATURE_SIZE, bytes, size) == 1;

	EVP_MD_CTX_free(context);
	EVP_PKEY_free(key);
	return holds;
}

bool sign_same(const char *secret, const char *given)
{
	size_t length = strlen(secret);

	return strlen(given) == length && CRYPTO_memcmp(secret, given, length) == 0;
}
