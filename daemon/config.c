/* The daemon's own settings: etc/rosterd.conf. */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "administrators.h"
#include "base/arena.h"
#include "base/password.h"
#include "base/secret.h"
#include "base/text.h"
#include "deliver/deliver.h"
#include "syntax.h"

enum {
	OWNER_CONNECTIONS = 2, /* migrations, and what the operator orders */
	/* The watch, the sweeper, the proving of domains, the sealer, the stream, the couriers and the heralds each need one at times, and must get it
	 * while every worker reconciles for long: a run whose daemon gives no sign of life is taken from it. One to spare. */
	BESIDE_WORKERS = 6 + DELIVER_COURIERS + DELIVER_HERALDS,
	DESCRIBE_DEADLINE_MS = 10000,
	MONITORS_CONNECTIONS = 32,
	MS = 1000,
};
#define DAY_MS (24LL * 3600 * MS)

/* What is read as one type and handed out as another. */
struct given {
	struct config config;
	const char *const *listen, *const *metrics_listen;
	const char *log_form, *log_level, *pooler;
	int idle_timeout_ms;
	uint64_t head_most;
};

#define USUAL_SOCKET "/run/rosterd/rosterd.sock"
#define AT(member)   offsetof(struct given, member)

static const struct setting top_rows[] = {
	{ "public_url", SETTING_URL, AT(config.public_url),
	  .about = "Where the world reaches rosterd: what links, redirects and metadata are made from." },
	{ "listen", SETTING_ADDRESSES, AT(listen), "127.0.0.1:8080",
	  .restart = true, .about = "Addresses and ports to listen on; { } for none but the socket." },
	{ "socket", SETTING_PATH, AT(config.socket), USUAL_SOCKET,
	  .restart = true, .about = "The Unix socket that rosterctl speaks to." },
	{ "socket_mode", SETTING_MODE, AT(config.server.unix_mode), "0660",
	  .restart = true, .about = "Who may open the socket, as chmod(1) has it." },
	{ "socket_group", SETTING_TEXT, AT(config.server.unix_group), .least = 1, .most = 32,
	  .restart = true, .about = "The group of the socket; the daemon's own if it is not set." },
	{ "trusted_proxies", SETTING_NETWORKS, AT(config.server.trusted_proxies),
	  .restart = true, .about = "Networks whose Forwarded and X-Forwarded-For headers are believed." },
	{ "admin_users", SETTING_TEXTS, AT(config.admin_users), "root",
	  .about = "System users who are operators when they come through the socket; the daemon's own user "
		   "always is." },
	{ "admin_groups", SETTING_TEXTS, AT(config.admin_groups),
	  .about = "System groups whose members are operators when they come through the socket." },
	{ "master_key", SETTING_SECRET, AT(config.master_key),
	  .about = "What seals the secrets in the database: 32 bytes, or 64 hexadecimal digits. Needed, "
		   "except with --standalone, which makes its own." },
	{ "previous_master_key", SETTING_SECRET, AT(config.previous_master_key),
	  .about = "The master key before the last change; still opens what it sealed." },
	{ "workers", SETTING_NUMBER, AT(config.workers), "2", .least = 1, .most = 64,
	  .about = "How many directories are read at the same time; of more than one, those of one organisation have at most half (rounded up), and runs of named people as many again." },
	{ "slow_workers", SETTING_NUMBER, AT(config.slow_workers), "2", .least = 0, .most = 64,
	  .about = "How many more, of directories that are slow (sync.slow_after) or were in trouble: these are read in such places alone, so that "
		   "nobody else waits for them. 0: they wait with everybody else." },
	{ "watches", SETTING_NUMBER, AT(config.watches), "8", .least = 0, .most = 256,
	  .about = "How many connections with \"watch\" this daemon waits for at the same time: a child each, and never more than half of "
		   "plugins.children." },
	{ "organisations", SETTING_PATH, AT(config.organisation_files.directory), CONFIG_DIRECTORY "/orgs.d",
	  .built_in = true, .about = "The folder with a *.conf file for each organisation." },
	{ 0 },
};

