/* Whether a filter holds for one value: what the brackets of a path choose by. */
#include "platform.h"

#include "endpoints/scim_filter.h"

#include <string.h>
#include <strings.h>

#include "base/json.h"

/* Without case, unless the attribute's values differ by it. */
static int compare_texts(const char *a, const char *b, bool exact)
{
	return exact ? strcmp(a, b) : strcasecmp(a, b);
}

static bool text_holds(enum scim_operator operator, const char *is, const char *asked, bool exact)
{
	size_t length = strlen(is), most = strlen(asked);

	switch (operator) {
	case SCIM_CO:
		return exact ? strstr(is, asked) != NULL : strcasestr(is, asked) != NULL;
	case SCIM_SW:
		return exact ? strncmp(is, asked, most) == 0 : strncasecmp(is, asked, most) == 0;
	case SCIM_EW:
		return length >= most && compare_texts(is + length - most, asked, exact) == 0;
	case SCIM_GT:
		return compare_texts(is, asked, exact) > 0;
	case SCIM_GE:
		return compare_texts(is, asked, exact) >= 0;
	case SCIM_LT:
		return compare_texts(is, asked, exact) < 0;
	case SCIM_LE:
		return compare_texts(is, asked, exact) <= 0;
	default:
		return compare_texts(is, asked, exact) == 0;
	}
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
