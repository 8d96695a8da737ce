/* "Test connection". */
#ifndef ROSTER_AUTH0_CHECK_H
#define ROSTER_AUTH0_CHECK_H

#include "auth0/directory.h"

int check_directory(struct directory *d);

#endif
