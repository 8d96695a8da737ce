/* What HTTP-Redirect has deflated (RFC 1951, bindings 3.4.4.1): zlib lives here. */
#ifndef ROSTER_SAML_INFLATE_H
#define ROSTER_SAML_INFLATE_H

#include <stddef.h>
#include <stdint.h>

/* How many bytes it was, or -1: it is something else, there is more behind its end, or it was more than
 * `most`. */
int inflate_bounded(const uint8_t *bytes, size_t size, uint8_t *ret, size_t most);

#endif
