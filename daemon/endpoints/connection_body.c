/* Reads and checks, writes nothing. Values are never in a message: one of them may be a secret in the wrong
 * place. */
#include "endpoints/connection_body.h"

#include <string.h>

#include "base/text.h"
#include "endpoints/plugins.h"
#include "plugin/dial.h"
#include "provision/mapping.h"
#include "roster/precedence.h"

enum { PLUGIN_NAME_MOST = 40, GROUP_NAME_MOST = 1024, ATTRIBUTE_NAME_MOST = 256, SCHEDULE_TEXT_MOST = 32 };
enum { SCHEDULE_LEAST_MS = 10000, REMOVE_MOST_MOST = 1000000000, REMOVE_SHARE_MOST = 100 };

struct body {
	const char *plugin, *name, *state, *schedule, *full_schedule, *grace;
	bool watch;
	struct json *settings, *roles, *attributes;
	int64_t precedence;
	int64_t remove_most, remove_share, remove_admins_most, remove_admins_share, remove_group_most, remove_group_share;
	bool private_addresses;
};

static const char *const states[] = { "active", "paused", NULL };
static const char *const mapped_roles[] = { "admin", "member", "viewer", NULL };

#define SHARED_FIELDS                                                                                        \
	JSON_WORD(struct body, state, JSON_OPTIONAL, states),                                                \
		JSON_TEXT(struct body, schedule, JSON_OPTIONAL, SCHEDULE_TEXT_MOST),                         \
		JSON_TEXT(struct body, full_schedule, JSON_OPTIONAL, SCHEDULE_TEXT_MOST),                    \
		JSON_BOOL(struct body, watch, JSON_OPTIONAL),                                                \
		JSON_VALUE(struct body, settings, JSON_OPTIONAL),                                            \
		JSON_VALUE(struct body, roles, JSON_OPTIONAL),                                               \
		JSON_VALUE(struct body, attributes, JSON_OPTIONAL),                                          \
		JSON_INT(struct body, remove_most, JSON_OPTIONAL, 0, REMOVE_MOST_MOST),                      \
		JSON_INT(struct body, remove_share, JSON_OPTIONAL, 0, REMOVE_SHARE_MOST),                    \
		JSON_INT(struct body, remove_admins_most, JSON_OPTIONAL, 0, REMOVE_MOST_MOST),               \
		JSON_INT(struct body, remove_admins_share, JSON_OPTIONAL, 0, REMOVE_SHARE_MOST),             \
		JSON_INT(struct body, remove_group_most, JSON_OPTIONAL, 0, REMOVE_MOST_MOST),                \
		JSON_INT(struct body, remove_group_share, JSON_OPTIONAL, 0, REMOVE_SHARE_MOST),              \
		JSON_BOOL(struct body, private_addresses, JSON_OPTIONAL),                                    \
		JSON_TEXT(struct body, grace, JSON_OPTIONAL, GRACE_TEXT_MOST)

static const struct json_field create_fields[] = {
	JSON_TEXT(struct body, plugin, JSON_NEEDED, PLUGIN_NAME_MOST),
	JSON_TEXT(struct body, name, JSON_NEEDED, CONNECTION_NAME_MOST),
	JSON_INT(struct body, precedence, JSON_OPTIONAL, 0, CONNECTION_PRECEDENCE_MOST),
	SHARED_FIELDS,
	{ 0 },
};

static const struct json_field change_fields[] = {
	JSON_TEXT(struct body, name, JSON_OPTIONAL, CONNECTION_NAME_MOST),
	SHARED_FIELDS,
	{ 0 },
};

/* By a link that sets it up. */
static const struct json_field setup_fields[] = { JSON_VALUE(struct body, settings, JSON_NEEDED), { 0 } };
static const struct json_field proposed_fields[] = { JSON_VALUE(struct body, settings, JSON_OPTIONAL), { 0 } };

static int check_name(const char *name, struct error *e)
{
	size_t length = strlen(name);
	size_t span = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-");
	struct id id;

	if (text_equal(name, PRECEDENCE_MANUAL))
		return error_set(e, ERROR_INPUT, "connection.name",
				 "no connection can be called \"manual\": that is what a person set, where the order of sources is told");
	if (length > 0 && span == length && !strchr("._-", name[0]) && !strchr("._-", name[length - 1]) &&
	    id_parse(name, &id) < 0)
		return 0;
	return error_set(e, ERROR_INPUT, "connection.name",
			 "\"%s\" is no name for a connection; lower-case letters and digits with inner "
			 "\".\", \"_\" or \"-\" "
			 "are expected, such as \"corporate\"",
			 name);
}

