#include "common/links.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

static const char *skip_blanks(const char *at)
{
	return at + strspn(at, " \t");
}

/* The end of a parameter's value, which may be quoted. NULL: the quotes do not end. */
static const char *value_end(const char *at)
{
	if (*at != '"')
		return at + strcspn(at, ";, \t");
	for (at++; *at && *at != '"'; at++)
		if (*at == '\\' && at[1])
			at++;
	return *at ? at + 1 : NULL;
}

/* Whether a value of rel has this word; several may stand there with blanks between. */
static bool has_word(const char *at, const char *end, const char *word)
{
	size_t length = strlen(word);

	if (at < end && *at == '"')
		at++, end--;
	while (at < end) {
		const char *begin = at;

		while (at < end && *at != ' ')
			at++;
		if ((size_t)(at - begin) == length && strncasecmp(begin, word, length) == 0)
			return true;
		at++;
	}
	return false;
}

/* Reads "; name=value" as long as there are some. NULL: they cannot be read. */
static const char *read_parameters(const char *at, bool *ret_next)
{
	bool rel_seen = false;

	*ret_next = false;
	for (at = skip_blanks(at); *at == ';'; at = skip_blanks(at)) {
		const char *name = skip_blanks(at + 1), *name_end = name + strcspn(name, "=;, \t"),
			   *value = skip_blanks(name_end), *end;

		at = value;
		if (*value != '=')
			continue;
		value = skip_blanks(value + 1);
		end = value_end(value);
		if (!end)
			return NULL;
		/* RFC 8288 section 3.3: only the first rel counts */
		if (!rel_seen && name_end - name == 3 && strncasecmp(name, "rel", 3) == 0) {
			rel_seen = true;
			*ret_next = has_word(value, end, "next");
		}
		at = end;
	}
	return at;
}

int link_next_of(const char *line, char *ret, size_t size)
{
	for (;;) {
		const char *begin, *end;
		bool next;

		line += strspn(line, " \t,");
		if (!*line)
			return 0;
		if (*line != '<')
			return -1;
		begin = line + 1;
		end = strchr(begin, '>');
		if (!end)
			return -1;
		line = read_parameters(end + 1, &next);
		if (!line || (*line && *line != ','))
			return -1;
		if (!next)
			continue;
		if (end == begin || (size_t)(end - begin) >= size)
			return -1;
		memcpy(ret, begin, (size_t)(end - begin));
		ret[end - begin] = '\0';
		return 1;
	}
}

/* ---- origins ---- */

static int read_port(const char *at, const char *end, const char *usual, char ret[6])
{
	int64_t number;

	if (at == end)
		return strcpy(ret, usual), 0;
	at++; /* the colon */
	if (end - at < 1 || end - at > 5)
		return -1;
	memcpy(ret, at, (size_t)(end - at));
	ret[end - at] = '\0';
	return text_to_int64(ret, &number) == 0 && number > 0 && number <= 65535 && ret[0] != '0' ? 0 : -1;
}

/* What stands behind the scheme. */
static int read_origin(const char *host, const char *usual_port, struct link_origin *ret)
{
	const char *host_end, *end;
	struct link_origin origin = { 0 };

	end = host + strcspn(host, "/?#");
	if (memchr(host, '@', (size_t)(end - host)) || memchr(host, '\\', (size_t)(end - host)))
		return -1; /* what follows is the host to some readers and not to others */
	if (*host == '[') {
		host++;
		host_end = memchr(host, ']', (size_t)(end - host));
		if (!host_end || (host_end[1] != ':' && host_end + 1 != end))
			return -1;
		if (read_port(host_end + 1, end, usual_port, origin.port) < 0)
			return -1;
	} else {
		host_end = host + strcspn(host, ":/?#");
		if (read_port(host_end, end, usual_port, origin.port) < 0)
			return -1;
	}
	if (host_end == host || (size_t)(host_end - host) >= sizeof(origin.host) ||
	    !text_is_printable(host, (size_t)(host_end - host)) ||
	    memchr(host, ' ', (size_t)(host_end - host)))
		return -1;
	memcpy(origin.host, host, (size_t)(host_end - host));
	*ret = origin;
	return 0;
}

int link_origin_of(const char *url, struct link_origin *ret)
{
	return strncasecmp(url, "https://", 8) == 0 ? read_origin(url + 8, "443", ret) : -1;
}

int link_plain_origin_of(const char *url, struct link_origin *ret)
{
	return strncasecmp(url, "http://", 7) == 0 ? read_origin(url + 7, "80", ret) : -1;
}

bool link_same_origin(const char *a, const char *b)
{
	struct link_origin one, other;

	return link_origin_of(a, &one) == 0 && link_origin_of(b, &other) == 0 &&
	       text_equal_nocase(one.host, other.host) && text_equal(one.port, other.port);
}
