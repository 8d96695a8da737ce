/* Listening sockets that the service manager hands in (sd_listen_fds(3)), in place of those that we would open.
 *
 * The configuration stays the one truth about where we listen: a socket is taken if it is called after the setting that
 * names its place (FileDescriptorName=socket or =listen) and is bound there. What nobody hands in is opened as ever. */
#ifndef ROSTERD_HANDED_H
#define ROSTERD_HANDED_H

#include "base/error.h"

struct arena;
struct server_options;

/* Moves the places of sockets that were handed in from options->listen to options->inherited, and takes the sockets out of
 * the environment. ERROR_INPUT "service.socket" says which socket and setting do not agree. */
int handed_take(struct server_options *options, struct arena *arena, struct error *e);

#endif
