#include "saml/logout.h"

#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"
#include "saml/assertion.h"
#include "saml/base64.h"
#include "saml/document.h"
#include "saml/names.h"
#include "saml/redirect.h"
#include "saml/shape.h"
#include "saml/signature.h"

#define SECOND_US  INT64_C(1000000)
#define documented __attribute__((cleanup(document_close))) xmlDoc

struct judging {
	struct arena *arena;
	const struct logout_question *q;
	const struct answer_question heads; /* the same, for what responses are judged by, too */
	const struct trace *trace;
	struct error *e;
};

static int refuse(const struct judging *j, const char *code, const char *check, const char *expected,
		  const char *received, const char *advice)
{
	return trace_refuse(j->trace, j->e, code, check, expected, received ? received : "none", advice);
}

static int read_shaped(const struct judging *j, const char *xml, size_t size, bool is_answer, bool canonical,
		       xmlDoc **ret)
{
	if (document_read(xml, size, NULL, ret, j->e) == 0 &&
	    shape_check(*ret, is_answer ? SHAPE_LOGOUT_RESPONSE : SHAPE_LOGOUT_REQUEST, canonical, j->e) == 0)
		return 0;
	if (j->trace && j->trace->told)
		j->trace->told(j->trace->context, "message", false, NULL, j->e->text, NULL);
	return -1;
}

/* ---- what it says ---- */

static int read_name(const struct judging *j, const xmlNode *root, struct logout *found)
{
	const xmlNode *name = document_child(root, NS_ASSERTION, "NameID");

	found->name_id = document_trimmed(j->arena, name);
	if (*found->name_id && strlen(found->name_id) <= ANSWER_NAME_ID_MOST &&
	    text_is_printable(found->name_id, strlen(found->name_id)))
		return 0;
	return refuse(j, "saml.name_id", "name id", "whose sessions end, in at most 1024 bytes",
		      *found->name_id ? "something else" : "none",
		      "the provider is to name whom it signs off as it did at the sign-on");
}

static int read_indexes(const struct judging *j, const xmlNode *root, struct logout *found)
{
	const char **list = arena_array(j->arena, LOGOUT_INDEXES_MOST + 1, sizeof(*list));
	size_t count = 0;

	for (const xmlNode *child = document_first(root); child; child = document_next(child)) {
		const char *index;

		if (!document_is(child, NS_PROTOCOL, "SessionIndex"))
			continue;
		index = document_trimmed(j->arena, child);
		if (!*index || strlen(index) > ROSTER_ID_MOST || !text_is_printable(index, strlen(index)) ||
		    count == LOGOUT_INDEXES_MOST)
			return refuse(j, "saml.session_index", "session index",
				      "at most 16, of at most 1024 bytes each", "something else",
				      "the provider is to name the sessions as it did at the sign-on");
		list[count++] = index;
	}
	found->indexes = list;
	return 0;
}

/* How long it is good for: it says so, or it is good for a while from when it was made. */
static int read_times(const struct judging *j, const xmlNode *root, struct logout *found)
{
	const char *until = document_attribute(root, "NotOnOrAfter");
	int64_t issued_us = 0, ends_us = INT64_MAX;

	if (clock_parse(document_attribute(root, "IssueInstant"), &issued_us) <
	    0) /* the head's check has read it */
		return -1;
	if (assertion_check_until(j->arena, until, "end of the request", &j->heads, j->trace, &ends_us,
				  j->e) < 0)
		return -1;
	if (!until && issued_us + (LOGOUT_OLD_S + j->q->skew_s) * SECOND_US <= j->q->now_us)
		return refuse(j, "saml.expired", "time of the request", "made in the last five minutes",
			      document_attribute(root, "IssueInstant"),
			      "sign off again; if it happens again, compare the clocks");
	found->until_us = (until ? ends_us : issued_us + LOGOUT_OLD_S * SECOND_US) + j->q->skew_s * SECOND_US;
	return 0;
}

static int check_status(const struct judging *j, const xmlNode *root, struct logout *found)
{
	const xmlNode *code =
		document_child(document_child(root, NS_PROTOCOL, "Status"), NS_PROTOCOL, "StatusCode");
	const char *value = document_attribute(code, "Value");

	found->succeeded = value && strcmp(value, STATUS_SUCCESS) == 0;
	if (j->trace && j->trace->told)
		j->trace->told(
			j->trace->context, "status", found->succeeded, STATUS_SUCCESS, value ? value : "none",
			found->succeeded
				? NULL
				: "the person may still be signed in at the provider: its own log says why");
	return 0;
}

