/* The end of a connection and its return, by runs whose plans are shown like any other. */
#ifndef ROSTERD_ENDPOINTS_CONNECTION_LIFE_H
#define ROSTERD_ENDPOINTS_CONNECTION_LIFE_H

#include "endpoints/exchange.h"

/* At once, if it shows nobody: ERROR_CONFLICT "connection.has_people" otherwise. */
answer_fn connection_life_delete;
/* With a plan for its people; brought back from the bin. */
answer_fn connection_life_end, connection_life_restore;

#endif
