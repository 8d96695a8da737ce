/* How a listing proves that it was whole: the parts that rosterd is told with prove().
 *
 * Most of it is about rights. A server that lets us see less than before answers with success and fewer entries, so what it says of
 * us, of its bases and of its last change is taken down before the first page; rosterd holds it against the last whole listing if
 * somebody is missing. */
#ifndef ROSTER_LDAP_PROOF_H
#define ROSTER_LDAP_PROOF_H

#include <stdbool.h>

#include "ldap/directory.h"
#include "ldap/entry.h"
#include "ldap/view.h"

/* What may be left open by reading itself; the words are collected as they come. */
enum part { PART_RESULTS, PART_REFERRALS, PART_SHOWN, PART_MEMBERS, PART_COUNT };

/* Before the first page: who we are there, which entries the bases are, when the directory changed last. -1: fail() was called. */
int proof_begin(struct directory *directory, const struct view *view);

/* Somebody or something was seen: is it a canary? user_name: NULL for a group. */
void proof_saw(struct listing *listing, const char *reference, const char *user_name);

/* A group came; members: how many values its member attributes have here. */
void proof_saw_group(struct directory *directory, const struct entry *entry, bool has_members);

/* A part is missing; of several reasons the first ones fit. */
void proof_doubt(struct listing *listing, enum part part, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* With the last page: tells all parts. */
void proof_tell(struct directory *directory);

/* Of a reading of what changed that concludes from somebody's absence, right before it says so: who we are there, which entries the bases
 * are, when the directory changed last. kept: its contextCSN moves with each change; without overlay syncprov one that is there stands
 * still. What is not told here is not held against anything. -1: fail() was called. */
int proof_of_absence(struct directory *directory, const struct view *view, bool kept);

/* ---- functions of their arguments ---- */

/* The marks of several servers of one directory (contextCSN), in the order of the servers' numbers: a later state of the directory
 * comes behind an earlier one. ret: "001,002 20261129...#001#...,2026...". -1: one is none, or they do not fit. */
int proof_marks(char **csns, size_t count, char *ret, size_t size);

/* The name that a name lies under; NULL: it lies under none. */
const char *proof_parent(const char *dn);

#endif
