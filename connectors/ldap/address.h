/* The address of a directory server: ldap://host:port, ldaps://host:port or ldapi://%2Frun%2Fslapd%2Fldapi.
 */
#ifndef ROSTER_LDAP_ADDRESS_H
#define ROSTER_LDAP_ADDRESS_H

#include <stddef.h>

enum scheme {
	SCHEME_LDAP = 1, /* plain, made private by StartTLS */
	SCHEME_LDAPS,	 /* TLS from the first byte */
	SCHEME_LDAPI,	 /* a local socket */
};

struct address {
	enum scheme scheme;
	char text[512]; /* as it was given, for messages */
	char host[256]; /* host name or IP address without brackets; the path for ldapi */
	char port[6];	/* empty for ldapi */
};

/* Reads one address. 0, or -1 and *ret_wrong says what is wrong with it and what is expected. */
int address_read(const char *given, size_t length, struct address *ret, const char **ret_wrong);

#endif
