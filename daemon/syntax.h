/* What a configuration file says: a tree of sections, settings and values with their lines. Nothing of what
 * it means.
 *
 *   # a comment
 *   name = value                  a word, or a "text in quotes"
 *   names = { one, "two" }        a list; may go on over several lines
 *   section {                     or: section title {
 *   	name = value
 *   }
 *
 * Each setting, each opening and each closing stands on a line of its own. That is what lets a mistake end
 * with its line, so that all mistakes of a file are found at once. libconfuse lives in this room and nowhere
 * else. */
#ifndef ROSTERD_SYNTAX_H
#define ROSTERD_SYNTAX_H

#include <stddef.h>

struct arena;
struct problems;

enum {
	SYNTAX_FILE_MOST = 256 * 1024, /* bytes of a file */
	SYNTAX_NESTING_MOST = 4,       /* sections inside each other */
	SYNTAX_TEXT_MOST = 4096,       /* bytes of a name, title or value */
	SYNTAX_LIST_MOST = 1000,       /* values of a setting */
};

struct syntax_value {
	const char *text;
	int line;
};

struct syntax_setting {
	const char *name;
	int line;
	size_t count;
	const struct syntax_value *values;
	struct syntax_setting *next; /* as they were written */
};

struct syntax_section {
	const char *name, *title; /* of the file itself: "" */
	int line;
	struct syntax_setting *settings;
	struct syntax_section *sections, *next, *parent;
	struct syntax_setting *last_setting;
	struct syntax_section *last_section;
};

/* Reads a file that is already in memory (at most SYNTAX_FILE_MOST bytes). What cannot be read is added to
 * the problems and left out; never NULL. */
const struct syntax_section *syntax_parse(struct arena *arena, const char *file, const char *bytes,
					  size_t size, struct problems *problems);

/* Reads a regular file whole, then as above. 0, or -1: it cannot be read at all, and the problem says why. */
int syntax_read(struct arena *arena, const char *path, const struct syntax_section **ret,
		struct problems *problems);

#endif
