/* For load balancers and supervisors: anybody may ask, and nothing is told but names of checks and codes. */
#include "endpoints/health.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/metric.h"
#include "base/text.h"
#include "http/server.h"
#include "store/probe.h"

struct health {
	struct probe *probe;
	pthread_mutex_t lock; /* guards what follows, and the server against being closed meanwhile */
	const struct server *server;
	bool ending;
};

struct health *health_open(struct probe *probe)
{
	struct health *health = calloc(1, sizeof(*health));

	if (!health)
		memory_exhausted("health", sizeof(*health));
	health->probe = probe;
	pthread_mutex_init(&health->lock, NULL);
	return health;
}

void health_close(struct health **health)
{
	if (!*health)
		return;
	pthread_mutex_destroy(&(*health)->lock);
	free(*health);
	*health = NULL;
}

void health_serve(struct health *health, const struct server *server)
{
	pthread_mutex_lock(&health->lock);
	health->server = server;
	health->ending = !server;
	pthread_mutex_unlock(&health->lock);
}

/* ---- the checks ---- */

static int check_database(struct health *health, struct error *e)
{
	return probe_database(health->probe, e);
}

static int check_schema(struct health *health, struct error *e)
{
	return probe_schema(health->probe, e);
}

static int check_installation(struct health *health, struct error *e)
{
	return probe_home(health->probe, e);
}

/* With the lock held: the server stays while it is asked. */
static int check_server(const struct health *health, struct error *e)
{
	if (health->ending)
		return error_set(e, ERROR_RETRY, "http.ending", "the daemon is ending");
	if (!health->server)
		return error_set(e, ERROR_RETRY, "http.starting", "the daemon is starting");
	return server_listening(health->server, e);
}

static int check_listener(struct health *health, struct error *e)
{
	pthread_mutex_lock(&health->lock);
	int result = check_server(health, e);
	pthread_mutex_unlock(&health->lock);
	return result;
}

static const struct check {
	const char *name, *words;
	int (*check)(struct health *health, struct error *e);
} checks[] = {
	{ "database", "no database", check_database },
	{ "schema", "not our schema", check_schema },
	{ "installation", "a copy", check_installation },
	{ "listener", "not listening", check_listener },
};

/* The first that fails, or NULL. */
static const struct check *find_failing(struct health *health, struct error *e)
{
	for (size_t i = 0; i < ARRAY_COUNT(checks); i++)
		if (checks[i].check(health, e) < 0)
			return &checks[i];
	return NULL;
}

int health_judge(struct health *health, struct error *e)
{
	const struct check *failing = find_failing(health, e);

	metric_set(METRIC_READY, NO_LABELS, !failing);
	return failing ? -1 : 0;
}

void health_put_checks(struct health *health, struct json_writer *w, const char *name)
{
	json_begin_object(w, name);
	for (size_t i = 0; i < ARRAY_COUNT(checks); i++) {
		struct error e;

		json_put_text(w, checks[i].name, checks[i].check(health, &e) < 0 ? e.code : "ok");
	}
	json_end_object(w);
}

/* ---- the answers ---- */

const char *const health_parameters[] = { "verbose", NULL };

int health_live(struct exchange *x, struct error *e)
{
	struct json_writer w;

	(void)e;
	exchange_reply(x, 200, &w);
	json_begin_object(&w, NULL);
	json_put_text(&w, "status", "alive");
	json_end_object(&w);
	return 0;
}

int health_ready(struct exchange *x, struct error *e)
{
	struct json_writer w;
	bool ready = health_judge(x->health, e) == 0;

	exchange_reply(x, ready ? 200 : 503, &w);
	json_begin_object(&w, NULL);
	json_put_text(&w, "status", ready ? "ready" : "not ready");
	if (request_query(x->request, "verbose"))
		health_put_checks(x->health, &w, "checks");
	json_end_object(&w);
	return 0;
}

/* As /readyz, in the words that were there before it, and with the version. */
int health_show(struct exchange *x, struct error *e)
{
	struct json_writer w;
	const struct check *failing = find_failing(x->health, e);

	exchange_reply(x, failing ? 503 : 200, &w);
	json_begin_object(&w, NULL);
	json_put_text(&w, "status", failing ? failing->words : "ok");
	json_put_text(&w, "version", x->options->version);
	json_end_object(&w);
	return 0;
}
