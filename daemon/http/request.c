/* Looking into a request by name. */
#include "http/request.h"

#include "base/text.h"

#include <string.h>

const char *request_header(const struct request *request, const char *name)
{
	for (size_t i = 0; i < request->header_count; i++)
		if (text_equal_nocase(request->headers[i].name, name))
			return request->headers[i].value;
	return NULL;
}

static const char *value_of(const struct request_pair *pairs, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(pairs[i].name, name) == 0)
			return pairs[i].value;
	return NULL;
}

const char *request_query(const struct request *request, const char *name)
{
	return value_of(request->query, request->query_count, name);
}

const char *request_segment(const struct request *request, const char *name)
{
	return value_of(request->segments, request->segment_count, name);
}
