/* What is wrong with the installation of this machine: what the daemon's program finds by itself, what its service manager
 * says, and what the daemon answers. */
#ifndef ROSTERCTL_EXAMINE_H
#define ROSTERCTL_EXAMINE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/text.h"
#include "rosterctl/ctl.h"

struct json;
struct json_writer;

enum {
	EXAMINE_BYTES_MOST = 32 << 20,
	EXAMINE_MS = 300 * 1000, /* for all that the daemon's program looks at */
};

struct examination {
	const char *version, *user, *config, *socket, *public_url; /* NULL: not known */
	const char *bytes;	  /* the program's answer, as it came */
	const struct json *json;  /* ... and parsed; NULL: it could not be run, which is a finding */
	struct buffer *findings;  /* all of them: one JSON object each, with a comma between */
	size_t problems, warnings, notes, well;
};

/* Looks. with_details: as for a support bundle. findings is the caller's, open and empty. */
void examine(struct ctl *ctl, bool with_details, struct buffer *findings, struct examination *ret);

/* The daemon's program, and its socket. */
const char *examine_program(const struct ctl *ctl);
const char *examine_socket(const struct ctl *ctl, const struct examination *x);

/* Writes what was found as one object. */
void examine_write(const struct examination *x, struct json_writer *w);

#endif
