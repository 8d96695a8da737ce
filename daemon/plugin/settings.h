/* A connection's settings as a link wants them: the plain ones, and the secrets opened beside them. */
#ifndef ROSTERD_PLUGIN_SETTINGS_H
#define ROSTERD_PLUGIN_SETTINGS_H

#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "plugin/catalog.h"
#include "plugin/link.h"
#include "roster/connection.h"
#include "store/transaction.h"

struct crypt_keys;
struct secret;

struct settings {
	struct link_setting *all;
	size_t count;
	struct secret **secrets;
	size_t secret_count;
};

/* Opens them in a transaction for the connection's organisation. The texts are the connection's; what is to be closed is
 * closed with settings_close, also after a failure. */
int settings_open(struct tx *tx, const struct crypt_keys *keys, const struct connection *connection, struct arena *arena,
                  struct settings *ret, struct error *e);

/* Wipes the secrets. No link may be open that was given them. */
void settings_close(struct settings *settings);

/* Whether these settings lead to another directory than those did, or to another part of it: NULL if not, or what changed, in words, in
 * the arena. plugin NULL (it is not there to be asked): any change may have done it. */
const char *settings_moved(struct arena *arena, const struct catalog_plugin *plugin, const struct connection_pair *was,
                           size_t was_count, const struct connection_pair *is, size_t is_count);

#endif
