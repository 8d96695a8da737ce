#include "endpoints/login.h"

#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "endpoints/account_sign_on.h"
#include "endpoints/doors.h"
#include "endpoints/form.h"
#include "endpoints/page.h"
#include "endpoints/rate.h"
#include "endpoints/return_to.h"
#include "endpoints/sender.h"
#include "roster/sign_on.h"

enum { ADDRESS_MOST = 4 * RETURN_TO_MOST };

/* From prepare to answer. */
struct login {
	const char *email, *slug, *return_to; /* as they were given; NULL: not */
	struct sign_on_door *doors;
	size_t count;
	bool asked; /* somebody has said who they are */
};

static int check_rate(struct exchange *x, struct error *e)
{
	static const struct id login = { { 'l', 'o', 'g', 'i', 'n' } };
	const struct id who = sender_of(x->request, &login);
	int64_t wait_ms = rate_take(x->rate, &who, LOGIN_PER_MINUTE, LOGIN_BURST, clock_monotonic_ms());

	if (wait_ms == 0)
		return 0;
	error_set(e, ERROR_LIMIT, "rate.login", "too many questions come from this address; come again");
	e->wait_ms = (int)wait_ms;
	return -1;
}

static int check_return(struct exchange *x, const char *given, struct error *e)
{
	return return_to_check(x->options->return_to, given && *given ? given : NULL, e); /* a form has an empty field for none */
}

static int find_doors(struct exchange *x, struct login *login, const char *domain, struct error *e)
{
	int found = exchange_begin(x, e) < 0 ? -1 : sign_on_doors(x->tx, x->arena, domain, login->slug, &login->doors, &login->count, e);

	tx_close(&x->tx);
	return found;
}

/* ---- what is shown ---- */

static void put_form(struct exchange *x, const struct login *login)
{
	struct reply *reply = x->reply;

	page_raw(reply, "<form method=\"post\" action=\"/login\">\n<p><label for=\"email\">Your address of mail at work</label><br>\n"
			"<input id=\"email\" name=\"email\" type=\"email\" autocomplete=\"username\" required autofocus value=\"");
	page_text(reply, login->email ? login->email : "");
	page_raw(reply, "\"></p>\n");
	if (login->return_to)
		page_hidden(reply, "return_to", login->return_to);
	page_raw(reply, "<p><button type=\"submit\">Continue</button></p>\n</form>\n");
}

/* For those whom no provider vouches for, though one may vouch for others of their domain. */
static void put_password_link(struct exchange *x, const struct login *login)
{
	__attribute__((cleanup(buffer_close))) struct buffer address;

	buffer_open(&address, ADDRESS_MOST);
	buffer_text(&address, "/login/password");
	if (login->slug) {
		buffer_text(&address, "?organisation=");
		buffer_percent(&address, login->slug);
	}
	if (login->return_to && *login->return_to) {
		buffer_text(&address, login->slug ? "&return_to=" : "?return_to=");
		buffer_percent(&address, login->return_to);
	}
	page_raw(x->reply, "<p><a href=\"");
	page_text(x->reply, address.bytes);
	page_raw(x->reply, "\">Sign in with a password</a></p>\n");
}

static int show(struct exchange *x, struct error *e)
{
	const struct login *login = x->prepared;

	(void)e;
	if (login->count == 1) {
		doors_go(x, &login->doors[0], login->email, login->return_to);
		return 0;
	}
	if (login->count == 0 && login->asked) {
		account_sign_on_page(x, 200, NULL, login->email, login->slug, login->return_to);
		return 0;
	}
	page_begin(x->reply, 200, "Sign in");
	if (login->count > 1)
		doors_put(x, login->doors, login->count, login->email, login->return_to);
	else
		put_form(x, login);
	put_password_link(x, login);
	page_end(x->reply, "https: http:"); /* browsers hold a form to this along redirects, and it leads to the provider */
	return 0;
}

/* ---- asked by a link ---- */

int login_prepare_ask(struct exchange *x, struct error *e)
{
	struct login *login = arena_take(x->arena, sizeof(*login));
	const char *hint = request_query(x->request, "login_hint"), *address;
	struct error ignored;

	x->prepared = login;
	login->slug = request_query(x->request, "organisation");
	login->return_to = request_query(x->request, "return_to");
	if (hint && text_email(x->arena, hint, &address, &ignored) == 0)
		login->email = address; /* an application knows whom it wants: the provider is told, or the form filled in */
	login->asked = login->slug != NULL;
	if (check_rate(x, e) < 0 || check_return(x, login->return_to, e) < 0)
		return -1;
	return login->slug ? find_doors(x, login, NULL, e) : 0;
}

int login_ask(struct exchange *x, struct error *e)
{
	return show(x, e);
}

/* ---- asked by the form ---- */

int login_prepare_find(struct exchange *x, struct error *e)
{
	struct login *login = arena_take(x->arena, sizeof(*login));
	struct link_pair *fields;
	const char *given, *address;
	struct error ignored;
	size_t count;

	x->prepared = login;
	login->asked = true;
	if (check_rate(x, e) < 0 || form_read(x->request, x->arena, &fields, &count, e) < 0)
		return -1;
	given = form_field(fields, count, "email");
	login->return_to = form_field(fields, count, "return_to");
	if (check_return(x, login->return_to, e) < 0)
		return -1;
	if (!given || text_email(x->arena, given, &address, &ignored) < 0)
		return 0;
	login->email = address;
	return find_doors(x, login, strchr(address, '@') + 1, e);
}

int login_find(struct exchange *x, struct error *e)
{
	return show(x, e);
}
