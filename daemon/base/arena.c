/* Memory that needs no thought: blocks that grow, given up together.
 *
 * Under the address sanitizer the unused rest of a block is poisoned and allocations stand apart, so that
 * reading or writing beyond one is found as it would be with malloc. */
#include "base/arena.h"

#include "platform.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef SANITIZED
#include <sanitizer/asan_interface.h>
enum { GAP = 16 };
#else
#define ASAN_POISON_MEMORY_REGION(address, size)   ((void)(address), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
enum { GAP = 0 };
#endif

enum {
	BLOCK_FIRST = 4096 - 64, /* a page, less what malloc keeps beside it */
	BLOCK_MOST = 256 * 1024,
	ALIGNMENT = _Alignof(max_align_t),
};

struct block {
	struct block *next;
	size_t size, taken;
	_Alignas(ALIGNMENT) char bytes[];
};

struct arena {
	const char *name;
	struct block *block; /* the one we take from; older and larger ones behind it */
	size_t used;
};

void memory_exhausted(const char *what, size_t size)
{
	char line[160];
	int length =
		snprintf(line, sizeof(line), "rosterd: out of memory: %s wanted %zu bytes\n", what, size);

	/* Not exit: its handlers want memory as well. If even this line is lost, there is nobody to tell. */
	if (write(STDERR_FILENO, line, (size_t)length < sizeof(line) ? (size_t)length : sizeof(line) - 1) < 0)
		_exit(EXIT_FAILURE);
	_exit(EXIT_FAILURE);
}

static struct block *block_open(const struct arena *arena, size_t size)
{
	struct block *block;

	if (size > SIZE_MAX - sizeof(*block))
		memory_exhausted(arena->name, size);

	block = malloc(sizeof(*block) + size);
	if (!block)
		memory_exhausted(arena->name, size);

	*block = (struct block){ .size = size };
	ASAN_POISON_MEMORY_REGION(block->bytes, size);
	return block;
}

static void close_blocks(struct block *block)
{
	while (block) {
		struct block *next = block->next;

		free(block);
		block = next;
	}
}

struct arena *arena_open(const char *name)
{
	struct arena *arena = malloc(sizeof(*arena));

	if (!arena)
		memory_exhausted(name, sizeof(*arena));

	*arena = (struct arena){ .name = name };
	arena->block = block_open(arena, BLOCK_FIRST);
	return arena;
}

void arena_close(struct arena **arena)
{
	if (!*arena)
		return;

	close_blocks((*arena)->block);
	free(*arena);
	*arena = NULL;
}

void arena_reset(struct arena *arena)
{
	struct block *kept = arena->block;

	close_blocks(kept->next);
	kept->next = NULL;
	kept->taken = 0;
	arena->used = 0;
	ASAN_POISON_MEMORY_REGION(kept->bytes, kept->size);
}

void arena_wipe(struct arena *arena)
{
	for (struct block *block = arena->block; block; block = block->next) {
		ASAN_UNPOISON_MEMORY_REGION(block->bytes, block->taken);
		explicit_bzero(block->bytes, block->taken);
	}
	arena_reset(arena);
}

/* A block that has room for size bytes. What is large gets a block of its own behind the current one, whose
 * rest stays in use. */
static struct block *block_with_room(struct arena *arena, size_t size)
{
	struct block *current = arena->block;
	size_t next_size = current->size < BLOCK_MOST / 2 ? current->size * 2 : BLOCK_MOST;
	struct block *block;

	if (size <= current->size - current->taken)
		return current;

	if (size > next_size / 4) {
		block = block_open(arena, size);
		block->next = current->next;
		current->next = block;
		return block;
	}

	block = block_open(arena, next_size);
	block->next = current;
	arena->block = block;
	return block;
}

void *arena_take(struct arena *arena, size_t size)
{
	struct block *block;
	char *bytes;
	size_t room;

	if (size > SIZE_MAX / 2)
		memory_exhausted(arena->name, size);

	room = (size + GAP + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	block = block_with_room(arena, room);
	bytes = block->bytes + block->taken;
	block->taken += room;
	arena->used += size;
	ASAN_UNPOISON_MEMORY_REGION(bytes, size);
	return memset(bytes, 0, size);
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
	size_t product;

	if (__builtin_mul_overflow(count, size, &product))
		memory_exhausted(arena->name, SIZE_MAX);
	return arena_take(arena, product);
}

char *arena_text(struct arena *arena, const char *text)
{
	return text ? arena_copy(arena, text, strlen(text) + 1) : NULL;
}

char *arena_text_n(struct arena *arena, const char *text, size_t length)
{
	size_t present;
	char *copy;

	if (!text)
		return NULL;

	present = strnlen(text, length);
	copy = arena_take(arena, present + 1);
	memcpy(copy, text, present);
	return copy;
}

void *arena_copy(struct arena *arena, const void *bytes, size_t size)
{
	void *copy = arena_take(arena, size);

	if (size > 0)
		memcpy(copy, bytes, size);
	return copy;
}

char *arena_formatv(struct arena *arena, const char *fmt, va_list args)
{
	va_list again;
	char *text;
	int length;

	va_copy(again, args);
	length = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (length < 0)
		memory_exhausted(arena->name, SIZE_MAX);

	text = arena_take(arena, (size_t)length + 1);
	vsnprintf(text, (size_t)length + 1, fmt, args);
	return text;
}

char *arena_format(struct arena *arena, const char *fmt, ...)
{
	va_list args;
	char *text;

	va_start(args, fmt);
	text = arena_formatv(arena, fmt, args);
	va_end(args);
	return text;
}

size_t arena_used(const struct arena *arena)
{
	return arena->used;
}
