#include "rosterctl/verdict.h"

#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"
#include "common/jws.h"
#include "saml/answer.h"
#include "saml/base64.h"
#include "saml/metadata.h"
#include "saml/second.h"

enum { ANSWER_MOST = 32 << 20 };

static int not_so(struct error *e, const char *name, const char *expected)
{
	return error_set(e, ERROR_INPUT, "check.question", "the question's \"%s\" is not %s", name, expected);
}

/* A text, needed. */
static int take_text(const struct json *from, const char *name, const char **ret, struct error *e)
{
	*ret = json_text(json_member(from, name));
	return *ret ? 0 : not_so(e, name, "a text");
}

/* A text, or null, or not there. */
static int take_optional(const struct json *from, const char *name, const char **ret, struct error *e)
{
	const struct json *value = json_member(from, name);

	*ret = value ? json_text(value) : NULL;
	return !value || json_is_text(value) || json_is_null(value) ? 0 : not_so(e, name, "a text or null");
}

/* ---- SAML ---- */

struct set_up {
	struct answer_question question;
	struct keys *keys;
	struct own_key *key;
	struct second *second;
};

static void set_up_close(struct set_up *set_up)
{
	second_close(&set_up->second);
	keys_close(&set_up->keys);
	own_key_close(&set_up->key);
}

static int take_keys(const struct json *provider, struct set_up *ret, struct error *e)
{
	const struct json *list = json_member(provider, "certs");

	if (!json_is_array(list) || json_count(list) == 0)
		return not_so(e, "idp.certs", "a list of certificates");
	ret->keys = keys_open();
	for (size_t i = 0; i < json_count(list); i++) {
		const char *certificate = json_text(json_at(list, i));

		if (!certificate)
			return not_so(e, "idp.certs", "a list of certificates");
		if (keys_add(ret->keys, certificate, e) < 0)
			return -1;
	}
	ret->question.keys = ret->keys;
	return 0;
}

static int take_set_up(const struct json *question, struct set_up *ret, struct error *e)
{
	const struct json *provider = json_member(question, "idp"), *service = json_member(question, "sp");
	const char *now, *key;

	ret->question.skew_s = ANSWER_SKEW_S;
	if (take_text(provider, "entityId", &ret->question.provider, e) < 0 ||
	    take_keys(provider, ret, e) < 0 ||
	    take_text(service, "entityId", &ret->question.service, e) < 0 ||
	    take_text(service, "acsUrl", &ret->question.acs_url, e) < 0 ||
	    take_optional(service, "privateKey", &key, e) < 0 ||
	    take_optional(question, "now", &now, e) < 0 ||
	    take_optional(question, "requestId", &ret->question.request_id, e) < 0)
		return -1;
	ret->question.now_us = clock_now_us();
	if (now && clock_parse(now, &ret->question.now_us) < 0)
		return not_so(e, "now", "a time such as 2026-11-29T09:14:07Z");
	if (key && own_key_open(key, &ret->key, e) < 0)
		return -1;
	ret->question.key = ret->key;
	return 0;
}

static void put_attributes(struct json_writer *w, const struct answer *answer)
{
	json_begin_object(w, "attributes");
	for (const struct answer_value *a = answer->attributes; a->name; a++) {
		json_begin_array(w, a->name);
		for (const char *const *value = a->values; *value; value++)
			json_put_text(w, NULL, *value);
		json_end_array(w);
	}
	json_end_object(w);
}

int verdict_saml(struct arena *arena, const struct json *question, struct json_writer *ret, struct error *e)
{
	__attribute__((cleanup(set_up_close))) struct set_up set_up = { 0 };
	struct answer answer;
	const char *response;

	if (take_text(question, "response", &response, e) < 0 || take_set_up(question, &set_up, e) < 0 ||
	    answer_judge(arena, response, strlen(response), &set_up.question, NULL, &answer, e) < 0 ||
	    second_open(&set_up.question, &set_up.second, e) < 0 ||
	    second_agrees(set_up.second, arena, &answer, NULL, e) < 0)
		return -1;
	json_put_text(ret, "nameid", answer.name_id);
	put_attributes(ret, &answer);
	return 0;
}

/* ---- metadata ---- */

int verdict_metadata(struct arena *arena, const struct json *question, struct json_writer *ret,
		     struct error *e)
{
	const struct metadata_provider *providers;
	const char *encoded;
	uint8_t *bytes;
	size_t count;
	int size;

	if (take_text(question, "metadata", &encoded, e) < 0)
		return -1;
	bytes = arena_take(arena, strlen(encoded) + 1);
	size = base64_decode(encoded, strlen(encoded), "\r\n", bytes, strlen(encoded));
	if (size < 0)
		return not_so(e, "metadata", "base64");
	if (metadata_read(arena, (const char *)bytes, (size_t)size, clock_now_us(), &providers, &count, e) <
	    0)
		return -1;
	json_begin_array(ret, "idps");
	for (size_t i = 0; i < count; i++) {
		json_begin_object(ret, NULL);
		json_put_text(ret, "entityId", providers[i].entity_id);
		json_put_text(ret, "redirect", providers[i].redirect);
		json_put_text(ret, "post", providers[i].post);
		json_begin_array(ret, "certs");
		for (const char *const *print = providers[i].prints; *print; print++)
			json_put_text(ret, NULL, *print);
		json_end_array(ret);
		json_end_object(ret);
	}
	json_end_array(ret);
	return 0;
}

/* ---- tokens ---- */

int verdict_jws(struct arena *arena, const struct json *question, struct json_writer *ret, struct error *e)
{
	const struct json *keys = json_member(question, "jwks");
	struct jws found;
	const char *jws;

	(void)ret;
	if (take_text(question, "jws", &jws, e) < 0)
		return -1;
	if (!json_is_object(keys))
		return not_so(e, "jwks", "an object");
	return jws_verify(arena, jws, strlen(jws), keys, jws_algorithms, &found, e);
}

/* ---- lines ---- */

const char *verdict_line(struct arena *arena, verdict_fn *judge, const char *line, size_t length)
{
	struct buffer buffer;
	struct json_writer w;
	struct error e = { 0 };
	struct json *question = NULL;
	const char *kept;
	int result;

	buffer_open(&buffer, ANSWER_MOST);
	json_writer_open(&w, &buffer);
	json_begin_object(&w, NULL);
	json_put_bool(&w, "ok", true);
	result = json_parse(arena, line, length, &question, &e);
	if (result == 0)
		result = json_is_object(question)
				 ? judge(arena, question, &w, &e)
				 : error_set(&e, ERROR_INPUT, "check.question", "an object is expected");
	if (result == 0 && !buffer.full) {
		json_end_object(&w);
	} else {
		buffer_reset(&buffer);
		json_writer_open(&w, &buffer);
		json_begin_object(&w, NULL);
		json_put_bool(&w, "ok", false);
		json_put_text(&w, "error", arena_format(arena, "%s: %s", e.code, e.text));
		json_end_object(&w);
	}
	kept = arena_text_n(arena, buffer.bytes, buffer.length);
	buffer_close(&buffer);
	return kept;
}
