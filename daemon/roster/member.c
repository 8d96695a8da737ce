/* Members as administrators see and change them, one at a time. What a directory says about many goes through
 * provision. */
#include "roster/member.h"

#include "base/text.h"
#include "roster/seats.h"

const char *const member_states[] = { "invited", "waiting", "active", "suspended", "left", NULL };
const char *const member_roles[] = { "owner", "admin", "member", "viewer", NULL };

#define COLUMNS                                                                                              \
	"m.organisation, m.user_id, m.name, m.email, "                                                       \
	"(SELECT a.user_name FROM accounts a WHERE a.organisation = m.organisation AND a.user_id = "         \
	"m.user_id "                                                                                         \
	"AND (a.connection = m.connection OR m.connection IS NULL) "                                         \
	"ORDER BY a.gone_at DESC NULLS FIRST LIMIT 1), "                                                     \
	"m.role, m.role_source, m.state, m.source, m.suspended_by, m.connection, "                           \
	"m.joined_at, m.updated_at, m.last_active_at, m.version, m.title, m.department, "                    \
	"m.waiting_since, m.waiting_role, m.suspended_at, m.grace_until, m.left_at, m.left_by, "             \
	"m.role_manual, "                                                                                    \
	"(m.connection IS NOT NULL OR m.source = 'connector') AND m.email IS NOT NULL "                      \
	"AND NOT EXISTS (SELECT FROM domains d "                                                             \
	"WHERE d.organisation = m.organisation AND d.state = 'verified' AND d.domain = split_part(m.email, '@', 2))"

static struct member read_row(const struct rows *rows, size_t row)
{
	return (struct member){
		.organisation = rows_id(rows, row, 0),
		.user = rows_id(rows, row, 1),
		.name = rows_text(rows, row, 2),
		.email = rows_text(rows, row, 3),
		.user_name = rows_text(rows, row, 4),
		.role = rows_text(rows, row, 5),
		.role_source = rows_text(rows, row, 6),
		.state = rows_text(rows, row, 7),
		.source = rows_text(rows, row, 8),
		.suspended_by = rows_text(rows, row, 9),
		.connection = rows_id(rows, row, 10),
		.joined_at = rows_time(rows, row, 11),
		.updated_at = rows_time(rows, row, 12),
		.last_active_at = rows_time(rows, row, 13),
		.version = rows_int(rows, row, 14),
		.title = rows_text(rows, row, 15),
		.department = rows_text(rows, row, 16),
		.waiting_since = rows_time(rows, row, 17),
		.waiting_role = rows_text(rows, row, 18),
		.suspended_at = rows_time(rows, row, 19),
		.grace_until = rows_time(rows, row, 20),
		.left_at = rows_time(rows, row, 21),
		.left_by = rows_text(rows, row, 22),
		.role_by_hand = rows_text(rows, row, 23),
		.guest = rows_bool(rows, row, 24),
	};
}

static void read_rows(const struct rows *rows, struct arena *arena, struct member **ret, size_t *ret_count)
{
	*ret_count = rows_count(rows);
	*ret = arena_array(arena, *ret_count, sizeof(**ret));
	for (size_t i = 0; i < *ret_count; i++)
		(*ret)[i] = read_row(rows, i);
}

enum { CANDIDATES_MOST = 3 }; /* that are named when an address is several members' */

/* What tells them apart, without a word of who they are: it may stand in a log. */
static int add_candidate(struct tx *tx, struct arena *arena, const struct id *organisation,
			 const struct member *m, const char **all, struct error *e)
{
	static const struct query query = {
		"member.connection_name",
		"SELECT name FROM connections WHERE organisation = $1 AND id = $2",
		QUERY_READS,
		0,
	};
	const struct rows *rows;
	char id[ID_TEXT_SIZE];
	int found = query_one(tx, &query, PARAMS(P_ID(organisation), P_ID(&m->connection)), arena, &rows, e);

	if (found < 0)
		return -1;
	*all = arena_format(arena, "%s%s%s (%s%s, %s, from %s)", *all, **all ? ", " : "",
			    id_text(&m->user, id), m->guest ? "guest, " : "", m->role, m->state,
			    found == 1 ? rows_text(rows, 0, 0) : m->source);
	return 0;
}

