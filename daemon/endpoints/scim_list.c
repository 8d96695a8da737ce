/* Lists of Users and Groups (RFC 7644, 3.4.2): by a query string or the body of .search, by index or by cursor. */
#include "endpoints/scim.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "endpoints/scim_condition.h"
#include "endpoints/scim_cursor.h"
#include "endpoints/scim_reply.h"
#include "endpoints/scim_resource.h"
#include "roster/scim.h"

/* What a list is asked for, by a query string or by the body of .search. */
struct scim_wish {
	const char *filter, *sort_by, *sort_order, *attributes, *excluded;
	const char *cursor; /* "" for the first page; NULL: by index */
	bool start_given;
	int64_t start, count;
};

/* RFC 7644, 3.4.2.4: a start below 1 is 1, a count below 0 is 0; a count above what we give is what we give. */
static void settle(struct scim_wish *wish)
{
	wish->start = wish->start < 1 ? 1 : wish->start;
	wish->count = wish->count < 0 ? 0 : wish->count > SCIM_PAGE_MOST ? SCIM_PAGE_MOST : wish->count;
}

static int check_order(const char *order, struct error *e)
{
	if (!order || !*order || strcasecmp(order, "ascending") == 0 || strcasecmp(order, "descending") == 0)
		return 0;
	return error_set(e, ERROR_INPUT, "scim.invalidValue",
			 "\"sortOrder\" is \"%.40s\"; \"ascending\" or \"descending\" is expected", order);
}

static enum scim_asked asked_for(enum scim_kind kind, const struct scim_filter *filter)
{
	const struct scim_path *path = filter ? &filter->path : NULL;

	if (!filter || filter->kind != SCIM_COMPARE || filter->operator != SCIM_EQ || !json_is_text(filter->value) || path->urn ||
	    path->filter || path->part)
		return SCIM_ASKED_ANY;
	if (strcmp(path->name, kind == SCIM_USER ? "userName" : "displayName") == 0)
		return SCIM_ASKED_KEY;
	return strcmp(path->name, "externalId") == 0 ? SCIM_ASKED_EXTERNAL : SCIM_ASKED_ANY;
}

/* RFC 9865, 2.1. A count that is none is told here, where the other way of paging makes it 0. */
static int begin_at_cursor(struct exchange *x, const struct scim_question *question, const struct scim_wish *wish,
			   struct scim_condition *condition, const char **ret_behind, struct error *e)
{
	struct scim_place *place = arena_take(x->arena, sizeof(*place));

	if (wish->start_given)
		return error_set(e, ERROR_INPUT, "scim.invalidCursor", "\"cursor\" and \"startIndex\" cannot be given together");
	if (wish->count < 0)
		return error_set(e, ERROR_INPUT, "scim.invalidCount", "\"count\" is %lld; 0 or more is expected", (long long)wish->count);
	if (!*wish->cursor)
		return 0;
	if (scim_cursor_read(x, question, wish->cursor, place, e) < 0)
		return -1;
	return scim_condition_behind(x->arena, condition, place->value, &place->id, ret_behind, e);
}

/* One more than were wanted tells that there are more. */
static const char *next_cursor(struct exchange *x, const struct scim_question *question, const struct scim_record *records,
			       size_t wanted, size_t *count)
{
	struct scim_place place;

	if (*count <= wanted || wanted == 0)
		return NULL;
	*count = wanted;
	place = (struct scim_place){ records[wanted - 1].id, records[wanted - 1].place };
	return scim_cursor_write(x, question, &place);
}

/* What is looked for, and how what is found is told. */
struct listing {
	struct scim_wish wish;
	int64_t wanted; /* the count as it came */
	struct scim_question question;
	struct scim_selection selection;
	struct scim_condition condition;
	struct scim_search search;
	unsigned deviations;
};

