#include "provision/source.h"

int source_load_organisation(struct tx *tx, struct arena *arena, const struct id *organisation, struct source *ret, struct error *e)
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
	source.default_role = rows_text(rows, 0, 0);
	source.domains = rows_texts(rows, 0, 1);
	*ret = source;
	return 1;
}

int source_load(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *connection,
                struct source *ret, struct error *e)
{
	static const struct query of_connection = {
		"source.digest",
		"SELECT sha256(convert_to(jsonb_build_array(c.plugin, c.settings, c.attributes, $3::text, to_jsonb($4::text[]), "
		"(SELECT jsonb_agg(jsonb_build_array(m.group_name, m.role) ORDER BY m.position) FROM role_mappings m "
		"WHERE m.organisation = $1 AND m.connection = $2), "
		"(SELECT jsonb_agg(jsonb_build_array(s.name, encode(sha256(s.sealed), 'hex')) ORDER BY s.name) FROM connection_secrets s "
		"WHERE s.organisation = $1 AND s.connection = $2))::text, 'UTF8')) FROM connections c "
		"WHERE c.organisation = $1 AND c.id = $2",
		QUERY_READS, 0,
	};
	const struct rows *rows;
	struct source source;
	int found = source_load_organisation(tx, arena, organisation, &source, e);
	if (found == 1)
		found = connection_load(tx, arena, organisation, connection, &source.connection, e);
	if (found == 1)
		found = query_one(tx, &of_connection,
		                  PARAMS(P_ID(organisation), P_ID(connection), P_TEXT(source.default_role), P_TEXTS(source.domains)), arena,
		                  &rows, e);
	if (found != 1)
		return found;
	source.digest = rows_bytes(rows, 0, 0, &source.digest_size);
	*ret = source;
	return 1;
}
