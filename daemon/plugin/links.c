#include "plugin/links.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/text.h"

/* A connection that has a link, or that has failed. */
struct entry {
	bool used; /* this place */
	struct id connection;
	int64_t version, generation;
	bool taken;        /* somebody has the link, or opens it */
	struct link *link; /* NULL while it is opened, and of one that has failed */
	int64_t used_ms;   /* when it was given back last */
	int failures;      /* in a row */
	int64_t sick_until_ms;
};

struct links {
	int64_t generation; /* grows with links_renew */
	int most, open; /* open: links that there are, those that are being opened included */
	pthread_mutex_t lock;
	pthread_cond_t given;   /* a link, or the place of one */
	pthread_cond_t changed; /* for the thread that closes idle ones */
	bool ends, tidying;
	pthread_t tidier;
	struct entry entries[LINKS_KNOWN_MOST];
};

/* ---- places; all with the lock ---- */

static struct entry *find(struct links *links, const struct id *connection)
{
	for (size_t i = 0; i < LINKS_KNOWN_MOST; i++)
		if (links->entries[i].used && id_equal(&links->entries[i].connection, connection))
			return &links->entries[i];
	return NULL;
}

/* A free place, or that of the one without a link that was used longest ago; there is one, since links are fewer than places. */
static struct entry *place_for(struct links *links, const struct id *connection)
{
	struct entry *oldest = NULL;

	for (size_t i = 0; i < LINKS_KNOWN_MOST; i++) {
		struct entry *entry = &links->entries[i];

		if (entry->used && (entry->taken || entry->link))
			continue;
		if (!oldest || !entry->used || (oldest->used && entry->used_ms < oldest->used_ms))
			oldest = entry;
		if (!entry->used)
			break;
	}
	*oldest = (struct entry){ .used = true, .connection = *connection };
	return oldest;
}

/* The link that nobody has had for longest, of those not used since `before_ms`; it has no place any more. NULL: there is none. */
static struct link *take_idle(struct links *links, int64_t before_ms)
{
	struct entry *oldest = NULL;
	struct link *link;

	for (size_t i = 0; i < LINKS_KNOWN_MOST; i++) {
		struct entry *entry = &links->entries[i];

		if (entry->link && !entry->taken && entry->used_ms <= before_ms && (!oldest || entry->used_ms < oldest->used_ms))
			oldest = entry;
	}
	if (!oldest)
		return NULL;
	link = oldest->link;
	oldest->link = NULL;
	return link;
}

/* ---- waiting ---- */

static struct timespec at_ms(int64_t monotonic_ms)
{
	return (struct timespec){ .tv_sec = monotonic_ms / 1000, .tv_nsec = monotonic_ms % 1000 * 1000000 };
}

/* ---- taking ---- */

static int refuse_sick(const struct entry *entry, int64_t now_ms, struct error *e)
{
	error_set(e, ERROR_RETRY, "links.sick", "its plug-in has failed %d times in a row; it is asked again later", entry->failures);
	e->wait_ms = (int)(entry->sick_until_ms - now_ms);
	return -1;
}

static int refuse_busy(struct error *e)
{
	error_set(e, ERROR_RETRY, "links.busy", "its plug-in is busy with other messages");
	e->wait_ms = LINKS_WAIT_MS;
	return -1;
}

/* With the lock. 1: the entry is the caller's, with a link or, if there is none, with room to open one. 0: not yet; *ret_close is to be closed first, without
 * the lock, or something is to be waited for. -1: it has failed lately. */
static int take_entry(struct links *links, const struct id *connection, int64_t version, struct entry **ret, struct link **ret_close,
                      struct error *e)
{
	int64_t now_ms = clock_monotonic_ms();
	struct entry *entry = find(links, connection);

	if (entry && entry->taken)
		return 0;
	if (entry && (entry->version != version || entry->generation != links->generation)) { /* what failed otherwise may go well now */
		*ret_close = entry->link;
		*entry = (struct entry){ .used = true, .connection = *connection, .version = version, .generation = links->generation,
			                 .used_ms = now_ms };
		if (*ret_close)
			return 0;
	}
	if (entry && entry->sick_until_ms > now_ms)
		return refuse_sick(entry, now_ms, e);
	if ((!entry || !entry->link) && links->open == links->most) {
		*ret_close = take_idle(links, now_ms);
		return 0;
	}
	if (!entry)
		entry = place_for(links, connection);
	links->open += !entry->link;
	entry->version = version;
	entry->generation = links->generation;
	entry->taken = true;
	*ret = entry;
	return 1;
}

/* Closing waits for the child's end, which nobody else should. */
static void close_one(struct links *links, struct link *link)
{
	pthread_mutex_unlock(&links->lock);
	link_close(&link);
	pthread_mutex_lock(&links->lock);
	links->open--;
	pthread_cond_broadcast(&links->given);
}

