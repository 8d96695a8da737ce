/* What an administrator tells the plug-in. */
#ifndef ROSTER_GOOGLE_SETTINGS_H
#define ROSTER_GOOGLE_SETTINGS_H

#include <stdbool.h>

#include "common/setting.h"
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

enum { CHANNEL_TOKEN_MOST = 256 }; /* characters that Google keeps */

struct settings {
	const char *client_email, *private_key, *key_id; /* key_id may be NULL */
	const char *key_setting;			 /* where the key came from */
	const char *administrator;			 /* whom we act for */
	const char *customer;				 /* NULL: there is a domain */
	const char *domain;				 /* NULL: all of the account */
	const char *api;				 /* "https://admin.googleapis.com" */
	const char *token_url;
	const char *authorities, *proxy;		/* may be NULL */
	const char *field[FIELD_COUNT];			/* names of fields; NULL: not read */
	const char *org_unit[SETTING_LINES_MOST + 1];	/* ends with NULL; the first NULL: all */
	const char *group_name[SETTING_LINES_MOST + 1]; /* the same */
	const char *channel_token;			/* NULL: no message is believed */
	bool suspended, archived;			/* whether those who are so are listed at all */
	bool groups, named_by_email;
	int page_size, silence_ms;
};

extern const struct roster_setting settings_table[];

/* Texts stand in the arena. -1: fail() was called. */
int settings_read(struct roster_call *call, const struct roster_host *host, struct arena *arena,
		  struct settings *ret);

#endif
