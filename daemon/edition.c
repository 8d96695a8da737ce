#include "edition.h"

#include "base/arena.h"
#include "base/crypt.h"
#include "base/password.h"
#include "base/secret.h"
#include "base/shared.h"
#include "base/text.h"
#include "config.h"
#include "problem.h"
#include "standalone.h"

static struct edition *new_edition(void)
{
	struct arena *arena = arena_open("edition");
	struct edition *edition = arena_take(arena, sizeof(*edition));
	edition->arena = arena;
	return edition;
}

void edition_close(struct edition **edition)
{
	if (!*edition)
		return;
	struct arena *arena = (*edition)->arena; /* the edition stands in it */
	crypt_keys_close(&(*edition)->keys);
	config_close(&(*edition)->config);
	arena_close(&arena);
	*edition = NULL;
}

static void close_shared(void *value)
{
	struct edition *edition = value;
	edition_close(&edition);
}

struct shared *edition_share(struct edition *edition)
{
	return shared_open(edition, close_shared);
}

/* ---- reading --------------------------------------------------------------------------------------------------------------- */

static void keep_socket(const struct edition_options *options, struct config *config)
{
	if (options->keeps_socket)
		config_keep_socket_in(config, standalone_directory(options->standalone));
}

int edition_open(const struct edition_options *options, struct edition **ret, struct catalog **ret_catalog,
                 struct problems *problems)
{
	struct edition *edition = new_edition();
	if (config_read(options->path, edition->arena, &edition->config, ret_catalog, problems) < 0) {
		edition_close(&edition);
		return -1;
	}
	keep_socket(options, edition->config);
	*ret = edition;
	return 0;
}

void edition_settle(const struct edition_options *options, struct edition *edition)
{
	struct config *config = edition->config;
	if (!options->standalone)
		return;
	standalone_options(options->standalone, &config->store);
	config->master_key = standalone_master_key(options->standalone);
}

int edition_keys(struct edition *edition, struct error *e)
{
	const struct config *config = edition->config;
	if (!config->master_key)
		return error_set(e, ERROR_INPUT, "config.master_key", "there is no master key: make one with \"openssl rand -hex 32\" "
		                 "in a file of mode 0600 and name it in master_key");
	return crypt_keys_open(config->master_key, config->previous_master_key, &edition->keys, e);
}

/* ---- while running ----------------------------------------------------------------------------------------------------------- */

static bool is_key(const struct secret *key, const struct secret *other)
{
	return key && other && secret_equal(key, secret_bytes(other), secret_size(other));
}

/* What is sealed with the key in use must stay readable: a new key comes with the old one behind it. */
static void check_keys(struct edition *next, const struct edition *running, struct problems *problems)
{
	const struct config *is = running->config, *wanted = next->config;
	struct error e;
	if (edition_keys(next, &e) < 0)
		config_wrong(wanted, problems, "master_key", "%s", e.text);
	else if (!is_key(wanted->master_key, is->master_key) && !is_key(wanted->previous_master_key, is->master_key))
		config_wrong(wanted, problems, "master_key",
		             "\"master_key\" is another than the one in use, which has sealed the secrets in the database; name that "
		             "one in \"previous_master_key\"");
}

static void check_store(struct edition *next, struct problems *problems)
{
	struct error e;
	if (store_check(&next->config->store, &e) < 0)
		config_wrong(next->config, problems, "database", "%s", e.text);
}

static int read_next(const struct edition_options *options, struct catalog *catalog, const struct edition *started,
                     const struct edition *running, struct edition *next, struct config_changes *ret_changes, struct problems *problems)
{
	if (config_read_again(options->path, next->arena, catalog, &next->config, problems) < 0)
		return -1;
	keep_socket(options, next->config);
	edition_settle(options, next);
	config_compare(started->config, running->config, next->config, ret_changes);
	check_keys(next, running, problems);
	check_store(next, problems);
	return problems->count > 0 ? -1 : 0;
}

int edition_open_next(const struct edition_options *options, struct catalog *catalog, const struct edition *started,
                      const struct edition *running, struct edition **ret, struct config_changes *ret_changes, struct problems *problems)
{
	struct edition *next = new_edition();
	if (read_next(options, catalog, started, running, next, ret_changes, problems) < 0) {
		edition_close(&next);
		return -1;
	}
	*ret = next;
	return 0;
}

