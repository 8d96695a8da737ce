/* Who asks, about which organisation or connection, and whether they may: the first half of an exchange. */
#ifndef ROSTERD_ENDPOINTS_ADMIT_H
#define ROSTERD_ENDPOINTS_ADMIT_H

#include "endpoints/exchange.h"

/* Leaves the transaction open and for the organisation. */
int admit(struct exchange *x, struct error *e);

/* A directory that was here before (x->principal, recalled): what it asks for travels behind the question whether it still is let in.
 * Nothing that is found or done by that counts before admit_hear_again says so. 1 both are on their way; 0 nothing
 * is; -1. */
int admit_ask_again(struct exchange *x, struct error *e);

/* 1 it is let in, and may; 0 it is to be found out anew who it is; -1. */
int admit_hear_again(struct exchange *x, struct error *e);

/* Nobody is known any more, and nothing is on its way. */
void admit_start_over(struct exchange *x);

#endif
