/* Which plug-ins there are, what each can do and which settings it takes: asked of a child, kept by the file's identity. */
#include "plugin/catalog.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/metric.h"
#include "base/text.h"

#include "plugin/channel.h"

#include "connector.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_LENGTH_MOST = 48, RENEW_MS_LEAST = 60000 };

_Static_assert((int)CATALOG_TEXT == ROSTER_TEXT && (int)CATALOG_LIST == ROSTER_LIST, "types of settings");
_Static_assert((int)CATALOG_DIRECTORY == WIRE_DIRECTORY && (int)CATALOG_DELIVERY == WIRE_DELIVERY, "abilities");

/* A plug-in as it was described once. A file that has changed gets a new entry; the old one may still be in use. */
struct entry {
	struct entry *next;
	struct arena *arena;
	dev_t device;
	ino_t inode;
	struct timespec changed;
	struct catalog_plugin plugin;
};

struct catalog {
	struct catalog_options options; /* its numbers are guarded by children_lock */
	struct arena *arena; /* options and names */
	const char *const *names;
	pthread_mutex_t entries_lock; /* held while a child describes, so that nobody describes twice */
	struct entry *entries;
	pthread_mutex_t children_lock;
	pthread_cond_t child_ended;
	int children;
};

/* ---- names and files ---- */

