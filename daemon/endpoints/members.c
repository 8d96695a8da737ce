/* Roles and states as administrators set them. What a directory says goes another way; a role that was set
 * here is no longer changed by a mapping, unless a rule says so, until it is given back. */
#include "endpoints/members.h"

#include "base/text.h"
#include "provision/explain.h"
#include "roster/member.h"
#include "roster/seats.h"
#include "roster/token.h"

const char *const members_parameters[] = { "limit", "after", "state", "role", "q", NULL };

void members_put(struct json_writer *w, const char *name, const struct member *m)
{
	json_begin_object(w, name);
	exchange_put_id(w, "id", &m->user);
	json_put_text(w, "name", m->name);
	json_put_text(w, "email", m->email);
	json_put_text(w, "user_name", m->user_name);
	json_put_text(w, "title", m->title);
	json_put_text(w, "department", m->department);
	json_put_text(w, "role", m->role);
	json_put_text(w, "role_source", m->role_source);
	json_put_text(w, "state", m->state);
	json_put_text(w, "suspended_by", m->suspended_by);
	json_put_time(w, "waiting_since", m->waiting_since);
	json_put_text(w, "waiting_role", m->waiting_role);
	json_put_time(w, "suspended_at", m->suspended_at);
	json_put_time(w, "grace_until", m->grace_until);
	json_put_time(w, "left_at", m->left_at);
	json_put_text(w, "left_by", m->left_by);
	json_put_text(w, "source", m->source);
	exchange_put_id(w, "connection", &m->connection);
	json_put_bool(w, "guest", m->guest);
	json_put_time(w, "joined_at", m->joined_at);
	json_put_time(w, "last_active_at", m->last_active_at);
	json_put_int(w, "version", m->version);
	json_end_object(w);
}

int members_find(struct exchange *x, const char *named, struct member *ret, struct error *e)
{
	int found = member_find(x->tx, x->arena, &x->organisation.id, named, ret, e);

	return found == 0 ? exchange_unknown("member", named, e) : found == 1 ? 0 : -1;
}

static int find_named(struct exchange *x, struct member *ret, struct error *e)
{
	return members_find(x, request_segment(x->request, "member"), ret, e);
}

static void show(struct exchange *x, int status, const struct member *member)
{
	struct json_writer w;

	exchange_etag(x, member->version);
	exchange_reply(x, status, &w);
	members_put(&w, NULL, member);
}

/* Replies with the member as they are now. */
static int show_again(struct exchange *x, int status, const struct id *user, struct error *e)
{
	struct member member;
	char text[ID_TEXT_SIZE];
	int found = member_load(x->tx, x->arena, &x->organisation.id, user, &member, e);

	if (found <= 0)
		return found == 0 ? exchange_unknown("member", id_text(user, text), e) : -1;
	show(x, status, &member);
	return 0;
}

int members_list(struct exchange *x, struct error *e)
{
	struct member_filter filter = { .text = request_query(x->request, "q") };
	struct json_writer w;
	struct member *members;
	struct id place;
	size_t count, limit;
	char text[ID_TEXT_SIZE];

	if (exchange_page_id(x, &filter.most, &place, &filter.after, e) < 0 ||
	    exchange_word(x, "state", member_states, &filter.state, e) < 0 ||
	    exchange_word(x, "role", member_roles, &filter.role, e) < 0)
		return -1;
	limit = (size_t)filter.most++;
	if (member_list(x->tx, x->arena, &x->organisation.id, &filter, &members, &count, e) < 0)
		return -1;
	exchange_list_begin(x, &w);
	for (size_t i = 0; i < count && i < limit; i++)
		members_put(&w, NULL, &members[i]);
	exchange_list_end(&w, count > limit ? id_text(&members[limit - 1].user, text) : NULL);
	return 0;
}

int members_show(struct exchange *x, struct error *e)
{
	struct member member;

	if (find_named(x, &member, e) < 0)
		return -1;
	show(x, 200, &member);
	return 0;
}

/* ---- made by hand ---- */

enum { ROLE_MOST = 32 };

struct wish {
	const char *name, *email, *role, *state;
};

static const char *const given_roles[] = { "admin", "member", "viewer", NULL };
static const char *const given_states[] = { "active", "suspended", NULL };

static const struct json_field create_fields[] = {
	JSON_TEXT(struct wish, name, JSON_NEEDED, MEMBER_NAME_MOST),
	JSON_TEXT(struct wish, email, JSON_NEEDED, MEMBER_EMAIL_MOST),
	JSON_WORD(struct wish, role, JSON_OPTIONAL, given_roles),
	{ 0 },
};