static int read_schedule(const char *text, int64_t *ret, struct error *e)
{
	int64_t ms;

	if (text_equal(text, "never"))
		return *ret = 0, 0;
	if (text_to_duration_ms(text, &ms) < 0 || ms < SCHEDULE_LEAST_MS)
		return error_set(e, ERROR_INPUT, "connection.schedule",
				 "\"schedule\" is \"%s\"; a time such as \"15m\", at least %ds, or \"never\" "
				 "is expected",
				 text, SCHEDULE_LEAST_MS / 1000);
	*ret = ms;
	return 0;
}

static int read_full_schedule(const char *text, int *ret, struct error *e)
{
	int64_t ms;

	if (text_to_duration_ms(text, &ms) < 0 || ms < SCHEDULE_LEAST_MS || ms > CONNECTION_FULL_SCHEDULE_MS_MOST)
		return error_set(e, ERROR_INPUT, "connection.full_schedule",
				 "\"full_schedule\" is \"%s\"; a time such as \"24h\", from %ds to %dd, is expected", text,
				 SCHEDULE_LEAST_MS / 1000, CONNECTION_FULL_SCHEDULE_MS_MOST / 86400000);
	*ret = (int)ms;
	return 0;
}

static int read_grace(const char *text, int64_t *ret, struct error *e)
{
	if (text_equal(text, "organisation"))
		return *ret = -1, 0;
	return exchange_read_grace("connection", text, ret, e);
}

/* ---- settings ---- */

static const struct catalog_setting *find_setting(const struct catalog_plugin *plugin, const char *name)
{
	for (size_t i = 0; i < plugin->setting_count; i++)
		if (text_equal(plugin->settings[i].name, name))
			return &plugin->settings[i];
	return NULL;
}

static int unknown_setting(struct exchange *x, const struct catalog_plugin *plugin, const char *name,
			   struct error *e)
{
	const char **names = arena_array(x->arena, plugin->setting_count + 1, sizeof(*names));

	for (size_t i = 0; i < plugin->setting_count; i++)
		names[i] = plugin->settings[i].name;
	return error_set(e, ERROR_INPUT, "connection.setting",
			 "the plug-in \"%s\" has no setting \"%.80s\"%s", plugin->name, name,
			 exchange_suggestion(x, name, names));
}

/* Settings are texts; a number or a truth value is taken as its text, as people write them in JSON. */
static int setting_text(struct exchange *x, const char *name, const struct json *value, const char **ret,
			struct error *e)
{
	if (json_is_null(value))
		*ret = NULL;
	else if (json_is_text(value))
		*ret = json_text(value);
	else if (json_is_bool(value))
		*ret = json_bool(value) ? "yes" : "no";
	else if (json_is_number(value))
		*ret = arena_format(x->arena, "%lld", (long long)json_int(value));
	else
		return error_set(e, ERROR_INPUT, "connection.setting", "the setting \"%s\" is no text", name);
	return 0;
}

/* Puts a setting, replaces it, or with NULL takes it away. */
static void put_setting(struct connection_pair *pairs, size_t *count, const char *name, const char *value)
{
	size_t i = 0;

	while (i < *count && !text_equal(pairs[i].name, name))
		i++;
	if (value)
		pairs[i] = (struct connection_pair){ name, value };
	if (value && i == *count)
		++*count;
	else if (!value && i < *count)
		memmove(&pairs[i], &pairs[i + 1], (--*count - i) * sizeof(*pairs));
}

/* Behind sockets of this machine stand its own services, which know us. */
static int check_address(const struct exchange *x, const struct catalog_setting *setting, const char *text,
			 struct error *e)
{
	if (setting->type != CATALOG_ADDRESS || x->principal.kind == PRINCIPAL_OPERATOR ||
	    !dial_names_socket(text))
		return 0;
	return error_set(
		e, ERROR_DENIED, "connection.socket",
		"\"%s\" names a socket of the machine that this service runs on; only its operator may",
		setting->name);
}

static int take_setting(struct exchange *x, const struct catalog_plugin *plugin, const char *name,
			const struct json *value, struct connection_pair *pairs, struct connection_wish *wish,
			struct error *e)
{
	const struct catalog_setting *setting = find_setting(plugin, name);
	const char *text = NULL;

