/* Puts together what somebody needs who helps from afar, and nothing that they must not see. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "platform.h"
#include "rosterctl/archive.h"
#include "rosterctl/child.h"
#include "rosterctl/examine.h"
#include "rosterctl/handlers.h"
#include "rosterctl/print.h"
#include "rosterctl/scrub.h"
#include "rosterctl/session.h"

enum {
	ENTRIES_MOST = 16,
	LOG_BYTES_MOST = 4 << 20,
	JOURNAL_MS = 30 * 1000,
	LINE_MOST = 512,
	ANSWER_MS = 10 * 1000,
	US_PER_S = 1000000,
};

struct entry {
	const char *name, *words;
	const char *bytes;
	size_t size;
};

struct bundle {
	struct ctl *ctl;
	struct vocabulary *vocabulary;
	struct examination found;
	struct entry entries[ENTRIES_MOST];
	size_t count;
	const char *missing; /* a line for each part that could not be had */
};

/* ---- parts ---- */

static void add(struct bundle *b, const char *name, const char *words, const struct buffer *buffer)
{
	const char *bytes = buffer->length > 0 ? buffer->bytes : "";

	if (b->count < ENTRIES_MOST)
		b->entries[b->count++] =
			(struct entry){ name, words, arena_text_n(b->ctl->arena, bytes, buffer->length), buffer->length };
}

static void miss(struct bundle *b, const char *name, const char *why)
{
	b->missing = arena_format(b->ctl->arena, "%s  %-20s %s\n", b->missing, name, why);
}

/* ---- JSON again ---- */

static const char *clean(struct bundle *b, const char *text)
{
	__attribute__((cleanup(buffer_close))) struct buffer buffer;

	buffer_open(&buffer, LOG_BYTES_MOST);
	scrub(b->vocabulary, text, strlen(text), &buffer);
	return arena_text_n(b->ctl->arena, buffer.length > 0 ? buffer.bytes : "", buffer.length);
}

/* Texts below a member that may hold names go through the vocabulary. */
static void put(struct bundle *b, struct json_writer *w, const char *name, const struct json *value, bool scrubbed)
{
	const struct json *member;
	const char *key;

	if (json_is_object(value)) {
		json_begin_object(w, name);
		for (size_t at = 0; json_next(value, &at, &key, &member) > 0;)
			put(b, w, key, member, scrubbed);
		json_end_object(w);
	} else if (json_is_array(value)) {
		json_begin_array(w, name);
		for (size_t i = 0; i < json_count(value); i++)
			put(b, w, NULL, json_at(value, i), scrubbed);
		json_end_array(w);
	} else if (json_is_text(value))
		json_put_text(w, name, scrubbed ? clean(b, json_text(value)) : json_text(value));
	else if (json_is_bool(value))
		json_put_bool(w, name, json_bool(value));
	else if (json_is_number(value))
		json_put_int(w, name, json_int(value));
	else
		json_put_null(w, name);
}

/* What rosterd found may name organisations; what we found ourselves is about this machine. */
static bool is_ours(const char *code)
{
	static const char *const own[] = { "service.", "daemon.", "public_url.", "doctor.program", NULL };

	for (const char *const *prefix = own; code && *prefix; prefix++)
		if (text_begins(code, *prefix))
			return true;
	return false;
}

static void put_finding(struct bundle *b, struct json_writer *w, const struct json *finding)
{
	const char *code = json_text(json_member(finding, "code"));

	json_begin_object(w, NULL);
	put(b, w, "level", json_member(finding, "level"), false);
	put(b, w, "code", json_member(finding, "code"), false);
	put(b, w, "found", json_member(finding, "found"), !is_ours(code));
	put(b, w, "why", json_member(finding, "why"), false);
	put(b, w, "todo", json_member(finding, "todo"), !is_ours(code));
	json_end_object(w);
}

static void add_findings(struct bundle *b)
{
	__attribute__((cleanup(buffer_close))) struct buffer buffer;
	const char *bytes = arena_format(b->ctl->arena, "[%s]", b->found.findings->bytes);
	struct json_writer w;
	struct json *list;
	struct error e;

	buffer_open(&buffer, EXAMINE_BYTES_MOST);
	json_writer_open(&w, &buffer);
	json_begin_array(&w, NULL);
	if (json_parse(b->ctl->arena, bytes, b->found.findings->length + 2, &list, &e) == 0)
		for (size_t i = 0; i < json_count(list); i++)
			put_finding(b, &w, json_at(list, i));
	json_end_array(&w);
	add(b, "doctor.json", "what rosterctl doctor finds", &buffer);
}

static void add_member(struct bundle *b, const char *member, const char *name, const char *words)
{
	__attribute__((cleanup(buffer_close))) struct buffer buffer;
	const struct json *value = json_member(b->found.json, member);
	struct json_writer w;

	buffer_open(&buffer, EXAMINE_BYTES_MOST);
	if (!value) {
		miss(b, name, "rosterd --doctor did not tell");
		return;
	}
	json_writer_open(&w, &buffer);
	put(b, &w, NULL, value, false);
	add(b, name, words, &buffer);
}

