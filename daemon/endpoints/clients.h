/* The operator's applications, as the operator manages them; and the keys that sign for them. */
#ifndef ROSTERD_ENDPOINTS_CLIENTS_H
#define ROSTERD_ENDPOINTS_CLIENTS_H

#include "endpoints/exchange.h"

answer_fn clients_list, clients_show, clients_create, clients_change, clients_delete, clients_rotate,
	clients_adopt;
answer_fn signing_keys_list, signing_keys_roll;

#endif
