/* Lines for the person who runs the daemon: subject first, then what happened.
 *
 * A struct log is a subject ("run 7f3a: acme/corporate: ") with a parent; it is made once for an exchange or a run
 * and never typed by hand. Values that are personal or secret are not logged. */
#ifndef ROSTERD_BASE_LOG_H
#define ROSTERD_BASE_LOG_H

#include <stdbool.h>

struct error;

enum log_level { LOG_LEVEL_ERROR = 3, LOG_LEVEL_WARNING = 4, LOG_LEVEL_NOTICE = 5, LOG_LEVEL_INFO = 6, LOG_LEVEL_DEBUG = 7 };

enum log_form {
	LOG_PLAIN,   /* "rosterd: subject: text" on standard error, with a time if it is a terminal or file */
	LOG_JOURNAL, /* "<4>subject: text": systemd's prefix, one line an entry */
	LOG_JSON,    /* one JSON object a line: time, level, subject, text and the error's fields */
};

enum { LOG_SUBJECT_MOST = 160, LOG_LINE_MOST = 2048 };

struct log {
	char subject[LOG_SUBJECT_MOST]; /* "run 7f3a: acme/corporate", without the colon at the end */
};

/* Chooses form and most detailed level for the whole process; before it, LOG_PLAIN and notice. */
void log_open(enum log_form form, enum log_level most);

/* "plain", "journal", "json"; "error" ... "debug". 0, or -1 and *ret untouched. */
int log_form_parse(const char *word, enum log_form *ret);
int log_level_parse(const char *word, enum log_level *ret);

/* Makes a subject: parent's (may be NULL), ": ", the words. */
void log_subject(struct log *log, const struct log *parent, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

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
