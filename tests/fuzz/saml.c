/* What a browser posts or an administrator pastes, of any bytes. Nobody here has the provider's private key:
 * whatever is accepted of a response says what the provider has signed, and nothing else. The first byte says
 * what it is: "r" a response, "m" metadata, "b" a response still in base64, "q" a query about logout, "l" and "a" a
 * request and an answer about it that was posted. */
#include "saml/answer.h"
#include "saml/logout.h"
#include "saml/metadata.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { DOCUMENT_FUZZ_MOST = 256 << 10 };

/* clang-format off */
static const char certificate[] =
	"-----BEGIN CERTIFICATE-----\n"
	"MIIClTCCAX2gAwIBAgIBBzANBgkqhkiG9w0BAQsFADAOMQwwCgYDVQQDDANpZHAw\n"
	"HhcNMjYxMTI5MjIwNzA0WhcNMzYxMTI2MjIwNzA0WjAOMQwwCgYDVQQDDANpZHAw\n"
	"ggEiMA0GCSqGSIb3DQEBAQUAA4IBDwAwggEKAoIBAQCvgG6WwseKKsnLoGP4brtL\n"
	"zSE5WKFO7tS+jB8iY4fxRhs69JBV6iSIz3fK9Mm3K+f6EQE8hMC7cdvNY7qNSvvZ\n"
	"M5lLShxCDePhf1yXgABdJDxND6K9S3jCGHdXu39nOepmZnzjuSxIWSIychdG265R\n"
	"+cM+kcKUOADs2eaydtURo8CTZ9mXBgOVQ45WIcP8UK3m4mOOzROE41GncKX0pHsG\n"
	"Ac2YK+XSjPb007bnmFGljGOd4W1akb+sZP80iGB9zLcyduB/ciu8mf3Qgct2U++T\n"
	"tSWPOSjeMa9coJ8Z0kv4Pgabu0Pa9lTmLKyDWs4ftlEZnNpwrzyudiwo9Vx9AnNp\n"
	"AgMBAAEwDQYJKoZIhvcNAQELBQADggEBAJMuEzdROhO1vMBur9yzjSlxSQNAIjJS\n"
	"xu/LO1Rn7OR9iK2RzOeVCBCSQrsgHUn9oW7Xcm1PBWV/pUD+iyH1I5dj2mCJt6e7\n"
	"Y4tqF2VcQVNj5HVBuEKLZgxF+MYMDxA7CuZiyrKyDbUsasDSJuzeYQqSrw4QmoSK\n"
	"NTe23p+SCkYeMR5WTAPkbcTDNkgzMQyym6YQiVOJAjfheFVz1ga7jqnCRnmT7WXt\n"
	"krnCw0pQ622eNvtmU1s/J981rK4ECL6eFcXGD06wigdReVZZMnsjQLHx14+BkRgx\n"
	"XquyxCBjdgXsP6bilzBu4zbt70rkhqaDJExcRk1fep8n+eh0o/9ON5g=\n"
	"-----END CERTIFICATE-----\n";
/* The same for what it says about logout. */
static const char logout_certificate[] =
	"-----BEGIN CERTIFICATE-----\n"
	"MIIC/TCCAeWgAwIBAgIUQrb19SpNXtQF8NH/3Yaqe/YN3CQwDQYJKoZIhvcNAQEL\n"
	"BQAwDjEMMAoGA1UEAwwDaWRwMB4XDTI2MTEzMDAyMTgxMloXDTM2MTEyNzAyMTgx\n"
	"MlowDjEMMAoGA1UEAwwDaWRwMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKC\n"
	"AQEA2Qr9rC5kaM5Ddu+ZGoe4MvuvvQxsYtZLL70jUpl88BfGTbct/VqAxA8nKqOT\n"
	"mUJpDjU3KCUBlzqFOr0oOvYS8PyoirMfLn4ZU9oXXZ6+NIcVr/Q506wLSjcBaQlH\n"
	"moh2OKNV+Y5MTiCje6nJS+o+XnCusJIPPSZJisgkm0e0HpbRXy3o91W5y21JBHe8\n"
	"W1Oy6Rk7gT/qcoR3OLUrwvg0nXeujU7tKSptMTJYNwLDlYTrn2EFdjpzBXbFr/Rm\n"
	"ktg5BycR0lFejKDVZboICtx7cB5OzcBe40irrNlhndo8SQ417K0MHJHdAuC1PpXw\n"
	"xZeZuUvfZhtdmGfpAehWXQT8dwIDAQABo1MwUTAdBgNVHQ4EFgQUPsRSoyWexZFU\n"
	"MqH1qpwm7MeRO/cwHwYDVR0jBBgwFoAUPsRSoyWexZFUMqH1qpwm7MeRO/cwDwYD\n"
	"VR0TAQH/BAUwAwEB/zANBgkqhkiG9w0BAQsFAAOCAQEA1dOhO+2409Ix9LAw8I9O\n"
	"j4rW8MXMYySMHaQI63rJO63RQY2rTWXrC91goYxuVCslxY/XLjekdAJOX0PspxxV\n"
	"smvauPbjN8pT1+ZE/8DqB+GWEjiUWwMwDqfvzRGvreaZ+UmI5m9J1DvKxgGKKMJY\n"
	"NWQBTe5fF9qTP7wRqZwXWFJykUgTe6Th5j+EivZ/dbIFsVLaXVtIeFh/X1UUND4g\n"
	"d0GjRWQ9dmjfn5ctuiapSmAaS6xsrf9l63o7S/DzZ+79+EU96CnZkHj4u0BtEDip\n"
	"//Wpdj2pKTsYZp+c77Bj+SNNcinsZXK4CO5Fc++6UpHdhHDA5oBMoCawI7o+p8lD\n"
	"ug==\n"
	"-----END CERTIFICATE-----\n";
