/* Relies on the document's own layout, as openapi.sh does: a path at two blanks, a method at four, a status at eight. */
#include "flows/described.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

enum { LINE_MOST = 1024, TEXT_MOST = 160, STATUSES_MOST = 600 };

struct operation {
	char method[8], path[TEXT_MOST];
	bool lists[STATUSES_MOST];
};

static struct operation operations[200];
static size_t count;

static void upper(char *to, const char *from, size_t length)
{
	for (size_t i = 0; i < length; i++)
		to[i] = (char)(from[i] - 'a' + 'A');
	to[length] = '\0';
}

static bool is_method(const char *line, size_t *ret_length)
{
	static const char *const methods[] = { "get:", "post:", "patch:", "put:", "delete:", NULL };

	for (const char *const *method = methods; *method; method++)
		if (strncmp(line, "    ", 4) == 0 && strncmp(line + 4, *method, strlen(*method)) == 0)
			return *ret_length = strlen(*method) - 1, true;
	return false;
}

static void take_line(const char *line, char path[TEXT_MOST])
{
	size_t length;
	int status;

	if (strncmp(line, "  /", 3) == 0) {
		snprintf(path, TEXT_MOST, "%.*s", (int)strcspn(line + 2, ":"), line + 2);
	} else if (is_method(line, &length)) {
		assert_true(count < sizeof(operations) / sizeof(*operations));
		upper(operations[count].method, line + 4, length);
		memcpy(operations[count++].path, path, TEXT_MOST);
	} else if (count > 0 && sscanf(line, "        \"%3d\":", &status) == 1 && status < STATUSES_MOST) {
		operations[count - 1].lists[status] = true;
	}
}

void described_open(const char *name)
{
	FILE *file = fopen(name, "re");
	char line[LINE_MOST], path[TEXT_MOST] = "";
	bool inside = false;

	if (!file)
		fail_msg("%s cannot be read", name);
	count = 0;
	memset(operations, 0, sizeof(operations));
	while (fgets(line, sizeof(line), file)) {
		if (strncmp(line, "paths:", 6) == 0)
			inside = true;
		else if (line[0] >= 'a' && line[0] <= 'z')
			inside = false;
		else if (inside)
			take_line(line, path);
	}
	fclose(file);
	assert_true(count > 50);
}

/* How many segments are the same word; -1: it is another address. */
static int match(const char *pattern, const char *target)
{
	int same = 0;

	while (*pattern == '/' && *target == '/') {
		size_t wanted = strcspn(++pattern, "/"), given = strcspn(++target, "/?");

		if (given == 0 || (*pattern != '{' && (wanted != given || strncmp(pattern, target, given) != 0)))
			return -1;
		same += *pattern != '{';
		pattern += wanted;
		target += given;
	}
	return *pattern || (*target && *target != '?') ? -1 : same;
}

void described_check(const char *method, const char *target, int status)
{
	const struct operation *best = NULL;
	int same = -1;

	for (size_t i = 0; i < count; i++) {
		int found = strcmp(operations[i].method, method) == 0 ? match(operations[i].path, target) : -1;

		if (found > same) {
			same = found;
			best = &operations[i];
		}
	}
	if (best && status < 500 && !best->lists[status])
		fail_msg("%s %s answered %d, which schema/openapi.yaml does not list for it", best->method, best->path, status);
}
