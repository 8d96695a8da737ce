#include "okta/api.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"

const struct api_subject api_people = { "reading people", "users", "okta.users.read" };
const struct api_subject api_person = { "reading a person", "users/id", "okta.users.read" };
const struct api_subject api_groups = { "reading groups", "groups", "okta.groups.read" };
const struct api_subject api_members = { "reading members of groups", "groups/id", "okta.groups.read" };
const struct api_subject api_log = { "reading the System Log", "logs", "okta.logs.read" };
const struct api_subject api_assigned = { "reading people of the application", "apps", "okta.apps.read" };
const struct api_subject api_assignment = { "reading a person of the application", "apps/id", "okta.apps.read" };
const struct api_subject api_org = { "asking what the org is", NULL, NULL };

static int authorise(void *context, const struct fetch_caller *caller, const char *method, const char *url,
		     struct fetch_head *head)
{
	struct directory *d = context;
	char value[1024];

	if (d->vendor.oauth)
		return oauth_authorise(d->vendor.oauth, caller, method, url, head);
	if ((size_t)snprintf(value, sizeof(value), "SSWS %s", d->settings.api_token) >= sizeof(value))
		return caller->host->fail(caller->call, ROSTER_MISCONFIGURED, 0,
					  "\"api_token\" is too long to be a token");
	fetch_head_add(head, "Authorization", value);
	explicit_bzero(value, sizeof(value));
	return 0;
}

const char *api_url(struct directory *d, const char *fmt, ...)
{
	va_list args;
	const char *rest;

	va_start(args, fmt);
	rest = arena_formatv(d->vendor.page, fmt, args);
	va_end(args);
	return arena_format(d->vendor.page, "%s%s", d->settings.org, rest);
}

int api_get(struct directory *d, const struct api_subject *subject, const char *url, const int *allowed,
	    const struct api_taker *taker)
{
	const struct fetch_request request = {
		.doing = subject->doing,
		.url = url,
		.bucket = subject->bucket,
		.take = taker ? taker->take : NULL,
		.begin = taker ? taker->begin : NULL,
		.context = taker ? taker->context : NULL,
		.authorise = subject->scope ? authorise : NULL,
		.authorise_context = d,
	};

	if (vendor_ask(&d->vendor, &request) < 0)
		return -1;
	if (!vendor_is_allowed(d->vendor.answer.status, allowed))
		return api_fail(d, subject);
	if (d->vendor.answer.status == 200 && !d->vendor.answer.rest)
		return d->vendor.caller.host->fail(d->vendor.caller.call, ROSTER_NONSENSE, 0,
						   "%s: Okta answers nothing", subject->doing);
	return 0;
}

int api_next(struct directory *d, const struct api_subject *subject)
{
	const struct fetch_caller *caller = &d->vendor.caller;
	char trace[FETCH_WORD_MOST + 16];

	if (d->vendor.answer.bad_link)
		return caller->host->fail(caller->call, ROSTER_NONSENSE, 0,
					  "%s: the link to the next page cannot be read%s", subject->doing,
					  fetch_trace(&d->vendor.answer, trace));
	if (!d->vendor.answer.next[0])
		return 0;
	if (!link_same_origin(d->vendor.answer.next, d->settings.org))
		return caller->host->fail(
			caller->call, ROSTER_NONSENSE, 0,
			"%s: the next page is said to be at \"%.100s\", which is not the org%s",
			subject->doing, d->vendor.answer.next, fetch_trace(&d->vendor.answer, trace));
	return 1;
}

/* ---- refusals, in the words of Okta's own pages ---- */

struct refusal {
	const char *code, *summary, *trace;
};

static int fail_unauthenticated(struct directory *d, const struct api_subject *subject,
				const struct refusal *said)
{
	const struct fetch_caller *caller = &d->vendor.caller;

	if (d->vendor.oauth)
		return caller->host->fail(caller->call, ROSTER_REFUSED, 0,
					  "%s: Okta does not accept the access token (%s: %.150s); is "
					  "\"org_url\" the org of \"client_id\"?%s",
					  subject->doing, said->code, said->summary, said->trace);
	return caller->host->fail(caller->call, ROSTER_REFUSED, 0,
				  "%s: Okta does not accept \"api_token\" (%s: %.150s); it was revoked, has "
				  "not been used for 30 days, belongs to "
				  "another org than \"org_url\", or whoever made it is deactivated: make a "
				  "new one (Security, API, Tokens)%s",
				  subject->doing, said->code, said->summary, said->trace);
}

static int fail_denied(struct directory *d, const struct api_subject *subject, const struct refusal *said)
{
	const struct fetch_caller *caller = &d->vendor.caller;

	if (d->vendor.oauth && strstr(d->vendor.answer.challenge, "insufficient_scope"))
		return caller->host->fail(caller->call, ROSTER_REFUSED, 0,
					  "%s: the application lacks the scope \"%s\"; grant it "
					  "(Applications, the application, Okta API Scopes)%s",
					  subject->doing, subject->scope, said->trace);
	if (d->vendor.oauth)
		return caller->host->fail(caller->call, ROSTER_REFUSED, 0,
					  "%s: Okta says %s (%.150s); the application needs the scope \"%s\" "
					  "and, under Admin roles, Read-Only "
					  "Administrator%s",
					  subject->doing, said->code, said->summary, subject->scope,
					  said->trace);
	return caller->host->fail(caller->call, ROSTER_REFUSED, 0,
				  "%s: Okta says %s (%.150s); the administrator who made \"api_token\" needs "
				  "the role Read-Only Administrator%s",
				  subject->doing, said->code, said->summary, said->trace);
}

static int fail_redirected(struct directory *d, const struct api_subject *subject)
{
	const struct fetch_caller *caller = &d->vendor.caller;

	return caller->host->fail(caller->call, ROSTER_MISCONFIGURED, 0,
				  "%s: \"%s\" leads on to \"%.120s\", which is not followed; is \"org_url\" "
				  "the address of the org itself?",
				  subject->doing, d->settings.org, d->vendor.answer.location);
}

int api_fail(struct directory *d, const struct api_subject *subject)
{
	const struct fetch_caller *caller = &d->vendor.caller;
	const struct fetch_answer *answer = &d->vendor.answer;
	char trace[FETCH_WORD_MOST + 16];
	const char *code = json_node_member_text(answer->rest, "errorCode"),
		   *summary = json_node_member_text(answer->rest, "errorSummary");
	struct refusal said = { code ? code : "no code", summary ? summary : "no reason",
				fetch_trace(answer, trace) };

	if (answer->status == 401)
		return fail_unauthenticated(d, subject, &said);
	if (answer->status == 403)
		return fail_denied(d, subject, &said);
	if (answer->status >= 300 && answer->status < 400)
		return fail_redirected(d, subject);
	if (answer->status == 404 && !code)
		return caller->host->fail(caller->call, ROSTER_MISCONFIGURED, 0,
					  "%s: there is no Okta at \"%.150s\"; see \"org_url\"",
					  subject->doing, d->settings.org);
	return caller->host->fail(caller->call, ROSTER_NONSENSE, 0, "%s: Okta answers %d (%s: %.200s)%s",
				  subject->doing, answer->status, said.code, said.summary, said.trace);
}
