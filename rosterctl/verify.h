/* Checks an export of the audit against itself: commitments, canonical encoding, links, places; and against
 * what was noted elsewhere. docs/audit.md tells what is checked, and what no check of an export can find. */
#ifndef ROSTERCTL_VERIFY_H
#define ROSTERCTL_VERIFY_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"

struct arena;
struct verify;

/* Told of each thing that is wrong: where (a file's name and line; 0: of the whole file) and what. */
typedef void verify_tell_fn(void *context, const char *file, size_t line, const char *what);

/* The ends of chains as somebody noted them, "ORGANISATION POSITION LINK" a line, as "rosterctl audit head"
 * prints. */
enum { VERIFY_HEADS_MOST = 10000 };

struct verify *verify_open(struct arena *arena, verify_tell_fn *tell, void *context);
void verify_close(struct verify **verify);

/* Reads a file of noted ends. ERROR_INPUT "audit.heads" names the line. */
int verify_heads(struct verify *verify, const char *name, FILE *file, struct error *e);

/* Checks a file; more files go on where those before them ended, or are of other organisations. -1: it could
 * not be read to its end; what is wrong in it has been told. */
int verify_file(struct verify *verify, const char *name, FILE *file, struct error *e);

/* After the last file. */
void verify_end(struct verify *verify);

struct verify_found {
	int64_t entries, erased, problems;
	int64_t compared; /* noted ends that were found where they belong */
};
struct verify_found verify_found(const struct verify *verify);

/* The chains that were seen, in the order of the files: 1 and the chain's end, or 0. *at starts at 0. */
struct verify_chain {
	const char *organisation, *link;
	int64_t first, last;
};
int verify_next_chain(const struct verify *verify, size_t *at, struct verify_chain *ret);

#endif
