/* Reading what changed by content synchronisation (RFC 4533).
 *
 * The server is asked whom, and only that: keys of those who changed, were deleted or are still there. Then
 * those who changed are looked at as in scope named, which brings what the search itself cannot: who is
 * disabled by a filter, and the groups of a person whose name changed. (Where a directory keeps references
 * whole after a rename, as OpenLDAP's overlays memberof and refint do, it rewrites groups without a word to
 * us.)
 *
 * The place is a cookie for each base, in the server's own bytes. None is ever sent that does not parse, or
 * that is ahead of the server's own or speaks of another; and one is not overwritten by an empty one, which
 * is what OpenLDAP sends when nothing changed. */
#include "ldap/syncrepl.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "ldap/branches.h"
#include "ldap/named.h"
#include "ldap/present.h"
#include "ldap/proof.h"
#include "ldap/result.h"
#include "ldap/search.h"
#include "ldap/sync_position.h"
#include "ldap/sync_search.h"
#include "ldap/sync_watch.h"

enum {
	CHANGED_MOST = 100000, /* keys of one base in one reading: beyond, reading everything is cheaper */
};

/* ---- does it suit? ---- */

static int say(char why[ROSTER_NOTE_MOST], const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int say(char why[ROSTER_NOTE_MOST], const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, ROSTER_NOTE_MOST, fmt, args);
	va_end(args);
	return 0;
}

/* What only the settings and the root DSE say. */
static int suits_in_words(const struct directory *d, const struct view *view, char why[ROSTER_NOTE_MOST])
{
	const char *id = d->session->vendor->id;

	why[0] = '\0';
	if (!sync_is_openldap(d) && !sync_is_389(d))
		return say(why, "only OpenLDAP and 389-ds are known to keep to it");
	if (!d->session->content_sync)
		return say(
			why, "%s",
			sync_is_openldap(d)
				? "the server does not know it; load the overlay syncprov"
				: "the server does not know it; enable the plug-ins \"Retro Changelog\" and "
				  "\"Content Synchronization\"");
	if (!text_equal_nocase(view->user_id, id))
		return say(why, "it names people by %s, and \"user_id\" is \"%.60s\"", id, view->user_id);
	if (d->settings.group_base && !text_equal_nocase(view->group_id, id))
		return say(why, "it names groups by %s, and \"group_id\" is \"%.60s\"", id, view->group_id);
	return changed_sees(d, view, why);
}

static int suits_base(struct directory *d, const struct sync_search *search, char why[ROSTER_NOTE_MOST])
{
	char explanation[200];
	struct sync_end end;
	int result = 1;

	if (sync_now(&d->caller, d->session, search, &end) < 0)
		return -1;
	if (end.code == LDAP_UNAVAILABLE_CRITICAL_EXTENSION) {
		result = say(why,
			     "the database of \"%.120s\" has no overlay syncprov; add it, with a "
			     "syncprov-sessionlog",
			     search->base);
	} else if (end.code != LDAP_SUCCESS) {
		result_explain(end.code, end.said, explanation, sizeof(explanation));
		result = say(why, "%s under \"%.100s\": %s", search->doing, search->base, explanation);
	} else if (end.cookie.bv_len == 0) {
		result = say(why, "the server gives no cookie for \"%.120s\"", search->base);
	}
	sync_end_forget(&end);
	return result;
}

static int suits(struct directory *d, const struct view *view, char why[ROSTER_NOTE_MOST])
{
	struct sync_search searches[2];
	size_t count = sync_bases(d, view, searches);
	int result = suits_in_words(d, view, why);

	for (size_t i = 0; result == 1 && i < count; i++)
		result = suits_base(d, &searches[i], why);
	return result;
}

static int take_place(struct directory *d, const struct view *view, struct buffer *ret)
{
	struct sync_search searches[2];
	struct berval cookies[2] = { { 0, NULL }, { 0, NULL } };
	size_t count = sync_bases(d, view, searches);
	struct branches *branches = arena_take(d->page, sizeof(*branches));

	for (size_t i = 0; i < count; i++)
		if (sync_read_now(d, &searches[i], &cookies[i]) < 0)
			return -1;
	if (branches_read(d, branches) < 0)
		return -1;
	sync_write_place(branches, cookies, ret);
	return 0;
}

/* Whether a cookie of ours may be sent. 1: and something changed since; 0: nothing did; -1: fail() was
 * called. */
static int judge_place(struct directory *d, const struct sync_search *search, const struct berval *now)
{
	switch (sync_place_of(d, &search->cookie, now)) {
	case SYNC_PLACE_CURRENT:
		return 0;
	case SYNC_PLACE_BEHIND:
		return 1;
	case SYNC_PLACE_AHEAD:
		return sync_lose(d,
			    "the server's state of \"%.120s\" is older than what we know: it came back from "
			    "a backup or "
			    "after a crash",
			    search->base);
	case SYNC_PLACE_FOREIGN:
		return sync_lose(d, "the place is one of another server than that of \"%.120s\"", search->base);
	case SYNC_PLACE_UNREADABLE:
		break;
	}
	return sync_lose(d, "the cookie for \"%.120s\" is none that we understand", search->base);
}

