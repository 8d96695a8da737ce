/* Whoever may configure an organisation decides whom it tells. The operator's own hear of every organisation, may be in the networks that
 * rosterd is in, and may listen without TLS; an organisation's may do neither, or its admin could have us knock at doors inside. */
#include "endpoints/event_endpoints.h"

#include <string.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/secret.h"
#include "base/text.h"
#include "endpoints/outside.h"
#include "plugin/link.h"
#include "roster/event.h"
#include "roster/event_endpoint.h"

enum {
	SECRET_SIZE = 32, /* bytes, before they are written in base64 */
	DURATION_MOST = 32,
	STATE_MOST = 16,
	PLACE_MOST = 20,
	OVERLAP_MS_MOST = 7 * 24 * 3600 * 1000,
	TEST_ANSWER_MS = 18000, /* 15 s of it are the application's */
};
#define SECRET_PREFIX "whsec_"
#define PLUGIN	      "webhook"

static const char *const states[] = { "active", "paused", NULL };

/* ---- shown ---- */

static void put_endpoint(struct json_writer *w, const struct event_endpoint *endpoint)
{
	exchange_put_id(w, "id", &endpoint->id);
	json_put_text(w, "name", endpoint->name);
	json_put_text(w, "url", endpoint->url);
	json_begin_array(w, "types");
	for (size_t i = 0; endpoint->types[i]; i++)
		json_put_text(w, NULL, endpoint->types[i]);
	json_end_array(w);
	json_put_text(w, "state", endpoint->state);
	json_put_int(w, "delivered", endpoint->delivered);
	json_put_time(w, "delivered_at", endpoint->delivered_at);
	json_put_int(w, "passed_over", endpoint->rejects);
	json_put_text(w, "last_error", endpoint->last_error);
	json_put_time(w, "failing_since", endpoint->failing_since);
	json_put_int(w, "tries", endpoint->tries);
	json_put_time(w, "next_try_at", endpoint->failing_since || endpoint->tries ? endpoint->not_before : 0);
	json_put_text(w, "created_by", endpoint->created_by);
	json_put_time(w, "created_at", endpoint->created_at);
	json_put_int(w, "version", endpoint->version);
}

/* In its feed: what it was told so far, and where the feed ends. */
static void put_places(struct exchange *x, struct json_writer *w, const struct event_endpoint *endpoint, int64_t end)
{
	json_put_text(w, "cursor", arena_format(x->arena, "%lld", (long long)endpoint->place));
	json_put_int(w, "behind", end > endpoint->place ? end - endpoint->place : 0);
}

static int find_end(struct exchange *x, int64_t *ret, struct error *e)
{
	return exchange_owner(x) ? event_end(x->tx, x->arena, exchange_owner(x), ret, e) : event_end_all(x->tx, x->arena, ret, e);
}

/* secret NULL: it is not shown (again). */
static int show(struct exchange *x, int status, const struct event_endpoint *endpoint, const char *secret, struct error *e)
{
	struct json_writer w;
	int64_t end;

	if (find_end(x, &end, e) < 0)
		return -1;
	exchange_etag(x, endpoint->version);
	exchange_reply(x, status, &w);
	json_begin_object(&w, NULL);
	put_endpoint(&w, endpoint);
	put_places(x, &w, endpoint, end);
	if (secret)
		json_put_text(&w, "secret", secret);
	json_end_object(&w);
	return 0;
}

static int unknown(const char *which, struct error *e)
{
	return error_set(e, ERROR_NOT_FOUND, "event_endpoint.unknown", "there is no event endpoint \"%.80s\" here", which);
}

/* By its name, or by its id, which is no name. */
static int find(struct exchange *x, struct event_endpoint *ret, struct error *e)
{
	const char *named = request_segment(x->request, "endpoint");
	struct id id;
	int found = id_parse(named, &id) == 0 ? event_endpoint_load(x->tx, x->arena, exchange_owner(x), &id, ret, e)
					      : event_endpoint_find(x->tx, x->arena, exchange_owner(x), named, ret, e);

	return found == 0 ? unknown(named, e) : found == 1 ? 0 : -1;
}

static int show_again(struct exchange *x, int status, const struct id *id, const char *secret, struct error *e)
{
	struct event_endpoint endpoint;
	char text[ID_TEXT_SIZE];
	int found = event_endpoint_load(x->tx, x->arena, exchange_owner(x), id, &endpoint, e);

	if (found <= 0)
		return found == 0 ? unknown(id_text(id, text), e) : -1;
	return show(x, status, &endpoint, secret, e);
}

