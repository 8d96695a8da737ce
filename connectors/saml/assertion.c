#include "saml/assertion.h"

#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"
#include "saml/document.h"
#include "saml/names.h"

#define SECOND_US INT64_C(1000000)

struct judging {
	struct arena *arena;
	const struct answer_question *q;
	const struct trace *trace;
	struct error *e;
};

static int refuse(const struct judging *j, const char *code, const char *check, const char *expected,
		  const char *received, const char *advice)
{
	return trace_refuse(j->trace, j->e, code, check, expected, received ? received : "none", advice);
}

/* ---- times ---- */

/* xs:dateTime as SAML core 1.3.3 has it: UTC, said by "Z". */
static int read_time(const char *text, int64_t *ret_us)
{
	size_t length = text ? strlen(text) : 0;

	return length > 0 && text[length - 1] == 'Z' && strchr(text, 'T') ? clock_parse(text, ret_us) : -1;
}

static const char *shown(const struct judging *j, int64_t us)
{
	char text[CLOCK_TEXT_SIZE];

	return arena_text(j->arena, clock_text(us, text));
}

static int not_a_time(const struct judging *j, const char *code, const char *check, const char *received)
{
	return refuse(j, code, check, "a time in UTC such as 2026-11-29T09:14:07Z", received,
		      "the provider breaks the SAML specification here (core 1.3.3)");
}

/* from: NotBefore, or NULL. */
static int check_begun(const struct judging *j, const char *from, const char *code, const char *check)
{
	int64_t us;

	if (!from)
		return 0;
	if (read_time(from, &us) < 0)
		return not_a_time(j, code, check, from);
	if (us > j->q->now_us + j->q->skew_s * SECOND_US)
		return refuse(j, "saml.not_yet", check,
			      arena_format(j->arena, "not after %s, which it is here",
					   shown(j, j->q->now_us)),
			      from, "compare the clocks: the provider's is ahead of ours; \"clock_skew\" is how far apart they may be");
	return 0;
}

/* until: NotOnOrAfter, or NULL. ret_us is the earlier of what it was and this. */
static int check_ended(const struct judging *j, const char *until, const char *code, const char *check,
		       int64_t *ret_us)
{
	int64_t us;

	if (!until)
		return 0;
	if (read_time(until, &us) < 0)
		return not_a_time(j, code, check, until);
	if (us + j->q->skew_s * SECOND_US <= j->q->now_us)
		return refuse(j, "saml.expired", check,
			      arena_format(j->arena, "after %s, which it is here", shown(j, j->q->now_us)),
			      until, "sign on again; if it happens again, compare the clocks; \"clock_skew\" is how far apart they may be");
	if (us < *ret_us)
		*ret_us = us;
	return 0;
}

int assertion_check_until(struct arena *arena, const char *until, const char *check,
			  const struct answer_question *question, const struct trace *trace, int64_t *ret_us,
			  struct error *e)
{
	struct judging j = { arena, question, trace, e };

	return check_ended(&j, until, "saml.instant", check, ret_us);
}

/* ---- heads ---- */

int assertion_check_head(struct arena *arena, const xmlNode *element, const char *what,
			 const struct answer_question *question, const struct trace *trace, struct error *e)
{
	struct judging j = { arena, question, trace, e };
	const char *version = document_attribute(element, "Version"), *id = document_attribute(element, "ID"),
		   *instant = document_attribute(element, "IssueInstant"),
		   *check = arena_format(arena, "time of the %s", what);
	int64_t us;

	if (!version || strcmp(version, "2.0") != 0)
		return refuse(&j, "saml.version", arena_format(arena, "version of the %s", what), "2.0",
			      version, "SAML 2.0 is spoken here alone");
	if (!id || !*id)
		return refuse(&j, "saml.shape", arena_format(arena, "id of the %s", what), "one", NULL, NULL);
	if (read_time(instant, &us) < 0)
		return not_a_time(&j, "saml.instant", check, instant);
	return check_begun(&j, instant, "saml.instant", check);
}

