/* What PostgreSQL's five letters mean for the caller (appendix A of its manual). */
#include "store/sqlstate.h"

#include <string.h>

#include "base/text.h"

enum { WAIT_SHORT_MS = 50, WAIT_LONG_MS = 1000 };

/* The first row that begins like the state decides: single states stand before their class. */
static const struct meaning {
	const char *state;
	enum error_kind kind;
	int wait_ms;
	const char *code, *text;
} meanings[] = {
	{ "08", ERROR_RETRY, WAIT_LONG_MS, "store.lost", "the connection to the database was lost" },
	{ "22", ERROR_INPUT, 0, "store.value", "a value is not one that the database can keep" },
	{ "23502", ERROR_INPUT, 0, "store.missing", "a value that is needed is missing" },
	{ "23503", ERROR_CONFLICT, 0, "store.reference",
	  "it refers to something that is not there, or is still referred to" },
	{ "23505", ERROR_CONFLICT, 0, "store.unique", "it exists already" },
	{ "23514", ERROR_INPUT, 0, "store.check", "a value is not allowed here" },
	{ "23", ERROR_CONFLICT, 0, "store.conflict", "it is in conflict with something that exists" },
	{ "25006", ERROR_RETRY, WAIT_LONG_MS, "store.read_only", "the database takes no changes now" },
	{ "25P03", ERROR_RETRY, WAIT_SHORT_MS, "store.lost",
	  "the database closed a transaction that was idle too long" },
	{ "40", ERROR_RETRY, WAIT_SHORT_MS, "store.collision",
	  "somebody else changed the same thing at the same moment" },
	{ "53", ERROR_RETRY, WAIT_LONG_MS, "store.exhausted", "the database has no room or connection left" },
	{ "55P03", ERROR_RETRY, WAIT_SHORT_MS, "store.locked", "somebody else is at work on the same thing" },
	{ "57014", ERROR_LIMIT, 0, "store.timeout", "the database needed longer than it may" },
	{ "57P", ERROR_RETRY, WAIT_LONG_MS, "store.down", "the database is starting or stopping" },
	{ "", ERROR_INTERNAL, 0, "store.failed", "the database refused a statement" },
};

int sqlstate_error(const char *state, struct error *e)
{
	const struct meaning *m = meanings;

	while (!text_begins(state, m->state))
		m++;
	error_set(e, m->kind, m->code, "%s", m->text);
	if (e)
		e->wait_ms = m->wait_ms;
	return -1;
}

bool sqlstate_quotes_values(const char *state)
{
	return text_begins(state, "22");
}
