/* Push channels: Google is asked to say when users change. */
#ifndef ROSTER_GOOGLE_CHANNELS_H
#define ROSTER_GOOGLE_CHANNELS_H

#include "google/directory.h"

enum { CHANNELS_RENEW_S = 3 * 3600 }; /* half of what Google lets them live at most */

/* As in roster_notifications. */
int channels_subscribe(struct directory *d);
int channels_renew(struct directory *d);
int channels_unsubscribe(struct directory *d);

#endif
