#include "endpoints/account_sign_on.h"

#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "endpoints/account_enter.h"
#include "endpoints/account_factor.h"
#include "endpoints/account_password.h"
#include "endpoints/browser_form.h"
#include "endpoints/doors.h"
#include "endpoints/form.h"
#include "endpoints/page.h"
#include "endpoints/rate.h"
#include "endpoints/return_to.h"
#include "endpoints/sender.h"
#include "roster/domain.h"
#include "roster/local_account.h"
#include "roster/sign_on.h"

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
	bool sso_only;	  /* whoever has an address of this domain is led to its provider, but for break-glass */
	struct sign_on_door *doors;
	size_t doors_count;
};

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

static int check_sender(struct exchange *x, struct error *e)
{
	static const struct id what = { { 'p', 'a', 's', 's', 'w', 'o', 'r', 'd' } };
	const struct id who = sender_of(x->request, &what);
	int64_t wait_ms = rate_take(x->rate, &who, ACCOUNT_PER_MINUTE, ACCOUNT_BURST, clock_monotonic_ms());

	if (wait_ms == 0)
		return 0;
	account_count("limited");
	error_set(e, ERROR_LIMIT, "rate.login", "too many passwords come from this address; come again");
	e->wait_ms = (int)wait_ms;
	return -1;
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
	const char *at = strchr(address, '@'), *domain = at ? at + 1 : "";
	int found = exchange_begin(x, e) < 0 ? -1 : local_account_door(x->tx, x->arena, address, typed->slug, &typed->door, e);

	if (found >= 0)
		found = domain_sso_only(x->tx, domain, &typed->sso_only, e);
	if (found == 0 && typed->sso_only)
		found = sign_on_doors(x->tx, x->arena, domain, NULL, &typed->doors, &typed->doors_count, e);
	tx_close(&x->tx);
	return found;
}

static void turn_down(struct typed *typed, int status, const char *says)
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
	if (check_return(x, typed->return_to, e) < 0 ||
	    account_check_tries(x, arena_format(x->arena, "local/%s", address), e) < 0)
		return -1;
	if (!browser_form_is_ours(x, fields, fields_count, PURPOSE)) {
		turn_down(typed, 403, stale);
		return 0;
	}
	if (find_door(x, typed, address, e) < 0)
		return -1;
	if (account_password_compare(x, typed->door.password, password, &typed->right, &typed->again, e) <
	    0) {
		if (e->kind != ERROR_RETRY)
			return -1;
		turn_down(typed, 503, busy);
	} else if (!typed->right) {
		turn_down(typed, 403, wrong);
	} else {
		x->organisation.id = typed->door.organisation;
		x->organisation.slug = typed->door.slug;
	}
	return 0;
}

/* ---- in the transaction ---- */

/* Whether there is such an account or not, and whatever was typed. */
static void by_provider(struct exchange *x, const struct typed *typed)
{
	if (typed->doors_count == 1) {
		doors_go(x, &typed->doors[0], typed->email, typed->return_to);
		return;
	}
	page_begin(x->reply, 403, "Sign in by your organisation");
	page_says(x->reply, "People with this address sign in by their organisation, and in no other way.");
	if (typed->doors_count > 1)
		doors_put(x, typed->doors, typed->doors_count, typed->email, typed->return_to);
	page_end(x->reply, NULL);
}

static int refused(struct exchange *x, const struct typed *typed)
{
	account_count(typed->status == 503 ? "limited" : "refused");
	if (typed->sso_only && typed->status != 503) {
		by_provider(x, typed);
		return 0;
	}
	account_sign_on_page(x, typed->says ? typed->status : 403, typed->says ? typed->says : wrong,
			     typed->email, typed->slug, typed->return_to);
	if (typed->status == 503)
		reply_header(x->reply, "Retry-After", "2");
	return 0;
}

int account_sign_on_check(struct exchange *x, struct error *e)
{
	struct typed *typed = x->prepared;
	int in;

	if (typed->says)
		return refused(x, typed);
	if (typed->again && local_account_rehash(x->tx, &typed->door, typed->again, e) < 0)
		return -1;
	if (typed->door.factor || typed->door.needs_factor) {
		if (typed->door.factor)
			account_factor_ask(x, &typed->door, typed->return_to);
		else
			account_factor_offer(x, &typed->door, true, typed->return_to);
		return 0;
	}
	in = account_enter(x, &typed->door, "password", e);
	if (in <= 0)
		return in < 0 ? -1 : refused(x, typed);
	account_send_on(x, typed->return_to);
	return 0;
}
