#include "endpoints/sign_ons.h"

#include "endpoints/connections.h"
#include "roster/connection.h"
#include "roster/sign_on.h"

const char *const sign_ons_parameters[] = { "limit", "after", "connection", NULL };

static void put_sign_on(struct json_writer *w, const struct sign_on *s)
{
	json_begin_object(w, NULL);
	exchange_put_id(w, "id", &s->id);
	exchange_put_id(w, "connection", &s->connection);
	json_put_text(w, "outcome", s->outcome);
	json_put_text(w, "code", s->code);
	json_put_bool(w, "test", s->test);
	json_put_time(w, "began_at", s->began_at);
	json_put_time(w, "ended_at", s->ended_at);
	exchange_put_id(w, "member", &s->user);
	exchange_put_id(w, "session", &s->session);
	json_put_text(w, "request", s->request_id);
}

int sign_ons_list(struct exchange *x, struct error *e)
{
	const char *named = request_query(x->request, "connection");
	struct connection connection;
	struct sign_on *sign_ons;
	struct json_writer w;
	const struct id *before;
	struct id before_id;
	size_t count;
	int limit;
	char next[ID_TEXT_SIZE];

	if (exchange_page_id(x, &limit, &before_id, &before, e) < 0 || (named && connections_find(x, named, &connection, e) < 0) ||
	    sign_on_list(x->tx, x->arena, &x->organisation.id, named ? &connection.id : NULL, before, limit, &sign_ons, &count, e) < 0)
		return -1;
	exchange_list_begin(x, &w);
	for (size_t i = 0; i < count; i++) {
		put_sign_on(&w, &sign_ons[i]);
		json_end_object(&w);
	}
	exchange_list_end(&w, count == (size_t)limit ? id_text(&sign_ons[count - 1].id, next) : NULL);
	return 0;
}

int sign_ons_show(struct exchange *x, struct error *e)
{
	const char *named = request_segment(x->request, "sign_on");
	struct json_writer w;
	struct sign_on s;
	struct id id;
	int found;

	if (id_parse(named, &id) < 0)
		return exchange_unknown("sign_on", named, e);
	found = sign_on_load(x->tx, x->arena, x->options->crypt_keys, &x->organisation.id, &id, &s, e);
	if (found <= 0)
		return found < 0 ? -1 : exchange_unknown("sign_on", named, e);
	exchange_reply(x, 200, &w);
	put_sign_on(&w, &s);
	json_put_raw(&w, "trace", s.trace);
	json_end_object(&w);
	return 0;
}
