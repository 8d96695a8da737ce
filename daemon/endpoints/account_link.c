#include "endpoints/account_link.h"

#include <string.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/text.h"
#include "endpoints/account_password.h"
#include "endpoints/browser_form.h"
#include "endpoints/form.h"
#include "endpoints/page.h"
#include "endpoints/rate.h"
#include "endpoints/sender.h"
#include "roster/local_account.h"

#define PURPOSE "link"

static const char stale[] =
	"This page was not made for this browser, or was open for too long. Please try again.";

/* From prepare to answer. */
struct opened {
	const char *token;
	uint8_t hash[CRYPT_DIGEST_SIZE];
	struct account_token found;
	bool good;	      /* there is such a link, and it was not used */
	const char *password; /* the hash of the new one; NULL: there is none yet */
	const char *says;     /* why not */
	int status;
};

static int check_sender(struct exchange *x, struct error *e)
{
	static const struct id what = { { 'l', 'i', 'n', 'k' } };
	const struct id who = sender_of(x->request, &what);
	int64_t wait_ms =
		rate_take(x->rate, &who, ACCOUNT_LINK_PER_MINUTE, ACCOUNT_LINK_BURST, clock_monotonic_ms());

	if (wait_ms == 0)
		return 0;
	error_set(e, ERROR_LIMIT, "rate.link", "too many links are opened from this address; come again");
	e->wait_ms = (int)wait_ms;
	return -1;
}

static int find(struct exchange *x, struct opened *opened, const char *token, struct error *e)
{
	int found;

	opened->token = token;
	if (!token || strlen(token) != ACCOUNT_TOKEN_TEXT_SIZE ||
	    !text_begins(token, ACCOUNT_TOKEN_PREFIX "_"))
		return 0;
	crypt_sha256(token, strlen(token), opened->hash);
	found = exchange_begin(x, e) < 0
			? -1
			: account_token_door(x->tx, x->arena, opened->hash, &opened->found, e);
	tx_close(&x->tx);
	if (found < 0)
		return -1;
	opened->good = found == 1 && text_equal(opened->found.purpose, "password");
	if (opened->good) {
		x->organisation.id = opened->found.organisation;
		x->organisation.slug = opened->found.slug;
	}
	return 0;
}

/* ---- what is shown ---- */

static void over_page(struct exchange *x)
{
	page_begin(x->reply, 404, "This link is not good any more");
	page_says(x->reply, "It was used, or its time is over, or there is a newer one. Whoever sent it to "
			    "you can send another one.");
	page_raw(x->reply, "<p><a href=\"/login/password\">Sign in</a></p>\n");
	page_end(x->reply, NULL);
}

static void form_page(struct exchange *x, const struct opened *opened)
{
	struct reply *reply = x->reply;

	page_begin(reply, opened->says ? opened->status : 200, "Choose a password");
	if (opened->says)
		page_says(reply, "%s", opened->says);
	page_says(reply, "It is for %s, with the address %s.", opened->found.organisation_name,
		  opened->found.address);
	page_raw(reply, "<form method=\"post\" action=\"/login/link\">\n");
	browser_form_put(x, PURPOSE);
	page_hidden(reply, "token", opened->token);
	page_raw(reply, "<input type=\"hidden\" name=\"email\" autocomplete=\"username\" value=\"");
	page_text(reply, opened->found.address);
	page_raw(reply, "\">\n<p><label for=\"password\">A new password: at least 15 characters, such as a "
			"few words in a row</label><br>\n"
			"<input id=\"password\" name=\"password\" type=\"password\" "
			"autocomplete=\"new-password\" required autofocus></p>\n"
			"<p><label for=\"again\">The same again</label><br>\n"
			"<input id=\"again\" name=\"again\" type=\"password\" autocomplete=\"new-password\" "
			"required></p>\n"
			"<p><button type=\"submit\">Set the password</button></p>\n</form>\n");
	page_end(reply, NULL);
}

int account_link_prepare_open(struct exchange *x, struct error *e)
{
	struct opened *opened = arena_take(x->arena, sizeof(*opened));

	x->prepared = opened;
	return check_sender(x, e) < 0 ? -1 : find(x, opened, request_query(x->request, "token"), e);
}

int account_link_open(struct exchange *x, struct error *e)
{
	const struct opened *opened = x->prepared;

	(void)e;
	if (opened->good)
		form_page(x, opened);
	else
		over_page(x);
	return 0;
}

/* ---- used ---- */

static int choose(struct exchange *x, struct opened *opened, const char *password, const char *again,
		  struct error *e)
{
	const struct account_token *of = &opened->found;
	const char *const known[] = { of->address, of->name, of->slug, of->organisation_name, NULL };

	return account_password_choose(x, password, again, known, &opened->password, &opened->says,
				       &opened->status, e);
}

int account_link_prepare_use(struct exchange *x, struct error *e)
{
	struct opened *opened = arena_take(x->arena, sizeof(*opened));
	struct link_pair *fields;
	size_t count;

	x->prepared = opened;
	if (check_sender(x, e) < 0 || form_read(x->request, x->arena, &fields, &count, e) < 0 ||
	    find(x, opened, form_field(fields, count, "token"), e) < 0)
		return -1;
	if (!opened->good)
		return 0;
	if (!browser_form_is_ours(x, fields, count, PURPOSE)) {
		opened->says = stale;
		opened->status = 403;
		return 0;
	}
	return choose(x, opened, form_field(fields, count, "password"), form_field(fields, count, "again"),
		      e);
}

/* Whoever has the link is the person, as far as anybody can tell. */
static void become(struct exchange *x, const struct account_token *token)
{
	char id[ID_TEXT_SIZE];

	x->principal = (struct principal){
		.kind = PRINCIPAL_MEMBER,
		.organisation = token->organisation,
		.user = token->user,
		.id = arena_text(x->arena, id_text(&token->user, id)),
		.name = token->name,
	};
}

int account_link_use(struct exchange *x, struct error *e)
{
	const struct opened *opened = x->prepared;
	const struct account_token *token = &opened->found;
	int taken;

	if (!opened->good || opened->says)
		return account_link_open(x, e);
	taken = account_token_take(x->tx, &token->organisation, opened->hash, token->purpose, e);
	if (taken == 0) {
		over_page(x);
		return 0;
	}
	become(x, token);
	if (taken < 0 || account_password_set(x, &token->user, token->name, opened->password, token->sent_to,
					      token->sent_to ? "mail" : "link", e) < 0)
		return -1;
	account_password_done(x);
	return 0;
}
