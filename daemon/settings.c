/* Reads sections by their tables. Each type has one function that reads a value and says what it expected. */
#include "settings.h"

#include <arpa/inet.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/secret.h"
#include "base/text.h"
#include "problem.h"

#define wrong(r, line, ...) problem_add((r)->problems, (r)->file, line, __VA_ARGS__)

/* ---- values: each gives 0, or -1 if the text is no such thing ---- */

static int read_text(struct settings_reader *r, const struct setting *row, const char *text, void *ret)
{
	int64_t length = (int64_t)strlen(text);

	if (length < row->least || (row->most && length > row->most))
		return -1;
	*(const char **)ret = arena_text(r->arena, text);
	return 0;
}

static int read_path(struct settings_reader *r, const struct setting *row, const char *text, void *ret)
{
	(void)row;
	if (text[0] != '/' || strlen(text) >= PATH_MAX)
		return -1;
	*(const char **)ret = arena_text(r->arena, text);
	return 0;
}

static int read_word(struct settings_reader *r, const struct setting *row, const char *text, void *ret)
{
	(void)r;
	for (const char *const *word = row->words; *word; word++) {
		if (text_equal(*word, text)) {
			*(const char **)ret = *word;
			return 0;
		}
	}
	return -1;
}

static int read_yes_no(struct settings_reader *r, const struct setting *row, const char *text, void *ret)
{
	(void)r, (void)row;
	if (!text_equal(text, "yes") && !text_equal(text, "no"))
		return -1;
	*(bool *)ret = text_equal(text, "yes");
	return 0;
}

static bool in_range(const struct setting *row, int64_t value)
{
	return value >= row->least && value <= row->most;
}

static int read_number(struct settings_reader *r, const struct setting *row, const char *text, void *ret)
{
	int64_t value;

	(void)r;
	if (text_to_int64(text, &value) < 0 || !in_range(row, value))
		return -1;
	*(int *)ret = (int)value;
	return 0;
}

static int read_mode(struct settings_reader *r, const struct setting *row, const char *text, void *ret)
{
	unsigned mode = 0;

	(void)r, (void)row;
	if (strlen(text) < 3 || strlen(text) > 4 || strspn(text, "01234567") != strlen(text))
		return -1;
	for (; *text; text++)
		mode = mode << 3 | (unsigned)(*text - '0');
	if (mode > 0777)
		return -1;
	*(unsigned *)ret = mode;
	return 0;
}

static int read_duration(struct settings_reader *r, const struct setting *row, const char *text, void *ret)
{
	int64_t value;

	(void)r;
	if (text_to_duration_ms(text, &value) < 0 || !in_range(row, value))
		return -1;
	*(int *)ret = (int)value;
	return 0;
}

static int read_schedule(struct settings_reader *r, const struct setting *row, const char *text, void *ret)
{
	int64_t value = 0;

	(void)r;
	if (!text_equal(text, "never") && (text_to_duration_ms(text, &value) < 0 || !in_range(row, value)))
		return -1;
	*(int64_t *)ret = value;
	return 0;
}

static int read_size(struct settings_reader *r, const struct setting *row, const char *text, void *ret)
{
	uint64_t value;

	(void)r;
	if (text_to_size(text, &value) < 0 || value < (uint64_t)row->least || value > (uint64_t)row->most)
		return -1;
	*(uint64_t *)ret = value;
	return 0;
}

static int read_url(struct settings_reader *r, const struct setting *row, const char *text, void *ret)
{
	const char *host = text_begins(text, "https://")  ? text + 8
			   : text_begins(text, "http://") ? text + 7
							  : NULL;

	(void)row;
	if (!host || !*host || *host == '/' || strpbrk(host, "?#@ \"<>\\") || text_ends(text, "/"))
		return -1;
	*(const char **)ret = arena_text(r->arena, text);
	return 0;
}

static bool is_port(const char *text)
{
	int64_t port;

	return text_to_int64(text, &port) == 0 && port >= 0 && port <= 65535;
}

