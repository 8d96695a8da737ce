/* Reading what changed by everybody's key and version (entryCSN, modifyTimestamp).
 *
 * Every entry in scope is asked for its key and its version and nothing else. Who is not there is gone; whose
 * version is newer than what the last reading saw is looked at. Time is the server's alone: our clock has no
 * say, but for how long a reading took. What was changed while the last reading was under way, or was
 * committed later than its version says, lies a little before the newest version that it saw; so versions of
 * that stretch are remembered one by one, and whatever is another one there is looked at, too.
 *
 * Who comes into scope with the version of old because a branch was moved is found as branches.h has it. */
#include "ldap/modified.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "ldap/branches.h"
#include "ldap/hash.h"
#include "ldap/named.h"
#include "ldap/present.h"
#include "ldap/proof.h"
#include "ldap/search.h"

#define MICROSECONDS INT64_C(1000000)

enum { CHANGED_MOST = 100000 /* keys of one base in one reading: beyond, reading everything is cheaper */ };

/* ---- versions ---- */

/* -1: they are none. Stops at the end of the text. */
static int digits(const char *text, int count)
{
	int value = 0;

	for (int i = 0; i < count; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		value = value * 10 + text[i] - '0';
	}
	return value;
}

/* Days since 1970 of a date of the Gregorian calendar. */
static int64_t days(int year, int month, int day)
{
	int64_t y = year - (month <= 2), era = y / 400, of_era = y - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

int version_time(const char *stamp, int64_t *ret)
{
	int year = digits(stamp, 4), month = year < 0 ? -1 : digits(stamp + 4, 2);
	int day = month < 0 ? -1 : digits(stamp + 6, 2), hour = day < 0 ? -1 : digits(stamp + 8, 2);
	int minute = hour < 0 ? -1 : digits(stamp + 10, 2), second = minute < 0 ? -1 : digits(stamp + 12, 2);
	int64_t fraction = 0, unit = MICROSECONDS;
	const char *at = stamp + 14;

	if (second < 0 || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 ||
	    second > 60)
		return -1;
	if (*at == '.' || *at == ',')
		for (at++; *at >= '0' && *at <= '9'; at++)
			if ((unit /= 10) > 0)
				fraction += (*at - '0') * unit;
	if (*at != 'Z')
		return -1;
	*ret = (((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second) * MICROSECONDS + fraction;
	return 0;
}

/* ---- windows ---- */

void window_open(struct window *window)
{
	window->from = window->newest = window->dropped = INT64_MIN;
	window->count = 0;
}

static int compare_newest_first(const void *a, const void *b)
{
	const struct version *x = a, *y = b;

	return x->at > y->at ? -1 : x->at < y->at;
}

static int compare_hashes(const void *a, const void *b)
{
	const struct version *x = a, *y = b;

	return x->hash < y->hash ? -1 : x->hash > y->hash;
}

static void drop_oldest(struct window *window)
{
	qsort(window->seen, window->count, sizeof(*window->seen), compare_newest_first);
	if (window->count <= SEEN_MOST)
		return;
	if (window->seen[SEEN_MOST].at > window->dropped)
		window->dropped = window->seen[SEEN_MOST].at;
	window->count = SEEN_MOST;
}

void window_add(struct window *window, struct version version)
{
	if (version.at > window->newest)
		window->newest = version.at;
	window->seen[window->count++] = version;
	if (window->count == 2 * SEEN_MOST)
		drop_oldest(window);
}

void window_close(struct window *window, bool precise, int64_t took_s)
{
	int64_t settled, needed;
	size_t kept = 0;

	if (window->newest == INT64_MIN)
		return;
	drop_oldest(window);
	window->from = window->newest - (took_s + OVERLAP_S) * MICROSECONDS;
	needed = window->newest - (took_s + DURATION_MARGIN_S) * MICROSECONDS;
	/* More changed than can be remembered: the stretch is as short as it may be, so that they are not
	 * read again and again. */
	if (window->dropped >= window->from)
		window->from = window->dropped < needed ? window->dropped + 1 : needed;
	settled = precise ? INT64_MAX : window->newest - SETTLED_S * MICROSECONDS;
	for (size_t i = 0; i < window->count; i++)
		if (window->seen[i].at >= window->from && window->seen[i].at <= settled)
			window->seen[kept++] = window->seen[i];
	window->count = kept;
	qsort(window->seen, window->count, sizeof(*window->seen), compare_hashes);
}

bool window_wants(const struct window *window, struct version version)
{
	return version.at >= window->from &&
	       !(window->count > 0 &&
		 bsearch(&version, window->seen, window->count, sizeof(version), compare_hashes));
}

void window_write(const struct window *window, struct buffer *ret)
{
	buffer_format(ret, "%lld %lld %zu\n", (long long)window->from, (long long)window->newest,
		      window->count);
	for (size_t i = 0; i < window->count; i++)
		buffer_format(ret, "%016llx", (unsigned long long)window->seen[i].hash);
}

int window_read(const char *bytes, size_t size, struct window *ret)
{
	const char *line = memchr(bytes, '\n', size);
	size_t head = line ? (size_t)(line - bytes) + 1 : 0;
	long long from, newest;
	uint64_t hashes[SEEN_MOST];
	char text[64];

	if (!line || head >= sizeof(text))
		return -1;
	memcpy(text, bytes, head);
	text[head] = '\0';
	window_open(ret);
	if (sscanf(text, "%20lld %20lld %4zu\n", &from, &newest, &ret->count) != 3 ||
	    ret->count > SEEN_MOST || size - head < ret->count * 16)
		return -1;
	ret->from = from;
	ret->newest = newest;
	if (hashes_read(line + 1, size - head, ret->count, hashes) < 0)
		return -1;
	for (size_t i = 0; i < ret->count; i++)
		ret->seen[i].hash = hashes[i];
	qsort(ret->seen, ret->count, sizeof(*ret->seen), compare_hashes);
	return (int)(head + ret->count * 16);
}

bool looking_costs_more(size_t wanted, unsigned long present)
{
	return wanted > LOOK_MOST && wanted > present / LOOK_SHARE;
}

/* ---- the way ---- */

static const enum roster_subject subjects[2] = { ROSTER_PERSON, ROSTER_GROUP };

static size_t base_count(const struct directory *d)
{
	return d->settings.group_base ? 2 : 1;
}

static bool is_precise(const struct view *view)
{
	return text_equal(view->vendor->stamp, "entryCSN");
}

static int64_t now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

struct sample {
	const struct view *view;
	bool seen, stamped;
};

static int take_sample(void *context, const struct entry *entry)
{
	struct sample *sample = context;
	const char *stamp = view_stamp(sample->view, entry);
	int64_t at;

	sample->seen = true;
	sample->stamped = stamp && version_time(stamp, &at) == 0;
	return 0;
}

static int suits(struct directory *d, const struct view *view, char why[ROSTER_NOTE_MOST])
{
	char *attributes[] = { (char *)view->vendor->stamp, NULL };
	struct search search = { .doing = "looking for the version of an entry",
				 .base = d->settings.user_base,
				 .filter = view->user_filter,
				 .scope = d->settings.user_scope,
				 .attributes = attributes,
				 .size_limit = 1 };
	struct sample sample = { .view = view };
	struct outcome outcome;

	why[0] = '\0';
	if (text_equal(view->vendor->stamp, "uSNChanged"))
		return 0; /* it has better ways, and its times are not those of the directory but of one
			     controller */
	if (changed_sees(d, view, why) == 0)
		return 0;
	if (search_run(&d->caller, d->session, &search, take_sample, &sample, &outcome) < 0)
		return -1;
	if (sample.stamped)
		return 1;
	snprintf(why, ROSTER_NOTE_MOST,
		 sample.seen ? "people show no %s; may the account that we bind as read it?"
			     : "nobody is shown, so no %s either",
		 view->vendor->stamp);
	return 0;
}

/* One base being read. */
struct reading {
	struct directory *directory;
	enum roster_subject subject;
	const struct window *then; /* NULL: only what there is now */
	struct window *now;
	const char **keys; /* of those to be looked at */
	size_t count, room;
	bool too_many;
};

static void want(struct reading *reading, const char *id)
{
	if (reading->count == CHANGED_MOST) {
		reading->too_many = true;
		return;
	}
	/* One place stays free: the list ends with NULL. */
	if (reading->count + 1 >= reading->room) {
		const char **more;

		reading->room = reading->room * 2 + 256;
		more = arena_array(reading->directory->page, reading->room, sizeof(*more));
		if (reading->count > 0)
			memcpy(more, reading->keys, reading->count * sizeof(*more));
		reading->keys = more;
	}
	reading->keys[reading->count++] = arena_text(reading->directory->page, id);
}

static int take(void *context, const char *id, const char *stamp)
{
	struct reading *reading = context;
	const struct caller *caller = &reading->directory->caller;
	struct version version;
	bool dated = stamp && version_time(stamp, &version.at) == 0;

	if (dated) {
		version.hash = hash_texts(id, stamp);
		window_add(reading->now, version);
	}
	if (!reading->then)
		return 0;
	if (dated && !window_wants(reading->then, version))
		return caller->host->emit_present(caller->call, reading->subject, id, stamp);
	want(reading, id);
	return 0;
}

static int read_base(struct reading *reading, const struct view *view, struct presence *ret)
{
	int64_t begun = now_s();

	window_open(reading->now);
	if (present_read(reading->directory, view, reading->subject, take, reading, ret) < 0)
		return -1;
	window_close(reading->now, is_precise(view), now_s() - begun + 1);
	return 0;
}

static int take_place(struct directory *d, const struct view *view, struct buffer *ret)
{
	struct window *now = arena_take(d->page, sizeof(*now));
	struct branches *branches = arena_take(d->page, sizeof(*branches));
	struct presence presence;

	if (branches_read(d, branches) < 0)
		return -1;
	branches_write(branches, ret);
	for (size_t i = 0; i < base_count(d); i++) {
		struct reading reading = { .directory = d, .subject = subjects[i], .now = now };

		if (read_base(&reading, view, &presence) < 0)
			return -1;
		window_write(now, ret);
	}
	return 0;
}

static int lose(struct directory *d, const char *why)
{
	return d->caller.host->fail(d->caller.call, ROSTER_LOST_PLACE, 0, "%s; everything is read again",
				    why);
}

static int look_at(struct reading *reading, const struct view *view)
{
	struct directory *d = reading->directory;
	const char *const *keys = reading->keys;

	if (reading->subject == ROSTER_PERSON)
		return named_look(d, view, keys, NULL);
	return named_parents(d, view, keys) < 0 ? -1 : named_look(d, view, NULL, keys);
}

/* What a reading that may have missed somebody has to say. It leaves the place where it was. */
static int remain(struct directory *d, const char *doubt)
{
	d->caller.host->incomplete(d->caller.call, "%s", doubt);
	return 0;
}

/* What is left of a place. */
struct rest {
	const char *bytes;
	size_t size;
};

static int skip(struct rest *rest, int length)
{
	if (length < 0)
		return -1;
	rest->bytes += length;
	rest->size -= (size_t)length;
	return 0;
}

/* The first part of a place: the branches. */
static int judge_branches(struct directory *d, struct rest *rest, struct buffer *places)
{
	struct branches *then = arena_take(d->page, sizeof(*then));
	struct branches *now = arena_take(d->page, sizeof(*now));

	if (skip(rest, branches_parse(rest->bytes, rest->size, then)) < 0)
		return lose(d, "the place is none of ours");
	if (branches_read(d, now) < 0)
		return -1;
	branches_write(now, places);
	return branches_stand(then, now) ? 0 : lose(d, BRANCHES_MOVED);
}

/* The next part: one base. */
static int read_part(struct directory *d, const struct view *view, enum roster_subject subject,
		     struct rest *rest, struct buffer *places, struct reading *ret,
		     struct presence *ret_presence)
{
	struct window *then = arena_take(d->page, sizeof(*then));
	struct window *now = arena_take(d->page, sizeof(*now));
	char why[100];

	if (skip(rest, window_read(rest->bytes, rest->size, then)) < 0)
		return lose(d, "the place is none of ours");
	*ret = (struct reading){ .directory = d, .subject = subject, .then = then, .now = now };
	if (read_base(ret, view, ret_presence) < 0)
		return -1;
	window_write(now, places);
	if (!ret->too_many && !looking_costs_more(ret->count, ret_presence->count))
		return 0;
	snprintf(why, sizeof(why), "%s%zu of %lu entries of one base changed", ret->too_many ? "more than " : "", ret->count,
		 ret_presence->count);
	return lose(d, why);
}

static int page(struct directory *d, const struct view *view, const struct roster_ask *ask, const char *bytes,
		size_t size, struct buffer *next)
{
	struct reading readings[2] = { 0 };
	struct presence presences[2] = { 0 };
	struct rest rest = { bytes, size };
	struct buffer places __attribute__((cleanup(buffer_close)));

	(void)ask;
	buffer_open(&places, ROSTER_CURSOR_MOST);
	if (judge_branches(d, &rest, &places) < 0)
		return -1;
	for (size_t i = 0; i < base_count(d); i++)
		if (read_part(d, view, subjects[i], &rest, &places, &readings[i], &presences[i]) < 0)
			return -1;
	for (size_t i = 0; i < base_count(d); i++)
		if (look_at(&readings[i], view) < 0)
			return -1;
	d->caller.host->note(d->caller.call,
			     "by their versions: %zu of %lu people and %zu of %lu groups were looked at",
			     readings[0].count, presences[0].count, readings[1].count, presences[1].count);
	for (size_t i = 0; i < base_count(d); i++)
		if (presences[i].doubt[0])
			return remain(d, presences[i].doubt);
	buffer_add(next, places.bytes, places.length);
	if (proof_of_absence(d, view, false) < 0)
		return -1;
	d->caller.host->whole(d->caller.call,
			      "result 0 on every base: %lu people and %lu groups by key; %.80s",
			      presences[0].count, presences[1].count, d->session->server);
	return 0;
}

const struct strategy strategy_modified = {
	.name = "modified",
	.title = "everybody's version (entryCSN or modifyTimestamp)",
	.suits = suits,
	.take_place = take_place,
	.page = page,
};
