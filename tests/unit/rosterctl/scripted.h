/* A daemon that answers by a script, over a real socket, and rosterctl run against it. */
#ifndef TESTS_ROSTERCTL_SCRIPTED_H
#define TESTS_ROSTERCTL_SCRIPTED_H

#include <stddef.h>

enum manner {
	PLAIN,	  /* a whole answer of this status */
	VERBATIM, /* answer is all that is sent, status line included */
	ENDLESS,  /* a 200 whose body does not end */
	SILENT,	  /* reads the request and never answers */
	CUT,	  /* promises more than it sends, and closes */
};

struct step {
	const char *expect; /* "GET /v1/whoami", the whole address */
	const char *body;   /* the whole body; NULL: none */
	int status;
	const char *answer;
	enum manner manner;
};

struct outcome {
	int exit;
	size_t asked;	    /* requests that came */
	char wrong[1024];   /* the first request that was not the expected one; "" if none */
	char headers[4096]; /* of the last request */
	char *out, *err;    /* until the next run */
};

enum place { OVER_SOCKET, OVER_TCP };

/* Starts the scripted daemon (steps end with {0}), runs rosterctl with these words (ended by NULL), stops the
 * daemon. input NULL: /dev/null. */
struct outcome play(const struct step *steps, enum place place, const char *input, const char *const *words);

/* A folder that is removed at the end; and a file in it with this mode. Returns the path. */
const char *scratch(void);
const char *scratch_file(const char *name, const char *text, unsigned mode);
void scratch_remove(void);

#endif
