#include "endpoints/notifications.h"

#include "endpoints/connections.h"
#include "roster/connection.h"
#include "roster/notification.h"

const char *const notifications_parameters[] = { "limit", "after", "run", NULL };

static void put(struct json_writer *w, const struct notification_shown *n)
{
	json_begin_object(w, NULL);
	exchange_put_id(w, "id", &n->id);
	json_put_text(w, "message_id", n->message_id);
	json_put_time(w, "received_at", n->received_at);
	json_put_int(w, "subjects", n->subjects);
	json_put_int(w, "bytes", n->size);
	json_put_text(w, "state", n->state);
	json_put_time(w, "handled_at", n->handled_at);
	exchange_put_id(w, "run", &n->run);
	json_put_text(w, "run_state", n->run_state);
	json_put_int(w, "tries", n->tries);
	json_end_object(w);
}

/* *ret points to *ret_id, or is NULL: all. */
static int read_run(struct exchange *x, struct id *ret_id, const struct id **ret, struct error *e)
{
	const char *named = request_query(x->request, "run");

	*ret = NULL;
	if (!named)
		return 0;
	if (id_parse(named, ret_id) < 0)
		return exchange_unknown("run", named, e);
	*ret = ret_id;
	return 0;
}

int notifications_list(struct exchange *x, struct error *e)
{
	struct connection connection;
	struct notification_shown *list;
	struct json_writer w;
	struct id after_id, run_id;
	const struct id *after, *run;
	char next[ID_TEXT_SIZE];
	size_t count;
	int limit;

	if (exchange_page_id(x, &limit, &after_id, &after, e) < 0 || read_run(x, &run_id, &run, e) < 0 ||
	    connections_find(x, request_segment(x->request, "connection"), &connection, e) < 0 ||
	    notification_list(x->tx, x->arena, &x->organisation.id, &connection.id, after, run, limit + 1,
			      &list, &count, e) < 0)
		return -1;
	exchange_list_begin(x, &w);
	for (size_t i = 0; i < count && i < (size_t)limit; i++)
		put(&w, &list[i]);
	exchange_list_end(&w, count > (size_t)limit ? id_text(&list[limit - 1].id, next) : NULL);
	return 0;
}
