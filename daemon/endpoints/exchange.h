/* An exchange: one request and its reply, as an endpoint sees it; and what endpoints do alike.
 *
 * An endpoint has two halves. `prepare` (seldom) runs before the transaction and may talk to the world;
 * `answer` runs inside it, may wait for nobody, writes the reply and never commits: dispatch does, and only
 * if what was changed was also audited. */
#ifndef ROSTERD_ENDPOINTS_EXCHANGE_H
#define ROSTERD_ENDPOINTS_EXCHANGE_H

#include <stdint.h>

#include "access/authenticate.h"
#include "access/authorize.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/id.h"
#include "base/json.h"
#include "base/log.h"
#include "endpoints/endpoints.h"
#include "http/reply.h"
#include "http/request.h"
#include "roster/audit.h"
#include "roster/organisation.h"
#include "roster/scim.h"
#include "store/transaction.h"

struct denials;
struct exchange;
struct hashing;
struct health;
struct links;
struct memory;
struct outside;
struct rate;
struct remembered;
struct scim_trace;
typedef int answer_fn(struct exchange *x, struct error *e);

/* One address that we answer. */
struct endpoint {
	const char *method, *path;
	enum permit permit; /* PERMIT_ANYONE has to be said aloud */
	size_t body_most;   /* bytes; 0: no body */
	answer_fn *answer;
	answer_fn *prepare;	       /* NULL: nothing to ask the world */
	const char *const *parameters; /* of the query, ended by NULL; NULL: none. Others are refused */
	/* Needs no database: there is a transaction only if who asks must be looked up. What anybody may ask is
	 * answered at once on the HTTP thread; and these addresses alone are there for monitors. */
	bool from_memory;
	/* SCIM's manners: errors in its own form, parameters that it does not know are passed over. */
	bool scim;
	/* Sends what it reads right behind the question who asks, where that is a connection, so that both
	 * cost one round trip; `answer` receives it, and nobody does if they may not. Says nothing of a
	 * request that is wrong: answer does. It leaves `prepared` if it sent something. NULL: nothing is
	 * known before. */
	answer_fn *ahead;
	/* What ahead sends changes something: only for a directory that was here before, and may. */
	bool ahead_writes;
	/* Nobody is asked who they are, and prepare finds out whose it is (x->organisation); parameters are the sender's, if the row names none. */
	bool stranger;
	/* Also for whoever was given a link to set up the connection that it names (endpoints/setup_link). */
	bool setup;
	/* Tries on the HTTP thread, with what is in memory: 1 it is answered, -1 refused, 0 the others are to. It may not wait for anybody. NULL: none. */
	answer_fn *at_once;
	/* Who asks shows the id and secret of a client instead of a token, and is answered in OAuth's manner. */
	bool client;
};

enum {
	EXCHANGE_ALLOW_SIZE = 128,
	EXCHANGE_ID_LEAST = 8, /* of a request's id that a trusted proxy gave */
	EXCHANGE_ID_MOST = 64,
};

struct exchange {
	const struct endpoints_options *options;
	struct outside *outside; /* whoever waits for the world enters there */
	struct denials *denials;
	struct rate *rate;
	struct rate *name_rate; /* of names that passwords are tried for: whoever fills the other with addresses pushes none out */
	struct hashing *hashing; /* whoever looks at a password enters there */
	struct remembered *remembered;
	struct links *links; /* open ones of connections whose directories send messages */
	struct links *sign_links; /* and of those by which people sign on */
	struct health *health;
	struct memory *memory; /* who is signed in, as far as it is known without the database */
	const struct endpoint *endpoint;
	struct request *request;
	struct reply *reply;
	bool as_worker;	 /* prepare has found that the roster changes: the transaction is a worker's */
	bool by_monitor; /* through the address of monitors: nobody is asked who they are */
	struct arena *arena; /* gone when the exchange ends */
	struct tx *tx;	     /* NULL for PERMIT_ANYONE, in prepare, and where the row is from_memory */
	struct log log;
	char id[EXCHANGE_ID_MOST + 1];	 /* of the request: ours, or the trusted proxy's */
	char allow[EXCHANGE_ALLOW_SIZE]; /* the methods that the address has, when it is not this one; ""
					    otherwise */
	struct principal principal;
	struct organisation organisation; /* its id is nil if the address names none */
	struct scim_push pushed; /* SCIM: what it leaves for a run */
	void *prepared;	       /* from prepare, or ahead, to answer */
	/* What ahead sent is all that answer asks the database for, and soon found: so it may be answered on
	 * the HTTP thread. */
	bool swift;
	bool asked_again; /* a directory that was here before: whether it still is let in is on its way */
	bool admitted;	  /* it is */
	const struct error *refused;	  /* ... and what it is told if it is; NULL: what it asked for */
	bool shown_once;		  /* the reply holds a secret: it is kept nowhere */
	bool versioned;			  /* the reply shows one thing, which is at this version */
	int64_t version;
};

/* Opens the transaction, for the organisation if there is one. Dispatch's work, and prepare's when it must
 * look something up: which then closes it again. */
int exchange_begin(struct exchange *x, struct error *e);

enum { GRACE_TEXT_MOST = 32 };
enum { PAGE_DEFAULT = 100, PAGE_MOST = 1000 };

/* The body by a table; a request without one is refused. */
int exchange_read(struct exchange *x, const struct json_field *fields, void *into, struct error *e);

/* ?limit= and ?after= of a list. *ret_after is NULL for the first page. */
int exchange_page(struct exchange *x, int *ret_limit, const char **ret_after, struct error *e);
/* The same where the cursor is an id; *ret_after points to *ret_id or is NULL. */
int exchange_page_id(struct exchange *x, int *ret_limit, struct id *ret_id, const struct id **ret_after,
		     struct error *e);