static bool is_host(const char *text, size_t length)
{
	unsigned char address[sizeof(struct in6_addr)];
	char host[INET6_ADDRSTRLEN + 2];
	bool six = length > 2 && text[0] == '[' && text[length - 1] == ']';

	if (length >= sizeof(host))
		return false;
	memcpy(host, text + six, length - 2 * six);
	host[length - 2 * six] = 0;
	return inet_pton(six ? AF_INET6 : AF_INET, host, address) == 1;
}

static bool is_address(const char *text)
{
	const char *colon = strrchr(text, ':');

	return colon && is_port(colon + 1) && is_host(text, (size_t)(colon - text));
}

static bool is_network(const char *text)
{
	unsigned char address[sizeof(struct in6_addr)];
	const char *slash = strchr(text, '/');
	size_t length = slash ? (size_t)(slash - text) : strlen(text);
	char host[INET6_ADDRSTRLEN];
	int64_t bits = 0;

	if (length >= sizeof(host) || (slash && text_to_int64(slash + 1, &bits) < 0) || bits < 0)
		return false;
	memcpy(host, text, length);
	host[length] = 0;
	return (inet_pton(AF_INET, host, address) == 1 && bits <= 32) ||
	       (inet_pton(AF_INET6, host, address) == 1 && bits <= 128);
}

/* ---- what was expected ---- */

static const char *expected_words(struct settings_reader *r, const struct setting *row)
{
	const char *all = "";

	for (size_t i = 0; row->words[i]; i++)
		all = arena_format(r->arena, "%s%s\"%s\"", all,
				   !i		       ? ""
				   : row->words[i + 1] ? ", "
						       : " or ",
				   row->words[i]);
	return all;
}

static const char *duration_text(struct settings_reader *r, int64_t ms)
{
	static const struct {
		int64_t ms;
		const char *unit;
	} units[] = { { 86400000, "d" }, { 3600000, "h" }, { 60000, "m" }, { 1000, "s" }, { 1, "ms" } };
	size_t i = 0;

	while (ms % units[i].ms)
		i++;
	return arena_format(r->arena, "%lld%s", (long long)(ms / units[i].ms), ms ? units[i].unit : "s");
}

static const char *size_text(struct settings_reader *r, int64_t bytes)
{
	static const char units[] = "\0kMGT";
	size_t i = 0;

	for (; units[i + 1] && bytes && bytes % 1024 == 0; i++)
		bytes /= 1024;
	return arena_format(r->arena, "%lld%.1s", (long long)bytes, units + i);
}

static const char *expected_range(struct settings_reader *r, const struct setting *row, const char *what)
{
	bool size = row->type == SETTING_SIZE;

	return arena_format(r->arena, "%s, from %s to %s,", what,
			    size ? size_text(r, row->least) : duration_text(r, row->least),
			    size ? size_text(r, row->most) : duration_text(r, row->most));
}

static const char *expected(struct settings_reader *r, const struct setting *row)
{
	switch (row->type) {
	case SETTING_TEXT:
		return arena_format(r->arena, "a text of %lld to %lld bytes", (long long)row->least,
				    (long long)row->most);
	case SETTING_PATH:
		return "a path that begins with \"/\"";
	case SETTING_WORD:
		return expected_words(r, row);
	case SETTING_YES_NO:
		return "\"yes\" or \"no\"";
	case SETTING_NUMBER:
		return arena_format(r->arena, "a whole number from %lld to %lld", (long long)row->least,
				    (long long)row->most);
	case SETTING_MODE:
		return "a mode such as \"0660\"";
	case SETTING_DURATION:
		return expected_range(r, row, "a time such as \"15m\"");
	case SETTING_SCHEDULE:
		return expected_range(r, row, "\"never\", or a time such as \"15m\"");
	case SETTING_SIZE:
		return expected_range(r, row, "a size such as \"64M\"");
	case SETTING_URL:
		return "an address such as \"https://sso.acme.example\", without a \"/\" at the end,";
	case SETTING_TEXTS:
		return "a list of texts";
	case SETTING_ADDRESSES:
		return "an address and port such as \"127.0.0.1:8080\" or \"[::1]:8080\"";
	case SETTING_NETWORKS:
		return "a network such as \"10.0.0.0/8\" or \"fd00::/8\"";
	case SETTING_SECRET:
		return "\"file:/path\" or \"credential:name\"";
	}
	return "";
}

