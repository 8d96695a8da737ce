#include "plugin/settings.h"

#include "base/secret.h"

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
