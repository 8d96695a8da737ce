#include "entra/api.h"

#include <stdarg.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"

const struct api_subject api_people = { "reading people", "User.Read.All" };
const struct api_subject api_groups = { "reading groups", "GroupMember.Read.All" };
const struct api_subject api_members = { "reading members of groups", "GroupMember.Read.All" };
const struct api_subject api_subscriptions = { "asking for notifications", "User.Read.All" };

/* A synchronisation gives way to whatever else the tenant asks of Graph. */
static int authorise(void *context, const struct fetch_caller *caller, const char *method, const char *url,
		     struct fetch_head *head)
{
	fetch_head_add(head, "x-ms-throttle-priority", "Low");
	return oauth_authorise(context, caller, method, url, head);
}

const char *api_url(struct directory *d, const char *fmt, ...)
{
	va_list args;
	const char *rest;

	va_start(args, fmt);
	rest = arena_formatv(d->vendor.page, fmt, args);
	va_end(args);
	return arena_format(d->vendor.page, "%s/v1.0%s", d->settings.graph, rest);
}

int api_ask(struct directory *d, const struct api_subject *subject, const struct api_question *question)
{
	const struct fetch_request request = {
		.doing = subject->doing,
		.url = question->url,
		.content_type = "application/json",
		.body = question->body,
		.method = question->method,
		.repeatable = !question->changes,
		.array = question->array,
		.take = question->take,
		.begin = question->begin,
		.context = question->context,
		.authorise = authorise,
		.authorise_context = d->vendor.oauth,
	};
	const struct fetch_answer *answer = &d->vendor.answer;
	const struct json_node *array;

	if (vendor_ask(&d->vendor, &request) < 0)
		return -1;
	if (!vendor_is_allowed(answer->status, question->allowed))
		return api_fail(d, subject, answer->status, answer->rest);
	array = question->array ? json_node_member(answer->rest, question->array) : answer->rest;
	/* An answer without its list is no page: whoever believed it would see nobody. */
	if (answer->status == 200 && (!array || (question->array && array->type != JSON_NODE_ARRAY)))
		return d->vendor.caller.host->fail(d->vendor.caller.call, ROSTER_NONSENSE, 0,
						   "%s: Graph answers something else than was asked for",
						   subject->doing);
	return 0;
}

int api_link(struct directory *d, const struct api_subject *subject, const char *name,
	     char ret[LINK_URL_MOST])
{
	const struct fetch_caller *caller = &d->vendor.caller;
	const struct json_node *node = json_node_member(d->vendor.answer.rest, name);
	const char *link = json_node_text(node);
	char trace[FETCH_WORD_MOST + 16];

	ret[0] = '\0';
	if (!node)
		return 0;
	if (!link || strlen(link) >= LINK_URL_MOST || strpbrk(link, "\r\n "))
		return caller->host->fail(caller->call, ROSTER_NONSENSE, 0,
					  "%s: the link to the next page cannot be read%s", subject->doing,
					  fetch_trace(&d->vendor.answer, trace));
	if (!link_same_origin(link, d->settings.graph))
		return caller->host->fail(
			caller->call, ROSTER_NONSENSE, 0,
			"%s: the next page is said to be at \"%.100s\", which is not \"%.100s\"%s",
			subject->doing, link, d->settings.graph, fetch_trace(&d->vendor.answer, trace));
	strcpy(ret, link);
	return 1;
}

/* ---- refusals, in the words of Microsoft's own pages ---- */

static const struct json_node *inner_of(const struct json_node *error)
{
	const struct json_node *inner = json_node_member(error, "innerError");

	return inner ? inner : json_node_member(error, "innererror");
}

/* The place that we were given is not known any more: it is older than seven days, or the directory was
 * moved. */
static bool has_lost_place(int status, const struct json_node *error)
{
	static const char *const codes[] = { "resyncRequired",
					     "resyncChangesApplyDifferences",
					     "resyncChangesUploadDifferences",
					     "syncStateNotFound",
					     "syncStateInvalid",
					     "Directory_ExpiredPageToken" };

	if (status == 410)
		return true;
	for (; error && status >= 400 && status < 500; error = inner_of(error)) {
		const char *code = json_node_member_text(error, "code");

		for (size_t i = 0; code && i < ARRAY_COUNT(codes); i++)
			if (text_equal_nocase(code, codes[i]))
				return true;
	}
	return false;
}

