/* What an administrator tells the plug-in. */
#ifndef ROSTER_ENTRA_SETTINGS_H
#define ROSTER_ENTRA_SETTINGS_H

#include <stdbool.h>

#include "common/fields.h"
#include "common/setting.h"
#include "connector.h"

enum group_kinds { GROUPS_ALL, GROUPS_SECURITY, GROUPS_MICROSOFT365 };

enum { CLIENT_STATE_MOST = 128 }; /* bytes that Graph keeps */

struct settings {
	const char *tenant, *client_id;
	const char *client_secret; /* or else the two below */
	const char *private_key, *certificate;
	const char *graph, *login;			/* "https://graph.microsoft.com", without a path */
	const char *field[FIELD_COUNT];			/* names of properties; NULL: not read */
	const char *group_name[SETTING_LINES_MOST + 1]; /* ends with NULL; the first NULL: all */
	enum group_kinds group_kinds;
	const char *client_state; /* NULL: no message is believed */
	bool guests, disabled, groups;
};

extern const struct roster_setting settings_table[];

/* Texts stand in from's arena. -1: fail() was called. */
int settings_read(const struct setting_source *from, struct settings *ret);

/* Whether which groups are read depends on what they are. */
bool settings_choose_groups(const struct settings *settings);

#endif
