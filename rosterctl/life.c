/* The end of a connection, its return, and whose word counts: each is a plan that is shown first. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "rosterctl/body.h"
#include "rosterctl/exits.h"
#include "rosterctl/handlers.h"
#include "rosterctl/path.h"
#include "rosterctl/print.h"
#include "rosterctl/session.h"
#include "rosterctl/sync.h"

enum { PRECEDENCE_MOST = 1000000 };

struct subject {
	const char *organisation, *name, *path; /* path: of the connection */
};

static int named(struct ctl *ctl, struct subject *ret, struct error *e)
{
	if (path_split(ctl->arena, ctl_word(ctl, 0), "CONNECTION", &ret->organisation, &ret->name, e) < 0)
		return -1;
	ret->path = path_make(ctl->arena, "/v1/organisations/{}/connections/{}", ret->organisation, ret->name);
	return 0;
}

/* ---- pairs ---- */

static void close_file(FILE **file)
{
	if (*file)
		fclose(*file);
}

static void free_line(char **line)
{
	free(*line);
}

/* "old,new", or with a tab between where a key has a comma in it. */
static int put_pair(struct json_writer *w, char *line, const char *path, int number, struct error *e)
{
	line[strcspn(line, "\r\n")] = '\0';
	char *gap = strchr(line, '\t');

	if (!*line || *line == '#')
		return 0;
	if (!gap)
		gap = strchr(line, ',');
	if (!gap || gap == line || !gap[1])
		return error_set(e, ERROR_INPUT, CODE_USAGE,
				 "%s:%d: two keys with a comma or a tab between are expected: of the entry in the old directory and in "
				 "the new one",
				 path, number);
	*gap = '\0';
	json_begin_object(w, NULL);
	json_put_text(w, "from", line);
	json_put_text(w, "to", gap + 1);
	json_end_object(w);
	return 0;
}

static int put_pairs(struct body *body, const struct ctl *ctl, struct error *e)
{
	const char *path = ctl_option(ctl, "pairs");
	__attribute__((cleanup(close_file))) FILE *file = NULL;
	__attribute__((cleanup(free_line))) char *line = NULL;
	size_t size = 0;

	if (!path)
		return 0;
	file = fopen(path, "re");
	if (!file)
		return error_set(e, ERROR_INPUT, CODE_USAGE, "file \"%s\" could not be opened: %s", path, strerror(errno));
	json_begin_array(&body->writer, "pairs");
	for (int number = 1; getline(&line, &size, file) >= 0; number++)
		if (put_pair(&body->writer, line, path, number, e) < 0)
			return -1;
	json_end_array(&body->writer);
	return ferror(file) ? error_set(e, ERROR_INPUT, CODE_USAGE, "file \"%s\" could not be read", path) : 0;
}

/* ---- the end and the return ---- */

static int ask(struct ctl *ctl, const char *path, struct body *body, const char *organisation, const char *what, struct error *e)
{
	struct answer answer;

	if (body_end(body, e) < 0 ||
	    session_ask(ctl->session, ctl->arena, "POST", path, &body->buffer, &answer, e) < 0)
		return -1;
	return sync_settle(ctl, organisation, &answer, what, e);
}

static int end(struct ctl *ctl, const struct subject *subject, const char *people, const char *to, struct error *e)
{
	scoped(body) body;

	body_open(&body);
	json_put_text(&body.writer, "people", people);
	if (to)
		json_put_text(&body.writer, "to", to);
	body_text(&body, ctl, "others", "others");
	if (put_pairs(&body, ctl, e) < 0)
		return -1;
	json_put_bool(&body.writer, "plan_only", ctl_given(ctl, "plan-only"));
	return ask(ctl, arena_format(ctl->arena, "%s/delete", subject->path), &body, subject->organisation,
		   arena_format(ctl->arena, "delete connection \"%s\"", ctl_word(ctl, 0)), e);
}

