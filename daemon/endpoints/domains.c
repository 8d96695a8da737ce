/* A domain makes everybody who has an address in it a person of the organisation, so only what is proven may
 * be added: by the operator's word, or by a record in the DNS that only its owner can put there. */
#include "endpoints/domains.h"

#include "base/suffix.h"
#include "base/text.h"
#include "roster/domain.h"
#include "roster/managed.h"
#include "roster/session.h"
#include "roster/sign_on.h"

enum { DOMAIN_GIVEN_MOST = 1024 }; /* as it is typed, before it is brought into A-labels */

/* What to put into the DNS, and what was found there; null if the domain needs none. */
static void put_challenge(struct exchange *x, struct json_writer *w, const struct domain *domain)
{
	if (!domain->challenge) {
		json_put_null(w, "challenge");
		return;
	}
	json_begin_object(w, "challenge");
	json_put_text(w, "type", "TXT");
	json_put_text(w, "name", arena_format(x->arena, DOMAIN_RECORD_LABEL ".%s", domain->domain));
	json_put_text(w, "value", arena_format(x->arena, DOMAIN_RECORD_WORD "%s", domain->challenge));
	json_put_text(w, "found", domain->found);
	json_put_time(w, "checked_at", domain->checked_at);
	json_put_time(w, "expires_at", domain->expires_at);
	json_end_object(w);
}

static void put_domain(struct exchange *x, struct json_writer *w, const struct domain *domain)
{
	json_begin_object(w, NULL);
	json_put_text(w, "domain", domain->domain);
	json_put_text(w, "state", domain->state);
	json_put_text(w, "proven_by", domain->proven_by);
	json_put_time(w, "proven_at", domain->proven_at);
	json_put_text(w, "managed_by", exchange_managed_by(x, domain->managed_by));
	json_put_bool(w, "sso_only", domain->sso_only);
	put_challenge(x, w, domain);
	json_end_object(w);
}

int domains_list(struct exchange *x, struct error *e)
{
	struct json_writer w;
	struct domain *domains;
	const char *after;
	size_t count;
	int limit;

	if (exchange_page(x, &limit, &after, e) < 0 ||
	    domain_list(x->tx, x->arena, &x->organisation.id, after, limit + 1, &domains, &count, e) < 0)
		return -1;
	exchange_list_begin(x, &w);
	for (size_t i = 0; i < count && i < (size_t)limit; i++)
		put_domain(x, &w, &domains[i]);
	exchange_list_end(&w, count > (size_t)limit ? domains[limit - 1].domain : NULL);
	return 0;
}

static int load(struct exchange *x, const char *given, struct domain *ret, struct error *e)
{
	const char *name;
	int found;

	if (text_domain(x->arena, given, &name, NULL) < 0)
		return exchange_unknown("domain", given, e);
	found = domain_load(x->tx, x->arena, &x->organisation.id, name, ret, e);
	return found == 0 ? exchange_unknown("domain", given, e) : found == 1 ? 0 : -1;
}

static int show(struct exchange *x, int status, const char *name, struct error *e)
{
	struct domain domain;
	struct json_writer w;

	if (load(x, name, &domain, e) < 0)
		return -1;
	exchange_reply(x, status, &w);
	put_domain(x, &w, &domain);
	return 0;
}

int domains_show(struct exchange *x, struct error *e)
{
	return show(x, 200, request_segment(x->request, "domain"), e);
}

struct wish {
	const char *domain, *proof;
};

static const char *const proofs[] = { "operator", "dns", NULL };

static const struct json_field fields[] = {
	JSON_TEXT(struct wish, domain, JSON_NEEDED, DOMAIN_GIVEN_MOST),
	JSON_WORD(struct wish, proof, JSON_OPTIONAL, proofs),
	{ 0 },
};

/* By the operator's word, which is enough. */
static int add_proven(struct exchange *x, const char *name, struct error *e)
{
	if (x->principal.kind != PRINCIPAL_OPERATOR)
		return error_set(e, ERROR_DENIED, "domain.not_proven",
				 "only the operator's word proves a domain; leave \"proof\" out, and prove \"%s\" by DNS", name);
	if (domain_add(x->tx, &x->organisation.id, name, "operator", NULL, e) < 0)
		return -1;
	return exchange_audit(x, "domain.verified", "domain", name, NULL, NULL,
			      exchange_object(x, "state", "verified", "proven_by", "operator", NULL), e);
}

static int claim(struct exchange *x, const char *name, struct error *e)
{
	if (domain_claim(x->tx, &x->organisation.id, name, e) < 0)
		return -1;
	return exchange_audit(x, "domain.claimed", "domain", name, NULL, NULL,
			      exchange_object(x, "state", "pending", "proof", "dns", NULL), e);
}

