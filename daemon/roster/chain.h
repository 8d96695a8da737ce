/* The hash chain over the audit: sealing what was committed, and reading what was sealed.
 *
 * docs/audit.md tells what a link is made of; schema/0004_audit_chain.sql makes them. A position is an
 * entry's place in the chain of its organisation: 1, 2, 3 ... without a gap. */
#ifndef ROSTERD_ROSTER_CHAIN_H
#define ROSTERD_ROSTER_CHAIN_H

#include "roster/audit.h"

enum { CHAIN_LINK_TEXT_SIZE = 65 }; /* 32 bytes in hexadecimal */

/* ---- for workers ---- */

/* Seals at most so many entries of all organisations, oldest first. *ret_sealed 0: nothing waits, what waits
 * was written beside a transaction that still runs, or another daemon seals just now. */
int chain_seal(struct tx *tx, int most, int64_t *ret_sealed, struct error *e);

/* How many entries wait (counted up to 100000), and since when the oldest does (microseconds; 0: none). Any
 * role. */
int chain_lag(struct tx *tx, struct arena *arena, int64_t *ret_entries, int64_t *ret_oldest, struct error *e);

/* Lets entries go that are older than `before`, at most so many of each chain, oldest first; what is left
 * begins at an anchor. Records itself. */
int chain_prune(struct tx *tx, int64_t before, int most, int64_t *ret_gone, struct error *e);

/* An entry on a stream, which has those of all organisations in the order of sealing. */
struct chain_streamed;

/* 1: the stream is this daemon's for hold_ms from now on, and stands at *ret_place. 0: another daemon has it.
 * One of a new name begins behind what is sealed now. */
int chain_stream_claim(struct tx *tx, struct arena *arena, const char *stream, const struct id *daemon,
		       int hold_ms, int64_t *ret_place, struct error *e);
/* Moves the place; does nothing if another daemon has it meanwhile. */
int chain_stream_advance(struct tx *tx, const char *stream, const struct id *daemon, int64_t place,
			 struct error *e);
/* What comes behind a place, without anything personal. */
int chain_stream_list(struct tx *tx, struct arena *arena, int64_t place, int most,
		      struct chain_streamed **ret, size_t *ret_count, struct error *e);

/* ---- for readers; organisation NULL: the operator's own chain, as for audit_list ---- */

/* A place in a chain. */
struct chain_place {
	int64_t position; /* 0: before the first entry */
	const char *link; /* hexadecimal */
};

/* The end of the chain as it stands. */
int chain_head(struct tx *tx, struct arena *arena, const struct id *organisation, struct chain_place *ret,
	       struct error *e);

/* The stretch of the chain that holds every entry written since and until then (0: open); also others,
 * because entries stand in the order in which their transactions ended. *ret_before is the place before its
 * first entry, *ret_last its last; they are the same if there is none. */
int chain_stretch(struct tx *tx, struct arena *arena, const struct id *organisation, int64_t since,
		  int64_t until, struct chain_place *ret_before, struct chain_place *ret_last,
		  struct error *e);

/* An entry in its chain, with everything that its link is made of. What was erased is NULL. */
struct chain_entry {
	struct chain_place place;
	struct audit_entry entry;      /* without names, address, before and after: they stand in personal */
	const char *commitment, *salt; /* hexadecimal */
	const char *personal;	       /* the very text that was committed to */
};

struct chain_streamed {
	int64_t number; /* its place on every stream */
	struct id organisation;
	struct chain_entry chained; /* without personal and salt */
};

/* The entries after a position, up to another, in the order of the chain: at least one if there is one, and
 * fewer than `most` if they are large. */
int chain_list(struct tx *tx, struct arena *arena, const struct id *organisation, int64_t after, int64_t last,
	       int most, struct chain_entry **ret, size_t *ret_count, struct error *e);

#endif
