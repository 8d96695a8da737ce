/* Configurations in a folder of their own: what good ones yield, and every mistake that bad ones can hold. */
#include "config.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/secret.h"
#include "base/text.h"

enum { MUTATIONS = 3000 };

struct fixture {
	struct arena *arena;
	struct problems problems;
	struct config *config;
	struct catalog *catalog;
	char directory[64];
};

static void write_file(struct fixture *f, const char *name, const char *text, mode_t mode)
{
	const char *path = arena_format(f->arena, "%s/%s", f->directory, name);
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, mode), 0);
}

/* rosterd.conf in the folder, which also says where orgs.d is. */
static void write_settings(struct fixture *f, const char *text)
{
	write_file(f, "rosterd.conf",
		   arena_format(f->arena, "organisations = \"%s/orgs.d\"\n%s", f->directory, text), 0644);
}

/* An organisation that is right, and has these lines in the settings of its connection. */
static void write_connection(struct fixture *f, const char *settings)
{
	write_file(f, "orgs.d/acme.conf",
		   arena_format(f->arena,
				"name = Acme\nconnection ad {\nplugin = ldap\nsettings {\n%s\n}\n}\n",
				settings),
		   0644);
}

static int prepare(void **state)
{
	struct fixture *f = test_calloc(1, sizeof(*f));

	f->arena = arena_open("test");
	strcpy(f->directory, "/tmp/rosterd-config-XXXXXX");
	assert_non_null(mkdtemp(f->directory));
	assert_int_equal(mkdir(arena_format(f->arena, "%s/orgs.d", f->directory), 0755), 0);
	assert_int_equal(secret_start(NULL), 0);
	write_settings(f, "");
	write_file(f, "password", "hunter2\n", 0600);
	*state = f;
	return 0;
}

static void remove_folder(const char *path)
{
	DIR *folder = opendir(path);
	const struct dirent *entry;
	char inside[PATH_MAX];

	while (folder && (entry = readdir(folder))) {
		if (text_equal(entry->d_name, ".") || text_equal(entry->d_name, ".."))
			continue;
		snprintf(inside, sizeof(inside), "%s/%s", path, entry->d_name);
		if (unlink(inside) < 0)
			remove_folder(inside);
	}
	if (folder)
		closedir(folder);
	rmdir(path);
}

static int clear(void **state)
{
	struct fixture *f = *state;

	config_close(&f->config);
	remove_folder(f->directory);
	arena_close(&f->arena);
	test_free(f);
	return 0;
}

static int read_config(struct fixture *f)
{
	config_close(&f->config);
	problems_open(&f->problems, f->arena);
	return config_read(arena_format(f->arena, "%s/rosterd.conf", f->directory), f->arena, &f->config,
			   &f->catalog, &f->problems);
}

/* A text with the folder's name taken out of it. */
static const char *without_folder(struct fixture *f, const char *text)
{
	size_t length = strlen(f->directory);
	const char *all = "";

	for (const char *at; (at = strstr(text, f->directory)); text = at + length + 1)
		all = arena_format(f->arena, "%s%.*s", all, (int)(at - text), text);
	return arena_format(f->arena, "%s%s", all, text);
}

/* All problems as they are printed, without the folder. */
static const char *problems_of(struct fixture *f)
{
	char *printed = NULL;
	size_t size = 0;

	assert_int_equal(read_config(f), -1);
	FILE *to = open_memstream(&printed, &size);
	problems_print(&f->problems, to);
	fclose(to);
	const char *text = without_folder(f, printed);
	free(printed);
	return text;
}

static void assert_right(struct fixture *f)
{
	if (read_config(f) < 0)
		fail_msg("%s:%d: %s", f->problems.list[0].file, f->problems.list[0].line,
			 f->problems.list[0].text);
}

#define assert_problems(f, text) assert_string_equal(problems_of(f), text)

/* ---- what is right ---- */

static void defaults(void **state)
{
	struct fixture *f = *state;

	assert_right(f);
	assert_null(f->config->public_url);
	assert_null(f->config->master_key);
	assert_string_equal(f->config->server.listen[0], "127.0.0.1:8080");
	assert_string_equal(f->config->server.listen[1], "unix:/run/rosterd/rosterd.sock");
	assert_null(f->config->server.listen[2]);
	assert_int_equal(f->config->server.unix_mode, 0660);
	assert_int_equal(f->config->server.idle_timeout_s, 30);
	assert_int_equal(f->config->server.head_most, 16384);
	assert_null(f->config->server.trusted_proxies[0]);
	assert_string_equal(f->config->admin_users[0], "root");
	assert_null(f->config->admin_users[1]);
	assert_string_equal(f->config->store.role_names[STORE_WORKER], "rosterd_worker");
	assert_null(f->config->store.passwords[STORE_OWNER]);
	assert_int_equal(f->config->store.most[STORE_REQUEST], 8);
	assert_int_equal(f->config->store.most[STORE_WORKER], 16);
	assert_int_equal(f->config->store.connect_timeout_ms, 5000);
	assert_int_equal(f->config->catalog.child_memory_most, MB(512));
	assert_true(f->config->allow_private_addresses);
	assert_int_equal(f->config->organisation_files.guard[GUARD_PEOPLE].most, 10);
	assert_int_equal(f->config->organisation_files.guard[GUARD_PEOPLE].share, 5);
	assert_int_equal(f->config->log_level, LOG_LEVEL_NOTICE);
	assert_int_equal(f->config->organisation_count, 0);
}

