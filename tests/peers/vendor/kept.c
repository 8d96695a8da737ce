#include "peers/vendor/kept.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <microhttpd.h>

static char folder[256];

void kept_open(const char *name)
{
	snprintf(folder, sizeof(folder), "%s", name);
}

/* FNV-1a */
static void add_to_hash(uint64_t *hash, const char *text)
{
	for (; text && *text; text++)
		*hash = (*hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
	*hash = (*hash ^ '\n') * UINT64_C(1099511628211);
}

static enum MHD_Result add_parameter(void *hash, enum MHD_ValueKind kind, const char *name, const char *value)
{
	(void)kind;
	add_to_hash(hash, name);
	add_to_hash(hash, value);
	return MHD_YES;
}

static bool find_file(const struct vendor_request *request, char ret[300])
{
	uint64_t hash = UINT64_C(14695981039346656037);

	if (!folder[0] || strcmp(request->method, "GET") != 0)
		return false;
	add_to_hash(&hash, request->path);
	MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND, add_parameter, &hash);
	snprintf(ret, 300, "%s/%016" PRIx64, folder, hash);
	return true;
}

bool kept_find(const struct vendor_request *request, struct vendor_reply *reply)
{
	char name[300];
	FILE *file = find_file(request, name) ? fopen(name, "re") : NULL;
	struct stat about;
	char *bytes;

	if (!file)
		return false;
	if (fstat(fileno(file), &about) < 0 || !(bytes = malloc((size_t)about.st_size + 1)) ||
	    fread(bytes, 1, (size_t)about.st_size, file) != (size_t)about.st_size)
		abort();
	fclose(file);
	buffer_add(&reply->body, bytes, (size_t)about.st_size);
	free(bytes);
	return true;
}

void kept_add(const struct vendor_request *request, const struct vendor_reply *reply)
{
	char name[300];
	FILE *file = reply->status == 200 && find_file(request, name) ? fopen(name, "we") : NULL;

	if (!file)
		return;
	if (fwrite(reply->body.bytes, 1, reply->body.length, file) != reply->body.length || fclose(file) != 0)
		abort();
}