/* ---- what one base says ---- */

struct keys {
	unsigned char (*uuids)[SYNC_UUID_SIZE];
	size_t count, room;
};

struct hearing {
	struct directory *directory;
	enum roster_subject subject;
	bool unique_id; /* keys are written as nsUniqueId is */
	struct keys changed, gone;
	unsigned long present;
	bool too_many;
};

static void add_key(struct hearing *hearing, struct keys *keys, const unsigned char *uuid)
{
	if (keys->count == CHANGED_MOST) {
		hearing->too_many = true;
		return;
	}
	if (keys->count == keys->room) {
		keys->room = keys->room * 2 + 64;
		keys->uuids = realloc(keys->uuids, keys->room * sizeof(*keys->uuids));
		if (!keys->uuids)
			memory_exhausted("keys of those who changed", keys->room * sizeof(*keys->uuids));
	}
	memcpy(keys->uuids[keys->count++], uuid, SYNC_UUID_SIZE);
}

static int call_present(struct hearing *hearing, const unsigned char *uuid)
{
	const struct caller *caller = &hearing->directory->caller;
	char key[SYNC_KEY_SIZE];

	hearing->present++;
	sync_key(uuid, hearing->unique_id, key);
	return caller->host->emit_present(caller->call, hearing->subject, key, NULL);
}

static int hear_entry(void *context, const struct sync_entry *entry)
{
	struct hearing *hearing = context;

	if (entry->state == SYNC_PRESENT)
		return call_present(hearing, entry->uuid);
	add_key(hearing, entry->state == SYNC_DELETE ? &hearing->gone : &hearing->changed, entry->uuid);
	return 0;
}

static int hear_info(void *context, struct sync_info *info)
{
	struct hearing *hearing = context;
	const unsigned char *uuid;

	if (info->kind != SYNC_ID_SET)
		return 0;
	while ((uuid = sync_next_uuid(info)))
		if (info->refresh_deletes)
			add_key(hearing, &hearing->gone, uuid);
		else if (call_present(hearing, uuid) < 0)
			return -1;
	return 0;
}

static int compare_uuids(const void *a, const void *b)
{
	return memcmp(a, b, SYNC_UUID_SIZE);
}

/* Each once, in order. */
static void sort_keys(struct keys *keys)
{
	size_t kept = 0;

	if (keys->count == 0)
		return;
	qsort(keys->uuids, keys->count, SYNC_UUID_SIZE, compare_uuids);
	for (size_t i = 0; i < keys->count; i++)
		if (kept == 0 || memcmp(keys->uuids[kept - 1], keys->uuids[i], SYNC_UUID_SIZE) != 0)
			memmove(keys->uuids[kept++], keys->uuids[i], SYNC_UUID_SIZE);
	keys->count = kept;
}

static bool has_key(const struct keys *keys, const unsigned char *uuid)
{
	return keys->count > 0 && bsearch(uuid, keys->uuids, keys->count, SYNC_UUID_SIZE, compare_uuids);
}

static int emit_gone(struct hearing *hearing)
{
	const struct caller *caller = &hearing->directory->caller;
	char key[SYNC_KEY_SIZE];
	struct roster_identity person = { .size = sizeof(person), .remote_id = key, .standing = ROSTER_GONE };
	struct roster_group group = { .size = sizeof(group), .remote_id = key, .name = key, .gone = 1 };

	for (size_t i = 0; i < hearing->gone.count; i++) {
		/* Gone and back again: what is there now counts. */
		if (has_key(&hearing->changed, hearing->gone.uuids[i]))
			continue;
		sync_key(hearing->gone.uuids[i], hearing->unique_id, key);
		if ((hearing->subject == ROSTER_PERSON ? caller->host->emit(caller->call, &person)
						       : caller->host->emit_group(caller->call, &group)) < 0)
			return -1;
	}
	return 0;
}

static int look_at_changed(struct hearing *hearing, const struct view *view)
{
	struct directory *d = hearing->directory;
	const char **keys = arena_array(d->page, hearing->changed.count + 1, sizeof(*keys));
	char key[SYNC_KEY_SIZE];

	for (size_t i = 0; i < hearing->changed.count; i++) {
		sync_key(hearing->changed.uuids[i], hearing->unique_id, key);
		keys[i] = arena_text(d->page, key);
	}
	if (hearing->subject == ROSTER_PERSON)
		return named_look(d, view, keys, NULL);
	return named_parents(d, view, keys) < 0 ? -1 : named_look(d, view, NULL, keys);
}

/* What the end of a refresh means. 0; -1: fail() was called. */
static int judge_end(struct hearing *hearing, const struct sync_search *search, const struct sync_end *end,
		     enum sync_absent *ret)
{
	struct directory *d = hearing->directory;
	char explanation[200];

