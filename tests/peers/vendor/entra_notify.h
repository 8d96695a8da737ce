/* Subscriptions to change notifications, and sending them: to the Unix socket of whoever subscribed, by the
 * path of the address that they gave. */
#ifndef ROSTERD_PEERS_ENTRA_NOTIFY_H
#define ROSTERD_PEERS_ENTRA_NOTIFY_H

#include "peers/vendor/server.h"

/* /v1.0/subscriptions and what stands behind it; rest: "" or "/{id}". An error has a status and a code, of
 * which the caller makes the answer. */
const char *entra_subscriptions(const struct vendor_request *request, struct vendor_reply *reply,
				const char *rest);

/* One notification: resource "Users" or "Groups". True: somebody subscribed and took it. */
bool entra_notify(const char *resource, const char *id, const char *tenant);

/* hook-socket PATH; subscriptions (how many, and their resources); forget-subscriptions; lifecycle EVENT */
bool entra_notify_tell(char **words, size_t count, struct buffer *out);

#endif
