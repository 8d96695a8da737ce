/* What time it is, and how long something took.
 *
 * Instants are microseconds since 1970-01-01 UTC (PostgreSQL's resolution); deadlines are
 * milliseconds of the monotonic clock. */
#ifndef ROSTERD_BASE_CLOCK_H
#define ROSTERD_BASE_CLOCK_H

#include <stdint.h>

enum { CLOCK_TEXT_SIZE = 28 };

int64_t clock_now_us(void);       /* wall clock */
int64_t clock_monotonic_ms(void); /* for deadlines */
int64_t clock_monotonic_us(void); /* for how long something took */

/* RFC 3339 with microseconds and "Z": "2026-11-22T09:14:07.000123Z". Returns ret. */
const char *clock_text(int64_t us, char ret[CLOCK_TEXT_SIZE]);

/* RFC 3339, any offset, up to nine digits of a second (cut to six). 0, or -1 and *ret untouched. */
int clock_parse(const char *text, int64_t *ret_us);

/* Milliseconds left until a deadline, never negative. */
int clock_left_ms(int64_t deadline_ms);

#endif
