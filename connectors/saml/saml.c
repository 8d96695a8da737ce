/* The SAML plug-in: people sign on by any provider of SAML 2.0. It reads no directory, and needs no network:
 * what it sends, browsers carry. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "common/sign.h"
#include "connector.h"
#include "saml/answer.h"
#include "saml/describe.h"
#include "saml/logout.h"
#include "saml/person.h"
#include "saml/request.h"
#include "saml/second.h"
#include "saml/settings.h"

enum { KEPT_SESSION_MOST = 4000 };

struct saml {
	const struct roster_host *host;
	struct arena *kept; /* the settings */
	struct settings settings;
	struct second *second; /* made when it is first needed */
};

static void close_saml(void *opaque)
{
	struct saml *self = opaque;

	if (!self)
		return;
	second_close(&self->second);
	settings_close(&self->settings);
	arena_close(&self->kept);
	free(self);
}

static int open_saml(struct roster_call *call, const struct roster_host *host, void **ret_self)
{
	struct saml *self = calloc(1, sizeof(*self));

	if (!self)
		return host->fail(call, ROSTER_TRY_LATER, 0, "out of memory");
	self->host = host;
	self->kept = arena_open("saml");
	if (settings_read(call, host, self->kept, &self->settings) < 0) {
		close_saml(self);
		return -1;
	}
	*ret_self = self;
	return 0;
}

static int failed(const struct saml *self, struct roster_call *call, const struct error *e)
{
	return self->host->fail(call, ROSTER_MISCONFIGURED, 0, "%s", e->text);
}

/* ---- "test connection" ---- */

static int check_saml(struct roster_call *call, void *opaque)
{
	const struct saml *self = opaque;
	const struct settings *s = &self->settings;
	char until[CLOCK_TEXT_SIZE];

	self->host->note(call, "provider \"%.200s\", people sign on at \"%.200s\"", s->provider,
			 s->sign_on_url ? s->sign_on_url : "(it begins)");
	for (size_t i = 0; i < keys_count(s->keys); i++)
		self->host->note(call, "certificate %s, ends %.10s", keys_print(s->keys, i),
				 clock_text(keys_until(s->keys, i) * 1000000, until));
	self->host->note(call,
			 "give the provider the metadata at \"%.200s\", or \"%.200s\" as audience and "
			 "\"%.200s\" as reply URL",
			 s->service, s->service, s->acs_url);
	return 0;
}

/* ---- signing on ---- */

static int begin_saml(struct roster_call *call, void *opaque, const char *state)
{
	const struct saml *self = opaque;
	const struct settings *s = &self->settings;
	scoped(arena) *arena = arena_open("begin");
	const struct request_sign_on request = { .id = self->host->attempt(call, "request"),
						 .destination = s->sign_on_url,
						 .acs_url = s->acs_url,
						 .service = s->service,
						 .name_format = s->name_format,
						 .now_us = clock_now_us() };
	const struct own_key *key = s->sign_requests ? s->key : NULL;
	const char *message, *made;
	struct error e;

	if (!s->sign_on_url || !request.id)
		return self->host->fail(
			call, ROSTER_MISCONFIGURED, 0,
			"where people are sent to sign on is not known: set \"metadata\" or \"sign_on_url\"");
	message = request_sign_on(arena, &request);
	if (s->sign_on_by_post)
		return request_form(arena, "SAMLRequest", message, state, key, &made, &e) < 0
			       ? failed(self, call, &e)
			       : self->host->send_browser(call, s->sign_on_url, made);
	if (request_redirect(arena, s->sign_on_url, "SAMLRequest", message, state, key, &made, &e) < 0)
		return failed(self, call, &e);
	return self->host->send_browser(call, made, NULL);
}

struct telling {
	const struct roster_host *host;
	struct roster_call *call;
};

static void tell(void *context, const char *check, bool passed, const char *expected, const char *received,
		 const char *advice)
{
	const struct telling *t = context;

	t->host->checked(t->call, check, passed, expected, received, advice);
}

/* A field that stands there twice has two meanings. */
static int find_once(const struct roster_pair *form, const char *name, const char **ret)
{
	int count = 0;

	*ret = NULL;
	for (; form->name; form++)
		if (text_equal(form->name, name)) {
			*ret = form->value;
			count++;
		}
	return count <= 1 ? 0 : -1;
}

