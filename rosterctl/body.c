/* Makes the bodies of requests. */
#include "rosterctl/body.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/secret.h"
#include "rosterctl/exits.h"
#include "rosterctl/prompt.h"

void body_open(struct body *body)
{
	buffer_open(&body->buffer, BODY_MOST);
	json_writer_open(&body->writer, &body->buffer);
	json_begin_object(&body->writer, NULL);
}

int body_end(struct body *body, struct error *e)
{
	json_end_object(&body->writer);
	if (text_equal(body->buffer.bytes, "{}"))
		return usage_error(e, "nothing is to be set; an option is expected that says what");
	if (body->buffer.full)
		return usage_error(e, "what is to be sent is larger than %d KiB", BODY_MOST >> 10);
	return 0;
}

void body_close(struct body *body)
{
	if (body->buffer.bytes)
		secret_wipe(body->buffer.bytes, body->buffer.length);
	buffer_close(&body->buffer);
}

void body_text(struct body *body, const struct ctl *ctl, const char *option, const char *member)
{
	if (ctl_given(ctl, option))
		json_put_text(&body->writer, member, ctl_option(ctl, option));
}

int body_number(struct body *body, const struct ctl *ctl, const char *option, const char *member,
		int64_t least, int64_t most, struct error *e)
{
	const char *given = ctl_option(ctl, option);
	int64_t number;

	if (!given)
		return 0;
	if (text_to_int64(given, &number) < 0 || number < least || number > most)
		return usage_error(e, "--%s is \"%s\"; a whole number from %lld to %lld is expected", option,
				   given, (long long)least, (long long)most);
	json_put_int(&body->writer, member, number);
	return 0;
}

/* What stands before the "=" that is pointed to; NULL, and the error is filled, if that is nothing. */
static const char *key_of(const struct ctl *ctl, const char *option, const char *given, const char *equals,
			  const char *form, struct error *e)
{
	if (equals && equals > given)
		return arena_text_n(ctl->arena, given, (size_t)(equals - given));
	usage_error(e, "--%s is \"%s\"; %s is expected", option, given, form);
	return NULL;
}

static void write_bytes(struct body *body, const char *key, const char *bytes, size_t length)
{
	struct secret *text =
		secret_take(bytes, length > 0 && bytes[length - 1] == '\n' ? length - 1 : length);

	json_put_text(&body->writer, key, secret_text(text));
	secret_close(&text);
}

/* Reads all of a stream, at most BODY_VALUE_MOST bytes. */
static int put_stream(struct body *body, const char *key, FILE *stream, const char *name, struct error *e)
{
	char bytes[BODY_VALUE_MOST + 1];
	size_t length = fread(bytes, 1, sizeof(bytes), stream);
	int result = 0;

	if (ferror(stream))
		result = error_set(e, ERROR_INPUT, "file.read", "could not read \"%s\": %s", name,
				   strerror(errno));
	else if (length > BODY_VALUE_MOST)
		result = error_set(e, ERROR_INPUT, "file.size", "\"%s\" is larger than %d KiB", name,
				   BODY_VALUE_MOST >> 10);
	else if (!text_is_utf8(bytes, length))
		result = error_set(e, ERROR_INPUT, "file.text", "\"%s\" is no text in UTF-8", name);
	else
		write_bytes(body, key, bytes, length);
	secret_wipe(bytes, sizeof(bytes));
	return result;
}

static int put_file(struct body *body, const char *key, const char *path, struct error *e)
{
	FILE *file = fopen(path, "re");
	int result;

	if (!file)
		return error_set(e, ERROR_INPUT, "file.open", "could not open \"%s\": %s", path,
				 strerror(errno));
	result = put_stream(body, key, file, path, e);
	fclose(file);
	return result;
}

/* KEY=VALUE, KEY=@FILE, or KEY=@@VALUE for a value that begins with "@". */
static int put_setting(struct body *body, const struct ctl *ctl, const char *given, struct error *e)
{
	const char *equals = strchr(given, '='), *value;
	const char *key = key_of(ctl, "set", given, equals, "KEY=VALUE or KEY=@FILE", e);

	if (!key)
		return -1;
	value = equals + 1;
	if (value[0] == '@' && value[1] != '@')
		return put_file(body, key, value + 1, e);
	json_put_text(&body->writer, key, value[0] == '@' ? value + 1 : value);
	return 0;
}

