/* The members of an organisation. */
#ifndef ROSTERD_ENDPOINTS_MEMBERS_H
#define ROSTERD_ENDPOINTS_MEMBERS_H

#include "endpoints/exchange.h"

struct member;

extern const char *const members_parameters[];
answer_fn members_list, members_create, members_show, members_change, members_remove, members_give_back_role;

/* A member of the exchange's organisation by id or address, or ERROR_NOT_FOUND "member.unknown". */
int members_find(struct exchange *x, const char *named, struct member *ret, struct error *e);

/* One member: as an item of a list (name NULL), or as a member of an object. */
void members_put(struct json_writer *w, const char *name, const struct member *member);

#endif
