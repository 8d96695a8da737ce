/* What a server says in content synchronisation (RFC 4533), and the places that come back to us: any bytes are read within
 * their bounds, or refused. */
#include "platform.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ldap/branches.h"
#include "ldap/changed.h"
#include "ldap/modified.h"
#include "ldap/sync_control.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static bool lies_within(const struct berval *part, const struct berval *all)
{
	return part->bv_len == 0 || (part->bv_val >= all->bv_val && part->bv_len <= all->bv_len &&
				     part->bv_val + part->bv_len <= all->bv_val + all->bv_len);
}

static void try_messages(const struct berval *value)
{
	struct sync_entry entry;
	struct sync_done done;
	struct sync_info info;
	const unsigned char *uuid;
	char key[SYNC_KEY_SIZE];
	size_t left;

	if (sync_read_entry(value, &entry) == 0) {
		must(entry.state >= SYNC_PRESENT && entry.state <= SYNC_DELETE && lies_within(&entry.cookie, value));
		sync_key(entry.uuid, false, key);
		must(strlen(key) == SYNC_KEY_SIZE - 1);
		sync_key(entry.uuid, true, key);
		must(strlen(key) == SYNC_KEY_SIZE - 2);
	}
	if (sync_read_done(value, &done) == 0)
		must(lies_within(&done.cookie, value));
	if (sync_read_info(value, &info) < 0)
		return;
	must(lies_within(&info.cookie, value) && lies_within(&info.uuids, value));
	/* A set that was read has no rest that is no UUID. */
	for (left = info.uuids.bv_len; (uuid = sync_next_uuid(&info)); left = info.uuids.bv_len) {
		sync_key(uuid, false, key);
		must(info.uuids.bv_len < left);
	}
	must(left == 0);
}

/* A cookie that is read is never ahead of itself, and is written into a request whole. */
static void try_cookie(const struct berval *cookie)
{
	static char request[SYNC_COOKIE_MOST + SYNC_REQUEST_OVERHEAD];
	enum sync_place place = sync_place_openldap(cookie, cookie);
	int length = sync_write_request(SYNC_REFRESH_ONLY, cookie, request, sizeof(request));

	must(place == SYNC_PLACE_CURRENT || place == SYNC_PLACE_UNREADABLE);
	place = sync_place_389(cookie, cookie);
	must(place == SYNC_PLACE_CURRENT || place == SYNC_PLACE_UNREADABLE);
	must(length > 0 && (size_t)length >= cookie->bv_len);
	must(cookie->bv_len == 0 || memcmp(request + length - cookie->bv_len, cookie->bv_val, cookie->bv_len) == 0);
}

static void try_place(const char *bytes, size_t size)
{
	struct origin origin, again;
	struct buffer place __attribute__((cleanup(buffer_close)));
	char name[32], name_again[32];
	int length = place_read(bytes, size, name, &origin);

	buffer_open(&place, KB(64));
	if (length < 0)
		return;
	place_write(name, &origin, &place);
	must(place_read(place.bytes, place.length, name_again, &again) == (int)place.length);
	must(strcmp(name, name_again) == 0 && !place_differs(&origin, &again));
}

static void try_window(const char *bytes, size_t size)
{
	static struct window window, again;
	struct buffer text __attribute__((cleanup(buffer_close)));
	int length = window_read(bytes, size, &window);

	buffer_open(&text, KB(64));
	if (length < 0)
		return;
	must((size_t)length <= size);
	window_write(&window, &text);
	must(window_read(text.bytes, text.length, &again) == (int)text.length);
	must(window.from == again.from && window.newest == again.newest && window.count == again.count);
}

static void try_branches(const char *bytes, size_t size)
{
	static struct branches branches, again;
	struct buffer text __attribute__((cleanup(buffer_close)));
	int length = branches_parse(bytes, size, &branches);

	buffer_open(&text, KB(64));
	if (length < 0)
		return;
	must((size_t)length <= size);
	branches_write(&branches, &text);
	must(branches_parse(text.bytes, text.length, &again) == (int)text.length);
	must(branches_stand(&branches, &again));
}

static void try_stamp(const char *bytes, size_t size)
{
	char stamp[64];
	int64_t at;

	if (size >= sizeof(stamp))
		return;
	memcpy(stamp, bytes, size);
	stamp[size] = '\0';
	if (version_time(stamp, &at) == 0)
		must(at > INT64_C(-62200000000000000) && at < INT64_C(253500000000000000));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct berval value = { size, (char *)bytes };

	if (size > SYNC_COOKIE_MOST)
		return 0;
	try_messages(&value);
	try_cookie(&value);
	try_place((const char *)bytes, size);
	try_window((const char *)bytes, size);
	try_branches((const char *)bytes, size);
	try_stamp((const char *)bytes, size);
	return 0;
}