static const char *const pooler_words[] = { "none", "session", "transaction", NULL }; /* enum store_pooler */
static const struct setting database_rows[] = {
	{ "conninfo", SETTING_TEXT, AT(config.store.conninfo), "host=/var/run/postgresql dbname=rosterd",
	  .least = 1, .most = 1024,
	  .restart = true, .about = "Where PostgreSQL is, as libpq has it; without user and password." },
	{ "pooler", SETTING_WORD, AT(pooler), "none", .words = pooler_words,
	  .restart = true, .about = "What conninfo leads to: none (PostgreSQL itself), or a PgBouncer that shares its sessions by "
		   "session or by transaction." },
	{ "direct_conninfo", SETTING_TEXT, AT(config.store.direct_conninfo), .least = 1, .most = 1024,
	  .restart = true, .about = "Where PostgreSQL itself is, past the pooler, for what a pooler cannot carry (LISTEN). Needed with "
		   "transaction." },
	{ "owner_role", SETTING_TEXT, AT(config.store.role_names[STORE_OWNER]), "rosterd_owner", .least = 1,
	  .most = 63, .restart = true, .about = "The role that owns the schema and migrates it." },
	{ "request_role", SETTING_TEXT, AT(config.store.role_names[STORE_REQUEST]), "rosterd_request",
	  .least = 1, .most = 63, .restart = true, .about = "The role that serves requests, under row-level security." },
	{ "worker_role", SETTING_TEXT, AT(config.store.role_names[STORE_WORKER]), "rosterd_worker",
	  .least = 1, .most = 63, .restart = true, .about = "The role of the workers." },
	{ "owner_password", SETTING_SECRET, AT(config.store.passwords[STORE_OWNER]),
	  .about = "The password of owner_role; none for peer authentication." },
	{ "request_password", SETTING_SECRET, AT(config.store.passwords[STORE_REQUEST]),
	  .about = "The password of request_role; none for peer authentication." },
	{ "worker_password", SETTING_SECRET, AT(config.store.passwords[STORE_WORKER]),
	  .about = "The password of worker_role; none for peer authentication." },
	{ "schema", SETTING_PATH, AT(config.schema), SCHEMA_DIRECTORY, .built_in = true,
	  .restart = true, .about = "The folder with the steps that bring the schema up." },
	{ "request_connections", SETTING_NUMBER, AT(config.store.most[STORE_REQUEST]), "8", .least = 1,
	  .most = 1000, .about = "The most connections for requests." },
	{ "worker_connections", SETTING_NUMBER, AT(config.store.most[STORE_WORKER]), "8", .least = 2,
	  .most = 1000, .about = "The most connections of the workers and of the threads beside them; "
				 "never fewer than twelve more than there are workers of both kinds." },
	{ "connect_timeout", SETTING_DURATION, AT(config.store.connect_timeout_ms), "5s", .least = MS,
	  .most = 300 * MS, .restart = true, .about = "How long to wait until PostgreSQL answers." },
	{ "statement_timeout", SETTING_DURATION, AT(config.store.statement_timeout_ms), "30s", .least = MS,
	  .most = 3600 * MS, .restart = true, .about = "How long a statement of a request may take." },
	{ "wait_timeout", SETTING_DURATION, AT(config.store.wait_timeout_ms), "5s", .least = 1,
	  .most = 300 * MS, .restart = true, .about = "How long a request waits for a free connection." },
	{ 0 },
};

