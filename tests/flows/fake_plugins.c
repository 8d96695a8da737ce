/* Plug-ins without children, so that the API is what is tested: "ldap" with a setting of each kind that
 * matters, and "broken". A directory is down if its address says so; otherwise its check tells how many
 * settings and secrets it was given. */
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/text.h"
#include "plugin/catalog.h"
#include "plugin/link.h"
#include "plugin/links.h"

static const char *const tls_words[] = { "starttls", "none", NULL };
static const struct catalog_setting settings[] = {
	{ "url", "where it is", NULL, CATALOG_ADDRESS, true, false, NULL },
	{ "user_base", "where people are", NULL, CATALOG_TEXT, true, false, NULL },
	{ "tls", "how", "starttls", CATALOG_WORD, true, false, tls_words },
	{ "bind_password", "the secret", NULL, CATALOG_SECRET, false, false, NULL },
	{ "page_size", "how many", "500", CATALOG_NUMBER, false, false, NULL },
};
static const struct catalog_plugin ldap = {
	.name = "ldap",
	.title = "LDAP directory",
	.abilities = CATALOG_DIRECTORY,
	.settings = settings,
	.setting_count = ARRAY_COUNT(settings),
};
static const char *const names[] = { "broken", "ldap", CATALOG_PUSHED_NAME, NULL };

int catalog_open(const struct catalog_options *options, struct catalog **ret, struct error *e)
{
	(void)options, (void)e;
	*ret = (struct catalog *)names;
	return 0;
}

void catalog_close(struct catalog **catalog)
{
	*catalog = NULL;
}

int catalog_find(struct catalog *catalog, const char *name, const struct catalog_plugin **ret,
		 struct error *e)
{
	(void)catalog;
	if (text_equal(name, "broken"))
		return error_set(e, ERROR_INTERNAL, "catalog.plugin", "the plug-in \"broken\" needs ABI 2");
	if (!text_equal(name, "ldap") && !text_equal(name, CATALOG_PUSHED_NAME))
		return 0;
	*ret = text_equal(name, CATALOG_PUSHED_NAME) ? &catalog_pushed : &ldap;
	return 1;
}

const char *const *catalog_names(struct catalog *catalog)
{
	(void)catalog;
	return names;
}

bool catalog_connects(const struct catalog_plugin *plugin)
{
	(void)plugin;
	return true;
}

int catalog_check_value(const struct catalog_setting *setting, const char *value, struct error *e)
{
	int64_t number;

	if (value && setting->type == CATALOG_NUMBER && text_to_int64(value, &number) < 0)
		return error_set(e, ERROR_INPUT, "setting.number", "the setting \"%s\" is no whole number",
				 setting->name);
	return 0;
}

struct link {
	size_t settings, secret_bytes;
};

int link_open(struct catalog *catalog, const struct link_options *options, struct link **ret, struct error *e)
{
	struct link link = { .settings = options->setting_count };

	(void)catalog;
	for (size_t i = 0; i < options->setting_count; i++) {
		const struct link_setting *setting = &options->settings[i];

		if (setting->text && strstr(setting->text, "//down"))
			return error_set(e, ERROR_REMOTE, "ldap.down",
					 "could not read directory \"%s\": server is down", setting->text);
		link.secret_bytes += setting->secret ? secret_size(setting->secret) : 0;
	}
	*ret = malloc(sizeof(link));
	**ret = link;
	return 0;
}

void link_close(struct link **link)
{
	free(*link);
	*link = NULL;
}

int link_deliver(struct link *link, const struct link_event *event, int deadline_ms, struct arena *arena, int *ret_status,
		 const char **ret_notes, struct error *e)
{
	(void)link, (void)event, (void)deadline_ms, (void)arena, (void)ret_status, (void)ret_notes;
	return error_set(e, ERROR_INPUT, "plugin.scope", "nothing is delivered here");
}

int link_check(struct link *link, struct arena *arena, const char **ret_notes, struct error *e)
{
	(void)e;
	*ret_notes =
		arena_format(arena, "%zu settings\n%zu bytes of secret", link->settings, link->secret_bytes);
	return 0;
}

/* None of the fake plug-ins understands messages, so nobody takes one of these. */
struct links {
	int none;
};

int links_open(int most, struct links **ret, struct error *e)
{
	(void)most, (void)e;
	*ret = calloc(1, sizeof(**ret));
	return 0;
}

void links_close(struct links **links)
{
	free(*links);
	*links = NULL;
}

void links_renew(struct links *links)
{
	(void)links;
}

int links_take(struct links *links, const struct id *connection, int64_t version, links_open_fn *open, void *self, struct link **ret,
	       struct error *e)
{
	(void)links, (void)connection, (void)version, (void)open, (void)self, (void)ret;
	return error_set(e, ERROR_INTERNAL, "links.fake", "no fake plug-in understands messages");
}

void links_give(struct links *links, const struct id *connection, struct link *link)
{
	(void)links, (void)connection;
	link_close(&link);
}

int link_sign(struct link *link, const struct link_sign_on *ask, int deadline_ms, struct arena *arena, struct link_signed *ret, struct error *e)
{
	(void)link, (void)ask, (void)deadline_ms, (void)arena;
	*ret = (struct link_signed){ 0 };
	return error_set(e, ERROR_INPUT, "plugin.scope", "the fake signs nobody on");
}

void link_keep_with(struct link *link, const struct link_keeper *keeper)
{
	(void)link, (void)keeper;
}

int link_notify(struct link *link, const struct link_message *message, int deadline_ms, struct arena *arena, struct link_heard *ret,
		struct error *e)
{
	(void)link, (void)message, (void)deadline_ms, (void)arena, (void)ret;
	return error_set(e, ERROR_INTERNAL, "links.fake", "no fake plug-in understands messages");
}
