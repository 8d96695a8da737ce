#include "endpoints/cookie.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "roster/session.h"

/* The value of the next cookie of this name from *at on, or NULL. */
static const char *next_value(const char **at, struct arena *arena, const char *name)
{
	size_t name_length = strlen(name);

	while (**at) {
		const char *begin = *at + strspn(*at, " \t;");
		size_t length = strcspn(begin, ";");

		*at = begin + length;
		if (length > name_length && begin[name_length] == '=' && strncmp(begin, name, name_length) == 0)
			return arena_text_n(arena, begin + name_length + 1, length - name_length - 1);
	}
	return NULL;
}

const char *cookie_find(const struct request *request, struct arena *arena, const char *name)
{
	const char *found = NULL, *value;

	for (size_t i = 0; i < request->header_count; i++) {
		const char *at = request->headers[i].value;

		if (strcasecmp(request->headers[i].name, "Cookie") != 0 || strlen(at) > COOKIE_MOST)
			continue;
		while ((value = next_value(&at, arena, name)) != NULL) {
			if (found)
				return NULL;
			found = value;
		}
	}
	return found;
}

bool cookie_session(const struct request *request, struct arena *arena, uint8_t ret_hash[CRYPT_DIGEST_SIZE])
{
	const char *value = cookie_find(request, arena, COOKIE_SESSION);

	if (!value || strlen(value) != SESSION_TEXT_SIZE || !text_begins(value, SESSION_PREFIX "_"))
		return false;
	crypt_sha256(value, SESSION_TEXT_SIZE, ret_hash);
	return true;
}

void cookie_set_session(struct reply *reply, const char *value)
{
	reply_header(reply, "Set-Cookie", "%s=%s; Path=/; Secure; HttpOnly; SameSite=Lax%s", COOKIE_SESSION, value ? value : "",
		     value ? "" : "; Max-Age=0");
}

void cookie_set_browser(struct reply *reply, const char *value)
{
	reply_header(reply, "Set-Cookie", "%s=%s; Path=/; Secure; HttpOnly; SameSite=None; Max-Age=%d", COOKIE_BROWSER, value,
		     COOKIE_BROWSER_S);
}
