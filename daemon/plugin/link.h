/* One connection, opened: a confined child with one plug-in, asked one thing at a time. Plug-in words become ours here.
 *
 * Everything that comes back is checked (lengths, UTF-8, enumerations, order) before it is handed out. A child that crashes,
 * hangs, breaks the protocol or exceeds a limit is killed; that ends this link alone, with an error that tells which it was. */
#ifndef ROSTERD_PLUGIN_LINK_H
#define ROSTERD_PLUGIN_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "roster/identity.h"

struct catalog;
struct log;
struct link;
struct secret;

/* A setting's value: text, or a secret (then text is NULL). */
struct link_setting {
	const char *name, *text;
	const struct secret *secret;
};

/* Who keeps what the plug-in wants to have again in its next call: keep's bytes NULL forgets; recall gives 1, 0 there is none, -1. until_s: seconds since
 * 1970. */
struct link_keeper {
	void *self;
	int (*keep)(void *self, const char *name, const void *bytes, size_t size, int64_t until_s, struct error *e);
	int (*recall)(void *self, const char *name, struct secret **ret, struct error *e);
};

enum link_scope { LINK_ALL = 1, LINK_CHANGED, LINK_NAMED };

struct link_ask {
	enum link_scope scope;
	const void *cursor; /* NULL: from the beginning */
	size_t cursor_size;
	int page_most;
	const char *const *attributes; /* ends with NULL; NULL: none */
	const char *const *named;
	const char *const *named_groups;
};

/* The last two come with LINK_CHANGED alone. */
enum link_item_kind {
	LINK_PERSON = 1, LINK_GROUP, LINK_MEMBERSHIP, LINK_REFUSED, LINK_NOTE, LINK_MEMBERSHIP_GONE, LINK_PRESENT
};

enum link_subject { LINK_SUBJECT_PERSON = 1, LINK_SUBJECT_GROUP, LINK_SUBJECT_CHANGES /* a notification's alone */ };

/* Exists, and is as it was at the cursor. */
struct link_present {
	enum link_subject subject;
	const char *remote_id, *stamp; /* stamp: NULL: not said */
};

enum { LINK_NOTES_MOST = 65536 }; /* bytes of link_check's notes; what is beyond is left out */

struct link_item {
	enum link_item_kind kind;
	struct identity person;
	struct identity_group group;
	struct identity_membership membership; /* also of LINK_MEMBERSHIP_GONE */
	struct link_present present;
	const char *refused_id;
	const char *text; /* why it was refused, or the note */
};

/* One part of the proof that a listing is whole; the words of connector.h, enum roster_evidence. */
enum link_evidence { LINK_HELD = 1, LINK_MISSING, LINK_UNTOLD, LINK_SAME, LINK_LATER, LINK_NO_MORE };
enum { LINK_PARTS_MOST = 16, LINK_PART_MOST = 64, LINK_EVIDENCE_MOST = 512 };

struct link_part {
	char name[LINK_PART_MOST + 1];
	enum link_evidence evidence;
	char value[LINK_EVIDENCE_MOST + 1]; /* "" for the first three */
	char words[512];
};

/* How a page ended. */
struct link_end {
	bool more;
	bool whole;        /* with the last page: the plug-in proves the listing whole ... */
	char proof[512];   /* ... and how, or why it is not; empty if it said nothing, as LINK_CHANGED and LINK_NAMED may */
	size_t part_count; /* with the last page of LINK_ALL: no part is missing if it is whole */
	const struct link_part *parts; /* borrowed from the link until its next call */
	const void *cursor; /* NULL: none given. Borrowed from the link until its next call */
	size_t cursor_size;
};

struct link_pair {
	const char *name, *value;
};

/* Starts a child for a plug-in of the catalog and hands it the settings, checked by type: ERROR_INPUT "setting.unknown",
 * "setting.missing", "setting.value"; ERROR_NOT_FOUND "plugin.unknown". A LIST stands one text a line. allow_private: whether
 * dial may reach loopback and other addresses of our own networks, and Unix sockets, if a setting of type address names
 * them (the operator's setting; link-local addresses and metadata services of clouds are never reached). deadline_ms: for
 * opening, and for each call. The settings are borrowed until link_open returns, the name of the plug-in and the log until link_close. The
 * child ends with the thread that opened the link. */
