/* Why one member is as they are: what each source says of them, whose word counts, and why the others' does
 * not.
 *
 * The same choice as provision/choice makes for many, of what the sources say now: for one person, and
 * without writing anything. Where what is shown is not (yet) what that comes to, it says so. */
#ifndef ROSTERD_PROVISION_EXPLAIN_H
#define ROSTERD_PROVISION_EXPLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/id.h"
#include "roster/member.h"
#include "store/transaction.h"

enum {
	EXPLAIN_ENTRIES_MOST =
		1000, /* of the audit of one member, the newest: what was set before is not found */
	EXPLAIN_STEPS_MOST = 2000, /* memberships and nestings that lead to somebody's groups */
	EXPLAIN_HELD_MOST = 100,   /* lines of held plans that are about them */
};

/* What is explained, in this order. The user name is no choice of its own: it is that of the connection whose
 * state counts. */
enum explain_attribute {
	EXPLAIN_NAME,
	EXPLAIN_EMAIL,
	EXPLAIN_TITLE,
	EXPLAIN_DEPARTMENT,
	EXPLAIN_ROLE,
	EXPLAIN_STATE,
	EXPLAIN_CHOSEN, /* those above are chosen; what follows goes along */
	EXPLAIN_USER_NAME = EXPLAIN_CHOSEN,
	EXPLAIN_ATTRIBUTES,
};
extern const char *const explain_attributes[EXPLAIN_ATTRIBUTES + 1]; /* their names, ended by NULL */

/* An entry of the audit. id 0: there is none (any more). */
struct explain_entry {
	int64_t id, at;
	const char *action, *actor_kind, *actor, *actor_name;
	struct id run; /* nil: none */
};

/* What one source says of one attribute. */
struct explain_word {
	enum explain_attribute attribute;
	const char *source;   /* the connection's name, or "manual" */
	struct id connection; /* nil: what a person set */
	struct id account;    /* nil: the same */
	int64_t precedence;   /* of the connection */
	int64_t place; /* in the order for this attribute, from 1; 0: it has none, because it was deleted */
	bool by_rule;  /* a rule for the attribute names it */
	const char *value;  /* NULL: it says nothing */
	int64_t gone_at;    /* since when it no longer shows the person; 0: it does */
	int64_t deleted_at; /* since when the connection is; 0: it is not */
	bool active;	    /* it has the person active */
	bool kept;	    /* a role that was fixed when a connection was deleted */
	bool leads;
	const char *verdict;	    /* leads, later, silent, switched_off, gone, deleted, overruled */
	const char *why;	    /* the same in words */
	struct explain_entry entry; /* who set it, if a person did */
	/* Of a role that groups yield: the line of the mapping, from 1, and the group that it names. line 0:
	 * none of now. */
	int64_t line;
	const char *line_group, *line_role, *group_name, *group_remote_id;
	struct id group; /* ours */
};

struct explain_value {
	const char *value;    /* as it is shown; NULL: nothing */
	const char *from;     /* connection, manual, default, owner, kept, admin, operator, seats, grace */
	const char *source;   /* the connection's name, or "manual"; NULL: no source's */
	struct id connection; /* nil: none */
	const char *because;
	bool agrees;		    /* it is what the sources come to now */
	struct explain_entry entry; /* that set it last */
};

/* An entry of the person in a directory, gone ones included. */
struct explain_account {
	const char *connection_name, *connection_state, *remote_id, *user_name, *locale;
	struct id connection, account;
	bool active;
	int64_t first_seen_at, changed_at, gone_at;
	const char *refused; /* what of it could not be taken, so that the rest may be older; NULL: it was taken whole */
	int64_t refused_since;
};

struct explain_group {
	struct id group, account;
	const char *name, *remote_id, *connection_name;
	struct id connection,
		through; /* through: the group within it that they are in; nil: they are in it themselves */
	const char *through_name;
};

/* A line of a plan that is held. */
struct explain_held {
	struct id run;
	const char *connection_name, *kind; /* connection_name NULL: an order of sources */
};

struct explanation {
	struct explain_value values[EXPLAIN_ATTRIBUTES];
	size_t word_count, account_count, group_count, held_count;
	struct explain_word *words; /* by attribute, who leads first */
	struct explain_account *accounts;
	struct explain_group *groups;
	struct explain_held *held;
	bool more_groups; /* there are more than are told */
};

/* The tx must be for the organisation. */
int explain_member(struct tx *tx, struct arena *arena, const struct member *member, struct explanation *ret,
		   struct error *e);

/* What the role would be. */
struct explain_role {
	bool spoken; /* a directory shows this person; otherwise nothing is chosen, and what is there stays */
	const char *role;      /* NULL: nobody has a word, so it is the default one */
	const char *directory; /* whose word it is; NULL: no directory's */
};

/* What it would be if a person had set by_hand; "": if nobody had. Whoever holds the member (member_hold)
 * decides by it. */
int explain_role_if(struct tx *tx, struct arena *arena, const struct member *member, const char *by_hand,
		    struct explain_role *ret, struct error *e);

#endif
