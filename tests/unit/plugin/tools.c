/* What the tests of the bridge share. */
#include "tools.h"

#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>

struct catalog *tools_catalog(const char *folder)
{
	const char *build = getenv("BUILDDIR") ? getenv("BUILDDIR") : ".";
	char plugins[4096], child[4096];
	const struct catalog_options options = {
		.plugin_directory = plugins, .child_path = child, .children_most = 2,
		.child_memory_most = TOOLS_MEMORY_MOST, .describe_deadline_ms = TOOLS_DEADLINE_MS,
	};
	struct catalog *catalog;
	struct error e;

	log_open(LOG_PLAIN, LOG_LEVEL_ERROR); /* bad plug-ins have much to say */
	snprintf(plugins, sizeof(plugins), "%s/%s", build, folder);
	snprintf(child, sizeof(child), "%s/rosterd-connector", build);
	if (catalog_open(&options, &catalog, &e) < 0)
		fail_msg("%s", e.text);
	return catalog;
}

int tools_open(struct catalog *catalog, const char *plugin, int deadline_ms, struct link **ret, struct error *e, ...)
{
	static struct link_setting settings[8]; /* borrowed by the link; one link at a time has them */
	struct link_options options = { .plugin = plugin, .settings = settings, .deadline_ms = deadline_ms,
		                        .allow_private = true };
	const char *name;
	va_list pairs;

	va_start(pairs, e);
	while ((name = va_arg(pairs, const char *)))
		settings[options.setting_count++] = (struct link_setting){ .name = name, .text = va_arg(pairs, const char *) };
	va_end(pairs);
	return link_open(catalog, &options, ret, e);
}

int tools_read(struct link *link, const struct link_ask *ask, struct tools_count *ret, struct error *e)
{
	struct link_item item;
	int got;

	if (link_ask(link, ask, e) < 0)
		return -1;
	while ((got = link_next(link, &item, e)) > 0) {
		ret->people += item.kind == LINK_PERSON;
		ret->groups += item.kind == LINK_GROUP;
		ret->memberships += item.kind == LINK_MEMBERSHIP;
		ret->refused += item.kind == LINK_REFUSED;
		ret->notes += item.kind == LINK_NOTE;
	}
	return got;
}
