/* The connector ABI: all that a plug-in sees of rosterd, and all that rosterd knows of a plug-in.
 *
 * A plug-in is a shared object with one exported constant, roster_connector. It runs in a confined child process,
 * alone, one call at a time, in plain blocking C. It has no files, no database, no sockets but those it is given:
 * it asks for a connection with dial(), and the daemon resolves the name, judges the address and hands over the
 * descriptor.
 *
 *   - No memory changes hands. What a plug-in passes lives until the host function returns; what it is given lives
 *     until its own function returns.
 *   - Strings are UTF-8 without NUL and end with NUL. Everything has a limit, named ROSTER_..._MOST; more is refused.
 *   - A function that fails says why with fail() and returns -1. Returning -1 without it is a fault of the plug-in.
 *   - Time: every call has a deadline. When it has passed, the child is killed, and what it did last (step()) is what
 *     the administrator reads.
 *   - Compatibility: same major, minor not above the daemon's; members beyond `size` are absent. New members come at
 *     the end. Members that a plug-in leaves out are zero.
 *
 * docs/connector.md tells the story; connectors/example/ is meant to be copied. */
#ifndef ROSTER_CONNECTOR_H
#define ROSTER_CONNECTOR_H

#include <stddef.h>
#include <stdint.h>

#define ROSTER_ABI_MAJOR 1 /* raised when an old plug-in could misread us */
#define ROSTER_ABI_MINOR 6 /* raised when something is added at the end: 1.1 brought stamps, partial groups, emit_member_gone,
                            * emit_present, prove, and what watch() says; 1.2 place; 1.3 notifications as they are now;
                            * 1.4 delivery; 1.5 sign_on; 1.6 session_of, and ended is called */

/* The one symbol that a plug-in exports: ROSTER_CONNECTOR = { .abi_major = ..., ... }; */
#define ROSTER_CONNECTOR __attribute__((visibility("default"))) const struct roster_connector roster_connector

enum {
	ROSTER_ID_MOST = 1024,         /* remote_id, reference, group and member ids, in bytes */
	ROSTER_TEXT_MOST = 4096,       /* every other text: names, addresses, an attribute's value */
	ROSTER_ATTRIBUTES_MOST = 64,   /* attributes of one identity */
	ROSTER_VALUES_MOST = 256,      /* values of one attribute, addresses or groups of one identity */
	ROSTER_IDENTITY_MOST = 262144, /* one identity, all its bytes */
	ROSTER_CURSOR_MOST = 131072,   /* a cursor (LDAP cookies may be above 64 KiB) */
	ROSTER_NAMED_MOST = 1000,      /* remote ids asked for in one call of scope named */
	ROSTER_SETTING_MOST = 65536,   /* a setting's value */
	ROSTER_KEPT_MOST = 16384,      /* a value kept between calls */
	ROSTER_NOTE_MOST = 512,        /* note, step, fail: one line */
	ROSTER_STAMP_MOST = 256,       /* a record's version */
	ROSTER_PARTS_MOST = 16,        /* parts of the proof of one listing */
	ROSTER_PART_MOST = 64,         /* the name of a part */
	ROSTER_EVIDENCE_MOST = 512,    /* its value */
	ROSTER_URL_MOST = 16384,       /* an address to send a browser to */
	ROSTER_BODY_MOST = 1048576,    /* a form's value, a notification's body, metadata */
	ROSTER_PAIRS_MOST = 200,       /* query parameters and headers of one notification */
	ROSTER_SUBJECTS_MOST = 500,    /* look_at calls of one notification */
	ROSTER_REPLY_MOST = 16384,     /* the reply to a notification */
	ROSTER_FORM_MOST = 524288,     /* a value of a sign-on's form (a SAML response), and our metadata */
	ROSTER_CHECKS_MOST = 64,       /* checked() of one sign-on */
	ROSTER_CHECKED_MOST = 1024,    /* each text of one; what is beyond is cut */
	ROSTER_SESSION_MOST = 4096,    /* what is known of a session at the provider */
	ROSTER_ENDED_MOST = 16,        /* session_of() calls of one message about logout */
};

struct roster_call; /* one question put to a plug-in; valid until it returns */

/* ---- what a directory shows ---------------------------------------------------------------------------------- */

