#include "endpoints/sso.h"

#include <string.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/metric.h"
#include "base/secret.h"
#include "base/text.h"
#include "endpoints/connections.h"
#include "endpoints/cookie.h"
#include "endpoints/form.h"
#include "endpoints/page.h"
#include "endpoints/rate.h"
#include "endpoints/return_to.h"
#include "endpoints/sender.h"
#include "plugin/catalog.h"
#include "plugin/keeper.h"
#include "plugin/links.h"
#include "plugin/settings.h"
#include "provision/arrival.h"
#include "provision/source.h"
#include "roster/connection.h"
#include "roster/run.h"
#include "roster/session.h"
#include "roster/sign_on.h"

enum { CALL_MS_LEAST = 100, OWN_CHECKS_MOST = 12, VALUES_MOST = 8, RANDOM_SIZE = 32, TICKET_MOST = 512 };

/* From prepare to answer. */
struct sso {
	struct id connection;
	struct sign_on_address address;
	bool looks_by_name;
	int64_t until_ms; /* clock_monotonic_ms */
	struct settings settings;
	struct keeper keeper;
	struct sign_on attempt; /* id nil: there is none, the provider has begun */
	struct link_signed got;
	struct source source;
	bool has_source;
	const char *browser, *state; /* the cookie's value, and what travels: of begin */
	struct session presented;    /* who is signed in in this browser; id nil: nobody is */
	bool asks;                   /* of begin: a person is to say first that they mean it */
	size_t check_count;
	struct link_checked checks[LINK_CHECKS_MOST + OWN_CHECKS_MOST];
	struct error why; /* code "": nothing is wrong so far */
	enum arrival_answer answer;
	struct arrival arrival;
};

/* ---- what is told ---- */

static void count(const struct sso *s, const char *outcome)
{
	metric_add(METRIC_SIGN_ONS, LABELS(s->address.plugin ? s->address.plugin : "none", outcome), 1);
}

/* One thing that we look at ourselves. Returns whether it is as it must be; if not, that is why the sign-on is refused. */
static bool checked(struct exchange *x, struct sso *s, bool passed, const char *check, const char *code, const char *expected,
		    const char *received, const char *advice)
{
	if (s->check_count < ARRAY_COUNT(s->checks))
		s->checks[s->check_count++] = (struct link_checked){ check, passed, expected, passed ? NULL : received, passed ? NULL : advice };
	if (!passed && !s->why.code[0])
		error_set(&s->why, ERROR_DENIED, code, "%s", arena_format(x->arena, "%s: %s", check, advice));
	return passed;
}

static void put_if(struct json_writer *w, const char *name, const char *text)
{
	if (text)
		json_put_text(w, name, text);
}

static void put_person(struct json_writer *w, const struct identity *person)
{
	static const char *const proofs[] = { [PROOF_NONE] = "none", [PROOF_ASSERTED] = "asserted", [PROOF_VERIFIED] = "verified" };

	json_begin_object(w, "person");
	json_put_text(w, "remote_id", person->remote_id);
	put_if(w, "user_name", person->user_name);
	put_if(w, "email", person->email);
	put_if(w, "email_proof", person->email ? proofs[person->email_proof] : NULL);
	put_if(w, "display_name", person->display_name);
	if (person->groups) {
		json_begin_array(w, "groups");
		for (const char *const *group = person->groups; *group; group++)
			json_put_text(w, NULL, *group);
		json_end_array(w);
	}
	json_end_object(w);
}

/* What was looked at, for administrators. */
static const char *trace_of(struct exchange *x, const struct sso *s)
{
	__attribute__((cleanup(buffer_close))) struct buffer text;
	struct json_writer w;

	buffer_open(&text, SIGN_ON_TRACE_MOST);
	json_writer_open(&w, &text);
	json_begin_object(&w, NULL);
	put_if(&w, "code", s->why.code[0] ? s->why.code : NULL);
	put_if(&w, "reason", s->why.code[0] ? s->why.text : NULL);
	json_begin_array(&w, "checks");
	for (size_t i = 0; i < s->check_count; i++) {
		const struct link_checked *c = &s->checks[i];

		json_begin_object(&w, NULL);
		json_put_text(&w, "check", c->check);
		json_put_bool(&w, "passed", c->passed);
		put_if(&w, "expected", c->expected);
		put_if(&w, "received", c->received);
		put_if(&w, "advice", c->advice);
		json_end_object(&w);
	}
	json_end_array(&w);
	if (s->got.person)
		put_person(&w, s->got.person);
	json_end_object(&w);
	return text.full ? NULL : arena_text(x->arena, text.bytes);
}

/* What came with the request stands in no log: who looks for the reason finds it by the id. */
static void tell(struct exchange *x, const struct sso *s)
{
	bool refused = s->why.kind == ERROR_DENIED;
	char connection[ID_TEXT_SIZE], id[ID_TEXT_SIZE];
	struct log log;

	log_subject(&log, x->options->log, "sign-on %s by %s/%s", id_text(&s->attempt.id, id), x->organisation.slug,
		    id_text(&s->connection, connection));
	if (refused)
		log_info(&log, "refused (%s)", s->why.code);
	else
		log_failure(&log, LOG_LEVEL_WARNING, "failed", &s->why);
}

