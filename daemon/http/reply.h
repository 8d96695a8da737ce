/* What is answered: a status, headers and a body in a growing buffer; and how an error becomes one (RFC
 * 9457). */
#ifndef ROSTERD_HTTP_REPLY_H
#define ROSTERD_HTTP_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/text.h"

enum {
	REPLY_HEADERS_MOST = 32,
	REPLY_HEAD_MOST = 16384, /* names and values together: a Location with a signed SAML request fits */
	REPLY_BODY_MOST = 64 << 20,
};

struct json_writer;

/* The rest of a body that is too long to stand in memory. */
struct reply_stream {
	void *self; /* lives as long as the request's arena */
	/* Puts the next piece into a buffer of at most REPLY_BODY_MOST; runs on an exchange thread, whenever the
	 * client has taken what there was, and may block. 1: there is more. 0: that was the end. -1: it breaks off
	 * here, and the connection with it, so that the client cannot take it for the whole. */
	int (*more)(void *self, struct buffer *into);
};

struct reply {
	int status;
	struct buffer body;	    /* all of it, or its beginning */
	struct reply_stream stream; /* more NULL: none */
	size_t header_count;
	struct {
		char name[64];
		char *value; /* owned by the reply */
	} headers[REPLY_HEADERS_MOST];
	size_t head_size; /* of names and values */
	bool broken;	  /* a header that may not be sent was given: the server answers 500 instead */
};

void reply_open(struct reply *reply);
void reply_close(struct reply *reply);

/* Adds or replaces a header; every Set-Cookie is added. A value with line breaks or controls, a name that is
 * no token, or more than the limits above is our bug, which the client may have provoked: nothing of it is
 * sent, reply->broken says so. */
void reply_header(struct reply *reply, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Replaces whatever stands there by application/problem+json (RFC 9457): type "urn:rosterd:error:<code>",
 * title (the kind's words), status, detail (e->text), code, request (its id). wait_ms becomes
 * Retry-After in whole seconds, rounded up. e->detail never leaves the daemon. */
void reply_error(struct reply *reply, const struct error *e, const char *request_id);

/* The same, left open: the caller adds members of its own and ends the object. */
void reply_problem_begin(struct reply *reply, const struct error *e, const char *request_id,
			 struct json_writer *ret);

/* What a program finds under that name, without case; NULL: not set. */
const char *reply_find_header(const struct reply *reply, const char *name);

/* 400, 401, 403, 404, 409, 412, 413 or 429 (limits whose code begins with "rate."), 503, 502, 500. A few
 * codes of HTTP's own have their own status: "http.method" 405, "http.target" 414, "http.media_type" 415,
 * "http.head" 431, "http.unsupported" 501, "idempotency.other_request" 422. */
int reply_status(const struct error *e);

#endif