static const char *meant(struct settings_reader *r, const char *given, const char *const *words)
{
	const char *word = words ? text_did_you_mean(given, words) : NULL;

	return word ? arena_format(r->arena, "; did you mean \"%s\"?", word) : "";
}

static void wrong_value(struct settings_reader *r, const struct setting *row, const char *name, int line,
			const char *text)
{
	wrong(r, line, "\"%s\" is \"%s\"; %s is expected%s", name, problem_value(r->problems, text),
	      expected(r, row), meant(r, text, row->words));
}

/* ---- secrets ---- */

void settings_secrets_close(struct settings_secrets *secrets)
{
	for (struct settings_secret *each = secrets->first; each; each = each->next)
		secret_close(&each->secret);
	secrets->first = NULL;
}

static const struct secret *keep(struct settings_reader *r, struct secret *secret)
{
	struct settings_secret *kept = arena_take(r->arena, sizeof(*kept));

	*kept = (struct settings_secret){ .secret = secret, .next = r->secrets->first };
	r->secrets->first = kept;
	return secret;
}

const struct secret *settings_secret(struct settings_reader *r, const char *name,
				     const struct syntax_value *value)
{
	struct secret *secret = NULL;
	struct error e;
	int got;

	if (text_begins(value->text, "file:/")) {
		got = secret_read_file(value->text + strlen("file:"), &secret, &e);
	} else if (text_begins(value->text, "credential:")) {
		got = secret_read_credential(value->text + strlen("credential:"), &secret, &e);
	} else {
		wrong(r, value->line,
		      "\"%s\" is a secret and cannot stand in this file; write \"file:/path\" of a file that "
		      "holds it, or \"credential:name\"",
		      name);
		return NULL;
	}
	if (got < 0) {
		wrong(r, value->line, "\"%s\": %s", name, e.text);
		return NULL;
	}
	return keep(r, secret);
}

/* ---- rows ---- */

typedef int read_fn(struct settings_reader *r, const struct setting *row, const char *text, void *ret);

static read_fn *const readers[] = {
	[SETTING_TEXT] = read_text,	    [SETTING_PATH] = read_path,		[SETTING_WORD] = read_word,
	[SETTING_YES_NO] = read_yes_no,	    [SETTING_NUMBER] = read_number,	[SETTING_MODE] = read_mode,
	[SETTING_DURATION] = read_duration, [SETTING_SCHEDULE] = read_schedule, [SETTING_SIZE] = read_size,
	[SETTING_URL] = read_url,
};

static bool is_list(enum setting_type type)
{
	return type == SETTING_TEXTS || type == SETTING_ADDRESSES || type == SETTING_NETWORKS;
}

static bool fits_list(enum setting_type type, const char *text)
{
	return type == SETTING_ADDRESSES  ? is_address(text)
	       : type == SETTING_NETWORKS ? is_network(text)
					  : *text != 0;
}

static void read_list(struct settings_reader *r, const struct setting *row, const char *name,
		      const struct syntax_setting *setting, void *ret)
{
	const char **list = arena_array(r->arena, setting->count + 1, sizeof(*list));

	for (size_t i = 0; i < setting->count; i++) {
		const struct syntax_value *value = &setting->values[i];

		list[i] = value->text;
		if (!fits_list(row->type, value->text))
			wrong_value(r, row, name, value->line, value->text);
	}
	*(const char *const **)ret = list;
}

static void read_row(struct settings_reader *r, const struct setting *row,
		     const struct syntax_section *section, const struct syntax_setting *setting, void *into)
{
	const char *name = settings_name(r, section, row->name);
	void *ret = (char *)into + row->offset;
	const char *text;

	if (is_list(row->type)) {
		read_list(r, row, name, setting, ret);
		return;
	}
	text = settings_one(r, section, setting);
	if (!text)
		return;
	if (row->type == SETTING_SECRET)
		*(const struct secret **)ret = settings_secret(r, name, &setting->values[0]);
	else if (readers[row->type](r, row, text, ret) < 0)
		wrong_value(r, row, name, setting->values[0].line, text);
}

