/* Finding the keys of what changed on a domain controller. */
#include "ldap/ad_gather.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "ldap/ad_controller.h"
#include "ldap/dn.h"
#include "ldap/search.h"

enum { WANTED_MOST = 1024 };

int gather_asked(const struct view *view, const struct settings *settings, struct arena *arena,
		 const char ***ret)
{
	*ret = arena_array(arena, ASKED_MOST + 1, sizeof(char *));
	if (filter_names(view->user_filter, arena, *ret, ASKED_MOST) < 0 ||
	    filter_names(settings->disabled_filter, arena, *ret, ASKED_MOST) < 0)
		return -1;
	return settings->group_base ? filter_names(settings->group_filter, arena, *ret, ASKED_MOST) : 0;
}

static void add(struct gathered *gathered, const struct ad_change *change)
{
	if (gathered->count == CHANGES_MOST || gathered->members >= CHANGED_MEMBERS_MOST) {
		gathered->too_many = true;
		return;
	}
	if (gathered->count == gathered->room) {
		struct ad_change *more =
			arena_array(gathered->arena, gathered->room = gathered->room * 2 + 256,
				    sizeof(*more));

		if (gathered->count > 0)
			memcpy(more, gathered->changes, gathered->count * sizeof(*more));
		gathered->changes = more;
	}
	gathered->changes[gathered->count++] = *change;
	for (const struct ad_member *member = change->members; member; member = member->next)
		gathered->members++;
}

/* ---- joining ---- */

static int compare(const void *a, const void *b)
{
	const struct ad_change *left = a, *right = b;
	int order = strcmp(left->id, right->id);

	return order ? order : (left->order > right->order) - (left->order < right->order);
}

/* What was said later counts; members that were said twice are read anew. */
static void join(struct ad_change *earlier, const struct ad_change *later)
{
	earlier->gone = later->gone;
	earlier->silent = earlier->silent && later->silent;
	earlier->created = earlier->created || later->created;
	earlier->moved = earlier->moved || later->moved;
	earlier->elsewhere = earlier->elsewhere || later->elsewhere;
	earlier->relisted = earlier->relisted || later->relisted || (earlier->listed && later->listed);
	if (later->listed)
		earlier->members = later->members;
	earlier->listed = earlier->listed || later->listed;
	earlier->strangers += later->strangers;
	if (later->expires)
		earlier->expires = later->expires;
}

size_t gather_join(struct ad_change *changes, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		changes[i].order = i;
	if (count > 1)
		qsort(changes, count, sizeof(*changes), compare);
	for (size_t i = 0; i < count; i++)
		if (kept > 0 && text_equal(changes[kept - 1].id, changes[i].id))
			join(&changes[kept - 1], &changes[i]);
		else
			changes[kept++] = changes[i];
	return kept;
}

static int compare_key(const void *key, const void *change)
{
	return strcmp(key, ((const struct ad_change *)change)->id);
}

struct ad_change *gather_find(const struct gathered *gathered, const char *id)
{
	return gathered->count > 0 ? bsearch(id, gathered->changes, gathered->count,
					     sizeof(*gathered->changes), compare_key)
				   : NULL;
}

/* ---- DirSync ---- */

static int take_change(void *context, const struct entry *entry)
{
	struct gathered *gathered = context;
	const struct caller *caller = &gathered->directory->caller;
	struct ad_change change;

	if (gathered->too_many)
		return 0;
	if (ad_change_read(entry, gathered->view, gathered->asked, gathered->arena, &change) < 0)
		return caller->host->fail(caller->call, ROSTER_NONSENSE, 0,
					  "reading what changed: an entry has no \"objectGUID\"");
	if (change.gone || !change.silent)
		add(gathered, &change);
	return 0;
}

static void want(char **names, size_t *count, const char *const *more, const char *but)
{
	for (; *more && *count < WANTED_MOST; more++)
		if (!text_equal(*more, but))
			names[(*count)++] = (char *)*more; /* libldap only reads it */
}

/* Names and parents tell of moves, whenCreated of what is new. */
static char **dirsync_attributes(const struct gathered *gathered)
{
	static const char *const always[] = { "objectGUID", "isDeleted",   "name",
					      "parentGUID", "whenCreated", NULL };
	char **names = arena_array(gathered->directory->page, WANTED_MOST + 1, sizeof(*names));
	const char *but =
		gathered->view->vendor->stamp; /* each controller's own, and changed by every change */
	size_t count = 0;

	want(names, &count, always, but);
	want(names, &count, (const char *const *)gathered->view->user_attributes, but);
	want(names, &count, (const char *const *)gathered->view->group_attributes, but);
	want(names, &count, (const char *const *)gathered->asked, but);
	return names;
}

