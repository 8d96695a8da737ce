/* Runs: asked for, watched, approved or dropped. */
#ifndef ROSTERD_ENDPOINTS_RUNS_H
#define ROSTERD_ENDPOINTS_RUNS_H

#include "endpoints/exchange.h"

extern const char *const runs_parameters[];
answer_fn runs_list, runs_ask, runs_show, runs_changes, runs_approve, runs_drop;

#endif
