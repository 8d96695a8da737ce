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

/* Whom a group does not name any more, though it names somebody new whom nobody answers to, is asked for this often at most, or without
 * the doubt's end would stay in it for ever. Within a statement. */
#define RENAME_ASKED_MOST "3"

/* Within a statement: whether that group has named them since by the name of now, so that the one of before means them no more there. c: a row
 * with subject, former_key, and whether they were renamed just now (fresh). */
#define RENAME_SAID_SINCE(group) \
	"(NOT c.fresh AND EXISTS (SELECT FROM renames r WHERE r.organisation = $1 AND r.connection = $2 AND r.subject = c.subject " \
	"AND r.former_key = c.former_key AND " group " = ANY (r.said_by)))"

/* Writes down who was renamed by this reading and is still in a group that does not say so, and strikes out of whom this reading, having
 * begun after that time, says which groups they are in. Plan's tables must be there, and the plan be applied. */
int rename_keep(struct tx *tx, const struct source *source, const struct run *run, struct error *e);

#endif
