/* Accounts that expire. */
#include "ldap/ad_expiry.h"

#include <string.h>

#include "base/arena.h"
#include "ldap/search.h"

struct finding {
	struct directory *directory;
	const struct view *view;
	int64_t since, now, next;
	const char **ids;
	size_t count, room;
};

int64_t expiry_sooner(int64_t a, int64_t b, int64_t now)
{
	if (a <= now)
		a = 0;
	if (b <= now)
		b = 0;
	return a == 0 || (b > 0 && b < a) ? b : a;
}

static void remember(struct finding *finding, const char *id)
{
	struct arena *arena = finding->directory->page;

	if (finding->count + 1 >= finding->room) {
		const char **more = arena_array(arena, finding->room = finding->room * 2 + 64, sizeof(*more));

		if (finding->count > 0)
			memcpy(more, finding->ids, finding->count * sizeof(*more));
		finding->ids = more;
	}
	finding->ids[finding->count++] = arena_text(arena, id);
}

static int take(void *context, const struct entry *entry)
{
	struct finding *finding = context;
	int64_t at = vendor_expires(finding->view->vendor, entry_text(entry, finding->view->vendor->expiry));
	char id[ROSTER_ID_MOST + 1];

	finding->next = expiry_sooner(finding->next, at, finding->now);
	if (at > finding->since && at <= finding->now &&
	    view_id(entry, finding->view->user_id, id, sizeof(id)) == 0)
		remember(finding, id);
	return 0;
}

int expiry_find(struct directory *d, const struct view *view, int64_t since, int64_t now, int64_t *ret_next,
		const char *const **ret_ids)
{
	const char *expiry = view->vendor->expiry;
	char *attributes[] = { (char *)view->user_id, (char *)expiry, NULL };
	struct search search = { .doing = "finding accounts that expire",
				 .base = d->settings.user_base,
				 .scope = d->settings.user_scope,
				 .attributes = attributes,
				 .page_size = d->settings.page_size };
	struct finding finding = { d, view, since, now, 0, arena_array(d->page, 1, sizeof(char *)), 0, 1 };
	struct outcome outcome;

	search.filter = arena_format(d->page, "(&%s(%s>=%lld)(!(%s=%lld)))", view->user_filter, expiry,
				     (long long)vendor_expiry_value(since), expiry, (long long)INT64_MAX);
	if (search_pages(&d->caller, d->session, &search, NULL, take, &finding, &outcome) < 0)
		return -1;
	if (outcome.code != LDAP_SUCCESS)
		return search_fail(&d->caller, d->session, &search, &outcome);
	*ret_next = finding.next;
	if (ret_ids)
		*ret_ids = finding.ids;
	return 0;
}
