/* Their attributes to our fields: the one place where a directory's record becomes ours.
 *
 * Nothing here decides who somebody is or what they may; it cleans, chooses and fingerprints. */
#ifndef ROSTERD_PROVISION_MAPPING_H
#define ROSTERD_PROVISION_MAPPING_H

#include "base/arena.h"
#include "base/crypt.h"
#include "base/error.h"
#include "provision/source.h"
#include "roster/identity.h"

/* The most bytes of each of our fields; a longer value is cut at a whole character, but ids, user names and addresses
 * are refused. */
enum { MAPPED_NAME_MOST = 200, MAPPED_USER_NAME_MOST = 256, MAPPED_ID_MOST = 1024 };

struct mapped {
	const char *remote_id, *key; /* key: how groups refer to it */
	const char *user_name, *email, *domain; /* NULL: none, or none that is one */
	const char *given_name, *family_name, *display_name; /* display_name is NULL only without user_name */
	const char *title, *department, *locale;
	enum standing standing;
	unsigned char fingerprint[CRYPT_DIGEST_SIZE]; /* of all the above but key */
	const char *poor, *poor_code; /* a reason why less was taken than was given (an address that is none), or NULL */
};

/* 0, or -1 with ERROR_INPUT: this person cannot be taken, and the text says why in the words of a visible row. That is so without a
 * usable key alone: whoever is known by theirs is switched off, and loses groups, whatever else their record says. Without a usable user
 * name, somebody known keeps the one that they had, and nobody new can come in. */
int mapping_person(const struct source *source, const struct identity *given, struct digest *digest, struct arena *arena,
                   struct mapped *ret, struct error *e);

/* What a sign-on said, with the address that the connection's mapping chooses. It is vouched for if it is the one that the provider vouches for: of
 * other claims nobody says who can write them. */
struct identity *mapping_settle_email(const struct source *source, const struct identity *given, struct arena *arena);

/* The attributes that a plug-in must be asked for, ended by NULL. */
const char *const *mapping_attributes(const struct source *source, struct arena *arena);

/* Our fields that an attribute can be mapped to, ended by NULL. */
const char *const *mapping_fields(void);

#endif
