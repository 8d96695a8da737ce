/* The log: forms, levels, and that a line is a line whatever it is given. */
#include "child.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct log subject(void)
{
	struct log run, log;

	log_subject(&run, NULL, "run %s", "7f3a");
	log_subject(&log, &run, "%s/%s", "acme", "corporate");
	return log;
}

static void subjects(void **state)
{
	struct log log = subject();
	struct log none;
	char words[400];

	(void)state;
	assert_string_equal(log.subject, "run 7f3a: acme/corporate");
	memset(&none, 0, sizeof(none));
	log_subject(&log, &none, "alone");
	assert_string_equal(log.subject, "alone");
	log_subject(&log, &log, "%s", "inner");
	assert_string_equal(log.subject, "alone: inner");

	for (size_t i = 0; i < sizeof(words) - 1; i++)
		words[i] = i % 2 == 0 ? '\xc3' : '\xa4';
	words[sizeof(words) - 1] = '\0';
	log_subject(&log, NULL, "%s", words);
	assert_true(strlen(log.subject) < LOG_SUBJECT_MOST);
	assert_true(text_is_utf8(log.subject, strlen(log.subject)));
	log_subject(&log, &log, "%s", "more");
	assert_true(text_is_utf8(log.subject, strlen(log.subject)));
}

static void words_are_parsed(void **state)
{
	enum log_form form = LOG_JSON;
	enum log_level level = LOG_LEVEL_ERROR;

	(void)state;
	assert_int_equal(log_form_parse("xml", &form), -1);
	assert_int_equal(log_form_parse("", &form), -1);
	assert_int_equal(form, LOG_JSON);
	assert_int_equal(log_form_parse("journal", &form), 0);
	assert_int_equal(form, LOG_JOURNAL);
	assert_int_equal(log_level_parse("loud", &level), -1);
	assert_int_equal(level, LOG_LEVEL_ERROR);
	assert_int_equal(log_level_parse("debug", &level), 0);
	assert_int_equal(level, LOG_LEVEL_DEBUG);
	assert_int_equal(log_level_parse("notice", &level), 0);
	assert_int_equal(level, LOG_LEVEL_NOTICE);
}

static void write_each_level(const void *with)
{
	const enum log_level *most = with;
	struct log log = subject();

	if (*most != 0)
		log_open(LOG_JOURNAL, *most);
	log_error(&log, "one %d", 1);
	log_warning(NULL, "two");
	log_note(&log, "three");
	log_info(&log, "four");
	log_debug(&log, "five");
	fprintf(stderr, "%d%d\n", log_would(LOG_LEVEL_NOTICE), log_would(LOG_LEVEL_DEBUG));
}

static void levels(void **state)
{
	static const enum log_level unset = 0, warning = LOG_LEVEL_WARNING, debug = LOG_LEVEL_DEBUG;
	char output[1000];

	(void)state;
	child_run(write_each_level, &unset, output, sizeof(output));
	assert_string_equal(output, "rosterd: run 7f3a: acme/corporate: one 1\nrosterd: two\n"
	                            "rosterd: run 7f3a: acme/corporate: three\n10\n");
	child_run(write_each_level, &warning, output, sizeof(output));
	assert_string_equal(output, "<3>run 7f3a: acme/corporate: one 1\n<4>two\n00\n");
	child_run(write_each_level, &debug, output, sizeof(output));
	assert_string_equal(output, "<3>run 7f3a: acme/corporate: one 1\n<4>two\n<5>run 7f3a: acme/corporate: three\n"
	                            "<6>run 7f3a: acme/corporate: four\n<7>run 7f3a: acme/corporate: five\n11\n");
}

static void write_fields(const void *with)
{
	struct log run = { 0 }, log;
	struct error e;
	char name[LOG_FIELDS_MOST + 5][3];

	(void)with;
	log_open(LOG_JSON, LOG_LEVEL_INFO);
	log_subject(&run, NULL, "run");
	log_field(&run, "run", "%s", "7f3a");
	log_subject(&log, &run, "inner");
	log_field(&log, "status", "%d", 200);
	log_field(&log, "status", "%d", 404);
	log_field(&log, "quote", "%s", "a\"b\nc");
	error_set(&e, ERROR_INPUT, "x.y", "text");
	log_failure(&log, LOG_LEVEL_INFO, "what", &e);
	for (size_t i = 0; i < ARRAY_COUNT(name); i++) {
		snprintf(name[i], sizeof(name[i]), "%c", (int)('a' + i));
		log_field(&log, name[i], "%0300d", 7);
	}
	log_info(&log, "full");
}