/* Without --people: one that shows nobody; the plan is then that of keeping whom it has. */
int connection_delete(struct ctl *ctl, struct error *e)
{
	const char *people = ctl_option(ctl, "people");
	struct subject subject;
	struct answer answer;

	if (named(ctl, &subject, e) < 0)
		return -1;
	if (people || ctl_given(ctl, "plan-only"))
		return end(ctl, &subject, people ? people : "keep", ctl_option(ctl, "to"), e);
	if (print_confirm(ctl, arena_format(ctl->arena, "delete connection \"%s\"", ctl_word(ctl, 0)), e) < 0)
		return -1;
	if (session_call(ctl->session, ctl->arena, "DELETE", subject.path, NULL, &answer, e) < 0) {
		if (text_equal(e->code, "connection.has_people"))
			return error_set(e, ERROR_CONFLICT, "connection.has_people",
					 "connection \"%s\" has people; say what becomes of them: --people keep, suspend or hand-over "
					 "--to NAME (--plan-only shows it)",
					 ctl_word(ctl, 0));
		return -1;
	}
	print_line(ctl, "connection \"%s\" is deleted; \"rosterctl connection restore\" brings it back", ctl_word(ctl, 0));
	return 0;
}

int connection_replace(struct ctl *ctl, struct error *e)
{
	struct subject subject;

	return named(ctl, &subject, e) < 0 ? -1 : end(ctl, &subject, "hand-over", ctl_word(ctl, 1), e);
}

int connection_restore(struct ctl *ctl, struct error *e)
{
	struct subject subject;
	struct answer answer;

	if (named(ctl, &subject, e) < 0 ||
	    session_ask(ctl->session, ctl->arena, "POST", arena_format(ctl->arena, "%s/restore", subject.path), NULL, &answer,
			e) < 0)
		return -1;
	return sync_settle(ctl, subject.organisation, &answer,
			   arena_format(ctl->arena, "bring connection \"%s\" back", ctl_word(ctl, 0)), e);
}

/* Who somebody is whose address is another entry's. */
int connection_resolve(struct ctl *ctl, struct error *e)
{
	bool same = ctl_given(ctl, "same-person");
	struct subject subject;
	scoped(body) body;

	body_open(&body);
	if (same == ctl_given(ctl, "new-person"))
		return error_set(e, ERROR_INPUT, CODE_USAGE, "either --same-person or --new-person is expected");
	if (named(ctl, &subject, e) < 0)
		return -1;
	json_put_text(&body.writer, "remote_id", ctl_word(ctl, 1));
	json_put_text(&body.writer, "as", same ? "same-person" : "new-person");
	return ask(ctl, arena_format(ctl->arena, "%s/refused/resolve", subject.path), &body, subject.organisation,
		   arena_format(ctl->arena, "take \"%s\" as %s", ctl_word(ctl, 1), same ? "the same person" : "a new person"), e);
}

/* ---- whose word counts ---- */

static const char *precedence_path(const struct ctl *ctl)
{
	return path_make(ctl->arena, "/v1/organisations/{}/precedence", ctl_word(ctl, 0));
}

static void print_names(struct ctl *ctl, const char *what, const struct json *names)
{
	struct buffer line;

	buffer_open(&line, BODY_MOST);
	for (size_t i = 0; i < json_count(names); i++)
		buffer_format(&line, "%s%s", i ? ", " : "", json_text(json_at(names, i)) ? json_text(json_at(names, i)) : "-");
	print_line(ctl, "%-11s %s", what, line.length ? line.bytes : "-");
	buffer_close(&line);
}

