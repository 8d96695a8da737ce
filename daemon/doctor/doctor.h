/* Looks at an installation and says what is wrong with it, without changing anything.
 *
 * It needs neither a daemon that runs nor a database that answers: what cannot be looked at is a finding of its
 * own. Run as the daemon's own user, so that it may what the daemon may. */
#ifndef ROSTERD_DOCTOR_DOCTOR_H
#define ROSTERD_DOCTOR_DOCTOR_H

#include <stddef.h>
#include <sys/types.h>

#include "doctor/report.h"
#include "store/pool.h"

struct catalog;
struct json_writer;
struct secret;

/* What a file is to us: decides who may read or change it. */
enum doctor_file {
	DOCTOR_SETTINGS, /* a configuration: nobody but root and the daemon's user may change it */
	DOCTOR_SECRET,	 /* a key or a password: nobody else may read it, either */
	DOCTOR_PROGRAM,	 /* code, or a folder of code: nobody but root may change it */
	DOCTOR_STATE,	 /* a folder that is written to: has room */
};

struct doctor_path {
	enum doctor_file kind;
	const char *what; /* "the master key": for the finding */
	const char *path;
};

struct doctor_options {
	const struct doctor_path *paths;
	size_t path_count;
	const char *socket;		   /* the daemon's; NULL: not looked at */
	struct catalog *catalog;	   /* NULL: could not be opened, which has been told */
	const struct store_options *store; /* as the daemon opens it */
	const char *schema;		   /* the folder of migrations */
	const struct secret *master_key, *previous_master_key; /* NULL: none */
	int descriptors;		   /* that the daemon may come to need */
	pid_t daemon;			   /* 0: none runs */
};

void doctor_look(const struct doctor_options *options, struct report *report);

/* Writes the object "database": figures for a support bundle, without people; empty if it cannot be reached. */
void doctor_details(const struct doctor_options *options, struct json_writer *w);

/* ---- one part each, in this order ---- */

void doctor_files(const struct doctor_options *options, struct report *report);
void doctor_host(const struct doctor_options *options, struct report *report);
void doctor_plugins(const struct doctor_options *options, struct report *report);
void doctor_database(const struct doctor_options *options, struct report *report);

#endif
