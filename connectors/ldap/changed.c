/* Reading what changed: the choice of a way, and the places where a reading begins. */
#include "ldap/changed.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/crypt.h"
#include "ldap/ad_change.h"
#include "ldap/ad_changed.h"
#include "ldap/modified.h"
#include "ldap/result.h"
#include "ldap/search.h"
#include "ldap/syncrepl.h"

/* The best first; ends with NULL. */
static const struct strategy *const strategies[] = {
	&ad_dirsync, &ad_usn, &ad_dirsync_keys, &ad_usn_keys, &strategy_syncrepl, &strategy_modified, NULL,
};

enum { SEARCH_BYTES = (SEARCH_SIZE - 1) / 2 };

/* ---- places ---- */

void place_write(const char *strategy, const struct origin *origin, struct buffer *ret)
{
	buffer_format(ret, "1 %s %s %s %s %s\n", strategy, origin->vendor, origin->people, origin->groups,
		      origin->search);
}

/* One word of a line, into ret; -1: there is none, or it is too long. */
static int read_word(const char **at, const char *end, char last, char *ret, size_t size)
{
	const char *stop = memchr(*at, last, (size_t)(end - *at));
	size_t length = stop ? (size_t)(stop - *at) : 0;

	if (length == 0 || length >= size)
		return -1;
	memcpy(ret, *at, length);
	ret[length] = '\0';
	*at = stop + 1;
	return strpbrk(ret, " \n") || strlen(ret) != length ? -1 : 0;
}

int place_read(const char *bytes, size_t size, char ret_strategy[32], struct origin *ret)
{
	const char *at = bytes, *end = bytes + size;
	char version[2];

	if (read_word(&at, end, ' ', version, sizeof(version)) < 0 || version[0] != '1' ||
	    read_word(&at, end, ' ', ret_strategy, 32) < 0 ||
	    read_word(&at, end, ' ', ret->vendor, sizeof(ret->vendor)) < 0 ||
	    read_word(&at, end, ' ', ret->people, sizeof(ret->people)) < 0 ||
	    read_word(&at, end, ' ', ret->groups, sizeof(ret->groups)) < 0 ||
	    read_word(&at, end, '\n', ret->search, sizeof(ret->search)) < 0)
		return -1;
	return (int)(at - bytes);
}

const char *place_differs(const struct origin *then, const struct origin *now)
{
	if (!text_equal(then->vendor, now->vendor))
		return "the server is of another kind than before";
	if (!text_equal(then->people, now->people))
		return "\"user_base\" is another entry than before: the directory was made anew, or is "
		       "another";
	if (!text_equal(then->groups, now->groups))
		return "\"group_base\" is another entry than before: the directory was made anew, or is "
		       "another";
	if (!text_equal(then->search, now->search))
		return "other entries or attributes are asked for than before";
	return NULL;
}

/* ---- what a place is taken from ---- */

static void add_names(struct digest *digest, char *const *names)
{
	for (; *names; names++)
		digest_add_field(digest, *names);
	digest_add_field(digest, NULL);
}

/* All that decides which entries and attributes come. */
static void digest_search(const struct directory *d, const struct view *view, char ret[SEARCH_SIZE])
{
	const struct settings *settings = &d->settings;
	struct digest *digest = digest_open();
	uint8_t bytes[CRYPT_DIGEST_SIZE];

	digest_begin(digest);
	digest_add_field(digest, settings->user_base);
	digest_add_field(digest, settings->user_scope == LDAP_SCOPE_SUBTREE ? "sub" : "one");
	digest_add_field(digest, view->user_filter);
	digest_add_field(digest, settings->disabled_filter);
	digest_add_field(digest, view->user_id);
	add_names(digest, view->user_attributes);
	digest_add_field(digest, settings->group_base);
	digest_add_field(digest, settings->group_scope == LDAP_SCOPE_SUBTREE ? "sub" : "one");
	digest_add_field(digest, settings->group_filter);
	digest_add_field(digest, view->group_id);
	add_names(digest, view->group_attributes);
	digest_end(digest, bytes);
	digest_close(&digest);
	text_hex(bytes, SEARCH_BYTES, ret);
}

struct key {
	const char *attribute;
	char *text;
};

static int take_key(void *context, const struct entry *entry)
{
	struct key *key = context;
	char id[IDENTITY_MOST];

	if (view_id(entry, key->attribute, id, sizeof(id)) == 0 && !strpbrk(id, " \n"))
		memcpy(key->text, id, sizeof(id));
	return 0;
}

