/* Looking at certain people and groups, by their keys.
 *
 * Whoever is not found is called gone, so this must not happen because we may not read any more: when nobody
 * at all is found, we make sure that the account that we bind as still sees somebody. */
#include "ldap/named.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/text.h"
#include "ldap/ad_primary.h"
#include "ldap/dn.h"
#include "ldap/members.h"
#include "ldap/search.h"
#include "ldap/view.h"

enum {
	AT_ONCE = 100, /* keys in one filter */
	UNDER_WAY = 16, /* questions for groups that wait for their answer at a time */
	GUID_SIZE = 16,
	FILTER_MOST = 3 * ROSTER_ID_MOST + 256, /* one key in a filter, every byte escaped */
};

/* The groups that name one person. */
struct belonging {
	struct arena *arena;
	struct berval dn; /* of the person */
	struct search search;
	int msgid;
	const char **groups;
	size_t count;
};

/* Some keys that are asked for at once. */
struct asking {
	struct directory *directory;
	const struct view *view;
	struct arena *arena;	/* what lives as long as these keys are looked at */
	const char *attribute;	/* that holds the key */
	const char *const *ids; /* ends at count */
	size_t count;
	bool found[AT_ONCE], disabled[AT_ONCE];
	struct belonging *belongings; /* of those who were found before; and how many */
	size_t belonging_count;
	struct person person;
	struct group group;
	struct unfinished *unfinished;
	struct primaries primaries;
	time_t now;
};

/* ---- filters
 * -------------------------------------------------------------------------------------------------------------------
 */

/* The bytes of a GUID in the order that they have in the directory. */
static int guid_bytes(const char *id, unsigned char ret[GUID_SIZE])
{
	static const unsigned char order[GUID_SIZE] = {
		3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15
	};
	char digits[2 * GUID_SIZE];
	unsigned char bytes[GUID_SIZE];
	size_t length = 0;

	for (; *id; id++)
		if (*id != '-') {
			if (length == sizeof(digits))
				return -1;
			digits[length++] = *id;
		}
	if (length != sizeof(digits) || text_unhex(digits, length, bytes, sizeof(bytes)) != GUID_SIZE)
		return -1;
	for (size_t i = 0; i < GUID_SIZE; i++)
		ret[order[i]] = bytes[i];
	return 0;
}

int named_filter_bytes(const char *attribute, const void *bytes, size_t length, char *ret, size_t size)
{
	const unsigned char *value = bytes;
	size_t at = (size_t)snprintf(ret, size, "(%s=", attribute);

	for (size_t i = 0; i < length; i++) {
		if (at + 5 > size)
			return -1;
		if (value[i] >= 0x80 || value[i] < 0x20 || strchr("*()\\", value[i]))
			at += (size_t)snprintf(ret + at, size - at, "\\%02x", value[i]);
		else
			ret[at++] = (char)value[i];
	}
	if (at + 2 > size)
		return -1;
	strcpy(ret + at, ")");
	return 0;
}

int named_filter(const char *attribute, const char *id, char *ret, size_t size)
{
	unsigned char guid[GUID_SIZE];

	if (text_equal_nocase(attribute, "objectGUID") && guid_bytes(id, guid) == 0)
		return named_filter_bytes(attribute, guid, sizeof(guid), ret, size);
	return named_filter_bytes(attribute, id, strlen(id), ret, size);
}

/* "(&(objectClass=inetOrgPerson)(|(entryUUID=...)(entryUUID=...)))" */
static const char *any_of(const struct asking *asking, const char *filter)
{
	struct buffer text __attribute__((cleanup(buffer_close)));
	char one[FILTER_MOST];

	buffer_open(&text, AT_ONCE * FILTER_MOST);
	buffer_format(&text, "(&%s(|", filter);
	for (size_t i = 0; i < asking->count; i++)
		if (named_filter(asking->attribute, asking->ids[i], one, sizeof(one)) == 0)
			buffer_text(&text, one);
	buffer_text(&text, "))");
	return arena_text(asking->arena, text.bytes);
}

/* ---- which of them
 * --------------------------------------------------------------------------------------------------------------
 */

