#include "sync/resolver.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/time.h>

#include "base/clock.h"
#include "base/text.h"

enum { TRIES = 3, TEXT_MOST = 4096 };

struct lookup {
	struct arena *arena;
	const char **texts;
	size_t count;
	int status;
	bool over;
};

/* One record, which may stand in several strings of 255 bytes: record_start marks the first. */
static void add(struct lookup *l, const struct ares_txt_ext *first)
{
	char text[TEXT_MOST + 1];
	size_t length = 0;
	for (const struct ares_txt_ext *part = first; part && (part == first || !part->record_start); part = part->next) {
		if (part->length > TEXT_MOST - length)
			return;
		memcpy(text + length, part->txt, part->length);
		length += part->length;
	}
	if (!text_is_printable(text, length))
		return;
	l->texts[l->count++] = arena_text_n(l->arena, text, length);
}

static void answered(void *opaque, int status, int timeouts, unsigned char *bytes, int size)
{
	struct lookup *l = opaque;
	struct ares_txt_ext *records = NULL;
	(void)timeouts;
	l->over = true;
	l->status = status == ARES_SUCCESS ? ares_parse_txt_reply_ext(bytes, size, &records) : status;
	for (const struct ares_txt_ext *r = records; r && l->count < RESOLVER_TEXTS_MOST; r = r->next)
		if (r->record_start)
			add(l, r);
	if (records)
		ares_free_data(records);
}

static int open_channel(const struct resolver_options *options, struct arena *arena, ares_channel *ret, struct error *e)
{
	struct ares_options o = { .timeout = options->timeout_ms / TRIES, .tries = TRIES, .lookups = (char *)"b" };
	int status = ares_library_init(ARES_LIB_INIT_ALL);
	if (status == ARES_SUCCESS)
		status = ares_init_options(ret, &o, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS);
	if (status != ARES_SUCCESS)
		return error_set(e, ERROR_RETRY, "dns.no_answer", "no resolver could be set up: %s", ares_strerror(status));
	if (!options->servers || !*options->servers)
		return 0;

	const char *list = *options->servers;
	for (const char *const *server = options->servers + 1; *server; server++)
		list = arena_format(arena, "%s,%s", list, *server);
	status = ares_set_servers_ports_csv(*ret, list);
	if (status == ARES_SUCCESS)
		return 0;
	ares_destroy(*ret);
	return error_set(e, ERROR_RETRY, "dns.no_answer", "\"dns_servers\" cannot be used: %s", ares_strerror(status));
}

/* The channel's descriptors, as poll wants them. */
static nfds_t watch(ares_channel channel, struct pollfd ret[ARES_GETSOCK_MAXNUM])
{
	ares_socket_t sockets[ARES_GETSOCK_MAXNUM];
	/* ARES_GETSOCK_WRITABLE, but without shifting into a sign. */
	unsigned bits = (unsigned)ares_getsock(channel, sockets, ARES_GETSOCK_MAXNUM);
	nfds_t count = 0;
	for (int i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
		short events = (short)((bits >> i & 1 ? POLLIN : 0) | (bits >> (i + ARES_GETSOCK_MAXNUM) & 1 ? POLLOUT : 0));
		if (events)
			ret[count++] = (struct pollfd){ .fd = sockets[i], .events = events };
	}
	return count;
}

static void serve(ares_channel channel, const struct pollfd *ready, nfds_t count)
{
	for (nfds_t i = 0; i < count; i++)
		ares_process_fd(channel, ready[i].revents & (POLLIN | POLLERR | POLLHUP) ? ready[i].fd : ARES_SOCKET_BAD,
		                ready[i].revents & POLLOUT ? ready[i].fd : ARES_SOCKET_BAD);
	ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD); /* what has waited too long */
}

static void wait_for_answer(ares_channel channel, struct lookup *l, int timeout_ms)
{
	int64_t end = clock_monotonic_ms() + timeout_ms;
	while (!l->over) {
		struct pollfd ready[ARES_GETSOCK_MAXNUM];
		nfds_t count = watch(channel, ready);
		int64_t left = end - clock_monotonic_ms();
		struct timeval longest = { .tv_sec = left / 1000, .tv_usec = left % 1000 * 1000 }, next;
		if (left <= 0 || count == 0)
			break;
		const struct timeval *wait = ares_timeout(channel, &longest, &next);
		if (poll(ready, count, (int)(wait->tv_sec * 1000 + wait->tv_usec / 1000 + 1)) < 0)
			continue; /* interrupted */
		serve(channel, ready, count);
	}
}

int resolver_texts(const struct resolver_options *options, const char *name, struct arena *arena, const char *const **ret,
                   size_t *ret_count, struct error *e)
{
	struct lookup l = { .arena = arena, .texts = arena_array(arena, RESOLVER_TEXTS_MOST, sizeof(char *)), .status = ARES_ETIMEOUT };
	ares_channel channel;
	if (open_channel(options, arena, &channel, e) < 0)
		return -1;
	ares_query(channel, name, ns_c_in, ns_t_txt, answered, &l);
	wait_for_answer(channel, &l, options->timeout_ms);
	ares_destroy(channel); /* ends what is under way: answered is called, with ARES_EDESTRUCTION */

	if (l.status == ARES_ENOTFOUND || l.status == ARES_ENODATA)
		return 0;
	if (l.status != ARES_SUCCESS)
		return error_set(e, ERROR_RETRY, "dns.no_answer", "the name servers did not answer for %s: %s", name,
		                 l.status == ARES_EDESTRUCTION ? "no answer in time" : ares_strerror(l.status));
	*ret = l.texts;
	*ret_count = l.count;
	return l.count > 0;
}
