/* What PostgreSQL's five letters mean for the caller. For the rooms of store/ alone. */
#ifndef ROSTERD_STORE_SQLSTATE_H
#define ROSTERD_STORE_SQLSTATE_H

#include <stdbool.h>

#include "base/error.h"

enum { SQLSTATE_SIZE = 6 };

/* Fills e with kind, code, text and wait_ms, and returns -1. */
int sqlstate_error(const char *state, struct error *e);

/* Whether the server's message for this state may hold values that were bound (class 22: "invalid input
 * syntax for ..."). */
bool sqlstate_quotes_values(const char *state);

#endif
