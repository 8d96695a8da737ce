#include "endpoints/sso_finish.h"

#include <string.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/secret.h"
#include "base/text.h"
#include "endpoints/begin_session.h"
#include "endpoints/cookie.h"
#include "endpoints/form.h"
#include "endpoints/page.h"
#include "endpoints/rate.h"
#include "endpoints/return_to.h"
#include "endpoints/sso_attempt.h"
#include "endpoints/sso_judge.h"
#include "roster/run.h"

/* ---- before the transaction ---- */

/* What came back has our state in a field of the provider's protocol. */
static const char *state_of(const struct link_pair *fields, size_t count)
{
	const char *state = form_field(fields, count, "state");

	return state ? state : form_field(fields, count, "RelayState");
}

/* Whether it belongs to an attempt of this very browser. Without a state of ours it is of none: the provider has begun, and the plug-in says whether it
 * may. */
static int find_attempt(struct exchange *x, struct sso *s, const char *state, struct error *e)
{
	static const char again[] = "begin again; if this is seen often, the provider takes longer than \"sign_on.attempt\" of rosterd.conf";
	const char *browser = cookie_find(x->request, x->arena, COOKIE_BROWSER);
	uint8_t hash[CRYPT_DIGEST_SIZE], shown[CRYPT_DIGEST_SIZE];
	bool same;
	int found;

	if (!sso_is_value(state))
		return 0;
	sso_hash_value(state, hash);
	found = exchange_begin(x, e) < 0 ? -1
					 : sign_on_find(x->tx, x->arena, x->options->crypt_keys, &x->organisation.id, &s->connection, hash,
							&s->attempt, e);
	tx_close(&x->tx);
	if (found < 0)
		return -1;
	if (found == 0 || s->attempt.over) {
		s->attempt.id = (struct id){ 0 };
		sso_checked(x, s, false, "attempt", "sso.attempt", "one that waits for its answer",
			found == 0 ? "a state that nobody was given" : "one that was answered, or took too long", again);
		return 0;
	}
	sso_checked(x, s, true, "attempt", "", NULL, NULL, NULL);
	sso_hash_value(sso_is_value(browser) ? browser : "", shown);
	same = sso_is_value(browser) && memcmp(shown, s->attempt.browser, sizeof(shown)) == 0; /* of hashes: their bytes tell nothing */
	sso_checked(x, s, same, "browser", "sso.browser", "the cookie of the browser that began", browser ? "another one" : "none",
		"sign on in one browser, which takes cookies; a link of a sign-on under way is good for nobody else");
	return 0;
}

static int judge(struct exchange *x, struct sso *s, struct error *e)
{
	int found = exchange_begin(x, e) < 0
			    ? -1
			    : source_load(x->tx, x->arena, &x->organisation.id, &s->connection, &s->source, e);

	s->arrival = (struct arrival){ s->got.person, s->got.groups, s->got.group_count };
	if (found == 1 && arrival_judge(x->tx, x->arena, &s->source, &s->arrival, &s->answer, &s->why) < 0) {
		if (s->why.kind != ERROR_INPUT) {
			*e = s->why;
			found = -1;
		} else {
			s->why.kind = ERROR_DENIED;
			sso_checked(x, s, false, "record", s->why.code, "a person that can be taken in", NULL, s->why.text);
		}
	}
	tx_close(&x->tx);
	if (found == 0)
		return sso_unknown(e);
	s->has_source = found == 1;
	x->as_worker = found == 1 && !s->why.code[0] && s->answer == ARRIVAL_CHANGES && !s->attempt.test;
	return found < 0 ? -1 : 0;
}

/* However many addresses they come from, a name is not tried often; and nobody can tell from that whether there is one. */
static int check_name_rate(struct exchange *x, const struct sso *s, const char *user_name, struct error *e)
{
	char id[ID_TEXT_SIZE];
	const char *both = arena_format(x->arena, "%s/%s", id_text(&s->connection, id), text_fold(x->arena, user_name));
	uint8_t digest[CRYPT_DIGEST_SIZE];
	struct id name;
	int64_t wait_ms;

	if (!text_is_name(user_name, strlen(user_name)))
		return error_set(e, ERROR_INPUT, "sso.user_name",
				 "a name has no blank at its ends, no two in a row, and nothing in it that cannot be seen; go back and type it again");
	sso_hash_value(both, digest);
	memcpy(name.bytes, digest, ID_SIZE);
	wait_ms = rate_take(x->name_rate, &name, SSO_NAME_PER_MINUTE, SSO_NAME_BURST, clock_monotonic_ms());
	if (wait_ms == 0)
		return 0;
	sso_count(s, "limited");
	error_set(e, ERROR_LIMIT, "rate.password", "too many passwords are tried for this name; come again");
	e->wait_ms = (int)wait_ms;
	return -1;
}

static int put_password(struct exchange *x, const struct sso *s, const struct link_pair *fields, size_t count, struct link_sign_on *question,
			struct link_pair values[SSO_VALUES_MOST], struct error *e)
{
	const char *user_name = form_field(fields, count, "user_name"), *password = form_field(fields, count, "password");

