/* The audit in its chain: taken out of the daemon, and checked without it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "rosterctl/exits.h"
#include "rosterctl/handlers.h"
#include "rosterctl/instant.h"
#include "rosterctl/path.h"
#include "rosterctl/print.h"
#include "rosterctl/safe.h"
#include "rosterctl/session.h"
#include "rosterctl/verify.h"

/* ---- export ---- */

enum { LINE_MOST = 32, PROGRESS_EVERY_MS = 200 };

/* What has gone through: to show how far it is, and whether the last line is the one that ends an export. */
struct passing {
	int64_t bytes, lines, shown_ms;
	bool shows;
	char line[LINE_MOST]; /* the beginning of the last line */
	size_t length;
	bool ended; /* it has a line break */
};

static void show_progress(struct passing *p)
{
	if (!p->shows || clock_monotonic_ms() < p->shown_ms + PROGRESS_EVERY_MS)
		return;
	p->shown_ms = clock_monotonic_ms();
	fprintf(stderr, "\r\033[K%lld lines, %.1f MiB", (long long)p->lines, (double)p->bytes / MB(1));
}

static void keep_line(struct passing *p, const char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (p->ended)
			p->length = 0;
		if (p->length < sizeof(p->line))
			p->line[p->length++] = bytes[i];
		p->ended = bytes[i] == '\n';
		p->lines += p->ended;
	}
}

static int pass_on(void *context, const char *bytes, size_t size, struct error *e)
{
	struct passing *p = context;

	keep_line(p, bytes, size);
	p->bytes += (int64_t)size;
	show_progress(p);
	if (fwrite(bytes, 1, size, stdout) == size)
		return 0;
	return error_set(e, ERROR_INTERNAL, "output", "could not write the output: %s", strerror(errno));
}

static bool begins(const struct passing *p, const char *with)
{
	return p->length >= strlen(with) && memcmp(p->line, with, strlen(with)) == 0;
}

static int check_end(const struct passing *p, struct error *e)
{
	if (p->ended && (begins(p, "{\"record\":\"end\"") || begins(p, "\"end\",")))
		return 0;
	return error_set(e, ERROR_REMOTE, CODE_NONSENSE,
			 "the export broke off after %lld lines: its last line is not the one that ends it",
			 (long long)p->lines);
}

static const char *audit_path(struct ctl *ctl, const char *what)
{
	const char *organisation = ctl_word(ctl, 0);

	return organisation ? path_make(ctl->arena,
					arena_format(ctl->arena, "/v1/organisations/{}/audit/%s", what),
					organisation)
			    : arena_format(ctl->arena, "/v1/audit/%s", what);
}

int audit_export(struct ctl *ctl, struct error *e)
{
	const char *since, *until, *format = ctl_option(ctl, "format"), *path = audit_path(ctl, "export");
	struct passing p = { .shows = isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO) };
	int result;

	if (instant_option(ctl, "since", &since, e) < 0 || instant_option(ctl, "until", &until, e) < 0)
		return -1;
	path = path_with(ctl->arena, path, "format", format ? format : "jsonl");
	path = path_with(ctl->arena, path, "since", since);
	path = path_with(ctl->arena, path, "until", until);
	result = session_stream(ctl->session, ctl->arena, path, pass_on, &p, e);
	if (p.shows)
		fputs("\r\033[K", stderr);
	return result < 0 ? -1 : check_end(&p, e);
}

/* ---- head ---- */

int audit_head(struct ctl *ctl, struct error *e)
{
	struct answer answer;

	if (session_ask(ctl->session, ctl->arena, "GET", audit_path(ctl, "head"), NULL, &answer, e) < 0)
		return -1;
	if (ctl->json)
		print_answer(ctl, &answer, NULL);
	else
		printf("%s %lld %s\n",
		       safe_text(ctl->arena, json_text(json_member(answer.json, "organisation"))),
		       (long long)json_int(json_member(answer.json, "position")),
		       safe_text(ctl->arena, json_text(json_member(answer.json, "link"))));
	return 0;
}

/* ---- verify ---- */

enum { PROBLEMS_MOST = 100 }; /* that are told; the others are counted */

struct problems {
	struct ctl *ctl;
	struct json_writer json;
	int64_t count;
};

