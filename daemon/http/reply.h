/* What is answered: a status, headers and a body in a growing buffer; and how an error becomes one (RFC 9457). */
#ifndef ROSTERD_HTTP_REPLY_H
#define ROSTERD_HTTP_REPLY_H

#include <stddef.h>

#include "base/error.h"
#include "base/text.h"

enum { REPLY_HEADERS_MOST = 32, REPLY_BODY_MOST = 64 << 20 };

struct reply {
	int status;
	struct buffer body;
	size_t header_count;
	struct {
		char name[64];
		char value[1024];
	} headers[REPLY_HEADERS_MOST];
};

void reply_open(struct reply *reply);
void reply_close(struct reply *reply);

/* Adds or replaces a header. Values with line breaks or controls are a bug and end the process. */
void reply_header(struct reply *reply, const char *name, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Replaces whatever stands there by application/problem+json (RFC 9457): type "urn:rosterd:error:<code>",
 * title (the kind's words), status, detail (e->text), code, request (its id). wait_ms becomes
 * Retry-After in whole seconds, rounded up. e->detail never leaves the daemon. */
void reply_error(struct reply *reply, const struct error *e, const char *request_id);

/* 400, 401, 403, 404, 409, 412, 413 or 429 (limits whose code begins with "rate."), 503, 502, 500. */
int reply_status(const struct error *e);

#endif
