/* The example's signatures: HMAC-SHA-256 (RFC 2104, FIPS 180-4).
 *
 * A plug-in of yours is linked with a library for this. This one is linked with none, so that the children of tests and measurements are as
 * small as can be. */
#ifndef CONNECTORS_EXAMPLE_SIGNATURE_H
#define CONNECTORS_EXAMPLE_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>

enum { SIGNATURE_HEX_SIZE = 65 }; /* 64 digits and NUL */

void signature_make(const char *secret, const void *bytes, size_t size, char ret[SIGNATURE_HEX_SIZE]);

/* In a time that does not tell how much of it was right. */
bool signature_equal(const char made[SIGNATURE_HEX_SIZE], const char *given);

#endif
