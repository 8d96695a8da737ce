/* A member: a user in one organisation, with name, role and state there.
 *
 * Every statement needs a transaction that is for the organisation. None of the functions below makes, demotes, suspends
 * or removes an owner, and the schema (0017) would refuse it; roster/ownership hands over. */
#ifndef ROSTERD_ROSTER_MEMBER_H
#define ROSTERD_ROSTER_MEMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/id.h"
#include "store/query.h"

enum { MEMBER_NAME_MOST = 200, MEMBER_EMAIL_MOST = 254 };

struct member {
	struct id organisation, user;
	const char *name, *email;
	const char *user_name; /* in the directory that speaks for them; NULL: none does */
	const char *title, *department;
	const char *role, *role_source, *state, *source, *suspended_by;
	struct id connection; /* nil: none */
	bool guest; /* a directory shows them (or did, until it was deleted and its people kept) with an address of no verified domain: it links them to nobody and is proof of nothing */
	const char *role_by_hand; /* what a person set, whether it counts or not; NULL: nobody did */
	int64_t joined_at, updated_at, last_active_at, version;
	int64_t waiting_since;	  /* for a seat: to come in (state "waiting"), or as waiting_role; 0: not */
	const char *waiting_role; /* what an active member becomes when there is a seat; NULL: nothing else */
	int64_t suspended_at, grace_until; /* 0: not suspended; nobody but an administrator ends it */
	int64_t left_at;		   /* 0: they have not */
	const char *left_by;		   /* grace, admin, operator; NULL: they have not */
};

struct member_filter {
	const char *state, *role; /* NULL: any */
	const char *text;	  /* part of name or address, whatever its case; NULL: any */
	const struct id *after;	  /* NULL: from the first */
	int most;
};

/* States and roles, ended by NULL. */
extern const char *const member_states[];
extern const char *const member_roles[];

/* By id or address: 1, 0, -1. An address that two members share who have not left is ERROR_CONFLICT
 * "member.ambiguous", which names the first of them by id. */
int member_find(struct tx *tx, struct arena *arena, const struct id *organisation, const char *id_or_email,
		struct member *ret, struct error *e);
int member_load(struct tx *tx, struct arena *arena, const struct id *organisation, const struct id *user,
		struct member *ret, struct error *e);

/* Nobody else changes them, or what counts for them, until the transaction ends; what is read of them from
 * now on is as it is now. */
int member_hold(struct tx *tx, const struct id *organisation, const struct id *user, struct error *e);

/* The owner on record: 1, 0, -1. */
int member_owner(struct tx *tx, struct arena *arena, const struct id *organisation, struct member *ret,
		 struct error *e);

/* Ordered by id. */
int member_list(struct tx *tx, struct arena *arena, const struct id *organisation,
		const struct member_filter *filter, struct member **ret, size_t *ret_count, struct error *e);

/* The members of a group and of the groups within it, ordered by id. */
int member_list_of_group(struct tx *tx, struct arena *arena, const struct id *organisation,
			 const struct id *group, const struct id *after, int most, struct member **ret,
			 size_t *ret_count, struct error *e);

/* A new user and their membership, active, with user, name, email, role, role_source and source as given. */
int member_create(struct tx *tx, const struct member *member, struct error *e);

/* Both need member->version to be still that: ERROR_PRECONDITION "member.changed". The owner is refused:
 * ERROR_CONFLICT "member.is_owner"; ERROR_LIMIT "limit.seats" (seats_take says it better, before). by: who says so, admin or operator, of the states "suspended" and "left". What their tokens
 * become follows in the same statement (schema/0015_departures.sql); the caller tells the audit (token_standings). */
int member_set_role(struct tx *tx, const struct member *member, const char *role, const char *role_source,
		    struct error *e);
int member_set_state(struct tx *tx, const struct member *member, const char *state, const char *by, struct error *e);

#endif
