/* Looking at entries that changed on Active Directory. */
#include "ldap/ad_look.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "ldap/ad_sid.h"
#include "ldap/dn.h"
#include "ldap/named.h"
#include "ldap/search.h"

enum {
	AT_ONCE = 100, /* keys in one filter */
	KEY_FILTER_MOST = 96,
	NAME_FILTER_MOST = 3 * ROSTER_ID_MOST + 32,
};

/* "(&FILTER(|(objectGUID=...)(objectGUID=...)))" */
static const char *any_of(struct arena *arena, const char *filter, const char *const *ids, size_t count)
{
	struct buffer text __attribute__((cleanup(buffer_close)));
	char one[KEY_FILTER_MOST];

	buffer_open(&text, AT_ONCE * KEY_FILTER_MOST + strlen(filter) + 16);
	buffer_format(&text, "(&%s(|", filter);
	for (size_t i = 0; i < count; i++)
		if (named_filter("objectGUID", ids[i], one, sizeof(one)) == 0)
			buffer_text(&text, one);
	buffer_text(&text, "))");
	return arena_text(arena, text.bytes);
}

static int run(struct directory *d, const struct search *search, take_entry *take, void *context)
{
	struct outcome outcome;

	if (search_run(&d->caller, d->session, search, take, context, &outcome) < 0)
		return -1;
	return outcome.code == LDAP_SUCCESS ? 0 : search_fail(&d->caller, d->session, search, &outcome);
}

/* ---- what each change is about ---- */

static bool is_of_class(const struct entry *entry, const char *const *classes)
{
	BerVarray values = entry_values(entry, "objectClass");

	for (; values && values->bv_val; values++)
		for (const char *const *class = classes; *class; class ++)
			if (text_equal_nocase(values->bv_val, *class))
				return true;
	return false;
}

/* Settings of the system lie there, not people; group policies are containers that change every day. */
static bool is_in_system(const struct gathered *gathered, const char *normal)
{
	char system[AD_NAME_MOST + 16], name[ROSTER_ID_MOST + 1];
	int length =
		snprintf(system, sizeof(system), ",CN=System,%s", gathered->directory->session->ad.domain);

	name[0] = ',';
	return dn_normalise(system + 1, (size_t)length - 1, name + 1, sizeof(name) - 1) > 0 &&
	       text_ends(normal, name);
}

static enum ad_kind kind_of(const struct gathered *gathered, const struct entry *entry, const char *normal)
{
	static const char *const groups[] = { "group", NULL };
	static const char *const computers[] = { "computer", NULL };
	static const char *const containers[] = { "organizationalUnit", "container", "organization",
						  "locality",		"country",   "builtinDomain",
						  "lostAndFound",	NULL };

	if (is_of_class(entry, groups))
		return AD_GROUP;
	if (is_of_class(entry, containers))
		return is_in_system(gathered, normal) ? AD_OTHER : AD_CONTAINER;
	return is_of_class(entry, computers) ? AD_OTHER : AD_PERSON;
}

static void read_number(const struct entry *entry, struct ad_change *group)
{
	BerVarray sid = entry_values(entry, "objectSid");

	if (!sid || !sid->bv_val || sid_number(sid, &group->number) < 0)
		group->number = 0;
}

static int take_kind(void *context, const struct entry *entry)
{
	struct gathered *gathered = context;
	char id[ROSTER_ID_MOST + 1], normal[ROSTER_ID_MOST + 1];
	struct ad_change *change;

	if (view_id(entry, "objectGUID", id, sizeof(id)) < 0 || !(change = gather_find(gathered, id)) ||
	    dn_normalise(entry->dn.bv_val, entry->dn.bv_len, normal, sizeof(normal)) <= 0)
		return 0;
	change->kind = kind_of(gathered, entry, normal);
	if (change->kind == AD_GROUP) {
		change->dn = arena_text_n(gathered->arena, entry->dn.bv_val, entry->dn.bv_len);
		change->reference = arena_text(gathered->arena, normal);
		read_number(entry, change);
	}
	return 0;
}

static int find_kinds(struct gathered *gathered)
{
	struct directory *d = gathered->directory;
	char *attributes[] = { (char[]){ "objectGUID" }, (char[]){ "objectClass" }, (char[]){ "objectSid" },
			       NULL };
	struct search search = { .doing = "finding out what changed",
				 .base = d->session->ad.domain,
				 .scope = LDAP_SCOPE_SUBTREE,
				 .attributes = attributes };
	const char *ids[AT_ONCE];
	size_t count = 0;

	for (size_t i = 0; i < gathered->count; i++) {
		if (!gathered->changes[i].gone)
			ids[count++] = gathered->changes[i].id;
		if (count == AT_ONCE || (count > 0 && i + 1 == gathered->count)) {
			search.filter = any_of(d->page, "(objectClass=*)", ids, count);
			if (run(d, &search, take_kind, gathered) < 0)
				return -1;
			count = 0;
		}
	}
	return 0;
}