static void every_type(void **state)
{
	struct fixture *f = *state;

	write_settings(f, arena_format(f->arena,
				       "public_url = \"https://sso.acme.example/roster\"\n"
				       "listen = { 127.0.0.1:1, \"[::1]:0\" }\n"
				       "socket_mode = 600\n"
				       "trusted_proxies = { 10.0.0.0/8, \"fd00::/8\", 127.0.0.1 }\n"
				       "database {\n"
				       "\tstatement_timeout = 90s\n"
				       "\towner_password = \"file:%s/password\"\n"
				       "}\n"
				       "plugins {\n"
				       "\tmemory = 1G\n"
				       "\tallow_private_addresses = no\n"
				       "}\n"
				       "log {\n"
				       "\tform = json\n"
				       "\tlevel = debug\n"
				       "}\n",
				       f->directory));
	assert_right(f);
	assert_string_equal(f->config->public_url, "https://sso.acme.example/roster");
	assert_string_equal(f->config->server.listen[1], "[::1]:0");
	assert_int_equal(f->config->server.unix_mode, 0600);
	assert_string_equal(f->config->server.trusted_proxies[2], "127.0.0.1");
	assert_int_equal(f->config->store.statement_timeout_ms, 90000);
	assert_string_equal(secret_text(f->config->store.passwords[STORE_OWNER]), "hunter2");
	assert_int_equal(f->config->catalog.child_memory_most, MB(1024));
	assert_false(f->config->allow_private_addresses);
	assert_int_equal(f->config->log_form, LOG_JSON);
	assert_int_equal(f->config->log_level, LOG_LEVEL_DEBUG);
}

static void an_empty_list_is_none(void **state)
{
	struct fixture *f = *state;

	write_settings(f, "listen = { }\n");
	assert_right(f);
	assert_string_equal(f->config->server.listen[0], "unix:/run/rosterd/rosterd.sock");
	assert_null(f->config->server.listen[1]);
}

/* However few are given: the watch must be able to say that runs live while all workers are at the database. */
static void connections_are_left_beside_the_workers(void **state)
{
	struct fixture *f = *state;

	write_settings(f, "workers = 10\n");
	assert_right(f);
	assert_int_equal(f->config->store.most[STORE_WORKER], 24);

	write_settings(f, "database {\n\tworker_connections = 2\n}\n");
	assert_right(f);
	assert_int_equal(f->config->store.most[STORE_WORKER], 16);

	write_settings(f, "workers = 10\ndatabase {\n\tworker_connections = 40\n}\n");
	assert_right(f);
	assert_int_equal(f->config->store.most[STORE_WORKER], 40);
}

static void the_socket_can_be_kept_elsewhere(void **state)
{
	struct fixture *f = *state;

	write_settings(f, "listen = { 127.0.0.1:1, 127.0.0.1:2 }\n");
	assert_right(f);
	config_keep_socket_in(f->config, "/there");
	assert_string_equal(f->config->socket, "/there/rosterd.sock");
	assert_string_equal(f->config->server.listen[1], "127.0.0.1:2");
	assert_string_equal(f->config->server.listen[2], "unix:/there/rosterd.sock");
	assert_null(f->config->server.listen[3]);

	write_settings(f, "socket = /set/by/hand\n");
	assert_right(f);
	config_keep_socket_in(f->config, "/there");
	assert_string_equal(f->config->server.listen[1], "unix:/set/by/hand");
}

