/* Two persistent searches on a connection of their own; what they bring says only that there is something to
 * read. */
#include "ldap/sync_watch.h"

#include <stdlib.h>
#include <time.h>

#include "base/arena.h"
#include "ldap/search.h"
#include "ldap/stream.h"
#include "ldap/sync_position.h"
#include "ldap/sync_search.h"

enum {
	PING_MS = 30000, /* between two questions to a server that says nothing */
	PONG_MS = 10000, /* in which it has to answer */
	MARGIN_MS = 250, /* before the deadline at which waiting ends */
};

/* Two searches that stay, one for each base; what they bring says only that there is something. */
struct watching {
	struct sync_search searches[2];
	int msgids[2];
	size_t count;
	int ping;	    /* the question under way, -1: none */
	int64_t heard_ms;   /* when the server was heard last, and */
	int64_t pinged_ms;  /* when it was asked, on the monotonic clock */
	bool changed, over; /* over: the server ended a search, begin again */
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int notice_entry(void *context, const struct sync_entry *entry)
{
	struct watching *watching = context;

	(void)entry;
	watching->changed = true;
	return 0;
}

static int notice_info(void *context, struct sync_info *info)
{
	struct watching *watching = context;

	watching->changed = watching->changed || info->kind == SYNC_ID_SET;
	return 0;
}

/* Begins at the server's state of now. What changed between the place and that is a reason to look. */
static int begin_watching(struct directory *d, const struct view *view, const char *bytes, size_t size)
{
	struct watching *watching = calloc(1, sizeof(*watching));
	struct sync_position *place = arena_take(d->page, sizeof(*place));
	bool known = bytes && sync_read_place(bytes, size, place) == 0;

	if (!watching) {
		d->caller.host->fail(d->caller.call, ROSTER_TRY_LATER, 0, "out of memory");
		return -1;
	}
	d->reading = watching;
	watching->ping = -1;
	watching->heard_ms = now_ms();
	watching->changed = bytes && !known;
	watching->count = sync_bases(d, view, watching->searches);
	for (size_t i = 0; i < watching->count; i++) {
		struct sync_search *search = &watching->searches[i];
		struct berval now;

		if (sync_read_now(d, search, &now) < 0)
			return -1;
		if (known && sync_place_of(d, &place->cookies[i], &now) != SYNC_PLACE_CURRENT)
			watching->changed = true;
		search->doing = i == 0 ? "waiting for changes of people" : "waiting for changes of groups";
		search->mode = SYNC_REFRESH_AND_PERSIST;
		search->cookie = now;
		if (sync_send(&d->caller, d->session, search, &watching->msgids[i]) < 0)
			return -1;
		search->cookie = (struct berval){ 0, NULL }; /* lives as long as the page */
	}
	return 0;
}

static int end_watching(struct directory *d, struct watching *watching, const struct sync_search *search,
			const struct sync_end *end)
{
	if (end->code != LDAP_SUCCESS && end->code != LDAP_SYNC_REFRESH_REQUIRED)
		return session_fail(&d->caller, d->session, search->doing, end->code, end->said);
	watching->over = watching->changed = true;
	return 0;
}

static int notice(struct directory *d, struct watching *watching, LDAPMessage *message)
{
	const struct sync_listener listener = { notice_entry, notice_info, watching };
	struct sync_end end = { 0 };
	int result = 0;

	watching->heard_ms = now_ms();
	if (ldap_msgid(message) == watching->ping && ldap_msgtype(message) == LDAP_RES_SEARCH_RESULT)
		watching->ping = -1;
	for (size_t i = 0; result == 0 && i < watching->count; i++) {
		if (ldap_msgid(message) != watching->msgids[i])
			continue;
		result = sync_hear(&d->caller, d->session, &watching->searches[i], message, &listener, &end);
		result = result == 0  ? end_watching(d, watching, &watching->searches[i], &end)
			 : result > 0 ? 0
				      : -1;
	}
	sync_end_forget(&end);
	return result;
}

/* Asks whether it is still there: a frozen server, or one behind a broken network, says nothing just as a
 * quiet one does. */
static int ping(struct directory *d, struct watching *watching)
{
	int code = ldap_search_ext(d->session->ld, "", LDAP_SCOPE_BASE, "(objectClass=*)",
				   search_no_attributes, 0, NULL, NULL, NULL, 0, &watching->ping);

	watching->pinged_ms = now_ms();
	return code == LDAP_SUCCESS ? 0
				    : session_fail(&d->caller, d->session,
						   "asking whether the server is there", code, NULL);
}

/* How long to wait for the next message; asks the server for a sign of life when it is time. -1: fail() was
 * called. */
static int patience(struct directory *d, struct watching *watching)
{
	int64_t now = now_ms(), left = d->caller.host->left_ms(d->caller.call) - MARGIN_MS;
	int64_t until = watching->ping >= 0 ? watching->pinged_ms + PONG_MS : watching->heard_ms + PING_MS;

	if (watching->changed)
		return 0;
	if (until <= now && watching->ping >= 0)
		return d->caller.host->fail(
			d->caller.call, ROSTER_TRY_LATER, 0,
			"waiting for changes at \"%s\": no answer for %d s; see whether the server hangs",
			d->session->address->text, PONG_MS / 1000);
	if (until <= now) {
		if (ping(d, watching) < 0)
			return -1;
		until = now + PONG_MS;
	}
	return (int)(left <= 0 ? 0 : until - now < left ? until - now : left);
}

/* 1: a message was noticed; 0: none came in time; -1: fail() was called. */
static int wait_for_message(struct directory *d, struct watching *watching)
{
	int wait_ms = patience(d, watching), got, code = LDAP_SERVER_DOWN;
	struct timeval wait = { wait_ms / 1000, wait_ms % 1000 * 1000 };
	LDAPMessage *message;

	if (wait_ms < 0)
		return -1;
	stream_patience(d->session->stream, PONG_MS);
	got = ldap_result(d->session->ld, LDAP_RES_ANY, LDAP_MSG_ONE, &wait, &message);
	if (got == 0)
		return 0;
	if (got < 0) {
		ldap_get_option(d->session->ld, LDAP_OPT_RESULT_CODE, &code);
		return session_fail(&d->caller, d->session, "waiting for changes", code, NULL);
	}
	got = notice(d, watching, message);
	ldap_msgfree(message);
	return got < 0 ? -1 : 1;
}

int sync_watch(struct directory *d, const struct view *view, const char *place, size_t size)
{
	struct watching *watching;
	int got;

	d->caller.host->step(d->caller.call, "waiting for changes at \"%s\"", d->session->address->text);
	if (!d->reading && begin_watching(d, view, place, size) < 0)
		return -1;
	watching = d->reading;
	/* After the first change, whatever else is already there belongs to it. */
	do
		got = wait_for_message(d, watching);
	while (got == 1 ||
	       (got == 0 && !watching->changed && d->caller.host->left_ms(d->caller.call) > MARGIN_MS));
	if (got < 0)
		return -1;
	got = watching->changed;
	watching->changed = false;
	if (watching->over)
		directory_hang_up(d);
	return got;
}

void sync_watch_forget(struct directory *d)
{
	free(d->reading);
	d->reading = NULL;
}
