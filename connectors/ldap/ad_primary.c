/* Primary groups. */
#include "ldap/ad_primary.h"

#include "base/arena.h"
#include "base/text.h"
#include "ldap/ad_sid.h"
#include "ldap/dn.h"
#include "ldap/named.h"
#include "ldap/search.h"

enum { SID_FILTER_MOST = 3 * SID_MOST + 32 };

/* What finding a group by its identifier yields. */
struct finding {
	struct arena *arena;
	const char *reference;
};

static int take_group(void *context, const struct entry *entry)
{
	struct finding *finding = context;
	char reference[ROSTER_ID_MOST + 1];

	if (dn_normalise(entry->dn.bv_val, entry->dn.bv_len, reference, sizeof(reference)) > 0)
		finding->reference = arena_text(finding->arena, reference);
	return 0;
}

static int find_group(struct directory *d, const struct berval *sid, uint32_t number, const char **ret)
{
	unsigned char group[SID_MOST];
	char by_sid[SID_FILTER_MOST];
	struct finding finding = { d->page, NULL };
	struct search search = { .doing = "finding a primary group",
				 .base = d->settings.group_base,
				 .scope = d->settings.group_scope,
				 .attributes = search_no_attributes };
	struct outcome outcome;

	*ret = NULL;
	if (sid_sibling(sid, number, group) < 0 ||
	    named_filter_bytes("objectSid", group, sid->bv_len, by_sid, sizeof(by_sid)) < 0)
		return 0;
	search.filter = arena_format(d->page, "(&%s%s)", d->settings.group_filter, by_sid);
	if (search_run(&d->caller, d->session, &search, take_group, &finding, &outcome) < 0)
		return -1;
	if (outcome.code != LDAP_SUCCESS)
		return search_fail(&d->caller, d->session, &search, &outcome);
	*ret = finding.reference;
	return 0;
}

int primary_group(struct directory *d, const struct view *view, struct primaries *primaries,
		  const struct entry *person, const char **ret)
{
	const char *text =
		view->vendor->primary_group ? entry_text(person, view->vendor->primary_group) : NULL;
	BerVarray sid = view->vendor->sid ? entry_values(person, view->vendor->sid) : NULL;
	int64_t number;

	if (!d->settings.group_base || !text || !sid || !sid->bv_val || text_to_int64(text, &number) < 0 ||
	    number <= 0 || number > UINT32_MAX)
		return 0;
	for (size_t i = 0; i < primaries->count; i++)
		if (primaries->of[i].number == number) {
			*ret = primaries->of[i].reference;
			return *ret != NULL;
		}
	if (find_group(d, sid, (uint32_t)number, ret) < 0)
		return -1;
	if (primaries->count < PRIMARIES_MOST) {
		primaries->of[primaries->count].number = (uint32_t)number;
		primaries->of[primaries->count++].reference = *ret;
	}
	return *ret != NULL;
}

/* ---- the other way round ---- */

struct members {
	struct directory *directory;
	const struct view *view;
	const char *group;
};

static int take_member(void *context, const struct entry *entry)
{
	struct members *members = context;
	struct directory *d = members->directory;
	char member[ROSTER_ID_MOST + 1];

	if (view_member(members->view, &entry->dn, member, sizeof(member)) < 0)
		return 0; /* refused as a person, too */
	return d->caller.host->emit_member(d->caller.call, members->group, member);
}

int primary_members(struct directory *d, const struct view *view, const struct entry *group,
		    const char *reference)
{
	BerVarray sid = view->vendor->primary_group ? entry_values(group, view->vendor->sid) : NULL;
	struct members members = { d, view, reference };
	struct search search = { .doing = "finding whose primary group it is",
				 .base = d->settings.user_base,
				 .scope = d->settings.user_scope,
				 .attributes = search_no_attributes,
				 .page_size = d->settings.page_size };
	struct outcome outcome;
	uint32_t number;

	/* Where members are named by user name, the name is not known here. */
	if (view->member_is_name || !sid || !sid->bv_val || sid_number(sid, &number) < 0)
		return 0;
	search.filter = arena_format(d->page, "(&%s(%s=%lu))", view->user_filter, view->vendor->primary_group,
				     (unsigned long)number);
	if (search_pages(&d->caller, d->session, &search, NULL, take_member, &members, &outcome) < 0)
		return -1;
	return outcome.code == LDAP_SUCCESS ? 0 : search_fail(&d->caller, d->session, &search, &outcome);
}
