/* The domains of an organisation. */
#ifndef ROSTERD_ENDPOINTS_DOMAINS_H
#define ROSTERD_ENDPOINTS_DOMAINS_H

#include "endpoints/exchange.h"

answer_fn domains_adopt, domains_list, domains_show, domains_add, domains_change, domains_check, domains_remove;

#endif
