/* Collects findings: of the daemon's program, of the service manager, of the daemon itself. */
#include "rosterctl/examine.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "platform.h"
#include "rosterctl/child.h"
#include "rosterctl/items.h"
#include "rosterctl/session.h"

#define UNIT "rosterd.service"

enum {
	SHORT_MS = 10 * 1000, /* for a program that only looks something up */
	SHOWN_MOST = 4096,
	SOON_DAYS = 30,
	US_PER_MS = 1000,
	WORDS_MOST = 16,
};
static const int64_t us_per_day = INT64_C(86400) * 1000000;

struct finding {
	const char *level, *code, *found, *why, *todo;
};

/* ---- findings ---- */

static void count(struct examination *x, const char *level)
{
	x->problems += text_equal(level, "problem");
	x->warnings += text_equal(level, "warning");
	x->notes += text_equal(level, "note");
	x->well += text_equal(level, "ok");
}

static void add_raw(struct examination *x, const char *bytes, size_t length)
{
	if (x->findings->length > 0)
		buffer_text(x->findings, ",\n");
	buffer_add(x->findings, bytes, length);
}

static void add(struct examination *x, struct finding finding)
{
	__attribute__((cleanup(buffer_close))) struct buffer one;
	struct json_writer w;

	buffer_open(&one, EXAMINE_BYTES_MOST);
	json_writer_open(&w, &one);
	json_begin_object(&w, NULL);
	json_put_text(&w, "level", finding.level);
	json_put_text(&w, "code", finding.code);
	json_put_text(&w, "found", finding.found);
	json_put_text(&w, "why", finding.why);
	json_put_text(&w, "todo", finding.todo);
	json_end_object(&w);
	add_raw(x, one.bytes, one.length);
	count(x, finding.level);
}

#define say(ctl, ...) arena_format((ctl)->arena, __VA_ARGS__)

/* ---- the daemon's program ---- */

const char *examine_program(const struct ctl *ctl)
{
	return ctl_option(ctl, "program") ? ctl_option(ctl, "program") : DAEMON_PATH;
}

static const char *const *program_words(struct ctl *ctl, bool with_details)
{
	const char **words = arena_array(ctl->arena, WORDS_MOST, sizeof(*words));
	size_t n = 0;

	words[n++] = examine_program(ctl);
	words[n++] = "--doctor";
	words[n++] = with_details ? "--details" : "--json";
	if (ctl_given(ctl, "standalone")) {
		words[n++] = "--standalone";
		words[n++] = ctl_option(ctl, "standalone");
	}
	if (ctl_option(ctl, "config")) {
		words[n++] = "--config";
		words[n++] = ctl_option(ctl, "config");
	}
	return words;
}

static void take_findings(struct examination *x)
{
	const struct json *findings = json_member(x->json, "findings");
	struct items items;
	const char *item;
	size_t length;

	for (size_t i = 0; i < json_count(findings); i++) {
		const char *level = json_text(json_member(json_at(findings, i), "level"));

		count(x, level ? level : "note");
	}
	if (items_find(x->bytes, "findings", &items) > 0)
		while (items_next(&items, &item, &length) > 0)
			add_raw(x, item, length);
}

static void take_answer(struct ctl *ctl, struct examination *x, const struct buffer *answer)
{
	struct json *json;
	struct error e;

	x->bytes = arena_text_n(ctl->arena, answer->length > 0 ? answer->bytes : "", answer->length);
	if (answer->full || json_parse(ctl->arena, x->bytes, answer->length, &json, &e) < 0 || !json_is_object(json)) {
		add(x, (struct finding){ "problem", "doctor.program", "what rosterd --doctor said is no JSON",
					 "most of the installation was not looked at", "rosterd --doctor" });
		return;
	}
	x->json = json;
	x->version = json_text(json_member(json, "version"));
	x->user = json_text(json_member(json, "user"));
	x->config = json_text(json_member(json, "config"));
	x->socket = json_text(json_member(json, "socket"));
	x->public_url = json_text(json_member(json, "public_url"));
	take_findings(x);
}

