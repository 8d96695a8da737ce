/* The operator makes organisations and sets their type and state; owners and admins set the rest. */
#include "endpoints/organisations.h"

#include "base/text.h"
#include "http/network.h"
#include "roster/connection.h"
#include "roster/managed.h"
#include "roster/member.h"
#include "roster/seats.h"

static const char *const default_roles[] = { "admin", "member", "viewer", NULL };
static const char *const settable_states[] = { "active", "suspended", NULL };
static const char *const over_words[] = { "refuse", "wait", NULL };

enum { SEAT_LIMIT_MOST = 9 }; /* characters */

static void put_texts(struct json_writer *w, const char *name, const char *const *texts)
{
	json_begin_array(w, name);
	for (size_t i = 0; texts[i]; i++)
		json_put_text(w, NULL, texts[i]);
	json_end_array(w);
}

static void put_seats(struct json_writer *w, const struct seats *seats)
{
	json_begin_object(w, "seats");
	json_put_int(w, "used", seats->used);
	if (seats->most == SEATS_UNLIMITED)
		json_put_null(w, "limit");
	else
		json_put_int(w, "limit", seats->most);
	json_put_int(w, "waiting", seats->waiting);
	json_end_object(w);
}

/* managed, seats NULL: not looked up. */
static void put_organisation(const struct exchange *x, struct json_writer *w, const struct organisation *o,
			     const struct managed *managed, const struct seats *seats)
{
	json_begin_object(w, NULL);
	exchange_put_id(w, "id", &o->id);
	json_put_text(w, "slug", o->slug);
	json_put_text(w, "name", o->name);
	json_put_text(w, "type", o->type);
	json_put_text(w, "plan", o->plan);
	json_put_text(w, "seat_limit", o->seat_limit);
	if (seats)
		put_seats(w, seats);
	json_put_text(w, "state", o->state);
	json_put_text(w, "default_role", o->default_role);
	put_texts(w, "ip_allow_list", o->ip_allow_list);
	json_put_int(w, "retention_days", o->retention_days);
	json_put_text(w, "grace", exchange_duration(x, o->grace_ms));
	json_put_text(w, "session_idle", o->session_idle_ms ? exchange_duration(x, o->session_idle_ms) : NULL);
	json_put_text(w, "session_length", o->session_most_ms ? exchange_duration(x, o->session_most_ms) : NULL);
	put_texts(w, "former_slugs", o->former_slugs);
	exchange_put_id(w, "owner", &o->owner);
	json_put_time(w, "owner_absent_at", o->owner_absent_at);
	json_put_int(w, "members", o->members);
	json_put_time(w, "created_at", o->created_at);
	json_put_int(w, "version", o->version);
	json_put_text(w, "managed_by", exchange_managed_by(x, o->managed_by));
	if (managed)
		exchange_put_managed(x, w, managed);
	if (o->deleted_at) {
		json_put_time(w, "deleted_at", o->deleted_at);
		json_put_time(w, "purge_after", o->purge_after);
	}
	json_end_object(w);
}

static int show_found(struct exchange *x, int status, struct organisation *organisation, struct error *e)
{
	struct json_writer w;
	struct managed managed = { 0 };
	struct seats seats;
	char id[ID_TEXT_SIZE];

	if (organisation_count(x->tx, x->arena, organisation, e) < 0 ||
	    seats_count(x->tx, x->arena, &organisation->id, &seats, e) < 0 ||
	    (organisation->managed_by &&
	     managed_find(x->tx, x->arena, &organisation->id, "organisation", id_text(&organisation->id, id), &managed,
			  e) < 0))
		return -1;
	exchange_etag(x, organisation->version);
	exchange_reply(x, status, &w);
	put_organisation(x, &w, organisation, &managed, &seats);
	return 0;
}

int organisations_reply(struct exchange *x, int status, const struct id *id, struct error *e)
{
	struct organisation organisation;
	char text[ID_TEXT_SIZE];
	int found = organisation_load(x->tx, x->arena, id, &organisation, e);

	if (found <= 0)
		return found == 0 ? exchange_unknown("organisation", id_text(id, text), e) : -1;
	return show_found(x, status, &organisation, e);
}

static int list_all(struct exchange *x, bool deleted, int limit, const char *after, struct error *e)
{
	struct organisation *organisations;
	struct json_writer w;
	size_t count;

	if (organisation_list(x->tx, x->arena, deleted, after, limit + 1, &organisations, &count, e) < 0)
		return -1;
	exchange_list_begin(x, &w);
	for (size_t i = 0; i < count && i < (size_t)limit; i++)
		put_organisation(x, &w, &organisations[i], NULL, NULL);
	exchange_list_end(&w, count > (size_t)limit ? organisations[limit - 1].slug : NULL);
	return 0;
}

