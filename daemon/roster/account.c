#include "roster/account.h"

#include "base/text.h"
#include "store/query.h"

/* In this order: the key itself before any name. $1 organisation, $2 connection, $3 the name. */
static const struct query by[] = {
	{ "account.by_key", "SELECT remote_id FROM accounts WHERE organisation = $1 AND connection = $2 AND remote_id = $3",
	  QUERY_READS, 0 },
	{ "account.by_name",
	  "SELECT remote_id FROM accounts WHERE organisation = $1 AND connection = $2 AND gone_at IS NULL "
	  "AND (user_name = $3 OR email = $3) LIMIT 2",
	  QUERY_READS, 0 },
	{ "account.by_member",
	  "SELECT remote_id FROM accounts WHERE organisation = $1 AND connection = $2 AND user_id::text = $3 "
	  "ORDER BY gone_at DESC NULLS FIRST LIMIT 2",
	  QUERY_READS, 0 },
};

int account_key(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *connection, const char *named,
                const char **ret, struct error *e)
{
	const struct rows *rows;
	*ret = named;
	for (size_t i = 0; i < ARRAY_COUNT(by); i++) {
		if (query_run(tx, &by[i], PARAMS(P_ID(organisation), P_ID(connection), P_TEXT(named)), arena, &rows, e) < 0)
			return -1;
		if (rows_count(rows) > 1)
			return error_set(e, ERROR_INPUT, "account.ambiguous",
			                 "two people of this connection are called \"%.100s\"; name one by the directory's own key",
			                 named);
		if (rows_count(rows) == 0)
			continue;
		*ret = rows_text(rows, 0, 0);
		return 0;
	}
	return 0;
}
