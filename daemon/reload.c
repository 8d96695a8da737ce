#include "reload.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/shared.h"
#include "base/text.h"
#include "config.h"
#include "declare.h"
#include "endpoints/reload.h"
#include "keys.h"
#include "plugin/catalog.h"
#include "problem.h"
#include "roster/managed.h"

enum { WAIT_MS = 1000 };

struct reload {
	struct reload_options options;
	struct reloader reloader;
	struct endpoints *endpoints;
	struct endpoints_options serving;
	struct latest *edition;
	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t ended;
	bool under_way;
	int waiting;
};

/* ---- one after the other ----------------------------------------------------------------------------------------------------- */

/* Each that waited reads the files anew: they may have changed since the one under way read them. */
static int enter(struct reload *reload, int waiting_most, struct error *e)
{
	int entered = 0;
	pthread_mutex_lock(&reload->lock);
	if (reload->under_way && reload->waiting >= waiting_most)
		entered = error_set(e, ERROR_RETRY, "reload.busy", "the configuration is being read, and %d others wait for that "
		                    "already; try again in a moment", reload->waiting);
	if (entered == 0) {
		reload->waiting++;
		while (reload->under_way)
			pthread_cond_wait(&reload->ended, &reload->lock);
		reload->waiting--;
		reload->under_way = true;
	}
	pthread_mutex_unlock(&reload->lock);
	if (entered < 0)
		e->wait_ms = WAIT_MS;
	return entered;
}

static void leave(struct reload *reload)
{
	pthread_mutex_lock(&reload->lock);
	reload->under_way = false;
	pthread_cond_signal(&reload->ended);
	pthread_mutex_unlock(&reload->lock);
}

/* ---- telling ----------------------------------------------------------------------------------------------------------------- */

static void tell_mistakes(const struct problems *problems, struct arena *arena, struct reload_report *ret)
{
	struct reload_mistake *list = arena_array(arena, problems->count, sizeof(*list));
	for (size_t i = 0; i < problems->count; i++)
		list[i] = (struct reload_mistake){
			.file = arena_text(arena, problems->list[i].file),
			.line = problems->list[i].line,
			.text = arena_text(arena, problems->list[i].text),
		};
	ret->mistakes = list;
	ret->mistake_count = problems->count;
	ret->mistakes_beyond = problems->beyond;
}

static const char *const *copy_names(struct arena *arena, const char *const *names)
{
	size_t count = 0;
	while (names[count])
		count++;
	const char **list = arena_array(arena, count + 1, sizeof(*list));
	for (size_t i = 0; i < count; i++)
		list[i] = arena_text(arena, names[i]);
	return list;
}

static void tell_taken(const struct config_changes *changes, const struct declared *declared, struct arena *arena,
                       struct reload_report *ret)
{
	struct reload_event *events = arena_array(arena, declared->count, sizeof(*events));
	for (size_t i = 0; i < declared->count; i++) {
		const struct declare_event *event = &declared->events[i];
		events[i] = (struct reload_event){ event->action, event->organisation, event->kind, event->name };
	}
	ret->taken = copy_names(arena, changes->taken);
	ret->restart = copy_names(arena, changes->restart);
	ret->events = events;
	ret->event_count = declared->count;
	ret->events_beyond = declared->beyond;
	ret->orphans = declared->orphans;
	ret->orphan_count = declared->orphan_count;
}

static void log_problem(const char *file, int line, const char *text)
{
	if (line)
		log_error(NULL, "%s:%d: %s", file, line, text);
	else
		log_error(NULL, "%s: %s", file, text);
}

static void log_declared(const struct declared *declared)
{
	for (size_t i = 0; i < declared->count; i++) {
		const struct declare_event *event = &declared->events[i];
		if (text_equal(event->action, DECLARE_LEFT_ALONE))
			log_warning(NULL, "%s: connection \"%s\" was made by hand, and the file with adopt = yes does not name it: it stays as it is, "
			            "and is not managed by a file", event->organisation, event->name);
		else
			log_note(NULL, "%s: %s \"%s\"", event->organisation, event->action, event->name);
	}
	if (declared->beyond)
		log_note(NULL, "and %zu changes more by the files of organisations; the audit has them", declared->beyond);
}

