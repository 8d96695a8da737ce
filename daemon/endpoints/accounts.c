/* Whoever makes the link by which a password is set can sign on as that person. So it is made by people whom
 * the audit names, of nobody above them, and shown once. */
#include "endpoints/accounts.h"

#include <string.h>

#include "base/clock.h"
#include "base/secret.h"
#include "base/text.h"
#include "endpoints/members.h"
#include "roster/domain.h"
#include "roster/local_account.h"
#include "roster/member.h"
#include "roster/second_factor.h"
#include "roster/session.h"

enum { EXPIRES_IN_MOST = 32 };
#define DAY_MS	     (24 * 3600 * INT64_C(1000))
#define LIFE_MS	     (3 * DAY_MS)
#define LIFE_MS_MOST (30 * DAY_MS)

static void put_account(struct json_writer *w, const struct local_account *a)
{
	json_begin_object(w, NULL);
	exchange_put_id(w, "member", &a->user);
	json_put_text(w, "name", a->name);
	json_put_text(w, "address", a->address);
	json_put_bool(w, "counts", a->counts && text_equal(a->state, "active") && a->password_at);
	json_put_bool(w, "break_glass", a->break_glass);
	json_put_bool(w, "second_factor", a->factor_at != 0);
	json_put_bool(w, "second_factor_needed", a->needs_factor);
	json_put_int(w, "recovery_codes", a->codes_left);
	json_put_time(w, "password_at", a->password_at);
	json_put_time(w, "verified_at", a->verified_at);
	json_put_time(w, "used_at", a->used_at);
	json_put_time(w, "created_at", a->created_at);
	json_end_object(w);
}

int accounts_list(struct exchange *x, struct error *e)
{
	struct local_account *accounts;
	struct json_writer w;
	const struct id *after;
	struct id after_id;
	size_t count;
	int limit;
	char next[ID_TEXT_SIZE];

	if (exchange_page_id(x, &limit, &after_id, &after, e) < 0 ||
	    local_account_list(x->tx, x->arena, &x->organisation.id, after, limit + 1, &accounts, &count, e) <
		    0)
		return -1;
	exchange_list_begin(x, &w);
	for (size_t i = 0; i < count && i < (size_t)limit; i++)
		put_account(&w, &accounts[i]);
	exchange_list_end(&w, count > (size_t)limit ? id_text(&accounts[limit - 1].user, next) : NULL);
	return 0;
}

/* A program that could make links could become anybody whom it may not even name. */
static int check_maker(const struct exchange *x, struct error *e)
{
	if (x->principal.kind == PRINCIPAL_OPERATOR || x->principal.kind == PRINCIPAL_MEMBER)
		return 0;
	return error_set(e, ERROR_DENIED, "account.by_person",
			 "a service makes no links to sign on by; a person does");
}

/* Nobody but the owner, and the operator, touches the owner's. */
static int find_member(struct exchange *x, bool by_person, struct member *ret, struct error *e)
{
	if (members_find(x, request_segment(x->request, "member"), ret, e) < 0 || (by_person && check_maker(x, e) < 0))
		return -1;
	return exchange_may(x,
			    (struct question){ .permit = PERMIT_REMOVE_MEMBERS,
					       .target_is_owner = text_equal(ret->role, "owner") },
			    e);
}

static int find_account(struct exchange *x, const struct member *member, struct local_account *ret,
			struct error *e)
{
	int found = local_account_load(x->tx, x->arena, &x->organisation.id, &member->user, ret, e);

	if (found == 0)
		return error_set(
			e, ERROR_NOT_FOUND, "account.none",
			"this member has no local account; \"rosterctl account link %s MEMBER\" makes one",
			x->organisation.slug);
	return found < 0 ? -1 : 0;
}

static int show(struct exchange *x, const struct member *member, struct error *e)
{
	struct local_account account;
	struct json_writer w;

	if (find_account(x, member, &account, e) < 0)
		return -1;
	exchange_reply(x, 200, &w);
	put_account(&w, &account);
	return 0;
}

int accounts_show(struct exchange *x, struct error *e)
{
	struct member member;

	return members_find(x, request_segment(x->request, "member"), &member, e) < 0 ? -1
										      : show(x, &member, e);
}

/* ---- a link to set a password ---- */

struct wish {
	const char *expires_in;
};

static const struct json_field fields[] = {
	JSON_TEXT(struct wish, expires_in, JSON_OPTIONAL, EXPIRES_IN_MOST), { 0 }
};

