#include "common/fields.h"

#include "common/value.h"

static const char *const settings[FIELD_COUNT] = {
	[FIELD_USER_NAME] = "user_name",
	[FIELD_EMAIL] = "email",
	[FIELD_GIVEN_NAME] = "given_name",
	[FIELD_FAMILY_NAME] = "family_name",
	[FIELD_DISPLAY_NAME] = "display_name",
	[FIELD_TITLE] = "title",
	[FIELD_DEPARTMENT] = "department",
	[FIELD_MANAGER] = "manager",
	[FIELD_LOCALE] = "locale",
};

int fields_read(const struct setting_source *from, const char *what, const char *example,
		const char *ret[FIELD_COUNT])
{
	for (int i = 0; i < FIELD_COUNT; i++)
		ret[i] = setting_text(from, settings[i]);
	if (ret[FIELD_USER_NAME])
		return 0;
	return from->host->fail(from->call, ROSTER_MISCONFIGURED, 0,
				"\"user_name\" is empty; %s is expected, such as \"%s\"", what, example);
}

void fields_take(const struct json_node *object, const char *const field[FIELD_COUNT],
		 struct roster_identity *ret, const char **left_out)
{
	const char **const into[FIELD_COUNT] = {
		[FIELD_USER_NAME] = &ret->user_name,
		[FIELD_EMAIL] = &ret->email,
		[FIELD_GIVEN_NAME] = &ret->given_name,
		[FIELD_FAMILY_NAME] = &ret->family_name,
		[FIELD_DISPLAY_NAME] = &ret->display_name,
		[FIELD_TITLE] = &ret->title,
		[FIELD_DEPARTMENT] = &ret->department,
		[FIELD_MANAGER] = &ret->manager,
		[FIELD_LOCALE] = &ret->locale,
	};

	for (int i = 0; i < FIELD_COUNT; i++)
		*into[i] = value_take(object, field[i],
				      i == FIELD_MANAGER ? ROSTER_ID_MOST : ROSTER_TEXT_MOST, left_out);
	if (!ret->user_name)
		ret->user_name = "";
}
