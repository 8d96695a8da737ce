/* Messages of Google's push channels. */
#ifndef ROSTER_GOOGLE_MESSAGES_H
#define ROSTER_GOOGLE_MESSAGES_H

#include "google/directory.h"

int messages_read(struct directory *d, const struct roster_message *message);

#endif
