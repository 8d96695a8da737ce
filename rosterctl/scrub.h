/* Takes people, customers and machines out of a text that the daemon wrote, such as its log.
 *
 * A name cannot be told from a word. So it is the other way round: a word stays only if the daemon's own program has it
 * among its texts; every other word becomes "*". A customer may be called like such a word ("sync", "run"), so the names that
 * can be known are forgotten first. Addresses of mail and of networks, and long numbers, go as a whole; ids
 * (UUIDs), times and short numbers stay. */
#ifndef ROSTERCTL_SCRUB_H
#define ROSTERCTL_SCRUB_H

#include <stddef.h>

#include "base/text.h"

enum { SCRUB_PROGRAM_MOST = 256 << 20, SCRUB_WORDS_MOST = 1 << 20 };

struct vocabulary;

/* The words that a program (ELF, 64 bits) has among its constants. Never NULL: what cannot be read has no words, and then
 * every word goes. */
struct vocabulary *vocabulary_open(const char *program);
void vocabulary_close(struct vocabulary **vocabulary);

/* The words of a name are no words of ours any more, whoever else uses them. */
void vocabulary_forget(struct vocabulary *vocabulary, const char *name);
/* The same of every name that a text of the daemon shows by where it stands: after "organisation" and "connection" in
 * quotes, between the asker and the method of a request, and as "organisation/connection". */
void vocabulary_forget_named(struct vocabulary *vocabulary, const char *text, size_t length);

/* Whether any word is known: without one a scrubbed text tells nothing. */
size_t vocabulary_count(const struct vocabulary *vocabulary);

/* Adds the text to the buffer, scrubbed. */
void scrub(const struct vocabulary *vocabulary, const char *text, size_t length, struct buffer *to);

#endif
