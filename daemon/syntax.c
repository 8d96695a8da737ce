/* Reads the syntax of configuration files, line by line, one setting at a time.
 *
 * libconfuse reads a setting: its value or list, quotes and escapes. It is not given the whole file because
 * it stops at the first mistake, counts lines wrong after comments, takes the end of the file for the end of
 * any section or comment, puts environment variables into texts, and forgets the first of two sections with
 * one title. So the lines, comments and sections are ours, and a mistake ends with its setting. */
#include "syntax.h"

#include <confuse.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/text.h"
#include "problem.h"

struct reader {
	struct arena *arena;
	const char *file;
	struct problems *problems;
	const char *at, *end; /* what is still to be read */
	int line;
	int nesting;
	struct syntax_section *section; /* where we are */
	struct buffer value;		/* the setting that is being read, without comments */
};

#define wrong(r, where, ...) problem_add((r)->problems, (r)->file, where, __VA_ARGS__)

/* ---- what libconfuse does: one setting ---- */

static int keep_value(cfg_t *cfg, cfg_opt_t *option, const char *text, void *ret)
{
	struct syntax_value *value = malloc(sizeof(*value) + strlen(text) + 1);

	(void)option;
	if (!value)
		return -1;
	value->line = cfg->line;
	value->text = strcpy((char *)(value + 1), text);
	*(void **)ret = value;
	return 0;
}

static void say_nothing(cfg_t *cfg, const char *fmt, va_list args)
{
	(void)cfg, (void)fmt, (void)args; /* our own words know more: add_setting */
}

static void confuse_close(cfg_t **cfg)
{
	cfg_free(*cfg);
}

/* Copies the values out of the library. Lines are counted from first_line. */
static size_t take_values(struct arena *arena, cfg_opt_t *option, int first_line,
			  const struct syntax_value **ret)
{
	size_t count = cfg_opt_size(option);
	struct syntax_value *values = arena_array(arena, count, sizeof(*values));

	for (size_t i = 0; i < count; i++) {
		const struct syntax_value *value = cfg_opt_getnptr(option, (unsigned)i);

		values[i].line = first_line - 1 + value->line;
		values[i].text = arena_text(arena, value->text);
	}
	*ret = values;
	return count;
}

/* text is "value = ..."; 0 and the values, or -1: it is not a setting. */
static int parse_setting(struct arena *arena, const char *text, int first_line,
			 const struct syntax_value **ret, size_t *ret_count)
{
	cfg_opt_t options[] = {
		CFG_PTR_LIST_CB("value", NULL, CFGF_NODEFAULT, keep_value, free),
		CFG_END(),
	};
	__attribute__((cleanup(confuse_close))) cfg_t *cfg = cfg_init(options, CFGF_NONE);

	if (!cfg)
		abort(); /* out of memory, as in an arena */
	cfg_set_error_function(cfg, say_nothing);
	if (cfg_parse_buf(cfg, text) != CFG_SUCCESS)
		return -1;
	*ret_count = take_values(arena, cfg_getopt(cfg, "value"), first_line, ret);
	return 0;
}

/* ---- characters ---- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* What a word is made of; libconfuse drops some of the others silently. */
static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c & 0x80) ||
	       (c && strchr("_-.:@%~[]", c));
}

static char peek(const struct reader *r)
{
	return r->at < r->end ? *r->at : '\n';
}

static char peek_next(const struct reader *r)
{
	return r->at + 1 < r->end ? r->at[1] : '\n';
}

static void skip_blanks(struct reader *r)
{
	while (is_blank(peek(r)))
		r->at++;
}

static void skip_line(struct reader *r)
{
	while (peek(r) != '\n')
		r->at++;
	if (r->at < r->end)
		r->at++;
	r->line++;
}

/* Whether nothing but a comment is left of the line. */
static bool at_line_end(struct reader *r)
{
	skip_blanks(r);
	return peek(r) == '\n' || peek(r) == '#';
}

/* ---- quotes ---- */

/* At a backslash in double quotes. */
static int copy_escape(struct reader *r)
{
	char c = peek_next(r);

	if (c != '"' && c != '\\') {
		wrong(r, r->line,
		      "\"\\%.*s\" means nothing in a text; write \"\\\\\" for a backslash, or use single "
		      "quotes",
		      c == '\n' ? 0 : 1, &c);
		return -1;
	}
	buffer_add(&r->value, r->at, 2);
	r->at += 2;
	return 0;
}

