/* A link for whoever administers the directory: they enter its settings and try them, without an account, and can do nothing else. */
#ifndef ROSTERD_ENDPOINTS_SETUP_LINK_H
#define ROSTERD_ENDPOINTS_SETUP_LINK_H

#include "endpoints/exchange.h"

answer_fn setup_link_create;

#endif
