/* A connector to copy: its directory is a text that stands in a setting.
 *
 *     # who is there
 *     person: id=u1; user=ada; email=ada@acme.example; given=Ada; family=Lovelace
 *     person: id=u2; user=bob; email=bob@acme.example; name=Bob; suspended=yes
 *     group:  id=g1; name=Engineers
 *     member: group=g1; member=u1
 *
 * It shows what every connector does, in the order in which rosterd calls it: settings, open, check, page, close. It
 * also does wrong what real directories do wrong, when a second setting, the script, asks for it: that is what
 * rosterd's own tests use it for. Leave script.c out of your copy.
 *
 * Three things to know before you begin:
 *
 *   - You are alone. Your code runs in a process of its own, for one connection, one call at a time. Write plain,
 *     blocking C. Use malloc. If you crash, this call is lost and nothing else.
 *   - You have no network, no files and no clock to fear but left_ms(). What you need comes from settings; connections
 *     come from dial().
 *   - Say what is true and say it completely. rosterd removes people only when you call whole(), and believes you. */
#include "example/records.h"
#include "example/script.h"

#include "connector.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DIAL_TIMEOUT_MS = 5000, GREETING_MOST = 128 };

/* ---- 1. settings: what an administrator fills in --------------------------------------------------------------------
 *
 * rosterd checks types and requiredness before you are asked anything, makes forms and documentation from the
 * sentences, and keeps ROSTER_SECRET values sealed. Give defaults where there is a good one. */
static const struct roster_setting settings[] = {
	{ .name = "directory",
	  .type = ROSTER_TEXT,
	  .words_for_people = "The people and groups, one a line: \"person: id=u1; user=ada; email=ada@acme.example\".",
	  .required = 1 },
	{ .name = "script",
	  .type = ROSTER_TEXT,
	  .words_for_people = "What shall go wrong, one a line: \"fail_at 3 try_later 5000\". For tests.",
	  .fallback = "" },
	{ .name = "generated",
	  .type = ROSTER_NUMBER,
	  .words_for_people = "How many people to make up beside those of the directory. For measurements.",
	  .fallback = "0",
	  .words = (const char *const[]){ "0", "10000000", NULL } },
	{ .name = "server",
	  .type = ROSTER_ADDRESS,
	  .words_for_people = "A server that \"test connection\" greets, such as \"localhost:7777\"; may be left out." },
	{ 0 },
};

/* ---- 2. open and close: your own state -------------------------------------------------------------------------------
 *
 * Whatever you allocate here is given back to you as `self` with every call, and is yours to free in close. */
struct example {
	const struct roster_host *host; /* valid until close */
	struct records records;
	struct script script;
	long generated;
	int pages; /* given so far, for the script */
};

/* A failure names the setting, the place in it and what was expected, in one line. fail() returns -1. */
static int read_settings(struct roster_call *call, struct example *self)
{
	const struct roster_host *host = self->host;
	const char *why;
	int line;

	if (records_open(&self->records, host->setting(call, "directory"), &line, &why) < 0)
		return host->fail(call, ROSTER_MISCONFIGURED, 0, "setting \"directory\", line %d: %s", line, why);
	if (script_read(host->setting(call, "script"), &self->script, &line) < 0)
		return host->fail(call, ROSTER_MISCONFIGURED, 0, "setting \"script\", line %d: this is no directive", line);
	self->generated = atol(host->setting(call, "generated"));
	return 0;
}

static void example_close(void *opaque)
{
	struct example *self = opaque;

	records_close(&self->records);
	free(self);
}

static int example_open(struct roster_call *call, const struct roster_host *host, void **ret_self)
{
	struct example *self = calloc(1, sizeof(*self));

	if (!self)
		return host->fail(call, ROSTER_TRY_LATER, 0, "out of memory");
	self->host = host;
	if (read_settings(call, self) < 0) {
		example_close(self); /* rosterd closes only what was opened */
		return -1;
	}
	*ret_self = self;
	return 0;
}

