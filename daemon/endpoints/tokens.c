/* A token is shown once, when it is made. One that speaks for a member is made by that member or by the
 * operator: whoever could make one for somebody else could be them.
 *
 * One that is a service has a member who answers for it: who made it, or adopted it since. It sleeps while
 * they are not active, so that nobody who was let go stays in through what they left behind. */
#include "endpoints/tokens.h"

#include "base/clock.h"
#include "base/crypt.h"
#include "base/secret.h"
#include "base/text.h"
#include "endpoints/members.h"
#include "roster/member.h"
#include "roster/token.h"

#define DAY_MS		      (INT64_C(24) * 60 * 60 * 1000)
#define TOKEN_LIFE_DEFAULT_MS (90 * DAY_MS)
#define TOKEN_LIFE_MOST_MS    (3660 * DAY_MS)
enum { EXPIRES_IN_MOST = 32 };

/* How long a token that was rotated counts beside the new one. */
#define TOKEN_OVERLAP_DEFAULT_MS DAY_MS
#define TOKEN_OVERLAP_MOST_MS	 (30 * DAY_MS)

static void put_members(struct exchange *x, struct json_writer *w, const struct token *token)
{
	struct scopes scopes = scopes_read(token->scopes);
	struct id setup_of = token_setup_of(token->scopes);

	exchange_put_id(w, "id", &token->id);
	json_put_text(w, "name", token->name);
	exchange_put_id(w, "member", &token->user);
	json_put_text(w, "role", token->role);
	exchange_put_scopes(x, w, &scopes);
	exchange_put_id(w, "setup_of", &setup_of);
	exchange_put_id(w, "maker", &token->maker);
	exchange_put_id(w, "made_with", &token->made_with);
	json_put_time(w, "suspended_at", token->suspended_at);
	json_put_bool(w, "asleep", token->asleep);
	json_put_text(w, "created_by", token->created_by);
	json_put_time(w, "created_at", token->created_at);
	json_put_time(w, "expires_at", token->expires_at);
	json_put_time(w, "last_used_at", token->last_used_at);
}

int tokens_list(struct exchange *x, struct error *e)
{
	struct json_writer w;
	struct token *tokens;
	struct id place;
	const struct id *after;
	size_t count;
	int limit;
	char text[ID_TEXT_SIZE];

	if (exchange_page_id(x, &limit, &place, &after, e) < 0 ||
	    token_list(x->tx, x->arena, exchange_owner(x), after, limit + 1, &tokens, &count, e) < 0)
		return -1;
	exchange_list_begin(x, &w);
	for (size_t i = 0; i < count && i < (size_t)limit; i++) {
		json_begin_object(&w, NULL);
		put_members(x, &w, &tokens[i]);
		json_end_object(&w);
	}
	exchange_list_end(&w, count > (size_t)limit ? id_text(&tokens[limit - 1].id, text) : NULL);
	return 0;
}

struct wish {
	const char *name, *member, *role, *expires_in;
	const char *const *scopes;
};

static const char *const service_roles[] = { "admin", "member", "viewer", NULL };

static const struct json_field fields[] = {
	JSON_TEXT(struct wish, name, JSON_NEEDED, TOKEN_NAME_MOST),
	JSON_TEXT(struct wish, expires_in, JSON_OPTIONAL, EXPIRES_IN_MOST),
	JSON_TEXT(struct wish, member, JSON_OPTIONAL, MEMBER_EMAIL_MOST),
	JSON_WORD(struct wish, role, JSON_OPTIONAL, service_roles),
	JSON_TEXTS(struct wish, scopes, JSON_OPTIONAL, SCOPES),
	{ 0 },
};

static const struct json_field operator_fields[] = {
	JSON_TEXT(struct wish, name, JSON_NEEDED, TOKEN_NAME_MOST),
	JSON_TEXT(struct wish, expires_in, JSON_OPTIONAL, EXPIRES_IN_MOST),
	JSON_TEXTS(struct wish, scopes, JSON_OPTIONAL, SCOPES),
	{ 0 },
};

