/* The ways to read what changed on Active Directory. */
#include "ldap/ad_changed.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/arena.h"
#include "ldap/ad_controller.h"
#include "ldap/ad_expiry.h"
#include "ldap/ad_gather.h"
#include "ldap/ad_look.h"
#include "ldap/named.h"
#include "ldap/present.h"
#include "ldap/proof.h"

enum { LOOKED_AT_ONCE = 500, DAY_S = 24 * 3600 };

/* What is kept between the pages of one reading. */
struct reading {
	struct arena *arena;
	char token[33]; /* a number that nobody else has: a page after the first must belong to this reading
			 */
	struct ad_place then, next;
	struct gathered gathered;
	size_t done;
	bool compares; /* all keys, for nobody tells who is gone */
};

static int lose(struct directory *d, const char *why)
{
	return d->caller.host->fail(d->caller.call, ROSTER_LOST_PLACE, 0, "%s; everything is read again",
				    why);
}

/* ---- which way suits ---- */

#define PORT_OF_CATALOGUE(port) (text_equal(port, "3268") || text_equal(port, "3269"))

static const char *read_unwatched(const struct view *view)
{
	const char *found = attribute_unwatched(view->extra);

	for (int i = 0; i < FIELD_COUNT && !found; i++)
		found = attribute_unwatched(view->fields[i].name);
	return found;
}

/* What all of the ways need. 1: they have it. 0: ret_why says what is missing, or is "" where there is no
 * Active Directory. */
static int fits(const struct directory *d, const struct view *view, char ret_why[ROSTER_NOTE_MOST])
{
	const struct settings *settings = &d->settings;
	const struct ad_server *ad = &d->session->ad;
	const char *unwatched;

	ret_why[0] = '\0';
	if (!view->vendor->primary_group)
		return 0;
	if (!ad->known)
		snprintf(ret_why, ROSTER_NOTE_MOST, "the server does not say which domain it serves");
	else if (PORT_OF_CATALOGUE(d->session->address->port))
		snprintf(ret_why, ROSTER_NOTE_MOST,
			 "port %s is that of a global catalogue, which knows a part of each entry; use "
			 "ldaps:// with port 636",
			 d->session->address->port);
	else if (!ad_in_domain(ad, settings->user_base) ||
		 (settings->group_base && !ad_in_domain(ad, settings->group_base)))
		snprintf(ret_why, ROSTER_NOTE_MOST, "\"user_base\" and \"group_base\" must lie in \"%.200s\"",
			 ad->domain);
	else if (!text_equal_nocase(view->user_id, "objectGUID") ||
		 !text_equal_nocase(view->group_id, "objectGUID"))
		snprintf(ret_why, ROSTER_NOTE_MOST, "\"user_id\" and \"group_id\" must be \"objectGUID\"");
	else if ((unwatched = filter_unwatched(view->user_filter)) ||
		 (unwatched = filter_unwatched(settings->disabled_filter)) ||
		 (settings->group_base && (unwatched = filter_unwatched(settings->group_filter))))
		snprintf(ret_why, ROSTER_NOTE_MOST,
			 "a filter asks for \"%s\", which changes without a change of the entry that has it",
			 unwatched);
	else if ((unwatched = read_unwatched(view)))
		snprintf(ret_why, ROSTER_NOTE_MOST,
			 "the attribute \"%s\" is read, which changes without a change of the entry that has "
			 "it",
			 unwatched);
	else
		return 1;
	return 0;
}

/* The same for the ways that are not the first: it has been said by then. */
static int fits_as_well(const struct directory *d, const struct view *view, char ret_why[ROSTER_NOTE_MOST])
{
	int suits = fits(d, view, ret_why);

	ret_why[0] = '\0';
	return suits;
}

