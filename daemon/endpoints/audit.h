/* The audit log, read. */
#ifndef ROSTERD_ENDPOINTS_AUDIT_H
#define ROSTERD_ENDPOINTS_AUDIT_H

#include "endpoints/exchange.h"

extern const char *const audit_parameters[];
answer_fn audit_show;

#endif
