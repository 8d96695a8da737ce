#include "sync/domains.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/text.h"
#include "roster/audit.h"
#include "store/query.h"

/* How often this daemon asks which claims are due, and how many it takes at a time. */
enum { LOOK_EVERY_S = 2, CLAIMS_AT_A_TIME = 4 };
/* For so long nobody else takes them: longer than all of them can take. */
#define TAKEN_FOR "interval '5 minutes'"

struct domains {
	struct domains_options options;
	struct log log;
	pthread_t thread;
	atomic_bool stop;
	pthread_mutex_t mutex;
	pthread_cond_t wake;
};

struct claim {
	struct id organisation;
	const char *domain, *challenge;
};

static int find_due(struct domains *d, struct arena *arena, struct claim **ret, size_t *ret_count, struct error *e)
{
	static const struct query due = {
		"domains.due", "SELECT organisation, domain, challenge FROM domain_claims_due(" TAKEN_FOR ", $1)", QUERY_KEEPS, 0,
	};
	scoped(tx) *tx = NULL;
	const struct rows *rows;
	if (tx_begin(d->options.store, STORE_WORKER, &tx, e) < 0 ||
	    query_run(tx, &due, PARAMS(P_INT(CLAIMS_AT_A_TIME)), arena, &rows, e) < 0 || tx_commit(&tx, e) < 0)
		return -1;
	*ret_count = rows_count(rows);
	*ret = arena_array(arena, *ret_count, sizeof(**ret));
	for (size_t i = 0; i < *ret_count; i++)
		(*ret)[i] = (struct claim){ rows_id(rows, i, 0), rows_text(rows, i, 1), rows_text(rows, i, 2) };
	return 0;
}

/* What the record should say, and what it says. */
static enum domain_look look(struct domains *d, struct arena *arena, const struct claim *claim, const char **ret_words)
{
	const char *name = arena_format(arena, DOMAIN_RECORD_LABEL ".%s", claim->domain);
	const char *wanted = arena_format(arena, DOMAIN_RECORD_WORD "%s", claim->challenge);
	const char *const *texts;
	size_t count;
	struct error e;
	int found = resolver_texts(&d->options.resolver, name, arena, &texts, &count, &e);
	if (found < 0) {
		*ret_words = arena_text(arena, e.text);
		return DOMAIN_UNKNOWN;
	}
	if (found == 0) {
		*ret_words = arena_format(arena, "there is no TXT record at %s", name);
		return DOMAIN_MISSING;
	}
	for (size_t i = 0; i < count; i++)
		if (text_equal(texts[i], wanted)) {
			*ret_words = "the record is there";
			return DOMAIN_FOUND;
		}
	*ret_words = arena_format(arena, "%zu TXT record%s at %s, none of which is the one that was asked for", count,
	                          count == 1 ? " stands" : "s stand", name);
	return DOMAIN_MISSING;
}

static int write_down(struct domains *d, struct arena *arena, const struct claim *claim, enum domain_look look,
                      const char *words, const char **ret_event, struct error *e)
{
	static const struct actor actor = { .kind = "daemon", .id = "domains", .source = "daemon" };
	struct audit_event event = { .target_kind = "domain", .target = claim->domain };
	scoped(tx) *tx = NULL;
	if (tx_begin(d->options.store, STORE_WORKER, &tx, e) < 0 || tx_for(tx, &claim->organisation, e) < 0 ||
	    domain_looked(tx, arena, &claim->organisation, claim->domain, look, words, &d->options.patience, &event.action, e) < 0)
		return -1;
	if (event.action && audit_write(tx, &claim->organisation, &actor, &event, e) < 0)
		return -1;
	*ret_event = event.action;
	return tx_commit(&tx, e);
}

static void prove(struct domains *d, struct arena *arena, const struct claim *claim)
{
	const char *words, *event;
	struct error e;
	enum domain_look found = look(d, arena, claim, &words);
	if (write_down(d, arena, claim, found, words, &event, &e) < 0)
		log_failure(&d->log, LOG_LEVEL_WARNING, "could not write down what was found", &e);
	else if (event)
		log_note(&d->log, "%s: %s: %s", claim->domain, event, words);
}

static void look_around(struct domains *d)
{
	scoped(arena) *arena = arena_open("domains");
	struct claim *claims;
	size_t count;
	struct error e;
	if (find_due(d, arena, &claims, &count, &e) < 0) {
		log_failure(&d->log, LOG_LEVEL_WARNING, "could not look which domains are to be proven", &e);
		return;
	}
	for (size_t i = 0; i < count && !atomic_load(&d->stop); i++)
		prove(d, arena, &claims[i]);
}

static void *watch(void *opaque)
{
	struct domains *d = opaque;
	while (!atomic_load(&d->stop)) {
		struct timespec until;
		look_around(d);
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec += LOOK_EVERY_S;
		pthread_mutex_lock(&d->mutex);
		while (!atomic_load(&d->stop) && pthread_cond_timedwait(&d->wake, &d->mutex, &until) != ETIMEDOUT)
			;
		pthread_mutex_unlock(&d->mutex);
	}
	return NULL;
}

int domains_open(const struct domains_options *options, struct domains **ret, struct error *e)
{
	struct domains *d = calloc(1, sizeof(*d));
	pthread_condattr_t monotonic;
	if (!d)
		return error_set(e, ERROR_INTERNAL, "domains.memory", "no memory for proving domains");
	d->options = *options;
	pthread_mutex_init(&d->mutex, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&d->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
	log_subject(&d->log, NULL, "domains");
	if (pthread_create(&d->thread, NULL, watch, d) != 0) {
		pthread_cond_destroy(&d->wake);
		pthread_mutex_destroy(&d->mutex);
		free(d);
		return error_set(e, ERROR_INTERNAL, "domains.thread", "could not start the thread that proves domains");
	}
	*ret = d;
	return 0;
}

void domains_close(struct domains **domains)
{
	struct domains *d = *domains;
	if (!d)
		return;
	pthread_mutex_lock(&d->mutex);
	atomic_store(&d->stop, true);
	pthread_cond_signal(&d->wake);
	pthread_mutex_unlock(&d->mutex);
	pthread_join(d->thread, NULL);
	pthread_cond_destroy(&d->wake);
	pthread_mutex_destroy(&d->mutex);
	free(d);
	*domains = NULL;
}
