/* "Test connection": tries each thing that a listing needs, in its order, and says what it found. */
#include "ldap/check.h"

#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "ldap/changed.h"
#include "ldap/result.h"
#include "ldap/search.h"
#include "ldap/view.h"

/* What the first page shows. */
struct seen {
	struct directory *directory;
	const struct view *view;
	struct arena *arena;
	unsigned long usable, with_email, suspended, refused;
	struct person person;
	struct group group;
	char why[ROSTER_NOTE_MOST]; /* why the first of the refused was */
};

static void count_refused(struct seen *seen, const char *why)
{
	if (seen->refused++ == 0)
		memcpy(seen->why, why, sizeof(seen->why));
}

static int look_at_person(void *context, const struct entry *entry)
{
	struct seen *seen = context;
	char why[ROSTER_NOTE_MOST];

	if (view_person(seen->view, entry, time(NULL), seen->arena, &seen->person, why) < 0 ||
	    !*seen->person.identity.user_name) {
		count_refused(seen, why);
		return 0;
	}
	seen->usable++;
	seen->with_email += seen->person.identity.email != NULL;
	seen->suspended += seen->person.identity.standing == ROSTER_SUSPENDED;
	return 0;
}

static int look_at_group(void *context, const struct entry *entry)
{
	struct seen *seen = context;
	char why[ROSTER_NOTE_MOST];

	if (view_group(seen->view, entry, &seen->group, why) < 0)
		count_refused(seen, why);
	else
		seen->usable++;
	return 0;
}

static int ignore(void *context, const struct entry *entry)
{
	(void)context, (void)entry;
	return 0;
}

/* The base itself, apart from what the filter finds: a wrong base and a wrong filter need different advice.
 */
static int check_base(struct directory *d, const char *base)
{
	struct search search = {
		"looking for the base", base, "(objectClass=*)", LDAP_SCOPE_BASE, search_no_attributes, 0, 0
	};
	struct outcome outcome;

	if (search_run(&d->caller, d->session, &search, ignore, NULL, &outcome) < 0)
		return -1;
	if (outcome.code != LDAP_SUCCESS)
		return search_fail(&d->caller, d->session, &search, &outcome);
	if (outcome.entries == 0)
		d->caller.host->note(
			d->caller.call,
			"the account that we bind as may not see \"%s\" itself, perhaps what is below it",
			base);
	return 0;
}

/* The first page of a search. -1: fail() was called, also if nothing is found. */
static int check_first_page(struct directory *d, const struct search *search, take_entry *look,
			    struct seen *seen, bool *ret_more)
{
	struct berval cookie = { 0, NULL };
	struct outcome outcome;
	int msgid;

	d->caller.host->step(d->caller.call, "%s under \"%s\"", search->doing, search->base);
	if (search_send(&d->caller, d->session, search, &cookie, &msgid) < 0 ||
	    search_read(&d->caller, d->session, search, msgid, look, seen, &cookie, &outcome) < 0)
		return -1;
	*ret_more = cookie.bv_len > 0;
	ber_memfree(cookie.bv_val);
	if (outcome.code != LDAP_SUCCESS)
		return search_fail(&d->caller, d->session, search, &outcome);
	if (seen->usable + seen->refused == 0)
		return d->caller.host->fail(d->caller.call, ROSTER_MISCONFIGURED, 0,
					    "%s under \"%.150s\": nothing there matches \"%.150s\", or the "
					    "account that we bind as may not "
					    "read it",
					    search->doing, search->base, search->filter);
	if (seen->usable == 0)
		return d->caller.host->fail(d->caller.call, ROSTER_MISCONFIGURED, 0,
					    "%s under \"%.100s\": not one of %lu entries can be "
					    "used: %.200s",
					    search->doing, search->base, seen->refused, seen->why);
	return 0;
}

static int check_people(struct directory *d, const struct view *view, struct seen *seen)
{
	const struct settings *settings = &d->settings;
	struct search search = { "reading people",
				 settings->user_base,
				 view->user_filter,
				 settings->user_scope,
				 view->user_attributes,
				 settings->page_size,
				 0 };
	bool more;

	if (check_base(d, search.base) < 0 || check_first_page(d, &search, look_at_person, seen, &more) < 0)
		return -1;
	d->caller.host->note(d->caller.call,
			     "%lu people under \"%s\"%s, %lu with an address of mail, %lu disabled",
			     seen->usable, search.base, more ? " on the first page, and more" : "",
			     seen->with_email, seen->suspended);
	if (seen->refused > 0)
		d->caller.host->note(d->caller.call, "%lu of them cannot be used: %.300s", seen->refused,
				     seen->why);
	return 0;
}

static int check_groups(struct directory *d, const struct view *view, struct seen *seen)
{
	const struct settings *settings = &d->settings;
	struct search search = { "reading groups",
				 settings->group_base,
				 settings->group_filter,
				 settings->group_scope,
				 view->group_attributes,
				 settings->page_size,
				 0 };
	bool more;

	if (!settings->group_base) {
		d->caller.host->note(d->caller.call, "\"group_base\" is not set: no groups are read");
		return 0;
	}
	if (check_base(d, search.base) < 0 || check_first_page(d, &search, look_at_group, seen, &more) < 0)
		return -1;
	d->caller.host->note(d->caller.call, "%lu groups under \"%s\"%s", seen->usable, search.base,
			     more ? " on the first page, and more" : "");
	return 0;
}

static int check_session(struct directory *d)
{
	const struct session *session = d->session;
	const struct view view = view_make(d->page, &d->settings, session->vendor, NULL);
	struct seen people = { .directory = d, .view = &view, .arena = d->page };
	struct seen groups = { .directory = d, .view = &view, .arena = d->page };
	char privacy[128];

	stream_describe(session->stream, privacy, sizeof(privacy));
	d->caller.host->note(d->caller.call, "connected to \"%s\": %s; %s", session->address->text,
			     session->server, privacy);
	if (!session->pages)
		d->caller.host->note(d->caller.call,
				     "the server does not say that it gives results in pages (RFC 2696)");
	if (check_people(d, &view, &people) < 0)
		return -1;
	if (check_groups(d, &view, &groups) < 0)
		return -1;
	return changed_explain(d, &view);
}

int check_directory(struct directory *d)
{
	/* The conversation that a listing may have left is not what is to be tried. */
	directory_hang_up(d);
	if (directory_connect(d) < 0)
		return -1;
	return check_session(d) < 0 ? directory_hang_up(d) : 0;
}
