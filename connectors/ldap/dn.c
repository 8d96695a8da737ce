/* Distinguished names in the one form that we compare (RFC 4514, and what older servers wrote before it). */
#include "ldap/dn.h"

#include <locale.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <wctype.h>

#include "base/text.h"

/* Several names for one attribute type, the one we write first. */
static const struct {
	const char *name;
	const char *aliases[3];
} types[] = {
	{ "cn", { "2.5.4.3", "commonname" } },
	{ "sn", { "2.5.4.4", "surname" } },
	{ "c", { "2.5.4.6", "countryname" } },
	{ "l", { "2.5.4.7", "localityname" } },
	{ "st", { "2.5.4.8", "stateorprovincename" } },
	{ "street", { "2.5.4.9", "streetaddress" } },
	{ "o", { "2.5.4.10", "organizationname" } },
	{ "ou", { "2.5.4.11", "organizationalunitname" } },
	{ "givenname", { "2.5.4.42", "gn" } },
	{ "dc", { "0.9.2342.19200300.100.1.25", "domaincomponent" } },
	{ "uid", { "0.9.2342.19200300.100.1.1", "userid" } },
	{ "mail", { "0.9.2342.19200300.100.1.3", "rfc822mailbox" } },
	{ "email", { "1.2.840.113549.1.9.1", "emailaddress" } },
};

enum { TYPE_MOST = 128 }; /* bytes of an attribute type */

struct reader {
	const char *at, *end;
};

struct writer {
	char *bytes;
	size_t length, size;
	bool full;
};

static void put(struct writer *out, char c)
{
	if (out->length + 1 < out->size)
		out->bytes[out->length++] = c;
	else
		out->full = true;
}

static void put_digits(struct writer *out, unsigned char byte)
{
	put(out, "0123456789abcdef"[byte >> 4]);
	put(out, "0123456789abcdef"[byte & 15]);
}

/* Returns how many bytes were taken, always one. */
static size_t put_hex(struct writer *out, unsigned char byte)
{
	put(out, '\\');
	put_digits(out, byte);
	return 1;
}

static bool at_blank(const struct reader *in)
{
	return in->at < in->end && (*in->at == ' ' || *in->at == '\t' || *in->at == '\n' || *in->at == '\r');
}

static void skip_blanks(struct reader *in)
{
	while (at_blank(in))
		in->at++;
}