enum roster_standing {
	ROSTER_ACTIVE = 1, /* may sign in there */
	ROSTER_SUSPENDED,  /* exists there, may not sign in (disabled, locked out by an administrator, expired) */
	ROSTER_GONE,       /* known not to exist any more: scopes changed and named alone */
};

/* How sure the directory is that an address of mail belongs to the person. Whether it counts is decided by rosterd:
 * only for domains that the organisation has proven. */
enum roster_proof {
	ROSTER_UNPROVEN = 1, /* the directory says so itself ("email_verified": false) */
	ROSTER_ASSERTED,     /* an administrator's entry */
	ROSTER_PROVEN,       /* the directory checked it ("email_verified": true) */
};

struct roster_address {
	size_t size;
	const char *email;
	enum roster_proof proof;
};

/* An attribute beyond the ones below; asked for by name in roster_ask.attributes. */
struct roster_attribute {
	size_t size;
	const char *name;
	const char *const *values; /* ends with NULL */
};

/* One person as the directory shows them now. Unknown members are NULL; an attribute that is known to be empty is "". */
struct roster_identity {
	size_t size;
	const char *remote_id; /* MUST: the directory's own key, never reused, never a name: entryUUID, objectGUID, "00u..." */
	const char *reference; /* MAY: how this directory's groups refer to the person, if not by remote_id (LDAP: the
	                        * normalised DN) */
	const char *user_name; /* MUST, unless GONE: what the person signs in with there; "": nothing that can be given */
	const char *email;     /* the primary address */
	enum roster_proof email_proof;
	const char *given_name, *family_name, *display_name;
	enum roster_standing standing; /* MUST */
	const char *const *groups; /* NULL: it did not say. {NULL}: it said none. Ids as in emit_member */
	const struct roster_attribute *attributes; /* ends with {0}; NULL: none */
	const struct roster_address *addresses;    /* further addresses, ends with {0}; NULL: none */
	const char *locale;                        /* BCP 47 */
	const char *title, *department;
	const char *manager; /* remote_id or reference of a person */
	const char *stamp;   /* MAY: the directory's own version of this record: entryCSN, uSNChanged, ETag */
};

struct roster_group {
	size_t size;
	const char *remote_id; /* MUST, as above */
	const char *reference; /* MAY: how groups and people refer to this group, if not by remote_id */
	const char *name;      /* MUST: what administrators call it, and what mappings name */
	int gone;              /* 1: known not to exist any more: scopes changed and named alone */
	const char *stamp;     /* MAY, as above */
	int partial;           /* scope changed. 1: the members given with it are changes: emit_member adds, emit_member_gone
	                        * removes. 0: they are all of its members, in this page and the following */
};

/* ---- what went wrong ------------------------------------------------------------------------------------------ */

enum roster_trouble {
	ROSTER_TRY_LATER = 1, /* not reachable, busy or limited; after_ms says how long, 0: as the daemon likes */
	ROSTER_REFUSED,       /* our credentials are not good (any more), or may not read */
	ROSTER_LOST_PLACE,    /* the cursor is too old or not ours; begin again */
	ROSTER_NONSENSE,      /* the remote broke its own rules */
	ROSTER_MISCONFIGURED, /* a setting is wrong: the text names it */
	ROSTER_DENIED,        /* sign_on: the person may not come in; notifications: the message is not authentic. The text says which check
	                       * failed, never what it was compared with */
};

/* ---- what a plug-in may ask of rosterd, and all it may ask ------------------------------------------------------ */

/* ROSTER_CHANGES: something has changed, and the message does not say of whom (or of too many): look_at alone. */
enum roster_subject { ROSTER_PERSON = 1, ROSTER_GROUP, ROSTER_CHANGES };

/* What a part of a proof is worth.
 *
 * The last three are held against the last whole listing of this connection that was applied, and only if this one no longer shows
 * somebody or something; rosterd keeps the values. Without such a listing they count as held. A part that had a value then and is
 * untold now is missing. */
enum roster_evidence {
	ROSTER_HELD = 1, /* it is so. value: NULL, here and in the next two */
	ROSTER_MISSING,  /* it is not so: the listing is not whole, whatever else is said */
	ROSTER_UNTOLD,   /* this directory gives no way to know */
	ROSTER_SAME,     /* value must be what it was: who we are there, which entries the bases are */
	ROSTER_LATER,    /* value ends in a mark of the directory's last change that grows by the order of its bytes, behind a blank;
	                  * before that stands what it is the mark of. If that is the same, the mark must have grown: nobody goes
	                  * without a change */
	ROSTER_NO_MORE,  /* value is a number and must not have grown: of entries that are there and hidden from us */
};