/* A field is a member of its own; what is beyond their number or length is left out, and the line stays JSON. */
static void fields(void **state)
{
	scoped(arena) *arena = arena_open("test");
	char output[8000], *second;
	struct json *line;

	(void)state;
	child_run(write_fields, NULL, output, sizeof(output));
	second = strchr(output, '\n');
	assert_non_null(second);
	assert_int_equal(json_parse(arena, output, (size_t)(second - output), &line, NULL), 0);
	assert_string_equal(json_text(json_member(line, "subject")), "run: inner");
	assert_string_equal(json_text(json_member(line, "run")), "7f3a");
	assert_string_equal(json_text(json_member(line, "status")), "404");
	assert_string_equal(json_text(json_member(line, "quote")), "a\"b\nc");
	assert_string_equal(json_text(json_member(line, "code")), "x.y");
	assert_int_equal(json_parse(arena, second + 1, strlen(second + 1) - 1, &line, NULL), 0);
	assert_int_equal(strlen(json_text(json_member(line, "a"))), LOG_VALUE_MOST - 1);
	assert_non_null(json_member(line, "g"));
	assert_null(json_member(line, "h"));
	assert_string_equal(json_text(json_member(line, "text")), "full");
}

static void write_a_flood(const void *with)
{
	struct error e;

	(void)with;
	log_open(LOG_JOURNAL, LOG_LEVEL_INFO);
	error_set(&e, ERROR_INTERNAL, "x.flood", "of them");
	for (int i = 0; i < 3 * LOG_BURST; i++) {
		log_warning(NULL, "peer %d complains", i);
		log_failure(NULL, LOG_LEVEL_ERROR, i % 2 ? "odd" : "even", &e);
		log_info(NULL, "asked for %d", i);
	}
	log_warning(NULL, "something else");
}

static size_t count_of(const char *text, const char *what)
{
	size_t count = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		count++;
	return count;
}

/* A kind of complaint that never stops is cut off; others, and what was asked for, are not. */
static void floods(void **state)
{
	static char output[64000];

	(void)state;
	child_run(write_a_flood, NULL, output, sizeof(output));
	assert_int_equal(count_of(output, " complains"), LOG_BURST);
	assert_int_equal(count_of(output, "x.flood"), LOG_BURST);
	assert_int_equal(count_of(output, "asked for"), 3 * LOG_BURST);
	assert_int_equal(count_of(output, "something else"), 1);
}

struct said {
	enum log_form form;
	const char *text;
	const struct error *error;
};

static void say(const void *with)
{
	const struct said *said = with;
	struct log log;

	log_open(said->form, LOG_LEVEL_DEBUG);
	log_subject(&log, NULL, "%s", said->text);
	errno = ENOENT;
	if (said->error)
		log_failure(&log, LOG_LEVEL_WARNING, said->text, said->error);
	else
		log_info(&log, "%s", said->text);
	if (errno != ENOENT && !said->error)
		_exit(3);
}

/* Exactly one line, not longer than promised, UTF-8 and without a control; in JSON form, JSON. */
static void assert_one_line(const struct said *said)
{
	scoped(arena) *arena = arena_open("test");
	char output[3 * LOG_LINE_MOST];
	struct json *value;
	struct error e;
	size_t length;

	assert_int_equal(child_run(say, said, output, sizeof(output)), 0);
	length = strlen(output);
	assert_true(length > 0 && length <= LOG_LINE_MOST);
	assert_int_equal(output[length - 1], '\n');
	assert_true(text_is_printable(output, length - 1));
	if (said->form == LOG_JSON) {
		assert_int_equal(json_parse(arena, output, length, &value, &e), 0);
		assert_true(json_is_text(json_member(value, "time")));
		assert_true(json_is_text(json_member(value, "text")));
	}
}

static void hostile_values_stay_in_one_line(void **state)
{
	static const char *const fills[] = { "x", "\n", "\"", "\\", "\x01", "\xff", "\xc3\xa4", "\xf0\x9f\x98\x80",
		                             "\xc2\x85", "\x1b[2J", "%s%n", "\xe2\x80\xa8" };
	struct error e;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(fills); i++) {
		char text[4 * LOG_LINE_MOST] = "";

		for (size_t n = 0; n + 8 < sizeof(text); n += strlen(fills[i]))
			strcpy(text + n, fills[i]);
		error_set(&e, ERROR_REMOTE, "a.b", "%s", text);
		error_detail(&e, "%s", text);
		for (int form = LOG_PLAIN; form <= LOG_JSON; form++) {
			assert_one_line(&(struct said){ (enum log_form)form, text, NULL });
			assert_one_line(&(struct said){ (enum log_form)form, fills[i], NULL });
			assert_one_line(&(struct said){ (enum log_form)form, text, &e });
			assert_one_line(&(struct said){ (enum log_form)form, fills[i], &e });
		}
	}
}

/* Every length around the limit, so that no escape is cut in two and JSON is always closed. */
static void lines_at_the_limit_are_whole(void **state)
{
	char text[LOG_LINE_MOST + 64];

	(void)state;
	for (size_t length = LOG_LINE_MOST - 420; length < sizeof(text); length += 13) {
		memset(text, 'a', length);
		memcpy(text + length - 3, "\"\x02", 3);
		assert_one_line(&(struct said){ LOG_JSON, text, NULL });
		assert_one_line(&(struct said){ LOG_JOURNAL, text, NULL });
	}
}

