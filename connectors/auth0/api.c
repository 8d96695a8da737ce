#include "auth0/api.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"

const struct api_subject api_people = { "reading people", "read:users" };
const struct api_subject api_roles = { "reading roles", "read:roles" };
const struct api_subject api_log = { "reading the log", "read:logs" };
const struct api_subject api_members = { "reading members of the organisation", "read:organization_members" };
const struct api_subject api_member_roles = { "reading roles in the organisation",
					      "read:organization_member_roles" };

const char *api_url(struct directory *d, const char *fmt, ...)
{
	va_list args;
	const char *rest;

	va_start(args, fmt);
	rest = arena_formatv(d->vendor.page, fmt, args);
	va_end(args);
	return arena_format(d->vendor.page, "%s/api/v2/%s", d->settings.tenant, rest);
}

const char *api_user_id(const struct json_node *user)
{
	const char *id = json_node_member_text(user, "user_id");

	return id && id[0] && strlen(id) <= ROSTER_ID_MOST && text_is_printable(id, strlen(id)) ? id : NULL;
}

/* An answer without the array is no list: whoever believed it would see nobody. */
static int must_have_array(struct directory *d, const struct api_subject *subject, const char *array)
{
	const struct json_node *list =
		array ? json_node_member(d->vendor.answer.rest, array) : d->vendor.answer.rest;

	if (list && list->type == JSON_NODE_ARRAY)
		return 0;
	return d->vendor.caller.host->fail(d->vendor.caller.call, ROSTER_NONSENSE, 0,
					   "%s: Auth0 answers something that is no list", subject->doing);
}

int api_get(struct directory *d, const struct api_subject *subject, const char *url, const int *allowed,
	    const struct api_taker *taker)
{
	/* Auth0 has one limit for all of its Management API. */
	const struct fetch_request request = {
		.doing = subject->doing,
		.url = url,
		.bucket = "management",
		.array = taker ? taker->array : NULL,
		.take = taker ? taker->take : NULL,
		.begin = taker ? taker->begin : NULL,
		.context = taker ? taker->context : NULL,
		.authorise = oauth_authorise,
		.authorise_context = d->vendor.oauth,
	};

	if (vendor_ask(&d->vendor, &request) < 0)
		return -1;
	if (!vendor_is_allowed(d->vendor.answer.status, allowed))
		return api_fail(d, subject);
	if (d->vendor.answer.status == 200 && !d->vendor.answer.rest)
		return d->vendor.caller.host->fail(d->vendor.caller.call, ROSTER_NONSENSE, 0,
						   "%s: Auth0 answers nothing", subject->doing);
	return taker && d->vendor.answer.status == 200 ? must_have_array(d, subject, taker->array) : 0;
}

int api_next(struct directory *d, const struct api_subject *subject, const char *first)
{
	struct place *place = &d->place;
	const struct json_node *node = json_node_member(d->vendor.answer.rest, "next");
	const char *next = json_node_text(node), *why;

	if (!node || node->type == JSON_NODE_NULL) {
		place->next[0] = '\0';
		place->chain = (struct chain){ 0 };
		return 0;
	}
	why = !next || !next[0] || strlen(next) >= PLACE_NEXT_SIZE || strchr(next, '\n')
		      ? "where the list goes on cannot be read"
		      : chain_page(&place->chain, first[0] ? first : NULL);
	if (why)
		return d->vendor.caller.host->fail(d->vendor.caller.call, ROSTER_NONSENSE, 0,
						   "%s, page %llu: %s", subject->doing, place->pages, why);
	strcpy(place->next, next);
	return 1;
}

/* ---- refusals, in the words of Auth0's own pages ---- */

#define WHERE "Applications, APIs, Auth0 Management API, Machine to Machine Applications"

const char *api_advise(const struct json_node *answer)
{
	const char *words = json_node_member_text(answer, "error_description");

	if (!words)
		return NULL;
	if (text_begins(words, "Service not"))
		return "there is no such API: \"audience\" must be https://DOMAIN/api/v2/ with the tenant's "
		       "own "
		       "domain";
	if (text_begins(words, "Client is not authorized"))
		return "authorise the application for the Auth0 Management API (" WHERE ")";
	if (text_equal(words, "Unauthorized"))
		return "see \"client_id\" and \"client_secret\"";
	if (strstr(words, "Grant type"))
		return "allow the grant \"Client Credentials\" (the application, Settings, Advanced "
		       "Settings, "
		       "Grant Types)";
	return NULL;
}

static int fail_denied(struct directory *d, const struct api_subject *subject, const char *code,
		       const char *message)
{
	const struct fetch_caller *caller = &d->vendor.caller;

	if (text_equal(code, "insufficient_scope") || strstr(message, "scope"))
		return caller->host->fail(caller->call, ROSTER_REFUSED, 0,
					  "%s: Auth0 says \"%.150s\"; grant \"%s\" to the application (" WHERE
					  ")",
					  subject->doing, message, subject->scope);
	return caller->host->fail(caller->call, ROSTER_REFUSED, 0, "%s: Auth0 denies it (%s: %.200s)",
				  subject->doing, code, message);
}

int api_fail(struct directory *d, const struct api_subject *subject)
{
	const struct fetch_caller *caller = &d->vendor.caller;
	const struct fetch_answer *answer = &d->vendor.answer;
	const char *code = json_node_member_text(answer->rest, "errorCode"),
		   *message = json_node_member_text(answer->rest, "message");
	char trace[FETCH_WORD_MOST + 16];

	fetch_trace(answer, trace);
	if (answer->status == 404 && !message)
		return caller->host->fail(caller->call, ROSTER_MISCONFIGURED, 0,
					  "%s: there is no Auth0 at \"%.150s\"; see \"domain\"%s",
					  subject->doing, d->settings.tenant, trace);
	code = code ? code : "no code";
	message = message ? message : "no reason";
	if (answer->status == 401)
		return caller->host->fail(
			caller->call, ROSTER_REFUSED, 0,
			"%s: Auth0 does not accept the access token (%.200s); is \"audience\" "
			"that of the tenant \"domain\"?%s",
			subject->doing, message, trace);
	if (answer->status == 403)
		return fail_denied(d, subject, code, message);
	if (answer->status >= 300 && answer->status < 400)
		return caller->host->fail(caller->call, ROSTER_MISCONFIGURED, 0,
					  "%s: \"%.150s\" leads on to \"%.120s\", which is not followed; see "
					  "\"domain\"",
					  subject->doing, d->settings.tenant, answer->location);
	return caller->host->fail(caller->call, ROSTER_NONSENSE, 0, "%s: Auth0 answers %d (%s: %.200s)%s",
				  subject->doing, answer->status, code, message, trace);
}
