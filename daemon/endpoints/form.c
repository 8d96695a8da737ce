#include "endpoints/form.h"

#include <string.h>

#include "base/text.h"

/* NULL: badly encoded, or what it says is no text. */
static const char *decoded(struct arena *arena, const char *text, size_t length)
{
	char *into = arena_take(arena, length + 1);
	int size = text_unform(text, length, into);

	return size >= 0 && text_is_utf8(into, (size_t)size) ? into : NULL;
}

int form_parse(const char *text, struct arena *arena, struct link_pair **ret, size_t *ret_count, struct error *e)
{
	struct link_pair *fields = arena_array(arena, FORM_FIELDS_MOST, sizeof(*fields));
	size_t count = 0;

	for (const char *at = text; *at;) {
		size_t length = strcspn(at, "&"), key = strcspn(at, "=&");

		if (length > 0 && count == FORM_FIELDS_MOST)
			return error_set(e, ERROR_LIMIT, "form.fields", "the form has more than %d fields", FORM_FIELDS_MOST);
		if (length > 0) {
			struct link_pair *field = &fields[count++];

			field->name = decoded(arena, at, key);
			field->value = decoded(arena, at + key + (key < length), length - key - (key < length));
			if (!field->name || !field->value)
				return error_set(e, ERROR_INPUT, "form.encoding", "field %zu of the form is badly encoded", count);
		}
		at += length + (at[length] == '&');
	}
	*ret = fields;
	*ret_count = count;
	return 0;
}

int form_read(const struct request *request, struct arena *arena, struct link_pair **ret, size_t *ret_count, struct error *e)
{
	static const char form[] = "application/x-www-form-urlencoded";
	const char *type = request_header(request, "Content-Type");

	if (!type || !text_equal_nocase(arena_text_n(arena, type, strcspn(type, " ;\t")), form))
		return error_set(e, ERROR_INPUT, "form.type", "the body is \"%.100s\"; \"%s\" is expected", type ? type : "nothing", form);
	return form_parse(request->body ? request->body : "", arena, ret, ret_count, e);
}

const char *form_field(const struct link_pair *fields, size_t count, const char *name)
{
	const char *found = NULL;

	for (size_t i = 0; i < count; i++)
		if (text_equal(fields[i].name, name)) {
			if (found)
				return NULL;
			found = fields[i].value;
		}
	return found;
}
