/* What a domain controller says: DirSync's answers, security identifiers, references, and the places that come back to us. Any bytes
 * are read within their bounds, or refused. */
#include "platform.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "ldap/ad_change.h"
#include "ldap/ad_control.h"
#include "ldap/ad_place.h"
#include "ldap/ad_server.h"
#include "ldap/ad_sid.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { NAMES_OF_FILTER = 16, TEXT_MOST = 4096 };

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* A cookie that was read is written whole. */
static void try_answer(const struct berval *value)
{
	struct berval cookie, request, again;
	bool more;

	if (dirsync_read(value, &more, &cookie) < 0)
		return;
	must(cookie.bv_len > 0 && cookie.bv_len < value->bv_len);
	must(dirsync_write(&cookie, &request) == 0 && dirsync_read(&request, &more, &again) == 0);
	must(again.bv_len == cookie.bv_len && memcmp(again.bv_val, cookie.bv_val, cookie.bv_len) == 0);
	ber_memfree(cookie.bv_val);
	ber_memfree(request.bv_val);
	ber_memfree(again.bv_val);
}

/* A place that is read means the same when it is written. */
static void try_place(const char *bytes, size_t size)
{
	struct buffer text __attribute__((cleanup(buffer_close))) = { 0 };
	struct ad_place place, again;

	if (ad_place_read(bytes, size, &place) < 0)
		return;
	buffer_open(&text, size + TEXT_MOST);
	ad_place_write(&place, &text);
	must(ad_place_read(text.bytes, text.length, &again) == 0);
	must(again.usn == place.usn && again.at == place.at && again.expires == place.expires && again.tells == place.tells);
	must(again.cookie_size == place.cookie_size && text_equal(again.invocation, place.invocation));
	must(ad_place_lost(&place, &again, INT64_MAX) == NULL);
}

static void try_sid(const struct berval *value)
{
	unsigned char sibling[SID_MOST];
	struct berval other = { value->bv_len, (char *)sibling };
	uint32_t number;

	if (sid_number(value, &number) < 0)
		return;
	must(sid_sibling(value, ~number, sibling) == 0 && sid_number(&other, &number) == 0);
	must(sid_sibling(&other, ~number, sibling) == 0 && memcmp(sibling, value->bv_val, value->bv_len) == 0);
}

static void try_text(const char *text)
{
	struct ad_server server = { .known = true,
				    .domain = "DC=acme,DC=example",
				    .forest = "DC=acme,DC=example",
				    .configuration = "CN=Configuration,DC=acme,DC=example" };
	const char *names[NAMES_OF_FILTER + 1] = { NULL };
	struct arena *arena = arena_open("fuzz");

	ad_reference_holds_nobody(&server, text);
	ad_in_domain(&server, text);
	filter_unwatched(text);
	if (filter_names(text, arena, names, NAMES_OF_FILTER) == 0)
		for (const char **name = names; *name; name++)
			must(strstr(text, *name) != NULL && !strpbrk(*name, "()*="));
	arena_close(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const struct berval value = { size, (char *)bytes };
	char text[TEXT_MOST + 1];

	if (size == 0)
		return 0;
	try_answer(&value);
	try_place((const char *)bytes, size);
	try_sid(&value);
	if (size > TEXT_MOST)
		return 0;
	memcpy(text, bytes, size);
	text[size] = '\0';
	try_text(text);
	return 0;
}