static int check_new(struct exchange *x, const char *email, struct error *e)
{
	struct member member;
	int found = member_find(x->tx, x->arena, &x->organisation.id, email, &member, e);

	if (found < 0)
		return -1;
	if (found == 1 && !text_equal(member.state, "left"))
		return error_set(e, ERROR_CONFLICT, "member.exists", "\"%s\" is a member already", email);
	return 0;
}

/* The address is what the operator says it is: not proven, so it links to no account and lets nobody in. */
int members_create(struct exchange *x, struct error *e)
{
	struct wish wish = { 0 };
	struct member made = { .organisation = x->organisation.id, .user = id_new(), .source = "operator" };
	char text[ID_TEXT_SIZE];

	if (exchange_read(x, create_fields, &wish, e) < 0 ||
	    exchange_check_name("member", wish.name, e) < 0 ||
	    text_email(x->arena, wish.email, &made.email, e) < 0 || check_new(x, made.email, e) < 0)
		return -1;
	made.name = wish.name;
	made.role = wish.role ? wish.role : x->organisation.default_role;
	made.role_source = wish.role ? "manual" : "default";
	if (seats_take(x->tx, x->arena, &x->organisation, NULL, made.role, e) < 0 || member_create(x->tx, &made, e) < 0 ||
	    exchange_audit(x, "member.joined", "member", id_text(&made.user, text), made.name, NULL,
			   exchange_object(x, "name", made.name, "email", made.email, "role", made.role,
					   "state", "active", NULL),
			   e) < 0)
		return -1;
	exchange_location(x, "/v1/organisations/%s/members/%s", x->organisation.slug, text);
	return show_again(x, 201, &made.user, e);
}

/* ---- changed ---- */

static const struct json_field change_fields[] = {
	JSON_TEXT(struct wish, role, JSON_OPTIONAL, ROLE_MOST),
	JSON_WORD(struct wish, state, JSON_OPTIONAL, given_states),
	{ 0 },
};

/* What the matrix must be asked about a change of this member. */
static struct question about(enum permit permit, const struct member *member, const char *to)
{
	return (struct question){
		.permit = permit,
		.target_is_owner = text_equal(member->role, "owner"),
		.to = role_parse(to),
	};
}

static int to_owner(struct error *e)
{
	return error_set(e, ERROR_CONFLICT, "member.to_owner",
			 "nobody is given the role of the owner, who offers the ownership instead "
			 "(\"rosterctl ownership offer\", POST "
			 ".../ownership)");
}

/* The declared order holds for people, too: what would not count is not taken. */
static int check_led(struct exchange *x, const struct member *member, const char *role, struct error *e)
{
	struct explain_role chosen;

	if (member_hold(x->tx, &x->organisation.id, &member->user, e) < 0 ||
	    explain_role_if(x->tx, x->arena, member, role, &chosen, e) < 0)
		return -1;
	if (!chosen.spoken || !chosen.directory)
		return 0;
	return error_set(e, ERROR_CONFLICT, "member.role_led",
			 "\"%s\" leads for the role and says \"%s\", so one that a person sets does not "
			 "count; change it there, or the "
			 "rule for \"role\"",
			 chosen.directory, chosen.role);
}

static int write_role(struct exchange *x, struct member *member, const char *role, const char *source,
		      struct error *e)
{
	char text[ID_TEXT_SIZE];

	if (text_equal(member->state, "active") &&
	    seats_take(x->tx, x->arena, &x->organisation, member->role, role, e) < 0)
		return -1;
	return member_set_role(x->tx, member, role, source, e) < 0
		       ? -1
		       : exchange_audit(x, "member.role_changed", "member", id_text(&member->user, text),
					member->name,
					exchange_object(x, "role", member->role, "role_source",
							member->role_source, NULL),
					exchange_object(x, "role", role, "role_source", source, NULL), e);
}

/* "owner" is a role, and is refused where it is known who asks; it is offered to nobody. */
static int check_role(const struct exchange *x, const char *role, struct error *e)
{
	for (const char *const *word = member_roles; role && *word; word++)
		if (text_equal(role, *word))
			return 0;
	return !role ? 0
		     : error_set(e, ERROR_INPUT, "json.field",
				 "\"/role\": \"%s\" is no role that can be given%s", role,
				 exchange_choices(x, role, given_roles));
}

static int change_role(struct exchange *x, struct member *member, const char *role, struct error *e)
{
	if (exchange_may(x, about(PERMIT_CHANGE_ROLES, member, role), e) < 0)
		return -1;
	if (text_equal(role, member->role) && text_equal(member->role_source, "manual") && !member->waiting_role)
		return 0;
	if (text_equal(role, "owner"))
		return to_owner(e);
	if (check_led(x, member, role, e) < 0 || write_role(x, member, role, "manual", e) < 0)
		return -1;
	member->version++;
	member->role = role;
	return 0;
}

