#include "provision/explain.h"

#include <string.h>

#include "base/text.h"
#include "provision/choice.h"
#include "roster/precedence.h"
#include "store/query.h"

#define NOBODY "'00000000-0000-0000-0000-000000000000'::uuid"

const char *const explain_attributes[EXPLAIN_ATTRIBUTES + 1] = { "name", "email", "title",     "department",
								 "role", "state", "user_name", NULL };

/* ---- what the sources say ---- */

/* Of a connection the entry that is there, or else the one that was there last. by_hand: the role as if a
 * person had set it, "" as if none had; NULL: as it is. */
static int load_words(struct tx *tx, struct arena *arena, const struct member *member, const char *by_hand,
		      struct explanation *x, struct error *e)
{
	static const struct query words = {
		"explain.words",
		"WITH said AS (SELECT * FROM (SELECT DISTINCT ON (a.connection, CASE WHEN a.gone_at IS NULL "
		"THEN a.id END) "
		"a.connection AS source, a.id AS account, a.standing, a.gone_at, a.mapped_role AS role, "
		"a.display_name AS name, a.email, a.title, "
		"a.department, CASE WHEN a.by_sign_on AND " CHOICE_IN_DIRECTORY("$2", "") " THEN NULL WHEN a.standing = 1 "
		"THEN 'active' ELSE 'suspended' END AS state, "
		"CASE WHEN NOT (a.by_sign_on AND " CHOICE_IN_DIRECTORY("$2", "") ") THEN a.user_name END AS user_name FROM accounts a "
		"WHERE a.organisation = $1 AND a.user_id = $2 AND (a.gone_at IS NULL OR NOT EXISTS (SELECT "
		"FROM accounts l "
		"WHERE l.organisation = $1 AND l.user_id = $2 AND l.connection = a.connection AND l.gone_at "
		"IS NULL)) "
		"ORDER BY a.connection, CASE WHEN a.gone_at IS NULL THEN a.id END, a.gone_at DESC) l "
		"UNION ALL SELECT " NOBODY ", NULL, NULL, NULL, nullif(coalesce($3::text, m.role_manual), "
					   "''), m.name_manual, m.email_manual, NULL, "
		"NULL, NULL, NULL "
		"FROM members m WHERE m.organisation = $1 AND m.user_id = $2) "
		"SELECT v.n, coalesce(c.name, 'manual'), s.source, s.account, c.precedence, v.rank::bigint, "
		"coalesce(s.source = ANY (p.sources), false), v.value, s.gone_at, c.deleted_at, "
		"coalesce(s.standing = 1, false), "
		"v.attribute = 'role' AND s.account IS NULL AND EXISTS (SELECT FROM members m WHERE "
		"m.organisation = $1 AND m.user_id = $2 "
		"AND m.kept_from IS NOT NULL) "
		"FROM said s LEFT JOIN connections c ON c.organisation = $1 AND c.id = s.source "
		"LEFT JOIN source_ranks($1, NULL) r ON r.source = s.source "
		"CROSS JOIN LATERAL (VALUES (0, 'name', r.name, s.name), (1, 'email', r.email, s.email), (2, "
		"'title', r.title, s.title), "
		"(3, 'department', r.department, s.department), (4, 'role', r.role, s.role), (5, 'state', "
		"r.state, s.state), "
		"(6, 'user_name', r.state, s.user_name)) AS v (n, attribute, rank, value) "
		"LEFT JOIN precedences p ON p.organisation = $1 AND p.attribute = CASE v.attribute WHEN "
		"'user_name' THEN 'state' ELSE v.attribute END "
		"WHERE s.account IS NOT NULL OR v.value IS NOT NULL "
		"ORDER BY v.n, s.gone_at IS NOT NULL, v.rank NULLS LAST, v.value, s.account",
		QUERY_READS,
		0,
	};
	const struct rows *rows;
	if (query_run(tx, &words, PARAMS(P_ID(&member->organisation), P_ID(&member->user), P_TEXT(by_hand)),
		      arena, &rows, e) < 0)
		return -1;
	x->word_count = rows_count(rows);
	x->words = arena_array(arena, x->word_count, sizeof(*x->words));
	for (size_t i = 0; i < x->word_count; i++)
		x->words[i] = (struct explain_word){
			.attribute = (enum explain_attribute)rows_int(rows, i, 0),
			.source = rows_text(rows, i, 1),
			.connection = rows_id(rows, i, 2),
			.account = rows_id(rows, i, 3),
			.precedence = rows_int(rows, i, 4),
			.place = rows_int(rows, i, 5),
			.by_rule = rows_bool(rows, i, 6),
			.value = rows_text(rows, i, 7),
			.gone_at = rows_time(rows, i, 8),
			.deleted_at = rows_time(rows, i, 9),
			.active = rows_bool(rows, i, 10),
			.kept = rows_bool(rows, i, 11),
		};
	return 0;
}

