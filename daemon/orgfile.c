/* Organisations described by files.
 *
 * A connection's settings are free here and checked against its plug-in's own table. No secret stands in a
 * file: it is read from where the file says. */
#include "orgfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/suffix.h"
#include "base/arena.h"
#include "base/secret.h"
#include "base/text.h"
#include "plugin/catalog.h"
#include "roster/organisation.h"
#include "problem.h"
#include "syntax.h"

enum {
	SCHEDULE_LEAST_MS = 10 * 1000,
	SCHEDULE_MOST_MS = 7 * 24 * 3600 * 1000,
	SLUG_MOST = 63,
	NAME_MOST = 200,
	SEATS_WORD_MOST = 9,
};

struct organisation_reader {
	struct settings_reader r;
	const struct orgfile_options *options;
	struct catalog *catalog; /* NULL: unknown */
};

#define wrong(o, line, ...) problem_add((o)->r.problems, (o)->r.file, line, __VA_ARGS__)

/* ---- the tables ---- */

static const char *const type_words[] = { "solo", "team", "enterprise", NULL };
static const char *const plan_words[] = { "free", "pro", "enterprise", NULL };
static const char *const role_words[] = { "admin", "member", "viewer", NULL };
static const char *const state_words[] = { "active", "paused", NULL };
static const char *const field_words[] = { "user_name",	  "email",	  "given_name",
					   "family_name", "display_name", "title",
					   "department",  "locale",	  NULL };

#define AT(member) offsetof(struct orgfile, member)
static const struct setting organisation_rows[] = {
	{ "slug", SETTING_TEXT, AT(slug), .least = 1, .most = SLUG_MOST,
	  .about = "The organisation's name in addresses and commands; the name of the file without .conf if "
		   "it is not set." },
	{ "name", SETTING_TEXT, AT(name), .least = 1, .most = NAME_MOST, .required = true,
	  .about = "The organisation's name as people read it." },
	{ "type", SETTING_WORD, AT(type), "enterprise", .words = type_words,
	  .about = "solo, team or enterprise." },
	{ "plan", SETTING_WORD, AT(plan), .words = plan_words,
	  .about = "free, pro or enterprise; what its type has (free, pro, enterprise) if it was never said." },
	{ "seats", SETTING_TEXT, AT(seats), .least = 1, .most = SEATS_WORD_MOST,
	  .about = "How many may be in it: a number, none for no limit, or plan for what its plan has, which it is if it was never said." },
	{ "domains", SETTING_TEXTS, AT(domains),
	  .about = "Mail domains that belong to it; taken as proven, on the operator's word." },
	{ "default_role", SETTING_WORD, AT(default_role), "member", .words = role_words,
	  .about = "The role of whoever no group gives one: admin, member or viewer." },
	{ "grace", SETTING_SCHEDULE, AT(grace_ms), "30d", .least = ORGANISATION_GRACE_LEAST_MS, .most = ORGANISATION_GRACE_MOST_MS,
	  .about = "How long somebody whom their directory no longer has can come back with their former role and keys; "
		   "then they have left. never: without end." },
	{ "session_idle", SETTING_SCHEDULE, AT(session_idle_ms), .least = ORGANISATION_SESSION_LEAST_MS, .most = ORGANISATION_SESSION_MOST_MS,
	  .about = "How long a session counts that nobody uses, if that is shorter than sign_on.session_idle; live ones are held to it as well." },
	{ "session_length", SETTING_SCHEDULE, AT(session_most_ms), .least = ORGANISATION_SESSION_LEAST_MS, .most = ORGANISATION_SESSION_MOST_MS,
	  .about = "How long a session counts at most, if that is shorter than sign_on.session_length; live ones are held to it as well." },
	{ "adopt", SETTING_YES_NO, AT(adopt), "no",
	  .about = "Whether the file may take over an organisation, or a connection, that was made by hand; otherwise that is a mistake." },
	{ 0 },
};
#undef AT

