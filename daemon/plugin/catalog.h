/* Which plug-ins there are: a child describes each (never loaded in the daemon), kept by the file's identity.
 *
 * A catalog is opened once and may be used from any thread. */
#ifndef ROSTERD_PLUGIN_CATALOG_H
#define ROSTERD_PLUGIN_CATALOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct arena;
struct catalog;
struct channel;
struct log;

struct catalog_options {
	const char *plugin_directory; /* where *.so are; a name is a file name without ".so" */
	const char *child_path;       /* rosterd-connector */
	int children_most;            /* at the same time, all links together */
	uint64_t child_memory_most;   /* bytes of address space */
	int describe_deadline_ms;
};

enum catalog_setting_type {
	CATALOG_TEXT = 1, CATALOG_NUMBER, CATALOG_YES_NO, CATALOG_WORD, CATALOG_DURATION,
	CATALOG_SECRET, CATALOG_PEM, CATALOG_ADDRESS, CATALOG_LIST,
};

struct catalog_setting {
	const char *name, *words_for_people, *fallback;
	enum catalog_setting_type type;
	bool required;
	bool place; /* it says which directory is read, or which part of it */
	const char *const *words; /* ends with NULL; NULL: none */
};

enum { CATALOG_DIRECTORY = 1 << 0, CATALOG_WATCH = 1 << 1, CATALOG_SIGN_ON = 1 << 2, CATALOG_NOTIFICATIONS = 1 << 3,
       CATALOG_DELIVERY = 1 << 4, CATALOG_PUSH = 1 << 5 /* catalog_pushed alone: no plug-in says so */ };

struct catalog_plugin {
	const char *name, *title;
	uint32_t abi_major, abi_minor;
	uint32_t abilities; /* CATALOG_... */
	uint32_t scopes;    /* 1u << LINK_ALL ... */
	uint32_t network;   /* 1u << (enum link_step - 1): steps of a sign-on in which it may dial */
	bool subscribes;    /* it asks its directory for messages, and ... */
	int64_t renew_after_ms; /* ... again after this; 0: never */
	const struct catalog_setting *settings;
	size_t setting_count;
};

/* In every catalog: a directory that pushes. It has no file and no child. */
#define CATALOG_PUSHED_NAME "scim"
extern const struct catalog_plugin catalog_pushed;

int catalog_open(const struct catalog_options *options, struct catalog **ret, struct error *e);
void catalog_close(struct catalog **catalog);

/* From now on: children at the same time, and what each of those started from now on may have of memory. Any thread. */
void catalog_change(struct catalog *catalog, int children_most, uint64_t child_memory_most);

/* 1: found (lives as long as the catalog). 0: there is no such plug-in. -1: it is there and cannot be used; e says why. */
int catalog_find(struct catalog *catalog, const char *name, const struct catalog_plugin **ret, struct error *e);

/* All names as they were when it was opened, sorted, ended by NULL; lives as long as the catalog. For lists and "did you
 * mean". */
const char *const *catalog_names(struct catalog *catalog);

/* Checks one value against a setting's type: ERROR_INPUT says what was expected. value NULL: whether it may be left out. */
int catalog_check_value(const struct catalog_setting *setting, const char *value, struct error *e);

/* ---- for link ---- */

/* Starts a child for a plug-in, waiting until `deadline_ms` (of the monotonic clock) for one of children_most to be free:
 * then ERROR_RETRY "plugin.busy". ERROR_NOT_FOUND "plugin.unknown". name and log are borrowed until catalog_end. */
int catalog_start(struct catalog *catalog, const char *name, const struct log *log, int64_t deadline_ms,
                  struct channel *ret, struct error *e);
void catalog_end(struct catalog *catalog, struct channel *channel);

/* Reads what a child says of its plug-in before anything else; everything stands in the arena. */
int catalog_describe(struct channel *channel, struct arena *arena, struct catalog_plugin *ret, struct error *e);

/* Whether a connection can be made with it: it reads a directory, signs people on, or is pushed to. */
bool catalog_connects(const struct catalog_plugin *plugin);

#endif