static bool check_open(struct exchange *x, struct sso *s, bool open)
{
	return checked(x, s, open, "connection", "sso.closed", "active", "paused, or its organisation is suspended", "resume the connection");
}

static bool is_wrong_password(const struct sso *s)
{
	for (size_t i = 0; i < s->check_count; i++)
		if (!s->checks[i].passed)
			return text_equal(s->checks[i].check, "password");
	return false;
}

static void refuse_page(struct exchange *x, const struct sso *s)
{
	bool again = text_equal(s->why.code, "sso.attempt") || text_equal(s->why.code, "sso.browser");
	char id[ID_TEXT_SIZE], connection[ID_TEXT_SIZE];

	page_begin(x->reply, s->why.kind == ERROR_DENIED ? 403 : 503, "You are not signed in");
	if (again)
		page_says(x->reply, "This sign-in was begun too long ago, in another browser, or it is used up.");
	else if (is_wrong_password(s))
		page_says(x->reply, "The name or the password is not right, or the account may not be used.");
	else if (s->why.kind == ERROR_DENIED)
		page_says(x->reply, "You could not be signed in. An administrator of your organisation can see why.");
	else
		page_says(x->reply, "Nobody can be signed in just now. Try again in a moment.");
	if (text_equal(s->why.code, "sso.not_in_directory"))
		page_says(x->reply, "Your directory is being asked about you. Try again in a moment.");
	if (s->attempt.test)
		page_says(x->reply, "It was a test. This is why: %s", s->why.text);
	page_says(x->reply, "Tell them this number: %s", id_text(&s->attempt.id, id));
	page_raw(x->reply, "<p><a href=\"/sso/");
	page_text(x->reply, id_text(&s->connection, connection));
	page_raw(x->reply, "/begin\">Try again</a></p>\n");
	page_end(x->reply, NULL);
}

void sso_send_browser(struct exchange *x, const char *url, const char *post_body)
{
	struct link_pair *fields;
	size_t fields_count, origin = strcspn(strstr(url, "://") + 3, "/?#") + (size_t)(strstr(url, "://") + 3 - url);
	struct error ignored;

	if (!post_body || form_parse(post_body, x->arena, &fields, &fields_count, &ignored) < 0) {
		x->reply->status = 303;
		reply_header(x->reply, "Location", "%s", url);
		reply_header(x->reply, "Referrer-Policy", "no-referrer");
		return;
	}
	page_begin(x->reply, 200, "On to your organisation's sign-in");
	page_raw(x->reply, "<form method=\"post\" action=\"");
	page_text(x->reply, url);
	page_raw(x->reply, "\">\n");
	for (size_t i = 0; i < fields_count; i++)
		page_hidden(x->reply, fields[i].name, fields[i].value);
	page_raw(x->reply, "<p><button type=\"submit\" autofocus>Continue</button></p>\n</form>\n");
	page_end(x->reply, arena_text_n(x->arena, url, origin));
}

/* ---- whose address it is ---- */

static int unknown(struct error *e)
{
	return error_set(e, ERROR_NOT_FOUND, "sso.unknown", "nobody signs on at this address");
}

static int check_rate(struct exchange *x, const struct sso *s, struct error *e)
{
	static const struct id bad = { { 'b', 'a', 'd' } };
	struct id who = sender_of(x->request, &s->connection), failing = sender_of(x->request, &bad);
	int64_t now_ms = clock_monotonic_ms(), wait_ms = rate_look(x->rate, &failing, SSO_BAD_PER_MINUTE, SSO_BAD_BURST, now_ms);

	if (wait_ms == 0)
		wait_ms = rate_take(x->rate, &who, SSO_PER_MINUTE, SSO_BURST, now_ms);
	if (wait_ms == 0)
		return 0;
	count(s, "limited");
	error_set(e, ERROR_LIMIT, "rate.sign_on", "too many sign-ons come from this address; come again");
	e->wait_ms = (int)wait_ms;
	return -1;
}

static void count_bad(struct exchange *x)
{
	static const struct id bad = { { 'b', 'a', 'd' } };
	struct id failing = sender_of(x->request, &bad);

	rate_take(x->rate, &failing, SSO_BAD_PER_MINUTE, SSO_BAD_BURST, clock_monotonic_ms());
}

static int find_address(struct exchange *x, struct sso *s, struct error *e)
{
	int found;

	found = exchange_begin(x, e) < 0 ? -1 : sign_on_address(x->tx, x->arena, &s->connection, &s->address, e);
	tx_close(&x->tx);
	if (found < 0)
		return -1;
	if (found == 0) {
		count_bad(x); /* with another id each time nothing else would ever be counted */
		return unknown(e);
	}
	x->organisation.id = s->address.organisation;
	x->organisation.slug = s->address.slug;
	return 0;
}

