/* Waiting for changes by content synchronisation (RFC 4533). */
#ifndef ROSTER_LDAP_SYNC_WATCH_H
#define ROSTER_LDAP_SYNC_WATCH_H

#include <stddef.h>

#include "ldap/directory.h"
#include "ldap/view.h"

/* As the strategy's watch and forget. */
int sync_watch(struct directory *directory, const struct view *view, const char *place, size_t size);
void sync_watch_forget(struct directory *directory);

#endif