int gather_dirsync(struct gathered *gathered, const struct ad_place *then, struct ad_place *next)
{
	struct directory *d = gathered->directory;
	struct berval old = { then->cookie_size, (char *)then->cookie }, cookie = { 0, NULL };
	char **attributes = dirsync_attributes(gathered);
	struct outcome outcome = { .code = LDAP_SUCCESS };
	bool more = true;
	int result = ber_dupbv(&cookie, &old) ? 0 : -1;

	if (result < 0)
		return d->caller.host->fail(d->caller.call, ROSTER_TRY_LATER, 0, "out of memory");
	while (result == 0 && outcome.code == LDAP_SUCCESS && more && !gathered->too_many)
		result = controller_dirsync(d, "reading what changed", "(objectClass=*)", attributes, &cookie,
					    take_change, gathered, &more, &outcome);
	if (result == 0 && outcome.code != LDAP_SUCCESS)
		result = 1;
	if (result == 0) {
		next->cookie = arena_copy(gathered->arena, cookie.bv_val, cookie.bv_len);
		next->cookie_size = cookie.bv_len;
		gathered->count = gather_join(gathered->changes, gathered->count);
	}
	ber_memfree(cookie.bv_val);
	return result;
}

struct telling {
	const char *deleted_objects; /* normalised */
	bool tells;
};

static int take_telling(void *context, const struct entry *entry)
{
	struct telling *telling = context;
	char name[ROSTER_ID_MOST + 1];

	if (dn_normalise(entry->dn.bv_val, entry->dn.bv_len, name, sizeof(name)) > 0 &&
	    text_equal(name, telling->deleted_objects))
		telling->tells = true;
	return 0;
}

/* Walks through the whole domain on the server's side, and shows next to nothing of it: only deleted
 * containers, of which "CN=Deleted Objects" itself is always one, if deleted entries are told at all. A walk
 * that takes too long ends early: the cookie is good, and what is behind it will be looked at as if it had
 * changed. */
int gather_cookie(struct directory *d, struct arena *arena, struct ad_place *ret)
{
	char *attributes[] = { (char[]){ "isDeleted" }, NULL };
	char container[AD_NAME_MOST + 32], name[ROSTER_ID_MOST + 1] = "";
	struct telling telling = { name, false };
	struct berval cookie = { 0, NULL };
	struct outcome outcome = { .code = LDAP_SUCCESS };
	int64_t enough = d->caller.host->left_ms(d->caller.call) / 2;
	bool more = true;
	int result = 0,
	    length = snprintf(container, sizeof(container), "CN=Deleted Objects,%s", d->session->ad.domain);

	if (dn_normalise(container, (size_t)length, name, sizeof(name)) <= 0)
		name[0] = '\0';
	while (result == 0 && outcome.code == LDAP_SUCCESS && more &&
	       d->caller.host->left_ms(d->caller.call) > enough)
		result = controller_dirsync(d, "finding the place of now",
					    "(&(isDeleted=TRUE)(objectClass=container))", attributes, &cookie,
					    take_telling, &telling, &more, &outcome);
	if (result == 0 && (outcome.code != LDAP_SUCCESS || cookie.bv_len == 0))
		result = 1;
	if (result == 0) {
		ret->cookie = arena_copy(arena, cookie.bv_val, cookie.bv_len);
		ret->cookie_size = cookie.bv_len;
		ret->tells = telling.tells;
	}
	ber_memfree(cookie.bv_val);
	return result;
}

/* ---- numbers of changes ---- */

/* What of it changed is not known: it may be anything. */
static int take_numbered(void *context, const struct entry *entry)
{
	struct gathered *gathered = context;
	const struct caller *caller = &gathered->directory->caller;
	const char *deleted = entry_text(entry, "isDeleted"), *made = entry_text(entry, "uSNCreated");
	struct ad_change change = { .gone = deleted && text_equal_nocase(deleted, "TRUE"),
				    .elsewhere = true };
	int64_t created;

	if (gathered->too_many)
		return 0;
	if (view_id(entry, "objectGUID", change.id, sizeof(change.id)) < 0)
		return caller->host->fail(
			caller->call, ROSTER_REFUSED, 0,
			"reading what changed: an entry shows no \"objectGUID\"; may the account that "
			"we bind as read it?");
	change.created = made && text_to_int64(made, &created) == 0 && created > gathered->since;
	change.moved = !change.created;
	change.relisted = true;
	change.expires = vendor_expires(gathered->view->vendor, entry_text(entry, "accountExpires"));
	add(gathered, &change);
	return 0;
}

int gather_usn(struct gathered *gathered, const struct ad_place *then)
{
	struct directory *d = gathered->directory;
	char *attributes[] = { (char[]){ "objectGUID" }, (char[]){ "isDeleted" }, (char[]){ "uSNCreated" },
			       (char[]){ "accountExpires" }, NULL };
	struct extension deleted = controller_show_deleted(d->session);
	struct search search = { .doing = "reading what changed",
				 .base = d->session->ad.domain,
				 .scope = LDAP_SCOPE_SUBTREE,
				 .attributes = attributes,
				 .page_size = d->settings.page_size };
	struct outcome outcome;

	gathered->since = then->usn;
	search.filter = arena_format(d->page, "(uSNChanged>=%lld)", (long long)then->usn + 1);
	if (search_pages(&d->caller, d->session, &search, then->tells ? &deleted : NULL, take_numbered,
			 gathered, &outcome) < 0)
		return -1;
	if (outcome.code != LDAP_SUCCESS)
		return search_fail(&d->caller, d->session, &search, &outcome);
	gathered->count = gather_join(gathered->changes, gathered->count);
	return 0;
}
