/* What went wrong, in memory that the caller already has. */
#include "base/error.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

static const char *const kind_names[] = {
	[ERROR_NONE] = "none",
	[ERROR_INPUT] = "input",
	[ERROR_UNAUTHENTICATED] = "unauthenticated",
	[ERROR_DENIED] = "denied",
	[ERROR_NOT_FOUND] = "not_found",
	[ERROR_CONFLICT] = "conflict",
	[ERROR_PRECONDITION] = "precondition",
	[ERROR_LIMIT] = "limit",
	[ERROR_RETRY] = "retry",
	[ERROR_REMOTE] = "remote",
	[ERROR_UNCERTAIN] = "uncertain",
	[ERROR_INTERNAL] = "internal",
};

static void __attribute__((format(printf, 3, 0)))
format_into(char *ret, size_t size, const char *fmt, va_list args)
{
	int length = vsnprintf(ret, size, fmt, args);

	if (length < 0)
		ret[0] = '\0';
	else if ((size_t)length >= size)
		ret[text_cut(ret, size - 1, size - 1)] = '\0';
}

int error_setv(struct error *e, enum error_kind kind, const char *code, const char *fmt, va_list args)
{
	/* Made aside, for the arguments may be e's own text: error_set(e, ..., "%s: %s", name, e->text). */
	struct error made = { .kind = kind };

	if (!e)
		return -1;

	snprintf(made.code, sizeof(made.code), "%s", code);
	format_into(made.text, sizeof(made.text), fmt, args);
	*e = made;
	return -1;
}

int error_set(struct error *e, enum error_kind kind, const char *code, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	error_setv(e, kind, code, fmt, args);
	va_end(args);
	return -1;
}

int error_detail(struct error *e, const char *fmt, ...)
{
	char detail[ERROR_DETAIL_MOST];
	va_list args;

	if (!e)
		return -1;

	va_start(args, fmt);
	format_into(detail, sizeof(detail), fmt, args);
	va_end(args);
	memcpy(e->detail, detail, sizeof(detail));
	return -1;
}

const char *error_kind_name(enum error_kind kind)
{
	return (size_t)kind < ARRAY_COUNT(kind_names) ? kind_names[kind] : "unknown";
}
