/* A short list that is walked: only who was denied something in this minute is on it. */
#include "endpoints/denials.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/text.h"

struct window {
	struct denial what;
	int64_t ends_ms, more;
};

struct denials {
	pthread_mutex_t lock;
	int count;
	struct window windows[DENIALS_MOST];
};

struct denials *denials_open(void)
{
	struct denials *denials = calloc(1, sizeof(*denials));

	if (!denials)
		abort();
	pthread_mutex_init(&denials->lock, NULL);
	return denials;
}

void denials_close(struct denials **denials)
{
	if (!*denials)
		return;
	pthread_mutex_destroy(&(*denials)->lock);
	free(*denials);
	*denials = NULL;
}

static bool is_same(const struct denial *a, const struct denial *b)
{
	return id_equal(&a->organisation, &b->organisation) && text_equal(a->kind, b->kind) &&
	       text_equal(a->actor, b->actor) && text_equal(a->method, b->method) &&
	       text_equal(a->path, b->path);
}

static void forget(struct denials *denials, int i)
{
	denials->windows[i] = denials->windows[--denials->count];
}

/* Those that nobody was denied again in leave nothing to be told. */
static void forget_quiet(struct denials *denials, int64_t now_ms)
{
	for (int i = denials->count; i-- > 0;)
		if (denials->windows[i].more == 0 && denials->windows[i].ends_ms <= now_ms)
			forget(denials, i);
}

static int of_one(const struct denials *denials, const struct id *organisation)
{
	int count = 0;

	for (int i = 0; i < denials->count; i++)
		count += id_equal(&denials->windows[i].what.organisation, organisation);
	return count;
}

static bool has_room(const struct denials *denials, const struct id *organisation)
{
	return denials->count < DENIALS_MOST && of_one(denials, organisation) < DENIALS_OF_ONE_MOST;
}

static bool first(struct denials *denials, const struct denial *denial, int64_t now_ms)
{
	forget_quiet(denials, now_ms);
	for (int i = 0; i < denials->count; i++)
		if (is_same(&denials->windows[i].what, denial))
			return denials->windows[i].more++, false;
	if (!has_room(denials, &denial->organisation))
		return false;
	denials->windows[denials->count++] = (struct window){ *denial, now_ms + DENIAL_WINDOW_MS, 0 };
	return true;
}

bool denials_first(struct denials *denials, const struct denial *denial, int64_t now_ms)
{
	bool result;

	pthread_mutex_lock(&denials->lock);
	result = first(denials, denial, now_ms);
	pthread_mutex_unlock(&denials->lock);
	return result;
}

static int take(struct denials *denials, int64_t now_ms, struct denial *ret, int64_t *ret_times)
{
	forget_quiet(denials, now_ms);
	for (int i = 0; i < denials->count; i++) {
		if (denials->windows[i].ends_ms > now_ms)
			continue;
		*ret = denials->windows[i].what;
		*ret_times = denials->windows[i].more;
		forget(denials, i);
		return 1;
	}
	return 0;
}

int denials_take(struct denials *denials, int64_t now_ms, struct denial *ret, int64_t *ret_times)
{
	int result;

	pthread_mutex_lock(&denials->lock);
	result = take(denials, now_ms, ret, ret_times);
	pthread_mutex_unlock(&denials->lock);
	return result;
}
