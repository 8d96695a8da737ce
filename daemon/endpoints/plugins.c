/* The catalog as the API shows it: enough to draw a form, nothing that is set. */
#include "endpoints/plugins.h"

#include <string.h>

#include "base/text.h"

int plugins_find(struct exchange *x, const char *name, enum error_kind kind,
		 const struct catalog_plugin **ret, struct error *e)
{
	int found = catalog_find(x->options->catalog, name, ret, e);

	if (found != 0)
		return found == 1 ? 0 : -1;
	return error_set(e, kind, "plugin.unknown", "there is no plug-in \"%.80s\"%s", name,
			 exchange_suggestion(x, name, catalog_names(x->options->catalog)));
}

/* A plug-in that nobody asked for yet is described by a child: that is waited for here, and known when the
 * answer is written. */
int plugins_prepare(struct exchange *x, struct error *e)
{
	const char *named = request_segment(x->request, "plugin");
	const char *const *names = catalog_names(x->options->catalog);
	const struct catalog_plugin *plugin;

	(void)e;
	for (size_t i = 0; names[i]; i++)
		if (!named || text_equal(named, names[i]))
			catalog_find(x->options->catalog, names[i], &plugin,
				     NULL); /* the answer tells why not */
	return 0;
}

static void put_abilities(struct json_writer *w, uint32_t abilities)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} names[] = {
		{ CATALOG_DIRECTORY, "directory" },
		{ CATALOG_WATCH, "watch" },
		{ CATALOG_SIGN_ON, "sign_on" },
		{ CATALOG_NOTIFICATIONS, "notifications" },
		{ CATALOG_DELIVERY, "delivery" },
		{ CATALOG_PUSH, "push" },
	};

	json_begin_array(w, "abilities");
	for (size_t i = 0; i < ARRAY_COUNT(names); i++)
		if (abilities & names[i].bit)
			json_put_text(w, NULL, names[i].name);
	json_end_array(w);
}

static void put_head(struct json_writer *w, const struct catalog_plugin *plugin)
{
	json_put_text(w, "name", plugin->name);
	json_put_text(w, "title", plugin->title);
	put_abilities(w, plugin->abilities);
}

/* One that is there and cannot be used is listed with the reason: it must not vanish in silence. */
static void put_listed(struct exchange *x, struct json_writer *w, const char *name)
{
	const struct catalog_plugin *plugin;
	struct error why = { 0 };

	json_begin_object(w, NULL);
	if (catalog_find(x->options->catalog, name, &plugin, &why) == 1) {
		put_head(w, plugin);
	} else {
		json_put_text(w, "name", name);
		json_put_text(w, "unusable", why.text);
	}
	json_end_object(w);
}

int plugins_list(struct exchange *x, struct error *e)
{
	const char *const *names = catalog_names(x->options->catalog), *after, *last = NULL;
	struct json_writer w;
	int limit;

	if (exchange_page(x, &limit, &after, e) < 0)
		return -1;
	while (after && *names && strcmp(*names, after) <= 0)
		names++;
	exchange_list_begin(x, &w);
	for (; *names && limit > 0; limit--) {
		last = *names++;
		put_listed(x, &w, last);
	}
	exchange_list_end(&w, *names ? last : NULL);
	return 0;
}

static void put_setting(struct json_writer *w, const struct catalog_setting *setting)
{
	static const char *const types[] = {
		[CATALOG_TEXT] = "text", [CATALOG_NUMBER] = "number",	  [CATALOG_YES_NO] = "yes_no",
		[CATALOG_WORD] = "word", [CATALOG_DURATION] = "duration", [CATALOG_SECRET] = "secret",
		[CATALOG_PEM] = "pem",	 [CATALOG_ADDRESS] = "address",	  [CATALOG_LIST] = "list",
	};

	json_begin_object(w, NULL);
	json_put_text(w, "name", setting->name);
	json_put_text(w, "type", types[setting->type]);
	json_put_bool(w, "required", setting->required);
	json_put_bool(w, "place", setting->place);
	json_put_text(w, "words", setting->words_for_people);
	json_put_text(w, "default", setting->fallback);
	json_begin_array(w, "choices");
	for (size_t i = 0; setting->words && setting->words[i]; i++)
		json_put_text(w, NULL, setting->words[i]);
	json_end_array(w);
	json_end_object(w);
}

int plugins_show(struct exchange *x, struct error *e)
{
	const struct catalog_plugin *plugin;
	struct json_writer w;

	if (plugins_find(x, request_segment(x->request, "plugin"), ERROR_NOT_FOUND, &plugin, e) < 0)
		return -1;
	exchange_reply(x, 200, &w);
	json_begin_object(&w, NULL);
	put_head(&w, plugin);
	json_begin_array(&w, "settings");
	for (size_t i = 0; i < plugin->setting_count; i++)
		put_setting(&w, &plugin->settings[i]);
	json_end_array(&w);
	json_end_object(&w);
	return 0;
}
