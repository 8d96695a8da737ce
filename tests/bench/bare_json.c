/* The floor of reading JSON: each file of a folder through yajl, with an event for each value and nothing done about it.
 *
 *     bare_json FOLDER
 *
 * Prints how many events there were, and the seconds. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <yajl/yajl_parse.h>

static unsigned long events;

static int on_null(void *context)
{
	(void)context;
	events++;
	return 1;
}

static int on_boolean(void *context, int value)
{
	(void)value;
	return on_null(context);
}

static int on_text(void *context, const unsigned char *text, size_t length)
{
	(void)text;
	(void)length;
	return on_null(context);
}

static int on_number(void *context, const char *text, size_t length)
{
	(void)text;
	(void)length;
	return on_null(context);
}

static int read_one(const char *folder, const char *name)
{
	static const yajl_callbacks callbacks = { on_null, on_boolean, NULL,	NULL,	 on_number, on_text,
						  on_null, on_text,    on_null, on_null, on_null };
	static unsigned char bytes[65536];
	char path[4096];
	yajl_handle parser;
	FILE *file;
	size_t size;
	int done;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "re");
	if (!file)
		return -1;
	parser = yajl_alloc(&callbacks, NULL, NULL);
	while ((size = fread(bytes, 1, sizeof(bytes), file)) > 0 && yajl_parse(parser, bytes, size) == yajl_status_ok)
		;
	done = yajl_complete_parse(parser) == yajl_status_ok ? 0 : -1;
	yajl_free(parser);
	fclose(file);
	return done;
}

int main(int argc, char **argv)
{
	DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
	struct timespec from, to;
	struct dirent *entry;

	if (!folder)
		return 2;
	clock_gettime(CLOCK_MONOTONIC, &from);
	while ((entry = readdir(folder)))
		if (entry->d_name[0] != '.' && read_one(argv[1], entry->d_name) < 0) {
			fprintf(stderr, "bare_json: %s is no JSON\n", entry->d_name);
			return 1;
		}
	clock_gettime(CLOCK_MONOTONIC, &to);
	closedir(folder);
	printf("%lu %.3f\n", events, (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9);
	return 0;
}
