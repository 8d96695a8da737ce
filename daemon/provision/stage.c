#include "provision/stage.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/crypt.h"
#include "base/text.h"
#include "provision/mapping.h"
#include "store/copy.h"
#include "store/query.h"

/* Bytes that wait in the daemon at most, for each kind: what a page of a thousand people needs, and some. */
enum { PEOPLE_MOST = 1 << 20, GROUPS_MOST = 1 << 18, EDGES_MOST = 1 << 19, REFUSED_MOST = 1 << 18, MARKS_MOST = 1 << 18 };

/* The names of tables are the only words of a statement that are not constants: a prefix and 32 hexadecimal digits of
 * an id that the daemon made. */
enum { NAME_SIZE = 33, SQL_MOST = 2048 };

enum kind { PEOPLE, GROUPS, EDGES, REFUSED, MARKS, KINDS };

static const struct {
	const char *prefix, *view, *columns, *names;
	const char *joined; /* what joins go by: all that the planner must know of */
	size_t most;
	const char *of; /* which rows the view shows; "": all */
} tables[KINDS] = {
	[PEOPLE] = { "people", "staged_people",
	             "id uuid, remote_id text COLLATE \"C\", key text COLLATE \"C\", user_name text COLLATE \"C\", "
	             "email text COLLATE \"C\", domain text COLLATE \"C\", given_name text, family_name text, "
	             "display_name text, title text, department text, locale text, standing smallint, fingerprint bytea, stamp text, "
	             "says_groups boolean",
	             "id, remote_id, key, user_name, email, domain, given_name, family_name, display_name, title, department, "
	             "locale, standing, fingerprint, stamp, says_groups",
	             "remote_id, key, email", PEOPLE_MOST, " WHERE user_name IS NOT NULL" },
	[GROUPS] = { "groups", "staged_groups",
	             "id uuid, remote_id text COLLATE \"C\", reference text COLLATE \"C\", key text COLLATE \"C\", name text, "
	             "stamp text, partial boolean",
	             "id, remote_id, reference, key, name, stamp, partial", "remote_id, key, name", GROUPS_MOST, "" },
	[EDGES] = { "edges", "staged_edges", "group_key text COLLATE \"C\", member_key text COLLATE \"C\", removed boolean",
	            "group_key, member_key, removed", "group_key, member_key", EDGES_MOST, "" },
	[REFUSED] = { "refused", "staged_refused",
	              "remote_id text COLLATE \"C\", code text, reason text, user_name text, email text",
	              "remote_id, code, reason, user_name, email", "remote_id", REFUSED_MOST, "" },
	[MARKS] = { "marks", "staged_marks", "id uuid, is_group boolean, gone boolean, remote_id text COLLATE \"C\"",
	            "id, is_group, gone, remote_id", "remote_id", MARKS_MOST, "" },
};

struct stage {
	const struct source *source;
	struct id run;
	struct arena *memory; /* where this struct lives */
	struct arena *person; /* of one person, reset after each */
	struct digest *digest;
	struct copy_rows *rows[KINDS];
};

static void suffix_of(const struct id *run, char ret[NAME_SIZE])
{
	text_hex(run->bytes, ID_SIZE, ret);
}

/* Runs one statement about a table of the run; its text is made of constants and the suffix. */
static int run_statement(struct tx *tx, const char *sql, struct error *e)
{
	const struct query query = { "stage.table", sql, QUERY_KEEPS, QUERY_ONCE };
	return query_write(tx, &query, NO_PARAMS, NULL, e);
}

int stage_prepare(struct tx *tx, const struct id *run, bool few, struct error *e)
{
	char suffix[NAME_SIZE], sql[SQL_MOST];
	suffix_of(run, suffix);
	if (stage_drop(tx, run, e) < 0)
		return -1;
	for (int k = 0; k < KINDS; k++) {
		snprintf(sql, sizeof(sql), "CREATE %sTABLE staging.%s_%s (%s) WITH (autovacuum_enabled = off)", few ? "" : "UNLOGGED ",
		         tables[k].prefix, suffix, tables[k].columns);
		if (run_statement(tx, sql, e) < 0)
			return -1;
	}
	return 0;
}

