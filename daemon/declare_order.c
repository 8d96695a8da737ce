#include "declare_order.h"

#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "orgfile.h"
#include "roster/connection.h"
#include "roster/precedence.h"
#include "roster/run.h"
#include "store/transaction.h"

enum { LIST_MOST = 1000, WISH_MOST = 1 << 20 };

/* The connections of the organisation, as they are once the file's are there. */
struct sources {
	const struct connection *all;
	size_t count;
};

static const struct connection *find_source(const struct sources *sources, const char *name)
{
	for (size_t i = 0; i < sources->count; i++)
		if (strcmp(sources->all[i].name, name) == 0)
			return &sources->all[i];
	return NULL;
}

static void put_source(const struct sources *sources, struct json_writer *w, const char *name)
{
	const struct connection *source = find_source(sources, name); /* none: what a person set */
	struct id manual = { 0 };
	char text[ID_TEXT_SIZE];
	json_put_text(w, NULL, id_text(source ? &source->id : &manual, text));
}

static bool same_list(const char *const *a, const char *const *b)
{
	while (*a && *b && strcmp(*a, *b) == 0)
		a++, b++;
	return !*a && !*b;
}

/* Numbers that differ from what is kept; a new connection has its own already. Says how many. */
static size_t put_numbers(const struct orgfile *file, const struct sources *sources, struct json_writer *w)
{
	size_t different = 0;
	char text[ID_TEXT_SIZE];
	json_begin_object(w, "connections");
	for (size_t i = 0; i < file->connection_count; i++) {
		const struct connection *wanted = &file->connections[i].is,
					*is = find_source(sources, wanted->name);
		if (!is || is->precedence == wanted->precedence)
			continue;
		json_put_int(w, id_text(&is->id, text), wanted->precedence);
		different++;
	}
	json_end_object(w);
	return different;
}

static void put_rule(const struct sources *sources, struct json_writer *w, const char *attribute,
		     const char *const *rule)
{
	if (!*rule) {
		json_put_null(w, attribute);
		return;
	}
	json_begin_array(w, attribute);
	for (; *rule; rule++)
		put_source(sources, w, *rule);
	json_end_array(w);
}

/* Rules that differ from those that are kept; where the file has no section for them they stay. *ret: how
 * many. */
static int put_rules(struct tx *tx, struct arena *arena, const struct id *organisation, const struct orgfile *file,
                     const struct sources *sources, const struct log *log, struct json_writer *w, size_t *ret, struct error *e)
{
	struct precedence *kept;
	size_t count, different = 0;
	bool stay = false;
	if (precedence_list(tx, arena, organisation, &kept, &count, e) < 0)
		return -1;
	json_begin_object(w, "rules");
	for (size_t i = 0; i < count; i++) {
		stay = stay || *kept[i].rule;
		if (!file->rules_line || same_list(kept[i].rule, file->rules[i]))
			continue;
		put_rule(sources, w, kept[i].attribute, file->rules[i]);
		different++;
	}
	json_end_object(w);
	if (stay && !file->rules_line)
		log_warning(log, "the file has no section \"precedence\", and there are rules about "
				     "whose word counts; they stay until it "
				     "has an empty one");
	*ret = different;
	return 0;
}

/* What is under way already is not asked for again, and a plan that somebody was shown for another wish is no
 * longer wanted. 1: ask. */
static int make_way(struct tx *tx, struct arena *arena, const struct id *organisation, const char *wish, bool wanted,
                    const char *who, struct ordered *ret, struct error *e)
{
	struct run_order order;
	int found = run_find_order(tx, arena, organisation, wish, &order, e);
	if (found < 0)
		return -1;
	ret->dropped = found == 1 && order.held && !order.same;
	if (ret->dropped) {
		ret->run = order.id;
		if (run_drop(tx, organisation, &order.id, who, e) < 0)
			return -1;
	}
	return wanted && !(found == 1 && order.same);
}

/* A run does it, because it changes what members show: at once, or once somebody has looked at it. */
static int ask_for_order(struct tx *tx, struct arena *arena, const struct id *organisation, const struct orgfile *file,
                         const char *wish, bool wanted, struct ordered *ret, struct error *e)
{
	const char *who = arena_format(arena, "file %s", file->file);
	struct run run;
	int ask = make_way(tx, arena, organisation, wish, wanted, who, ret, e);
	if (ask <= 0)
		return ask;
	ret->asked = true;
	return run_ask_operation(tx, arena, organisation, NULL, "precedence", wish, false, who, &run, e);
}

int declare_order(struct tx *tx, struct arena *arena, const struct id *organisation, const struct orgfile *file,
                  const struct log *log, struct ordered *ret, struct error *e)
{
	__attribute__((cleanup(buffer_close))) struct buffer buffer = { 0 };
	struct connection *all;
	struct sources sources;
	struct json_writer w;
	size_t rules;
	*ret = (struct ordered){ 0 };
	if (connection_list(tx, arena, organisation, NULL, LIST_MOST, false, &all, &sources.count, e) < 0)
		return -1;
	sources.all = all;
	buffer_open(&buffer, WISH_MOST);
	json_writer_open(&w, &buffer);
	json_begin_object(&w, NULL);
	size_t numbers = put_numbers(file, &sources, &w);
	if (put_rules(tx, arena, organisation, file, &sources, log, &w, &rules, e) < 0)
		return -1;
	json_end_object(&w);
	return ask_for_order(tx, arena, organisation, file, arena_text_n(arena, buffer.bytes, buffer.length), numbers + rules > 0, ret, e);
}