static const struct setting plugins_rows[] = {
	{ "directory", SETTING_PATH, AT(config.catalog.plugin_directory), PLUGIN_DIRECTORY, .built_in = true,
	  .restart = true, .about = "Where the plug-ins are." },
	{ "child", SETTING_PATH, AT(config.catalog.child_path), CHILD_PATH, .built_in = true,
	  .restart = true, .about = "The program that loads one plug-in, confined." },
	{ "children", SETTING_NUMBER, AT(config.catalog.children_most), "16", .least = 1, .most = 1000,
	  .about = "The most of these at the same time." },
	{ "memory", SETTING_SIZE, AT(config.catalog.child_memory_most), "512M", .least = 64 << 20,
	  .most = 64LL << 30, .about = "The address space that each may have." },
	{ "allow_private_addresses", SETTING_YES_NO, AT(config.allow_private_addresses), "yes",
	  .about = "Whether connections may reach loopback and private networks, where most LDAP directories "
		   "are: those of files and those that the operator made or allowed, no others; never the metadata "
		   "services of clouds." },
	{ 0 },
};

static const struct setting http_rows[] = {
	{ "threads", SETTING_NUMBER, AT(config.server.http_threads), "2", .least = 1, .most = 64,
	  .restart = true, .about = "Threads that read requests and send replies." },
	{ "exchanges", SETTING_NUMBER, AT(config.server.exchange_threads), "8", .least = 1, .most = 256,
	  .restart = true, .about = "Requests that are answered at the same time." },
	{ "connections", SETTING_NUMBER, AT(config.server.connections_most), "1000", .least = 1,
	  .most = 100000, .restart = true, .about = "The most connections in all." },
	{ "connections_per_address", SETTING_NUMBER, AT(config.server.connections_per_address_most), "100",
	  .least = 1, .most = 100000, .restart = true, .about = "The most connections from one address." },
	{ "waiting", SETTING_NUMBER, AT(config.server.waiting_most), "256", .least = 1, .most = 100000,
	  .restart = true, .about = "Requests that may wait to be answered; those above are told to come again." },
	{ "head", SETTING_SIZE, AT(head_most), "16k", .least = 4 << 10, .most = 1 << 20,
	  .restart = true, .about = "The most bytes of a request's line and headers." },
	{ "idle_timeout", SETTING_DURATION, AT(idle_timeout_ms), "30s", .least = MS, .most = 3600 * MS,
	  .restart = true, .about = "How long a connection may be silent, and a request take to arrive." },
	{ "drain", SETTING_DURATION, AT(config.drain_ms), "10s", .least = 0, .most = 600 * MS,
	  .about = "How long requests that have begun may take when the daemon stops." },
	{ 0 },
};

static const struct setting sync_rows[] = {
	{ "page", SETTING_NUMBER, AT(config.page_most), "1000", .least = 10, .most = 10000,
	  .about = "How many people to ask a directory for at a time." },
	{ "call_timeout", SETTING_DURATION, AT(config.call_deadline_ms), "2m", .least = MS, .most = 3600 * MS,
	  .about = "How long a plug-in may take for one page, or to say whether it works." },
	{ "read_timeout", SETTING_DURATION, AT(config.read_most_ms), "12h", .least = MS, .most = 7 * 24 * 3600 * MS,
	  .about = "How long a daemon reads one directory for a run; one that is not at its end by then has failed, and its worker is free." },
	{ "slow_after", SETTING_DURATION, AT(config.slow_after_ms), "30s", .least = MS, .most = 3600 * MS,
	  .about = "How long a directory may be read before it is slow, and its worker is another's who waits: it goes on in a place of slow_workers." },
	{ "renames_settle", SETTING_DURATION, AT(config.renames_settle_ms), "10m", .least = MS, .most = 24 * 3600 * MS,
	  .about = "How long a directory may take until its groups name somebody who was renamed by their new name; before that nobody leaves a group for it." },
	{ 0 },
};