/* What logout() is to know: whom the provider calls whom. */
static int keep_session(const struct saml *self, struct roster_call *call, const struct answer *answer)
{
	const char *index = answer->session_index;
	struct json_writer w;
	struct buffer buffer;
	int result;

	buffer_open(&buffer, KEPT_SESSION_MOST);
	json_writer_open(&w, &buffer);
	json_begin_object(&w, NULL);
	json_put_text(&w, "name", answer->name_id);
	json_put_text(&w, "format", answer->name_format);
	json_put_text(&w, "qualifier", answer->name_qualifier);
	json_put_text(&w, "service", answer->service_qualifier);
	json_put_text(&w, "index", answer->session_index);
	json_end_object(&w);
	result =
		buffer.full ? 0 : self->host->session(call, buffer.bytes, answer->session_until_us / 1000000);
	buffer_close(&buffer);
	if (result < 0)
		return -1;
	/* One provider, one way to name people: who it is when a session ends is said by the name alone. */
	return self->host->session_of(call, answer->name_id, index && *index && strlen(index) <= ROSTER_ID_MOST ? index : NULL);
}

static int refused(const struct saml *self, struct roster_call *call, const char *check, const char *expected,
		   const char *received, const char *advice)
{
	self->host->checked(call, check, 0, expected, received, advice);
	return self->host->fail(call, ROSTER_DENIED, 0, "%s: %s", check, advice);
}

/* By the clock, or when it came, if it is judged again. */
static int64_t now_us_of(const struct saml *self, struct roster_call *call)
{
	const char *then = self->host->attempt(call, "now");
	int64_t seconds;

	return then && text_to_int64(then, &seconds) == 0 && seconds > 0 ? seconds * 1000000 : clock_now_us();
}

static int finish_saml(struct roster_call *call, void *opaque, const struct roster_pair *form)
{
	struct saml *self = opaque;
	const struct settings *s = &self->settings;
	scoped(arena) *arena = arena_open("finish");
	struct telling telling = { self->host, call };
	const struct trace trace = { tell, &telling };
	const struct answer_question question = {
		.provider = s->provider,
		.keys = s->keys,
		.service = s->service,
		.acs_url = s->acs_url,
		.key = s->key,
		.next_key = s->next_key,
		.request_id = self->host->attempt(call, "request"),
		.now_us = now_us_of(self, call),
		.skew_s = s->skew_s,
		.sha1 = s->sha1,
		.response_signed = s->response_signed,
		.assertion_signed = s->assertion_signed,
		.authenticated_encryption = s->authenticated_encryption,
	};
	const char *encoded;
	struct answer answer;
	struct error e;

	if (find_once(form, "SAMLResponse", &encoded) < 0 || !encoded)
		return refused(self, call, "message", "one field \"SAMLResponse\"",
			       encoded ? "several" : "none",
			       "the provider must answer by HTTP-POST to the reply URL of this connection");
	if (!question.request_id && !s->unasked)
		return refused(self, call, "request", "a sign-on that was begun here",
			       "one that the provider began",
			       "begin here; or set \"idp_initiated\" to yes, if people are to come from the "
			       "provider's page");
	if (answer_judge(arena, encoded, strlen(encoded), &question, &trace, &answer, &e) < 0 ||
	    (!self->second && second_open(&question, &self->second, &e) < 0) ||
	    second_agrees(self->second, arena, &answer, &trace, &e) < 0)
		return self->host->fail(call, ROSTER_DENIED, 0, "%s (%s)", e.text, e.code);
	if (self->host->once(call, answer.assertion_id, answer.until_us / 1000000 + 1) < 0 ||
	    keep_session(self, call, &answer) < 0)
		return -1;
	return person_emit(call, self->host, s, &answer);
}

static int describe_saml(struct roster_call *call, void *opaque)
{
	const struct saml *self = opaque;
	scoped(arena) *arena = arena_open("describe");
	const char *xml = describe_ourselves(arena, &self->settings);

	return self->host->reply(call, 200, "application/samlmetadata+xml", xml, strlen(xml));
}

/* ---- signing off ---- */

