#include "google/api.h"

#include <stdarg.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"

const struct api_subject api_people = { "reading people", "admin#directory#users", "users", API_SCOPE_USERS,
					"Users, Read" };
const struct api_subject api_person = { "reading a person", "admin#directory#user", NULL, API_SCOPE_USERS,
					"Users, Read" };
const struct api_subject api_groups = { "reading groups", "admin#directory#groups", "groups",
					API_SCOPE_GROUPS, "Groups, Read" };
const struct api_subject api_group = { "reading a group", "admin#directory#group", NULL, API_SCOPE_GROUPS,
				       "Groups, Read" };
const struct api_subject api_members = { "reading members of groups", "admin#directory#members", "members",
					 API_SCOPE_MEMBERS, "Groups, Read" };

const struct api_subject api_reports = { "reading what changed", "admin#reports#activities", "items",
					 API_SCOPE_REPORTS, "Reports" };

const struct api_subject api_watch = { "opening a channel", "api#channel", NULL, API_SCOPE_USERS,
				       "Users, Read" };

const char *api_url(struct directory *d, const char *fmt, ...)
{
	va_list args;
	const char *rest;

	va_start(args, fmt);
	rest = arena_formatv(d->vendor.page, fmt, args);
	va_end(args);
	return arena_format(d->vendor.page, "%s/admin/directory/v1%s", d->settings.api, rest);
}

const char *api_list(struct directory *d, const char *what)
{
	const struct settings *settings = &d->settings;

	return settings->domain
		       ? api_url(d, "/%s?domain=%s", what, vendor_escape(&d->vendor, settings->domain))
		       : api_url(d, "/%s?customer=%s", what, vendor_escape(&d->vendor, settings->customer));
}

const char *api_token(struct directory *d, const char *token)
{
	return token[0] ? arena_format(d->vendor.page, "&pageToken=%s", vendor_escape(&d->vendor, token))
			: "";
}

/* ---- refusals, in the words of Google's own pages ---- */

/* Google says why in three places, of which newer servers fill others than older ones. */
static const char *reason_of(const struct json_node *body)
{
	const struct json_node *error = json_node_member(body, "error"),
			       *details = json_node_member(error, "details");
	const char *reason =
		json_node_member_text(json_node_first(json_node_member(error, "errors")), "reason");

	for (const struct json_node *detail = json_node_first(details); detail && !reason;
	     detail = json_node_next(details, detail))
		reason = json_node_member_text(detail, "reason");
	return reason ? reason : json_node_member_text(error, "status");
}

static bool is_one_of(const char *word, const char *const *words)
{
	for (; word && *words; words++)
		if (text_equal_nocase(word, *words))
			return true;
	return false;
}

bool api_is_limit(const struct fetch_answer *answer)
{
	static const char *const reasons[] = { "rateLimitExceeded",  "userRateLimitExceeded",
					       "quotaExceeded",	     "RATE_LIMIT_EXCEEDED",
					       "RESOURCE_EXHAUSTED", NULL };

	return answer->status == 403 && is_one_of(reason_of(answer->rest), reasons);
}

struct refusal {
	const char *reason, *words, *trace;
};

static int fail_denied(struct directory *d, const struct api_subject *subject, const struct refusal *said)
{
	static const char *const disabled[] = { "accessNotConfigured", "SERVICE_DISABLED", NULL };
	static const char *const scope[] = { "insufficientPermissions", "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
					     NULL };
	const struct fetch_caller *caller = &d->vendor.caller;

	if (is_one_of(said->reason, disabled))
		return caller->host->fail(caller->call, ROSTER_REFUSED, 0,
					  "%s: Google says %.60s; enable the Admin SDK API in the project of "
					  "the service account (Google Cloud console, APIs & Services, "
					  "Library)%s",
					  subject->doing, said->reason, said->trace);
	if (is_one_of(said->reason, scope))
		return caller->host->fail(caller->call, ROSTER_REFUSED, 0,
					  "%s: Google says %.60s; the token lacks the scope \"%s\": add it "
					  "(Admin console, Security, Access and data control, API controls, "
					  "Domain-wide delegation)%s",
					  subject->doing, said->reason, subject->scope, said->trace);
	if (text_equal(said->reason, "domainCannotUseApis"))
		return caller->host->fail(caller->call, ROSTER_REFUSED, 0,
					  "%s: Google says domainCannotUseApis (%.120s); the account may not "
					  "use APIs (Admin console, Security, Access and data control, API "
					  "controls)%s",
					  subject->doing, said->words, said->trace);
	return caller->host->fail(
		caller->call, ROSTER_REFUSED, 0,
		"%s: Google says %.60s (%.120s); \"administrator\" needs a role with the Admin API "
		"privilege \"%s\" for the whole account (Admin console, Account, Admin roles)%s",
		subject->doing, said->reason, said->words, subject->privilege, said->trace);
}