/* Ours: that it is known harms nobody. */
static const char private_key[] =
	"-----BEGIN PRIVATE KEY-----\n"
	"MIIEvAIBADANBgkqhkiG9w0BAQEFAASCBKYwggSiAgEAAoIBAQCji82C56hfC3yB\n"
	"xtYTB4/nBB1qDSTXsQsbfyGhRtCn8GUiIzFQIvK0uTZOEt8KRN5wtdRmn+ywv0Rj\n"
	"bRFKazpJ1Jpzd7FB0VFHwaw7si/HOtj/tlbTFWRfkFncYS0uHPiDTypCqNZwPjK2\n"
	"ZQbgOs4srmByspp1CKruVN+uFizLcmUo7TpZkDzvTZ9l8fdsQvbUTXg2x60o26Zo\n"
	"RPcIkcERq04rbv0/4k1aB11aMU1e/rTNhANTCrGMkAxNfMEczdsPhscoRhI2jE/D\n"
	"DqXPouIrxMJs51xn1z/kH7YLIKF8mFCqfnQze5zNmKXRRagmAxPLgDpIh0Pb9FYU\n"
	"lW3aoj//AgMBAAECggEAJ/KWGEuNjOm5V9nBoJRQShVvOeBMB4NvOyAqjsJFZUAK\n"
	"8/O0r+ZZcltrMFbbtB5uVwmTAB5AKkwN4Ftbxdm7Ox17PIkX+wOt3uEnuM0lbnyp\n"
	"VIytWJH5Gn6f9HyoFINvEGPd5rpm5rPKn1K+AzdZ9QAC/wExSTT8y4pfuJ4iAu9i\n"
	"HdMGI90lJSkpyNB2S224Gp+zCfCp80GZIucMQSZKUZWaGxr+V3v+JhXN6Xh/q1MM\n"
	"Hhk4o2QRaL5h5K72sqh3kiwMyu3LAnPNunLe8/R4lRxZCupWlDwEV69skXw4rgF3\n"
	"AmXjVatAqrBMDJoZHCJNTnRsBWgpHUWWovolZSGpgQKBgQDb7JTDkVqUbDBEGk5q\n"
	"AvMLer/sku3ZbE5d+OtoFv3KAJ9iRjQHrYyYFTwEULlPcoqaRr6lPWvIgbVDdaeU\n"
	"iSGIe3ZMalBz/30fuEi4P8lWwP6du6iddEfsfjtHjYCVrfC//qBynkPsCNTq3b3j\n"
	"T4C1DigAg9Eo1IwXXBdoTob5xwKBgQC+X7OedcQpsNCco595AeAsuDqNZ6lnsiHf\n"
	"1tjeQsbUA51TYmXsMVJrapmlCubEKdHC//gM5jWKzfXdZEry+s2M4AAexbjhoikn\n"
	"4dL0fT6Kn8niDKpQ8wGw/Oyt7rU/trI7RrgsYnMUVfTgvfRsVZ+ENnjwDEnlNXwj\n"
	"+RZjNUDICQKBgEnZdM8DJU6H0eFckA5LNUAalQ4k/JexJdOqfaozZj+J2/uNJXWa\n"
	"koaTQtcUIFYMWXya2vPz3xiybaLchEx9i/QfuUbJwIBjP6oCIPE2Ai8OmbFvzZwp\n"
	"6ukALnnFi3M3uItQPqKegKJnCNBha51EGi0yNr6NhRPX478IXpfZHrwLAoGAcP34\n"
	"bErVvTD3AKGVG4tjdOd7yUYHpEZ0GJk6auEThe8HR+CVQhUcKClDPFQ2F6QCnkyy\n"
	"+2T/znzkOx015vW5Xq3tJFaSn0lSSBuezAIyRrEEcCi4RgeVr2jPSYTvCvvy2X/l\n"
	"/GIKj71c9K+KDWrcnOp/6WpByctu/SLwiL2oz5ECgYBHqUoNrLoUvRNzbP1lRTtt\n"
	"Y0h2jd9oJuRXrO/evoQhkqQdMO9N9UrO+EhoOqsW4DNh+131WJzOUqp25TkWNd9N\n"
	"v3RC/pSeKx+wlSWBzRSFoX78ekVOjzamoY1sUH43rxrLnNW8Vv3Dx3llhPTXqKjU\n"
	"n03SgkEwxHOifTpQrWE1dQ==\n"
	"-----END PRIVATE KEY-----\n";
