/* Carries requests: the HTTP server library lives in http/ and nowhere else.
 *
 * HTTP threads read requests (every size and time limited) and send replies; a request is answered on one of
 * a fixed number of exchange threads, which may block. What can be answered from memory, or by one short look
 * into the database, is answered by `quick`, on the HTTP thread itself. */
#ifndef ROSTERD_HTTP_SERVER_H
#define ROSTERD_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "http/reply.h"
#include "http/request.h"

struct server;

enum { SERVER_LISTENS_MOST = 16 };

struct server_handler {
	void *self;
	/* The most bytes of body that this method and path may have, asked before the body is read; 0: none.
	 * Also the place to refuse early: -1 with e, which is answered at once. */
	int (*body_most)(void *self, const struct request *head, size_t *ret, struct error *e);
	/* Answers; may block. Runs on an exchange thread. */
	void (*answer)(void *self, struct request *request, struct reply *reply);
	/* May be NULL. true: answered, on the HTTP thread; must not block, or for some milliseconds at most.
	 * false: `answer` is called, and goes on with what was left in request->begun. */
	bool (*quick)(void *self, struct request *request, struct reply *reply);
	/* May be NULL. true: what the server itself refuses was put into words; false: reply_error does. The request may be
	 * no further than its method; path is NULL then. */
	bool (*refuse)(void *self, const struct request *request, const struct error *e, struct reply *reply);
	/* Gives up what was begun, for `answer` will not be called: too much waits, or the server ends.
	 * Needed if something may be. */
	void (*forget)(void *self, struct request *request);
};

struct server_options {
	/* "127.0.0.1:8080", "[::1]:8080", "unix:/run/rosterd/rosterd.sock"; ended by NULL. */
	const char *const *listen;
	unsigned unix_mode;	/* of sockets that we make, such as 0660 */
	const char *unix_group; /* NULL: ours */
	const int
		*inherited; /* listening descriptors handed in (socket activation); ended by -1; NULL: none */
	const char *const *trusted_proxies; /* CIDR, v4 and v6; ended by NULL: whose Forwarded /
					       X-Forwarded-For / -Proto count */
	int http_threads, exchange_threads;
	int connections_most;		  /* on all listeners together */
	int connections_per_address_most; /* an IPv6 /64 counts as one address; trusted proxies and Unix
					     sockets don't count */
	int stall_ms;	    /* with requests waiting, one is begun at least this often, or we are stuck
			       (base/lease); 0: not looked at */
	int waiting_most;   /* requests waiting for an exchange thread; above: 503 with Retry-After */
	int idle_timeout_s; /* of a connection; also the most time for a request to arrive */
	size_t head_most;   /* of request line and headers, up to REQUEST_HEAD_MOST */
};

int server_open(const struct server_options *options, const struct server_handler *handler,
		struct server **ret, struct error *e);

/* Turns away who comes, lets in who has connected, closes connections that are idle, lets requests that have begun be answered within
 * drain_ms, then ends. After drain_ms requests that still wait for a thread are answered 503 and those that
 * have not come in whole are dropped; an `answer` that runs is waited for, for it can't be stopped. Leaves
 * NULL behind. */
void server_close(struct server **server, int drain_ms);

/* 0 if new connections are accepted everywhere; -1 and why not: "http.ending", "http.socket". Any thread. */
int server_listening(const struct server *server, struct error *e);

/* The port of the n-th TCP listener (for ":0"), or -1. */
int server_port(const struct server *server, int n);

/* Requests being read or answered now, and answered so far. */
void server_count(const struct server *server, long *ret_open, long *ret_answered);

#endif
