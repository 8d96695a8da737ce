#include "endpoints/scim_rate.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Thousandths of a request, so that a millisecond at one request a second is a whole number. */
enum { ONE = 1000 };

struct bucket {
	struct id connection;
	int64_t left, seen_ms; /* seen_ms 0: nobody's */
};

struct scim_rate {
	pthread_mutex_t lock;
	struct bucket buckets[SCIM_RATE_SETS][SCIM_RATE_WAYS];
};

struct scim_rate *scim_rate_open(void)
{
	struct scim_rate *rate = calloc(1, sizeof(*rate));

	if (!rate)
		abort();
	pthread_mutex_init(&rate->lock, NULL);
	return rate;
}

void scim_rate_close(struct scim_rate **rate)
{
	if (*rate)
		pthread_mutex_destroy(&(*rate)->lock);
	free(*rate);
	*rate = NULL;
}

/* The last bytes of an id are random. */
static struct bucket *find(struct scim_rate *rate, const struct id *connection)
{
	struct bucket *set, *oldest;
	unsigned number;

	memcpy(&number, connection->bytes + sizeof(connection->bytes) - sizeof(number), sizeof(number));
	set = rate->buckets[number % SCIM_RATE_SETS];
	oldest = set;
	for (size_t i = 0; i < SCIM_RATE_WAYS; i++) {
		if (set[i].seen_ms > 0 && id_equal(&set[i].connection, connection))
			return &set[i];
		if (set[i].seen_ms < oldest->seen_ms)
			oldest = &set[i];
	}
	*oldest = (struct bucket){ .connection = *connection };
	return oldest;
}

/* How many milliseconds are to be waited; 0: it may. */
static int64_t take(struct bucket *bucket, int64_t per_second, int64_t burst, int64_t now_ms)
{
	int64_t full = burst * ONE, past_ms = now_ms - bucket->seen_ms;

	if (bucket->seen_ms == 0 || past_ms > full / per_second)
		bucket->left = full;
	else if (past_ms > 0)
		bucket->left = bucket->left + past_ms * per_second > full
				       ? full
				       : bucket->left + past_ms * per_second;
	bucket->seen_ms = now_ms;
	if (bucket->left < ONE)
		return (ONE - bucket->left + per_second - 1) / per_second;
	bucket->left -= ONE;
	return 0;
}

int scim_rate_take(struct scim_rate *rate, const struct id *connection, int per_second, int burst,
		   int64_t now_ms, struct error *e)
{
	int64_t wait_ms;

	if (per_second == 0)
		return 0;
	pthread_mutex_lock(&rate->lock);
	wait_ms = take(find(rate, connection), per_second, burst, now_ms);
	pthread_mutex_unlock(&rate->lock);
	if (wait_ms == 0)
		return 0;
	error_set(e, ERROR_LIMIT, "rate.scim",
		  "the connection pushes more than %d requests a second; come again", per_second);
	e->wait_ms = (int)wait_ms;
	return -1;
}