int assertion_check_issuer(struct arena *arena, const xmlNode *issuer, const char *check,
			   const struct answer_question *question, const struct trace *trace, struct error *e)
{
	struct judging j = { arena, question, trace, e };
	const char *said = document_trimmed(arena, issuer), *format = document_attribute(issuer, "Format");

	if ((format && strcmp(format, FORMAT_ENTITY) != 0) || strcmp(said, question->provider) != 0)
		return refuse(&j, "saml.issuer", check, question->provider, said,
			      "this is another provider, or another application of it: set \"entity_id\" (or \"metadata\") "
			      "here to what it sends, if it is the right one");
	trace_passed(trace, check, question->provider, said);
	return 0;
}

int assertion_check_answered(struct arena *arena, const char *answered, const char *check,
			     const struct answer_question *question, const struct trace *trace,
			     struct error *e)
{
	struct judging j = { arena, question, trace, e };
	const char *expected = question->request_id;

	if (expected ? answered && strcmp(answered, expected) == 0 : !answered) {
		trace_passed(trace, check, expected ? expected : "none", answered ? answered : "none");
		return 0;
	}
	return refuse(&j, "saml.in_response_to", check, expected ? expected : "none", answered,
		      expected ? "this is no answer to the sign-on that was begun here: begin again"
			       : "it answers a request that nobody here has made in this browser: begin the "
				 "sign-on here");
}

/* ---- subject ---- */

static int read_name_id(const struct judging *j, const xmlNode *subject, struct answer *ret)
{
	const xmlNode *name = document_child(subject, NS_ASSERTION, "NameID");

	if (document_child(subject, NS_ASSERTION, "EncryptedID"))
		return refuse(j, "saml.name_id", "name id", "one that is not encrypted", "an encrypted one",
			      "encrypt the whole assertion at the provider, not its NameID alone");
	ret->name_id = name ? document_trimmed(j->arena, name) : "";
	if (!*ret->name_id || strlen(ret->name_id) > ANSWER_NAME_ID_MOST ||
	    !text_is_printable(ret->name_id, strlen(ret->name_id)))
		return refuse(j, "saml.name_id", "name id", "who it is, in at most 1024 bytes",
			      *ret->name_id ? "something else" : "none",
			      "choose at the provider what is sent as NameID, and make sure that this person "
			      "has it");
	ret->name_format = arena_text(j->arena, document_attribute(name, "Format"));
	ret->name_qualifier = arena_text(j->arena, document_attribute(name, "NameQualifier"));
	ret->service_qualifier = arena_text(j->arena, document_attribute(name, "SPNameQualifier"));
	return 0;
}

/* Profiles 4.1.4.2: whoever brings it is its subject, here, soon, in answer to our request. */
static int check_confirmation(const struct judging *j, const xmlNode *confirmation, int64_t *until)
{
	const xmlNode *data = document_child(confirmation, NS_ASSERTION, "SubjectConfirmationData");
	const char *recipient = data ? document_attribute(data, "Recipient") : NULL,
		   *ends = data ? document_attribute(data, "NotOnOrAfter") : NULL;

	if (!recipient || strcmp(recipient, j->q->acs_url) != 0)
		return refuse(j, "saml.recipient", "recipient", j->q->acs_url, recipient,
			      "set the provider's reply URL (ACS URL, recipient) to the expected one");
	if (document_attribute(data, "NotBefore"))
		return refuse(j, "saml.confirmation", "confirmation", "none that begins later", "NotBefore",
			      "the provider breaks the SAML specification here (profiles 4.1.4.2)");
	if (!ends)
		return refuse(j, "saml.confirmation", "confirmation", "one that ends (NotOnOrAfter)", NULL,
			      "the provider breaks the SAML specification here (profiles 4.1.4.2)");
	if (check_ended(j, ends, "saml.confirmation", "end of the confirmation", until) < 0)
		return -1;
	return assertion_check_answered(j->arena, document_attribute(data, "InResponseTo"),
					"request of the confirmation", j->q, j->trace, j->e);
}