struct roster_host {
	size_t size;

	/* Gives one person, group or membership to the daemon. 0, or -1: what was given is not acceptable (too long, not
	 * UTF-8, remote_id missing) or the daemon no longer wants it; return -1 then, fail() is already filled.
	 * A record whose content is poor (no e-mail) is still given: the daemon keeps it as a row that somebody can see.
	 * emit_member's member is the reference of a person or group if it has one, its remote_id otherwise; members
	 * that were never given are counted and ignored. Give a membership in any order, before or after its ends. */
	int (*emit)(struct roster_call *, const struct roster_identity *);
	int (*emit_group)(struct roster_call *, const struct roster_group *);
	int (*emit_member)(struct roster_call *, const char *group, const char *member);

	/* A record that the plug-in itself cannot read (no key): becomes a visible row with the reason. remote_id may be
	 * anything that helps to find it (a DN). Of a person with a usable key it says what was left out (too long, not UTF-8),
	 * beside emit: people can often write parts of their record, and that they are switched off counts all the same. */
	int (*emit_refused)(struct roster_call *, const char *remote_id, const char *fmt, ...)
		__attribute__((format(printf, 3, 4)));

	/* Says why a call fails, in one line for the administrator: what, where, what was expected. Returns -1. */
	int (*fail)(struct roster_call *, enum roster_trouble, int after_ms, const char *fmt, ...)
		__attribute__((format(printf, 4, 5)));

	/* The value of a setting as text, its default if it is not set, NULL if there is neither. */
	const char *(*setting)(struct roster_call *, const char *name);

