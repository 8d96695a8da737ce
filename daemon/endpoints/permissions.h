/* Who one is, what one may, and whether somebody may do something. */
#ifndef ROSTERD_ENDPOINTS_PERMISSIONS_H
#define ROSTERD_ENDPOINTS_PERMISSIONS_H

#include "endpoints/exchange.h"

answer_fn permissions_whoami, permissions_show, permissions_check;

#endif
