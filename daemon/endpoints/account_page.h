/* What people see and change of their own local account, while they are signed in: the password, the second
 * factor, recovery codes. Whatever they change, the password is shown again. */
#ifndef ROSTERD_ENDPOINTS_ACCOUNT_PAGE_H
#define ROSTERD_ENDPOINTS_ACCOUNT_PAGE_H

#include "endpoints/exchange.h"

answer_fn account_page_prepare_show, account_page_show;
answer_fn account_page_prepare_change, account_page_change;

#endif