/* The line that yields each entry's role: the first that names a group of theirs, through any depth. As in
 * provision/plan, a key of a group comes before a name. */
static int load_lines(struct tx *tx, struct arena *arena, const struct member *member, struct explanation *x,
		      struct error *e)
{
	static const struct query lines = {
		"explain.lines",
		"WITH RECURSIVE above (account, id) AS (SELECT k.account_id, k.group_id FROM accounts a JOIN "
		"group_accounts k "
		"ON k.organisation = $1 AND k.account_id = a.id WHERE a.organisation = $1 AND a.user_id = $2 "
		"AND a.gone_at IS NULL "
		"UNION SELECT u.account, k.group_id FROM above u JOIN group_groups k ON k.organisation = $1 "
		"AND k.child_id = u.id) "
		"SELECT DISTINCT ON (u.account) u.account, (SELECT count(*) FROM role_mappings b WHERE "
		"b.organisation = $1 "
		"AND b.connection = m.connection AND b.position <= m.position), m.group_name, m.role, g.id, "
		"g.name, g.remote_id "
		"FROM above u JOIN groups g ON g.organisation = $1 AND g.id = u.id "
		"JOIN role_mappings m ON m.organisation = $1 AND m.connection = g.connection "
		"AND (m.group_name IN (g.remote_id, g.reference) OR (m.group_name = g.name AND NOT EXISTS "
		"(SELECT FROM groups o "
		"WHERE o.organisation = $1 AND o.connection = m.connection AND m.group_name IN (o.remote_id, "
		"o.reference)))) "
		"ORDER BY u.account, m.position, g.id",
		QUERY_READS,
		0,
	};
	const struct rows *rows;
	if (query_run(tx, &lines, PARAMS(P_ID(&member->organisation), P_ID(&member->user)), arena, &rows, e) <
	    0)
		return -1;
	for (size_t i = 0; i < rows_count(rows); i++) {
		struct id account = rows_id(rows, i, 0);
		for (size_t w = 0; w < x->word_count; w++) {
			struct explain_word *word = &x->words[w];
			if (word->attribute != EXPLAIN_ROLE || !id_equal(&word->account, &account) ||
			    word->gone_at)
				continue;
			word->line = rows_int(rows, i, 1);
			word->line_group = rows_text(rows, i, 2);
			word->line_role = rows_text(rows, i, 3);
			word->group = rows_id(rows, i, 4);
			word->group_name = rows_text(rows, i, 5);
			word->group_remote_id = rows_text(rows, i, 6);
		}
	}
	return 0;
}

/* ---- whose word counts ---- */

static bool is_manual(const struct explain_word *word)
{
	return id_is_nil(&word->connection);
}

/* A connection speaks of whom it shows; what a person set is always there. */
static bool speaks(const struct explain_word *word)
{
	return !word->gone_at && !word->deleted_at && word->place > 0;
}

/* Whether any directory speaks of them: what a person set alone chooses nothing. active: one that has them
 * active. */
