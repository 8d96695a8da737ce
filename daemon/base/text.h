/* Text as it comes from the world: is it UTF-8, does it fit, what does it look like, what was meant.
 *
 * Nothing here allocates unless an arena is passed. */
#ifndef ROSTERD_BASE_TEXT_H
#define ROSTERD_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct error;

#define KB(n) ((size_t)(n) << 10)
#define MB(n) ((size_t)(n) << 20)
#define ARRAY_COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms, at most U+10FFFF), without NUL. */
bool text_is_utf8(const char *text, size_t length);

/* The bytes of the character that text begins with: 1 to 4, or 0 if it is none of those (or length is 0). */
size_t text_character(const char *text, size_t length);

/* As text_is_utf8, and without control characters (U+0000-001F, U+007F-009F). */
bool text_is_printable(const char *text, size_t length);
/* Of a token of HTTP (RFC 9110 section 5.6.2). */
bool text_is_token_character(char c);

/* As text_is_printable, without a blank at its ends or two in a row, and without other blanks and what is not seen (format characters):
 * directories take no notice of those when they compare (RFC 4518 sections 2.2 and 2.6.1), so many texts would be one name. */
bool text_is_name(const char *text, size_t length);

bool text_equal(const char *a, const char *b);        /* two NULLs are equal */
bool text_equal_nocase(const char *a, const char *b); /* ASCII letters only */
/* A copy without case: simple folding (Unicode, CaseFolding.txt) of the scripts that have case, by a table of ours, so that what was kept
 * yesterday is found by another machine tomorrow. Never longer than text. A letter with its accent behind it is not one with it. */
char *text_fold(struct arena *arena, const char *text);
bool text_begins(const char *text, const char *prefix);
bool text_ends(const char *text, const char *suffix);

/* The largest prefix of text that is at most `most` bytes and ends at a whole character. */
size_t text_cut(const char *text, size_t length, size_t most);

/* Trims ASCII white space at both ends; the result lies within text and *ret_length is its length. */
const char *text_trim(const char *text, size_t *ret_length);

/* The word of words (ended by NULL) that was probably meant, or NULL: at most a third of the
 * letters wrong, by Damerau-Levenshtein distance, ASCII case ignored. */
const char *text_did_you_mean(const char *given, const char *const *words);

/* Whole numbers and settings. 0 and *ret, or -1 and *ret untouched; no sign but '-', no blanks. */
int text_to_int64(const char *text, int64_t *ret);

/* "15m", "1h", "90s", "250ms", "7d", "2w": a count and one unit, to milliseconds. A bare number is refused. */
int text_to_duration_ms(const char *text, int64_t *ret);

/* "64k", "1M", "2G" (1024-based) or a bare number of bytes. */
int text_to_size(const char *text, uint64_t *ret);

/* Hexadecimal and base64url (RFC 4648 section 5, without padding). Encoders write a NUL.
 * hex needs 2n+1 bytes, base64url 4*ceil(n/3)+1. Decoders return the number of bytes or -1. */
void text_hex(const void *bytes, size_t length, char *ret);
int text_unhex(const char *hex, size_t hex_length, void *ret, size_t size);

/* A name or value of an HTML form (application/x-www-form-urlencoded) as it was meant: "%41" and "+" undone. ret has room for length + 1 bytes and
 * ends with NUL. Its length; -1: it is badly encoded, or holds a NUL. */
int text_unform(const char *text, size_t length, char *ret);
void text_base64url(const void *bytes, size_t length, char *ret);
/* The same of section 4, padded: 4*ceil(n/3)+1 bytes. */
void text_base64(const void *bytes, size_t length, char *ret);
int text_unbase64url(const char *text, size_t text_length, void *ret, size_t size);

/* A host name, domain or address of mail in the form that we compare.
 *
 * domain: IDNA2008 (libidn2, non-transitional) to A-labels, lower case, no final dot; refuses what is no
 * domain name, IP literals and names without a dot. Result in the arena.
 * email: local part lower-cased (ASCII only; others kept), domain as above, RFC 5321 limits
 * (64 + 255, 254 in all); refuses quoted local parts, comments, blanks and controls.
 * -1 with ERROR_INPUT and a text that says which part was wrong. */
int text_domain(struct arena *arena, const char *given, const char **ret, struct error *e);
int text_email(struct arena *arena, const char *given, const char **ret, struct error *e);

/* A growing buffer with a hard maximum. Over the maximum it keeps what it has and turns `full` on. */
struct buffer {
	char *bytes; /* always ends with NUL once something was added */
	size_t length, size, most;
	bool full;
};
void buffer_open(struct buffer *buffer, size_t most);
void buffer_close(struct buffer *buffer); /* usable with __attribute__((cleanup)) */
void buffer_reset(struct buffer *buffer); /* keeps its memory */
void buffer_add(struct buffer *buffer, const void *bytes, size_t length);
void buffer_text(struct buffer *buffer, const char *text);
void buffer_format(struct buffer *buffer, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Percent-encodes whatever is not unreserved (RFC 3986 section 2.3). */
void buffer_percent(struct buffer *buffer, const char *text);

#endif