static int read_life(const char *expires_in, int64_t *ret_expires_at, struct error *e)
{
	int64_t life_ms = TOKEN_LIFE_DEFAULT_MS;

	if (expires_in &&
	    (text_to_duration_ms(expires_in, &life_ms) < 0 || life_ms < 1 || life_ms > TOKEN_LIFE_MOST_MS))
		return error_set(
			e, ERROR_INPUT, "token.expires_in",
			"\"expires_in\" is \"%s\"; a time such as \"30d\" is expected, at most %lldd",
			expires_in, (long long)(TOKEN_LIFE_MOST_MS / DAY_MS));
	*ret_expires_at = clock_now_us() + life_ms * 1000;
	return 0;
}

static int bad_scope(struct exchange *x, const char *name, struct error *e)
{
	return error_set(e, ERROR_INPUT, "token.scope", "there is no scope \"%.80s\"%s; there are %s", name,
			 exchange_suggestion(x, name, scope_names(x->arena)),
			 scopes_text(&(struct scopes){ true, UINT32_MAX }, x->arena));
}

/* Nobody hands on more than they have. */
static int check_scopes(struct exchange *x, const char *const *names, struct error *e)
{
	for (; *names; names++) {
		enum scope scope = scope_parse(*names);

		if (scope == SCOPE_UNSAID)
			return bad_scope(x, *names, e);
		if (!scopes_include(&x->principal.scopes, scope))
			return error_set(e, ERROR_DENIED, "token.scope_beyond",
					 "your token lacks the scope \"%s\" and cannot hand it on; it has %s",
					 *names, scopes_text(&x->principal.scopes, x->arena));
	}
	return 0;
}

/* Without a word about scopes a token has those of who makes it. */
static int choose_scopes(struct exchange *x, const struct wish *wish, struct token *token, struct error *e)
{
	token->scopes = wish->scopes ? wish->scopes : scopes_list(&x->principal.scopes, x->arena);
	if (wish->scopes && !wish->scopes[0])
		return error_set(e, ERROR_INPUT, "token.scope",
				 "\"scopes\" is empty; name what the token may do, or leave it out");
	return wish->scopes ? check_scopes(x, wish->scopes, e) : 0;
}

/* Whom it will speak for: a member, or nobody but itself. */
static int choose_speaker(struct exchange *x, const struct wish *wish, struct token *token, struct error *e)
{
	struct member member;

	if (!wish->member == !wish->role)
		return error_set(e, ERROR_INPUT, "token.speaker",
				 "exactly one of \"member\" and \"role\" is expected: whom the token speaks "
				 "for, or its own role");
	token->role = wish->role;
	if (wish->role)
		return token->maker = x->principal.maker, 0;
	if (members_find(x, wish->member, &member, e) < 0)
		return -1;
	if (!text_equal(member.state, "active"))
		return error_set(e, ERROR_CONFLICT, "member.not_active", "the member is \"%s\", not active",
				 member.state);
	token->user = member.user;
	return 0;
}

static int check_speaker(struct exchange *x, const struct token *token, struct error *e)
{
	bool personal = !id_is_nil(&token->user) && id_equal(&token->user, &x->principal.user);

	if (exchange_may(x, (struct question){ .permit = PERMIT_CREATE_KEYS, .personal = personal }, e) < 0)
		return -1;
	if (x->principal.kind == PRINCIPAL_OPERATOR || personal || token->role)
		return 0;
	return error_set(e, ERROR_DENIED, "token.somebody_else",
			 "a token that speaks for a member is made by that member, or by the operator");
}

static int keep(struct exchange *x, struct token *token, const uint8_t hash[CRYPT_DIGEST_SIZE],
		struct error *e)
{
	char id[ID_TEXT_SIZE], member[ID_TEXT_SIZE];
	struct scopes scopes = scopes_read(token->scopes);
	const char *speaker = id_is_nil(&token->user) ? NULL : id_text(&token->user, member);