static bool is_spoken_of(const struct explanation *x, bool active)
{
	for (size_t i = 0; i < x->word_count; i++)
		if (x->words[i].attribute == EXPLAIN_STATE && speaks(&x->words[i]) && x->words[i].value &&
		    (!active || x->words[i].active))
			return true;
	return false;
}

/* Who is switched off in a directory gets no role from there, as long as another one has them active. */
static bool is_switched_off(const struct explanation *x, const struct explain_word *word)
{
	return word->attribute == EXPLAIN_ROLE && !is_manual(word) && !word->active && is_spoken_of(x, true);
}

static struct explain_word *find_leader(struct explanation *x, enum explain_attribute attribute)
{
	for (size_t i = 0; i < x->word_count; i++) {
		struct explain_word *word = &x->words[i];
		if (word->attribute == attribute && speaks(word) && word->value && !is_switched_off(x, word))
			return word;
	}
	return NULL;
}

/* The user name is the one of the connection whose state counts. */
static enum explain_attribute ruled_by(enum explain_attribute attribute)
{
	return attribute == EXPLAIN_USER_NAME ? EXPLAIN_STATE : attribute;
}

static const char *reason_between(struct arena *arena, const struct explain_word *first,
				  const struct explain_word *then)
{
	const char *rule = explain_attributes[ruled_by(first->attribute)];
	if (first->by_rule)
		return arena_format(arena,
				    then->by_rule ? "it stands first in the rule for \"%s\""
						  : "the rule for \"%s\" names it",
				    rule);
	if (is_manual(first))
		return "what a person set comes before what directories say";
	if (first->precedence != then->precedence)
		return arena_format(arena, "its precedence is %lld and that of \"%s\" is %lld",
				    (long long)first->precedence, then->source, (long long)then->precedence);
	return arena_format(arena, "it is older than \"%s\", and both have precedence %lld", then->source,
			    (long long)first->precedence);
}

/* The next who would lead if the leader said nothing. */
static const struct explain_word *find_next(const struct explanation *x, const struct explain_word *leader)
{
	for (const struct explain_word *word = leader + 1; word < x->words + x->word_count; word++)
		if (word->attribute == leader->attribute && speaks(word) && word->value &&
		    !is_switched_off(x, word))
			return word;
	return NULL;
}

static void judge(struct arena *arena, const struct explanation *x, struct explain_word *word,
		  const struct explain_word *leader)
{
	if (word == leader) {
		word->leads = true;
		word->verdict = "leads";
		const struct explain_word *next = find_next(x, leader);
		word->why = next ? reason_between(arena, word, next) : "no other source says anything of it";
	} else if (word->deleted_at) {
		word->verdict = "deleted";
		word->why = "the connection was deleted";
	} else if (word->gone_at) {
		word->verdict = "gone";
		word->why = "it no longer shows this person";
	} else if (!word->value) {
		word->verdict = "silent";
		word->why = word->attribute == EXPLAIN_ROLE ? "none of their groups there is mapped to a role"
			    : ruled_by(word->attribute) == EXPLAIN_STATE
				    ? "they sign on by it: whether they are active, a directory says"
				    : "it says nothing of it";
	} else if (is_switched_off(x, word)) {
		word->verdict = "switched_off";
		word->why = "they are suspended there, and another directory has them active";
	} else {
		word->verdict = "later";
		word->why = leader ? arena_format(arena, "\"%s\" leads: %s", leader->source,
						  reason_between(arena, leader, word))
				   : "no directory shows this person any more: everything stays as it was";
	}
}

/* Above all words: nobody's word gives or takes an owner's role. */
static void overrule(struct explanation *x, enum explain_attribute attribute, const char *why)
{
	for (size_t i = 0; i < x->word_count; i++)
		if (x->words[i].attribute == attribute && speaks(&x->words[i]) && x->words[i].value) {
			x->words[i].leads = false;
			x->words[i].verdict = "overruled";
			x->words[i].why = why;
		}
}

