#include "endpoints/sso_attempt.h"

#include <string.h>

#include "base/clock.h"
#include "base/metric.h"
#include "base/text.h"
#include "endpoints/form.h"
#include "endpoints/page.h"
#include "endpoints/rate.h"
#include "endpoints/sender.h"
#include "plugin/catalog.h"
#include "plugin/links.h"
#include "roster/connection.h"

enum { CALL_MS_LEAST = 100 };

/* ---- what is told ---- */

void sso_count(const struct sso *s, const char *outcome)
{
	metric_add(METRIC_SIGN_ONS, LABELS(s->address.plugin ? s->address.plugin : "none", outcome), 1);
}

bool sso_checked(struct exchange *x, struct sso *s, bool passed, const char *check, const char *code, const char *expected,
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

const char *sso_trace(struct exchange *x, const struct sso *s)
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

bool sso_check_open(struct exchange *x, struct sso *s, bool open)
{
	return sso_checked(x, s, open, "connection", "sso.closed", "active", "paused, or its organisation is suspended", "resume the connection");
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

/* ---- whose address it is ---- */

int sso_unknown(struct error *e)
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
	sso_count(s, "limited");
	error_set(e, ERROR_LIMIT, "rate.sign_on", "too many sign-ons come from this address; come again");
	e->wait_ms = (int)wait_ms;
	return -1;
}

void sso_count_bad(struct exchange *x)
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
		sso_count_bad(x); /* with another id each time nothing else would ever be counted */
		return sso_unknown(e);
	}
	x->organisation.id = s->address.organisation;
	x->organisation.slug = s->address.slug;
	return 0;
}

int sso_check_plugin(struct exchange *x, struct sso *s, struct error *e)
{
	const struct catalog_plugin *plugin;
	int found = catalog_find(x->options->catalog, s->address.plugin, &plugin, e);

	if (found < 0)
		return -1;
	if (found == 0)
		return error_set(e, ERROR_RETRY, "sso.no_plugin", "plug-in \"%s\" is not installed", s->address.plugin);
	if (!(plugin->abilities & CATALOG_SIGN_ON))
		return sso_unknown(e);
	s->looks_by_name = plugin->scopes & 1U << LINK_NAMED;
	s->judges_alone = !(plugin->network & 1U << (LINK_FINISH - 1));
	return 0;
}

int sso_arrive(struct exchange *x, struct sso *s, struct error *e)
{
	s->until_ms = clock_monotonic_ms() + SSO_DEADLINE_MS;
	if (id_parse(request_segment(x->request, "connection"), &s->connection) < 0)
		return sso_unknown(e);
	if (check_rate(x, s, e) < 0 || find_address(x, s, e) < 0 || sso_check_plugin(x, s, e) < 0)
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
	return found == 0 ? sso_unknown(e) : found == 1 ? 0 : -1;
}

const struct link_pair *sso_addresses(struct exchange *x, const struct id *connection)
{
	static const char *const names[] = { "callback", "acs", "metadata", "logout", "password" };
	struct link_pair *addresses = arena_array(x->arena, ARRAY_COUNT(names) + 1, sizeof(*addresses));
	char id[ID_TEXT_SIZE];

	id_text(connection, id);
	for (size_t i = 0; i < ARRAY_COUNT(names); i++)
		addresses[i] = (struct link_pair){ names[i], arena_format(x->arena, "%s/sso/%s/%s", x->options->public_url, id, names[i]) };
	return addresses;
}

struct opening {
	struct exchange *x;
	struct sso *s;
};

/* The name of the plug-in is the catalog's, which lives as long as the link. */
static int open_link(void *self, struct link **ret, struct error *e)
{
	struct opening *opening = self;
	struct exchange *x = opening->x;
	struct sso *s = opening->s;
	const struct catalog_plugin *plugin;
	struct connection connection;
	struct link_options options = { .deadline_ms = left_ms(s), .log = x->options->log,
					.addresses = sso_addresses(x, &s->connection) };
	int result;

	if (catalog_find(x->options->catalog, s->address.plugin, &plugin, e) != 1)
		return -1;
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

int sso_ask(struct exchange *x, struct sso *s, const struct link_sign_on *question, struct error *e)
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
	for (size_t i = 0; i < s->got.check_count && s->check_count < ARRAY_COUNT(s->checks) - SSO_OWN_CHECKS_MOST; i++)
		s->checks[s->check_count++] = s->got.checks[i];
	return result;
}

void sso_keep_why(struct sso *s, const struct error *why)
{
	s->why = *why;
	s->why.kind = text_equal(why->code, "plugin.denied") ? ERROR_DENIED : ERROR_RETRY;
}

size_t sso_put_values(const struct sign_on *a, const char *state, struct link_pair ret[SSO_VALUES_MOST])
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

/* ---- in the transaction ---- */

int sso_begin_unasked(struct exchange *x, struct sso *s, struct error *e)
{
	s->attempt = (struct sign_on){
		.id = id_new(), .organisation = x->organisation.id, .connection = s->connection, .expires_at = clock_now_us()
	};
	return sign_on_unasked(x->tx, &s->attempt, e);
}

int sso_use_message(struct exchange *x, struct sso *s, struct error *e)
{
	int fresh = s->got.message_id ? sign_on_once(x->tx, &x->organisation.id, &s->connection, s->got.message_id, s->got.until, e) : 1;

	if (fresh < 0 && text_equal(e->code, "sso.good_too_long")) {
		sso_checked(x, s, false, "good until", e->code, "a few days from now at most", "more than that",
			"let what the provider sends be good for some minutes, and look at its clock");
		return 0;
	}
	if (fresh < 0)
		return -1;
	if (s->got.message_id)
		sso_checked(x, s, fresh == 1, "used once", "sso.replayed", "a message that was not used before", "one that was",
			"begin again; if nobody has gone back in their browser, somebody repeats what they have seen");
	return 0;
}

/* ---- what travels ---- */

int sso_read_fields(struct exchange *x, struct link_pair **ret, size_t *ret_count, struct error *e)
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

bool sso_is_value(const char *text)
{
	return text && strlen(text) == SIGN_ON_VALUE_SIZE &&
	       strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == SIGN_ON_VALUE_SIZE;
}

void sso_hash_value(const char *text, uint8_t ret[CRYPT_DIGEST_SIZE])
{
	crypt_sha256(text, strlen(text), ret);
}

const char *sso_raw_query(const struct exchange *x)
{
	const char *mark = strchr(x->request->target, '?');

	return mark ? mark + 1 : "";
}

/* ---- a refusal ---- */

/* That it could not be begun is kept as well: it is the administrator's to mend. */
int sso_note_failure(struct exchange *x, struct sso *s, struct error *e)
{
	struct sign_on *a = &s->attempt;

	a->outcome = s->why.kind == ERROR_DENIED ? "refused" : "failed";
	a->code = s->why.code;
	a->request_id = x->id;
	a->trace = sso_trace(x, s);
	a->message = s->message;
	sso_count(s, a->outcome);
	sso_count_bad(x);
	tell(x, s);
	return sign_on_end(x->tx, x->options->crypt_keys, a, e);
}

int sso_keep_failure(struct exchange *x, struct sso *s, struct error *e)
{
	refuse_page(x, s);
	return sso_note_failure(x, s, e);
}