/* Whom the operator suspended only the operator lets in again: removed and back is no way round. */
static int check_operators(const struct exchange *x, const struct member *member, struct error *e)
{
	if (x->principal.kind == PRINCIPAL_OPERATOR || !text_equal(member->suspended_by, "operator"))
		return 0;
	return error_set(e, ERROR_DENIED, "member.suspended_by_operator",
			 "the operator suspended this member; only the operator can change that");
}

/* ---- their keys ---- */

/* What a change of somebody's state did to a token: "token.suspended", "token.restored", "token.revoked"; NULL: nothing. */
static const char *what_became(const struct token_standing *was, const struct token_standing *is)
{
	if (is->revoked)
		return "token.revoked";
	if (was->suspended != is->suspended)
		return is->suspended ? "token.suspended" : "token.restored";
	return NULL;
}

struct keys {
	struct token_standing *was, *is;
	size_t count;
};

static int look_at_keys(struct exchange *x, const struct member *member, struct token_standing **ret, size_t *ret_count,
			struct error *e)
{
	return token_standings(x->tx, x->arena, &x->organisation.id, &member->user, ret, ret_count, e);
}

static const struct token_standing *find_key(const struct token_standing *all, size_t count, const struct id *id)
{
	for (size_t i = 0; i < count; i++)
		if (id_equal(&all[i].id, id))
			return &all[i];
	return NULL;
}

/* The same tokens before and after, side by side; one that somebody made in between is nobody's to tell of here. */
static int compare_keys(struct exchange *x, const struct member *member, struct keys *keys, struct error *e)
{
	struct token_standing *is;
	size_t count, kept = 0;

	if (look_at_keys(x, member, &is, &count, e) < 0)
		return -1;
	keys->is = arena_array(x->arena, keys->count, sizeof(*keys->is));
	for (size_t i = 0; i < keys->count; i++) {
		const struct token_standing *now = find_key(is, count, &keys->was[i].id);

		if (!now)
			continue;
		keys->was[kept] = keys->was[i];
		keys->is[kept++] = *now;
	}
	keys->count = kept;
	return 0;
}

static int record_keys(struct exchange *x, const struct member *member, const char *because, const struct keys *keys,
		       struct error *e)
{
	char id[ID_TEXT_SIZE], person[ID_TEXT_SIZE];

	for (size_t i = 0; i < keys->count; i++) {
		const char *action = what_became(&keys->was[i], &keys->is[i]);

		if (action &&
		    exchange_audit(x, action, "token", id_text(&keys->was[i].id, id), keys->was[i].name, NULL,
				   exchange_object(x, "member", id_text(&member->user, person), "because", because, NULL), e) < 0)
			return -1;
	}
	return 0;
}

static void put_keys(struct json_writer *w, const char *name, const char *action, const struct keys *keys)
{
	json_begin_array(w, name);
	for (size_t i = 0; i < keys->count; i++) {
		if (!text_equal(what_became(&keys->was[i], &keys->is[i]), action))
			continue;
		json_begin_object(w, NULL);
		exchange_put_id(w, "id", &keys->was[i].id);
		json_put_text(w, "name", keys->was[i].name);
		json_end_object(w);
	}
	json_end_array(w);
}

/* ---- their state ---- */

static int rank_of(const char *suspended_by)
{
	return text_equal(suspended_by, "operator") ? 2 : text_equal(suspended_by, "admin") ? 1 : 0;
}

/* Whom a directory suspended an administrator can suspend as well: then no directory brings them back, and no grace time ends. */
static bool is_there_already(const struct member *member, const char *state, const char *by)
{
	return text_equal(state, member->state) &&
	       (!text_equal(state, "suspended") || rank_of(by) <= rank_of(member->suspended_by));
}

static const char *action_of(const char *from, const char *to)
{
	if (text_equal(to, "suspended"))
		return "member.suspended";
	if (text_equal(to, "left"))
		return "member.removed";
	return text_equal(from, "waiting") ? "member.admitted" : "member.restored";
}

static int set_state(struct exchange *x, struct member *member, const char *state, const char *by, struct error *e)
{
	char text[ID_TEXT_SIZE];

	if (member_set_state(x->tx, member, state, by, e) < 0)
		return -1;
	member->version++;
	return exchange_audit(x, action_of(member->state, state), "member", id_text(&member->user, text), member->name,
			      exchange_object(x, "state", member->state, "suspended_by", member->suspended_by, NULL),
			      exchange_object(x, "state", state, "suspended_by", text_equal(state, "suspended") ? by : NULL, NULL),
			      e);
}