static void mark(const struct asking *asking, const char *id, bool marks[AT_ONCE])
{
	for (size_t i = 0; i < asking->count; i++)
		if (text_equal_nocase(asking->ids[i], id))
			marks[i] = true;
}

static bool is_marked(const struct asking *asking, const char *id, const bool marks[AT_ONCE])
{
	for (size_t i = 0; i < asking->count; i++)
		if (marks[i] && text_equal_nocase(asking->ids[i], id))
			return true;
	return false;
}

static int take_disabled(void *context, const struct entry *entry)
{
	struct asking *asking = context;
	char id[ROSTER_ID_MOST + 1];

	if (view_id(entry, asking->attribute, id, sizeof(id)) == 0)
		mark(asking, id, asking->disabled);
	return 0;
}

static int count_one(void *context, const struct entry *entry)
{
	(void)entry;
	*(unsigned long *)context += 1;
	return 0;
}

/* A search must end well: a part will not do when absence means gone. */
static int judge_end(struct directory *d, const struct search *search, const struct outcome *outcome)
{
	if (outcome->code != LDAP_SUCCESS)
		return search_fail(&d->caller, d->session, search, outcome);
	if (outcome->references > 0 && !d->settings.ignore_referrals)
		return d->caller.host->fail(
			d->caller.call, ROSTER_MISCONFIGURED, 0,
			"%s under \"%s\": a part of it is on another server; see \"ignore_referrals\"",
			search->doing, search->base);
	return 0;
}

static int run_whole(struct directory *d, const struct search *search, take_entry *take, void *context)
{
	struct outcome outcome;

	if (search_run(&d->caller, d->session, search, take, context, &outcome) < 0)
		return -1;
	return judge_end(d, search, &outcome);
}

/* Does the account that we bind as still see anything there? */
static int make_sure(struct directory *d, const char *base, int scope, const char *filter)
{
	struct search search = { "making sure that we may read", base, filter, scope,
				 search_no_attributes,		 0,    1 };
	struct outcome outcome;
	unsigned long seen = 0;

	if (search_run(&d->caller, d->session, &search, count_one, &seen, &outcome) < 0)
		return -1;
	if (seen > 0)
		return 0;
	if (outcome.code != LDAP_SUCCESS)
		return search_fail(&d->caller, d->session, &search, &outcome);
	return d->caller.host->fail(d->caller.call, ROSTER_REFUSED, 0,
				    "the server shows nobody under \"%.150s\" that matches \"%.150s\"; may "
				    "the account that we bind as read there?",
				    base, filter);
}

/* ---- people
 * ------------------------------------------------------------------------------------------------------------------------
 */

static int take_belonging(void *context, const struct entry *entry)
{
	struct belonging *belonging = context;
	char reference[ROSTER_ID_MOST + 1];

	if (dn_normalise(entry->dn.bv_val, entry->dn.bv_len, reference, sizeof(reference)) <= 0)
		return 0; /* refused as a group, too */
	if (belonging->count < ROSTER_VALUES_MOST)
		belonging->groups[belonging->count] = arena_text(belonging->arena, reference);
	belonging->count++;
	return 0;
}

/* The groups that have this DN as a member, or where groups name people by user name, the one of the person in hand. */
static const char *belonging_filter(const struct asking *asking, const struct berval *dn)
{
	struct directory *d = asking->directory;
	struct buffer text __attribute__((cleanup(buffer_close)));
	char one[FILTER_MOST];

	buffer_open(&text, (NAMES_MOST + 1) * FILTER_MOST);
	buffer_format(&text, "(&%s(|", d->settings.group_filter);
	for (const char *const *name = asking->view->group_member.name; *name; name++) {
		const char *reference = asking->person.identity.reference;
		int made =
			asking->view->member_is_name
				? named_filter_bytes(*name, reference, strlen(reference), one, sizeof(one))
				: named_filter_bytes(*name, dn->bv_val, dn->bv_len, one, sizeof(one));

		if (made == 0)
			buffer_text(&text, one);
	}
	buffer_text(&text, "))");
	return arena_text(asking->arena, text.bytes);
}

