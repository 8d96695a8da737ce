#include "access/known_sessions.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/text.h"

struct entry {
	uint8_t hash[CRYPT_DIGEST_SIZE];
	struct changes_mark mark;
	int64_t kept_ms, shown_ms, written_ms; /* clock_monotonic_ms */
	int64_t ends_ms;
	struct session session; /* texts stand in `texts` */
	_Alignas(char *) char texts[];
};

struct part {
	_Alignas(64) pthread_mutex_t lock;
};

struct known_sessions {
	struct store *store;
	const struct changes *changes;
	struct log log;
	size_t sets;
	struct entry **entries; /* of each set, KNOWN_SESSIONS_WAYS */
	struct part parts[KNOWN_SESSIONS_PARTS];
	pthread_t thread;
	bool runs;
	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t wakes;
	bool ends;
	size_t seen_count;
	struct session_seen seen[KNOWN_SESSIONS_SEEN_MOST];
};

/* ---- places ---- */

static size_t set_of(const struct known_sessions *k, const uint8_t hash[CRYPT_DIGEST_SIZE])
{
	uint32_t begin;

	memcpy(&begin, hash, sizeof(begin));
	return begin % k->sets;
}

static pthread_mutex_t *lock_of(struct known_sessions *k, size_t set)
{
	return &k->parts[set % KNOWN_SESSIONS_PARTS].lock;
}

static void empty(struct entry **place)
{
	if (*place)
		metric_add(METRIC_VERIFY_KEPT, NO_LABELS, -1);
	free(*place);
	*place = NULL;
}

/* With the lock. true: its place; false: the one that it would take. Of hashes: how far two agree tells nothing of a cookie. */
static bool find_place(struct known_sessions *k, size_t set, const uint8_t hash[CRYPT_DIGEST_SIZE],
		       struct entry ***ret)
{
	struct entry **ways = k->entries + set * KNOWN_SESSIONS_WAYS;

	*ret = ways;
	for (size_t i = 0; i < KNOWN_SESSIONS_WAYS; i++) {
		if (ways[i] && memcmp(ways[i]->hash, hash, CRYPT_DIGEST_SIZE) == 0) {
			*ret = &ways[i];
			return true;
		}
		if (**ret && (!ways[i] || ways[i]->shown_ms < (**ret)->shown_ms))
			*ret = &ways[i];
	}
	return false;
}

/* ---- what is kept ---- */