static bool is_separator(char c)
{
	return c == ',' || c == ';' || c == '+';
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static const char *type_name(const char *given)
{
	for (size_t i = 0; i < ARRAY_COUNT(types); i++)
		for (size_t j = 0; j < ARRAY_COUNT(types[i].aliases) && types[i].aliases[j]; j++)
			if (strcmp(given, types[i].aliases[j]) == 0)
				return types[i].name;
	return given;
}

/* RFC 4512: a name of letters, digits and hyphens, or numbers with dots; some directories have underscores. */
static bool is_of_type(char c)
{
	return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') || c == '-' || c == '.' || c == '_';
}

static int read_type(struct reader *in, struct writer *out)
{
	char type[TYPE_MOST];
	size_t length = 0;

	skip_blanks(in);
	while (in->at < in->end && *in->at != '=' && !at_blank(in)) {
		if (length + 1 == sizeof(type) || !is_of_type(*in->at))
			return -1;
		type[length++] = lower(*in->at++);
	}
	type[length] = '\0';
	skip_blanks(in);
	if (length == 0 || in->at == in->end || *in->at++ != '=')
		return -1;

	const char *plain = text_begins(type, "oid.") ? type + 4 : type;
	for (const char *name = type_name(plain); *name; name++)
		put(out, *name);
	/* The prefix twice is no type; without the one it would be another name than without both. */
	return *plain && !text_begins(plain, "oid.") ? 0 : -1;
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : lower(c) >= 'a' && lower(c) <= 'f' ? lower(c) - 'a' + 10 : -1;
}

/* The byte behind a backslash: two hexadecimal digits, or the character itself. */
static int read_escape(struct reader *in, unsigned char *ret)
{
	in->at++;
	if (in->at == in->end)
		return -1;
	if (in->end - in->at >= 2 && hex_digit(in->at[0]) >= 0 && hex_digit(in->at[1]) >= 0) {
		*ret = (unsigned char)(hex_digit(in->at[0]) << 4 | hex_digit(in->at[1]));
		in->at += 2;
		return 0;
	}
	*ret = (unsigned char)*in->at++;
	return 0;
}

/* A value as text, plain or in quotes, to its bytes. */
static int read_text(struct reader *in, bool quoted, unsigned char *ret, size_t *ret_length)
{
	size_t length = 0;

	while (in->at < in->end && (quoted ? *in->at != '"' : !is_separator(*in->at))) {
		if (length == DN_VALUE_MOST)
			return -1;
		if (*in->at != '\\')
			ret[length++] = (unsigned char)*in->at++;
		else if (read_escape(in, &ret[length++]) < 0)
			return -1;
	}
	if (quoted && in->at++ == in->end)
		return -1;
	*ret_length = length;
	return 0;
}

/* "#04024869": the BER of the value. */
static int read_hex(struct reader *in, unsigned char *ret, size_t *ret_length)
{
	size_t length = 0;

	for (in->at++; in->at < in->end && hex_digit(*in->at) >= 0; in->at += 2) {
		if (length == DN_VALUE_MOST || in->end - in->at < 2 || hex_digit(in->at[1]) < 0)
			return -1;
		ret[length++] = (unsigned char)(hex_digit(in->at[0]) << 4 | hex_digit(in->at[1]));
	}
	*ret_length = length;
	return length > 0 ? 0 : -1;
}

/* The text within the BER of a string of less than 128 bytes; NULL if it is something else. */
static const unsigned char *ber_text(const unsigned char *ber, size_t length)
{
	static const unsigned char strings[] = { 0x04, 0x0c, 0x13, 0x16 }; /* octets, UTF-8, printable, IA5 */

	if (length < 2 || ber[1] >= 0x80 || ber[1] != length - 2 || !memchr(strings, ber[0], sizeof(strings)))
		return NULL;
	return ber + 2;
}

/* The folding of letters does not depend on where the daemon runs; this locale is built into the C library.
 */
static wint_t fold(wint_t c)
{
	static locale_t locale;

	if (!locale)
		locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	return locale ? towlower_l(c, locale) : c;
}

/* One character of well-formed UTF-8; 0 if the bytes are not. */
static size_t decode(const unsigned char *bytes, size_t length, wint_t *ret)
{
	size_t size = bytes[0] < 0x80 ? 1 : bytes[0] < 0xe0 ? 2 : bytes[0] < 0xf0 ? 3 : 4;
	wint_t c = size == 1 ? bytes[0] : bytes[0] & (0xff >> (size + 1));

	if (size > length || !text_is_utf8((const char *)bytes, size))
		return 0;
	for (size_t i = 1; i < size; i++)
		c = c << 6 | (bytes[i] & 0x3f);
	*ret = c;
	return size;
}

static void put_character(struct writer *out, wint_t c)
{
	if (c < 0x80) {
		put(out, (char)c);
		return;
	}
	if (c < 0x800) {
		put(out, (char)(0xc0 | c >> 6));
	} else {
		if (c < 0x10000) {
			put(out, (char)(0xe0 | c >> 12));
		} else {
			put(out, (char)(0xf0 | c >> 18));
			put(out, (char)(0x80 | (c >> 12 & 0x3f)));
		}
		put(out, (char)(0x80 | (c >> 6 & 0x3f)));
	}
	put(out, (char)(0x80 | (c & 0x3f)));
}

/* Blanks at the ends do not count and several count as one (RFC 4518, 2.6.1), escaped or not. */
static void put_value(struct writer *out, const unsigned char *bytes, size_t length)
{
	size_t size;

	while (length > 0 && bytes[length - 1] == ' ')
		length--;
	for (size_t i = 0; i < length; i += size) {
		wint_t c;

		size = 1;
		if (bytes[i] == ' ' && (i == 0 || bytes[i - 1] == ' '))
			continue;
		if (bytes[i] < 0x20 || bytes[i] == 0x7f || strchr(",+\"\\<>;=#", bytes[i]))
			put_hex(out, bytes[i]);
		else if (bytes[i] < 0x80)
			put(out, lower((char)bytes[i]));
		else if ((size = decode(bytes + i, length - i, &c)) > 0)
			put_character(out, fold(c));
		else
			size = put_hex(out, bytes[i]);
	}
}

static int read_value(struct reader *in, struct writer *out)
{
	unsigned char value[DN_VALUE_MOST + 1];
	const unsigned char *text = value;
	size_t length = 0;

	skip_blanks(in);
	if (in->at < in->end && *in->at == '#') {
		if (read_hex(in, value, &length) < 0)
			return -1;
		text = ber_text(value, length);
		length = text ? length - 2 : length;
	} else {
		bool quoted = in->at < in->end && *in->at == '"';

		in->at += quoted;
		if (read_text(in, quoted, value, &length) < 0)
			return -1;
	}
	skip_blanks(in);
	if (in->at < in->end && !is_separator(*in->at))
		return -1;

	if (text) {
		put_value(out, text, length);
		return 0;
	}
	put(out, '#');
	for (size_t i = 0; i < length; i++)
		put_digits(out, value[i]);
	return 0;
}

/* The order of the values within one part has no meaning, so it must not make a difference. */
static void sort_parts(struct writer *out, size_t begin, const size_t *starts, size_t count)
{
	char copy[DN_RDN_MOST * (DN_VALUE_MOST + TYPE_MOST)];
	const char *parts[DN_RDN_MOST];
	size_t length = out->length - begin;

	if (count < 2 || out->full || length >= sizeof(copy))
		return;
	memcpy(copy, out->bytes + begin, length);
	copy[length] = '\0';
	for (size_t i = 1; i < count; i++)
		copy[starts[i] - begin - 1] = '\0'; /* was the '+' */
	for (size_t i = 0; i < count; i++) {
		size_t at = i;

		for (; at > 0 && strcmp(parts[at - 1], copy + starts[i] - begin) > 0; at--)
			parts[at] = parts[at - 1];
		parts[at] = copy + starts[i] - begin;
	}
	out->length = begin;
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			put(out, '+');
		for (const char *c = parts[i]; *c; c++)
			put(out, *c);
	}
}

