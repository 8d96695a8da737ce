#include "sync/expiry.h"

#include <string.h>

#include "base/arena.h"
#include "base/certificate.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "roster/audit.h"
#include "store/query.h"
#include "store/transaction.h"

enum { AFTER_MOST = 2048, DAY_S = 24 * 3600 };

/* What ends: a token of ours, or something of a connection. */
struct ending {
	const struct id *organisation; /* NULL: the operator's */
	const char *action, *target_kind, *target_name;
	struct id target;
	const char *what; /* the token's or the setting's name; NULL: it is the target itself */
	int64_t until_us;
};

static int tell(struct tx *tx, const struct log *log, const struct ending *ending, struct error *e)
{
	__attribute__((cleanup(buffer_close))) struct buffer after;
	char target[ID_TEXT_SIZE], until[CLOCK_TEXT_SIZE];
	const struct actor actor = { .kind = "daemon", .id = "rosterd", .source = "daemon" };
	struct audit_event event = {
		.action = ending->action,
		.target_kind = ending->target_kind,
		.target = id_text(&ending->target, target),
		.target_name = ending->target_name,
	};
	struct json_writer w;

	buffer_open(&after, AFTER_MOST);
	json_writer_open(&w, &after);
	json_begin_object(&w, NULL);
	if (ending->what)
		json_put_text(&w, text_equal(ending->action, "connection.certificate_expiring") ? "setting" : "token",
		              ending->what);
	json_put_text(&w, "expires_at", clock_text(ending->until_us, until));
	json_end_object(&w);
	event.after = after.bytes;
	if (audit_write(tx, ending->organisation, &actor, &event, e) < 0)
		return -1;
	log_note(log, "%s: %s %s ends at %s", ending->action, ending->target_kind, target, until);
	return 0;
}

/* ---- tokens ------------------------------------------------------------------------------------------------------------------- */

static int tell_token(struct store *store, const struct log *log, const struct rows *rows, size_t row, struct error *e)
{
	static const struct query told = {
		"expiry.token_told", "SELECT expiring_token_told($1, $2) AS written", QUERY_CHANGES, 0,
	};
	const struct id organisation = rows_id(rows, row, 0), token = rows_id(rows, row, 1);
	const bool operators = rows_null(rows, row, 0), pushes = !rows_null(rows, row, 2);
	const struct ending ending = {
		.organisation = operators ? NULL : &organisation,
		.action = pushes ? "connection.token_expiring" : "token.expiring",
		.target_kind = pushes ? "connection" : "token",
		.target = pushes ? rows_id(rows, row, 2) : token,
		.target_name = pushes ? NULL : rows_text(rows, row, 3),
		.what = pushes ? rows_text(rows, row, 3) : NULL,
		.until_us = rows_time(rows, row, 4),
	};
	scoped(tx) *tx = NULL;
	int64_t written;

	if (tx_begin(store, STORE_WORKER, &tx, e) < 0 || (!operators && tx_for(tx, &organisation, e) < 0) ||
	    query_write(tx, &told, PARAMS(P_ID(&token), P_TIME(ending.until_us)), &written, e) < 0 ||
	    (written > 0 && tell(tx, log, &ending, e) < 0))
		return -1;
	return tx_commit(&tx, e);
}

static int look_at_tokens(struct store *store, const struct log *log, struct error *e)
{
	static const struct query soon = {
		"expiry.tokens",
		"SELECT organisation, id, connection, name, expires_at FROM expiring_tokens(make_interval(days => $1::integer), $2::integer)",
		QUERY_READS,
		0,
	};
	scoped(arena) *arena = arena_open("expiring tokens");
	scoped(tx) *tx = NULL;
	const struct rows *rows;

	if (tx_begin(store, STORE_WORKER, &tx, e) < 0 ||
	    query_run(tx, &soon, PARAMS(P_INT(EXPIRY_SOON_DAYS), P_INT(EXPIRY_TOKENS_MOST)), arena, &rows, e) < 0 ||
	    tx_commit(&tx, e) < 0)
		return -1;
	for (size_t i = 0; i < rows_count(rows); i++)
		if (tell_token(store, log, rows, i, e) < 0)
			return -1;
	return 0;
}