#define DAY (24 * 3600 * INT64_C(1000))
static const struct setting domains_rows[] = {
	{ "dns_servers", SETTING_ADDRESSES, AT(config.domains.resolver.servers),
	  .restart = true, .about = "The name servers to ask, such as \"127.0.0.1:53\"; none: those of the machine (resolv.conf)." },
	{ "dns_timeout", SETTING_DURATION, AT(config.domains.resolver.timeout_ms), "5s", .least = MS / 10,
	  .most = 60 * MS, .restart = true, .about = "How long they may take to answer." },
	{ "recheck", SETTING_SCHEDULE, AT(config.domains.patience.recheck), "1d", .least = MS, .most = 30 * DAY,
	  .restart = true, .about = "How often to look whether a domain's record is still there, or never." },
	{ "lost_after", SETTING_SCHEDULE, AT(config.domains.patience.lost_after), "7d", .least = MS, .most = 365 * DAY,
	  .restart = true, .about = "How long a record may be missing before nobody is matched by the domain any more, or never. Name servers "
		   "that do not answer lose nothing." },
	{ "claim_expires", SETTING_SCHEDULE, AT(config.domains.patience.claim_expires), "14d", .least = MS,
	  .most = 365 * DAY, .restart = true, .about = "How long a claim may wait for its record, or never to give it up." },
	{ 0 },
};

static const struct setting guard_rows[] = {
	{ "remove_most", SETTING_NUMBER, AT(config.organisation_files.guard[GUARD_PEOPLE].most), "10", .least = 0,
	  .most = 1000000, .about = "How many people a run may take away before it is held for a person to look at." },
	{ "remove_share", SETTING_NUMBER, AT(config.organisation_files.guard[GUARD_PEOPLE].share), "5", .least = 0,
	  .most = 100, .about = "What percentage of all people a run may take away before it is held." },
	{ "remove_admins_most", SETTING_NUMBER, AT(config.organisation_files.guard[GUARD_ADMINS].most), "1", .least = 0,
	  .most = 1000000, .about = "How many admins a run may take away, or leave with a lesser role, before it is held." },
	{ "remove_admins_share", SETTING_NUMBER, AT(config.organisation_files.guard[GUARD_ADMINS].share), "20", .least = 0,
	  .most = 100, .about = "What percentage of all admins, likewise." },
	{ "remove_group_most", SETTING_NUMBER, AT(config.organisation_files.guard[GUARD_GROUP].most), "10", .least = 0,
	  .most = 1000000, .about = "How many members any one group may lose in a run before it is held; those who are gone altogether count as people." },
	{ "remove_group_share", SETTING_NUMBER, AT(config.organisation_files.guard[GUARD_GROUP].share), "50", .least = 0,
	  .most = 100, .about = "What percentage of the members of a group, likewise." },
	{ 0 },
};

static const char *const stream_words[] = { "none", "journal", "syslog", NULL };
static const struct setting audit_rows[] = {
	{ "stream", SETTING_WORD, AT(config.audit_stream), "none", .words = stream_words,
	  .restart = true, .about = "Where sealed entries of the audit are sent, without what is personal: none, journal or syslog "
		   "(RFC 5424)." },
	{ "socket", SETTING_PATH, AT(config.audit_socket),
	  .restart = true, .about = "The Unix datagram socket of that log, where it is not at its usual place." },
	{ "retention", SETTING_SCHEDULE, AT(config.audit_keep_ms), "never", .least = DAY_MS, .most = 36500 * DAY_MS,
	  .restart = true, .about = "How old entries become before they are let go, the oldest of each chain first; never: they are "
		   "kept." },
	{ 0 },
};

static const char *const form_words[] = { "plain", "journal", "json", NULL };
static const char *const level_words[] = { "error", "warning", "notice", "info", "debug", NULL };
static const struct setting log_rows[] = {
	{ "form", SETTING_WORD, AT(log_form), "plain", .words = form_words,
	  .about = "How lines look: plain, journal (with systemd's levels) or json." },
	{ "level", SETTING_WORD, AT(log_level), "notice", .words = level_words,
	  .about = "How much is told: error, warning, notice, info or debug." },
	{ 0 },
};