static int read_listing(struct exchange *x, enum scim_kind kind, struct scim_wish wish, struct listing *ret, struct error *e)
{
	const struct scim_filter *filter = NULL;
	struct scim_path sort_by;
	bool sorted = wish.sort_by && *wish.sort_by, descending = wish.sort_order && strcasecmp(wish.sort_order, "descending") == 0;

	ret->wanted = wish.count;
	ret->question = (struct scim_question){ kind == SCIM_USER ? "users" : "groups", wish.filter, wish.sort_by, descending };
	settle(&wish);
	ret->wish = wish;
	if (check_order(wish.sort_order, e) < 0 ||
	    scim_selection_read(x, kind, wish.attributes, wish.excluded, &ret->selection, e) < 0 ||
	    (wish.filter && *wish.filter && scim_filter_read(x->arena, kind, wish.filter, &filter, &ret->deviations, e) < 0) ||
	    (sorted && scim_path_read(x->arena, kind, wish.sort_by, &sort_by, &ret->deviations, e) < 0) ||
	    scim_condition_make(x->arena, kind, filter, sorted ? &sort_by : NULL, descending, &ret->condition, e) < 0)
		return -1;
	ret->search = (struct scim_search){
		.table = scim_table_of(kind),
		.asked = sorted || descending ? SCIM_ASKED_ANY : asked_for(kind, filter),
		.where = ret->condition.where,
		.order = ret->condition.order,
		.params = ret->condition.params,
		.param_count = ret->condition.count,
		.by = ret->condition.by,
		.skip = wish.start - 1,
		.most = wish.cursor && wish.count > 0 ? wish.count + 1 : wish.count,
		.inner = scim_selection_inner(&ret->selection, kind),
		.documents = true,
	};
	return 0;
}

static int look_behind(struct exchange *x, struct listing *l, struct error *e)
{
	struct scim_wish given = l->wish;

	if (!l->wish.cursor)
		return 0;
	given.count = l->wanted;
	if (begin_at_cursor(x, &l->question, &given, &l->condition, &l->search.behind, e) < 0)
		return -1;
	l->search.behind_count = l->condition.count - l->search.param_count;
	return 0;
}

static int find_page(struct exchange *x, struct listing *l, struct scim_record **ret, size_t *ret_count, int64_t *ret_total, struct error *e)
{
	struct scim_source source = scim_source_of(x);

	if (x->prepared)
		return scim_search_receive(x->tx, x->arena, &source, &l->search, ret, ret_count, ret_total, e);
	if (look_behind(x, l, e) < 0)
		return -1;
	return scim_search(x->tx, x->arena, &source, &l->search, ret, ret_count, ret_total, e);
}

static int tell(struct exchange *x, enum scim_kind kind, struct listing *l, struct error *e)
{
	struct scim_record *records;
	struct json_writer w;
	const char *next;
	size_t count;
	int64_t total;

	if (find_page(x, l, &records, &count, &total, e) < 0)
		return -1;
	next = l->wish.cursor ? next_cursor(x, &l->question, records, (size_t)l->wish.count, &count) : NULL;
	scim_count_deviations(l->deviations);
	scim_reply_begin(x, 200, &w);
	json_begin_object(&w, NULL);
	json_begin_array(&w, "schemas");
	json_put_text(&w, NULL, SCIM_URN_LIST);
	json_end_array(&w);
	json_put_int(&w, "totalResults", total);
	if (!l->wish.cursor)
		json_put_int(&w, "startIndex", l->wish.start);
	json_put_int(&w, "itemsPerPage", (int64_t)count);
	if (next)
		json_put_text(&w, "nextCursor", next);
	json_begin_array(&w, "Resources");
	for (size_t i = 0; i < count; i++)
		scim_put_resource(x, &w, kind, &records[i], &l->selection);
	json_end_array(&w);
	json_end_object(&w);
	return 0;
}

static int list(struct exchange *x, enum scim_kind kind, struct scim_wish wish, struct error *e)
{
	struct listing *l = arena_take(x->arena, sizeof(*l));

	return read_listing(x, kind, wish, l, e) < 0 ? -1 : tell(x, kind, l, e);
}

static int read_number(const char *text, const char *name, const char *code, int64_t otherwise, int64_t *ret, struct error *e)
{
	*ret = otherwise;
	if (!text || !*text || text_to_int64(text, ret) == 0)
		return 0;
	return error_set(e, ERROR_INPUT, code, "\"%s\" is \"%.40s\"; a number is expected", name, text);
}

static int read_query(struct exchange *x, struct scim_wish *ret, struct error *e)
{
	*ret = (struct scim_wish){
		.filter = request_query(x->request, "filter"),
		.sort_by = request_query(x->request, "sortBy"),
		.sort_order = request_query(x->request, "sortOrder"),
		.attributes = request_query(x->request, "attributes"),
		.excluded = request_query(x->request, "excludedAttributes"),
		.cursor = request_query(x->request, "cursor"),
		.start_given = request_query(x->request, "startIndex"),
	};
	return read_number(request_query(x->request, "startIndex"), "startIndex", "scim.invalidValue", 1, &ret->start, e) < 0 ||
			       read_number(request_query(x->request, "count"), "count",
					   ret->cursor ? "scim.invalidCount" : "scim.invalidValue", SCIM_PAGE_DEFAULT, &ret->count, e) < 0
		       ? -1
		       : 0;
}

