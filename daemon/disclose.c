/* Walks the file by the table of settings. */
#include "disclose.h"

#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "config.h"
#include "syntax.h"

enum { SECRETS_MOST = 16 };

#define REMOVED "(removed)"

typedef void visit_fn(void *context, const char *name, const struct setting *row, const struct syntax_setting *given);

static const struct syntax_section *section_of(const struct syntax_section *file, const char *name)
{
	if (!*name)
		return file;
	for (const struct syntax_section *s = file->sections; s; s = s->next)
		if (text_equal(s->name, name))
			return s;
	return NULL;
}

static void visit_section(const struct settings_form *form, const struct syntax_section *section, struct arena *arena,
			  visit_fn *visit, void *context)
{
	for (const struct setting *row = form->rows; row && row->name; row++)
		for (const struct syntax_setting *given = section->settings; given; given = given->next)
			if (text_equal(given->name, row->name))
				visit(context,
				      *form->section ? arena_format(arena, "%s.%s", form->section, row->name) : row->name,
				      row, given);
}

static const struct syntax_section *read_file(const char *path, struct arena *arena)
{
	struct problems *ignored = arena_take(arena, sizeof(*ignored));
	const struct syntax_section *file = NULL;

	problems_open(ignored, arena);
	return path && syntax_read(arena, path, &file, ignored) == 0 ? file : NULL;
}

bool disclose_readable(const char *path, struct arena *arena)
{
	return !path || read_file(path, arena);
}

/* Calls visit for each setting of the table that the file has. */
static void visit_file(const char *path, struct arena *arena, visit_fn *visit, void *context)
{
	const struct syntax_section *file = read_file(path, arena), *section;

	for (const struct settings_form *const *form = config_forms(); file && *form; form++)
		if ((section = section_of(file, (*form)->section)))
			visit_section(*form, section, arena, visit, context);
}

/* ---- what may be shown ---- */

static bool is_reference(const char *text)
{
	return text_begins(text, "file:/") || text_begins(text, "credential:");
}

/* A password stands neither in a connection string nor in a URL, by the rules; not everybody keeps them. */
static bool may_hold_password(const char *text)
{
	return strstr(text, "pass") || strchr(text, '@');
}

static bool names_people(const char *name)
{
	return text_equal(name, "admin_users") || text_equal(name, "admin_groups");
}

static const char *shown(const struct setting *row, const char *text)
{
	if (row->type == SETTING_SECRET)
		return is_reference(text) ? text : REMOVED;
	return may_hold_password(text) || names_people(row->name) ? REMOVED : text;
}

static void write_setting(void *context, const char *name, const struct setting *row, const struct syntax_setting *given)
{
	struct json_writer *w = context;

	json_begin_array(w, name);
	for (size_t i = 0; i < given->count; i++)
		json_put_text(w, NULL, shown(row, given->values[i].text));
	json_end_array(w);
}

void disclose_settings(const char *path, struct arena *arena, struct json_writer *w)
{
	json_begin_object(w, "configuration");
	visit_file(path, arena, write_setting, w);
	json_end_object(w);
}

/* ---- where secrets are ---- */

struct secret_files {
	const char **list;
	size_t count;
};

static void take_file(void *context, const char *name, const struct setting *row, const struct syntax_setting *given)
{
	struct secret_files *files = context;

	(void)name;
	if (row->type == SETTING_SECRET && given->count > 0 && files->count < SECRETS_MOST &&
	    text_begins(given->values[0].text, "file:/"))
		files->list[files->count++] = given->values[0].text + strlen("file:");
}

const char *const *disclose_secret_files(const char *path, struct arena *arena)
{
	struct secret_files files = { arena_array(arena, SECRETS_MOST + 1, sizeof(*files.list)), 0 };

	visit_file(path, arena, take_file, &files);
	return files.list;
}
