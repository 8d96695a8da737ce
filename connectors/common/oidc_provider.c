#include "common/oidc_provider.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "common/jws.h"
#include "common/links.h"

static const char kept_provider[] = "openid provider", kept_keys[] = "openid keys";

/* What is kept is good for these settings alone. */
static bool begins_so(const char *bytes, size_t size, const char *head)
{
	return size > strlen(head) && memcmp(bytes, head, strlen(head)) == 0 && bytes[strlen(head)] == '\n';
}

static const char *discovery_url(const struct oidc *o)
{
	const char *issuer = o->options.rules.issuer;
	size_t length = strlen(issuer);

	if (o->options.discovery)
		return o->options.discovery;
	return arena_format(o->arena, "%.*s/.well-known/openid-configuration", (int)(length > 0 && issuer[length - 1] == '/' ? length - 1 : length),
			    issuer);
}

/* An address of https, or none. */
static int take_url(const struct json_node *from, const char *name, char ret[OIDC_URL_MOST])
{
	const char *url = json_node_member_text(from, name);
	struct link_origin origin;

	ret[0] = '\0';
	if (!url)
		return 0;
	if (strlen(url) >= OIDC_URL_MOST || link_origin_of(url, &origin) < 0 || strpbrk(url, " \t\r\n\"<>\\^`{|}"))
		return -1;
	strcpy(ret, url);
	return 1;
}

static bool takes(const struct json_node *methods, const char *name)
{
	const struct json_node *method = methods ? json_node_first(methods) : NULL;

	for (; method; method = json_node_next(methods, method))
		if (text_equal(json_node_text(method), name))
			return true;
	return false;
}

int oidc_wrong_provider(struct oidc *o, const struct fetch_caller *caller, const char *what)
{
	return caller->host->fail(caller->call, ROSTER_MISCONFIGURED, 0, "%s at \"%.200s\"; see \"%s\"", what, discovery_url(o),
				  o->options.issuer_setting);
}

static int read_provider(struct oidc *o, const struct fetch_caller *caller, const struct json_node *from, struct oidc_provider *ret)
{
	const char *issuer = json_node_member_text(from, "issuer");
	const struct json_node *methods = json_node_member(from, "token_endpoint_auth_methods_supported"),
			       *answers = json_node_member(from, "authorization_response_iss_parameter_supported");

	*ret = (struct oidc_provider){ .answers_issuer = answers && answers->type == JSON_NODE_BOOL && answers->truth };
	if (!issuer || strcmp(issuer, o->options.rules.issuer) != 0)
		return caller->host->fail(caller->call, ROSTER_MISCONFIGURED, 0,
					  "the provider calls itself \"%.200s\" and not \"%.200s\"; set \"%s\" to that, to the letter",
					  issuer ? issuer : "nothing", o->options.rules.issuer, o->options.issuer_setting);
	snprintf(ret->issuer, sizeof(ret->issuer), "%s", issuer);
	if (take_url(from, "authorization_endpoint", ret->authorization) != 1 || take_url(from, "token_endpoint", ret->token) != 1 ||
	    take_url(from, "jwks_uri", ret->keys) != 1)
		return oidc_wrong_provider(o, caller, "the provider does not say where people sign on, where tokens and where keys are, by https,");
	if (take_url(from, "userinfo_endpoint", ret->userinfo) < 0 || take_url(from, "end_session_endpoint", ret->end_session) < 0)
		return oidc_wrong_provider(o, caller, "the provider names an address that is none of https");
	ret->basic = !methods || takes(methods, "client_secret_basic");
	ret->post = takes(methods, "client_secret_post");
	return 0;
}

static int keep_provider(const struct oidc *o, const struct fetch_caller *caller)
{
	const struct oidc_provider *p = &o->provider;
	char text[ROSTER_KEPT_MOST];
	int length = snprintf(text, sizeof(text), "%s\n%s\n%s\n%s\n%s\n%s\n%d%d%d\n", o->options.rules.issuer, p->authorization, p->token, p->keys,
			      p->userinfo, p->end_session, p->basic, p->post, p->answers_issuer);

	if (length < 0 || (size_t)length >= sizeof(text))
		return 0;
	return caller->host->keep(caller->call, kept_provider, text, (size_t)length, clock_now_us() / 1000000 + OIDC_DISCOVERY_S);
}

static bool read_line(const char **at, char *ret, size_t size)
{
	size_t length = strcspn(*at, "\n");

	if ((*at)[length] != '\n' || length >= size)
		return false;
	memcpy(ret, *at, length);
	ret[length] = '\0';
	*at += length + 1;
	return true;
}

/* 1: what was kept is of this provider. 0: nothing is. */
static int recall_provider(struct oidc *o, const struct fetch_caller *caller)
{
	char text[ROSTER_KEPT_MOST + 1], flags[8];
	int size = caller->host->recall(caller->call, kept_provider, text, ROSTER_KEPT_MOST);
	struct oidc_provider p = { 0 };
	const char *at = text;

	if (size <= 0 || !begins_so(text, (size_t)size, o->options.rules.issuer))
		return size < 0 ? -1 : 0;
	text[size] = '\0';
	if (!read_line(&at, p.issuer, sizeof(p.issuer)) || !read_line(&at, p.authorization, sizeof(p.authorization)) ||
	    !read_line(&at, p.token, sizeof(p.token)) || !read_line(&at, p.keys, sizeof(p.keys)) ||
	    !read_line(&at, p.userinfo, sizeof(p.userinfo)) || !read_line(&at, p.end_session, sizeof(p.end_session)) ||
	    !read_line(&at, flags, sizeof(flags)) || strlen(flags) != 3)
		return 0;
	p.basic = flags[0] == '1';
	p.post = flags[1] == '1';
	p.answers_issuer = flags[2] == '1';
	o->provider = p;
	return 1;
}