/* At a quote: copies up to and with the one that closes it. -1: it is told what is wrong. */
static int copy_quoted(struct reader *r)
{
	char quote = *r->at;

	buffer_add(&r->value, r->at++, 1);
	while (peek(r) != quote) {
		if (peek(r) == '\n') {
			wrong(r, r->line, "a text is not closed with %c on its line", quote);
			return -1;
		}
		if (quote == '"' && peek(r) == '$' && peek_next(r) == '{') {
			wrong(r, r->line,
			      "\"${\" means nothing in a text; nothing is put in from outside, "
			      "and single quotes keep it as it is");
			return -1;
		}
		if (peek(r) == '\\' && quote == '"') {
			if (copy_escape(r) < 0)
				return -1;
			continue;
		}
		if (peek(r) == '\\' && peek_next(r) != '\n')
			buffer_add(&r->value, r->at++, 1);
		buffer_add(&r->value, r->at++, 1);
	}
	buffer_add(&r->value, r->at++, 1);
	return 0;
}

/* ---- names and titles ---- */

/* A word or a quoted text, decoded: NULL if there is none or it is wrong. */
static const char *read_name(struct reader *r)
{
	const struct syntax_value *values;
	size_t count;

	buffer_reset(&r->value);
	buffer_text(&r->value, "value = ");
	if (peek(r) == '"' || peek(r) == '\'') {
		if (copy_quoted(r) < 0)
			return NULL;
	} else {
		for (; is_word(peek(r)); r->at++)
			buffer_add(&r->value, r->at, 1);
	}
	if (r->value.full || parse_setting(r->arena, r->value.bytes, r->line, &values, &count) < 0 ||
	    count != 1 || strlen(values[0].text) > SYNTAX_TEXT_MOST)
		return NULL;
	return values[0].text;
}

/* ---- values ---- */

/* A slash is part of a word only if a word goes on after it: libconfuse drops a last one and takes two for a
 * comment. */
static bool is_word_slash(const struct reader *r)
{
	return peek(r) == '/' && (is_word(peek_next(r)));
}

enum ending { ENDED, GOES_ON, BROKEN };

/* Copies one character outside quotes, or a whole quoted text; *list is whether we are inside { }. */
static enum ending copy_piece(struct reader *r, const char *name, bool *list)
{
	char c = peek(r);

	if (c == '"' || c == '\'')
		return copy_quoted(r) < 0 ? BROKEN : GOES_ON;
	if (c == '{' && !*list)
		*list = true;
	else if (c == '}' && *list)
		*list = false;
	else if (!is_word(c) && !is_blank(c) && c != ',' && !is_word_slash(r)) {
		wrong(r, r->line, "the value of \"%s\" has \"%c\" in it; such a text stands in quotes", name,
		      c);
		return BROKEN;
	}
	buffer_add(&r->value, r->at++, 1);
	return GOES_ON;
}

/* Whether the line here looks like a setting, a section or a closing: a list cannot go on over it. */
static bool begins_anew(struct reader *r)
{
	const char *at = r->at;

	while (at < r->end && (is_blank(*at) || is_word(*at)))
		at++;
	return at < r->end && at > r->at && *at == '=';
}

static enum ending end_line(struct reader *r, const char *name, bool list, int first_line)
{
	if (!list)
		return ENDED;
	buffer_text(&r->value, "\n");
	skip_line(r);
	skip_blanks(r);
	if (r->at < r->end && !begins_anew(r))
		return GOES_ON;
	wrong(r, first_line, "the list of \"%s\" is not closed with \"}\"", name);
	return BROKEN;
}

/* Goes on to where a list that cannot be read is closed, so that its other lines are not taken for settings.
 */
static void leave_list(struct reader *r)
{
	bool closed = false;

	while (!closed && r->at < r->end && !begins_anew(r)) {
		for (; peek(r) != '\n'; r->at++)
			closed |= *r->at == '}';
		if (!closed)
			skip_line(r);
	}
}