/* One that fits is enough. What is wrong with one that does not is told if it is the only one. */
static int check_confirmations(const struct judging *j, const xmlNode *subject, struct answer *ret)
{
	struct judging quiet = *j;
	int bearers = 0, count = 0;

	for (const xmlNode *c = document_first(subject); c; c = document_next(c)) {
		const char *method = document_attribute(c, "Method");

		if (!document_is(c, NS_ASSERTION, "SubjectConfirmation"))
			continue;
		count++;
		bearers += method && strcmp(method, METHOD_BEARER) == 0;
	}
	ret->several_confirmations = count > 1;
	quiet.trace = bearers == 1 ? j->trace : NULL;
	for (const xmlNode *c = document_first(subject); c; c = document_next(c)) {
		const char *method = document_attribute(c, "Method");
		int64_t until = ret->until_us;

		if (!document_is(c, NS_ASSERTION, "SubjectConfirmation") || !method ||
		    strcmp(method, METHOD_BEARER) != 0)
			continue;
		if (check_confirmation(&quiet, c, &until) == 0) {
			ret->until_us = until;
			trace_passed(j->trace, "confirmation", METHOD_BEARER, method);
			return 0;
		}
		if (bearers == 1)
			return -1;
	}
	if (bearers > 1)
		return refuse(j, "saml.confirmation", "confirmation",
			      "one for this address, now, and this request", "several, and none of them",
			      j->e ? arena_text(j->arena, j->e->text) : NULL);
	return refuse(j, "saml.confirmation", "confirmation", METHOD_BEARER, NULL,
		      "the provider must confirm the subject as bearer");
}

/* ---- conditions ---- */

static bool names_us(const struct judging *j, const xmlNode *restriction, const char **ret_said)
{
	for (const xmlNode *a = document_first(restriction); a; a = document_next(a)) {
		*ret_said = document_trimmed(j->arena, a);
		if (strcmp(*ret_said, j->q->service) == 0)
			return true;
	}
	return false;
}

/* Core 2.5.1.4: of several restrictions each must name us; of the audiences in one, any. */
static int check_conditions(const struct judging *j, const xmlNode *conditions, struct answer *ret)
{
	const char *said = NULL;
	int restrictions = 0;

	if (!conditions)
		return refuse(j, "saml.audience", "audience", j->q->service, NULL,
			      "the provider must say for whom the assertion is (audience)");
	if (check_begun(j, document_attribute(conditions, "NotBefore"), "saml.conditions",
			"begin of the assertion") < 0 ||
	    check_ended(j, document_attribute(conditions, "NotOnOrAfter"), "saml.conditions",
			"end of the assertion", &ret->until_us) < 0)
		return -1;
	for (const xmlNode *c = document_first(conditions); c; c = document_next(c)) {
		if (!document_is(c, NS_ASSERTION, "AudienceRestriction"))
			continue;
		restrictions++;
		if (!names_us(j, c, &said))
			return refuse(j, "saml.audience", "audience", j->q->service, said,
				      "set the provider's audience (entity id, identifier of the "
				      "application) to the expected one");
	}
	if (restrictions == 0)
		return refuse(j, "saml.audience", "audience", j->q->service, NULL,
			      "the provider must say for whom the assertion is (audience)");
	trace_passed(j->trace, "audience", j->q->service, j->q->service);
	return 0;
}

/* ---- statements ---- */

static int check_authentication(const struct judging *j, const xmlNode *assertion, struct answer *ret)
{
	int64_t until = INT64_MAX;
	int statements = 0;

	for (const xmlNode *s = document_first(assertion); s; s = document_next(s)) {
		const xmlNode *context = document_child(s, NS_ASSERTION, "AuthnContext"),
			      *class_name = document_child(context, NS_ASSERTION, "AuthnContextClassRef");
		const char *instant;

		if (!document_is(s, NS_ASSERTION, "AuthnStatement"))
			continue;
		statements++;
		instant = document_attribute(s, "AuthnInstant");
		if (!instant)
			return not_a_time(j, "saml.authentication", "time of the authentication", NULL);
		if (check_begun(j, instant, "saml.authentication", "time of the authentication") < 0 ||
		    check_ended(j, document_attribute(s, "SessionNotOnOrAfter"), "saml.authentication",
				"end of the session", &until) < 0)
			return -1;
		if (!ret->session_index)
			ret->session_index = arena_text(j->arena, document_attribute(s, "SessionIndex"));
		if (!ret->authn_context && class_name)
			ret->authn_context = document_trimmed(j->arena, class_name);
	}
	if (statements == 0)
		return refuse(j, "saml.authentication", "authentication",
			      "a statement that the person has signed on", NULL,
			      "the provider must send an AuthnStatement");
	ret->session_until_us = until == INT64_MAX ? 0 : until;
	return 0;
}

