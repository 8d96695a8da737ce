/* Runs: asked for, watched, approved or dropped. */
#ifndef ROSTERD_ENDPOINTS_RUNS_H
#define ROSTERD_ENDPOINTS_RUNS_H

#include "endpoints/exchange.h"

struct run;

/* The end of an exchange that asked for one: an entry run.asked (after: JSON or NULL), and the run. */
int runs_show_asked(struct exchange *x, const struct run *run, const char *after, struct error *e);

extern const char *const runs_parameters[];
answer_fn runs_list, runs_ask, runs_show, runs_changes, runs_approve, runs_drop;

#endif
