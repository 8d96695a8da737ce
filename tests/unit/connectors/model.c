/* What a daemon knows of a directory. */
#include "model.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


/* A person or a group. */
struct record {
	char *id, *reference, *line;
	bool group, there, touched;
	size_t *members; /* of a group: their numbers */
	size_t count;
};

struct model {
	struct record *records;
	size_t count;
	char *text;
};

struct model *model_open(void)
{
	return calloc(1, sizeof(struct model));
}

static void forget(struct model *model)
{
	for (size_t i = 0; i < model->count; i++) {
		free(model->records[i].id);
		free(model->records[i].reference);
		free(model->records[i].line);
		free(model->records[i].members);
	}
	free(model->records);
	model->records = NULL;
	model->count = 0;
}

void model_close(struct model **model)
{
	forget(*model);
	free((*model)->text);
	free(*model);
	*model = NULL;
}

static struct record *find(struct model *model, bool group, const char *id)
{
	for (size_t i = 0; i < model->count; i++)
		if (model->records[i].group == group && strcmp(model->records[i].id, id) == 0)
			return &model->records[i];
	return NULL;
}

static struct record *put(struct model *model, bool group, const char *id, const char *reference, char *line)
{
	struct record *record = find(model, group, id);

	if (!record) {
		model->records = realloc(model->records, (model->count + 1) * sizeof(*model->records));
		record = &model->records[model->count++];
		*record = (struct record){ .id = strdup(id), .group = group };
	}
	free(record->reference);
	free(record->line);
	record->reference = strdup(reference ? reference : id);
	record->line = line;
	record->there = record->touched = true;
	return record;
}

static void remove_record(struct record *record)
{
	if (record)
		record->there = false;
}

static char *format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static char *format(const char *fmt, ...)
{
	char text[1024];
	va_list args;

	va_start(args, fmt);
	if (vsnprintf(text, sizeof(text), fmt, args) >= (int)sizeof(text))
		abort();
	va_end(args);
	return strdup(text);
}

static const char *or_none(const char *text)
{
	return text ? text : "-";
}

/* A person before a group, as the daemon has it. */
static struct record *by_reference(struct model *model, const char *reference, bool groups_alone)
{
	struct record *group = NULL;

	for (size_t i = 0; i < model->count; i++) {
		struct record *record = &model->records[i];

		if (!record->there || strcmp(record->reference, reference) != 0)
			continue;
		if (record->group)
			group = record;
		else if (!groups_alone)
			return record;
	}
	return group;
}

static void leave(struct record *group, size_t member)
{
	for (size_t i = 0; i < group->count; i++)
		if (group->members[i] == member)
			group->members[i--] = group->members[--group->count];
}

static void enter(struct record *group, size_t member)
{
	leave(group, member);
	group->members = realloc(group->members, (group->count + 1) * sizeof(*group->members));
	group->members[group->count++] = member;
}

static bool given_again(const struct roster_call *h, size_t group)
{
	for (size_t i = group + 1; i < h->group_count; i++)
		if (strcmp(h->groups[i].id, h->groups[group].id) == 0)
			return true;
	return false;
}

static void put_all(struct model *model, const struct roster_call *h)
{
	for (size_t i = 0; i < h->people_count; i++) {
		const struct harness_person *p = &h->people[i];

		if (p->standing == ROSTER_GONE)
			remove_record(find(model, false, p->id));
		else
			put(model, false, p->id, p->reference,
			    format("%s %s \"%s\" \"%s\" %d", or_none(p->user_name), or_none(p->email),
				   or_none(p->display_name), or_none(p->given_name), p->standing));
	}
	for (size_t i = 0; i < h->group_count; i++) {
		const struct harness_group *g = &h->groups[i];
		struct record *group;

		if (g->gone) {
			remove_record(find(model, true, g->id));
			continue;
		}
		group = put(model, true, g->id, g->reference, format("\"%s\"", or_none(g->name)));
		/* What is given last counts. */
		if (!g->partial && !given_again(h, i))
			group->count = 0;
	}
}

