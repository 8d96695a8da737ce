/* A connector to copy: its directory is a text that stands in a setting.
 *
 *     # who is there
 *     person: id=u1; user=ada; email=ada@acme.example; given=Ada; family=Lovelace
 *     person: id=u2; user=bob; email=bob@acme.example; name=Bob; suspended=yes
 *     group:  id=g1; name=Engineers
 *     member: group=g1; member=u1
 *
 * The text may also come from a server, which gives it to whoever connects; then it ends with the line "end:".
 *
 * It shows what every connector does, in the order in which rosterd calls it: settings, open, check, page, close; and
 * what some can do beside that: tell what changed, tell about these people alone, wait for changes. It also does wrong what real directories do wrong, when a second setting, the script, asks for it: that is what
 * rosterd's own tests use it for. Leave script.c out of your copy.
 *
 * Three things to know before you begin:
 *
 *   - You are alone. Your code runs in a process of its own, for one connection, one call at a time. Write plain,
 *     blocking C. Use malloc. If you crash, this call is lost and nothing else.
 *   - You have no network, no files and no clock to fear but left_ms(). What you need comes from settings; connections
 *     come from dial().
 *   - Say what is true and say it completely. rosterd removes people only when you call whole(), and believes you. */
#include "example/fetch.h"
#include "example/records.h"
#include "example/script.h"
#include "example/signature.h"

#include "connector.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

enum {
	DIAL_TIMEOUT_MS = 5000,
	GREETING_MOST = 128,
	CURSOR_MOST = 64,
	LOOK_EVERY_MS = 100,   /* at the server, while waiting for a change */
	MARGIN_MS = 500,       /* of the deadline, left for the answer */
	LINE_MOST = 128,       /* of a message, and of a challenge */
	REPEATED_FOR_S = 3600, /* how long the server may repeat a message */
};

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
	{ .name = "tenant",
	  .type = ROSTER_TEXT,
	  .words_for_people = "Whose directory this is, such as \"acme\"; with another one, another directory is read.",
	  .fallback = "" },
	{ .name = "source",
	  .type = ROSTER_ADDRESS,
	  .words_for_people = "A server that gives more lines to whoever connects, such as \"localhost:7778\"; may be left out." },
	{ .name = "hook_secret",
	  .type = ROSTER_SECRET,
	  .words_for_people = "What the server signs its messages with; without it, none is believed." },
	{ .name = "login_url",
	  .type = ROSTER_ADDRESS,
	  .words_for_people = "Where people sign on, such as \"https://login.example/\"; without it, nobody does." },
	{ .name = "login_secret",
	  .type = ROSTER_SECRET,
	  .words_for_people = "What the login page signs with whom it has seen." },
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
	int pages, watches, messages; /* so far, for the script */
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