/* Where the right is granted, in the words of Microsoft's tools. */
static void say_replicate(const struct directory *d, char ret_why[ROSTER_NOTE_MOST])
{
	snprintf(ret_why, ROSTER_NOTE_MOST,
		 "the account that we bind as may not ask with it; grant it \"Replicating Directory "
		 "Changes\" (not \"... All\") on "
		 "\"%.200s\"",
		 d->session->ad.domain);
}

static void say_deleted(const struct directory *d, char ret_why[ROSTER_NOTE_MOST])
{
	snprintf(ret_why, ROSTER_NOTE_MOST,
		 "the account that we bind as may not see who was deleted; let it list that: dsacls "
		 "\"CN=Deleted "
		 "Objects,%.200s\" /g ACCOUNT:LCRP",
		 d->session->ad.domain);
}

static int may_replicate(struct directory *d, char ret_why[ROSTER_NOTE_MOST])
{
	int may;

	if (!d->session->ad.dirsync) {
		snprintf(ret_why, ROSTER_NOTE_MOST, "the server does not say that it knows the control %s",
			 AD_CONTROL_DIRSYNC);
		return 0;
	}
	may = controller_replicates(d);
	if (may == 0)
		say_replicate(d, ret_why);
	return may;
}

static int sees_deleted(struct directory *d, char ret_why[ROSTER_NOTE_MOST])
{
	int sees = controller_sees_deleted(d);

	if (sees == 0)
		say_deleted(d, ret_why);
	return sees;
}

static int suits_dirsync(struct directory *d, const struct view *view, char ret_why[ROSTER_NOTE_MOST])
{
	int suits = fits(d, view, ret_why);

	if (suits == 1)
		suits = may_replicate(d, ret_why);
	return suits == 1 ? sees_deleted(d, ret_why) : suits;
}

static int knows_itself(struct directory *d, char ret_why[ROSTER_NOTE_MOST])
{
	struct ad_place now;
	int known = controller_now(d, &now);

	if (known == 0)
		snprintf(ret_why, ROSTER_NOTE_MOST,
			 "the account that we bind as may not read \"invocationId\" of \"%.300s\"",
			 d->session->ad.settings);
	return known;
}

static int suits_usn(struct directory *d, const struct view *view, char ret_why[ROSTER_NOTE_MOST])
{
	int suits = fits_as_well(d, view, ret_why);

	if (suits == 1)
		suits = knows_itself(d, ret_why);
	return suits == 1 ? sees_deleted(d, ret_why) : suits;
}

static int suits_dirsync_keys(struct directory *d, const struct view *view, char ret_why[ROSTER_NOTE_MOST])
{
	int suits = fits_as_well(d, view, ret_why);

	return suits == 1 ? may_replicate(d, ret_why) : suits;
}

static int suits_usn_keys(struct directory *d, const struct view *view, char ret_why[ROSTER_NOTE_MOST])
{
	int suits = fits_as_well(d, view, ret_why);

	return suits == 1 ? knows_itself(d, ret_why) : suits;
}

/* ---- places ---- */

static int now(struct directory *d, struct ad_place *ret)
{
	int known = controller_now(d, ret);

	if (known == 0)
		return d->caller.host->fail(
			d->caller.call, ROSTER_REFUSED, 0,
			"the account that we bind as may not read \"invocationId\" of \"%.300s\" any more",
			d->session->ad.settings);
	return known < 0 ? -1 : 0;
}

static int take_numbered_place(struct directory *d, const struct view *view, bool tells, struct buffer *ret)
{
	struct ad_place place;

	if (now(d, &place) < 0 || expiry_find(d, view, place.at, place.at, &place.expires, NULL) < 0)
		return -1;
	place.tells = tells;
	ad_place_write(&place, ret);
	return 0;
}

static int take_usn(struct directory *d, const struct view *view, struct buffer *ret)
{
	return take_numbered_place(d, view, true, ret);
}

static int take_usn_keys(struct directory *d, const struct view *view, struct buffer *ret)
{
	return take_numbered_place(d, view, false, ret);
}

