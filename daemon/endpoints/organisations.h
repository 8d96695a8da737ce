/* Organisations. Who owns them is endpoints/ownership's. */
#ifndef ROSTERD_ENDPOINTS_ORGANISATIONS_H
#define ROSTERD_ENDPOINTS_ORGANISATIONS_H

#include "endpoints/exchange.h"

extern const char *const organisations_parameters[];
answer_fn organisations_adopt, organisations_list, organisations_create, organisations_show, organisations_change,
	organisations_delete;

/* Of one that is deleted: the address names it {deleted}, since nobody finds it as {organisation}. */
answer_fn organisations_restore;

/* Replies with an organisation as it is now. */
int organisations_reply(struct exchange *x, int status, const struct id *id, struct error *e);

#endif
