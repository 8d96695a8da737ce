/* An identity: a person, group or membership as a directory shows it now, in our words.
 *
 * What plugin/link hands out and provision/stage takes in. Texts are borrowed from whoever filled the struct. */
#ifndef ROSTERD_ROSTER_IDENTITY_H
#define ROSTERD_ROSTER_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>

enum standing { STANDING_ACTIVE = 1, STANDING_SUSPENDED, STANDING_GONE };
enum proof { PROOF_NONE = 1, PROOF_ASSERTED, PROOF_VERIFIED };

struct identity_attribute {
	const char *name;
	const char *const *values; /* ends with NULL */
};

struct identity {
	const char *remote_id;
	const char *reference; /* NULL: groups refer to it by remote_id */
	const char *user_name, *email;
	enum proof email_proof;
	bool email_settled; /* it is the one that counts: no attribute of the connection's takes its place */
	const char *given_name, *family_name, *display_name;
	enum standing standing;
	const char *locale, *title, *department, *manager;
	const char *const *groups; /* NULL: it did not say; {NULL}: none */
	size_t attribute_count;
	const struct identity_attribute *attributes;
	const char *stamp; /* the directory's own version of it, or NULL */
};

struct identity_group {
	const char *remote_id, *reference, *name;
	bool gone;
	const char *stamp;
	bool partial; /* its memberships are changes; otherwise they are all that it has */
};

struct identity_membership {
	const char *group, *member; /* references where the directory has them, remote ids otherwise */
};

#endif