static int judge_content(const struct judging *j, const xmlNode *root, struct logout *found)
{
	const char *destination = document_attribute(root, "Destination"),
		   *what = found->is_answer ? "answer" : "request";
	const xmlNode *issuer = document_child(root, NS_ASSERTION, "Issuer");

	if (assertion_check_head(j->arena, root, what, &j->heads, j->trace, j->e) < 0)
		return -1;
	if (!issuer)
		return refuse(j, "saml.issuer", "issuer", j->q->provider, NULL,
			      "the provider is to say who it is");
	if (assertion_check_issuer(j->arena, issuer, "issuer", &j->heads, j->trace, j->e) < 0)
		return -1;
	if (!destination || strcmp(destination, j->q->address) != 0)
		return refuse(
			j, "saml.destination", "destination", j->q->address, destination,
			"set the provider's single logout address to the expected one; our metadata have it");
	trace_passed(j->trace, "destination", j->q->address, destination);
	if (found->is_answer)
		return check_status(j, root, found);
	found->id = arena_text(j->arena, document_attribute(root, "ID"));
	return read_times(j, root, found) < 0 || read_name(j, root, found) < 0 ||
			       read_indexes(j, root, found) < 0
		       ? -1
		       : 0;
}

/* ---- the two ways ---- */

static int judge_redirect(const struct judging *j, const char *query, struct logout *found)
{
	struct redirect came;
	documented *document = NULL;

	if (redirect_read(j->arena, query, j->q->keys, j->q->sha1, j->trace, &came, j->e) < 0)
		return -1;
	found->is_answer = came.is_answer;
	found->relay_state = came.relay_state;
	if (read_shaped(j, came.xml, came.xml_size, came.is_answer, false, &document) < 0)
		return -1;
	if (signature_of(xmlDocGetRootElement(document)))
		return refuse(j, "saml.signature_shape", "message",
			      "no signature in a message that its query signs", "one",
			      "the provider breaks the SAML bindings here (3.4.4.1)");
	return judge_content(j, xmlDocGetRootElement(document), found);
}

/* A field that stands there twice has two meanings. */
static int find_once(const struct judging *j, const struct roster_pair *form, const char *name,
		     const char **ret)
{
	*ret = NULL;
	for (; form->name; form++) {
		if (strcmp(form->name, name) != 0)
			continue;
		if (*ret)
			return refuse(j, "saml.query", "form", "each field once", name,
				      "something between the provider and here changes what it says");
		*ret = form->value;
	}
	return 0;
}

static int judge_post(const struct judging *j, const struct roster_pair *form, struct logout *found)
{
	const struct signature_policy policy = { .keys = j->q->keys, .sha1 = j->q->sha1 };
	struct signature_found signed_over;
	const char *request, *answer, *encoded;
	documented *came = NULL;
	documented *own = NULL;
	uint8_t *xml;
	size_t length;
	int size;

	if (find_once(j, form, "SAMLRequest", &request) < 0 ||
	    find_once(j, form, "SAMLResponse", &answer) < 0 ||
	    find_once(j, form, "RelayState", &found->relay_state) < 0)
		return -1;
	if (!request == !answer)
		return refuse(
			j, "saml.query", "form", "SAMLRequest or SAMLResponse", request ? "both" : "none",
			"the provider must send its logout requests here, by HTTP-Redirect or HTTP-POST");
	found->is_answer = !request;
	encoded = request ? request : answer;
	length = strlen(encoded);
	xml = arena_take(j->arena, length / 4 * 3 + 4);
	size = length <= LOGOUT_ENCODED_MOST ? base64_decode(encoded, length, "\r\n", xml, length / 4 * 3 + 3)
					     : -1;
	if (size <= 0)
		return refuse(j, "saml.encoding", "encoding", "base64 of at most 128 KiB", "something else",
			      "the provider must send what HTTP-POST has (SAML bindings 3.5.4)");
	if (read_shaped(j, (const char *)xml, (size_t)size, found->is_answer, false, &came) < 0)
		return -1;
	if (!signature_of(xmlDocGetRootElement(came)))
		return refuse(
			j, "saml.unsigned", "signature of the message", "one", "none",
			"let the provider sign what it says about logout; anybody could say it otherwise");
	if (signature_check(j->arena, xmlDocGetRootElement(came), &policy, "message", j->trace, &signed_over,
			    j->e) < 0 ||
	    read_shaped(j, signed_over.bytes, signed_over.size, found->is_answer, true, &own) < 0)
		return -1;
	return judge_content(j, xmlDocGetRootElement(own), found);
}

int logout_judge(struct arena *arena, const char *query, const struct roster_pair *form,
		 const struct logout_question *question, const struct trace *trace, struct logout *ret,
		 struct error *e)
{
	const struct judging j = {
		.arena = arena,
		.q = question,
		.heads = { .provider = question->provider,
			   .now_us = question->now_us,
			   .skew_s = question->skew_s },
		.trace = trace,
		.e = e,
	};
	struct logout found = { 0 };

	if ((query ? judge_redirect(&j, query, &found) : judge_post(&j, form, &found)) < 0)
		return -1;
	*ret = found;
	return 0;
}
