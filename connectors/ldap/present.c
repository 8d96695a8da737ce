/* Everybody who is there, by key and version alone: what proves who is not. */
#include "ldap/present.h"

#include <stdio.h>
#include <string.h>

#include "ldap/result.h"
#include "ldap/search.h"

struct passing {
	struct directory *directory;
	const struct view *view;
	const char *id;
	enum roster_subject subject;
	struct presence *presence;
};

static int take(void *context, const struct entry *entry)
{
	struct passing *passing = context;
	const struct caller *caller = &passing->directory->caller;
	char id[ROSTER_ID_MOST + 1];

	if (view_id(entry, passing->id, id, sizeof(id)) < 0)
		return 0; /* nobody whom we could know */
	passing->presence->count++;
	return caller->host->emit_present(caller->call, passing->subject, id,
					  view_stamp(passing->view, entry));
}

static void judge(struct directory *d, const struct search *search, const struct outcome *outcome,
		  struct presence *presence)
{
	char explanation[200];

	if (outcome->code != LDAP_SUCCESS) {
		result_explain(outcome->code, outcome->said, explanation, sizeof(explanation));
		snprintf(presence->doubt, sizeof(presence->doubt), "%s ended after %lu: %s", search->doing,
			 presence->count, explanation);
	} else if (outcome->references > 0 && !d->settings.ignore_referrals) {
		snprintf(presence->doubt, sizeof(presence->doubt),
			 "%lu parts of \"%.80s\" are on other servers; see \"ignore_referrals\"",
			 outcome->references, search->base);
	} else if (presence->count == 0) {
		snprintf(presence->doubt, sizeof(presence->doubt),
			 "the server shows nobody under \"%.80s\" that matches \"%.80s\"", search->base,
			 search->filter);
	}
}

static int pass(struct passing *passing, const struct search *search)
{
	struct directory *d = passing->directory;
	struct presence *presence = passing->presence;
	struct berval cookie = { 0, NULL };
	struct outcome outcome = { 0 };
	unsigned long references = 0;
	int msgid, result;

	do {
		d->caller.host->step(d->caller.call, "%s under \"%s\", %lu so far", search->doing,
				     search->base, presence->count);
		result = search_send(&d->caller, d->session, search, &cookie, &msgid) < 0
				 ? -1
				 : search_read(&d->caller, d->session, search, msgid, take, passing, &cookie,
					       &outcome);
		references += outcome.references;
	} while (result == 0 && cookie.bv_len > 0);
	ber_memfree(cookie.bv_val);
	if (result < 0)
		return -1;
	if (outcome.code != LDAP_SUCCESS && !result_is_partial(outcome.code))
		return search_fail(&d->caller, d->session, search, &outcome);
	outcome.references = references;
	judge(d, search, &outcome, presence);
	return 0;
}

int present_pass(struct directory *d, const struct view *view, enum roster_subject subject,
		 struct presence *ret)
{
	const struct settings *settings = &d->settings;
	bool people = subject == ROSTER_PERSON;
	const char *id = people ? view->user_id : view->group_id;
	char *attributes[] = { (char *)id, (char *)view->vendor->stamp, NULL };
	struct search search = { .doing = people ? "finding out who is there"
						 : "finding out which groups are there",
				 .base = people ? settings->user_base : settings->group_base,
				 .filter = people ? view->user_filter : settings->group_filter,
				 .scope = people ? settings->user_scope : settings->group_scope,
				 .attributes = attributes,
				 .page_size = settings->page_size };
	struct passing passing = { d, view, id, subject, ret };

	*ret = (struct presence){ 0 };
	return pass(&passing, &search);
}
