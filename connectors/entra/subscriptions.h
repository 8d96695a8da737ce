/* Subscriptions to change notifications: of people, and of groups if they are read. They end after 29 days at
 * most, and are renewed. */
#ifndef ROSTER_ENTRA_SUBSCRIPTIONS_H
#define ROSTER_ENTRA_SUBSCRIPTIONS_H

#include "entra/directory.h"

enum { SUBSCRIPTIONS_RENEW_AFTER_S = 7 * 86400 };

/* As in roster_notifications. */
int subscriptions_make(struct directory *d);
int subscriptions_renew(struct directory *d);
int subscriptions_end(struct directory *d);

#endif