static const struct setting metrics_rows[] = {
	{ "listen", SETTING_ADDRESSES, AT(metrics_listen),
	  .restart = true, .about = "Addresses and ports where /metrics, /livez and /readyz are told to whoever comes, and nothing else "
		   "is: for a network of monitors alone." },
	{ "interval", SETTING_DURATION, AT(config.figures_every_ms), "15s", .least = MS, .most = 3600 * MS,
	  .about = "How often connections, runs and tokens are counted in the database." },
	{ 0 },
};

static const char *const trace_words[] = { "redacted", "personal", "off", NULL };
static const struct setting scim_rows[] = {
	{ "trace", SETTING_WORD, AT(config.scim_trace), "redacted", .words = trace_words,
	  .about = "What administrators are shown of the last requests of a directory that pushes: redacted (nothing secret, and nothing that "
		   "says who somebody is), personal (nothing secret) or off (nothing is kept)." },
	{ "requests_per_second", SETTING_NUMBER, AT(config.scim_per_second), "100", .least = 0, .most = 1000000,
	  .about = "How many requests a directory that pushes may make in the long run, each connection by itself; 0: as many as it likes." },
	{ "burst", SETTING_NUMBER, AT(config.scim_burst), "1000", .least = 1, .most = 1000000,
	  .about = "How many it may make at once after it was silent." },
	{ 0 },
};

static const struct setting sign_on_rows[] = {
	{ "return_to", SETTING_TEXTS, AT(config.return_to),
	  .about = "Where people may be sent when they are signed on or off: \"https://app.example/\" stands for all addresses that begin so, "
		   "\"https://app.example/home\" for itself and what is below it; the first is where they go unless it is said otherwise." },
	{ "attempt", SETTING_DURATION, AT(config.attempt_ms), "10m", .least = 60 * MS, .most = 3600 * MS,
	  .about = "How long somebody may take at the provider until they come back." },
	{ "session_idle", SETTING_DURATION, AT(config.session_idle_ms), "8h", .least = 300 * MS, .most = 24 * 24 * 3600 * MS,
	  .about = "How long a session counts that nobody uses." },
	{ "session_length", SETTING_DURATION, AT(config.session_most_ms), "1d", .least = 300 * MS, .most = 24 * 24 * 3600 * MS,
	  .about = "How long a session counts at most." },
	{ "password_cost", SETTING_WORD, AT(config.password_cost), "moderate", .words = password_costs,
	  .about = "What it costs to look at a password, or to guess one: interactive (64 MiB of memory), moderate (256 MiB) or sensitive (1 GiB). "
		   "Those that are kept are made anew when people sign on." },
	{ "passwords_at_once", SETTING_NUMBER, AT(config.passwords_at_once), "2", .least = 1, .most = 64,
	  .about = "How many passwords are looked at at the same time, each in as much memory; never more than half of http.exchanges." },
	{ 0 },
};

static const char *const stale_words[] = { "refuse", "lease", NULL };
static const struct setting verify_rows[] = {
	{ "stale_limit", SETTING_DURATION, AT(config.verify_stale_ms), "2s", .least = MS / 5, .most = 60 * MS,
	  .about = "How old what is answered from memory may be: if nothing was heard from the database for so long, nobody knows who is still signed in." },
	{ "when_stale", SETTING_WORD, AT(config.verify_when_stale), "refuse", .words = stale_words,
	  .about = "What gateways are told then: refuse (503, and let nobody in), or lease (what was known last, marked as old)." },
	{ "lease", SETTING_DURATION, AT(config.verify_lease_ms), "5m", .least = MS, .most = 3600 * MS,
	  .about = "How old that may be at most with when_stale = lease; whoever was let go meanwhile is let in for as long." },
	{ "sessions", SETTING_NUMBER, AT(config.verify_sessions_most), "100000", .least = 8, .most = 10000000,
	  .restart = true, .about = "How many sessions are kept in memory, of about 500 bytes each; those above are looked up in the database." },
	{ 0 },
};

