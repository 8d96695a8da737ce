/* Short hashes that places remember instead of long texts. */
#ifndef ROSTER_LDAP_HASH_H
#define ROSTER_LDAP_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

/* Of two texts; "ab" and "c" is another than "a" and "bc". FNV-1a: nobody gains by making two collide, for
 * whoever can choose the texts can as well leave the entry alone. */
uint64_t hash_texts(const char *a, const char *b);

/* 16 hexadecimal digits each. */
void hashes_write(const uint64_t *hashes, size_t count, struct buffer *ret);

/* -1: they are none, or too few. */
int hashes_read(const char *bytes, size_t size, size_t count, uint64_t *ret);

int hashes_compare(const void *a, const void *b); /* for qsort and bsearch */

#endif