static int check_plugin(struct exchange *x, struct sso *s, struct error *e)
{
	const struct catalog_plugin *plugin;
	int found = catalog_find(x->options->catalog, s->address.plugin, &plugin, e);

	if (found < 0)
		return -1;
	if (found == 0)
		return error_set(e, ERROR_RETRY, "sso.no_plugin", "plug-in \"%s\" is not installed", s->address.plugin);
	if (!(plugin->abilities & CATALOG_SIGN_ON))
		return unknown(e);
	s->looks_by_name = plugin->scopes & 1U << LINK_NAMED;
	return 0;
}

static int arrive(struct exchange *x, struct sso *s, struct error *e)
{
	s->until_ms = clock_monotonic_ms() + SSO_DEADLINE_MS;
	if (id_parse(request_segment(x->request, "connection"), &s->connection) < 0)
		return unknown(e);
	if (check_rate(x, s, e) < 0 || find_address(x, s, e) < 0 || check_plugin(x, s, e) < 0)
		return -1;
	if (!x->options->public_url)
		return error_set(e, ERROR_RETRY, "sso.public_url", "\"public_url\" of rosterd.conf is not set, so nobody can be signed on");
	return 0;
}

/* ---- the plug-in ---- */

static int left_ms(const struct sso *s)
{
	int left = clock_left_ms(s->until_ms);

	return left < CALL_MS_LEAST ? CALL_MS_LEAST : left;
}

static int load_settings(struct exchange *x, struct sso *s, struct connection *ret, struct error *e)
{
	int found = exchange_begin(x, e) < 0 ? -1 : connection_load(x->tx, x->arena, &x->organisation.id, &s->connection, ret, e);

	if (found == 1)
		found = settings_open(x->tx, x->options->crypt_keys, ret, x->arena, &s->settings, e) < 0 ? -1 : 1;
	tx_close(&x->tx);
	return found == 0 ? unknown(e) : found == 1 ? 0 : -1;
}

struct opening {
	struct exchange *x;
	struct sso *s;
};

/* The name of the plug-in is the catalog's, which lives as long as the link. */
static int open_link(void *self, struct link **ret, struct error *e)
{
	static const char *const names[] = { "callback", "acs", "metadata", "logout", "password" };
	struct opening *opening = self;
	struct exchange *x = opening->x;
	struct sso *s = opening->s;
	struct link_pair addresses[ARRAY_COUNT(names) + 1] = { { NULL, NULL } };
	const struct catalog_plugin *plugin;
	struct connection connection;
	struct link_options options = { .deadline_ms = left_ms(s), .log = x->options->log, .addresses = addresses };
	char id[ID_TEXT_SIZE];
	int result;

	if (catalog_find(x->options->catalog, s->address.plugin, &plugin, e) != 1)
		return -1;
	id_text(&s->connection, id);
	for (size_t i = 0; i < ARRAY_COUNT(names); i++)
		addresses[i] = (struct link_pair){ names[i], arena_format(x->arena, "%s/sso/%s/%s", x->options->public_url, id, names[i]) };
	result = load_settings(x, s, &connection, e);
	if (result == 0) {
		options.plugin = plugin->name;
		options.settings = s->settings.all;
		options.setting_count = s->settings.count;
		options.keeper = &s->keeper.link;
		options.allow_private = x->options->allow_private && connection.private_addresses;
		result = link_open(x->options->catalog, &options, ret, e);
	}
	settings_close(&s->settings);
	return result;
}

/* A connection has a few children side by side, since a provider may take its time. */
static struct id place_of(const struct sso *s, size_t turn)
{
	struct id place = s->connection;

	place.bytes[ID_SIZE - 1] ^= (uint8_t)(turn % SSO_LINKS_OF_ONE);
	return place;
}

static int ask(struct exchange *x, struct sso *s, const struct link_sign_on *question, struct error *e)
{
	struct opening opening = { x, s };
	struct link *link;
	uint8_t turn;
	struct id place;
	int result;

	crypt_random(&turn, sizeof(turn));
	place = place_of(s, turn);
	keeper_open(&s->keeper, x->options->store, STORE_REQUEST, x->options->crypt_keys, &x->organisation.id, &s->connection);
	if (links_take(x->sign_links, &place, s->address.version, open_link, &opening, &link, e) < 0)
		return -1;
	link_keep_with(link, &s->keeper.link);
	result = link_sign(link, question, left_ms(s), x->arena, &s->got, e);
	link_keep_with(link, NULL);
	links_give(x->sign_links, &place, link);
	for (size_t i = 0; i < s->got.check_count && s->check_count < ARRAY_COUNT(s->checks) - OWN_CHECKS_MOST; i++)
		s->checks[s->check_count++] = s->got.checks[i];
	return result;
}

/* What the plug-in says is for administrators: people are told the number of it. */
static void keep_why(struct sso *s, const struct error *why)
{
	s->why = *why;
	if (text_equal(why->code, "plugin.denied")) {
		s->why.kind = ERROR_DENIED;
		return;
	}
	s->why.kind = ERROR_RETRY;
}