static int drop_tables(struct tx *tx, const char *suffix, struct error *e)
{
	char sql[SQL_MOST];
	for (int k = 0; k < KINDS; k++) {
		snprintf(sql, sizeof(sql), "DROP TABLE IF EXISTS staging.%s_%s", tables[k].prefix, suffix);
		if (run_statement(tx, sql, e) < 0)
			return -1;
	}
	return 0;
}

int stage_drop(struct tx *tx, const struct id *run, struct error *e)
{
	char suffix[NAME_SIZE];
	suffix_of(run, suffix);
	return drop_tables(tx, suffix, e);
}

int stage_sweep(struct tx *tx, int *ret_dropped, struct error *e)
{
	static const struct query orphans = {
		"stage.orphans",
		"SELECT substr(relname::text, 8) FROM pg_class WHERE relnamespace = 'staging'::regnamespace AND relkind = 'r' "
		"AND relname ~ '^people_[0-9a-f]{32}$' "
		"AND substr(relname::text, 8)::uuid NOT IN (SELECT runs_live())",
		QUERY_READS, 0,
	};
	scoped(arena) *arena = arena_open("sweep");
	const struct rows *rows;
	if (query_run(tx, &orphans, NO_PARAMS, arena, &rows, e) < 0)
		return -1;
	for (size_t i = 0; i < rows_count(rows); i++)
		if (drop_tables(tx, rows_text(rows, i, 0), e) < 0)
			return -1;
	if (ret_dropped)
		*ret_dropped = (int)rows_count(rows);
	return 0;
}

static int index_tables(struct tx *tx, const char *suffix, struct error *e)
{
	static const struct {
		enum kind kind;
		const char *columns;
	} indices[] = { { PEOPLE, "id" }, { PEOPLE, "remote_id" }, { GROUPS, "remote_id" }, { EDGES, "member_key" },
		        { REFUSED, "remote_id" }, { MARKS, "remote_id" } };
	char sql[SQL_MOST];
	for (size_t i = 0; i < ARRAY_COUNT(indices); i++) {
		const char *prefix = tables[indices[i].kind].prefix, *columns = indices[i].columns;
		snprintf(sql, sizeof(sql), "CREATE INDEX IF NOT EXISTS %s_%s_%s ON staging.%s_%s (%s)", prefix, suffix, columns, prefix,
		         suffix, columns);
		if (run_statement(tx, sql, e) < 0)
			return -1;
	}
	return 0;
}

int stage_expose(struct tx *tx, const struct id *run, bool indexed, struct error *e)
{
	char suffix[NAME_SIZE], sql[SQL_MOST];
	suffix_of(run, suffix);
	if (indexed && index_tables(tx, suffix, e) < 0)
		return -1;
	/* A small sample is enough to tell a hundred rows from a million. */
	if (run_statement(tx, "SELECT set_config('default_statistics_target', '10', true)", e) < 0)
		return -1;
	for (int k = 0; k < KINDS; k++) {
		snprintf(sql, sizeof(sql), "ANALYZE staging.%s_%s (%s)", tables[k].prefix, suffix, tables[k].joined);
		if (run_statement(tx, sql, e) < 0)
			return -1;
		snprintf(sql, sizeof(sql), "CREATE TEMP VIEW %s AS SELECT * FROM staging.%s_%s%s", tables[k].view,
		         tables[k].prefix, suffix, tables[k].of);
		if (run_statement(tx, sql, e) < 0)
			return -1;
	}
	snprintf(sql, sizeof(sql), "CREATE TEMP VIEW staged_unnamed AS SELECT * FROM staging.people_%s WHERE user_name IS NULL", suffix);
	return run_statement(tx, sql, e);
}

