#include "endpoints/etag.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/crypt.h"
#include "base/text.h"

enum { DIGEST_SHOWN = 8 }; /* bytes: it tells versions of one thing apart, and guards nothing */

const char *etag_write(int64_t version, const void *shown, size_t size, char ret[ETAG_SIZE])
{
	uint8_t digest[CRYPT_DIGEST_SIZE];
	char hex[2 * DIGEST_SHOWN + 1];

	crypt_sha256(shown, size, digest);
	text_hex(digest, DIGEST_SHOWN, hex);
	snprintf(ret, ETAG_SIZE, "\"%lld-%s\"", (long long)version, hex);
	return ret;
}

/* The next tag of a list, without the blanks around it; false: there is none. */
static bool next_tag(const char **rest, const char **ret, size_t *ret_length)
{
	const char *tag = *rest + strspn(*rest, " \t,");
	size_t span = strcspn(tag, ",");

	*rest = tag + span;
	while (span > 0 && isblank((unsigned char)tag[span - 1]))
		span--;
	*ret = tag;
	*ret_length = span;
	return span > 0;
}

/* "7" is the version 7, and so is whatever begins with "7- */
static bool is_version(const char *tag, size_t length, int64_t version)
{
	char wanted[32];
	size_t digits = (size_t)snprintf(wanted, sizeof(wanted), "\"%lld", (long long)version);

	return length > digits && memcmp(tag, wanted, digits) == 0 && strchr("\"-", tag[digits]);
}

bool etag_lists_version(const char *tags, int64_t version)
{
	const char *tag;
	size_t length;

	if (text_equal(tags, "*"))
		return true;
	while (next_tag(&tags, &tag, &length))
		if (is_version(tag, length, version))
			return true;
	return false;
}

bool etag_lists(const char *tags, const char *wanted)
{
	const char *tag;
	size_t length;

	if (text_equal(tags, "*"))
		return true;
	while (next_tag(&tags, &tag, &length)) {
		size_t weak = text_begins(tag, "W/") ? 2 : 0;

		if (length - weak == strlen(wanted) && memcmp(tag + weak, wanted, length - weak) == 0)
			return true;
	}
	return false;
}
