/* The bytes below LDAP: a descriptor, TLS by OpenSSL, waits by poll. */
#include "ldap/stream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "ldap/certificate.h"

enum {
	READ_AHEAD = 65536, /* bytes that one read may bring */
	PEM_MOST = 65536,   /* as ROSTER_SETTING_MOST */
	CHAIN_MOST = 256,   /* certificates in one setting */
};

struct stream {
	int fd, timeout_ms;
	SSL_CTX *context;
	SSL *ssl; /* NULL: plain */
	const char *host;
	long verdict; /* why the certificate was refused, X509_V_OK if it was not */
	enum roster_trouble trouble;
	char why[400];
	size_t from, to; /* what was read ahead */
	unsigned char ahead[READ_AHEAD];
};

static int failed(struct stream *stream, enum roster_trouble trouble, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int failed(struct stream *stream, enum roster_trouble trouble, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(stream->why, sizeof(stream->why), fmt, args);
	va_end(args);
	stream->trouble = trouble;
	return -1;
}

struct stream *stream_open(int fd, int timeout_ms)
{
	struct stream *stream = calloc(1, sizeof(*stream));

	if (!stream || fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0) {
		close(fd);
		free(stream);
		return NULL;
	}
	stream->fd = fd;
	stream->timeout_ms = timeout_ms;
	return stream;
}

void stream_close(struct stream **stream)
{
	struct stream *s = *stream;

	*stream = NULL;
	if (!s)
		return;
	SSL_free(s->ssl);
	SSL_CTX_free(s->context);
	close(s->fd);
	free(s);
}

void stream_patience(struct stream *stream, int timeout_ms)
{
	stream->timeout_ms = timeout_ms;
}

const char *stream_why(const struct stream *stream, enum roster_trouble *ret)
{
	if (stream->why[0])
		*ret = stream->trouble;
	return stream->why;
}

/* 0: the descriptor is ready. */
static int wait_for(struct stream *stream, short events)
{
	struct pollfd ready = { .fd = stream->fd, .events = events };
	int got;

	do
		got = poll(&ready, 1, stream->timeout_ms);
	while (got < 0 && errno == EINTR);
	if (got > 0)
		return 0;
	errno = ETIMEDOUT;
	return failed(stream, ROSTER_TRY_LATER, "no answer for %d s; see whether the server hangs",
		      (stream->timeout_ms + 999) / 1000);
}

/* ---- TLS ---- */

/* The reason of the first thing that went wrong within OpenSSL. */
static const char *library_reason(void)
{
	unsigned long code = ERR_peek_error();
	const char *reason = code ? ERR_reason_error_string(code) : NULL;

	return reason ? reason : "no reason given";
}

static int explain_handshake(struct stream *stream, int error)
{
	int reason = ERR_GET_REASON(ERR_peek_error());

	if (stream->verdict != X509_V_OK)
		return -1; /* judge() has said why */
	if (error == SSL_ERROR_SYSCALL && errno == ETIMEDOUT)
		return failed(stream, ROSTER_TRY_LATER,
			      "no answer for %d s while agreeing on TLS; see whether the server hangs",
			      (stream->timeout_ms + 999) / 1000);
	if (error == SSL_ERROR_SSL &&
	    (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST ||
	     reason == SSL_R_UNEXPECTED_MESSAGE || reason == SSL_R_PACKET_LENGTH_TOO_LONG))
		return failed(
			stream, ROSTER_MISCONFIGURED,
			"no TLS is spoken there; see whether the port is right (ldaps:// is usually 636)");
	if (error == SSL_ERROR_SSL &&
	    (reason == SSL_R_UNSUPPORTED_PROTOCOL || reason == SSL_R_TLSV1_ALERT_PROTOCOL_VERSION))
		return failed(stream, ROSTER_MISCONFIGURED,
			      "the server speaks no TLS 1.2 or later; enable it there");
	if (error == SSL_ERROR_SYSCALL || reason == SSL_R_UNEXPECTED_EOF_WHILE_READING)
		return failed(stream, ROSTER_TRY_LATER,
			      "the server closed the connection while agreeing on TLS; see whether the port "
			      "is right "
			      "(ldaps:// is usually 636) and the server has a certificate");
	return failed(stream, ROSTER_MISCONFIGURED, "TLS failed: %s", library_reason());
}

/* Asked by OpenSSL about every certificate that it does not like: puts it into words, and never forgives. */
static int judge(int good, X509_STORE_CTX *chain)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct stream *stream = SSL_get_app_data(ssl);

	if (!good && stream->verdict == X509_V_OK) {
		stream->verdict = X509_STORE_CTX_get_error(chain);
		stream->trouble = ROSTER_MISCONFIGURED;
		certificate_explain(stream->verdict, X509_STORE_CTX_get_current_cert(chain), stream->host,
				    time(NULL), stream->why, sizeof(stream->why));
	}
	return good;
}