static bool is_name(const char *name, size_t length)
{
	if (length == 0 || length > NAME_LENGTH_MOST)
		return false;
	for (size_t i = 0; i < length; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789_-", name[i]))
			return false;
	return true;
}

static int is_plugin_file(const struct dirent *file)
{
	return text_ends(file->d_name, ".so") && strcmp(file->d_name, CATALOG_PUSHED_NAME ".so") != 0 &&
	       is_name(file->d_name, strlen(file->d_name) - strlen(".so"));
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int list_names(struct catalog *catalog, struct error *e)
{
	struct dirent **files;
	int count = scandir(catalog->options.plugin_directory, &files, is_plugin_file, alphasort);
	const char **names;

	if (count < 0)
		return error_set(e, ERROR_INPUT, "plugin.directory", "could not read the folder of plug-ins \"%s\": %s",
		                 catalog->options.plugin_directory, strerror(errno));
	names = arena_array(catalog->arena, (size_t)count + 2, sizeof(*names));
	for (int i = 0; i < count; i++) {
		names[i] = arena_text_n(catalog->arena, files[i]->d_name, strlen(files[i]->d_name) - strlen(".so"));
		free(files[i]);
	}
	free(files);
	names[count] = catalog_pushed.name;
	qsort(names, (size_t)count + 1, sizeof(*names), compare_names);
	catalog->names = names;
	return 0;
}

/* 1: open. 0: there is none. */
static int open_file(struct catalog *catalog, const char *name, int *ret, struct stat *ret_is, struct error *e)
{
	char path[4096];
	int fd;

	if (!is_name(name, strlen(name)))
		return 0;
	snprintf(path, sizeof(path), "%s/%s.so", catalog->options.plugin_directory, name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return error_set(e, ERROR_INTERNAL, "plugin.unusable", "could not open plug-in \"%s\": %s", path, strerror(errno));
	if (fstat(fd, ret_is) < 0 || !S_ISREG(ret_is->st_mode) || (ret_is->st_mode & S_IWOTH)) {
		close(fd);
		return error_set(e, ERROR_INPUT, "plugin.unusable",
		                 "plug-in \"%s\" is not used: it must be a file that not everybody can change", path);
	}
	*ret = fd;
	return 1;
}

/* ---- opening ---- */

static void open_locks(struct catalog *catalog)
{
	pthread_condattr_t monotonic;

	pthread_mutex_init(&catalog->entries_lock, NULL);
	pthread_mutex_init(&catalog->children_lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&catalog->child_ended, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

int catalog_open(const struct catalog_options *options, struct catalog **ret, struct error *e)
{
	scoped(catalog) *catalog = calloc(1, sizeof(*catalog));

	if (!catalog)
		abort();
	open_locks(catalog);
	catalog->arena = arena_open("catalog");
	catalog->options = *options;
	catalog->options.plugin_directory = arena_text(catalog->arena, options->plugin_directory);
	catalog->options.child_path = arena_text(catalog->arena, options->child_path);
	if (list_names(catalog, e) < 0)
		return -1;
	metric_set(METRIC_CHILDREN_MOST, NO_LABELS, options->children_most);
	*ret = catalog;
	catalog = NULL;
	return 0;
}

void catalog_close(struct catalog **catalog)
{
	struct catalog *c = *catalog;

	if (!c)
		return;
	while (c->entries) {
		struct arena *arena = c->entries->arena; /* the entry stands in it */

		c->entries = c->entries->next;
		arena_close(&arena);
	}
	arena_close(&c->arena);
	pthread_mutex_destroy(&c->entries_lock);
	pthread_mutex_destroy(&c->children_lock);
	pthread_cond_destroy(&c->child_ended);
	free(c);
	*catalog = NULL;
}

void catalog_change(struct catalog *catalog, int children_most, uint64_t child_memory_most)
{
	pthread_mutex_lock(&catalog->children_lock);
	catalog->options.children_most = children_most;
	catalog->options.child_memory_most = child_memory_most;
	pthread_cond_broadcast(&catalog->child_ended);
	pthread_mutex_unlock(&catalog->children_lock);
}

const char *const *catalog_names(struct catalog *catalog)
{
	return catalog->names;
}

/* ---- children ---- */

/* Lets one more child in, and says how much memory it may have. */
static int enter(struct catalog *catalog, const char *name, int64_t deadline_ms, uint64_t *ret_memory, struct error *e)
{
	const struct timespec until = { deadline_ms / 1000, deadline_ms % 1000 * 1000000 };
	uint64_t memory;
	int most;
	bool in;

	pthread_mutex_lock(&catalog->children_lock);
	while (catalog->children >= catalog->options.children_most &&
	       pthread_cond_timedwait(&catalog->child_ended, &catalog->children_lock, &until) != ETIMEDOUT)
		;
	most = catalog->options.children_most;
	memory = catalog->options.child_memory_most;
	in = catalog->children < most;
	catalog->children += in;
	pthread_mutex_unlock(&catalog->children_lock);
	if (in) {
		*ret_memory = memory;
		return 0;
	}
	return error_set(e, ERROR_RETRY, "plugin.busy", "no child was free for plug-in \"%s\": %d run already (the most that "
	                 "is allowed)", name, most);
}

static void leave(struct catalog *catalog)
{
	pthread_mutex_lock(&catalog->children_lock);
	catalog->children--;
	pthread_cond_signal(&catalog->child_ended);
	pthread_mutex_unlock(&catalog->children_lock);
}

static int start_file(struct catalog *catalog, const char *name, int fd, const struct log *log, int64_t deadline_ms,
                      struct channel *ret, struct error *e)
{
	struct host_options options = {
		.child_path = catalog->options.child_path,
		.plugin = name,
		.plugin_fd = fd,
		.log = log,
	};

	if (enter(catalog, name, deadline_ms, &options.memory_most, e) < 0)
		return -1;
	if (channel_open(ret, &options, e) == 0)
		return 0;
	leave(catalog);
	return -1;
}

int catalog_start(struct catalog *catalog, const char *name, const struct log *log, int64_t deadline_ms,
                  struct channel *ret, struct error *e)
{
	struct stat is;
	int fd, found = open_file(catalog, name, &fd, &is, e), result;
	const char *meant = found == 0 ? text_did_you_mean(name, catalog->names) : NULL;

	if (found < 0)
		return -1;
	if (found == 0)
		return error_set(e, ERROR_NOT_FOUND, "plugin.unknown", "there is no plug-in \"%.64s\"%s%s%s", name,
		                 meant ? "; did you mean \"" : "", meant ? meant : "", meant ? "\"?" : "");
	result = start_file(catalog, name, fd, log, deadline_ms, ret, e);
	close(fd);
	return result;
}

void catalog_end(struct catalog *catalog, struct channel *channel)
{
	if (!channel->host)
		return;
	channel_close(channel);
	leave(catalog);
}

/* ---- what a child says of its plug-in ---- */

static const char *const *copy_words(struct arena *arena, const struct wire_frame *frame)
{
	const char **words, *at = frame->fields;
	struct wire_value value;
	enum wire_field field;
	size_t count = 0;

	if (!wire_has(frame, WIRE_WORD))
		return NULL;
	words = arena_array(arena, WIRE_WORDS_MOST + 1, sizeof(*words));
	while (wire_next(frame, &at, &field, &value) > 0)
		if (field == WIRE_WORD)
			words[count++] = arena_text(arena, value.bytes);
	return words;
}

/* Whether a setting can be what it says: a plug-in may be wrong about itself. */
static int check_setting(const struct catalog_setting *setting, struct error *e)
{
	struct error why;

	if (!is_name(setting->name, strlen(setting->name)))
		return error_set(e, ERROR_INPUT, "plugin.unusable", "its setting \"%.48s\" has no good name", setting->name);
	if (setting->type < CATALOG_TEXT || setting->type > CATALOG_LIST)
		return error_set(e, ERROR_INPUT, "plugin.unusable", "its setting \"%s\" has no type that we know", setting->name);
	if (setting->type == CATALOG_WORD && !setting->words)
		return error_set(e, ERROR_INPUT, "plugin.unusable", "its setting \"%s\" has no words to choose from",
		                 setting->name);
	if (setting->place && setting->type == CATALOG_SECRET)
		return error_set(e, ERROR_INPUT, "plugin.unusable", "its setting \"%s\" says which directory is read, and is a secret",
		                 setting->name);
	if (setting->fallback && catalog_check_value(setting, setting->fallback, &why) < 0)
		return error_set(e, ERROR_INPUT, "plugin.unusable", "the default of its %s", why.text);
	return 0;
}

static int take_setting(const struct wire_frame *frame, struct arena *arena, struct catalog_setting *ret,
                        struct error *e)
{
	*ret = (struct catalog_setting){
		.name = arena_text(arena, wire_text(frame, WIRE_NAME)),
		.words_for_people = arena_text(arena, wire_text(frame, WIRE_WORDS)),
		.fallback = arena_text(arena, wire_text(frame, WIRE_FALLBACK)),
		.type = (enum catalog_setting_type)wire_number(frame, WIRE_TYPE),
		.required = wire_number(frame, WIRE_REQUIRED) != 0,
		.place = wire_has(frame, WIRE_PLACE) && wire_number(frame, WIRE_PLACE) != 0,
		.words = copy_words(arena, frame),
	};
	return check_setting(ret, e);
}

/* Nobody is asked for messages more often than this. */
static int64_t renewal(int64_t after_ms)
{
	return after_ms > 0 && after_ms < RENEW_MS_LEAST ? RENEW_MS_LEAST : after_ms < 0 ? 0 : after_ms;
}

static void take_plugin(const struct wire_frame *frame, struct arena *arena, const char *name,
                        struct catalog_plugin *ret)
{
	*ret = (struct catalog_plugin){
		.name = arena_text(arena, name), /* the file's: what configurations say */
		.title = arena_text(arena, wire_text(frame, WIRE_TITLE)),
		.abi_major = (uint32_t)wire_number(frame, WIRE_ABI_MAJOR),
		.abi_minor = (uint32_t)wire_number(frame, WIRE_ABI_MINOR),
		.abilities = (uint32_t)wire_number(frame, WIRE_ABILITIES),
		.scopes = (uint32_t)wire_number(frame, WIRE_SCOPES),
		.network = (uint32_t)wire_number(frame, WIRE_NETWORK),
		.subscribes = wire_has(frame, WIRE_AFTER_MS),
		.renew_after_ms = renewal(wire_number(frame, WIRE_AFTER_MS)),
	};
}

static int unusable(struct channel *channel, const char *why, struct error *e)
{
	return error_set(e, ERROR_INPUT, "plugin.unusable", "plug-in \"%s\" cannot be used: %s", channel->plugin, why);
}

int catalog_describe(struct channel *channel, struct arena *arena, struct catalog_plugin *ret, struct error *e)
{
	struct catalog_setting *settings = arena_array(arena, WIRE_SETTINGS_MOST, sizeof(*settings));
	struct catalog_plugin plugin = { 0 };
	struct wire_frame frame;
	struct error why;
	size_t count = 0;

	for (;;) {
		if (channel_next(channel, &frame, e) < 0)
			return -1;
		if (frame.kind == WIRE_FAILED)
			return error_set(e, ERROR_INPUT, "plugin.unusable", "%s", wire_text(&frame, WIRE_LINE));
		if (frame.kind == WIRE_READY && plugin.name)
			break;
		if (frame.kind == WIRE_PLUGIN && !plugin.name)
			take_plugin(&frame, arena, channel->plugin, &plugin);
		else if (frame.kind != WIRE_SETTING || count == WIRE_SETTINGS_MOST)
			return channel_broken(channel, e, "it does not describe itself as it should");
		else if (take_setting(&frame, arena, &settings[count++], &why) < 0)
			return unusable(channel, why.text, e);
	}
	plugin.settings = settings;
	plugin.setting_count = count;
	*ret = plugin;
	return 0;
}

/* ---- finding ---- */

static const struct catalog_plugin *find_entry(const struct catalog *catalog, const char *name, const struct stat *is)
{
	for (const struct entry *entry = catalog->entries; entry; entry = entry->next)
		if (text_equal(entry->plugin.name, name) && entry->device == is->st_dev && entry->inode == is->st_ino &&
		    memcmp(&entry->changed, &is->st_ctim, sizeof(entry->changed)) == 0)
			return &entry->plugin;
	return NULL;
}

static void keep_entry(struct catalog *catalog, struct arena *arena, const struct stat *is,
                       const struct catalog_plugin *plugin)
{
	struct entry *entry = arena_take(arena, sizeof(*entry));

	*entry = (struct entry){ .next = catalog->entries, .arena = arena, .device = is->st_dev, .inode = is->st_ino,
		                 .changed = is->st_ctim, .plugin = *plugin };
	catalog->entries = entry;
}

static int ask_child(struct catalog *catalog, const char *name, int fd, struct arena *arena,
                     struct catalog_plugin *ret, struct error *e)
{
	int deadline_ms = catalog->options.describe_deadline_ms, result;
	struct channel channel;

	if (start_file(catalog, name, fd, NULL, clock_monotonic_ms() + deadline_ms, &channel, e) < 0)
		return -1;
	channel_allow(&channel, deadline_ms);
	result = catalog_describe(&channel, arena, ret, e);
	catalog_end(catalog, &channel);
	return result;
}

static int describe_file(struct catalog *catalog, const char *name, int fd, const struct stat *is, struct error *e)
{
	scoped(arena) *arena = arena_open("plugin");
	struct catalog_plugin plugin;

	if (ask_child(catalog, name, fd, arena, &plugin, e) < 0)
		return -1;
	keep_entry(catalog, arena, is, &plugin);
	arena = NULL;
	return 0;
}

int catalog_find(struct catalog *catalog, const char *name, const struct catalog_plugin **ret, struct error *e)
{
	const struct catalog_plugin *plugin;
	struct stat is;
	int fd, result;

	if (text_equal(name, CATALOG_PUSHED_NAME)) {
		*ret = &catalog_pushed;
		return 1;
	}
	result = open_file(catalog, name, &fd, &is, e);
	if (result <= 0)
		return result;
	pthread_mutex_lock(&catalog->entries_lock);
	plugin = find_entry(catalog, name, &is);
	if (!plugin && describe_file(catalog, name, fd, &is, e) == 0)
		plugin = find_entry(catalog, name, &is);
	pthread_mutex_unlock(&catalog->entries_lock);
	close(fd);
	if (!plugin)
		return -1;
	*ret = plugin;
	return 1;
}

/* ---- values ---- */

static int expected(const struct catalog_setting *setting, const char *what, struct error *e)
{
	return error_set(e, ERROR_INPUT, "setting.value", "setting \"%s\": %s", setting->name, what);
}

static int check_number(const struct catalog_setting *setting, const char *value, struct error *e)
{
	int64_t number, least = INT64_MIN, most = INT64_MAX;
	bool ranged = setting->words && setting->words[0] && setting->words[1];

	if (ranged && (text_to_int64(setting->words[0], &least) < 0 || text_to_int64(setting->words[1], &most) < 0))
		return expected(setting, "the plug-in gives no good range", e);
	if (text_to_int64(value, &number) == 0 && number >= least && number <= most)
		return 0;
	if (!ranged)
		return error_set(e, ERROR_INPUT, "setting.value", "setting \"%s\" is \"%.64s\"; a whole number is expected",
		                 setting->name, value);
	return error_set(e, ERROR_INPUT, "setting.value",
	                 "setting \"%s\" is \"%.64s\"; a whole number from %s to %s is expected", setting->name, value,
	                 setting->words[0], setting->words[1]);
}

static int check_yes_no(const struct catalog_setting *setting, const char *value, struct error *e)
{
	if (text_equal(value, "yes") || text_equal(value, "no"))
		return 0;
	return error_set(e, ERROR_INPUT, "setting.value", "setting \"%s\" is \"%.64s\"; \"yes\" or \"no\" is expected",
	                 setting->name, value);
}

static int check_word(const struct catalog_setting *setting, const char *value, struct error *e)
{
	char words[256] = "";
	const char *meant;

	for (const char *const *word = setting->words; word && *word; word++) {
		size_t length = strlen(words);

		if (text_equal(value, *word))
			return 0;
		snprintf(words + length, sizeof(words) - length, "%s\"%s\"", length > 0 ? ", " : "", *word);
	}
	meant = text_did_you_mean(value, setting->words);
	return error_set(e, ERROR_INPUT, "setting.value", "setting \"%s\" is \"%.64s\"; one of %s is expected%s%s%s",
	                 setting->name, value, words, meant ? "; did you mean \"" : "", meant ? meant : "",
	                 meant ? "\"?" : "");
}

static int check_duration(const struct catalog_setting *setting, const char *value, struct error *e)
{
	int64_t ms;

	if (text_to_duration_ms(value, &ms) == 0)
		return 0;
	return error_set(e, ERROR_INPUT, "setting.value", "setting \"%s\" is \"%.64s\"; a time such as \"30s\" is expected",
	                 setting->name, value);
}

static int check_pem(const struct catalog_setting *setting, const char *value, struct error *e)
{
	if (strstr(value, "-----BEGIN "))
		return 0;
	return expected(setting, "a certificate or public key in PEM form (\"-----BEGIN ...\") is expected", e);
}

static int check_address(const struct catalog_setting *setting, const char *value, struct error *e)
{
	if (text_is_printable(value, strlen(value)) && value[0] != '\0')
		return 0;
	return expected(setting, "a URL, a host or a path is expected", e);
}

/* Texts, secrets and lists may be anything that has passed the checks for all. */
static int (*const checks[])(const struct catalog_setting *, const char *, struct error *) = {
	[CATALOG_NUMBER] = check_number,     [CATALOG_YES_NO] = check_yes_no, [CATALOG_WORD] = check_word,
	[CATALOG_DURATION] = check_duration, [CATALOG_PEM] = check_pem,       [CATALOG_ADDRESS] = check_address,
	[CATALOG_LIST] = NULL,
};

int catalog_check_value(const struct catalog_setting *setting, const char *value, struct error *e)
{
	if (!value && setting->required && !setting->fallback)
		return error_set(e, ERROR_INPUT, "setting.missing", "setting \"%s\" is needed: %.300s", setting->name,
		                 setting->words_for_people);
	if (!value)
		return 0;
	if (strlen(value) > ROSTER_SETTING_MOST)
		return error_set(e, ERROR_INPUT, "setting.value", "setting \"%s\" is longer than %d bytes", setting->name,
		                 ROSTER_SETTING_MOST);
	if (!text_is_utf8(value, strlen(value)))
		return expected(setting, "UTF-8 is expected", e);
	return checks[setting->type] ? checks[setting->type](setting, value, e) : 0;
}

bool catalog_connects(const struct catalog_plugin *plugin)
{
	return plugin->abilities & (CATALOG_DIRECTORY | CATALOG_SIGN_ON | CATALOG_PUSH);
}