static const struct setting applications_rows[] = {
	{ "access_token", SETTING_DURATION, AT(config.access_ms), "10m", .least = 60 * MS, .most = 24 * 3600 * MS,
	  .about = "How long an access token counts that an application is given; never beyond the session." },
	{ "id_token", SETTING_DURATION, AT(config.id_token_ms), "1h", .least = 60 * MS, .most = 24 * 3600 * MS,
	  .about = "How long an ID token counts." },
	{ "refresh_grace", SETTING_DURATION, AT(config.refresh_grace_ms), "10s", .least = 0, .most = 300 * MS,
	  .about = "How long after a token that refreshes was used an application may show it again, because it did not hear the answer; later, or once "
		   "the next one was used, all that it has is over." },
	{ "roll_keys", SETTING_SCHEDULE, AT(config.roll_keys_ms), "90d", .least = 2 * DAY, .most = 3650 * DAY,
	  .about = "How long a key signs before the next one does, or never: until somebody rolls it." },
	{ 0 },
};

static const char *const sections[] = { "database", "plugins", "http", "sign_on", "verify", "applications", "scim", "sync", "domains", "guard", "audit", "log", "metrics", NULL };
static const struct settings_form top = { "", top_rows, sections };
static const struct settings_form database = { "database", database_rows, NULL };
static const struct settings_form plugins = { "plugins", plugins_rows, NULL };
static const struct settings_form http = { "http", http_rows, NULL };
static const struct settings_form sign_on = { "sign_on", sign_on_rows, NULL };
static const struct settings_form verify = { "verify", verify_rows, NULL };
static const struct settings_form applications = { "applications", applications_rows, NULL };
static const struct settings_form scim = { "scim", scim_rows, NULL };
static const struct settings_form sync_form = { "sync", sync_rows, NULL };
static const struct settings_form domains_form = { "domains", domains_rows, NULL };
static const struct settings_form guard = { "guard", guard_rows, NULL };
static const struct settings_form audit = { "audit", audit_rows, NULL };
static const struct settings_form log_form = { "log", log_rows, NULL };
static const struct settings_form metrics = { "metrics", metrics_rows, NULL };
static const struct settings_form *const forms[] = {
	&top, &database, &plugins, &http, &sign_on, &verify, &applications, &scim, &sync_form, &domains_form, &guard, &audit, &log_form, &metrics, NULL,
};

const struct settings_form *const *config_forms(void)
{
	return forms;
}

/* The addresses, with the socket behind them. */
static void listen_on(struct config *config, const char *const *addresses)
{
	size_t count = 0;

	while (addresses[count] && !text_begins(addresses[count], "unix:"))
		count++;
	const char **listen = arena_array(config->arena, count + 2, sizeof(*listen));
	memcpy(listen, addresses, count * sizeof(*listen));
	listen[count] = arena_format(config->arena, "unix:%s", config->socket);
	config->server.listen = listen;
}

void config_keep_socket_in(struct config *config, const char *directory)
{
	if (!text_equal(config->socket, USUAL_SOCKET))
		return;
	config->socket = arena_format(config->arena, "%s/rosterd.sock", directory);
	listen_on(config, config->server.listen);
}

static enum store_pooler pooler_parse(const char *word)
{
	int i = 0;

	while (!text_equal(pooler_words[i], word))
		i++; /* the table lets no other word in */
	return (enum store_pooler)i;
}

