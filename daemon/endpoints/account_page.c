#include "endpoints/account_page.h"

#include <string.h>

#include "base/text.h"
#include "endpoints/account_enter.h"
#include "endpoints/account_factor.h"
#include "endpoints/account_password.h"
#include "endpoints/browser_form.h"
#include "endpoints/cookie.h"
#include "endpoints/form.h"
#include "endpoints/page.h"
#include "endpoints/speaker.h"
#include "roster/local_account.h"
#include "roster/second_factor.h"
#include "roster/session.h"

#define PURPOSE "account"

/* From prepare to answer. */
struct visit {
	struct session session;
	struct local_account account;
	struct local_door door;
	bool has_account;
	const char *action, *says, *new_hash;
	int status;
};

/* ---- who is it ---- */

/* The account, and the hash of its password where it counts. */
static int find_account(struct exchange *x, struct visit *visit, struct error *e)
{
	int found = exchange_begin(x, e) < 0
			    ? -1
			    : local_account_load(x->tx, x->arena, &visit->session.organisation,
						 &visit->session.user, &visit->account, e);

	if (found == 1)
		found = local_account_door(x->tx, x->arena, visit->account.address, visit->session.slug,
					   &visit->door, e);
	tx_close(&x->tx);
	visit->has_account = found == 1 && id_equal(&visit->door.user, &visit->session.user);
	return found < 0 ? -1 : 0;
}

static int arrive(struct exchange *x, struct visit **ret, struct error *e)
{
	struct visit *visit = arena_take(x->arena, sizeof(*visit));
	int found = speaker_find(x, &visit->session, e);

	x->prepared = *ret = visit;
	if (found <= 0)
		return found == 0 ? speaker_nobody(e) : -1;
	if (speaker_check(x, &visit->session, e) < 0)
		return -1;
	speaker_become(x, &visit->session);
	return find_account(x, visit, e);
}

/* ---- what is shown ---- */

static void put_form(struct exchange *x, const char *action, const char *heading, const char *button,
		     bool sets)
{
	struct reply *reply = x->reply;

	page_raw(reply, "<h2>");
	page_raw(reply, heading);
	page_raw(reply, "</h2>\n<form method=\"post\" action=\"/account\">\n");
	browser_form_put(x, PURPOSE);
	page_hidden(reply, "action", action);
	page_raw(reply, "<p><label>Your password<br>\n<input name=\"password\" type=\"password\" "
			"autocomplete=\"current-password\" required></label></p>\n");
	if (sets)
		page_raw(reply, "<p><label>A new one: at least 15 characters<br>\n"
				"<input name=\"new\" type=\"password\" autocomplete=\"new-password\" "
				"required></label></p>\n"
				"<p><label>The same again<br>\n"
				"<input name=\"again\" type=\"password\" autocomplete=\"new-password\" "
				"required></label></p>\n");
	page_raw(reply, "<p><button type=\"submit\">");
	page_raw(reply, button);
	page_raw(reply, "</button></p>\n</form>\n");
}

static void show(struct exchange *x, const struct visit *visit)
{
	const struct local_account *a = &visit->account;
	struct reply *reply = x->reply;

	page_begin(reply, visit->says ? visit->status : 200, "Your account");
	if (visit->says)
		page_says(reply, "%s", visit->says);
	if (!visit->has_account) {
		page_says(reply, "You are signed in by your organisation, which keeps your password.");
		page_end(reply, NULL);
		return;
	}
	page_says(reply, "You sign in with %s at %s.", a->address, visit->session.slug);
	page_says(reply, a->factor_at ? "A code of your authenticator is asked for as well."
				      : "No code is asked for beside the password.");
	if (a->factor_at) {
		page_says(reply, "%s of your recovery codes are left.",
			  arena_format(x->arena, "%lld", (long long)a->codes_left));
		put_form(x, "codes", "New recovery codes", "Make new ones", false);
		if (!a->needs_factor)
			put_form(x, "remove", "Without an authenticator", "Ask for no codes any more", false);
	} else {
		put_form(x, "offer", "An authenticator", "Set one up", false);
	}
	put_form(x, "password", "Another password", "Set it", true);
	page_raw(reply, "<p><a href=\"/logout\">Sign out</a></p>\n");
	page_end(reply, NULL);
}

