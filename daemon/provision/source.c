#include "provision/source.h"

int source_load(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *connection,
                struct source *ret, struct error *e)
{
	static const struct query of_organisation = {
		"source.organisation",
		"SELECT o.default_role, array(SELECT d.domain FROM domains d WHERE d.organisation = o.organisation "
		"AND d.state = 'verified' ORDER BY d.domain) FROM organisations o WHERE o.organisation = $1",
		QUERY_READS, 0,
	};
	const struct rows *rows;
	struct source source = { .organisation = *organisation };
	int found = query_one(tx, &of_organisation, PARAMS(P_ID(organisation)), arena, &rows, e);
	if (found != 1)
		return found;
	found = connection_load(tx, arena, organisation, connection, &source.connection, e);
	if (found != 1)
		return found;

	source.default_role = rows_text(rows, 0, 0);
	source.domains = rows_texts(rows, 0, 1);
	*ret = source;
	return 1;
}