#define AT(member) offsetof(struct orgfile_connection, member)
static const struct setting connection_rows[] = {
	{ "plugin", SETTING_TEXT, AT(is.plugin), .least = 1, .most = 40, .required = true,
	  .about = "The plug-in that talks to the directory, such as ldap." },
	{ "state", SETTING_WORD, AT(is.state), "active", .words = state_words,
	  .about = "active, or paused: keeps everything and does nothing." },
	{ "schedule", SETTING_SCHEDULE, AT(is.schedule_ms), "15m", .least = SCHEDULE_LEAST_MS,
	  .most = SCHEDULE_MOST_MS,
	  .about = "How often to read the directory; never: only when somebody asks." },
	{ "precedence", SETTING_NUMBER, AT(is.precedence), "100", .least = 0, .most = CONNECTION_PRECEDENCE_MOST,
	  .about = "Whose word counts for people who are in several directories: the lower number's, of equal ones the older." },
	{ "grace", SETTING_SCHEDULE, AT(is.grace_ms), .least = ORGANISATION_GRACE_LEAST_MS, .most = ORGANISATION_GRACE_MOST_MS,
	  .about = "The same for the people of this connection, if it is not to be the organisation's." },
	{ "private_addresses", SETTING_YES_NO, AT(is.private_addresses), "yes",
	  .about = "Whether it may reach addresses that are not public, if plugins.allow_private_addresses lets any." },
	{ "full_schedule", SETTING_DURATION, AT(is.full_schedule_ms), "24h", .least = SCHEDULE_LEAST_MS,
	  .most = CONNECTION_FULL_SCHEDULE_MS_MOST,
	  .about = "How old the last whole listing may be; until then only what changed is read, if the plug-in can tell." },
	{ "watch", SETTING_YES_NO, AT(is.watch), "no",
	  .about = "Whether to wait for the directory to say that something changed, and look at once." },
	{ 0 },
};

static const struct setting guard_rows[] = {
	{ "remove_most", SETTING_NUMBER, AT(is.guard[GUARD_PEOPLE].most), .least = 0, .most = 1000000,
	  .about = "As in rosterd.conf, which has the default." },
	{ "remove_share", SETTING_NUMBER, AT(is.guard[GUARD_PEOPLE].share), .least = 0, .most = 100,
	  .about = "As in rosterd.conf, which has the default." },
	{ "remove_admins_most", SETTING_NUMBER, AT(is.guard[GUARD_ADMINS].most), .least = 0, .most = 1000000,
	  .about = "As in rosterd.conf, which has the default." },
	{ "remove_admins_share", SETTING_NUMBER, AT(is.guard[GUARD_ADMINS].share), .least = 0, .most = 100,
	  .about = "As in rosterd.conf, which has the default." },
	{ "remove_group_most", SETTING_NUMBER, AT(is.guard[GUARD_GROUP].most), .least = 0, .most = 1000000,
	  .about = "As in rosterd.conf, which has the default." },
	{ "remove_group_share", SETTING_NUMBER, AT(is.guard[GUARD_GROUP].share), .least = 0, .most = 100,
	  .about = "As in rosterd.conf, which has the default." },
	{ 0 },
};
#undef AT

#define AT(attribute) offsetof(struct orgfile, rules) + (attribute) * sizeof(((struct orgfile *)NULL)->rules[0])
/* In the order of precedence_attributes. */
static const struct setting precedence_rows[PRECEDENCE_ATTRIBUTES + 1] = {
	{ "name", SETTING_TEXTS, AT(0), .about = "Who leads for the name." },
	{ "email", SETTING_TEXTS, AT(1), .about = "Who leads for the address of mail." },
	{ "title", SETTING_TEXTS, AT(2), .about = "Who leads for the title." },
	{ "department", SETTING_TEXTS, AT(3), .about = "Who leads for the department." },
	{ "role", SETTING_TEXTS, AT(4), .about = "Who leads for the role." },
	{ "state", SETTING_TEXTS, AT(5), .about = "Who leads for whether they are active; never manual." },
	{ 0 },
};
#undef AT

