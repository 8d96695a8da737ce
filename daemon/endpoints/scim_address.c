#include "endpoints/scim_address.h"

#include <string.h>

#include "base/text.h"
#include "endpoints/scim_resource.h"

/* The vendor's flag that administrators are told to put behind the base URL. */
#define FLAG "aadOptscim062020"

static void trim(struct request *request, unsigned *deviations)
{
	size_t length = strlen(request->path), left = length;

	while (left > 1 && request->path[left - 1] == '/')
		left--;
	if (request->doubled || left < length)
		*deviations |= SCIM_DEVIATION(SCIM_SLASHES);
	if (left < length)
		request->path = arena_text_n(request->arena, request->path, left);
	request->doubled = false;
}

/* The query's first name is "FLAG/Users?filter" then, or "FLAG/Users" if nothing follows. */
static void put_path_before_flag(struct request *request, unsigned *deviations)
{
	struct request_pair *first = &request->query[0];
	const char *path, *question;

	if (request->query_count == 0 || !text_begins(first->name, FLAG "/"))
		return;
	path = first->name + strlen(FLAG);
	question = strchr(path, '?');
	request->path = arena_format(request->arena, "%s%.*s", request->path,
				     (int)(question ? (size_t)(question - path) : strlen(path)), path);
	first->name = question ? question + 1 : FLAG;
	*deviations |= SCIM_DEVIATION(SCIM_FLAG_BEFORE_PATH);
}

void scim_address_tidy(struct request *request, unsigned *deviations)
{
	trim(request, deviations);
	put_path_before_flag(request, deviations);
}
