/* The example's directory: lines of text, turned into records once, when the connection is opened. */
#ifndef CONNECTORS_EXAMPLE_RECORDS_H
#define CONNECTORS_EXAMPLE_RECORDS_H

#include <stddef.h>

enum record_kind { RECORD_PERSON = 1, RECORD_GROUP, RECORD_MEMBER };

/* One line. Texts point into a copy of the whole that belongs to the records. */
struct record {
	enum record_kind kind;
	int line;
	const char *id, *reference, *name;                             /* person and group */
	const char *user, *email, *given, *family, *title, *department; /* person */
	const char *manager, *locale, *suspended;
	const char *group, *member; /* member */
};

struct records {
	char *text;
	struct record *list;
	size_t count;
};

/* Reads the lines; 0, or -1 with the number of the line and what is wrong with it. Free with records_close either way. */
int records_open(struct records *records, const char *text, int *ret_line, const char **ret_why);
void records_close(struct records *records);

/* The person or group with this id, or NULL. */
const struct record *records_find(const struct records *records, enum record_kind kind, const char *id);

#endif
