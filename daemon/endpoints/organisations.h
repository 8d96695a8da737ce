/* Organisations, and who owns them. */
#ifndef ROSTERD_ENDPOINTS_ORGANISATIONS_H
#define ROSTERD_ENDPOINTS_ORGANISATIONS_H

#include "endpoints/exchange.h"

extern const char *const organisations_parameters[];
answer_fn organisations_adopt, organisations_list, organisations_create, organisations_show, organisations_change,
	organisations_own, organisations_delete;

/* Of one that is deleted: the address names it {deleted}, since nobody finds it as {organisation}. */
answer_fn organisations_restore;

#endif