/* Copies what stands after "=", without comments, to the end of its line or list. */
static int copy_value(struct reader *r, const char *name)
{
	enum ending ending = GOES_ON;
	int first_line = r->line;
	bool list = false;

	buffer_reset(&r->value);
	buffer_text(&r->value, "value = ");
	while (ending == GOES_ON) {
		bool line_ends = peek(r) == '\n' || peek(r) == '#';

		ending = line_ends ? end_line(r, name, list, first_line) : copy_piece(r, name, &list);
	}
	if (ending == BROKEN && list)
		leave_list(r);
	return ending == ENDED ? 0 : -1;
}

static int check_values(struct reader *r, const struct syntax_setting *setting)
{
	if (setting->count > SYNTAX_LIST_MOST) {
		wrong(r, setting->line, "\"%s\" has %zu values; at most %d are taken", setting->name,
		      setting->count, SYNTAX_LIST_MOST);
		return -1;
	}
	for (size_t i = 0; i < setting->count; i++) {
		if (strlen(setting->values[i].text) > SYNTAX_TEXT_MOST) {
			wrong(r, setting->values[i].line, "the value of \"%s\" has more than %d bytes",
			      setting->name, SYNTAX_TEXT_MOST);
			return -1;
		}
	}
	return 0;
}

/* Says what libconfuse did not understand. */
static void wrong_value(struct reader *r, const char *name, int line)
{
	size_t length = r->value.length;
	const char *given = text_trim(r->value.bytes + strlen("value ="), &length);

	if (!*given)
		wrong(r, line, "\"%s\" has no value", name);
	else if (*given == '{')
		wrong(r, line, "the list of \"%s\" cannot be read; { one, \"two\", three } is expected",
		      name);
	else
		wrong(r, line,
		      "\"%s\" has more than one value; a text with blanks stands in quotes, a list in { }",
		      name);
}

static void append_setting(struct syntax_section *section, struct syntax_setting *setting)
{
	if (section->last_setting)
		section->last_setting->next = setting;
	else
		section->settings = setting;
	section->last_setting = setting;
}

/* After "name =". */
static void read_setting(struct reader *r, const char *name)
{
	struct syntax_setting *setting = arena_take(r->arena, sizeof(*setting));

	setting->name = name;
	setting->line = r->line;
	if (copy_value(r, name) < 0)
		return;
	if (r->value.full ||
	    parse_setting(r->arena, r->value.bytes, setting->line, &setting->values, &setting->count) < 0)
		wrong_value(r, name, setting->line);
	else if (check_values(r, setting) == 0)
		append_setting(r->section, setting);
}

/* ---- sections ---- */

static void append_section(struct syntax_section *parent, struct syntax_section *section)
{
	if (parent->last_section)
		parent->last_section->next = section;
	else
		parent->sections = section;
	parent->last_section = section;
}

/* Whether the rest of the line closes what it opened. */
static bool closes_again(const struct reader *r)
{
	const char *end = memchr(r->at, '\n', (size_t)(r->end - r->at));
	size_t length = (size_t)((end ? end : r->end) - r->at);

	return memchr(r->at, '}', length) != NULL;
}

/* After "name {" or "name title {". */
static void open_section(struct reader *r, const char *name, const char *title)
{
	struct syntax_section *section = arena_take(r->arena, sizeof(*section));

	if (!at_line_end(r)) {
		wrong(r, r->line,
		      "what stands in \"%s\" begins on the line after \"{\", and \"}\" has a line of its own",
		      name);
		if (closes_again(r))
			return;
	}
	section->name = name;
	section->title = title ? title : "";
	section->line = r->line;
	section->parent = r->section;
	if (++r->nesting <= SYNTAX_NESTING_MOST)
		append_section(r->section, section);
	else
		wrong(r, r->line, "\"%s\" is the %dth section inside another; at most %d are taken", name,
		      r->nesting, SYNTAX_NESTING_MOST);
	r->section = section;
}

static void close_section(struct reader *r)
{
	r->at++;
	if (!at_line_end(r))
		wrong(r, r->line, "nothing can follow \"}\" on its line");
	if (!r->section->parent) {
		wrong(r, r->line, "there is no section to close with \"}\"");
		return;
	}
	r->section = r->section->parent;
	r->nesting--;
}

