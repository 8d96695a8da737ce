/* Reading what an administrator has set, with words of a refusal that name the setting. */
#ifndef ROSTER_COMMON_SETTING_H
#define ROSTER_COMMON_SETTING_H

#include <stdbool.h>

#include "connector.h"

struct arena;

enum { SETTING_LINES_MOST = 256 };

struct setting_source {
	struct roster_call *call;
	const struct roster_host *host;
	struct arena *arena; /* where texts are kept */
};

/* A setting's value, kept; NULL if it is not set or empty. */
const char *setting_text(const struct setting_source *from, const char *name);

bool setting_is_yes(const struct setting_source *from, const char *name);

/* -1: fail() was called, here and in the following. */
int setting_number(const struct setting_source *from, const char *name, int least, int most, int *ret);

/* The lines of a list, without blanks around them and without empty ones; ret ends with NULL. */
int setting_lines(const struct setting_source *from, const char *name,
		  const char *ret[SETTING_LINES_MOST + 1]);

/* The address of a server, "https://acme.example", from whatever is pasted: with a slash behind it. example:
 * for the words. */
int setting_server(const struct setting_source *from, const char *name, const char *example,
		   const char **ret);

/* Whether a name is one of the lines, of which "App *" means all that begin so; no lines mean all. */
bool setting_has_name(const char *const *lines, const char *name);

#endif
