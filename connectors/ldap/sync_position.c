#include "ldap/sync_position.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "ldap/result.h"

bool sync_is_openldap(const struct directory *d)
{
	return text_equal(d->session->vendor->title, "OpenLDAP");
}

bool sync_is_389(const struct directory *d)
{
	return text_equal(d->session->vendor->title, "389 Directory Server");
}

/* People first; the second only if there are groups. 389-ds says nothing of an entry that leaves the filter,
 * so there it is asked for all entries of the base: those who are looked at and are not in scope are gone. */
size_t sync_bases(const struct directory *d, const struct view *view, struct sync_search ret[2])
{
	const struct settings *settings = &d->settings;
	const char *all = sync_is_389(d) ? "(objectClass=*)" : NULL;

	ret[0] = (struct sync_search){ .doing = "reading who changed",
				       .base = settings->user_base,
				       .filter = all ? all : view->user_filter,
				       .scope = settings->user_scope,
				       .mode = SYNC_REFRESH_ONLY };
	ret[1] = (struct sync_search){ .doing = "reading which groups changed",
				       .base = settings->group_base,
				       .filter = all ? all : settings->group_filter,
				       .scope = settings->group_scope,
				       .mode = SYNC_REFRESH_ONLY };
	return settings->group_base ? 2 : 1;
}

void sync_write_place(const struct branches *branches, const struct berval cookies[2], struct buffer *ret)
{
	branches_write(branches, ret);
	buffer_format(ret, "%zu %zu\n", (size_t)cookies[0].bv_len, (size_t)cookies[1].bv_len);
	for (int i = 0; i < 2; i++)
		buffer_add(ret, cookies[i].bv_val ? cookies[i].bv_val : "", cookies[i].bv_len);
}

static int read_cookies(const char *bytes, size_t size, struct sync_position *ret)
{
	const char *line = memchr(bytes, '\n', size);
	size_t first, second, head = line ? (size_t)(line - bytes) + 1 : 0;
	char text[48];

	if (!line || head >= sizeof(text))
		return -1;
	memcpy(text, bytes, head);
	text[head] = '\0';
	if (strchr(text, '-') || sscanf(text, "%6zu %6zu\n", &first, &second) != 2 ||
	    first > SYNC_COOKIE_MOST || second > SYNC_COOKIE_MOST || head + first + second != size)
		return -1;
	ret->cookies[0] = (struct berval){ first, (char *)bytes + head };
	ret->cookies[1] = (struct berval){ second, (char *)bytes + head + first };
	return 0;
}

int sync_read_place(const char *bytes, size_t size, struct sync_position *ret)
{
	int length = branches_parse(bytes, size, &ret->branches);

	return length < 0 ? -1 : read_cookies(bytes + length, size - (size_t)length, ret);
}

int sync_lose(struct directory *d, const char *fmt, ...)
{
	char why[ROSTER_NOTE_MOST];
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, sizeof(why), fmt, args);
	va_end(args);
	return d->caller.host->fail(d->caller.call, ROSTER_LOST_PLACE, 0, "%s; everything is read again",
				    why);
}

/* The cookie of a base as it is now, in the arena of the page. */
int sync_read_now(struct directory *d, const struct sync_search *search, struct berval *ret)
{
	struct sync_end end;
	char explanation[200];
	int result = 0;

	if (sync_now(&d->caller, d->session, search, &end) < 0)
		return -1;
	if (end.code != LDAP_SUCCESS) {
		result_explain(end.code, end.said, explanation, sizeof(explanation));
		result = sync_lose(d, "%s under \"%.100s\": %s", search->doing, search->base, explanation);
	} else {
		*ret = (struct berval){ end.cookie.bv_len,
					arena_copy(d->page, end.cookie.bv_val ? end.cookie.bv_val : "",
						   end.cookie.bv_len) };
	}
	sync_end_forget(&end);
	return result;
}

enum sync_place sync_place_of(const struct directory *d, const struct berval *ours, const struct berval *now)
{
	return sync_is_openldap(d) ? sync_place_openldap(ours, now) : sync_place_389(ours, now);
}
