/* A directory of any size that costs nothing to read: what the bench puts through child, wire, staging and SQL.
 *
 * The n-th person is made from n alone, so two readings are equal; `changed` of a hundred thousand have another name. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "connector.h"

enum { TEXT = 96 };

static const struct roster_host *host;

static const struct roster_setting settings[] = {
	{ .name = "people", .type = ROSTER_NUMBER, .words_for_people = "how many people there are", .required = 1 },
	{ .name = "changed", .type = ROSTER_NUMBER, .words_for_people = "how many of 100,000 have a new name", .fallback = "0" },
	{ 0 },
};

static int crowd_open(struct roster_call *call, const struct roster_host *h, void **ret_self)
{
	(void)call;
	host = h;
	*ret_self = NULL;
	return 0;
}

static void crowd_close(void *self)
{
	(void)self;
}

static int crowd_check(struct roster_call *call, void *self)
{
	(void)self;
	host->note(call, "%s people", host->setting(call, "people"));
	return 0;
}

/* Scatters n over all of the key space, one to one: a directory's keys are in no order of ours. */
static uint64_t scatter(uint64_t n)
{
	n ^= n >> 30;
	n *= 0xbf58476d1ce4e5b9u;
	n ^= n >> 27;
	n *= 0x94d049bb133111ebu;
	return n ^ n >> 31;
}

static int emit_person(struct roster_call *call, uint64_t n, long changed)
{
	char remote_id[TEXT], reference[TEXT], user_name[TEXT], email[TEXT], given[TEXT], family[TEXT], display[TEXT];
	snprintf(remote_id, sizeof(remote_id), "%016llx-%08llx", (unsigned long long)scatter(n), (unsigned long long)n);
	snprintf(reference, sizeof(reference), "uid=person%llu,ou=people,dc=crowd,dc=example", (unsigned long long)n);
	snprintf(user_name, sizeof(user_name), "person%llu", (unsigned long long)n);
	snprintf(email, sizeof(email), "person%llu@crowd.example", (unsigned long long)n);
	snprintf(given, sizeof(given), "Given%llu", (unsigned long long)(n % 1000));
	snprintf(family, sizeof(family), "%s%llu", (long)(n % 100000) < changed ? "Renamed" : "Family", (unsigned long long)n);
	snprintf(display, sizeof(display), "%s %s", given, family);
	const struct roster_identity person = {
		.size = sizeof(person),
		.remote_id = remote_id,
		.reference = reference,
		.user_name = user_name,
		.email = email,
		.email_proof = ROSTER_ASSERTED,
		.given_name = given,
		.family_name = family,
		.display_name = display,
		.standing = ROSTER_ACTIVE,
	};
	return host->emit(call, &person);
}

static int crowd_page(struct roster_call *call, void *self, const struct roster_ask *ask)
{
	(void)self;
	uint64_t people = strtoull(host->setting(call, "people"), NULL, 10);
	long changed = strtol(host->setting(call, "changed"), NULL, 10);
	uint64_t from = 0;
	if (ask->cursor && ask->cursor_size == sizeof(from))
		from = *(const uint64_t *)ask->cursor;

	uint64_t to = from + (uint64_t)ask->page_most;
	if (to > people)
		to = people;
	for (uint64_t n = from; n < to; n++)
		if (emit_person(call, n, changed) < 0)
			return -1;
	if (to < people)
		return host->cursor(call, &to, sizeof(to)) < 0 ? -1 : 1;
	host->whole(call, "%llu people", (unsigned long long)people);
	return 0;
}

static const struct roster_directory directory = {
	.size = sizeof(directory),
	.scopes = 1u << ROSTER_ALL,
	.page = crowd_page,
};

ROSTER_CONNECTOR = {
	.abi_major = ROSTER_ABI_MAJOR,
	.abi_minor = ROSTER_ABI_MINOR,
	.size = sizeof(roster_connector),
	.name = "crowd",
	.title = "a crowd for the bench",
	.settings = settings,
	.open = crowd_open,
	.close = crowd_close,
	.check = crowd_check,
	.directory = &directory,
};
