/* What groups called those who were renamed, kept until their directory has had its time.
 *
 * A directory that keeps references whole after a rename may do it in the background and without a word (OpenLDAP's refint), or not at
 * all. Until then plan and increment take nobody out of a group for having been renamed; afterwards the watch has them asked for by name
 * (schema/0029_renames.sql), and what is said then counts. Who is taken out of a group otherwise, is. */
#ifndef ROSTERD_PROVISION_RENAME_H
#define ROSTERD_PROVISION_RENAME_H

#include "base/error.h"
#include "provision/source.h"
#include "roster/run.h"
#include "store/transaction.h"

/* Writes down who was renamed by this reading and is still in a group that does not say so, and strikes out of whom this reading, having
 * begun after that time, says which groups they are in. Plan's tables must be there, and the plan be applied. */
int rename_keep(struct tx *tx, const struct source *source, const struct run *run, struct error *e);

#endif
