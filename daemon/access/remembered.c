#include "access/remembered.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

struct entry {
	uint8_t hash[CRYPT_DIGEST_SIZE];
	int64_t seen_ms;     /* 0: nobody's */
	struct arena *arena; /* of the texts */
	struct principal principal;
};

struct remembered {
	pthread_mutex_t lock;
	struct entry entries[REMEMBERED_SETS][REMEMBERED_WAYS];
};

struct remembered *remembered_open(void)
{
	struct remembered *remembered = calloc(1, sizeof(*remembered));

	if (!remembered)
		abort();
	pthread_mutex_init(&remembered->lock, NULL);
	return remembered;
}

static void empty(struct entry *entry)
{
	arena_close(&entry->arena);
	*entry = (struct entry){ 0 };
}

void remembered_close(struct remembered **remembered)
{
	struct remembered *r = *remembered;

	*remembered = NULL;
	if (!r)
		return;
	for (size_t set = 0; set < REMEMBERED_SETS; set++)
		for (size_t way = 0; way < REMEMBERED_WAYS; way++)
			empty(&r->entries[set][way]);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

/* With the lock. 1: the entry; 0: the one whose place it would take. */
static int find(struct remembered *remembered, const uint8_t hash[CRYPT_DIGEST_SIZE], struct entry **ret)
{
	struct entry *set = remembered->entries[hash[0] % REMEMBERED_SETS];

	*ret = set;
	for (size_t i = 0; i < REMEMBERED_WAYS; i++) {
		if (set[i].seen_ms > 0 && crypt_digest_equal(set[i].hash, hash)) {
			*ret = &set[i];
			return 1;
		}
		if (set[i].seen_ms < (*ret)->seen_ms)
			*ret = &set[i];
	}
	return 0;
}

static size_t size_of(const struct principal *principal)
{
	size_t size = strlen(principal->slug) + strlen(principal->state) + strlen(principal->id) +
		      strlen(principal->name);

	for (const char *const *network = principal->ip_allow_list; network && *network; network++)
		size += strlen(*network);
	return size;
}

/* The same with texts of its own. */
static struct principal copied(struct arena *arena, const struct principal *from)
{
	struct principal copy = *from;
	size_t count = 0;

	copy.slug = arena_text(arena, from->slug);
	copy.state = arena_text(arena, from->state);
	copy.id = arena_text(arena, from->id);
	copy.name = arena_text(arena, from->name);
	while (from->ip_allow_list && from->ip_allow_list[count])
		count++;
	copy.ip_allow_list = NULL;
	if (count > 0) {
		const char **list = arena_array(arena, count + 1, sizeof(*list));

		for (size_t i = 0; i < count; i++)
			list[i] = arena_text(arena, from->ip_allow_list[i]);
		copy.ip_allow_list = list;
	}
	return copy;
}

int remembered_find(struct remembered *remembered, const uint8_t hash[CRYPT_DIGEST_SIZE], struct arena *arena,
		    struct principal *ret)
{
	struct entry *entry;
	int found;

	pthread_mutex_lock(&remembered->lock);
	found = find(remembered, hash, &entry);
	if (found == 1) {
		entry->seen_ms = clock_monotonic_ms();
		*ret = copied(arena, &entry->principal);
	}
	pthread_mutex_unlock(&remembered->lock);
	return found;
}

void remembered_keep(struct remembered *remembered, const uint8_t hash[CRYPT_DIGEST_SIZE],
		     const struct principal *principal)
{
	struct entry *entry;

	if (id_is_nil(&principal->standing) || size_of(principal) > REMEMBERED_BYTES_MOST)
		return;
	pthread_mutex_lock(&remembered->lock);
	find(remembered, hash, &entry);
	empty(entry);
	entry->arena = arena_open("remembered");
	entry->seen_ms = clock_monotonic_ms();
	entry->principal = copied(entry->arena, principal);
	memcpy(entry->hash, hash, CRYPT_DIGEST_SIZE);
	pthread_mutex_unlock(&remembered->lock);
}

void remembered_forget(struct remembered *remembered, const uint8_t hash[CRYPT_DIGEST_SIZE])
{
	struct entry *entry;

	pthread_mutex_lock(&remembered->lock);
	if (find(remembered, hash, &entry) == 1)
		empty(entry);
	pthread_mutex_unlock(&remembered->lock);
}

void remembered_used(struct remembered *remembered, const uint8_t hash[CRYPT_DIGEST_SIZE], int64_t at)
{
	struct entry *entry;

	pthread_mutex_lock(&remembered->lock);
	if (find(remembered, hash, &entry) == 1)
		entry->principal.used_at = at;
	pthread_mutex_unlock(&remembered->lock);
}