int account_page_prepare_show(struct exchange *x, struct error *e)
{
	struct visit *visit;

	return arrive(x, &visit, e);
}

int account_page_show(struct exchange *x, struct error *e)
{
	(void)e;
	show(x, x->prepared);
	return 0;
}

/* ---- what is changed ---- */

static int turn_down(struct visit *visit, int status, const char *says)
{
	visit->status = status;
	visit->says = says;
	return 0;
}

/* The new one is judged and hashed, if one is set. */
static int read_new(struct exchange *x, struct visit *visit, const struct link_pair *fields, size_t count,
		    struct error *e)
{
	const char *const known[] = { visit->account.address, visit->account.name, visit->session.slug,
				      NULL };

	if (!text_equal(visit->action, "password"))
		return 0;
	return account_password_choose(x, form_field(fields, count, "new"),
				       form_field(fields, count, "again"), known, &visit->new_hash,
				       &visit->says, &visit->status, e);
}

int account_page_prepare_change(struct exchange *x, struct error *e)
{
	struct visit *visit;
	struct link_pair *fields;
	const char *password, *again;
	char id[ID_TEXT_SIZE];
	bool right;
	size_t count;

	if (form_read(x->request, x->arena, &fields, &count, e) < 0 || arrive(x, &visit, e) < 0)
		return -1;
	visit->action = form_field(fields, count, "action");
	password = form_field(fields, count, "password");
	if (!visit->has_account)
		return 0;
	if (!browser_form_is_ours(x, fields, count, PURPOSE))
		return turn_down(
			visit, 403,
			"This page was not made for this browser, or was open for too long. Please try "
			"again.");
	if (account_check_tries(x, arena_format(x->arena, "code/%s", id_text(&visit->session.user, id)), e) <
	    0)
		return -1;
	if (account_password_compare(x, visit->door.password, password, &right, &again, e) < 0)
		return e->kind == ERROR_RETRY
			       ? turn_down(visit, 503, "Too many sign in at this moment. Please try again.")
			       : -1;
	if (!right)
		return turn_down(visit, 403, "The password is not right.");
	return read_new(x, visit, fields, count, e);
}

static int remove_factor(struct exchange *x, const struct visit *visit, struct error *e)
{
	int64_t removed;

	if (second_factor_remove(x->tx, &x->organisation.id, &visit->session.user, &removed, e) < 0 ||
	    (removed > 0 &&
	     exchange_audit(x, "account.second_factor_removed", "member", x->principal.id,
			    visit->account.name, NULL, exchange_object(x, "by", "member", NULL), e) < 0))
		return -1;
	x->reply->status = 303;
	reply_header(x->reply, "Location", "/account");
	return 0;
}

static int new_codes(struct exchange *x, const struct visit *visit, struct error *e)
{
	return account_factor_new_codes(x, &visit->session.user, "/account", e) < 0
		       ? -1
		       : exchange_audit(x, "account.recovery_codes_made", "member", x->principal.id,
					visit->account.name, NULL, NULL, e);
}

static int set_password(struct exchange *x, const struct visit *visit, struct error *e)
{
	if (account_password_set(x, &visit->session.user, visit->account.name, visit->new_hash, NULL,
				 "member", e) < 0)
		return -1;
	cookie_set_session(x->reply, NULL);
	account_password_done(x);
	return 0;
}

int account_page_change(struct exchange *x, struct error *e)
{
	struct visit *visit = x->prepared;
	const struct local_account *a = &visit->account;

	if (!visit->has_account || visit->says) {
		show(x, visit);
		return 0;
	}
	if (text_equal(visit->action, "password"))
		return set_password(x, visit, e);
	if (text_equal(visit->action, "codes") && a->factor_at)
		return new_codes(x, visit, e);
	if (text_equal(visit->action, "remove") && !a->needs_factor)
		return remove_factor(x, visit, e);
	if (text_equal(visit->action, "offer") && !a->factor_at) {
		account_factor_offer(x, &visit->door, false, NULL);
		return 0;
	}
	turn_down(visit, 409, "That cannot be done now.");
	show(x, visit);
	return 0;
}