static size_t text_size(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

static size_t list_count(const char *const *list)
{
	size_t count = 0;

	while (list && list[count])
		count++;
	return count;
}

static const char *put(char **at, const char *text)
{
	size_t size = text_size(text);
	char *copy = *at;

	if (!text)
		return NULL;
	memcpy(copy, text, size);
	*at += size;
	return copy;
}

/* The list of networks comes first, since it is of pointers. */
static size_t texts_size(const struct session *s)
{
	size_t networks = list_count(s->ip_allow_list);
	size_t size = text_size(s->slug) + text_size(s->email) + text_size(s->name) + text_size(s->role);

	for (size_t i = 0; i < networks; i++)
		size += sizeof(char *) + text_size(s->ip_allow_list[i]);
	return size + (networks > 0 ? sizeof(char *) : 0);
}

static struct session copied(char *at, const struct session *s)
{
	struct session copy = *s;
	size_t networks = list_count(s->ip_allow_list);
	const char **list = (const char **)(void *)at;

	copy.ip_allow_list = networks > 0 ? list : NULL;
	at += networks > 0 ? (networks + 1) * sizeof(*list) : 0;
	for (size_t i = 0; i < networks; i++)
		list[i] = put(&at, s->ip_allow_list[i]);
	if (networks > 0)
		list[networks] = NULL;
	copy.slug = put(&at, s->slug);
	copy.email = put(&at, s->email);
	copy.name = put(&at, s->name);
	copy.role = put(&at, s->role);
	copy.remote_id = copy.address = copy.agent = copy.ended_by = NULL;
	return copy;
}

static struct entry *new_entry(const uint8_t hash[CRYPT_DIGEST_SIZE], const struct session *s,
			       const struct changes_mark *mark)
{
	size_t size = texts_size(s);
	struct entry *entry = calloc(1, sizeof(*entry) + size);
	int64_t now_ms = clock_monotonic_ms();

	if (!entry)
		memory_exhausted("known_sessions", size);
	memcpy(entry->hash, hash, CRYPT_DIGEST_SIZE);
	entry->mark = *mark;
	entry->kept_ms = now_ms;
	entry->ends_ms = now_ms + s->left_ms;
	entry->shown_ms = entry->written_ms = now_ms - s->unseen_ms;
	entry->session = copied(entry->texts, s);
	return entry;
}

/* ---- that it was shown ---- */

static int64_t seen_every_ms(const struct session *s)
{
	return s->idle_ms / 10 < SESSION_SEEN_EVERY_MS ? s->idle_ms / 10 : SESSION_SEEN_EVERY_MS;
}

/* false: too many wait, and it is tried again when it is shown again. */
static bool note_seen(struct known_sessions *k, const struct session *s, int64_t now_ms)
{
	bool room;

	pthread_mutex_lock(&k->lock);
	room = k->seen_count < KNOWN_SESSIONS_SEEN_MOST;
	if (room)
		k->seen[k->seen_count++] = (struct session_seen){ s->organisation, s->id, now_ms };
	pthread_mutex_unlock(&k->lock);
	return room;
}

static void show(struct known_sessions *k, struct entry *entry, int64_t now_ms)
{
	entry->shown_ms = now_ms;
	if (now_ms - entry->written_ms >= seen_every_ms(&entry->session) &&
	    note_seen(k, &entry->session, now_ms))
		entry->written_ms = now_ms;
}

static int write_seen(struct known_sessions *k, const struct session_seen *seen, size_t count,
		      struct error *e)
{
	scoped(tx) *tx = NULL;

	if (tx_begin(k->store, STORE_REQUEST, &tx, e) < 0 || session_seen_many(tx, seen, count, e) < 0)
		return -1;
	return tx_commit(&tx, e);
}

/* With the lock, which is let go meanwhile. What could not be written waits on: nobody takes it out but this
 * thread. */
static void write_some(struct known_sessions *k)
{
	size_t count = k->seen_count < SESSION_SEEN_MOST ? k->seen_count : SESSION_SEEN_MOST;
	struct session_seen some[SESSION_SEEN_MOST];
	struct error e = { 0 };
	int written;

	memcpy(some, k->seen, count * sizeof(*some));
	pthread_mutex_unlock(&k->lock);
	written = write_seen(k, some, count, &e);
	if (written < 0)
		log_failure(&k->log, LOG_LEVEL_INFO, "could not keep when sessions were shown", &e);
	pthread_mutex_lock(&k->lock);
	if (written < 0)
		return;
	k->seen_count -= count;
	memmove(k->seen, k->seen + count, k->seen_count * sizeof(*k->seen));
}

static void *work(void *self)
{
	struct known_sessions *k = self;

	pthread_mutex_lock(&k->lock);
	while (!k->ends) {
		struct timespec until;

		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec += KNOWN_SESSIONS_WRITE_MS / 1000;
		while (!k->ends && pthread_cond_timedwait(&k->wakes, &k->lock, &until) == 0)
			;
		if (k->seen_count > 0)
			write_some(k);
	}
	pthread_mutex_unlock(&k->lock);
	return NULL;
}

/* ---- keeping ---- */

/* Whoever looked it up was shown it. */
static void keep(struct known_sessions *k, const uint8_t hash[CRYPT_DIGEST_SIZE], const struct session *s,
		 const struct changes_mark *mark)
{
	size_t set = set_of(k, hash);
	struct entry **place, *entry = new_entry(hash, s, mark);

	show(k, entry, clock_monotonic_ms());
	if (texts_size(s) > KNOWN_SESSIONS_BYTES_MOST) {
		free(entry);
		return;
	}
	pthread_mutex_lock(lock_of(k, set));
	find_place(k, set, hash, &place);
	empty(place);
	*place = entry;
	pthread_mutex_unlock(lock_of(k, set));
	metric_add(METRIC_VERIFY_KEPT, NO_LABELS, 1);
}

/* ---- finding ---- */

static bool counts(const struct known_sessions *k, const struct entry *entry, int64_t now_ms)
{
	const struct session *s = &entry->session;

	return now_ms < entry->ends_ms && now_ms - entry->shown_ms < s->idle_ms &&
	       now_ms - entry->kept_ms < KNOWN_SESSIONS_KEPT_MS &&
	       changes_hold(k->changes, &s->organisation, &s->user, &entry->mark);
}

int known_sessions_find(struct known_sessions *known, const uint8_t hash[CRYPT_DIGEST_SIZE],
			struct arena *arena, struct session *ret)
{
	size_t set = set_of(known, hash);
	int64_t now_ms = clock_monotonic_ms();
	struct entry **place;
	int found = 0;

	pthread_mutex_lock(lock_of(known, set));
	if (find_place(known, set, hash, &place)) {
		if (counts(known, *place, now_ms)) {
			show(known, *place, now_ms);
			*ret = copied(arena_take(arena, texts_size(&(*place)->session)), &(*place)->session);
			ret->unseen_ms = 0;
			ret->left_ms = (*place)->ends_ms - now_ms;
			found = 1;
		} else {
			empty(place);
		}
	}
	pthread_mutex_unlock(lock_of(known, set));
	return found;
}

void known_sessions_forget(struct known_sessions *known, const uint8_t hash[CRYPT_DIGEST_SIZE])
{
	size_t set = set_of(known, hash);
	struct entry **place;

	pthread_mutex_lock(lock_of(known, set));
	if (find_place(known, set, hash, &place))
		empty(place);
	pthread_mutex_unlock(lock_of(known, set));
}

int known_sessions_look_up(struct known_sessions *known, struct tx *tx, const uint8_t hash[CRYPT_DIGEST_SIZE],
			   struct arena *arena, struct session *ret, struct error *e)
{
	uint64_t heard = changes_heard(known->changes);
	struct changes_mark mark;
	int found = session_find(tx, arena, hash, ret, e);

	if (found <= 0)
		return found;
	mark = changes_mark(known->changes, &ret->organisation, &ret->user);
	/* Something was heard meanwhile, and is in the mark: is it in what was found as well? */
	if (changes_heard(known->changes) != heard)
		found = session_find(tx, arena, hash, ret, e);
	if (found == 1)
		keep(known, hash, ret, &mark);
	return found;
}

/* ---- beginning and end ---- */

int known_sessions_open(struct store *store, const struct changes *changes, const struct log *log, int most,
			struct known_sessions **ret, struct error *e)
{
	struct known_sessions *k = calloc(1, sizeof(*k));
	pthread_condattr_t monotonic;

	if (!k)
		memory_exhausted("known_sessions", sizeof(*k));
	k->store = store;
	k->changes = changes;
	log_subject(&k->log, log, "access/known_sessions");
	k->sets = most > KNOWN_SESSIONS_WAYS ? (size_t)most / KNOWN_SESSIONS_WAYS : 1;
	k->entries = calloc(k->sets * KNOWN_SESSIONS_WAYS, sizeof(struct entry *));
	if (!k->entries)
		memory_exhausted("known_sessions", k->sets * KNOWN_SESSIONS_WAYS * sizeof(struct entry *));
	for (size_t i = 0; i < KNOWN_SESSIONS_PARTS; i++)
		pthread_mutex_init(&k->parts[i].lock, NULL);
	pthread_mutex_init(&k->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&k->wakes, &monotonic);
	pthread_condattr_destroy(&monotonic);
	k->runs = pthread_create(&k->thread, NULL, work, k) == 0;
	if (!k->runs) {
		known_sessions_close(&k);
		return error_set(e, ERROR_INTERNAL, "known_sessions.thread",
				 "could not start a thread that writes when sessions were shown");
	}
	*ret = k;
	return 0;
}

void known_sessions_close(struct known_sessions **known)
{
	struct known_sessions *k = *known;

	*known = NULL;
	if (!k)
		return;
	pthread_mutex_lock(&k->lock);
	k->ends = true;
	pthread_cond_signal(&k->wakes);
	pthread_mutex_unlock(&k->lock);
	if (k->runs)
		pthread_join(k->thread, NULL);
	for (size_t i = 0; i < k->sets * KNOWN_SESSIONS_WAYS; i++)
		empty(&k->entries[i]);
	for (size_t i = 0; i < KNOWN_SESSIONS_PARTS; i++)
		pthread_mutex_destroy(&k->parts[i].lock);
	free(k->entries);
	pthread_cond_destroy(&k->wakes);
	pthread_mutex_destroy(&k->lock);
	free(k);
}
