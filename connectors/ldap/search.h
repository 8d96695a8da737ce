/* One search: sent, handed over entry by entry as it comes, and how it ended. Nothing is collected, no
 * referral is followed. */
#ifndef ROSTER_LDAP_SEARCH_H
#define ROSTER_LDAP_SEARCH_H

#include <stdbool.h>

#include "ldap/entry.h"
#include "ldap/session.h"

struct search {
	const char *doing; /* for messages: "reading people" */
	const char *base, *filter;
	int scope;
	char **attributes;
	int page_size;	/* 0: all at once */
	int size_limit; /* 0: none of ours */
};

/* A control that goes with a search, and the one that comes back with its result. */
struct extension {
	LDAPControl control;
	const char *answer;    /* its number; NULL: none is awaited */
	struct berval awaited; /* its value, to be freed with ber_memfree; bv_val is NULL if none came */
};

/* For searches that only want to know what is there. */
extern char *search_no_attributes[];

struct outcome {
	int code;
	unsigned long entries;
	unsigned long references; /* to other servers, where somebody may be */
	char said[200]; /* the server's own words, or "" */
};

/* Given an entry, which lives until it returns. -1: stop, and fail() was called. */
typedef int take_entry(void *context, const struct entry *entry);

/* cookie: where the page before ended (empty: the first). -1: fail() was called. */
int search_send(const struct caller *caller, struct session *session, const struct search *search,
		const struct berval *cookie, int *ret_msgid);

/* Reads to the end of the page. 0, whatever the server's code is; cookie is then set for the next page, empty
 * after the last. -1: fail() was called and the session can only be closed. */
int search_read(const struct caller *caller, struct session *session, const struct search *search, int msgid,
		take_entry *take, void *context, struct berval *cookie, struct outcome *ret);

/* Both, for searches without pages. */
int search_run(const struct caller *caller, struct session *session, const struct search *search,
	       take_entry *take, void *context, struct outcome *ret);

/* Page after page, to the last, with an extension (NULL: none). */
int search_pages(const struct caller *caller, struct session *session, const struct search *search,
		 struct extension *extension, take_entry *take, void *context, struct outcome *ret);

/* fail() for a search that ended with ret->code. Always -1. */
int search_fail(const struct caller *caller, struct session *session, const struct search *search,
		const struct outcome *outcome);

#endif