static int trust_authorities(struct stream *stream, const char *pem)
{
	X509_STORE *store = SSL_CTX_get_cert_store(stream->context);
	BIO *bio = BIO_new_mem_buf(pem, (int)strnlen(pem, PEM_MOST));
	X509 *certificate;
	int count = 0;

	while (bio && count < CHAIN_MOST && (certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
		count += X509_STORE_add_cert(store, certificate) == 1;
		X509_free(certificate);
	}
	BIO_free(bio);
	if (count == 0)
		return failed(stream, ROSTER_MISCONFIGURED,
			      "\"ca_certificate\" holds no certificate; PEM text that begins with "
			      "\"-----BEGIN CERTIFICATE-----\" is expected");
	/* A server's own certificate may be what is trusted, not only an authority's. */
	X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(stream->context), X509_V_FLAG_PARTIAL_CHAIN);
	return 0;
}

/* The leaf, then whatever leads to its authority. */
static int present_chain(SSL_CTX *context, const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, (int)strnlen(pem, PEM_MOST));
	X509 *leaf = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL, *next;
	int result = leaf && SSL_CTX_use_certificate(context, leaf) == 1 ? 0 : -1;

	for (int i = 0; result == 0 && i < CHAIN_MOST && (next = PEM_read_bio_X509(bio, NULL, NULL, NULL));
	     i++) {
		result = SSL_CTX_add1_chain_cert(context, next) == 1 ? 0 : -1;
		X509_free(next);
	}
	X509_free(leaf);
	BIO_free(bio);
	return result;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): OpenSSL decides what it looks like */
static int no_passphrase(char *buffer, int size, int writing, void *unused)
{
	(void)buffer, (void)size, (void)writing, (void)unused;
	return -1;
}

static int present_key(SSL_CTX *context, const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, (int)strnlen(pem, PEM_MOST));
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
	int result = key && SSL_CTX_use_PrivateKey(context, key) == 1 ? 0 : -1;

	EVP_PKEY_free(key);
	BIO_free(bio);
	return result;
}

static int present_client(struct stream *stream, const struct stream_trust *trust)
{
	if (present_chain(stream->context, trust->client_certificate) < 0)
		return failed(stream, ROSTER_MISCONFIGURED,
			      "\"client_certificate\" holds no certificate; PEM text is expected");
	if (!trust->client_key || present_key(stream->context, trust->client_key) < 0)
		return failed(stream, ROSTER_MISCONFIGURED,
			      "\"client_key\" holds no private key that fits \"client_certificate\"; PEM "
			      "text without a "
			      "passphrase is expected");
	return 0;
}

static int make_context(struct stream *stream, const struct stream_trust *trust)
{
	stream->context = SSL_CTX_new(TLS_client_method());
	if (!stream->context || SSL_CTX_set_min_proto_version(stream->context, TLS1_2_VERSION) != 1)
		return failed(stream, ROSTER_MISCONFIGURED, "TLS cannot be set up: %s", library_reason());
	SSL_CTX_set_verify(stream->context, SSL_VERIFY_PEER, judge);

	if (trust->ca_certificate && trust_authorities(stream, trust->ca_certificate) < 0)
		return -1;
	if (!trust->ca_certificate && SSL_CTX_set_default_verify_paths(stream->context) != 1)
		return failed(stream, ROSTER_MISCONFIGURED,
			      "the system's certificate authorities cannot be read; set \"ca_certificate\"");
	return trust->client_certificate ? present_client(stream, trust) : 0;
}

