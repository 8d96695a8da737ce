/* What an administrator tells the plug-in. */
#ifndef ROSTER_AUTH0_SETTINGS_H
#define ROSTER_AUTH0_SETTINGS_H

#include <stdbool.h>

#include "connector.h"

struct arena;

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
	FIELD_COUNT
};

struct settings {
	const char *tenant; /* "https://acme.eu.auth0.com", without a path */
	const char *client_id, *client_secret;
	const char *audience;
	const char *organization;	 /* its id; NULL: everybody in the tenant is read */
	const char *authorities, *proxy; /* may be NULL */
	const char *field[FIELD_COUNT];	 /* members of a user, "app_metadata/title"; NULL: not read */
	const char *hook_authorization;	 /* NULL: messages are not taken */
	bool roles;
	int silence_ms;
};

extern const struct roster_setting settings_table[];

/* Texts stand in the arena. -1: fail() was called. */
int settings_read(struct roster_call *call, const struct roster_host *host, struct arena *arena,
		  struct settings *ret);

#endif
