/* How the world comes in: opened once, then handed to the server as its handler. */
#ifndef ROSTERD_ENDPOINTS_ENDPOINTS_H
#define ROSTERD_ENDPOINTS_ENDPOINTS_H

#include <stdbool.h>

#include "access/authenticate.h"
#include "base/error.h"
#include "base/password.h"
#include "http/server.h"
#include "roster/scim_trace.h"

struct catalog;
struct crypt_keys;
struct endpoints;
struct log;
struct probe;
struct reloader;
struct shared;
struct store;

/* Everything is borrowed until endpoints_close, or as long as `keeps` is held. */
struct endpoints_options {
	struct store *store;
	struct probe *probe;
	struct catalog *catalog;
	const struct crypt_keys *crypt_keys;
	struct administrators administrators;
	const char *public_url; /* where clients reach us: "https://roster.example"; no slash at the end;
				   NULL: not known */
	const char *version;	/* what /healthz says */
	bool allow_private;	/* whether connections may reach addresses of our own networks */
	int link_deadline_ms;	/* for the test of a connection */
	int outside_most; /* exchanges that may wait for directories at a time; fewer than there are threads
			   */
	int links_most; /* children that stay open for the messages of directories; stays as it was opened, too */
	const char *const *return_to; /* where people are sent when they are signed on or off, ended by NULL; NULL: nowhere but to us */
	int attempt_ms;	     /* how long a sign-on may be under way */
	int session_idle_ms; /* how long a session counts that nobody shows ... */
	int session_most_ms; /* ... and at most */
	enum password_cost password_cost; /* of those that are set from now on */
	int passwords_at_once; /* that are looked at */
	int password_places; /* exchanges that do that or wait to; stays as it was opened, too */
	int verify_stale_ms; /* how old what is answered from memory may be ... */
	int verify_lease_ms; /* ... and, if that is more, how old it may be once it says so */
	int verify_sessions_most; /* that are kept in memory; stays as it was opened, too */
	int access_ms, id_token_ms; /* how long what applications are given counts */
	int refresh_grace_ms; /* how long an answer to one that refreshes may have been lost */
	int scim_per_second, scim_burst; /* requests of one connection that pushes; 0 per second: no limit */
	enum scim_trace_policy scim_trace; /* what is kept of what they pushed */
	const struct log *log; /* parent of the subjects of exchanges; may be NULL */
	const struct reloader *reloader; /* who reads the configuration again; NULL: nobody can */
	struct shared *keeps; /* held by each exchange that began with these options; NULL: nothing is */
};

/* ERROR_INTERNAL "endpoint.unsaid": a row of the table does not say who may; "endpoint.unscoped": with which
 * scope. */
int endpoints_open(const struct endpoints_options *options, struct endpoints **ret, struct error *e);
void endpoints_close(struct endpoints **endpoints);

/* Exchanges that begin from now on see these options; those under way end with those that they began with.
 * outside_most stays as it was opened. Any thread. */
void endpoints_change(struct endpoints *endpoints, const struct endpoints_options *options);

/* Lives as long as the endpoints. */
struct server_handler endpoints_handler(struct endpoints *endpoints);

/* The same for an address of monitors' own: health and figures, told to whoever reaches it, and nothing else. Answers on the HTTP
 * thread, so that it is not one of those who wait when all others do. */
struct server_handler endpoints_monitor_handler(struct endpoints *endpoints);

/* The server whose listeners readiness looks at. NULL: from now on we are not ready, because we end; to be said before it is
 * closed. */
void endpoints_serve(struct endpoints *endpoints, const struct server *server);

#endif
