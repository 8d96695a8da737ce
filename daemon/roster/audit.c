/* The audit, written in one statement and read page by page. The hash chain is made elsewhere, from committed
 * entries. */
#include "roster/audit.h"

#include <string.h>

#include "base/crypt.h"
#include "base/json.h"
#include "base/text.h"

enum { SALT_SIZE = 16, PERSONAL_MOST = 1 << 20 };

/* The operator's chain is that of an organisation that does not exist. */
const struct id audit_operators;

static void put_if(struct json_writer *w, const char *name, const char *text)
{
	if (text)
		json_put_text(w, name, text);
}

/* The one text that holds all that may have to be erased; the entry commits to these very bytes. */
static void write_personal(struct buffer *ret, const struct actor *actor, const struct audit_event *event)
{
	struct json_writer w;

	json_writer_open(&w, ret);
	json_begin_object(&w, NULL);
	put_if(&w, "actor_name", actor->name);
	put_if(&w, "target_name", event->target_name);
	put_if(&w, "address", actor->address);
	if (event->before)
		json_put_raw(&w, "before", event->before);
	if (event->after)
		json_put_raw(&w, "after", event->after);
	json_end_object(&w);
}

static int insert(struct tx *tx, const struct id *organisation, const struct actor *actor,
		  const struct audit_event *event, const char *personal, struct error *e)
{
	static const struct query query = {
		"audit.write",
		"INSERT INTO audit (organisation, actor_kind, actor, on_behalf_of, action, target_kind, "
		"target, source, run, "
		"request, personal, salt, commitment) "
		"VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, audit_commitment($12, $11))",
		QUERY_RECORDS,
		0,
	};
	uint8_t salt[SALT_SIZE];

	crypt_random(salt, sizeof(salt));
	return query_write(tx, &query,
			   PARAMS(P_ID(organisation ? organisation : &audit_operators), P_TEXT(actor->kind),
				  P_TEXT(actor->id), P_TEXT(actor->on_behalf_of), P_TEXT(event->action),
				  P_TEXT(event->target_kind), P_TEXT(event->target), P_TEXT(actor->source),
				  P_ID(actor->run), P_TEXT(actor->request), P_TEXT(personal),
				  P_BYTES(salt, sizeof(salt))),
			   NULL, e);
}

int audit_choose(struct tx *tx, const struct id *organisation, struct error *e)
{
	static const struct query query = {
		"audit.operators_chain",
		"SELECT set_config('rosterd.organisation', '00000000-0000-0000-0000-000000000000', true)",
		QUERY_READS,
		0,
	};

	return organisation ? 0 : query_write(tx, &query, NO_PARAMS, NULL, e);
}

int audit_write(struct tx *tx, const struct id *organisation, const struct actor *actor,
		const struct audit_event *event, struct error *e)
{
	__attribute__((cleanup(buffer_close))) struct buffer personal;

	buffer_open(&personal, PERSONAL_MOST);
	write_personal(&personal, actor, event);
	if (personal.full)
		return error_set(e, ERROR_LIMIT, "audit.size",
				 "what \"%s\" changed is larger than %d bytes; change less at once",
				 event->action, PERSONAL_MOST);
	return audit_choose(tx, organisation, e) < 0
		       ? -1
		       : insert(tx, organisation, actor, event, personal.bytes, e);
}

static struct audit_entry read_row(const struct rows *rows, size_t row)
{
	return (struct audit_entry){
		.id = rows_int(rows, row, 0),
		.at = rows_time(rows, row, 1),
		.actor_kind = rows_text(rows, row, 2),
		.actor = rows_text(rows, row, 3),
		.on_behalf_of = rows_text(rows, row, 4),
		.action = rows_text(rows, row, 5),
		.target_kind = rows_text(rows, row, 6),
		.target = rows_text(rows, row, 7),
		.source = rows_text(rows, row, 8),
		.run = rows_id(rows, row, 9),
		.request = rows_text(rows, row, 10),
		.actor_name = rows_text(rows, row, 11),
		.target_name = rows_text(rows, row, 12),
		.address = rows_text(rows, row, 13),
		.before = rows_text(rows, row, 14),
		.after = rows_text(rows, row, 15),
	};
}

bool audit_is_action(const char *text)
{
	const char *dot = strchr(text, '.');

	return dot && dot > text && dot[1] && !strchr(dot + 1, '.') && (!strchr(text, '*') || text_equal(dot, ".*"));
}

/* "member.*" means every action of members: those from "member." up to, in bytes, "member/". */
static void bound_action(struct arena *arena, const char *action, const char **ret_from, const char **ret_to)
{
	*ret_from = *ret_to = NULL;
	if (!action || !text_ends(action, ".*"))
		return;
	*ret_from = arena_text_n(arena, action, strlen(action) - 1);
	*ret_to = arena_format(arena, "%.*s/", (int)(strlen(action) - 2), action);
}

int audit_list(struct tx *tx, struct arena *arena, const struct id *organisation,
	       const struct audit_filter *filter, struct audit_entry **ret, size_t *ret_count,
	       struct error *e)
{
	/* Planned each time: which index serves depends on what was asked for. */
	static const struct query query = {
		"audit.list",
		"SELECT id, at, actor_kind, actor, on_behalf_of, action, target_kind, target, source, run, "
		"request, "
		"p->>'actor_name', p->>'target_name', p->>'address', p->>'before', p->>'after' "
		"FROM audit, LATERAL (SELECT personal::json AS p OFFSET 0) AS parsed "
		"WHERE organisation = $1 AND ($2 = 0 OR id < $2) AND ($3::text IS NULL OR action COLLATE "
		"\"C\" = $3) "
		"AND ($4::text IS NULL OR (action COLLATE \"C\" >= $4 AND action COLLATE \"C\" < $5::text)) "
		"AND ($6::text IS NULL OR target = $6) AND ($7::text IS NULL OR actor = $7) "
		"AND ($8::text IS NULL OR source = $8) AND ($9::uuid IS NULL OR run = $9) "
		"AND ($10::text IS NULL OR request = $10) AND ($11::text IS NULL OR on_behalf_of = $11) "
		"AND ($12::timestamptz IS NULL OR at >= $12) AND ($13::timestamptz IS NULL OR at < $13) "
		"ORDER BY id DESC LIMIT $14",
		QUERY_READS,
		QUERY_ONCE,
	};
	const struct rows *rows;
	const char *from, *to;

	bound_action(arena, filter->action, &from, &to);
	if (audit_choose(tx, organisation, e) < 0 ||
	    query_run(tx, &query,
		      PARAMS(P_ID(organisation ? organisation : &audit_operators), P_INT(filter->beyond),
			     P_TEXT(from ? NULL : filter->action), P_TEXT(from), P_TEXT(to),
			     P_TEXT(filter->target), P_TEXT(filter->actor), P_TEXT(filter->source),
			     P_ID(filter->run), P_TEXT(filter->request), P_TEXT(filter->on_behalf_of),
			     P_TIME(filter->since), P_TIME(filter->until), P_INT(filter->most)),
		      arena, &rows, e) < 0)
		return -1;
	*ret_count = rows_count(rows);
	*ret = arena_array(arena, *ret_count, sizeof(**ret));
	for (size_t i = 0; i < *ret_count; i++)
		(*ret)[i] = read_row(rows, i);
	return 0;
}
