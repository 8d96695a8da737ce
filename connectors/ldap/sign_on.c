#include "ldap/sign_on.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/text.h"
#include "ldap/named.h"
#include "ldap/search.h"
#include "ldap/session.h"
#include "ldap/view.h"

enum { ONE_MOST = 3 * SIGN_ON_NAME_MOST + 128, FILTER_MOST = 2 * NAMES_MOST * ONE_MOST, DIAGNOSTIC_MOST = 200, FOUND_MOST = 2 };

struct looking {
	struct directory *directory;
	struct view view;
	struct person person;
	const char *typed; /* the name, without case */
	const char *dn;	   /* NULL: nobody's */
	size_t count;
	bool usable;
};

static int judged(struct directory *d, bool passed, const char *check, const char *expected, const char *received, const char *advice)
{
	d->caller.host->checked(d->caller.call, check, passed, expected, passed ? NULL : received, passed ? NULL : advice);
	return passed ? 0 : d->caller.host->fail(d->caller.call, ROSTER_DENIED, 0, "%s: %s", check, advice);
}

int sign_on_begin(struct directory *d, const char *state)
{
	const char *page = d->caller.host->address(d->caller.call, "password");

	if (!page)
		return d->caller.host->fail(d->caller.call, ROSTER_MISCONFIGURED, 0, "the operator's \"public_url\" is not set");
	return d->caller.host->send_browser(d->caller.call, arena_format(d->page, "%s?state=%s", page, state), NULL);
}

/* ---- who is meant ---- */

static void add_names(struct buffer *filter, const struct names *names, const char *value)
{
	char one[ONE_MOST];

	for (const char *const *name = names->name; *name; name++)
		if (named_filter_bytes(*name, value, strlen(value), one, sizeof(one)) == 0)
			buffer_text(filter, one);
}

/* Whoever has this user name or, if it is one, this address of mail, and is not switched off. Every byte of what was typed is escaped. */
static const char *filter_for(const struct looking *l, const char *user_name)
{
	const struct settings *settings = &l->directory->settings;
	__attribute__((cleanup(buffer_close))) struct buffer filter;

	buffer_open(&filter, FILTER_MOST);
	buffer_format(&filter, "(&%s(|", l->view.user_filter);
	add_names(&filter, &l->view.fields[FIELD_USER_NAME], user_name);
	if (strchr(user_name, '@'))
		add_names(&filter, &l->view.fields[FIELD_EMAIL], user_name);
	buffer_text(&filter, ")");
	if (settings->disabled_filter)
		buffer_format(&filter, "(!%s)", settings->disabled_filter);
	buffer_text(&filter, ")");
	return filter.full ? NULL : arena_text(l->directory->page, filter.bytes);
}

/* What came lives until take() returns; who it is, is told after the bind. */
static struct berval keep_value(struct arena *arena, const struct berval *value)
{
	char *bytes = arena_take(arena, value->bv_len + 1); /* a key may have NULs: objectGUID */

	memcpy(bytes, value->bv_val, value->bv_len);
	return (struct berval){ value->bv_len, bytes };
}

static BerVarray keep_values(struct arena *arena, const struct berval *values)
{
	BerVarray kept;
	size_t count = 0;

	while (values && values[count].bv_val)
		count++;
	kept = arena_array(arena, count + 1, sizeof(*kept));
	for (size_t i = 0; i < count; i++)
		kept[i] = keep_value(arena, &values[i]);
	return kept;
}

static const struct entry *keep_entry(struct arena *arena, const struct entry *entry)
{
	struct entry *kept = arena_take(arena, sizeof(*kept));

	kept->dn = keep_value(arena, &entry->dn);
	kept->count = entry->count;
	for (size_t i = 0; i < entry->count; i++) {
		kept->attributes[i].name = keep_value(arena, &entry->attributes[i].name);
		kept->attributes[i].values = keep_values(arena, entry->attributes[i].values);
	}
	return kept;
}

static bool has_value(const struct looking *l, const struct entry *entry, enum field field)
{
	for (const char *const *name = l->view.fields[field].name; *name; name++)
		for (const struct berval *value = entry_values(entry, *name); value && value->bv_val; value++)
			if (text_equal(text_fold(l->directory->page, value->bv_val), l->typed))
				return true;
	return false;
}

/* Servers find somebody by many spellings (blanks, wide letters, letters without their accents), and each
 * would be tried as often as a name may be: rosterd counts what was typed. The one that stands in the
 * directory is theirs; only its case is free. */
static bool is_name_of(const struct looking *l, const struct entry *entry)
{
	return has_value(l, entry, FIELD_USER_NAME) ||
	       (strchr(l->typed, '@') && has_value(l, entry, FIELD_EMAIL));
}

