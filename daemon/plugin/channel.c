/* A child and the frames to and from it, under a deadline. */
#include "plugin/channel.h"

#include "base/clock.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int channel_open(struct channel *channel, const struct host_options *options, struct error *e)
{
	*channel = (struct channel){ .plugin = options->plugin };
	if (host_start(options, &channel->host, e) < 0)
		return -1;
	wire_reader_open(&channel->reader, host_socket(channel->host), WIRE_CHILD);
	wire_writer_open(&channel->writer, host_socket(channel->host), WIRE_DAEMON);
	return 0;
}

void channel_close(struct channel *channel)
{
	if (!channel->host)
		return;
	wire_reader_close(&channel->reader);
	wire_writer_close(&channel->writer);
	host_close(&channel->host);
}

void channel_allow(struct channel *channel, int allowed_ms)
{
	channel->allowed_ms = allowed_ms;
	channel->deadline_ms = clock_monotonic_ms() + allowed_ms;
	channel->step[0] = '\0';
}

/* ---- what goes wrong ---- */

static int too_late(struct channel *channel, struct error *e)
{
	char allowed[32];

	host_kill(channel->host);
	if (channel->allowed_ms % 1000 == 0)
		snprintf(allowed, sizeof(allowed), "%d s", channel->allowed_ms / 1000);
	else
		snprintf(allowed, sizeof(allowed), "%d ms", channel->allowed_ms);
	if (channel->step[0])
		return error_set(e, ERROR_REMOTE, "plugin.deadline",
		                 "no answer within %s while %.300s; the server may be frozen, or the deadline too short",
		                 allowed, channel->step);
	return error_set(e, ERROR_REMOTE, "plugin.deadline", "no answer within %s from plug-in \"%s\", which did not say "
	                 "what it was doing", allowed, channel->plugin);
}

int channel_broken(struct channel *channel, struct error *e, const char *fmt, ...)
{
	char what[ERROR_TEXT_MOST];
	va_list args;

	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	host_kill(channel->host);
	return error_set(e, ERROR_REMOTE, "plugin.protocol", "plug-in \"%s\" broke the rules and was ended: %s",
	                 channel->plugin, what);
}

/* 1: ready. -1: too late, or stopped. */
static int await(struct channel *channel, short events, struct error *e)
{
	int ready = host_wait(channel->host, events, channel->deadline_ms, e);

	if (ready < 0)
		host_kill(channel->host);
	return ready == 0 ? too_late(channel, e) : ready;
}

/* ---- frames ---- */

static int receive(struct channel *channel, struct error *e)
{
	int got;

	if (await(channel, POLLIN, e) < 0)
		return -1;
	got = wire_receive(&channel->reader, e);
	return got == 0 ? host_autopsy(channel->host, channel->step, e) : got;
}

/* True for a frame that tells what is being done now. */
static bool take_step(struct channel *channel, const struct wire_frame *frame)
{
	if (frame->kind != WIRE_STEP)
		return false;
	snprintf(channel->step, sizeof(channel->step), "%s", wire_text(frame, WIRE_LINE));
	return true;
}

int channel_next(struct channel *channel, struct wire_frame *ret, struct error *e)
{
	for (;;) {
		struct error why;
		int got = wire_read(&channel->reader, ret, &why);

		if (got < 0)
			return channel_broken(channel, e, "%s", why.text);
		if (got > 0 && !take_step(channel, ret))
			return 0;
		/* A child that always has something to say meets its deadline as well. */
		if (got > 0 && clock_left_ms(channel->deadline_ms) == 0)
			return too_late(channel, e);
		if (got == 0 && receive(channel, e) < 0)
			return -1;
	}
}

int channel_send(struct channel *channel, int fd, struct error *e)
{
	struct error why;
	int sent;

	while ((sent = wire_flush_fd(&channel->writer, fd, &why)) == 0) {
		if (await(channel, POLLOUT, e) < 0)
			return -1;
	}
	return sent < 0 ? host_autopsy(channel->host, channel->step, e) : 0;
}

bool channel_is_idle(struct channel *channel)
{
	struct wire_frame frame;

	return wire_receive(&channel->reader, NULL) >= 0 && wire_read(&channel->reader, &frame, NULL) == 0 &&
	       channel->reader.begin == channel->reader.end;
}
