/* Stages what was seen: pages of people, groups, memberships and marks into a run's own tables, streamed by COPY. A mark says of a
 * key that it is gone, or that it is there and as it was.
 *
 * A run has five tables in schema staging, unlogged ones if everybody is read, which live from its first page to its end. Rows wait here in buffers of fixed
 * size and go out when a buffer is full or the page is whole, so a group of a million never stands in memory. The number of rows sent is
 * counted with the run: a table that lost rows (the server crashed) is found out before anybody is called gone. */
#ifndef ROSTERD_PROVISION_STAGE_H
#define ROSTERD_PROVISION_STAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/id.h"
#include "provision/source.h"
#include "roster/identity.h"
#include "store/transaction.h"

/* The code of a record that the plug-in itself could not read: its id may be anything. */
#define STAGE_UNREADABLE "record.unreadable"

struct stage;

/* What was put in so far: people (also those that are poor), groups, memberships (also those that are no more), refused, marks. */
struct stage_counts {
	int64_t people, groups, memberships, refused, marks;
};

/* Makes the run's tables, empty ones if there are any already. few: what changed, or those who are named; such rows are logged, because an
 * unlogged table waits for the disk as it is made, and so does each of its indexes, which takes longer than to log a few rows. */
int stage_prepare(struct tx *tx, const struct id *run, bool few, struct error *e);

/* Drops them. */
int stage_drop(struct tx *tx, const struct id *run, struct error *e);

/* Drops the tables of runs that are over (a daemon died before it could). ret_dropped may be NULL. */
int stage_sweep(struct tx *tx, int *ret_dropped, struct error *e);

/* Gives the run's tables the names that plan's statements use (staged_people, ...), within this transaction, and takes them away again.
 * indexed: they are few, and looked up one by one. */
int stage_expose(struct tx *tx, const struct id *run, bool indexed, struct error *e);
int stage_hide(struct tx *tx, struct error *e);

/* Who was staged without a usable user name (staged_unnamed) and is known by their key gets the one that they had, and is one of
 * staged_people then; whoever is not known stays apart: nobody can come in so. all: it is a listing of all. */
int stage_name(struct tx *tx, const struct source *source, bool all, struct error *e);

/* Who is here by this connection, and was neither staged nor said to be gone: how many, and the keys of at most `most` of each, chosen by chance, ended by NULL.
 * Not while the run is exposed. */
struct stage_lost {
	int64_t people, groups;
	const char *const *person_ids, *const *group_ids;
};
int stage_lost(struct tx *tx, struct arena *arena, const struct source *source, const struct id *run, int most,
               struct stage_lost *ret, struct error *e);

/* Buffers for one run; source is borrowed until stage_close. */
struct stage *stage_open(const struct source *source, const struct id *run);
void stage_close(struct stage **stage);

/* Takes one in. What cannot be taken becomes a row of refused people with the reason, never an error. A person or group that
 * is gone becomes a mark. */
void stage_person(struct stage *stage, const struct identity *person);
void stage_group(struct stage *stage, const struct identity_group *group);
void stage_membership(struct stage *stage, const struct identity_membership *membership);
void stage_membership_gone(struct stage *stage, const struct identity_membership *membership);
void stage_present(struct stage *stage, bool group, const char *remote_id);
void stage_refused(struct stage *stage, const char *remote_id, const char *reason);

/* Whether a buffer has no room for one more: flush now. */
bool stage_full(const struct stage *stage);

/* Sends all that waits. ret_sent: how many of each went out. After a failure the stage can only be closed. */
int stage_flush(struct stage *stage, struct tx *tx, struct stage_counts *ret_sent, struct error *e);

#endif