int stage_name(struct tx *tx, const struct source *source, bool all, struct error *e)
{
	/* As in provision/plan: of a listing of all, nothing is compared row by row. */
	static const struct query memory = {
		"stage.name_memory", "SELECT set_config('enable_nestloop', CASE WHEN $1 THEN 'off' ELSE 'on' END, true)", QUERY_KEEPS, QUERY_ONCE,
	};
	static const struct query name = {
		"stage.name",
		"UPDATE staged_unnamed s SET user_name = a.user_name, display_name = coalesce(s.display_name, a.display_name) "
		"FROM accounts a WHERE a.organisation = $1 AND a.connection = $2 AND a.remote_id = s.remote_id",
		QUERY_KEEPS, QUERY_ONCE,
	};
	if (query_write(tx, &memory, PARAMS(P_BOOL(all)), NULL, e) < 0)
		return -1;
	return query_write(tx, &name, PARAMS(P_ID(&source->organisation), P_ID(&source->connection.id)), NULL, e);
}

/* What was observed after this run began to read is none of its business. */
#define NOT_NEWER(row) \
	"AND (" row ".observed_at IS NULL OR " row ".observed_at <= (SELECT r.read_at FROM runs r WHERE r.organisation = $1 AND r.id = $4)) "

/* Accounts and groups that are here, and neither staged, nor said to be present or gone, nor refused. $3: how many of each at most, chosen by chance; $4: the run. */
static const struct query lost_people = {
	"stage.lost_people",
	"WITH lost AS (SELECT a.remote_id FROM accounts a WHERE a.organisation = $1 AND a.connection = $2 AND a.gone_at IS NULL "
	NOT_NEWER("a") "AND NOT EXISTS (SELECT FROM staged_people s WHERE s.remote_id = a.remote_id) "
	"AND NOT EXISTS (SELECT FROM staged_marks k WHERE NOT k.is_group AND k.remote_id = a.remote_id) "
	"AND NOT EXISTS (SELECT FROM staged_refused r WHERE r.remote_id = a.remote_id)) "
	"SELECT (SELECT count(*) FROM lost), array(SELECT l.remote_id FROM lost l "
	"ORDER BY hashtextextended(l.remote_id, hashtextextended($4::uuid::text, 0)) LIMIT $3)",
	QUERY_READS, QUERY_ONCE,
};
static const struct query lost_groups = {
	"stage.lost_groups",
	"WITH lost AS (SELECT g.remote_id FROM groups g WHERE g.organisation = $1 AND g.connection = $2 "
	NOT_NEWER("g") "AND NOT EXISTS (SELECT FROM staged_groups s WHERE s.remote_id = g.remote_id) "
	"AND NOT EXISTS (SELECT FROM staged_marks k WHERE k.is_group AND k.remote_id = g.remote_id) "
	"AND g.remote_id NOT IN (SELECT r.remote_id FROM staged_refused r) "
	"AND (g.reference IS NULL OR g.reference NOT IN (SELECT r.remote_id FROM staged_refused r))) "
	"SELECT (SELECT count(*) FROM lost), array(SELECT l.remote_id FROM lost l "
	"ORDER BY hashtextextended(l.remote_id, hashtextextended($4::uuid::text, 0)) LIMIT $3)",
	QUERY_READS, QUERY_ONCE,
};

int stage_lost(struct tx *tx, struct arena *arena, const struct source *source, const struct id *run, int most,
               struct stage_lost *ret, struct error *e)
{
	const struct rows *people, *groups;
	if (stage_expose(tx, run, false, e) < 0 || run_statement(tx, "SELECT set_config('enable_nestloop', 'off', true)", e) < 0 ||
	    query_one(tx, &lost_people, PARAMS(P_ID(&source->organisation), P_ID(&source->connection.id), P_INT(most), P_ID(run)),
	              arena, &people, e) < 0 ||
	    query_one(tx, &lost_groups, PARAMS(P_ID(&source->organisation), P_ID(&source->connection.id), P_INT(most), P_ID(run)),
	              arena, &groups, e) < 0 ||
	    stage_hide(tx, e) < 0)
		return -1;
	*ret = (struct stage_lost){ rows_int(people, 0, 0), rows_int(groups, 0, 0), rows_texts(people, 0, 1), rows_texts(groups, 0, 1) };
	return 0;
}

