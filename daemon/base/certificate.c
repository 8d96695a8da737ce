/* Until when certificates are valid. */
#include "base/certificate.h"

#include <limits.h>
#include <stdbool.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

enum { US_PER_S = 1000000 };

static int end_of(const X509 *certificate, int64_t *ret_us)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &tm) != 1)
		return -1;
	*ret_us = (int64_t)timegm(&tm) * US_PER_S;
	return 0;
}

/* Whether reading stopped because there was no other certificate. */
static bool is_end(void)
{
	unsigned long why = ERR_peek_last_error();
	bool end = ERR_GET_LIB(why) == ERR_LIB_PEM && ERR_GET_REASON(why) == PEM_R_NO_START_LINE;

	ERR_clear_error();
	return end;
}

int certificate_expires(const char *pem, size_t length, int64_t *ret_us)
{
	BIO *bio = length <= INT_MAX ? BIO_new_mem_buf(pem, (int)length) : NULL;
	int64_t first = INT64_MAX, end;
	bool good = bio != NULL;
	X509 *certificate;

	ERR_clear_error();
	while (good && (certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
		good = end_of(certificate, &end) == 0;
		if (good && end < first)
			first = end;
		X509_free(certificate);
	}
	good = good && is_end() && first != INT64_MAX;
	BIO_free(bio);
	if (good)
		*ret_us = first;
	return good ? 0 : -1;
}