/* Whatever comes from afar can be cut off in the middle: what has not ended as it should is never taken for the whole. */
static int fetch_records(struct roster_call *call, struct example *self)
{
	const struct roster_host *host = self->host;
	const char *source = host->setting(call, "source"), *why = "";
	struct records fetched;
	char *text;
	int line = 0, read;

	if (!source)
		return 0; /* what the setting says was read when we were opened */
	text = fetch(call, host, source);
	if (!text)
		return -1;
	read = records_open(&fetched, text, &line, &why);
	free(text);
	if (read == 0 && fetched.ended) {
		records_close(&self->records);
		self->records = fetched;
		return 0;
	}
	records_close(&fetched);
	if (read < 0)
		return host->fail(call, ROSTER_NONSENSE, 0, "line %d of what %s gives: %s", line, source, why);
	return host->fail(call, ROSTER_TRY_LATER, 0, "what %s gives ends without \"end:\", so that some of it is missing", source);
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

/* step() before everything that can take time: if the deadline passes, this is what the administrator reads. dial()
 * gives a blocking, connected socket that is yours; if it fails, the reason has been said already. */
static int greet(struct roster_call *call, const struct roster_host *host, const char *server)
{
	char name[256], greeting[GREETING_MOST + 1];
	const char *port;
	ssize_t size;
	int fd;

	if (fetch_split(server, name, sizeof(name), &port) < 0)
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
	if (fetch_records(call, self) < 0)
		return -1;
	self->host->note(call, "the directory has %zu lines", self->records.count);
	if (self->host->address(call, "notifications"))
		self->host->note(call, "messages are taken at %s", self->host->address(call, "notifications"));
	return 0;
}

/* ---- 4. giving records -----------------------------------------------------------------------------------------------
 *
 * Set `size` in every struct: that is how a newer rosterd knows what you do not know of. Leave out what the directory
 * does not say (NULL); give "" for what it says is empty. Everything is copied before emit returns. If emit gives -1,
 * return -1: the reason is filled in. */
/* A text that can be given, or else what stands for it; then *left_out says what it was, the first time. */
static const char *fitting(const char *what, const char *text, const char *otherwise, const char **left_out)
{
	if (!text || strlen(text) <= ROSTER_TEXT_MOST)
		return text;
	if (!*left_out)
		*left_out = what;
	return otherwise;
}

/* People can often write parts of their own record. One value of it that cannot be given must neither end the listing of
 * everybody nor hide that this person is switched off: give the rest, and say with emit_refused what is missing. A user
 * name that cannot be given is "". */
static int emit_person(struct roster_call *call, const struct example *self, const struct record *r)
{
	const char *left_out = NULL;
	const struct roster_identity person = {
		.size = sizeof(person),
		.remote_id = r->id, /* the key that never changes and is never given to somebody else */
		.reference = r->reference && strlen(r->reference) <= ROSTER_ID_MOST ? r->reference : NULL,
		.user_name = fitting("user", r->user ? r->user : r->id, "", &left_out),
		.email = fitting("email", r->email, NULL, &left_out),
		.email_proof = ROSTER_ASSERTED, /* somebody wrote it down; the person has proven nothing */
		.given_name = fitting("given", r->given, NULL, &left_out),
		.family_name = fitting("family", r->family, NULL, &left_out),
		.display_name = fitting("name", r->name, NULL, &left_out),
		.standing = r->suspended && strcmp(r->suspended, "yes") == 0 ? ROSTER_SUSPENDED : ROSTER_ACTIVE,
		.locale = fitting("locale", r->locale, NULL, &left_out),
		.title = fitting("title", r->title, NULL, &left_out),
		.department = fitting("department", r->department, NULL, &left_out),
		.manager = r->manager && strlen(r->manager) <= ROSTER_ID_MOST ? r->manager : NULL,
		.stamp = r->at, /* the directory's own version of the record, if it has one */
	};

	/* Only without a key there is nobody whom the rest could be about. */
	if (strlen(r->id) > ROSTER_ID_MOST)
		return self->host->emit_refused(call, "(too long)", "the id of line %d has more than %d bytes", r->line, ROSTER_ID_MOST);
	if (r->broken)
		return self->host->emit_refused(call, r->id, "nothing but the id of line %d can be read", r->line);
	if (self->host->emit(call, &person) < 0)
		return -1;
	return !left_out ? 0
	                 : self->host->emit_refused(call, r->id, "%s= has more than %d bytes and was left out; correct it in the directory",
	                                            left_out, ROSTER_TEXT_MOST);
}

static int emit_group(struct roster_call *call, const struct example *self, const struct record *r, int partial)
{
	const struct roster_group group = {
		.size = sizeof(group), .remote_id = r->id, .reference = r->reference, .name = r->name, .stamp = r->at,
		.partial = partial,
	};

	return self->host->emit_group(call, &group);
}

static int emit_record(struct roster_call *call, const struct example *self, const struct record *r)
{
	if (r->hidden)
		return 0;
	switch (r->kind) {
	case RECORD_PERSON:
		return emit_person(call, self, r);
	case RECORD_GROUP:
		return emit_group(call, self, r, 0);
	case RECORD_MEMBER:
		return self->host->emit_member(call, r->group, r->member);
	default:
		return 0; /* who is gone is not in a listing of all */
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
	if (script->slow_ms)
		poll(NULL, 0, script->slow_ms);
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

/* A cursor is bytes; ours is three numbers as text: the change behind which we look (0: at everything), the next record,
 * and the last change that there was when the reading began. The last one is where the next reading of what changed
 * begins: what changes while we read is told twice rather than never. What is not ours is a lost place: rosterd begins
 * again. Directories forget cursors too; say ROSTER_LOST_PLACE then, never "nothing changed". */
struct place {
	long since;
	size_t next;
	long last;
};

static int read_place(struct roster_call *call, const struct example *self, const struct roster_ask *ask, size_t total,
                      struct place *ret)
{
	const struct records *records = &self->records;
	char text[CURSOR_MOST] = "";
	int length = 0;

	*ret = (struct place){ .last = records->last };
	if (!ask->cursor)
		return ask->scope == ROSTER_ALL ? 0
		                                : self->host->fail(call, ROSTER_LOST_PLACE, 0, "there is no cursor to look behind");
	memcpy(text, ask->cursor, ask->cursor_size < sizeof(text) ? ask->cursor_size : sizeof(text) - 1);
	if (sscanf(text, "%ld %zu %ld%n", &ret->since, &ret->next, &ret->last, &length) != 3 || text[length] != '\0' ||
	    ret->next > total || ret->last > records->last)
		return self->host->fail(call, ROSTER_LOST_PLACE, 0, "the cursor \"%.40s\" is not one of ours", text);
	if (ret->next == 0)
		ret->last = records->last; /* the reading begins now */
	if (ask->scope == ROSTER_CHANGED && ret->since < records->forgotten)
		return self->host->fail(call, ROSTER_LOST_PLACE, 0, "what was removed up to change %ld is forgotten, we know of %ld",
		                        records->forgotten, ret->since);
	return 0;
}

static int give_place(struct roster_call *call, const struct example *self, const struct place *place)
{
	char cursor[CURSOR_MOST];
	int size = snprintf(cursor, sizeof(cursor), "%ld %zu %ld", place->since, place->next, place->last);

	return self->host->cursor(call, cursor, (size_t)size);
}

/* A directory that does not number its changes has no place for the next time: rosterd will read all of it again. */
static int give_next_time(struct roster_call *call, const struct example *self, const struct place *place)
{
	const struct place next = { .since = place->last, .next = 0, .last = place->last };

	return place->last > 0 ? give_place(call, self, &next) : 0;
}

static size_t page_end(const struct example *self, const struct roster_ask *ask, size_t first, size_t total)
{
	size_t most = (size_t)(self->script.page_size ? self->script.page_size : ask->page_most > 0 ? ask->page_most : 500);

	return total - first > most ? first + most : total;
}

/* Each part by itself: an administrator sees which one is missing. What was worth something then and is not now is found out by rosterd. */
static void tell_proof(struct roster_call *call, const struct example *self)
{
	static const char *const words[] = {
		[ROSTER_HELD] = "held", [ROSTER_MISSING] = "missing", [ROSTER_UNTOLD] = "untold",
		[ROSTER_SAME] = "same", [ROSTER_LATER] = "later",     [ROSTER_NO_MORE] = "no_more",
	};

	for (size_t i = 0; i < self->records.count; i++) {
		const struct record *r = &self->records.list[i];

		for (int evidence = ROSTER_HELD; r->kind == RECORD_PROOF && evidence <= ROSTER_NO_MORE; evidence++)
			if (strcmp(words[evidence], r->evidence) == 0)
				self->host->prove(call, r->name, (enum roster_evidence)evidence, r->value, "the directory says that \"%s\" is \"%s\"",
				                  r->name, r->value ? r->value : "?");
	}
}

static int page_of_all(struct roster_call *call, struct example *self, const struct roster_ask *ask)
{
	size_t total = self->records.count + (size_t)self->generated, end;
	struct place place;

	if (read_place(call, self, ask, total, &place) < 0)
		return -1;
	end = page_end(self, ask, place.next, total);
	if (emit_range(call, self, place.next, end) < 0)
		return -1;
	if (self->script.incomplete_at == self->pages) {
		/* Any doubt, any limit, any base that could not be read: incomplete, and why. It removes nobody. */
		self->host->incomplete(call, "the script says so: cut off after page %d, %zu records", self->pages, end);
		return 0;
	}
	place.next = end;
	if (end < total)
		return give_place(call, self, &place) < 0 ? -1 : 1;
	/* How we know that nobody was left out. Say it only if you know. */
	tell_proof(call, self);
	self->host->whole(call, "all %zu records given", total);
	return give_next_time(call, self, &place);
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
	return emit_group(call, self, r, 0) < 0 ? -1 : emit_members_of(call, self, record_reference(r));
}

static int page_of_named(struct roster_call *call, const struct example *self, const struct roster_ask *ask)
{
	for (const char *const *id = ask->named; id && *id; id++) {
		if (self->script.poison && (*id)[0] == 'u' && atol(*id + 1) == self->script.poison)
			return self->host->fail(call, ROSTER_NONSENSE, 0, "the script says so: \"%s\" is poison", *id);
		const struct record *r = records_find(&self->records, RECORD_PERSON, *id);

		if ((r ? emit_person(call, self, r) : emit_gone(call, self, *id)) < 0)
			return -1;
	}
	for (const char *const *id = ask->named_groups; id && *id; id++)
		if (emit_named_group(call, self, *id) < 0)
			return -1;
	return 0;
}

/* ---- changed: what happened since the cursor -------------------------------------------------------------------------
 *
 * Whoever is new or different is given as ever; whoever is gone as GONE, where the directory tells. A group is given with
 * all its members if the directory shows them all (LDAP); as partial, with those who came and went, if it shows only these
 * (Graph). Where a directory tells nothing of removals, but can say cheaply who is there, say that: emit_present() for
 * everybody who is as they were, and whole() at the end (RFC 4533 does so). */

/* Those who came and those who went. A person who was removed altogether is told by a line of their own. */
static int emit_partial(struct roster_call *call, const struct example *self, const struct record *group, long since)
{
	const char *reference = record_reference(group);
	int given = 0;

	for (size_t i = 0; i < self->records.count; i++) {
		const struct record *r = &self->records.list[i];
		int here = r->kind == RECORD_MEMBER;

		if ((!here && r->kind != RECORD_MEMBER_GONE) || r->change <= since || strcmp(r->group, reference) != 0)
			continue;
		if (!given && emit_group(call, self, group, 1) < 0)
			return -1;
		given = 1;
		if ((here ? self->host->emit_member : self->host->emit_member_gone)(call, r->group, r->member) < 0)
			return -1;
	}
	return 0;
}

static int emit_group_change(struct roster_call *call, const struct example *self, const struct record *r, long since)
{
	if (r->change <= since)
		return emit_partial(call, self, r, since);
	return emit_group(call, self, r, 0) < 0 ? -1 : emit_members_of(call, self, record_reference(r));
}

/* Not needed where removals are told: the script asks for it. */
static int emit_present(struct roster_call *call, const struct example *self, const struct record *r)
{
	if (!self->script.present || (r->kind != RECORD_PERSON && r->kind != RECORD_GROUP))
		return 0;
	return self->host->emit_present(call, r->kind == RECORD_PERSON ? ROSTER_PERSON : ROSTER_GROUP, r->id, r->at);
}

static int emit_change(struct roster_call *call, const struct example *self, const struct record *r, long since)
{
	if (r->hidden)
		return 0;
	if (r->kind == RECORD_GROUP && emit_group_change(call, self, r, since) < 0)
		return -1;
	if (r->change <= since)
		return emit_present(call, self, r);
	switch (r->kind) {
	case RECORD_PERSON:
		return emit_person(call, self, r);
	case RECORD_PERSON_GONE:
		return self->script.present ? 0 : emit_gone(call, self, r->id);
	case RECORD_GROUP_GONE:
		return self->script.present ? 0 : emit_gone_group(call, self, r->id);
	default:
		return 0; /* a membership comes with its group */
	}
}

static int page_of_changed(struct roster_call *call, struct example *self, const struct roster_ask *ask)
{
	struct place place;
	size_t end;

	if (read_place(call, self, ask, self->records.count, &place) < 0)
		return -1;
	end = page_end(self, ask, place.next, self->records.count);
	for (; place.next < end; place.next++)
		if (emit_change(call, self, &self->records.list[place.next], place.since) < 0)
			return -1;
	if (end < self->records.count)
		return give_place(call, self, &place) < 0 ? -1 : 1;
	if (self->script.present)
		tell_proof(call, self);
	if (self->script.present)
		self->host->whole(call, "everybody who is there was given or is present, %zu records", self->records.count);
	return self->script.stay ? 0 : give_next_time(call, self, &place);
}

static int example_page(struct roster_call *call, void *opaque, const struct roster_ask *ask)
{
	struct example *self = opaque;

	if (self->pages == 0 && fetch_records(call, self) < 0)
		return -1;
	self->pages++;
	self->host->step(call, "reading page %d", self->pages);
	if (spoil_page(call, self) < 0)
		return -1;
	if (self->script.endless)
		return self->host->cursor(call, "0 0 0", strlen("0 0 0")) < 0 ? -1 : 1;
	switch (ask->scope) {
	case ROSTER_CHANGED:
		return page_of_changed(call, self, ask);
	case ROSTER_NAMED:
		return page_of_named(call, self, ask);
	default:
		return page_of_all(call, self, ask);
	}
}

static const struct roster_directory directory = {
	.size = sizeof(directory),
	.scopes = 1U << ROSTER_ALL | 1U << ROSTER_CHANGED | 1U << ROSTER_NAMED, /* only what you can really answer */
	.page = example_page,
};

/* ---- 6. watch: waiting for a change -----------------------------------------------------------------------------------
 *
 * For directories that tell by themselves when something changed. Block, as long as the deadline allows, and say 1 when
 * there is something to see. What that is, rosterd asks of another child. Whoever has to look again and again, as we do
 * here, had better leave this ability out: rosterd looks by itself, as often as the administrator likes. */
static int has_changed(struct roster_call *call, struct example *self, const struct roster_ask *ask)
{
	char since[CURSOR_MOST] = "";

	if (fetch_records(call, self) < 0)
		return -1;
	if (ask->cursor)
		memcpy(since, ask->cursor, ask->cursor_size < sizeof(since) ? ask->cursor_size : sizeof(since) - 1);
	return self->records.last > strtol(since, NULL, 10);
}

static int example_watch(struct roster_call *call, void *opaque, const struct roster_ask *ask)
{
	const struct timespec a_while = { .tv_nsec = LOOK_EVERY_MS * 1000000L };
	struct example *self = opaque;
	int changed;

	if (++self->watches == self->script.fail_watch_at)
		return self->host->fail(call, ROSTER_TRY_LATER, 0, "the script says so: waiting %d fails", self->watches);
	while ((changed = has_changed(call, self, ask)) == 0 && self->host->left_ms(call) > MARGIN_MS)
		nanosleep(&a_while, NULL);
	return changed;
}

static const struct roster_watch watch = { .size = sizeof(watch), .watch = example_watch };

/* ---- 7. notifications: being told -------------------------------------------------------------------------------------
 *
 * Many servers send a message when something changed. Anybody can send one: so first of all find out whether it is authentic, in constant
 * time, and say ROSTER_DENIED if not. Then say whom it is about, and believe nothing else of it: rosterd asks the directory for these people.
 *
 *     GET  ?challenge=anything           is there anybody? The reply is the challenge
 *     POST, X-Example-Signature: sha256=<HMAC-SHA-256 of the body, in hex>
 *
 *     id: m1                             the same if it is repeated
 *     person: u1                         somebody has changed, or is new, or gone
 *     group: g1
 *     changes:                           something has changed
 */
static const char *find_pair(const struct roster_pair *pairs, const char *name)
{
	for (; pairs->name; pairs++)
		if (strcasecmp(pairs->name, name) == 0)
			return pairs->value;
	return NULL;
}

/* Whoever asks gets back what they sent: short, and nothing that could mean something to whoever else reads it. */
static int answer_challenge(struct roster_call *call, const struct example *self, const struct roster_message *message)
{
	const char *challenge = find_pair(message->query, "challenge");

	if (!challenge || strlen(challenge) > LINE_MOST ||
	    strspn(challenge, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != strlen(challenge))
		return self->host->fail(call, ROSTER_DENIED, 0, "a GET without a challenge, or with one that is not short letters and digits");
	return self->host->reply(call, 200, "text/plain", challenge, strlen(challenge));
}

static int check_signature(struct roster_call *call, const struct example *self, const struct roster_message *message)
{
	static const char algorithm[] = "sha256=";
	const char *secret = self->host->setting(call, "hook_secret"), *given = find_pair(message->headers, "X-Example-Signature");
	char made[SIGNATURE_HEX_SIZE];

	if (!secret)
		return self->host->fail(call, ROSTER_MISCONFIGURED, 0, "setting \"hook_secret\" is not set, so that no message can be believed");
	if (!given || strncmp(given, algorithm, sizeof(algorithm) - 1) != 0)
		return self->host->fail(call, ROSTER_DENIED, 0, "the message is not signed (X-Example-Signature)");
	signature_make(secret, message->body, message->body_size, made);
	return signature_equal(made, given + sizeof(algorithm) - 1)
	               ? 0
	               : self->host->fail(call, ROSTER_DENIED, 0, "the signature is not that of \"hook_secret\"");
}

static int take_line(struct roster_call *call, const struct example *self, const char *word, const char *value)
{
	if (strcmp(word, "id") == 0)
		return self->host->once(call, value, (int64_t)time(NULL) + REPEATED_FOR_S);
	if (strcmp(word, "person") == 0)
		return self->host->look_at(call, ROSTER_PERSON, value);
	if (strcmp(word, "group") == 0)
		return self->host->look_at(call, ROSTER_GROUP, value);
	if (strcmp(word, "changes") == 0)
		return self->host->look_at(call, ROSTER_CHANGES, NULL);
	return self->host->fail(call, ROSTER_NONSENSE, 0, "a message has a line \"%s\"; id, person, group and changes are known", word);
}

static int take_lines(struct roster_call *call, const struct example *self, const struct roster_message *message)
{
	const char *at = message->body, *end = at + message->body_size;

	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t length = (size_t)((stop ? stop : end) - at);
		char line[LINE_MOST + 1], *value;

		if (length > LINE_MOST)
			return self->host->fail(call, ROSTER_NONSENSE, 0, "a line of a message has more than %d bytes", LINE_MOST);
		memcpy(line, at, length);
		line[length] = '\0';
		at += length + 1;
		value = strchr(line, ':');
		if (!value)
			continue;
		*value++ = '\0';
		if (take_line(call, self, line, value + strspn(value, " ")) < 0)
			return -1;
	}
	return 0;
}

static int spoil_message(struct roster_call *call, struct example *self)
{
	const struct script *script = &self->script;

	self->messages++;
	if (script->crash_message_at == self->messages)
		abort();
	if (script->hang_message_at == self->messages)
		hang();
	if (script->later_message_at == self->messages)
		return self->host->fail(call, ROSTER_TRY_LATER, script->after_ms, "the script says so: message %d comes too soon", self->messages);
	for (int i = 0; script->wild_message_at == self->messages && i <= ROSTER_SUBJECTS_MOST; i++)
		if (self->host->look_at(call, ROSTER_PERSON, "u1") < 0)
			return -1;
	return script->reply_status ? self->host->reply(call, script->reply_status, NULL, NULL, 0) : 0;
}

static int example_read(struct roster_call *call, void *opaque, const struct roster_message *message)
{
	struct example *self = opaque;

	if (strcmp(message->method, "GET") == 0)
		return answer_challenge(call, self, message);
	if (check_signature(call, self, message) < 0 || spoil_message(call, self) < 0)
		return -1;
	return take_lines(call, self, message);
}

/* Where a vendor has to be asked for messages: what it calls the subscription is kept, for it must be renewed and taken back by whoever comes after
 * us. There is no vendor here; what a real one is asked, and answers, goes where "example" stands. */
static const char subscription[] = "subscription";
enum { RENEW_AFTER_S = 3600, KEPT_FOR_S = 30 * 24 * 3600, SUBSCRIPTION_MOST = 256 };

static int keep_subscription(struct roster_call *call, const struct example *self)
{
	const char *address = self->host->address(call, "notifications");
	char name[SUBSCRIPTION_MOST];

	snprintf(name, sizeof(name), "example to %s", address ? address : "nowhere");
	return self->host->keep(call, subscription, name, strlen(name), (int64_t)time(NULL) + KEPT_FOR_S);
}

/* Without a secret no message could be believed, so none is asked for. */
static int example_subscribe(struct roster_call *call, void *opaque)
{
	const struct example *self = opaque;

	if (!self->host->setting(call, "hook_secret"))
		return 1;
	if (self->script.fail_subscribe)
		return self->host->fail(call, ROSTER_TRY_LATER, self->script.after_ms, "the script says so: no subscription");
	return keep_subscription(call, self);
}

static int example_renew(struct roster_call *call, void *opaque)
{
	const struct example *self = opaque;
	char name[SUBSCRIPTION_MOST];
	int had = self->host->recall(call, subscription, name, sizeof(name));

	if (had == 0)
		return self->host->fail(call, ROSTER_LOST_PLACE, 0, "there is no subscription to go on with");
	return had < 0 ? -1 : keep_subscription(call, self);
}

static int example_unsubscribe(struct roster_call *call, void *opaque)
{
	const struct example *self = opaque;

	return self->host->keep(call, subscription, NULL, 0, 0);
}

static const struct roster_notifications notifications = {
	.size = sizeof(notifications),
	.read = example_read,
	.subscribe = example_subscribe,
	.renew = example_renew,
	.unsubscribe = example_unsubscribe,
	.renew_after_s = RENEW_AFTER_S,
};

/* ---- 8. sign_on: letting people in ------------------------------------------------------------------------------------
 *
 * begin() sends the browser to the provider, with what it is to give back; finish() looks at what came back, one thing after the other, and says each
 * of them with checked(), so that an administrator sees where a sign-on ended and what to change. Nothing that comes is true before all
 * of it was found to be so. A real provider signs on with more care (SAML 2.0, OpenID Connect); this one gives back
 *
 *     state, nonce          as they were sent
 *     person                who it is
 *     email, verified       verified=yes: it has made sure that the address is theirs
 *     groups                names with commas between; without it nothing is said about groups
 *     signature             HMAC-SHA-256 of all these, a line each, in hex
 */
enum { ASSERTED_MOST = 2048, ASSERTED_FOR_S = 300, GROUPS_MOST = 32 };

static int example_begin(struct roster_call *call, void *opaque, const char *state)
{
	const struct example *self = opaque;
	const char *page = self->host->setting(call, "login_url"), *back = self->host->address(call, "callback");
	char url[ROSTER_URL_MOST];

	if (!page || !back)
		return self->host->fail(call, ROSTER_MISCONFIGURED, 0, "setting \"login_url\" is not set, or the operator's \"public_url\" is not");
	snprintf(url, sizeof(url), "%s?state=%s&nonce=%s&back=%s", page, state, self->host->attempt(call, "nonce"), back);
	return self->host->send_browser(call, url, NULL);
}

/* 0: it is as it must be. */
static int look_at_field(struct roster_call *call, const struct example *self, const char *check, int passed, const char *expected,
                         const char *received, const char *advice)
{
	self->host->checked(call, check, passed, expected, passed ? NULL : received, passed ? NULL : advice);
	return passed ? 0 : self->host->fail(call, ROSTER_DENIED, 0, "%s: %s", check, advice);
}

static int check_assertion(struct roster_call *call, const struct example *self, const struct roster_pair *form)
{
	static const char *const signed_over[] = { "state", "nonce", "person", "email", "verified", "groups" };
	const char *secret = self->host->setting(call, "login_secret"), *given = find_pair(form, "signature"),
		   *nonce = find_pair(form, "nonce"), *expected = self->host->attempt(call, "nonce");
	char text[ASSERTED_MOST] = "", made[SIGNATURE_HEX_SIZE];
	size_t length = 0;

	for (size_t i = 0; i < sizeof(signed_over) / sizeof(*signed_over); i++) {
		const char *value = find_pair(form, signed_over[i]);
		int more = snprintf(text + length, sizeof(text) - length, "%s\n", value ? value : "");

		if (more < 0 || (size_t)more >= sizeof(text) - length)
			return self->host->fail(call, ROSTER_DENIED, 0, "what came is longer than %d bytes", ASSERTED_MOST);
		length += (size_t)more;
	}
	signature_make(secret ? secret : "", text, length, made);
	if (look_at_field(call, self, "signature", secret && given && signature_equal(made, given), "one made with \"login_secret\"",
	                  given ? "another one" : "none", "set \"login_secret\" to what the login page signs with") < 0)
		return -1;
	return look_at_field(call, self, "nonce", expected && nonce && strcmp(nonce, expected) == 0, expected, nonce,
	                     "begin again: this is the answer to another question");
}

/* Splits in place; the list ends with NULL. */
static void split(char *text, const char *ret[GROUPS_MOST + 1])
{
	size_t count = 0;

	for (char *next = text, *word; count < GROUPS_MOST && (word = strsep(&next, ",")) != NULL;)
		if (*word)
			ret[count++] = word;
	ret[count] = NULL;
}

static int emit_signed_on(struct roster_call *call, const struct example *self, const struct roster_pair *form)
{
	const char *verified = find_pair(form, "verified"), *said = find_pair(form, "groups"), *groups[GROUPS_MOST + 1];
	char *names = strdup(said ? said : "");
	const struct roster_identity person = {
		.size = sizeof(person),
		.remote_id = find_pair(form, "person"),
		.user_name = find_pair(form, "person"),
		.email = find_pair(form, "email"),
		.email_proof = verified && strcmp(verified, "yes") == 0 ? ROSTER_PROVEN : ROSTER_UNPROVEN,
		.standing = ROSTER_ACTIVE,
		.groups = said ? groups : NULL,
	};
	int result = 0;

	if (!names)
		return self->host->fail(call, ROSTER_TRY_LATER, 0, "out of memory");
	split(names, groups);
	for (size_t i = 0; groups[i] && result == 0; i++) {
		const struct roster_group group = { .size = sizeof(group), .remote_id = groups[i], .name = groups[i], .partial = 1 };

		result = self->host->emit_group(call, &group);
	}
	if (result == 0)
		result = self->host->emit(call, &person);
	free(names);
	return result;
}

static int example_finish(struct roster_call *call, void *opaque, const struct roster_pair *form)
{
	const struct example *self = opaque;
	const char *session = find_pair(form, "session");
	const int good_for_s = self->script.good_for_s ? self->script.good_for_s : ASSERTED_FOR_S;

	if (check_assertion(call, self, form) < 0)
		return -1;
	if (look_at_field(call, self, "person", find_pair(form, "person") != NULL, "who it is", NULL, "the login page says \"person\"") < 0)
		return -1;
	if (self->host->once(call, find_pair(form, "signature"), (int64_t)time(NULL) + good_for_s) < 0 ||
	    (session && self->host->session(call, session, 0) < 0))
		return -1;
	return emit_signed_on(call, self, form);
}

/* rosterd's session has ended already; the provider is told so that its own ends, too. */
static int example_logout(struct roster_call *call, void *opaque, const char *remote_id, const char *session)
{
	const struct example *self = opaque;
	const char *page = self->host->setting(call, "login_url");
	char url[ROSTER_URL_MOST];

	(void)remote_id;
	if (!page || !session)
		return 0;
	snprintf(url, sizeof(url), "%s?logout=%s", page, session);
	return self->host->send_browser(call, url, NULL);
}

static const struct roster_sign_on sign_on = {
	.size = sizeof(sign_on),
	.begin = example_begin,
	.finish = example_finish,
	.logout = example_logout,
};

/* Those settings that say which directory it is: when one of them changes, a person looks before anybody is called gone. */
static const char *const place[] = { "tenant", NULL };

/* ---- 9. the one symbol that is exported ---------------------------------------------------------------------------- */
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
	.watch = &watch,
	.sign_on = &sign_on,
	.notifications = &notifications,
	.place = place,
};
