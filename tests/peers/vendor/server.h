/* What the simulators of vendors' APIs share: a server over HTTP or HTTPS, limits of requests, faults on
 * demand, and a channel on which a test says what happens there. Never kinder than the vendor.
 *
 * One thread answers everything, so a vendor needs no locks. A test talks to it by POST /_tell, a command a
 * line, and reads the answer:
 *
 *   requests               how many there were, a bucket a line: "users 250"
 *   forget                 counts from zero
 *   limit BUCKET N         so many requests a window; 0: none are refused
 *   keep FOLDER            answers to GET are kept there, and given again to the same question
 *   window SECONDS         (the vendors have 60)
 *   clock SECONDS          the vendor's clock goes wrong by so many
 *   fault KIND BUCKET AFTER TIMES   after so many further requests of the bucket ("*": any), so many go
 * wrong: 429 500 502 503 504   that status (429 with the vendor's body, the others with HTML) truncate   the
 * body ends in the middle, as if that were all of it cut        the connection ends in the middle of the body
 *        reset      the connection ends without an answer
 *        hang       no answer ever comes
 *        html       status 200 with a page of a proxy
 *   and those that the vendor knows: vendor_fault() tells whether one has come to pass
 *   everything else is for the vendor */
#ifndef ROSTERD_PEERS_SERVER_H
#define ROSTERD_PEERS_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

enum { VENDOR_HEADERS_MOST = 16, VENDOR_BODY_MOST = 256 << 20, VENDOR_WORDS_MOST = 16 };

struct vendor_request {
	const char *method, *path; /* decoded, without the query */
	const char *body;
	size_t body_size;
	void *connection;
};

struct vendor_reply {
	int status;
	const char *content_type;
	struct buffer body;
	char *headers[VENDOR_HEADERS_MOST][2];
	size_t header_count;
};

struct vendor_bucket {
	const char *name;
	long limit; /* a window; 0: none are refused */
};

struct vendor {
	const char *name;
	struct vendor_bucket *buckets;			      /* ends with {0} */
	const char *(*bucket)(const struct vendor_request *); /* which one a request counts for; NULL: none */
	void (*limited)(struct vendor_reply *);		      /* the body of a 429 */
	/* The headers that every answer has: of its bucket (NULL: none), limit, what is left, when the window
	 * ends (seconds since 1970). */
	void (*mark)(struct vendor_reply *, const struct vendor_bucket *, long left, int64_t reset);
	void (*answer)(const struct vendor_request *, struct vendor_reply *);
	/* A command that is none of the server's, in words. False: it is not known. */
	bool (*tell)(char **words, size_t count, struct buffer *out);
	/* An option that is none of the server's: "--token=...". */
	bool (*option)(const char *name, const char *value);
	void (*start)(void); /* after the options */
};

/* Options of every simulator: --port-file=FILE (where the port of 127.0.0.1 is written), --certificate=FILE
 * --key=FILE (without: plain HTTP),
 * --people=N --groups=N --seed=N. Runs until SIGTERM. */
int vendor_main(int argc, char **argv, const struct vendor *vendor);

const char *vendor_query(const struct vendor_request *request, const char *name);
/* A field of a form in the body, decoded; "": it is not there. */
void vendor_form(const struct vendor_request *request, const char *name, char *ret, size_t size);
const char *vendor_header(const struct vendor_request *request, const char *name);
void vendor_reply_header(struct vendor_reply *reply, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* A text of JSON with its quotes; and `"name":"value",`. */
void vendor_put_quoted(struct buffer *b, const char *text);
void vendor_put_text(struct buffer *b, const char *name, const char *value);

/* Whether a fault of this kind happens to the request that is being answered. */
bool vendor_fault(const char *kind);

/* "https://localhost:4711": how clients name us. */
const char *vendor_base(void);

/* The vendor's clock, in milliseconds since 1970. */
int64_t vendor_now_ms(void);

/* RFC 3339 with milliseconds, "2026-11-29T18:00:00.000Z"; and back, -1: it is none. */
const char *vendor_time(int64_t ms, char ret[32]);
int64_t vendor_read_time(const char *text);

#endif
