/* Whether a filter holds for one value: what the brackets of a path choose by. */
#include "endpoints/scim_filter.h"

#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"

static bool texts_hold(enum scim_operator operator, const char *is, const char *asked)
{
	size_t length = strlen(is), most = strlen(asked);

	switch (operator) {
	case SCIM_CO:
		return strstr(is, asked) != NULL;
	case SCIM_SW:
		return strncmp(is, asked, most) == 0;
	case SCIM_EW:
		return length >= most && strcmp(is + length - most, asked) == 0;
	case SCIM_GT:
		return strcmp(is, asked) > 0;
	case SCIM_GE:
		return strcmp(is, asked) >= 0;
	case SCIM_LT:
		return strcmp(is, asked) < 0;
	case SCIM_LE:
		return strcmp(is, asked) <= 0;
	default:
		return strcmp(is, asked) == 0;
	}
}

/* Without case, unless the attribute's values differ by it. */
static bool text_holds(enum scim_operator operator, const char *is, const char *asked, bool exact)
{
	scoped(arena) *arena = exact ? NULL : arena_open("scim match");

	return exact ? texts_hold(operator, is, asked) : texts_hold(operator, text_fold(arena, is), text_fold(arena, asked));
}

static bool is_present(const struct json *value)
{
	return value && !json_is_null(value) && !(json_is_text(value) && json_text(value)[0] == '\0') &&
	       !((json_is_array(value) || json_is_object(value)) && json_count(value) == 0);
}

static bool comparison_holds(const struct scim_filter *f, const struct json *value)
{
	const struct json *is = json_member(value, f->path.name);
	bool exact = f->path.attribute && f->path.attribute->exact;

	if (f->operator == SCIM_PR)
		return is_present(is);
	if (f->operator == SCIM_NE) {
		struct scim_filter equal = *f;

		equal.operator = SCIM_EQ;
		return !comparison_holds(&equal, value);
	}
	if (json_is_null(f->value))
		return !is_present(is);
	if (!is)
		return false;
	if (json_is_text(is) && json_is_text(f->value))
		return text_holds(f->operator, json_text(is), json_text(f->value), exact);
	return f->operator == SCIM_EQ && json_same(is, f->value);
}

bool scim_filter_holds(const struct scim_filter *filter, const struct json *value)
{
	switch (filter->kind) {
	case SCIM_AND:
		return scim_filter_holds(filter->left, value) && scim_filter_holds(filter->right, value);
	case SCIM_OR:
		return scim_filter_holds(filter->left, value) || scim_filter_holds(filter->right, value);
	case SCIM_NOT:
		return !scim_filter_holds(filter->left, value);
	default:
		return comparison_holds(filter, value);
	}
}
