/* Groups are read from directories; here they are only shown. */
#include "endpoints/groups.h"

#include "endpoints/members.h"
#include "roster/group.h"
#include "roster/member.h"

static void put_group(struct json_writer *w, const struct group *group)
{
	json_begin_object(w, NULL);
	exchange_put_id(w, "id", &group->id);
	json_put_text(w, "name", group->name);
	json_put_text(w, "remote_id", group->remote_id);
	exchange_put_id(w, "connection", &group->connection);
	json_put_int(w, "members", group->members);
	json_end_object(w);
}

int groups_list(struct exchange *x, struct error *e)
{
	struct json_writer w;
	struct group *groups;
	struct id place;
	const struct id *after;
	size_t count;
	int limit;
	char text[ID_TEXT_SIZE];

	if (exchange_page_id(x, &limit, &place, &after, e) < 0 ||
	    group_list(x->tx, x->arena, &x->organisation.id, after, limit + 1, &groups, &count, e) < 0)
		return -1;
	exchange_list_begin(x, &w);
	for (size_t i = 0; i < count && i < (size_t)limit; i++)
		put_group(&w, &groups[i]);
	exchange_list_end(&w, count > (size_t)limit ? id_text(&groups[limit - 1].id, text) : NULL);
	return 0;
}

static int find_named(struct exchange *x, struct group *ret, struct error *e)
{
	const char *named = request_segment(x->request, "group");
	int found = group_find(x->tx, x->arena, &x->organisation.id, named, ret, e);

	return found == 0 ? exchange_unknown("group", named, e) : found == 1 ? 0 : -1;
}

int groups_members(struct exchange *x, struct error *e)
{
	struct json_writer w;
	struct group group;
	struct member *members;
	struct id place;
	const struct id *after;
	size_t count;
	int limit;
	char text[ID_TEXT_SIZE];

	if (exchange_page_id(x, &limit, &place, &after, e) < 0 || find_named(x, &group, e) < 0 ||
	    member_list_of_group(x->tx, x->arena, &x->organisation.id, &group.id, after, limit + 1, &members,
				 &count, e) < 0)
		return -1;
	exchange_list_begin(x, &w);
	for (size_t i = 0; i < count && i < (size_t)limit; i++)
		members_put(&w, NULL, &members[i]);
	exchange_list_end(&w, count > (size_t)limit ? id_text(&members[limit - 1].user, text) : NULL);
	return 0;
}