static void an_organisation(void **state)
{
	struct fixture *f = *state;

	write_file(f, "ca.pem", "-----BEGIN CERTIFICATE-----\n", 0644);
	write_file(f, "orgs.d/acme-inc.conf",
		   arena_format(f->arena,
				"name = \"Acme, Inc.\"\n"
				"type = team\n"
				"domains = { ACME.example, \"bücher.example\" }\n"
				"default_role = viewer\n"
				"connection head.office {\n"
				"\tplugin = ldap\n"
				"\tschedule = never\n"
				"\tguard {\n"
				"\t\tremove_most = 3\n"
				"\t}\n"
				"\tsettings {\n"
				"\t\turl = \"ldap://ldap.acme.example\"\n"
				"\t\tbind_password = \"file:%s/password\"\n"
				"\t\tca_certificate = \"file:%s/ca.pem\"\n"
				"\t\tuser_base = \"ou=people\"\n"
				"\t\tfurther_bases = { \"ou=a\", \"ou=b\" }\n"
				"\t}\n"
				"\troles {\n"
				"\t\t\"Domain Admins\" = admin\n"
				"\t\tstaff = member\n"
				"\t}\n"
				"\tattributes {\n"
				"\t\ttitle = jobTitle\n"
				"\t}\n"
				"}\n"
				"precedence {\n"
				"\trole = { second, manual, head.office }\n"
				"\tname = second\n"
				"\ttitle = { }\n"
				"}\n"
				"connection second {\n"
				"\tplugin = ldap\n"
				"\tstate = paused\n"
				"\tprecedence = 7\n"
				"\tsettings {\n"
				"\t\turl = \"ldaps://x.example\"\n"
				"\t\tuser_base = \"ou=people\"\n"
				"\t}\n"
				"}\n",
				f->directory, f->directory),
		   0644);
	assert_right(f);
	assert_int_equal(f->config->organisation_count, 1);
	const struct orgfile *o = &f->config->organisations[0];
	assert_string_equal(o->slug, "acme-inc");
	assert_string_equal(o->name, "Acme, Inc.");
	assert_string_equal(o->type, "team");
	assert_string_equal(o->domains[0], "acme.example");
	assert_string_equal(o->domains[1], "xn--bcher-kva.example");
	assert_null(o->domains[2]);
	assert_string_equal(o->default_role, "viewer");
	assert_int_equal(o->connection_count, 2);

	const struct connection *c = &o->connections[0].is;
	assert_string_equal(c->name, "head.office");
	assert_string_equal(c->state, "active");
	assert_int_equal(c->schedule_ms, 0);
	assert_int_equal(c->guard[GUARD_PEOPLE].most, 3);
	assert_int_equal(c->guard[GUARD_PEOPLE].share, 5);
	assert_int_equal(c->precedence, CONNECTION_PRECEDENCE_USUAL);
	assert_int_equal(c->secret_count, 1);
	assert_string_equal(c->secrets[0], "bind_password");
	assert_string_equal(secret_text(o->connections[0].secrets[0]), "hunter2");
	assert_int_equal(c->setting_count, 4);
	assert_string_equal(c->settings[1].value, "-----BEGIN CERTIFICATE-----\n");
	assert_string_equal(c->settings[3].value, "ou=a\nou=b");
	assert_int_equal(c->mapping_count, 2);
	assert_string_equal(c->mappings[0].group, "Domain Admins");
	assert_string_equal(c->mappings[1].role, "member");
	assert_int_equal(c->attribute_count, 1);
	assert_string_equal(c->attributes[0].value, "jobTitle");
	assert_string_equal(o->connections[1].is.state, "paused");
	assert_int_equal(o->connections[1].is.schedule_ms, 15 * 60 * 1000);
	assert_int_equal(o->connections[1].is.precedence, 7);

	assert_true(o->rules_line > 0);
	assert_string_equal(o->rules[0][0], "second");
	assert_null(o->rules[0][1]);
	assert_null(o->rules[2][0]);
	assert_null(o->rules[3][0]);
	assert_string_equal(o->rules[4][0], "second");
	assert_string_equal(o->rules[4][1], "manual");
	assert_string_equal(o->rules[4][2], "head.office");
	assert_null(o->rules[4][3]);
}