/* ---- the machine ---- */

static void add_versions(struct bundle *b)
{
	__attribute__((cleanup(buffer_close))) struct buffer buffer;
	FILE *file = fopen("/etc/os-release", "re");
	struct utsname kernel;
	char line[LINE_MOST];

	buffer_open(&buffer, LOG_BYTES_MOST);
	buffer_format(&buffer, "rosterctl %s\nrosterd %s\n", PACKAGE_VERSION,
		      b->found.version ? b->found.version : "did not answer");
	if (uname(&kernel) == 0)
		buffer_format(&buffer, "%s %s %s\n", kernel.sysname, kernel.release, kernel.machine);
	while (file && fgets(line, sizeof(line), file))
		if (text_begins(line, "PRETTY_NAME="))
			buffer_text(&buffer, line);
	if (file)
		fclose(file);
	add(b, "versions.txt", "of rosterd, rosterctl, kernel and distribution", &buffer);
}

/* ---- the daemon ---- */

static int keep(void *context, const char *bytes, size_t length, struct error *e)
{
	(void)e;
	buffer_add(context, bytes, length);
	return 0;
}

static void add_answer(struct bundle *b, struct session *session, const char *path, const char *name, const char *words)
{
	__attribute__((cleanup(buffer_close))) struct buffer buffer;
	struct error e;

	buffer_open(&buffer, EXAMINE_BYTES_MOST);
	if (session_stream(session, b->ctl->arena, path, keep, &buffer, &e) < 0)
		miss(b, name, "the daemon did not answer");
	else
		add(b, name, words, &buffer);
}

static void add_answers(struct bundle *b)
{
	struct session_options options = { .timeout_ms = ANSWER_MS };
	scoped(session) *session = NULL;
	struct error e;

	options.socket = examine_socket(b->ctl, &b->found);
	if (session_open(&options, &session, &e) < 0) {
		miss(b, "metrics.txt", "the daemon's socket is not known");
		return;
	}
	add_answer(b, session, "/metrics", "metrics.txt", "what the daemon counts");
	add_answer(b, session, "/v1/status", "status.json", "the daemon's own figures");
}

/* ---- names that are words ---- */

/* Asks for the slugs and names of all organisations; without a daemon the log alone tells some of them. */
static void forget_organisations(struct bundle *b)
{
	struct session_options options = { .timeout_ms = ANSWER_MS, .socket = examine_socket(b->ctl, &b->found) };
	scoped(session) *session = NULL;
	struct answer answer;
	const char *after = "";
	struct error e;

	if (session_open(&options, &session, &e) < 0)
		return;
	while (after) {
		const char *path = arena_format(b->ctl->arena, "/v1/organisations?limit=1000%s%s", *after ? "&after=" : "", after);

		if (session_ask(session, b->ctl->arena, "GET", path, NULL, &answer, &e) < 0)
			return;
		const struct json *items = json_member(answer.json, "items");
		for (size_t i = 0; i < json_count(items); i++) {
			vocabulary_forget(b->vocabulary, json_text(json_member(json_at(items, i), "slug")));
			vocabulary_forget(b->vocabulary, json_text(json_member(json_at(items, i), "name")));
		}
		after = json_text(json_member(answer.json, "next"));
	}
}

/* ---- the log ---- */

/* The end of a file, from the beginning of a line. */
static int read_end(const char *path, struct buffer *ret)
{
	static char piece[1 << 16];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat is;
	ssize_t got = -1;

	if (fd >= 0 && fstat(fd, &is) == 0 && S_ISREG(is.st_mode)) {
		if (is.st_size > LOG_BYTES_MOST)
			lseek(fd, is.st_size - LOG_BYTES_MOST, SEEK_SET);
		while ((got = read(fd, piece, sizeof(piece))) > 0)
			buffer_add(ret, piece, (size_t)got);
	}
	if (fd >= 0)
		close(fd);
	return got < 0 ? -1 : 0;
}

static int read_journal(struct buffer *ret)
{
	static const char *const words[] = { "journalctl", "-u", "rosterd.service", "-n", "2000", "-o", "short-iso",
					     "--no-pager", NULL };
	struct error e;
	int exit_code;

	return child_hear(words, true, JOURNAL_MS, ret, &exit_code, &e) == 0 && exit_code == 0 ? 0 : -1;
}

