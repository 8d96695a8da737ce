/* The audit in its chain, for whoever checks it elsewhere: docs/audit.md tells the two formats. */
#ifndef ROSTERD_ENDPOINTS_AUDIT_EXPORT_H
#define ROSTERD_ENDPOINTS_AUDIT_EXPORT_H

#include "endpoints/exchange.h"

extern const char *const audit_export_parameters[];
answer_fn audit_export, audit_head;

#endif
