/* Until when certificates are valid. */
#ifndef ROSTERD_BASE_CERTIFICATE_H
#define ROSTERD_BASE_CERTIFICATE_H

#include <stddef.h>
#include <stdint.h>

/* The earliest end among the certificates of a PEM text, in microseconds since 1970. 0; or -1 and *ret_us untouched if
 * there is none, or one cannot be read. */
int certificate_expires(const char *pem, size_t length, int64_t *ret_us);

#endif
