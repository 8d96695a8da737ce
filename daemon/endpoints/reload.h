/* The operator has the configuration read again, and is told what came of it. */
#ifndef ROSTERD_ENDPOINTS_RELOAD_H
#define ROSTERD_ENDPOINTS_RELOAD_H

#include <stddef.h>
#include <stdint.h>

#include "endpoints/exchange.h"
#include "roster/managed.h"

struct reload_mistake {
	const char *file;
	int line; /* 0: the file as a whole */
	const char *text;
};

/* What was done to the database. */
struct reload_event {
	const char *action, *organisation, *kind, *name;
};

/* What reading the configuration again came to. It was taken whole, or there are mistakes and it was refused whole. */
struct reload_report {
	const struct reload_mistake *mistakes;
	size_t mistake_count, mistakes_beyond; /* told; and how many more there are */
	const char *const *taken;	       /* settings that changed, "log.level"; ended by NULL */
	const char *const *restart;	       /* that changed and wait for a restart; ended by NULL */
	const struct reload_event *events;
	size_t event_count, events_beyond;
	const struct managed_orphan *orphans; /* what no file describes any more and waits for an answer */
	size_t orphan_count;
};

/* Who reads the configuration. */
struct reloader {
	void *self;
	/* Waits until it is done. Everything in the report stands in the arena. -1: it was neither taken nor refused,
	 * and can be tried again. */
	int (*reload)(void *self, struct arena *arena, struct reload_report *ret, struct error *e);
};

int reload_prepare(struct exchange *x, struct error *e);
int reload_ask(struct exchange *x, struct error *e);

#endif
