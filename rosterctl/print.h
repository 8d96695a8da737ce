/* How answers are shown: tables and records for people, the API's own JSON for programs. */
#ifndef ROSTERCTL_PRINT_H
#define ROSTERCTL_PRINT_H

#include "base/error.h"
#include "rosterctl/ctl.h"
#include "rosterctl/table.h"

struct answer;
struct body;
struct json;

struct listing {
	const struct column *columns; /* ended by {0} */
	const char *none;	      /* said when there is nothing: "no members" */
};

/* Prints all pages of the list at path, or as many items as --limit says. */
int print_list(struct ctl *ctl, const char *path, const struct listing *listing, struct error *e);

/* Asks for one thing and prints it, a member a line. */
int print_thing(struct ctl *ctl, const char *path, const struct column *columns, struct error *e);

/* Sends the body (it is ended here) and prints the answer as print_answer does. */
int print_reply(struct ctl *ctl, const char *method, const char *path, struct body *body,
		const struct column *columns, struct error *e);

/* Prints an answer: its JSON if that was asked for, otherwise a member a line. */
void print_answer(struct ctl *ctl, const struct answer *answer, const struct column *columns);

/* Prints a record's members, a line each, under no title; those that are absent are left out. */
void print_record(struct ctl *ctl, const struct json *object, const struct column *columns);

/* Prints an array that stands within an answer as a table of its own; nothing if it is empty. */
void print_table(struct ctl *ctl, const struct json *array, const struct column *columns);

/* A sentence on standard output for a person; nothing for a program. */
void print_line(struct ctl *ctl, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A hint on standard error, for a person at a terminal alone. */
void print_hint(struct ctl *ctl, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Asks "really?" at a terminal; without one, or with --yes, the answer is yes. CODE_USAGE if it is no. */
int print_confirm(struct ctl *ctl, const char *what, struct error *e);

#endif
