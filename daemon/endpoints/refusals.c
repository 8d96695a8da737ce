#include "endpoints/refusals.h"

#include "base/text.h"
#include "endpoints/connections.h"
#include "endpoints/runs.h"
#include "plugin/catalog.h"
#include "plugin/link.h"
#include "provision/mapping.h"
#include "roster/connection.h"
#include "roster/refusal.h"
#include "roster/run.h"

static int find_connection(struct exchange *x, struct connection *ret, struct error *e)
{
	return connections_find(x, request_segment(x->request, "connection"), ret, e);
}

static void put_refusal(struct json_writer *w, const struct refusal *refusal)
{
	json_begin_object(w, NULL);
	json_put_text(w, "remote_id", refusal->remote_id);
	json_put_text(w, "user_name", refusal->user_name);
	json_put_text(w, "email", refusal->email);
	json_put_text(w, "code", refusal->code);
	json_put_text(w, "reason", refusal->reason);
	json_put_time(w, "first_seen_at", refusal->first_seen_at);
	json_put_time(w, "last_seen_at", refusal->last_seen_at);
	json_end_object(w);
}

int refusals_list(struct exchange *x, struct error *e)
{
	struct json_writer w;
	struct connection connection;
	struct refusal *refusals;
	const char *after;
	size_t count;
	int limit;

	if (exchange_page(x, &limit, &after, e) < 0 || find_connection(x, &connection, e) < 0 ||
	    refusal_list(x->tx, x->arena, &x->organisation.id, &connection.id, after, limit + 1, &refusals,
			 &count, e) < 0)
		return -1;
	exchange_list_begin(x, &w);
	for (size_t i = 0; i < count && i < (size_t)limit; i++)
		put_refusal(&w, &refusals[i]);
	exchange_list_end(&w, count > (size_t)limit ? refusals[limit - 1].remote_id : NULL);
	return 0;
}

/* ---- resolved ---- */

struct wish {
	const char *remote_id, *as;
};

static const char *const as_words[] = { "same-person", "new-person", NULL };

static const struct json_field fields[] = {
	JSON_TEXT(struct wish, remote_id, JSON_NEEDED, MAPPED_ID_MOST),
	JSON_WORD(struct wish, as, JSON_NEEDED, as_words),
	{ 0 },
};

/* The plug-in may have to be described by a child: whether it can be asked for one person. */
int refusals_prepare_resolve(struct exchange *x, struct error *e)
{
	const struct catalog_plugin *plugin;
	struct connection connection;
	struct error unusable; /* comes out when the run opens it */
	int result = exchange_begin(x, e) < 0 ? -1 : find_connection(x, &connection, e);
	bool *named = arena_take(x->arena, sizeof(*named));

	tx_close(&x->tx);
	if (result < 0)
		return -1;
	*named = catalog_find(x->options->catalog, connection.plugin, &plugin, &unusable) == 1 && (plugin->scopes & (1U << LINK_NAMED));
	x->prepared = named;
	return 0;
}

static int find_refusal(struct exchange *x, const struct connection *connection, const struct wish *wish, struct refusal *ret,
			struct error *e)
{
	int found = refusal_find(x->tx, x->arena, &x->organisation.id, &connection->id, wish->remote_id, ret, e);

	if (found <= 0)
		return found == 0 ? error_set(e, ERROR_NOT_FOUND, "refusal.unknown",
					      "there is no refused entry \"%.200s\" here; "
					      "\"rosterctl connection refused\" lists them",
					      wish->remote_id)
				  : -1;
	if (!text_equal(ret->code, "person.address_taken"))
		return error_set(e, ERROR_CONFLICT, "refusal.other",
				 "this entry is refused for another reason (%s), which is mended in the directory or in the connection",
				 ret->code);
	return 0;
}

/* What can be said: of whom there is no entry any more, or who has the address nowhere. */
static int check_holder(const struct refusal_holder *holder, bool same, struct error *e)
{
	if (same && holder->known)
		return error_set(e, ERROR_CONFLICT, "refusal.two_people",
				 "this entry is a person's already, and so is the address: two people cannot become one");
	if (same && !holder->gone)
		return error_set(e, ERROR_CONFLICT, "refusal.still_there",
				 "whoever has the address (\"%.80s\") has no entry here that is gone: this cannot be theirs as well", holder->name);
	if (!same && holder->given)
		return error_set(e, ERROR_CONFLICT, "refusal.still_given",
				 "a directory still gives the address to whoever has it (\"%.80s\"); mend it there", holder->name);
	return 0;
}

/* Whom the operator suspended has their address until the operator hands it on: a new entry with it is no way round. */
static int check_operators(const struct exchange *x, const struct refusal_holder *holder, bool same, struct error *e)
{
	if (same || !holder->by_operator || x->principal.kind == PRINCIPAL_OPERATOR)
		return 0;
	return error_set(e, ERROR_DENIED, "member.suspended_by_operator",
			 "the operator suspended whoever has the address (\"%.80s\"); only the operator can hand it on", holder->name);
}

static int keep_verdict(struct exchange *x, const struct connection *connection, const struct wish *wish, struct error *e)
{
	bool same = text_equal(wish->as, "same-person");
	struct refusal refusal;
	struct refusal_holder holder;
	char id[ID_TEXT_SIZE], account[ID_TEXT_SIZE];
	int found;

	if (find_refusal(x, connection, wish, &refusal, e) < 0)
		return -1;
	found = refusal_find_holder(x->tx, x->arena, &x->organisation.id, &connection->id, &refusal, &holder, e);
	if (found == 0)
		return error_set(e, ERROR_CONFLICT, "refusal.over",
				 "the address is nobody's any more who is known by a directory; the next run takes this entry as it is");
	if (found < 0 || check_operators(x, &holder, same, e) < 0 || check_holder(&holder, same, e) < 0 ||
	    refusal_resolve(x->tx, &x->organisation.id, &connection->id, wish->remote_id, &holder.account, same, exchange_who(x), e) < 0)
		return -1;
	return exchange_audit(x, "refusal.resolved", "connection", id_text(&connection->id, id), refusal.user_name, NULL,
			      exchange_object(x, "remote_id", wish->remote_id, "as", wish->as, "account", id_text(&holder.account, account),
					      NULL),
			      e);
}

int refusals_resolve(struct exchange *x, struct error *e)
{
	const bool *named = x->prepared;
	struct wish wish = { 0 };
	struct connection connection;
	struct run run;

	if (exchange_read(x, fields, &wish, e) < 0 || find_connection(x, &connection, e) < 0 || keep_verdict(x, &connection, &wish, e) < 0)
		return -1;
	const struct run_wish asked = {
		.scope = *named ? "named" : "all",
		.asked_by = exchange_who(x),
		.named = *named ? (const char *const[]){ wish.remote_id, NULL } : NULL,
	};
	if (run_ask(x->tx, x->arena, &x->organisation.id, &connection.id, &asked, &run, e) < 0)
		return -1;
	return runs_show_asked(x, &run, exchange_object(x, "scope", run.scope, NULL), e);
}