	if (!setting)
		return unknown_setting(x, plugin, name, e);
	if (setting_text(x, name, value, &text, e) < 0 ||
	    (text && (catalog_check_value(setting, text, e) < 0 || check_address(x, setting, text, e) < 0)))
		return -1;
	if (setting->type == CATALOG_SECRET)
		wish->secrets[wish->secret_count++] = (struct connection_secret){ setting->name, text };
	else
		put_setting(pairs, &wish->connection.setting_count, setting->name, text);
	return 0;
}

static int take_settings(struct exchange *x, const struct catalog_plugin *plugin, const struct json *settings,
			 struct connection_wish *wish, struct error *e)
{
	size_t room = wish->connection.setting_count + json_count(settings), at = 0;
	struct connection_pair *pairs = arena_array(x->arena, room, sizeof(*pairs));
	const struct json *value;
	const char *name;

	if (!json_is_object(settings))
		return error_set(e, ERROR_INPUT, "connection.settings",
				 "\"settings\" is no object of names and values");
	if (json_count(settings) > CONNECTION_SETTINGS_MOST)
		return error_set(e, ERROR_LIMIT, "connection.settings",
				 "there are %zu settings; at most %d are taken", json_count(settings),
				 CONNECTION_SETTINGS_MOST);
	for (size_t i = 0; i < wish->connection.setting_count; i++)
		pairs[i] = wish->connection.settings[i];
	wish->secrets = arena_array(x->arena, json_count(settings), sizeof(*wish->secrets));
	while (json_next(settings, &at, &name, &value) == 1)
		if (take_setting(x, plugin, name, value, pairs, wish, e) < 0)
			return -1;
	wish->connection.settings = pairs;
	return 0;
}

static const struct connection_secret *find_given(const struct connection_wish *wish, const char *name)
{
	for (size_t i = 0; i < wish->secret_count; i++)
		if (text_equal(wish->secrets[i].name, name))
			return &wish->secrets[i];
	return NULL;
}

static bool has_secret(const struct connection_wish *wish, const char *name)
{
	const struct connection_secret *given = find_given(wish, name);

	if (given)
		return given->text != NULL;
	for (size_t i = 0; i < wish->connection.secret_count; i++)
		if (text_equal(wish->connection.secrets[i], name))
			return true;
	return false;
}

static bool has_setting(const struct connection_wish *wish, const char *name)
{
	for (size_t i = 0; i < wish->connection.setting_count; i++)
		if (text_equal(wish->connection.settings[i].name, name))
			return true;
	return has_secret(wish, name);
}

/* All that are missing at once: nobody likes to be told one a time. */
static int check_required(const struct catalog_plugin *plugin, const struct connection_wish *wish,
			  struct error *e)
{
	__attribute__((cleanup(buffer_close))) struct buffer missing;

	buffer_open(&missing, ERROR_TEXT_MOST / 2);
	for (size_t i = 0; i < plugin->setting_count; i++) {
		const struct catalog_setting *setting = &plugin->settings[i];

		if (setting->required && !setting->fallback && !has_setting(wish, setting->name))
			buffer_format(&missing, "%s\"%s\"", missing.length ? ", " : "", setting->name);
	}
	if (missing.length == 0)
		return 0;
	return error_set(e, ERROR_INPUT, "connection.required", "the plug-in \"%s\" also needs %s",
			 plugin->name, missing.bytes);
}

static const char *value_of(const struct connection *c, const struct catalog_setting *setting)
{
	for (size_t i = 0; i < c->setting_count; i++)
		if (text_equal(c->settings[i].name, setting->name))
			return c->settings[i].value;
	return setting->fallback ? setting->fallback : "";
}

/* Addresses say where secrets go, certificates who is trusted with them, and words how they travel. */
static bool leads_secrets(const struct catalog_setting *setting)
{
	return setting->type == CATALOG_ADDRESS || setting->type == CATALOG_PEM ||
	       setting->type == CATALOG_WORD;
}

static bool same_attributes(const struct connection *a, const struct connection *b)
{
	size_t same = 0;

	for (size_t i = 0; i < a->attribute_count; i++)
		for (size_t k = 0; k < b->attribute_count; k++)
			same += text_equal(a->attributes[i].name, b->attributes[k].name) &&
				text_equal(a->attributes[i].value, b->attributes[k].value);
	return same == a->attribute_count && same == b->attribute_count;
}

