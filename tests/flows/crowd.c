/* Everybody at once: random operations by several at the same time, over every address below an organisation that changes something,
 * by runs, admissions and statements that try to break in. After every step the owner's rule and the rule of seats are looked at by a
 * statement of its own, which knows neither the triggers nor the tables that they count in.
 *
 * CROWD_OPERATIONS (2000) and CROWD_SEED say how many and which; the seed of a run is printed. CROWD_HEAVY (25) of a hundred are runs and
 * admissions, each of which takes as long as fifty requests. */
#include "flows/api.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/id.h"
#include "base/text.h"
#include "endpoints/routes.h"
#include "provision/provision.h"
#include "provision/source.h"
#include "provision/stage.h"
#include "store/query.h"
#include "store/transaction.h"
#include "sync/admission.h"

enum { THREADS = 4, ORGANISATIONS = 3, PEOPLE = 12, OPERATIONS = 2000, HEAVY = 25, PROGRESS = 50000, STEP_TEXT = 400 };

static struct cast casts[ORGANISATIONS];
static struct id organisations[ORGANISATIONS], connections[ORGANISATIONS];
static atomic_long operations, refusals, failures, runs_done, runs_again, waited, admitted;

/* ---- chance ---- */

struct crowd {
	uint64_t state, heavy;
	long steps;
	char doing[STEP_TEXT]; /* the step, for a failure */
	pthread_t thread;
};