int domains_add(struct exchange *x, struct error *e)
{
	struct wish wish = { 0 };
	const char *name;
	bool by_word;

	if (exchange_read(x, fields, &wish, e) < 0 || text_domain(x->arena, wish.domain, &name, e) < 0 ||
	    suffix_check(name, e) < 0)
		return -1;
	by_word = wish.proof ? text_equal(wish.proof, "operator") : x->principal.kind == PRINCIPAL_OPERATOR;
	if ((by_word ? add_proven(x, name, e) : claim(x, name, e)) < 0)
		return -1;
	exchange_location(x, "/v1/organisations/%s/domains/%s", x->organisation.slug, name);
	return show(x, 201, name, e);
}

struct change {
	bool sso_only;
};

static const struct json_field change_fields[] = { JSON_BOOL(struct change, sso_only, JSON_NEEDED), { 0 } };

/* Whoever shuts the other ways has gone through this one before. */
static int check_door(struct exchange *x, const struct domain *domain, struct error *e)
{
	struct sign_on_door *doors;
	size_t count;

	if (!text_equal(domain->state, "verified"))
		return error_set(e, ERROR_CONFLICT, "domain.not_verified", "\"%s\" is %s; only the people of a verified domain can be held to its provider",
				 domain->domain, domain->state);
	if (sign_on_doors(x->tx, x->arena, domain->domain, NULL, &doors, &count, e) < 0)
		return -1;
	if (count > 0)
		return 0;
	return error_set(e, ERROR_CONFLICT, "domain.untested",
			 "nobody has signed on by a connection of \"%s\" yet, so people would have no way in; try one first (rosterctl sso test)",
			 x->organisation.slug);
}

static int set_sso_only(struct exchange *x, const struct domain *domain, bool is, struct error *e)
{
	int64_t changed, ended = 0;

	if (domain_set_sso_only(x->tx, &x->organisation.id, domain->domain, is, &changed, e) < 0 ||
	    (is && session_end_local(x->tx, &x->organisation.id, domain->domain, &ended, e) < 0))
		return -1;
	return exchange_audit(x, is ? "domain.sso_only_began" : "domain.sso_only_ended", "domain", domain->domain, NULL, NULL,
			      arena_format(x->arena, "{\"sessions_ended\":%lld}", (long long)ended), e);
}

int domains_change(struct exchange *x, struct error *e)
{
	struct change change = { 0 };
	struct domain domain;

	if (exchange_read(x, change_fields, &change, e) < 0 || load(x, request_segment(x->request, "domain"), &domain, e) < 0 ||
	    (change.sso_only && check_door(x, &domain, e) < 0) ||
	    (change.sso_only != domain.sso_only && set_sso_only(x, &domain, change.sso_only, e) < 0))
		return -1;
	return show(x, 200, domain.domain, e);
}

int domains_check(struct exchange *x, struct error *e)
{
	struct domain domain;

	if (load(x, request_segment(x->request, "domain"), &domain, e) < 0)
		return -1;
	int due = domain_look_again(x->tx, &x->organisation.id, domain.domain, e);
	if (due == 0)
		return error_set(e, ERROR_CONFLICT, "domain.no_claim",
				 "\"%s\" is not to be proven by DNS: it counts by the operator's word", domain.domain);
	return due < 0 ? -1 : show(x, 202, domain.domain, e);
}

int domains_remove(struct exchange *x, struct error *e)
{
	struct domain domain;

	if (load(x, request_segment(x->request, "domain"), &domain, e) < 0 ||
	    exchange_managed_deletable(x, "domain", domain.domain, domain.managed_by, e) < 0 ||
	    domain_remove(x->tx, &x->organisation.id, domain.domain, e) < 0 ||
	    managed_forget(x->tx, &x->organisation.id, "domain", domain.domain, e) < 0 ||
	    exchange_audit(x, "domain.removed", "domain", domain.domain, NULL,
			   exchange_object(x, "state", domain.state, NULL), NULL, e) < 0)
		return -1;
	exchange_done(x);
	return 0;
}

int domains_adopt(struct exchange *x, struct error *e)
{
	struct domain domain;

	if (load(x, request_segment(x->request, "domain"), &domain, e) < 0 ||
	    exchange_managed_adoptable(x, "domain", domain.domain, domain.managed_by, e) < 0 ||
	    managed_adopt_domain(x->tx, &x->organisation.id, domain.domain, e) < 0 ||
	    exchange_audit(x, "domain.adopted", "domain", domain.domain, NULL,
			   exchange_object(x, "managed_by", EXCHANGE_FILE, NULL), NULL, e) < 0)
		return -1;
	return domains_show(x, e);
}
