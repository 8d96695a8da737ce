/* Numbers, sizes and times as people write them, and bytes as letters. */
#include "base/text.h"

#include <limits.h>
#include <string.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Digits up to the first other character. 0 and where that is, or -1: no digit, or too large a number. */
static int read_count(const char *text, int64_t *ret, const char **ret_end)
{
	int64_t count = 0;
	const char *at = text;

	for (; is_digit(*at); at++)
		if (__builtin_mul_overflow(count, 10, &count) ||
		    __builtin_add_overflow(count, *at - '0', &count))
			return -1;
	if (at == text)
		return -1;
	*ret = count;
	*ret_end = at;
	return 0;
}

int text_to_int64(const char *text, int64_t *ret)
{
	bool negative = text[0] == '-';
	const char *at = text + negative;
	int64_t value = 0;

	if (!is_digit(*at))
		return -1;
	/* Towards the sign, for the least number has no positive counterpart. */
	for (; is_digit(*at); at++) {
		int digit = *at - '0';

		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, negative ? -digit : digit, &value))
			return -1;
	}
	if (*at)
		return -1;
	*ret = value;
	return 0;
}

struct unit {
	const char *name;
	int64_t worth;
};

static int read_with_unit(const char *text, const struct unit *units, int64_t *ret)
{
	int64_t count;
	const char *name;

	if (read_count(text, &count, &name) < 0)
		return -1;
	for (; units->name; units++) {
		if (!text_equal(name, units->name))
			continue;
		if (__builtin_mul_overflow(count, units->worth, &count))
			return -1;
		*ret = count;
		return 0;
	}
	return -1;
}

int text_to_duration_ms(const char *text, int64_t *ret)
{
	enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR, WEEK = 7 * DAY };
	static const struct unit units[] = {
		{ "ms", 1 },  { "s", SECOND }, { "m", MINUTE }, { "h", HOUR },
		{ "d", DAY }, { "w", WEEK },   { 0 },
	};

	return read_with_unit(text, units, ret);
}

int text_to_size(const char *text, uint64_t *ret)
{
	static const struct unit units[] = {
		{ "", 1 },	{ "k", KB(1) },	      { "K", KB(1) },	    { "m", MB(1) },
		{ "M", MB(1) }, { "g", MB(1) << 10 }, { "G", MB(1) << 10 }, { 0 },
	};
	int64_t size;

	if (read_with_unit(text, units, &size) < 0)
		return -1;
	*ret = (uint64_t)size;
	return 0;
}

void text_hex(const void *bytes, size_t length, char *ret)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *from = bytes;

	for (size_t i = 0; i < length; i++) {
		*ret++ = digits[from[i] >> 4];
		*ret++ = digits[from[i] & 15];
	}
	*ret = '\0';
}

static int hex_value(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int text_unhex(const char *hex, size_t hex_length, void *ret, size_t size)
{
	uint8_t *to = ret;

	if (hex_length % 2 != 0 || hex_length / 2 > size || hex_length > INT_MAX)
		return -1;
	for (size_t i = 0; i < hex_length; i++)
		if (hex_value(hex[i]) < 0)
			return -1;
	for (size_t i = 0; i < hex_length; i += 2)
		*to++ = (uint8_t)(hex_value(hex[i]) << 4 | hex_value(hex[i + 1]));
	return (int)(hex_length / 2);
}

int text_unform(const char *text, size_t length, char *ret)
{
	char *at = ret;
	unsigned char byte;

	for (size_t i = 0; i < length; i++) {
		if (text[i] != '%') {
			*at++ = text[i] == '+' ? ' ' : text[i];
			continue;
		}
		if (length - i < 3 || text_unhex(text + i + 1, 2, &byte, 1) != 1 || byte == 0)
			return -1;
		*at++ = (char)byte;
		i += 2;
	}
	*at = '\0';
	return (int)(at - ret);
}

#define BASE62 "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
static const char base64url[] = BASE62 "-_";
static const char base64[] = BASE62 "+/";

/* Returns where it ended. */
static char *write_base64(const char *digits, const void *bytes, size_t length, char *ret)
{
	const uint8_t *from = bytes;
	uint32_t bits = 0;
	int held = 0;

	for (size_t i = 0; i < length; i++) {
		bits = bits << 8 | from[i];
		for (held += 8; held >= 6; held -= 6)
			*ret++ = digits[bits >> (held - 6) & 63];
	}
	if (held > 0)
		*ret++ = digits[bits << (6 - held) & 63];
	*ret = '\0';
	return ret;
}

void text_base64url(const void *bytes, size_t length, char *ret)
{
	write_base64(base64url, bytes, length, ret);
}

void text_base64(const void *bytes, size_t length, char *ret)
{
	char *end = write_base64(base64, bytes, length, ret);

	for (; (end - ret) % 4 != 0; end++)
		*end = '=';
	*end = '\0';
}

static int base64url_value(char c)
{
	const char *found = c ? strchr(base64url, c) : NULL;

	return found ? (int)(found - base64url) : -1;
}

/* Every character is one of ours and the bits beyond the last byte are zero: one text for one value. */
static bool is_base64url(const char *text, size_t length)
{
	static const int unused_bits[] = { 0, -1, 15, 3 };

	if (length % 4 == 1)
		return false;
	for (size_t i = 0; i < length; i++)
		if (base64url_value(text[i]) < 0)
			return false;
	return length == 0 || (base64url_value(text[length - 1]) & unused_bits[length % 4]) == 0;
}

int text_unbase64url(const char *text, size_t text_length, void *ret, size_t size)
{
	size_t length = text_length / 4 * 3 + text_length % 4 * 3 / 4;
	uint8_t *to = ret;
	uint32_t bits = 0;
	int held = 0;

	if (length > size || length > INT_MAX || !is_base64url(text, text_length))
		return -1;
	for (size_t i = 0; i < text_length; i++) {
		bits = bits << 6 | (uint32_t)base64url_value(text[i]);
		held += 6;
		if (held >= 8) {
			held -= 8;
			*to++ = (uint8_t)(bits >> held);
		}
	}
	return (int)length;
}
