/* Reading all groups and people, page after page. */
#include "ldap/listing.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/arena.h"
#include "base/text.h"
#include "ldap/ad_primary.h"
#include "ldap/changed.h"
#include "ldap/members.h"
#include "ldap/proof.h"
#include "ldap/result.h"
#include "ldap/search.h"
#include "ldap/view.h"

/* One page being read. */
struct reading {
	struct directory *directory;
	const struct view *view;
	time_t now;
	struct person person;
	struct group group;
	struct arena *entry; /* what lives as long as an entry */
	struct unfinished *unfinished;
	struct primaries primaries;
};

static void doubt(struct listing *listing, enum part part, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Remembers why the listing cannot be whole; the first reasons count. */
static void doubt(struct listing *listing, enum part part, const char *fmt, ...)
{
	size_t length = strlen(listing->doubt);
	va_list args;

	if (length > 0 && length + 3 < sizeof(listing->doubt)) {
		strcpy(listing->doubt + length, "; ");
		length += 2;
	}
	va_start(args, fmt);
	vsnprintf(listing->doubt + length, sizeof(listing->doubt) - length, fmt, args);
	va_end(args);
	proof_doubt(listing, part, "%s", listing->doubt + length);
}

/* ---- who is disabled ---- */

/* Keys of disabled people, gathered before the people are read. */
struct gathering {
	struct listing *listing;
	const char *attribute;
	size_t room;
};

static int take_disabled(void *context, const struct entry *entry)
{
	struct gathering *gathering = context;
	struct listing *listing = gathering->listing;
	char id[ROSTER_ID_MOST + 1];

	if (view_id(entry, gathering->attribute, id, sizeof(id)) < 0)
		return 0; /* refused when the people are read */
	if (listing->disabled_count == gathering->room) {
		const char **more = arena_array(listing->arena, gathering->room = gathering->room * 2 + 256,
						sizeof(*more));

		if (listing->disabled_count > 0)
			memcpy(more, listing->disabled, listing->disabled_count * sizeof(*more));
		listing->disabled = more;
	}
	listing->disabled[listing->disabled_count++] = arena_text(listing->arena, id);
	return 0;
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_disabled(const struct listing *listing, const char *id)
{
	return listing->disabled_count > 0 &&
	       bsearch(&id, listing->disabled, listing->disabled_count, sizeof(id), compare_texts);
}

static const char *both(struct arena *arena, const char *filter, const char *other)
{
	return arena_format(arena, "(&%s%s)", filter, other);
}

/* A part of the disabled people will not do: the others would be let in again. */
static int read_disabled(struct directory *d, const struct view *view)
{
	char *attributes[] = { (char *)view->user_id, NULL };
	struct search search = { "finding disabled people",
				 d->settings.user_base,
				 both(d->page, view->user_filter, d->settings.disabled_filter),
				 d->settings.user_scope,
				 attributes,
				 d->settings.page_size,
				 0 };
	struct gathering gathering = { &d->listing, view->user_id, 0 };
	struct berval cookie = { 0, NULL };
	struct outcome outcome;
	int msgid, result;

	do {
		d->caller.host->step(d->caller.call, "finding disabled people, %zu so far",
				     d->listing.disabled_count);
		result = search_send(&d->caller, d->session, &search, &cookie, &msgid) < 0
				 ? -1
				 : search_read(&d->caller, d->session, &search, msgid, take_disabled,
					       &gathering, &cookie, &outcome);
	} while (result == 0 && cookie.bv_len > 0);
	ber_memfree(cookie.bv_val);
	if (result < 0)
		return -1;
	if (outcome.code != LDAP_SUCCESS)
		return search_fail(&d->caller, d->session, &search, &outcome);
	if (d->listing.disabled_count > 1)
		qsort(d->listing.disabled, d->listing.disabled_count, sizeof(*d->listing.disabled),
		      compare_texts);
	return 0;
}

/* ---- one entry
 * --------------------------------------------------------------------------------------------------------------
 */

static int refuse(struct directory *d, const char *id, const char *why)
{
	return d->caller.host->emit_refused(d->caller.call, id, "%s", why);
}

static int emit_primary(struct reading *reading, const struct entry *entry)
{
	const struct caller *caller = &reading->directory->caller;
	const struct roster_identity *person = &reading->person.identity;
	const char *group;
	int has = primary_group(reading->directory, reading->view, &reading->primaries, entry, &group);

	return has <= 0 ? has
			: caller->host->emit_member(caller->call, group,
						    person->reference ? person->reference : person->remote_id);
}

/* What the page begins with. */
static void remember_first(struct listing *listing, const struct entry *entry)
{
	if (!listing->first[0])
		snprintf(listing->first, sizeof(listing->first), "%.*s", (int)entry->dn.bv_len, entry->dn.bv_val);
}

static int take_person(void *context, const struct entry *entry)
{
	struct reading *reading = context;
	struct directory *d = reading->directory;
	struct person *person = &reading->person;
	char why[ROSTER_NOTE_MOST];
	int usable, result;

	d->listing.people++;
	remember_first(&d->listing, entry);
	usable = view_person(reading->view, entry, reading->now, reading->entry, person, why);
	if (usable < 0)
		return refuse(d, person->id, why);
	proof_saw(&d->listing, person->reference, person->identity.user_name);
	if (is_disabled(&d->listing, person->id))
		person->identity.standing = ROSTER_SUSPENDED;
	result = d->caller.host->emit(d->caller.call, &person->identity);
	if (result == 0 && usable == 1)
		result = refuse(d, person->id, why);
	if (result == 0)
		result = emit_primary(reading, entry);
	if (person->identity.attributes)
		arena_reset(reading->entry);
	return result;
}

static bool has_members(const struct view *view, const struct entry *entry)
{
	for (const char *const *name = view->group_member.name; *name; name++)
		if (entry_values(entry, *name))
			return true;
	return false;
}

static int take_group(void *context, const struct entry *entry)
{
	struct reading *reading = context;
	struct directory *d = reading->directory;
	struct group *group = &reading->group;
	char why[ROSTER_NOTE_MOST];

	d->listing.groups++;
	remember_first(&d->listing, entry);
	if (view_group(reading->view, entry, group, why) < 0)
		return refuse(d, group->id, why);
	if (d->caller.host->emit_group(d->caller.call, &group->group) < 0)
		return -1;
	proof_saw(&d->listing, group->reference, NULL);
	proof_saw_group(d, entry, has_members(reading->view, entry));
	return members_emit(d, reading->view, entry, group->reference, d->page, &reading->unfinished);
}

/* ---- one page
 * ----------------------------------------------------------------------------------------------------------------
 */

static struct search stage_search(const struct directory *d, const struct view *view)
{
	const struct settings *settings = &d->settings;

	if (d->listing.stage == STAGE_PEOPLE)
		return (struct search){ "reading people",
					settings->user_base,
					view->user_filter,
					settings->user_scope,
					view->user_attributes,
					settings->page_size,
					0 };
	return (struct search){ "reading groups",
				settings->group_base,
				settings->group_filter,
				settings->group_scope,
				view->group_attributes,
				settings->page_size,
				0 };
}

/* How the reading of one base ended: what it proves, or what it leaves open. */
static int judge_page(struct directory *d, const struct search *search, const struct outcome *outcome)
{
	struct listing *listing = &d->listing;
	char explanation[300];

	if (outcome->code != LDAP_SUCCESS && !result_is_partial(outcome->code))
		return search_fail(&d->caller, d->session, search, outcome);
	if (outcome->code != LDAP_SUCCESS) {
		result_explain(outcome->code, outcome->said, explanation, sizeof(explanation));
		doubt(listing, PART_RESULTS, "%s under \"%.80s\" ended after %lu: %s", search->doing, search->base,
		      listing->stage == STAGE_PEOPLE ? listing->people : listing->groups, explanation);
	}
	if (outcome->references > 0 && !d->settings.ignore_referrals)
		doubt(listing, PART_REFERRALS,
		      "%lu parts of \"%.80s\" are on other servers; read those as connections of their own "
		      "and set "
		      "\"ignore_referrals\"",
		      outcome->references, search->base);
	return 0;
}

static void judge_stage(struct listing *listing, const struct search *search)
{
	unsigned long seen = listing->stage == STAGE_PEOPLE ? listing->people : listing->groups;

	/* An account that may not read gets the same answer as one that reads an empty tree. */
	if (seen == 0 && !listing->doubt[0])
		doubt(listing, PART_SHOWN,
		      "the server shows nobody under \"%.80s\" that matches \"%.80s\"; may the account that "
		      "we bind as read "
		      "there? %s",
		      search->base, search->filter,
		      listing->stage == STAGE_PEOPLE ? "See \"user_base\" and \"user_filter\""
						     : "If there are no groups, leave \"group_base\" out");
}

static void next_stage(struct directory *d)
{
	d->listing.stage = d->listing.stage == STAGE_GROUPS ? STAGE_PEOPLE : STAGE_DONE;
}

static int finish_members(struct reading *reading)
{
	const char *gap;

	if (members_finish(reading->directory, reading->view, reading->unfinished, &gap) < 0)
		return -1;
	if (gap)
		doubt(&reading->directory->listing, PART_MEMBERS, "the members of \"%.80s\" could not be read to the end",
		      gap);
	return 0;
}

/* The server says that there is more: not for ever. */
static int follow_chain(struct directory *d, const struct search *search)
{
	struct listing *listing = &d->listing;
	const char *why = chain_page(&listing->chain, listing->first[0] ? listing->first : NULL);

	if (!why)
		return 0;
	return d->caller.host->fail(d->caller.call, ROSTER_NONSENSE, 0, "%s under \"%.120s\", page %lu: %s", search->doing,
				    search->base, listing->stage == STAGE_PEOPLE ? listing->people_pages : listing->group_pages,
				    why);
}

/* Asks for the page that comes next, unless that is under way. */
static int ask_ahead(struct directory *d, const struct view *view)
{
	struct search search = stage_search(d, view);

	if (d->listing.stage == STAGE_DONE || d->listing.msgid >= 0)
		return 0;
	return search_send(&d->caller, d->session, &search, &d->listing.cookie, &d->listing.msgid);
}

static int read_page(struct reading *reading)
{
	struct directory *d = reading->directory;
	struct listing *listing = &d->listing;
	struct search search = stage_search(d, reading->view);
	bool people = listing->stage == STAGE_PEOPLE;
	struct outcome outcome;

	d->caller.host->step(d->caller.call, "%s under \"%s\", page %lu, %lu so far", search.doing,
			     search.base, (people ? listing->people_pages : listing->group_pages) + 1,
			     people ? listing->people : listing->groups);
	if (ask_ahead(d, reading->view) < 0 ||
	    search_read(&d->caller, d->session, &search, listing->msgid, people ? take_person : take_group,
			reading, &listing->cookie, &outcome) < 0 ||
	    judge_page(d, &search, &outcome) < 0)
		return -1;
	listing->msgid = -1;
	*(people ? &listing->people_pages : &listing->group_pages) += 1;

	if (listing->cookie.bv_len > 0 && follow_chain(d, &search) < 0)
		return -1;
	if (listing->cookie.bv_len == 0) {
		judge_stage(listing, &search);
		next_stage(d);
		listing->chain = (struct chain){ 0 };
	}
	listing->first[0] = '\0';
	return finish_members(reading) < 0 ? -1 : ask_ahead(d, reading->view);
}

/* ---- where we are
 * --------------------------------------------------------------------------------------------------------------
 */

void listing_forget(struct listing *listing)
{
	ber_memfree(listing->cookie.bv_val);
	arena_close(&listing->arena);
	*listing = (struct listing){ .msgid = -1 };
}

static int place(const struct listing *listing, char ret[CURSOR_MOST])
{
	return snprintf(ret, CURSOR_MOST, "%s %lu", listing->conversation, listing->page);
}

static int begin(struct directory *d, const struct view *view)
{
	struct listing *listing = &d->listing;
	unsigned char number[16];

	if (getrandom(number, sizeof(number), 0) != sizeof(number))
		return d->caller.host->fail(d->caller.call, ROSTER_TRY_LATER, 0,
					    "the system gives no random bytes");
	listing_forget(listing);
	text_hex(number, sizeof(number), listing->conversation);
	listing->arena = arena_open("ldap listing");
	listing->begun = true;
	listing->stage = d->settings.group_base ? STAGE_GROUPS : STAGE_PEOPLE;
	/* The place comes first: what changes while we read is read twice, not missed. */
	if (changed_begin(d, view) < 0 || proof_begin(d, view) < 0)
		return -1;
	return d->settings.disabled_filter ? read_disabled(d, view) : 0;
}

/* Is the cursor the one that we gave last, in this very conversation? */
static int resume(const struct directory *d, const struct roster_ask *ask)
{
	char here[CURSOR_MOST];
	int length = place(&d->listing, here);

	if (d->session && d->listing.begun && ask->cursor_size == (size_t)length &&
	    memcmp(ask->cursor, here, (size_t)length) == 0)
		return 0;
	return d->caller.host->fail(
		d->caller.call, ROSTER_LOST_PLACE, 0,
		"the place in the listing was lost with the connection to the server; begin again");
}

static int hand_over_place(struct directory *d)
{
	char here[CURSOR_MOST];

	d->listing.page++;
	if (d->caller.host->cursor(d->caller.call, here, (size_t)place(&d->listing, here)) < 0)
		return -1;
	return 1;
}

static int conclude(struct directory *d)
{
	const struct listing *listing = &d->listing;
	const struct settings *settings = &d->settings;
	char groups[300] = "no groups asked for";

	if (listing->no_members > 0)
		d->caller.host->note(d->caller.call,
				     "%lu members of groups are no usable names and were left out",
				     listing->no_members);
	if (settings->group_base)
		snprintf(groups, sizeof(groups), "%lu groups in %lu pages under \"%.120s\"", listing->groups,
			 listing->group_pages, settings->group_base);
	/* What changed never brings those whom this listing has missed: only a whole one is a beginning. */
	if (!listing->doubt[0] && changed_conclude(d) < 0)
		return -1;
	proof_tell(d);
	if (listing->doubt[0])
		d->caller.host->incomplete(d->caller.call, "%s", listing->doubt);
	else
		d->caller.host->whole(
			d->caller.call,
			"result 0 on every base: %lu people in %lu pages under \"%.120s\", %s; last "
			"cookie empty; %.80s",
			listing->people, listing->people_pages, settings->user_base, groups,
			d->session->server);
	listing_forget(&d->listing);
	return 0;
}

int listing_page(struct directory *d, const struct roster_ask *ask)
{
	struct reading reading = { .directory = d, .now = time(NULL) };
	struct view view;
	int result;

	if (ask->cursor && resume(d, ask) < 0)
		return -1;
	/* A listing that begins again must not hear the answers to the old one. */
	if (!ask->cursor && d->listing.begun)
		directory_hang_up(d);
	if (directory_connect(d) < 0)
		return -1;
	view = view_make(d->page, &d->settings, d->session->vendor, ask->attributes);
	reading.view = &view;
	if (!ask->cursor && begin(d, &view) < 0)
		return directory_hang_up(d);

	reading.entry = arena_open("ldap entry");
	result = read_page(&reading);
	arena_close(&reading.entry);
	if (result < 0)
		return directory_hang_up(d);
	return d->listing.stage == STAGE_DONE ? conclude(d) : hand_over_place(d);
}
