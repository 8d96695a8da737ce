#include "endpoints/admit.h"

#include "access/remembered.h"
#include "base/clock.h"
#include "base/text.h"
#include "endpoints/rate.h"
#include "endpoints/routes.h"

/* Slugs that are looked through for the one that was meant: as many as a page of the list has. */
enum { SLUGS_TRIED_MOST = PAGE_DEFAULT };

static bool is_ascii(char c)
{
	return (unsigned char)c < 0x80;
}

/* For the operator: all slugs, or if there are too many those that come after the letter that was meant, too. */
static int every_slug(struct exchange *x, const char *named, const char **slugs, size_t *count, struct error *e)
{
	char letter[2] = { is_ascii(named[0]) ? named[0] : '\0' }; /* a slug has no others */
	struct organisation *list;
	size_t found;

	if (organisation_list(x->tx, x->arena, false, NULL, SLUGS_TRIED_MOST, &list, &found, e) < 0 ||
	    (found == SLUGS_TRIED_MOST &&
	     organisation_list(x->tx, x->arena, false, letter, SLUGS_TRIED_MOST, &list, &found, e) < 0))
		return -1;
	for (size_t i = 0; i < found; i++)
		slugs[(*count)++] = list[i].slug;
	return 0;
}

/* For everybody else: their own, and whether the other one exists does not matter. */
static int own_slug(struct exchange *x, const char **slugs, size_t *count, struct error *e)
{
	const struct id *own = &x->principal.organisation;
	struct organisation organisation;
	int found = tx_for(x->tx, own, e) < 0 ? -1 : organisation_load(x->tx, x->arena, own, &organisation, e);

	if (found == 1)
		slugs[(*count)++] = organisation.slug;
	return found < 0 ? -1 : 0;
}

static int unknown_organisation(struct exchange *x, const char *named, struct error *e)
{
	const char *slugs[SLUGS_TRIED_MOST + 1] = { NULL };
	size_t count = 0;

	if (scopes_include(&x->principal.scopes, SCOPE_ORGANISATIONS_READ) &&
	    (x->principal.kind == PRINCIPAL_OPERATOR ? every_slug(x, named, slugs, &count, e) :
						       own_slug(x, slugs, &count, e)) < 0)
		return -1;
	return exchange_unknown_of(x, "organisation", named, slugs, e);
}

/* An organisation that somebody is not of looks exactly like one that does not exist. */
static int find_organisation(struct exchange *x, const char *named, struct error *e)
{
	const struct principal *who = &x->principal;
	struct id id;
	int found = organisation_resolve(x->tx, x->arena, named, &id, e);

	if (found == 1 && id_is_nil(&id))
		found = 0; /* stands for the operator's own audit, and is nobody's */
	if (found == 1 && who->kind != PRINCIPAL_OPERATOR && !id_equal(&id, &who->organisation))
		found = 0;
	if (found == 1 && tx_for(x->tx, &id, e) < 0)
		return -1;
	if (found == 1)
		found = organisation_load(x->tx, x->arena, &id, &x->organisation, e);
	return found == 0 ? unknown_organisation(x, named, e) : found == 1 ? 0 : -1;
}

static int check_pushed_rate(struct exchange *x, const struct id *connection, struct error *e)
{
	int64_t wait_ms = rate_take(x->rate, connection, INT64_C(60) * x->options->scim_per_second, x->options->scim_burst,
				    clock_monotonic_ms());

	if (wait_ms == 0)
		return 0;
	error_set(e, ERROR_LIMIT, "rate.scim", "the connection pushes more than %d requests a second; come again",
		  x->options->scim_per_second);
	e->wait_ms = (int)wait_ms;
	return -1;
}

/* A connection's address is the connection's alone, and its organisation's is nobody's to name. */
static int find_connection(struct exchange *x, struct error *e)
{
	const char *named = request_segment(x->request, "connection");
	struct id id;

	if (x->principal.kind != PRINCIPAL_CONNECTION)
		return 0; /* refused by the permit */
	if (!named || id_parse(named, &id) < 0 || !id_equal(&id, &x->principal.connection))
		return error_set(e, ERROR_NOT_FOUND, "scim.connection",
				 "this is not the address of the connection that the token belongs to; the base URL ends in its id");
	if (check_pushed_rate(x, &id, e) < 0)
		return -1;
	if (x->principal.connection_gone)
		return error_set(e, ERROR_UNAUTHENTICATED, "scim.connection_deleted",
				 "this connection was deleted; its people are no longer yours to say anything about");
	x->organisation = (struct organisation){
		.id = x->principal.organisation,
		.slug = x->principal.slug,
		.state = x->principal.state,
	};
	return 0;
}

/* The organisation whose list keeps somebody out is told of it, whatever the address was about. */
static int check_address(struct exchange *x, struct error *e)
{
	if (authenticate_address(&x->principal, x->request->address, e) == 0)
		return 0;
	x->organisation.id = x->principal.organisation;
	return -1;
}