/* Fills what became of their tokens. */
static int change_state(struct exchange *x, struct member *member, const char *state, struct keys *keys, struct error *e)
{
	const char *by = x->principal.kind == PRINCIPAL_OPERATOR ? "operator" : "admin", *action = action_of(member->state, state);

	if (exchange_may(x, about(PERMIT_REMOVE_MEMBERS, member, NULL), e) < 0)
		return -1;
	if (is_there_already(member, state, by))
		return 0;
	if (check_operators(x, member, e) < 0 || look_at_keys(x, member, &keys->was, &keys->count, e) < 0 ||
	    set_state(x, member, state, by, e) < 0 || compare_keys(x, member, keys, e) < 0)
		return -1;
	return record_keys(x, member, action, keys, e);
}

/* Who comes in, again or at last, needs a seat like anybody. */
static int check_return(struct exchange *x, const struct member *member, const char *state, struct error *e)
{
	if (text_equal(member->state, "left") && !text_equal(state, "active"))
		return error_set(e, ERROR_CONFLICT, "member.left", "somebody who has left cannot be suspended");
	if (text_equal(state, "active") && !text_equal(member->state, "active") && !text_equal(member->role, "owner"))
		return seats_take(x->tx, x->arena, &x->organisation, NULL, member->role, e);
	return 0;
}

int members_change(struct exchange *x, struct error *e)
{
	struct wish wish = { 0 };
	struct member member;
	struct keys keys = { 0 };

	if (exchange_read(x, change_fields, &wish, e) < 0 || check_role(x, wish.role, e) < 0 ||
	    find_named(x, &member, e) < 0 || exchange_match(x, member.version, e) < 0 ||
	    (wish.role && change_role(x, &member, wish.role, e) < 0) ||
	    (wish.state && (check_return(x, &member, wish.state, e) < 0 ||
			    change_state(x, &member, wish.state, &keys, e) < 0)))
		return -1;
	return show_again(x, 200, &member.user, e);
}

/* ---- given back ---- */

static int no_directory(struct error *e)
{
	return error_set(e, ERROR_CONFLICT, "member.no_directory",
			 "no directory shows this person, so none can decide about the role; give them "
			 "another one instead");
}

/* By what the directories say now: whoever holds the member looks after a run that was at it, and before the
 * next. */
static int give_back_role(struct exchange *x, struct member *member, struct error *e)
{
	struct explain_role chosen;

	if (text_equal(member->role, "owner"))
		return error_set(e, ERROR_CONFLICT, "member.is_owner",
				 "the owner's role is no directory's to decide; hand the ownership over "
				 "first (\"rosterctl ownership "
				 "offer\", POST .../ownership)");
	if (member_hold(x->tx, &x->organisation.id, &member->user, e) < 0 ||
	    explain_role_if(x->tx, x->arena, member, "", &chosen, e) < 0)
		return -1;
	if (!chosen.spoken)
		return no_directory(e);
	return write_role(x, member, chosen.role ? chosen.role : x->organisation.default_role,
			  chosen.role ? "mapping" : "default", e);
}

int members_give_back_role(struct exchange *x, struct error *e)
{
	struct member member;

	if (find_named(x, &member, e) < 0 || exchange_match(x, member.version, e) < 0 ||
	    exchange_may(x, about(PERMIT_CHANGE_ROLES, &member, NULL), e) < 0)
		return -1;
	if (!member.role_by_hand && !text_equal(member.role_source, "manual"))
		return show_again(x, 200, &member.user, e);
	return give_back_role(x, &member, e) < 0 ? -1 : show_again(x, 200, &member.user, e);
}

/* ---- removed ---- */

/* What was done to their keys is told; if there were none, there is nothing to read. */
static void show_removed(struct exchange *x, const struct keys *keys)
{
	struct json_writer w;

	if (keys->count == 0) {
		exchange_done(x);
		return;
	}
	exchange_reply(x, 200, &w);
	json_begin_object(&w, NULL);
	json_begin_object(&w, "tokens");
	put_keys(&w, "revoked", "token.revoked", keys);
	put_keys(&w, "suspended", "token.suspended", keys);
	json_end_object(&w);
	json_end_object(&w);
}

int members_remove(struct exchange *x, struct error *e)
{
	struct member member;
	struct keys keys = { 0 };

	if (find_named(x, &member, e) < 0 || exchange_match(x, member.version, e) < 0 ||
	    change_state(x, &member, "left", &keys, e) < 0)
		return -1;
	show_removed(x, &keys);
	return 0;
}
