/* The bytes below LDAP: one dialled descriptor, with TLS or without, and no wait without an end.
 *
 * libldap reads and writes through it (stream_attach). Its own TLS is not used: that of Debian's libldap is
 * GnuTLS, which gives no reason when it refuses a certificate, takes trust from files that a plug-in does not
 * have, judges "localhost" by the machine's own name, and waits for ever for a frozen server. Here it is
 * OpenSSL over a non-blocking descriptor: TLS 1.2 at least, the chain and the host name always verified, and
 * there is no way to turn that off. Reading ahead also saves the three system calls that libldap spends on
 * each entry. */
#ifndef ROSTER_LDAP_STREAM_H
#define ROSTER_LDAP_STREAM_H

#include <stddef.h>

#include <lber.h>

#include "connector.h"

struct stream;

struct stream_trust {
	const char *ca_certificate;	/* PEM, one or more; NULL: the authorities that the system trusts */
	const char *client_certificate; /* PEM, the leaf first; or NULL */
	const char *client_key;		/* PEM */
};

/* Takes over the descriptor. NULL: out of memory. */
struct stream *stream_open(int fd, int timeout_ms);
void stream_close(struct stream **stream);

/* Speaks TLS from here on and proves that host is at the other end. -1: stream_why says in words why not. */
int stream_secure(struct stream *stream, const struct stream_trust *trust, const char *host);

/* Makes it what libldap reads and writes. The stream must outlive the handle; it is closed by stream_close
 * alone. */
int stream_attach(struct stream *stream, Sockbuf *sockbuf);

/* The longest that one read or write may wait. */
void stream_patience(struct stream *stream, int timeout_ms);

/* Why it failed last ("no answer for 30 s", "the server closed the connection") and whose trouble it is; "",
 * and *ret untouched, if it did not. */
const char *stream_why(const struct stream *stream, enum roster_trouble *ret);

/* "TLSv1.3, certificate valid until 2027-01-31 00:00:00 UTC", or "no TLS". */
void stream_describe(const struct stream *stream, char *ret, size_t size);

#endif