int event_endpoints_list(struct exchange *x, struct error *e)
{
	struct event_endpoint *endpoints;
	struct json_writer w;
	const char *after;
	size_t count;
	int64_t end;
	int limit; /* there are never more than fit */

	if (exchange_page(x, &limit, &after, e) < 0 ||
	    event_endpoint_list(x->tx, x->arena, exchange_owner(x), &endpoints, &count, e) < 0 || find_end(x, &end, e) < 0)
		return -1;
	exchange_list_begin(x, &w);
	for (size_t i = 0; i < count; i++) {
		json_begin_object(&w, NULL);
		put_endpoint(&w, &endpoints[i]);
		put_places(x, &w, &endpoints[i], end);
		json_end_object(&w);
	}
	exchange_list_end(&w, NULL);
	return 0;
}

int event_endpoints_show(struct exchange *x, struct error *e)
{
	struct event_endpoint endpoint;

	return find(x, &endpoint, e) < 0 ? -1 : show(x, 200, &endpoint, NULL, e);
}

/* ---- what may be set ---- */

struct wish {
	const char *name, *url, *state, *after;
	const char *const *types;
};

static int check_name(const char *name, struct error *e)
{
	size_t length = strlen(name);
	struct id id;

	if (length > 0 && length <= EVENT_ENDPOINT_NAME_MOST && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") == length &&
	    !strchr("._-", name[0]) && !strchr("._-", name[length - 1]) && id_parse(name, &id) < 0)
		return 0;
	return error_set(e, ERROR_INPUT, "event_endpoint.name",
			 "\"name\" is \"%.80s\"; lower case letters and digits with inner \".\", \"_\" or \"-\" are expected, %d at most, such as "
			 "\"crm\"",
			 name, EVENT_ENDPOINT_NAME_MOST);
}

static int bad_url(const char *url, const char *expected, struct error *e)
{
	return error_set(e, ERROR_INPUT, "event_endpoint.url", "\"url\" is \"%.200s\"; %s is expected", url, expected);
}

/* "crm.example", "crm.example:8443", "[2001:db8::7]:8443" */
static bool is_authority(const char *text, size_t length)
{
	char port[8];
	const char *bracket = *text == '[' ? memchr(text, ']', length) : NULL;
	const char *host_end = bracket ? bracket + 1 : text + strcspn(text, ":/?#");
	size_t host = (size_t)(host_end - text), rest = length - host;
	int64_t number;

	if (host == 0 || host > length || (*text == '[' && !bracket) || memchr(text, ',', length) || memchr(text, '@', length))
		return false;
	if (rest == 0)
		return true;
	if (*host_end != ':' || rest < 2 || rest > 6)
		return false;
	memcpy(port, host_end + 1, rest - 1);
	port[rest - 1] = '\0';
	return text_to_int64(port, &number) == 0 && number >= 1 && number <= 65535;
}

static int check_url(const struct exchange *x, const char *url, struct error *e)
{
	static const char https[] = "https://", http[] = "http://";
	bool plain = text_begins(url, http), ours = x->principal.kind == PRINCIPAL_OPERATOR && !exchange_owner(x);
	size_t skip = plain ? sizeof(http) - 1 : sizeof(https) - 1, host;

	if ((!plain && !text_begins(url, https)) || (plain && !ours))
		return bad_url(url, ours ? "an address that begins with \"https://\" or \"http://\"" : "an address that begins with \"https://\"",
			       e);
	host = strcspn(url + skip, "/?#");
	if (!is_authority(url + skip, host))
		return bad_url(url, "a host, with a port or without, and no user before it", e);
	for (const char *c = url; *c; c++)
		if (*c <= ' ' || *c > '~' || strchr("\"<>\\^`{|}#", *c))
			return bad_url(url, "an address whose other characters are percent-encoded, without a \"#\"", e);
	return 0;
}

static int check_types(const char *const *types, struct error *e)
{
	size_t count = 0;

	for (; types && types[count]; count++)
		if (!audit_is_action(types[count]))
			return error_set(e, ERROR_INPUT, "event_endpoint.types",
					 "\"types\" has \"%.80s\"; a type of event such as \"member.joined\" is expected, or \"member.*\" for "
					 "all that happens to members",
					 types[count]);
	if (count <= EVENT_ENDPOINT_TYPES_MOST)
		return 0;
	return error_set(e, ERROR_LIMIT, "limit.event_types", "\"types\" has %zu; %d are taken at most, or none for all", count,
			 EVENT_ENDPOINT_TYPES_MOST);
}

static int check_wish(const struct exchange *x, const struct wish *wish, struct error *e)
{
	if ((wish->name && check_name(wish->name, e) < 0) || (wish->url && check_url(x, wish->url, e) < 0))
		return -1;
	return check_types(wish->types, e);
}