	if (token_create(x->tx, token, hash, e) < 0)
		return -1;
	return exchange_audit(x, "token.created", "token", id_text(&token->id, id), token->name, NULL,
			      exchange_object(x, "member", speaker, "role", token->role, "scopes",
					      scopes_text(&scopes, x->arena), NULL),
			      e);
}

/* The one answer that holds its text. */
static void show_once(struct exchange *x, const struct token *token, const struct secret *text)
{
	struct json_writer w;

	x->shown_once = true;
	exchange_reply(x, 201, &w);
	json_begin_object(&w, NULL);
	put_members(x, &w, token);
	json_put_text(&w, "token", secret_text(text));
	json_end_object(&w);
}

static int make(struct exchange *x, const struct wish *wish, struct token *token, struct error *e)
{
	uint8_t hash[CRYPT_DIGEST_SIZE];
	scoped(secret) *text = NULL;

	token->id = id_new();
	token->organisation = x->organisation.id;
	token->made_with = x->principal.token;
	token->name = wish->name;
	token->created_by = exchange_who(x);
	token->created_at = clock_now_us();
	if (exchange_check_name("token", wish->name, e) < 0 || choose_scopes(x, wish, token, e) < 0 ||
	    read_life(wish->expires_in, &token->expires_at, e) < 0)
		return -1;
	text = crypt_token_new(TOKEN_PREFIX, hash);
	if (keep(x, token, hash, e) < 0)
		return -1;
	show_once(x, token, text);
	return 0;
}

int tokens_create(struct exchange *x, struct error *e)
{
	struct wish wish = { 0 };
	struct token token = { 0 };

	if (exchange_read(x, fields, &wish, e) < 0 || choose_speaker(x, &wish, &token, e) < 0 ||
	    check_speaker(x, &token, e) < 0)
		return -1;
	return make(x, &wish, &token, e);
}

int tokens_create_operators(struct exchange *x, struct error *e)
{
	struct wish wish = { 0 };
	struct token token = { 0 };

	return exchange_read(x, operator_fields, &wish, e) < 0 ? -1 : make(x, &wish, &token, e);
}

static bool is_own(const struct exchange *x, const struct token *token)
{
	return (!id_is_nil(&token->user) && id_equal(&token->user, &x->principal.user)) ||
	       id_equal(&token->id, &x->principal.token);
}

static int find_named(struct exchange *x, struct token *ret, struct error *e)
{
	const char *named = request_segment(x->request, "token");
	struct id id;
	int found = 0;

	if (id_parse(named, &id) == 0)
		found = token_load(x->tx, x->arena, exchange_owner(x), &id, ret, e);
	return found == 0 ? exchange_unknown("token", named, e) : found == 1 ? 0 : -1;
}

/* ---- revoked ---- */

const char *const tokens_revoke_parameters[] = { "successors", NULL };

static const char *const successor_words[] = { "revoke", "keep", NULL };

static int record_revoked(struct exchange *x, const struct id *asked, const struct token_name *token, struct error *e)
{
	char id[ID_TEXT_SIZE], first[ID_TEXT_SIZE];
	const char *why = arena_format(x->arena, "made of itself by token %s, which was revoked", id_text(asked, first));

	return exchange_audit(x, "token.revoked", "token", id_text(&token->id, id), token->name, NULL,
			      id_equal(asked, &token->id) ? NULL : exchange_object(x, "because", why, NULL), e);
}

static void put_names(struct json_writer *w, const char *name, const struct token_names *names)
{
	json_begin_array(w, name);
	for (size_t i = 0; i < names->count; i++) {
		json_begin_object(w, NULL);
		exchange_put_id(w, "id", &names->list[i].id);
		json_put_text(w, "name", names->list[i].name);
		json_end_object(w);
	}
	json_end_array(w);
}

/* If it went alone and has left nothing, there is nothing to read. */
static void show_revoked(struct exchange *x, const struct token_names *revoked, const struct token_names *made)
{
	struct json_writer w;

	if (revoked->count == 1 && made->count == 0) {
		exchange_done(x);
		return;
	}
	exchange_reply(x, 200, &w);
	json_begin_object(&w, NULL);
	put_names(&w, "revoked", revoked);
	put_names(&w, "made_with_it", made);
	json_end_object(&w);
}