/* What differs of where it leads and what is read there: any setting may (a filter, a name of an attribute), so all do. NULL: nothing. */
static const char *find_led(const struct catalog_plugin *plugin, const struct connection *now, const struct connection *wanted)
{
	for (size_t i = 0; i < plugin->setting_count; i++)
		if (plugin->settings[i].type != CATALOG_SECRET &&
		    !text_equal(value_of(now, &plugin->settings[i]), value_of(wanted, &plugin->settings[i])))
			return plugin->settings[i].name;
	return same_attributes(now, wanted) ? NULL : "attributes";
}

/* What differs that needs the secrets again. Whoever could send a sealed secret to a server of their own would read it there, and whoever says
 * which part of a directory is read reads it with somebody else's rights. So it goes where whoever gave it sent it, and nowhere else.
 *
 * Filters and attributes of a public connection are its organisation's, whose directory it is. The holder of a setup link is nobody's
 * administrator: with a filter and a test they would read a directory letter by letter, so of them every setting counts. And a connection that
 * the operator lets into our networks reads with the operator's secret: it is not taken over by giving those up. NULL: nothing differs. */
static const char *find_astray(const struct exchange *x, const struct catalog_plugin *plugin, const struct connection *now,
			       const struct connection *wanted)
{
	bool by_operator = x->principal.kind == PRINCIPAL_OPERATOR;

	if (!id_is_nil(&x->principal.setup_of))
		return find_led(plugin, now, wanted);
	if (!by_operator && now->private_addresses && !wanted->private_addresses)
		return "private_addresses";
	for (size_t i = 0; i < plugin->setting_count; i++)
		if ((leads_secrets(&plugin->settings[i]) || (plugin->settings[i].place && !by_operator)) &&
		    !text_equal(value_of(now, &plugin->settings[i]), value_of(wanted, &plugin->settings[i])))
			return plugin->settings[i].name;
	return NULL;
}

static int check_secrets_stay(const struct exchange *x, const struct catalog_plugin *plugin, const struct connection *now,
			      const struct connection_wish *wish, struct error *e)
{
	const char *led = find_astray(x, plugin, now, &wish->connection), *kept = NULL;

	for (size_t i = 0; i < now->secret_count && !kept; i++)
		if (!find_given(wish, now->secrets[i]))
			kept = now->secrets[i];
	if (!led || !kept)
		return 0;
	return error_set(
		e, ERROR_INPUT, "connection.secret_again",
		"\"%s\" decides where the secret \"%s\" goes, who can read it or what is read with it; give the secret again "
		"in the same change",
		led, kept);
}

/* ---- our own networks ---- */

/* What a connection may reach of our networks is the operator's to say, and so is where one leads that may and what it reads there:
 * otherwise whoever has one could look round with it, or read with the operator's rights what is not theirs. now: NULL if it is new. */
static int check_private(const struct exchange *x, const struct catalog_plugin *plugin, const struct connection *now,
			 const struct connection *wanted, struct error *e)
{
	bool was = now && now->private_addresses;
	const char *led;

	if (x->principal.kind == PRINCIPAL_OPERATOR || !wanted->private_addresses)
		return 0;
	if (!was)
		return error_set(e, ERROR_DENIED, "connection.private_addresses",
				 "whether a connection may reach addresses that are not public is the operator's to say");
	led = find_led(plugin, now, wanted);
	if (!led)
		return 0;
	return error_set(e, ERROR_DENIED, "connection.private_addresses",
			 "this connection may reach addresses that are not public, so where it leads and what it reads there (\"%s\") is the "
			 "operator's to say; or give that up in the same change (private_addresses: false)",
			 led);
}

/* ---- mappings ---- */

static int read_mapping(struct exchange *x, const struct json *value, struct connection_mapping *ret,
			struct error *e)
{
	static const struct json_field fields[] = {
		JSON_TEXT(struct connection_mapping, group, JSON_NEEDED, GROUP_NAME_MOST),
		JSON_WORD(struct connection_mapping, role, JSON_NEEDED, mapped_roles),
		{ 0 },
	};

