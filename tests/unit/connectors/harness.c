/* A daemon for plug-ins under test, in the same process. */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/text.h"

enum { CALL_MS = 60000, PAGES_MOST = 100000 };

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int host_fail(struct roster_call *h, enum roster_trouble trouble, int after_ms, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static int host_fail(struct roster_call *h, enum roster_trouble trouble, int after_ms, const char *fmt, ...)
{
	va_list args;

	(void)after_ms;
	if (h->failed)
		return -1; /* what failed first is what matters */
	h->failed = true;
	h->trouble = trouble;
	va_start(args, fmt);
	vsnprintf(h->why, sizeof(h->why), fmt, args);
	va_end(args);
	return -1;
}

/* A text as the daemon takes it. */
static bool acceptable(struct roster_call *h, const char *name, const char *text, size_t most)
{
	if (!text || (strlen(text) <= most && text_is_utf8(text, strlen(text))))
		return true;
	host_fail(h, ROSTER_NONSENSE, 0, "\"%s\" is too long, or not UTF-8", name);
	return false;
}

/* Room for one more of an array that grows in the arena. */
static void *grown(struct roster_call *h, void *array, size_t count, size_t size)
{
	void *more;

	if (count & (count - 1))
		return array;
	more = arena_array(h->arena, count ? count * 2 : 1, size);
	if (count > 0)
		memcpy(more, array, count * size);
	return more;
}

static const char *join(struct roster_call *h, const char *const *texts)
{
	const char *all = "";

	for (; texts && *texts; texts++)
		all = arena_format(h->arena, "%s%s%s", all, all[0] ? " " : "", *texts);
	return texts ? all : NULL;
}

static int host_emit(struct roster_call *h, const struct roster_identity *person)
{
	struct harness_person *kept;

	if (!person->remote_id || !person->remote_id[0] ||
	    (person->standing != ROSTER_GONE && !person->user_name))
		return host_fail(h, ROSTER_NONSENSE, 0, "a person without a key or a user name");
	if (!acceptable(h, "remote_id", person->remote_id, ROSTER_ID_MOST) ||
	    !acceptable(h, "reference", person->reference, ROSTER_ID_MOST) ||
	    !acceptable(h, "user_name", person->user_name, ROSTER_TEXT_MOST) ||
	    !acceptable(h, "email", person->email, ROSTER_TEXT_MOST) ||
	    !acceptable(h, "display_name", person->display_name, ROSTER_TEXT_MOST) ||
	    !acceptable(h, "stamp", person->stamp, ROSTER_STAMP_MOST))
		return -1;
	if (person->standing == ROSTER_GONE && h->scope == ROSTER_ALL)
		return host_fail(h, ROSTER_NONSENSE, 0, "a listing of all does not name who is gone");
	if (h->people_wanted > 0 && h->people_count == h->people_wanted)
		return host_fail(h, ROSTER_TRY_LATER, 0, "enough");
	h->people = grown(h, h->people, h->people_count, sizeof(*h->people));
	kept = &h->people[h->people_count++];
	*kept = (struct harness_person){
		.id = arena_text(h->arena, person->remote_id),
		.reference = arena_text(h->arena, person->reference),
		.user_name = arena_text(h->arena, person->user_name),
		.email = arena_text(h->arena, person->email),
		.given_name = arena_text(h->arena, person->given_name),
		.family_name = arena_text(h->arena, person->family_name),
		.display_name = arena_text(h->arena, person->display_name),
		.groups = join(h, person->groups),
		.standing = person->standing,
		.stamp = arena_text(h->arena, person->stamp),
	};
	if (person->attributes && person->attributes[0].name)
		kept->attribute = arena_text(h->arena, person->attributes[0].values[0]);
	for (const struct roster_address *a = person->addresses; a && a->email; a++)
		kept->addresses++;
	return 0;
}

static int host_emit_group(struct roster_call *h, const struct roster_group *group)
{
	if (!group->remote_id || !group->name)
		return host_fail(h, ROSTER_NONSENSE, 0, "a group without a key or a name");
	if (!acceptable(h, "remote_id", group->remote_id, ROSTER_ID_MOST) ||
	    !acceptable(h, "name", group->name, ROSTER_TEXT_MOST) ||
	    !acceptable(h, "stamp", group->stamp, ROSTER_STAMP_MOST))
		return -1;
	if ((group->partial && h->scope != ROSTER_CHANGED) || (group->gone && h->scope == ROSTER_ALL))
		return host_fail(h, ROSTER_NONSENSE, 0, "a group that is partial or gone, which nobody asked for");
	h->groups = grown(h, h->groups, h->group_count, sizeof(*h->groups));
	h->groups[h->group_count++] =
		(struct harness_group){ arena_text(h->arena, group->remote_id),
					arena_text(h->arena, group->reference),
					arena_text(h->arena, group->name), group->gone != 0,
					group->partial != 0, arena_text(h->arena, group->stamp) };
	return 0;
}

static int host_emit_member(struct roster_call *h, const char *group, const char *member)
{
	if (!acceptable(h, "group", group, ROSTER_ID_MOST) ||
	    !acceptable(h, "member", member, ROSTER_ID_MOST))
		return -1;
	h->memberships = grown(h, h->memberships, h->membership_count, sizeof(*h->memberships));
	h->memberships[h->membership_count++] =
		(struct harness_membership){ arena_text(h->arena, group), arena_text(h->arena, member) };
	return 0;
}

static int host_emit_member_gone(struct roster_call *h, const char *group, const char *member)
{
	if (!acceptable(h, "group", group, ROSTER_ID_MOST) || !acceptable(h, "member", member, ROSTER_ID_MOST))
		return -1;
	if (!group || !member || h->scope != ROSTER_CHANGED)
		return host_fail(h, ROSTER_NONSENSE, 0, "a removed membership that is none, or that nobody asked for");
	h->memberships_gone = grown(h, h->memberships_gone, h->membership_gone_count, sizeof(*h->memberships_gone));
	h->memberships_gone[h->membership_gone_count++] =
		(struct harness_membership){ arena_text(h->arena, group), arena_text(h->arena, member) };
	return 0;
}

static int host_emit_present(struct roster_call *h, enum roster_subject subject, const char *id, const char *stamp)
{
	if (!acceptable(h, "remote_id", id, ROSTER_ID_MOST) || !acceptable(h, "stamp", stamp, ROSTER_STAMP_MOST))
		return -1;
	if (!id || (subject != ROSTER_PERSON && subject != ROSTER_GROUP) || h->scope != ROSTER_CHANGED)
		return host_fail(h, ROSTER_NONSENSE, 0, "a present record that is none, or that nobody asked for");
	h->present = grown(h, h->present, h->present_count, sizeof(*h->present));
	h->present[h->present_count++] =
		(struct harness_present){ arena_text(h->arena, id), arena_text(h->arena, stamp), subject };
	return 0;
}

static int host_emit_refused(struct roster_call *h, const char *id, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int host_emit_refused(struct roster_call *h, const char *id, const char *fmt, ...)
{
	va_list args;

	if (!acceptable(h, "remote_id", id, ROSTER_ID_MOST))
		return -1;
	h->refused = grown(h, h->refused, h->refused_count, sizeof(*h->refused));
	va_start(args, fmt);
	h->refused[h->refused_count++] =
		(struct harness_refused){ arena_text(h->arena, id), arena_formatv(h->arena, fmt, args) };
	va_end(args);
	return 0;
}

static const char *host_setting(struct roster_call *h, const char *name)
{
	for (size_t i = 0; i < h->setting_count; i++)
		if (strcmp(h->settings[i].name, name) == 0)
			return h->settings[i].value;
	for (const struct roster_setting *row = h->connector->settings; row->name; row++)
		if (strcmp(row->name, name) == 0) {
			int64_t ms;

			if (row->type == ROSTER_DURATION && row->fallback &&
			    text_to_duration_ms(row->fallback, &ms) == 0)
				return arena_format(h->arena, "%lld", (long long)ms);
			return row->fallback;
		}
	return NULL;
}

static void host_note(struct roster_call *h, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void host_note(struct roster_call *h, const char *fmt, ...)
{
	size_t length = strlen(h->notes);
	va_list args;

	va_start(args, fmt);
	vsnprintf(h->notes + length, sizeof(h->notes) - length, fmt, args);
	va_end(args);
	length = strlen(h->notes);
	snprintf(h->notes + length, sizeof(h->notes) - length, "\n");
}

static void host_step(struct roster_call *h, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void host_step(struct roster_call *h, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(h->step, sizeof(h->step), fmt, args);
	va_end(args);
	if (h->on_step)
		h->on_step(h);
}

static int64_t host_left_ms(struct roster_call *h)
{
	return h->deadline - now_ms();
}

/* Connects within the time; the descriptor is blocking, as the daemon's. */
static int connect_within(int fd, const struct sockaddr *address, socklen_t size, int timeout_ms)
{
	struct pollfd ready = { .fd = fd, .events = POLLOUT };
	int error = 0, flags = fcntl(fd, F_GETFL);
	socklen_t length = sizeof(error);

	fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	if (connect(fd, address, size) < 0 &&
	    (errno != EINPROGRESS || poll(&ready, 1, timeout_ms) != 1 ||
	     getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0 || error != 0))
		return -1;
	return fcntl(fd, F_SETFL, flags);
}

static int dial_path(const char *path, int timeout_ms)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (connect_within(fd, (const struct sockaddr *)&address, sizeof(address), timeout_ms) == 0)
		return fd;
	close(fd);
	return -1;
}

static int dial_host(const char *host, const char *port, int timeout_ms)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found = NULL;
	int fd = -1;

	if (getaddrinfo(host, port, &hints, &found) != 0)
		return -1;
	for (struct addrinfo *at = found; at && fd < 0; at = at->ai_next) {
		fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd >= 0 && connect_within(fd, at->ai_addr, at->ai_addrlen, timeout_ms) < 0) {
			close(fd);
			fd = -1;
		}
	}
	freeaddrinfo(found);
	return fd;
}

static int host_dial(struct roster_call *h, const char *host, const char *port, int timeout_ms)
{
	int fd = port ? dial_host(host, port, timeout_ms) : dial_path(host, timeout_ms);

	h->dials++;
	if (h->failed && h->failed_to_dial) { /* another server is tried */
		host_note(h, "%s", h->why);
		h->failed = false;
	}
	h->failed_to_dial = fd < 0 && !h->failed;
	if (fd < 0)
		host_fail(h, ROSTER_TRY_LATER, 0, "could not connect to \"%s\"", host);
	return fd;
}

static int host_cursor(struct roster_call *h, const void *bytes, size_t size)
{
	if (size > sizeof(h->cursor))
		return host_fail(h, ROSTER_NONSENSE, 0, "a cursor that is too long");
	memcpy(h->cursor, bytes, size);
	h->cursor_size = size;
	h->has_cursor = true;
	return 0;
}

static void host_whole(struct roster_call *h, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void host_whole(struct roster_call *h, const char *fmt, ...)
{
	va_list args;

	h->whole = true;
	va_start(args, fmt);
	vsnprintf(h->proof, sizeof(h->proof), fmt, args);
	va_end(args);
}

static void host_incomplete(struct roster_call *h, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void host_incomplete(struct roster_call *h, const char *fmt, ...)
{
	va_list args;

	h->incomplete = true;
	va_start(args, fmt);
	vsnprintf(h->proof, sizeof(h->proof), fmt, args);
	va_end(args);
}

__attribute__((format(printf, 5, 6))) static void host_prove(struct roster_call *h, const char *part, enum roster_evidence evidence,
							     const char *value, const char *fmt, ...)
{
	struct harness_part *ret = &h->parts[h->part_count];
	va_list args;

	if (h->part_count == ROSTER_PARTS_MOST || (evidence >= ROSTER_SAME) != (value && value[0]))
		abort();
	va_start(args, fmt);
	vsnprintf(ret->words, sizeof(ret->words), fmt, args);
	va_end(args);
	ret->name = arena_text(h->arena, part);
	ret->value = value ? arena_text(h->arena, value) : NULL;
	ret->evidence = evidence;
	h->part_count++;
}

static const struct roster_host host = {
	.size = sizeof(host),
	.emit = host_emit,
	.emit_group = host_emit_group,
	.emit_member = host_emit_member,
	.emit_refused = host_emit_refused,
	.fail = host_fail,
	.setting = host_setting,
	.note = host_note,
	.step = host_step,
	.left_ms = host_left_ms,
	.dial = host_dial,
	.cursor = host_cursor,
	.whole = host_whole,
	.incomplete = host_incomplete,
	.emit_member_gone = host_emit_member_gone,
	.emit_present = host_emit_present,
	.prove = host_prove,
};

/* ---- the test's side
 * ---------------------------------------------------------------------------------------------------------
 */

void harness_open(struct roster_call *h, const struct roster_connector *connector)
{
	memset(h, 0, sizeof(*h));
	h->connector = connector;
	h->call_ms = CALL_MS;
	h->arena = arena_open("harness");
}

void harness_set(struct roster_call *h, const char *name, const char *value)
{
	size_t i = 0;

	while (i < h->setting_count && strcmp(h->settings[i].name, name) != 0)
		i++;
	if (i == HARNESS_SETTINGS_MOST)
		abort();
	if (i == h->setting_count)
		h->setting_count++;
	h->settings[i].name = name;
	h->settings[i].value = value;
}

static void hang_up(struct roster_call *h)
{
	if (h->self)
		h->connector->close(h->self);
	h->self = NULL;
}

static void forget(struct roster_call *h)
{
	arena_reset(h->arena);
	h->people_count = h->group_count = h->membership_count = h->refused_count = 0;
	h->membership_gone_count = h->present_count = 0;
	h->notes[0] = h->step[0] = h->proof[0] = h->why[0] = '\0';
	h->whole = h->incomplete = h->failed = false;
	h->part_count = 0;
	h->dials = 0;
}

void harness_reset(struct roster_call *h)
{
	hang_up(h);
	forget(h);
}

void harness_close(struct roster_call *h)
{
	hang_up(h);
	arena_close(&h->arena);
}

/* A call that fails must have said why, and one that does not must not have. */
static int judged(struct roster_call *h, int result)
{
	if ((result < 0) != h->failed) {
		fprintf(stderr, "# the plug-in returned %d, fail() was%s called\n", result,
			h->failed ? "" : " not");
		abort();
	}
	return result;
}

static int ready(struct roster_call *h)
{
	h->failed = h->failed_to_dial = h->has_cursor = false;
	h->deadline = now_ms() + h->call_ms;
	return h->self ? 0 : judged(h, h->connector->open(h, &host, &h->self));
}

int harness_check(struct roster_call *h)
{
	int result = ready(h) < 0 ? -1 : h->connector->check(h, h->self);

	return judged(h, result);
}

int harness_page(struct roster_call *h, struct roster_ask *ask)
{
	int result;

	ask->size = sizeof(*ask);
	if (!ask->scope)
		ask->scope = ROSTER_ALL;
	h->scope = ask->scope;
	result = ready(h) < 0 ? -1 : h->connector->directory->page(h, h->self, ask);
	if (ask->scope == ROSTER_ALL && result == 0 && h->whole == h->incomplete)
		abort(); /* exactly one of the two must be said */
	if ((h->whole && h->incomplete) || (result == 1 && !h->has_cursor))
		abort(); /* not both; and where the next page begins */
	return judged(h, result);
}

int harness_watch(struct roster_call *h, struct roster_ask *ask, int64_t call_ms)
{
	int64_t usual = h->call_ms;
	int result;

	ask->size = sizeof(*ask);
	ask->scope = ROSTER_CHANGED;
	h->scope = 0;
	h->call_ms = call_ms;
	result = ready(h) < 0 ? -1 : h->connector->watch->watch(h, h->self, ask);
	h->call_ms = usual;
	if (result > 1)
		abort();
	return judged(h, result);
}

/* Pages from where `ask` begins to the end. */
static int read_pages(struct roster_call *h, struct roster_ask *ask)
{
	static char cursor[ROSTER_CURSOR_MOST];
	int pages = 0, more;

	do {
		more = harness_page(h, ask);
		if (more < 0 || ++pages == PAGES_MOST)
			return -1;
		memcpy(cursor, h->cursor, h->cursor_size);
		ask->cursor = cursor;
		ask->cursor_size = h->cursor_size;
	} while (more == 1);
	return pages;
}

int harness_read(struct roster_call *h)
{
	struct roster_ask ask = { .scope = ROSTER_ALL };

	forget(h);
	return read_pages(h, &ask);
}

int harness_read_changed(struct roster_call *h)
{
	static char cursor[ROSTER_CURSOR_MOST];
	struct roster_ask ask = { .scope = ROSTER_CHANGED, .cursor = cursor, .cursor_size = h->cursor_size };

	memcpy(cursor, h->cursor, h->cursor_size);
	h->whole = h->incomplete = false;
	return read_pages(h, &ask);
}

const struct harness_person *harness_person(const struct roster_call *h, const char *user_name)
{
	for (size_t i = 0; i < h->people_count; i++)
		if (text_equal(h->people[i].user_name, user_name))
			return &h->people[i];
	return NULL;
}

const struct harness_group *harness_group(const struct roster_call *h, const char *name)
{
	for (size_t i = 0; i < h->group_count; i++)
		if (text_equal(h->groups[i].name, name))
			return &h->groups[i];
	return NULL;
}

bool harness_is_member(const struct roster_call *h, const char *group, const char *member)
{
	for (size_t i = 0; i < h->membership_count; i++)
		if (text_equal(h->memberships[i].group, group) &&
		    text_equal(h->memberships[i].member, member))
			return true;
	return false;
}

char *harness_file(const char *path)
{
	enum { FILE_MOST = 65536 };
	char *text = calloc(1, FILE_MOST);
	FILE *file = fopen(path, "re");

	if (!text || !file || fread(text, 1, FILE_MOST - 1, file) == 0) {
		fprintf(stderr, "# cannot read %s\n", path);
		abort();
	}
	fclose(file);
	return text;
}
