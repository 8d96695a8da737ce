/* "Test connection". */
#ifndef ROSTER_GOOGLE_CHECK_H
#define ROSTER_GOOGLE_CHECK_H

#include "google/directory.h"

int check_directory(struct directory *d);

#endif
