/* Local accounts as administrators see and change them. What people do with their own is elsewhere
 * (account_sign_on, account_link). */
#ifndef ROSTERD_ENDPOINTS_ACCOUNTS_H
#define ROSTERD_ENDPOINTS_ACCOUNTS_H

#include "endpoints/exchange.h"

answer_fn accounts_list, accounts_show, accounts_delete;
answer_fn accounts_link;
answer_fn accounts_remove_factor, accounts_policy, accounts_set_policy;
answer_fn accounts_break_glass, accounts_break_glass_end;

#endif