/* Where it begins: behind all that has happened, or where somebody says. */
static int read_place(struct exchange *x, const char *after, int64_t *ret, struct error *e)
{
	int64_t end;

	if (find_end(x, &end, e) < 0)
		return -1;
	*ret = end;
	if (!after || text_equal(after, "end"))
		return 0;
	if (text_to_int64(after, ret) == 0 && *ret >= 0 && *ret <= end)
		return 0;
	return error_set(e, ERROR_INPUT, "event_endpoint.after",
			 "\"after\" is \"%.40s\"; a cursor of this feed is expected (0 for all that is kept, %lld for what happens from now on), or "
			 "\"end\"",
			 after, (long long)end);
}

static const char *as_audited(struct exchange *x, const struct event_endpoint *endpoint)
{
	const char *types = "";

	for (size_t i = 0; endpoint->types && endpoint->types[i]; i++)
		types = arena_format(x->arena, "%s%s%s", types, i ? ", " : "", endpoint->types[i]);
	/* The rest of an address is a secret where applications are known by it, and others are told of this entry. */
	const char *host = strstr(endpoint->url, "://") + 3;
	const char *server = arena_text_n(x->arena, endpoint->url, (size_t)(host - endpoint->url) + strcspn(host, "/?#"));

	return exchange_object(x, "name", endpoint->name, "server", server, "types", *types ? types : "all", "state", endpoint->state, NULL);
}

/* ---- made ---- */

/* The text for whoever checks signatures: given out once. */
static int make_secret(struct exchange *x, const struct id *id, int64_t overlap_ms, const char **ret, struct error *e)
{
	uint8_t bytes[SECRET_SIZE];
	char text[4 * ((SECRET_SIZE + 2) / 3) + 1];
	scoped(secret) *secret = NULL;

	crypt_random(bytes, sizeof(bytes));
	secret = secret_take(bytes, sizeof(bytes));
	text_base64(bytes, sizeof(bytes), text);
	*ret = arena_format(x->arena, SECRET_PREFIX "%s", text);
	secret_wipe(bytes, sizeof(bytes));
	secret_wipe(text, sizeof(text));
	x->shown_once = true;
	return event_endpoint_set_secret(x->tx, x->options->crypt_keys, exchange_owner(x), id, secret, overlap_ms, e);
}

static const struct json_field fields[] = {
	JSON_TEXT(struct wish, name, JSON_NEEDED, 2 * EVENT_ENDPOINT_NAME_MOST),
	JSON_TEXT(struct wish, url, JSON_NEEDED, EVENT_ENDPOINT_URL_MOST),
	JSON_TEXTS(struct wish, types, JSON_OPTIONAL, EVENT_ENDPOINT_TYPE_MOST),
	JSON_TEXT(struct wish, after, JSON_OPTIONAL, PLACE_MOST),
	{ 0 },
};

int event_endpoints_create(struct exchange *x, struct error *e)
{
	static const char *const all[] = { NULL };
	struct wish wish = { 0 };
	struct event_endpoint endpoint;
	const char *secret;
	char id[ID_TEXT_SIZE];

	if (exchange_read(x, fields, &wish, e) < 0 || check_wish(x, &wish, e) < 0)
		return -1;
	endpoint = (struct event_endpoint){
		.name = wish.name,
		.url = wish.url,
		.types = wish.types ? wish.types : all,
		.private_addresses = x->principal.kind == PRINCIPAL_OPERATOR,
		.state = "active",
		.created_by = exchange_who(x),
	};
	if (read_place(x, wish.after, &endpoint.place, e) < 0 || event_endpoint_create(x->tx, exchange_owner(x), &endpoint, e) < 0 ||
	    make_secret(x, &endpoint.id, 0, &secret, e) < 0 || show_again(x, 201, &endpoint.id, secret, e) < 0)
		return -1;
	if (exchange_owner(x))
		exchange_location(x, "/v1/organisations/%s/event-endpoints/%s", x->organisation.slug, endpoint.name);
	else
		exchange_location(x, "/v1/event-endpoints/%s", endpoint.name);
	return exchange_audit(x, "event_endpoint.created", "event_endpoint", id_text(&endpoint.id, id), endpoint.name, NULL,
			      as_audited(x, &endpoint), e);
}

/* ---- changed ---- */

