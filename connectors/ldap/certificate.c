/* Says in words why a server's certificate was not accepted. */
#include "ldap/certificate.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include <openssl/x509v3.h>

static void when(const ASN1_TIME *time, char ret[32])
{
	struct tm tm;

	if (ASN1_TIME_to_tm(time, &tm) != 1 || strftime(ret, 32, "%Y-%m-%d %H:%M:%S UTC", &tm) == 0)
		strcpy(ret, "an unreadable date");
}

static void clock_here(time_t now, char ret[32])
{
	struct tm tm;

	strftime(ret, 32, "%Y-%m-%d %H:%M:%S UTC", gmtime_r(&now, &tm));
}

/* "CN = Acme root, O = Acme", cut to what fits. */
static void name_text(const X509_NAME *name, char ret[160])
{
	BIO *bio = BIO_new(BIO_s_mem());
	int length = 0;

	if (bio && X509_NAME_print_ex(bio, name, 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB) >= 0)
		length = BIO_read(bio, ret, 159);
	ret[length > 0 ? length : 0] = '\0';
	BIO_free(bio);
}

static void common_name(X509 *certificate, char ret[160])
{
	if (X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, ret, 160) < 0)
		name_text(X509_get_subject_name(certificate), ret);
}

static int alternative_name(const GENERAL_NAME *name, char *ret, size_t size)
{
	int type;
	const ASN1_STRING *value = GENERAL_NAME_get0_value(name, &type);
	const unsigned char *bytes = value ? ASN1_STRING_get0_data(value) : NULL;
	int length = value && (type == GEN_DNS || type == GEN_IPADD) ? ASN1_STRING_length(value) : 0;

	if (type == GEN_DNS && length > 0)
		return snprintf(ret, size, "%.*s", length, (const char *)bytes) > 0;
	if (type == GEN_IPADD && (length == 4 || length == 16))
		return inet_ntop(length == 4 ? AF_INET : AF_INET6, bytes, ret, (socklen_t)size) != NULL;
	return 0;
}

void certificate_names(X509 *certificate, char *ret, size_t size)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	size_t length = 0;
	char one[256];

	ret[0] = '\0';
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		if (!alternative_name(sk_GENERAL_NAME_value(names, i), one, sizeof(one)))
			continue;
		if (length + strlen(one) + 10 > size) {
			snprintf(ret + length, size - length, ", ...");
			break;
		}
		length += (size_t)snprintf(ret + length, size - length, "%s\"%s\"", length ? ", " : "", one);
	}
	GENERAL_NAMES_free(names);
	if (length == 0) {
		char name[160];

		common_name(certificate, name);
		snprintf(ret, size, "\"%s\"", name);
	}
}

static void explain_time(const char *what, const ASN1_TIME *time, X509 *at, time_t now, char *ret,
			 size_t size)
{
	char name[160], then[32], here[32];

	common_name(at, name);
	when(time, then);
	clock_here(now, here);
	snprintf(ret, size,
		 "the certificate \"%s\" %s %s, it is %s here; renew the certificate, or correct the clock",
		 name, what, then, here);
}

static void explain_issuer(X509 *at, char *ret, size_t size)
{
	char issuer[160];

	name_text(X509_get_issuer_name(at), issuer);
	snprintf(ret, size,
		 "the certificate comes from an unknown issuer \"%s\"; put the certificate of that authority "
		 "into "
		 "\"ca_certificate\"",
		 issuer);
}

static void explain_self_signed(X509 *at, char *ret, size_t size)
{
	char name[160];

	common_name(at, name);
	snprintf(ret, size,
		 "the certificate \"%s\" is self-signed; if it is the one that you expect, put it into "
		 "\"ca_certificate\"",
		 name);
}

static void explain_host(X509 *at, const char *host, char *ret, size_t size)
{
	char names[200];

	certificate_names(at, names, sizeof(names));
	snprintf(ret, size,
		 "the certificate is not for \"%s\", it names %s; use such a name in \"url\", or have a "
		 "certificate made "
		 "for \"%s\"",
		 host, names, host);
}

void certificate_explain(long verdict, X509 *at, const char *host, time_t now, char *ret, size_t size)
{
	switch (verdict) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
		explain_time("expired on", X509_get0_notAfter(at), at, now, ret, size);
		break;
	case X509_V_ERR_CERT_NOT_YET_VALID:
		explain_time("is not valid before", X509_get0_notBefore(at), at, now, ret, size);
		break;
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		explain_host(at, host, ret, size);
		break;
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
		explain_self_signed(at, ret, size);
		break;
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
		explain_issuer(at, ret, size);
		break;
	default:
		snprintf(ret, size, "the certificate is not acceptable: %s",
			 X509_verify_cert_error_string(verdict));
	}
}
