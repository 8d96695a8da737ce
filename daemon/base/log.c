/* Lines for the person who runs the daemon: one write, one line, whatever the values hold. */
#include "base/log.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/metric.h"
#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static _Atomic(enum log_form) form = LOG_PLAIN;
static atomic_int journal = -1; /* a socket to the journal; -1: standard error does not lead there */
static _Atomic(enum log_level) most_level = LOG_LEVEL_NOTICE;

static const char *const form_names[] = {
	[LOG_PLAIN] = "plain", [LOG_JOURNAL] = "journal", [LOG_JSON] = "json"
};
static const char *const level_names[] = {
	[LOG_LEVEL_ERROR] = "error", [LOG_LEVEL_WARNING] = "warning", [LOG_LEVEL_NOTICE] = "notice",
	[LOG_LEVEL_INFO] = "info",   [LOG_LEVEL_DEBUG] = "debug",
};

/* A line in the making. Framing is added whole; values are shown until what must follow just fits. */
struct line {
	enum log_form form;
	size_t length;
	char bytes[LOG_LINE_MOST];
};

enum { JSON_END_RESERVE = 3, PLAIN_END_RESERVE = 1 }; /* a quote and "}\n", or the line break alone */

/* Whether standard error is the very stream that systemd connected with its journal: $JOURNAL_STREAM has device and inode. */
static bool is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char is[48];
	struct stat to;

	if (!stream || fstat(STDERR_FILENO, &to) < 0)
		return false;
	snprintf(is, sizeof(is), "%llu:%llu", (unsigned long long)to.st_dev, (unsigned long long)to.st_ino);
	return text_equal(stream, is);
}

void log_open(enum log_form chosen, enum log_level most)
{
	bool to_journal = chosen != LOG_JSON && is_journal();

	if (to_journal && journal < 0)
		journal = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	form = to_journal ? LOG_JOURNAL : chosen;
	most_level = most;
}

static int find_name(const char *word, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (names[i] && text_equal(word, names[i]))
			return (int)i;
	return -1;
}

int log_form_parse(const char *word, enum log_form *ret)
{
	int found = find_name(word, form_names, ARRAY_COUNT(form_names));

	if (found < 0)
		return -1;
	*ret = (enum log_form)found;
	return 0;
}

int log_level_parse(const char *word, enum log_level *ret)
{
	int found = find_name(word, level_names, ARRAY_COUNT(level_names));

	if (found < 0)
		return -1;
	*ret = (enum log_level)found;
	return 0;
}

static void inherit_fields(struct log *log, const struct log *parent)
{
	log->field_count = parent ? parent->field_count : 0;
	for (size_t i = 0; i < log->field_count; i++)
		log->fields[i] = parent->fields[i];
}

void log_subject(struct log *log, const struct log *parent, const char *fmt, ...)
{
	char made[LOG_SUBJECT_MOST];
	size_t length = 0;
	va_list args;

	if (parent && parent->subject[0])
		length = (size_t)snprintf(made, sizeof(made), "%s: ", parent->subject);
	if (length < sizeof(made)) {
		va_start(args, fmt);
		vsnprintf(made + length, sizeof(made) - length, fmt, args);
		va_end(args);
	}
	length = strnlen(made, sizeof(made) - 1);
	made[text_cut(made, length, length)] = '\0';
	memcpy(log->subject, made, sizeof(made));
	if (log != parent)
		inherit_fields(log, parent);
}

/* The place of a field, or the one behind the last. */
static struct log_field *field_of(struct log *log, const char *name)
{
	size_t at = 0;

	while (at < log->field_count && !text_equal(log->fields[at].name, name))
		at++;
	return at < LOG_FIELDS_MOST ? &log->fields[at] : NULL;
}

void log_field(struct log *log, const char *name, const char *fmt, ...)
{
	struct log_field *field = field_of(log, name);
	size_t length;
	va_list args;

	if (!field)
		return;
	va_start(args, fmt);
	vsnprintf(field->value, sizeof(field->value), fmt, args);
	va_end(args);
	length = strlen(field->value);
	field->value[text_cut(field->value, length, length)] = '\0';
	field->name = name;
	if (field == &log->fields[log->field_count])
		log->field_count++;
}

bool log_would(enum log_level level)
{
	return level <= most_level;
}

static size_t reserve_of(const struct line *line)
{
	return line->form == LOG_JSON ? JSON_END_RESERVE : PLAIN_END_RESERVE;
}

/* Adds bytes whole or not at all. */
static bool add(struct line *line, const char *bytes, size_t length, size_t reserve)
{
	if (line->length + length + reserve > sizeof(line->bytes))
		return false;
	memcpy(line->bytes + line->length, bytes, length);
	line->length += length;
	return true;
}

static void add_text(struct line *line, const char *text)
{
	add(line, text, strlen(text), reserve_of(line));
}