int precedence_show(struct ctl *ctl, struct error *e)
{
	static const struct column none[] = { { 0 } };
	struct answer answer;
	const struct json *order, *rules, *pending, *value;
	const char *name;
	size_t at = 0;

	if (session_ask(ctl->session, ctl->arena, "GET", precedence_path(ctl), NULL, &answer, e) < 0)
		return -1;
	if (ctl->json) {
		print_answer(ctl, &answer, none);
		return 0;
	}
	order = json_member(answer.json, "order");
	rules = json_member(answer.json, "rules");
	pending = json_member(answer.json, "pending");
	print_line(ctl, "who leads, and who is next where they say nothing:");
	while (json_next(order, &at, &name, &value) == 1)
		print_names(ctl, arena_format(ctl->arena, "%s%s", name, json_member(rules, name) ? " *" : ""), value);
	print_line(ctl, "* by a rule; otherwise what a person set, then connections by their precedence");
	if (json_is_object(pending))
		print_line(ctl,
			   "a change of it %s, so this is the order as it was: rosterctl sync show %s/%s",
			   text_equal(json_text(json_member(pending, "state")), "held") ? "is held"
											: "is under way",
			   ctl_word(ctl, 0), json_text(json_member(pending, "run")));
	return 0;
}

/* NAME=NUMBER of each --connection. */
static int put_numbers(struct body *body, const struct ctl *ctl, struct error *e)
{
	const char *given;

	json_begin_object(&body->writer, "connections");
	for (size_t at = 0; (given = arguments_each(ctl->given, "connection", &at));) {
		const char *equals = strrchr(given, '=');
		int64_t number;

		if (!equals || equals == given || text_to_int64(equals + 1, &number) < 0 || number < 0 ||
		    number > PRECEDENCE_MOST)
			return error_set(e, ERROR_INPUT, CODE_USAGE,
					 "--connection is \"%s\"; NAME=NUMBER with a number of 0 to %d is expected", given,
					 PRECEDENCE_MOST);
		json_put_int(&body->writer, arena_text_n(ctl->arena, given, (size_t)(equals - given)), number);
	}
	json_end_object(&body->writer);
	return 0;
}

static void put_names(struct body *body, const struct ctl *ctl, const char *names)
{
	while (*names) {
		size_t length = strcspn(names, ",");

		json_put_text(&body->writer, NULL, arena_text_n(ctl->arena, names, length));
		names += length + (names[length] == ',');
	}
}

/* ATTRIBUTE=NAME,NAME of each --rule; ATTRIBUTE=none takes the rule away. */
static int put_rules(struct body *body, const struct ctl *ctl, struct error *e)
{
	const char *given;

	json_begin_object(&body->writer, "rules");
	for (size_t at = 0; (given = arguments_each(ctl->given, "rule", &at));) {
		const char *equals = strchr(given, '=');

		if (!equals || equals == given || !equals[1])
			return error_set(e, ERROR_INPUT, CODE_USAGE,
					 "--rule is \"%s\"; ATTRIBUTE=NAME,NAME or ATTRIBUTE=none is expected", given);
		const char *attribute = arena_text_n(ctl->arena, given, (size_t)(equals - given));

		if (text_equal(equals + 1, "none")) {
			json_put_null(&body->writer, attribute);
			continue;
		}
		json_begin_array(&body->writer, attribute);
		put_names(body, ctl, equals + 1);
		json_end_array(&body->writer);
	}
	json_end_object(&body->writer);
	return 0;
}

int precedence_set(struct ctl *ctl, struct error *e)
{
	scoped(body) body;

	body_open(&body);
	if (!ctl_given(ctl, "connection") && !ctl_given(ctl, "rule"))
		return usage_error(e,
				   "what is to be different is expected: --connection NAME=N or --rule "
				   "ATTR=NAMES; \"rosterctl precedence "
				   "show %s\" shows what is",
				   ctl_word(ctl, 0));
	if (put_numbers(&body, ctl, e) < 0 || put_rules(&body, ctl, e) < 0)
		return -1;
	json_put_bool(&body.writer, "plan_only", ctl_given(ctl, "plan-only"));
	return ask(ctl, precedence_path(ctl), &body, ctl_word(ctl, 0),
		   arena_format(ctl->arena, "change whose word counts in \"%s\"", ctl_word(ctl, 0)), e);
}