/* Where groups name people by user name, none can name whoever has no usable one. */
static bool is_nameless(const struct asking *asking)
{
	return asking->view->member_is_name && !asking->person.identity.reference;
}

static struct belonging begin_belonging(const struct asking *asking, const struct berval *dn)
{
	const struct settings *settings = &asking->directory->settings;

	return (struct belonging){
		.arena = asking->arena,
		.dn = *dn,
		.search = { "finding the groups of a person", settings->group_base, is_nameless(asking) ? NULL : belonging_filter(asking, dn),
			    settings->group_scope, search_no_attributes, 0, 0 },
		.msgid = -1,
		.groups = arena_array(asking->arena, ROSTER_VALUES_MOST + 1, sizeof(char *)),
	};
}

static int take_dn(void *context, const struct entry *entry)
{
	struct asking *asking = context;
	struct berval dn = { entry->dn.bv_len, arena_copy(asking->arena, entry->dn.bv_val, entry->dn.bv_len) };

	if (asking->belonging_count < AT_ONCE)
		asking->belongings[asking->belonging_count++] = begin_belonging(asking, &dn);
	return 0;
}

static int send_question(struct directory *d, struct belonging *belonging)
{
	const struct berval first = { 0, NULL };

	return search_send(&d->caller, d->session, &belonging->search, &first, &belonging->msgid);
}

static int read_answer(struct directory *d, struct belonging *belonging)
{
	struct berval cookie = { 0, NULL };
	struct outcome outcome;

	if (search_read(&d->caller, d->session, &belonging->search, belonging->msgid, take_belonging, belonging, &cookie,
			&outcome) < 0)
		return -1;
	ber_memfree(cookie.bv_val);
	return judge_end(d, &belonging->search, &outcome);
}

/* Asks for the groups of all of them, some questions at a time: one after the other, each would wait for the way there and back. Who they
 * are has to be known before; whoever has another name by the time that they are looked at is asked for again. */
static int find_belongings(struct asking *asking, const char *filter)
{
	struct directory *d = asking->directory;
	struct search search = { "looking who they are", d->settings.user_base, filter, d->settings.user_scope,
				 search_no_attributes,	 0,			0 };

	/* A name that groups go by stands in the person's entry. */
	if (!d->settings.group_base || asking->view->member_is_name)
		return 0;
	asking->belongings = arena_array(asking->arena, AT_ONCE, sizeof(*asking->belongings));
	if (run_whole(d, &search, take_dn, asking) < 0)
		return -1;
	d->caller.host->step(d->caller.call, "finding the groups of %zu people", asking->belonging_count);
	for (size_t i = 0; i < asking->belonging_count + UNDER_WAY; i++) {
		if (i < asking->belonging_count && send_question(d, &asking->belongings[i]) < 0)
			return -1;
		if (i >= UNDER_WAY && read_answer(d, &asking->belongings[i - UNDER_WAY]) < 0)
			return -1;
	}
	return 0;
}

static struct belonging *found_before(const struct asking *asking, const struct berval *dn)
{
	for (size_t i = 0; i < asking->belonging_count; i++) {
		const struct berval *other = &asking->belongings[i].dn;

		if (other->bv_len == dn->bv_len && memcmp(other->bv_val, dn->bv_val, dn->bv_len) == 0)
			return &asking->belongings[i];
	}
	return NULL;
}

/* More groups than an identity may have are left unsaid: the next whole listing tells. */
static int find_groups(struct asking *asking, const struct entry *entry)
{
	struct belonging own, *belonging = found_before(asking, &entry->dn);
	const char *primary;
	int has_primary;

	if (!belonging) {
		own = begin_belonging(asking, &entry->dn);
		belonging = &own;
		if (!is_nameless(asking) && run_whole(asking->directory, &own.search, take_belonging, &own) < 0)
			return -1;
	}
	has_primary = primary_group(asking->directory, asking->view, &asking->primaries, entry, &primary);
	if (has_primary < 0)
		return -1;
	if (has_primary && belonging->count++ < ROSTER_VALUES_MOST)
		belonging->groups[belonging->count - 1] = primary;
	asking->person.identity.groups = belonging->count <= ROSTER_VALUES_MOST ? belonging->groups : NULL;
	return 0;
}