static size_t put_values(const struct sign_on *a, const char *state, struct link_pair ret[VALUES_MOST])
{
	size_t count = 0;

	if (id_is_nil(&a->id) || !a->nonce)
		return 0;
	ret[count++] = (struct link_pair){ "state", state };
	ret[count++] = (struct link_pair){ "nonce", a->nonce };
	ret[count++] = (struct link_pair){ "verifier", a->verifier };
	ret[count++] = (struct link_pair){ "request", a->request };
	if (a->hint)
		ret[count++] = (struct link_pair){ "login_hint", a->hint };
	return count;
}

/* ---- begin ---- */

/* 43 characters that nobody can guess. */
static const char *random_value(struct exchange *x)
{
	uint8_t bytes[RANDOM_SIZE];
	char *text = arena_take(x->arena, 4 * ((RANDOM_SIZE + 2) / 3) + 1);

	crypt_random(bytes, sizeof(bytes));
	text_base64url(bytes, sizeof(bytes), text);
	secret_wipe(bytes, sizeof(bytes));
	return text;
}

static bool is_value(const char *text)
{
	return text && strlen(text) == SIGN_ON_VALUE_SIZE &&
	       strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == SIGN_ON_VALUE_SIZE;
}

static void hash_value(const char *text, uint8_t ret[CRYPT_DIGEST_SIZE])
{
	crypt_sha256(text, strlen(text), ret);
}

static int check_return(struct exchange *x, const char *given, struct error *e)
{
	if (!given || return_to_allowed(x->options->return_to, given))
		return 0;
	return error_set(e, ERROR_INPUT, "sso.return_to",
			 "\"return_to\" leads where nobody is sent; the operator's setting \"sign_on.return_to\" lists where people go");
}

/* ---- a test ---- */

static const char *test_context(struct exchange *x, const struct id *connection)
{
	char of[ID_TEXT_SIZE], id[ID_TEXT_SIZE];

	return arena_format(x->arena, "sign_on_test/%s/%s", id_text(&x->organisation.id, of), id_text(connection, id));
}

int sso_test_create(struct exchange *x, struct error *e)
{
	struct connection connection;
	struct json_writer w;
	const long long ends_s = clock_now_us() / 1000000 + SSO_TEST_S;
	const char *ends = arena_format(x->arena, "%lld", ends_s);
	scoped(secret) *value = secret_take(ends, strlen(ends));
	const uint8_t *sealed;
	char id[ID_TEXT_SIZE], *ticket;
	size_t size;

	if (connections_find(x, request_segment(x->request, "connection"), &connection, e) < 0)
		return -1;
	if (!x->options->public_url)
		return error_set(e, ERROR_CONFLICT, "sso.public_url", "\"public_url\" of rosterd.conf is not set, so nobody can be signed on");
	crypt_seal(x->options->crypt_keys, test_context(x, &connection.id), value, x->arena, &sealed, &size);
	ticket = arena_take(x->arena, 4 * ((size + 2) / 3) + 1);
	text_base64url(sealed, size, ticket);
	x->shown_once = true;
	exchange_reply(x, 201, &w);
	json_begin_object(&w, NULL);
	json_put_text(&w, "url", arena_format(x->arena, "%s/sso/%s/begin?test=%s", x->options->public_url, id_text(&connection.id, id), ticket));
	json_put_time(&w, "expires_at", clock_now_us() + SSO_TEST_S * INT64_C(1000000));
	json_end_object(&w);
	return 0;
}

/* Whether this is a test that an administrator has asked for. ERROR_INPUT "sso.test". */
static int read_test(struct exchange *x, const struct sso *s, bool *ret, struct error *e)
{
	const char *ticket = request_query(x->request, "test");
	uint8_t sealed[TICKET_MOST];
	scoped(secret) *value = NULL;
	struct error ignored;
	int64_t ends = 0;
	int size;

	*ret = ticket != NULL;
	if (!ticket)
		return 0;
	size = text_unbase64url(ticket, strlen(ticket), sealed, sizeof(sealed));
	if (size > 0 && crypt_open(x->options->crypt_keys, test_context(x, &s->connection), sealed, (size_t)size, &value, &ignored) == 0 &&
	    text_to_int64(secret_text(value), &ends) == 0 && ends > clock_now_us() / 1000000)
		return 0;
	return error_set(e, ERROR_INPUT, "sso.test", "this test is over; ask for another one (rosterctl sso test)");
}

/* A browser that has begun before keeps its cookie, so that two of its windows do not disturb each other. */
static void make_attempt(struct exchange *x, struct sso *s, const char *return_to)
{
	const char *shown = cookie_find(x->request, x->arena, COOKIE_BROWSER), *hint = request_query(x->request, "login_hint");
	struct sign_on *a = &s->attempt;

	a->id = id_new();
	a->organisation = x->organisation.id;
	a->connection = s->connection;
	s->state = random_value(x);
	s->browser = is_value(shown) ? shown : random_value(x);
	hash_value(s->state, a->state_hash);
	hash_value(s->browser, a->browser);
	a->nonce = random_value(x);
	a->verifier = random_value(x);
	a->request = arena_format(x->arena, "_%s", random_value(x));
	a->hint = hint && strlen(hint) <= SIGN_ON_VALUE_SIZE * 6 && text_is_printable(hint, strlen(hint)) ? hint : NULL;
	a->return_to = return_to;
	a->expires_at = clock_now_us() + x->options->attempt_ms * INT64_C(1000);
}