	if (!json_is_object(value))
		return error_set(e, ERROR_INPUT, "connection.roles",
				 "\"roles\" holds something that is no {\"group\", \"role\"}");
	if (json_read(x->arena, value, fields, ret, e) < 0)
		return -1;
	return ret->group[0]
		       ? 0
		       : error_set(e, ERROR_INPUT, "connection.roles", "\"roles\" names an empty group");
}

static int take_roles(struct exchange *x, const struct json *roles, struct connection *ret, struct error *e)
{
	size_t count = json_count(roles);
	struct connection_mapping *mappings = arena_array(x->arena, count, sizeof(*mappings));

	if (!json_is_array(roles))
		return error_set(e, ERROR_INPUT, "connection.roles",
				 "\"roles\" is no list of {\"group\", \"role\"}");
	if (count > CONNECTION_MAPPINGS_MOST)
		return error_set(e, ERROR_LIMIT, "connection.roles",
				 "there are %zu roles; at most %d are taken", count,
				 CONNECTION_MAPPINGS_MOST);
	for (size_t i = 0; i < count; i++)
		if (read_mapping(x, json_at(roles, i), &mappings[i], e) < 0)
			return -1;
	ret->mappings = mappings;
	ret->mapping_count = count;
	return 0;
}

static int check_attribute(struct exchange *x, const char *field, const struct json *value, struct error *e)
{
	const char *const *fields = mapping_fields(), *name = json_text(value);
	size_t i = 0;

	while (fields[i] && !text_equal(fields[i], field))
		i++;
	if (fields[i] && name && name[0] && strlen(name) <= ATTRIBUTE_NAME_MOST)
		return 0;
	if (fields[i])
		return error_set(e, ERROR_INPUT, "connection.attributes",
				 "the attribute for \"%s\" is no name of at most %d bytes", field,
				 ATTRIBUTE_NAME_MOST);
	return error_set(e, ERROR_INPUT, "connection.attributes", "there is no field \"%.80s\"%s", field,
			 exchange_suggestion(x, field, fields));
}

static int take_attributes(struct exchange *x, const struct json *attributes, struct connection *ret,
			   struct error *e)
{
	size_t count = json_count(attributes), at = 0, n = 0;
	struct connection_pair *pairs = arena_array(x->arena, count, sizeof(*pairs));
	const struct json *value;
	const char *field;

	if (!json_is_object(attributes))
		return error_set(e, ERROR_INPUT, "connection.attributes",
				 "\"attributes\" is no object of fields and attributes");
	if (count > CONNECTION_ATTRIBUTES_MOST)
		return error_set(e, ERROR_LIMIT, "connection.attributes",
				 "there are %zu attributes; at most %d are taken", count,
				 CONNECTION_ATTRIBUTES_MOST);
	for (; json_next(attributes, &at, &field, &value) == 1; n++) {
		if (check_attribute(x, field, value, e) < 0)
			return -1;
		pairs[n] = (struct connection_pair){ field, json_text(value) };
	}
	ret->attributes = pairs;
	ret->attribute_count = count;
	return 0;
}

/* ---- the whole ---- */

static struct body limits_as(const struct guard_limit guard[GUARD_KINDS])
{
	return (struct body){
		.remove_most = guard[GUARD_PEOPLE].most,
		.remove_share = guard[GUARD_PEOPLE].share,
		.remove_admins_most = guard[GUARD_ADMINS].most,
		.remove_admins_share = guard[GUARD_ADMINS].share,
		.remove_group_most = guard[GUARD_GROUP].most,
		.remove_group_share = guard[GUARD_GROUP].share,
	};
}

static void take_limits(const struct body *body, struct guard_limit ret[GUARD_KINDS])
{
	ret[GUARD_PEOPLE] = (struct guard_limit){ (int)body->remove_most, (int)body->remove_share };
	ret[GUARD_ADMINS] = (struct guard_limit){ (int)body->remove_admins_most, (int)body->remove_admins_share };
	ret[GUARD_GROUP] = (struct guard_limit){ (int)body->remove_group_most, (int)body->remove_group_share };
}

static int take(struct exchange *x, const struct body *body, const struct catalog_plugin *plugin,
		struct connection_wish *wish, struct error *e)
{
	struct connection *c = &wish->connection;