/* ---- what folders are told --------------------------------------------------------------------------------------------------- */

static const struct edition *edition_of(const struct shared *shared)
{
	return shared_value(shared);
}

/* Each watch keeps a child for itself: half of them are left to those who read. */
static int watches_most(const struct config *config)
{
	int half = config->catalog.children_most / 2;

	return config->watches < half ? config->watches : half;
}

struct workers_options edition_workers(struct shared *shared, struct store *store, struct catalog *catalog)
{
	const struct edition *edition = edition_of(shared);
	return (struct workers_options){
		.store = store,
		.catalog = catalog,
		.keys = edition->keys,
		.threads = edition->config->workers,
		.slow_threads = edition->config->slow_workers,
		.slow_after_ms = edition->config->slow_after_ms,
		.watches_most = watches_most(edition->config),
		.public_url = edition->config->public_url,
		.allow_private = edition->config->allow_private_addresses,
		.call_deadline_ms = edition->config->call_deadline_ms,
		.read_most_ms = edition->config->read_most_ms,
		.renames_settle_ms = edition->config->renames_settle_ms,
		.page_most = edition->config->page_most,
		.figures_every_ms = edition->config->figures_every_ms,
		.keeps = shared,
	};
}

struct deliver_options edition_deliver(struct shared *shared, struct store *store, struct catalog *catalog)
{
	const struct edition *edition = edition_of(shared);
	return (struct deliver_options){
		.store = store,
		.keep_ms = edition->config->audit_keep_ms,
		.stream = edition->config->audit_stream,
		.stream_socket = edition->config->audit_socket,
		.catalog = catalog,
		.keys = edition->keys,
		.allow_private = edition->config->allow_private_addresses,
		.public_url = edition->config->public_url,
		.roll_keys_ms = edition->config->roll_keys_ms,
		.keeps = shared,
	};
}

static int least(int a, int b)
{
	return a < b ? a : b;
}

static enum password_cost cost_of(const char *word)
{
	int i = 0;

	while (!text_equal(password_costs[i], word))
		i++; /* the table lets no other word in */
	return (enum password_cost)i;
}

/* Beside those who wait for directories, and one that waits for nobody. */
static int password_places(const struct config *config)
{
	int places = config->server.exchange_threads / 2 - 1;

	return places < 1 ? 1 : places;
}

void edition_endpoints(struct shared *shared, struct endpoints_options *options)
{
	const struct edition *edition = edition_of(shared);
	const struct config *config = edition->config;
	options->crypt_keys = edition->keys;
	options->administrators = config->administrators;
	options->public_url = config->public_url;
	options->allow_private = config->allow_private_addresses;
	options->link_deadline_ms = config->call_deadline_ms;
	options->outside_most = (config->server.exchange_threads + 1) / 2;
	options->links_most = least((config->catalog.children_most + 3) / 4, options->outside_most);
	options->scim_trace = text_equal(config->scim_trace, "off")	   ? SCIM_TRACE_OFF
			      : text_equal(config->scim_trace, "personal") ? SCIM_TRACE_PERSONAL
									   : SCIM_TRACE_REDACTED;
	options->return_to = config->return_to;
	options->attempt_ms = config->attempt_ms;
	options->session_idle_ms = config->session_idle_ms;
	options->session_most_ms = config->session_most_ms;
	options->password_cost = cost_of(config->password_cost);
	options->password_places = password_places(config);
	options->passwords_at_once = least(config->passwords_at_once, options->password_places);
	options->verify_stale_ms = config->verify_stale_ms;
	options->verify_lease_ms = text_equal(config->verify_when_stale, "lease") ? config->verify_lease_ms : 0;
	options->verify_sessions_most = config->verify_sessions_most;
	options->access_ms = config->access_ms;
	options->id_token_ms = config->id_token_ms;
	options->refresh_grace_ms = config->refresh_grace_ms;
	options->scim_per_second = config->scim_per_second;
	options->scim_burst = config->scim_burst;
	options->keeps = shared;
}

struct store_options edition_store(struct shared *shared)
{
	struct store_options options = edition_of(shared)->config->store;
	options.keeps = shared;
	return options;
}