static const char *raw_query(const struct exchange *x)
{
	const char *mark = strchr(x->request->target, '?');

	return mark ? mark + 1 : "";
}

/* Who is signed in in this browser. What begins here ends that; so it is kept now, when the browser shows it: the answer of a provider may come as the form
 * of another site, without the cookie. */
static int find_presented(struct exchange *x, struct sso *s, struct error *e)
{
	struct sign_on *a = &s->attempt;
	int found;

	if (!cookie_session(x->request, x->arena, a->presented))
		return 0;
	found = exchange_begin(x, e) < 0 ? -1 : session_find(x->tx, x->arena, a->presented, &s->presented, e);
	tx_close(&x->tx);
	a->has_presented = found == 1;
	return found < 0 ? -1 : 0;
}

/* Any site can send a browser here, to a provider that signs it on as whomever that site likes, without a word to the person. */
static bool must_ask(const struct exchange *x, const struct sso *s)
{
	const char *site = request_header(x->request, "Sec-Fetch-Site");

	return s->attempt.has_presented && !s->attempt.test && site && text_equal(site, "cross-site");
}

static void ask_page(struct exchange *x, const struct sso *s)
{
	const char *query = raw_query(x);
	char id[ID_TEXT_SIZE];

	page_begin(x->reply, 200, "Sign in again?");
	page_says(x->reply, "You are signed in as %s, of %s. Another site asks you to sign in at %s instead.",
		  s->presented.email ? s->presented.email : s->presented.name, s->presented.slug, x->organisation.slug);
	page_raw(x->reply, "<p><a href=\"/sso/");
	page_text(x->reply, id_text(&s->connection, id));
	page_raw(x->reply, *query ? "/begin?" : "/begin");
	page_text(x->reply, query);
	page_raw(x->reply, "\">Sign in at ");
	page_text(x->reply, x->organisation.slug);
	page_raw(x->reply, "</a></p>\n");
	page_end(x->reply, NULL);
}

int sso_prepare_begin(struct exchange *x, struct error *e)
{
	struct sso *s = arena_take(x->arena, sizeof(*s));
	const char *return_to = request_query(x->request, "return_to");
	struct link_sign_on question = { .step = LINK_BEGIN };
	struct link_pair values[VALUES_MOST];
	struct error why;

	x->prepared = s;
	if (arrive(x, s, e) < 0 || check_return(x, return_to, e) < 0 || read_test(x, s, &s->attempt.test, e) < 0 || find_presented(x, s, e) < 0)
		return -1;
	s->asks = must_ask(x, s);
	if (s->asks)
		return 0;
	make_attempt(x, s, return_to);
	if (!check_open(x, s, s->address.open))
		return 0;
	question.attempt = values;
	question.attempt_count = put_values(&s->attempt, s->state, values);
	if (ask(x, s, &question, &why) < 0)
		keep_why(s, &why);
	else if (!s->got.url)
		error_set(&s->why, ERROR_RETRY, "sso.nowhere", "the plug-in does not say where the browser is to go");
	return 0;
}

/* That it could not be begun is kept as well: it is the administrator's to mend. */
static int keep_failure(struct exchange *x, struct sso *s, struct error *e)
{
	struct sign_on *a = &s->attempt;

	a->outcome = s->why.kind == ERROR_DENIED ? "refused" : "failed";
	a->code = s->why.code;
	a->request_id = x->id;
	a->trace = trace_of(x, s);
	count(s, a->outcome);
	count_bad(x);
	tell(x, s);
	refuse_page(x, s);
	return sign_on_end(x->tx, x->options->crypt_keys, a, e);
}

int sso_begin(struct exchange *x, struct error *e)
{
	struct sso *s = x->prepared;

	if (s->asks) {
		ask_page(x, s);
		return 0;
	}
	if (s->why.code[0])
		return sign_on_unasked(x->tx, &s->attempt, e) < 0 ? -1 : keep_failure(x, s, e);
	if (sign_on_begin(x->tx, x->options->crypt_keys, &s->attempt, e) < 0)
		return -1;
	count(s, "begun");
	cookie_set_browser(x->reply, s->browser);
	sso_send_browser(x, s->got.url, s->got.post_body);
	return 0;
}

/* ---- finish: before the transaction ---- */

