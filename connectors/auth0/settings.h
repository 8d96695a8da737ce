/* What an administrator tells the plug-in. */
#ifndef ROSTER_AUTH0_SETTINGS_H
#define ROSTER_AUTH0_SETTINGS_H

#include <stdbool.h>

#include "common/fields.h"
#include "common/setting.h"
#include "connector.h"

struct settings {
	const char *tenant; /* "https://acme.eu.auth0.com", without a path */
	const char *client_id, *client_secret;
	const char *audience;
	const char *organization;	/* its id; NULL: everybody in the tenant is read */
	const char *field[FIELD_COUNT]; /* members of a user, "app_metadata/title"; NULL: not read */
	const char *hook_authorization; /* NULL: messages are not taken */
	bool roles;
};

extern const struct roster_setting settings_table[];

/* Texts stand in from's arena. -1: fail() was called. */
int settings_read(const struct setting_source *from, struct settings *ret);

#endif
