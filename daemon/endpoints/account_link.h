/* Links that are good once: whoever opens one sets the password of an account. Opening it uses nothing up,
 * since programs look at the links in mails. */
#ifndef ROSTERD_ENDPOINTS_ACCOUNT_LINK_H
#define ROSTERD_ENDPOINTS_ACCOUNT_LINK_H

#include "endpoints/exchange.h"

enum {
	ACCOUNT_LINK_PER_MINUTE = 60, /* links that are tried from one address of the network */
	ACCOUNT_LINK_BURST = 90,
};

answer_fn account_link_prepare_open, account_link_open;
answer_fn account_link_prepare_use, account_link_use;

#endif
