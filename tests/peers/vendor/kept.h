/* Answers that are kept in files and given again to the same question: so that a bench measures who reads and not who makes them up. */
#ifndef TESTS_PEERS_VENDOR_KEPT_H
#define TESTS_PEERS_VENDOR_KEPT_H

#include <stdbool.h>

#include "peers/vendor/server.h"

/* From now on in this folder; an answer to a GET is given from it if it is there. */
void kept_open(const char *folder);

/* Whether the answer was kept: it is in the reply then. */
bool kept_find(const struct vendor_request *request, struct vendor_reply *reply);

void kept_add(const struct vendor_request *request, const struct vendor_reply *reply);

#endif