static int revoke(struct exchange *x, const struct token *token, struct error *e)
{
	struct token_names revoked, made;
	const char *successors;
	char id[ID_TEXT_SIZE];

	if (exchange_word(x, "successors", successor_words, &successors, e) < 0 ||
	    token_revoke(x->tx, x->arena, exchange_owner(x), &token->id, !text_equal(successors, "keep"), &revoked, &made,
			 e) < 0)
		return -1;
	if (revoked.count == 0)
		return exchange_unknown("token", id_text(&token->id, id), e);
	for (size_t i = 0; i < revoked.count; i++)
		if (record_revoked(x, &token->id, &revoked.list[i], e) < 0)
			return -1;
	show_revoked(x, &revoked, &made);
	return 0;
}

int tokens_revoke(struct exchange *x, struct error *e)
{
	struct token token;

	if (find_named(x, &token, e) < 0)
		return -1;
	if (exchange_owner(x) &&
	    exchange_may(x, (struct question){ .permit = PERMIT_DELETE_KEYS, .own = is_own(x, &token) }, e) <
		    0)
		return -1;
	return revoke(x, &token, e);
}

/* Nobody is given a token that may more than their own. */
static int check_reach(struct exchange *x, const struct token *token, struct error *e)
{
	if (!token->scopes && x->principal.scopes.limited)
		return error_set(e, ERROR_DENIED, "token.scope_beyond",
				 "the token may do whatever its role may, and yours may not: it has %s",
				 scopes_text(&x->principal.scopes, x->arena));
	return token->scopes ? check_scopes(x, token->scopes, e) : 0;
}

/* A setup link ends soon, and whoever needs it longer needs another: nobody answers for it, and nothing takes its place. */
static int check_no_link(const struct token *token, struct error *e)
{
	struct id setup_of = token_setup_of(token->scopes);

	if (id_is_nil(&setup_of))
		return 0;
	return error_set(e, ERROR_CONFLICT, "token.setup",
			 "this is the token of a setup link, which is neither rotated nor adopted; make another link "
			 "(rosterctl connection setup-link ORG/NAME)");
}

/* ---- adopted ---- */

/* Whoever adopts a service could as well have made it. */
static int check_adoption(struct exchange *x, const struct token *token, struct error *e)
{
	if (!token->role)
		return error_set(e, ERROR_CONFLICT, "token.not_a_service",
				 "this token speaks for a member, who alone answers for it");
	if (token->revoked_at)
		return error_set(e, ERROR_CONFLICT, "token.revoked",
				 "this token is revoked, which is final; make another");
	if (exchange_may(x, (struct question){ .permit = PERMIT_CREATE_KEYS }, e) < 0)
		return -1;
	return check_no_link(token, e) < 0 ? -1 : check_reach(x, token, e);
}

static const char *maker_of(struct exchange *x, const struct id *maker)
{
	char text[ID_TEXT_SIZE];

	return exchange_object(x, "maker", id_is_nil(maker) ? NULL : id_text(maker, text), NULL);
}

static int adopt(struct exchange *x, const struct token *token, struct error *e)
{
	char id[ID_TEXT_SIZE];
	int adopted = token_set_maker(x->tx, exchange_owner(x), &token->id, &x->principal.maker, e);

	if (adopted <= 0)
		return adopted == 0 ? exchange_unknown("token", id_text(&token->id, id), e) : -1;
	return exchange_audit(x, "token.adopted", "token", id_text(&token->id, id), token->name,
			      maker_of(x, &token->maker), maker_of(x, &x->principal.maker), e);
}

int tokens_adopt(struct exchange *x, struct error *e)
{
	struct token token;
	struct json_writer w;

	if (find_named(x, &token, e) < 0 || check_adoption(x, &token, e) < 0 || adopt(x, &token, e) < 0 ||
	    find_named(x, &token, e) < 0)
		return -1;
	exchange_reply(x, 200, &w);
	json_begin_object(&w, NULL);
	put_members(x, &w, &token);
	json_end_object(&w);
	return 0;
}

