#include "endpoints/account_sign_on.h"

#include <string.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/metric.h"
#include "base/password.h"
#include "base/text.h"
#include "endpoints/begin_session.h"
#include "endpoints/browser_form.h"
#include "endpoints/form.h"
#include "endpoints/hashing.h"
#include "endpoints/page.h"
#include "endpoints/rate.h"
#include "endpoints/return_to.h"
#include "endpoints/sender.h"
#include "roster/local_account.h"

#define PURPOSE "password"

static const char wrong[] = "The address or the password is not right.";
static const char stale[] =
	"This page was not made for this browser, or was open for too long. Please try again.";
static const char busy[] = "Too many people sign in at this moment. Please try again.";

/* From prepare to answer. */
struct typed {
	const char *email, *slug, *return_to; /* as they were given; NULL: not */
	struct local_door door;
	bool right;	   /* the password is the door's */
	const char *again; /* its hash at today's cost; NULL: it has that */
	const char *says;  /* why not; NULL: nothing is wrong so far */
	int status;	   /* of the page that says so */
};

static void count(const char *outcome)
{
	metric_add(METRIC_SIGN_ONS, LABELS("password", outcome), 1);
}

/* ---- the form ---- */

void account_sign_on_page(struct exchange *x, int status, const char *says, const char *email,
			  const char *slug, const char *return_to)
{
	struct reply *reply = x->reply;

	page_begin(reply, status, "Sign in");
	if (says)
		page_says(reply, "%s", says);
	page_raw(reply, "<form method=\"post\" action=\"/login/password\">\n");
	browser_form_put(x, PURPOSE);
	if (slug)
		page_hidden(reply, "organisation", slug);
	if (return_to && *return_to)
		page_hidden(reply, "return_to", return_to);
	page_raw(reply, "<p><label for=\"email\">Your address of mail</label><br>\n"
			"<input id=\"email\" name=\"email\" type=\"email\" autocomplete=\"username\" "
			"required value=\"");
	page_text(reply, email ? email : "");
	page_raw(reply, email ? "\"></p>\n" : "\" autofocus></p>\n");
	page_raw(reply, "<p><label for=\"password\">Your password</label><br>\n"
			"<input id=\"password\" name=\"password\" type=\"password\" "
			"autocomplete=\"current-password\" required");
	page_raw(reply, email ? " autofocus></p>\n" : "></p>\n");
	page_raw(reply, "<p><button type=\"submit\">Sign in</button></p>\n</form>\n<p><a "
			"href=\"/login\">Sign in by your organisation</a></p>\n");
	page_end(reply, "https: http:"); /* browsers hold a form to this along redirects, and it leads to an
					    application */
}

static int check_return(struct exchange *x, const char *given, struct error *e)
{
	return return_to_check(x->options->return_to, given && *given ? given : NULL, e);
}

int account_sign_on_prepare_ask(struct exchange *x, struct error *e)
{
	return check_return(x, request_query(x->request, "return_to"), e);
}

int account_sign_on_ask(struct exchange *x, struct error *e)
{
	(void)e;
	account_sign_on_page(x, 200, NULL, NULL, request_query(x->request, "organisation"),
			     request_query(x->request, "return_to"));
	return 0;
}

/* ---- who they say they are ---- */

static int limited(int64_t wait_ms, const char *code, const char *text, struct error *e)
{
	count("limited");
	error_set(e, ERROR_LIMIT, code, "%s", text);
	e->wait_ms = (int)wait_ms;
	return -1;
}

static int check_sender(struct exchange *x, struct error *e)
{
	static const struct id what = { { 'p', 'a', 's', 's', 'w', 'o', 'r', 'd' } };
	const struct id who = sender_of(x->request, &what);
	int64_t wait_ms = rate_take(x->rate, &who, ACCOUNT_PER_MINUTE, ACCOUNT_BURST, clock_monotonic_ms());

	return wait_ms == 0 ? 0
			    : limited(wait_ms, "rate.login",
				      "too many passwords come from this address; come again", e);
}

/* However many addresses they come from, and whether anybody has it or not. */
static int check_name(struct exchange *x, const char *address, struct error *e)
{
	const char *both = arena_format(x->arena, "local/%s", address);
	uint8_t digest[CRYPT_DIGEST_SIZE];
	struct id name;
	int64_t wait_ms;

	crypt_sha256(both, strlen(both), digest);
	memcpy(name.bytes, digest, ID_SIZE);
	wait_ms = rate_take(x->name_rate, &name, ACCOUNT_NAME_PER_MINUTE, ACCOUNT_NAME_BURST,
			    clock_monotonic_ms());
	return wait_ms == 0 ? 0
			    : limited(wait_ms, "rate.password",
				      "too many passwords are tried for this address; come again", e);
}

