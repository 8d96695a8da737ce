/* Reading these people and groups alone. */
#ifndef ROSTER_OKTA_NAMED_H
#define ROSTER_OKTA_NAMED_H

#include "okta/directory.h"

/* Gives these people, each as they are or as gone; ids ends with NULL. -1: fail() was called. */
int named_people(struct directory *d, const char *const *ids);

int named_page(struct directory *d, const struct roster_ask *ask);

#endif