static void log_orphans(const struct declared *declared)
{
	for (size_t i = 0; i < declared->orphan_count; i++) {
		const struct managed_orphan *orphan = &declared->orphans[i];
		char since[CLOCK_TEXT_SIZE];
		log_warning(NULL, "%s: %s \"%s\" was described by %s:%d and no longer is, since %s; it stays as it was until it is put back, "
		            "adopted or deleted (rosterctl)", orphan->organisation, orphan->kind, orphan->name, orphan->file, orphan->line,
		            clock_text(orphan->since, since));
	}
}

static void log_changes(const struct config_changes *changes)
{
	for (const char *const *name = changes->taken; *name; name++)
		log_note(NULL, "configuration: \"%s\" has changed", *name);
	for (const char *const *name = changes->restart; *name; name++)
		log_warning(NULL, "configuration: \"%s\" has changed, which is taken when rosterd is started again", *name);
	log_note(NULL, "the configuration was read again and taken");
}

/* ---- taking ------------------------------------------------------------------------------------------------------------------ */

/* With the keys that are in use: what is sealed meanwhile must be readable whether or not the new ones are taken, and
 * those read it too. */
static int declare(const struct edition *edition, const struct crypt_keys *keys, struct store *store,
                   struct declared *ret, struct problems *problems, struct error *e)
{
	const struct config *config = edition->config;
	int result = -1;
	for (int attempt = 1; attempt <= RELOAD_ATTEMPTS && result < 0; attempt++) {
		result = declare_organisations(store, keys, config->organisations, config->organisation_count, ret, problems, e);
		if (result < 0 && e->kind != ERROR_RETRY && e->kind != ERROR_PRECONDITION)
			break;
	}
	return result;
}

/* Nothing here can fail. */
static void take(struct reload *reload, struct shared *edition)
{
	const struct reload_options *o = &reload->options;
	const struct edition *next = shared_value(edition);
	const struct config *config = next->config;
	const struct store_options store = edition_store(edition);
	const struct workers_options workers = edition_workers(edition, o->store, o->catalog);
	const struct deliver_options delivering = edition_deliver(edition, o->store, o->catalog);
	struct endpoints_options serving = reload->serving;

	edition_endpoints(edition, &serving);
	log_open(config->log_form, config->log_level);
	catalog_change(o->catalog, config->catalog.children_most, config->catalog.child_memory_most);
	store_change(o->store, &store);
	workers_change(o->workers, &workers);
	deliver_change(o->deliver, &delivering);
	endpoints_change(reload->endpoints, &serving);
	latest_replace(reload->edition, edition);
}

/* A key that is no longer named must have nothing left to open. */
static int check_keys(struct reload *reload, const struct edition *next, struct problems *problems, struct error *e)
{
	if (keys_check(reload->options.store, next->keys, e) == 0)
		return 0;
	if (e->kind == ERROR_PRECONDITION)
		config_wrong(next->config, problems, "master_key", "%s", e->text);
	return -1;
}

static int declare_and_take(struct reload *reload, const struct edition *running, struct edition *next,
                            struct declared *ret, struct problems *problems, struct error *e)
{
	if (check_keys(reload, next, problems, e) < 0 ||
	    declare(next, running->keys, reload->options.store, ret, problems, e) < 0) {
		edition_close(&next);
		return -1;
	}
	take(reload, edition_share(next));
	return 0;
}

