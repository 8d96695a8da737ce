/* Entity tags (RFC 9110, 8.8.3): "<version>-<digest of what was shown>".
 *
 * Who changes something is held to the version; who has seen it is told by the whole tag whether anything
 * that is shown differs, a version or not: a count of members, a last run. Knows no exchange. */
#ifndef ROSTERD_ENDPOINTS_ETAG_H
#define ROSTERD_ENDPOINTS_ETAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ETAG_SIZE = 2 + 20 + 1 + 16 + 1 };

/* The tag with its quotes. Returns ret. */
const char *etag_write(int64_t version, const void *shown, size_t size, char ret[ETAG_SIZE]);

/* Whether a list of tags, as If-Match has it, names this version: "7", "7-2c5769..." or *. A weak tag never
 * does. */
bool etag_lists_version(const char *tags, int64_t version);

/* Whether a list of tags, as If-None-Match has it, names this tag, a weak one too; * does. */
bool etag_lists(const char *tags, const char *tag);

#endif
