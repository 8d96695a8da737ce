/* Reading these people and groups alone. */
#ifndef ROSTER_OKTA_NAMED_H
#define ROSTER_OKTA_NAMED_H

#include "okta/directory.h"

int named_page(struct directory *d, const struct roster_ask *ask);

#endif
