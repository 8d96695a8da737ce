#include "common/setting.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "common/links.h"

const char *setting_text(const struct setting_source *from, const char *name)
{
	const char *value = from->host->setting(from->call, name);

	return value && value[0] ? arena_text(from->arena, value) : NULL;
}

bool setting_is_yes(const struct setting_source *from, const char *name)
{
	return text_equal(from->host->setting(from->call, name), "yes");
}

int setting_number(const struct setting_source *from, const char *name, int least, int most, int *ret)
{
	const char *value = setting_text(from, name);
	int64_t number;

	if (!value || text_to_int64(value, &number) < 0 || number < least || number > most)
		return from->host->fail(from->call, ROSTER_MISCONFIGURED, 0,
					"\"%s\" is \"%s\"; a number from %d to %d is expected", name,
					value ? value : "", least, most);
	*ret = (int)number;
	return 0;
}

int setting_lines(const struct setting_source *from, const char *name,
		  const char *ret[SETTING_LINES_MOST + 1])
{
	char *rest = (char *)setting_text(from, name), *line; /* our own copy */
	int count = 0;

	while (rest && (line = strsep(&rest, "\n"))) {
		size_t length;
		const char *trimmed = text_trim(line, &length);

		if (length == 0)
			continue;
		if (count == SETTING_LINES_MOST)
			return from->host->fail(from->call, ROSTER_MISCONFIGURED, 0,
						"\"%s\" has more than %d lines", name, SETTING_LINES_MOST);
		ret[count++] = arena_text_n(from->arena, trimmed, length);
	}
	ret[count] = NULL;
	return 0;
}

int setting_server(const struct setting_source *from, const char *name, const char *example, const char **ret)
{
	const char *value = setting_text(from, name), *rest;
	struct link_origin origin;

	if (!value || link_origin_of(value, &origin) < 0)
		return from->host->fail(from->call, ROSTER_MISCONFIGURED, 0,
					"\"%s\" is \"%.150s\"; an address is expected, such as \"%s\"", name,
					value ? value : "", example);
	rest = value + strlen("https://");
	rest += strcspn(rest, "/?#");
	if (rest[0] != '\0' && !text_equal(rest, "/"))
		return from->host->fail(
			from->call, ROSTER_MISCONFIGURED, 0,
			"\"%s\" is \"%.150s\"; only the server is expected, such as \"https://%.100s\"", name,
			value, origin.host);
	*ret = arena_text_n(from->arena, value, (size_t)(rest - value));
	return 0;
}

bool setting_has_name(const char *const *lines, const char *name)
{
	if (!*lines)
		return true;
	for (; *lines; lines++) {
		size_t length = strlen(*lines);

		if ((*lines)[length - 1] == '*' ? strncmp(name, *lines, length - 1) == 0
						: text_equal(name, *lines))
			return true;
	}
	return false;
}