/* ---- rotated ---- */

struct rotation {
	const char *overlap;
};

static const struct json_field rotation_fields[] = {
	JSON_TEXT(struct rotation, overlap, JSON_OPTIONAL, EXPIRES_IN_MOST),
	{ 0 },
};

static int read_overlap(const char *overlap, int64_t *ret_until, struct error *e)
{
	int64_t ms = TOKEN_OVERLAP_DEFAULT_MS;

	if (overlap && (text_to_duration_ms(overlap, &ms) < 0 || ms < 0 || ms > TOKEN_OVERLAP_MOST_MS))
		return error_set(e, ERROR_INPUT, "token.overlap",
				 "\"overlap\" is \"%s\"; a time such as \"1h\" is expected, at most %lldd", overlap,
				 (long long)(TOKEN_OVERLAP_MOST_MS / DAY_MS));
	*ret_until = clock_now_us() + ms * 1000;
	return 0;
}

/* Whoever rotates a token could as well have made it: what they get speaks for whom it spoke for. */
static int check_rotation(struct exchange *x, const struct token *token, struct error *e)
{
	if (token->revoked_at || (token->expires_at && token->expires_at <= clock_now_us()))
		return error_set(e, ERROR_CONFLICT, "token.revoked",
				 "this token is revoked or expired, which is final; make another");
	if ((exchange_owner(x) && check_speaker(x, token, e) < 0) || check_no_link(token, e) < 0)
		return -1;
	return check_reach(x, token, e);
}

/* The same in everything but its id, its text, its time, and who answers for it. */
static struct token successor(struct exchange *x, const struct token *old)
{
	struct token token = *old;

	token.id = id_new();
	token.organisation = x->organisation.id;
	token.made_with = x->principal.token;
	token.created_by = exchange_who(x);
	token.created_at = clock_now_us();
	token.expires_at = old->expires_at ? token.created_at + old->expires_at - old->created_at : 0;
	token.last_used_at = 0;
	token.suspended_at = 0;
	token.asleep = false;
	if (token.role)
		token.maker = x->principal.maker;
	return token;
}

static int take_place(struct exchange *x, const struct token *old, const struct token *by, int64_t until, struct error *e)
{
	char was[ID_TEXT_SIZE], is[ID_TEXT_SIZE];
	struct id other;
	int taken = token_replace(x->tx, exchange_owner(x), &old->id, &by->id, until, &other, e);

	if (taken == 0)
		return error_set(e, ERROR_CONFLICT, "token.rotated",
				 "this token was rotated already; the one in its place is %s", id_text(&other, was));
	if (taken < 0)
		return -1;
	return exchange_audit(x, "token.rotated", "token", id_text(&old->id, was), old->name, NULL,
			      exchange_object(x, "by", id_text(&by->id, is), NULL), e);
}

/* Locked first: of two who rotate it at the same moment one comes second, and what is being revoked has no
 * successor. */
static int find_locked(struct exchange *x, struct token *ret, struct error *e)
{
	if (find_named(x, ret, e) < 0 || token_lock(x->tx, exchange_owner(x), &ret->id, e) < 0)
		return -1;
	return find_named(x, ret, e);
}

int tokens_rotate(struct exchange *x, struct error *e)
{
	struct rotation wish = { 0 };
	uint8_t hash[CRYPT_DIGEST_SIZE];
	scoped(secret) *text = NULL;
	struct token old;
	int64_t until = 0;

	if (find_locked(x, &old, e) < 0 || exchange_read(x, rotation_fields, &wish, e) < 0 ||
	    read_overlap(wish.overlap, &until, e) < 0 || check_rotation(x, &old, e) < 0)
		return -1;
	struct token token = successor(x, &old);
	text = crypt_token_new(TOKEN_PREFIX, hash);
	if (keep(x, &token, hash, e) < 0 || take_place(x, &old, &token, until, e) < 0)
		return -1;
	show_once(x, &token, text);
	return 0;
}
