/* What is counted: for Prometheus, and in short for the operator. From memory alone, so that it is there when the database is
 * not. */
#ifndef ROSTERD_ENDPOINTS_FIGURES_H
#define ROSTERD_ENDPOINTS_FIGURES_H

#include "endpoints/exchange.h"

answer_fn figures_show, figures_status;

#endif