/* ---- what it comes to ---- */

static const char *shown(const struct member *m, enum explain_attribute attribute)
{
	switch (attribute) {
	case EXPLAIN_NAME:
		return m->name;
	case EXPLAIN_EMAIL:
		return m->email;
	case EXPLAIN_TITLE:
		return m->title;
	case EXPLAIN_DEPARTMENT:
		return m->department;
	case EXPLAIN_ROLE:
		return m->role;
	case EXPLAIN_STATE:
		return m->state;
	case EXPLAIN_USER_NAME:
	case EXPLAIN_ATTRIBUTES:
		break;
	}
	return m->user_name;
}

static const char *who_set(const struct explain_word *manual)
{
	return manual->kept ? "the role was kept when the connection that gave it was deleted"
			    : "a person set it";
}

static void by_leader(struct arena *arena, struct explain_value *v, const struct explain_word *leader)
{
	v->from = is_manual(leader) ? "manual" : "connection";
	v->source = leader->source;
	v->connection = leader->connection;
	v->because = is_manual(leader)
			     ? who_set(leader)
			     : arena_format(arena, "\"%s\" says so and leads: %s", leader->source, leader->why);
}

static bool is_shown(const struct explain_word *word, const struct explain_value *v)
{
	return word && text_equal(word->value, v->value);
}

/* Nobody (any more) has a word: what is there stays. */
static void by_nobody(struct explain_value *v, const struct explain_word *manual, const char *because)
{
	bool set = is_shown(manual, v);
	v->from = set ? "manual" : "kept";
	v->source = set ? manual->source : NULL;
	v->because = set ? who_set(manual) : because;
}

static void explain_shown(struct arena *arena, struct explain_value *v, const struct explain_word *leader,
			  bool spoken)
{
	if (!spoken)
		by_nobody(v, leader, "no directory shows this person: it stays as it was");
	else if (leader)
		by_leader(arena, v, leader);
	else
		by_nobody(v, NULL, "no source says anything of it");
	v->agrees = !spoken || text_equal(v->value, leader ? leader->value : NULL);
}

static const char *came_by(const struct member *m)
{
	return text_equal(m->source, "connector")     ? "a directory"
	       : text_equal(m->source, "scim")	      ? "a directory"
	       : text_equal(m->source, "auto-joined") ? "an address of a verified domain"
	       : text_equal(m->source, "invited")     ? "an invitation"
						      : "the operator";
}

static void explain_role(struct arena *arena, const struct member *m, struct explain_value *v,
			 const struct explain_word *leader, bool spoken)
{
	const char *meant = m->waiting_role ? m->waiting_role : m->role;
	v->agrees = !spoken ||
		    (leader ? text_equal(meant, leader->value) : text_equal(m->role_source, "default"));
	if (!leader && text_equal(m->role_source, "default")) {
		v->from = "default";
		v->because = arena_format(
			arena,
			"no source says anything of the role: it is the default one of when they came, by %s",
			came_by(m));
	} else if (!spoken || !leader) {
		by_nobody(v, leader, "no directory shows this person: the role stays as it was");
	} else {
		by_leader(arena, v, leader);
		if (leader->line && text_equal(leader->line_role, leader->value))
			v->because =
				arena_format(arena, "%s; line %lld of its roles gives \"%s\" to group \"%s\"",
					     v->because, (long long)leader->line, leader->line_role,
					     leader->group_name);
	}
	if (m->waiting_role)
		v->because = arena_format(arena, "they are to be \"%s\" and wait for a seat: %s",
					  m->waiting_role, v->because);
}

static void explain_owner(struct explanation *x, struct explain_value *v)
{
	v->from = "owner";
	v->because = "they own the organisation: that is handed over, and no source gives or takes it";
	v->agrees = true;
	overrule(x, EXPLAIN_ROLE, "they own the organisation");
}

