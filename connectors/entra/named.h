/* Reading these people and groups alone. */
#ifndef ROSTER_ENTRA_NAMED_H
#define ROSTER_ENTRA_NAMED_H

#include "entra/directory.h"

/* Gives these people, each as they are or as gone; ids ends with NULL. -1: fail() was called. */
int named_people(struct directory *d, const char *const *ids);

/* Gives a group with all its members, or as gone. */
int named_group(struct directory *d, const char *id);

int named_page(struct directory *d, const struct roster_ask *ask);

#endif
