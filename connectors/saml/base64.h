/* Base64 as XML and forms have it (RFC 4648 section 4): padded, lines may be broken, nothing else. */
#ifndef ROSTER_SAML_BASE64_H
#define ROSTER_SAML_BASE64_H

#include <stddef.h>
#include <stdint.h>

/* blanks: characters that may stand anywhere ("\r\n"). The number of bytes, or -1: something else, or more
 * than `most`. */
int base64_decode(const char *text, size_t length, const char *blanks, uint8_t *ret, size_t most);

#endif
