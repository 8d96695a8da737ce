/* Requests to a vendor's API. The only room that knows libcurl.
 *
 * The sockets come from the daemon (dial), which resolves names and judges addresses; a redirect is an answer
 * like others and is not followed. Everything is over TLS 1.2 or newer with a certificate that is proved,
 * or not asked for at all; of http only what the options allow. An answer is read as it arrives: the elements of its array are given one at a
 * time, what stands beside them is kept.
 *
 * Requests that change nothing are tried again when the vendor is busy: as long as its headers say, else
 * after a while that doubles, with a random part, and as long as the deadline of the call allows. What does
 * not fit fails with ROSTER_TRY_LATER and the time to wait. */
#ifndef ROSTER_COMMON_FETCH_H
#define ROSTER_COMMON_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json_stream.h"
#include "common/limits.h"
#include "common/links.h"
#include "connector.h"

enum {
	FETCH_BODY_MOST = 256 << 20,  /* bytes of one answer, unpacked */
	FETCH_ERROR_MOST = 64 << 10,  /* of an answer that is not a success */
	FETCH_IDLE_MOST = 1 << 20,    /* of one that are read to keep the connection, though nobody looks at them */
	FETCH_HEAD_MOST = 256 << 10,  /* of all heads of one answer, the provisional ones (100, 103) among them */
	FETCH_HEADERS_MOST = 16,      /* that a request may have */
	FETCH_HEADER_MOST = 20 << 10, /* bytes of one that we send: a token may be long */
	FETCH_TRIES_MOST = 6,
	FETCH_MARGIN_MS = 3000, /* of the deadline, left for what comes after */
	FETCH_CONNECT_MS = 15000,
	FETCH_BUCKETS_MOST = 16,
	FETCH_WORD_MOST = 200, /* bytes of what is kept of a header */
};

/* The call that is being served, and whom to tell. */
struct fetch_caller {
	struct roster_call *call;
	const struct roster_host *host;
};

struct fetch_answer;

struct fetch_options {
	const char *vendor; /* "Okta": for messages */
	const char *
		request_id; /* the header that names a request to the vendor's support: "X-Okta-Request-Id" */
	const char *proxy;  /* "http://proxy.acme.example:3128"; NULL: none */
	const char *authorities;			 /* PEM; NULL: those that the system trusts */
	const char *authorities_setting, *proxy_setting; /* what these settings are called */
	bool plain; /* addresses of http are taken, too */
	/* Whether an answer that is not 429 says "too many" all the same (Google: 403 with a reason). NULL: none does. */
	bool (*limited)(const struct fetch_answer *answer);
	int silence_ms;					 /* how long the server may keep us waiting */
};

struct fetch;

/* Lines of a request's head. */
struct fetch_head;
void fetch_head_add(struct fetch_head *head, const char *name, const char *value);

/* Adds what proves who we are to the head of one attempt: a token, a proof. -1: fail() was called. */
typedef int fetch_authorise_fn(void *context, const struct fetch_caller *caller, const char *method,
			       const char *url, struct fetch_head *head);

struct fetch_request {
	const char *doing;  /* "reading people": for messages and the step */
	const char *method; /* NULL: GET, or POST if there is a body */
	const char *url;
	const char *content_type, *body; /* NULL: none */
	bool repeatable;		 /* may be tried again though it is no GET: it changes nothing */
	bool status_only; /* no status says "not now", nothing is tried again, and what stands in the answer is
			     not looked at */
	bool secret;			 /* nothing of the answer may be in a message */
	const char *bucket; /* which of the vendor's limits this counts for; NULL: none that we know of */
	const char *accept; /* NULL: application/json */

	/* As json_stream_open, for an answer that is a success. What take refuses ends the request: it has called fail() by then, and its
	 * error is of any kind but ERROR_REMOTE, which stands for bytes that were broken on their way and asked for again. */
	const char *array;
	json_element_fn *take;
	void (*begin)(
		void *context); /* before an answer is read, each time it is: forget what came; may be NULL */
	void *context;

	fetch_authorise_fn *authorise; /* NULL: nobody need know who we are */
	void *authorise_context;
};

/* What came. Lives until the next request of the same fetch. */
struct fetch_answer {
	int status;
	const struct json_node *rest; /* the value without the elements; NULL: the body is no JSON (then the
					 status is no success) */
	uint64_t elements;
	char next[LINK_URL_MOST]; /* the address with rel="next"; "": none */
	bool bad_link;		  /* there was a Link that cannot be read */
	struct limit_headers limits;
	char request_id[FETCH_WORD_MOST];    /* "": none */
	char nonce[FETCH_WORD_MOST];	     /* DPoP-Nonce */
	char challenge[2 * FETCH_WORD_MOST]; /* WWW-Authenticate */
	char location[FETCH_WORD_MOST];
};

struct fetch_figures {
	uint64_t requests, limited, tried_again, connections;
	int64_t waited_ms, received;
};

/* The options' texts are borrowed until fetch_close. -1: fail() was called. */
int fetch_open(const struct fetch_caller *caller, const struct fetch_options *options, struct fetch **ret);
void fetch_close(struct fetch **fetch);

/* Asks, and reads the answer. 0: there is one, whatever its status says, but for those that say "not now",
 * which were waited out. -1: fail() was called. */
int fetch_ask(struct fetch *fetch, const struct fetch_caller *caller, const struct fetch_request *request,
	      struct fetch_answer *ret);

/* Waits, unless that would take longer than the call may. -1: fail() was called, with ROSTER_TRY_LATER. */
int fetch_wait(struct fetch *fetch, const struct fetch_caller *caller, int64_t ms, const char *why);

const struct fetch_figures *fetch_figures(const struct fetch *fetch);

/* " (request 7f3a...)", or "": which request it was, to the vendor's support. */
const char *fetch_trace(const struct fetch_answer *answer, char ret[FETCH_WORD_MOST + 16]);

/* Percent-encodes what may not stand in a query (all but RFC 3986's unreserved). 0, or -1: it does not fit.
 */
int fetch_escape(const char *text, char *ret, size_t size);

#endif