/* The fields of what came: of a form, or of the address. */
static int read_fields(struct exchange *x, struct link_pair **ret, size_t *ret_count, struct error *e)
{
	const struct request *request = x->request;
	struct link_pair *list;

	if (text_equal(request->method, "POST"))
		return form_read(request, x->arena, ret, ret_count, e);
	list = arena_array(x->arena, request->query_count + 1, sizeof(*list));
	for (size_t i = 0; i < request->query_count; i++)
		list[i] = (struct link_pair){ request->query[i].name, request->query[i].value };
	*ret = list;
	*ret_count = request->query_count;
	return 0;
}

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

	if (!is_value(state))
		return 0;
	hash_value(state, hash);
	found = exchange_begin(x, e) < 0 ? -1
					 : sign_on_find(x->tx, x->arena, x->options->crypt_keys, &x->organisation.id, &s->connection, hash,
							&s->attempt, e);
	tx_close(&x->tx);
	if (found < 0)
		return -1;
	if (found == 0 || s->attempt.over) {
		s->attempt.id = (struct id){ 0 };
		checked(x, s, false, "attempt", "sso.attempt", "one that waits for its answer",
			found == 0 ? "a state that nobody was given" : "one that was answered, or took too long", again);
		return 0;
	}
	checked(x, s, true, "attempt", "", NULL, NULL, NULL);
	hash_value(is_value(browser) ? browser : "", shown);
	same = is_value(browser) && memcmp(shown, s->attempt.browser, sizeof(shown)) == 0; /* of hashes: their bytes tell nothing */
	checked(x, s, same, "browser", "sso.browser", "the cookie of the browser that began", browser ? "another one" : "none",
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
			checked(x, s, false, "record", s->why.code, "a person that can be taken in", NULL, s->why.text);
		}
	}
	tx_close(&x->tx);
	if (found == 0)
		return unknown(e);
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
	hash_value(both, digest);
	memcpy(name.bytes, digest, ID_SIZE);
	wait_ms = rate_take(x->name_rate, &name, SSO_NAME_PER_MINUTE, SSO_NAME_BURST, clock_monotonic_ms());
	if (wait_ms == 0)
		return 0;
	count(s, "limited");
	error_set(e, ERROR_LIMIT, "rate.password", "too many passwords are tried for this name; come again");
	e->wait_ms = (int)wait_ms;
	return -1;
}