static int refuse_ambiguous(struct tx *tx, struct arena *arena, const struct id *organisation,
			    const struct member *members, size_t count, struct error *e)
{
	const char *all = "";

	for (size_t i = 0; i < count && i < CANDIDATES_MOST && !text_equal(members[i].state, "left"); i++)
		if (add_candidate(tx, arena, organisation, &members[i], &all, e) < 0)
			return -1;
	return error_set(e, ERROR_CONFLICT, "member.ambiguous",
			 "more than one member has this address; name the member by id: %s%s", all,
			 count > CANDIDATES_MOST && !text_equal(members[CANDIDATES_MOST].state, "left")
				 ? ", and more"
				 : "");
}

/* Who has left is found by address only when nobody else has it: people come back under the same one. */
static int find_by_email(struct tx *tx, struct arena *arena, const struct id *organisation, const char *email,
			 struct member *ret, struct error *e)
{
	static const struct query query = {
		"member.find_by_email",
		"SELECT " COLUMNS " FROM members m WHERE m.organisation = $1 AND m.email = $2 "
		"ORDER BY m.state = 'left', m.user_id DESC LIMIT 4",
		QUERY_READS,
		0,
	};
	const struct rows *rows;
	struct member *members;
	size_t count;

	if (query_run(tx, &query, PARAMS(P_ID(organisation), P_TEXT(email)), arena, &rows, e) < 0)
		return -1;
	read_rows(rows, arena, &members, &count);
	if (count == 0)
		return 0;
	if (count > 1 && !text_equal(members[1].state, "left"))
		return refuse_ambiguous(tx, arena, organisation, members, count, e);
	*ret = members[0];
	return 1;
}

int member_find(struct tx *tx, struct arena *arena, const struct id *organisation, const char *id_or_email,
		struct member *ret, struct error *e)
{
	struct id user;
	const char *email;

	if (id_parse(id_or_email, &user) == 0)
		return member_load(tx, arena, organisation, &user, ret, e);
	if (text_email(arena, id_or_email, &email, NULL) < 0)
		return 0;
	return find_by_email(tx, arena, organisation, email, ret, e);
}

int member_load(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *user,
		struct member *ret, struct error *e)
{
	static const struct query query = {
		"member.load",
		"SELECT " COLUMNS " FROM members m WHERE m.organisation = $1 AND m.user_id = $2",
		QUERY_READS,
		0,
	};
	const struct rows *rows;
	int found = query_one(tx, &query, PARAMS(P_ID(organisation), P_ID(user)), arena, &rows, e);

	if (found == 1)
		*ret = read_row(rows, 0);
	return found;
}

/* As a reconcile does before it looks at what the sources say. */
int member_hold(struct tx *tx, const struct id *organisation, const struct id *user, struct error *e)
{
	static const struct query query = {
		"member.hold",
		"SELECT FROM members WHERE organisation = $1 AND user_id = $2 FOR UPDATE",
		QUERY_READS,
		0,
	};

	return query_write(tx, &query, PARAMS(P_ID(organisation), P_ID(user)), NULL, e);
}

int member_owner(struct tx *tx, struct arena *arena, const struct id *organisation, struct member *ret,
		 struct error *e)
{
	static const struct query query = {
		"member.owner",
		"SELECT " COLUMNS " FROM members m WHERE m.organisation = $1 AND m.role = 'owner'",
		QUERY_READS,
		0,
	};
	const struct rows *rows;
	int found = query_one(tx, &query, PARAMS(P_ID(organisation)), arena, &rows, e);

	if (found == 1)
		*ret = read_row(rows, 0);
	return found;
}

int member_list(struct tx *tx, struct arena *arena, const struct id *organisation,
		const struct member_filter *filter, struct member **ret, size_t *ret_count, struct error *e)
{
	static const struct query query = {
		"member.list",
		"SELECT " COLUMNS
		" FROM members m WHERE m.organisation = $1 AND ($2::uuid IS NULL OR m.user_id > $2) "
		"AND ($3::text IS NULL OR m.state = $3) AND ($4::text IS NULL OR m.role = $4) "
		"AND ($5::text IS NULL OR position(lower($5) IN lower(m.name)) > 0 OR position(lower($5) IN "
		"m.email) > 0) "
		"ORDER BY m.user_id LIMIT $6",
		QUERY_READS,
		0,
	};
	const struct rows *rows;

	if (query_run(tx, &query,
		      PARAMS(P_ID(organisation), P_ID(filter->after), P_TEXT(filter->state),
			     P_TEXT(filter->role), P_TEXT(filter->text), P_INT(filter->most)),
		      arena, &rows, e) < 0)
		return -1;
	read_rows(rows, arena, ret, ret_count);
	return 0;
}