int oidc_fetch_provider(struct oidc *o, const struct fetch_caller *caller)
{
	const struct fetch_request request = { .doing = "reading what the provider says of itself", .url = discovery_url(o) };
	struct fetch_answer answer;

	caller->host->step(caller->call, "reading %.200s", request.url);
	if (fetch_ask(o->fetch, caller, &request, &answer) < 0)
		return -1;
	if (answer.status != 200 || !answer.rest || answer.rest->type != JSON_NODE_OBJECT)
		return oidc_wrong_provider(o, caller, "there is no description of a provider");
	if (read_provider(o, caller, answer.rest, &o->provider) < 0)
		return -1;
	o->provider_until_ms = clock_monotonic_ms() + OIDC_DISCOVERY_S * INT64_C(1000);
	return keep_provider(o, caller);
}

int oidc_know_provider(struct oidc *o, const struct fetch_caller *caller)
{
	int known;

	if (o->provider_until_ms > clock_monotonic_ms())
		return 0;
	known = recall_provider(o, caller);
	if (known < 0)
		return -1;
	/* Its time is with what keeps it; here it is asked for again soon. */
	if (known == 1)
		o->provider_until_ms = clock_monotonic_ms() + OIDC_KEYS_AGAIN_S * INT64_C(1000);
	return known == 1 ? 0 : oidc_fetch_provider(o, caller);
}

/* ---- its keys ---- */

struct gathering {
	struct buffer text;
	struct json_writer w;
	size_t count;
};

/* Of a key, what says which it is and what it is made of. */
static int take_key(void *context, const struct json_node *key, struct error *e)
{
	static const char *const members[] = { "kty", "kid", "use", "alg", "n", "e", "crv", "x", "y", NULL };
	struct gathering *g = context;

	(void)e;
	if (key->type != JSON_NODE_OBJECT || g->count == JWS_KEYS_MOST)
		return 0;
	g->count++;
	json_begin_object(&g->w, NULL);
	for (const char *const *member = members; *member; member++) {
		const char *value = json_node_member_text(key, *member);

		if (value)
			json_put_text(&g->w, *member, value);
	}
	json_end_object(&g->w);
	return 0;
}

static void begin_keys(void *context)
{
	struct gathering *g = context;

	buffer_reset(&g->text);
	json_writer_open(&g->w, &g->text);
	json_begin_object(&g->w, NULL);
	json_begin_array(&g->w, "keys");
	g->count = 0;
}

static int keep_keys(const struct oidc *o, const struct fetch_caller *caller)
{
	char text[OIDC_KEYS_MOST + OIDC_URL_MOST];
	int length = snprintf(text, sizeof(text), "%s\n%s", o->provider.keys, o->keys);

	if (length < 0 || length > ROSTER_KEPT_MOST)
		return 0;
	return caller->host->keep(caller->call, kept_keys, text, (size_t)length, clock_now_us() / 1000000 + OIDC_KEYS_S);
}

static int take_keys(struct oidc *o, const struct fetch_caller *caller, struct gathering *g)
{
	json_end_array(&g->w);
	json_end_object(&g->w);
	if (g->text.full || g->text.length >= sizeof(o->keys))
		return caller->host->fail(caller->call, ROSTER_NONSENSE, 0, "the keys at \"%.200s\" have more than %d bytes", o->provider.keys,
					  OIDC_KEYS_MOST);
	memcpy(o->keys, g->text.bytes, g->text.length + 1);
	o->keys_until_ms = clock_monotonic_ms() + OIDC_KEYS_S * INT64_C(1000);
	return keep_keys(o, caller);
}

int oidc_fetch_keys(struct oidc *o, const struct fetch_caller *caller)
{
	struct gathering g = { 0 };
	const struct fetch_request request = { .doing = "reading the provider's keys", .url = o->provider.keys, .array = "keys",
					       .take = take_key, .begin = begin_keys, .context = &g };
	struct fetch_answer answer;
	int result = -1;

	buffer_open(&g.text, OIDC_KEYS_MOST);
	begin_keys(&g);
	if (fetch_ask(o->fetch, caller, &request, &answer) == 0)
		result = answer.status == 200 ? take_keys(o, caller, &g) : oidc_wrong_provider(o, caller, "the provider has no keys");
	buffer_close(&g.text);
	return result;
}

int oidc_know_keys(struct oidc *o, const struct fetch_caller *caller)
{
	char text[ROSTER_KEPT_MOST + 1];
	size_t head = strlen(o->provider.keys) + 1;
	int size;

	if (o->keys_until_ms > clock_monotonic_ms())
		return 0;
	size = caller->host->recall(caller->call, kept_keys, text, ROSTER_KEPT_MOST);
	if (size < 0)
		return -1;
	if (size == 0 || !begins_so(text, (size_t)size, o->provider.keys) || (size_t)size - head >= sizeof(o->keys))
		return oidc_fetch_keys(o, caller);
	memcpy(o->keys, text + head, (size_t)size - head);
	o->keys[(size_t)size - head] = '\0';
	o->keys_until_ms = clock_monotonic_ms() + OIDC_KEYS_AGAIN_S * INT64_C(1000);
	return 0;
}
