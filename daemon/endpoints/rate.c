#include "endpoints/rate.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypt.h"

enum {
	ONE = 60000, /* parts of one, so that a millisecond at one a minute is a whole number */
	PLACING_KEY_SIZE = 32,
};

struct bucket {
	struct id key;
	int64_t left, seen_ms; /* seen_ms 0: nobody's */
};

struct rate {
	pthread_mutex_t lock;
	uint8_t placing[PLACING_KEY_SIZE]; /* of this process alone */
	struct bucket buckets[RATE_SETS][RATE_WAYS];
};

struct rate *rate_open(void)
{
	struct rate *rate = calloc(1, sizeof(*rate));

	if (!rate)
		abort();
	crypt_random(rate->placing, sizeof(rate->placing));
	pthread_mutex_init(&rate->lock, NULL);
	return rate;
}

void rate_close(struct rate **rate)
{
	if (*rate)
		pthread_mutex_destroy(&(*rate)->lock);
	free(*rate);
	*rate = NULL;
}

/* Whoever could reckon where a key lies would choose eight others that push it out. */
static struct bucket *set_of(struct rate *rate, const struct id *key)
{
	uint8_t digest[CRYPT_DIGEST_SIZE];
	unsigned number;

	crypt_hmac_sha256(rate->placing, sizeof(rate->placing), key->bytes, sizeof(key->bytes), digest);
	memcpy(&number, digest, sizeof(number));
	return rate->buckets[number % RATE_SETS];
}

/* The key's bucket, or the one whose place it would take. */
static struct bucket *find(struct rate *rate, const struct id *key)
{
	struct bucket *set = set_of(rate, key), *oldest = set;

	for (size_t i = 0; i < RATE_WAYS; i++) {
		if (set[i].seen_ms > 0 && id_equal(&set[i].key, key))
			return &set[i];
		if (set[i].seen_ms < oldest->seen_ms)
			oldest = &set[i];
	}
	return oldest;
}

/* As it is at this moment. */
static struct bucket filled(const struct bucket *was, const struct id *key, int64_t per_minute, int64_t burst,
			    int64_t now_ms)
{
	int64_t full = burst * ONE, past_ms = now_ms - was->seen_ms;
	struct bucket is = { .key = *key, .left = full, .seen_ms = now_ms };

	if (was->seen_ms == 0 || !id_equal(&was->key, key) || past_ms > full / per_minute)
		return is;
	if (past_ms <= 0)
		is.left = was->left;
	else if (was->left + past_ms * per_minute < full)
		is.left = was->left + past_ms * per_minute;
	return is;
}

static int64_t ask(struct rate *rate, const struct id *key, int64_t per_minute, int64_t burst, int64_t now_ms,
		   bool takes)
{
	struct bucket *kept, bucket;
	int64_t wait_ms = 0;

	if (per_minute == 0)
		return 0;
	pthread_mutex_lock(&rate->lock);
	kept = find(rate, key);
	bucket = filled(kept, key, per_minute, burst, now_ms);
	if (bucket.left < ONE)
		wait_ms = (ONE - bucket.left + per_minute - 1) / per_minute;
	else if (takes)
		bucket.left -= ONE;
	if (takes)
		*kept = bucket;
	pthread_mutex_unlock(&rate->lock);
	return wait_ms;
}

int64_t rate_take(struct rate *rate, const struct id *key, int64_t per_minute, int64_t burst, int64_t now_ms)
{
	return ask(rate, key, per_minute, burst, now_ms, true);
}

int64_t rate_look(struct rate *rate, const struct id *key, int64_t per_minute, int64_t burst, int64_t now_ms)
{
	return ask(rate, key, per_minute, burst, now_ms, false);
}