static void join(struct model *model, const struct roster_call *h)
{
	for (size_t i = 0; i < h->membership_count; i++) {
		struct record *group = by_reference(model, h->memberships[i].group, true);
		struct record *member = by_reference(model, h->memberships[i].member, false);

		if (group && member)
			enter(group, (size_t)(member - model->records));
	}
	for (size_t i = 0; i < h->membership_gone_count; i++) {
		struct record *group = by_reference(model, h->memberships_gone[i].group, true);
		struct record *member = by_reference(model, h->memberships_gone[i].member, false);

		if (group && member)
			leave(group, (size_t)(member - model->records));
	}
}

/* Who said of a person in which groups they are has said all of it. */
static void join_people(struct model *model, const struct roster_call *h)
{
	for (size_t i = 0; i < h->people_count; i++) {
		struct record *person = find(model, false, h->people[i].id);
		char *groups = h->people[i].groups ? strdup(h->people[i].groups) : NULL;

		if (!person || !person->there || !groups) {
			free(groups);
			continue;
		}
		for (size_t j = 0; j < model->count; j++)
			leave(&model->records[j], (size_t)(person - model->records));
		/* References of groups have blanks in them only if a name has: the tests give none such. */
		for (char *word = strtok(groups, " "); word; word = strtok(NULL, " ")) {
			struct record *group = by_reference(model, word, true);

			/* The daemon believes who says that there is no membership. */
			for (size_t j = 0; j < h->membership_gone_count; j++)
				if (strcmp(h->memberships_gone[j].group, word) == 0 &&
				    strcmp(h->memberships_gone[j].member, person->reference) == 0)
					abort();
			if (group)
				enter(group, (size_t)(person - model->records));
		}
		free(groups);
	}
}

/* Nobody who is gone is in a group. */
static void part(struct model *model)
{
	for (size_t i = 0; i < model->count; i++)
		for (size_t j = 0; !model->records[i].there && j < model->count; j++)
			leave(&model->records[j], i);
}

static void take(struct model *model, const struct roster_call *h)
{
	put_all(model, h);
	join(model, h);
	join_people(model, h);
}

void model_take_all(struct model *model, const struct roster_call *h)
{
	forget(model);
	take(model, h);
}

void model_take_changed(struct model *model, const struct roster_call *h)
{
	struct record *record;

	for (size_t i = 0; i < model->count; i++)
		model->records[i].touched = false;
	take(model, h);
	for (size_t i = 0; i < h->present_count; i++)
		if ((record = find(model, h->present[i].subject == ROSTER_GROUP, h->present[i].id)))
			record->touched = true;
	for (size_t i = 0; i < h->refused_count; i++) {
		if ((record = find(model, false, h->refused[i].id)))
			record->touched = true;
		if ((record = find(model, true, h->refused[i].id)))
			record->touched = true;
	}
	for (size_t i = 0; h->whole && i < model->count; i++)
		if (!model->records[i].touched)
			model->records[i].there = false;
	part(model);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

const char *model_text(struct model *model)
{
	size_t count = 0, size = 1;
	char **lines = NULL;

	for (size_t i = 0; i < model->count; i++) {
		const struct record *record = &model->records[i];

		if (!record->there)
			continue;
		lines = realloc(lines, (count + 1 + record->count) * sizeof(*lines));
		lines[count++] = format("%s %s %s\n", record->group ? "group" : "person", record->id, record->line);
		for (size_t j = 0; j < record->count; j++)
			lines[count++] = format("member %s %s\n", record->id, model->records[record->members[j]].id);
	}
	qsort(lines, count, sizeof(*lines), compare);
	for (size_t i = 0; i < count; i++)
		size += strlen(lines[i]);
	free(model->text);
	model->text = calloc(1, size);
	for (size_t i = 0, at = 0; i < count; i++) {
		at += (size_t)sprintf(model->text + at, "%s", lines[i]);
		free(lines[i]);
	}
	free(lines);
	return model->text;
}
