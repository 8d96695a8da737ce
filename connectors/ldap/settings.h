/* What an administrator tells the plug-in: the table of settings, and the same read and checked. */
#ifndef ROSTER_LDAP_SETTINGS_H
#define ROSTER_LDAP_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "connector.h"
#include "ldap/address.h"
#include "ldap/stream.h"

struct arena;

enum {
	URLS_MOST = 8,
	NAMES_MOST = 8, /* attribute names in one setting */
	CANARIES_MOST = 32,
};

/* Attribute names in the order in which they are tried; ends with NULL. */
struct names {
	const char *name[NAMES_MOST + 1];
};

enum field {
	FIELD_USER_NAME,
	FIELD_EMAIL,
	FIELD_GIVEN_NAME,
	FIELD_FAMILY_NAME,
	FIELD_DISPLAY_NAME,
	FIELD_TITLE,
	FIELD_DEPARTMENT,
	FIELD_MANAGER,
	FIELD_LOCALE,
	FIELD_COUNT,
};

struct settings {
	struct address urls[URLS_MOST];
	int url_count;
	bool starttls;
	bool external; /* bind by certificate or local user, not by password */
	const char *bind_dn, *bind_password;
	struct stream_trust trust;
	const char *user_base, *user_filter, *group_base, *group_filter, *disabled_filter; /* NULL: not set */
	int user_scope, group_scope;	  /* LDAP_SCOPE_... */
	const char *user_id, *group_id;	  /* NULL: as the server's kind has it */
	struct names fields[FIELD_COUNT]; /* user_name may be empty: as the server's kind has it */
	struct names group_name, group_member;
	bool ignore_referrals;
	const char **canaries; /* ends with NULL */
	int page_size, timeout_ms;
};

extern const struct roster_setting settings_table[];

/* Reads every setting, copied into the arena. -1: fail() says which is wrong and what is expected. */
int settings_read(struct roster_call *call, const struct roster_host *host, struct arena *arena,
		  struct settings *ret);

/* Splits "displayName cn" at blanks and commas. -1: too many, or a word that is no attribute name. */
int names_read(struct arena *arena, const char *text, struct names *ret);

#endif