/* ---- certificates ------------------------------------------------------------------------------------------------------------- */

static int tell_certificate(struct store *store, const struct log *log, const struct ending *ending, struct error *e)
{
	static const struct query told = {
		"expiry.certificate_told",
		"WITH told AS (INSERT INTO certificates_told AS t (organisation, connection, until) VALUES ($1, $2, $3) "
		"ON CONFLICT (organisation, connection) DO UPDATE SET until = excluded.until WHERE t.until <> excluded.until RETURNING 1) "
		"SELECT count(*) AS written FROM told",
		QUERY_CHANGES,
		0,
	};
	scoped(tx) *tx = NULL;
	int64_t written;

	if (tx_begin(store, STORE_WORKER, &tx, e) < 0 || tx_for(tx, ending->organisation, e) < 0 ||
	    query_write(tx, &told, PARAMS(P_ID(ending->organisation), P_ID(&ending->target), P_TIME(ending->until_us)), &written,
	                e) < 0 ||
	    (written > 0 && tell(tx, log, ending, e) < 0))
		return -1;
	return tx_commit(&tx, e);
}

/* The settings of one connection are rows that follow each other: the certificate that ends first is the one to tell. How many rows there were;
 * or -1. */
static int look_at_connection(struct store *store, const struct log *log, const struct rows *rows, size_t first, struct error *e)
{
	const struct id organisation = rows_id(rows, first, 0);
	struct ending ending = {
		.organisation = &organisation,
		.action = "connection.certificate_expiring",
		.target_kind = "connection",
		.target = rows_id(rows, first, 1),
		.target_name = rows_text(rows, first, 2),
		.until_us = clock_now_us() + (int64_t)EXPIRY_SOON_DAYS * DAY_S * 1000000,
	};
	size_t row = first;

	for (; row < rows_count(rows); row++) {
		const struct id other = rows_id(rows, row, 1);
		const char *pem = rows_text(rows, row, 4);
		int64_t until_us;

		if (!id_equal(&other, &ending.target))
			break;
		if (certificate_expires(pem, strlen(pem), &until_us) < 0 || until_us >= ending.until_us)
			continue;
		ending.until_us = until_us;
		ending.what = rows_text(rows, row, 3);
	}
	if (ending.what && (rows_null(rows, first, 5) || rows_time(rows, first, 5) != ending.until_us) &&
	    tell_certificate(store, log, &ending, e) < 0)
		return -1;
	return (int)(row - first);
}

/* 1: there may be more behind *behind. */
static int look_at_some(struct store *store, const struct log *log, struct id *behind, struct error *e)
{
	static const struct query some = {
		"expiry.certificates",
		"SELECT organisation, id, name, setting, pem, told FROM connections_with_certificates($1, $2::integer)",
		QUERY_READS,
		0,
	};
	scoped(arena) *arena = arena_open("expiring certificates");
	scoped(tx) *tx = NULL;
	const struct rows *rows;
	int seen;

	if (tx_begin(store, STORE_WORKER, &tx, e) < 0 ||
	    query_run(tx, &some, PARAMS(P_ID(behind), P_INT(EXPIRY_CONNECTIONS_MOST)), arena, &rows, e) < 0 ||
	    tx_commit(&tx, e) < 0)
		return -1;
	for (size_t row = 0; row < rows_count(rows); row += (size_t)seen) {
		seen = look_at_connection(store, log, rows, row, e);
		if (seen < 0)
			return -1;
		*behind = rows_id(rows, row, 1);
	}
	return rows_count(rows) > 0;
}

int expiry_look(struct store *store, const struct log *log, struct error *e)
{
	struct id behind = { 0 };
	int more = 1;

	if (look_at_tokens(store, log, e) < 0)
		return -1;
	while (more > 0)
		more = look_at_some(store, log, &behind, e);
	return more;
}
