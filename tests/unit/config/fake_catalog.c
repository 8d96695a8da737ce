/* Two plug-ins for tests, without a child: "ldap" with a setting of each kind that matters, and "broken". */
#include "plugin/catalog.h"

#include <string.h>

#include "base/text.h"

static const char *const tls_words[] = { "starttls", "none", NULL };
static const struct catalog_setting settings[] = {
	{ "url", "where it is", NULL, CATALOG_ADDRESS, true, false, NULL },
	{ "tls", "how", "starttls", CATALOG_WORD, false, false, tls_words },
	{ "bind_dn", "as whom", NULL, CATALOG_TEXT, false, false, NULL },
	{ "bind_password", "secret", NULL, CATALOG_SECRET, false, false, NULL },
	{ "ca_certificate", "certificates", NULL, CATALOG_PEM, false, false, NULL },
	{ "user_base", "where people are", NULL, CATALOG_TEXT, true, false, NULL },
	{ "group_base", "where groups are", NULL, CATALOG_TEXT, false, false, NULL },
	{ "further_bases", "where more are", NULL, CATALOG_LIST, false, false, NULL },
	{ "page_size", "how many", "500", CATALOG_NUMBER, false, false, NULL },
};
static const struct catalog_plugin ldap = {
	.name = "ldap",
	.title = "LDAP directory",
	.settings = settings,
	.setting_count = ARRAY_COUNT(settings),
};
static const char *const names[] = { "broken", "ldap", NULL };

int catalog_open(const struct catalog_options *options, struct catalog **ret, struct error *e)
{
	if (text_equal(options->plugin_directory, "/nowhere"))
		return error_set(e, ERROR_INPUT, "catalog.directory",
				 "could not read the folder of plug-ins");
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
		return error_set(e, ERROR_INTERNAL, "catalog.plugin",
				 "plug-in \"broken\" cannot be used: it needs ABI 2");
	if (!text_equal(name, "ldap"))
		return 0;
	*ret = &ldap;
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

	if (!value)
		return setting->required ? error_set(e, ERROR_INPUT, "setting.missing", "\"%s\" is missing",
						     setting->name)
					 : 0;
	if (setting->type == CATALOG_NUMBER && text_to_int64(value, &number) < 0)
		return error_set(e, ERROR_INPUT, "setting.number",
				 "\"%s\" is \"%s\"; a whole number is expected", setting->name, value);
	return 0;
}