int stage_hide(struct tx *tx, struct error *e)
{
	return run_statement(tx, "DROP VIEW staged_people, staged_unnamed, staged_groups, staged_edges, staged_refused, staged_marks", e);
}

struct stage *stage_open(const struct source *source, const struct id *run)
{
	struct arena *memory = arena_open("stage");
	struct stage *stage = arena_take(memory, sizeof(*stage));
	stage->memory = memory;
	stage->person = arena_open("staged person");
	stage->digest = digest_open();
	stage->source = source;
	stage->run = *run;
	for (int k = 0; k < KINDS; k++)
		stage->rows[k] = copy_rows_open(tables[k].most);
	return stage;
}

void stage_close(struct stage **stage)
{
	if (!*stage)
		return;
	struct arena *memory = (*stage)->memory;
	for (int k = 0; k < KINDS; k++)
		copy_rows_close(&(*stage)->rows[k]);
	digest_close(&(*stage)->digest);
	arena_close(&(*stage)->person);
	arena_close(&memory);
	*stage = NULL;
}

/* Shortened to what a row may hold; what is not UTF-8 is left out. */
static const char *cut(struct stage *stage, const char *text, size_t most)
{
	if (!text || !text_is_printable(text, strlen(text)))
		return NULL;
	return arena_text_n(stage->person, text, text_cut(text, strlen(text), most));
}

static const char *shown(struct stage *stage, const char *text)
{
	return cut(stage, text, MAPPED_NAME_MOST);
}

static void put_refused(struct stage *stage, const char *remote_id, const char *code, const char *reason,
                        const char *user_name, const char *email)
{
	struct copy_rows *rows = stage->rows[REFUSED];
	/* A whole key, never a part of one: it is how we know that somebody is there, though unreadable. */
	const char *id = cut(stage, remote_id, MAPPED_ID_MOST);
	copy_row(rows, 5);
	copy_text(rows, id ? id : "(unreadable)");
	copy_text(rows, code);
	copy_text(rows, reason);
	copy_text(rows, shown(stage, user_name));
	copy_text(rows, shown(stage, email));
}

static void put_mark(struct stage *stage, bool is_group, bool gone, const char *remote_id)
{
	struct copy_rows *rows = stage->rows[MARKS];
	struct id id = id_new();
	copy_row(rows, 4);
	copy_id(rows, &id);
	copy_bool(rows, is_group);
	copy_bool(rows, gone);
	copy_text(rows, remote_id);
}

static void put_person(struct copy_rows *rows, const struct mapped *m, const struct identity *given)
{
	struct id id = id_new();
	copy_row(rows, 16);
	copy_id(rows, &id);
	copy_text(rows, m->remote_id);
	copy_text(rows, m->key);
	copy_text(rows, m->user_name);
	copy_text(rows, m->email);
	copy_text(rows, m->domain);
	copy_text(rows, m->given_name);
	copy_text(rows, m->family_name);
	copy_text(rows, m->display_name);
	copy_text(rows, m->title);
	copy_text(rows, m->department);
	copy_text(rows, m->locale);
	copy_int2(rows, m->standing);
	copy_bytes(rows, m->fingerprint, sizeof(m->fingerprint));
	copy_text(rows, given->stamp);
	copy_bool(rows, given->groups != NULL);
}

