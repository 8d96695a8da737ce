/* What a member shows, chosen among what their sources say: name, address, title, department, role, state.
 *
 * The order of the sources stands in the database (source_ranks, schema/0018_precedence.sql) and each attribute may have its own. A source
 * that says nothing of an attribute is passed over; a connection says nothing of whom it no longer shows. So the roster depends on what the
 * directories say now, and not on which of them was read last. Nothing here decides who somebody is. */
#ifndef ROSTERD_PROVISION_CHOICE_H
#define ROSTERD_PROVISION_CHOICE_H

#include "base/error.h"
#include "base/id.h"
#include "store/transaction.h"

/* Expects the temporary table `told`: a row for each account of the people concerned, as it will be (person, connection, standing, role,
 * name, email, title, department); nobody who is gone is in it.
 *
 * Makes `sources` (ranks), `chosen` (person, connection, standing, and the values; role NULL: nobody has a word on it), `shown` (members of
 * whom something else is to be shown: old_... and new), `role_changes` and `role_sources` (the role stays, its reason does not).
 * wanted: an order that is only planned (JSON as source_ranks takes it); NULL: as it is kept. */
int choice_make(struct tx *tx, const struct id *organisation, const char *default_role, const char *wanted, struct error *e);

#endif
