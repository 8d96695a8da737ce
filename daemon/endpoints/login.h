/* Signing on for people who know nothing but their address of mail: its domain says whose they are, and that by which connection.
 *
 * Whether there is somebody with this address is neither asked nor said. */
#ifndef ROSTERD_ENDPOINTS_LOGIN_H
#define ROSTERD_ENDPOINTS_LOGIN_H

#include "endpoints/exchange.h"

enum {
	LOGIN_PER_MINUTE = 60, /* questions from one address ... */
	LOGIN_BURST = 60,      /* ... and at once */
};

answer_fn login_prepare_ask, login_ask;
answer_fn login_prepare_find, login_find;

#endif