static int take_person(void *context, const struct entry *entry)
{
	struct asking *asking = context;
	struct directory *d = asking->directory;
	struct person *person = &asking->person;
	char why[ROSTER_NOTE_MOST];
	int usable = view_person(asking->view, entry, asking->now, asking->arena, person, why);

	mark(asking, person->id, asking->found);
	if (usable != 0 && d->caller.host->emit_refused(d->caller.call, person->id, "%s", why) < 0)
		return -1;
	if (usable < 0)
		return 0;
	if (is_marked(asking, person->id, asking->disabled))
		person->identity.standing = ROSTER_SUSPENDED;
	if (d->settings.group_base && find_groups(asking, entry) < 0)
		return -1;
	return d->caller.host->emit(d->caller.call, &person->identity);
}

static int emit_gone_people(const struct asking *asking)
{
	const struct caller *caller = &asking->directory->caller;

	for (size_t i = 0; i < asking->count; i++) {
		struct roster_identity gone = { .size = sizeof(gone),
						.remote_id = asking->ids[i],
						.standing = ROSTER_GONE };

		if (!asking->found[i] && caller->host->emit(caller->call, &gone) < 0)
			return -1;
	}
	return 0;
}

static bool any(const bool marks[AT_ONCE])
{
	for (size_t i = 0; i < AT_ONCE; i++)
		if (marks[i])
			return true;
	return false;
}

static int look_at_people(struct asking *asking)
{
	struct directory *d = asking->directory;
	const struct settings *settings = &d->settings;
	const char *filter = any_of(asking, asking->view->user_filter);
	char *id[] = { (char *)asking->attribute, NULL };
	struct search search = { "looking at people",
				 settings->user_base,
				 filter,
				 settings->user_scope,
				 asking->view->user_attributes,
				 0,
				 0 };
	struct search disabled = {
		"finding disabled people", settings->user_base, filter, settings->user_scope, id, 0, 0
	};

	if (settings->disabled_filter) {
		disabled.filter = any_of(asking, arena_format(asking->arena, "%s%s", asking->view->user_filter,
							      settings->disabled_filter));
		if (run_whole(d, &disabled, take_disabled, asking) < 0)
			return -1;
	}
	if (find_belongings(asking, filter) < 0 || run_whole(d, &search, take_person, asking) < 0)
		return -1;
	if (!any(asking->found) &&
	    make_sure(d, settings->user_base, settings->user_scope, asking->view->user_filter) < 0)
		return -1;
	return emit_gone_people(asking);
}

/* ---- groups
 * ------------------------------------------------------------------------------------------------------------------------
 */

static int take_group(void *context, const struct entry *entry)
{
	struct asking *asking = context;
	struct directory *d = asking->directory;
	struct group *group = &asking->group;
	char why[ROSTER_NOTE_MOST];
	int usable = view_group(asking->view, entry, group, why);

	mark(asking, group->id, asking->found);
	if (usable < 0)
		return d->caller.host->emit_refused(d->caller.call, group->id, "%s", why);
	if (d->caller.host->emit_group(d->caller.call, &group->group) < 0)
		return -1;
	if (primary_members(d, asking->view, entry, group->reference) < 0)
		return -1;
	return members_emit(d, asking->view, entry, group->reference, asking->arena, &asking->unfinished);
}

static int emit_gone_groups(const struct asking *asking)
{
	const struct caller *caller = &asking->directory->caller;

	for (size_t i = 0; i < asking->count; i++) {
		struct roster_group gone = {
			.size = sizeof(gone), .remote_id = asking->ids[i], .name = asking->ids[i], .gone = 1
		};

		if (!asking->found[i] && caller->host->emit_group(caller->call, &gone) < 0)
			return -1;
	}
	return 0;
}