static int take_dirsync(struct directory *d, const struct view *view, struct buffer *ret)
{
	struct ad_place place;
	int taken;

	if (now(d, &place) < 0 || expiry_find(d, view, place.at, place.at, &place.expires, NULL) < 0)
		return -1;
	taken = gather_cookie(d, d->page, &place);
	if (taken == 1)
		return d->caller.host->fail(
			d->caller.call, ROSTER_TRY_LATER, 0,
			"finding the place of now at \"%s\": the server refuses what it allowed a moment ago",
			d->session->address->text);
	if (taken < 0)
		return -1;
	/* What sees_deleted has seen counts as well as what the walk has shown. */
	place.tells = place.tells || d->session->ad.sees_deleted == 1;
	ad_place_write(&place, ret);
	return 0;
}

/* ---- a reading ---- */

static void forget(struct directory *d)
{
	struct reading *reading = d->reading;
	struct arena *arena = reading ? reading->arena : NULL;

	d->reading = NULL;
	arena_close(&arena); /* which holds the reading itself */
}

static int open_reading(struct directory *d, const struct ad_place *then)
{
	struct arena *arena = arena_open("ldap changes");
	struct reading *reading = arena_take(arena, sizeof(*reading));
	unsigned char number[16];

	forget(d);
	d->reading = reading;
	*reading = (struct reading){ .arena = arena, .then = *then, .compares = !then->tells };
	reading->then.cookie = arena_copy(arena, then->cookie ? then->cookie : "", then->cookie_size);
	if (getrandom(number, sizeof(number), 0) != sizeof(number))
		return d->caller.host->fail(d->caller.call, ROSTER_TRY_LATER, 0,
					    "the system gives no random bytes");
	text_hex(number, sizeof(number), reading->token);
	return 0;
}

/* How long the directory remembers who was deleted; asked only if it may matter, for it is two days at least.
 */
static int lifetime(struct directory *d, const struct ad_place *then, const struct ad_place *here,
		    int64_t *ret)
{
	*ret = 2 * DAY_S;
	return here->at - then->at < DAY_S ? 0 : controller_lifetime(d, ret);
}

static int begin(struct directory *d, const struct view *view, const struct ad_place *then, bool dirsync)
{
	struct reading *reading;
	struct gathered *gathered;
	int64_t lifetime_s;
	const char *lost;
	int result;

	if (open_reading(d, then) < 0)
		return -1;
	reading = d->reading;
	gathered = &reading->gathered;
	/* The place comes first: what changes while we read is read twice, not missed. */
	if (now(d, &reading->next) < 0 || lifetime(d, then, &reading->next, &lifetime_s) < 0)
		return -1;
	lost = ad_place_lost(then, &reading->next, lifetime_s);
	if (lost)
		return lose(d, lost);
	*gathered = (struct gathered){ .directory = d, .view = view, .arena = reading->arena };
	if (gather_asked(view, &d->settings, reading->arena, &gathered->asked) < 0)
		return lose(d, "the filters ask for too many attributes");
	reading->next.tells = then->tells;
	result = dirsync ? gather_dirsync(gathered, &reading->then, &reading->next)
			 : gather_usn(gathered, &reading->then);
	if (result == 1)
		return lose(d, "the server does not know the cookie of the last reading, or the account may "
			       "not ask with it any more");
	if (result < 0)
		return -1;
	if (gathered->too_many)
		return lose(d, "so much changed that reading everything costs less");
	reading->next.expires = then->expires;
	for (size_t i = 0; i < gathered->count; i++)
		reading->next.expires = expiry_sooner(reading->next.expires, gathered->changes[i].expires, 0);
	return look_prepare(gathered);
}

/* People whose account expired since the last reading. */
static int look_at_expired(struct directory *d, const struct view *view, struct reading *reading)
{
	int64_t soonest = reading->next.expires, at = reading->next.at;
	const char *const *ids;

	if (soonest == 0 || soonest > at)
		return 0;
	if (expiry_find(d, view, reading->then.at, at, &reading->next.expires, &ids) < 0)
		return -1;
	return named_look(d, view, ids, NULL);
}

