/* One search with content synchronisation (RFC 4533): sent, and its messages handed over as they come. */
#ifndef ROSTER_LDAP_SYNC_SEARCH_H
#define ROSTER_LDAP_SYNC_SEARCH_H

#include "ldap/session.h"
#include "ldap/sync_control.h"

struct sync_search {
	const char *doing; /* for messages: "reading what changed of people" */
	const char *base, *filter;
	int scope;
	enum sync_mode mode;
	struct berval cookie; /* length 0: none */
};

/* Whom to tell. -1 of them: stop, and fail() was called. */
struct sync_listener {
	int (*entry)(void *context, const struct sync_entry *entry);
	int (*info)(void *context, struct sync_info *info);
	void *context;
};

/* How it ended. */
struct sync_end {
	int code;
	char said[200]; /* the server's own words, or "" */
	unsigned long references;
	bool refresh_deletes;
	struct berval cookie; /* length 0: none came. sync_end_forget frees it */
};

/* Asks for no attributes: who it is stands in the control. -1: fail() was called. */
int sync_send(const struct caller *caller, struct session *session, const struct sync_search *search,
	      int *ret_msgid);

/* What a message of this search says. 1: the search goes on; 0: it has ended, and so: *ret; -1: fail() was
 * called. */
int sync_hear(const struct caller *caller, struct session *session, const struct sync_search *search,
	      LDAPMessage *message, const struct sync_listener *listener, struct sync_end *ret);

/* Both, to the end. 0, whatever the server's code is; -1: fail() was called and the session can only be
 * closed. */
int sync_run(const struct caller *caller, struct session *session, const struct sync_search *search,
	     const struct sync_listener *listener, struct sync_end *ret);

void sync_end_forget(struct sync_end *end);

/* The cookie that the server gives for this search now, without reading it: the search of the base alone. -1:
 * fail() was called. */
int sync_now(const struct caller *caller, struct session *session, const struct sync_search *search,
	     struct sync_end *ret);

#endif