static const char *const organisation_sections[] = { "connection", "precedence", NULL };
static const char *const connection_sections[] = { "guard", "settings", "roles", "attributes", NULL };
static const struct settings_form organisation_form = { "", organisation_rows, organisation_sections };
static const struct settings_form connection_form = { "connection", connection_rows, connection_sections };
static const struct settings_form guard_form = { "guard", guard_rows, NULL };
static const struct settings_form precedence_form = { "precedence", precedence_rows, NULL };
static const struct settings_form *const forms[] = { &organisation_form, &connection_form, &guard_form,
						     &precedence_form, NULL };

const struct settings_form *const *orgfile_forms(void)
{
	return forms;
}

/* ---- names ---- */

/* Lower-case letters and digits, and the others inside: what the schema's CHECKs say. */
static bool is_plain_name(const char *text, const char *inside)
{
	static const char ends[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	size_t length = strlen(text);

	if (length == 0 || length > SLUG_MOST || !strchr(ends, text[0]) || !strchr(ends, text[length - 1]))
		return false;
	for (; *text; text++)
		if (!strchr(ends, *text) && !strchr(inside, *text))
			return false;
	return true;
}

static const char *meant(struct organisation_reader *o, const char *given, const char *const *words)
{
	const char *word = text_did_you_mean(given, words);

	return word ? arena_format(o->r.arena, "; did you mean \"%s\"?", word) : "";
}

/* The sections of a connection whose names are free; false: there are more settings than can be kept. */
static bool fits(struct organisation_reader *o, const struct syntax_section *section, size_t most)
{
	size_t count = 0;

	for (const struct syntax_setting *each = section->settings; each; each = each->next)
		count++;
	for (const struct syntax_section *each = section->sections; each; each = each->next)
		wrong(o, each->line, "there can be no section \"%s\" in \"%s\"",
		      problem_value(o->r.problems, each->name), section->name);
	if (count > most)
		wrong(o, section->line, "\"%s\" has %zu lines; at most %zu are taken", section->name, count,
		      most);
	return count <= most;
}

/* ---- roles and attributes ---- */

static bool is_role(const char *text)
{
	return text_equal(text, "admin") || text_equal(text, "member") || text_equal(text, "viewer");
}

static void read_role(struct organisation_reader *o, const struct syntax_section *section,
		      const struct syntax_setting *setting, struct connection *connection,
		      struct connection_mapping *list)
{
	const char *role = settings_one(&o->r, section, setting);
	const char *group = problem_value(o->r.problems, setting->name);

	if (!role || settings_repeated(&o->r, section, setting))
		return;
	if (text_equal(role, "owner"))
		wrong(o, setting->line,
		      "group \"%s\" gives the role \"owner\"; \"admin\", \"member\" or \"viewer\" is "
		      "expected, "
		      "an owner is named by a person",
		      group);
	else if (!is_role(role))
		wrong(o, setting->line,
		      "group \"%s\" gives the role \"%s\"; \"admin\", \"member\" or \"viewer\" is expected%s",
		      group, problem_value(o->r.problems, role), meant(o, role, role_words));
	else
		list[connection->mapping_count++] = (struct connection_mapping){ setting->name, role };
}

static void read_roles(struct organisation_reader *o, const struct syntax_section *section,
		       struct connection *connection)
{
	if (!section || !fits(o, section, CONNECTION_MAPPINGS_MOST))
		return;

	struct connection_mapping *list = arena_array(o->r.arena, CONNECTION_MAPPINGS_MOST, sizeof(*list));
	for (const struct syntax_setting *each = section->settings; each; each = each->next)
		read_role(o, section, each, connection, list);
	connection->mappings = list;
}

static bool is_field(const char *name)
{
	for (const char *const *word = field_words; *word; word++)
		if (text_equal(*word, name))
			return true;
	return false;
}

static void read_attribute(struct organisation_reader *o, const struct syntax_section *section,
			   const struct syntax_setting *setting, struct connection *connection,
			   struct connection_pair *list)
{
	const char *attribute = settings_one(&o->r, section, setting);

	if (!attribute || settings_repeated(&o->r, section, setting))
		return;
	if (!is_field(setting->name))
		wrong(o, setting->line, "there is no field \"%s\"%s",
		      problem_value(o->r.problems, setting->name), meant(o, setting->name, field_words));
	else if (!*attribute)
		wrong(o, setting->line,
		      "\"attributes.%s\" is \"\"; the name of the directory's attribute is expected",
		      setting->name);
	else
		list[connection->attribute_count++] = (struct connection_pair){ setting->name, attribute };
}

static void read_attributes(struct organisation_reader *o, const struct syntax_section *section,
			    struct connection *connection)
{
	if (!section || !fits(o, section, CONNECTION_ATTRIBUTES_MOST))
		return;

	struct connection_pair *list = arena_array(o->r.arena, CONNECTION_ATTRIBUTES_MOST, sizeof(*list));
	for (const struct syntax_setting *each = section->settings; each; each = each->next)
		read_attribute(o, section, each, connection, list);
	connection->attributes = list;
}

/* ---- settings of the plug-in ---- */

/* What the settings become. */
struct settings_lists {
	struct connection_pair *pairs;
	const char **secret_names;
	const struct secret **secrets;
};

static void close_file(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* A file of certificates: public, so anybody may read it. NULL and a problem. */
static const char *read_pem(struct organisation_reader *o, const char *name, const struct syntax_value *value)
{
	const char *path = value->text + strlen("file:");
	__attribute__((cleanup(close_file))) int fd =
		open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat about;

	if (fd < 0 || fstat(fd, &about) < 0) {
		wrong(o, value->line, "\"%s\": file \"%s\" could not be opened: %s", name, path,
		      strerror(errno));
		return NULL;
	}
	if (!S_ISREG(about.st_mode) || about.st_size > ORGFILE_PEM_MOST) {
		wrong(o, value->line, "\"%s\": file \"%s\" is no regular file of at most %d bytes", name,
		      path, ORGFILE_PEM_MOST);
		return NULL;
	}

	char *text = arena_take(o->r.arena, (size_t)about.st_size + 1);
	ssize_t size = read(fd, text, (size_t)about.st_size);
	if (size < 0 || !text_is_utf8(text, (size_t)size)) {
		wrong(o, value->line, "\"%s\": file \"%s\" is no text that can be read", name, path);
		return NULL;
	}
	return text;
}

/* Several values become lines of one: how a plug-in is given a list. */
static const char *join(struct organisation_reader *o, const struct syntax_setting *setting)
{
	struct buffer all;

	buffer_open(&all, SYNTAX_FILE_MOST);
	for (size_t i = 0; i < setting->count; i++)
		buffer_format(&all, "%s%s", i ? "\n" : "", setting->values[i].text);
	const char *text = arena_text_n(o->r.arena, setting->count ? all.bytes : "", all.length);
	buffer_close(&all);
	return text;
}

static const struct catalog_setting *find_row(const struct catalog_plugin *plugin, const char *name)
{
	for (size_t i = 0; i < plugin->setting_count; i++)
		if (text_equal(plugin->settings[i].name, name))
			return &plugin->settings[i];
	return NULL;
}

static void unknown_setting(struct organisation_reader *o, const struct catalog_plugin *plugin,
			    const struct syntax_setting *setting)
{
	const char **names = arena_array(o->r.arena, plugin->setting_count + 1, sizeof(*names));
	const char *elsewhere = settings_where(&o->r, setting->name);

	for (size_t i = 0; i < plugin->setting_count; i++)
		names[i] = plugin->settings[i].name;
	wrong(o, setting->line, "plug-in \"%s\" has no setting \"%s\"%s", plugin->name,
	      problem_value(o->r.problems, setting->name),
	      elsewhere ? elsewhere : meant(o, setting->name, names));
}

/* The text of a setting that is no secret: NULL and a problem. */
static const char *plain_value(struct organisation_reader *o, const struct syntax_section *section,
			       const struct syntax_setting *setting, const struct catalog_setting *row)
{
	const char *text;
	struct error e;

	if (!row || row->type == CATALOG_LIST)
		text = join(o, setting);
	else if ((text = settings_one(&o->r, section, setting)) && row->type == CATALOG_PEM &&
		 text_begins(text, "file:"))
		text = read_pem(o, row->name, &setting->values[0]);
	if (text && row && catalog_check_value(row, text, &e) < 0) {
		wrong(o, setting->line, "%s", e.text);
		return NULL;
	}
	return text;
}

static void read_secret(struct organisation_reader *o, const struct syntax_section *section,
			const struct syntax_setting *setting, struct connection *connection,
			struct settings_lists *lists)
{
	const struct secret *secret = NULL;

	if (settings_one(&o->r, section, setting))
		secret = settings_secret(&o->r, setting->name, &setting->values[0]);
	if (!secret)
		return;
	lists->secret_names[connection->secret_count] = setting->name;
	lists->secrets[connection->secret_count++] = secret;
}

static void read_plugin_setting(struct organisation_reader *o, const struct syntax_section *section,
				const struct syntax_setting *setting, const struct catalog_plugin *plugin,
				struct connection *connection, struct settings_lists *lists)
{
	const struct catalog_setting *row = plugin ? find_row(plugin, setting->name) : NULL;
	const char *text;

	if (settings_repeated(&o->r, section, setting))
		return;
	if (plugin && !row) {
		unknown_setting(o, plugin, setting);
	} else if (row && row->type == CATALOG_SECRET) {
		read_secret(o, section, setting, connection, lists);
	} else {
		text = plain_value(o, section, setting, row);
		if (text)
			lists->pairs[connection->setting_count++] =
				(struct connection_pair){ setting->name, text };
	}
}

static void check_missing(struct organisation_reader *o, const struct syntax_section *settings, int line,
			  const struct catalog_plugin *plugin)
{
	for (size_t i = 0; i < plugin->setting_count; i++) {
		const struct syntax_setting *given = settings ? settings->settings : NULL;
		struct error e;

		while (given && !text_equal(given->name, plugin->settings[i].name))
			given = given->next;
		if (!given && catalog_check_value(&plugin->settings[i], NULL, &e) < 0)
			wrong(o, settings ? settings->line : line, "%s", e.text);
	}
}

static void read_plugin_settings(struct organisation_reader *o, const struct syntax_section *section,
				 const struct syntax_section *settings, const struct catalog_plugin *plugin,
				 struct orgfile_connection *connection)
{
	struct settings_lists lists = {
		.pairs = arena_array(o->r.arena, CONNECTION_SETTINGS_MOST, sizeof(*lists.pairs)),
		.secret_names =
			arena_array(o->r.arena, CONNECTION_SETTINGS_MOST, sizeof(*lists.secret_names)),
		.secrets = arena_array(o->r.arena, CONNECTION_SETTINGS_MOST, sizeof(*lists.secrets)),
	};

	if (settings && fits(o, settings, CONNECTION_SETTINGS_MOST))
		for (const struct syntax_setting *each = settings->settings; each; each = each->next)
			read_plugin_setting(o, settings, each, plugin, &connection->is, &lists);
	if (plugin)
		check_missing(o, settings, section->line, plugin);
	connection->is.settings = lists.pairs;
	connection->is.secrets = lists.secret_names;
	connection->secrets = lists.secrets;
}

static const struct catalog_plugin *find_plugin(struct organisation_reader *o,
						const struct syntax_section *section, const char *name)
{
	const struct catalog_plugin *plugin = NULL;
	int line = settings_line(section, "plugin");
	struct error e;

	if (!name || !o->catalog)
		return NULL;
	switch (catalog_find(o->catalog, name, &plugin, &e)) {
	case 0:
		wrong(o, line, "there is no plug-in \"%s\"%s", problem_value(o->r.problems, name),
		      meant(o, name, catalog_names(o->catalog)));
		break;
	case -1:
		wrong(o, line, "%s", e.text);
		break;
	default:
		if (!catalog_connects(plugin))
			wrong(o, line, "plug-in \"%s\" reads no directory, so no connection can be made with it", plugin->name);
	}
	return plugin;
}

/* ---- connections ---- */

static void check_connection_name(struct organisation_reader *o, const struct syntax_section *section)
{
	if (!*section->title)
		wrong(o, section->line, "a connection has a name: \"connection corporate {\" is expected");
	else if (!is_plain_name(section->title, "._-"))
		wrong(o, section->line,
		      "connection \"%s\": a name of at most %d small letters, digits, \".\", \"_\" and \"-\" "
		      "is "
		      "expected, with a letter or digit at both ends",
		      problem_value(o->r.problems, section->title), SLUG_MOST);
	else if (text_equal(section->title, PRECEDENCE_MANUAL))
		wrong(o, section->line,
		      "no connection can be called \"manual\": that is what a person set, where the order of sources is told");
	for (const struct syntax_section *first = section->parent->sections; first != section;
	     first = first->next) {
		if (!text_equal(first->name, "connection") || !text_equal(first->title, section->title) ||
		    !*first->title)
			continue;
		wrong(o, section->line, "connection \"%s\" is there a second time; the first is in line %d",
		      section->title, first->line);
		return;
	}
}

static void read_connection(struct organisation_reader *o, const struct syntax_section *section,
			    struct orgfile_connection *ret)
{
	*ret = (struct orgfile_connection){ .is = { .name = section->title }, .line = section->line };
	memcpy(ret->is.guard, o->options->guard, sizeof(ret->is.guard));
	check_connection_name(o, section);
	settings_defaults(&o->r, &connection_form, ret);
	ret->is.grace_ms = -1;
	settings_read(&o->r, &connection_form, section, ret);

	const struct syntax_section *guard = settings_section(&o->r, section, "guard");
	if (guard)
		settings_read(&o->r, &guard_form, guard, ret);
	const struct syntax_section *roles = settings_section(&o->r, section, "roles");
	ret->roles_line = roles ? roles->line : 0;
	read_roles(o, roles, &ret->is);
	read_attributes(o, settings_section(&o->r, section, "attributes"), &ret->is);
	read_plugin_settings(o, section, settings_section(&o->r, section, "settings"),
			     find_plugin(o, section, ret->is.plugin), ret);
}

static void read_connections(struct organisation_reader *o, const struct syntax_section *file,
			     struct orgfile *organisation)
{
	size_t count = 0;

	for (const struct syntax_section *each = file->sections; each; each = each->next)
		count += text_equal(each->name, "connection");
	if (count > ORGFILE_CONNECTIONS_MOST) {
		wrong(o, file->line, "there are %zu connections; at most %d are taken", count,
		      ORGFILE_CONNECTIONS_MOST);
		return;
	}

	struct orgfile_connection *list = arena_array(o->r.arena, count, sizeof(*list));
	for (const struct syntax_section *each = file->sections; each; each = each->next)
		if (text_equal(each->name, "connection"))
			read_connection(o, each, &list[organisation->connection_count++]);
	organisation->connections = list;
}

/* ---- one file ---- */

/* A thing that only one organisation can have, and where it was claimed. */
struct claim {
	const char *what, *of; /* "domain", "acme.example" */
	const char *file;
	int line;
	size_t order;
};

struct claims {
	struct claim *list;
	size_t count;
};

static void claim(struct claims *claims, const char *what, const char *of, const char *file, int line)
{
	claims->list[claims->count] = (struct claim){ what, of, file, line, claims->count };
	claims->count++;
}

static const char *file_slug(struct arena *arena, const char *path)
{
	const char *name = strrchr(path, '/') + 1;

	return arena_text_n(arena, name, strlen(name) - strlen(".conf"));
}

static void check_slug(struct organisation_reader *o, const struct syntax_section *file,
		       struct orgfile *organisation, struct claims *claims)
{
	if (!organisation->slug)
		organisation->slug = file_slug(o->r.arena, o->r.file);
	if (is_plain_name(organisation->slug, "-"))
		claim(claims, "slug", organisation->slug, o->r.file, settings_line(file, "slug"));
	else
		wrong(o, settings_line(file, "slug"),
		      "\"slug\" is \"%s\"; at most %d small letters, digits and \"-\" are expected, "
		      "with a letter or digit at both ends",
		      problem_value(o->r.problems, organisation->slug), SLUG_MOST);
}

static const struct syntax_setting *find_setting(const struct syntax_section *section, const char *name)
{
	const struct syntax_setting *setting = section->settings;

	while (setting && !text_equal(setting->name, name))
		setting = setting->next;
	return setting;
}

static void check_domains(struct organisation_reader *o, const struct syntax_section *file,
			  struct orgfile *organisation, struct claims *claims)
{
	const struct syntax_setting *setting = find_setting(file, "domains");
	size_t count = 0;

	if (!setting)
		return;
	if (setting->count > ORGFILE_DOMAINS_MOST) {
		wrong(o, setting->line, "\"domains\" has %zu values; at most %d are taken", setting->count,
		      ORGFILE_DOMAINS_MOST);
		return;
	}

	const char **domains = arena_array(o->r.arena, setting->count + 1, sizeof(*domains));
	int *lines = arena_array(o->r.arena, setting->count, sizeof(*lines));
	for (size_t i = 0; i < setting->count; i++) {
		const struct syntax_value *value = &setting->values[i];
		struct error e;

		if (text_domain(o->r.arena, value->text, &domains[count], &e) < 0 || suffix_check(domains[count], &e) < 0) {
			wrong(o, value->line, "\"domains\": %s", e.text);
			continue;
		}
		claim(claims, "domain", domains[count], o->r.file, value->line);
		lines[count++] = value->line;
	}
	organisation->domains = domains;
	organisation->domain_lines = lines;
}

/* ---- whose word counts ---- */

/* Names of this file's connections, ended by NULL, for who meant one of them. */
static const char *const *connection_names(struct organisation_reader *o, const struct orgfile *organisation)
{
	const char **names = arena_array(o->r.arena, organisation->connection_count + 2, sizeof(*names));

	for (size_t i = 0; i < organisation->connection_count; i++)
		names[i] = organisation->connections[i].is.name;
	names[organisation->connection_count] = PRECEDENCE_MANUAL;
	return names;
}

static bool is_named(const char *const *names, const char *name)
{
	while (*names && !text_equal(*names, name))
		names++;
	return *names;
}

static bool stands_before(const struct syntax_setting *setting, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (text_equal(setting->values[i].text, setting->values[index].text))
			return true;
	return false;
}

static void check_source(struct organisation_reader *o, const struct syntax_setting *setting, size_t index,
			 const char *const *names)
{
	const struct syntax_value *value = &setting->values[index];
	const char *name = problem_value(o->r.problems, value->text);

	if (!is_named(names, value->text))
		wrong(o, value->line,
		      "\"precedence.%s\": there is no connection \"%s\" in this file; one of them, or \"manual\" for what a person "
		      "set, is expected%s",
		      setting->name, name, meant(o, value->text, names));
	else if (text_equal(setting->name, "state") && text_equal(value->text, PRECEDENCE_MANUAL))
		wrong(o, value->line,
		      "\"precedence.state\": \"manual\" has no place here; whom a person suspended stays so, whatever directories "
		      "say");
	else if (stands_before(setting, index))
		wrong(o, value->line, "\"precedence.%s\": \"%s\" stands there twice", setting->name, name);
}

static void read_precedence(struct organisation_reader *o, const struct syntax_section *file, struct orgfile *organisation)
{
	const struct syntax_section *section = settings_section(&o->r, file, "precedence");
	const char *const *names = connection_names(o, organisation);

	settings_defaults(&o->r, &precedence_form, organisation);
	if (!section)
		return;
	organisation->rules_line = section->line;
	settings_read(&o->r, &precedence_form, section, organisation);
	for (const struct setting *row = precedence_rows; row->name; row++) {
		const struct syntax_setting *setting = find_setting(section, row->name);

		for (size_t i = 0; setting && i < setting->count; i++)
			check_source(o, setting, i, names);
	}
}

static void read_organisation(struct organisation_reader *o, const struct syntax_section *file,
			      struct orgfile *organisation, struct claims *claims)
{
	organisation->file = o->r.file;
	organisation->line = settings_line(file, "name");
	settings_defaults(&o->r, &organisation_form, organisation);
	settings_read(&o->r, &organisation_form, file, organisation);
	check_slug(o, file, organisation, claims);
	check_domains(o, file, organisation, claims);
	read_connections(o, file, organisation);
	read_precedence(o, file, organisation);
}

/* ---- all files ---- */

/* Names that begin with "." or do not end with ".conf" are editors' and packages' own. */
static int is_organisation_file(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && text_ends(entry->d_name, ".conf") &&
	       strlen(entry->d_name) > strlen(".conf");
}

static int by_claim(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;
	int order = strcmp(x->what, y->what);

	if (!order)
		order = strcmp(x->of, y->of);
	return order ? order : (x->order > y->order) - (x->order < y->order);
}

/* What two organisations, or one twice, lay claim to. */
static void check_claims(struct claims *claims, struct problems *problems)
{
	qsort(claims->list, claims->count, sizeof(*claims->list), by_claim);
	for (size_t i = 1, first = 0; i < claims->count; i++) {
		const struct claim *one = &claims->list[first], *other = &claims->list[i];

		if (!text_equal(one->what, other->what) || !text_equal(one->of, other->of))
			first = i;
		else
			problem_add(problems, other->file, other->line, "%s \"%s\" is already taken in %s:%d",
				    other->what, other->of, one->file, one->line);
	}
}

static size_t read_files(struct organisation_reader *o, struct dirent **entries, size_t count,
			 struct orgfile *list)
{
	struct claims claims = {
		.list = arena_array(o->r.arena, count * (ORGFILE_DOMAINS_MOST + 1), sizeof(*claims.list)),
	};
	size_t done = 0;

	for (size_t i = 0; i < count; i++) {
		const struct syntax_section *file;

		o->r.file = arena_format(o->r.arena, "%s/%s", o->options->directory, entries[i]->d_name);
		if (syntax_read(o->r.arena, o->r.file, &file, o->r.problems) == 0)
			read_organisation(o, file, &list[done++], &claims);
	}
	check_claims(&claims, o->r.problems);
	return done;
}

static void free_entries(struct dirent **entries, int count)
{
	for (int i = 0; i < count; i++)
		free(entries[i]);
	free(entries);
}

/* Not alphasort: the order shall not depend on the locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

void orgfile_read_all(struct arena *arena, const struct orgfile_options *options, struct catalog *catalog,
		      struct settings_secrets *secrets, const struct orgfile **ret, size_t *ret_count,
		      struct problems *problems)
{
	struct organisation_reader o = { { arena, options->directory, problems, secrets, forms },
					 options,
					 catalog };
	struct orgfile *list = arena_array(arena, ORGFILES_MOST, sizeof(*list));
	size_t before = problems->count, done = 0;
	struct dirent **entries = NULL;
	int count = scandir(options->directory, &entries, is_organisation_file, by_name);

	/* Where rosterd looks by itself there need not be anything. */
	bool missing =
		count < 0 && errno == ENOENT && text_equal(options->directory, CONFIG_DIRECTORY "/orgs.d");

	if (count > ORGFILES_MOST)
		wrong(&o, 0, "there are %d organisations; at most %d are taken", count, ORGFILES_MOST);
	else if (count >= 0)
		done = read_files(&o, entries, (size_t)count, list);
	else if (!missing)
		wrong(&o, 0, "the organisations' folder could not be read: %s", strerror(errno));
	free_entries(entries, count);
	problems_sort(problems, before);
	*ret = list;
	*ret_count = done;
}
