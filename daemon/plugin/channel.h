/* A child and the frames to and from it, under a deadline: whatever goes wrong becomes an error that says which it was.
 *
 * After a function has given -1 the child is dead or as good as dead: the channel can only be closed. */
#ifndef ROSTERD_PLUGIN_CHANNEL_H
#define ROSTERD_PLUGIN_CHANNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "plugin/host.h"
#include "plugin/wire.h"

enum { CHANNEL_STEP_SIZE = 513 };

struct channel {
	const char *plugin; /* its name; borrowed */
	struct host *host;
	struct wire_reader reader;
	struct wire_writer writer;
	int64_t deadline_ms; /* of the monotonic clock */
	int allowed_ms;
	char step[CHANNEL_STEP_SIZE]; /* what the plug-in did last */
};

int channel_open(struct channel *channel, const struct host_options *options, struct error *e);
void channel_close(struct channel *channel); /* also one that is all zero */

/* From now on, allowed_ms until the deadline. */
void channel_allow(struct channel *channel, int allowed_ms);

/* The next frame, whose values live until the next call. Steps are remembered and not handed out. */
int channel_next(struct channel *channel, struct wire_frame *ret, struct error *e);

/* Sends what was written into channel->writer, with a descriptor (-1: none). */
int channel_send(struct channel *channel, int fd, struct error *e);

/* Whether something has arrived that was not read: between calls, a fault of the child. */
bool channel_is_idle(struct channel *channel);

/* The child broke a rule: kills it. ERROR_REMOTE "plugin.protocol"; returns -1. */
int channel_broken(struct channel *channel, struct error *e, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