/* Shows the first character of text so that it can neither break the line nor the form. Returns its length in
 * text. */
static size_t show_character(enum log_form as, const char *text, size_t length, char ret[8])
{
	size_t n = text_character(text, length);
	uint8_t first = (uint8_t)text[0];

	if (n > 0 && text_is_printable(text, n)) {
		bool escape = as == LOG_JSON && (first == '"' || first == '\\');

		snprintf(ret, 8, "%s%.*s", escape ? "\\" : "", (int)n, text);
		return n;
	}
	if (n == 2) /* U+0080 to U+009F */
		snprintf(ret, 8, as == LOG_JSON ? "\\u00%02x" : "\\x%02x", (uint8_t)text[1]);
	else if (n == 1 && as == LOG_JSON)
		snprintf(ret, 8, "\\u00%02x", first);
	else if (as == LOG_JSON) /* what is no character cannot stand in JSON at all */
		snprintf(ret, 8, "\\ufffd");
	else
		snprintf(ret, 8, "\\x%02x", first);
	return n > 0 ? n : 1;
}

static void add_value(struct line *line, const char *value)
{
	size_t length = strlen(value);

	for (size_t at = 0; at < length;) {
		char shown[8];

		at += show_character(line->form, value + at, length - at, shown);
		if (!add(line, shown, strlen(shown), reserve_of(line)))
			return;
	}
}

/* A member of the JSON object, or nothing if not even its name and quotes fit. */
static void add_member(struct line *line, const char *name, const char *value)
{
	char head[32];
	int length = snprintf(head, sizeof(head), "%s\"%s\":\"", line->length > 1 ? "," : "", name);

	if (!add(line, head, (size_t)length, JSON_END_RESERVE))
		return;
	add_value(line, value);
	add(line, "\"", 1, JSON_END_RESERVE - 1);
}

/* systemd stamps what it reads from us; a terminal or a file does not. */
static bool wants_time(void)
{
	struct stat to;

	return fstat(STDERR_FILENO, &to) == 0 && (S_ISREG(to.st_mode) || S_ISCHR(to.st_mode));
}

/* One datagram is one entry, a field a line (systemd's native protocol). */
static bool send_entry(const struct line *line)
{
	static const struct sockaddr_un to = { .sun_family = AF_UNIX, .sun_path = "/run/systemd/journal/socket" };

	return sendto(journal, line->bytes, line->length, MSG_NOSIGNAL, (const struct sockaddr *)&to, sizeof(to)) ==
	       (ssize_t)line->length;
}

static void write_line(const struct line *line)
{
	size_t written = 0;

	while (written < line->length) {
		ssize_t n = write(STDERR_FILENO, line->bytes + written, line->length - written);

		if (n < 0 && errno != EINTR)
			return; /* there is nobody left to tell */
		written += n > 0 ? (size_t)n : 0;
	}
}

/* "ROSTERD_RUN=..." of "run". Whole, or cut at the end of the value. */
static void add_entry_field(struct line *line, const char *name, const char *value)
{
	add_text(line, "ROSTERD_");
	for (; *name; name++)
		add(line, &(char){ (char)toupper((unsigned char)*name) }, 1, reserve_of(line));
	add_text(line, "=");
	add_value(line, value);
	add_text(line, "\n");
}

/* All but the message, which follows as in the other forms. */
static void begin_entry(struct line *line, const struct log *log, enum log_level level, const struct error *e)
{
	char priority[48];

	snprintf(priority, sizeof(priority), "PRIORITY=%d\nSYSLOG_IDENTIFIER=rosterd\n", (int)level);
	add_text(line, priority);
	if (log && log->subject[0])
		add_entry_field(line, "subject", log->subject);
	for (size_t i = 0; log && i < log->field_count; i++)
		add_entry_field(line, log->fields[i].name, log->fields[i].value);
	if (e)
		add_entry_field(line, "code", e->code);
	add_text(line, "MESSAGE=");
}

static void begin_plain(struct line *line, enum log_level level)
{
	char time[CLOCK_TEXT_SIZE], prefix[8];

	if (line->form == LOG_JOURNAL) {
		snprintf(prefix, sizeof(prefix), "<%d>", (int)level);
		add_text(line, prefix);
		return;
	}
	if (wants_time()) {
		add_text(line, clock_text(clock_now_us(), time));
		add_text(line, " ");
	}
	add_text(line, "rosterd: ");
}

static void write_plain(struct line *line, const struct log *log, enum log_level level, const char *text,
			const struct error *e, bool as_entry)
{
	if (as_entry)
		begin_entry(line, log, level, e);
	else
		begin_plain(line, level);
	if (log && log->subject[0]) {
		add_value(line, log->subject);
		add_text(line, ": ");
	}
	add_value(line, text);
	if (e) {
		add_text(line, ": ");
		add_value(line, e->text);
		add_text(line, " [");
		add_value(line, e->code);
		add_text(line, "]");
	}
	if (e && e->detail[0]) {
		add_text(line, " (");
		add_value(line, e->detail);
		add_text(line, ")");
	}
	add(line, "\n", 1, 0);
	if (!as_entry)
		write_line(line);
	else if (!send_entry(line)) { /* the journal is away: what reads standard error keeps it until it is back */
		*line = (struct line){ .form = LOG_JOURNAL };
		write_plain(line, log, level, text, e, false);
	}
}