/* What the table cannot say: the listeners' own words, and what takes no setting. */
static void fill_options(struct given *given)
{
	struct config *config = &given->config;

	listen_on(config, given->listen);
	config->server.idle_timeout_s = given->idle_timeout_ms / MS;
	config->server.head_most = given->head_most;

	config->monitors = (struct server_options){
		.listen = given->metrics_listen && given->metrics_listen[0] ? given->metrics_listen : NULL,
		.http_threads = 1,
		.exchange_threads = 1, /* never used: all is answered at once */
		.connections_most = MONITORS_CONNECTIONS,
		.connections_per_address_most = MONITORS_CONNECTIONS,
		.waiting_most = 1,
		.idle_timeout_s = config->server.idle_timeout_s,
		.head_most = given->head_most,
	};
	config->store.most[STORE_OWNER] = OWNER_CONNECTIONS;
	int workers = config->workers + config->slow_workers;

	if (config->store.most[STORE_WORKER] < workers + BESIDE_WORKERS)
		config->store.most[STORE_WORKER] = workers + BESIDE_WORKERS;
	config->store.application = "rosterd";
	config->store.pooler = pooler_parse(given->pooler);
	config->catalog.describe_deadline_ms = DESCRIBE_DEADLINE_MS;
	log_form_parse(given->log_form, &config->log_form);
	log_level_parse(given->log_level, &config->log_level);
}

static void check_listen(struct settings_reader *r, const struct syntax_section *file,
			 const struct given *given)
{
	size_t count = 0;

	while (given->listen[count])
		count++;
	if (count >= SERVER_LISTENS_MOST)
		problem_add(r->problems, r->file, file->line,
			    "\"listen\" has %zu addresses; at most %d are taken", count,
			    SERVER_LISTENS_MOST - 1);
}

static void check_return_to(struct settings_reader *r, const struct syntax_section *file, const struct given *given)
{
	for (const char *const *address = given->config.return_to; address && *address; address++)
		if (!text_begins(*address, "https://") && !text_begins(*address, "http://"))
			problem_add(r->problems, r->file, file->line,
				    "\"sign_on.return_to\" has \"%.200s\"; an address such as \"https://app.example/\" is expected", *address);
}

static void read_forms(struct settings_reader *r, const struct syntax_section *file, struct given *given)
{
	settings_read(r, &top, file, given);
	for (const struct settings_form *const *form = forms + 1; *form; form++) {
		const struct syntax_section *section = settings_section(r, file, (*form)->section);

		if (section)
			settings_read(r, *form, section, given);
	}
	check_listen(r, file, given);
	check_return_to(r, file, given);
}

/* The daemon's own file. What is wrong in it keeps its default, so that the other files can still be looked
 * at. */
static struct config *read_settings(const char *path, struct arena *arena, struct problems *problems)
{
	struct given *given = arena_take(arena, sizeof(*given));
	struct settings_reader r = { arena, path ? path : "rosterd.conf", problems, &given->config.secrets,
				     forms };
	const struct syntax_section *file;

	given->config.arena = arena;
	given->config.file = path;
	for (const struct settings_form *const *form = forms; *form; form++)
		settings_defaults(&r, *form, given);
	if (path && syntax_read(arena, path, &file, problems) == 0) {
		given->config.syntax = file;
		read_forms(&r, file, given);
	}
	fill_options(given);
	administrators_find(&r, given->config.syntax, given->config.admin_users, given->config.admin_groups,
			    &given->config.administrators);
	return &given->config;
}

/* The plug-ins' tables; without them the rest can still be checked. */
static void open_catalog(const struct config *config, const char *path, struct catalog **ret,
			 struct problems *problems)
{
	struct error e;

	if (catalog_open(&config->catalog, ret, &e) < 0)
		problem_add(problems, path ? path : "rosterd.conf", 0, "%s", e.text);
}

const char *config_installed_file(void)
{
	static const char path[] = CONFIG_DIRECTORY "/rosterd.conf";

	return access(path, F_OK) == 0 || errno != ENOENT ? path : NULL;
}

static void read_organisations(struct config *config, struct catalog *catalog, struct problems *problems)
{
	orgfile_read_all(config->arena, &config->organisation_files, catalog, &config->secrets,
			 &config->organisations, &config->organisation_count, problems);
}

void config_survey(const char *path, struct arena *arena, struct config **ret, struct catalog **ret_catalog,
		   struct problems *problems)
{
	size_t before = problems->count;