static int read_life(const char *text, int64_t *ret_expires_at, struct error *e)
{
	int64_t life_ms = LIFE_MS;

	if (text && (text_to_duration_ms(text, &life_ms) < 0 || life_ms < 1 || life_ms > LIFE_MS_MOST))
		return error_set(e, ERROR_INPUT, "account.expires_in",
				 "\"expires_in\" is \"%s\"; a time such as \"3d\" is expected, at most 30d",
				 text);
	*ret_expires_at = clock_now_us() + life_ms * 1000;
	return 0;
}

static int check_member(const struct exchange *x, const struct member *member, struct error *e)
{
	if (!x->options->public_url)
		return error_set(e, ERROR_CONFLICT, "account.public_url",
				 "\"public_url\" of rosterd.conf is not set, so nobody can be signed on");
	if (!member->email)
		return error_set(e, ERROR_CONFLICT, "account.no_address",
				 "this member has no address of mail, which they would sign on with");
	if (!text_equal(member->state, "active"))
		return error_set(e, ERROR_CONFLICT, "account.not_active",
				 "this member is %s; only an active one signs on", member->state);
	if (text_equal(x->organisation.type, "enterprise") && !text_equal(member->role, "owner"))
		return error_set(e, ERROR_CONFLICT, "account.enterprise",
				 "in an enterprise nobody but the owner has a local account, for the day on "
				 "which the provider fails; others sign on by a "
				 "connection");
	return 0;
}

/* Of whom a provider alone may let in. */
static int check_way_in(struct exchange *x, const struct member *member, struct error *e)
{
	struct local_account account;
	bool held;

	if (local_account_load(x->tx, x->arena, &x->organisation.id, &member->user, &account, e) < 0 ||
	    domain_sso_only(x->tx, strchr(member->email, '@') + 1, &held, e) < 0)
		return -1;
	if (!held || (account.break_glass && text_equal(member->role, "owner")))
		return 0;
	return error_set(e, ERROR_CONFLICT, "account.sso_only",
			 "people with an address of this domain sign on by their provider alone; of an owner, \"rosterctl account break-glass\" makes "
			 "the one way in beside it");
}

int accounts_link(struct exchange *x, struct error *e)
{
	uint8_t hash[CRYPT_DIGEST_SIZE];
	scoped(secret) *text = NULL;
	struct wish wish = { 0 };
	struct account_token token = { .organisation = x->organisation.id,
				       .purpose = "password",
				       .made_by = exchange_who(x) };
	struct member member;
	struct json_writer w;
	char id[ID_TEXT_SIZE];

	if ((x->request->body && exchange_read(x, fields, &wish, e) < 0) ||
	    read_life(wish.expires_in, &token.expires_at, e) < 0 || find_member(x, true, &member, e) < 0 ||
	    check_member(x, &member, e) < 0 ||
	    local_account_ensure(x->tx, &x->organisation.id, &member.user, member.email, e) < 0)
		return -1;
	token.user = member.user;
	if (check_way_in(x, &member, e) < 0)
		return -1;
	text = crypt_token_new(ACCOUNT_TOKEN_PREFIX, hash);
	if (account_token_create(x->tx, &token, hash, e) < 0 ||
	    exchange_audit(x, "account.link_created", "member", id_text(&member.user, id), member.name, NULL,
			   NULL, e) < 0)
		return -1;
	x->shown_once = true;
	exchange_reply(x, 201, &w);
	json_begin_object(&w, NULL);
	json_put_text(&w, "url",
		      arena_format(x->arena, "%s/login/link?token=%s", x->options->public_url,
				   secret_text(text)));
	json_put_time(&w, "expires_at", token.expires_at);
	json_end_object(&w);
	return 0;
}

/* ---- taken away ---- */

int accounts_delete(struct exchange *x, struct error *e)
{
	struct member member;
	struct local_account account;
	char id[ID_TEXT_SIZE];
	int64_t gone, ended;

	if (find_member(x, false, &member, e) < 0 || find_account(x, &member, &account, e) < 0 ||
	    local_account_delete(x->tx, &x->organisation.id, &member.user, &gone, e) < 0 ||
	    session_end(x->tx, &x->organisation.id, NULL, &member.user, "account", &ended, e) < 0 ||
	    exchange_audit(x, "account.deleted", "member", id_text(&member.user, id), member.name,
			   exchange_object(x, "address", account.address, NULL),
			   arena_format(x->arena, "{\"sessions_ended\":%lld}", (long long)ended), e) < 0)
		return -1;
	exchange_done(x);
	return 0;
}

