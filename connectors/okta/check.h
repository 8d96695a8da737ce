/* "Test connection". */
#ifndef ROSTER_OKTA_CHECK_H
#define ROSTER_OKTA_CHECK_H

#include "okta/directory.h"

int check_directory(struct directory *d);

#endif