/* Who is kept out or was removed by people: above all directories. */
static void explain_by_hand(struct explanation *x, struct explain_value *v, const char *from,
			    const char *because)
{
	v->from = from;
	v->because = because;
	v->agrees = true;
	overrule(x, EXPLAIN_STATE, because);
}

static void explain_left(const struct member *m, struct explanation *x, struct explain_value *v,
			 const struct explain_word *leader)
{
	if (!text_equal(m->left_by, "grace")) {
		explain_by_hand(x, v, text_equal(m->left_by, "operator") ? "operator" : "admin",
				"they were removed: no directory brings them back");
		return;
	}
	v->from = "grace";
	v->because = "no directory had them when their grace time ended; one that has them again makes them "
		     "join as somebody new";
	v->agrees = !leader || !leader->active;
}

static void explain_state(struct arena *arena, const struct member *m, struct explanation *x,
			  struct explain_value *v, const struct explain_word *leader)
{
	if (text_equal(m->state, "left")) {
		explain_left(m, x, v, leader);
	} else if (text_equal(m->state, "suspended") && !text_equal(m->suspended_by, "connector")) {
		bool by_operator = text_equal(m->suspended_by, "operator");
		explain_by_hand(x, v, by_operator ? "operator" : "admin",
				by_operator
					? "the operator suspended them: no directory brings them back"
					: "an administrator suspended them: no directory brings them back");
	} else if (text_equal(m->state, "waiting")) {
		v->from = "seats";
		v->source = leader ? leader->source : NULL;
		v->connection = leader ? leader->connection : (struct id){ 0 };
		v->because = leader ? arena_format(arena, "\"%s\" has them active, and no seat is free",
						   leader->source)
				    : "no seat is free";
		v->agrees = !leader || leader->active;
	} else if (leader) {
		by_leader(arena, v, leader);
		v->agrees = text_equal(m->state, leader->value);
	} else if (text_equal(m->state, "suspended")) {
		v->from = "kept";
		v->because = "no directory shows them any more";
		v->agrees = true;
	} else {
		v->from = "manual";
		v->because = "no directory shows this person: people decide";
		v->agrees = true;
	}
}

static const char *what_differs(enum explain_attribute attribute)
{
	return attribute == EXPLAIN_STATE
		       ? "a person let them in since; what the directory says next of them counts"
		       : "that is not what is shown yet: it is, once a run concerns them";
}

static void conclude(struct arena *arena, const struct member *member, struct explanation *x)
{
	bool spoken = is_spoken_of(x, false);
	for (enum explain_attribute attribute = 0; attribute < EXPLAIN_ATTRIBUTES; attribute++) {
		struct explain_value *v = &x->values[attribute];
		struct explain_word *leader = find_leader(x, attribute);
		v->value = shown(member, attribute);
		for (size_t i = 0; i < x->word_count; i++)
			if (x->words[i].attribute == attribute)
				judge(arena, x, &x->words[i], spoken || is_shown(leader, v) ? leader : NULL);
		if (attribute == EXPLAIN_STATE)
			explain_state(arena, member, x, v, leader);
		else if (attribute == EXPLAIN_ROLE && text_equal(member->role, "owner"))
			explain_owner(x, v);
		else if (attribute == EXPLAIN_ROLE)
			explain_role(arena, member, v, leader, spoken);
		else
			explain_shown(arena, v, leader, spoken);
		if (!v->agrees)
			v->because = arena_format(arena, "%s; %s", v->because, what_differs(attribute));
	}
}

/* ---- what is told beside it ---- */