void stage_person(struct stage *stage, const struct identity *person)
{
	struct mapped mapped;
	struct error e;
	arena_reset(stage->person);
	if (person->standing == STANDING_GONE) {
		put_mark(stage, false, true, person->remote_id);
		return;
	}
	if (mapping_person(stage->source, person, stage->digest, stage->person, &mapped, &e) < 0) {
		put_refused(stage, person->remote_id, e.code, e.text, person->user_name, person->email);
		return;
	}

	put_person(stage->rows[PEOPLE], &mapped, person);
	if (mapped.poor)
		put_refused(stage, mapped.remote_id, mapped.poor_code, mapped.poor, person->user_name, person->email);

	if (person->groups)
		for (const char *const *group = person->groups; *group; group++) {
			const struct identity_membership membership = { *group, mapped.key };
			stage_membership(stage, &membership);
		}
}

void stage_group(struct stage *stage, const struct identity_group *group)
{
	struct copy_rows *rows = stage->rows[GROUPS];
	arena_reset(stage->person);
	if (group->gone) {
		put_mark(stage, true, true, group->remote_id);
		return;
	}
	const char *name = shown(stage, group->name);
	size_t length = name ? strlen(name) : 0;
	const char *trimmed = name ? text_trim(name, &length) : NULL; /* a blank at the end makes a twin */
	if (!group->remote_id || !*group->remote_id || length == 0) {
		put_refused(stage, group->remote_id, "group.incomplete", "the directory shows a group without id or readable name",
		            NULL, NULL);
		return;
	}

	struct id id = id_new();
	copy_row(rows, 7);
	copy_id(rows, &id);
	copy_text(rows, group->remote_id);
	copy_text(rows, group->reference);
	copy_text(rows, group->reference ? group->reference : group->remote_id);
	copy_text(rows, arena_text_n(stage->person, trimmed, length));
	copy_text(rows, group->stamp);
	copy_bool(rows, group->partial);
}

static void put_edge(struct stage *stage, const struct identity_membership *membership, bool removed)
{
	struct copy_rows *rows = stage->rows[EDGES];
	copy_row(rows, 3);
	copy_text(rows, membership->group);
	copy_text(rows, membership->member);
	copy_bool(rows, removed);
}

void stage_membership(struct stage *stage, const struct identity_membership *membership)
{
	put_edge(stage, membership, false);
}

void stage_membership_gone(struct stage *stage, const struct identity_membership *membership)
{
	put_edge(stage, membership, true);
}

void stage_present(struct stage *stage, bool group, const char *remote_id)
{
	put_mark(stage, group, false, remote_id);
}

void stage_refused(struct stage *stage, const char *remote_id, const char *reason)
{
	arena_reset(stage->person);
	put_refused(stage, remote_id, STAGE_UNREADABLE, reason, NULL, NULL);
}

bool stage_full(const struct stage *stage)
{
	for (int k = 0; k < KINDS; k++)
		if (copy_rows_full(stage->rows[k]))
			return true;
	return false;
}

int stage_flush(struct stage *stage, struct tx *tx, struct stage_counts *ret_sent, struct error *e)
{
	char suffix[NAME_SIZE], sql[SQL_MOST];
	suffix_of(&stage->run, suffix);
	const struct stage_counts sent = {
		.people = (int64_t)copy_rows_count(stage->rows[PEOPLE]),
		.groups = (int64_t)copy_rows_count(stage->rows[GROUPS]),
		.memberships = (int64_t)copy_rows_count(stage->rows[EDGES]),
		.refused = (int64_t)copy_rows_count(stage->rows[REFUSED]),
		.marks = (int64_t)copy_rows_count(stage->rows[MARKS]),
	};
	for (int k = 0; k < KINDS; k++) {
		snprintf(sql, sizeof(sql), "COPY staging.%s_%s (%s) FROM STDIN (FORMAT binary)", tables[k].prefix, suffix,
		         tables[k].names);
		if (copy_send(tx, sql, stage->rows[k], e) < 0)
			return -1;
	}
	*ret_sent = sent;
	return 0;
}