static int put_secret_file(struct body *body, const char *key, const char *path, struct error *e)
{
	struct secret *secret;

	if (secret_read_file(path, &secret, e) < 0)
		return -1;
	json_put_text(&body->writer, key, secret_text(secret));
	secret_close(&secret);
	return 0;
}

static int put_prompted(struct body *body, const char *key, struct error *e)
{
	struct secret *secret;

	if (prompt_secret(key, &secret, e) < 0)
		return -1;
	json_put_text(&body->writer, key, secret_text(secret));
	secret_close(&secret);
	return 0;
}

/* KEY=@FILE, KEY=@- for standard input, or KEY to be asked. */
static int put_secret(struct body *body, const struct ctl *ctl, const char *given, struct error *e)
{
	const char *equals = strchr(given, '='), *key;

	if (!equals)
		return put_prompted(body, given, e);
	key = key_of(ctl, "secret", given, equals, "KEY, KEY=@FILE or KEY=@-", e);
	if (!key)
		return -1;
	if (equals[1] != '@' || equals[2] == '\0')
		return usage_error(
			e,
			"a secret does not belong on the command line; say --secret %s=@FILE, --secret %s=@- "
			"for standard input, or --secret %s to be asked",
			key, key, key);
	if (strcmp(equals + 1, "@-") == 0)
		return put_stream(body, key, stdin, "standard input", e);
	return put_secret_file(body, key, equals + 2, e);
}

int body_settings(struct body *body, const struct ctl *ctl, struct error *e)
{
	const char *given;

	if (!ctl_given(ctl, "set") && !ctl_given(ctl, "secret"))
		return 0;
	if (secret_start(e) < 0)
		return -1;
	json_begin_object(&body->writer, "settings");
	for (size_t at = 0; (given = arguments_each(ctl->given, "set", &at));)
		if (put_setting(body, ctl, given, e) < 0)
			return -1;
	for (size_t at = 0; (given = arguments_each(ctl->given, "secret", &at));)
		if (put_secret(body, ctl, given, e) < 0)
			return -1;
	json_end_object(&body->writer);
	return 0;
}

void body_texts(struct body *body, const struct ctl *ctl, const char *option, const char *member)
{
	const char *given;

	if (!ctl_given(ctl, option))
		return;
	json_begin_array(&body->writer, member);
	for (size_t at = 0; (given = arguments_each(ctl->given, option, &at));)
		json_put_text(&body->writer, NULL, given);
	json_end_array(&body->writer);
}

void body_list(struct body *body, const struct ctl *ctl, const char *option, const char *member,
	       const char *none)
{
	const char *given = ctl_option(ctl, option);

	if (!given)
		return;
	json_begin_array(&body->writer, member);
	while (strcmp(given, none) != 0) {
		size_t span = strcspn(given, ",");

		json_put_text(&body->writer, NULL, arena_text_n(ctl->arena, given, span));
		if (given[span] == '\0')
			break;
		given += span + 1;
	}
	json_end_array(&body->writer);
}

int body_attributes(struct body *body, const struct ctl *ctl, struct error *e)
{
	const char *given, *equals, *field;

	if (!ctl_given(ctl, "attribute"))
		return 0;
	json_begin_object(&body->writer, "attributes");
	for (size_t at = 0; (given = arguments_each(ctl->given, "attribute", &at));) {
		equals = strchr(given, '=');
		field = key_of(ctl, "attribute", given, equals, "FIELD=ATTRIBUTE", e);
		if (!field)
			return -1;
		json_put_text(&body->writer, field, equals + 1);
	}
	json_end_object(&body->writer);
	return 0;
}

int body_roles(struct body *body, const struct ctl *ctl, struct error *e)
{
	const char *given, *equals, *group;

	if (!ctl_given(ctl, "role"))
		return 0;
	json_begin_array(&body->writer, "roles");
	for (size_t at = 0; (given = arguments_each(ctl->given, "role", &at));) {
		equals = strrchr(given, '=');
		group = key_of(ctl, "role", given, equals, "GROUP=ROLE", e);
		if (!group)
			return -1;
		json_begin_object(&body->writer, NULL);
		json_put_text(&body->writer, "group", group);
		json_put_text(&body->writer, "role", equals + 1);
		json_end_object(&body->writer);
	}
	json_end_array(&body->writer);
	return 0;
}