/* A page token lives for some hours, and what it is sent with must be as it was. */
static int fail_invalid(struct directory *d, const struct api_subject *subject, const struct refusal *said)
{
	const struct fetch_caller *caller = &d->vendor.caller;

	if (strstr(said->words, "pageToken"))
		return caller->host->fail(caller->call, ROSTER_LOST_PLACE, 0,
					  "%s: Google does not know the page any more (%.120s)%s",
					  subject->doing, said->words, said->trace);
	if (text_begins(said->reason, "push."))
		return caller->host->fail(
			caller->call, ROSTER_MISCONFIGURED, 0,
			"%s: Google says %.60s (%.150s); \"public_url\" of rosterd.conf must "
			"be https, with a certificate that everybody trusts%s",
			subject->doing, said->reason, said->words, said->trace);
	return caller->host->fail(caller->call, ROSTER_MISCONFIGURED, 0,
				  "%s: Google says %.60s (%.150s); see \"customer\" and \"domain\", and the "
				  "names of fields%s",
				  subject->doing, said->reason, said->words, said->trace);
}

static int fail(struct directory *d, const struct api_subject *subject)
{
	const struct fetch_caller *caller = &d->vendor.caller;
	const struct fetch_answer *answer = &d->vendor.answer;
	char trace[FETCH_WORD_MOST + 16];
	const struct json_node *error = json_node_member(answer->rest, "error");
	const char *reason = reason_of(answer->rest), *words = json_node_member_text(error, "message");
	const struct refusal said = { reason ? reason : "no reason", words ? words : "nothing",
				      fetch_trace(answer, trace) };

	if (answer->status >= 300 && answer->status < 400)
		return caller->host->fail(
			caller->call, ROSTER_MISCONFIGURED, 0,
			"%s: \"%s\" leads on to \"%.120s\", which is not followed; see \"api_url\"",
			subject->doing, d->settings.api, answer->location);
	if (answer->status == 404 && !error)
		return caller->host->fail(caller->call, ROSTER_MISCONFIGURED, 0,
					  "%s: there is no Admin SDK at \"%.150s\"; see \"api_url\"",
					  subject->doing, d->settings.api);
	switch (answer->status) {
	case 400:
	case 404:
		return fail_invalid(d, subject, &said);
	case 401:
		return caller->host->fail(caller->call, ROSTER_REFUSED, 0,
					  "%s: Google does not accept the access token (%.60s: %.150s)%s",
					  subject->doing, said.reason, said.words, said.trace);
	case 403:
		return fail_denied(d, subject, &said);
	default:
		return caller->host->fail(caller->call,
					  answer->status >= 500 ? ROSTER_TRY_LATER : ROSTER_NONSENSE, 0,
					  "%s: Google answers %d (%.60s: %.200s)%s", subject->doing,
					  answer->status, said.reason, said.words, said.trace);
	}
}

/* ---- asking ---- */

/* Without people or groups an answer has no list; so it is known by what it calls itself: whoever took
 * something else for a page would see nobody. */
static int must_be_kind(struct directory *d, const struct api_subject *subject)
{
	const struct json_node *list =
		subject->array ? json_node_member(d->vendor.answer.rest, subject->array) : NULL;

	if (text_equal(json_node_member_text(d->vendor.answer.rest, "kind"), subject->kind) &&
	    (!list || list->type == JSON_NODE_ARRAY))
		return 0;
	return d->vendor.caller.host->fail(d->vendor.caller.call, ROSTER_NONSENSE, 0,
					   "%s: Google answers something else than was asked for",
					   subject->doing);
}

static int ask(struct directory *d, const struct api_subject *subject, const struct fetch_request *request,
	       bool may_be_missing)
{
	const struct fetch_answer *answer = &d->vendor.answer;

	if (vendor_ask(&d->vendor, request) < 0)
		return -1;
	if (answer->status == 404 && may_be_missing && text_equal(reason_of(answer->rest), "notFound"))
		return 0;
	return answer->status == 200 ? must_be_kind(d, subject) : fail(d, subject);
}

int api_get(struct directory *d, const struct api_subject *subject, const char *url, bool may_be_missing,
	    const struct api_taker *taker)
{
	const struct fetch_request request = {
		.doing = subject->doing,
		.url = url,
		.array = subject->array,
		.take = taker ? taker->take : NULL,
		.begin = taker ? taker->begin : NULL,
		.context = taker ? taker->context : NULL,
		.authorise = oauth_authorise,
		.authorise_context = d->vendor.oauth,
	};

	return ask(d, subject, &request, may_be_missing);
}

