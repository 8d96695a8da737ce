/* The audit as a feed: what happened, oldest first, once it is sealed; for programs that follow along.
 *
 * An event is an audit entry in its place. Sealed entries never move and nothing is put in front of them, so whoever
 * remembers how far they have read misses nothing. The operator's feed has those of all organisations, in the
 * order of sealing. */
#ifndef ROSTERD_ROSTER_EVENT_H
#define ROSTERD_ROSTER_EVENT_H

#include <stdbool.h>

#include "base/json.h"
#include "roster/audit.h"

enum {
	EVENT_ID_SIZE = ID_TEXT_SIZE + 32, /* "evt_<organisation>_<position>" */
	EVENT_BYTES_MOST = 4 << 20,	   /* of personal values in a page: one of large events is short, and never empty */
};

struct event {
	int64_t number; /* its place among those of all organisations; 0: not looked up */
	struct id organisation;
	int64_t position; /* its place in the chain of its organisation */
	struct audit_entry entry;
	bool cut; /* told without what was before and after, because it is large */
};

/* What an event is called wherever it is told: the same for the same event. */
const char *event_id(const struct event *event, char ret[EVENT_ID_SIZE]);

/* Whether it is of one of these types: "member.joined", or "member.*" for all that happens to members. NULL or an empty list: of any. */
bool event_is_of(const struct event *event, const char *const *types);

/* Writes an event's members into an object that was begun, the same wherever it is told: id, type, timestamp, organisation (null: the
 * operator's own), data. */
void event_write(struct json_writer *w, const struct event *event);

/* Some events, and whether there are more behind them. */
struct event_page {
	struct event *events;
	size_t count;
	bool more;
};

/* At most so many behind a position, of one organisation; organisation NULL: of the operator's own chain, as for audit_list. */
int event_list(struct tx *tx, struct arena *arena, const struct id *organisation, int64_t after, int most,
	       struct event_page *ret, struct error *e);

/* Where the feed ends just now: what is behind that has not happened yet. organisation as above. */
int event_end(struct tx *tx, struct arena *arena, const struct id *organisation, int64_t *ret, struct error *e);
int event_end_all(struct tx *tx, struct arena *arena, int64_t *ret, struct error *e);

/* Of all organisations, behind a number. The transaction is for none before; afterwards it is for whichever came last, so this comes
 * last. Row-level security shows each organisation's to a look of its own. */
int event_list_all(struct tx *tx, struct arena *arena, int64_t after, int most, struct event_page *ret, struct error *e);

#endif