/* ---- 3. check: the console's "test connection" ----------------------------------------------------------------------
 *
 * Can we reach it, sign in, read? Tell with note() what you found: an administrator reads it. Never note a secret. */

/* Cuts "host:port" in two. */
static int split_server(const char *server, char *host, size_t size, const char **ret_port)
{
	const char *colon = strrchr(server, ':');

	if (!colon || (size_t)(colon - server) >= size)
		return -1;
	memcpy(host, server, (size_t)(colon - server));
	host[colon - server] = '\0';
	*ret_port = colon + 1;
	return 0;
}

/* step() before everything that can take time: if the deadline passes, this is what the administrator reads. dial()
 * gives a blocking, connected socket that is yours; if it fails, the reason has been said already. */
static int greet(struct roster_call *call, const struct roster_host *host, const char *server)
{
	char name[256], greeting[GREETING_MOST + 1];
	const char *port;
	ssize_t size;
	int fd;

	if (split_server(server, name, sizeof(name), &port) < 0)
		return host->fail(call, ROSTER_MISCONFIGURED, 0, "setting \"server\" is \"%.64s\"; \"host:port\" is expected",
		                  server);
	host->step(call, "connecting to %s", server);
	fd = host->dial(call, name, port, DIAL_TIMEOUT_MS);
	if (fd < 0)
		return -1;
	host->step(call, "waiting for the greeting of %s", server);
	size = read(fd, greeting, GREETING_MOST);
	close(fd);
	if (size <= 0)
		return host->fail(call, ROSTER_TRY_LATER, 0, "%s closed the connection without a greeting", server);
	greeting[size] = '\0';
	host->note(call, "%s greets with \"%s\"", server, greeting);
	return 0;
}

static int example_check(struct roster_call *call, void *opaque)
{
	struct example *self = opaque;
	const char *server = self->host->setting(call, "server");

	if (server && greet(call, self->host, server) < 0)
		return -1;
	self->host->note(call, "the directory has %zu lines", self->records.count);
	return 0;
}

/* ---- 4. giving records -----------------------------------------------------------------------------------------------
 *
 * Set `size` in every struct: that is how a newer rosterd knows what you do not know of. Leave out what the directory
 * does not say (NULL); give "" for what it says is empty. Everything is copied before emit returns. If emit gives -1,
 * return -1: the reason is filled in. */
static int emit_person(struct roster_call *call, const struct example *self, const struct record *r)
{
	const struct roster_identity person = {
		.size = sizeof(person),
		.remote_id = r->id, /* the key that never changes and is never given to somebody else */
		.reference = r->reference,
		.user_name = r->user ? r->user : r->id,
		.email = r->email,
		.email_proof = ROSTER_ASSERTED, /* somebody wrote it down; the person has proven nothing */
		.given_name = r->given,
		.family_name = r->family,
		.display_name = r->name,
		.standing = r->suspended && strcmp(r->suspended, "yes") == 0 ? ROSTER_SUSPENDED : ROSTER_ACTIVE,
		.locale = r->locale,
		.title = r->title,
		.department = r->department,
		.manager = r->manager,
	};

	return self->host->emit(call, &person);
}

static int emit_group(struct roster_call *call, const struct example *self, const struct record *r)
{
	const struct roster_group group = {
		.size = sizeof(group), .remote_id = r->id, .reference = r->reference, .name = r->name
	};

	return self->host->emit_group(call, &group);
}

static int emit_record(struct roster_call *call, const struct example *self, const struct record *r)
{
	switch (r->kind) {
	case RECORD_PERSON:
		return emit_person(call, self, r);
	case RECORD_GROUP:
		return emit_group(call, self, r);
	default:
		return self->host->emit_member(call, r->group, r->member);
	}
}