static uint64_t chance(struct crowd *c, uint64_t below)
{
	uint64_t z = (c->state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (z ^ (z >> 31)) % below;
}

#define ANY(c, list) ((list)[chance(c, ARRAY_COUNT(list))])

static void failed(struct crowd *c, const char *what)
{
	atomic_fetch_add(&failures, 1);
	fprintf(stderr, "# FAILED after %s: %s\n", c->doing, what);
}

/* ---- the database ---- */

/* One statement of a role in a transaction of its own; the first cell as text in the arena, "" if there is none. NULL: it failed, *e says why. */
static const char *ask_by(enum store_role role, const struct id *organisation, struct arena *arena, const struct query *query, struct error *e)
{
	scoped(tx) *tx = NULL;
	const struct rows *rows;

	if (tx_begin(api_store(), role, &tx, e) < 0 || (organisation && tx_for(tx, organisation, e) < 0))
		return NULL;
	if (role != STORE_OWNER)
		return query_write(tx, query, NO_PARAMS, NULL, e) < 0 || tx_commit(&tx, e) < 0 ? NULL : "";
	if (query_run(tx, query, NO_PARAMS, arena, &rows, e) < 0 || tx_commit(&tx, e) < 0)
		return NULL;
	return rows_count(rows) > 0 && !rows_null(rows, 0, 0) ? rows_text(rows, 0, 0) : "";
}

static const char *ask(enum store_role role, const struct id *organisation, struct arena *arena, const char *sql, struct error *e)
{
	struct query query = { "crowd.ask", sql, role == STORE_OWNER ? QUERY_KEEPS : QUERY_BOTH, QUERY_ONCE };

	return ask_by(role, organisation, arena, &query, e);
}

/* The second copy of the rules, typed from the requirements. "" if all is well. */
static const char rules[] =
	"WITH o AS (SELECT organisation, slug, owner_absent_at IS NOT NULL AS absent, plan, CASE seat_limit WHEN 'none' THEN NULL "
	"WHEN 'plan' THEN CASE plan WHEN 'free' THEN 1 WHEN 'pro' THEN 11 END ELSE seat_limit::bigint END AS most FROM organisations), "
	"c AS (SELECT o.*, (SELECT count(*) FROM members m WHERE m.organisation = o.organisation AND m.role = 'owner') AS owners, "
	"(SELECT count(*) FROM members m WHERE m.organisation = o.organisation AND m.role = 'owner' AND m.state = 'active') AS here, "
	"(SELECT count(*) FROM members m WHERE m.organisation = o.organisation AND m.role = 'owner' AND m.state = 'suspended' "
	"AND m.suspended_by = 'connector') AS away, "
	"(SELECT count(*) FROM members m WHERE m.organisation = o.organisation AND (m.role = 'owner' OR (m.state = 'active' "
	"AND (m.role IN ('admin', 'member') OR (m.role = 'viewer' AND o.plan = 'free'))))) AS seated FROM o), "
	"t AS (SELECT count(*) AS n FROM tokens t JOIN members m ON m.organisation = t.organisation AND m.user_id = t.user_id "
	"JOIN LATERAL token_speaker(t.hash) s ON s.id IS NOT NULL WHERE m.state <> 'active') "
	"SELECT concat_ws('; ', (SELECT string_agg(format('%s: owners %s, here %s, away %s, absent %s, seated %s of %s', slug, owners, here, away, "
	"absent, seated, most), '; ') FROM c WHERE owners <> 1 OR here + away <> 1 OR absent <> (away = 1) OR seated > most), "
	"(SELECT format('%s tokens of people who are not active count', n) FROM t WHERE n > 0), "
	"(SELECT string_agg(format('%s is miscounted: %s, really %s', organisation, counted, really), '; ') FROM seats_miscounted()))";

static void look(struct crowd *c, struct arena *arena)
{
	static const struct query looked = { "crowd.rules", rules, QUERY_KEEPS, QUERY_PREPARED };
	struct error e = { 0 };
	const char *found = ask_by(STORE_OWNER, NULL, arena, &looked, &e);

	if (!found)
		failed(c, arena_format(arena, "the rules could not be looked at: %s (%s)", e.text, e.detail));
	else if (*found)
		failed(c, found);
}

/* ---- requests ---- */

static const char *const roles[] = { "owner", "admin", "member", "viewer" };
static const char *const states[] = { "active", "suspended" };
static const char *const plans[] = { "free", "pro", "enterprise" };
static const char *const limits[] = { "plan", "none", "1", "2", "3", "4", "6", "9" };

static const char *somebody(struct crowd *c, size_t which, struct arena *arena)
{
	struct error e = { 0 };
	const char *id;

	if (chance(c, 2) == 0)
		return casts[which].ids[chance(c, 4)];
	id = ask(STORE_OWNER, NULL, arena,
		 arena_format(arena, "SELECT user_id::text FROM members WHERE organisation = '%s' ORDER BY md5(user_id::text || '%llu') LIMIT 1",
			      id_text(&organisations[which], arena_take(arena, ID_TEXT_SIZE)), (unsigned long long)chance(c, 1000)),
		 &e);
	return id && *id ? id : casts[which].ids[0];
}

static const char *body_for(struct crowd *c, size_t which, const char *path, struct arena *arena)
{
	const char *who = somebody(c, which, arena);

	if (text_ends(path, "/members"))
		return arena_format(arena, "{\"name\":\"New\",\"email\":\"new%llu@elsewhere.example\",\"role\":\"%s\"}",
				    (unsigned long long)chance(c, 1000000), roles[1 + chance(c, 3)]);
	if (text_ends(path, "{member}"))
		return chance(c, 2) ? arena_format(arena, "{\"role\":\"%s\"}", ANY(c, roles))
				    : arena_format(arena, "{\"state\":\"%s\"}", ANY(c, states));
	if (text_ends(path, "/recover"))
		return arena_format(arena, "{\"member\":\"%s\",\"consent\":\"they said so\"}", who);
	if (text_ends(path, "/owner") || text_ends(path, "/ownership"))
		return arena_format(arena, "{\"member\":\"%s\"}", who);
	if (text_ends(path, "{organisation}")) {
		const char *over = chance(c, 2) ? "wait" : "refuse";

		switch (chance(c, 3)) {
		case 0:
			return arena_format(arena, "{\"seat_limit\":\"%s\",\"seats_over\":\"%s\"}", ANY(c, limits), over);
		case 1:
			return arena_format(arena, "{\"plan\":\"%s\",\"seats_over\":\"%s\"}", ANY(c, plans), over);
		default:
			return arena_format(arena, "{\"state\":\"active\"}");
		}
	}
	return "{}";
}

static const char *fill(struct crowd *c, size_t which, const char *path, struct arena *arena)
{
	const char *filled = "";

	while (*path) {
		size_t plain = strcspn(path, "{"), name = path[plain] ? strcspn(path + plain, "}") + 1 : 0;
		const char *in = arena_format(arena, "%.*s", (int)name, path + plain);
		const char *value = text_equal(in, "{organisation}") || text_equal(in, "{deleted}") ? casts[which].organisation
				    : text_equal(in, "{member}")				    ? somebody(c, which, arena)
				    : text_equal(in, "{connection}")				    ? "people"
				    : name							    ? "none"
												    : "";

		filled = arena_format(arena, "%s%.*s%s", filled, (int)plain, path, value);
		path += plain + name;
	}
	return filled;
}

static void request(struct crowd *c, size_t which, const struct endpoint *route, struct arena *arena)
{
	size_t who = chance(c, 6);
	const char *token = who < 4 ? casts[which].tokens[who] : NULL;
	const char *path = fill(c, which, route->path, arena);
	const char *body = text_equal(route->method, "DELETE") ? NULL : body_for(c, which, route->path, arena);
	int status;

	snprintf(c->doing, sizeof(c->doing), "%s %s %s as %s", route->method, path, body ? body : "", who < 4 ? api_roles[who] : "operator");
	status = api_status(token, route->method, path, body);
	if (status >= 400)
		atomic_fetch_add(&refusals, 1);
	if (status == 500 || status == 0)
		failed(c, arena_format(arena, "%d", status));
}

static bool changes_an_organisation(const struct endpoint *route)
{
	return !text_equal(route->method, "GET") && text_begins(route->path, "/v1/organisations/{");
}

static void any_request(struct crowd *c, size_t which, bool about_people, struct arena *arena)
{
	const struct endpoint *route;
	size_t count = 0;

	while (routes[count].method)
		count++;
	do
		route = &routes[chance(c, count)];
	while (!changes_an_organisation(route) ||
	       (about_people && !strstr(route->path, "member") && !strstr(route->path, "owner") && !text_ends(route->path, "{organisation}")));
	/* Deleting is rare, or nothing else would be done. */
	if (text_equal(route->method, "DELETE") && text_ends(route->path, "{organisation}") && chance(c, 8) > 0)
		return;
	request(c, which, route, arena);
}

/* ---- a run ---- */

static int stage_all(struct crowd *c, struct stage *stage, struct arena *arena)
{
	static const struct identity_group admins = { .remote_id = "g1", .name = "Admins" }, viewers = { .remote_id = "g2", .name = "Viewers" };

	stage_group(stage, &admins);
	stage_group(stage, &viewers);
	for (int i = 0; i < PEOPLE; i++) {
		struct identity person = {
			.remote_id = arena_format(arena, "u%d", i),
			.user_name = arena_format(arena, "user%d", i),
			.display_name = arena_format(arena, "User %d", i),
			.standing = chance(c, 6) == 0 ? STANDING_SUSPENDED : STANDING_ACTIVE,
		};
		struct identity_membership membership = { chance(c, 2) ? "g1" : "g2", person.remote_id };

		if (chance(c, 4) == 0)
			continue;
		stage_person(stage, &person);
		if (chance(c, 2) == 0)
			stage_membership(stage, &membership);
	}
	return 0;
}

static int reconcile(struct crowd *c, size_t which, struct arena *arena, struct error *e)
{
	static const struct query begun = {
		"crowd.run", "INSERT INTO runs (organisation, id, connection, state, asked_by, scope) VALUES ($1, $2, $3, 'done', 'crowd', 'named')",
		QUERY_KEEPS, QUERY_ONCE,
	};
	const struct id *organisation = &organisations[which];
	struct id id = id_new();
	struct run run = { .organisation = *organisation, .id = id, .connection = connections[which], .state = "reconciling", .scope = "all",
			   .asked_by = "crowd", .whole_known = true, .whole = true, .anew = true };
	struct actor actor = { .kind = "connector", .id = "crowd/people", .source = "run", .run = &id };
	struct stage_counts counts = { 0 };
	struct outcome outcome = { 0 };
	struct source source;
	struct stage *stage;
	scoped(tx) *tx = NULL;
	int found;

	if (tx_begin(api_store(), STORE_WORKER, &tx, e) < 0 || tx_for(tx, organisation, e) < 0)
		return -1;
	found = source_load(tx, arena, organisation, &connections[which], &source, e);
	if (found <= 0)
		return found;
	if (query_write(tx, &begun, PARAMS(P_ID(organisation), P_ID(&id), P_ID(&connections[which])), NULL, e) < 0 ||
	    stage_prepare(tx, &id, false, e) < 0)
		return -1;
	stage = stage_open(&source, &id);
	stage_all(c, stage, arena);
	found = stage_flush(stage, tx, &counts, e);
	stage_close(&stage);
	if (found < 0)
		return -1;
	run.people = counts.people;
	run.groups = counts.groups;
	run.memberships = counts.memberships;
	run.refused = counts.refused;
	run.marks = counts.marks;
	if (provision_reconcile(tx, arena, &source, &run, &actor, &outcome, e) < 0 || stage_drop(tx, &id, e) < 0 || tx_commit(&tx, e) < 0)
		return -1;
	if (outcome.kind == OUTCOME_APPLIED)
		atomic_fetch_add(&runs_done, 1);
	if (strstr(outcome.counts, "waiting"))
		atomic_fetch_add(&waited, 1);
	return 0;
}

/* No limit and no owner's rule refuses a directory: what fails may only be in one another's way. */
static void a_run(struct crowd *c, size_t which, struct arena *arena)
{
	struct error e = { 0 };

	snprintf(c->doing, sizeof(c->doing), "a run of %s", casts[which].organisation);
	if (reconcile(c, which, arena, &e) == 0)
		return;
	if (e.kind == ERROR_RETRY || e.kind == ERROR_LIMIT)
		atomic_fetch_add(&runs_again, 1);
	else
		failed(c, arena_format(arena, "%s: %s (%s)", e.code, e.text, e.detail));
}

static void an_admission(struct crowd *c, struct arena *arena)
{
	struct error e = { 0 };

	snprintf(c->doing, sizeof(c->doing), "an admission");
	if (admission_round(api_store(), &e) < 0 && e.kind != ERROR_RETRY)
		failed(c, arena_format(arena, "%s: %s (%s)", e.code, e.text, e.detail));
}

/* ---- statements that nobody should write ---- */

static void an_attempt(struct crowd *c, size_t which, struct arena *arena)
{
	static const char *const sets[] = {
		"role = 'owner'", "role = 'admin'", "role = 'member'", "state = 'left', suspended_by = NULL", "state = 'active', suspended_by = NULL",
		"state = 'suspended', suspended_by = 'connector'", "state = 'suspended', suspended_by = 'admin'", "state = 'waiting', suspended_by = NULL",
	};
	const char *set = ANY(c, sets), *who = somebody(c, which, arena);
	struct error e = { 0 };

	snprintf(c->doing, sizeof(c->doing), "UPDATE members SET %s of %s in %s", set, who, casts[which].organisation);
	ask(chance(c, 2) ? STORE_REQUEST : STORE_WORKER, &organisations[which], arena,
	    chance(c, 4) == 0 ? arena_format(arena, "UPDATE members SET %s", set)
			      : arena_format(arena, "UPDATE members SET %s WHERE user_id = '%s'", set, who),
	    &e);
}

static void time_passes(struct crowd *c, struct arena *arena)
{
	struct error e = { 0 };

	snprintf(c->doing, sizeof(c->doing), "the passing of time");
	ask(STORE_OWNER, NULL, arena,
	    "UPDATE ownership_offers SET made_at = made_at - interval '73 hours', not_before = not_before - interval '73 hours', "
	    "expires_at = expires_at - interval '73 hours' WHERE state = 'open'",
	    &e);
}

/* Whoever of the cast is the owner offers, and another accepts: by chance alone the two seldom meet. */
static void a_transfer(struct crowd *c, size_t which, struct arena *arena)
{
	const char *path = arena_format(arena, "/v1/organisations/%s/ownership", casts[which].organisation);
	size_t heir = chance(c, 4);

	snprintf(c->doing, sizeof(c->doing), "a transfer in %s to %s", casts[which].organisation, casts[which].ids[heir]);
	for (size_t i = 0; i < 4; i++)
		api_status(casts[which].tokens[i], "POST", path, arena_format(arena, "{\"member\":\"%s\"}", casts[which].ids[heir]));
	api_status(casts[which].tokens[heir], "POST", arena_format(arena, "%s/accept", path), NULL);
}

/* What keeps the others going: nobody stays deleted or suspended for long. */
static void mend(struct crowd *c, size_t which, struct arena *arena)
{
	const char *slug = casts[which].organisation;

	snprintf(c->doing, sizeof(c->doing), "restoring %s", slug);
	api_status(NULL, "POST", arena_format(arena, "/v1/organisations/%s/restore", slug), NULL);
	api_status(NULL, "PATCH", arena_format(arena, "/v1/organisations/%s", slug), "{\"state\":\"active\"}");
}

/* ---- all of them ---- */

static void step(struct crowd *c)
{
	scoped(arena) *arena = arena_open("crowd");
	size_t which = chance(c, ORGANISATIONS);
	uint64_t what;

	if (chance(c, 100) < c->heavy) {
		if (chance(c, 5) < 3)
			a_run(c, which, arena);
		else
			an_admission(c, arena);
	} else if ((what = chance(c, 75)) < 45)
		any_request(c, which, true, arena);
	else if (what < 55)
		any_request(c, which, false, arena);
	else if (what < 67)
		an_attempt(c, which, arena);
	else if (what < 69)
		time_passes(c, arena);
	else if (what < 72)
		a_transfer(c, which, arena);
	else
		mend(c, which, arena);
	look(c, arena);
	if ((atomic_fetch_add(&operations, 1) + 1) % PROGRESS == 0)
		print_message("# %ld operations so far\n", atomic_load(&operations));
}

static void *crowd(void *self)
{
	struct crowd *c = self;

	for (long i = 0; i < c->steps && atomic_load(&failures) < 20; i++)
		step(c);
	return NULL;
}

static long number(const char *name, long otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtol(text, NULL, 10) : otherwise;
}

static void nobody_breaks_the_rules(void **state)
{
	long wanted = number("CROWD_OPERATIONS", OPERATIONS), seed = number("CROWD_SEED", (long)time(NULL)), heavy = number("CROWD_HEAVY", HEAVY);
	struct crowd crowds[THREADS];

	(void)state;
	print_message("# CROWD_SEED=%ld CROWD_OPERATIONS=%ld CROWD_HEAVY=%ld\n", seed, wanted, heavy);
	for (size_t i = 0; i < THREADS; i++) {
		crowds[i] = (struct crowd){ .state = (uint64_t)seed * 1000003 + i, .heavy = (uint64_t)heavy, .steps = wanted / THREADS };
		assert_int_equal(pthread_create(&crowds[i].thread, NULL, crowd, &crowds[i]), 0);
	}
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(crowds[i].thread, NULL);
	atomic_store(&admitted, strtol(api_sql("SELECT count(*)::text FROM audit WHERE action = 'member.admitted'"), NULL, 10));
	print_message("# %ld operations, %ld requests refused, %ld runs applied (%ld in another's way), in %ld of them somebody waited, %ld people "
		      "admitted, %s owners changed, %s times an owner was absent\n",
		      atomic_load(&operations), atomic_load(&refusals), atomic_load(&runs_done), atomic_load(&runs_again), atomic_load(&waited),
		      atomic_load(&admitted), api_sql("SELECT count(*)::text FROM audit WHERE action = 'organisation.owner_changed'"),
		      api_sql("SELECT count(*)::text FROM audit WHERE action = 'organisation.owner_absent'"));
	assert_int_equal(atomic_load(&failures), 0);
	/* Or it was a crowd that did nothing. */
	assert_true(atomic_load(&runs_done) > 0 && atomic_load(&waited) > 0 && atomic_load(&admitted) > 0);
}

/* A directory of its own, with groups that are mapped; limits of the guard that hold no run. */
static void connect_it(size_t which)
{
	const char *id = api_sql(api_format("SELECT organisation::text FROM organisations WHERE slug = '%s'", casts[which].organisation));
	char text[ID_TEXT_SIZE];

	assert_int_equal(id_parse(id, &organisations[which]), 0);
	connections[which] = id_new();
	id_text(&connections[which], text);
	api_sql(api_format("INSERT INTO connections (organisation, id, name, plugin, remove_most, remove_admins_most, remove_group_most) "
			   "VALUES ('%s', '%s', 'people', 'ldap', 1000, 1000, 1000);"
			   "INSERT INTO role_mappings (organisation, connection, position, group_name, role) VALUES ('%s', '%s', 1, 'Admins', 'admin'), "
			   "('%s', '%s', 2, 'Viewers', 'viewer')",
			   id, text, id, text, id, text));
	/* The cast are people of that directory, too: it can keep an owner out. */
	for (size_t i = 0; i < 4; i++)
		api_sql(api_format("INSERT INTO accounts (organisation, id, connection, remote_id, user_id, user_name, standing, fingerprint) "
				   "VALUES ('%s', gen_random_uuid(), '%s', 'u%zu', '%s', 'user%zu', 1, '')",
				   id, text, i, casts[which].ids[i], i));
}

static int start(void **state)
{
	static const char *const slugs[ORGANISATIONS] = { "pro", "custom", "open" };
	static const char *const bodies[ORGANISATIONS] = { "{\"type\":\"team\",\"plan\":\"pro\",\"seat_limit\":\"5\"}", "{\"seat_limit\":\"4\"}",
							   "{\"seat_limit\":\"none\"}" };

	api_start(state);
	for (size_t i = 0; i < ORGANISATIONS; i++) {
		casts[i] = api_cast(slugs[i]);
		EXPECT(api_call(NULL, "PATCH", api_format("/v1/organisations/%s", slugs[i]), bodies[i]), 200, NULL);
		connect_it(i);
	}
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_breaks_the_rules),
	};

	return cmocka_run_group_tests_name("flows/crowd", tests, start, api_stop);
}