static void whose_word_counts_is_checked(void **state)
{
	struct fixture *f = *state;

	write_file(f, "orgs.d/acme.conf",
		   "name = Acme\n"
		   "connection hr {\n"
		   "\tplugin = ldap\n"
		   "\tprecedence = -1\n"
		   "\tsettings {\n"
		   "\t\turl = \"ldaps://x.example\"\n"
		   "\t\tuser_base = \"ou=people\"\n"
		   "\t}\n"
		   "}\n"
		   "precedence {\n"
		   "\tname = { hr, it }\n"
		   "\tnmae = { hr }\n"
		   "\trole = { hr,\n"
		   "\t\thrr,\n"
		   "\t\thr }\n"
		   "\tstate = { manual }\n"
		   "}\n"
		   "precedence {\n"
		   "}\n",
		   0644);
	assert_problems(
		f, "orgs.d/acme.conf:4: \"connection.precedence\" is \"-1\"; a whole number from 0 to 1000000 is expected\n"
		   "orgs.d/acme.conf:11: \"precedence.name\": there is no connection \"it\" in this file; one of them, or "
		   "\"manual\" for what a person set, is expected\n"
		   "orgs.d/acme.conf:12: there is no setting \"nmae\" in \"precedence\"; did you mean \"name\"?\n"
		   "orgs.d/acme.conf:14: \"precedence.role\": there is no connection \"hrr\" in this file; one of them, or "
		   "\"manual\" for what a person set, is expected; did you mean \"hr\"?\n"
		   "orgs.d/acme.conf:15: \"precedence.role\": \"hr\" stands there twice\n"
		   "orgs.d/acme.conf:16: \"precedence.state\": \"manual\" has no place here; whom a person suspended stays so, "
		   "whatever directories say\n"
		   "orgs.d/acme.conf:18: section \"precedence\" is there a second time; the first is in line 10\n");
}

static void no_section_is_no_word_on_rules(void **state)
{
	struct fixture *f = *state;

	write_file(f, "orgs.d/acme.conf", "name = Acme\n", 0644);
	assert_right(f);
	assert_int_equal(f->config->organisations[0].rules_line, 0);
	write_file(f, "orgs.d/acme.conf", "name = Acme\nprecedence {\n}\n", 0644);
	assert_right(f);
	assert_int_equal(f->config->organisations[0].rules_line, 2);
	for (size_t i = 0; i < PRECEDENCE_ATTRIBUTES; i++)
		assert_null(f->config->organisations[0].rules[i][0]);
}

static void only_conf_files_in_order(void **state)
{
	struct fixture *f = *state;

	write_file(f, "orgs.d/b.conf", "name = B\n", 0644);
	write_file(f, "orgs.d/a.conf", "name = A\n", 0644);
	write_file(f, "orgs.d/a.conf~", "nonsense", 0644);
	write_file(f, "orgs.d/.#a.conf", "nonsense", 0644);
	write_file(f, "orgs.d/a.conf.dpkg-old", "nonsense", 0644);
	write_file(f, "orgs.d/.conf", "nonsense", 0644);
	assert_right(f);
	assert_int_equal(f->config->organisation_count, 2);
	assert_string_equal(f->config->organisations[0].slug, "a");
	assert_string_equal(f->config->organisations[1].slug, "b");
}

static void without_plugins_settings_are_taken_as_they_are(void **state)
{
	struct fixture *f = *state;

	write_connection(f, "anything = goes\nbind_password = \"file:/not/there\"");
	problems_open(&f->problems, f->arena);
	assert_int_equal(config_read(arena_format(f->arena, "%s/rosterd.conf", f->directory), f->arena,
				     &f->config, NULL, &f->problems),
			 0);
	const struct connection *c = &f->config->organisations[0].connections[0].is;
	assert_int_equal(c->setting_count, 2);
	assert_int_equal(c->secret_count, 0);
}

/* ---- what is wrong ---- */

static void ten_mistakes(void **state)
{
	struct fixture *f = *state;

	write_settings(f, "listen = localhost\n"
			  "worker = 5\n"
			  "workers 4\n"
			  "database {\n"
			  "\tconnect_timeout = \"5 parsecs\"\n"
			  "}\n"
			  "lgo {\n"
			  "\tanything = 1\n"
			  "}\n");
	write_file(f, "orgs.d/acme.conf",
		   "name = \"Acme\"\n"
		   "type = enterprize\n"
		   "domains = { acme.example, nonsense }\n"
		   "connection corporate {\n"
		   "\tplugin = ldpa\n"
		   "\troles {\n"
		   "\t\t\"Admins\" = owner\n"
		   "\t}\n"
		   "}\n",
		   0644);
	write_file(f, "orgs.d/zeta.conf", "name = Zeta\ndomains = acme.example\n", 0644);
	assert_problems(
		f, "rosterd.conf:2: \"listen\" is \"localhost\"; an address and port such as "
		   "\"127.0.0.1:8080\" or "
		   "\"[::1]:8080\" is expected\n"
		   "rosterd.conf:3: there is no setting \"worker\"; did you mean \"workers\"?\n"
		   "rosterd.conf:4: after \"workers\" comes \"= value\", or \"{\" if it is a section\n"
		   "rosterd.conf:6: \"database.connect_timeout\" is \"5 parsecs\"; a time such as \"15m\", "
		   "from 1s to 5m, "
		   "is expected\n"
		   "rosterd.conf:8: there is no section \"lgo\"; did you mean \"log\"?\n"
		   "orgs.d/acme.conf:2: \"type\" is \"enterprize\"; \"solo\", \"team\" or \"enterprise\" is "
		   "expected; did "
		   "you mean \"enterprise\"?\n"
		   "orgs.d/acme.conf:3: \"domains\": \"nonsense\" is no domain name: a name with a dot is "
		   "expected\n"
		   "orgs.d/acme.conf:5: there is no plug-in \"ldpa\"; did you mean \"ldap\"?\n"
		   "orgs.d/acme.conf:7: group \"Admins\" gives the role \"owner\"; \"admin\", \"member\" or "
		   "\"viewer\" is "
		   "expected, an owner is named by a person\n"
		   "orgs.d/zeta.conf:2: domain \"acme.example\" is already taken in orgs.d/acme.conf:3\n");
	assert_int_equal(f->problems.count, 10);
}