	if (end->code != LDAP_SUCCESS) {
		result_explain(end->code, end->said, explanation, sizeof(explanation));
		return sync_lose(d, "%s under \"%.100s\": %s", search->doing, search->base, explanation);
	}
	if (hearing->too_many)
		return sync_lose(d, "%s under \"%.100s\": more than %d changed", search->doing, search->base,
			    CHANGED_MOST);
	*ret = sync_judge(sync_is_openldap(d), end->refresh_deletes, hearing->present);
	if (*ret == SYNC_ABSENT_LOST)
		return sync_lose(d, "%s under \"%.100s\": the server does not say who is left", search->doing,
			    search->base);
	if (*ret == SYNC_ABSENT_GONE && end->references > 0 && !d->settings.ignore_referrals)
		return sync_lose(d, "%s under \"%.100s\": a part of it is on another server", search->doing,
			    search->base);
	return 0;
}

/* The whole of one base that is behind. *ret_cookie is the new one, or stays. */
static int read_base(struct directory *d, const struct view *view, const struct sync_search *search,
		     enum roster_subject subject, enum sync_absent *ret, struct berval *ret_cookie)
{
	struct hearing hearing = { .directory = d, .subject = subject, .unique_id = sync_is_389(d) };
	const struct sync_listener listener = { hear_entry, hear_info, &hearing };
	struct sync_end end;
	int result;

	d->caller.host->step(d->caller.call, "%s under \"%s\"", search->doing, search->base);
	result = sync_run(&d->caller, d->session, search, &listener, &end);
	if (result == 0)
		result = judge_end(&hearing, search, &end, ret);
	if (result == 0) {
		sort_keys(&hearing.changed);
		sort_keys(&hearing.gone);
		if (end.cookie.bv_len > 0)
			*ret_cookie =
				(struct berval){ end.cookie.bv_len,
						 arena_copy(d->page, end.cookie.bv_val, end.cookie.bv_len) };
		d->caller.host->note(d->caller.call, "%s: %zu changed, %zu deleted, %lu called present",
				     search->doing, hearing.changed.count, hearing.gone.count,
				     hearing.present);
		result = emit_gone(&hearing) < 0 ? -1 : look_at_changed(&hearing, view);
	}
	sync_end_forget(&end);
	free(hearing.changed.uuids);
	free(hearing.gone.uuids);
	return result;
}

/* ---- both together ---- */

/* When one base has named everybody who is left and the other has not, the end would call the other's people
 * gone, too: they are called present by a reading of keys. */
static int complete(struct directory *d, const struct view *view, const enum sync_absent absent[2],
		    size_t count)
{
	static const enum roster_subject subjects[2] = { ROSTER_PERSON, ROSTER_GROUP };
	struct presence presence = { 0 };
	bool any = false;

	for (size_t i = 0; i < count; i++)
		any = any || absent[i] == SYNC_ABSENT_GONE;
	if (!any)
		return 0;
	for (size_t i = 0; i < count; i++) {
		if (absent[i] == SYNC_ABSENT_GONE)
			continue;
		if (present_pass(d, view, subjects[i], &presence) < 0)
			return -1;
		if (presence.doubt[0])
			return sync_lose(d, "%s", presence.doubt);
	}
	if (proof_of_absence(d, view, true) < 0)
		return -1;
	d->caller.host->whole(d->caller.call,
			      "the server named everybody who is left (RFC 4533, present phase); %.80s",
			      d->session->server);
	return 0;
}

static int page(struct directory *d, const struct view *view, const struct roster_ask *ask, const char *bytes,
		size_t size, struct buffer *next)
{
	static const enum roster_subject subjects[2] = { ROSTER_PERSON, ROSTER_GROUP };
	enum sync_absent absent[2] = { SYNC_ABSENT_STAYS, SYNC_ABSENT_STAYS };
	struct sync_search searches[2];
	size_t count = sync_bases(d, view, searches);
	struct berval now[2] = { { 0, NULL }, { 0, NULL } };
	int behind[2] = { 0, 0 };
	struct sync_position *place = arena_take(d->page, sizeof(*place));
	struct branches *branches = arena_take(d->page, sizeof(*branches));

	(void)ask;
	if (sync_read_place(bytes, size, place) < 0)
		return sync_lose(d, "the place is none of ours");
	for (size_t i = 0; i < count; i++) {
		searches[i].cookie = place->cookies[i];
		if (sync_read_now(d, &searches[i], &now[i]) < 0)
			return -1;
		behind[i] = judge_place(d, &searches[i], &now[i]);
		if (behind[i] < 0)
			return -1;
	}
	if (!behind[0] && !behind[1])
		return 0;
	if (branches_read(d, branches) < 0)
		return -1;
	if (!branches_stand(&place->branches, branches))
		return sync_lose(d, BRANCHES_MOVED);
	for (size_t i = 0; i < count; i++)
		if (behind[i] == 1 &&
		    read_base(d, view, &searches[i], subjects[i], &absent[i], &place->cookies[i]) < 0)
			return -1;
	if (complete(d, view, absent, count) < 0)
		return -1;
	sync_write_place(branches, place->cookies, next);
	return 0;
}

const struct strategy strategy_syncrepl = {
	.name = "syncrepl",
	.title = "content synchronisation (RFC 4533)",
	.suits = suits,
	.take_place = take_place,
	.page = page,
	.watch = sync_watch,
	.forget = sync_watch_forget,
};