struct link_options {
	const char *plugin;
	const struct link_setting *settings;
	size_t setting_count;
	int deadline_ms;
	bool allow_private;
	const struct link_keeper *keeper; /* NULL: nothing is kept, and nothing found. Borrowed until link_close, or link_keep_with */
	const char *notifications_url; /* where messages for this connection come in; NULL: nowhere */
	const struct link_pair *addresses; /* where we are reached otherwise ("callback", "acs", ...), ended by a name of NULL; NULL: nowhere. Borrowed
	                                    * until link_open returns */
	/* Called while it is opened, once there is a child: link_cancel may end it from now on; and with NULL if it is closed again because opening
	 * failed. NULL: nobody need know. */
	void (*started)(void *context, struct link *link);
	void *started_context;
	const struct log *log;
};
int link_open(struct catalog *catalog, const struct link_options *options, struct link **ret, struct error *e);

/* Ends the child and waits for it. Accepts a pointer to NULL; leaves NULL behind. */
void link_close(struct link **link);

/* The plug-in's own check of the connection. Its notes are put into the arena, a line each, also if it fails: what was
 * well before then is half of the answer. Both may be NULL. */
int link_check(struct link *link, struct arena *arena, const char **ret_notes, struct error *e);

/* Asks for one page; then link_next until it gives 0. */
int link_ask(struct link *link, const struct link_ask *ask, struct error *e);

/* 1: an item, whose texts live until the next call; only what belongs to its kind is filled. 0: the page has ended, link_end tells how. -1: failed: kinds are
 * ERROR_RETRY (try later; wait_ms), ERROR_DENIED (refused us), ERROR_PRECONDITION (lost its place), ERROR_REMOTE (nonsense, crash,
 * hang), ERROR_INPUT (misconfigured). After -1 the link can only be closed. */
int link_next(struct link *link, struct link_item *ret, struct error *e);

/* Whether the plug-in can be asked so. */
bool link_answers(const struct link *link, enum link_scope scope);

/* After link_next gave 0. */
const struct link_end *link_end(const struct link *link);

/* Waits until the directory says that something changed, at most deadline_ms: 1 something did, 0 not until then, -1 failed, as
 * link_next. ask: the cursor and the attributes count. ERROR_INPUT "plugin.scope": the plug-in cannot watch. */
int link_watch(struct link *link, const struct link_ask *ask, int deadline_ms, struct error *e);

/* ---- a message that came to the connection's address ---- */

enum {
	LINK_PAIRS_MOST = 200,    /* query parameters and headers */
	LINK_MESSAGE_MOST = 1 << 20,
	LINK_LOOKS_MOST = 500,    /* subjects of one message */
	LINK_REPLY_MOST = 16384,
};

/* As it came, and not known to be authentic. Pairs whose name is too long, or whose value is or is not UTF-8, are not given to the plug-in. */
struct link_message {
	const char *method;
	const struct link_pair *query, *headers;
	size_t query_count, header_count;
	const void *body;
	size_t body_size;
};

struct link_look {
	enum link_subject subject;
	const char *remote_id; /* NULL of LINK_SUBJECT_CHANGES */
};

/* What the plug-in makes of it, in the arena that was given. */
struct link_heard {
	const char *message_id;  /* the same in a message that is repeated; NULL: it has none */
	int64_t until;           /* seconds since 1970 until which it may be; 0: not said */
	size_t look_count;       /* 0 if the status is above 299 */
	struct link_look looks[LINK_LOOKS_MOST];
	int status;              /* of the reply: 200 to 299, 400 to 499 */
	const char *content_type; /* one of a short list, or NULL: no body */
	const void *body;
	size_t body_size;
};

/* Whether a message is authentic, and whom it is about. Kinds of failure as of link_next, and ERROR_DENIED "plugin.denied": it is not
 * authentic. After a failure that the plug-in itself has told the link goes on (link_lives); ERROR_INPUT "plugin.scope": it understands no
 * messages. */
int link_notify(struct link *link, const struct link_message *message, int deadline_ms, struct arena *arena, struct link_heard *ret,
                struct error *e);

/* From the next call on it is this one who keeps: of a link that several use, one after the other. */
void link_keep_with(struct link *link, const struct link_keeper *keeper);

