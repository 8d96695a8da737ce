/* Reading these people and groups alone. */
#ifndef ROSTER_GOOGLE_NAMED_H
#define ROSTER_GOOGLE_NAMED_H

#include "google/directory.h"

int named_page(struct directory *d, const struct roster_ask *ask);

#endif