/* Whoever is of an organisation sees that one. */
static int list_own(struct exchange *x, const char *after, struct error *e)
{
	struct organisation own;
	struct json_writer w;
	int found;

	if (tx_for(x->tx, &x->principal.organisation, e) < 0)
		return -1;
	found = organisation_load(x->tx, x->arena, &x->principal.organisation, &own, e);
	if (found < 0 || (found == 1 && organisation_count(x->tx, x->arena, &own, e) < 0))
		return -1;
	exchange_list_begin(x, &w);
	if (found == 1 && !after)
		put_organisation(x, &w, &own, NULL, NULL);
	exchange_list_end(&w, NULL);
	return 0;
}

const char *const organisations_parameters[] = { "limit", "after", "state", NULL };

/* Deleted ones stand in a list of their own, which is the operator's. */
int organisations_list(struct exchange *x, struct error *e)
{
	static const char *const states[] = { "deleted", NULL };
	const char *after, *state;
	int limit;

	if (exchange_page(x, &limit, &after, e) < 0 || exchange_word(x, "state", states, &state, e) < 0)
		return -1;
	if (x->principal.kind == PRINCIPAL_OPERATOR)
		return list_all(x, state != NULL, limit, after, e);
	if (state)
		return exchange_may(x, (struct question){ .permit = PERMIT_OPERATOR }, e);
	return list_own(x, after, e);
}

int organisations_show(struct exchange *x, struct error *e)
{
	return organisations_reply(x, 200, &x->organisation.id, e);
}

struct wish {
	const char *name, *slug, *type, *state, *default_role;
	const char *plan, *seat_limit, *seats_over;
	const char *const *ip_allow_list;
	const char *grace, *session_idle, *session_length;
	int64_t retention_days; /* 0: not said */
};

static const struct json_field create_fields[] = {
	JSON_TEXT(struct wish, name, JSON_NEEDED, ORGANISATION_NAME_MOST),
	JSON_TEXT(struct wish, slug, JSON_OPTIONAL, ORGANISATION_SLUG_MOST),
	JSON_WORD(struct wish, type, JSON_NEEDED, organisation_types),
	JSON_WORD(struct wish, plan, JSON_OPTIONAL, seats_plans),
	JSON_TEXT(struct wish, seat_limit, JSON_OPTIONAL, SEAT_LIMIT_MOST),
	JSON_WORD(struct wish, default_role, JSON_OPTIONAL, default_roles),
	{ 0 },
};

static const struct json_field change_fields[] = {
	JSON_TEXT(struct wish, name, JSON_OPTIONAL, ORGANISATION_NAME_MOST),
	JSON_TEXT(struct wish, slug, JSON_OPTIONAL, ORGANISATION_SLUG_MOST),
	JSON_WORD(struct wish, type, JSON_OPTIONAL, organisation_types),
	JSON_WORD(struct wish, plan, JSON_OPTIONAL, seats_plans),
	JSON_TEXT(struct wish, seat_limit, JSON_OPTIONAL, SEAT_LIMIT_MOST),
	JSON_WORD(struct wish, seats_over, JSON_OPTIONAL, over_words),
	JSON_WORD(struct wish, state, JSON_OPTIONAL, settable_states),
	JSON_WORD(struct wish, default_role, JSON_OPTIONAL, default_roles),
	JSON_TEXTS(struct wish, ip_allow_list, JSON_OPTIONAL, NETWORKS_MOST),
	JSON_INT(struct wish, retention_days, JSON_OPTIONAL, ORGANISATION_RETENTION_LEAST,
		 ORGANISATION_RETENTION_MOST),
	JSON_TEXT(struct wish, grace, JSON_OPTIONAL, GRACE_TEXT_MOST),
	JSON_TEXT(struct wish, session_idle, JSON_OPTIONAL, GRACE_TEXT_MOST),
	JSON_TEXT(struct wish, session_length, JSON_OPTIONAL, GRACE_TEXT_MOST),
	{ 0 },
};

static int check_name(const struct wish *wish, struct error *e)
{
	if (exchange_check_name("organisation", wish->name, e) < 0)
		return -1;
	return wish->slug ? organisation_check_slug(wish->slug, e) : 0;
}

