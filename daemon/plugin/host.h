/* The confined child: starts it, limits it, listens to what it complains about, kills it, and says how it died.
 *
 * It runs rosterd-connector with nothing but its socket (3) and the plug-in's file (4): no environment, no other
 * descriptor, no network, no privileges, its own namespaces where the kernel permits them. What it may still do with
 * files and system calls it gives up itself before the plug-in's first line runs (connectors/host/confine.c).
 * The daemon never loads a plug-in.
 *
 * One thread uses a host at a time; host_cancel alone may be called from any thread. The child dies with the thread
 * that started it. */
#ifndef ROSTERD_PLUGIN_HOST_H
#define ROSTERD_PLUGIN_HOST_H

#include <stdint.h>

#include "base/error.h"

struct host;
struct log;

enum {
	HOST_FILES_MOST = 64,          /* descriptors that it may have open */
	HOST_FILE_SIZE_MOST = 1048576, /* for files in memory; no other can be written */
	HOST_CPU_S_MOST = 3600,        /* seconds of processor time in all */
	HOST_GRACE_MS = 500,           /* to end by itself after its socket was closed */
	HOST_COMPLAINTS_MOST = 16384,  /* bytes of its standard error that reach our log */
};

struct host_options {
	const char *child_path;  /* rosterd-connector */
	const char *plugin;      /* its name, for messages */
	int plugin_fd;           /* its file, open for reading; borrowed until host_start returns */
	uint64_t memory_most;    /* bytes of address space */
	const struct log *log;   /* for what it writes to standard error; borrowed until host_close */
};
int host_start(const struct host_options *options, struct host **ret, struct error *e);

/* Closes the socket, lets the child end by itself for HOST_GRACE_MS, kills it and reaps it. */
void host_close(struct host **host);

/* Our end of the socket pair: a stream, non-blocking. */
int host_socket(const struct host *host);

/* Waits until the socket is ready for `events` (poll(2)), and logs what the child complains about meanwhile.
 * 1: ready. 0: the deadline (of the monotonic clock) has passed. -1: host_cancel was called (ERROR_RETRY
 * "plugin.cancelled") or waiting failed. */
int host_wait(struct host *host, short events, int64_t deadline_ms, struct error *e);

/* Makes a host_wait under way, and all later ones, fail. Any thread. */
void host_cancel(struct host *host);

/* Descriptor that is readable once host_cancel was called, for those who wait for something else in between. */
int host_cancel_fd(const struct host *host);

/* Kills the child at once, without grace. */
void host_kill(struct host *host);

/* After the socket has ended without a word: waits for the child's end (or brings it about) and fills the error with
 * how it died: ERROR_REMOTE "plugin.crashed", "plugin.forbidden", "plugin.memory", "plugin.cpu" or "plugin.ended".
 * step: what it did last, may be empty. Returns -1. */
int host_autopsy(struct host *host, const char *step, struct error *e);

#endif
