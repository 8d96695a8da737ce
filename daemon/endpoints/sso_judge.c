#include "endpoints/sso_judge.h"

#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/secret.h"
#include "base/text.h"
#include "endpoints/connection_body.h"
#include "endpoints/outside.h"
#include "roster/connection.h"

/* ---- what is kept ---- */

static void put_pairs(struct json_writer *w, const char *name, const struct link_pair *pairs, size_t count)
{
	json_begin_array(w, name);
	for (size_t i = 0; i < count; i++) {
		/* Nobody needs it to judge, and it is the only one that is a secret of ours. */
		if (!pairs[i].value || text_equal(pairs[i].name, "verifier") || !text_is_utf8(pairs[i].value, strlen(pairs[i].value)))
			continue;
		json_begin_object(w, NULL);
		json_put_text(w, "name", pairs[i].name);
		json_put_text(w, "value", pairs[i].value);
		json_end_object(w);
	}
	json_end_array(w);
}

const char *sso_judge_message(struct exchange *x, const struct sso *s, const struct link_sign_on *question)
{
	__attribute__((cleanup(buffer_close))) struct buffer text = { 0 };
	struct json_writer w;

	if (!s->judges_alone)
		return NULL;
	buffer_open(&text, SIGN_ON_MESSAGE_MOST);
	json_writer_open(&w, &text);
	json_begin_object(&w, NULL);
	json_put_int(&w, "now", clock_now_us() / 1000000);
	put_pairs(&w, "attempt", question->attempt, question->attempt_count);
	put_pairs(&w, "form", question->form, question->form_count);
	json_end_object(&w);
	return text.full ? NULL : arena_text(x->arena, text.bytes);
}

static const struct link_pair *read_pairs(struct exchange *x, const struct json *list, size_t *ret_count)
{
	size_t count = json_count(list), kept = 0;
	struct link_pair *pairs = arena_array(x->arena, count + 2, sizeof(*pairs));

	for (size_t i = 0; i < count && kept < LINK_PAIRS_MOST - 1; i++) {
		const char *name = json_text(json_member(json_at(list, i), "name")), *value = json_text(json_member(json_at(list, i), "value"));

		if (name && value)
			pairs[kept++] = (struct link_pair){ name, value };
	}
	*ret_count = kept;
	return pairs;
}

/* ---- judged again ---- */

static int unknown(struct exchange *x, struct error *e)
{
	return exchange_unknown("sign_on", request_segment(x->request, "sign_on"), e);
}

/* Its settings with those that are proposed in their place. */
static int load(struct exchange *x, struct sso *s, struct error *e)
{
	struct connection now;
	struct connection_wish wish;
	int found = sign_on_load(x->tx, x->arena, x->options->crypt_keys, &x->organisation.id, &s->attempt.id, &s->attempt, e);

	if (found == 1) {
		s->connection = s->attempt.connection;
		found = connection_load(x->tx, x->arena, &x->organisation.id, &s->connection, &now, e);
	}
	if (found <= 0)
		return found < 0 ? -1 : unknown(x, e);
	if (!s->attempt.message)
		return error_set(e, ERROR_CONFLICT, "sso.no_message",
				 "what came is not kept: that sign-on went well, was too long, or is by a connection that must ask its provider to judge it");
	if (connection_body_propose(x, &now, &wish, e) < 0 ||
	    settings_open(x->tx, x->options->crypt_keys, &now, x->arena, &s->settings, e) < 0)
		return -1;
	s->address.plugin = now.plugin;
	return connection_wish_settings(x, &wish, &s->settings);
}

static const char *time_of(struct exchange *x, const struct json *message)
{
	return arena_format(x->arena, "%lld", (long long)json_int(json_member(message, "now")));
}

/* What the plug-in says is the answer, not a failure of the exchange. */
static void run(struct exchange *x, struct sso *s)
{
	scoped(link) *link = NULL;
	struct link_options options = { .plugin = s->address.plugin,
					.settings = s->settings.all,
					.setting_count = s->settings.count,
					.deadline_ms = SSO_DEADLINE_MS,
					.addresses = sso_addresses(x, &s->connection),
					.log = &x->log };
	struct link_sign_on question = { .step = LINK_FINISH };
	struct link_pair *attempt;
	struct json *message;
	struct error why = { 0 };

	if (json_parse(x->arena, s->attempt.message, strlen(s->attempt.message), &message, &why) < 0 ||
	    link_open(x->options->catalog, &options, &link, &why) < 0) {
		sso_keep_why(s, &why);
		return;
	}
	attempt = (struct link_pair *)read_pairs(x, json_member(message, "attempt"), &question.attempt_count);
	attempt[question.attempt_count++] = (struct link_pair){ "now", time_of(x, message) };
	question.attempt = attempt;
	question.form = read_pairs(x, json_member(message, "form"), &question.form_count);
	if (link_sign(link, &question, SSO_DEADLINE_MS, x->arena, &s->got, &why) < 0)
		sso_keep_why(s, &why);
	for (size_t i = 0; i < s->got.check_count; i++)
		s->checks[s->check_count++] = s->got.checks[i];
}

static int prepare(struct exchange *x, struct sso *s, struct error *e)
{
	int result = exchange_begin(x, e) < 0 ? -1 : load(x, s, e);

	tx_close(&x->tx);
	if (result == 0)
		run(x, s);
	settings_close(&s->settings);
	return result;
}

int sso_prepare_judge(struct exchange *x, struct error *e)
{
	struct sso *s = arena_take(x->arena, sizeof(*s));
	int result;

	x->prepared = s;
	if (id_parse(request_segment(x->request, "sign_on"), &s->attempt.id) < 0)
		return unknown(x, e);
	if (!x->options->public_url)
		return error_set(e, ERROR_CONFLICT, "sso.public_url", "\"public_url\" of rosterd.conf is not set, so nobody can be signed on");
	if (outside_enter(x->outside, &x->organisation.id, e) < 0)
		return -1;
	result = prepare(x, s, e);
	outside_leave(x->outside, &x->organisation.id);
	return result;
}

int sso_judge(struct exchange *x, struct error *e)
{
	const struct sso *s = x->prepared;
	struct json_writer w;

	(void)e;
	exchange_reply(x, 200, &w);
	json_begin_object(&w, NULL);
	json_put_bool(&w, "passed", !s->why.code[0]);
	json_put_raw(&w, "trace", sso_trace(x, s));
	json_end_object(&w);
	return 0;
}
