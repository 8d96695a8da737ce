/* Whether we are well: alive, ready, and why not. Answered from memory, so that the question costs nothing and is answered
 * when nothing else is. */
#ifndef ROSTERD_ENDPOINTS_HEALTH_H
#define ROSTERD_ENDPOINTS_HEALTH_H

#include "endpoints/exchange.h"

struct health;
struct json_writer;
struct probe;
struct server;

struct health *health_open(struct probe *probe);
void health_close(struct health **health);

/* The server whose listeners count; NULL: it is about to end, and so is readiness. */
void health_serve(struct health *health, const struct server *server);

/* Whether requests can be served; the first check that fails says why not. */
int health_judge(struct health *health, struct error *e);
/* {"database": "ok", "schema": "schema.old", ...}: each check by its name, with the code of what is wrong. */
void health_put_checks(struct health *health, struct json_writer *w, const char *name);

extern const char *const health_parameters[];

answer_fn health_live, health_ready, health_show;

#endif
