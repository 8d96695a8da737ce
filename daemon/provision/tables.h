/* The temporary tables in which plans are made: made for one transaction, or kept empty in the session for the next.
 *
 * A reading of some people makes some forty of them for a handful of rows. To make and to drop these (files, rows of the catalogue) takes ten times
 * as long as to fill them, so they stay in the session, empty, and the next such reading there finds them. A whole listing makes its own, which
 * are others under the same names, and throws away what a reading of some has left; and where a pooler lends us the sessions of others
 * nothing is left behind.
 *
 * Each step of a plan is therefore a statement in three forms. */
#ifndef ROSTERD_PROVISION_TABLES_H
#define ROSTERD_PROVISION_TABLES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "roster/run.h"
#include "store/query.h"
#include "store/transaction.h"

enum tables {
	TABLES_DROPPED, /* they are made, and dropped when the transaction ends */
	TABLES_KEPT,    /* they are made, and emptied when it ends */
	TABLES_THERE,   /* they are there, and empty */
	TABLES_WAYS,
};

/* What must have been staged for a step to do anything; any of them is enough, 0: it is always taken. */
enum {
	TABLES_OF_GROUPS = 1, /* groups */
	TABLES_OF_MEMBERSHIPS = 2,
	TABLES_OF_MARKS = 4, /* who is gone or present */
	TABLES_OF_WHOLE = 8, /* the word that whoever is there was given or is present */
};

struct step {
	struct query each[TABLES_WAYS]; /* sql NULL: nothing is to do */
	int of; /* looked at where the tables are there: what is left out leaves them empty */
};

/* The same statement in any case; one that makes a table and fills it; an index or a view, which stay as well. None is kept prepared: they
 * run once in a run, with today's statistics. */
#define TABLES_QUERY(name, text) { name, text, QUERY_KEEPS, QUERY_ONCE }
#define TABLES_STEP(name, what, text) \
	{ { TABLES_QUERY(name, text), TABLES_QUERY(name, text), TABLES_QUERY(name, text) }, what }
#define TABLES_MAKE(name, what, table, text) \
	{ { TABLES_QUERY(name, "CREATE TEMP TABLE " table " ON COMMIT DROP AS " text), \
	    TABLES_QUERY(name, "CREATE TEMP TABLE " table " ON COMMIT DELETE ROWS AS " text), \
	    TABLES_QUERY(name, "INSERT INTO " table " " text) }, what }
#define TABLES_ONCE(name, text) { { TABLES_QUERY(name, text), TABLES_QUERY(name, text), TABLES_QUERY(name, NULL) }, 0 }

/* Beyond so many staged rows tables are made anew: an index over many is made faster than it is added to. */
enum { TABLES_FEW_MOST = 50000 };

/* How the tables of this transaction are to be had. run: whose they are; NULL: of what reads no directory. Called before any of them is
 * made. */
int tables_look(struct tx *tx, struct arena *arena, const struct run *run, enum tables *ret, struct error *e);

/* What of this run was staged, as TABLES_OF_... */
int tables_staged(const struct run *run);

/* Takes the steps in their order, with the same parameters each. staged: as tables_staged. */
int tables_take(struct tx *tx, enum tables tables, int staged, const struct step *steps, size_t step_count, const struct param *params,
                size_t count, struct error *e);

#endif
