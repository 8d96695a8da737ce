#include "peers/vendor/jwt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/text.h"

enum { PART_MOST = 16384 };

static json_t *decode(const char *text, size_t length)
{
	unsigned char bytes[PART_MOST];
	int size = text_unbase64url(text, length, bytes, sizeof(bytes));

	return size > 0 ? json_loadb((const char *)bytes, (size_t)size, JSON_REJECT_DUPLICATES, NULL) : NULL;
}

bool jwt_open(const char *text, struct jwt *ret)
{
	const char *first = strchr(text, '.'), *second = first ? strchr(first + 1, '.') : NULL;

	*ret = (struct jwt){ 0 };
	if (!second || strchr(second + 1, '.'))
		return false;
	ret->header = decode(text, (size_t)(first - text));
	ret->claims = decode(first + 1, (size_t)(second - first - 1));
	if (json_is_object(ret->header) && json_is_object(ret->claims))
		return true;
	jwt_close(ret);
	return false;
}

void jwt_close(struct jwt *jwt)
{
	json_decref(jwt->header);
	json_decref(jwt->claims);
	*jwt = (struct jwt){ 0 };
}

const char *jwt_text(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

long long jwt_number(const json_t *object, const char *name)
{
	const json_t *number = json_object_get(object, name);

	return json_is_integer(number) ? json_integer_value(number) : -1;
}

/* r and s side by side become what OpenSSL checks. */
static size_t to_der(const unsigned char *flat, int size, unsigned char **ret)
{
	ECDSA_SIG *signature = ECDSA_SIG_new();
	int length;

	*ret = NULL;
	if (size != 64)
		return 0;
	ECDSA_SIG_set0(signature, BN_bin2bn(flat, 32, NULL), BN_bin2bn(flat + 32, 32, NULL));
	length = i2d_ECDSA_SIG(signature, ret);
	ECDSA_SIG_free(signature);
	return length > 0 ? (size_t)length : 0;
}

bool jwt_is_signed_by(const char *text, const struct jwt *jwt, EVP_PKEY *key)
{
	const char *dot = strrchr(text, '.');
	unsigned char flat[1024], *der = NULL;
	int size = text_unbase64url(dot + 1, strlen(dot + 1), flat, sizeof(flat));
	bool ec = strcmp(jwt_text(jwt->header, "alg"), "ES256") == 0,
	     pss = strcmp(jwt_text(jwt->header, "alg"), "PS256") == 0,
	     rsa = pss || strcmp(jwt_text(jwt->header, "alg"), "RS256") == 0;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *parameters = NULL;
	size_t der_size;
	bool good = false;

	if (key && size > 0 && ((ec && EVP_PKEY_is_a(key, "EC")) || (rsa && EVP_PKEY_is_a(key, "RSA")))) {
		der_size = ec ? to_der(flat, size, &der) : (size_t)size;
		good = EVP_DigestVerifyInit(context, &parameters, EVP_sha256(), NULL, key) == 1 &&
		       (!pss ||
			(EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1 &&
			 EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) == 1)) &&
		       EVP_DigestVerify(context, ec ? der : flat, der_size, (const unsigned char *)text,
					(size_t)(dot - text)) == 1;
	}
	OPENSSL_free(der);
	EVP_MD_CTX_free(context);
	return good;
}

EVP_PKEY *jwt_key_of_pem(const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	EVP_PKEY *key = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);

	BIO_free(bio);
	return key;
}

EVP_PKEY *jwt_key_of_certificate(const char *pem, char ret_thumbprint[44])
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	unsigned char hash[32];
	EVP_PKEY *key = NULL;

	if (certificate && X509_digest(certificate, EVP_sha256(), hash, NULL) == 1) {
		text_base64url(hash, sizeof(hash), ret_thumbprint);
		key = X509_get_pubkey(certificate);
	}
	X509_free(certificate);
	BIO_free(bio);
	return key;
}

static EVP_PKEY *make_key(const char *type, OSSL_PARAM_BLD *build)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(build);
	EVP_PKEY *key = NULL;

	if (EVP_PKEY_fromdata_init(context) != 1 ||
	    EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters) != 1)
		key = NULL;
	OSSL_PARAM_free(parameters);
	OSSL_PARAM_BLD_free(build);
	EVP_PKEY_CTX_free(context);
	return key;
}

EVP_PKEY *jwt_key_of_jwk(const json_t *jwk)
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	unsigned char point[65] = { 4 }, n[1024], e[16];
	const char *x = jwt_text(jwk, "x"), *y = jwt_text(jwk, "y");
	int n_size, e_size;
	BIGNUM *modulus, *exponent;
	EVP_PKEY *key;

	/* A private member would be a key given away. */
	if (json_object_get(jwk, "d")) {
		OSSL_PARAM_BLD_free(build);
		return NULL;
	}
	if (strcmp(jwt_text(jwk, "kty"), "EC") == 0 && strcmp(jwt_text(jwk, "crv"), "P-256") == 0 &&
	    text_unbase64url(x, strlen(x), point + 1, 32) == 32 &&
	    text_unbase64url(y, strlen(y), point + 33, 32) == 32) {
		OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
		OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point));
		return make_key("EC", build);
	}
	x = jwt_text(jwk, "n");
	y = jwt_text(jwk, "e");
	n_size = text_unbase64url(x, strlen(x), n, sizeof(n));
	e_size = text_unbase64url(y, strlen(y), e, sizeof(e));
	if (strcmp(jwt_text(jwk, "kty"), "RSA") != 0 || n_size <= 0 || e_size <= 0) {
		OSSL_PARAM_BLD_free(build);
		return NULL;
	}
	modulus = BN_bin2bn(n, n_size, NULL);
	exponent = BN_bin2bn(e, e_size, NULL);
	OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, modulus);
	OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, exponent);
	key = make_key("RSA", build);
	BN_free(modulus);
	BN_free(exponent);
	return key;
}

void jwt_hash(const char *text, char ret[44])
{
	unsigned char hash[32];

	EVP_Digest(text, strlen(text), hash, NULL, EVP_sha256(), NULL);
	text_base64url(hash, sizeof(hash), ret);
}

bool jwt_thumbprint(const json_t *jwk, char ret[44])
{
	char text[4096];

	if (strcmp(jwt_text(jwk, "kty"), "EC") == 0)
		snprintf(text, sizeof(text), "{\"crv\":\"%s\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}",
			 jwt_text(jwk, "crv"), jwt_text(jwk, "x"), jwt_text(jwk, "y"));
	else
		snprintf(text, sizeof(text), "{\"e\":\"%s\",\"kty\":\"RSA\",\"n\":\"%s\"}",
			 jwt_text(jwk, "e"), jwt_text(jwk, "n"));
	jwt_hash(text, ret);
	return true;
}
