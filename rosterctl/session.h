/* A conversation with the daemon: over its Unix socket, or over HTTP(S) with a token. The only room that
 * knows libcurl.
 *
 * Every answer is bounded in size and time, must be JSON, and is never a redirect. */
#ifndef ROSTERCTL_SESSION_H
#define ROSTERCTL_SESSION_H

#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"

#define SESSION_SOCKET "/run/rosterd/rosterd.sock"

enum {
	SESSION_ANSWER_MOST = 16 << 20, /* bytes of one answer */
	SESSION_CONNECT_MS = 10 * 1000, /* to be let in */
	SESSION_ANSWER_MS = 120 * 1000, /* from the question to the end of the answer */
	SESSION_ANSWER_MS_MOST = 3600 * 1000,
};

struct session;
struct json;

struct session_options {
	const char *socket;	/* path; NULL: url, or the usual socket if that is NULL too */
	const char *url;	/* "https://roster.example" */
	const char *token_file; /* NULL: none; the socket knows us by our user id */
	const char *ca_file;	/* certificates that vouch for the URL; NULL: the system's */
	int64_t timeout_ms;	/* 0: SESSION_ANSWER_MS */
};

struct answer {
	long status;
	const char *bytes; /* as they came, ended by NUL */
	size_t length;
	struct json *json; /* NULL if the answer was empty */
};

/* Prepares a session; nothing is sent yet. CODE_USAGE if the options cannot be right. */
int session_open(const struct session_options *options, struct session **ret, struct error *e);
void session_close(struct session **session);

/* What is asked from now on is asked of a thing at this version alone; of one at another it is refused: ERROR_PRECONDITION. */
void session_if_match(struct session *session, int64_t version);

/* Asks, and reads the answer into the arena. body NULL: none. A status of 400 and above is an error that has
 * the problem's kind, code and detail, and "request ID" in its detail. */
int session_call(struct session *session, struct arena *arena, const char *method, const char *path,
		 const struct buffer *body, struct answer *ret, struct error *e);

/* As session_call, where a refusal says more than an error can hold: 1 done; 0 refused with a JSON object, which is the
 * answer, and e is filled, too; -1. */
int session_try(struct session *session, struct arena *arena, const char *method, const char *path,
		const struct buffer *body, struct answer *ret, struct error *e);

/* As session_call, for an answer that must be a JSON object. */
int session_ask(struct session *session, struct arena *arena, const char *method, const char *path,
		const struct buffer *body, struct answer *ret, struct error *e);

/* Until when the certificate of the server that answered last is valid, in microseconds since 1970: 1; or 0 if it had
 * none. */
int session_certificate(struct session *session, int64_t *ret_us);

/* Takes a piece of an answer. -1: it could not. */
typedef int session_sink_fn(void *context, const char *bytes, size_t size, struct error *e);

/* Asks for something that may be long, and gives it away as it comes; nothing of it is kept and none of the
 * limits above holds, but that it may not stand still for longer than an answer may take. -1 also if it broke
 * off. */
int session_stream(struct session *session, struct arena *arena, const char *path, session_sink_fn *sink,
		   void *context, struct error *e);

/* Where the daemon is, for messages: "unix:/run/rosterd/rosterd.sock" or the URL. */
const char *session_where(const struct session *session);

#endif
