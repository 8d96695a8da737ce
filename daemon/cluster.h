/* A private PostgreSQL cluster: made, started with the daemon, stopped with it. Reached through a Unix socket
 * alone.
 *
 * One user of the system, who owns the folder, may sign in as superuser and as the roles of roles.sql (peer
 * authentication with a map). If the daemon is killed, the kernel tells PostgreSQL, which shuts down;
 * whatever is left of it is ended at the next start. */
#ifndef ROSTERD_CLUSTER_H
#define ROSTERD_CLUSTER_H

#include "base/error.h"

struct cluster;

/* Makes the cluster below an existing folder of ours (an absolute path) if it is not there, starts it and
 * waits until it answers. Only one process may use a folder: the caller sees to that. */
int cluster_start(const char *folder, struct cluster **ret, struct error *e);

/* -1 if PostgreSQL has ended by itself: nobody starts it again. From the main thread. */
int cluster_check(struct cluster *cluster, struct error *e);

/* Disconnects everybody, waits until it has written everything, and ends it. Leaves NULL behind. */
void cluster_stop(struct cluster **cluster);

/* Runs a file of SQL as the superuser; the first statement that fails ends it. */
int cluster_run_file(const struct cluster *cluster, const char *database, const char *path, struct error *e);

/* The folder of its socket: libpq's "host". Lives as long as the cluster. */
const char *cluster_host(const struct cluster *cluster);

#endif
