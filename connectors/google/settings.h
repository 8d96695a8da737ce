/* What an administrator tells the plug-in. */
#ifndef ROSTER_GOOGLE_SETTINGS_H
#define ROSTER_GOOGLE_SETTINGS_H

#include <stdbool.h>

#include "common/fields.h"
#include "common/setting.h"
#include "connector.h"

enum { CHANNEL_TOKEN_MOST = 256 }; /* characters that Google keeps */

struct settings {
	const char *client_email, *private_key, *key_id; /* key_id may be NULL */
	const char *key_setting;			 /* where the key came from */
	const char *administrator;			 /* whom we act for */
	const char *customer;				 /* NULL: there is a domain */
	const char *domain;				 /* NULL: all of the account */
	const char *api;				 /* "https://admin.googleapis.com" */
	const char *token_url;
	const char *field[FIELD_COUNT];			/* names of fields; NULL: not read */
	const char *org_unit[SETTING_LINES_MOST + 1];	/* ends with NULL; the first NULL: all */
	const char *group_name[SETTING_LINES_MOST + 1]; /* the same */
	const char *channel_token;			/* NULL: no message is believed */
	bool suspended, archived;			/* whether those who are so are listed at all */
	bool groups, named_by_email;
	int page_size;
};

extern const struct roster_setting settings_table[];

/* Texts stand in from's arena. -1: fail() was called. */
int settings_read(const struct setting_source *from, struct settings *ret);

#endif