/* Somebody who does not exist, for measurements: about 350 bytes of a usual directory. */
static int emit_generated(struct roster_call *call, const struct example *self, long number)
{
	char id[40], user[40], email[64], family[40], name[64], reference[96];
	const struct roster_identity person = {
		.size = sizeof(person), .remote_id = id, .reference = reference, .user_name = user, .email = email,
		.email_proof = ROSTER_ASSERTED, .given_name = "Generated", .family_name = family, .display_name = name,
		.standing = ROSTER_ACTIVE, .title = "Member of the technical staff", .department = "Measurements",
	};

	snprintf(id, sizeof(id), "00000000-0000-4000-8000-%012ld", number);
	snprintf(reference, sizeof(reference), "uid=person%ld,ou=people,dc=generated,dc=example", number);
	snprintf(user, sizeof(user), "person%ld", number);
	snprintf(email, sizeof(email), "person%ld@generated.example", number);
	snprintf(family, sizeof(family), "Person the %ldth", number);
	snprintf(name, sizeof(name), "Generated Person the %ldth", number);
	return self->host->emit(call, &person);
}

/* ---- the script: what a plug-in of yours does not have ---- */

static void hang(void)
{
	for (;;)
		pause();
}

static int spoil_page(struct roster_call *call, const struct example *self)
{
	const struct script *script = &self->script;

	if (script->crash_at == self->pages)
		abort();
	if (script->hang_at == self->pages)
		hang();
	if (script->fail_at == self->pages)
		return self->host->fail(call, script->trouble, script->after_ms, "the script says so: page %d fails", self->pages);
	if (script->garbage_at == self->pages) {
		const struct roster_identity garbage = { .size = sizeof(garbage), .remote_id = "garbage", .user_name = "\xff\xfe",
			                                 .standing = ROSTER_ACTIVE };

		return self->host->emit(call, &garbage);
	}
	/* This is how to give a record that you cannot read: somebody will see it, with the reason. */
	if (script->refuse_at == self->pages)
		return self->host->emit_refused(call, "line 0", "the script says so: unreadable on page %d", self->pages);
	return 0;
}

/* ---- 5. page: reading the directory ----------------------------------------------------------------------------------
 *
 * Called again and again: give about page_most records, say with cursor() where the next page begins, return 1. What
 * was given is committed together with the cursor; the next page may be asked of another process, years later, so a
 * cursor holds everything that is needed to go on. Return 0 with the last page, after whole() or incomplete(). */

/* Records first, then people who are made up. */
static int emit_number(struct roster_call *call, const struct example *self, size_t number)
{
	if (number < self->records.count)
		return emit_record(call, self, &self->records.list[number]);
	return emit_generated(call, self, (long)(number - self->records.count));
}

static int emit_range(struct roster_call *call, const struct example *self, size_t first, size_t end)
{
	int times = self->script.duplicates ? 2 : 1;

	for (size_t i = first; i < end; i++) {
		size_t number = self->script.disorder ? end - 1 - (i - first) : i;

		for (int n = 0; n < times; n++)
			if (emit_number(call, self, number) < 0)
				return -1;
	}
	return 0;
}

/* A cursor is bytes; ours is the number of the next record, as text. What is not ours is a lost place: rosterd begins
 * again. Directories forget cursors too; say ROSTER_LOST_PLACE then, never "no more". */
static int read_cursor(struct roster_call *call, const struct example *self, const struct roster_ask *ask,
                       size_t total, size_t *ret)
{
	char text[24] = "", *end;

	*ret = 0;
	if (!ask->cursor)
		return 0;
	memcpy(text, ask->cursor, ask->cursor_size < sizeof(text) ? ask->cursor_size : sizeof(text) - 1);
	*ret = strtoul(text, &end, 10);
	if (end == text || *end != '\0' || *ret > total)
		return self->host->fail(call, ROSTER_LOST_PLACE, 0, "the cursor \"%.20s\" is not one of ours", text);
	return 0;
}

static int continue_at(struct roster_call *call, const struct example *self, size_t next)
{
	char cursor[24];
	int size = snprintf(cursor, sizeof(cursor), "%zu", next);

	return self->host->cursor(call, cursor, (size_t)size) < 0 ? -1 : 1;
}

