/* Programs of others that we run: useradd, initdb, psql, and PostgreSQL itself.
 *
 * They get no descriptor of ours, a small environment, and what they say goes into a file. */
#ifndef ROSTERD_PROCESS_H
#define ROSTERD_PROCESS_H

#include <sys/types.h>

#include "base/error.h"

/* A program started: arguments end with NULL, the first is its path or a name to be looked for. What it says
 * is appended to the file said (NULL: nowhere). It is in a session of its own, and is sent ends_with (0:
 * nothing) when the thread that started it ends, however it does. 0, or -1. */
int process_start(const char *const *arguments, const char *said, int ends_with, pid_t *ret, struct error *e);

/* Starts it and waits; anything but exit code 0 fails, with the last line that it said. */
int process_run(const char *const *arguments, const char *said, struct error *e);

/* The last line of a file, without its line break, into ret; empty if there is none. Returns ret. */
const char *process_last_line(const char *path, char *ret, size_t size);

#endif