/* The same where it is a number; 0 for the first page. */
int exchange_page_number(struct exchange *x, int *ret_limit, int64_t *ret_after, struct error *e);

/* ERROR_INPUT "request.after": what a list would go on behind is not in it. Returns -1. */
int exchange_bad_cursor(struct error *e);

/* A query parameter that is one of words (ended by NULL); *ret is NULL if it is not there. */
int exchange_word(struct exchange *x, const char *name, const char *const *words, const char **ret,
		  struct error *e);
/* A query parameter that is an RFC 3339 time; *ret is 0 if it is not there. */
int exchange_time(struct exchange *x, const char *name, int64_t *ret, struct error *e);

/* Begins a JSON reply; the caller writes one value. */
void exchange_reply(struct exchange *x, int status, struct json_writer *ret);
/* {"items": [ ... and ], "next": cursor or null}. */
void exchange_list_begin(struct exchange *x, struct json_writer *ret);
void exchange_list_end(struct json_writer *w, const char *next);
/* 204, and nothing to read. */
void exchange_done(struct exchange *x);

void exchange_put_id(struct json_writer *w, const char *name, const struct id *id); /* nil writes null */

/* A length of time in the largest unit that divides it, as it is written in a body: "90m", "never" for 0. */
const char *exchange_duration(const struct exchange *x, int64_t ms);
/* The other way round, of a grace time: ERROR_INPUT "<kind>.grace". NULL: not given, and *ret stays. */
int exchange_read_grace(const char *kind, const char *text, int64_t *ret, struct error *e);

void exchange_put_scopes(struct exchange *x, struct json_writer *w, const struct scopes *scopes);

/* The reply shows a thing that is at this version: dispatch tags it, and answers 304 to who has it. */
void exchange_etag(struct exchange *x, int64_t version);
/* Whether If-Match and If-None-Match let a thing at this version be changed: ERROR_PRECONDITION
 * "precondition.changed", "precondition.matched". */
int exchange_match(struct exchange *x, int64_t version, struct error *e);
/* Location of what was made, relative to the public URL. */
void exchange_location(struct exchange *x, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Whether a name that somebody gave can be shown: not empty, no control characters. NULL: not given.
 * ERROR_INPUT "<kind>.name". */
int exchange_check_name(const char *kind, const char *name, struct error *e);

/* Asks the matrix something about who asks here; permit, personal, own, target_is_owner and to are the
 * caller's. */
int exchange_may(const struct exchange *x, struct question question, struct error *e);

/* Who asks, as the audit names them. */
struct actor exchange_actor(const struct exchange *x);
/* One audit entry of this exchange. before and after are JSON objects or NULL. */
int exchange_audit(struct exchange *x, const char *action, const char *target_kind, const char *target,
		   const char *target_name, const char *before, const char *after, struct error *e);
/* Whose entry or token it is: the exchange's organisation, or NULL, the operator's. */
const struct id *exchange_owner(const struct exchange *x);
/* A JSON object of texts for it: exchange_object(x, "role", "admin", "state", NULL-or-text, NULL). Pairs end
 * with a NULL name. */
const char *exchange_object(struct exchange *x, const char *name, ...) __attribute__((sentinel));

/* Who asks, in one word and an id, for rows that keep it: "operator uid 0". */
const char *exchange_who(const struct exchange *x);

/* From now on the exchange is this member's, of the organisation that it is about: what it does is entered as theirs. */
void exchange_become(struct exchange *x, const struct id *user, const char *role, const char *email, const char *name);

/* The same, and where none is near, all of them: "; one of \"a\", \"b\" is expected". For lists that are
 * short enough to be read. */
const char *exchange_choices(const struct exchange *x, const char *given, const char *const *words);

/* The end of a message about a word that is none of words (ended by NULL): "; did you mean \"state\"?", or
 * "". */
const char *exchange_suggestion(const struct exchange *x, const char *given, const char *const *words);

/* ERROR_NOT_FOUND "member.unknown": "there is no member \"x\" here". Returns -1. */
int exchange_unknown(const char *kind, const char *which, struct error *e);
/* The same with what was probably meant. names (ended by NULL) are those that who asks may see, and no others. */
int exchange_unknown_of(const struct exchange *x, const char *kind, const char *which, const char *const *names,
			struct error *e);
/* What is shown as managed_by: the file, to the operator; to everybody else that it is a file of theirs. NULL stays NULL. */
const char *exchange_managed_by(const struct exchange *x, const char *managed_by);
/* Before something is changed: ERROR_CONFLICT "managed_by_file" if a file says what it is like, "managed_by_orphan" if
 * one did and no longer does, with file and line for the operator; 0 if none does. target as in roster/managed. */
int exchange_managed(struct exchange *x, const char *kind, const char *target, const char *managed_by, struct error *e);
/* The same before it is deleted, which an orphan may be. */
int exchange_managed_deletable(struct exchange *x, const char *kind, const char *target, const char *managed_by,
			       struct error *e);
/* Before it is adopted: only an orphan may be. */
int exchange_managed_adoptable(struct exchange *x, const char *kind, const char *target, const char *managed_by,
			       struct error *e);
/* The line where a file describes it (for the operator), and since when none does: members "managed_line" and "orphaned_at". */
struct managed;
int exchange_managed_find(struct exchange *x, const char *kind, const char *target, const char *managed_by,
			  struct managed *ret, struct error *e);
void exchange_put_managed(const struct exchange *x, struct json_writer *w, const struct managed *managed);

/* What the audit keeps of something that was adopted: where the file was stands in it for nobody. */
#define EXCHANGE_FILE "a file of the operator"

#endif
