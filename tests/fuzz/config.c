/* Configuration files: any bytes give a tree whose texts, lines and limits hold, and an organisation can be
 * read from it. */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/text.h"
#include "orgfile.h"
#include "problem.h"
#include "syntax.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text)
{
	assert(strlen(text) <= SYNTAX_TEXT_MOST);
	assert(text_is_printable(text, strlen(text)));
}

static void check_setting(const struct syntax_setting *setting, int last)
{
	int line = setting->line;

	check_text(setting->name);
	assert(*setting->name && setting->count <= SYNTAX_LIST_MOST);
	for (size_t i = 0; i < setting->count; i++) {
		check_text(setting->values[i].text);
		assert(setting->values[i].line >= line && setting->values[i].line <= last);
		line = setting->values[i].line;
	}
}

static void check_section(const struct syntax_section *section, int nesting, int last)
{
	assert(nesting <= SYNTAX_NESTING_MOST);
	assert(section->line >= 1 && section->line <= last);
	check_text(section->name);
	check_text(section->title);
	for (const struct syntax_setting *each = section->settings; each; each = each->next) {
		assert(each->line >= section->line);
		check_setting(each, last);
	}
	for (const struct syntax_section *each = section->sections; each; each = each->next) {
		assert(each->parent == section);
		check_section(each, nesting + 1, last);
	}
}

static int lines_of(const uint8_t *data, size_t size)
{
	int lines = 1;

	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	return lines;
}

/* A folder with the one file. */
static void make_folder(char *folder, const uint8_t *data, size_t size)
{
	char path[64];

	if (!mkdtemp(folder))
		abort();
	snprintf(path, sizeof(path), "%s/acme.conf", folder);
	FILE *file = fopen(path, "w");
	if (!file || fwrite(data, 1, size, file) != size || fclose(file) != 0)
		abort();
}

static void remove_folder(const char *folder)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/acme.conf", folder);
	unlink(path);
	rmdir(folder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped(arena) *arena = arena_open("fuzz");
	struct problems *problems = arena_take(arena, sizeof(*problems));
	struct settings_secrets secrets = { 0 };
	char folder[] = "/tmp/rosterd-fuzz-XXXXXX";
	const struct orgfile *organisations;
	size_t count;

	problems_open(problems, arena);
	if (size > SYNTAX_FILE_MOST)
		return 0;
	check_section(syntax_parse(arena, "fuzz.conf", (const char *)data, size, problems), 0,
		      lines_of(data, size));

	struct orgfile_options options = { .directory = folder };
	make_folder(folder, data, size);
	orgfile_read_all(arena, &options, NULL, &secrets, &organisations, &count, problems);
	assert(count == 1 && !secrets.first);
	remove_folder(folder);
	return 0;
}