static void add_log(struct bundle *b)
{
	__attribute__((cleanup(buffer_close))) struct buffer log;
	__attribute__((cleanup(buffer_close))) struct buffer scrubbed;
	const char *path = ctl_option(b->ctl, "log");

	buffer_open(&log, LOG_BYTES_MOST);
	buffer_open(&scrubbed, 2 * LOG_BYTES_MOST);
	if ((path ? read_end(path, &log) : read_journal(&log)) < 0 || log.length == 0) {
		miss(b, "log.txt", path ? "the file cannot be read" : "the journal has nothing; --log FILE names a file");
		return;
	}
	if (vocabulary_count(b->vocabulary) == 0) {
		miss(b, "log.txt", "without the daemon's program no word of the log is known to be harmless");
		return;
	}
	vocabulary_forget_named(b->vocabulary, log.bytes, log.length);
	scrub(b->vocabulary, log.bytes, log.length, &scrubbed);
	add(b, "log.txt", "the end of the daemon's log, without what is not its own words", &scrubbed);
}

/* ---- the manifest ---- */

static void write_manifest(const struct bundle *b, struct buffer *to)
{
	char now[CLOCK_TEXT_SIZE];

	buffer_format(to, "A support bundle of rosterd, made %s by rosterctl %s.\n\nIn it:\n",
		      clock_text(clock_now_us(), now), PACKAGE_VERSION);
	for (size_t i = 0; i < b->count; i++)
		buffer_format(to, "  %-20s %s (%zu bytes)\n", b->entries[i].name, b->entries[i].words, b->entries[i].size);
	if (*b->missing)
		buffer_format(to, "\nNot in it, although it should be:\n%s", b->missing);
	buffer_text(to, "\n"
			"Left out or replaced:\n"
			"  secrets              of the configuration only where they are kept is told; those of connections,\n"
			"                       tokens, keys and certificates are not read at all\n"
			"  connections          nothing of their settings, mappings, names and schedules\n"
			"  people               no name, address, user name, role or group; of members there are counts alone\n"
			"  organisations        no name, slug or domain; runs and connections are told by their ids\n"
			"  operators            \"(removed)\" in admin_users and admin_groups\n"
			"  words of the log     each that rosterd's own program does not contain is \"*\"; addresses of mail are\n"
			"                       \"<address>\", of networks \"<ip>\", long numbers \"#\"; so are doctor.json's texts\n"
			"\n"
			"In configuration.json are the names of this machine's files and of the database's host. Look through it\n"
			"before you send it: tar -xOf FILE | less\n");
}

static int write_all(struct bundle *b, const char *path, struct error *e)
{
	__attribute__((cleanup(buffer_close))) struct buffer manifest;
	__attribute__((cleanup(archive_close))) struct archive *archive = NULL;
	const char *top = "rosterd-support/";

	buffer_open(&manifest, LOG_BYTES_MOST);
	write_manifest(b, &manifest);
	if (archive_open(path, clock_now_us() / US_PER_S, &archive, e) < 0 ||
	    archive_add(archive, arena_format(b->ctl->arena, "%sMANIFEST", top), manifest.bytes, manifest.length, e) < 0)
		return -1;
	for (size_t i = 0; i < b->count; i++)
		if (archive_add(archive, arena_format(b->ctl->arena, "%s%s", top, b->entries[i].name), b->entries[i].bytes,
				b->entries[i].size, e) < 0)
			return -1;
	return archive_finish(&archive, e);
}

static void gather(struct bundle *b)
{
	forget_organisations(b);
	vocabulary_forget_named(b->vocabulary, b->found.findings->bytes, b->found.findings->length);
	add_versions(b);
	add_findings(b);
	add_member(b, "configuration", "configuration.json", "rosterd.conf by the table of settings");
	add_member(b, "database", "database.json", "migrations, sizes of tables, counts, and runs without their texts");
	add_answers(b);
	add_log(b);
}

/* "rosterd-support-20261122T091407Z.tar" */
static const char *usual_name(struct ctl *ctl)
{
	char now[CLOCK_TEXT_SIZE], digits[CLOCK_TEXT_SIZE];
	size_t n = 0;

	clock_text(clock_now_us(), now);
	for (const char *at = now; *at && *at != '.'; at++)
		if (*at != '-' && *at != ':')
			digits[n++] = *at;
	digits[n] = '\0';
	return arena_format(ctl->arena, "rosterd-support-%sZ.tar", digits);
}

int support_bundle(struct ctl *ctl, struct error *e)
{
	__attribute__((cleanup(buffer_close))) struct buffer findings;
	__attribute__((cleanup(vocabulary_close))) struct vocabulary *vocabulary = vocabulary_open(examine_program(ctl));
	const char *path = ctl_word(ctl, 0) ? ctl_word(ctl, 0) : usual_name(ctl);
	struct bundle b = { .ctl = ctl, .vocabulary = vocabulary, .missing = "" };

	buffer_open(&findings, EXAMINE_BYTES_MOST);
	examine(ctl, true, &findings, &b.found);
	gather(&b);
	if (write_all(&b, path, e) < 0)
		return -1;
	print_line(ctl, "\"%s\" is written, for you alone to read; its MANIFEST says what is in it and what was left out", path);
	return 0;
}
