/* A daemon for plug-ins under test, in the same process: gives settings, connects, and keeps all that a
 * plug-in says.
 *
 * It is as strict as the daemon: what may not be given is refused, and a call that fails must have said why.
 */
#ifndef ROSTERD_TESTS_HARNESS_H
#define ROSTERD_TESTS_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "connector.h"

enum { HARNESS_SETTINGS_MOST = 64 };

struct harness_person {
	const char *id, *reference, *user_name, *email, *given_name, *family_name, *display_name;
	const char *groups;    /* joined by blanks; NULL: not said */
	const char *attribute; /* the first value of the first attribute asked for, or NULL */
	enum roster_standing standing;
	size_t addresses;
	const char *stamp;
};

struct harness_group {
	const char *id, *reference, *name;
	bool gone;
	bool partial;
	const char *stamp;
};

struct harness_membership {
	const char *group, *member;
};

struct harness_refused {
	const char *id, *why;
};

struct harness_present {
	const char *id, *stamp;
	enum roster_subject subject;
};

struct harness_part {
	const char *name, *value;
	enum roster_evidence evidence;
	char words[ROSTER_NOTE_MOST];
};

struct roster_call {
	const struct roster_connector *connector;
	struct {
		const char *name, *value;
	} settings[HARNESS_SETTINGS_MOST];
	size_t setting_count;
	int64_t call_ms,
		deadline; /* how long a call may take; when this one must end, on the monotonic clock */
	void *self;	  /* the open connection */

	struct arena *arena; /* what follows */
	struct harness_person *people;
	struct harness_group *groups;
	struct harness_membership *memberships, *memberships_gone;
	struct harness_present *present;
	struct harness_refused *refused;
	size_t people_count, group_count, membership_count, refused_count, membership_gone_count, present_count;
	size_t people_wanted; /* emit refuses what is beyond; 0: no limit */
	char notes[8192], step[ROSTER_NOTE_MOST], proof[ROSTER_NOTE_MOST];
	bool whole, incomplete;
	struct harness_part parts[ROSTER_PARTS_MOST];
	size_t part_count;
	char cursor[ROSTER_CURSOR_MOST];
	size_t cursor_size; /* of the last call that gave one */
	bool has_cursor;    /* whether the last call did */
	enum roster_scope scope; /* of the call under way */
	bool failed, failed_to_dial;
	enum roster_trouble trouble;
	char why[ROSTER_NOTE_MOST];
	int dials;
	void (*on_step)(struct roster_call *harness); /* called after each step(), or NULL */
	void *on_step_data;
};

/* A harness for a plug-in; settings are given by harness_set (NULL: not set). The texts are borrowed. */
void harness_open(struct roster_call *harness, const struct roster_connector *connector);
void harness_set(struct roster_call *harness, const char *name, const char *value);
void harness_close(struct roster_call *harness);

/* Forgets what came, and hangs up if it is connected. */
void harness_reset(struct roster_call *harness);

/* The plug-in's calls: open if necessary, then this one. Results are the plug-in's. */
int harness_check(struct roster_call *harness);
int harness_page(struct roster_call *harness, struct roster_ask *ask);
int harness_watch(struct roster_call *harness, struct roster_ask *ask, int64_t call_ms);

/* Pages of scope all to the end. The number of pages, or -1. */
int harness_read(struct roster_call *harness);

/* Pages of what changed since harness->cursor, to the end; what came before stays. The number of pages, or -1. */
int harness_read_changed(struct roster_call *harness);

/* What came, or NULL. */
const struct harness_person *harness_person(const struct roster_call *harness, const char *user_name);
const struct harness_group *harness_group(const struct roster_call *harness, const char *name);
bool harness_is_member(const struct roster_call *harness, const char *group_reference, const char *member);

/* The text of a file; never NULL: a test cannot go on without it. */
char *harness_file(const char *path);

#endif