static bool is_ip(const char *host)
{
	unsigned char bytes[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

static int expect_host(struct stream *stream, const char *host)
{
	X509_VERIFY_PARAM *expected = SSL_get0_param(stream->ssl);

	stream->host = host;
	X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (is_ip(host))
		return X509_VERIFY_PARAM_set1_ip_asc(expected, host) == 1 ? 0 : -1;
	return SSL_set1_host(stream->ssl, host) == 1 && SSL_set_tlsext_host_name(stream->ssl, host) == 1 ? 0
													 : -1;
}

/* 0: try again. */
static int wait_for_tls(struct stream *stream, int error)
{
	if (error == SSL_ERROR_WANT_READ)
		return wait_for(stream, POLLIN);
	if (error == SSL_ERROR_WANT_WRITE)
		return wait_for(stream, POLLOUT);
	return -1;
}

static int shake_hands(struct stream *stream)
{
	int got, error;

	for (;;) {
		ERR_clear_error();
		errno = 0;
		got = SSL_connect(stream->ssl);
		if (got == 1)
			return 0;
		error = SSL_get_error(stream->ssl, got);
		if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
			return explain_handshake(stream, error);
		if (wait_for_tls(stream, error) < 0)
			return explain_handshake(stream, SSL_ERROR_SYSCALL);
	}
}

int stream_secure(struct stream *stream, const struct stream_trust *trust, const char *host)
{
	/* What came behind the answer to StartTLS came in the clear, from anybody (CVE-2011-0411 and its
	 * kin). */
	if (stream->from != stream->to)
		return failed(stream, ROSTER_NONSENSE,
			      "the server sent more in the clear after it had agreed to TLS; somebody may be "
			      "in between");
	if (make_context(stream, trust) < 0)
		return -1;
	stream->ssl = SSL_new(stream->context);
	if (!stream->ssl || SSL_set_fd(stream->ssl, stream->fd) != 1 || expect_host(stream, host) < 0)
		return failed(stream, ROSTER_MISCONFIGURED, "TLS cannot be set up for \"%s\": %s", host,
			      library_reason());
	SSL_set_app_data(stream->ssl, stream);
	return shake_hands(stream);
}

void stream_describe(const struct stream *stream, char *ret, size_t size)
{
	X509 *peer = stream->ssl ? SSL_get0_peer_certificate(stream->ssl) : NULL;
	struct tm tm;
	char until[32] = "";

	if (peer && ASN1_TIME_to_tm(X509_get0_notAfter(peer), &tm) == 1)
		strftime(until, sizeof(until), "%Y-%m-%d %H:%M:%S UTC", &tm);
	if (peer)
		snprintf(ret, size, "%s, certificate valid until %s", SSL_get_version(stream->ssl), until);
	else
		snprintf(ret, size, "no TLS");
}

/* ---- reading and writing ---- */

/* TLS that breaks after the handshake: since TLS 1.3 this is where a server says that it wanted another
 * certificate of us. */
static ber_slen_t tls_broke(struct stream *stream, int error)
{
	if (error == SSL_ERROR_ZERO_RETURN)
		return 0;
	if (error == SSL_ERROR_SSL)
		failed(stream, ROSTER_MISCONFIGURED, "TLS failed: %s", library_reason());
	errno = ECONNRESET;
	return -1;
}

static ber_slen_t read_tls(struct stream *stream, void *buffer, size_t size)
{
	for (;;) {
		int got, error;

		ERR_clear_error();
		got = SSL_read(stream->ssl, buffer, (int)size);
		if (got > 0)
			return got;
		error = SSL_get_error(stream->ssl, got);
		if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
			return tls_broke(stream, error);
		if (wait_for_tls(stream, error) < 0)
			return -1;
	}
}

static ber_slen_t read_plain(struct stream *stream, void *buffer, size_t size)
{
	for (;;) {
		ssize_t got = recv(stream->fd, buffer, size, 0);

		if (got >= 0)
			return got;
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN || wait_for(stream, POLLIN) < 0)
			return -1;
	}
}

static ber_slen_t fill(struct stream *stream)
{
	ber_slen_t got = stream->ssl ? read_tls(stream, stream->ahead, READ_AHEAD)
				     : read_plain(stream, stream->ahead, READ_AHEAD);

	stream->from = 0;
	stream->to = got > 0 ? (size_t)got : 0;
	if (got == 0)
		failed(stream, ROSTER_TRY_LATER, "the server closed the connection");
	else if (got < 0 && stream->why[0] == '\0')
		failed(stream, ROSTER_TRY_LATER, "the connection broke: %s", strerror(errno));
	return got;
}

static ber_slen_t take(Sockbuf_IO_Desc *io, void *buffer, ber_len_t size)
{
	struct stream *stream = io->sbiod_pvt;

	if (stream->from == stream->to) {
		ber_slen_t got = fill(stream);

		if (got <= 0)
			return got;
	}
	if (size > stream->to - stream->from)
		size = stream->to - stream->from;
	memcpy(buffer, stream->ahead + stream->from, size);
	stream->from += size;
	return (ber_slen_t)size;
}

static ber_slen_t give_tls(struct stream *stream, const void *buffer, size_t size)
{
	for (;;) {
		int got, error;

		ERR_clear_error();
		got = SSL_write(stream->ssl, buffer, (int)size);
		if (got > 0)
			return got;
		error = SSL_get_error(stream->ssl, got);
		if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
			return tls_broke(stream, error);
		if (wait_for_tls(stream, error) < 0)
			return -1;
	}
}

static ber_slen_t give(Sockbuf_IO_Desc *io, void *buffer, ber_len_t size)
{
	struct stream *stream = io->sbiod_pvt;

	if (stream->ssl)
		return give_tls(stream, buffer, size);
	for (;;) {
		ssize_t got = send(stream->fd, buffer, size, MSG_NOSIGNAL);

		if (got >= 0)
			return got;
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN || wait_for(stream, POLLOUT) < 0)
			return -1;
	}
}

static int attach(Sockbuf_IO_Desc *io, void *stream)
{
	io->sbiod_pvt = stream;
	return 0;
}

static int detach(Sockbuf_IO_Desc *io)
{
	io->sbiod_pvt = NULL;
	return 0;
}

/* libldap asks before it polls the descriptor: what was read ahead is not seen there. */
static int control(Sockbuf_IO_Desc *io, int option, void *unused)
{
	const struct stream *stream = io->sbiod_pvt;

	(void)unused;
	return option == LBER_SB_OPT_DATA_READY &&
	       (stream->from < stream->to || (stream->ssl && SSL_pending(stream->ssl) > 0));
}

int stream_attach(struct stream *stream, Sockbuf *sockbuf)
{
	static Sockbuf_IO functions = { attach, detach, control, take, give, detach };

	return ber_sockbuf_add_io(sockbuf, &functions, LBER_SBIOD_LEVEL_PROVIDER, stream);
}
