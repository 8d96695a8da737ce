/* The fields of a person that plug-ins for vendors' APIs read, each with a setting that says what it is
 * called there. */
#ifndef ROSTER_COMMON_FIELDS_H
#define ROSTER_COMMON_FIELDS_H

#include "base/json_stream.h"
#include "common/setting.h"
#include "connector.h"

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

/* Reads the settings user_name, email and so on: names, or NULL where none is set. Without a user_name nobody
 * can be read: what is expected ("a property"), such as `example`. -1: fail() was called. */
int fields_read(const struct setting_source *from, const char *what, const char *example,
		const char *ret[FIELD_COUNT]);

/* Fills these members of ret with what stands in the object; user_name is "" if there is none. *left_out is
 * the first name of a value that does not fit. */
void fields_take(const struct json_node *object, const char *const field[FIELD_COUNT],
		 struct roster_identity *ret, const char **left_out);

#endif
