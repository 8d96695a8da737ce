#include "endpoints/account_password.h"

#include "base/password.h"
#include "base/text.h"
#include "endpoints/hashing.h"
#include "endpoints/page.h"
#include "roster/local_account.h"
#include "roster/session.h"

static int enter(struct exchange *x, struct error *e)
{
	return hashing_enter(x->hashing, x->options->passwords_at_once, x->options->password_places, e);
}

static int compare(struct exchange *x, const char *hash, const char *password, bool *ret_right,
		   const char **ret_again, struct error *e)
{
	enum password_cost cost = x->options->password_cost;
	char *again = arena_take(x->arena, PASSWORD_HASH_SIZE);
	int same = password_check(hash, password, cost, e);

	*ret_right = same == 1;
	*ret_again = NULL;
	if (same <= 0 || !password_outdated(hash, cost))
		return same < 0 ? -1 : 0;
	*ret_again = again;
	return password_hash(password, cost, again, e);
}

int account_password_compare(struct exchange *x, const char *hash, const char *password, bool *ret_right,
			     const char **ret_again, struct error *e)
{
	int compared;

	if (enter(x, e) < 0)
		return -1;
	compared = compare(x, hash, password ? password : "", ret_right, ret_again, e);
	hashing_leave(x->hashing);
	return compared;
}

static int hash_new(struct exchange *x, const char *password, const char **ret, struct error *e)
{
	char *into = arena_take(x->arena, PASSWORD_HASH_SIZE);
	int hashed;

	if (enter(x, e) < 0)
		return -1;
	hashed = password_hash(password, x->options->password_cost, into, e);
	hashing_leave(x->hashing);
	*ret = into;
	return hashed;
}

int account_password_choose(struct exchange *x, const char *password, const char *again,
			    const char *const *known, const char **ret_hash, const char **ret_says,
			    int *ret_status, struct error *e)
{
	struct error why;

	*ret_status = 400;
	if (!password || !again || !text_equal(password, again)) {
		*ret_says = "The two are not the same.";
		return 0;
	}
	if (password_judge(password, known, &why) == 0 && hash_new(x, password, ret_hash, &why) == 0)
		return 0;
	if (why.kind != ERROR_INPUT && why.kind != ERROR_RETRY) {
		*e = why;
		return -1;
	}
	*ret_says = arena_text(x->arena, why.text);
	*ret_status = why.kind == ERROR_RETRY ? 503 : 400;
	return 0;
}

static int end_sessions(struct exchange *x, const struct id *user, const char *name, struct error *e)
{
	int64_t ended;

	if (session_end(x->tx, &x->organisation.id, NULL, user, "password", &ended, e) < 0)
		return -1;
	if (ended == 0)
		return 0;
	return exchange_audit(x, "session.ended_of_member", "member", x->principal.id, name, NULL,
			      arena_format(x->arena, "{\"ended\":%lld,\"by\":\"password\"}",
					   (long long)ended),
			      e);
}

int account_password_set(struct exchange *x, const struct id *user, const char *name, const char *hash,
			 const char *sent_to, const char *by, struct error *e)
{
	if (local_account_set_password(x->tx, &x->organisation.id, user, hash, sent_to, e) < 0 ||
	    exchange_audit(x, "account.password_set", "member", x->principal.id, name, NULL,
			   exchange_object(x, "by", by, NULL), e) < 0)
		return -1;
	return end_sessions(x, user, name, e);
}

void account_password_done(struct exchange *x)
{
	page_begin(x->reply, 200, "Your password is set");
	page_says(x->reply, "Whoever was signed in as you is signed out. Now sign in with it.");
	page_raw(x->reply, "<p><a href=\"/login/password?organisation=");
	page_text(x->reply, x->organisation.slug);
	page_raw(x->reply, "\">Sign in</a></p>\n");
	page_end(x->reply, NULL);
}