/* One line of rosterd.conf (line 2), and what is said of it. */
static const struct {
	const char *line, *problem;
} wrong_settings[] = {
	{ "public_url = \"sso.example\"",
	  "\"public_url\" is \"sso.example\"; an address such as "
	  "\"https://sso.acme.example\", without a \"/\" at the end, is expected" },
	{ "public_url = \"https://sso.example/\"",
	  "\"public_url\" is \"https://sso.example/\"; an address such as "
	  "\"https://sso.acme.example\", without a \"/\" at the end, is expected" },
	{ "socket = run", "\"socket\" is \"run\"; a path that begins with \"/\" is expected" },
	{ "socket_mode = 0999", "\"socket_mode\" is \"0999\"; a mode such as \"0660\" is expected" },
	{ "socket_mode = 2660", "\"socket_mode\" is \"2660\"; a mode such as \"0660\" is expected" },
	{ "trusted_proxies = { 10.0.0.0/8, 10.0.0.0/33 }",
	  "\"trusted_proxies\" is \"10.0.0.0/33\"; a network such as \"10.0.0.0/8\" or \"fd00::/8\" is "
	  "expected" },
	{ "listen = 127.0.0.1:99999",
	  "\"listen\" is \"127.0.0.1:99999\"; an address and port such as \"127.0.0.1:8080\" or "
	  "\"[::1]:8080\" is expected" },
	{ "workers = many", "\"workers\" is \"many\"; a whole number from 1 to 64 is expected" },
	{ "workers = 0", "\"workers\" is \"0\"; a whole number from 1 to 64 is expected" },
	{ "workers = { 1, 2 }", "\"workers\" is a list of 2 values; one value is expected" },
	{ "workers = { }", "\"workers\" is a list of 0 values; one value is expected" },
	{ "wrokers = 1", "there is no setting \"wrokers\"; did you mean \"workers\"?" },
	{ "allow_private_addresses = no",
	  "there is no setting \"allow_private_addresses\"; it belongs in section \"plugins\"" },
	{ "log = info", "\"log\" is a section; \"log {\", its settings and \"}\" are expected, a line each" },
	{ "workers {\n}", "\"workers\" is no section but a setting; \"workers = value\" is expected" },
	{ "log main {\n}", "\"main\" comes between \"log\" and \"{\"; this section has no name" },
	{ "master_key = hunter2",
	  "\"master_key\" is a secret and cannot stand in this file; write \"file:/path\" of a file "
	  "that holds it, or \"credential:name\"" },
	{ "master_key = \"file:/not/there\"",
	  "\"master_key\": could not read secret \"/not/there\": No such file or directory" },
	{ "socket_group = \"\"", "\"socket_group\" is \"\"; a text of 1 to 32 bytes is expected" },
	{ "socket_group = \"123456789012345678901234567890123456789012345678901234567890-and-more\"",
	  "\"socket_group\" is \"123456789012345678901234567890123456789012345678901234567890...\"; a text "
	  "of 1 to 32 bytes is "
	  "expected" },
};

static void each_wrong_setting(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_COUNT(wrong_settings); i++) {
		write_settings(f, wrong_settings[i].line);
		assert_problems(f, arena_format(f->arena, "rosterd.conf:2: %s\n", wrong_settings[i].problem));
	}
}