/* ---- groups that may have come into what is asked for ---- */

/* Their members are read, and the groups that they are themselves in have to be told, which did not change.
 */
static bool is_whole(const struct ad_change *change)
{
	return change->created || change->moved || change->elsewhere || change->relisted;
}

struct parents {
	struct gathered *gathered;
	const struct ad_change *child;
};

static bool stands_in(const struct ad_parent *parent, const char *id)
{
	while (parent && !text_equal(parent->id, id))
		parent = parent->next;
	return parent != NULL;
}

static int take_parent(void *context, const struct entry *entry)
{
	struct parents *parents = context;
	struct gathered *gathered = parents->gathered;
	char why[ROSTER_NOTE_MOST];
	struct group *group = arena_take(gathered->directory->page, sizeof(*group));
	struct ad_parent *parent;
	struct ad_change *change;

	if (view_group(gathered->view, entry, group, why) < 0)
		return 0; /* refused when it is read itself */
	change = gather_find(gathered, group->id);
	if (change) {
		change->relisted = true;
		return 0;
	}
	parent = arena_take(gathered->arena, sizeof(*parent));
	*parent = (struct ad_parent){ gathered->parents,
				      stands_in(gathered->parents, group->id),
				      arena_text(gathered->arena, group->id),
				      arena_text(gathered->arena, group->reference),
				      arena_text(gathered->arena, group->group.name),
				      parents->child->reference };
	gathered->parents = parent;
	return 0;
}

static char **names_of_groups(struct arena *arena, const struct view *view)
{
	char **names = arena_array(arena, NAMES_MOST + 2, sizeof(*names));
	size_t count = 0;

	names[count++] = (char *)view->group_id;
	for (const char *const *name = view->group_name.name; *name; name++)
		names[count++] = (char *)*name;
	return names;
}

static int find_parents(struct gathered *gathered, const struct ad_change *child)
{
	struct directory *d = gathered->directory;
	char filter[NAME_FILTER_MOST];
	struct search search = { .doing = "finding the groups of a group",
				 .base = d->settings.group_base,
				 .scope = d->settings.group_scope,
				 .attributes = names_of_groups(d->page, gathered->view) };
	struct parents parents = { gathered, child };

	if (named_filter_bytes("member", child->dn, strlen(child->dn), filter, sizeof(filter)) < 0)
		return 0;
	search.filter = arena_format(d->page, "(&%s%s)", d->settings.group_filter, filter);
	return run(d, &search, take_parent, &parents);
}

static bool loses_somebody(const struct ad_change *change)
{
	const struct ad_member *member = change->members;

	while (member && !member->gone)
		member = member->next;
	return member != NULL;
}

static int note_one(void *context, const struct entry *entry)
{
	(void)entry;
	*(bool *)context = true;
	return 0;
}

/* Whoever gets a group as primary group leaves its member list and is in it all the same. So a group that is
 * somebody's primary one is read whole when its list loses a name. Almost always that is one group, whose
 * list nobody touches. */
static int look_for_primaries(struct gathered *gathered, struct ad_change *change)
{
	struct directory *d = gathered->directory;
	struct search search = { .doing = "finding out whose primary group it is",
				 .base = d->settings.user_base,
				 .scope = d->settings.user_scope,
				 .attributes = search_no_attributes,
				 .size_limit = 1 };
	struct outcome outcome;
	bool found = false;

	search.filter = arena_format(d->page, "(&%s(%s=%lu))", gathered->view->user_filter,
				     gathered->view->vendor->primary_group, (unsigned long)change->number);
	if (search_run(&d->caller, d->session, &search, note_one, &found, &outcome) < 0)
		return -1;
	if (outcome.code != LDAP_SUCCESS && outcome.code != LDAP_SIZELIMIT_EXCEEDED)
		return search_fail(&d->caller, d->session, &search, &outcome);
	change->relisted = found || change->number == 0;
	return 0;
}

int look_prepare(struct gathered *gathered)
{
	struct directory *d = gathered->directory;

	if (find_kinds(gathered) < 0)
		return -1;
	for (size_t i = 0; i < gathered->count; i++) {
		const struct ad_change *change = &gathered->changes[i];

		if (change->kind == AD_CONTAINER && change->moved)
			return d->caller.host->fail(d->caller.call, ROSTER_LOST_PLACE, 0,
						    "a container of entries was renamed or moved, or may "
						    "have been; everything is "
						    "read again");
	}
	for (size_t i = 0; d->settings.group_base && i < gathered->count; i++)
		if (gathered->changes[i].kind == AD_GROUP && !is_whole(&gathered->changes[i]) &&
		    loses_somebody(&gathered->changes[i]) &&
		    look_for_primaries(gathered, &gathered->changes[i]) < 0)
			return -1;
	for (size_t i = 0; d->settings.group_base && i < gathered->count; i++)
		if (gathered->changes[i].kind == AD_GROUP && is_whole(&gathered->changes[i]) &&
		    find_parents(gathered, &gathered->changes[i]) < 0)
			return -1;
	return 0;
}

