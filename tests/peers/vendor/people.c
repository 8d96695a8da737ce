#include "peers/vendor/people.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static const char *const given_names[] = { "Ada",      "Alan",	  "Barbara", "Edsger", "Grace", "Ken",
					   "Margaret", "Niklaus", "Radia",   "Tony",   "Zoë",	"Jürgen",
					   "Søren",    "Łukasz",  "小龙",    "Ana" };
static const char *const family_names[] = { "Lovelace", "Turing", "Liskov",  "Dijkstra", "Hopper", "Thompson",
					    "Hamilton", "Wirth",  "Perlman", "Hoare",	 "Müller", "O'Brien",
					    "Öztürk",	"李",	  "García",  "d'Souza" };
static const char *const titles[] = { "Engineer", "Manager", "Analyst", "Member of the \"technical\" staff",
				      "Director" };
static const char *const departments[] = { "Engineering", "R&D",   "Sales",  "Finance",
					   "People",	  "Legal", "Support" };

static uint64_t seed_is;
static struct sim_person *people;
static size_t people_length, people_room;
static struct sim_group *groups;
static size_t groups_length, groups_room;

uint64_t sim_hash(uint64_t number)
{
	number += seed_is * UINT64_C(0x9e3779b97f4a7c15) + UINT64_C(0x9e3779b97f4a7c15);
	number = (number ^ (number >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	number = (number ^ (number >> 27)) * UINT64_C(0x94d049bb133111eb);
	return number ^ (number >> 31);
}

static void *more(void *array, size_t *room, size_t size)
{
	*room = *room * 2 + 16;
	array = realloc(array, *room * size);
	if (!array)
		abort();
	return array;
}

struct sim_person *people_hire(int64_t now_ms)
{
	if (people_length == people_room)
		people = more(people, &people_room, sizeof(*people));
	people[people_length] = (struct sim_person){ .number = (uint32_t)people_length,
						     .created_ms = now_ms,
						     .updated_ms = now_ms,
						     .updated_before_ms = now_ms,
						     .state_ms = now_ms };
	return &people[people_length++];
}

struct sim_group *group_make(const char *name, int64_t now_ms)
{
	struct sim_group *group;

	if (groups_length == groups_room)
		groups = more(groups, &groups_room, sizeof(*groups));
	group = &groups[groups_length];
	*group = (struct sim_group){ .number = (uint32_t)groups_length++,
				     .name = strdup(name),
				     .created_ms = now_ms,
				     .updated_ms = now_ms,
				     .members_ms = now_ms };
	return group;
}

/* Everybody is in two groups at most; what has not changed for long has not changed for a year. */
void people_make(size_t people_wanted, size_t groups_wanted, uint64_t seed, int64_t now_ms)
{
	int64_t then = now_ms - INT64_C(365) * 86400 * 1000;

	seed_is = seed;
	for (size_t i = 0; i < people_wanted; i++)
		people_hire(then + (int64_t)(i % 1000));
	for (size_t i = 0; i < groups_wanted; i++) {
		char name[64];

		snprintf(name, sizeof(name), "team-%04zu", i);
		group_make(name, then);
	}
	for (size_t i = 0; i < people_wanted && groups_wanted > 0; i++) {
		group_add(&groups[i % groups_wanted], (uint32_t)i);
		group_add(&groups[sim_hash(i) % groups_wanted], (uint32_t)i);
	}
}

size_t people_count(void)
{
	return people_length;
}

struct sim_person *people_at(size_t number)
{
	return number < people_length ? &people[number] : NULL;
}

size_t groups_count(void)
{
	return groups_length;
}

struct sim_group *group_at(size_t number)
{
	return number < groups_length ? &groups[number] : NULL;
}

struct sim_group *group_named(const char *name)
{
	for (size_t i = 0; i < groups_length; i++)
		if (!groups[i].deleted && strcmp(groups[i].name, name) == 0)
			return &groups[i];
	return NULL;
}

/* ---- texts ---- */

const char *person_user_name(const struct sim_person *person)
{
	static char text[64];

	if (person->edit && person->edit->user_name)
		return person->edit->user_name;
	snprintf(text, sizeof(text), "person%06u@acme.example", person->number);
	return text;
}

const char *person_email(const struct sim_person *person)
{
	return person->edit && person->edit->email ? person->edit->email : person_user_name(person);
}

#define PICK(list, salt) (list)[sim_hash(person->number * UINT64_C(8) + (salt)) % ARRAY_COUNT(list)]

const char *person_given_name(const struct sim_person *person)
{
	return person->edit && person->edit->given_name ? person->edit->given_name : PICK(given_names, 1);
}

const char *person_family_name(const struct sim_person *person)
{
	return person->edit && person->edit->family_name ? person->edit->family_name : PICK(family_names, 2);
}

const char *person_title(const struct sim_person *person)
{
	return person->edit && person->edit->title ? person->edit->title : PICK(titles, 3);
}

const char *person_department(const struct sim_person *person)
{
	return person->edit && person->edit->department ? person->edit->department : PICK(departments, 4);
}

bool person_set(struct sim_person *person, const char *field, const char *value)
{
	static const struct {
		const char *name;
		size_t offset;
	} fields[] = {
		{ "user_name", offsetof(struct person_edit, user_name) },
		{ "email", offsetof(struct person_edit, email) },
		{ "given_name", offsetof(struct person_edit, given_name) },
		{ "family_name", offsetof(struct person_edit, family_name) },
		{ "title", offsetof(struct person_edit, title) },
		{ "department", offsetof(struct person_edit, department) },
		{ "more", offsetof(struct person_edit, more) },
	};

	for (size_t i = 0; i < ARRAY_COUNT(fields); i++)
		if (strcmp(fields[i].name, field) == 0) {
			char **place;

			if (!person->edit)
				person->edit = calloc(1, sizeof(*person->edit));
			place = (char **)((char *)person->edit + fields[i].offset);
			free(*place);
			*place = strdup(value);
			return true;
		}
	return false;
}

/* ---- groups ---- */

static size_t place_of(const struct sim_group *group, uint32_t number)
{
	size_t low = 0, high = group->member_count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (group->members[middle] < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const uint32_t *group_from(const struct sim_group *group, uint32_t number)
{
	size_t at = place_of(group, number);

	return at < group->member_count ? &group->members[at] : NULL;
}

bool group_has(const struct sim_group *group, uint32_t number)
{
	const uint32_t *found = group_from(group, number);

	return found && *found == number;
}

bool group_add(struct sim_group *group, uint32_t number)
{
	size_t at = place_of(group, number);

	if (group_has(group, number))
		return false;
	if (group->member_count == group->member_room)
		group->members = more(group->members, &group->member_room, sizeof(*group->members));
	memmove(&group->members[at + 1], &group->members[at],
		(group->member_count - at) * sizeof(*group->members));
	group->members[at] = number;
	group->member_count++;
	return true;
}

bool group_remove(struct sim_group *group, uint32_t number)
{
	size_t at = place_of(group, number);

	if (!group_has(group, number))
		return false;
	memmove(&group->members[at], &group->members[at + 1],
		(group->member_count - at - 1) * sizeof(*group->members));
	group->member_count--;
	return true;
}

/* ---- ids ---- */

static const char letters62[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

enum { NUMBER_LETTERS = 6 };

/* What makes it look like chance, then the number: ids ascend with neither, as with the vendors. */
void sim_id(const char *prefix, uint64_t number, char *ret, size_t letters)
{
	size_t length = strlen(prefix);
	uint64_t chance = sim_hash(number * 31 + (unsigned char)prefix[length - 1]);

	memcpy(ret, prefix, length);
	ret[letters] = '\0';
	for (size_t i = 0; i < NUMBER_LETTERS; i++, number /= 62)
		ret[letters - 1 - i] = letters62[number % 62];
	for (size_t i = length; i < letters - NUMBER_LETTERS; i++, chance = chance / 62 + sim_hash(chance))
		ret[i] = letters62[chance % 62];
}

bool sim_number(const char *prefix, const char *id, size_t letters, uint64_t *ret)
{
	char again[64];
	uint64_t number = 0;

	if (strlen(id) != letters || letters >= sizeof(again))
		return false;
	for (size_t i = letters - NUMBER_LETTERS; i < letters; i++) {
		const char *letter = strchr(letters62, id[i]);

		if (!letter)
			return false;
		number = number * 62 + (uint64_t)(letter - letters62);
	}
	sim_id(prefix, number, again, letters);
	*ret = number;
	return strcmp(again, id) == 0;
}
