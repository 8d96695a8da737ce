/* Whoever a whole listing no longer shows is asked for once more, by their own key, before it is believed.
 *
 * A page that was lost, repeated or emptied on its way leaves a listing that looks whole. But who is still there answers to their name. */
#ifndef ROSTERD_SYNC_WITNESS_H
#define ROSTERD_SYNC_WITNESS_H

#include <stdatomic.h>

#include "base/arena.h"
#include "base/error.h"
#include "plugin/link.h"
#include "provision/source.h"
#include "roster/proof.h"
#include "roster/run.h"

enum {
	WITNESS_ONCE = 1000, /* people, and groups, in one question: ROSTER_NAMED_MOST */
	WITNESS_MOST = 5000, /* of those who are lost; of more, so many chosen by chance */
};

#define WITNESS_PART "asked again"

struct lease;
struct store;

struct witness {
	struct store *store;
	struct link *link;
	const struct source *source;
	const struct run *run;
	int page_most;
	const atomic_bool *stop;
	struct lease *lease; /* renewed with each question */
	int64_t lease_ms;
	int64_t until_ms; /* of clock_monotonic_ms: by then nobody is asked any more (sync.read_timeout) */
};

/* After all pages are staged, before the run is reconciled: a part of the proof, whose texts live in the arena. Its evidence is held,
 * missing, or untold if the plug-in cannot be asked for single people. A plug-in that fails now leaves it missing. -1: our own
 * database failed, or the daemon ends. */
int witness_hear(const struct witness *witness, struct arena *arena, struct proof_part *ret, struct error *e);

#endif
