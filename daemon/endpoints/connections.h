/* Connections to directories: made, tested, changed. */
#ifndef ROSTERD_ENDPOINTS_CONNECTIONS_H
#define ROSTERD_ENDPOINTS_CONNECTIONS_H

#include "endpoints/exchange.h"

struct connection;

answer_fn connections_adopt, connections_same_directory, connections_list, connections_create, connections_show, connections_change;
extern const char *const connections_parameters[];
answer_fn connections_prepare_create, connections_prepare_change;
answer_fn connections_prepare_test, connections_test;

/* A connection of the exchange's organisation by id or name, or ERROR_NOT_FOUND "connection.unknown". */
int connections_find(struct exchange *x, const char *named, struct connection *ret, struct error *e);

#endif