static void write_json(struct line *line, const struct log *log, enum log_level level, const char *text,
		       const struct error *e)
{
	char time[CLOCK_TEXT_SIZE];

	add_text(line, "{");
	add_member(line, "time", clock_text(clock_now_us(), time));
	add_member(line, "level", level_names[level]);
	if (log && log->subject[0])
		add_member(line, "subject", log->subject);
	for (size_t i = 0; log && i < log->field_count; i++)
		add_member(line, log->fields[i].name, log->fields[i].value);
	if (e) {
		add_member(line, "kind", error_kind_name(e->kind));
		add_member(line, "code", e->code);
	}
	add_member(line, "text", text);
	if (e)
		add_member(line, "error", e->text);
	if (e && e->detail[0])
		add_member(line, "detail", e->detail);
	add(line, "}\n", 2, 0);
	write_line(line);
}

static void write_as_chosen(const struct log *log, enum log_level level, const char *text, const struct error *e)
{
	struct line line = { .form = form };

	metric_add(METRIC_LOG_LINES, LABELS(level_names[level]), 1);
	if (line.form == LOG_JSON)
		write_json(&line, log, level, text, e);
	else
		write_plain(&line, log, level, text, e, line.form == LOG_JOURNAL && journal >= 0);
}

/* ---- what repeats ---- */

/* Kinds of lines by what they are made from. Two that share a place share its window, which withholds a little early. */
enum { KINDS = 256 };

static struct kind {
	_Atomic int64_t window_ms; /* when it began */
	_Atomic int count;
} kinds[KINDS];

static struct kind *kind_of(const char *words)
{
	size_t hash = 14695981039346656037u;

	for (const char *at = words; *at; at++)
		hash = (hash ^ (unsigned char)*at) * 1099511628211u;
	return &kinds[hash % KINDS];
}

/* 1 it may be written, 0 it may not. The first of a new window learns how many were withheld in the one before. */
static int admit(const char *words, int *ret_withheld)
{
	struct kind *kind = kind_of(words);
	int64_t now_ms = clock_monotonic_ms(), began_ms = kind->window_ms;

	*ret_withheld = 0;
	if (now_ms - began_ms >= LOG_WINDOW_MS && atomic_compare_exchange_strong(&kind->window_ms, &began_ms, now_ms)) {
		int before = atomic_exchange(&kind->count, 0);

		*ret_withheld = before > LOG_BURST ? before - LOG_BURST : 0;
	}
	return atomic_fetch_add(&kind->count, 1) < LOG_BURST;
}

/* words: what all lines of the kind have in common. */
static void put(const struct log *log, enum log_level level, const char *words, const char *text, const struct error *e)
{
	char told[80];
	int withheld = 0;

	if (level <= LOG_LEVEL_NOTICE && !admit(words, &withheld)) {
		metric_add(METRIC_LOG_WITHHELD, LABELS(level_names[level]), 1);
		return;
	}
	if (withheld > 0) {
		snprintf(told, sizeof(told), "%d lines like the next one were withheld", withheld);
		write_as_chosen(log, level, told, NULL);
	}
	write_as_chosen(log, level, text, e);
}

static void __attribute__((format(printf, 3, 0)))
put_formatted(const struct log *log, enum log_level level, const char *fmt, va_list args)
{
	char text[LOG_LINE_MOST];
	size_t length;
	int before = errno;

	if (!log_would(level))
		return;
	vsnprintf(text, sizeof(text), fmt, args);
	length = strlen(text);
	text[text_cut(text, length, length)] = '\0';
	put(log, level, fmt, text, NULL);
	errno = before;
}

void log_error(const struct log *log, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	put_formatted(log, LOG_LEVEL_ERROR, fmt, args);
	va_end(args);
}

void log_warning(const struct log *log, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	put_formatted(log, LOG_LEVEL_WARNING, fmt, args);
	va_end(args);
}

void log_note(const struct log *log, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	put_formatted(log, LOG_LEVEL_NOTICE, fmt, args);
	va_end(args);
}

void log_info(const struct log *log, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	put_formatted(log, LOG_LEVEL_INFO, fmt, args);
	va_end(args);
}

void log_debug(const struct log *log, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	put_formatted(log, LOG_LEVEL_DEBUG, fmt, args);
	va_end(args);
}

void log_failure(const struct log *log, enum log_level level, const char *what, const struct error *e)
{
	if (log_would(level))
		put(log, level, e->code, what, e);
}
