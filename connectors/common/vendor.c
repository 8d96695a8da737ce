#include "common/vendor.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"
#include "common/oidc.h"

/* ---- open and closed ---- */

static int open_fetch(struct vendor *vendor, const struct setting_source *from)
{
	struct fetch_options options = {
		.vendor = vendor->kind->name,
		.request_id = vendor->kind->request_id,
		.proxy = setting_text(from, "proxy"),
		.authorities = setting_text(from, "ca_certificate"),
		.authorities_setting = "ca_certificate",
		.proxy_setting = "proxy",
		.limited = vendor->kind->limited,
	};

	if (setting_number(from, "timeout", 1000, 3600 * 1000, &options.silence_ms) < 0)
		return -1;
	return fetch_open(&vendor->caller, &options, &vendor->fetch);
}

int vendor_open(const struct vendor_kind *kind, struct roster_call *call, const struct roster_host *host,
		void **ret_directory)
{
	struct vendor *vendor = calloc(1, kind->size);
	struct setting_source from = { .call = call, .host = host };

	if (!vendor)
		return host->fail(call, ROSTER_TRY_LATER, 0, "out of memory");
	vendor->kind = kind;
	vendor->caller = (struct fetch_caller){ call, host };
	vendor->arena = arena_open("settings");
	vendor->page = arena_open("page");
	vendor->record = arena_open("record");
	from.arena = vendor->arena;
	if (open_fetch(vendor, &from) < 0 || kind->start(vendor, &from) < 0) {
		vendor_close(vendor);
		return -1;
	}
	*ret_directory = vendor;
	return 0;
}

void vendor_close(void *directory)
{
	struct vendor *vendor = directory;

	oidc_close(&vendor->oidc);
	oauth_close(&vendor->oauth);
	fetch_close(&vendor->fetch);
	arena_close(&vendor->record);
	arena_close(&vendor->page);
	arena_wipe(vendor->arena);
	arena_close(&vendor->arena);
	free(vendor);
}

void *vendor_serve(void *directory, struct roster_call *call)
{
	struct vendor *vendor = directory;

	vendor->caller.call = call;
	arena_reset(vendor->page);
	return directory;
}

/* ---- asking ---- */

int vendor_ask(struct vendor *vendor, const struct fetch_request *request)
{
	struct oauth *oauth = request->authorise ? vendor->oauth : NULL;

	if (fetch_ask(vendor->fetch, &vendor->caller, request, &vendor->answer) < 0)
		return -1;
	if (vendor->answer.status == 401 && oauth && oauth_refused(oauth) &&
	    fetch_ask(vendor->fetch, &vendor->caller, request, &vendor->answer) < 0)
		return -1;
	if (oauth && vendor->answer.status != 401)
		oauth_accepted(oauth);
	return 0;
}

bool vendor_is_allowed(int status, const int *allowed)
{
	for (; allowed && *allowed; allowed++)
		if (*allowed == status)
			return true;
	return status == 200;
}

const char *vendor_escape(struct vendor *vendor, const char *text)
{
	size_t size = 3 * strlen(text) + 1;
	char *ret = arena_take(vendor->page, size);

	fetch_escape(text, ret, size);
	return ret;
}

/* ---- giving ---- */

int vendor_emit(struct vendor *vendor, const struct roster_identity *person, const char *left_out,
		const char *user_name)
{
	const struct fetch_caller *caller = &vendor->caller;
	int result = caller->host->emit(caller->call, person);

	if (!left_out && !person->user_name[0])
		left_out = user_name;
	if (result == 0 && left_out)
		result = caller->host->emit_refused(
			caller->call, person->remote_id,
			"the %s \"%.100s\" is missing or cannot be used and was left out; correct it in %s",
			vendor->kind->value, left_out, vendor->kind->where);
	arena_reset(vendor->record);
	return result < 0 ? -1 : 1;
}

int vendor_emit_gone(struct vendor *vendor, const char *id)
{
	const struct roster_identity gone = { .size = sizeof(gone),
					      .remote_id = id,
					      .standing = ROSTER_GONE };

	return vendor->caller.host->emit(vendor->caller.call, &gone);
}

int vendor_emit_group_gone(struct vendor *vendor, const char *id)
{
	const struct roster_group gone = { .size = sizeof(gone), .remote_id = id, .name = id, .gone = 1 };

	return vendor->caller.host->emit_group(vendor->caller.call, &gone);
}

int vendor_refused(struct error *e)
{
	return error_set(e, ERROR_INPUT, "vendor.refused", "the record was not taken");
}

int vendor_cursor(struct vendor *vendor, const struct buffer *written)
{
	const struct fetch_caller *caller = &vendor->caller;

	if (written->full || written->length > ROSTER_CURSOR_MOST)
		return caller->host->fail(
			caller->call, ROSTER_NONSENSE, 0,
			"where the reading is does not fit into a cursor of %d bytes: %s gives "
			"links or tokens of next pages that are too long",
			ROSTER_CURSOR_MOST, vendor->kind->name);
	return caller->host->cursor(caller->call, written->bytes, written->length);
}

void vendor_note_requests(struct vendor *vendor, unsigned long long requests)
{
	const struct fetch_figures *figures = fetch_figures(vendor->fetch);
	const struct fetch_caller *caller = &vendor->caller;

	caller->host->note(caller->call,
			   "%llu requests; %llu of the last ones were told to wait, %lld s in all", requests,
			   (unsigned long long)figures->limited, (long long)(figures->waited_ms / 1000));
}
