/* A company made from a seed: people and groups of any number, the same each time, and what becomes of them.
 * Vendor by vendor it is dressed in another API. */
#ifndef ROSTERD_PEERS_PEOPLE_H
#define ROSTERD_PEERS_PEOPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum people_state { PEOPLE_ACTIVE, PEOPLE_STATES_MOST = 16 }; /* what the others mean is the vendor's */

/* What a test has changed of somebody. */
struct person_edit {
	char *user_name, *email, *given_name, *family_name, *title, *department;
	char *more; /* further attributes, as the vendor writes them */
};

struct sim_person {
	uint32_t number;
	uint8_t state, state_before;
	bool deleted;
	int64_t created_ms, updated_ms, updated_before_ms, state_ms;
	int64_t changed_ms; /* when the last change happened: what is eventually consistent sees what was
			       before */
	struct person_edit *edit; /* NULL: nothing */
};

struct sim_group {
	uint32_t number;
	char *name;
	uint8_t kind; /* the vendor's */
	bool deleted;
	int64_t created_ms, updated_ms, members_ms;
	uint32_t *members; /* ascending */
	size_t member_count, member_room;
};

void people_make(size_t people, size_t groups, uint64_t seed, int64_t now_ms);

size_t people_count(void);
struct sim_person *people_at(size_t number); /* NULL: none */
size_t groups_count(void);
struct sim_group *group_at(size_t number);
struct sim_group *group_named(const char *name);

/* Somebody new, and a new group. */
struct sim_person *people_hire(int64_t now_ms);
struct sim_group *group_make(const char *name, int64_t now_ms);

/* Texts, made up unless they were changed; they live until the next call of the same function. */
const char *person_user_name(const struct sim_person *person);
const char *person_email(const struct sim_person *person);
const char *person_given_name(const struct sim_person *person);
const char *person_family_name(const struct sim_person *person);
const char *person_title(const struct sim_person *person);
const char *person_department(const struct sim_person *person);

/* "user_name", "email", "given_name", "family_name", "title", "department", "more". False: there is no such
 * field. */
bool person_set(struct sim_person *person, const char *field, const char *value);

bool group_has(const struct sim_group *group, uint32_t number);
/* The first member whose number is at least this one; NULL: none. */
const uint32_t *group_from(const struct sim_group *group, uint32_t number);
/* False: it was so before. */
bool group_add(struct sim_group *group, uint32_t number);
bool group_remove(struct sim_group *group, uint32_t number);

/* An id of so many letters of base 62 with a number in it, and back. False: it is none of ours. */
void sim_id(const char *prefix, uint64_t number, char *ret, size_t letters);
bool sim_number(const char *prefix, const char *id, size_t letters, uint64_t *ret);

/* Chance that is the same each time. */
uint64_t sim_hash(uint64_t number);

#endif