static const struct json_field change_fields[] = {
	JSON_TEXT(struct wish, name, JSON_OPTIONAL, 2 * EVENT_ENDPOINT_NAME_MOST),
	JSON_TEXT(struct wish, url, JSON_OPTIONAL, EVENT_ENDPOINT_URL_MOST),
	JSON_TEXTS(struct wish, types, JSON_OPTIONAL, EVENT_ENDPOINT_TYPE_MOST),
	JSON_WORD(struct wish, state, JSON_OPTIONAL, states),
	{ 0 },
};

int event_endpoints_change(struct exchange *x, struct error *e)
{
	struct wish wish = { 0 };
	struct event_endpoint was, is;
	char id[ID_TEXT_SIZE];

	if (exchange_read(x, change_fields, &wish, e) < 0 || check_wish(x, &wish, e) < 0 || find(x, &was, e) < 0 ||
	    exchange_match(x, was.version, e) < 0)
		return -1;
	is = was;
	if (wish.name)
		is.name = wish.name;
	if (wish.types)
		is.types = wish.types;
	if (wish.state)
		is.state = wish.state;
	if (wish.url) {
		is.url = wish.url;
		is.private_addresses = x->principal.kind == PRINCIPAL_OPERATOR;
	}
	if (event_endpoint_update(x->tx, exchange_owner(x), &is, e) < 0 || show_again(x, 200, &is.id, NULL, e) < 0)
		return -1;
	return exchange_audit(x, "event_endpoint.changed", "event_endpoint", id_text(&is.id, id), is.name, as_audited(x, &was),
			      as_audited(x, &is), e);
}

int event_endpoints_delete(struct exchange *x, struct error *e)
{
	struct event_endpoint endpoint;
	char id[ID_TEXT_SIZE];

	if (find(x, &endpoint, e) < 0 || exchange_match(x, endpoint.version, e) < 0 ||
	    event_endpoint_delete(x->tx, exchange_owner(x), &endpoint.id, e) < 0 ||
	    exchange_audit(x, "event_endpoint.deleted", "event_endpoint", id_text(&endpoint.id, id), endpoint.name, as_audited(x, &endpoint), NULL,
			   e) < 0)
		return -1;
	exchange_done(x);
	return 0;
}

struct rotation {
	const char *overlap;
};

static const struct json_field rotation_fields[] = { JSON_TEXT(struct rotation, overlap, JSON_OPTIONAL, DURATION_MOST), { 0 } };

int event_endpoints_rotate(struct exchange *x, struct error *e)
{
	struct rotation wish = { .overlap = "24h" };
	struct event_endpoint endpoint;
	int64_t overlap_ms;
	const char *secret;
	char id[ID_TEXT_SIZE];

	if ((x->request->body && exchange_read(x, rotation_fields, &wish, e) < 0) || find(x, &endpoint, e) < 0)
		return -1;
	if (text_equal(wish.overlap, "0"))
		overlap_ms = 0;
	else if (text_to_duration_ms(wish.overlap, &overlap_ms) < 0 || overlap_ms > OVERLAP_MS_MOST)
		return error_set(e, ERROR_INPUT, "event_endpoint.overlap",
				 "\"overlap\" is \"%.40s\"; a time up to 7d is expected (\"24h\"), or 0 to end the old secret at once", wish.overlap);
	if (make_secret(x, &endpoint.id, overlap_ms, &secret, e) < 0 || show_again(x, 200, &endpoint.id, secret, e) < 0)
		return -1;
	return exchange_audit(x, "event_endpoint.secret_rotated", "event_endpoint", id_text(&endpoint.id, id), endpoint.name, NULL,
			      exchange_object(x, "overlap", wish.overlap, NULL), e);
}

struct replay {
	const char *after;
};

static const struct json_field replay_fields[] = { JSON_TEXT(struct replay, after, JSON_NEEDED, PLACE_MOST), { 0 } };

int event_endpoints_replay(struct exchange *x, struct error *e)
{
	struct replay wish = { 0 };
	struct event_endpoint endpoint;
	int64_t place;
	char id[ID_TEXT_SIZE];

	if (exchange_read(x, replay_fields, &wish, e) < 0 || find(x, &endpoint, e) < 0 || read_place(x, wish.after, &place, e) < 0 ||
	    event_endpoint_replay(x->tx, exchange_owner(x), &endpoint.id, place, e) < 0 ||
	    show_again(x, 200, &endpoint.id, NULL, e) < 0)
		return -1;
	return exchange_audit(x, "event_endpoint.replayed", "event_endpoint", id_text(&endpoint.id, id), endpoint.name,
			      exchange_object(x, "after", arena_format(x->arena, "%lld", (long long)endpoint.place), NULL),
			      exchange_object(x, "after", arena_format(x->arena, "%lld", (long long)place), NULL), e);
}

