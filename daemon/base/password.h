/* Passwords of people: hashed by Argon2id (RFC 9106, libsodium's crypto_pwhash), so that whoever reads the
 * database has to pay for each guess.
 *
 * A hash takes as much memory as its cost says, for as long as it is made: the caller sees to it that few are
 * made at a time. */
#ifndef ROSTERD_BASE_PASSWORD_H
#define ROSTERD_BASE_PASSWORD_H

#include <stdbool.h>

#include "base/error.h"

enum {
	PASSWORD_HASH_SIZE = 128, /* with its NUL; begins with "$argon2id$" */
	PASSWORD_LEAST =
		15, /* characters: NIST SP 800-63B-4 section 3.1.1.2, of a password that stands alone */
	PASSWORD_MOST = 256,	    /* the same asks for 64 at the least */
	PASSWORD_BYTES_MOST = 1024, /* no character is longer than four */
	PASSWORD_KINDS_LEAST = 5,   /* different characters: fewer are a repetition */
};

/* libsodium's three: 64 MiB and 2 passes, 256 MiB and 3, 1 GiB and 4. */
enum password_cost { PASSWORD_INTERACTIVE, PASSWORD_MODERATE, PASSWORD_SENSITIVE };
extern const char *const password_costs[]; /* their words, in this order, ended by NULL */

/* Whether it may be somebody's: how long it is, and that it is not what anybody would try first. No rules of
 * composition (the same, 3.1.1.2). known: what is known of them (address, names, ...), ended by NULL; none of
 * these is a password, nor is the part of an address before its "@". ERROR_INPUT "password.length",
 * "password.text", "password.known", "password.repeated". */
int password_judge(const char *password, const char *const *known, struct error *e);

/* ERROR_RETRY "password.memory". */
int password_hash(const char *password, enum password_cost cost, char ret[PASSWORD_HASH_SIZE],
		  struct error *e);

/* Whether it is the one that was hashed: 1, 0, -1. hash NULL: there is none, which takes as long as one of
 * this cost and is 0. */
int password_check(const char *hash, const char *password, enum password_cost cost, struct error *e);

/* Whether it was made at another cost than this one, so that it is to be made again when the password is
 * seen. */
bool password_outdated(const char *hash, enum password_cost cost);

#endif
