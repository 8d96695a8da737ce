/* Okta's event hooks: that somebody or a group has changed, and who. */
#ifndef ROSTER_OKTA_MESSAGES_H
#define ROSTER_OKTA_MESSAGES_H

#include "okta/directory.h"

/* As roster_notifications.read. */
int message_read(struct directory *d, const struct roster_message *message);

#endif