	if (!user_name || !password)
		return error_set(e, ERROR_INPUT, "sso.password", "a form with \"user_name\" and \"password\", each once, is expected");
	if (check_name_rate(x, s, user_name, e) < 0)
		return -1;
	values[question->attempt_count++] = (struct link_pair){ "user_name", user_name };
	values[question->attempt_count++] = (struct link_pair){ "password", password };
	return 0;
}

static int prepare_answer(struct exchange *x, enum link_step step, struct error *e)
{
	struct sso *s = arena_take(x->arena, sizeof(*s));
	struct link_sign_on question = { .step = step };
	struct link_pair values[SSO_VALUES_MOST], *fields;
	size_t fields_count;
	const char *state;
	struct error why;

	x->prepared = s;
	if (sso_arrive(x, s, e) < 0 || sso_read_fields(x, &fields, &fields_count, e) < 0)
		return -1;
	state = state_of(fields, fields_count);
	if (find_attempt(x, s, state, e) < 0)
		return -1;
	/* Whoever types a password is in the browser that was sent here. */
	if (step == LINK_PASSWORD && id_is_nil(&s->attempt.id))
		sso_checked(x, s, false, "attempt", "sso.attempt", "one that waits for its answer", "none", "begin again");
	if (s->why.code[0] || !sso_check_open(x, s, s->address.open))
		return 0;
	question.attempt = values;
	question.attempt_count = sso_put_values(&s->attempt, state, values);
	if (step == LINK_PASSWORD) {
		if (put_password(x, s, fields, fields_count, &question, values, e) < 0)
			return -1;
	} else {
		question.form = fields;
		question.form_count = fields_count;
		values[question.attempt_count++] = (struct link_pair){ "method", x->request->method };
		values[question.attempt_count++] = (struct link_pair){ "query", sso_raw_query(x) };
	}
	if (step == LINK_FINISH)
		s->message = sso_judge_message(x, s, &question);
	if (sso_ask(x, s, &question, &why) < 0) {
		sso_keep_why(s, &why);
		return 0;
	}
	return judge(x, s, e);
}

int sso_prepare_finish(struct exchange *x, struct error *e)
{
	return prepare_answer(x, LINK_FINISH, e);
}

int sso_prepare_password(struct exchange *x, struct error *e)
{
	return prepare_answer(x, LINK_PASSWORD, e);
}

/* ---- in the transaction ---- */

/* It is answered by this, and by nothing else. */
static int take_attempt(struct exchange *x, struct sso *s, struct error *e)
{
	int taken;

	/* What is not of its browser does not use it up: nobody else can end somebody's sign-on. */
	if (id_is_nil(&s->attempt.id) || text_equal(s->why.code, "sso.browser"))
		return sso_begin_unasked(x, s, e);
	taken = sign_on_take(x->tx, &s->attempt.organisation, &s->attempt.id, e);
	if (taken == 0) {
		sso_checked(x, s, false, "attempt", "sso.attempt", "one that waits for its answer", "one that was answered a moment ago", "begin again");
		return sso_begin_unasked(x, s, e);
	}
	return taken < 0 ? -1 : 0;
}

/* Who reads a directory has its word for who is there; it is asked about this one now. */
static int ask_directory(struct exchange *x, const struct sso *s, struct error *e)
{
	const char *const named[] = { s->got.person->remote_id, NULL };
	const struct run_wish wish = { .scope = "named", .asked_by = RUN_BY_SIGN_ON, .named = named };
	struct run run;

	if (!s->looks_by_name || run_ask(x->tx, x->arena, &x->organisation.id, &s->connection, &wish, &run, e) == 0)
		return 0;
	return e->kind == ERROR_LIMIT || e->kind == ERROR_CONFLICT ? 0 : -1; /* it is asked already, often enough */
}

static int let_in(struct exchange *x, struct sso *s, struct error *e)
{
	char connection[ID_TEXT_SIZE];
	struct actor actor = { .kind = "connector", .source = "run", .request = x->id,
			       .address = x->request->address[0] ? x->request->address : NULL };
	const char *held = NULL;

	switch (s->answer) {
	case ARRIVAL_AS_KNOWN:
		return 0;
	case ARRIVAL_ELSEWHERE:
		sso_checked(x, s, false, "directory", "sso.not_in_directory", "somebody whom the directory of this connection shows",
			s->got.person->remote_id, "let the connection's directory show them; it is being asked about them now");
		return ask_directory(x, s, e);
	case ARRIVAL_UNPROVEN:
		sso_checked(x, s, false, "member", "sso.unproven_address", "a member, or an address of a verified domain that the provider vouches for",
			s->got.person->email ? s->got.person->email : "no address",
			"verify the domain here, let the provider vouch for the address (email_verified), or add them by a directory");
		return 0;
	case ARRIVAL_CHANGES:
		if (s->attempt.test)
			return 0;
		break;
	}
	actor.id = id_text(&s->connection, connection);
	actor.name = arena_format(x->arena, "%s/%s", x->organisation.slug, s->source.connection.name);
	if (arrival_reconcile(x->tx, x->arena, &s->source, &s->arrival, &actor, &held, e) < 0)
		return -1;
	sso_checked(x, s, true, "roster", "", held ? held : "taken in as it was said", NULL, NULL);
	return 0;
}