	c->name = body->name ? body->name : c->name;
	c->state = body->state ? body->state : c->state;
	take_limits(body, c->guard);
	c->private_addresses = body->private_addresses;
	c->watch = body->watch;
	if (check_name(c->name, e) < 0 ||
	    read_grace(body->grace, &c->grace_ms, e) < 0 ||
	    (body->schedule && read_schedule(body->schedule, &c->schedule_ms, e) < 0) ||
	    (body->full_schedule && read_full_schedule(body->full_schedule, &c->full_schedule_ms, e) < 0) ||
	    (body->settings && take_settings(x, plugin, body->settings, wish, e) < 0) ||
	    (body->roles && take_roles(x, body->roles, c, e) < 0) ||
	    (body->attributes && take_attributes(x, body->attributes, c, e) < 0))
		return -1;
	return check_required(plugin, wish, e);
}

static int check_connects(const struct catalog_plugin *plugin, struct error *e)
{
	return catalog_connects(plugin) ? 0
					: error_set(e, ERROR_INPUT, "plugin.no_directory",
						    "plug-in \"%s\" reads no directory, so no connection can be made with it", plugin->name);
}

int connection_body_create(struct exchange *x, struct connection_wish *ret, struct error *e)
{
	static const struct guard_limit usual[GUARD_KINDS] = GUARD_DEFAULTS;
	struct body body = limits_as(usual);
	const struct catalog_plugin *plugin;

	body.private_addresses = x->principal.kind == PRINCIPAL_OPERATOR;
	body.precedence = CONNECTION_PRECEDENCE_USUAL;
	*ret = (struct connection_wish){ .connection = { .organisation = x->organisation.id,
							 .state = "active",
							 .full_schedule_ms = CONNECTION_FULL_SCHEDULE_MS,
							 .grace_ms = -1 } };
	if (exchange_read(x, create_fields, &body, e) < 0 ||
	    plugins_find(x, body.plugin, ERROR_INPUT, &plugin, e) < 0 || check_connects(plugin, e) < 0)
		return -1;
	ret->connection.id = id_new();
	ret->connection.plugin = plugin->name;
	ret->connection.precedence = (int)body.precedence;
	if (take(x, &body, plugin, ret, e) < 0)
		return -1;
	return check_private(x, plugin, NULL, &ret->connection, e);
}

int connection_body_change(struct exchange *x, const struct connection *now, struct connection_wish *ret,
			   struct error *e)
{
	struct body body = limits_as(now->guard);
	const struct catalog_plugin *plugin;

	body.private_addresses = now->private_addresses;
	body.watch = now->watch;
	*ret = (struct connection_wish){ .connection = *now };
	if (exchange_read(x, id_is_nil(&x->principal.setup_of) ? change_fields : setup_fields, &body, e) < 0 ||
	    plugins_find(x, now->plugin, ERROR_CONFLICT, &plugin, e) < 0 ||
	    take(x, &body, plugin, ret, e) < 0)
		return -1;
	if (check_private(x, plugin, now, &ret->connection, e) < 0)
		return -1;
	return check_secrets_stay(x, plugin, now, ret, e);
}

int connection_body_propose(struct exchange *x, const struct connection *now, struct connection_wish *ret, struct error *e)
{
	struct body body = limits_as(now->guard);
	const struct catalog_plugin *plugin;

	body.private_addresses = now->private_addresses;
	body.watch = now->watch;
	*ret = (struct connection_wish){ .connection = *now };
	if (x->request->body_size > 0 && exchange_read(x, proposed_fields, &body, e) < 0)
		return -1;
	return plugins_find(x, now->plugin, ERROR_CONFLICT, &plugin, e) < 0 || take(x, &body, plugin, ret, e) < 0 ? -1 : 0;
}

int connection_wish_settings(struct exchange *x, const struct connection_wish *wish, struct settings *into)
{
	size_t count = 0;
	struct link_setting *all = arena_array(x->arena, wish->connection.setting_count + into->count + wish->secret_count, sizeof(*all));

	for (size_t i = 0; i < wish->connection.setting_count; i++)
		all[count++] = (struct link_setting){ .name = wish->connection.settings[i].name, .text = wish->connection.settings[i].value };
	for (size_t i = 0; i < into->count; i++)
		if (into->all[i].secret && !find_given(wish, into->all[i].name))
			all[count++] = into->all[i];
	for (size_t i = 0; i < wish->secret_count; i++)
		if (wish->secrets[i].text)
			all[count++] = (struct link_setting){ .name = wish->secrets[i].name, .text = wish->secrets[i].text };
	into->all = all;
	into->count = count;
	return 0;
}