/* Asks the directory to send messages to notifications_url, to go on with it, or to stop: 0 it will; 1 (LINK_SUBSCRIBE) the plug-in wants none; -1 as
 * link_next, "plugin.lost_place": it knows of none. ERROR_INPUT "plugin.scope": the plug-in cannot. */
enum link_subscription { LINK_SUBSCRIBE = 1, LINK_RENEW, LINK_UNSUBSCRIBE };
int link_subscribe(struct link *link, enum link_subscription what, struct error *e);

/* Whether it can be asked anything more. */
bool link_lives(const struct link *link);

/* ---- signing a person on ---- */

enum {
	LINK_FORM_MOST = 524288,    /* bytes of one value */
	LINK_CHECKS_MOST = 64,
	LINK_SIGN_GROUPS_MOST = 256,
	LINK_SESSIONS_MOST = 16, /* that one message about logout ends */
	LINK_URL_MOST = 16384,
	LINK_METADATA_MOST = 524288,
};

enum link_step { LINK_BEGIN = 1, LINK_FINISH, LINK_DESCRIBE, LINK_LOGOUT, LINK_PASSWORD, LINK_ENDED };

/* What is asked. attempt: "state", "nonce", "verifier", "request", "login_hint", "method", "query" as connector.h has them; of LINK_LOGOUT
 * "remote_id" and "session", of LINK_PASSWORD "user_name" and "password". Values are UTF-8 without NUL, or the pair is left out. */
struct link_sign_on {
	enum link_step step;
	const struct link_pair *attempt, *form;
	size_t attempt_count, form_count; /* at most LINK_PAIRS_MOST each */
};

/* One thing that was looked at. */
struct link_checked {
	const char *check;
	bool passed;
	const char *expected, *received, *advice; /* each may be NULL */
};

/* What the provider calls a session: whose, and which of theirs. One of the two may be NULL. */
struct link_session {
	const char *subject, *index;
};

/* What comes of it, in the arena that was given; the checks also after a failure. */
struct link_signed {
	size_t check_count;
	struct link_checked checks[LINK_CHECKS_MOST];
	const struct identity *person; /* of LINK_FINISH and LINK_PASSWORD: always, if it went well */
	size_t group_count;            /* what groups are called; all of them partial */
	struct identity_group groups[LINK_SIGN_GROUPS_MOST];
	const char *message_id; /* may be used once; NULL: the plug-in does not say so */
	int64_t until;          /* seconds since 1970 until which it may be repeated */
	const char *session;    /* what the provider calls its session; NULL: not said */
	int64_t session_until;  /* when it ends there; 0: not said */
	const char *url;        /* where the browser is sent, http or https; NULL: nowhere */
	const char *post_body;  /* what it posts there; NULL: nothing, it only goes there */
	size_t session_count;   /* of LINK_FINISH at most one, the session that begins; of LINK_ENDED those that end */
	struct link_session sessions[LINK_SESSIONS_MOST];
	const char *content_type; /* of LINK_DESCRIBE */
	const void *body;
	size_t body_size;
};

/* Kinds of failure as of link_next, and ERROR_DENIED "plugin.denied": the person may not come in. After a failure that the plug-in itself has told the link
 * goes on. ERROR_INPUT "plugin.scope": it signs nobody on. */
int link_sign(struct link *link, const struct link_sign_on *ask, int deadline_ms, struct arena *arena, struct link_signed *ret, struct error *e);

/* ---- an event for somebody who listens ---- */

/* As the Standard Webhooks specification has it. */
struct link_event {
	const char *id, *signature;
	int64_t at; /* seconds since 1970 */
	const void *body;
	size_t body_size; /* at most LINK_MESSAGE_MOST */
};

/* Delivers it. *ret_status: what was answered, 100 to 599; *ret_notes as of link_check: what was said beside it. Kinds of failure as of
 * link_next; after one that the plug-in itself has told the link goes on. ERROR_INPUT "plugin.scope": it delivers nothing. */
int link_deliver(struct link *link, const struct link_event *event, int deadline_ms, struct arena *arena, int *ret_status,
                 const char **ret_notes, struct error *e);

/* Asks the call under way to stop, from any thread: link_next then fails with ERROR_RETRY. */
void link_cancel(struct link *link);

#endif