/* What the entries of a member say they set. Of those that were erased the action alone is left. */
static int load_entries(struct tx *tx, struct arena *arena, const struct member *member,
			struct explanation *x, struct error *e)
{
#define SETS(name) "(r.action = 'member.joined' OR r.before ? '" name "' OR r.after ? '" name "')"
	static const struct query entries = {
		"explain.entries",
		"WITH recent AS MATERIALIZED (SELECT id, at, action, actor_kind, actor, source, run, "
		"personal::jsonb ->> 'actor_name' AS actor_name, "
		"personal::jsonb -> 'before' AS before, personal::jsonb -> 'after' AS after FROM audit "
		"WHERE organisation = $1 AND target = $2 AND target_kind = 'member' ORDER BY id DESC LIMIT "
		"$3) "
		"SELECT DISTINCT ON (w.n) w.n::bigint, r.id, r.at, r.action, r.actor_kind, r.actor, "
		"r.actor_name, r.run "
		"FROM recent r CROSS JOIN generate_series(0, 9) AS w (n) WHERE CASE w.n "
		"WHEN 0 THEN " SETS("name") " WHEN 1 THEN " SETS("email") " WHEN 2 THEN " SETS(
			"title") " WHEN 3 THEN " SETS("department") " "
								    "WHEN 4 THEN r.action IN "
								    "('member.joined', "
								    "'member.role_changed') OR (r.action = "
								    "'member.waiting' AND r.before IS NULL) "
								    "OR (r.action = 'member.admitted' AND "
								    "r.before -> 'role' <> r.after -> "
								    "'role') "
								    "WHEN 5 THEN r.action IN "
								    "('member.joined', 'member.suspended', "
								    "'member.restored', 'member.waiting', "
								    "'member.withdrawn', "
								    "'member.admitted', 'member.removed', "
								    "'member.left') "
								    "WHEN 6 THEN " SETS(
									    "user_name") " OR r.after ? "
											 "'connection' "
											 /* What a person set:
											    their name and
											    address as they
											    were made, and the
											    role. */
											 "WHEN 7 THEN "
											 "r.action = "
											 "'member.joined' "
											 "AND r.source = "
											 "'api' "
											 "WHEN 8 THEN "
											 "(r.action = "
											 "'member.role_"
											 "changed' AND "
											 "r.source = 'api' "
											 "AND "
											 "coalesce(r.after "
											 "->> 'role_source', "
											 "'manual') = "
											 "'manual') "
											 "OR (r.action = "
											 "'member.joined' "
											 "AND r.source = "
											 "'api') "
											 "ELSE r.action = "
											 "'member.kept' END "
											 "ORDER BY w.n, r.id "
											 "DESC",
		QUERY_READS,
		0,
	};
#undef SETS
	enum { MADE = EXPLAIN_ATTRIBUTES, SET_ROLE, KEPT, ENTRIES };
	struct explain_entry found[ENTRIES] = { 0 };
	const struct rows *rows;
	char text[ID_TEXT_SIZE];
	if (query_run(tx, &entries,
		      PARAMS(P_ID(&member->organisation), P_TEXT(id_text(&member->user, text)),
			     P_INT(EXPLAIN_ENTRIES_MOST)),
		      arena, &rows, e) < 0)
		return -1;
	for (size_t i = 0; i < rows_count(rows); i++)
		found[rows_int(rows, i, 0)] = (struct explain_entry){
			.id = rows_int(rows, i, 1),
			.at = rows_time(rows, i, 2),
			.action = rows_text(rows, i, 3),
			.actor_kind = rows_text(rows, i, 4),
			.actor = rows_text(rows, i, 5),
			.actor_name = rows_text(rows, i, 6),
			.run = rows_id(rows, i, 7),
		};
	for (size_t i = 0; i < EXPLAIN_ATTRIBUTES; i++)
		if (x->values[i].value)
			x->values[i].entry = found[i];
	for (size_t i = 0; i < x->word_count; i++)
		if (is_manual(&x->words[i]))
			x->words[i].entry = found[x->words[i].attribute != EXPLAIN_ROLE ? MADE
						  : x->words[i].kept			? KEPT
											: SET_ROLE];
	return 0;
}

