/* Nothing here writes: an event is an audit entry in its place. */
#include "endpoints/events.h"

#include <string.h>

#include "base/text.h"
#include "roster/event.h"

const char *const events_parameters[] = { "limit", "after", "type", NULL };

/* Behind which nothing has happened yet. */
#define END "end"

struct wanted {
	int limit;
	int64_t after;
	bool at_end;
	const char *types[2]; /* ended by NULL */
};

static int read_type(struct exchange *x, const char **ret, struct error *e)
{
	const char *given = request_query(x->request, "type");

	*ret = given;
	if (!given || audit_is_action(given))
		return 0;
	return error_set(e, ERROR_INPUT, "request.parameter",
			 "\"type\" is \"%.80s\"; a type of event such as \"member.joined\" is expected, or \"member.*\" for all that "
			 "happens to members",
			 given);
}

static int read_wanted(struct exchange *x, struct wanted *ret, struct error *e)
{
	const char *after;

	*ret = (struct wanted){ 0 };
	if (read_type(x, &ret->types[0], e) < 0 || exchange_page(x, &ret->limit, &after, e) < 0)
		return -1;
	ret->at_end = after && text_equal(after, END);
	if (!after || ret->at_end || (text_to_int64(after, &ret->after) == 0 && ret->after >= 0))
		return 0;
	return error_set(e, ERROR_INPUT, "request.after",
			 "\"after\" is \"%.40s\"; the \"cursor\" of an earlier answer is expected, or \"" END "\" for what happens from now on",
			 after);
}

/* place tells where in its feed an event stands. */
static int reply(struct exchange *x, const struct wanted *wanted, const struct event_page *page, int64_t (*place)(const struct event *))
{
	int64_t cursor = page->count > 0 ? place(&page->events[page->count - 1]) : wanted->after;
	const char *text = arena_format(x->arena, "%lld", (long long)cursor);
	struct json_writer w;

	exchange_reply(x, 200, &w);
	json_begin_object(&w, NULL);
	json_begin_array(&w, "items");
	for (size_t i = 0; i < page->count; i++) {
		if (!event_is_of(&page->events[i], wanted->types))
			continue;
		json_begin_object(&w, NULL);
		event_write(&w, &page->events[i]);
		json_end_object(&w);
	}
	json_end_array(&w);
	json_put_text(&w, "next", page->more ? text : NULL);
	json_put_text(&w, "cursor", text);
	json_end_object(&w);
	return 0;
}

static int64_t position_of(const struct event *event)
{
	return event->position;
}

int events_list(struct exchange *x, struct error *e)
{
	const struct id *organisation = &x->organisation.id;
	struct event_page page = { 0 };
	struct wanted wanted;

	if (read_wanted(x, &wanted, e) < 0 ||
	    (wanted.at_end ? event_end(x->tx, x->arena, organisation, &wanted.after, e)
			   : event_list(x->tx, x->arena, organisation, wanted.after, wanted.limit, &page, e)) < 0)
		return -1;
	return reply(x, &wanted, &page, position_of);
}

static int64_t number_of(const struct event *event)
{
	return event->number;
}

int events_list_all(struct exchange *x, struct error *e)
{
	struct event_page page = { 0 };
	struct wanted wanted;

	if (read_wanted(x, &wanted, e) < 0 ||
	    (wanted.at_end ? event_end_all(x->tx, x->arena, &wanted.after, e)
			   : event_list_all(x->tx, x->arena, wanted.after, wanted.limit, &page, e)) < 0)
		return -1;
	return reply(x, &wanted, &page, number_of);
}
