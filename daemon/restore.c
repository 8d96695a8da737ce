/* The operator's answer to a database that is a copy: everything that a copy must not bring back ends here. */
#include "restore.h"

#include "actor.h"
#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "roster/audit.h"
#include "roster/installation.h"
#include "store/transaction.h"

enum { COUNTS_MOST = 512 };

static const char *counts(struct arena *arena, const struct settled *s, int64_t epoch)
{
	struct json_writer w;
	struct buffer buffer;

	buffer_open(&buffer, COUNTS_MOST);
	json_writer_open(&w, &buffer);
	json_begin_object(&w, NULL);
	json_put_int(&w, "epoch", epoch);
	json_put_int(&w, "tokens", s->tokens);
	json_put_int(&w, "runs", s->runs);
	json_put_int(&w, "connections", s->connections);
	json_end_object(&w);

	const char *text = arena_text(arena, buffer.bytes);
	buffer_close(&buffer);
	return text;
}

static int record(struct tx *tx, struct arena *arena, const struct id *organisation, const char *action,
		  const struct id *target, const char *after, struct error *e)
{
	const struct actor actor = actor_at_the_machine(arena);
	char text[ID_TEXT_SIZE];
	const struct audit_event event = {
		.action = action,
		.target_kind = organisation ? "organisation" : "installation",
		.target = id_text(target, text),
		.after = after,
	};

	return audit_write(tx, organisation, &actor, &event, e);
}

/* The organisations' entries first: after the operator's own no other chain can be written. */
static int record_restored(struct tx *tx, struct arena *arena, const struct settled *all, size_t count,
			   struct settled *ret_sum, struct error *e)
{
	struct installation is;

	*ret_sum = (struct settled){ 0 };
	if (installation_load(tx, arena, &is, e) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		const struct id *organisation = &all[i].organisation;

		ret_sum->tokens += all[i].tokens;
		ret_sum->runs += all[i].runs;
		ret_sum->connections += all[i].connections;
		if (!id_is_nil(organisation) &&
		    (tx_for(tx, organisation, e) < 0 ||
		     record(tx, arena, organisation, "organisation.restored", organisation,
			    counts(arena, &all[i], is.epoch), e) < 0))
			return -1;
	}
	return record(tx, arena, NULL, "installation.restored", &is.id, counts(arena, ret_sum, is.epoch), e);
}

int restore_restored(struct store *store, FILE *to, struct error *e)
{
	scoped(arena) *arena = arena_open("restore");
	scoped(tx) *tx = NULL;
	const struct settled *all;
	struct settled sum;
	size_t count;

	if (tx_begin(store, STORE_OWNER, &tx, e) < 0 || installation_restored(tx, arena, &all, &count, e) < 0 ||
	    record_restored(tx, arena, all, count, &sum, e) < 0 || tx_commit(&tx, e) < 0)
		return -1;
	fprintf(to, "restored: %lld tokens are revoked, %lld runs have ended, %lld connections will be read whole\n",
		(long long)sum.tokens, (long long)sum.runs, (long long)sum.connections);
	return 0;
}

int restore_moved(struct store *store, FILE *to, struct error *e)
{
	scoped(arena) *arena = arena_open("restore");
	scoped(tx) *tx = NULL;
	struct installation is;

	if (tx_begin(store, STORE_OWNER, &tx, e) < 0 || installation_moved(tx, e) < 0 ||
	    installation_load(tx, arena, &is, e) < 0 ||
	    record(tx, arena, NULL, "installation.moved", &is.id, NULL, e) < 0 || tx_commit(&tx, e) < 0)
		return -1;
	fprintf(to, "moved: this database is the installation now, and everything is as it was\n");
	return 0;
}

int restore_check(struct store *store, struct error *e)
{
	scoped(tx) *tx = NULL;

	if (tx_begin(store, STORE_OWNER, &tx, e) < 0 || installation_check(tx, e) < 0)
		return -1;
	return tx_commit(&tx, e);
}