/* The key of a base. One that the account may not see is "-", as long as it stays so. */
static int read_key(struct directory *d, const char *base, char ret[IDENTITY_MOST])
{
	const char *attribute = d->session->vendor->id;
	struct search search = { .doing = "looking for the base",
				 .base = base,
				 .filter = "(objectClass=*)",
				 .scope = LDAP_SCOPE_BASE,
				 .attributes = (char *[]){ (char *)attribute, NULL } };
	struct key key = { attribute, ret };
	struct outcome outcome;

	strcpy(ret, "-");
	if (!base)
		return 0;
	if (search_run(&d->caller, d->session, &search, take_key, &key, &outcome) < 0)
		return -1;
	return outcome.code == LDAP_SUCCESS ? 0 : search_fail(&d->caller, d->session, &search, &outcome);
}

int changed_origin(struct directory *d, const struct view *view, struct origin *ret)
{
	snprintf(ret->vendor, sizeof(ret->vendor), "%s", d->session->vendor->title);
	for (char *c = ret->vendor; *c; c++)
		if (*c == ' ')
			*c = '-';
	digest_search(d, view, ret->search);
	if (read_key(d, d->settings.user_base, ret->people) < 0)
		return -1;
	return read_key(d, d->settings.group_base, ret->groups);
}

/* ---- the choice ---- */

static const struct strategy *find(const char *name)
{
	for (const struct strategy *const *s = strategies; *s; s++)
		if (text_equal((*s)->name, name))
			return *s;
	return NULL;
}

/* The best that suits, of those before `end` (NULL: of all). 1: *ret. 0: none. -1: fail() was called. */
static int choose(struct directory *d, const struct view *view, const struct strategy *end,
		  const struct strategy **ret)
{
	char why[ROSTER_NOTE_MOST];
	int suits;

	for (const struct strategy *const *s = strategies; *s && *s != end; s++) {
		suits = (*s)->suits(d, view, why);
		if (suits != 0) {
			*ret = *s;
			return suits;
		}
	}
	return 0;
}

int changed_sees(const struct directory *d, const struct view *view, char why[ROSTER_NOTE_MOST])
{
	const struct {
		const char *name, *filter;
	} filters[] = { { "user_filter", view->user_filter },
			{ "disabled_filter", d->settings.disabled_filter },
			{ "group_filter", d->settings.group_base ? d->settings.group_filter : NULL } };
	const char *unseen;

	why[0] = '\0';
	for (size_t i = 0; i < ARRAY_COUNT(filters); i++) {
		unseen = filter_unwatched(filters[i].filter);
		if (unseen) {
			snprintf(
				why, ROSTER_NOTE_MOST,
				"\"%s\" asks for %s, which changes without a change of the entry that has it",
				filters[i].name, unseen);
			return 0;
		}
	}
	unseen = attribute_unwatched(view->extra);
	if (!unseen)
		return 1;
	snprintf(why, ROSTER_NOTE_MOST, "the attribute %s changes without a change of the entry that has it",
		 unseen);
	return 0;
}

int changed_explain(struct directory *d, const struct view *view)
{
	char why[ROSTER_NOTE_MOST];

	for (const struct strategy *const *s = strategies; *s; s++) {
		int suits = (*s)->suits(d, view, why);

		if (suits < 0)
			return -1;
		if (suits == 1) {
			d->caller.host->note(d->caller.call, "what changed is read by %s", (*s)->title);
			return 0;
		}
		if (why[0])
			d->caller.host->note(d->caller.call, "not by %s: %s", (*s)->title, why);
	}
	d->caller.host->note(d->caller.call,
			     "what changed cannot be read by itself: every reading is one of everything");
	return 0;
}

/* ---- scope all ---- */

int changed_begin(struct directory *d, const struct view *view)
{
	const struct strategy *strategy = NULL;
	struct buffer place __attribute__((cleanup(buffer_close)));
	struct origin origin = { .search = "" };
	int chosen = choose(d, view, NULL, &strategy);

	buffer_open(&place, ROSTER_CURSOR_MOST);
	if (chosen <= 0)
		return chosen;
	if (changed_origin(d, view, &origin) < 0)
		return -1;
	place_write(strategy->name, &origin, &place);
	if (strategy->take_place(d, view, &place) < 0)
		return -1;
	if (place.full)
		return 0; /* a cookie beyond every measure: all is read the next time, too */
	d->listing.place = arena_copy(d->listing.arena, place.bytes, place.length);
	d->listing.place_size = place.length;
	return 0;
}

int changed_conclude(struct directory *d)
{
	if (!d->listing.place)
		return 0;
	return d->caller.host->cursor(d->caller.call, d->listing.place, d->listing.place_size);
}

/* ---- scope changed ---- */

void changed_forget(struct directory *d)
{
	if (d->strategy && d->strategy->forget)
		d->strategy->forget(d);
	d->strategy = NULL;
	d->watching = false;
}