static int take(void *context, const struct entry *entry)
{
	struct looking *l = context;
	char why[ROSTER_NOTE_MOST];

	if (l->count++ > 0)
		return 0;
	entry = keep_entry(l->directory->page, entry);
	if (!is_name_of(l, entry))
		return 0;
	l->dn = entry->dn.bv_val;
	l->usable = view_person(&l->view, entry, time(NULL), l->directory->page, &l->person, why) >= 0;
	return 0;
}

static int look(struct looking *l, const char *user_name)
{
	struct directory *d = l->directory;
	struct search search = { "finding who signs on", d->settings.user_base, filter_for(l, user_name), d->settings.user_scope,
				 l->view.user_attributes, 0, FOUND_MOST };
	struct outcome outcome;

	if (!search.filter)
		return d->caller.host->fail(d->caller.call, ROSTER_MISCONFIGURED, 0, "\"user_filter\" is too long");
	l->typed = text_fold(d->page, user_name);
	if (search_run(&d->caller, d->session, &search, take, l, &outcome) < 0)
		return -1;
	if (outcome.code != LDAP_SUCCESS && outcome.code != LDAP_SIZELIMIT_EXCEEDED)
		return search_fail(&d->caller, d->session, &search, &outcome);
	return 0;
}

/* ---- whether the password is theirs ---- */

/* What Active Directory says beside "invalid credentials" (49), and what other servers' codes mean. */
static const char *password_advice(int code, const char *diagnostic)
{
	static const struct {
		const char *data, *advice;
	} reasons[] = {
		{ "data 532", "the password has expired: it is to be changed" },
		{ "data 773", "the password must be changed before the first sign-on" },
		{ "data 775", "the account is locked, after too many wrong passwords" },
		{ "data 533", "the account is disabled" },
		{ "data 701", "the account has expired" },
		{ "data 530", "the account may not sign on at this hour" },
	};

	for (size_t i = 0; i < ARRAY_COUNT(reasons); i++)
		if (strstr(diagnostic, reasons[i].data))
			return reasons[i].advice;
	if (code == LDAP_INVALID_CREDENTIALS)
		return "the password is another one, or there is nobody of this name";
	if (code == LDAP_CONSTRAINT_VIOLATION)
		return "the account is locked, or has been tried too often";
	return "the server does not let this account bind; its log says why";
}

/* The conversation is somebody else's after that, so it ends. */
static int bind_as(struct looking *l, const char *dn, const char *password)
{
	struct directory *d = l->directory;
	char diagnostic[DIAGNOSTIC_MOST] = "";
	int code = LDAP_OTHER;
	int result = session_prove(&d->caller, d->session, dn, password, &code, diagnostic, sizeof(diagnostic));

	directory_hang_up(d);
	if (result < 0)
		return -1;
	return judged(d, code == LDAP_SUCCESS && l->count == 1 && l->dn, "password",
		      "one that the server accepts",
		      arena_format(d->page, "result %d%s%.120s", code, diagnostic[0] ? ": " : "", diagnostic),
		      password_advice(code, diagnostic));
}

static bool is_private(const struct session *session, const struct settings *settings)
{
	return session->address->scheme != SCHEME_LDAP || settings->starttls;
}

int sign_on_password(struct directory *d, const char *user_name, const char *password)
{
	struct looking l = { .directory = d };
	const char *dn;

	if (judged(d, user_name[0] && strlen(user_name) <= SIGN_ON_NAME_MOST && password[0] && strlen(password) <= SIGN_ON_PASSWORD_MOST, "form",
		   "a name and a password", "one of them is empty, or too long", "both are to be filled in") < 0 ||
	    directory_connect(d) < 0)
		return -1;
	if (!is_private(d->session, &d->settings))
		return d->caller.host->fail(d->caller.call, ROSTER_MISCONFIGURED, 0,
					    "\"tls\" is none: no password of a person goes to \"%.150s\" in the clear; use ldaps:// or StartTLS",
					    d->session->address->text);
	l.view = view_make(d->page, &d->settings, d->session->vendor, NULL);
	if (look(&l, user_name) < 0)
		return directory_hang_up(d);
	if (l.count > 1)
		judged(d, false, "person", "one", "several",
		       "several people have this name: make \"user_name\" an attribute that is nobody's twice");
	dn = l.count == 1 && l.dn ? l.dn : arena_format(d->page, "cn=nobody,%s", d->settings.user_base);
	if (bind_as(&l, dn, password) < 0)
		return -1;
	if (judged(d, l.usable, "record", "one with a key", "one without", "see \"user_id\"") < 0)
		return -1;
	return d->caller.host->emit(d->caller.call, &l.person.identity);
}