/* Lines inside a section, and what is said of them. */
static void wrong_in_sections(void **state)
{
	struct fixture *f = *state;

	write_settings(f, "plugins {\n"
			  "memory = 1M\n"
			  "memory = 1G\n"
			  "allow_private_addresses = maybe\n"
			  "}\n"
			  "log {\n"
			  "level = informational\n"
			  "levle = info\n"
			  "workers = 2\n"
			  "}\n"
			  "log {\n"
			  "}\n"
			  "http {\n"
			  "waiting = 0\n"
			  "}\n");
	assert_problems(
		f,
		"rosterd.conf:3: \"plugins.memory\" is \"1M\"; a size such as \"64M\", from 64M to "
		"64G, is expected\n"
		"rosterd.conf:4: \"plugins.memory\" is set a second time; the first is in line 3\n"
		"rosterd.conf:5: \"plugins.allow_private_addresses\" is \"maybe\"; \"yes\" or \"no\" "
		"is expected\n"
		"rosterd.conf:8: \"log.level\" is \"informational\"; \"error\", \"warning\", "
		"\"notice\", \"info\" or "
		"\"debug\" is expected\n"
		"rosterd.conf:9: there is no setting \"levle\" in \"log\"; did you mean \"level\"?\n"
		"rosterd.conf:10: there is no setting \"workers\" in \"log\"; it belongs outside of all "
		"sections\n"
		"rosterd.conf:12: section \"log\" is there a second time; the first is in line 7\n"
		"rosterd.conf:15: \"http.waiting\" is \"0\"; a whole number from 1 to 100000 is expected\n");
}

static void wrong_organisations(void **state)
{
	struct fixture *f = *state;

	write_file(f, "orgs.d/Bad_Name.conf", "name = \"\"\nschedule = 5\n", 0644);
	write_file(f, "orgs.d/one.conf", "name = One\nslug = same\ndomains = { one.example, one.example }\n",
		   0644);
	write_file(f, "orgs.d/two.conf",
		   "slug = same\n"
		   "connection {\n"
		   "plugin = ldap\n"
		   "settings {\nurl = x\nuser_base = y\n}\n"
		   "}\n"
		   "connection Up {\n"
		   "}\n"
		   "connection Up {\n"
		   "plugin = broken\n"
		   "schedule = 1s\n"
		   "stat = active\n"
		   "guard {\n"
		   "remove_share = 101\n"
		   "}\n"
		   "}\n"
		   "connection manual {\n"
		   "plugin = broken\n"
		   "}\n",
		   0644);
	assert_problems(
		f,
		"orgs.d/Bad_Name.conf:1: \"name\" is \"\"; a text of 1 to 200 bytes is expected\n"
		"orgs.d/Bad_Name.conf:1: \"slug\" is \"Bad_Name\"; at most 63 small letters, digits and "
		"\"-\" are "
		"expected, with a letter or digit at both ends\n"
		"orgs.d/Bad_Name.conf:2: there is no setting \"schedule\"; it belongs in section "
		"\"connection\"\n"
		"orgs.d/one.conf:3: domain \"one.example\" is already taken in orgs.d/one.conf:3\n"
		"orgs.d/two.conf:1: \"name\" is missing; a text of 1 to 200 bytes is expected\n"
		"orgs.d/two.conf:1: slug \"same\" is already taken in orgs.d/one.conf:2\n"
		"orgs.d/two.conf:2: a connection has a name: \"connection corporate {\" is expected\n"
		"orgs.d/two.conf:9: connection \"Up\": a name of at most 63 small letters, digits, \".\", "
		"\"_\" and \"-\" "
		"is expected, with a letter or digit at both ends\n"
		"orgs.d/two.conf:9: \"connection.plugin\" is missing; a text of 1 to 40 bytes is expected\n"
		"orgs.d/two.conf:11: connection \"Up\": a name of at most 63 small letters, digits, \".\", "
		"\"_\" and "
		"\"-\" is expected, with a letter or digit at both ends\n"
		"orgs.d/two.conf:11: connection \"Up\" is there a second time; the first is in line 9\n"
		"orgs.d/two.conf:12: plug-in \"broken\" cannot be used: it needs ABI 2\n"
		"orgs.d/two.conf:13: \"connection.schedule\" is \"1s\"; \"never\", or a time such as "
		"\"15m\", from 10s "
		"to 7d, is expected\n"
		"orgs.d/two.conf:14: there is no setting \"stat\" in \"connection\"; did you mean "
		"\"state\"?\n"
		"orgs.d/two.conf:16: \"guard.remove_share\" is \"101\"; a whole number from 0 to 100 is "
		"expected\n"
		"orgs.d/two.conf:19: no connection can be called \"manual\": that is what a person set, "
		"where the order of sources "
		"is told\n"
		"orgs.d/two.conf:20: plug-in \"broken\" cannot be used: it needs ABI 2\n");
}