static int page_of_all(struct roster_call *call, struct example *self, const struct roster_ask *ask)
{
	size_t total = self->records.count + (size_t)self->generated, first, end;
	size_t most = (size_t)(self->script.page_size ? self->script.page_size : ask->page_most > 0 ? ask->page_most : 500);

	if (read_cursor(call, self, ask, total, &first) < 0)
		return -1;
	end = total - first > most ? first + most : total;
	if (emit_range(call, self, first, end) < 0)
		return -1;
	if (self->script.incomplete_at == self->pages) {
		/* Any doubt, any limit, any base that could not be read: incomplete, and why. It removes nobody. */
		self->host->incomplete(call, "the script says so: cut off after page %d, %zu records", self->pages, end);
		return 0;
	}
	if (end < total)
		return continue_at(call, self, end);
	/* How we know that nobody was left out. Say it only if you know. */
	self->host->whole(call, "all %zu records given", total);
	return 0;
}

/* ---- named: what about these? Whoever does not exist is given as GONE ---- */

static int emit_gone(struct roster_call *call, const struct example *self, const char *id)
{
	const struct roster_identity gone = { .size = sizeof(gone), .remote_id = id, .standing = ROSTER_GONE };

	return self->host->emit(call, &gone);
}

static int emit_gone_group(struct roster_call *call, const struct example *self, const char *id)
{
	const struct roster_group gone = { .size = sizeof(gone), .remote_id = id, .name = id, .gone = 1 };

	return self->host->emit_group(call, &gone);
}

static int emit_members_of(struct roster_call *call, const struct example *self, const char *group)
{
	for (size_t i = 0; i < self->records.count; i++) {
		const struct record *r = &self->records.list[i];

		if (r->kind == RECORD_MEMBER && strcmp(r->group, group) == 0 && emit_record(call, self, r) < 0)
			return -1;
	}
	return 0;
}

static int emit_named_group(struct roster_call *call, const struct example *self, const char *id)
{
	const struct record *r = records_find(&self->records, RECORD_GROUP, id);

	if (!r)
		return emit_gone_group(call, self, id);
	return emit_group(call, self, r) < 0 ? -1 : emit_members_of(call, self, r->reference ? r->reference : r->id);
}

static int page_of_named(struct roster_call *call, const struct example *self, const struct roster_ask *ask)
{
	for (const char *const *id = ask->named; id && *id; id++) {
		const struct record *r = records_find(&self->records, RECORD_PERSON, *id);

		if ((r ? emit_person(call, self, r) : emit_gone(call, self, *id)) < 0)
			return -1;
	}
	for (const char *const *id = ask->named_groups; id && *id; id++)
		if (emit_named_group(call, self, *id) < 0)
			return -1;
	return 0;
}

static int example_page(struct roster_call *call, void *opaque, const struct roster_ask *ask)
{
	struct example *self = opaque;

	self->pages++;
	self->host->step(call, "reading page %d", self->pages);
	if (spoil_page(call, self) < 0)
		return -1;
	return ask->scope == ROSTER_NAMED ? page_of_named(call, self, ask) : page_of_all(call, self, ask);
}

static const struct roster_directory directory = {
	.size = sizeof(directory),
	.scopes = 1U << ROSTER_ALL | 1U << ROSTER_NAMED, /* only what you can really answer */
	.page = example_page,
};

/* ---- 6. the one symbol that is exported ---------------------------------------------------------------------------- */
ROSTER_CONNECTOR = {
	.abi_major = ROSTER_ABI_MAJOR,
	.abi_minor = ROSTER_ABI_MINOR,
	.size = sizeof(struct roster_connector),
	.name = "example",
	.title = "Directory in a text (for tests, and to copy)",
	.settings = settings,
	.open = example_open,
	.close = example_close,
	.check = example_check,
	.directory = &directory,
};