static void tell(void *context, const char *file, size_t line, const char *what)
{
	struct problems *p = context;

	if (++p->count > PROBLEMS_MOST)
		return;
	if (p->ctl->json) {
		json_begin_object(&p->json, NULL);
		json_put_text(&p->json, "file", file);
		json_put_int(&p->json, "line", (int64_t)line);
		json_put_text(&p->json, "problem", what);
		json_end_object(&p->json);
	} else if (line > 0) {
		printf("%s:%zu: %s\n", safe_text(p->ctl->arena, file), line, safe_text(p->ctl->arena, what));
	} else {
		printf("%s: %s\n", safe_text(p->ctl->arena, file), safe_text(p->ctl->arena, what));
	}
}

static void close_file(FILE **file)
{
	if (*file && *file != stdin)
		fclose(*file);
}

static int open_file(const char *name, FILE **ret, struct error *e)
{
	*ret = text_equal(name, "-") ? stdin : fopen(name, "r");
	return *ret ? 0
		    : error_set(e, ERROR_INTERNAL, "audit.file", "could not open the file \"%s\": %s", name,
				strerror(errno));
}

static int read_heads(struct ctl *ctl, struct verify *v, struct error *e)
{
	__attribute__((cleanup(close_file))) FILE *file = NULL;
	const char *name = ctl_option(ctl, "heads");

	if (!name)
		return 0;
	return open_file(name, &file, e) < 0 ? -1 : verify_heads(v, name, file, e);
}

static int read_files(struct ctl *ctl, struct verify *v, struct error *e)
{
	const char *name;

	for (size_t i = 0; (name = ctl_word(ctl, i)); i++) {
		__attribute__((cleanup(close_file))) FILE *file = NULL;

		if (open_file(name, &file, e) < 0 ||
		    verify_file(v, text_equal(name, "-") ? "standard input" : name, file, e) < 0)
			return -1;
	}
	verify_end(v);
	return 0;
}

/* {"problems": [...], "chains": [...], "entries", "erased", "compared", "verified"} */
static void end_json(struct problems *p, const struct verify *v)
{
	struct verify_found found = verify_found(v);
	struct verify_chain chain;
	struct json_writer *w = &p->json;

	json_end_array(w);
	json_begin_array(w, "chains");
	for (size_t at = 0; verify_next_chain(v, &at, &chain) > 0;) {
		json_begin_object(w, NULL);
		json_put_text(w, "organisation", chain.organisation);
		json_put_int(w, "first", chain.first);
		json_put_int(w, "last", chain.last);
		json_put_text(w, "link", chain.link);
		json_end_object(w);
	}
	json_end_array(w);
	json_put_int(w, "entries", found.entries);
	json_put_int(w, "erased", found.erased);
	json_put_int(w, "compared", found.compared);
	json_put_bool(w, "verified", found.problems == 0);
	json_end_object(w);
	printf("%s\n", w->buffer->bytes);
}

static void end_plain(struct ctl *ctl, const struct problems *p, const struct verify *v)
{
	struct verify_found found = verify_found(v);
	struct verify_chain chain;

	if (p->count > PROBLEMS_MOST)
		printf("and %lld more\n", (long long)p->count - PROBLEMS_MOST);
	if (found.problems > 0)
		return;
	for (size_t at = 0; verify_next_chain(v, &at, &chain) > 0;)
		printf("%s: positions %lld to %lld are whole, up to link %s\n", chain.organisation,
		       (long long)chain.first, (long long)chain.last, chain.link);
	printf("%lld entries, of which %lld have been erased\n", (long long)found.entries,
	       (long long)found.erased);
	if (found.compared == 0)
		print_hint(ctl, "nothing was compared with an end that was noted elsewhere: with --heads, "
				"entries that are "
				"missing at the end, and a chain that was written anew, are found, too");
}

int audit_verify(struct ctl *ctl, struct error *e)
{
	__attribute__((cleanup(buffer_close))) struct buffer buffer;
	struct problems p = { .ctl = ctl };
	scoped(verify) *v = verify_open(ctl->arena, tell, &p);

	buffer_open(&buffer, MB(16));
	json_writer_open(&p.json, &buffer);
	json_begin_object(&p.json, NULL);
	json_begin_array(&p.json, "problems");
	if (read_heads(ctl, v, e) < 0 || read_files(ctl, v, e) < 0)
		return -1;
	if (ctl->json)
		end_json(&p, v);
	else
		end_plain(ctl, &p, v);
	if (p.count == 0)
		return 0;
	return error_set(e, ERROR_CONFLICT, CODE_ALTERED,
			 "the audit was altered or is not whole: %lld things are wrong, as told above",
			 (long long)p.count);
}