/* clang-format on */

static struct answer_question question = { .provider = "https://idp.acme.example/metadata",
					   .service = "https://rosterd.example/sso/acme/metadata",
					   .acs_url = "https://rosterd.example/sso/acme/acs",
					   .request_id = "_request-7",
					   .skew_s = ANSWER_SKEW_S };

static struct logout_question logout_question = { .provider = "https://idp.acme.example/metadata",
						  .address = "https://rosterd.example/sso/acme/logout",
						  .skew_s = ANSWER_SKEW_S };

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "this does not hold: %s\n", what);
	abort();
}

static void start(void)
{
	struct keys *keys = keys_open();
	struct own_key *own = NULL;
	struct error e;

	must(keys_add(keys, certificate, &e) == 0 && keys_add(keys, logout_certificate, &e) == 0 && own_key_open(private_key, &own, &e) == 0,
	     "the keys are good");
	must(clock_parse("2026-11-29T09:14:07Z", &question.now_us) == 0, "a time");
	question.keys = logout_question.keys = keys;
	logout_question.now_us = question.now_us;
	question.key = own;
}

static void check_response(struct arena *arena, const char *encoded, size_t length)
{
	struct answer answer = { 0 };
	struct error e = { 0 };

	if (answer_judge(arena, encoded, length, &question, NULL, &answer, &e) < 0) {
		must(e.kind == ERROR_DENIED && strncmp(e.code, "saml.", 5) == 0 &&
			     text_is_utf8(e.text, strlen(e.text)),
		     "a refusal has a reason");
		must(!answer.name_id && !answer.attributes, "nothing is told of what was refused");
		return;
	}
	must(strcmp(answer.name_id, "ada@acme.example") == 0 &&
		     strcmp(answer.assertion_id, "_assertion-1") == 0,
	     "it is whom the provider signed");
	must(answer.attribute_count == 2 && strcmp(answer.attributes[0].values[0], "ada@acme.example") == 0 &&
		     strcmp(answer.attributes[1].values[0], "eng") == 0 &&
		     strcmp(answer.attributes[1].values[1], "R&D") == 0 && !answer.attributes[1].values[2],
	     "and what the provider signed of them");
}

static void check_metadata(struct arena *arena, const char *bytes, size_t size)
{
	const struct metadata_provider *providers;
	struct error e = { 0 };
	size_t count;

	if (metadata_read(arena, bytes, size, question.now_us, &providers, &count, &e) < 0) {
		must(strcmp(e.code, "saml.metadata") == 0 && text_is_utf8(e.text, strlen(e.text)),
		     "a refusal has a reason");
		return;
	}
	must(count > 0, "there is one");
	for (size_t i = 0; i < count; i++)
		must(providers[i].entity_id && *providers[i].entity_id && providers[i].certificates[0] &&
			     providers[i].prints[0] && (providers[i].redirect || providers[i].post),
		     "a provider has all that is needed");
}

/* What was signed is about Ada's session, or an answer. */
static void check_logout(struct arena *arena, const char *query, const char *field, const char *bytes, size_t size)
{
	struct roster_pair form[] = { { field, NULL }, { 0 } };
	struct logout said = { 0 };
	struct error e = { 0 };
	char *encoded = arena_take(arena, size / 3 * 4 + 8);

	text_base64(bytes, size, encoded);
	form[0].value = encoded;
	if (logout_judge(arena, query, form, &logout_question, NULL, &said, &e) < 0) {
		must(e.kind == ERROR_DENIED && strncmp(e.code, "saml.", 5) == 0 && text_is_utf8(e.text, strlen(e.text)),
		     "a refusal has a reason");
		must(!said.name_id && !said.indexes, "nothing is told of what was refused");
		return;
	}
	if (said.is_answer)
		return;
	must(strcmp(said.id, "_out-1") == 0 && strcmp(said.name_id, "ada@acme.example") == 0 && strcmp(said.indexes[0], "_s1") == 0 &&
		     !said.indexes[1],
	     "it ends what the provider signed");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	scoped(arena) *arena = arena_open("fuzz");
	char *encoded;

	if (!question.keys)
		start();
	if (size == 0 || size > DOCUMENT_FUZZ_MOST)
		return 0;
	if (bytes[0] == 'm') {
		check_metadata(arena, (const char *)bytes + 1, size - 1);
	} else if (bytes[0] == 'q') {
		check_logout(arena, arena_text_n(arena, (const char *)bytes + 1, size - 1), "SAMLRequest", "", 0);
	} else if (bytes[0] == 'l' || bytes[0] == 'a') {
		check_logout(arena, NULL, bytes[0] == 'l' ? "SAMLRequest" : "SAMLResponse", (const char *)bytes + 1, size - 1);
	} else if (bytes[0] == 'b') {
		check_response(arena, (const char *)bytes + 1, size - 1);
	} else {
		encoded = arena_take(arena, size / 3 * 4 + 8);
		text_base64(bytes + 1, size - 1, encoded);
		check_response(arena, encoded, strlen(encoded));
	}
	return 0;
}
