/* An owner hands over to a member who accepts. Where a directory keeps the owner out, an admin or the operator asks for a
 * recovery, and the operator confirms it when everybody had time to object. */
#include "endpoints/ownership.h"

#include "base/clock.h"
#include "base/text.h"
#include "endpoints/members.h"
#include "endpoints/organisations.h"
#include "roster/member.h"
#include "roster/ownership.h"
#include "roster/seats.h"

/* ---- shown ---- */

static void put_offer(struct json_writer *w, const struct ownership_offer *o)
{
	json_begin_object(w, "offer");
	exchange_put_id(w, "id", &o->id);
	json_put_text(w, "kind", o->kind);
	exchange_put_id(w, "member", &o->member);
	json_put_text(w, "made_by", o->made_by);
	json_put_text(w, "consent", o->consent);
	json_put_time(w, "made_at", o->made_at);
	json_put_time(w, "not_before", o->not_before);
	json_put_time(w, "expires_at", o->expires_at);
	json_end_object(w);
}

static void put_owner(struct json_writer *w, const struct member *owner)
{
	json_begin_object(w, "owner");
	exchange_put_id(w, "id", &owner->user);
	json_put_text(w, "name", owner->name);
	json_put_text(w, "state", owner->state);
	json_end_object(w);
}

static int show(struct exchange *x, int status, struct error *e)
{
	const struct id *organisation = &x->organisation.id;
	struct organisation now;
	struct ownership_offer offer;
	struct member owner;
	struct json_writer w;
	int owned = member_owner(x->tx, x->arena, organisation, &owner, e);
	int open = owned < 0 ? -1 : ownership_open(x->tx, x->arena, organisation, &offer, e);

	if (open < 0 || organisation_load(x->tx, x->arena, organisation, &now, e) < 0)
		return -1;
	exchange_reply(x, status, &w);
	json_begin_object(&w, NULL);
	if (owned == 1)
		put_owner(&w, &owner);
	else
		json_put_null(&w, "owner");
	json_put_time(&w, "owned_at", now.owned_at);
	json_put_time(&w, "owner_absent_at", now.owner_absent_at);
	if (open == 1)
		put_offer(&w, &offer);
	else
		json_put_null(&w, "offer");
	json_end_object(&w);
	return 0;
}

int ownership_show(struct exchange *x, struct error *e)
{
	return show(x, 200, e);
}

/* ---- what is asked and kept alike ---- */

struct wish {
	const char *member, *consent;
};

static const struct json_field offer_fields[] = {
	JSON_TEXT(struct wish, member, JSON_NEEDED, MEMBER_EMAIL_MOST),
	{ 0 },
};

static const struct json_field recover_fields[] = {
	JSON_TEXT(struct wish, member, JSON_NEEDED, MEMBER_EMAIL_MOST),
	JSON_TEXT(struct wish, consent, JSON_OPTIONAL, OWNERSHIP_CONSENT_MOST),
	{ 0 },
};

static int find_owner(struct exchange *x, struct member *ret, struct error *e)
{
	int owned = member_owner(x->tx, x->arena, &x->organisation.id, ret, e);

	if (owned != 0)
		return owned < 0 ? -1 : 0;
	return error_set(e, ERROR_CONFLICT, "owner.none",
			 "the organisation never had an owner; the operator names the first one (\"rosterctl "
			 "org owner\", POST .../owner)");
}

/* Who is to become the owner: an active member, and another one. */
static int find_heir(struct exchange *x, const char *named, struct member *ret, struct error *e)
{
	if (members_find(x, named, ret, e) < 0)
		return -1;
	if (text_equal(ret->role, "owner"))
		return error_set(e, ERROR_CONFLICT, "owner.already", "this member is the owner already");
	if (text_equal(ret->state, "active"))
		return 0;
	return error_set(e, ERROR_CONFLICT, "member.not_active",
			 "the new owner must be an active member; this one is \"%s\"", ret->state);
}

static int find_open(struct exchange *x, const char *kind, struct ownership_offer *ret, struct error *e)
{
	int open = ownership_open(x->tx, x->arena, &x->organisation.id, ret, e);

	if (open < 0 || (open == 1 && (!kind || text_equal(kind, ret->kind))))
		return open < 0 ? -1 : 0;
	return error_set(e, ERROR_NOT_FOUND, "ownership.none", "there is no %s of the ownership that is open",
			 kind ? kind : "offer or recovery");
}

static int audit_offer(struct exchange *x, const char *action, const struct ownership_offer *o, struct error *e)
{
	char organisation[ID_TEXT_SIZE], holder[ID_TEXT_SIZE], member[ID_TEXT_SIZE];

	return exchange_audit(x, action, "organisation", id_text(&x->organisation.id, organisation), x->organisation.name,
			      exchange_object(x, "owner", id_text(&o->holder, holder), NULL),
			      exchange_object(x, "member", id_text(&o->member, member), "kind", o->kind, "consent", o->consent, NULL),
			      e);
}