/* ---- giving ---- */

static int give_gone(const struct caller *caller, const char *id)
{
	struct roster_identity person = { .size = sizeof(person), .remote_id = id, .standing = ROSTER_GONE };
	struct roster_group group = { .size = sizeof(group), .remote_id = id, .name = id, .gone = 1 };

	return caller->host->emit(caller->call, &person) < 0 ? -1
							     : caller->host->emit_group(caller->call, &group);
}

static int give_members(const struct caller *caller, const char *group, const struct ad_member *member)
{
	int result = 0;

	for (; member && result == 0; member = member->next)
		result = member->gone ? caller->host->emit_member_gone(caller->call, group, member->reference)
				      : caller->host->emit_member(caller->call, group, member->reference);
	return result;
}

static int take_partial(void *context, const struct entry *entry)
{
	struct gathered *gathered = context;
	struct directory *d = gathered->directory;
	const struct caller *caller = &d->caller;
	struct group *group = arena_take(d->page, sizeof(*group));
	char why[ROSTER_NOTE_MOST];
	int usable = view_group(gathered->view, entry, group, why);
	struct ad_change *change = gather_find(gathered, group->id);

	if (usable < 0)
		return caller->host->emit_refused(caller->call, group->id, "%s", why);
	if (!change)
		return 0;
	change->found = true;
	group->group.partial = 1;
	d->listing.no_members += change->strangers;
	return caller->host->emit_group(caller->call, &group->group) < 0
		       ? -1
		       : give_members(caller, group->reference, change->members);
}

/* Groups of which only some members changed. One that is not found is looked at like one that was moved. */
static int give_partial(struct gathered *gathered, const char *const *ids, size_t count)
{
	struct directory *d = gathered->directory;
	struct search search = { .doing = "looking at groups",
				 .base = d->settings.group_base,
				 .scope = d->settings.group_scope,
				 .attributes = names_of_groups(d->page, gathered->view) };

	for (size_t i = 0; i < count; i += AT_ONCE) {
		search.filter = any_of(d->page, d->settings.group_filter, ids + i,
				       count - i < AT_ONCE ? count - i : AT_ONCE);
		if (run(d, &search, take_partial, gathered) < 0)
			return -1;
	}
	return 0;
}

/* Groups that did not change themselves, but have a member now that nobody knew. Given with the last of the
 * changes. */
static int give_parents(struct gathered *gathered)
{
	const struct caller *caller = &gathered->directory->caller;

	for (const struct ad_parent *parent = gathered->parents; parent; parent = parent->next) {
		struct roster_group group = { .size = sizeof(group),
					      .remote_id = parent->id,
					      .reference = parent->reference,
					      .name = parent->name,
					      .partial = 1 };

		if ((!parent->again && caller->host->emit_group(caller->call, &group) < 0) ||
		    caller->host->emit_member(caller->call, parent->reference, parent->member) < 0)
			return -1;
	}
	return 0;
}

/* Lists of keys, each ended by NULL. */
struct lists {
	const char **people, **groups, **partial;
	size_t people_count, group_count, partial_count;
};

static void sort_out(const struct ad_change *change, struct lists *lists)
{
	switch (change->kind) {
	case AD_UNSEEN: /* it cannot be seen any more, whatever it was */
		lists->people[lists->people_count++] = change->id;
		lists->groups[lists->group_count++] = change->id;
		break;
	case AD_PERSON:
		lists->people[lists->people_count++] = change->id;
		break;
	case AD_GROUP:
		if (is_whole(change))
			lists->groups[lists->group_count++] = change->id;
		else
			lists->partial[lists->partial_count++] = change->id;
		break;
	case AD_CONTAINER:
	case AD_OTHER:
		break;
	}
}

int look_at_changes(struct gathered *gathered, size_t begin, size_t end)
{
	struct directory *d = gathered->directory;
	size_t room = end - begin + 1;
	struct lists lists = { arena_array(d->page, room, sizeof(char *)),
			       arena_array(d->page, room, sizeof(char *)),
			       arena_array(d->page, room, sizeof(char *)),
			       0,
			       0,
			       0 };

	for (size_t i = begin; i < end; i++)
		if (!gathered->changes[i].gone)
			sort_out(&gathered->changes[i], &lists);
		else if (give_gone(&d->caller, gathered->changes[i].id) < 0)
			return -1;
	if (d->settings.group_base && give_partial(gathered, lists.partial, lists.partial_count) < 0)
		return -1;
	for (size_t i = 0; i < lists.partial_count; i++)
		if (!gather_find(gathered, lists.partial[i])->found)
			lists.groups[lists.group_count++] = lists.partial[i];
	if (named_look(d, gathered->view, lists.people, lists.groups) < 0)
		return -1;
	return end == gathered->count ? give_parents(gathered) : 0;
}