/* What is no address is one that nobody has. */
static const char *address_of(struct exchange *x, const char *given)
{
	const char *address;
	struct error ignored;

	return given && text_email(x->arena, given, &address, &ignored) == 0 ? address : "";
}

static int find_door(struct exchange *x, struct typed *typed, const char *address, struct error *e)
{
	int found = exchange_begin(x, e) < 0
			    ? -1
			    : local_account_door(x->tx, x->arena, address, typed->slug, &typed->door, e);

	tx_close(&x->tx);
	return found < 0 ? -1 : 0;
}

/* The same work, whether there is somebody or not. */
static int compare(struct exchange *x, struct typed *typed, const char *password, struct error *e)
{
	enum password_cost cost = x->options->password_cost;
	char *again = arena_take(x->arena, PASSWORD_HASH_SIZE);
	int same = password_check(typed->door.password, password, cost, e);

	if (same <= 0)
		return same;
	typed->right = true;
	if (!password_outdated(typed->door.password, cost))
		return 0;
	typed->again = again;
	return password_hash(password, cost, again, e);
}

static int look_at_password(struct exchange *x, struct typed *typed, const char *password, struct error *e)
{
	int compared;

	if (hashing_enter(x->hashing, x->options->passwords_at_once, x->options->password_places, e) < 0)
		return -1;
	compared = compare(x, typed, password, e);
	hashing_leave(x->hashing);
	return compared;
}

static void refuse(struct typed *typed, int status, const char *says)
{
	typed->status = status;
	typed->says = says;
}

int account_sign_on_prepare_check(struct exchange *x, struct error *e)
{
	struct typed *typed = arena_take(x->arena, sizeof(*typed));
	struct link_pair *fields;
	const char *password, *address, *slug;
	size_t fields_count;

	x->prepared = typed;
	if (check_sender(x, e) < 0 || form_read(x->request, x->arena, &fields, &fields_count, e) < 0)
		return -1;
	typed->email = form_field(fields, fields_count, "email");
	slug = form_field(fields, fields_count, "organisation");
	typed->slug = slug && *slug ? slug : NULL;
	typed->return_to = form_field(fields, fields_count, "return_to");
	password = form_field(fields, fields_count, "password");
	address = address_of(x, typed->email);
	if (check_return(x, typed->return_to, e) < 0 || check_name(x, address, e) < 0)
		return -1;
	if (!browser_form_is_ours(x, fields, fields_count, PURPOSE)) {
		refuse(typed, 403, stale);
		return 0;
	}
	if (find_door(x, typed, address, e) < 0)
		return -1;
	if (look_at_password(x, typed, password ? password : "", e) < 0) {
		if (e->kind != ERROR_RETRY)
			return -1;
		refuse(typed, 503, busy);
	} else if (!typed->right) {
		refuse(typed, 403, wrong);
	} else {
		x->organisation.id = typed->door.organisation;
		x->organisation.slug = typed->door.slug;
	}
	return 0;
}

/* ---- in the transaction ---- */

/* What has changed since the password was looked at counts: another password, a suspension. 1, 0, -1. */
static int let_in(struct exchange *x, const struct typed *typed, struct error *e)
{
	const struct beginning beginning = {
		.user = typed->door.user,
		.name = typed->door.name,
		.email = typed->door.email,
		.role = typed->door.role,
		.by = "password",
	};
	struct id session;
	int still = local_account_used(x->tx, &typed->door, typed->again, e);

	return still <= 0 ? still : begin_session(x, &beginning, &session, e);
}

int account_sign_on_check(struct exchange *x, struct error *e)
{
	struct typed *typed = x->prepared;
	const char *wanted = typed->return_to && *typed->return_to ? typed->return_to : NULL;
	int in = 0;

	if (!typed->says && (in = let_in(x, typed, e)) < 0)
		return -1;
	if (in == 0) {
		count(typed->status == 503 ? "limited" : "refused");
		account_sign_on_page(x, typed->says ? typed->status : 403, typed->says ? typed->says : wrong,
				     typed->email, typed->slug, typed->return_to);
		if (typed->status == 503)
			reply_header(x->reply, "Retry-After", "2");
		return 0;
	}
	count("signed_on");
	x->reply->status = 303;
	reply_header(x->reply, "Referrer-Policy", "no-referrer");
	reply_header(x->reply, "Location", "%s",
		     return_to_address(x->arena, x->options->return_to, x->options->public_url, wanted));
	return 0;
}
