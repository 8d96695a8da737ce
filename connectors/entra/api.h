/* Questions to Microsoft Graph, and what its refusals mean to an administrator. */
#ifndef ROSTER_ENTRA_API_H
#define ROSTER_ENTRA_API_H

#include "base/json_stream.h"
#include "entra/directory.h"

/* What is read, and what it needs: for the words of a refusal. */
struct api_subject {
	const char *doing;	/* "reading people" */
	const char *permission; /* "User.Read.All" */
};
extern const struct api_subject api_people, api_groups, api_members, api_subscriptions;

/* What is asked, and what becomes of the elements of the array that comes. */
struct api_question {
	const char *url;
	const char *body;	      /* JSON of a POST; NULL: GET */
	const char *method;	      /* another one; NULL: see above */
	bool changes;		      /* something there: it is asked once */
	const char *array;	      /* NULL: the answer is an object */
	const int *allowed;	      /* statuses beside 200, 0-terminated; NULL: none */
	json_element_fn *take;	      /* NULL: nothing */
	void (*begin)(void *context); /* an answer begins, perhaps for the second time: forget what came; may
					 be NULL */
	void *context;
};

/* Asks. The answer is in d->vendor.answer: 200, with the array if there is to be one, or a status that is
 * allowed. -1: fail() was called; with ROSTER_LOST_PLACE where Graph does not know the place any more. */
int api_ask(struct directory *d, const struct api_subject *subject, const struct api_question *question);

/* The link of this name ("@odata.nextLink") in the answer: 1 and the address, which is one of Graph's; 0:
 * there is none. -1: fail() was called: it leads elsewhere, or is too long. */
int api_link(struct directory *d, const struct api_subject *subject, const char *name,
	     char ret[LINK_URL_MOST]);

/* fail() with what an answer says, whose status and body these are. Always -1. */
int api_fail(struct directory *d, const struct api_subject *subject, int status,
	     const struct json_node *body);

/* What a refusal of the token endpoint means: an oauth_options.advise. */
const char *api_advise(const struct json_node *answer);

/* An address of Graph: "/users?..." by format, where %s stands for what was escaped before. In the page's
 * arena. */
const char *api_url(struct directory *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
