/* Nothing here writes: entries are made where things change. */
#include "endpoints/audit.h"

#include <string.h>

#include "base/text.h"
#include "roster/audit.h"

const char *const audit_parameters[] = { "limit", "after",   "action",	     "target", "actor", "source",
					 "run",	  "request", "on_behalf_of", "since",  "until", NULL };

static void put_entry(struct json_writer *w, const struct audit_entry *entry)
{
	json_begin_object(w, NULL);
	json_put_int(w, "id", entry->id);
	json_put_time(w, "at", entry->at);
	json_put_text(w, "actor_kind", entry->actor_kind);
	json_put_text(w, "actor", entry->actor);
	json_put_text(w, "actor_name", entry->actor_name);
	json_put_text(w, "on_behalf_of", entry->on_behalf_of);
	json_put_text(w, "action", entry->action);
	json_put_text(w, "target_kind", entry->target_kind);
	json_put_text(w, "target", entry->target);
	json_put_text(w, "target_name", entry->target_name);
	json_put_text(w, "source", entry->source);
	exchange_put_id(w, "run", &entry->run);
	json_put_text(w, "request", entry->request);
	json_put_text(w, "ip", entry->address);
	json_put_raw(w, "before", entry->before);
	json_put_raw(w, "after", entry->after);
	json_end_object(w);
}

/* "member.joined", or all of a noun: "member.*". */
static int read_action(struct exchange *x, const char **ret, struct error *e)
{
	const char *given = request_query(x->request, "action");

	*ret = given;
	if (!given || audit_is_action(given))
		return 0;
	return error_set(e, ERROR_INPUT, "request.parameter",
			 "\"action\" is \"%.80s\"; an action such as \"member.joined\" is expected, or "
			 "\"member.*\" for all "
			 "that happens to members",
			 given);
}

static int read_run(struct exchange *x, struct id *ret_id, const struct id **ret, struct error *e)
{
	const char *given = request_query(x->request, "run");

	*ret = given ? ret_id : NULL;
	if (!given || id_parse(given, ret_id) == 0)
		return 0;
	return error_set(e, ERROR_INPUT, "request.parameter",
			 "\"run\" is \"%.80s\"; the id of a run is expected", given);
}

static int read_filter(struct exchange *x, struct audit_filter *ret, struct id *ret_run, struct error *e)
{
	static const char *const sources[] = { "api", "run", "file", "daemon", NULL };

	*ret = (struct audit_filter){
		.target = request_query(x->request, "target"),
		.actor = request_query(x->request, "actor"),
		.request = request_query(x->request, "request"),
		.on_behalf_of = request_query(x->request, "on_behalf_of"),
	};
	if (exchange_page_number(x, &ret->most, &ret->beyond, e) < 0 || read_action(x, &ret->action, e) < 0 ||
	    exchange_word(x, "source", sources, &ret->source, e) < 0 ||
	    read_run(x, ret_run, &ret->run, e) < 0 || exchange_time(x, "since", &ret->since, e) < 0 ||
	    exchange_time(x, "until", &ret->until, e) < 0)
		return -1;
	return 0;
}

int audit_show(struct exchange *x, struct error *e)
{
	struct audit_filter filter;
	struct id run;
	struct audit_entry *entries;
	struct json_writer w;
	size_t count, limit;

	if (read_filter(x, &filter, &run, e) < 0)
		return -1;
	limit = (size_t)filter.most++;
	if (audit_list(x->tx, x->arena, exchange_owner(x), &filter, &entries, &count, e) < 0)
		return -1;
	exchange_list_begin(x, &w);
	for (size_t i = 0; i < count && i < limit; i++)
		put_entry(&w, &entries[i]);
	exchange_list_end(&w, count > limit ? arena_format(x->arena, "%lld", (long long)entries[limit - 1].id)
					    : NULL);
	return 0;
}
