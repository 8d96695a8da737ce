/* What a daemon knows of a directory after a reading of everything and any number of readings of what changed: the contract of
 * connector.h, carried out in the simplest way. Two that know the same have the same text. */
#ifndef ROSTERD_TESTS_MODEL_H
#define ROSTERD_TESTS_MODEL_H

#include "harness.h"

struct model;

struct model *model_open(void);
void model_close(struct model **model);

/* Takes in what the harness was given: all of it, or what changed. */
void model_take_all(struct model *model, const struct roster_call *harness);
void model_take_changed(struct model *model, const struct roster_call *harness);

/* Everybody, every group and every membership, a line each, sorted. Valid until the next call. */
const char *model_text(struct model *model);

#endif
