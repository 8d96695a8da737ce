/* The branches above people and groups (organisational units and the like), and whether one was moved.
 *
 * When a branch is renamed or moved, all below it have another name, or come into scope or leave it; yet no
 * server tells of them, and none of their versions changes. So a place remembers the branches of the
 * directory by key and name: when one of them is missing or has another name, what changed cannot be told and
 * everything is read again. New ones do not matter: who comes to live in them comes one by one. */
#ifndef ROSTER_LDAP_BRANCHES_H
#define ROSTER_LDAP_BRANCHES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "ldap/directory.h"

enum {
	BRANCHES_MOST =
		1000 /* that are remembered one by one; of more only a sum, and then a new one matters, too */
};

#define BRANCHES_MOVED "a branch of the directory was moved, renamed or removed"

struct branches {
	size_t count;
	uint64_t sum;
	uint64_t names[BRANCHES_MOST]; /* hashes of key and name, ascending once branches_sort has run */
};

/* Those of the naming contexts in which the bases are. -1: fail() was called. */
int branches_read(struct directory *directory, struct branches *ret);

/* ---- functions of their arguments ---- */

void branches_add(struct branches *branches, uint64_t hash);
void branches_sort(struct branches *branches);

/* Whether all that was there then is there now, under the same name. Both are sorted. */
bool branches_stand(const struct branches *then, const struct branches *now);

/* "COUNT SUM\n", and the hashes in hexadecimal. parse: the length; -1: they are none. */
void branches_write(const struct branches *branches, struct buffer *ret);
int branches_parse(const char *bytes, size_t size, struct branches *ret);

#endif
