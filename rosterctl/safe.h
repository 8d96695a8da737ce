/* Foreign text made harmless for a terminal, and how many columns it takes there.
 *
 * A name in a directory may hold escape sequences, line breaks or marks that turn the direction of writing.
 * None of them reaches the terminal: each is shown as \xNN or \u{NNNN}, and so is what is not UTF-8. */
#ifndef ROSTERCTL_SAFE_H
#define ROSTERCTL_SAFE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct arena;

/* Makes wcwidth know more than ASCII, whatever the locale; once, at the start. */
void safe_start(void);

/* Whether a character may reach the terminal as it is. */
bool safe_character(uint32_t c);

/* A copy in which everything is harmless. NULL gives "". */
const char *safe_text(struct arena *arena, const char *text);
const char *safe_text_n(struct arena *arena, const char *text, size_t length);

/* Writes JSON as it came, with what is not harmless as \uNNNN (it can only stand in texts), and, if asked
 * for, without line breaks. The bytes are known to be JSON. */
void safe_json(FILE *out, const char *bytes, size_t length, bool one_line);

/* Columns that a harmless text takes. */
size_t safe_width(const char *text);

/* The bytes of the longest beginning of a harmless text that takes at most `columns`. */
size_t safe_cut(const char *text, size_t columns);

#endif