static void values_are_shown(void **state)
{
	char output[400];

	(void)state;
	child_run(say, &(struct said){ LOG_JOURNAL, "a\nb\xff" "c\x7f", NULL }, output, sizeof(output));
	assert_string_equal(output, "<6>a\\x0ab\\xffc\\x7f: a\\x0ab\\xffc\\x7f\n");
}

static void failures(void **state)
{
	scoped(arena) *arena = arena_open("test");
	char output[1000];
	struct error e, unused;
	struct json *value;

	(void)state;
	error_set(&e, ERROR_LIMIT, "run.late", "too late");
	child_run(say, &(struct said){ LOG_JOURNAL, "s", &e }, output, sizeof(output));
	assert_string_equal(output, "<4>s: s: too late [run.late]\n");

	error_detail(&e, "errno %d", 2);
	child_run(say, &(struct said){ LOG_JOURNAL, "s", &e }, output, sizeof(output));
	assert_string_equal(output, "<4>s: s: too late [run.late] (errno 2)\n");

	child_run(say, &(struct said){ LOG_JSON, "s", &e }, output, sizeof(output));
	assert_int_equal(json_parse(arena, output, strlen(output), &value, &unused), 0);
	assert_string_equal(json_text(json_member(value, "level")), "warning");
	assert_string_equal(json_text(json_member(value, "subject")), "s");
	assert_string_equal(json_text(json_member(value, "text")), "s");
	assert_string_equal(json_text(json_member(value, "kind")), "limit");
	assert_string_equal(json_text(json_member(value, "code")), "run.late");
	assert_string_equal(json_text(json_member(value, "error")), "too late");
	assert_string_equal(json_text(json_member(value, "detail")), "errno 2");
}

static void say_into_a_file(const void *with)
{
	(void)with;
	if (!freopen("/dev/null", "w", stderr))
		_exit(2);
	log_note(NULL, "a character device is a terminal as far as we care");
}

static void a_file_gets_the_time(void **state)
{
	char output[200], path[] = "/tmp/rosterd-log-XXXXXX", line[200] = "";
	int file = mkstemp(path), kept = dup(STDERR_FILENO);

	(void)state;
	assert_true(file >= 0 && kept >= 0);
	dup2(file, STDERR_FILENO);
	log_note(NULL, "to a file");
	dup2(kept, STDERR_FILENO);
	assert_true(pread(file, line, sizeof(line) - 1, 0) > 0);
	close(file);
	close(kept);
	unlink(path);
	assert_int_equal(line[4], '-');
	assert_true(text_ends(line, "Z rosterd: to a file\n"));
	assert_int_equal(child_run(say_into_a_file, NULL, output, sizeof(output)), 0);
}

enum { THREADS = 4, LINES_EACH = 200, WORD_LENGTH = 700 };

static void *write_lines(void *letter)
{
	char text[WORD_LENGTH + 1] = "";

	memset(text, *(const char *)letter, WORD_LENGTH);
	for (int i = 0; i < LINES_EACH; i++)
		log_info(NULL, "%s", text);
	return NULL;
}

static void write_from_threads(const void *with)
{
	static char letters[THREADS] = { 'a', 'b', 'c', 'd' };
	pthread_t threads[THREADS];

	(void)with;
	log_open(LOG_PLAIN, LOG_LEVEL_INFO);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, write_lines, &letters[i]);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

static void threads_do_not_mix_their_lines(void **state)
{
	static char output[THREADS * LINES_EACH * (WORD_LENGTH + 16)];
	int lines = 0;

	(void)state;
	assert_int_equal(child_run(write_from_threads, NULL, output, sizeof(output)), 0);
	for (char *line = strtok(output, "\n"); line; line = strtok(NULL, "\n"), lines++) {
		char letter = line[strlen("rosterd: ")];

		assert_int_equal(strlen(line), strlen("rosterd: ") + WORD_LENGTH);
		assert_int_equal(strspn(line + strlen("rosterd: "), (char[]){ letter, '\0' }), WORD_LENGTH);
	}
	assert_int_equal(lines, THREADS * LINES_EACH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(subjects),
		cmocka_unit_test(words_are_parsed),
		cmocka_unit_test(levels),
		cmocka_unit_test(fields),
		cmocka_unit_test(floods),
		cmocka_unit_test(hostile_values_stay_in_one_line),
		cmocka_unit_test(lines_at_the_limit_are_whole),
		cmocka_unit_test(values_are_shown),
		cmocka_unit_test(failures),
		cmocka_unit_test(a_file_gets_the_time),
		cmocka_unit_test(threads_do_not_mix_their_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