static int load_accounts(struct tx *tx, struct arena *arena, const struct member *member,
			 struct explanation *x, struct error *e)
{
	static const struct query accounts = {
		"explain.accounts",
		"SELECT c.name, c.state, a.remote_id, a.user_name, a.locale, a.connection, a.id, a.standing "
		"= 1, a.first_seen_at, a.changed_at, "
		"a.gone_at, f.reason, f.first_seen_at FROM accounts a "
		"JOIN connections c ON c.organisation = $1 AND c.id = a.connection "
		"LEFT JOIN refusals f ON f.organisation = $1 AND f.connection = a.connection AND f.remote_id = a.remote_id "
		"WHERE a.organisation = $1 AND a.user_id = $2 ORDER BY a.gone_at IS NOT NULL, c.name, a.id",
		QUERY_READS,
		0,
	};
	const struct rows *rows;
	if (query_run(tx, &accounts, PARAMS(P_ID(&member->organisation), P_ID(&member->user)), arena, &rows,
		      e) < 0)
		return -1;
	x->account_count = rows_count(rows);
	x->accounts = arena_array(arena, x->account_count, sizeof(*x->accounts));
	for (size_t i = 0; i < x->account_count; i++)
		x->accounts[i] = (struct explain_account){
			.connection_name = rows_text(rows, i, 0),
			.connection_state = rows_text(rows, i, 1),
			.remote_id = rows_text(rows, i, 2),
			.user_name = rows_text(rows, i, 3),
			.locale = rows_text(rows, i, 4),
			.connection = rows_id(rows, i, 5),
			.account = rows_id(rows, i, 6),
			.active = rows_bool(rows, i, 7),
			.first_seen_at = rows_time(rows, i, 8),
			.changed_at = rows_time(rows, i, 9),
			.gone_at = rows_time(rows, i, 10),
			.refused = rows_text(rows, i, 11),
			.refused_since = rows_time(rows, i, 12),
		};
	return 0;
}

/* Each step that leads to a group becomes the group once, by the shortest way: the first ring around the
 * person, then the next. */
static size_t walk(const struct explain_group *steps, size_t count, struct explain_group *ret)
{
	size_t found = 0, ring = 0, before = 0;
	do {
		before = ring;
		ring = found;
		for (size_t i = 0; i < count; i++) {
			const struct explain_group *step = &steps[i];
			bool known = false, reached = id_is_nil(&step->through) && ring == 0;
			for (size_t k = 0; k < found; k++)
				known = known || (id_equal(&ret[k].group, &step->group) &&
						  id_equal(&ret[k].account, &step->account));
			for (size_t k = before; k < ring && !known; k++)
				reached = reached || (id_equal(&ret[k].group, &step->through) &&
						      id_equal(&ret[k].account, &step->account));
			if (!known && reached)
				ret[found++] = *step;
		}
	} while (found > ring);
	return found;
}

