/* Whether the master key opens every secret that is sealed in the database. */
#include "doctor/visit.h"

#include <inttypes.h>

#include "base/crypt.h"
#include "base/secret.h"
#include "base/text.h"
#include "roster/connection.h"

enum { SECRETS_MOST = 100000, NAMED_MOST = 20 };

struct count {
	size_t opened, foreign, damaged;
};

static const struct query list_sealed = {
	"visit.sealed",
	"SELECT s.organisation, s.connection, s.name, o.slug, c.name FROM connection_secrets s "
	"JOIN organisations o ON o.organisation = s.organisation "
	"JOIN connections c ON c.organisation = s.organisation AND c.id = s.connection ORDER BY 1, 2, 3 LIMIT $1",
	QUERY_READS, QUERY_ONCE,
};

/* Which one, and how to give it anew. */
static void tell_shut(struct report *r, const struct rows *rows, size_t row, const struct error *why)
{
	bool foreign = text_equal(why->code, "crypt.unknown_key");
	const char *organisation = rows_text(rows, row, 3), *connection = rows_text(rows, row, 4),
		   *name = rows_text(rows, row, 2);

	report_add(r, (struct finding){ FINDING_PROBLEM, foreign ? "key.wrong" : "key.damaged",
					say(r, "secret \"%s\" of \"%s/%s\" does not open: %s", name, organisation,
					    connection, why->text),
					foreign ? "it was sealed with another master key; its directory cannot be read"
					        : "its row was moved or changed; its directory cannot be read",
					say(r, "%srosterctl connection set %s/%s --secret %s",
					    foreign ? "name the old key in \"previous_master_key\"; or give it anew: " : "",
					    organisation, connection, name) });
}

static void try_one(struct tx *tx, const struct crypt_keys *keys, struct report *r, const struct rows *rows, size_t row,
                    struct count *count)
{
	struct id organisation = rows_id(rows, row, 0), connection = rows_id(rows, row, 1);
	struct secret *secret = NULL;
	struct error e;
	int opened = connection_open_secret(tx, keys, &organisation, &connection, rows_text(rows, row, 2), &secret, &e);

	secret_close(&secret);
	if (opened >= 0) {
		count->opened += opened > 0;
		return;
	}
	count->foreign += text_equal(e.code, "crypt.unknown_key");
	count->damaged += !text_equal(e.code, "crypt.unknown_key");
	if (count->foreign + count->damaged <= NAMED_MOST)
		tell_shut(r, rows, row, &e);
}

static void tell_count(struct report *r, const struct count *count)
{
	size_t shut = count->foreign + count->damaged;

	if (shut == 0)
		report_ok(r, "key.ok", "the master key opens all %zu sealed secrets", count->opened);
	else
		report_note(r, "key.count", "of %zu sealed secrets %zu open, %zu were sealed with another key, %zu are damaged",
			    count->opened + shut, count->opened, count->foreign, count->damaged);
}

static int try_all(struct visit *v, const struct crypt_keys *keys, struct count *ret, struct error *e)
{
	scoped(arena) *arena = arena_open("doctor.secrets");
	scoped(tx) *tx = NULL;
	const struct rows *rows;

	if (tx_begin(v->store, STORE_OWNER, &tx, e) < 0 ||
	    query_run(tx, &list_sealed, PARAMS(P_INT(SECRETS_MOST)), arena, &rows, e) < 0)
		return -1;
	for (size_t row = 0; row < rows_count(rows); row++)
		try_one(tx, keys, v->report, rows, row, ret);
	return 0;
}

static void try_keys(struct visit *v, const struct crypt_keys *keys)
{
	struct report *r = v->report;
	struct count count = { 0 };
	struct error e;

	if (try_all(v, keys, &count, &e) < 0)
		report_note(r, "key.unknown", "the sealed secrets were not tried: %s", e.text);
	else
		tell_count(r, &count);
}

void visit_secrets(struct visit *v)
{
	const struct doctor_options *o = v->options;
	struct crypt_keys *keys = NULL;
	struct error e;

	if (!v->known || !v->reached[STORE_OWNER])
		return;
	if (!o->master_key) {
		report_note(v->report, "key.unknown", "the sealed secrets were not tried: there is no master key that can be "
		            "read");
		return;
	}
	if (crypt_keys_open(o->master_key, o->previous_master_key, &keys, &e) < 0) {
		report_add(v->report, (struct finding){ FINDING_PROBLEM, "key.form", say(v->report, "%s", e.text),
							"the daemon does not start",
							"put the right key back from the back-up; a new one opens nothing" });
		return;
	}
	try_keys(v, keys);
	crypt_keys_close(&keys);
}