/* What is done about a customer's ownership without the owner stands in the operator's chain, too. */
static int tell_operator(struct exchange *x, const char *action, const struct ownership_offer *o, struct error *e)
{
	struct actor actor = exchange_actor(x);
	char organisation[ID_TEXT_SIZE], holder[ID_TEXT_SIZE], member[ID_TEXT_SIZE];
	struct audit_event event = {
		.action = action,
		.target_kind = "organisation",
		.target = id_text(&x->organisation.id, organisation),
		.target_name = x->organisation.name,
		.before = exchange_object(x, "owner", id_text(&o->holder, holder), NULL),
		.after = exchange_object(x, "member", id_text(&o->member, member), "consent", o->consent, NULL),
	};

	return audit_write(x->tx, NULL, &actor, &event, e) < 0 ? -1 : tx_for(x->tx, &x->organisation.id, e);
}

static int audit_role(struct exchange *x, const struct member *member, const char *to, struct error *e)
{
	char text[ID_TEXT_SIZE];

	return exchange_audit(x, "member.role_changed", "member", id_text(&member->user, text), member->name,
			      exchange_object(x, "role", member->role, NULL), exchange_object(x, "role", to, NULL), e);
}

/* Both sides have an entry, and the organisation. from NULL: there was no owner. */
static int audit_passed(struct exchange *x, const struct member *from, const struct member *to, struct error *e)
{
	char text[ID_TEXT_SIZE], before[ID_TEXT_SIZE], after[ID_TEXT_SIZE];

	if ((from && audit_role(x, from, "admin", e) < 0) || audit_role(x, to, "owner", e) < 0)
		return -1;
	return exchange_audit(x, "organisation.owner_changed", "organisation", id_text(&x->organisation.id, text),
			      x->organisation.name,
			      exchange_object(x, "owner", from ? id_text(&from->user, before) : NULL, NULL),
			      exchange_object(x, "owner", id_text(&to->user, after), NULL), e);
}

/* Both as they are now, for the entries: they are compared again where they are changed. */
static int pass(struct exchange *x, const struct ownership_offer *o, struct error *e)
{
	struct member from, to;
	char text[ID_TEXT_SIZE];

	if (find_owner(x, &from, e) < 0 || find_heir(x, id_text(&o->member, text), &to, e) < 0)
		return -1;
	/* The former owner stays as an admin, who takes a seat; one that the heir had goes along. */
	if (text_equal(from.state, "active") && seats_take(x->tx, x->arena, &x->organisation, to.role, "admin", e) < 0)
		return -1;
	return ownership_pass(x->tx, o, e) < 0 ? -1 : audit_passed(x, &from, &to, e);
}

/* ---- the first ---- */

int ownership_begin_first(struct exchange *x, struct error *e)
{
	const struct id *organisation = &x->organisation.id;
	struct wish wish = { 0 };
	struct member owner, heir;
	int owned;

	if (exchange_read(x, offer_fields, &wish, e) < 0)
		return -1;
	owned = member_owner(x->tx, x->arena, organisation, &owner, e);
	if (owned < 0)
		return -1;
	if (owned == 1)
		return error_set(e, ERROR_DENIED, "owner.exists",
				 "the organisation has an owner, and only the owner can hand it over "
				 "(\"rosterctl ownership offer\", POST "
				 ".../ownership); if a directory keeps the owner out, another can follow "
				 "(\"rosterctl ownership recover\", "
				 "POST .../ownership/recover)");
	if (find_heir(x, wish.member, &heir, e) < 0 ||
	    seats_take(x->tx, x->arena, &x->organisation, heir.role, "owner", e) < 0 ||
	    ownership_begin(x->tx, organisation, &heir.user, e) < 0 || audit_passed(x, NULL, &heir, e) < 0)
		return -1;
	return organisations_reply(x, 200, organisation, e);
}

/* ---- an offer ---- */

static int make(struct exchange *x, const char *kind, const struct wish *wish, const struct member *holder,
		struct ownership_offer *ret, struct error *e)
{
	struct member heir;

	if (find_heir(x, wish->member, &heir, e) < 0)
		return -1;
	*ret = (struct ownership_offer){
		.organisation = x->organisation.id,
		.id = id_new(),
		.kind = kind,
		.holder = holder->user,
		.member = heir.user,
		.made_by = exchange_who(x),
		.consent = wish->consent,
	};
	return ownership_make(x->tx, ret, e);
}

int ownership_offer(struct exchange *x, struct error *e)
{
	struct ownership_offer offer;
	struct wish wish = { 0 };
	struct member owner;

	if (exchange_read(x, offer_fields, &wish, e) < 0 || find_owner(x, &owner, e) < 0 ||
	    make(x, "offer", &wish, &owner, &offer, e) < 0 || audit_offer(x, "ownership.offered", &offer, e) < 0)
		return -1;
	return show(x, 201, e);
}

