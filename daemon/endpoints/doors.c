#include "endpoints/doors.h"

#include <string.h>

#include "base/text.h"
#include "endpoints/page.h"
#include "endpoints/return_to.h"

enum { ADDRESS_MOST = 4 * RETURN_TO_MOST };

/* "/sso/ID/begin?...", as it may stand in an attribute and in a header. */
static const char *address_of(struct exchange *x, const struct sign_on_door *door, const char *email,
			      const char *return_to)
{
	__attribute__((cleanup(buffer_close))) struct buffer address;
	char id[ID_TEXT_SIZE];

	buffer_open(&address, ADDRESS_MOST);
	buffer_format(&address, "/sso/%s/begin", id_text(&door->connection, id));
	if (email) {
		buffer_text(&address, "?login_hint=");
		buffer_percent(&address, email);
	}
	if (return_to && *return_to) {
		buffer_text(&address, email ? "&return_to=" : "?return_to=");
		buffer_percent(&address, return_to);
	}
	return arena_text(x->arena, address.bytes);
}

void doors_go(struct exchange *x, const struct sign_on_door *door, const char *email, const char *return_to)
{
	x->reply->status = 303;
	reply_header(x->reply, "Location", "%s", address_of(x, door, email, return_to));
}

void doors_put(struct exchange *x, const struct sign_on_door *doors, size_t count, const char *email,
	       const char *return_to)
{
	page_says(x->reply, "There are several ways for you to sign in.");
	page_raw(x->reply, "<ul>\n");
	for (size_t i = 0; i < count; i++) {
		page_raw(x->reply, "<li><a href=\"");
		page_text(x->reply, address_of(x, &doors[i], email, return_to));
		page_raw(x->reply, "\">");
		page_text(x->reply, doors[i].name);
		page_raw(x->reply, "</a></li>\n");
	}
	page_raw(x->reply, "</ul>\n");
}