static void wrong_plugin_settings(void **state)
{
	struct fixture *f = *state;

	write_file(f, "open-to-all", "hunter2\n", 0644);
	write_connection(f, arena_format(f->arena, "urll = \"ldap://x\"\n"
						   "page_size = many\n"
						   "bind_password = hunter2\n"
						   "ca_certificate = \"file:/not/there\"\n"
						   "tls = { none, starttls }\n"
						   "page_size = 5\n"
						   "inner {\n"
						   "}"));
	assert_problems(
		f,
		"orgs.d/acme.conf:4: \"url\" is missing\n"
		"orgs.d/acme.conf:4: \"user_base\" is missing\n"
		"orgs.d/acme.conf:5: plug-in \"ldap\" has no setting \"urll\"; did you mean \"url\"?\n"
		"orgs.d/acme.conf:6: \"page_size\" is \"many\"; a whole number is expected\n"
		"orgs.d/acme.conf:7: \"bind_password\" is a secret and cannot stand in this file; write "
		"\"file:/path\" of a file that holds it, or \"credential:name\"\n"
		"orgs.d/acme.conf:8: \"ca_certificate\": file \"/not/there\" could not be opened: No such "
		"file or "
		"directory\n"
		"orgs.d/acme.conf:9: \"settings.tls\" is a list of 2 values; one value is expected\n"
		"orgs.d/acme.conf:10: \"settings.page_size\" is set a second time; the first is in line 6\n"
		"orgs.d/acme.conf:11: there can be no section \"inner\" in \"settings\"\n");

	write_connection(f, arena_format(f->arena,
					 "url = x\nuser_base = y\nbind_password = \"file:%s/open-to-all\"",
					 f->directory));
	assert_problems(f, "orgs.d/acme.conf:7: \"bind_password\": could not read secret \"open-to-all\": "
			   "others may read or "
			   "change it; mode 0600 is expected, or 0640 and owner root\n");
}

static void wrong_roles_and_attributes(void **state)
{
	struct fixture *f = *state;

	write_file(f, "orgs.d/acme.conf",
		   "name = Acme\n"
		   "connection ad {\n"
		   "plugin = ldap\n"
		   "settings {\nurl = x\nuser_base = y\n}\n"
		   "roles {\n"
		   "staff = memebr\n"
		   "admins = admin\n"
		   "admins = viewer\n"
		   "}\n"
		   "attributes {\n"
		   "emial = mail\n"
		   "title = \"\"\n"
		   "}\n"
		   "}\n",
		   0644);
	assert_problems(
		f,
		"orgs.d/acme.conf:9: group \"staff\" gives the role \"memebr\"; \"admin\", \"member\" or "
		"\"viewer\" is "
		"expected; did you mean \"member\"?\n"
		"orgs.d/acme.conf:11: \"roles.admins\" is set a second time; the first is in line 10\n"
		"orgs.d/acme.conf:14: there is no field \"emial\"; did you mean \"email\"?\n"
		"orgs.d/acme.conf:15: \"attributes.title\" is \"\"; the name of the directory's attribute is "
		"expected\n");
}

static void files_that_cannot_be_read(void **state)
{
	struct fixture *f = *state;
	const char *folder = arena_format(f->arena, "%s/orgs.d/folder.conf", f->directory);
	char *large = test_malloc(SYNTAX_FILE_MOST + 2);

	memset(large, '\n', SYNTAX_FILE_MOST + 1);
	large[SYNTAX_FILE_MOST + 1] = 0;
	write_file(f, "orgs.d/large.conf", large, 0644);
	test_free(large);
	write_file(f, "orgs.d/open.conf", "name = Open\n", 0666);
	assert_int_equal(mkdir(folder, 0755), 0);
	assert_int_equal(symlink("/not/there", arena_format(f->arena, "%s/orgs.d/lost.conf", f->directory)),
			 0);
	assert_problems(
		f, "orgs.d/folder.conf: is no regular file\n"
		   "orgs.d/large.conf: has more than 262144 bytes\n"
		   "orgs.d/lost.conf: could not be opened: No such file or directory\n"
		   "orgs.d/open.conf: can be changed by anybody (mode 0666); chmod o-w takes that away\n");
}

static void folders_that_are_not_there(void **state)
{
	struct fixture *f = *state;

	write_file(f, "rosterd.conf",
		   "organisations = \"/not/there\"\nplugins {\ndirectory = \"/nowhere\"\n}\n", 0644);
	assert_problems(
		f, "rosterd.conf: could not read the folder of plug-ins\n"
		   "/not/there: the organisations' folder could not be read: No such file or directory\n");
}

static void no_more_problems_than_fit(void **state)
{
	struct fixture *f = *state;
	const char *text = "";

	for (int i = 0; i < PROBLEMS_MOST + 7; i++)
		text = arena_format(f->arena, "%sx%d = 1\n", text, i);
	write_settings(f, text);
	assert_true(text_ends(problems_of(f), "... and 7 more\n"));
	assert_int_equal(f->problems.count, PROBLEMS_MOST);
}

/* ---- the check ---- */