static int logout_saml(struct roster_call *call, void *opaque, const char *remote_id, const char *session)
{
	const struct saml *self = opaque;
	const struct settings *s = &self->settings;
	scoped(arena) *arena = arena_open("logout");
	struct request_logout request = { .destination = s->logout_url,
					  .service = s->service,
					  .now_us = clock_now_us() };
	char number[SIGN_RANDOM_SIZE];
	struct json *kept;
	const char *url;
	struct error e;

	(void)remote_id;
	/* Providers take no logout that nobody has signed. */
	if (!s->logout_url || !s->key || !session ||
	    json_parse(arena, session, strlen(session), &kept, &e) < 0)
		return 0;
	request.name_id = json_text(json_member(kept, "name"));
	request.name_format = json_text(json_member(kept, "format"));
	request.name_qualifier = json_text(json_member(kept, "qualifier"));
	request.service_qualifier = json_text(json_member(kept, "service"));
	request.session_index = json_text(json_member(kept, "index"));
	if (!request.name_id)
		return 0;
	if (sign_random(number, &e) < 0)
		return failed(self, call, &e);
	request.id = arena_format(arena, "_%s", number); /* xs:ID: it begins with no digit and no "-" */
	if (s->logout_by_post)
		return request_form(arena, "SAMLRequest", request_logout(arena, &request), NULL, s->key, &url, &e) < 0
			       ? failed(self, call, &e)
			       : self->host->send_browser(call, s->logout_url, url);
	if (request_redirect(arena, s->logout_url, "SAMLRequest", request_logout(arena, &request), NULL,
			     s->key, &url, &e) < 0)
		return failed(self, call, &e);
	return self->host->send_browser(call, url, NULL);
}

/* ---- what the provider says about that ---- */

/* What it asked for is done by the daemon, or nothing is: it decides after us, and sends this only then. */
static int answer_logout(const struct saml *self, struct roster_call *call, struct arena *arena,
			 const struct logout *asked)
{
	const struct settings *s = &self->settings;
	struct request_logout_answer answer = { .destination = s->answer_url,
						.service = s->service,
						.answers = asked->id,
						.now_us = clock_now_us() };
	char number[SIGN_RANDOM_SIZE];
	const char *message, *made;
	struct error e;

	if (!s->answer_url || !s->key)
		return 0;
	if (sign_random(number, &e) < 0)
		return failed(self, call, &e);
	answer.id = arena_format(arena, "_%s", number);
	message = request_logout_answer(arena, &answer);
	if (s->answer_by_post)
		return request_form(arena, "SAMLResponse", message, asked->relay_state, s->key, &made, &e) < 0
			       ? failed(self, call, &e)
			       : self->host->send_browser(call, s->answer_url, made);
	if (request_redirect(arena, s->answer_url, "SAMLResponse", message, asked->relay_state, s->key, &made,
			     &e) < 0)
		return failed(self, call, &e);
	return self->host->send_browser(call, made, NULL);
}

static int ended_saml(struct roster_call *call, void *opaque, const struct roster_pair *form)
{
	const struct saml *self = opaque;
	const struct settings *s = &self->settings;
	const struct roster_host *host = self->host;
	scoped(arena) *arena = arena_open("ended");
	struct telling telling = { host, call };
	const struct trace trace = { tell, &telling };
	const struct logout_question question = { .provider = s->provider,
						  .keys = s->keys,
						  .address = s->own_logout_url,
						  .now_us = clock_now_us(),
						  .skew_s = s->skew_s,
						  .sha1 = s->sha1 };
	const char *method = host->attempt(call, "method"), *query = host->attempt(call, "query");
	struct logout said;
	struct error e;

	if (logout_judge(arena, text_equal(method, "POST") ? NULL : query ? query : "", form, &question, &trace,
			 &said, &e) < 0)
		return host->fail(call, ROSTER_DENIED, 0, "%s (%s)", e.text, e.code);
	if (said.is_answer)
		return 0;
	if (host->once(call, said.id, said.until_us / 1000000 + 1) < 0)
		return -1;
	if (!said.indexes[0] && host->session_of(call, said.name_id, NULL) < 0)
		return -1;
	for (const char *const *index = said.indexes; *index; index++)
		if (host->session_of(call, said.name_id, *index) < 0)
			return -1;
	return answer_logout(self, call, arena, &said);
}

static const struct roster_sign_on sign_on = {
	.size = sizeof(sign_on),
	.begin = begin_saml,
	.finish = finish_saml,
	.describe = describe_saml,
	.logout = logout_saml,
	.ended = ended_saml,
	.needs_network = 0,
};

ROSTER_CONNECTOR = {
	.abi_major = ROSTER_ABI_MAJOR,
	.abi_minor = ROSTER_ABI_MINOR,
	.size = sizeof(struct roster_connector),
	.name = "saml",
	.title = "Sign-on by SAML 2.0 (Okta, Entra, Google, Auth0, AD FS, Keycloak, OneLogin, Ping, "
		 "JumpCloud, Shibboleth, ...)",
	.settings = settings_table,
	.open = open_saml,
	.close = close_saml,
	.check = check_saml,
	.sign_on = &sign_on,
};
