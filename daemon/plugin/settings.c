#include "plugin/settings.h"

#include <string.h>

#include "base/secret.h"
#include "base/text.h"

enum { MOVED_MOST = 160 }; /* bytes of a value in words */

int settings_open(struct tx *tx, const struct crypt_keys *keys, const struct connection *c, struct arena *arena,
                  struct settings *ret, struct error *e)
{
	*ret = (struct settings){
		.all = arena_array(arena, c->setting_count + c->secret_count, sizeof(*ret->all)),
		.secrets = arena_array(arena, c->secret_count, sizeof(*ret->secrets)),
	};
	for (size_t i = 0; i < c->setting_count; i++)
		ret->all[ret->count++] = (struct link_setting){ .name = c->settings[i].name, .text = c->settings[i].value };

	for (size_t i = 0; i < c->secret_count; i++) {
		struct secret *secret = NULL;
		int found = connection_open_secret(tx, keys, &c->organisation, &c->id, c->secrets[i], &secret, e);
		if (found < 0)
			return -1;
		if (found == 0) /* forgotten since the connection was read */
			continue;
		ret->secrets[ret->secret_count++] = secret;
		ret->all[ret->count++] = (struct link_setting){ .name = c->secrets[i], .secret = secret };
	}
	return 0;
}

void settings_close(struct settings *settings)
{
	for (size_t i = 0; i < settings->secret_count; i++)
		secret_close(&settings->secrets[i]);
	settings->secret_count = 0;
}

/* ---- whether they lead elsewhere ---- */

static const char *value_of(const struct connection_pair *pairs, size_t count, const char *name, const char *fallback)
{
	for (size_t i = 0; i < count; i++)
		if (text_equal(pairs[i].name, name))
			return pairs[i].value;
	return fallback ? fallback : "";
}

static const char *in_words(struct arena *arena, const char *so_far, const char *name, const char *was, const char *is)
{
	const char *change = arena_format(arena, "\"%s\" was \"%.*s\" and is \"%.*s\"", name, (int)text_cut(was, strlen(was), MOVED_MOST), was,
	                                  (int)text_cut(is, strlen(is), MOVED_MOST), is);

	return so_far ? arena_format(arena, "%s, %s", so_far, change) : change;
}

static const char *compare(struct arena *arena, const char *so_far, const char *name, const char *was, const char *is)
{
	return text_equal(was, is) ? so_far : in_words(arena, so_far, name, was, is);
}

const char *settings_moved(struct arena *arena, const struct catalog_plugin *plugin, const struct connection_pair *was,
                           size_t was_count, const struct connection_pair *is, size_t is_count)
{
	const char *moved = NULL;

	for (size_t i = 0; plugin && i < plugin->setting_count; i++) {
		const struct catalog_setting *s = &plugin->settings[i];

		if (s->place)
			moved = compare(arena, moved, s->name, value_of(was, was_count, s->name, s->fallback),
			                value_of(is, is_count, s->name, s->fallback));
	}
	for (size_t i = 0; !plugin && i < was_count; i++)
		moved = compare(arena, moved, was[i].name, was[i].value, value_of(is, is_count, was[i].name, NULL));
	for (size_t i = 0; !plugin && !moved && i < is_count; i++)
		moved = compare(arena, moved, is[i].name, value_of(was, was_count, is[i].name, NULL), is[i].value);
	return moved;
}
