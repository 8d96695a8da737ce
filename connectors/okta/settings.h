/* What an administrator tells the plug-in. */
#ifndef ROSTER_OKTA_SETTINGS_H
#define ROSTER_OKTA_SETTINGS_H

#include <stdbool.h>

#include "common/fields.h"
#include "common/setting.h"
#include "connector.h"

/* "department=Engineering": only people whose attribute is so. */
struct condition {
	const char *attribute, *value;
};

struct settings {
	const char *org;			      /* "https://acme.okta.com", without a path */
	const char *api_token;			      /* or else the three below */
	const char *client_id, *private_key, *key_id; /* key_id may be NULL */
	const char *field[FIELD_COUNT];		      /* names of profile attributes; NULL: not read */
	struct condition condition[SETTING_LINES_MOST + 1];   /* ends with an attribute that is NULL */
	const char *hook_header, *hook_secret; /* what event hooks show; the secret may be NULL */
	const char *application; /* only people who are assigned to it; NULL: everybody */
	bool groups;
	const char *group_filter;
	const char *group_name[SETTING_LINES_MOST + 1]; /* ends with NULL; the first NULL: all */
	bool former;				/* whether deactivated people are listed */
	bool pending_active;			/* who has not finished the activation may come in */
	int page_size, member_page_size;
};

extern const struct roster_setting settings_table[];

/* Texts stand in from's arena. -1: fail() was called. */
int settings_read(const struct setting_source *from, struct settings *ret);

#endif
