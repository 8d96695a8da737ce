/* Reads a request target strictly: what two readers could understand differently is refused, not repaired. */
#include "http/target.h"

#include "base/text.h"

#include <string.h>
#include <strings.h>

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Percent-decodes into ret, which is at least as long; -1: "%" without two digits behind it. */
static int decode(const char *text, size_t length, bool plus_is_blank, char *ret, size_t *ret_length)
{
	size_t out = 0;

	for (size_t i = 0; i < length; i++) {
		if (text[i] == '%') {
			if (length - i < 3 || digit(text[i + 1]) < 0 || digit(text[i + 2]) < 0)
				return -1;
			ret[out++] = (char)(digit(text[i + 1]) << 4 | digit(text[i + 2]));
			i += 2;
		} else {
			ret[out++] = plus_is_blank && text[i] == '+' ? ' ' : text[i];
		}
	}
	*ret_length = out;
	return 0;
}

static int refuse(struct error *e, const char *what, const char *why)
{
	return error_set(e, ERROR_INPUT, what[0] == 'p' ? "http.path" : "http.query",
			 "the %s of the request %s", what, why);
}

static int read_text(struct arena *arena, const char *text, size_t length, const char *what,
		     bool plus_is_blank, char **ret, size_t *ret_length, struct error *e)
{
	char *decoded = arena_take(arena, length + 1);
	size_t size;

	if (decode(text, length, plus_is_blank, decoded, &size) < 0)
		return refuse(e, what, "has a \"%\" that two hexadecimal digits do not follow");
	if (!text_is_utf8(decoded, size))
		return refuse(e, what, "is not UTF-8 once it is decoded, or has a NUL");
	if (!text_is_printable(decoded, size))
		return refuse(e, what, "has control characters");
	*ret = decoded;
	*ret_length = size;
	return 0;
}

static bool is_dots(const char *segment, size_t length)
{
	return (length == 1 || length == 2) && memcmp(segment, "..", length) == 0;
}

/* "/a//b" to "/a/b". */
static bool take_out_empty(char *path)
{
	char *into = path;

	for (const char *at = path; *at; at++)
		if (at[0] != '/' || at[1] != '/')
			*into++ = *at;
	if (*into == '\0')
		return false;
	*into = '\0';
	return true;
}

static int check_segments(const char *path, struct error *e)
{
	for (const char *at = path; *at;) {
		size_t length = strcspn(++at, "/");

		if (is_dots(at, length))
			return refuse(e, "path", "has a segment \".\" or \"..\"");
		at += length;
	}
	return 0;
}

static bool has_encoded_slash(const char *text, size_t length)
{
	for (size_t i = 0; i + 2 < length; i++)
		if (text[i] == '%' && text[i + 1] == '2' && (text[i + 2] == 'f' || text[i + 2] == 'F'))
			return true;
	return false;
}

static int read_path(struct request *request, const char *text, size_t length, struct error *e)
{
	char *path;
	size_t size;

	if (has_encoded_slash(text, length))
		return refuse(e, "path", "has an encoded \"/\"");
	if (read_text(request->arena, text, length, "path", false, &path, &size, e) < 0)
		return -1;
	request->doubled = take_out_empty(path);
	if (check_segments(path, e) < 0)
		return -1;
	request->path = path;
	return 0;
}

static int read_pair(struct request *request, const char *text, size_t length, struct error *e)
{
	const char *equals = memchr(text, '=', length);
	size_t name_length = equals ? (size_t)(equals - text) : length;
	const char *value_text = equals ? equals + 1 : text + length;
	char *name, *value;
	size_t size;

	if (request->query_count == REQUEST_PARAMETERS_MOST)
		return error_set(e, ERROR_INPUT, "http.query",
				 "the query of the request has more than %d parameters",
				 REQUEST_PARAMETERS_MOST);
	if (read_text(request->arena, text, name_length, "query", true, &name, &size, e) < 0 ||
	    read_text(request->arena, value_text, (size_t)(text + length - value_text), "query", true,
		      &value, &size, e) < 0)
		return -1;
	request->query[request->query_count++] = (struct request_pair){ name, value };
	return 0;
}

static int read_query(struct request *request, const char *text, struct error *e)
{
	for (const char *at = text; *at;) {
		size_t length = strcspn(at, "&");

		if (length > 0 && read_pair(request, at, length, e) < 0)
			return -1;
		at += length + (at[length] == '&');
	}
	return 0;
}

/* "http://host/path" to "/path": RFC 9112 3.2.2 has us accept it, and the host must not be a second opinion.
 */
static int skip_authority(const struct request *request, const char **target, struct error *e)
{
	const char *host = request_header(request, "Host");
	const char *authority = strstr(*target, "://") + 3;
	size_t length = strcspn(authority, "/?");

	if (!host || strlen(host) != length || strncasecmp(host, authority, length) != 0)
		return refuse(e, "path", "names another host than the header \"Host\"");
	*target = authority + length;
	return 0;
}

static bool is_absolute(const char *target)
{
	return strncasecmp(target, "http://", 7) == 0 || strncasecmp(target, "https://", 8) == 0;
}

static int check_bytes(const char *target, struct error *e)
{
	for (const char *at = target; *at; at++)
		if (*at <= ' ' || *at > '~' || *at == '#')
			return refuse(e, "path", "has a byte that must be percent-encoded");
	return 0;
}

int target_read(struct request *request, struct error *e)
{
	const char *target = request->target;
	size_t length;

	request->query_count = 0;
	if (check_bytes(target, e) < 0 || (is_absolute(target) && skip_authority(request, &target, e) < 0))
		return -1;
	if (strcmp(target, "*") == 0 && strcmp(request->method, "OPTIONS") == 0) {
		request->path = "*";
		return 0;
	}

	length = strcspn(target, "?");
	if (length > REQUEST_PATH_MOST)
		return error_set(e, ERROR_LIMIT, "http.target",
				 "the path of the request is %zu bytes long; at most %d are taken", length,
				 REQUEST_PATH_MOST);
	if (target[0] != '/')
		return refuse(e, "path", "does not begin with \"/\"");
	if (read_path(request, target, length, e) < 0)
		return -1;
	return target[length] == '?' ? read_query(request, target + length + 1, e) : 0;
}