/* 0: taken, or refused if there are problems. -1: neither. */
static int read_and_take(struct reload *reload, struct arena *arena, struct problems *problems, struct reload_report *ret,
                         struct error *e)
{
	scoped(shared) *held = latest_hold(reload->edition);
	const struct edition *running = shared_value(held);
	struct declared declared = { .arena = arena };
	struct config_changes changes;
	struct edition *next;
	if (edition_open_next(&reload->options.edition, reload->options.catalog, shared_value(reload->options.first), running, &next,
	                      &changes, problems) < 0)
		return 0;
	changes.taken = copy_names(arena, changes.taken);
	changes.restart = copy_names(arena, changes.restart);
	if (declare_and_take(reload, running, next, &declared, problems, e) < 0)
		return problems->count > 0 ? 0 : -1;
	log_declared(&declared);
	log_orphans(&declared);
	log_changes(&changes);
	tell_taken(&changes, &declared, arena, ret);
	return 0;
}

static int reload_into(struct reload *reload, int waiting_most, struct arena *arena, struct reload_report *ret,
                       struct error *e)
{
	struct problems *problems = arena_take(arena, sizeof(*problems));
	problems_open(problems, arena);
	if (enter(reload, waiting_most, e) < 0)
		return -1;
	int result = read_and_take(reload, arena, problems, ret, e);
	leave(reload);
	tell_mistakes(problems, arena, ret);
	for (size_t i = 0; i < problems->count; i++)
		log_problem(problems->list[i].file, problems->list[i].line, problems->list[i].text);
	if (problems->count)
		log_error(NULL, "the configuration was not taken; the former one stays in use");
	return result;
}

static int reload_for_request(void *self, struct arena *arena, struct reload_report *ret, struct error *e)
{
	return reload_into(self, RELOAD_WAITING_MOST, arena, ret, e);
}

int reload_now(struct reload *reload, struct error *e)
{
	scoped(arena) *arena = arena_open("reload");
	struct reload_report report = { 0 };
	if (reload_into(reload, RELOAD_WAITING_MOST + 1, arena, &report, e) < 0) {
		log_failure(NULL, LOG_LEVEL_ERROR, "the configuration could not be taken; the former one stays in use", e);
		return -1;
	}
	if (report.mistake_count)
		return error_set(e, ERROR_INPUT, "reload.refused", "%s:%d: %s", report.mistakes[0].file, report.mistakes[0].line,
		                 report.mistakes[0].text);
	return 0;
}

int reload_declare(const struct edition *edition, struct store *store, struct error *e)
{
	scoped(arena) *arena = arena_open("declare");
	struct problems *problems = arena_take(arena, sizeof(*problems));
	struct declared declared = { .arena = arena };
	problems_open(problems, arena);
	if (declare(edition, edition->keys, store, &declared, problems, e) < 0) {
		for (size_t i = 0; i < problems->count; i++)
			log_problem(problems->list[i].file, problems->list[i].line, problems->list[i].text);
		return -1;
	}
	log_declared(&declared);
	log_orphans(&declared);
	return 0;
}

/* ---- beginning and end ------------------------------------------------------------------------------------------------------- */

struct reload *reload_open(const struct reload_options *options)
{
	struct reload *reload = calloc(1, sizeof(*reload));
	if (!reload)
		memory_exhausted("reload", sizeof(*reload));
	reload->options = *options;
	reload->reloader = (struct reloader){ reload, reload_for_request };
	reload->edition = latest_open(shared_hold(options->first));
	pthread_mutex_init(&reload->lock, NULL);
	pthread_cond_init(&reload->ended, NULL);
	return reload;
}

void reload_close(struct reload **reload)
{
	struct reload *r = *reload;
	if (!r)
		return;
	latest_close(&r->edition);
	pthread_cond_destroy(&r->ended);
	pthread_mutex_destroy(&r->lock);
	free(r);
	*reload = NULL;
}

const struct reloader *reload_reloader(struct reload *reload)
{
	return &reload->reloader;
}

void reload_serves(struct reload *reload, struct endpoints *endpoints, const struct endpoints_options *options)
{
	reload->endpoints = endpoints;
	reload->serving = *options;
}

struct shared *reload_hold(struct reload *reload)
{
	return latest_hold(reload->edition);
}
