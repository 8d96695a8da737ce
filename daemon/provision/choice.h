/* What a member shows, chosen among what their sources say: name, address, title, department, role, state.
 *
 * The order of the sources stands in the database (source_ranks, schema/0021_connection_life.sql) and each attribute may have its own. A source
 * that says nothing of an attribute is passed over; a connection says nothing of whom it no longer shows. So the roster depends on what the
 * directories say now, and not on which of them was read last. Nothing here decides who somebody is. */
#ifndef ROSTERD_PROVISION_CHOICE_H
#define ROSTERD_PROVISION_CHOICE_H

#include "base/error.h"
#include "base/id.h"
#include "provision/tables.h"
#include "store/transaction.h"

/* A member of a JSON object if the two differ: for before and after. */
#define CHOICE_IF_NEW(json_name, old, new, shown) "'" json_name "', CASE WHEN " old " IS DISTINCT FROM " new " THEN " shown " END"

/* What a member shows before ("old_") or after (""), where the two differ; of a row of `shown` that is called h. */
#define CHOICE_SHOWN(when) \
	"jsonb_strip_nulls(jsonb_build_object(" \
	CHOICE_IF_NEW("connection", "h.old_connection", "h.connection", "h." when "label") ", " \
	CHOICE_IF_NEW("name", "h.old_name", "h.name", "h." when "name") ", " \
	CHOICE_IF_NEW("email", "h.old_email", "h.email", "h." when "email") ", " \
	CHOICE_IF_NEW("title", "h.old_title", "h.title", "h." when "title") ", " \
	CHOICE_IF_NEW("department", "h.old_department", "h.department", "h." when "department") "))"

/* Whether a directory that is read, or pushes, has a word on somebody: it shows them, or has shown them and does no more. Accounts that are there no less
 * because their connection was deleted are nobody's word, but for what back says (SQL about the connection d, or ""). $1 is the organisation. */
#define CHOICE_IN_DIRECTORY(person, back) \
	"EXISTS (SELECT FROM accounts o JOIN connections d ON d.organisation = $1 AND d.id = o.connection WHERE o.organisation = $1 " \
	"AND o.user_id = " person " AND NOT o.by_sign_on AND (o.gone_at IS NOT NULL OR d.state <> 'deleted'" back "))"

/* Expects the temporary table `told`: a row for each account of the people concerned, as it will be (person, connection, standing, role,
 * name, email, title, department); nobody who is gone is in it. standing NULL: it has no word on that.
 *
 * Makes `sources` (ranks), `chosen` (person, connection, standing, and the values; role NULL: nobody has a word on it), `shown` (members of
 * whom something else is to be shown: old_... and new), `role_changes` and `role_sources` (the role stays, its reason does not).
 * wanted: an order that is only planned (JSON as source_ranks takes it); NULL: as it is kept. */
int choice_make(struct tx *tx, enum tables tables, const struct id *organisation, const char *default_role, const char *wanted, struct error *e);

#endif