	if (!path)
		path = config_installed_file();
	*ret = read_settings(path, arena, problems);
	problems_sort(problems, before);
	*ret_catalog = NULL;
	open_catalog(*ret, path, ret_catalog, problems);
	read_organisations(*ret, *ret_catalog, problems);
}

int config_read(const char *path, struct arena *arena, struct config **ret, struct catalog **ret_catalog,
		struct problems *problems)
{
	scoped(catalog) *catalog = NULL;
	size_t before = problems->count;

	if (!path)
		path = config_installed_file();
	scoped(config) *config = read_settings(path, arena, problems);

	problems_sort(problems, before);
	if (ret_catalog)
		open_catalog(config, path, &catalog, problems);
	read_organisations(config, catalog, problems);
	if (problems->count > before)
		return -1;

	*ret = config;
	config = NULL;
	if (ret_catalog) {
		*ret_catalog = catalog;
		catalog = NULL;
	}
	return 0;
}

int config_read_again(const char *path, struct arena *arena, struct catalog *catalog, struct config **ret,
		      struct problems *problems)
{
	size_t before = problems->count;

	scoped(config) *config = read_settings(path ? path : config_installed_file(), arena, problems);

	problems_sort(problems, before);
	read_organisations(config, catalog, problems);
	if (problems->count > before)
		return -1;
	*ret = config;
	config = NULL;
	return 0;
}

/* ---- two readings ---- */

static size_t count_rows(void)
{
	size_t count = 0;

	for (const struct settings_form *const *form = forms; *form; form++)
		for (const struct setting *row = (*form)->rows; row->name; row++)
			count++;
	return count;
}

/* The structs are the first member of a struct given, which the rows are about. */
void config_compare(const struct config *started, const struct config *running, struct config *next,
		    struct config_changes *ret)
{
	const char **taken = arena_array(next->arena, count_rows() + 1, sizeof(*taken));
	const char **restart = arena_array(next->arena, count_rows() + 1, sizeof(*restart));

	ret->taken = taken;
	ret->restart = restart;
	for (const struct settings_form *const *form = forms; *form; form++) {
		for (const struct setting *row = (*form)->rows; row->name; row++) {
			const char *section = (*form)->section;

			if (settings_same(row, row->restart ? started : running, next))
				continue;
			*(row->restart ? restart++ : taken++) =
				*section ? arena_format(next->arena, "%s.%s", section, row->name) : row->name;
			if (row->restart)
				settings_copy(row, started, next);
		}
	}
}

void config_wrong(const struct config *config, struct problems *problems, const char *setting, const char *fmt, ...)
{
	const char *text;
	va_list args;

	va_start(args, fmt);
	text = arena_formatv(config->arena, fmt, args);
	va_end(args);
	problem_add(problems, config->file ? config->file : "rosterd.conf",
		    config->syntax ? settings_line(config->syntax, setting) : 0, "%s", text);
}

void config_close(struct config **config)
{
	if (*config)
		settings_secrets_close(&(*config)->secrets);
	*config = NULL;
}

static void print_ok(const char *path, const struct config *config, FILE *to)
{
	size_t connections = 0;

	for (size_t i = 0; i < config->organisation_count; i++)
		connections += config->organisations[i].connection_count;
	fprintf(to, "%s: ok (%zu organisations, %zu connections)\n", path, config->organisation_count,
		connections);
}

int config_check(const char *path, FILE *to)
{
	scoped(arena) *arena = arena_open("check-config");
	scoped(config) *config = NULL;
	scoped(catalog) *catalog = NULL;
	struct problems *problems = arena_take(arena, sizeof(*problems));

	problems_open(problems, arena);
	if (!path)
		path = config_installed_file();
	if (config_read(path, arena, &config, &catalog, problems) < 0) {
		problems_print(problems, to);
		return 1;
	}
	print_ok(path ? path : "rosterd.conf", config, to);
	return 0;
}
