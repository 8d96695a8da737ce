/* Groups of the directories, and who is in them. */
#ifndef ROSTERD_ENDPOINTS_GROUPS_H
#define ROSTERD_ENDPOINTS_GROUPS_H

#include "endpoints/exchange.h"

answer_fn groups_list, groups_members;

#endif