/* A default of a list is one value, or none. */
static void default_row(struct settings_reader *r, const struct setting *row, void *into)
{
	void *ret = (char *)into + row->offset;

	if (is_list(row->type)) {
		const char **list = arena_array(r->arena, 2, sizeof(*list));

		list[0] = row->fallback;
		*(const char *const **)ret = list;
	} else if (row->fallback && row->type != SETTING_SECRET &&
		   readers[row->type](r, row, row->fallback, ret) < 0) {
		abort(); /* a row of ours that contradicts itself */
	}
}

void settings_defaults(struct settings_reader *r, const struct settings_form *form, void *into)
{
	for (const struct setting *row = form->rows; row && row->name; row++)
		default_row(r, row, into);
}

/* ---- values, compared ---- */

static bool same_lists(const char *const *a, const char *const *b)
{
	while (*a && *b && text_equal(*a, *b))
		a++, b++;
	return !*a && !*b;
}

static bool same_secrets(const struct secret *a, const struct secret *b)
{
	return a && b ? secret_equal(a, secret_bytes(b), secret_size(b)) : a == b;
}

/* Bytes of a row's value in its struct. */
static size_t size_of(enum setting_type type)
{
	switch (type) {
	case SETTING_YES_NO:
		return sizeof(bool);
	case SETTING_NUMBER:
	case SETTING_DURATION:
		return sizeof(int);
	case SETTING_MODE:
		return sizeof(unsigned);
	case SETTING_SCHEDULE:
		return sizeof(int64_t);
	case SETTING_SIZE:
		return sizeof(uint64_t);
	default:
		return sizeof(void *);
	}
}

bool settings_same(const struct setting *row, const void *a, const void *b)
{
	const void *x = (const char *)a + row->offset, *y = (const char *)b + row->offset;

	if (is_list(row->type))
		return same_lists(*(const char *const *const *)x, *(const char *const *const *)y);
	switch (row->type) {
	case SETTING_TEXT:
	case SETTING_PATH:
	case SETTING_WORD:
	case SETTING_URL:
		return text_equal(*(const char *const *)x, *(const char *const *)y);
	case SETTING_SECRET:
		return same_secrets(*(const struct secret *const *)x, *(const struct secret *const *)y);
	default:
		return memcmp(x, y, size_of(row->type)) == 0;
	}
}

void settings_copy(const struct setting *row, const void *from, void *into)
{
	memcpy((char *)into + row->offset, (const char *)from + row->offset, size_of(row->type));
}

/* ---- sections ---- */

int settings_line(const struct syntax_section *section, const char *name)
{
	for (const struct syntax_setting *each = section->settings; each; each = each->next)
		if (text_equal(each->name, name))
			return each->line;
	return section->line;
}

const char *settings_name(struct settings_reader *r, const struct syntax_section *section, const char *name)
{
	return section->parent ? arena_format(r->arena, "%s.%s", section->name, name) : name;
}

const char *settings_one(struct settings_reader *r, const struct syntax_section *section,
			 const struct syntax_setting *setting)
{
	if (setting->count == 1)
		return setting->values[0].text;
	wrong(r, setting->line, "\"%s\" is a list of %zu values; one value is expected",
	      settings_name(r, section, setting->name), setting->count);
	return NULL;
}

bool settings_repeated(struct settings_reader *r, const struct syntax_section *section,
		       const struct syntax_setting *setting)
{
	for (const struct syntax_setting *first = section->settings; first != setting; first = first->next) {
		if (!text_equal(first->name, setting->name))
			continue;
		wrong(r, setting->line, "\"%s\" is set a second time; the first is in line %d",
		      settings_name(r, section, setting->name), first->line);
		return true;
	}
	return false;
}

static const struct setting *find_row(const struct settings_form *form, const char *name)
{
	for (const struct setting *row = form->rows; row && row->name; row++)
		if (text_equal(row->name, name))
			return row;
	return NULL;
}