/* "10.0.0.0/8, 2001:db8::/32", or NULL for none. */
static const char *list_text(struct exchange *x, const char *const *texts)
{
	const char *all = texts ? *texts : NULL;

	while (all && *++texts)
		all = arena_format(x->arena, "%s, %s", all, *texts);
	return all;
}

static const char *as_audited(struct exchange *x, const struct organisation *o)
{
	return exchange_object(x, "slug", o->slug, "name", o->name, "type", o->type, "plan", o->plan, "seat_limit",
			       o->seat_limit, "state", o->state,
			       "default_role", o->default_role, "ip_allow_list",
			       list_text(x, o->ip_allow_list), "retention_days",
			       arena_format(x->arena, "%lld", (long long)o->retention_days), "grace",
			       exchange_duration(x, o->grace_ms), "session_idle",
			       o->session_idle_ms ? exchange_duration(x, o->session_idle_ms) : NULL, "session_length",
			       o->session_most_ms ? exchange_duration(x, o->session_most_ms) : NULL, NULL);
}

int organisations_create(struct exchange *x, struct error *e)
{
	struct wish wish = { .default_role = "member" };
	struct organisation made = { .id = id_new() };
	char text[ID_TEXT_SIZE];

	struct seats_plan plan;
	int64_t most;

	if (exchange_read(x, create_fields, &wish, e) < 0 || check_name(&wish, e) < 0 ||
	    seats_plan(x->tx, x->arena, wish.type, wish.plan, &plan, e) < 0 ||
	    (wish.seat_limit && seats_limit(wish.seat_limit, &plan, &most, e) < 0))
		return -1;
	made.plan = plan.plan;
	made.seat_limit = wish.seat_limit ? wish.seat_limit : "plan";
	made.slug = wish.slug;
	made.name = wish.name;
	made.type = wish.type;
	made.state = "active";
	made.grace_ms = ORGANISATION_GRACE_DEFAULT_MS;
	made.default_role = wish.default_role ? wish.default_role : "member";
	if ((!made.slug && organisation_slug(x->arena, made.name, &made.slug, e) < 0) ||
	    tx_for(x->tx, &made.id, e) < 0 || organisation_create(x->tx, &made, e) < 0)
		return -1;
	x->organisation = made; /* the entry stands in its own chain */
	made.retention_days = ORGANISATION_RETENTION_DEFAULT;
	if (exchange_audit(x, "organisation.created", "organisation", id_text(&made.id, text), made.name,
			   NULL, as_audited(x, &made), e) < 0)
		return -1;
	exchange_location(x, "/v1/organisations/%s", made.slug);
	return organisations_reply(x, 201, &made.id, e);
}

/* What type, plan, limit and state it has is between the operator and the customer; it is not a setting. */
static int check_operators(struct exchange *x, const struct wish *wish, struct error *e)
{
	const struct organisation *now = &x->organisation;
	char id[ID_TEXT_SIZE];
	bool settings =
		wish->name || wish->slug || wish->default_role || wish->ip_allow_list || wish->retention_days || wish->grace ||
		wish->session_idle || wish->session_length;

	if ((wish->type && !text_equal(wish->type, now->type)) || (wish->plan && !text_equal(wish->plan, now->plan)) ||
	    (wish->seat_limit && !text_equal(wish->seat_limit, now->seat_limit)) ||
	    (wish->state && !text_equal(wish->state, now->state)))
		if (exchange_may(x, (struct question){ .permit = PERMIT_OPERATOR }, e) < 0)
			return -1;
	return settings || wish->type || wish->plan || wish->seat_limit
		       ? exchange_managed(x, "organisation", id_text(&now->id, id), now->managed_by, e) : 0;
}

static int has_connections(struct exchange *x, bool *ret, struct error *e)
{
	struct connection *connections;
	size_t count;

	if (connection_list(x->tx, x->arena, &x->organisation.id, NULL, 1, false, &connections, &count, e) < 0)
		return -1;
	*ret = count > 0;
	return 0;
}

