/* Questions to the org, and what its refusals mean to an administrator. */
#ifndef ROSTER_OKTA_API_H
#define ROSTER_OKTA_API_H

#include "base/json_stream.h"
#include "okta/directory.h"

/* What is read, and what it needs: for the words of a refusal. */
struct api_subject {
	const char *doing;  /* "reading people" */
	const char *bucket; /* a limit of Okta is of one kind of address */
	const char *scope;  /* "okta.users.read" */
};
extern const struct api_subject api_people, api_person, api_groups, api_members, api_log, api_org, api_assigned, api_assignment;

/* What becomes of the elements of the array that comes. */
struct api_taker {
	json_element_fn *take;	      /* NULL: nothing */
	void (*begin)(void *context); /* an answer begins, perhaps for the second time: forget what came; may
					 be NULL */
	void *context;
};

/* Asks for the address. The answer is in d->vendor.answer: 200, or one of the statuses that are allowed
 * (0-terminated; NULL: none). taker: NULL: nothing is taken. -1: fail() was called. */
int api_get(struct directory *d, const struct api_subject *subject, const char *url, const int *allowed,
	    const struct api_taker *taker);

/* Whether a link leads on in the org that we read; a chain that leads elsewhere or cannot be read ends in
 * fail() and -1. 1: d->vendor.answer.next is the next page. 0: there is none. */
int api_next(struct directory *d, const struct api_subject *subject);

/* fail() with what the answer says. Always -1. */
int api_fail(struct directory *d, const struct api_subject *subject);

/* An address of the org: path and query by format, where %s stands for what was escaped before. In the page's
 * arena. */
const char *api_url(struct directory *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