static int fail_redirected(struct directory *d, const struct api_subject *subject)
{
	return d->vendor.caller.host->fail(
		d->vendor.caller.call, ROSTER_MISCONFIGURED, 0,
		"%s: \"%s\" leads on to \"%.120s\", which is not followed; see \"cloud\" and "
		"\"graph_url\"",
		subject->doing, d->settings.graph, d->vendor.answer.location);
}

int api_fail(struct directory *d, const struct api_subject *subject, int status, const struct json_node *body)
{
	const struct fetch_caller *caller = &d->vendor.caller;
	const struct json_node *error = json_node_member(body, "error");
	char trace[FETCH_WORD_MOST + 16];
	const char *code = json_node_member_text(error, "code"),
		   *said = json_node_member_text(error, "message");

	fetch_trace(&d->vendor.answer, trace);
	if (has_lost_place(status, error))
		return caller->host->fail(caller->call, ROSTER_LOST_PLACE, 0,
					  "%s: Graph does not know the place any more (%d, %.60s)%s",
					  subject->doing, status, code ? code : "no code", trace);
	if (status >= 300 && status < 400)
		return fail_redirected(d, subject);
	if (status == 404 && !code)
		return caller->host->fail(
			caller->call, ROSTER_MISCONFIGURED, 0,
			"%s: there is no Graph at \"%.150s\"; see \"cloud\" and \"graph_url\"",
			subject->doing, d->settings.graph);
	code = code ? code : "no code";
	said = said ? said : "no reason";
	if (status == 401)
		return caller->host->fail(
			caller->call, ROSTER_REFUSED, 0,
			"%s: Graph does not accept the access token (%.60s: %.150s); is \"cloud\" "
			"where the tenant is?%s",
			subject->doing, code, said, trace);
	if (status == 403)
		return caller->host->fail(caller->call, ROSTER_REFUSED, 0,
					  "%s: Graph says %.60s (%.120s); the app registration needs the "
					  "application permission "
					  "\"%s\": add it (API permissions, Microsoft Graph, Application "
					  "permissions), then Grant "
					  "admin consent%s",
					  subject->doing, code, said, subject->permission, trace);
	return caller->host->fail(caller->call, status >= 500 ? ROSTER_TRY_LATER : ROSTER_NONSENSE, 0,
				  "%s: Graph answers %d (%.60s: %.200s)%s", subject->doing, status, code,
				  said, trace);
}

/* ---- the token endpoint ---- */

static const struct {
	int64_t code;
	const char *advice;
} advices[] = {
	{ 7000215, "\"client_secret\" is not one of this app registration; its value is needed, not its ID" },
	{ 7000222, "make a new client secret (Certificates & secrets) and set \"client_secret\"" },
	{ 700016, "\"client_id\" is no app registration of \"tenant\": one of the two is another tenant's" },
	{ 90002, "see \"tenant\", and \"cloud\": a tenant is in one cloud alone" },
	{ 900023, "see \"tenant\"" },
	{ 700027, "upload \"certificate\" to this app registration (Certificates & secrets), or see "
		  "\"private_key\"" },
	{ 700024, "compare the clocks" },
	{ 700030, "\"certificate\" is not valid: make and upload a new one" },
	{ 7000112,
	  "the application is disabled: Enterprise applications, Properties, Enabled for users to sign-in" },
	{ 53003,
	  "a Conditional Access policy for workload identities keeps us out: let this application in from "
	  "our address" },
	{ 530036,
	  "Conditional Access keeps this application out, for a risk that was found: confirm that it is "
	  "safe" },
	{ 65001, "nobody has consented: Grant admin consent (API permissions)" },
	{ 70011, "see \"cloud\" and \"graph_url\"" },
	{ 500011, "see \"cloud\" and \"graph_url\"" },
	{ 1002012, "see \"cloud\" and \"graph_url\"" },
};

/* The number of "AADSTS7000215: ...", if there is no list of them. */
static int64_t code_of(const struct json_node *answer)
{
	const char *words = json_node_member_text(answer, "error_description");
	int64_t code = 0;

	if (json_node_int(json_node_first(json_node_member(answer, "error_codes")), &code) == 0)
		return code;
	if (!text_begins(words ? words : "", "AADSTS"))
		return 0;
	for (words += strlen("AADSTS"); *words >= '0' && *words <= '9' && code < 100000000; words++)
		code = code * 10 + (*words - '0');
	return code;
}

const char *api_advise(const struct json_node *answer)
{
	int64_t code = code_of(answer);

	for (size_t i = 0; i < ARRAY_COUNT(advices); i++)
		if (advices[i].code == code)
			return advices[i].advice;
	return NULL;
}
