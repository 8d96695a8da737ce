/* The members of groups. Active Directory gives at most 1,500 at once ("member;range=0-1499"). */
#include "ldap/members.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "ldap/search.h"

enum { PARTS_MOST = 100000 }; /* parts of one group's list: a server that never ends it is stopped */

static int emit_values(struct directory *d, const struct view *view, BerVarray values, const char *reference)
{
	char member[ROSTER_ID_MOST + 1];

	for (; values && values->bv_val; values++) {
		if (view_member(view, values, member, sizeof(member)) < 0)
			d->listing.no_members++;
		else if (d->caller.host->emit_member(d->caller.call, reference, member) < 0)
			return -1;
	}
	return 0;
}

/* Whatever part of the attribute the entry holds. *ret_next: where the next begins, -1: there is none. */
static int emit_part(struct directory *d, const struct view *view, const struct entry *entry,
		     const char *attribute, const char *reference, long *ret_next)
{
	*ret_next = -1;
	if (emit_values(d, view, entry_values(entry, attribute), reference) < 0)
		return -1;
	for (size_t i = 0; i < entry->count; i++)
		if (range_read(&entry->attributes[i].name, attribute, ret_next) == 1)
			return emit_values(d, view, entry->attributes[i].values, reference);
	return 0;
}

int members_emit(struct directory *d, const struct view *view, const struct entry *entry,
		 const char *reference, struct arena *arena, struct unfinished **unfinished)
{
	for (const char *const *name = view->group_member.name; *name; name++) {
		struct unfinished *rest;
		long next;

		if (emit_part(d, view, entry, *name, reference, &next) < 0)
			return -1;
		if (next < 0)
			continue;
		rest = arena_take(arena, sizeof(*rest));
		*rest = (struct unfinished){ *unfinished,
					     arena_text_n(arena, entry->dn.bv_val, entry->dn.bv_len),
					     arena_text(arena, reference), *name, next };
		*unfinished = rest;
	}
	return 0;
}

struct part {
	struct directory *directory;
	const struct view *view;
	struct unfinished *rest;
	long next;
};

static int take_part(void *context, const struct entry *entry)
{
	struct part *part = context;

	return emit_part(part->directory, part->view, entry, part->rest->attribute, part->rest->reference,
			 &part->next);
}

/* One part of a list. 1: there is more. 0: that was all. -1: failed. -2: the server does not go on with it.
 */
static int fetch_part(struct directory *d, const struct view *view, struct unfinished *rest)
{
	char attribute[256];
	struct search search = { .doing = "reading members",
				 .base = rest->dn,
				 .filter = "(objectClass=*)",
				 .scope = LDAP_SCOPE_BASE,
				 .attributes = (char *[]){ attribute, NULL } };
	struct part part = { d, view, rest, rest->from };
	struct outcome outcome;

	snprintf(attribute, sizeof(attribute), "%.200s;range=%ld-*", rest->attribute, rest->from);
	if (search_run(&d->caller, d->session, &search, take_part, &part, &outcome) < 0)
		return -1;
	if (outcome.code != LDAP_SUCCESS || outcome.entries != 1 || part.next == rest->from)
		return -2;
	rest->from = part.next;
	return part.next >= 0;
}

int members_finish(struct directory *d, const struct view *view, struct unfinished *unfinished,
		   const char **ret_gap)
{
	*ret_gap = NULL;
	for (; unfinished; unfinished = unfinished->next) {
		int parts = 0, more;

		while ((more = fetch_part(d, view, unfinished)) == 1)
			if (++parts == PARTS_MOST)
				break;
		if (more == -1)
			return -1;
		if (more != 0)
			*ret_gap = unfinished->dn;
	}
	return 0;
}
