/* Which master keys the secrets of connections are sealed by, and sealing them by the new one. */
#ifndef ROSTERD_ENDPOINTS_MASTER_KEYS_H
#define ROSTERD_ENDPOINTS_MASTER_KEYS_H

#include "endpoints/exchange.h"

enum { RESEAL_MOST = 500 }; /* secrets of one exchange */

answer_fn master_keys_list, master_keys_reseal;

#endif