/* Whoever is beyond a smaller limit waits, if that was said; whom it is about is not to find out by being kept out. */
static int check_seats(struct exchange *x, const struct seats_plan *plan, const char *word, bool may_wait, struct error *e)
{
	const struct organisation *now = &x->organisation;
	struct actor actor = exchange_actor(x);
	struct seats seats;
	int64_t most, moved = 0;

	if (seats_limit(word, plan, &most, e) < 0)
		return -1;
	if (most == SEATS_UNLIMITED)
		return 0;
	if (seats_make_room(x->tx, now, plan, most, &actor, &moved, e) < 0 ||
	    seats_count(x->tx, x->arena, &now->id, &seats, e) < 0)
		return -1;
	if (moved == 0 || may_wait)
		return 0;
	return error_set(e, ERROR_LIMIT, "limit.seats",
			 "%lld people would have no seat any more: %lld would be allowed, %lld are taken; say \"seats_over\": \"wait\" to "
			 "let them wait, or remove some first",
			 (long long)moved, (long long)most, (long long)seats.used + (long long)moved);
}

/* A type or plan that has less room than what is there is refused, and says what stands in the way. */
static int check_plan(struct exchange *x, const struct wish *wish, struct organisation *wanted, struct error *e)
{
	const struct organisation *now = &x->organisation;
	bool retyped = !text_equal(now->type, wanted->type), connected = false;
	struct seats_plan plan;

	if (!retyped && !wish->plan && !wish->seat_limit)
		return 0;
	if (seats_plan(x->tx, x->arena, wanted->type, retyped || wish->plan ? wish->plan : now->plan, &plan, e) < 0 ||
	    has_connections(x, &connected, e) < 0)
		return -1;
	if (!plan.connections && connected)
		return error_set(e, ERROR_CONFLICT, "organisation.has_connections",
				 "the type \"%s\" with the plan \"%s\" has no connections, and there are some; delete them first",
				 plan.type, plan.plan);
	wanted->plan = plan.plan;
	wanted->seat_limit = wish->seat_limit ? wish->seat_limit : now->seat_limit;
	if (!retyped && text_equal(wanted->plan, now->plan) && text_equal(wanted->seat_limit, now->seat_limit))
		return 0;
	return check_seats(x, &plan, wanted->seat_limit, text_equal(wish->seats_over, "wait"), e);
}

/* ---- the IP allow-list ---- */

static int bad_network(const char *bad, struct error *e)
{
	return error_set(
		e, ERROR_INPUT, "organisation.ip_allow_list",
		"\"%.80s\" is no address or network; one such as \"203.0.113.7\" or \"2001:db8::/32\" is "
		"expected",
		bad ? bad : "");
}

/* Who narrows the list from where they would then be kept out is told before and not after. The operator is
 * not held to it. */
static int check_allow_list(struct exchange *x, const char *const *list, struct error *e)
{
	struct principal who = x->principal;
	const char *bad;
	struct networks networks;

	if (!list)
		return 0;
	if (networks_read(&networks, list, &bad) < 0)
		return bad_network(bad, e);
	who.ip_allow_list = list;
	if (who.kind == PRINCIPAL_OPERATOR || authenticate_address(&who, x->request->address, NULL) == 0)
		return 0;
	return error_set(e, ERROR_CONFLICT, "organisation.locked_out",
			 "you ask from %s, which is on none of these networks: you would be locked out; add "
			 "it, or let "
			 "somebody change the list from within",
			 x->request->address[0] ? x->request->address : "a Unix socket");
}

/* "default": as the operator has it. NULL: not said. */
static int read_session_limit(const char *name, const char *text, int64_t *ret, struct error *e)
{
	int64_t ms = 0;

	if (!text)
		return 0;
	if (!text_equal(text, "default") && (text_to_duration_ms(text, &ms) < 0 || ms < ORGANISATION_SESSION_LEAST_MS ||
					     ms > ORGANISATION_SESSION_MOST_MS))
		return error_set(e, ERROR_INPUT, "organisation.session",
				 "\"%s\" is \"%.80s\"; a time such as \"8h\", from 5m to 24d, or \"default\" is expected", name, text);
	*ret = ms;
	return 0;
}