static int list_by_query(struct exchange *x, enum scim_kind kind, struct error *e)
{
	struct scim_wish wish;

	if (x->prepared)
		return tell(x, kind, x->prepared, e);
	return read_query(x, &wish, e) < 0 ? -1 : list(x, kind, wish, e);
}

/* What is asked all day, before it is known who asks. */
static int send_ahead(struct exchange *x, enum scim_kind kind, struct error *e)
{
	struct listing *l = arena_take(x->arena, sizeof(*l));
	struct scim_wish wish;
	struct error ignored;
	struct scim_source source;
	int sent;

	if (!scim_source_ahead(x, &source) || read_query(x, &wish, &ignored) < 0 || wish.cursor ||
	    read_listing(x, kind, wish, l, &ignored) < 0)
		return 0;
	sent = scim_search_send(x->tx, x->arena, &source, &l->search, e);
	if (sent == 1)
		x->prepared = l;
	/* Of a key there is one at most, so nothing has to be counted. */
	x->swift = sent == 1 && l->search.asked == SCIM_ASKED_KEY && l->search.skip == 0 &&
		   (kind == SCIM_USER || !l->search.inner);
	return sent < 0 ? -1 : 0;
}

/* An array of names, as one list with commas. */
static const char *joined(struct exchange *x, const struct json *names)
{
	struct buffer all;
	const char *ret;

	if (!json_is_array(names))
		return json_text(names);
	buffer_open(&all, SCIM_FILTER_MOST);
	for (size_t i = 0; i < json_count(names); i++)
		buffer_format(&all, "%s%s", i ? "," : "", json_text(json_at(names, i)) ? json_text(json_at(names, i)) : "");
	ret = all.length > 0 ? arena_text_n(x->arena, all.bytes, all.length) : NULL;
	buffer_close(&all);
	return ret;
}

/* What is passed over would be a list of all. */
static int text_of(const struct json *body, const char *name, const char **ret, struct error *e)
{
	const struct json *value = json_member(body, name);

	*ret = json_text(value);
	if (!value || json_is_null(value) || *ret)
		return 0;
	return error_set(e, ERROR_INPUT, "scim.invalidValue", "\"%s\" is no text; one is expected", name);
}

static int number_of(const struct json *body, const char *name, int64_t *ret, struct error *e)
{
	const struct json *value = json_member(body, name);

	if (json_is_number(value))
		*ret = json_int(value);
	if (!value || json_is_null(value) || json_is_number(value))
		return 0;
	return error_set(e, ERROR_INPUT, "scim.invalidValue", "\"%s\" is no number; one is expected", name);
}

/* RFC 7644, 3.4.3: a query that does not stand in an address, and so in nobody's log. */
static int list_by_body(struct exchange *x, enum scim_kind kind, struct error *e)
{
	struct scim_wish wish = { .start = 1, .count = SCIM_PAGE_DEFAULT };
	struct json *body;

	if (scim_read_body(x, &body, e) < 0)
		return -1;
	if (!json_is_object(body))
		return error_set(e, ERROR_INPUT, "scim.invalidSyntax", "the body is no JSON object");
	if (text_of(body, "filter", &wish.filter, e) < 0 || text_of(body, "sortBy", &wish.sort_by, e) < 0 ||
	    text_of(body, "sortOrder", &wish.sort_order, e) < 0 ||
	    text_of(body, "cursor", &wish.cursor, e) < 0 ||
	    number_of(body, "startIndex", &wish.start, e) < 0 || number_of(body, "count", &wish.count, e) < 0)
		return -1;
	wish.attributes = joined(x, json_member(body, "attributes"));
	wish.excluded = joined(x, json_member(body, "excludedAttributes"));
	wish.start_given = json_member(body, "startIndex");
	return list(x, kind, wish, e);
}

#define FOR_KIND(plural, kind)                                                                                     \
	int scim_##plural##_list(struct exchange *x, struct error *e) { return list_by_query(x, kind, e); }        \
	int scim_##plural##_list_ahead(struct exchange *x, struct error *e) { return send_ahead(x, kind, e); }     \
	int scim_##plural##_search(struct exchange *x, struct error *e) { return list_by_body(x, kind, e); }

FOR_KIND(users, SCIM_USER)
FOR_KIND(groups, SCIM_GROUP)
