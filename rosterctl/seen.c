/* Open addressing, at most half full. */
#include "rosterctl/seen.h"

#include <stdlib.h>

enum { SEEN_FIRST = 1024 };

/* FNV-1a, and never the number of an empty slot. */
static uint64_t fingerprint(const char *name)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 0x100000001b3;
	return hash ? hash : 1;
}

/* The slot that holds it, or the empty one where it belongs. */
static uint64_t *slot_of(const struct seen_half *half, uint64_t hash)
{
	size_t at = hash & (half->size - 1);

	while (half->slots[at] && half->slots[at] != hash)
		at = (at + 1) & (half->size - 1);
	return &half->slots[at];
}

static bool has(const struct seen_half *half, uint64_t hash)
{
	return half->size > 0 && *slot_of(half, hash) == hash;
}

static void grow(struct seen_half *half)
{
	struct seen_half larger = { .size = half->size ? half->size * 2 : SEEN_FIRST, .count = half->count };

	larger.slots = calloc(larger.size, sizeof(*larger.slots));
	if (!larger.slots)
		abort();
	for (size_t i = 0; i < half->size; i++)
		if (half->slots[i])
			*slot_of(&larger, half->slots[i]) = half->slots[i];
	free(half->slots);
	*half = larger;
}

bool seen_before(struct seen *seen, const char *name)
{
	uint64_t hash = fingerprint(name);

	if (has(&seen->now, hash))
		return true;
	if (seen->now.count * 2 >= seen->now.size)
		grow(&seen->now);
	*slot_of(&seen->now, hash) = hash;
	seen->now.count++;
	return has(&seen->before, hash);
}

void seen_age(struct seen *seen)
{
	free(seen->before.slots);
	seen->before = seen->now;
	seen->now = (struct seen_half){ 0 };
}

void seen_close(struct seen *seen)
{
	free(seen->now.slots);
	free(seen->before.slots);
	*seen = (struct seen){ 0 };
}