static void ask_program(struct ctl *ctl, bool with_details, struct examination *x)
{
	__attribute__((cleanup(buffer_close))) struct buffer answer;
	struct error e;
	int exit_code;

	buffer_open(&answer, EXAMINE_BYTES_MOST);
	if (child_hear(program_words(ctl, with_details), false, EXAMINE_MS, &answer, &exit_code, &e) == 0)
		take_answer(ctl, x, &answer);
	else
		add(x, (struct finding){ "problem", "doctor.program", say(ctl, "%s", e.text),
					 "most of the installation was not looked at",
					 "install rosterd here, or name its program with --program" });
}

/* ---- the service manager ---- */

/* "Name=value" of systemctl show. */
static const char *property(struct ctl *ctl, const struct buffer *shown, const char *name)
{
	const char *line = shown->length > 0 ? shown->bytes : "";
	size_t length = strlen(name);

	for (; *line; line += strcspn(line, "\n"), line += *line == '\n')
		if (strncmp(line, name, length) == 0 && line[length] == '=')
			return arena_text_n(ctl->arena, line + length + 1, strcspn(line + length + 1, "\n"));
	return "";
}

static void judge_service(struct ctl *ctl, struct examination *x, const struct buffer *shown)
{
	const char *active = property(ctl, shown, "ActiveState"), *restarts = property(ctl, shown, "NRestarts");

	if (text_equal(property(ctl, shown, "LoadState"), "not-found")) {
		add(x, (struct finding){ "note", "service.unknown", "systemd knows no " UNIT, NULL, NULL });
		return;
	}
	if (text_equal(active, "active"))
		add(x, (struct finding){ "ok", "service.ok", UNIT " is active", NULL, NULL });
	else
		add(x, (struct finding){ "problem", "service.down", say(ctl, UNIT " is %s (%s)", active,
									property(ctl, shown, "Result")),
					 "nobody reads directories or answers requests",
					 "journalctl -u rosterd -n 50; systemctl restart rosterd" });
	if (text_equal(property(ctl, shown, "UnitFileState"), "disabled"))
		add(x, (struct finding){ "warning", "service.disabled", UNIT " does not start with the machine",
					 "after the next boot nobody reads directories", "systemctl enable rosterd" });
	if (*restarts && !text_equal(restarts, "0"))
		add(x, (struct finding){ "warning", "service.restarts", say(ctl, UNIT " was restarted %s times", restarts),
					 "it ended unasked, and may do so again", "journalctl -u rosterd -p warning" });
}

static void ask_systemd(struct ctl *ctl, struct examination *x)
{
	static const char *const words[] = { "systemctl", "show", UNIT, "-p",
					     "LoadState,ActiveState,Result,NRestarts,UnitFileState", NULL };
	__attribute__((cleanup(buffer_close))) struct buffer shown;
	struct error e;
	int exit_code;

	buffer_open(&shown, SHOWN_MOST);
	if (access("/run/systemd/system", F_OK) < 0)
		add(x, (struct finding){ "note", "service.unknown", "systemd does not run here", NULL, NULL });
	else if (child_hear(words, true, SHORT_MS, &shown, &exit_code, &e) < 0 || exit_code != 0)
		add(x, (struct finding){ "note", "service.unknown", "systemd does not tell about " UNIT, NULL, NULL });
	else
		judge_service(ctl, x, &shown);
}

/* ---- the daemon ---- */

static void judge_health(struct ctl *ctl, struct examination *x, const struct answer *answer, int64_t ms)
{
	const char *version = json_text(json_member(answer->json, "version"));

	add(x, (struct finding){ "ok", "daemon.ok", say(ctl, "the daemon answers after %" PRId64 " ms", ms), NULL, NULL });
	if (version && !text_equal(version, PACKAGE_VERSION))
		add(x, (struct finding){ "warning", "daemon.version",
					 say(ctl, "the daemon that runs is %s, what is installed is " PACKAGE_VERSION, version),
					 "it still runs what was installed before", "systemctl restart rosterd" });
}