int organisations_change(struct exchange *x, struct error *e)
{
	struct organisation wanted = x->organisation;
	struct wish wish = { 0 };
	char text[ID_TEXT_SIZE];

	if (exchange_match(x, wanted.version, e) < 0 || exchange_read(x, change_fields, &wish, e) < 0 ||
	    check_name(&wish, e) < 0 || check_operators(x, &wish, e) < 0 ||
	    check_allow_list(x, wish.ip_allow_list, e) < 0 ||
	    exchange_read_grace("organisation", wish.grace, &wanted.grace_ms, e) < 0 ||
	    read_session_limit("session_idle", wish.session_idle, &wanted.session_idle_ms, e) < 0 ||
	    read_session_limit("session_length", wish.session_length, &wanted.session_most_ms, e) < 0)
		return -1;
	wanted.name = wish.name ? wish.name : wanted.name;
	wanted.slug = wish.slug ? wish.slug : wanted.slug;
	wanted.type = wish.type ? wish.type : wanted.type;
	wanted.state = wish.state ? wish.state : wanted.state;
	wanted.default_role = wish.default_role ? wish.default_role : wanted.default_role;
	wanted.retention_days = wish.retention_days ? wish.retention_days : wanted.retention_days;
	wanted.ip_allow_list = wish.ip_allow_list ? wish.ip_allow_list : wanted.ip_allow_list;
	if (check_plan(x, &wish, &wanted, e) < 0 || organisation_update(x->tx, &wanted, e) < 0 ||
	    exchange_audit(x, "organisation.changed", "organisation", id_text(&wanted.id, text), wanted.name,
			   as_audited(x, &x->organisation), as_audited(x, &wanted), e) < 0)
		return -1;
	return organisations_reply(x, 200, &wanted.id, e);
}

/* ---- the end, and back ---- */

/* Deleting is the owner's. The operator deletes what nobody owns, and what they suspended before: two steps,
 * of which the owner sees the first. */
static int check_deleting(struct exchange *x, struct error *e)
{
	struct member owner;
	int owned;

	if (x->principal.kind != PRINCIPAL_OPERATOR || text_equal(x->organisation.state, "suspended"))
		return 0;
	owned = member_owner(x->tx, x->arena, &x->organisation.id, &owner, e);
	if (owned <= 0)
		return owned;
	return error_set(
		e, ERROR_DENIED, "organisation.owned",
		"the organisation has an owner, who alone deletes it; the operator suspends it first");
}

int organisations_delete(struct exchange *x, struct error *e)
{
	struct organisation now = x->organisation;
	char text[ID_TEXT_SIZE];
	int found;

	if (exchange_match(x, now.version, e) < 0 ||
	    exchange_managed_deletable(x, "organisation", id_text(&now.id, text), now.managed_by, e) < 0 || check_deleting(x, e) < 0 ||
	    organisation_delete(x->tx, &now, e) < 0 ||
	    exchange_audit(x, "organisation.deleted", "organisation", id_text(&now.id, text), now.name,
			   as_audited(x, &now), NULL, e) < 0)
		return -1;
	found = organisation_load_deleted(x->tx, x->arena, &now.id, &now, e);
	if (found <= 0)
		return found == 0 ? exchange_unknown("organisation", text, e) : -1;
	return show_found(x, 200, &now, e);
}

static int find_deleted(struct exchange *x, struct organisation *ret, struct error *e)
{
	const char *named = request_segment(x->request, "deleted");
	struct id id;
	int found = organisation_resolve_deleted(x->tx, x->arena, named, &id, e);

	if (found == 1 && id_is_nil(&id))
		found = 0;
	if (found == 1 && tx_for(x->tx, &id, e) < 0)
		return -1;
	if (found == 1)
		found = organisation_load_deleted(x->tx, x->arena, &id, ret, e);
	if (found != 0)
		return found == 1 ? 0 : -1;
	return error_set(e, ERROR_NOT_FOUND, "organisation.not_deleted",
			 "there is no organisation \"%.200s\" that is deleted and not purged yet", named);
}

int organisations_restore(struct exchange *x, struct error *e)
{
	struct organisation gone;
	char text[ID_TEXT_SIZE];

	if (find_deleted(x, &gone, e) < 0 || exchange_match(x, gone.version, e) < 0)
		return -1;
	x->organisation = gone; /* the entry stands in its own chain */
	if (organisation_restore(x->tx, &gone, e) < 0 ||
	    exchange_audit(x, "organisation.restored", "organisation", id_text(&gone.id, text), gone.name,
			   NULL, as_audited(x, &gone), e) < 0)
		return -1;
	return organisations_reply(x, 200, &gone.id, e);
}

int organisations_adopt(struct exchange *x, struct error *e)
{
	const struct organisation *now = &x->organisation;
	char text[ID_TEXT_SIZE];

	id_text(&now->id, text);
	if (exchange_managed_adoptable(x, "organisation", text, now->managed_by, e) < 0 ||
	    managed_adopt_organisation(x->tx, &now->id, e) < 0 ||
	    exchange_audit(x, "organisation.adopted", "organisation", text, now->name,
			   exchange_object(x, "managed_by", EXCHANGE_FILE, NULL), NULL, e) < 0)
		return -1;
	return organisations_reply(x, 200, &now->id, e);
}
