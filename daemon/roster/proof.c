#include "roster/proof.h"

#include <string.h>

/* What a part is before anything is compared. */
static const char *first_state(const char *evidence)
{
	return strcmp(evidence, "missing") == 0 || strcmp(evidence, "untold") == 0 ? evidence : "held";
}

int proof_write(struct tx *tx, const struct id *organisation, const struct id *run, const struct proof_part *parts, size_t count,
                struct error *e)
{
	static const struct query forget = {
		"proof.forget", "DELETE FROM run_parts WHERE organisation = $1 AND run = $2", QUERY_KEEPS, 0,
	};
	static const struct query write = {
		"proof.write",
		"INSERT INTO run_parts (organisation, run, position, part, evidence, value, state, words) "
		"VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
		QUERY_KEEPS, 0,
	};
	if (query_write(tx, &forget, PARAMS(P_ID(organisation), P_ID(run)), NULL, e) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (query_write(tx, &write,
		                PARAMS(P_ID(organisation), P_ID(run), P_INT((int64_t)i), P_TEXT(parts[i].name),
		                       P_TEXT(parts[i].evidence), P_TEXT(parts[i].value), P_TEXT(first_state(parts[i].evidence)),
		                       P_TEXT(parts[i].words)),
		                NULL, e) < 0)
			return -1;
	return 0;
}
