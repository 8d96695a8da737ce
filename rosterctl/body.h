/* What we send: one JSON object, from options and pairs. Wiped when closed, since it may hold secrets.
 *
 * A secret never stands on the command line, where every user of the machine could read it: --secret reads it
 * from a file, from standard input, or from a terminal that does not show it. */
#ifndef ROSTERCTL_BODY_H
#define ROSTERCTL_BODY_H

#include "base/arena.h"
#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "rosterctl/ctl.h"

enum {
	BODY_MOST = 1 << 20,	    /* bytes of a whole body */
	BODY_VALUE_MOST = 64 << 10, /* bytes of a value that is read from a file */
};

struct body {
	struct buffer buffer;
	struct json_writer writer;
};

/* Opens the object; body_end closes it. */
void body_open(struct body *body);
int body_end(struct body *body, struct error *e);
void body_close(struct body *body);

/* Writes a member if its option was given: as text, or as a whole number of least..most. */
void body_text(struct body *body, const struct ctl *ctl, const char *option, const char *member);
int body_number(struct body *body, const struct ctl *ctl, const char *option, const char *member,
		int64_t least, int64_t most, struct error *e);

/* {"settings":{k:v}} of all --set KEY=VALUE, --set KEY=@FILE, --secret KEY=@FILE and --secret KEY. */
int body_settings(struct body *body, const struct ctl *ctl, struct error *e);

/* An array of all values of an option that may be given often, if it was given. */
void body_texts(struct body *body, const struct ctl *ctl, const char *option, const char *member);

/* The same of one option that holds them with commas between: "a,b"; the word for none gives an empty one. */
void body_list(struct body *body, const struct ctl *ctl, const char *option, const char *member,
	       const char *none);

/* {"attributes":{field:attribute}} of all --attribute FIELD=ATTRIBUTE. */
int body_attributes(struct body *body, const struct ctl *ctl, struct error *e);

/* {"roles":[{"group":..,"role":..}]} of all --role GROUP=ROLE; the last "=" divides, since a group's name may
 * hold one. */
int body_roles(struct body *body, const struct ctl *ctl, struct error *e);

#endif
