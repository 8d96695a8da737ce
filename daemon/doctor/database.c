/* Is the database there, for each of the three roles; and then everything that can be asked of it. */
#include "doctor/visit.h"

#include <string.h>

#include "base/text.h"

static const char *const settings[STORE_ROLES] = { "owner_role", "request_role", "worker_role" };

int visit_ask(struct visit *visit, enum store_role role, const struct query *query, const struct param *params,
	      size_t count, const struct rows **ret)
{
	struct report *r = visit->report;
	scoped(tx) *tx = NULL;
	struct error e;

	if (tx_begin(visit->store, role, &tx, &e) == 0 &&
	    query_run(tx, query, params, count, r->arena, ret, &e) == 0)
		return 0;
	report_add(r, (struct finding){ FINDING_WARNING, "database.question",
					say(r, "\"%s\" could not be asked: %s%s%s", query->name, e.text,
					    e.detail[0] ? ": " : "", e.detail),
					"what it would have told is not known", NULL });
	return -1;
}

const char *const *visit_role_names(const struct visit *visit)
{
	const char **names = arena_array(visit->report->arena, STORE_ROLES + 1, sizeof(*names));

	memcpy(names, visit->options->store->role_names, STORE_ROLES * sizeof(*names));
	return names;
}

/* ---- getting in ---- */

/* As the daemon connects, with one connection of each role that is let in. */
static int open_store(struct visit *visit, struct error *e)
{
	struct store_options options = *visit->options->store;

	for (int role = 0; role < STORE_ROLES; role++)
		options.most[role] = visit->reached[role];
	options.application = "rosterd --doctor";
	return store_open(&options, &visit->store, e);
}

static void tell_refused(struct visit *visit, enum store_role role, const struct error *why)
{
	struct report *r = visit->report;
	const char *name = visit->options->store->role_names[role];

	report_add(r, (struct finding){ FINDING_PROBLEM, "role.refused",
					say(r, "role \"%s\" (%s) is not let in: %s", name, settings[role], why->detail),
					"the daemon connects as each of the three roles",
					"make the roles with roles.sql; look into pg_hba.conf, pg_ident.conf and "
					"the passwords of \"database\"" });
}

static void tell_unreachable(struct visit *visit, const struct error *why)
{
	struct report *r = visit->report;

	report_add(r, (struct finding){ FINDING_PROBLEM, "database.unreachable",
					say(r, "%s: %s", why->text, why->detail),
					"nothing can be read or changed until it answers; the daemon itself waits "
					"and recovers",
					"systemctl status postgresql; look at \"database.conninfo\"" });
}

/* How many of the roles are let in. */
static int try_roles(struct visit *visit, struct error why[STORE_ROLES])
{
	int reached = 0;

	for (int role = STORE_ROLES - 1; role >= 0; role--) {
		visit->reached[role] = store_ping(visit->store, (enum store_role)role, &why[role]) == 0;
		if (visit->reached[role])
			visit->any = (enum store_role)role;
		reached += visit->reached[role];
	}
	return reached;
}

static bool get_in(struct visit *visit)
{
	struct error why[STORE_ROLES];
	int reached = try_roles(visit, why);

	if (reached == 0)
		tell_unreachable(visit, &why[STORE_OWNER]);
	for (int role = 0; reached > 0 && role < STORE_ROLES; role++)
		if (!visit->reached[role])
			tell_refused(visit, (enum store_role)role, &why[role]);
	if (reached == STORE_ROLES)
		report_ok(visit->report, "database.ok", "the database lets all three roles in");
	return reached > 0;
}

/* Nobody shall wait for a role that is not let in. */
static bool reopen(struct visit *visit)
{
	struct error e;

	store_close(&visit->store);
	return open_store(visit, &e) == 0;
}

void doctor_database(const struct doctor_options *options, struct report *report)
{
	struct visit visit = { .options = options, .report = report, .reached = { true, true, true } };
	struct error e;

	if (open_store(&visit, &e) < 0) {
		report_add(report, (struct finding){ FINDING_PROBLEM, "database.settings", say(report, "%s", e.text),
						     "the daemon does not start",
						     "look at section \"database\" of the configuration" });
		return;
	}
	if (get_in(&visit) && reopen(&visit)) {
		visit_server(&visit);
		visit_roles(&visit);
		visit_tables(&visit);
		visit_queues(&visit);
		visit_connections(&visit);
		visit_secrets(&visit);
	}
	store_close(&visit.store);
}