/* After the first word of a line. */
static void read_rest(struct reader *r, const char *name)
{
	const char *title = NULL;

	skip_blanks(r);
	if (peek(r) == '=') {
		r->at++;
		read_setting(r, name);
		return;
	}
	if (peek(r) != '{' && !at_line_end(r)) {
		title = read_name(r);
		skip_blanks(r);
	}
	if (peek(r) == '{') {
		r->at++;
		open_section(r, name, title);
		return;
	}
	wrong(r, r->line, "after \"%s\" comes \"= value\", or \"{\" if it is a section",
	      problem_value(r->problems, name));
}

static void read_line(struct reader *r)
{
	const char *name;
	int line = r->line;

	if (at_line_end(r)) {
		;
	} else if (peek(r) == '}') {
		close_section(r);
	} else {
		size_t before = r->problems->count + r->problems->beyond;

		name = read_name(r);
		if (name && *name)
			read_rest(r, name);
		else if (r->problems->count + r->problems->beyond == before)
			wrong(r, r->line, "a line is \"name = value\", \"section {\" or \"}\"");
	}
	/* An unclosed list has already gone to the line where it was noticed. */
	if (r->line == line || !begins_anew(r))
		skip_line(r);
}

/* ---- files ---- */

/* Copies the bytes with every line that is no readable text emptied. */
static char *readable_copy(struct reader *r, const char *bytes, size_t size)
{
	char *copy = arena_copy(r->arena, bytes, size);
	int line = 1;

	for (size_t from = 0, to; from < size; from = to + 1, line++) {
		const char *end = memchr(copy + from, '\n', size - from);

		to = end ? (size_t)(end - copy) : size;
		for (size_t i = from; i < to; i++)
			if (copy[i] == '\t' || (copy[i] == '\r' && i + 1 == to))
				copy[i] = ' ';
		if (text_is_printable(copy + from, to - from))
			continue;
		wrong(r, line, "this line is not text in UTF-8, or has control characters in it");
		memset(copy + from, ' ', to - from);
	}
	return copy;
}

const struct syntax_section *syntax_parse(struct arena *arena, const char *file, const char *bytes,
					  size_t size, struct problems *problems)
{
	struct syntax_section *top = arena_take(arena, sizeof(*top));
	struct reader r = { .arena = arena, .file = file, .problems = problems, .line = 1, .section = top };

	*top = (struct syntax_section){ .name = "", .title = "", .line = 1 };
	r.at = readable_copy(&r, bytes, size);
	r.end = r.at + size;
	buffer_open(&r.value, SYNTAX_FILE_MOST);
	while (r.at < r.end)
		read_line(&r);
	for (; r.section->parent; r.section = r.section->parent)
		wrong(&r, r.section->line, "section \"%s\" is not closed with \"}\"", r.section->name);
	buffer_close(&r.value);
	return top;
}

static void close_file(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* Reads up to size bytes; how many, or -1. */
static ssize_t read_whole(int fd, char *bytes, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t got = read(fd, bytes + done, size - done);

		if (got < 0)
			return -1;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

int syntax_read(struct arena *arena, const char *path, const struct syntax_section **ret,
		struct problems *problems)
{
	/* Not blocking: somebody may have put a FIFO there. */
	__attribute__((cleanup(close_file))) int fd =
		open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat about;
	ssize_t size;

	if (fd < 0 || fstat(fd, &about) < 0) {
		problem_add(problems, path, 0, "could not be opened: %s", strerror(errno));
		return -1;
	}
	if (!S_ISREG(about.st_mode)) {
		problem_add(problems, path, 0, "is no regular file");
		return -1;
	}
	if (about.st_mode & S_IWOTH) {
		problem_add(problems, path, 0,
			    "can be changed by anybody (mode %04o); chmod o-w takes that away",
			    about.st_mode & 07777);
		return -1;
	}
	if (about.st_size > SYNTAX_FILE_MOST) {
		problem_add(problems, path, 0, "has more than %d bytes", SYNTAX_FILE_MOST);
		return -1;
	}

	char *bytes = arena_take(arena, (size_t)about.st_size + 1);
	size = read_whole(fd, bytes, (size_t)about.st_size);
	if (size < 0) {
		problem_add(problems, path, 0, "could not be read: %s", strerror(errno));
		return -1;
	}
	*ret = syntax_parse(arena, path, bytes, (size_t)size, problems);
	return 0;
}
