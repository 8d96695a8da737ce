/* Where reading what changed begins on a domain controller. */
#include "ldap/ad_place.h"

#include <stdio.h>
#include <string.h>

enum {
	LINE_MOST = 160,
	CLOCK_ERROR_S =
		24 * 3600, /* a place that is more than this in the future tells of a clock that was set */
};

void ad_place_write(const struct ad_place *place, struct buffer *ret)
{
	buffer_format(ret, "%s %lld %lld %lld %s\n", place->invocation, (long long)place->usn,
		      (long long)place->at, (long long)place->expires, place->tells ? "told" : "keys");
	if (place->cookie)
		buffer_add(ret, place->cookie, place->cookie_size);
}

/* A number that nobody would spell otherwise. */
static int read_number(const char *word, int64_t *ret)
{
	return word && text_to_int64(word, ret) == 0 && *ret >= 0 ? 0 : -1;
}

int ad_place_read(const char *bytes, size_t size, struct ad_place *ret)
{
	const char *end = size > 0 ? memchr(bytes, '\n', size) : NULL;
	struct ad_place place = { 0 };
	char line[LINE_MOST], *rest = line, *word;
	uint8_t invocation[(INVOCATION_SIZE - 1) / 2];

	if (!end || (size_t)(end - bytes) >= sizeof(line) || memchr(bytes, '\0', (size_t)(end - bytes)))
		return -1;
	memcpy(line, bytes, (size_t)(end - bytes));
	line[end - bytes] = '\0';

	word = strsep(&rest, " ");
	if (strlen(word) != INVOCATION_SIZE - 1 ||
	    text_unhex(word, strlen(word), invocation, sizeof(invocation)) != sizeof(invocation))
		return -1;
	strcpy(place.invocation, word);
	if (read_number(strsep(&rest, " "), &place.usn) < 0 ||
	    read_number(strsep(&rest, " "), &place.at) < 0 ||
	    read_number(strsep(&rest, " "), &place.expires) < 0)
		return -1;
	place.tells = text_equal(rest, "told");
	if (!place.tells && !text_equal(rest, "keys"))
		return -1;
	place.cookie_size = size - (size_t)(end + 1 - bytes);
	place.cookie = place.cookie_size > 0 ? end + 1 : NULL;
	*ret = place;
	return 0;
}

const char *ad_place_lost(const struct ad_place *then, const struct ad_place *now, int64_t lifetime_s)
{
	if (!text_equal(then->invocation, now->invocation))
		return "another domain controller answers than before, or its database was restored; name "
		       "one controller "
		       "in \"url\", not the domain";
	if (now->usn < then->usn)
		return "the domain controller counts fewer changes than before: its database was restored";
	if (then->at > now->at + CLOCK_ERROR_S)
		return "the last reading is in the future: a clock was set";
	if (now->at - then->at >= lifetime_s)
		return "the last reading is so long ago that the directory has forgotten who was deleted "
		       "since";
	return NULL;
}
