/* Lines for the person who runs the daemon: subject first, then what happened.
 *
 * A struct log is a subject ("run 7f3a: acme/corporate: ") with a parent; it is made once for an exchange or a run
 * and never typed by hand. Values that are personal or secret are not logged. */
#ifndef ROSTERD_BASE_LOG_H
#define ROSTERD_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>

struct error;

enum log_level { LOG_LEVEL_ERROR = 3, LOG_LEVEL_WARNING = 4, LOG_LEVEL_NOTICE = 5, LOG_LEVEL_INFO = 6, LOG_LEVEL_DEBUG = 7 };

enum log_form {
	LOG_PLAIN,   /* "rosterd: subject: text" on standard error, with a time if it is a terminal or file */
	LOG_JOURNAL, /* "<4>subject: text": systemd's prefix, one line an entry; also what LOG_PLAIN becomes if standard error
			is the journal's ($JOURNAL_STREAM), where fields go along: ROSTERD_SUBJECT, _RUN, _CODE ... */
	LOG_JSON,    /* one JSON object a line: time, level, subject, text and the error's fields */
};

enum { LOG_SUBJECT_MOST = 160, LOG_LINE_MOST = 2048, LOG_FIELDS_MOST = 10, LOG_VALUE_MOST = 128 };

/* Of lines of one kind (the same words at their beginning) at notice and above, this many are written within a window; the next
 * window begins with how many were withheld. Whoever can make us complain cannot fill the disk by it. What is asked for by a level of
 * info or debug is written whole. */
enum { LOG_BURST = 50, LOG_WINDOW_MS = 10000 };

struct log {
	char subject[LOG_SUBJECT_MOST]; /* "run 7f3a: acme/corporate", without the colon at the end */
	/* What programs look for, as members of LOG_JSON's object and fields in the journal; in the other forms the words say it. */
	size_t field_count;
	struct log_field {
		const char *name; /* a literal */
		char value[LOG_VALUE_MOST];
	} fields[LOG_FIELDS_MOST];
};

/* Chooses form and most detailed level for the whole process; before it, LOG_PLAIN and notice. */
void log_open(enum log_form form, enum log_level most);

/* "plain", "journal", "json"; "error" ... "debug". 0, or -1 and *ret untouched. */
int log_form_parse(const char *word, enum log_form *ret);
int log_level_parse(const char *word, enum log_level *ret);

/* Makes a log whose subject is the parent's (may be NULL), ": ", the words; with the parent's fields and no others. */
void log_subject(struct log *log, const struct log *parent, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Says or replaces a field of all lines from here on: "request", "principal", "organisation", "connection", "run"; of a request's
 * last line also "method", "route", "status", "ms". Personal and secret values are no more in them than in the words. */
void log_field(struct log *log, const char *name, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* One line. log may be NULL: no subject. Line breaks and controls in values are shown as \xNN. */
void log_error(const struct log *log, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void log_warning(const struct log *log, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void log_note(const struct log *log, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void log_info(const struct log *log, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void log_debug(const struct log *log, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* An error at the end that decides: "what: text [code] (detail)" at the level given. */
void log_failure(const struct log *log, enum log_level level, const char *what, const struct error *e);

/* Whether a line of this level would be written (to spare the work of making it). */
bool log_would(enum log_level level);

#endif