/* ---- the second factor ---- */

/* For somebody who has lost it. Who must have one sets up another with the next sign-on. */
int accounts_remove_factor(struct exchange *x, struct error *e)
{
	struct member member;
	struct local_account account;
	char id[ID_TEXT_SIZE];
	int64_t removed;

	if (find_member(x, true, &member, e) < 0 ||
	    find_account(x, &member, &account, e) < 0 ||
	    second_factor_remove(x->tx, &x->organisation.id, &member.user, &removed, e) < 0 ||
	    (removed > 0 &&
	     exchange_audit(x, "account.second_factor_removed", "member", id_text(&member.user, id),
			    member.name, NULL,
			    exchange_object(x, "by",
					    x->principal.kind == PRINCIPAL_OPERATOR ? "operator"
										    : "administrator",
					    NULL),
			    e) < 0))
		return -1;
	return show(x, &member, e);
}

struct policy {
	const char *second_factor;
};

static const struct json_field policy_fields[] = {
	JSON_WORD(struct policy, second_factor, JSON_NEEDED, second_factor_policies), { 0 }
};

static void put_policy(struct exchange *x, const char *second_factor)
{
	struct json_writer w;

	exchange_reply(x, 200, &w);
	json_begin_object(&w, NULL);
	json_put_text(&w, "second_factor", second_factor);
	json_end_object(&w);
}

int accounts_policy(struct exchange *x, struct error *e)
{
	const char *is;

	if (second_factor_policy(x->tx, x->arena, &x->organisation.id, &is, e) < 0)
		return -1;
	put_policy(x, is);
	return 0;
}

int accounts_set_policy(struct exchange *x, struct error *e)
{
	struct policy wish = { 0 };
	const char *was;
	char id[ID_TEXT_SIZE];

	if (exchange_read(x, policy_fields, &wish, e) < 0 ||
	    second_factor_policy(x->tx, x->arena, &x->organisation.id, &was, e) < 0)
		return -1;
	if (!text_equal(was, wish.second_factor) &&
	    (second_factor_set_policy(x->tx, &x->organisation.id, wish.second_factor, e) < 0 ||
	     exchange_audit(x, "account.policy_changed", "organisation", id_text(&x->organisation.id, id),
			    x->organisation.name, exchange_object(x, "second_factor", was, NULL),
			    exchange_object(x, "second_factor", wish.second_factor, NULL), e) < 0))
		return -1;
	put_policy(x, wish.second_factor);
	return 0;
}

/* ---- break-glass ---- */

static int check_owner(const struct exchange *x, const struct member *member, struct error *e)
{
	if (!text_equal(member->role, "owner"))
		return error_set(
			e, ERROR_CONFLICT, "account.not_owner",
			"\"%s\" is not the owner of \"%s\"; nobody else has a way in beside the provider",
			member->name, x->organisation.slug);
	return 0;
}

int accounts_break_glass(struct exchange *x, struct error *e)
{
	struct member member;
	char id[ID_TEXT_SIZE];
	int64_t changed;

	if (find_member(x, false, &member, e) < 0 || check_owner(x, &member, e) < 0 || check_member(x, &member, e) < 0 ||
	    local_account_ensure(x->tx, &x->organisation.id, &member.user, member.email, e) < 0 ||
	    local_account_break_glass(x->tx, &x->organisation.id, &member.user, &changed, e) < 0 ||
	    exchange_audit(x, "account.break_glass_named", "member",
					   id_text(&member.user, id), member.name, NULL, NULL, e) < 0)
		return -1;
	return show(x, &member, e);
}

int accounts_break_glass_end(struct exchange *x, struct error *e)
{
	struct member member;
	struct local_account account;
	char id[ID_TEXT_SIZE];
	int64_t changed = 0;

	if (find_member(x, false, &member, e) < 0 || find_account(x, &member, &account, e) < 0 ||
	    (account.break_glass &&
	     local_account_break_glass(x->tx, &x->organisation.id, NULL, &changed, e) < 0) ||
	    (changed > 0 && exchange_audit(x, "account.break_glass_ended", "member",
					   id_text(&member.user, id), member.name, NULL, NULL, e) < 0))
		return -1;
	return show(x, &member, e);
}
