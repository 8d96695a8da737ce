/* Says in words why a server's certificate was not accepted, and what can be done. Decides nothing. */
#ifndef ROSTER_LDAP_CERTIFICATE_H
#define ROSTER_LDAP_CERTIFICATE_H

#include <stddef.h>
#include <time.h>

#include <openssl/x509.h>

/* verdict: X509_V_ERR_...; at: the certificate it is about; host: whom we asked for; now: the clock here. */
void certificate_explain(long verdict, X509 *at, const char *host, time_t now, char *ret, size_t size);

/* "ldap.acme.example", "10.0.0.7": what the certificate is good for (subject alternative names, or its common
 * name). */
void certificate_names(X509 *certificate, char *ret, size_t size);

#endif
