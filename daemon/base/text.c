/* Text as it comes from the world: its characters, how it compares, what was meant. */
#include "base/text.h"

#include <string.h>

/* RFC 3629, section 4: what the second byte may be says what the first one forbids. */
static const struct form {
	uint8_t first_least, first_most;
	uint8_t second_least, second_most;
	uint8_t length;
} forms[] = {
	{ 0x01, 0x7f, 0x00, 0x00, 1 }, { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
	{ 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
	{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
};

static bool is_continuation(char byte)
{
	return ((uint8_t)byte & 0xc0) == 0x80;
}

static bool has_form(const struct form *form, const uint8_t *bytes, size_t length)
{
	if (bytes[0] < form->first_least || bytes[0] > form->first_most || length < form->length)
		return false;
	if (form->length > 1 && (bytes[1] < form->second_least || bytes[1] > form->second_most))
		return false;
	for (size_t i = 2; i < form->length; i++)
		if (!is_continuation((char)bytes[i]))
			return false;
	return true;
}

size_t text_character(const char *text, size_t length)
{
	const uint8_t *bytes = (const uint8_t *)text;

	if (length == 0)
		return 0;
	for (size_t i = 0; i < ARRAY_COUNT(forms); i++)
		if (has_form(&forms[i], bytes, length))
			return forms[i].length;
	return 0;
}

static bool is_control(const char *text)
{
	uint8_t first = (uint8_t)text[0];

	return first < 0x20 || first == 0x7f || (first == 0xc2 && (uint8_t)text[1] < 0xa0);
}

bool text_is_utf8(const char *text, size_t length)
{
	for (size_t at = 0, n; at < length; at += n) {
		n = text_character(text + at, length - at);
		if (n == 0)
			return false;
	}
	return true;
}

bool text_is_printable(const char *text, size_t length)
{
	for (size_t at = 0, n; at < length; at += n) {
		n = text_character(text + at, length - at);
		if (n == 0 || is_control(text + at))
			return false;
	}
	return true;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool text_equal(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

bool text_equal_nocase(const char *a, const char *b)
{
	if (!a || !b)
		return a == b;
	while (*a && lower(*a) == lower(*b)) {
		a++;
		b++;
	}
	return *a == *b;
}

bool text_begins(const char *text, const char *prefix)
{
	return text && strncmp(text, prefix, strlen(prefix)) == 0;
}

bool text_ends(const char *text, const char *suffix)
{
	size_t length = text ? strlen(text) : 0, suffix_length = strlen(suffix);

	return text && length >= suffix_length && strcmp(text + length - suffix_length, suffix) == 0;
}

static size_t promised_length(char first)
{
	uint8_t byte = (uint8_t)first;

	return byte < 0xc0 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

/* A character that the text itself leaves unfinished is left out as well: it may have been cut before. */
size_t text_cut(const char *text, size_t length, size_t most)
{
	size_t end = length < most ? length : most, first = end;

	while (first > 0 && end - first < 3 && is_continuation(text[first - 1]))
		first--;
	if (first == 0)
		return end;

	first--;
	return first + promised_length(text[first]) > end ? first : end;
}

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

const char *text_trim(const char *text, size_t *ret_length)
{
	size_t length;

	while (is_blank(*text))
		text++;
	length = strlen(text);
	while (length > 0 && is_blank(text[length - 1]))
		length--;
	*ret_length = length;
	return text;
}

enum { WORD_MOST = 64 };

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Damerau-Levenshtein, as far as a typist goes: a letter too many, too few, wrong, or two exchanged. */
static size_t distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	size_t rows[3][WORD_MOST + 1];
	size_t *two_ago = rows[0], *before = rows[1], *row = rows[2];

	for (size_t j = 0; j <= b_length; j++)
		row[j] = j;

	for (size_t i = 1; i <= a_length; i++) {
		size_t *free_row = two_ago;

		two_ago = before;
		before = row;
		row = free_row;
		row[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			bool same = lower(a[i - 1]) == lower(b[j - 1]);

			row[j] = least(before[j - 1] + !same, least(before[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
			    lower(a[i - 2]) == lower(b[j - 1]))
				row[j] = least(row[j], two_ago[j - 2] + 1);
		}
	}
	return row[b_length];
}

const char *text_did_you_mean(const char *given, const char *const *words)
{
	size_t given_length = strlen(given), best_distance = SIZE_MAX;
	const char *best = NULL;

	if (given_length > WORD_MOST)
		return NULL;

	for (; *words; words++) {
		size_t length = strlen(*words), longer = length > given_length ? length : given_length, wrong;

		if (length > WORD_MOST)
			continue;
		wrong = distance(given, given_length, *words, length);
		if (wrong * 3 <= longer && wrong < best_distance) {
			best = *words;
			best_distance = wrong;
		}
	}
	return best;
}