static const char *checked(struct fixture *f, int wanted)
{
	char *printed = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&printed, &size);

	assert_int_equal(config_check(arena_format(f->arena, "%s/rosterd.conf", f->directory), to), wanted);
	fclose(to);
	const char *text = without_folder(f, printed);
	free(printed);
	return text;
}

static void check_config(void **state)
{
	struct fixture *f = *state;

	write_connection(f, "url = x\nuser_base = y");
	assert_string_equal(checked(f, 0), "rosterd.conf: ok (1 organisations, 1 connections)\n");
	write_connection(f, "url = x\nuser_bas = y\nuser_base = z");
	assert_string_equal(checked(f, 1), "orgs.d/acme.conf:6: plug-in \"ldap\" has no setting "
					   "\"user_bas\"; did you mean \"user_base\"?\n");
}

/* ---- samples and mutations ---- */

static const char *read_sample(struct fixture *f, const char *name)
{
	FILE *file = fopen(arena_format(f->arena, "%s/etc/%s", getenv("SRCDIR"), name), "r");
	char *text = arena_take(f->arena, SYNTAX_FILE_MOST);

	assert_non_null(file);
	assert_true(fread(text, 1, SYNTAX_FILE_MOST - 1, file) > 0);
	fclose(file);
	return text;
}

/* A sample with the folder of its secrets moved to ours. */
static const char *with_secrets_here(struct fixture *f, const char *sample)
{
	static const char there[] = "/etc/rosterd/secrets/acme-ldap";
	const char *at = strstr(sample, there);

	assert_non_null(at);
	return arena_format(f->arena, "%.*s%s/password%s", (int)(at - sample), sample, f->directory,
			    at + strlen(there));
}

static void samples(void **state)
{
	struct fixture *f = *state;

	write_settings(f, read_sample(f, "rosterd.conf"));
	write_file(f, "orgs.d/acme.conf", with_secrets_here(f, read_sample(f, "orgs.d/acme.conf.sample")),
		   0644);
	assert_right(f);
	assert_int_equal(f->config->organisation_count, 1);
	assert_string_equal(f->config->organisations[0].slug, "acme");
	assert_int_equal(f->config->organisations[0].connections[0].is.mapping_count, 3);
}

/* The samples' commented settings, in force. */
static void uncomment(char *text)
{
	for (char *at = text; (at = strchr(at, '#')); at++)
		if (at[1] >= 'a' && at[1] <= 'z')
			*at = ' ';
}

static void mutate(char *text, size_t size, unsigned *seed)
{
	static const char bytes[] = "{}=\"'#\\$\n ,;/|\x01\xff"
				    "a0";

	for (int n = 1 + rand_r(seed) % 4; n > 0; n--) {
		size_t at = (size_t)rand_r(seed) % size;

		switch (rand_r(seed) % 3) {
		case 0:
			text[at] = bytes[(size_t)rand_r(seed) % (sizeof(bytes) - 1)];
			break;
		case 1: /* takes some out */
			memset(text + at, ' ', (size - at) / 64);
			break;
		default: /* says some twice */
			memmove(text + at, text + at / 2, (size - at) / 32);
		}
	}
}

static void mutations_never_crash(void **state)
{
	struct fixture *f = *state;
	const char *sample = with_secrets_here(f, read_sample(f, "orgs.d/acme.conf.sample"));
	char *text = test_malloc(strlen(sample) + 1);
	unsigned seed = 20261122;
	int refused = 0;

	for (int i = 0; i < MUTATIONS; i++) {
		strcpy(text, sample);
		uncomment(text);
		mutate(text, strlen(text), &seed);
		write_file(f, "orgs.d/acme.conf", text, 0644);
		refused += read_config(f) < 0;
		assert_int_equal(f->problems.count == 0, f->config != NULL);
		config_close(&f->config);
	}
	test_free(text);
	assert_true(refused > MUTATIONS / 2);
}

#define test(name) cmocka_unit_test_setup_teardown(name, prepare, clear)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(defaults),
		test(every_type),
		test(an_empty_list_is_none),
		test(connections_are_left_beside_the_workers),
		test(the_socket_can_be_kept_elsewhere),
		test(an_organisation),
		test(whose_word_counts_is_checked),
		test(no_section_is_no_word_on_rules),
		test(only_conf_files_in_order),
		test(without_plugins_settings_are_taken_as_they_are),
		test(ten_mistakes),
		test(each_wrong_setting),
		test(wrong_in_sections),
		test(wrong_organisations),
		test(wrong_plugin_settings),
		test(wrong_roles_and_attributes),
		test(files_that_cannot_be_read),
		test(folders_that_are_not_there),
		test(no_more_problems_than_fit),
		test(check_config),
		test(samples),
		test(mutations_never_crash),
	};

	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