static int load_groups(struct tx *tx, struct arena *arena, const struct member *member, struct explanation *x,
		       struct error *e)
{
	static const struct query groups = {
		"explain.groups",
		"WITH RECURSIVE above (account, id, through) AS (SELECT k.account_id, k.group_id, NULL::uuid "
		"FROM accounts a "
		"JOIN connections c ON c.organisation = $1 AND c.id = a.connection AND c.state <> 'deleted' "
		"JOIN group_accounts k ON k.organisation = $1 AND k.account_id = a.id "
		"WHERE a.organisation = $1 AND a.user_id = $2 AND a.gone_at IS NULL "
		"UNION SELECT u.account, k.group_id, u.id FROM above u JOIN group_groups k ON k.organisation "
		"= $1 AND k.child_id = u.id) "
		"SELECT u.id, u.account, g.name, g.remote_id, c.name, g.connection, u.through, t.name FROM "
		"above u "
		"JOIN groups g ON g.organisation = $1 AND g.id = u.id LEFT JOIN groups t ON t.organisation = "
		"$1 AND t.id = u.through "
		"LEFT JOIN connections c ON c.organisation = $1 AND c.id = g.connection ORDER BY u.through "
		"IS NOT NULL, c.name, g.name, u.id LIMIT $3",
		QUERY_READS,
		0,
	};
	const struct rows *rows;
	if (query_run(tx, &groups,
		      PARAMS(P_ID(&member->organisation), P_ID(&member->user), P_INT(EXPLAIN_STEPS_MOST + 1)),
		      arena, &rows, e) < 0)
		return -1;
	size_t count = rows_count(rows);
	x->more_groups = count > EXPLAIN_STEPS_MOST;
	count -= x->more_groups;
	struct explain_group *steps = arena_array(arena, count, sizeof(*steps));
	for (size_t i = 0; i < count; i++)
		steps[i] = (struct explain_group){
			.group = rows_id(rows, i, 0),
			.account = rows_id(rows, i, 1),
			.name = rows_text(rows, i, 2),
			.remote_id = rows_text(rows, i, 3),
			.connection_name = rows_text(rows, i, 4),
			.connection = rows_id(rows, i, 5),
			.through = rows_id(rows, i, 6),
			.through_name = rows_text(rows, i, 7),
		};
	x->groups = arena_array(arena, count, sizeof(*x->groups));
	x->group_count = walk(steps, count, x->groups);
	return 0;
}

/* Plans that wait for somebody's yes and are about this person. */
static int load_held(struct tx *tx, struct arena *arena, const struct member *member, struct explanation *x,
		     struct error *e)
{
	static const struct query held = {
		"explain.held",
		"SELECT r.id, c.name, h.kind FROM runs r JOIN changes h ON h.organisation = $1 AND h.run = "
		"r.id "
		"LEFT JOIN connections c ON c.organisation = $1 AND c.id = r.connection WHERE r.organisation "
		"= $1 AND r.state = 'held' "
		"AND (h.subject = $2 OR h.subject IN (SELECT a.id FROM accounts a WHERE a.organisation = $1 "
		"AND a.user_id = $2)) "
		"ORDER BY r.asked_at, r.id, h.seq LIMIT $3",
		QUERY_READS,
		0,
	};
	const struct rows *rows;
	if (query_run(tx, &held,
		      PARAMS(P_ID(&member->organisation), P_ID(&member->user), P_INT(EXPLAIN_HELD_MOST)),
		      arena, &rows, e) < 0)
		return -1;
	x->held_count = rows_count(rows);
	x->held = arena_array(arena, x->held_count, sizeof(*x->held));
	for (size_t i = 0; i < x->held_count; i++)
		x->held[i] = (struct explain_held){ rows_id(rows, i, 0), rows_text(rows, i, 1),
						    rows_text(rows, i, 2) };
	return 0;
}

int explain_member(struct tx *tx, struct arena *arena, const struct member *member, struct explanation *ret,
		   struct error *e)
{
	memset(ret, 0, sizeof(*ret));
	if (load_words(tx, arena, member, NULL, ret, e) < 0 || load_lines(tx, arena, member, ret, e) < 0)
		return -1;
	conclude(arena, member, ret);
	if (load_entries(tx, arena, member, ret, e) < 0 || load_accounts(tx, arena, member, ret, e) < 0 ||
	    load_groups(tx, arena, member, ret, e) < 0)
		return -1;
	return load_held(tx, arena, member, ret, e);
}

int explain_role_if(struct tx *tx, struct arena *arena, const struct member *member, const char *by_hand,
		    struct explain_role *ret, struct error *e)
{
	struct explanation x = { 0 };
	if (load_words(tx, arena, member, by_hand, &x, e) < 0)
		return -1;
	bool spoken = is_spoken_of(&x, false);
	const struct explain_word *leader = find_leader(&x, EXPLAIN_ROLE);
	*ret = (struct explain_role){
		.spoken = spoken,
		.role = leader ? leader->value : NULL,
		.directory = leader && !is_manual(leader) ? leader->source : NULL,
	};
	return 0;
}
