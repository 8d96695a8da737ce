#include "access/client.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"

enum { CREDENTIALS_MOST = 1024 };

/* NULL: badly encoded, or it holds a NUL. */
static const char *decoded(struct arena *arena, const char *text, size_t length)
{
	char *into = arena_take(arena, length + 1);

	return text_unform(text, length, into) < 0 ? NULL : into;
}

const char *client_field(const struct request *request, struct arena *arena, const char *name)
{
	for (const char *at = request->body ? request->body : ""; *at;) {
		size_t length = strcspn(at, "&"), key = strcspn(at, "=&");

		if (key < length && strlen(name) == key && strncmp(at, name, key) == 0)
			return decoded(arena, at + key + 1, length - key - 1);
		at += length + (at[length] == '&');
	}
	return NULL;
}

int client_unknown(struct error *e)
{
	return error_set(e, ERROR_UNAUTHENTICATED, "oauth.invalid_client",
			 "the client is unknown, expired or revoked, or its secret is another; make one for "
			 "this connection");
}

/* RFC 4648, 4: with "+" and "/", and padding at the end. */
static int read_base64(struct arena *arena, const char *given, char **ret)
{
	char *text = arena_text(arena, given);
	size_t length = strlen(text);
	int size;

	while (length > 0 && text[length - 1] == '=')
		length--;
	for (size_t i = 0; i < length; i++)
		text[i] = text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i];
	*ret = arena_take(arena, length + 1);
	size = text_unbase64url(text, length, *ret, length);
	return size > 0 && strlen(*ret) == (size_t)size ? 0 : -1;
}

static int read_basic(struct arena *arena, const char *given, const char **ret_id, const char **ret_secret,
		      struct error *e)
{
	char *both, *colon;

	if (strlen(given) > CREDENTIALS_MOST || read_base64(arena, given, &both) < 0 ||
	    !(colon = strchr(both, ':')))
		return client_unknown(e);
	*ret_id = decoded(arena, both, (size_t)(colon - both));
	*ret_secret = decoded(arena, colon + 1, strlen(colon + 1));
	return *ret_id && *ret_secret ? 0 : client_unknown(e);
}

int client_credentials(const struct request *request, struct arena *arena, const char **ret_id,
		       const char **ret_secret, struct error *e)
{
	static const char scheme[] = "Basic ";
	const char *header = request_header(request, "Authorization"),
		   *id = client_field(request, arena, "client_id");
	const char *secret = client_field(request, arena, "client_secret");

	if (header && secret)
		return error_set(e, ERROR_INPUT, "oauth.invalid_request",
				 "the secret is shown in the header and in the body; one is enough");
	if (header && strncasecmp(header, scheme, sizeof(scheme) - 1) == 0)
		return read_basic(arena, header + sizeof(scheme) - 1, ret_id, ret_secret, e);
	if (header || !id || !secret)
		return client_unknown(e);
	*ret_id = id;
	*ret_secret = secret;
	return 0;
}
