/* Questions to the Management API, and what its refusals mean to an administrator. */
#ifndef ROSTER_AUTH0_API_H
#define ROSTER_AUTH0_API_H

#include "auth0/directory.h"
#include "base/json_stream.h"

enum { API_PAGE = 100 }; /* Auth0 gives no more at once */

/* What is read, and what it needs: for the words of a refusal. */
struct api_subject {
	const char *doing; /* "reading people" */
	const char *scope; /* "read:users" */
};
extern const struct api_subject api_people, api_roles, api_log, api_members, api_member_roles;

/* What becomes of the elements of the array that comes. */
struct api_taker {
	const char *array; /* the member that holds it; NULL: the answer is the array */
	json_element_fn *take;
	void (*begin)(void *context); /* an answer begins, perhaps for the second time: forget what came; may
					 be NULL */
	void *context;
};

/* Asks for the address. The answer is in d->vendor.answer: 200, or one of the statuses that are allowed
 * (0-terminated; NULL: none). taker: NULL: nothing is taken; otherwise the array has come. -1: fail() was
 * called. */
int api_get(struct directory *d, const struct api_subject *subject, const char *url, const int *allowed,
	    const struct api_taker *taker);

/* fail() with what the answer says. Always -1. */
int api_fail(struct directory *d, const struct api_subject *subject);

/* Where a list by checkpoints goes on: keeps "next" of the answer in the place; first: the id of the page's
 * first element, or "". 1: there is more, 0: that was all, -1: fail() was called. */
int api_next(struct directory *d, const struct api_subject *subject, const char *first);

/* An address of the API: path and query by format, where %s stands for what was escaped before. In the page's
 * arena. */
const char *api_url(struct directory *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A user's key in the page's arena, or as long as the element lives; NULL: none that can be used. */
const char *api_user_id(const struct json_node *user);

/* What a refused token means; for oauth. */
const char *api_advise(const struct json_node *answer);

#endif
