/* The catalog: what is there, what it says of itself, what its settings accept. */
#include "tools.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_plugins(void **state)
{
	*state = tools_catalog("plugins");
	return 0;
}

static int close_plugins(void **state)
{
	struct catalog *catalog = *state;

	catalog_close(&catalog);
	assert_null(catalog);
	return 0;
}

static void test_names(void **state)
{
	const char *const *names = catalog_names(*state), *last = "";
	bool found = false;

	for (; *names; names++) {
		assert_true(strcmp(last, *names) < 0);
		last = *names;
		found |= strcmp(*names, "example") == 0;
	}
	assert_true(found);
}

static void test_the_example_describes_itself(void **state)
{
	const struct catalog_plugin *plugin, *again;
	struct error e;

	if (catalog_find(*state, "example", &plugin, &e) != 1)
		fail_msg("%s", e.text);
	assert_string_equal(plugin->name, "example");
	assert_non_null(strstr(plugin->title, "Directory in a text"));
	assert_int_equal(plugin->abi_major, 1);
	assert_int_equal(plugin->abilities, CATALOG_DIRECTORY | CATALOG_WATCH | CATALOG_NOTIFICATIONS | CATALOG_SIGN_ON);
	assert_int_equal(plugin->scopes, 1 << LINK_ALL | 1 << LINK_CHANGED | 1 << LINK_NAMED);
	assert_int_equal(plugin->setting_count, 9);
	assert_true(plugin->subscribes);
	assert_int_equal(plugin->renew_after_ms, 3600000);
	for (size_t i = 0; i < plugin->setting_count; i++)
		assert_int_equal(plugin->settings[i].place, strcmp(plugin->settings[i].name, "tenant") == 0);
	assert_string_equal(plugin->settings[0].name, "directory");
	assert_true(plugin->settings[0].required);
	assert_null(plugin->settings[0].fallback);
	assert_string_equal(plugin->settings[2].fallback, "0");
	assert_string_equal(plugin->settings[2].words[1], "10000000");
	assert_int_equal(plugin->settings[3].type, CATALOG_ADDRESS);
	assert_int_equal(catalog_find(*state, "example", &again, &e), 1);
	assert_ptr_equal(plugin, again); /* kept, as long as the file is the same */
}

static void test_what_is_not_there(void **state)
{
	static const char *const names[] = { "nothing", "", "../plugins/example", "example.so", "EXAMPLE", "/etc/passwd" };
	const struct catalog_plugin *plugin;
	struct error e;

	for (size_t i = 0; i < ARRAY_COUNT(names); i++)
		assert_int_equal(catalog_find(*state, names[i], &plugin, &e), 0);
}

/* ---- files that are no plug-ins ---- */

static void write_file(const char *folder, const char *name, const char *text, mode_t mode)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	chmod(path, mode);
}

static void remove_file(const char *folder, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	unlink(path);
}

static void expect_unusable(struct catalog *catalog, const char *name, const char *text)
{
	const struct catalog_plugin *plugin;
	struct error e;

	assert_int_equal(catalog_find(catalog, name, &plugin, &e), -1);
	assert_string_equal(e.code, "plugin.unusable");
	if (!strstr(e.text, text))
		fail_msg("\"%s\" is not in \"%s\"", text, e.text);
}

static void test_files_that_are_no_plugins(void **state)
{
	char folder[] = "/tmp/rosterd-catalog-XXXXXX", child[4096];
	struct catalog_options options = { .plugin_directory = mkdtemp(folder), .child_path = child, .children_most = 1,
		                           .child_memory_most = TOOLS_MEMORY_MOST, .describe_deadline_ms = TOOLS_DEADLINE_MS };
	struct catalog *catalog;
	struct error e;

	(void)state;
	snprintf(child, sizeof(child), "%s/rosterd-connector", getenv("BUILDDIR"));
	write_file(folder, "text.so", "this is no library", 0644);
	write_file(folder, "open.so", "anybody may change this", 0666);
	assert_int_equal(catalog_open(&options, &catalog, &e), 0);
	expect_unusable(catalog, "text", "plug-in \"text\" cannot be loaded: ");
	expect_unusable(catalog, "open", "it must be a file that not everybody can change");
	catalog_close(&catalog);
	remove_file(folder, "text.so");
	remove_file(folder, "open.so");
	rmdir(folder);
}