/* Everybody's keys: who is not among them is gone. */
static int compare_keys(struct directory *d, const struct view *view)
{
	struct presence people = { 0 }, groups = { 0 };
	const struct caller *caller = &d->caller;

	if (present_pass(d, view, ROSTER_PERSON, &people) < 0 ||
	    (d->settings.group_base && present_pass(d, view, ROSTER_GROUP, &groups) < 0))
		return -1;
	if (people.doubt[0] || groups.doubt[0])
		caller->host->incomplete(caller->call, "%s", people.doubt[0] ? people.doubt : groups.doubt);
	else if (proof_of_absence(d, view, true) < 0)
		return -1;
	else
		caller->host->whole(caller->call,
				    "the keys of %lu people and %lu groups, result 0 on every base; %.80s",
				    people.count, groups.count, d->session->server);
	return 0;
}

static int finish(struct directory *d, const struct view *view, struct reading *reading, struct buffer *next)
{
	if (look_at_expired(d, view, reading) < 0 || (reading->compares && compare_keys(d, view) < 0))
		return -1;
	ad_place_write(&reading->next, next);
	return 0;
}

static int page(struct directory *d, const struct view *view, const char *place, size_t size, bool dirsync,
		struct buffer *next)
{
	struct reading *reading = d->reading;
	struct ad_place then;
	size_t end;

	if (size == sizeof(reading->token) - 1 && reading && memcmp(place, reading->token, size) == 0) {
		reading->gathered.view = view;
	} else {
		if (ad_place_read(place, size, &then) < 0 || dirsync != (then.cookie != NULL))
			return lose(d, "the place in what changed was lost with the connection to the "
				       "server, or is none of ours");
		if (begin(d, view, &then, dirsync) < 0)
			return -1;
		reading = d->reading;
	}
	end = reading->done + LOOKED_AT_ONCE < reading->gathered.count ? reading->done + LOOKED_AT_ONCE
								       : reading->gathered.count;
	d->caller.host->step(d->caller.call, "looking at %zu of %zu changes", end, reading->gathered.count);
	if (look_at_changes(&reading->gathered, reading->done, end) < 0)
		return -1;
	reading->done = end;
	if (end == reading->gathered.count)
		return finish(d, view, reading, next);
	buffer_add(next, reading->token, sizeof(reading->token) - 1);
	return 1;
}

static int page_dirsync(struct directory *d, const struct view *view, const struct roster_ask *ask,
			const char *place, size_t size, struct buffer *next)
{
	(void)ask;
	return page(d, view, place, size, true, next);
}

static int page_usn(struct directory *d, const struct view *view, const struct roster_ask *ask,
		    const char *place, size_t size, struct buffer *next)
{
	(void)ask;
	return page(d, view, place, size, false, next);
}

const struct strategy ad_dirsync = {
	.name = "dirsync",
	.title = "DirSync",
	.suits = suits_dirsync,
	.take_place = take_dirsync,
	.page = page_dirsync,
	.forget = forget,
};

const struct strategy ad_usn = {
	.name = "usn",
	.title = "uSNChanged, with deleted entries",
	.suits = suits_usn,
	.take_place = take_usn,
	.page = page_usn,
	.forget = forget,
};

const struct strategy ad_dirsync_keys = {
	.name = "dirsynckeys",
	.title = "DirSync and, unless it tells of deleted entries, a comparison of all keys",
	.suits = suits_dirsync_keys,
	.take_place = take_dirsync,
	.page = page_dirsync,
	.forget = forget,
};

const struct strategy ad_usn_keys = {
	.name = "usnkeys",
	.title = "uSNChanged and a comparison of all keys",
	.suits = suits_usn_keys,
	.take_place = take_usn_keys,
	.page = page_usn,
	.forget = forget,
};
