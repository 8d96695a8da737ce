#include "deliver/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/id.h"
#include "deliver/log_line.h"
#include "roster/chain.h"

struct stream {
	struct stream_options options;
	const char *socket;
	bool to_journal;
	struct id daemon;
	char host[256];
	struct buffer line;
	int fd; /* -1: not connected */
};

int stream_open(const struct stream_options *options, struct stream **ret, struct error *e)
{
	struct stream *s = calloc(1, sizeof(*s));

	if (!s)
		return error_set(e, ERROR_INTERNAL, "audit.stream", "no memory for the audit's stream");
	s->options = *options;
	s->to_journal = text_equal(options->kind, "journal");
	s->socket = options->socket ? options->socket
		    : s->to_journal ? STREAM_JOURNAL_SOCKET
				    : STREAM_SYSLOG_SOCKET;
	s->daemon = id_new();
	s->fd = -1;
	buffer_open(&s->line, LOG_LINE_BYTES_MOST);
	if (gethostname(s->host, sizeof(s->host) - 1) < 0 || !s->host[0])
		strcpy(s->host, "-");
	*ret = s;
	return 0;
}

static void hang_up(struct stream *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

void stream_close(struct stream **stream)
{
	if (*stream) {
		hang_up(*stream);
		buffer_close(&(*stream)->line);
	}
	free(*stream);
	*stream = NULL;
}

/* ---- the log ---- */

static int not_taken(struct stream *s, struct error *e)
{
	int number = errno;

	hang_up(s);
	return error_set(e, ERROR_RETRY, "audit.stream",
			 "%s at \"%s\" does not take the audit's entries: %s; they wait in the database",
			 s->to_journal ? "the journal" : "syslog", s->socket, strerror(number));
}

static int dial(struct stream *s, struct error *e)
{
	const struct timeval patience = { .tv_sec = STREAM_SEND_MS / 1000 };
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	if (s->fd >= 0)
		return 0;
	if (strlen(s->socket) >= sizeof(to.sun_path)) {
		errno = ENAMETOOLONG;
		return not_taken(s, e);
	}
	strcpy(to.sun_path, s->socket);
	s->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (s->fd < 0 || setsockopt(s->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0 ||
	    connect(s->fd, (const struct sockaddr *)&to, sizeof(to)) < 0)
		return not_taken(s, e);
	return 0;
}

static int give(struct stream *s, const struct chain_streamed *entry, struct error *e)
{
	buffer_reset(&s->line);
	if (s->to_journal)
		log_line_journal(&s->line, entry);
	else
		log_line_syslog(&s->line, s->host, entry);
	if (dial(s, e) < 0)
		return -1;
	return send(s->fd, s->line.bytes, s->line.length, MSG_NOSIGNAL) < 0 ? not_taken(s, e) : 0;
}

/* ---- the place ---- */

/* 1: the stream is ours for a while, and here is what comes next. 0: another daemon carries it. */
static int take_page(struct stream *s, struct arena *arena, struct chain_streamed **ret, size_t *ret_count,
		     struct error *e)
{
	scoped(tx) *tx = NULL;
	int64_t place;
	int ours;

	if (tx_begin(s->options.store, STORE_WORKER, &tx, e) < 0)
		return -1;
	ours = chain_stream_claim(tx, arena, s->options.kind, &s->daemon, STREAM_HOLD_MS, &place, e);
	if (ours < 0 ||
	    (ours > 0 && chain_stream_list(tx, arena, place, STREAM_PAGE, ret, ret_count, e) < 0) ||
	    tx_commit(&tx, e) < 0)
		return -1;
	return ours;
}

static int advance(struct stream *s, int64_t place, struct error *e)
{
	scoped(tx) *tx = NULL;

	if (tx_begin(s->options.store, STORE_WORKER, &tx, e) < 0 ||
	    chain_stream_advance(tx, s->options.kind, &s->daemon, place, e) < 0)
		return -1;
	return tx_commit(&tx, e);
}

/* What was taken before the log stopped taking is not given again. */
static int give_page(struct stream *s, const struct chain_streamed *entries, size_t count, struct error *e)
{
	struct error later;
	size_t given = 0;

	while (given < count && give(s, &entries[given], e) == 0)
		given++;
	if (given == count)
		return advance(s, entries[count - 1].number, e);
	if (given > 0)
		advance(s, entries[given - 1].number, &later);
	return -1;
}

int stream_carry(struct stream *s, bool *ret_more, struct error *e)
{
	scoped(arena) *arena = arena_open("audit stream");
	struct chain_streamed *entries;
	size_t count = 0;
	int ours = take_page(s, arena, &entries, &count, e);

	if (ours < 0 || (ours > 0 && count > 0 && give_page(s, entries, count, e) < 0))
		return -1;
	*ret_more = count == STREAM_PAGE;
	return 0;
}