int member_list_of_group(struct tx *tx, struct arena *arena, const struct id *organisation,
			 const struct id *group, const struct id *after, int most, struct member **ret,
			 size_t *ret_count, struct error *e)
{
	/* UNION, not UNION ALL: directories do have groups that contain each other. */
	static const struct query query = {
		"member.list_of_group",
		"WITH RECURSIVE within (id) AS (SELECT $2::uuid UNION SELECT g.child_id FROM within w "
		"JOIN group_groups g ON g.organisation = $1 AND g.group_id = w.id) "
		"SELECT " COLUMNS
		" FROM members m WHERE m.organisation = $1 AND ($3::uuid IS NULL OR m.user_id > $3) "
		"AND m.user_id IN (SELECT a.user_id FROM within w "
		"JOIN group_accounts ga ON ga.organisation = $1 AND ga.group_id = w.id "
		"JOIN accounts a ON a.organisation = $1 AND a.id = ga.account_id AND a.gone_at IS NULL) "
		"ORDER BY m.user_id LIMIT $4",
		QUERY_READS,
		0,
	};
	const struct rows *rows;

	if (query_run(tx, &query, PARAMS(P_ID(organisation), P_ID(group), P_ID(after), P_INT(most)), arena,
		      &rows, e) < 0)
		return -1;
	read_rows(rows, arena, ret, ret_count);
	return 0;
}

int member_create(struct tx *tx, const struct member *m, struct error *e)
{
	static const struct query query = {
		"member.create",
		"WITH person AS (INSERT INTO users (id) VALUES ($2)) "
		"INSERT INTO members (organisation, user_id, state, role, role_source, source, name, email, role_manual, "
		"name_manual, email_manual) VALUES ($1, $2, 'active', $3, $4, $5, $6, $7, "
		"CASE WHEN $4 = 'manual' AND $3 <> 'owner' THEN $3 END, nullif($6, ''), $7)",
		QUERY_CHANGES,
		0,
	};

	if (query_write(tx, &query,
			PARAMS(P_ID(&m->organisation), P_ID(&m->user), P_TEXT(m->role), P_TEXT(m->role_source),
			       P_TEXT(m->source), P_TEXT(m->name), P_TEXT(m->email)),
			NULL, e) < 0)
		return seats_refused(tx, e);
	return 0;
}

static int is_owner(struct error *e)
{
	return error_set(e, ERROR_CONFLICT, "member.is_owner",
			 "the owner cannot be demoted, suspended or removed; transfer the ownership first");
}

/* One row, or somebody was faster. */
static int one_written(int64_t written, struct error *e)
{
	if (written == 1)
		return 0;
	return error_set(e, ERROR_PRECONDITION, "member.changed",
			 "the member was changed by somebody else; read it again");
}

int member_set_role(struct tx *tx, const struct member *member, const char *role, const char *role_source,
		    struct error *e)
{
	static const struct query query = {
		"member.set_role",
		"UPDATE members SET role = $4, role_source = $5, role_manual = CASE WHEN $5 = 'manual' THEN $4 END, kept_from = NULL, "
		"waiting_role = NULL, updated_at = now(), version = version + 1 "
		"WHERE organisation = $1 AND user_id = $2 AND version = $3 AND role <> 'owner' AND $4 <> "
		"'owner'",
		QUERY_CHANGES,
		0,
	};
	int64_t written;

	if (text_equal(member->role, "owner"))
		return is_owner(e);
	if (query_write(tx, &query,
			PARAMS(P_ID(&member->organisation), P_ID(&member->user), P_INT(member->version),
			       P_TEXT(role), P_TEXT(role_source)),
			&written, e) < 0)
		return seats_refused(tx, e);
	return one_written(written, e);
}

int member_set_state(struct tx *tx, const struct member *member, const char *state, const char *by, struct error *e)
{
	static const struct query query = {
		"member.set_state",
		"UPDATE members SET state = $4, suspended_by = CASE WHEN $4 = 'suspended' THEN $5 END, "
		"left_by = CASE WHEN $4 = 'left' THEN $5 END, "
		"waiting_role = CASE WHEN $4 <> 'left' THEN waiting_role END, updated_at = now(), version = version + 1 "
		"WHERE organisation = $1 AND user_id = $2 AND version = $3 AND role <> 'owner'",
		QUERY_CHANGES,
		0,
	};
	int64_t written;

	if (text_equal(member->role, "owner"))
		return is_owner(e);
	if (query_write(tx, &query,
			PARAMS(P_ID(&member->organisation), P_ID(&member->user), P_INT(member->version),
			       P_TEXT(state), P_TEXT(by)),
			&written, e) < 0)
		return seats_refused(tx, e);
	return one_written(written, e);
}