static int look_at_groups(struct asking *asking)
{
	struct directory *d = asking->directory;
	const struct settings *settings = &d->settings;
	struct search search = { "looking at groups",
				 settings->group_base,
				 NULL,
				 settings->group_scope,
				 asking->view->group_attributes,
				 0,
				 0 };
	const char *gap;

	if (!settings->group_base)
		return 0;
	search.filter = any_of(asking, settings->group_filter);
	if (run_whole(d, &search, take_group, asking) < 0 ||
	    members_finish(d, asking->view, asking->unfinished, &gap) < 0)
		return -1;
	if (gap)
		return d->caller.host->fail(d->caller.call, ROSTER_TRY_LATER, 0,
					    "the members of \"%.200s\" could not be read to the end", gap);
	if (!any(asking->found) &&
	    make_sure(d, settings->group_base, settings->group_scope, settings->group_filter) < 0)
		return -1;
	return emit_gone_groups(asking);
}

/* ---- groups of groups ---- */

/* A group that names another one. */
struct nesting {
	struct asking *asking;
	const char *child; /* the reference of that one */
};

static int take_parent(void *context, const struct entry *entry)
{
	struct nesting *nesting = context;
	struct asking *asking = nesting->asking;
	const struct caller *caller = &asking->directory->caller;
	struct group *parent = &asking->group;
	char why[ROSTER_NOTE_MOST];

	if (view_group(asking->view, entry, parent, why) < 0)
		return 0; /* refused where it is read itself */
	parent->group.partial = 1;
	if (caller->host->emit_group(caller->call, &parent->group) < 0)
		return -1;
	return caller->host->emit_member(caller->call, parent->reference, nesting->child);
}

static int take_child(void *context, const struct entry *entry)
{
	struct asking *asking = context;
	struct directory *d = asking->directory;
	char child[ROSTER_ID_MOST + 1];
	struct nesting nesting = { asking, child };
	char *attributes[2 + NAMES_MOST + 1] = { (char *)asking->view->group_id, (char *)asking->view->vendor->stamp };
	struct search search = { "finding the groups of a group",
				 d->settings.group_base,
				 belonging_filter(asking, &entry->dn),
				 d->settings.group_scope,
				 attributes,
				 0,
				 0 };

	if (dn_normalise(entry->dn.bv_val, entry->dn.bv_len, child, sizeof(child)) <= 0)
		return 0;
	for (int i = 0; asking->view->group_name.name[i]; i++)
		attributes[2 + i] = (char *)asking->view->group_name.name[i];
	return run_whole(d, &search, take_parent, &nesting);
}

static int look_at_parents(struct asking *asking)
{
	const struct settings *settings = &asking->directory->settings;
	struct search search = { "looking for groups that are in groups",
				 settings->group_base,
				 any_of(asking, settings->group_filter),
				 settings->group_scope,
				 search_no_attributes,
				 0,
				 0 };

	return run_whole(asking->directory, &search, take_child, asking);
}

/* Asks for some keys at a time. */
static int look(struct directory *d, const struct view *view, const char *attribute, const char *const *ids,
		int (*look_at)(struct asking *))
{
	struct arena *arena __attribute__((cleanup(arena_close))) = arena_open("ldap named");

	while (ids && *ids) {
		struct asking *asking = arena_take(arena, sizeof(*asking));

		*asking = (struct asking){ .directory = d,
					   .view = view,
					   .arena = arena,
					   .attribute = attribute,
					   .ids = ids,
					   .now = time(NULL) };
		while (asking->count < AT_ONCE && ids[asking->count])
			asking->count++;
		ids += asking->count;
		if (look_at(asking) < 0)
			return -1;
		arena_reset(arena);
	}
	return 0;
}

int named_look(struct directory *d, const struct view *view, const char *const *people,
	       const char *const *groups)
{
	if (look(d, view, view->user_id, people, look_at_people) < 0)
		return -1;
	return look(d, view, view->group_id, groups, look_at_groups);
}

int named_parents(struct directory *d, const struct view *view, const char *const *groups)
{
	if (!d->settings.group_base || view->member_is_name)
		return 0;
	return look(d, view, view->group_id, groups, look_at_parents);
}

int named_page(struct directory *d, const struct roster_ask *ask)
{
	struct view view;

	if (directory_connect(d) < 0)
		return -1;
	view = view_make(d->page, &d->settings, d->session->vendor, ask->attributes);
	return named_look(d, &view, ask->named, ask->named_groups) < 0 ? directory_hang_up(d) : 0;
}
