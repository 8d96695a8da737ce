/* Runs a piece of a test in a child and catches what it writes on standard error. */
#ifndef ROSTERD_TESTS_CHILD_H
#define ROSTERD_TESTS_CHILD_H

#include <stddef.h>

/* Forks, calls what(with), and fills ret with the child's standard error, cut at size - 1. The exit status: 0 if
 * `what` came back, -1 if a signal ended it. */
int child_run(void (*what)(const void *with), const void *with, char *ret, size_t size);

#endif