static int read_rdn(struct reader *in, struct writer *out)
{
	size_t begin = out->length, starts[DN_RDN_MOST], count = 0;

	do {
		if (count == DN_RDN_MOST)
			return -1;
		if (count > 0) {
			in->at++;
			put(out, '+');
		}
		starts[count++] = out->length;
		if (read_type(in, out) < 0)
			return -1;
		put(out, '=');
		if (read_value(in, out) < 0)
			return -1;
	} while (in->at < in->end && *in->at == '+');

	sort_parts(out, begin, starts, count);
	return 0;
}

int dn_normalise(const char *dn, size_t length, char *ret, size_t size)
{
	struct reader in = { dn, dn + length };
	struct writer out = { ret, 0, size, false };

	skip_blanks(&in);
	while (in.at < in.end) {
		if (read_rdn(&in, &out) < 0)
			return -1;
		if (in.at == in.end)
			break;
		in.at++;
		put(&out, ',');
		if (in.at == in.end)
			return -1;
	}
	if (out.full || size == 0)
		return -1;
	ret[out.length] = '\0';
	return (int)out.length;
}

size_t dn_without_bits(const char *value, size_t length)
{
	size_t at = length;

	if (length < 4 || value[length - 1] != 'B' || value[length - 2] != '\'')
		return length;
	for (at = length - 2; at > 0 && (value[at - 1] == '0' || value[at - 1] == '1'); at--)
		;
	return at >= 2 && value[at - 1] == '\'' && value[at - 2] == '#' ? at - 2 : length;
}