static int lose(struct directory *d, const char *why)
{
	d->caller.host->fail(d->caller.call, ROSTER_LOST_PLACE, 0, "%s; everything is read again", why);
	return -1; /* whatever a host says: there is nothing to go on with */
}

/* Finds the way that a place belongs to, and whether it still counts. *ret_origin is what it is taken from
 * now; *ret_length the length of what stands before the way's own bytes. */
static int judge(struct directory *d, const struct view *view, const struct roster_ask *ask,
		 const struct strategy **ret, struct origin *ret_origin, size_t *ret_length)
{
	const struct strategy *better = NULL;
	struct origin then;
	char name[32];
	int length = ask->cursor ? place_read(ask->cursor, ask->cursor_size, name, &then) : -1;
	const char *differs;

	*ret = length > 0 ? find(name) : NULL;
	if (!*ret)
		return lose(d, "the place is none of ours");
	*ret_length = (size_t)length;
	if (changed_origin(d, view, ret_origin) < 0)
		return -1;
	differs = place_differs(&then, ret_origin);
	if (differs)
		return lose(d, differs);
	switch (choose(d, view, *ret, &better)) {
	case 0:
		return 0;
	case 1:
		return lose(d, "the server now allows a better way to read what changed");
	default:
		return -1;
	}
}

/* A place of a page in the middle of a reading belongs to the way that goes on with it. */
static int serve(struct directory *d, const struct view *view, const struct roster_ask *ask)
{
	struct buffer next __attribute__((cleanup(buffer_close)));
	const struct strategy *strategy;
	struct origin origin = { .search = "" };
	size_t length = 0, begin;
	int more;

	buffer_open(&next, ROSTER_CURSOR_MOST);
	if (judge(d, view, ask, &strategy, &origin, &length) < 0)
		return -1;
	d->strategy = strategy;
	place_write(strategy->name, &origin, &next);
	begin = next.length;
	more = strategy->page(d, view, ask, (const char *)ask->cursor + length, ask->cursor_size - length,
			      &next);
	if (more < 0)
		return -1;
	if (next.full)
		return d->caller.host->fail(d->caller.call, ROSTER_NONSENSE, 0,
					    "the server's place is longer than %d bytes", ROSTER_CURSOR_MOST);
	if (next.length > begin && d->caller.host->cursor(d->caller.call, next.bytes, next.length) < 0)
		return -1;
	if (more == 0)
		changed_forget(d);
	return more;
}

int changed_page(struct directory *d, const struct roster_ask *ask)
{
	struct view view;
	int result;

	/* Whoever reads does not wait any more, and what begins anew does not hear the answers to what was
	 * before. */
	if (d->listing.begun || d->watching)
		directory_hang_up(d);
	if (directory_connect(d) < 0)
		return -1;
	view = view_make(d->page, &d->settings, d->session->vendor, ask->attributes);
	result = serve(d, &view, ask);
	return result < 0 ? directory_hang_up(d) : result;
}

/* The way to wait, and its own bytes of the place; NULL if the place does not count any more. */
static int choose_watch(struct directory *d, const struct view *view, const struct roster_ask *ask,
			const char **ret_place, size_t *ret_size)
{
	struct origin then, now = { .search = "" };
	char name[32];
	int length = ask->cursor ? place_read(ask->cursor, ask->cursor_size, name, &then) : -1;

	*ret_place = NULL;
	*ret_size = 0;
	switch (choose(d, view, NULL, &d->strategy)) {
	case 0:
		return d->caller.host->fail(
			d->caller.call, ROSTER_MISCONFIGURED, 0,
			"the server tells nobody of changes: every reading is one of everything");
	case 1:
		break;
	default:
		return -1;
	}
	if (!d->strategy->watch)
		return d->caller.host->fail(d->caller.call, ROSTER_MISCONFIGURED, 0,
					    "the server tells nobody of changes: what changed is read by %s",
					    d->strategy->title);
	d->watching = true;
	if (length < 0 || !text_equal(name, d->strategy->name))
		return 0;
	if (changed_origin(d, view, &now) < 0)
		return -1;
	if (!place_differs(&then, &now)) {
		*ret_place = (const char *)ask->cursor + length;
		*ret_size = ask->cursor_size - (size_t)length;
	}
	return 0;
}

int changed_watch(struct directory *d, const struct roster_ask *ask)
{
	const char *place = NULL;
	struct view view;
	size_t size = 0;
	int result;

	if (directory_connect(d) < 0)
		return -1;
	view = view_make(d->page, &d->settings, d->session->vendor, ask->attributes);
	if (!d->watching && choose_watch(d, &view, ask, &place, &size) < 0)
		return directory_hang_up(d);
	result = d->strategy->watch(d, &view, place, size);
	return result < 0 ? directory_hang_up(d) : result;
}