	/* A line for whoever reads about this run later. Never anything secret or personal. */
	void (*note)(struct roster_call *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

	/* What is being done now ("binding as cn=sync"): what is reported if the deadline passes meanwhile. */
	void (*step)(struct roster_call *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

	/* Milliseconds until the deadline of this call. */
	int64_t (*left_ms)(struct roster_call *);

	/* A connected stream socket to host and port (TCP), or to a path (host "/run/...", port NULL; only where a setting
	 * of type ROSTER_ADDRESS holds that path). The daemon resolves and connects, within timeout_ms; the descriptor is blocking
	 * and belongs to the plug-in. -1: fail() is filled; return -1, or dial another server, which makes a note of this failure. */
	int (*dial)(struct roster_call *, const char *host, const char *port, int timeout_ms);

	/* directory: where the next page begins; with the last page of scopes all and changed, where the next reading of what
	 * changed begins. A change that happens while we read must lie behind it. Not called with the last page of changed:
	 * the place stays as it was. Not called with that of all: the next reading is of all again. */
	int (*cursor)(struct roster_call *, const void *bytes, size_t size);

	/* directory, with the last page of scope all, exactly one of the two: the listing is whole, and how we know
	 * ("result 0 on every base, 3 pages, cookie empty"), or it is not, and why ("size limit exceeded after 500").
	 * A listing that was not said to be whole removes nobody. With the last page of scope changed, at most one of the
	 * two: after whole(), whoever was neither given nor present nor refused is gone. */
	void (*whole)(struct roster_call *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
	void (*incomplete)(struct roster_call *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

	/* Small values that outlive the call (tokens, discovery documents), sealed by the daemon, for this connection alone.
	 * until: seconds since 1970. keep of NULL forgets. recall: bytes, 0 none, -1 failed. */
	int (*keep)(struct roster_call *, const char *name, const void *bytes, size_t size, int64_t until);
	int (*recall)(struct roster_call *, const char *name, void *ret, size_t size);

	/* sign_on, notifications: this message may be used once; the daemon writes it down in the transaction that uses it, and answers a notification
	 * that comes again as the first without using it; a sign-on by a message that was used is refused. At most one in a call; until: seconds since
	 * 1970, how long one may be repeated. */
	int (*once)(struct roster_call *, const char *message_id, int64_t until);

	/* notifications: whom to look at. Never what is true. At most ROSTER_SUBJECTS_MOST in a call: of more say ROSTER_CHANGES, once, with
	 * NULL. */
	int (*look_at)(struct roster_call *, enum roster_subject, const char *remote_id);

	/* notifications: the reply that the vendor wants, once: a status of 200 to 299, or 400 to 499 where nobody is to be looked at; JSON or
	 * plain text, or NULL and no body. Without it the reply is 204. sign_on.describe: our metadata (status 200). */
	int (*reply)(struct roster_call *, int status, const char *content_type, const void *body, size_t size);

	/* sign_on.begin, logout and ended: where to send the browser, or (post_body not NULL: application/x-www-form-urlencoded) what to post there. */
	int (*send_browser)(struct roster_call *, const char *url, const char *post_body);

	/* The addresses of ourselves that the operator's public_url yields: "acs", "metadata", "callback", "logout", "password" (a page of ours that asks for it),
	 * "notifications". NULL: no such. The text lives as long as the link. */
	const char *(*address)(struct roster_call *, const char *name);

	/* directory, scope changed: a member that a group no longer has. The group is given as partial, before or after. */
	int (*emit_member_gone)(struct roster_call *, const char *group, const char *member);

	/* directory, scope changed: the person or group exists, and is as it was at the cursor. stamp may be NULL. Needed only
	 * where the end is whole(). */
	int (*emit_present)(struct roster_call *, enum roster_subject, const char *remote_id, const char *stamp);

	/* directory, with the last page of scope all, or of changed if it says whole(), before that or incomplete(): one part of the proof that
	 * the listing is whole.
	 * part is what administrators see as its name ("pages", "rights"), once in a listing; the words say how we know, or what is
	 * missing and what to do. value: see enum roster_evidence. A part "bases" of ROSTER_SAME says which entries are listed from: if it
	 * is what it was, it is the same directory, wherever the settings of `place` have moved. */
	void (*prove)(struct roster_call *, const char *part, enum roster_evidence, const char *value, const char *fmt, ...)
		__attribute__((format(printf, 5, 6)));

	/* sign_on. A value of this attempt by its name, the same in begin and finish: "state", what the provider is to give back; "nonce" and
	 * "verifier", 43 characters of base64url from 32 random bytes each; "request", a random id that may stand in XML; "login_hint", whom the person
	 * says they are. In finish and ended: "method" and "query", the raw query string; in finish "now", seconds since 1970, if a message is judged again by the time of then
	 * and nothing comes of it (NULL: by the clock). NULL: there is none; of the first five in finish:
	 * the provider has begun this, and nobody here. The text lives until the call returns. Since 1.5. */
	const char *(*attempt)(struct roster_call *, const char *name);

	/* sign_on.finish: one thing that was looked at, in the order in which that is done, whether it was as it must be or not: what was expected, what
	 * came (each may be NULL), and if it was not, what to change at the provider or here. Administrators read it; so never a secret. After
	 * one that has not passed, fail() with ROSTER_DENIED. Since 1.5. */
	void (*checked)(struct roster_call *, const char *check, int passed, const char *expected, const char *received, const char *advice);

	/* sign_on.finish: what logout() will be told of the session at the provider, and when that ends there (seconds since 1970; 0: not said).
	 * Since 1.5. */
	int (*session)(struct roster_call *, const char *session, int64_t until);

	/* sign_on.finish, once: what the provider calls the person (subject) and this session of theirs (index) when it ends it; either may be NULL, but not
	 * both. sign_on.ended: whose session ends, and which; subject NULL: that of this index, whoever's; index NULL: all of theirs; at most ROSTER_ENDED_MOST in a
	 * call. A session without a known index is ended by any index of its subject. Each at most ROSTER_ID_MOST. Since 1.6. */
	int (*session_of)(struct roster_call *, const char *subject, const char *index);
};

/* ---- settings --------------------------------------------------------------------------------------------------- */

enum roster_setting_type {
	ROSTER_TEXT = 1,
	ROSTER_NUMBER,   /* a whole number; words = { "least", "most", NULL } as text, or NULL */
	ROSTER_YES_NO,   /* "yes" or "no" */
	ROSTER_WORD,     /* one of words */
	ROSTER_DURATION, /* "30s", "5m": given to the plug-in in milliseconds, as text */
	ROSTER_SECRET,   /* kept sealed, never shown */
	ROSTER_PEM,      /* certificates or public keys; by value or, in a configuration file, by file name */
	ROSTER_ADDRESS,  /* a URL, host or path that dial() may be asked for */
	ROSTER_LIST,     /* several texts, given to the plug-in one a line */
};

struct roster_setting {
	const char *name; /* lower case, digits and '_' */
	enum roster_setting_type type;
	const char *words_for_people; /* one sentence: what it is, with an example */
	int required;                 /* 1: a connection cannot be made without it */
	const char *fallback;         /* the default, or NULL */
	const char *const *words;     /* ROSTER_WORD: the choices; ROSTER_NUMBER: range; ends with NULL */
};

/* ---- abilities, each optional ------------------------------------------------------------------------------------- */

/* ROSTER_ALL: everybody and every group, each with all its members.
 *
 * ROSTER_CHANGED: what changed since the cursor, which is that of an earlier last page. A person who is given is new or
 * changed; one given as ROSTER_GONE is gone, also one whom we never knew (that is ignored). A group that is not given keeps
 * its name and its members. Who is given, present or refused nowhere is left as they are, unless the last page says whole().
 * If the cursor is too old or not yours, fail with ROSTER_LOST_PLACE: rosterd then reads all. Never guess.
 * A group whose directory does not touch it when a member gets another reference, or when a member's reference is given to somebody else,
 * is given along with that person; members whom a group named before they were there rosterd finds by itself.
 *
 * ROSTER_NAMED: these people and groups, whole, each given once; whoever does not exist is given as gone. */
enum roster_scope { ROSTER_ALL = 1, ROSTER_CHANGED, ROSTER_NAMED };

struct roster_ask {
	size_t size;
	enum roster_scope scope;
	const void *cursor; /* NULL: from the beginning */
	size_t cursor_size;
	int page_most;                 /* about how many people a page should have */
	const char *const *attributes; /* attributes wanted beside the fields; ends with NULL */
	const char *const *named;      /* scope named: remote ids; ends with NULL */
	const char *const *named_groups; /* scope named: remote ids of groups; ends with NULL */
};

/* Reading a directory. */
struct roster_directory {
	size_t size;
	uint32_t scopes; /* 1u << ROSTER_ALL | ... : which it can answer */
	/* Gives one page. 1: there is more, cursor() was called. 0: that was all; of scope all, whole() or incomplete() was
	 * called. -1: failed. */
	int (*page)(struct roster_call *, void *self, const struct roster_ask *);
};

/* Waiting for changes. Gives no data: rosterd then asks the directory for what changed, in another child. */
struct roster_watch {
	size_t size;
	/* Blocks until something changed behind ask->cursor, or left_ms() is nearly used up. 1: something changed, look now.
	 * 0: nothing did. -1: failed. It is called again and again with the same self, and must not lose a change between two
	 * calls: keep the search open in self, or compare with the cursor. A 1 too many costs a look, one too few a day.
	 * scope is ROSTER_CHANGED; a cursor that is NULL or too old is no failure: what changes from now on counts. */
	int (*watch)(struct roster_call *, void *self, const struct roster_ask *);
};

/* A form, a query string or headers: names and values in the order they came. Ends with {0}. */
struct roster_pair {
	const char *name, *value;
};

/* Signing one person on. Each function may be NULL. Since 1.5 (before that nobody called them). */
struct roster_sign_on {
	size_t size;
	/* Where the person is to go: send_browser() with an address of the provider. */
	int (*begin)(struct roster_call *, void *self, const char *state);
	/* What came back, the fields of a form or of the query string: emits exactly one identity, if all is well, with the groups that were said (NULL: none
	 * was said, and the person keeps theirs); emit_group() says what a group is called, before the identity. Every check is said by checked(). */
	int (*finish)(struct roster_call *, void *self, const struct roster_pair *form);
	int (*describe)(struct roster_call *, void *self); /* reply(200, "application/samlmetadata+xml", ...): our metadata */
	/* The person signs off here: send_browser(), if the provider is to be told; otherwise nothing. session: NULL: nothing is known. */
	int (*logout)(struct roster_call *, void *self, const char *remote_id, const char *session);
	/* Checks a name and a password by asking the directory (LDAP bind); emits exactly one identity. */
	int (*check_password)(struct roster_call *, void *self, const char *user_name, const char *password);
	uint32_t needs_network; /* 1u << 0 begin, 1 finish, 2 describe, 3 logout, 4 check_password, 5 ended: the others cannot dial() */
	/* A message about logout came to address("logout"), from anybody: session_of() says whose session ends, once() that it ends them once, send_browser()
	 * what is answered; or the answer to one of ours, which ends nothing. Every check is said by checked(). Called since 1.6. */
	int (*ended)(struct roster_call *, void *self, const struct roster_pair *form);
};

/* What came to the address "notifications" of this connection; from anybody, until the plug-in has found it authentic. */
struct roster_message {
	size_t size;
	const char *method; /* "GET", "POST" */
	const struct roster_pair *query;   /* decoded */
	const struct roster_pair *headers; /* names in any case; those whose value is not UTF-8 are left out */
	const void *body;                  /* as it came: what it is signed over. NULL: none */
	size_t body_size;
};

/* Being told. Says whom to look at, never what is true. Since 1.3. */
struct roster_notifications {
	size_t size;
	/* Is it authentic, and about whom? 0: it is; look_at(), once() and reply() were called as needed. -1 after fail(): ROSTER_DENIED, it is
	 * not, or it does not say enough to know (401, and nothing is kept); ROSTER_NONSENSE, it is and cannot be understood (400);
	 * ROSTER_TRY_LATER or ROSTER_MISCONFIGURED, the sender shall repeat it (503). Compare secrets in constant time. Vendors wait three seconds
	 * in all, so do not dial. The same self is given many messages. */
	int (*read)(struct roster_call *, void *self, const struct roster_message *);
	/* Asks the vendor to send messages to address("notifications"); all three or none. May dial; keep() remembers what the other two need.
	 * subscribe: 0, also where there is one already: it is called again whenever the connection was changed; 1: none is wanted, or an
	 * administrator makes it by hand. renew: 0, before it ends; ROSTER_LOST_PLACE: it is gone, make another. unsubscribe: 0, also where there
	 * is none. */
	int (*subscribe)(struct roster_call *, void *self);
	int (*renew)(struct roster_call *, void *self);
	int (*unsubscribe)(struct roster_call *, void *self);
	int renew_after_s; /* after each of the first two; 0: subscriptions last for ever */
};

/* Something that happened, for a program that listens, as the Standard Webhooks specification has it: the three are headers, and the body is what
 * the signature is over. */
struct roster_event {
	size_t size;
	const char *id;        /* webhook-id */
	int64_t at;            /* webhook-timestamp: of this attempt, in seconds since 1970 */
	const char *signature; /* webhook-signature: "v1,..."; two between blanks while a secret is exchanged */
	const void *body;      /* JSON */
	size_t body_size;
};

/* Telling whoever wants to know. Since 1.4. */
struct roster_delivery {
	size_t size;
	/* Posts it to whom the settings name. The status of the answer, 100 to 599; note() what it said, if that helps somebody to mend it. -1 after fail():
	 * nobody answered. The same self is given many events. */
	int (*deliver)(struct roster_call *, void *self, const struct roster_event *);
};

struct roster_connector {
	uint32_t abi_major, abi_minor; /* stay first for ever */
	size_t size;
	const char *name, *title; /* "ldap", "LDAP directory (OpenLDAP, 389-ds, FreeIPA, Active Directory)" */
	const struct roster_setting *settings; /* ends with {0} */
	/* Before the first call of a link. host stays valid until close. Need not connect yet. */
	int (*open)(struct roster_call *, const struct roster_host *, void **ret_self);
	void (*close)(void *self);
	/* "Test connection": can we reach it, sign in, read? note() tells what was found. */
	int (*check)(struct roster_call *, void *self);
	const struct roster_directory *directory;
	const struct roster_watch *watch;
	const struct roster_sign_on *sign_on;
	const struct roster_notifications *notifications;
	/* The names of those settings that say which directory is read, and which part of it: the server, the tenant, the base. Ends
	 * with NULL; NULL: none does. When one of them changes, whoever is no longer shown is not gone but may be elsewhere: rosterd
	 * holds the next run until a person has looked. None may be a ROSTER_SECRET. */
	const char *const *place;
	const struct roster_delivery *delivery;
};

#endif
