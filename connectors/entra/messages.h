/* Change and lifecycle notifications of Graph. */
#ifndef ROSTER_ENTRA_MESSAGES_H
#define ROSTER_ENTRA_MESSAGES_H

#include "entra/directory.h"

int messages_read(struct directory *d, const struct roster_message *message);

#endif
