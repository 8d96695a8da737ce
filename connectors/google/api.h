/* Questions to Google's Admin SDK, and what its refusals mean to an administrator. */
#ifndef ROSTER_GOOGLE_API_H
#define ROSTER_GOOGLE_API_H

#include "base/json_stream.h"
#include "google/directory.h"

#define API_SCOPE_USERS	  "https://www.googleapis.com/auth/admin.directory.user.readonly"
#define API_SCOPE_GROUPS  "https://www.googleapis.com/auth/admin.directory.group.readonly"
#define API_SCOPE_MEMBERS "https://www.googleapis.com/auth/admin.directory.group.member.readonly"
#define API_SCOPE_REPORTS "https://www.googleapis.com/auth/admin.reports.audit.readonly"

/* What is read, and what it needs: for the words of a refusal. */
struct api_subject {
	const char *doing; /* "reading people" */
	const char *kind;  /* what an answer calls itself: "admin#directory#users" */
	const char *array; /* its list, which Google leaves out if it is empty; NULL: there is none */
	const char *scope;
	const char *privilege; /* of a role, in the Admin console: "Users, Read" */
};
extern const struct api_subject api_people, api_person, api_groups, api_group, api_members, api_watch,
	api_reports;

/* What becomes of the elements of the list that comes. */
struct api_taker {
	json_element_fn *take;	      /* NULL: nothing */
	void (*begin)(void *context); /* an answer begins, perhaps for the second time: forget what came; may
					 be NULL */
	void *context;
};

/* Asks for the address. The answer is in d->vendor.answer: 200, of the subject's kind; or 404 where that may
 * be, and Google says so. taker: NULL: nothing is taken. -1: fail() was called; with ROSTER_LOST_PLACE where
 * a page token is not known any more. */
int api_get(struct directory *d, const struct api_subject *subject, const char *url, bool may_be_missing,
	    const struct api_taker *taker);

/* Asks for a page of the Reports API: 1: the answer is in d->vendor.answer; 0: it may not be read, by whoever
 * the administrator is or by the delegation. -1: fail() was called; with ROSTER_LOST_PLACE where what was
 * asked for is not known any more, a page or a time. */
int api_report(struct directory *d, const char *url, const struct api_taker *taker);

/* Somebody by an address: 1: they are in the answer, 0: it is nobody's. -1: fail() was called; with
 * ROSTER_LOST_PLACE where Google does not tell, since the address is not the account's, or nothing may be
 * read any more. */
int api_look(struct directory *d, const struct api_subject *subject, const char *url);

/* The same of a POST with a body of JSON, which is tried once. */
int api_post(struct directory *d, const struct api_subject *subject, const char *url, const char *body);

/* A POST of which the answer does not matter, whatever it is. -1: fail() was called: there was none. */
int api_tell(struct directory *d, const char *doing, const char *url, const char *body);

/* Keeps the token of the page behind d->vendor.answer: 1; 0 and "": it was the last one. first: the id of its
 * first element, NULL: it has none. -1: fail() was called: the token cannot be one, or the pages do not end.
 */
int api_next(struct directory *d, const struct api_subject *subject, struct chain *chain, const char *first,
	     char token[PLACE_TOKEN_SIZE]);

/* Whether an answer says that there were too many requests: a fetch_options.limited. */
bool api_is_limit(const struct fetch_answer *answer);

/* What a refusal of the token endpoint means: an oauth_options.advise. */
const char *api_advise(const struct json_node *answer);

/* An address of the API: "/users?..." by format, where %s stands for what was escaped before. In the page's
 * arena. */
const char *api_url(struct directory *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The address of a list ("users"), with the first words of the question: of the account, or of its domain. */
const char *api_list(struct directory *d, const char *what);

/* "&pageToken=...", or "" for the first page. */
const char *api_token(struct directory *d, const char *token);

#endif
