/* "Test connection". */
#ifndef ROSTER_ENTRA_CHECK_H
#define ROSTER_ENTRA_CHECK_H

#include "entra/directory.h"

int check_directory(struct directory *d);

#endif