/* What is denied here is another privilege and another scope than that of all else: nothing fails for it. */
int api_report(struct directory *d, const char *url, const struct api_taker *taker)
{
	const struct fetch_answer *answer = &d->vendor.answer;
	const struct fetch_request request = {
		.doing = api_reports.doing,
		.url = url,
		.array = api_reports.array,
		.take = taker->take,
		.begin = taker->begin,
		.context = taker->context,
		.authorise = oauth_authorise,
		.authorise_context = d->reports,
	};
	bool again = false;

	do { /* a token that is refused may be followed by another, or by none at all */
		int may = oauth_try(d->reports, &d->vendor.caller);

		if (may <= 0)
			return may;
		if (fetch_ask(d->vendor.fetch, &d->vendor.caller, &request, &d->vendor.answer) < 0)
			return -1;
		again = !again && answer->status == 401 && oauth_refused(d->reports);
	} while (again);
	if (answer->status != 401)
		oauth_accepted(d->reports);
	if (answer->status == 401 || answer->status == 403)
		return 0;
	if (answer->status == 400)
		return d->vendor.caller.host->fail(
			d->vendor.caller.call, ROSTER_LOST_PLACE, 0,
			"reading what changed: Google does not know the time or the "
			"page any more");
	if (answer->status != 200)
		return fail(d, &api_reports);
	return must_be_kind(d, &api_reports) < 0 ? -1 : 1;
}

int api_look(struct directory *d, const struct api_subject *subject, const char *url)
{
	const struct fetch_answer *answer = &d->vendor.answer;
	const struct fetch_request request = {
		.doing = subject->doing,
		.url = url,
		.authorise = oauth_authorise,
		.authorise_context = d->vendor.oauth,
	};

	if (vendor_ask(&d->vendor, &request) < 0)
		return -1;
	if (answer->status == 404 && text_equal(reason_of(answer->rest), "notFound"))
		return 0;
	if (answer->status == 403)
		return d->vendor.caller.host->fail(
			d->vendor.caller.call, ROSTER_LOST_PLACE, 0,
			"%s: Google does not tell whose an address is that something "
			"happened to: everybody is read",
			subject->doing);
	if (answer->status != 200)
		return fail(d, subject);
	return must_be_kind(d, subject) < 0 ? -1 : 1;
}

static struct fetch_request post(struct directory *d, const char *doing, const char *url, const char *body)
{
	return (struct fetch_request){
		.doing = doing,
		.url = url,
		.content_type = "application/json",
		.body = body,
		.authorise = oauth_authorise,
		.authorise_context = d->vendor.oauth,
	};
}

int api_post(struct directory *d, const struct api_subject *subject, const char *url, const char *body)
{
	const struct fetch_request request = post(d, subject->doing, url, body);

	return ask(d, subject, &request, false);
}

int api_tell(struct directory *d, const char *doing, const char *url, const char *body)
{
	struct fetch_request request = post(d, doing, url, body);

	request.status_only = true;
	return fetch_ask(d->vendor.fetch, &d->vendor.caller, &request, &d->vendor.answer);
}

int api_next(struct directory *d, const struct api_subject *subject, struct chain *chain, const char *first,
	     char token[PLACE_TOKEN_SIZE])
{
	const struct json_node *node = json_node_member(d->vendor.answer.rest, "nextPageToken");
	const char *text = json_node_text(node), *why = NULL;

	if (!node) {
		token[0] = '\0';
		*chain = (struct chain){ 0 };
		return 0;
	}
	if (!text || !text[0] || strlen(text) >= PLACE_TOKEN_SIZE || !text_is_printable(text, strlen(text)))
		why = "the token of the next page cannot be one";
	else if (text_equal(text, token))
		why = "a page is said to come after itself";
	else
		why = chain_page(chain, first);
	if (why)
		return d->vendor.caller.host->fail(d->vendor.caller.call, ROSTER_NONSENSE, 0,
						   "%s, page %llu: %s", subject->doing, d->place.pages, why);
	strcpy(token, text);
	return 1;
}

/* ---- the token endpoint ---- */

/* By the word, and by what must stand in the description; the first that fits counts. */
static const struct {
	const char *word, *words, *advice;
} advices[] = {
	{ "unauthorized_client", "",
	  "give the service account's client ID, in the Admin console (Security, Access and data control, "
	  "API controls, Domain-wide delegation), each of the scopes admin.directory.user.readonly, "
	  "admin.directory.group.readonly and admin.directory.group.member.readonly" },
	{ "invalid_grant", "Invalid email",
	  "\"administrator\" is nobody in the account, or was suspended or deleted" },
	{ "invalid_grant", "User ID",
	  "\"administrator\" is nobody in the account, or was suspended or deleted" },
	{ "invalid_grant", "Signature",
	  "the key was deleted: make a new one (Google Cloud console, IAM & Admin, Service Accounts, Keys)" },
	{ "invalid_grant", "short-lived", "compare the clocks" },
	{ "invalid_grant", "account not found", "the service account was deleted, or see \"client_email\"" },
	{ "invalid_client", "", "the service account was deleted or disabled, or see \"client_email\"" },
	{ "disabled_client", "", "enable the service account (Google Cloud console, IAM & Admin)" },
	{ "admin_policy_enforced", "",
	  "trust the service account (Admin console, Security, Access and data control, API controls, App "
	  "access control)" },
};

const char *api_advise(const struct json_node *answer)
{
	const char *word = json_node_member_text(answer, "error"),
		   *words = json_node_member_text(answer, "error_description");

	for (size_t i = 0; i < ARRAY_COUNT(advices); i++)
		if (text_equal(advices[i].word, word) && strstr(words ? words : "", advices[i].words))
			return advices[i].advice;
	return NULL;
}