int event_endpoints_passed_over(struct exchange *x, struct error *e)
{
	struct event_endpoint endpoint;
	struct event_reject *rejects;
	struct json_writer w;
	int64_t after;
	size_t count;
	int limit;

	if (exchange_page_number(x, &limit, &after, e) < 0 || find(x, &endpoint, e) < 0 ||
	    event_endpoint_rejects(x->tx, x->arena, exchange_owner(x), &endpoint.id, after, limit + 1, &rejects, &count, e) < 0)
		return -1;
	exchange_list_begin(x, &w);
	for (size_t i = 0; i < count && i < (size_t)limit; i++) {
		json_begin_object(&w, NULL);
		json_put_text(&w, "event", rejects[i].event);
		json_put_text(&w, "type", rejects[i].type);
		json_put_int(&w, "status", rejects[i].status);
		json_put_text(&w, "reason", rejects[i].reason);
		json_put_time(&w, "at", rejects[i].at);
		json_put_text(&w, "cursor", arena_format(x->arena, "%lld", (long long)rejects[i].place));
		json_end_object(&w);
	}
	exchange_list_end(&w, count > (size_t)limit ? arena_format(x->arena, "%lld", (long long)rejects[limit - 1].place) : NULL);
	return 0;
}

/* ---- tested ---- */

struct test {
	struct event_endpoint endpoint;
	struct secret *secret, *former; /* closed before the answer */
	int status;
	const char *said;
	struct error failure; /* ERROR_NONE: it answered */
};

static int load_test(struct exchange *x, struct test *test, struct error *e)
{
	if (find(x, &test->endpoint, e) < 0)
		return -1;
	return event_endpoint_secrets(x->tx, x->options->crypt_keys, exchange_owner(x), &test->endpoint.id, &test->secret, &test->former, e);
}

/* An event that did not happen, and says so. */
static void send_test(struct exchange *x, struct test *test)
{
	const struct link_setting url = { .name = "url", .text = test->endpoint.url };
	const struct link_options options = {
		.plugin = PLUGIN,
		.settings = &url,
		.setting_count = 1,
		.deadline_ms = TEST_ANSWER_MS,
		.allow_private = x->options->allow_private && test->endpoint.private_addresses,
		.log = &x->log,
	};
	struct id id = id_new();
	char text[ID_TEXT_SIZE], at[CLOCK_TEXT_SIZE];
	const char *name = arena_format(x->arena, "evt_test_%s", id_text(&id, text));
	const char *body = arena_format(x->arena, "{\"id\":\"%s\",\"type\":\"rosterd.test\",\"timestamp\":\"%s\",\"organisation\":null,\"data\":{}}",
					name, clock_text(clock_now_us(), at));
	struct link_event event = { .id = name, .at = clock_now_us() / 1000000, .body = body, .body_size = strlen(body) };
	scoped(link) *link = NULL;

	event.signature = event_endpoint_sign(x->arena, test->secret, test->former, event.id, event.at, event.body, event.body_size);
	if (link_open(x->options->catalog, &options, &link, &test->failure) < 0)
		return;
	link_deliver(link, &event, TEST_ANSWER_MS, x->arena, &test->status, &test->said, &test->failure);
}

static int prepare_test(struct exchange *x, struct test *test, struct error *e)
{
	int result = exchange_begin(x, e) < 0 ? -1 : load_test(x, test, e);

	tx_close(&x->tx);
	if (result == 0)
		send_test(x, test);
	secret_close(&test->secret);
	secret_close(&test->former);
	return result;
}

int event_endpoints_prepare_test(struct exchange *x, struct error *e)
{
	struct test *test = arena_take(x->arena, sizeof(*test));
	int result;

	x->prepared = test;
	if (outside_enter(x->outside, &x->organisation.id, e) < 0)
		return -1;
	result = prepare_test(x, test, e);
	outside_leave(x->outside, &x->organisation.id);
	return result;
}

int event_endpoints_test(struct exchange *x, struct error *e)
{
	const struct test *test = x->prepared;
	bool answered = test->failure.kind == ERROR_NONE;
	struct json_writer w;

	(void)e;
	exchange_reply(x, 200, &w);
	json_begin_object(&w, NULL);
	json_put_bool(&w, "ok", answered && test->status >= 200 && test->status <= 299);
	if (answered)
		json_put_int(&w, "status", test->status);
	else
		json_put_null(&w, "status");
	json_put_text(&w, "said", answered ? arena_text_n(x->arena, test->said, strcspn(test->said, "\n")) : NULL);
	json_put_text(&w, "error", answered ? NULL : test->failure.text);
	json_end_object(&w);
	return 0;
}
