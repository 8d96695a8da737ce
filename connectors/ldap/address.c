/* The address of a directory server. */
#include "ldap/address.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

static const struct {
	const char *prefix;
	enum scheme scheme;
	const char *port;
} schemes[] = {
	{ "ldap://", SCHEME_LDAP, "389" },
	{ "ldaps://", SCHEME_LDAPS, "636" },
	{ "ldapi://", SCHEME_LDAPI, "" },
};

static int wrong(const char **ret_wrong, const char *why)
{
	*ret_wrong = why;
	return -1;
}

/* "%2Frun%2Fslapd%2Fldapi", or the path as it is ("/run/slapd/ldapi"). */
static int read_path(const char *rest, struct address *ret, const char **ret_wrong)
{
	size_t length = 0;

	for (; *rest; rest++) {
		unsigned char byte = (unsigned char)*rest;

		if (byte == '%') {
			if (text_unhex(rest + 1, strnlen(rest + 1, 2), &byte, 1) != 1)
				return wrong(ret_wrong, "\"%\" must be followed by two hexadecimal digits");
			rest += 2;
		}
		if (byte == '\0' || length + 1 == sizeof(ret->host))
			return wrong(ret_wrong, "the path is too long, or has a NUL in it");
		ret->host[length++] = (char)byte;
	}
	ret->host[length] = '\0';
	if (ret->host[0] != '/')
		return wrong(ret_wrong, "a path is expected, such as ldapi://%2Frun%2Fslapd%2Fldapi");
	return 0;
}

static int read_port(const char *port, struct address *ret, const char **ret_wrong)
{
	int64_t number;

	if (text_to_int64(port, &number) < 0 || number < 1 || number > 65535)
		return wrong(ret_wrong, "the port must be a number from 1 to 65535");
	snprintf(ret->port, sizeof(ret->port), "%d", (int)number);
	return 0;
}

static int read_host(char *rest, struct address *ret, const char **ret_wrong)
{
	bool bracket = *rest == '[';
	char *host = rest + bracket, *end = host + strcspn(host, bracket ? "]" : ":"), *port = NULL;

	if (bracket && *end == '\0')
		return wrong(ret_wrong, "\"[\" without \"]\"");
	if (*end != '\0')
		port = bracket ? end + 1 : end;
	if (port && *port != '\0' && *port != ':')
		return wrong(ret_wrong, "a port (\":636\") or nothing is expected after \"]\"");
	if (end == host || (size_t)(end - host) >= sizeof(ret->host))
		return wrong(ret_wrong, "a host name is expected after \"://\"");
	if (port && *port == ':' && read_port(port + 1, ret, ret_wrong) < 0)
		return -1;
	memcpy(ret->host, host, (size_t)(end - host));
	ret->host[end - host] = '\0';
	return 0;
}

int address_read(const char *given, size_t length, struct address *ret, const char **ret_wrong)
{
	struct address address = { 0 };
	char rest[sizeof(address.text)];
	size_t i = 0;

	if (length >= sizeof(address.text))
		return wrong(ret_wrong, "it is longer than 511 bytes");
	memcpy(address.text, given, length);
	while (i < ARRAY_COUNT(schemes) &&
	       strncasecmp(address.text, schemes[i].prefix, strlen(schemes[i].prefix)) != 0)
		i++;
	if (i == ARRAY_COUNT(schemes))
		return wrong(ret_wrong, "it must begin with ldap://, ldaps:// or ldapi://");

	address.scheme = schemes[i].scheme;
	strcpy(address.port, schemes[i].port);
	strcpy(rest, address.text + strlen(schemes[i].prefix));
	if (address.scheme == SCHEME_LDAPI) {
		if (read_path(rest, &address, ret_wrong) < 0)
			return -1;
	} else {
		if (rest[0] != '\0' && text_ends(rest, "/"))
			rest[strlen(rest) - 1] = '\0';
		if (strpbrk(rest, "/?#@ "))
			return wrong(ret_wrong,
				     "only host and port belong here; the base is the setting \"user_base\"");
		if (read_host(rest, &address, ret_wrong) < 0)
			return -1;
	}
	*ret = address;
	return 0;
}
