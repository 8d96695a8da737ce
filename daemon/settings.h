/* Settings by table: one setting is one row, with its type, default, range and the words for the manual.
 *
 * A form says what may stand in a section; reading one fills a struct, and everything that does not fit
 * becomes a problem with what came, what was expected and what was probably meant. */
#ifndef ROSTERD_SETTINGS_H
#define ROSTERD_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "syntax.h"

struct secret;

enum setting_type {
	SETTING_TEXT,	   /* const char *; least and most are its length */
	SETTING_PATH,	   /* const char *, absolute */
	SETTING_WORD,	   /* const char *, one of words */
	SETTING_YES_NO,	   /* bool */
	SETTING_NUMBER,	   /* int */
	SETTING_MODE,	   /* unsigned, octal as in chmod */
	SETTING_DURATION,  /* int, milliseconds */
	SETTING_SCHEDULE,  /* int64_t, milliseconds; "never" is 0 */
	SETTING_SIZE,	   /* uint64_t, bytes */
	SETTING_URL,	   /* const char *, https or http, without a slash at the end */
	SETTING_TEXTS,	   /* const char *const *, ended by NULL */
	SETTING_ADDRESSES, /* the same, each "127.0.0.1:8080" or "[::1]:8080" */
	SETTING_NETWORKS,  /* the same, each "10.0.0.0/8", "fd00::/8" or an address alone */
	SETTING_SECRET,	   /* const struct secret *, read from "file:/path" or "credential:name" */
};

struct setting {
	const char *name;
	enum setting_type type;
	size_t offset;
	const char *fallback;	  /* as it would be written, without quotes; NULL: none */
	int64_t least, most;	  /* of numbers, durations (milliseconds), sizes, texts (bytes) */
	const char *const *words; /* ended by NULL */
	bool required;
	bool built_in;	   /* the default depends on where rosterd was installed */
	bool restart;	   /* a change is taken by the next start, not by a reload */
	const char *about; /* the words for the manual and the sample */
};

/* What may stand in a section. */
struct settings_form {
	const char *section;	     /* its name; "" for a file */
	const struct setting *rows;  /* end with {0}; NULL: none */
	const char *const *sections; /* sections that may stand inside, ended by NULL; NULL: none */
};

/* Secrets that were read, to be closed together. */
struct settings_secret {
	struct secret *secret;
	struct settings_secret *next;
};
struct settings_secrets {
	struct settings_secret *first;
};
void settings_secrets_close(struct settings_secrets *secrets);

/* Where results go while one file is read. */
struct settings_reader {
	struct arena *arena;
	const char *file;
	struct problems *problems;
	struct settings_secrets *secrets;
	const struct settings_form *const
		*forms; /* of such a file, ended by NULL: for saying where a setting belongs */
};

/* The end of a message about a setting that is not known where it stands, but elsewhere in such a file: "; it
 * belongs in section
 * \"guard\"". NULL: nowhere. */
const char *settings_where(struct settings_reader *r, const char *name);

/* Fills `into` with the defaults of the form's rows, before anything is read. */
void settings_defaults(struct settings_reader *r, const struct settings_form *form, void *into);

/* Reads a section into `into` and checks that nothing else stands in it. */
void settings_read(struct settings_reader *r, const struct settings_form *form,
		   const struct syntax_section *section, void *into);

/* The section of this name inside another, or NULL; that there is only one is checked. */
const struct syntax_section *settings_section(struct settings_reader *r, const struct syntax_section *in,
					      const char *name);

/* The only value of a setting, or NULL and a problem. */
const char *settings_one(struct settings_reader *r, const struct syntax_section *section,
			 const struct syntax_setting *setting);

/* Tells of a setting that is there twice: true if an earlier one of this section has the name. */
bool settings_repeated(struct settings_reader *r, const struct syntax_section *section,
		       const struct syntax_setting *setting);

/* Reads "file:/path" or "credential:name"; keeps the secret. NULL and a problem (which never shows the
 * value). */
const struct secret *settings_secret(struct settings_reader *r, const char *name,
				     const struct syntax_value *value);

/* Whether two structs have the same value in this row; secrets are compared by what they hold. */
bool settings_same(const struct setting *row, const void *a, const void *b);

/* Gives a struct the value that another has in this row; what it points to is borrowed. */
void settings_copy(const struct setting *row, const void *from, void *into);

/* The line where a section sets something, or the section's own. */
int settings_line(const struct syntax_section *section, const char *name);

/* `"log.level"`, without the quotes: how messages call a setting. */
const char *settings_name(struct settings_reader *r, const struct syntax_section *section, const char *name);

#endif