static void tell_unwell(struct ctl *ctl, struct examination *x, const char *where, const struct error *why)
{
	add(x, (struct finding){ "problem", "daemon.down", say(ctl, "the daemon does not answer at %s: %s", where, why->text),
				 "nobody reads directories or answers requests",
				 "systemctl restart rosterd; journalctl -u rosterd -n 50" });
}

const char *examine_socket(const struct ctl *ctl, const struct examination *x)
{
	const char *named = ctl_option(ctl, "socket") ? ctl_option(ctl, "socket") : getenv("ROSTERD_SOCKET");

	if (named && *named)
		return named;
	return x->socket ? x->socket : SESSION_SOCKET;
}

static void ask_daemon(struct ctl *ctl, struct examination *x)
{
	struct session_options options = { .socket = examine_socket(ctl, x), .timeout_ms = SHORT_MS };
	scoped(session) *session = NULL;
	int64_t began = clock_monotonic_ms();
	struct answer answer;
	struct error e;

	if (session_open(&options, &session, &e) < 0)
		tell_unwell(ctl, x, options.socket, &e);
	else if (session_ask(session, ctl->arena, "GET", "/healthz", NULL, &answer, &e) < 0)
		tell_unwell(ctl, x, session_where(session), &e);
	else
		judge_health(ctl, x, &answer, clock_monotonic_ms() - began);
}

/* ---- how the world reaches it ---- */

static void judge_certificate(struct ctl *ctl, struct examination *x, int64_t until)
{
	char text[CLOCK_TEXT_SIZE];
	int64_t left = until - clock_now_us();

	if (left > SOON_DAYS * us_per_day)
		return;
	add(x, (struct finding){ left > 0 ? "warning" : "problem", "public_url.certificate",
				 say(ctl, "the certificate of %s is valid until %.10s", x->public_url,
				     clock_text(until, text)),
				 "after that day nobody's programs reach the API", "renew it where TLS ends" });
}

static void ask_world(struct ctl *ctl, struct examination *x)
{
	const struct session_options options = { .url = x->public_url, .timeout_ms = SHORT_MS };
	scoped(session) *session = NULL;
	struct answer answer;
	struct error e;
	int64_t until;

	if (!x->public_url)
		return;
	if (session_open(&options, &session, &e) < 0 ||
	    session_ask(session, ctl->arena, "GET", "/healthz", NULL, &answer, &e) < 0) {
		add(x, (struct finding){ "warning", "public_url.unreachable", say(ctl, "%s", e.text),
					 "links and redirects lead there; from this machine it cannot be reached",
					 say(ctl, "curl -v %s/healthz", x->public_url) });
		return;
	}
	add(x, (struct finding){ "ok", "public_url.ok", say(ctl, "the daemon answers at %s", x->public_url), NULL, NULL });
	if (session_certificate(session, &until) > 0)
		judge_certificate(ctl, x, until);
}

void examine(struct ctl *ctl, bool with_details, struct buffer *findings, struct examination *ret)
{
	*ret = (struct examination){ .findings = findings };
	ask_program(ctl, with_details, ret);
	ask_systemd(ctl, ret);
	ask_daemon(ctl, ret);
	ask_world(ctl, ret);
}

void examine_write(const struct examination *x, struct json_writer *w)
{
	__attribute__((cleanup(buffer_close))) struct buffer list;

	buffer_open(&list, EXAMINE_BYTES_MOST);
	buffer_text(&list, "[");
	buffer_add(&list, x->findings->bytes, x->findings->length);
	buffer_text(&list, "]");
	json_begin_object(w, NULL);
	json_put_text(w, "rosterctl", PACKAGE_VERSION);
	json_put_text(w, "rosterd", x->version);
	json_put_time(w, "at", clock_now_us());
	json_put_text(w, "user", x->user);
	json_put_text(w, "config", x->config);
	json_put_text(w, "socket", x->socket);
	json_put_int(w, "problems", (int64_t)x->problems);
	json_put_int(w, "warnings", (int64_t)x->warnings);
	json_put_raw(w, "findings", list.bytes);
	json_end_object(w);
}
