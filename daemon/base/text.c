/* Text as it comes from the world: its characters, how it compares, what was meant. */
#include "base/text.h"

#include "base/arena.h"

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

bool text_is_token_character(char c)
{
	/* A bit for each from 0x20 to 0x7f. */
	static const uint32_t tokens[] = { 0x03ff6cfa, 0xc7fffffe, 0x57ffffff };
	uint8_t at = (uint8_t)((uint8_t)c - 0x20);

	return at < 96 && (tokens[at / 32] >> at % 32 & 1);
}

bool text_is_printable(const char *text, size_t length)
{
	size_t plain = 0;

	while (plain < length && text[plain] >= ' ' && text[plain] < 0x7f)
		plain++;
	for (size_t at = plain, n; at < length; at += n) {
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

/* Which code points have which as their small letter. step 2: every second one, from first on, has the next. */
static const struct casing {
	uint32_t first, last;
	int32_t away;
	uint32_t step;
} casings[] = {
	{ 0x41, 0x5a, 32, 1 },	       { 0xc0, 0xd6, 32, 1 },	      { 0xd8, 0xde, 32, 1 },	   { 0x100, 0x12e, 1, 2 },
	{ 0x130, 0x130, -199, 1 },     { 0x132, 0x136, 1, 2 },	      { 0x139, 0x147, 1, 2 },	   { 0x14a, 0x176, 1, 2 },
	{ 0x178, 0x178, -121, 1 },     { 0x179, 0x17d, 1, 2 },	      { 0x17f, 0x17f, -268, 1 },   { 0x181, 0x181, 210, 1 },
	{ 0x182, 0x184, 1, 2 },	       { 0x186, 0x186, 206, 1 },      { 0x187, 0x187, 1, 1 },	   { 0x189, 0x18a, 205, 1 },
	{ 0x18b, 0x18b, 1, 1 },	       { 0x18e, 0x18e, 79, 1 },	      { 0x18f, 0x18f, 202, 1 },	   { 0x190, 0x190, 203, 1 },
	{ 0x191, 0x191, 1, 1 },	       { 0x193, 0x193, 205, 1 },      { 0x194, 0x194, 207, 1 },	   { 0x196, 0x196, 211, 1 },
	{ 0x197, 0x197, 209, 1 },      { 0x198, 0x198, 1, 1 },	      { 0x19c, 0x19c, 211, 1 },	   { 0x19d, 0x19d, 213, 1 },
	{ 0x19f, 0x19f, 214, 1 },      { 0x1a0, 0x1a4, 1, 2 },	      { 0x1a9, 0x1a9, 218, 1 },	   { 0x1ac, 0x1ac, 1, 1 },
	{ 0x1ae, 0x1ae, 218, 1 },      { 0x1af, 0x1af, 1, 1 },	      { 0x1b1, 0x1b2, 217, 1 },	   { 0x1b3, 0x1b5, 1, 2 },
	{ 0x1b7, 0x1b7, 219, 1 },      { 0x1cd, 0x1db, 1, 2 },	      { 0x1de, 0x1ee, 1, 2 },	   { 0x1f4, 0x1f4, 1, 1 },
	{ 0x1f8, 0x21e, 1, 2 },	       { 0x222, 0x232, 1, 2 },	      { 0x386, 0x386, 38, 1 },	   { 0x388, 0x38a, 37, 1 },
	{ 0x38c, 0x38c, 64, 1 },       { 0x38e, 0x38f, 63, 1 },	      { 0x391, 0x3a1, 32, 1 },	   { 0x3a3, 0x3ab, 32, 1 },
	{ 0x3c2, 0x3c2, 1, 1 },	       { 0x3d8, 0x3ee, 1, 2 },	      { 0x400, 0x40f, 80, 1 },	   { 0x410, 0x42f, 32, 1 },
	{ 0x460, 0x480, 1, 2 },	       { 0x48a, 0x4be, 1, 2 },	      { 0x4c0, 0x4c0, 15, 1 },	   { 0x4c1, 0x4cd, 1, 2 },
	{ 0x4d0, 0x52e, 1, 2 },	       { 0x531, 0x556, 48, 1 },	      { 0x10a0, 0x10c5, 7264, 1 }, { 0x1e00, 0x1e94, 1, 2 },
	{ 0x1e9e, 0x1e9e, -7615, 1 },  { 0x1ea0, 0x1efe, 1, 2 },      { 0x1f08, 0x1f0f, -8, 1 },   { 0x1f18, 0x1f1d, -8, 1 },
	{ 0x1f28, 0x1f2f, -8, 1 },     { 0x1f38, 0x1f3f, -8, 1 },     { 0x1f48, 0x1f4d, -8, 1 },   { 0x1f68, 0x1f6f, -8, 1 },
	{ 0x2160, 0x216f, 16, 1 },     { 0x24b6, 0x24cf, 26, 1 },     { 0x2c00, 0x2c2f, 48, 1 },   { 0x2c80, 0x2ce2, 1, 2 },
	{ 0xa640, 0xa66c, 1, 2 },      { 0xff21, 0xff3a, 32, 1 },     { 0x10400, 0x10427, 40, 1 },
};

static uint32_t small(uint32_t letter)
{
	for (size_t i = 0; i < ARRAY_COUNT(casings) && casings[i].first <= letter; i++)
		if (letter <= casings[i].last)
			return (letter - casings[i].first) % casings[i].step == 0 ? (uint32_t)((int32_t)letter + casings[i].away)
										  : letter;
	return letter;
}

/* Of a character of text_character. */
static uint32_t decode(const char *character, size_t length)
{
	static const uint8_t masks[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	uint32_t code = (uint8_t)character[0] & masks[length];

	for (size_t i = 1; i < length; i++)
		code = code << 6 | ((uint8_t)character[i] & 0x3f);
	return code;
}

static size_t encode(uint32_t code, char *into)
{
	size_t length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
	static const uint8_t firsts[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	for (size_t i = length; i-- > 1; code >>= 6)
		into[i] = (char)(0x80 | (code & 0x3f));
	into[0] = (char)(firsts[length] | code);
	return length;
}

char *text_fold(struct arena *arena, const char *text)
{
	size_t length = strlen(text);
	char *folded = arena_take(arena, length + 1), *at = folded;

	for (size_t i = 0, n; i < length; i += n) {
		n = text_character(text + i, length - i);
		if (n > 0)
			at += encode(small(decode(text + i, n)), at);
		else
			*at++ = text[i], n = 1; /* what is no character stays */
	}
	*at = '\0';
	return folded;
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