static int put_password(struct exchange *x, const struct sso *s, const struct link_pair *fields, size_t count, struct link_sign_on *question,
			struct link_pair values[VALUES_MOST], struct error *e)
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
	struct link_pair values[VALUES_MOST], *fields;
	size_t fields_count;
	const char *state;
	struct error why;

	x->prepared = s;
	if (arrive(x, s, e) < 0 || read_fields(x, &fields, &fields_count, e) < 0)
		return -1;
	state = state_of(fields, fields_count);
	if (find_attempt(x, s, state, e) < 0)
		return -1;
	/* Whoever types a password is in the browser that was sent here. */
	if (step == LINK_PASSWORD && id_is_nil(&s->attempt.id))
		checked(x, s, false, "attempt", "sso.attempt", "one that waits for its answer", "none", "begin again");
	if (s->why.code[0] || !check_open(x, s, s->address.open))
		return 0;
	question.attempt = values;
	question.attempt_count = put_values(&s->attempt, state, values);
	if (step == LINK_PASSWORD) {
		if (put_password(x, s, fields, fields_count, &question, values, e) < 0)
			return -1;
	} else {
		question.form = fields;
		question.form_count = fields_count;
		values[question.attempt_count++] = (struct link_pair){ "method", x->request->method };
		values[question.attempt_count++] = (struct link_pair){ "query", raw_query(x) };
	}
	if (ask(x, s, &question, &why) < 0) {
		keep_why(s, &why);
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

/* ---- the page that asks for a password ---- */

int sso_prepare_page(struct exchange *x, struct error *e)
{
	struct sso *s = arena_take(x->arena, sizeof(*s));

	x->prepared = s;
	if (arrive(x, s, e) < 0)
		return -1;
	s->state = request_query(x->request, "state");
	return is_value(s->state) ? 0 : error_set(e, ERROR_INPUT, "sso.state", "this page is part of a sign-on; begin one");
}

int sso_page(struct exchange *x, struct error *e)
{
	const struct sso *s = x->prepared;

	(void)e;
	page_begin(x->reply, 200, "Sign in");
	page_raw(x->reply, "<form method=\"post\">\n");
	page_hidden(x->reply, "state", s->state);
	page_raw(x->reply, "<p><label for=\"user_name\">Name</label><br>\n"
			   "<input id=\"user_name\" name=\"user_name\" autocomplete=\"username\" required autofocus></p>\n"
			   "<p><label for=\"password\">Password</label><br>\n"
			   "<input id=\"password\" name=\"password\" type=\"password\" autocomplete=\"current-password\" required></p>\n"
			   "<p><button type=\"submit\">Sign in</button></p>\n</form>\n");
	page_end(x->reply, "https: http:");
	return 0;
}

/* ---- finish: in the transaction ---- */

/* It is answered by this, and by nothing else. */
static int take_attempt(struct exchange *x, struct sso *s, struct error *e)
{
	int taken;

	if (id_is_nil(&s->attempt.id)) {
		s->attempt = (struct sign_on){ .id = id_new(), .organisation = x->organisation.id, .connection = s->connection,
					       .expires_at = clock_now_us() };
		return sign_on_unasked(x->tx, &s->attempt, e);
	}
	/* What is not of its browser does not use it up: nobody else can end somebody's sign-on. */
	if (text_equal(s->why.code, "sso.browser")) {
		s->attempt = (struct sign_on){ .id = id_new(), .organisation = x->organisation.id, .connection = s->connection,
					       .expires_at = clock_now_us() };
		return sign_on_unasked(x->tx, &s->attempt, e);
	}
	taken = sign_on_take(x->tx, &s->attempt.organisation, &s->attempt.id, e);
	if (taken == 0) {
		checked(x, s, false, "attempt", "sso.attempt", "one that waits for its answer", "one that was answered a moment ago", "begin again");
		s->attempt = (struct sign_on){ .id = id_new(), .organisation = x->organisation.id, .connection = s->connection,
					       .expires_at = clock_now_us() };
		return sign_on_unasked(x->tx, &s->attempt, e);
	}
	return taken < 0 ? -1 : 0;
}

static int use_message(struct exchange *x, struct sso *s, struct error *e)
{
	int fresh = s->got.message_id ? sign_on_once(x->tx, &x->organisation.id, &s->connection, s->got.message_id, s->got.until, e) : 1;

	if (fresh < 0 && text_equal(e->code, "sso.good_too_long")) {
		checked(x, s, false, "good until", e->code, "a few days from now at most", "more than that",
			"let what the provider sends be good for some minutes, and look at its clock");
		return 0;
	}
	if (fresh < 0)
		return -1;
	if (s->got.message_id)
		checked(x, s, fresh == 1, "used once", "sso.replayed", "a message that was not used before", "one that was",
			"begin again; if nobody has gone back in their browser, somebody repeats what they have seen");
	return 0;
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
		checked(x, s, false, "directory", "sso.not_in_directory", "somebody whom the directory of this connection shows",
			s->got.person->remote_id, "let the connection's directory show them; it is being asked about them now");
		return ask_directory(x, s, e);
	case ARRIVAL_UNPROVEN:
		checked(x, s, false, "member", "sso.unproven_address", "a member, or an address of a verified domain that the provider vouches for",
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
	checked(x, s, true, "roster", "", held ? held : "taken in as it was said", NULL, NULL);
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
	if (!checked(x, s, found == 1, "member", code, "a member of the organisation", "nobody", reason))
		return 0;
	s->attempt.user = ret->user;
	checked(x, s, text_equal(ret->state, "active"), "standing", "sso.not_active", "active", state_words(x, ret), state_advice(ret));
	return 0;
}

static void become(struct exchange *x, const struct arrived *who)
{
	char id[ID_TEXT_SIZE];

	x->principal = (struct principal){
		.kind = PRINCIPAL_MEMBER,
		.organisation = x->organisation.id,
		.user = who->user,
		.role = role_parse(who->role),
		.id = arena_text(x->arena, id_text(&who->user, id)),
		.name = who->email ? who->email : who->name,
	};
}

static const char *agent_of(struct exchange *x)
{
	const char *agent = request_header(x->request, "User-Agent");

	if (!agent || !text_is_printable(agent, strlen(agent)))
		return NULL;
	return arena_text_n(x->arena, agent, text_cut(agent, strlen(agent), SESSION_AGENT_MOST));
}

/* The provider's own end of the session is one for us, too. */
static int64_t session_end_us(struct exchange *x, const struct sso *s)
{
	int64_t end = clock_now_us() + x->options->session_most_ms * INT64_C(1000), theirs = s->got.session_until;

	return theirs > 0 && theirs < end / 1000000 ? theirs * INT64_C(1000000) : end;
}

/* The browser has one cookie: the session that it had ends, whoever's of whichever organisation it was, and that organisation's audit says so. */
static int end_presented(struct exchange *x, struct sso *s, struct error *e)
{
	const struct actor actor = { .kind = "daemon", .id = "rosterd", .source = "api", .request = x->id };
	struct audit_event event = { .action = "session.ended", .target_kind = "session" };
	struct session old;
	char id[ID_TEXT_SIZE], member[ID_TEXT_SIZE];
	int64_t ended;
	int found;

	if (!s->attempt.has_presented && !cookie_session(x->request, x->arena, s->attempt.presented))
		return 0;
	found = session_find(x->tx, x->arena, s->attempt.presented, &old, e);
	if (found <= 0)
		return found;
	event.target = id_text(&old.id, id);
	event.after = exchange_object(x, "member", id_text(&old.user, member), "by", "replaced", NULL);
	if (tx_for(x->tx, &old.organisation, e) < 0 || session_end(x->tx, &old.organisation, &old.id, NULL, "replaced", &ended, e) < 0 ||
	    (ended > 0 && audit_write(x->tx, &old.organisation, &actor, &event, e) < 0))
		return -1;
	return tx_for(x->tx, &x->organisation.id, e);
}

/* 0 with why: they were suspended a moment ago. */
static int begin_session(struct exchange *x, struct sso *s, const struct arrived *who, struct error *e)
{
	uint8_t hash[CRYPT_DIGEST_SIZE];
	scoped(secret) *cookie = crypt_token_new(SESSION_PREFIX, hash);
	scoped(secret) *provider = s->got.session ? secret_take(s->got.session, strlen(s->got.session)) : NULL;
	const struct session session = {
		.id = id_new(),
		.organisation = x->organisation.id,
		.user = who->user,
		.connection = s->connection,
		.remote_id = s->got.person->remote_id,
		.address = x->request->address[0] ? x->request->address : NULL,
		.agent = agent_of(x),
		.idle_ms = x->options->session_idle_ms,
		.expires_at = session_end_us(x, s),
	};
	char id[ID_TEXT_SIZE], connection[ID_TEXT_SIZE];
	int made = session_create(x->tx, x->options->crypt_keys, &session, hash, provider, e);

	if (made < 0)
		return -1;
	if (made == 0) {
		checked(x, s, false, "standing", "sso.not_active", "active", "not any more", "an administrator lets them in again");
		return 0;
	}
	become(x, who);
	s->attempt.session = session.id;
	if (exchange_audit(x, "session.began", "session", id_text(&session.id, id), who->name, NULL,
			   exchange_object(x, "member", x->principal.id, "connection", id_text(&s->connection, connection), NULL), e) < 0 ||
	    end_presented(x, s, e) < 0)
		return -1;
	cookie_set_session(x->reply, secret_text(cookie));
	return 0;
}

/* 0 with why: it is refused, and nothing of it is to be kept. */
static int sign_on(struct exchange *x, struct sso *s, struct arrived *who, struct error *e)
{
	int open = sign_on_still(x->tx, &x->organisation.id, &s->connection, e);

	if (open < 0 || (open == 0 ? check_open(x, s, false) : 0) || use_message(x, s, e) < 0)
		return -1;
	if (s->why.code[0])
		return 0;
	if (let_in(x, s, e) < 0)
		return -1;
	if (s->why.code[0])
		return 0;
	if (find_member(x, s, who, e) < 0)
		return -1;
	return s->why.code[0] || s->attempt.test ? 0 : begin_session(x, s, who, e);
}

static int end_well(struct exchange *x, struct sso *s, struct error *e)
{
	struct sign_on *a = &s->attempt;
	const char *const *allowed = x->options->return_to;

	a->outcome = a->test ? "tested" : "signed_on";
	a->request_id = x->id;
	a->trace = trace_of(x, s);
	count(s, a->outcome);
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
	if (a->return_to && a->return_to[0] != '/')
		reply_header(x->reply, "Location", "%s", a->return_to);
	else if (!a->return_to && allowed && allowed[0])
		reply_header(x->reply, "Location", "%s", allowed[0]);
	else
		reply_header(x->reply, "Location", "%s%s", x->options->public_url, a->return_to ? a->return_to : "/session");
	return 0;
}

int sso_finish(struct exchange *x, struct error *e)
{
	struct sso *s = x->prepared;
	struct arrived who = { 0 };

	if (take_attempt(x, s, e) < 0 || (!s->why.code[0] && sign_on(x, s, &who, e) < 0))
		return -1;
	/* What was taken in of somebody who is not let in stays: they wait for a seat, or for a person to decide who they are. */
	return s->why.code[0] ? keep_failure(x, s, e) : end_well(x, s, e);
}

/* ---- metadata ---- */

int sso_prepare_metadata(struct exchange *x, struct error *e)
{
	struct sso *s = arena_take(x->arena, sizeof(*s));
	const struct link_sign_on question = { .step = LINK_DESCRIBE };
	struct error why;

	x->prepared = s;
	if (arrive(x, s, e) < 0)
		return -1;
	if (ask(x, s, &question, &why) == 0 && s->got.body)
		return 0;
	count_bad(x);
	return unknown(e);
}

int sso_metadata(struct exchange *x, struct error *e)
{
	const struct sso *s = x->prepared;

	(void)e;
	x->reply->status = 200;
	reply_header(x->reply, "Content-Type", "%s", s->got.content_type);
	reply_header(x->reply, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
	reply_header(x->reply, "X-Content-Type-Options", "nosniff");
	buffer_add(&x->reply->body, s->got.body, s->got.body_size);
	return 0;
}

/* ---- logout ---- */

int sso_logout_at_provider(struct exchange *x, const struct id *organisation, const struct id *connection, const char *remote_id,
			   const char *session, const char **ret_url, const char **ret_post_body, struct error *e)
{
	struct sso *s = arena_take(x->arena, sizeof(*s));
	const struct link_pair values[] = { { "remote_id", remote_id }, { "session", session } };
	const struct link_sign_on question = { .step = LINK_LOGOUT, .attempt = values, .attempt_count = session ? 2 : 1 };

	s->connection = *connection;
	s->until_ms = clock_monotonic_ms() + SSO_DEADLINE_MS;
	x->organisation.id = *organisation;
	tx_close(&x->tx);
	if (exchange_begin(x, e) < 0 || sign_on_address(x->tx, x->arena, connection, &s->address, e) != 1)
		return -1;
	tx_close(&x->tx);
	x->organisation.slug = s->address.slug;
	if (check_plugin(x, s, e) < 0 || ask(x, s, &question, e) < 0)
		return -1;
	*ret_url = s->got.url;
	*ret_post_body = s->got.post_body;
	return s->got.url != NULL;
}
