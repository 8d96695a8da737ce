/* Makes the addresses that are asked for. */
#include "rosterctl/path.h"

#include <stdarg.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "rosterctl/exits.h"

enum { ENCODED_BYTE = 3 /* "%2F" */ };

/* RFC 3986 section 2.3. A name of dots alone would be taken for a folder, so its dots are encoded too. */
static bool is_plain(char c, bool dots)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
	       c == '_' || c == '~' || (c == '.' && !dots);
}

static const char *encode(struct arena *arena, const char *text)
{
	char *encoded = arena_take(arena, strlen(text) * ENCODED_BYTE + 1), *to = encoded;
	bool dots = strspn(text, ".") == strlen(text);

	for (; *text; text++) {
		if (is_plain(*text, dots)) {
			*to++ = *text;
			continue;
		}
		*to++ = '%';
		*to++ = "0123456789ABCDEF"[(unsigned char)*text >> 4];
		*to++ = "0123456789ABCDEF"[*text & 0xf];
	}
	return encoded;
}

const char *path_make(struct arena *arena, const char *pattern, ...)
{
	const char *path = "", *place;
	va_list args;

	va_start(args, pattern);
	for (; (place = strstr(pattern, "{}")); pattern = place + 2)
		path = arena_format(arena, "%s%.*s%s", path, (int)(place - pattern), pattern,
				    encode(arena, va_arg(args, const char *)));
	va_end(args);
	return arena_format(arena, "%s%s", path, pattern);
}

const char *path_with(struct arena *arena, const char *path, const char *name, const char *value)
{
	if (!value)
		return path;
	return arena_format(arena, "%s%c%s=%s", path, strchr(path, '?') ? '&' : '?', name,
			    encode(arena, value));
}

int path_split(struct arena *arena, const char *given, const char *what, const char **ret_organisation,
	       const char **ret_name, struct error *e)
{
	const char *slash = strchr(given, '/');

	if (!slash || slash == given || slash[1] == '\0')
		return usage_error(e, "\"%s\" is not ORG/%s: an organisation, a slash, and the %s", given,
				   what, what);
	*ret_organisation = arena_text_n(arena, given, (size_t)(slash - given));
	*ret_name = slash + 1;
	return 0;
}
