/* What was asked: read whole, within limits, before anybody looks at it. */
#ifndef ROSTERD_HTTP_REQUEST_H
#define ROSTERD_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/error.h"

enum {
	REQUEST_PATH_MOST = 2048,
	REQUEST_PARAMETERS_MOST = 64, /* of the query string */
	REQUEST_HEADERS_MOST = 100,
	REQUEST_HEAD_MOST = 32768, /* request line and headers together */
	REQUEST_SEGMENTS_MOST = 16,
};

struct request_pair {
	const char *name, *value;
};

struct request {
	struct arena *arena; /* gone after the reply was sent */
	const char *method;  /* "GET" */
	const char *path; /* percent-decoded by segment; refused if it is not UTF-8, or has NUL, "/./", "/../" */
	bool doubled;	  /* it had "//", which is "/" in path: whoever does not mean to take that refuses it */
	const char *target; /* as it came, for signatures and logs */
	size_t query_count, header_count;
	const char *body; /* ends with a NUL that is not counted; NULL: none */
	size_t body_size;
	size_t segment_count; /* filled by the router */
	/* Where it came from: the connected peer, or behind a trusted proxy what that says (rightmost
	 * untrusted). */
	char address[64]; /* "203.0.113.7", "2001:db8::7"; "" for a Unix socket */
	bool over_unix_socket;
	bool by_proxy;	 /* a trusted proxy sent it: what it wrote beside the client's words counts */
	uid_t peer_uid; /* Unix socket: SO_PEERCRED */
	gid_t peer_gid;
	pid_t peer_pid;
	void *begun; /* what `quick` has left for `answer` (http/server); NULL: nothing */
	bool secure; /* https at the outermost proxy, or a Unix socket */
	/* Of these as many as were counted: the rest is nobody's, and the server does not even clear it. */
	struct request_pair query[REQUEST_PARAMETERS_MOST]; /* decoded */
	struct request_pair headers[REQUEST_HEADERS_MOST];
	struct request_pair segments[REQUEST_SEGMENTS_MOST]; /* the values of {name} in the order of the pattern */
};

/* NULL if there is none. Header names compare without case; two of the same name give the first. */
const char *request_header(const struct request *request, const char *name);
const char *request_query(const struct request *request, const char *name);
const char *request_segment(const struct request *request, const char *name);

#endif
