/* Verdicts on what providers send, by the code that the daemon's plug-ins judge it with: a question as JSON,
 * an answer as JSON. Neither a daemon nor a database is needed, and nothing is remembered between two
 * questions. */
#ifndef ROSTERCTL_VERDICT_H
#define ROSTERCTL_VERDICT_H

#include "base/error.h"
#include "base/json.h"

struct arena;

enum { VERDICT_LINE_MOST = 16 << 20 }; /* bytes of a question */

/* Writes the members of a good answer, without "ok". Members of a question that are not known are passed
 * over. -1: it is not good, or the question is none; e says why. */
typedef int verdict_fn(struct arena *arena, const struct json *question, struct json_writer *ret,
		       struct error *e);

/* {"response": base64, "idp": {"entityId", "certs": [PEM]}, "sp": {"entityId", "acsUrl", "privateKey"?},
 * "now": time, "requestId": text or null}: "nameid" and "attributes", an object of lists. */
verdict_fn verdict_saml;

/* {"metadata": base64}: "idps", a list of {"entityId", "redirect", "post", "certs": [SHA-256 in hex]}. */
verdict_fn verdict_metadata;

/* {"jws", "jwks"}: nothing more. */
verdict_fn verdict_jws;

/* One line as it came, judged: {"ok":true,...} or {"ok":false,"error":"CODE: WORDS"}, without a line break.
 * In the arena. */
const char *verdict_line(struct arena *arena, verdict_fn *judge, const char *line, size_t length);

#endif