static bool has_section(const struct settings_form *form, const char *name)
{
	for (const char *const *each = form->sections; each && *each; each++)
		if (text_equal(*each, name))
			return true;
	return false;
}

/* The names of a form's settings and sections. */
static const char *const *all_names(struct settings_reader *r, const struct settings_form *form)
{
	size_t count = 0;

	for (const struct setting *row = form->rows; row && row->name; row++)
		count++;
	for (const char *const *each = form->sections; each && *each; each++)
		count++;

	const char **names = arena_array(r->arena, count + 1, sizeof(*names));
	size_t at = 0;
	for (const struct setting *row = form->rows; row && row->name; row++)
		names[at++] = row->name;
	for (const char *const *each = form->sections; each && *each; each++)
		names[at++] = *each;
	return names;
}

const char *settings_where(struct settings_reader *r, const char *name)
{
	for (const struct settings_form *const *form = r->forms; form && *form; form++)
		if (find_row(*form, name))
			return *(*form)->section ? arena_format(r->arena, "; it belongs in section \"%s\"",
								(*form)->section)
						 : "; it belongs outside of all sections";
	return NULL;
}

static void unknown(struct settings_reader *r, const struct settings_form *form,
		    const struct syntax_section *section, const char *what, const char *name, int line)
{
	const char *place = section->parent ? arena_format(r->arena, " in \"%s\"", section->name) : "";
	const char *elsewhere = text_equal(what, "setting") ? settings_where(r, name) : NULL;

	wrong(r, line, "there is no %s \"%s\"%s%s", what, problem_value(r->problems, name), place,
	      elsewhere ? elsewhere : meant(r, name, all_names(r, form)));
}

static void read_setting(struct settings_reader *r, const struct settings_form *form,
			 const struct syntax_section *section, const struct syntax_setting *setting,
			 void *into)
{
	const struct setting *row = find_row(form, setting->name);

	if (row) {
		if (!settings_repeated(r, section, setting))
			read_row(r, row, section, setting, into);
	} else if (has_section(form, setting->name)) {
		wrong(r, setting->line,
		      "\"%s\" is a section; \"%s {\", its settings and \"}\" are expected, a line each",
		      setting->name, setting->name);
	} else {
		unknown(r, form, section, "setting", setting->name, setting->line);
	}
}

static void check_section(struct settings_reader *r, const struct settings_form *form,
			  const struct syntax_section *section, const struct syntax_section *inner)
{
	if (has_section(form, inner->name))
		return;
	if (find_row(form, inner->name))
		wrong(r, inner->line, "\"%s\" is no section but a setting; \"%s = value\" is expected",
		      inner->name, inner->name);
	else
		unknown(r, form, section, "section", inner->name, inner->line);
}

static void check_required(struct settings_reader *r, const struct settings_form *form,
			   const struct syntax_section *section)
{
	for (const struct setting *row = form->rows; row && row->name; row++) {
		const struct syntax_setting *given = section->settings;

		while (given && !text_equal(given->name, row->name))
			given = given->next;
		if (row->required && !given)
			wrong(r, section->line, "\"%s\" is missing; %s is expected",
			      settings_name(r, section, row->name), expected(r, row));
	}
}

void settings_read(struct settings_reader *r, const struct settings_form *form,
		   const struct syntax_section *section, void *into)
{
	for (const struct syntax_setting *setting = section->settings; setting; setting = setting->next)
		read_setting(r, form, section, setting, into);
	for (const struct syntax_section *inner = section->sections; inner; inner = inner->next)
		check_section(r, form, section, inner);
	check_required(r, form, section);
}

const struct syntax_section *settings_section(struct settings_reader *r, const struct syntax_section *in,
					      const char *name)
{
	const struct syntax_section *found = NULL;

	for (const struct syntax_section *each = in->sections; each; each = each->next) {
		if (!text_equal(each->name, name))
			continue;
		if (*each->title)
			wrong(r, each->line,
			      "\"%s\" comes between \"%s\" and \"{\"; this section has no name", each->title,
			      name);
		if (found)
			wrong(r, each->line, "section \"%s\" is there a second time; the first is in line %d",
			      name, found->line);
		else
			found = each;
	}
	return found;
}
