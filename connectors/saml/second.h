/* The second opinion: lasso reads again what our own layer has accepted, and must see the same. lasso,
 * libxmlsec1 and GLib live here.
 *
 * It is asked last and never first: it reads with a rich model of objects before it verifies, so it is only
 * shown what has been held against the closed list of shape.h. What it is known not to be able to judge is
 * named below; there our layer alone decides, and the trace says so. */
#ifndef ROSTER_SAML_SECOND_H
#define ROSTER_SAML_SECOND_H

#include "saml/answer.h"

struct second;

/* A provider and ourselves, as lasso knows them: by metadata that are made here from the pinned keys.
 * ERROR_INTERNAL "saml.second". Not for two threads at once, and it changes the process: no file or address
 * is opened by libxmlsec1 from then on, and only the algorithms that are taken here are known to it. */
int second_open(const struct answer_question *question, struct second **ret, struct error *e);
void second_close(struct second **second);

/* Why lasso cannot be asked about this answer; NULL: it can. */
const char *second_limit(const struct second *second, const struct answer *answer);

/* 0: it agrees, or cannot be asked. -1, ERROR_DENIED "saml.second_opinion": it sees something else, or
 * nothing. */
int second_agrees(struct second *second, struct arena *arena, const struct answer *answer,
		  const struct trace *trace, struct error *e);

#endif
