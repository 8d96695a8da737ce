/* A cursor, or a message, of any bytes: what is accepted of the one is written, read, and written the same
 * again; the other is believed only if it has the clientState, and then whom it names is an id. The first
 * byte says which. */
#include "entra/messages.h"
#include "entra/place.h"

#include <stdarg.h>
#include <string.h>

#include "base/arena.h"
#include "place.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static bool looked, failed, replied;

static void turn_and_write(struct place *place, struct buffer *ret)
{
	place_turn(place);
	place_write(place, ret);
}

static void check_cursor(const uint8_t *bytes, size_t size)
{
	static struct place place;

	if (!check_place(bytes, size, place_read, place_write, &place))
		return;
	must(place.left_weight <= PLACE_LEFT_MOST && place.again_count <= PLACE_AGAIN_MOST,
	     "there is room for what was read");
	check_next(&place, place_read, turn_and_write);
}

static int on_fail(struct roster_call *call, enum roster_trouble trouble, int after_ms, const char *fmt, ...)
{
	(void)call;
	(void)after_ms;
	must(trouble == ROSTER_DENIED && fmt[0], "what is not believed is denied");
	failed = true;
	return -1;
}

static int on_look_at(struct roster_call *call, enum roster_subject subject, const char *id)
{
	struct guid guid;

	(void)call;
	must(subject == ROSTER_CHANGES ? !id : place_guid(id, &guid), "whom to look at is an id");
	looked = true;
	return 0;
}

static int on_reply(struct roster_call *call, int status, const char *type, const void *body, size_t size)
{
	(void)call;
	(void)type;
	must(status == 202 && !body && size == 0, "a message has an answer without words");
	replied = true;
	return 0;
}

static void check_message(const uint8_t *bytes, size_t size)
{
	static const struct roster_host host = {
		.size = sizeof(host), .fail = on_fail, .look_at = on_look_at, .reply = on_reply
	};
	static const struct roster_pair none[] = { { 0 } };
	const struct roster_message message = { .size = sizeof(message),
						.method = "POST",
						.query = none,
						.headers = none,
						.body = bytes,
						.body_size = size };
	static struct directory d;

	if (!d.vendor.page)
		d.vendor.page = arena_open("fuzz");
	arena_reset(d.vendor.page);
	d.vendor.caller = (struct fetch_caller){ NULL, &host };
	d.settings.client_state = "S";
	looked = failed = replied = false;
	must(messages_read(&d, &message) == (failed ? -1 : 0), "a failure has a reason");
	must(looked == replied && looked != failed, "who is believed is looked at, and answered");
	must(!looked || memchr(bytes, 'S', size) || memchr(bytes, '\\', size),
	     "nobody is believed without the clientState, as it is or escaped");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	if (size > 0 && bytes[0] == 'm')
		check_message(bytes + 1, size - 1);
	else if (size > 0)
		check_cursor(bytes + 1, size - 1);
	return 0;
}