static int wait_for_entry(struct links *links, const struct id *connection, int64_t version, struct entry **ret, struct error *e)
{
	const struct timespec until = at_ms(clock_monotonic_ms() + LINKS_WAIT_MS);
	bool late = false;

	for (;;) {
		struct link *idle = NULL;
		int taken = take_entry(links, connection, version, ret, &idle, e);

		if (taken != 0)
			return taken;
		if (idle)
			close_one(links, idle);
		else if (late)
			return refuse_busy(e);
		else
			late = pthread_cond_timedwait(&links->given, &links->lock, &until) != 0;
	}
}

static void put_back(struct links *links, struct entry *entry, struct link *link, bool well)
{
	int64_t now_ms = clock_monotonic_ms(), sick_ms = LINKS_SICK_MS;

	entry->taken = false;
	entry->used_ms = now_ms;
	entry->link = link;
	entry->failures = well ? 0 : entry->failures + 1;
	for (int i = 1; i < entry->failures && sick_ms < LINKS_SICK_MS_MOST; i++)
		sick_ms *= 2;
	entry->sick_until_ms = well ? 0 : now_ms + (sick_ms < LINKS_SICK_MS_MOST ? sick_ms : LINKS_SICK_MS_MOST);
	pthread_cond_broadcast(&links->given);
	pthread_cond_signal(&links->changed);
}

int links_take(struct links *links, const struct id *connection, int64_t version, links_open_fn *open, void *self, struct link **ret,
               struct error *e)
{
	struct entry *entry;
	struct link *link;
	int result;

	pthread_mutex_lock(&links->lock);
	result = wait_for_entry(links, connection, version, &entry, e);
	link = result == 1 ? entry->link : NULL;
	pthread_mutex_unlock(&links->lock);
	if (result < 0)
		return -1;
	if (!link && open(self, &link, e) < 0) {
		pthread_mutex_lock(&links->lock);
		links->open--;
		put_back(links, entry, NULL, text_equal(e->code, "plugin.busy")); /* that no child is free says nothing of this one */
		pthread_mutex_unlock(&links->lock);
		return -1;
	}
	*ret = link;
	return 0;
}

void links_give(struct links *links, const struct id *connection, struct link *link)
{
	bool lives = link_lives(link);

	if (!lives)
		link_close(&link);
	pthread_mutex_lock(&links->lock);
	links->open -= !lives;
	put_back(links, find(links, connection), link, lives);
	pthread_mutex_unlock(&links->lock);
}

void links_renew(struct links *links)
{
	pthread_mutex_lock(&links->lock);
	links->generation++;
	pthread_mutex_unlock(&links->lock);
}

/* ---- the thread that closes what nobody uses ---- */

static void *tidy(void *opaque)
{
	struct links *links = opaque;

	pthread_mutex_lock(&links->lock);
	while (!links->ends) {
		const struct timespec until = at_ms(clock_monotonic_ms() + LINKS_IDLE_MS / 4);
		struct link *idle = take_idle(links, clock_monotonic_ms() - LINKS_IDLE_MS);

		if (idle)
			close_one(links, idle);
		else if (links->open == 0)
			pthread_cond_wait(&links->changed, &links->lock);
		else
			pthread_cond_timedwait(&links->changed, &links->lock, &until);
	}
	pthread_mutex_unlock(&links->lock);
	return NULL;
}

/* ---- beginning and end ---- */

static void open_condition(pthread_cond_t *condition)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(condition, &attributes);
	pthread_condattr_destroy(&attributes);
}

int links_open(int most, struct links **ret, struct error *e)
{
	struct links *links = calloc(1, sizeof(*links));
	int failed;

	if (!links)
		abort();
	links->most = most < 1 ? 1 : most > LINKS_MOST ? LINKS_MOST : most;
	pthread_mutex_init(&links->lock, NULL);
	open_condition(&links->given);
	open_condition(&links->changed);
	failed = pthread_create(&links->tidier, NULL, tidy, links);
	if (failed) {
		links_close(&links);
		return error_set(e, ERROR_INTERNAL, "links.thread", "could not start the thread that closes idle links: %s", strerror(failed));
	}
	links->tidying = true;
	*ret = links;
	return 0;
}

void links_close(struct links **links)
{
	struct links *l = *links;

	if (!l)
		return;
	pthread_mutex_lock(&l->lock);
	l->ends = true;
	pthread_cond_signal(&l->changed);
	pthread_mutex_unlock(&l->lock);
	if (l->tidying)
		pthread_join(l->tidier, NULL);
	for (size_t i = 0; i < LINKS_KNOWN_MOST; i++)
		link_close(&l->entries[i].link);
	pthread_cond_destroy(&l->changed);
	pthread_cond_destroy(&l->given);
	pthread_mutex_destroy(&l->lock);
	free(l);
	*links = NULL;
}
