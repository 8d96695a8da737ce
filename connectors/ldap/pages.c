/* A search read to its end. */
#include "ldap/pages.h"

#include <stdio.h>

#include "ldap/chain.h"

/* One page, and the name of its first entry. */
struct turning {
	take_entry *take;
	void *context;
	char first[ROSTER_ID_MOST];
	bool begun;
};

static int take(void *context, const struct entry *entry)
{
	struct turning *turning = context;

	if (!turning->begun)
		snprintf(turning->first, sizeof(turning->first), "%s",
			 entry->dn.bv_val ? entry->dn.bv_val : "");
	turning->begun = true;
	return turning->take(turning->context, entry);
}

static int read_page(const struct caller *caller, struct session *session, const struct search *search,
		     struct turning *turning, struct berval *cookie, struct outcome *ret)
{
	int msgid;

	turning->begun = false;
	if (search_send(caller, session, search, cookie, &msgid) < 0)
		return -1;
	return search_read(caller, session, search, msgid, take, turning, cookie, ret);
}

int pages_run(const struct caller *caller, struct session *session, const struct search *search,
	      take_entry *give, void *context, struct outcome *ret)
{
	struct turning turning = { .take = give, .context = context };
	struct berval cookie = { 0, NULL };
	struct chain chain = { 0 };
	unsigned long entries = 0, references = 0;
	const char *why = NULL;
	int result;

	do {
		caller->host->step(caller->call, "%s under \"%s\", %lu so far", search->doing, search->base,
				   entries);
		result = read_page(caller, session, search, &turning, &cookie, ret);
		entries += ret->entries;
		references += ret->references;
		if (result == 0 && cookie.bv_len > 0)
			why = chain_page(&chain, turning.begun ? turning.first : NULL);
	} while (result == 0 && cookie.bv_len > 0 && !why);
	ber_memfree(cookie.bv_val);
	ret->entries = entries;
	ret->references = references;
	if (result == 0 && why)
		return caller->host->fail(caller->call, ROSTER_NONSENSE, 0, "%s under \"%.150s\": %s",
					  search->doing, search->base, why);
	return result;
}