static bool needs_database(const struct exchange *x)
{
	return !x->endpoint->from_memory || authenticate_looks_up(x->request);
}

static bool is_pushed(const struct exchange *x)
{
	return x->endpoint->permit == PERMIT_PUSH && !x->endpoint->client;
}

static int send_ahead(struct exchange *x, struct error *e)
{
	return x->endpoint->ahead ? x->endpoint->ahead(x, e) : 0;
}

/* 1: it is known who asks, and what they ask is on its way. 0: nothing is, and it is to be found out as
 * always: the token is another's, or the connection to the database was lost. */
static int identify_ahead(struct exchange *x, struct error *e)
{
	int sent;

	if (text_equal(x->endpoint->method, "GET"))
		tx_at_once(x->tx);
	sent = authenticate_send(x->request, x->tx, e);
	if (sent == 0 ||
	    (sent == 1 && (x->endpoint->ahead_writes || send_ahead(x, e) == 0) &&
	     authenticate_receive(x->request, x->remembered, x->tx, x->arena, &x->principal, e) == 0))
		return sent;
	if (e->kind != ERROR_RETRY)
		return -1;
	x->prepared = NULL;
	tx_close(&x->tx);
	return exchange_begin(x, e);
}

static int identify(struct exchange *x, struct error *e)
{
	int known = is_pushed(x) ? identify_ahead(x, e) : 0;

	if (known != 0)
		return known == 1 ? 0 : -1;
	if (x->endpoint->client)
		return authenticate_client(x->request, x->tx, x->arena, &x->principal, e);
	return authenticate(&x->options->administrators, x->request, x->tx, x->arena, &x->principal, e);
}

/* What the token may do at most. */
static int check_token(struct exchange *x, struct error *e)
{
	if (id_is_nil(&x->principal.setup_of))
		return authenticate_scope(&x->principal, scope_of(x->endpoint->method, x->endpoint->path), x->arena, e);
	if (x->endpoint->setup)
		return 0; /* and connections_find knows of no other connection */
	return error_set(e, ERROR_DENIED, "access.setup",
			 "this link sets up one connection and does nothing else; ask an administrator of the organisation");
}

/* Whether whoever asks may, once it is known who that is. */
static int check_asker(struct exchange *x, struct error *e)
{
	const char *named = request_segment(x->request, "organisation");

	if (check_address(x, e) < 0 || (named && find_organisation(x, named, e) < 0) ||
	    (x->endpoint->permit == PERMIT_PUSH && find_connection(x, e) < 0) || check_token(x, e) < 0)
		return -1;
	return exchange_may(x,
			    (struct question){
				    .permit = x->endpoint->permit,
				    /* the address alone does not tell whose; the endpoint asks again */
				    .personal = true,
				    .own = true },
			    e);
}

void admit_start_over(struct exchange *x)
{
	x->prepared = NULL;
	x->refused = NULL;
	x->asked_again = x->swift = false;
	x->principal = (struct principal){ 0 };
	x->organisation = (struct organisation){ 0 };
	tx_close(&x->tx);
}

int admit_ask_again(struct exchange *x, struct error *e)
{
	struct error *why = arena_take(x->arena, sizeof(*why));

	if (text_equal(x->endpoint->method, "GET"))
		tx_at_once(x->tx);
	if (authenticate_again_send(&x->principal, x->tx, e) == 0) {
		x->asked_again = true;
		if (check_asker(x, why) < 0)
			x->refused = why;
		if (x->refused || send_ahead(x, e) == 0)
			return 1;
	}
	admit_start_over(x);
	return e->kind == ERROR_RETRY ? 0 : -1;
}

int admit_hear_again(struct exchange *x, struct error *e)
{
	int still = authenticate_again_receive(x->request, x->remembered, x->tx, x->arena, &x->principal, e);

	x->asked_again = false;
	if (still == 1 && x->refused)
		*e = *x->refused;
	if (still == 1)
		return x->refused ? -1 : 1;
	admit_start_over(x);
	return still == 0 || e->kind == ERROR_RETRY ? 0 : -1;
}

/* 1 it is, and may; 0 nobody is remembered, or it is to be found out anew; -1. */
static int admit_again(struct exchange *x, struct error *e)
{
	int asked = x->asked_again;

	if (!asked &&
	    (!is_pushed(x) || authenticate_recall(x->request, x->remembered, x->arena, &x->principal) == 0))
		return 0;
	if (!asked && exchange_begin(x, e) < 0) {
		admit_start_over(x); /* nobody is named who was not asked for */
		return -1;
	}
	if (!asked)
		asked = admit_ask_again(x, e);
	return asked == 1 ? admit_hear_again(x, e) : asked;
}

int admit(struct exchange *x, struct error *e)
{
	int again = x->admitted ? 1 : admit_again(x, e);

	if (again != 0)
		return again == 1 ? 0 : -1;
	if ((needs_database(x) && exchange_begin(x, e) < 0) || identify(x, e) < 0)
		return -1;
	return check_asker(x, e);
}
