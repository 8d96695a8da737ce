/* What a vendor says of its limits: how many requests are left, when there will be more, how long to wait.
 *
 * The arithmetic is done with the server's own clock ("Date"), so it does not matter what time it is here. */
#ifndef ROSTER_COMMON_LIMITS_H
#define ROSTER_COMMON_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

enum {
	LIMIT_WAIT_LEAST_MS = 1000,
	LIMIT_WAIT_MOST_MS = 3600 * 1000, /* who tells us to wait longer has a clock that is wrong */
	LIMIT_BACKOFF_FIRST_MS = 1000,
	LIMIT_BACKOFF_MOST_MS = 60 * 1000,
};

/* Of one answer; -1: not said. */
struct limit_headers {
	int64_t limit, remaining; /* X-Rate-Limit-Limit, -Remaining (x-ratelimit-limit, -remaining) */
	int64_t reset;		  /* X-Rate-Limit-Reset: seconds since 1970, by the server's clock */
	int64_t date;		  /* Date: seconds since 1970 */
	int64_t retry_after_ms;	  /* Retry-After in seconds, from now on */
	int64_t retry_at;	  /* Retry-After as a date: seconds since 1970 */
};

/* Nothing was said. */
void limit_clear(struct limit_headers *ret);

/* Takes one header if it is one of these; values that cannot be read count as not said. */
void limit_take(struct limit_headers *headers, const char *name, const char *value);

/* After an answer that says "too many": how long to wait, and no random part in it. attempt counts from 0 and
 * doubles the wait where the vendor says nothing that helps (Okta's limit of requests at the same time: limit
 * and remaining are both 0). */
int64_t limit_wait_ms(const struct limit_headers *headers, int attempt);

/* How long until there are requests again, if the answer said that none are left; 0: go on. */
int64_t limit_pause_ms(const struct limit_headers *headers);

/* A wait that doubles with each attempt. */
int64_t limit_backoff_ms(int attempt);

#endif
