/* Everybody who is there, by key and version alone: what proves who is not. */
#include "ldap/present.h"

#include <stdio.h>
#include <string.h>

#include "ldap/pages.h"
#include "ldap/result.h"

struct passing {
	struct directory *directory;
	const struct view *view;
	const char *id;
	struct presence *presence;
	take_present *take;
	void *context;
};

static int take(void *context, const struct entry *entry)
{
	struct passing *passing = context;
	char id[ROSTER_ID_MOST + 1];

	if (view_id(entry, passing->id, id, sizeof(id)) < 0)
		return 0; /* nobody whom we could know */
	passing->presence->count++;
	return passing->take(passing->context, id, view_stamp(passing->view, entry));
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
	struct outcome outcome;

	if (pages_run(&d->caller, d->session, search, take, passing, &outcome) < 0)
		return -1;
	if (outcome.code != LDAP_SUCCESS && !result_is_partial(outcome.code))
		return search_fail(&d->caller, d->session, search, &outcome);
	judge(d, search, &outcome, passing->presence);
	return 0;
}

int present_read(struct directory *d, const struct view *view, enum roster_subject subject,
		 take_present *give, void *context, struct presence *ret)
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
	struct passing passing = { d, view, id, ret, give, context };

	*ret = (struct presence){ 0 };
	return pass(&passing, &search);
}

struct calling {
	const struct caller *caller;
	enum roster_subject subject;
};

static int call_present(void *context, const char *id, const char *stamp)
{
	const struct calling *calling = context;
	const struct caller *caller = calling->caller;

	return caller->host->emit_present(caller->call, calling->subject, id, stamp);
}

int present_pass(struct directory *d, const struct view *view, enum roster_subject subject,
		 struct presence *ret)
{
	struct calling calling = { &d->caller, subject };

	return present_read(d, view, subject, call_present, &calling, ret);
}