static const char *read_value(const struct judging *j, const xmlNode *value)
{
	const xmlNode *name = document_child(value, NS_ASSERTION, "NameID");

	return name ? document_trimmed(j->arena, name) : document_text(j->arena, value);
}

static const char *const *read_values(const struct judging *j, const xmlNode *attribute)
{
	size_t count = 0;
	const char **values;

	for (const xmlNode *v = document_first(attribute); v; v = document_next(v))
		count++;
	values = arena_array(j->arena, count + 1, sizeof(*values));
	count = 0;
	for (const xmlNode *v = document_first(attribute); v; v = document_next(v))
		values[count++] = read_value(j, v);
	return values;
}

static int add_attribute(const struct judging *j, const xmlNode *attribute, struct answer_value *list,
			 size_t *count)
{
	const char *name = document_attribute(attribute, "Name");

	if (!name || !*name)
		return refuse(j, "saml.attributes", "attributes", "names", "one without", NULL);
	for (size_t i = 0; i < *count; i++)
		if (strcmp(list[i].name, name) == 0)
			return refuse(
				j, "saml.attributes", "attributes", "each name once", name,
				"the provider sends this attribute twice: map it once, with all its values");
	list[(*count)++] = (struct answer_value){
		.name = arena_text(j->arena, name),
		.format = arena_text(j->arena, document_attribute(attribute, "NameFormat")),
		.friendly = arena_text(j->arena, document_attribute(attribute, "FriendlyName")),
		.values = read_values(j, attribute)
	};
	return 0;
}

static int read_attributes(const struct judging *j, const xmlNode *assertion, struct answer *ret)
{
	struct answer_value *list;
	size_t count = 0;

	for (const xmlNode *s = document_first(assertion); s; s = document_next(s))
		for (const xmlNode *a = document_is(s, NS_ASSERTION, "AttributeStatement") ? document_first(s)
											   : NULL;
		     a; a = document_next(a))
			count++;
	list = arena_array(j->arena, count + 1, sizeof(*list));
	count = 0;
	for (const xmlNode *s = document_first(assertion); s; s = document_next(s))
		for (const xmlNode *a = document_is(s, NS_ASSERTION, "AttributeStatement") ? document_first(s)
											   : NULL;
		     a; a = document_next(a))
			if (add_attribute(j, a, list, &count) < 0)
				return -1;
	ret->attributes = list;
	ret->attribute_count = count;
	return 0;
}

int assertion_judge(struct arena *arena, const xmlNode *assertion, const struct answer_question *question,
		    const struct trace *trace, struct answer *ret, struct error *e)
{
	struct judging j = { arena, question, trace, e };
	const xmlNode *subject = document_child(assertion, NS_ASSERTION, "Subject");

	ret->until_us = INT64_MAX - question->skew_s * SECOND_US;
	if (assertion_check_head(arena, assertion, "assertion", question, trace, e) < 0 ||
	    assertion_check_issuer(arena, document_child(assertion, NS_ASSERTION, "Issuer"),
				   "issuer of the assertion", question, trace, e) < 0)
		return -1;
	if (!subject)
		return refuse(&j, "saml.subject", "subject", "one", NULL,
			      "the provider must say who has signed on");
	if (check_confirmations(&j, subject, ret) < 0 ||
	    check_conditions(&j, document_child(assertion, NS_ASSERTION, "Conditions"), ret) < 0 ||
	    check_authentication(&j, assertion, ret) < 0 || read_name_id(&j, subject, ret) < 0 ||
	    read_attributes(&j, assertion, ret) < 0)
		return -1;
	trace_passed(trace, "time", arena_format(arena, "%s here", shown(&j, question->now_us)),
		     arena_format(arena, "good until %s", shown(&j, ret->until_us)));
	trace_passed(trace, "name id", NULL, ret->name_id);
	ret->until_us += question->skew_s * SECOND_US;
	ret->assertion_id = arena_text(arena, document_attribute(assertion, "ID"));
	return 0;
}
