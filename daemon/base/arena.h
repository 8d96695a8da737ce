/* Memory that needs no thought: one arena per exchange, page or run; nothing in it is freed alone.
 *
 * arena_take returns zeroed memory and never NULL. Being out of memory ends the process: sizes
 * are limited where bytes come in. An arena is used by one thread at a time. */
#ifndef ROSTERD_BASE_ARENA_H
#define ROSTERD_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

/* Closes a resource as it leaves its scope: `scoped(arena) *a = arena_open("page");` */
#define scoped(type) __attribute__((cleanup(type##_close))) struct type

struct arena;

/* A new arena. The name (a literal) is for the memory report alone. */
struct arena *arena_open(const char *name);

/* Frees everything in it. Accepts a pointer to NULL; leaves NULL behind. */
void arena_close(struct arena **arena);

/* Forgets everything in it and keeps one block for the next use (a page after a page). */
void arena_reset(struct arena *arena);

/* Overwrites everything in it, as what had secrets must be before it is closed; nothing in it may be used any more. */
void arena_wipe(struct arena *arena);

/* size zeroed bytes, aligned for any type. size 0 gives a valid pointer. */
void *arena_take(struct arena *arena, size_t size);

/* count zeroed elements; ends the process if the product overflows. */
void *arena_array(struct arena *arena, size_t count, size_t size);

/* Copies. arena_text of NULL is NULL. arena_text_n copies at most length bytes and ends them with NUL. */
char *arena_text(struct arena *arena, const char *text);
char *arena_text_n(struct arena *arena, const char *text, size_t length);
void *arena_copy(struct arena *arena, const void *bytes, size_t size);

/* Formats into the arena. */
char *arena_format(struct arena *arena, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
char *arena_formatv(struct arena *arena, const char *fmt, va_list args)
	__attribute__((format(printf, 2, 0)));

/* Ends the process with one line. For the few that hold memory outside an arena and got none; `what` says whose. */
void memory_exhausted(const char *what, size_t size) __attribute__((noreturn));

/* Bytes asked for so far (since the last reset), for limits and tests. */
size_t arena_used(const struct arena *arena);

#endif