static int find_mine(struct exchange *x, struct ownership_offer *ret, struct error *e)
{
	if (find_open(x, "offer", ret, e) < 0)
		return -1;
	if (x->principal.kind == PRINCIPAL_MEMBER && id_equal(&x->principal.user, &ret->member))
		return 0;
	return error_set(e, ERROR_DENIED, "ownership.not_yours", "the ownership is offered to another member");
}

int ownership_accept(struct exchange *x, struct error *e)
{
	struct ownership_offer offer;

	if (find_mine(x, &offer, e) < 0)
		return -1;
	if (x->organisation.owner_absent_at)
		return error_set(e, ERROR_CONFLICT, "owner.absent",
				 "a directory keeps the owner out meanwhile, so that the offer no longer counts; ask for a recovery");
	if (pass(x, &offer, e) < 0 || audit_offer(x, "ownership.accepted", &offer, e) < 0)
		return -1;
	return show(x, 200, e);
}

int ownership_decline(struct exchange *x, struct error *e)
{
	struct ownership_offer offer;

	if (find_mine(x, &offer, e) < 0 || ownership_end(x->tx, &offer, "declined", e) < 0 ||
	    audit_offer(x, "ownership.declined", &offer, e) < 0)
		return -1;
	return show(x, 200, e);
}

/* An offer is the owner's to take back; a recovery is it of everybody who could have asked for one. */
int ownership_withdraw(struct exchange *x, struct error *e)
{
	struct ownership_offer offer;
	bool recovery;

	if (find_open(x, NULL, &offer, e) < 0)
		return -1;
	recovery = text_equal(offer.kind, "recovery");
	if (exchange_may(x,
			 (struct question){ .permit = recovery ? PERMIT_RECOVER_OWNERSHIP : PERMIT_TRANSFER_OWNERSHIP }, e) < 0 ||
	    ownership_end(x->tx, &offer, "withdrawn", e) < 0 || audit_offer(x, "ownership.withdrawn", &offer, e) < 0 ||
	    (recovery && tell_operator(x, "ownership.withdrawn", &offer, e) < 0))
		return -1;
	return show(x, 200, e);
}

/* ---- a recovery ---- */

static int check_absent(struct exchange *x, struct error *e)
{
	if (x->organisation.owner_absent_at)
		return 0;
	return error_set(e, ERROR_CONFLICT, "owner.not_absent",
			 "the owner is here; only an ownership whose owner a directory keeps out can be recovered");
}

/* The operator acts for the customer, who must have said so. */
static int check_consent(struct exchange *x, const struct wish *wish, struct error *e)
{
	if (x->principal.kind != PRINCIPAL_OPERATOR || (wish->consent && wish->consent[0]))
		return 0;
	return error_set(e, ERROR_INPUT, "ownership.consent",
			 "the operator recovers an ownership with the customer's consent; say in \"consent\" who gave it, when and how");
}

/* What the owner had offered before they were kept out makes room. */
static int overtake(struct exchange *x, struct error *e)
{
	struct ownership_offer open;
	int found = ownership_open(x->tx, x->arena, &x->organisation.id, &open, e);

	if (found <= 0 || text_equal(open.kind, "recovery"))
		return found < 0 ? -1 : 0;
	return ownership_end(x->tx, &open, "overtaken", e);
}

int ownership_recover(struct exchange *x, struct error *e)
{
	struct ownership_offer offer;
	struct wish wish = { 0 };
	struct member owner;

	if (exchange_read(x, recover_fields, &wish, e) < 0 || find_owner(x, &owner, e) < 0 || check_absent(x, e) < 0 ||
	    check_consent(x, &wish, e) < 0 || overtake(x, e) < 0 || make(x, "recovery", &wish, &owner, &offer, e) < 0 ||
	    audit_offer(x, "ownership.recovery_asked", &offer, e) < 0 ||
	    tell_operator(x, "ownership.recovery_asked", &offer, e) < 0)
		return -1;
	return show(x, 201, e);
}

static int check_time(const struct ownership_offer *o, struct error *e)
{
	char text[CLOCK_TEXT_SIZE];

	if (clock_now_us() >= o->not_before)
		return 0;
	return error_set(e, ERROR_CONFLICT, "ownership.too_early",
			 "a recovery can be confirmed %d hours after it was asked for, from %s on", OWNERSHIP_RECOVERY_HOURS,
			 clock_text(o->not_before, text));
}

int ownership_confirm(struct exchange *x, struct error *e)
{
	struct ownership_offer offer;

	if (find_open(x, "recovery", &offer, e) < 0 || check_absent(x, e) < 0 || check_time(&offer, e) < 0 ||
	    pass(x, &offer, e) < 0 || audit_offer(x, "ownership.recovered", &offer, e) < 0 ||
	    tell_operator(x, "ownership.recovered", &offer, e) < 0)
		return -1;
	return show(x, 200, e);
}
