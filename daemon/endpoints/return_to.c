#include "endpoints/return_to.h"

#include <stddef.h>
#include <string.h>

#include "base/text.h"

/* Browsers take "\" for "/", forget line breaks, and find their own way up from "..". */
static bool is_plain(const char *address)
{
	size_t length = strlen(address);

	if (length == 0 || length > RETURN_TO_MOST)
		return false;
	for (const char *c = address; *c; c++)
		if ((unsigned char)*c <= ' ' || (unsigned char)*c >= 0x7f || strchr("\\\"<>^`{|}", *c))
			return false;
	return !strstr(address, "/..") && !strstr(address, "/.%") && !strstr(address, "/%2e") && !strstr(address, "/%2E");
}

static bool is_web(const char *address)
{
	return text_begins(address, "https://") || text_begins(address, "http://");
}

static bool is_within(const char *allowed, const char *address)
{
	size_t length = strlen(allowed);
	const char *host_end;

	if (!is_web(allowed) || strncmp(address, allowed, length) != 0)
		return false;
	host_end = strchr(strstr(allowed, "://") + 3, '/');
	if (host_end && allowed[length - 1] == '/')
		return true;
	return address[length] == '\0' || strchr("/?#", address[length]) != NULL;
}

bool return_to_allowed(const char *const *allowed, const char *address)
{
	if (!is_plain(address))
		return false;
	if (address[0] == '/')
		return address[1] != '/';
	for (; allowed && *allowed; allowed++)
		if (is_within(*allowed, address))
			return true;
	return false;
}

int return_to_check(const char *const *allowed, const char *address, struct error *e)
{
	if (!address || return_to_allowed(allowed, address))
		return 0;
	return error_set(e, ERROR_INPUT, "sso.return_to",
			 "\"return_to\" leads where nobody is sent; the operator's setting \"sign_on.return_to\" lists where people go");
}

const char *return_to_address(struct arena *arena, const char *const *allowed, const char *public_url, const char *wanted)
{
	if (wanted && wanted[0] != '/')
		return wanted;
	if (!wanted && allowed && allowed[0])
		return allowed[0];
	return arena_format(arena, "%s%s", public_url ? public_url : "", wanted ? wanted : "/session");
}
