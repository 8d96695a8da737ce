/* The example's directory: lines of text, turned into records.
 *
 * A directory that can tell what changed numbers its changes: at=7 on a line says that its seventh change made the line
 * what it is. What was removed is told by lines of its own for a while, until the directory forgets:
 *
 *     person: id=u1; user=ada; at=7
 *     gone: id=u2; at=8                 a person
 *     gone: group=g1; at=9              a group
 *     gone: group=g2; member=u1; at=9   a membership
 *     forgotten: at=5                   removals up to the fifth change cannot be told any more
 *
 * For tests of what it takes to call somebody gone, a record with hidden=yes is left out of every listing and there when asked for by
 * key, of a person with broken=yes nothing but the id can be read, and a line gives a part of the proof that a listing is whole:
 *
 *     proof: name=change; evidence=later; value=people 005 */
#ifndef CONNECTORS_EXAMPLE_RECORDS_H
#define CONNECTORS_EXAMPLE_RECORDS_H

#include <stdbool.h>
#include <stddef.h>

enum record_kind {
	RECORD_PERSON = 1, RECORD_GROUP, RECORD_MEMBER, RECORD_PROOF,
	RECORD_PERSON_GONE, RECORD_GROUP_GONE, RECORD_MEMBER_GONE, RECORD_FORGOTTEN, RECORD_END,
};

/* One line. Texts point into a copy of the whole that belongs to the records. */
struct record {
	enum record_kind kind;
	int line;
	const char *id, *reference, *name;                             /* person and group */
	const char *user, *email, *given, *family, *title, *department; /* person */
	const char *manager, *locale, *suspended;
	const char *hidden;          /* person and group */
	const char *broken;          /* person: nothing but the id can be read */
	const char *evidence, *value; /* proof, with name */
	const char *group, *member; /* member */
	const char *at;             /* as it stands there, or NULL */
	long change;                /* the same as a number; 0: from the beginning */
};

struct records {
	char *text;
	struct record *list;
	size_t count;
	long last;      /* the last change of all; 0: the directory does not number its changes */
	long forgotten; /* 0: nothing is */
	bool ended;     /* "end:" stands there: the text came whole */
};

/* Reads the lines; 0, or -1 with the number of the line and what is wrong with it. Free with records_close either way. */
int records_open(struct records *records, const char *text, int *ret_line, const char **ret_why);
void records_close(struct records *records);

/* The person or group with this id, or NULL. */
const struct record *records_find(const struct records *records, enum record_kind kind, const char *id);

/* What groups call a person or a group. */
const char *record_reference(const struct record *record);

#endif