static const char *state_words(struct exchange *x, const struct arrived *who)
{
	if (text_equal(who->state, "suspended"))
		return arena_format(x->arena, "suspended by %s", who->suspended_by ? who->suspended_by : "somebody");
	return who->state;
}

static const char *state_advice(const struct arrived *who)
{
	if (text_equal(who->state, "waiting"))
		return "free a seat, or ask for more: they wait for one";
	if (text_equal(who->state, "suspended") && text_equal(who->suspended_by, "connector"))
		return "the directory does not have them as active; mend it there (rosterctl member explain)";
	return "an administrator lets them in again";
}

static int find_member(struct exchange *x, struct sso *s, struct arrived *ret, struct error *e)
{
	const char *code = "sso.not_a_member", *reason = "nobody here is signed on so";
	int found = arrival_find(x->tx, x->arena, &s->source, s->got.person->remote_id, ret, e);

	/* Somebody new, who would have come in by now. */
	if (found == 0 && s->attempt.test && s->answer == ARRIVAL_CHANGES)
		return 0;
	if (found < 0 || (found == 0 && arrival_refusal(x->tx, x->arena, &s->source, s->got.person->remote_id, &code, &reason, e) < 0))
		return -1;
	if (!sso_checked(x, s, found == 1, "member", code, "a member of the organisation", "nobody", reason))
		return 0;
	s->attempt.user = ret->user;
	sso_checked(x, s, text_equal(ret->state, "active"), "standing", "sso.not_active", "active", state_words(x, ret), state_advice(ret));
	return 0;
}

/* 0 with why: they were suspended a moment ago. */
static int begin(struct exchange *x, struct sso *s, const struct arrived *who, struct error *e)
{
	scoped(secret) *provider = s->got.session ? secret_take(s->got.session, strlen(s->got.session)) : NULL;
	const struct beginning beginning = {
		.user = who->user,
		.connection = s->connection,
		.name = who->name,
		.email = who->email,
		.role = who->role,
		.remote_id = s->got.person->remote_id,
		.provider = provider,
		.provider_name = s->got.session_count > 0 ? &s->got.sessions[0] : NULL,
		.expires_at = s->got.session_until > 0 && s->got.session_until < INT64_MAX / 1000000 ? s->got.session_until * 1000000 : 0,
		.presented = s->attempt.has_presented ? s->attempt.presented : NULL,
	};
	int made = begin_session(x, &beginning, &s->attempt.session, e);

	if (made == 0)
		sso_checked(x, s, false, "standing", "sso.not_active", "active", "not any more", "an administrator lets them in again");
	return made < 0 ? -1 : 0;
}

/* 0 with why: it is refused, and nothing of it is to be kept. */
static int sign_on(struct exchange *x, struct sso *s, struct arrived *who, struct error *e)
{
	int open = sign_on_still(x->tx, &x->organisation.id, &s->connection, e);

	if (open == 0)
		sso_check_open(x, s, false);
	if (open < 0 || sso_use_message(x, s, e) < 0)
		return -1;
	if (s->why.code[0])
		return 0;
	if (let_in(x, s, e) < 0)
		return -1;
	if (s->why.code[0])
		return 0;
	if (find_member(x, s, who, e) < 0)
		return -1;
	return s->why.code[0] || s->attempt.test ? 0 : begin(x, s, who, e);
}

static int end_well(struct exchange *x, struct sso *s, struct error *e)
{
	struct sign_on *a = &s->attempt;

	a->outcome = a->test ? "tested" : "signed_on";
	a->request_id = x->id;
	a->trace = sso_trace(x, s);
	sso_count(s, a->outcome);
	if (sign_on_end(x->tx, x->options->crypt_keys, a, e) < 0 || sign_on_worked(x->tx, &a->organisation, &s->connection, e) < 0)
		return -1;
	if (a->test) {
		page_begin(x->reply, 200, "This sign-in works");
		page_says(x->reply, "It was a test, so you are not signed in by it. %s is who would be.",
			  s->got.person->email ? s->got.person->email : s->got.person->user_name);
		page_end(x->reply, NULL);
		return 0;
	}
	x->reply->status = 303;
	reply_header(x->reply, "Referrer-Policy", "no-referrer");
	reply_header(x->reply, "Location", "%s", return_to_address(x->arena, x->options->return_to, x->options->public_url, a->return_to));
	return 0;
}

int sso_finish(struct exchange *x, struct error *e)
{
	struct sso *s = x->prepared;
	struct arrived who = { 0 };

	if (take_attempt(x, s, e) < 0 || (!s->why.code[0] && sign_on(x, s, &who, e) < 0))
		return -1;
	/* What was taken in of somebody who is not let in stays: they wait for a seat, or for a person to decide who they are. */
	return s->why.code[0] ? sso_keep_failure(x, s, e) : end_well(x, s, e);
}

