#include "sync/witness.h"

#include "base/clock.h"
#include "base/lease.h"
#include "provision/mapping.h"
#include "provision/stage.h"
#include "store/transaction.h"

/* What came back. */
struct heard {
	int64_t asked, people, groups; /* asked for; there after all */
};

static int find_lost(const struct witness *s, struct arena *arena, struct stage_lost *ret, struct error *e)
{
	scoped(tx) *tx = NULL;
	if (tx_begin(s->store, STORE_WORKER, &tx, e) < 0 || tx_for(tx, &s->run->organisation, e) < 0 ||
	    stage_lost(tx, arena, s->source, &s->run->id, WITNESS_MOST, ret, e) < 0)
		return -1;
	return tx_commit(&tx, e);
}

/* Whoever could not be read is there. */
static void hear(struct heard *heard, const struct link_item *item)
{
	if (item->kind == LINK_PERSON)
		heard->people += item->person.standing != STANDING_GONE;
	else if (item->kind == LINK_GROUP)
		heard->groups += !item->group.gone;
	else if (item->kind == LINK_REFUSED)
		heard->people++;
}

/* The next of them, at most WITNESS_ONCE; moves on. */
static const char *const *some(struct arena *arena, const char *const **from, int64_t *asked)
{
	const char **these = arena_array(arena, WITNESS_ONCE + 1, sizeof(*these));
	for (int i = 0; i < WITNESS_ONCE && **from; i++, (*asked)++)
		these[i] = *(*from)++;
	return these;
}

static int ask(const struct witness *s, const struct link_ask *question, struct heard *heard, struct error *e)
{
	struct link_item item;
	int more;
	if (clock_monotonic_ms() >= s->until_ms)
		return error_set(e, ERROR_LIMIT, "run.too_long", "the time that one reading may take is over (sync.read_timeout)");
	lease_take(s->lease, s->lease_ms);
	if (link_ask(s->link, question, e) < 0)
		return -1;
	while ((more = link_next(s->link, &item, e)) == 1)
		hear(heard, &item);
	return more;
}

static int ask_all(const struct witness *s, struct arena *arena, const struct stage_lost *lost, struct heard *heard, struct error *e)
{
	const char *const *people = lost->person_ids, *const *groups = lost->group_ids;
	const struct link_ask form = {
		.scope = LINK_NAMED,
		.page_most = s->page_most,
		.attributes = mapping_attributes(s->source, arena),
	};
	while (*people || *groups) {
		struct link_ask question = form;
		question.named = some(arena, &people, &heard->asked);
		question.named_groups = some(arena, &groups, &heard->asked);
		if (ask(s, &question, heard, e) < 0)
			return -1;
	}
	return 0;
}

static const char *plural(int64_t count, const char *one, const char *many)
{
	return count == 1 ? one : many;
}

static struct proof_part part(const char *evidence, const char *words)
{
	return (struct proof_part){ WITNESS_PART, evidence, NULL, words };
}

static struct proof_part testify(struct arena *arena, const struct stage_lost *lost, const struct heard *heard)
{
	long long there = heard->people + heard->groups, asked = heard->asked, all = lost->people + lost->groups;
	const char *what = heard->groups == 0 ? plural(heard->people, "person", "people")
			   : heard->people == 0 ? plural(heard->groups, "group", "groups") : "people and groups";

	if (there > 0)
		return part("missing", arena_format(arena, "%lld %s that the listing did not show %s there when asked for by key (of %lld "
		                                           "asked for): what came was not all, whoever left it out", there, what,
		                                    there == 1 ? "is" : "are", asked));
	return part("held", arena_format(arena, "%lld of %lld who are no longer shown were asked for by key, and none is there", asked, all));
}

int witness_hear(const struct witness *s, struct arena *arena, struct proof_part *ret, struct error *e)
{
	struct stage_lost lost;
	struct heard heard = { 0 };
	struct error why;
	if (find_lost(s, arena, &lost, e) < 0)
		return -1;
	if (lost.people + lost.groups == 0) {
		*ret = part("held", "everybody whom we know is shown, and every group");
	} else if (!link_answers(s->link, LINK_NAMED)) {
		*ret = part("untold", arena_format(arena, "this plug-in cannot be asked for the %lld who are no longer shown",
		                                   (long long)lost.people + (long long)lost.groups));
	} else if (ask_all(s, arena, &lost, &heard, &why) == 0) {
		*ret = testify(arena, &lost, &heard);
	} else {
		if (atomic_load(s->stop)) {
			*e = why;
			return -1;
		}
		*ret = part("missing", arena_format(arena, "those who are no longer shown could not be asked for by key: %s", why.text));
	}
	return 0;
}