static void test_a_folder_or_child_that_is_missing(void **state)
{
	struct catalog_options options = { .plugin_directory = "/nowhere", .child_path = "/nowhere/rosterd-connector",
		                           .children_most = 1, .describe_deadline_ms = 1000 };
	const struct catalog_plugin *plugin;
	struct catalog *catalog = NULL;
	char plugins[4096];
	struct error e;

	(void)state;
	assert_int_equal(catalog_open(&options, &catalog, &e), -1);
	assert_string_equal(e.text, "could not read the folder of plug-ins \"/nowhere\": No such file or directory");
	snprintf(plugins, sizeof(plugins), "%s/plugins", getenv("BUILDDIR"));
	options.plugin_directory = plugins;
	assert_int_equal(catalog_open(&options, &catalog, &e), 0);
	assert_int_equal(catalog_find(catalog, "example", &plugin, &e), -1);
	assert_string_equal(e.code, "plugin.start");
	assert_non_null(strstr(e.text, "\"/nowhere/rosterd-connector\""));
	catalog_close(&catalog);
}

/* ---- values ---- */

static void test_values_are_checked_by_type(void **state)
{
	static const char *const words[] = { "none", "starttls", "tls", NULL }, *const range[] = { "1", "1000", NULL };
	static const struct {
		enum catalog_setting_type type;
		const char *const *words;
		const char *value;
		const char *trouble; /* NULL: it is good */
	} cases[] = {
		{ CATALOG_TEXT, NULL, "", NULL },
		{ CATALOG_TEXT, NULL, "M\xfcller", "UTF-8 is expected" },
		{ CATALOG_NUMBER, range, "1000", NULL },
		{ CATALOG_NUMBER, range, "1001", "setting \"x\" is \"1001\"; a whole number from 1 to 1000 is expected" },
		{ CATALOG_NUMBER, range, "ten", "a whole number" },
		{ CATALOG_NUMBER, NULL, "-7", NULL },
		{ CATALOG_YES_NO, NULL, "yes", NULL },
		{ CATALOG_YES_NO, NULL, "true", "\"yes\" or \"no\" is expected" },
		{ CATALOG_WORD, words, "tls", NULL },
		{ CATALOG_WORD, words, "startls", "one of \"none\", \"starttls\", \"tls\" is expected; did you mean \"starttls\"?" },
		{ CATALOG_DURATION, NULL, "30s", NULL },
		{ CATALOG_DURATION, NULL, "30", "a time such as \"30s\" is expected" },
		{ CATALOG_PEM, NULL, "-----BEGIN CERTIFICATE-----\n", NULL },
		{ CATALOG_PEM, NULL, "/etc/ssl/ca.pem", "PEM form" },
		{ CATALOG_ADDRESS, NULL, "ldaps://dc1.acme.example", NULL },
		{ CATALOG_ADDRESS, NULL, "", "a URL, a host or a path is expected" },
		{ CATALOG_LIST, NULL, "a\nb", NULL },
		{ CATALOG_SECRET, NULL, "s3cret", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		const struct catalog_setting setting = { .name = "x", .words_for_people = "?", .type = cases[i].type,
			                                 .words = cases[i].words };
		struct error e = { 0 };

		assert_int_equal(catalog_check_value(&setting, cases[i].value, &e), cases[i].trouble ? -1 : 0);
		if (cases[i].trouble && (e.kind != ERROR_INPUT || !strstr(e.text, cases[i].trouble)))
			fail_msg("\"%s\" is not in \"%s\"", cases[i].trouble, e.text);
	}
}

static void test_values_may_be_needed(void **state)
{
	struct catalog_setting setting = { .name = "url", .words_for_people = "Where it is.", .type = CATALOG_ADDRESS,
		                           .required = true };
	struct error e;

	(void)state;
	assert_int_equal(catalog_check_value(&setting, NULL, &e), -1);
	assert_string_equal(e.text, "setting \"url\" is needed: Where it is.");
	setting.fallback = "localhost";
	assert_int_equal(catalog_check_value(&setting, NULL, &e), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_the_example_describes_itself),
		cmocka_unit_test(test_what_is_not_there),
		cmocka_unit_test(test_files_that_are_no_plugins),
		cmocka_unit_test(test_a_folder_or_child_that_is_missing),
		cmocka_unit_test(test_values_are_checked_by_type),
		cmocka_unit_test(test_values_may_be_needed),
	};

	return cmocka_run_group_tests(tests, open_plugins, close_plugins);
}
