/* The order of starting and stopping, and nothing else. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/lease.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/shared.h"
#include "config.h"
#include "consult.h"
#include "deliver/deliver.h"
#include "edition.h"
#include "endpoints/endpoints.h"
#include "handed.h"
#include "http/server.h"
#include "keys.h"
#include "plugin/catalog.h"
#include "platform.h"
#include "problem.h"
#include "reload.h"
#include "restore.h"
#include "service.h"
#include "standalone.h"
#include "store/migrate.h"
#include "store/pool.h"
#include "store/probe.h"
#include "sync/domains.h"
#include "sync/workers.h"

/* What to do instead of serving; then we end. */
enum order { ORDER_NONE, ORDER_RESTORED, ORDER_MOVED, ORDER_FORGET_SECRETS };

/* How long the steps of starting and stopping may take before the service manager loses patience. A statement of a migration
 * may take an hour; what takes a moment has no step. */
enum {
	STEP_CLUSTER_MS = 300 * 1000,
	STEP_SCHEMA_MS = MIGRATE_STATEMENT_MS + MIGRATE_PATIENCE_MS,
	STEP_DECLARE_MS = 600 * 1000,
	STEP_RELOAD_MS = 900 * 1000, /* of which it may have to wait for others */
	STEP_MARGIN_MS = 30 * 1000,
};

/* How often an exchange may have to wait for the database before those behind it are looked at as stuck. */
enum { EXCHANGE_CALLS = 4 };

struct arguments {
	const char *config; /* NULL: the installed one, if there is one */
	const char *directory; /* of a standalone daemon; NULL: its usual place */
	bool standalone, check, doctor, json, details;
	enum order order;
};

/* What has been started, in the order of starting. Whatever is not NULL is stopped, in reverse. */
struct daemon {
	struct arena *arena;
	struct standalone *standalone; /* NULL: the database is somebody else's */
	struct edition_options how; /* to read the configuration */
	struct edition *edition;    /* the first, which `first` closes once there is one */
	struct shared *first;
	struct catalog *catalog;
	struct store *store;
	struct probe *probe;
	struct workers *workers;
	struct domains *domains;
	struct deliver *deliver;
	struct reload *reload;
	struct endpoints *endpoints;
	struct server_options listens;
	struct server *server, *monitors; /* NULL: monitors have no address of their own */
	struct service service;
	bool stuck; /* as far as was seen */
};

static const char usage[] =
	"usage: rosterd [--config FILE]\n"
	"       rosterd --standalone [DIR] [--config FILE]\n"
	"       rosterd --check-config [FILE]\n"
	"       rosterd --doctor [--json] [--standalone [DIR]] [--config FILE]\n"
	"       rosterd --restored | --moved | --forget-secrets [--standalone [DIR]] [--config FILE]\n"
	"\n"
	"  --config FILE          read this instead of " CONFIG_DIRECTORY "/rosterd.conf\n"
	"  --standalone [DIR]     start a private PostgreSQL and keep everything in DIR; stays in the foreground\n"
	"  --check-config [FILE]  say what is wrong with the configuration, all of it, and end\n"
	"  --doctor               say what is wrong with this installation, and end; --json: for programs\n"
	"  --details              with --doctor: the configuration without secrets, and figures of the database, as JSON\n"
	"  --restored             the database was restored from a back-up: revoke all tokens, end all runs, and end\n"
	"  --moved                the database was moved, and nobody served the original since: keep all, and end\n"
	"  --forget-secrets       the master key is lost: remove the secrets that it sealed, say which, and end\n"
	"  --version, --help\n"
	"\n"
	"rosterd stays in the foreground and ends with SIGTERM or SIGINT. rosterctl talks to it.\n";

/* --restored revokes and --moved keeps: who gives two of these has not answered. */
static void take_order(struct arguments *arguments, enum order order)
{
	if (arguments->order != ORDER_NONE && arguments->order != order) {
		fprintf(stderr, "rosterd: one of --restored, --moved and --forget-secrets is expected, not several\n");
		exit(EX_USAGE);
	}
	arguments->order = order;
}

/* The operand of an option that may go without one. */
static const char *operand(int argc, char **argv)
{
	return optind < argc && argv[optind][0] != '-' ? argv[optind++] : NULL;
}

static void read_arguments(int argc, char **argv, struct arguments *ret)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' }, { "standalone", no_argument, NULL, 's' },
		{ "check-config", no_argument, NULL, 'k' }, { "restored", no_argument, NULL, 'r' },
		{ "moved", no_argument, NULL, 'm' },        { "forget-secrets", no_argument, NULL, 'f' },
		{ "version", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },         { "doctor", no_argument, NULL, 'd' },
		{ "json", no_argument, NULL, 'j' },         { "details", no_argument, NULL, 'D' },
		{ 0 },
	};
	const char *file;
	int option;
	while ((option = getopt_long(argc, argv, "+c:h", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			ret->config = optarg;
			break;
		case 's':
			ret->standalone = true;
			ret->directory = operand(argc, argv);
			break;
		case 'k':
			ret->check = true;
			file = operand(argc, argv);
			ret->config = file ? file : ret->config;
			break;
		case 'd':
			ret->doctor = true;
			break;
		case 'j':
			ret->json = true;
			break;
		case 'D':
			ret->details = true;
			break;
		case 'r':
			take_order(ret, ORDER_RESTORED);
			break;
		case 'm':
			take_order(ret, ORDER_MOVED);
			break;
		case 'f':
			take_order(ret, ORDER_FORGET_SECRETS);
			break;
		case 'v':
			puts("rosterd " PACKAGE_VERSION);
			exit(0);
		case 'h':
			fputs(usage, stdout);
			exit(0);
		default:
			fputs(usage, stderr);
			exit(EX_USAGE);
		}
	}
	if (optind < argc) {
		fprintf(stderr, "rosterd: \"%s\" is not understood\n%s", argv[optind], usage);
		exit(EX_USAGE);
	}
}

/* ---- starting ------------------------------------------------------------------------------------------------------------- */

/* Nobody but root looks into our memory: no core, no ptrace, no /proc/self/mem for others of our user. */
static void close_the_curtains(void)
{
	prctl(PR_SET_DUMPABLE, 0);
	signal(SIGPIPE, SIG_IGN);
}

static int read_config(struct daemon *d, const struct arguments *arguments)
{
	struct problems problems;
	problems_open(&problems, d->arena);
	d->how = (struct edition_options){
		.path = arguments->config,
		.standalone = d->standalone,
		.keeps_socket = arguments->directory != NULL,
	};
	if (edition_open(&d->how, &d->edition, &d->catalog, &problems) < 0) {
		problems_print(&problems, stderr);
		return -1;
	}
	log_open(d->edition->config->log_form, d->edition->config->log_level);
	return 0;
}

/* The longest that one answer of the database can take. */
static int patience_ms(const struct config *config)
{
	return config->store.connect_timeout_ms + config->store.wait_timeout_ms + config->store.statement_timeout_ms;
}

/* Where we listen: what the configuration says, and what of it the service manager has opened. */
static int find_places(struct daemon *d, struct error *e)
{
	d->listens = d->edition->config->server;
	d->listens.stall_ms = EXCHANGE_CALLS * patience_ms(d->edition->config);
	return handed_take(&d->listens, d->arena, e);
}

/* The private database, if there is one; from then on the configuration is whole. */
static int settle(struct daemon *d, struct error *e)
{
	if (d->standalone) {
		service_step(STEP_CLUSTER_MS, "starting PostgreSQL");
		if (standalone_start(d->standalone, d->edition->config->schema, e) < 0)
			return -1;
	}
	edition_settle(&d->how, d->edition);
	if (edition_keys(d->edition, e) < 0)
		return -1;
	d->first = edition_share(d->edition);
	return 0;
}

static int open_store(struct daemon *d, struct error *e)
{
	const struct store_options options = edition_store(d->first);
	int applied = 0;
	service_step(STEP_SCHEMA_MS, "bringing the schema up to date");
	if (store_open(&options, &d->store, e) < 0 || migrate_apply(d->store, d->edition->config->schema, &applied, e) < 0)
		return -1;
	if (applied > 0)
		log_note(NULL, "brought the schema up by %d steps", applied);
	return 0;
}

/* Opens what the order needs, and carries it out. */
static int carry_out(struct daemon *d, const struct arguments *arguments, struct error *e)
{
	if (settle(d, e) < 0 || open_store(d, e) < 0)
		return -1;
	switch (arguments->order) {
	case ORDER_RESTORED:
		return restore_restored(d->store, stdout, e);
	case ORDER_MOVED:
		return restore_moved(d->store, stdout, e);
	case ORDER_FORGET_SECRETS:
		return keys_forget(d->store, d->edition->keys, stdout, e);
	case ORDER_NONE:
		break;
	}
	return 0;
}

static int open_workers(struct daemon *d, struct error *e)
{
	struct workers_options options = edition_workers(d->first, d->store, d->catalog);
	options.patience_ms = patience_ms(d->edition->config);
	return workers_open(&options, &d->workers, e);
}

static int open_domains(struct daemon *d, struct error *e)
{
	struct domains_options options = d->edition->config->domains;

	options.store = d->store;
	return domains_open(&options, &d->domains, e);
}

static int open_deliver(struct daemon *d, struct error *e)
{
	const struct deliver_options options = edition_deliver(d->first, d->store, d->catalog);

	return deliver_open(&options, &d->deliver, e);
}

static void open_reload(struct daemon *d)
{
	const struct reload_options options = {
		.edition = d->how,
		.first = d->first,
		.catalog = d->catalog,
		.store = d->store,
		.workers = d->workers,
		.deliver = d->deliver,
	};
	d->reload = reload_open(&options);
}

static int open_endpoints(struct daemon *d, struct error *e)
{
	struct endpoints_options options = {
		.store = d->store,
		.probe = d->probe,
		.catalog = d->catalog,
		.reloader = reload_reloader(d->reload),
		.version = PACKAGE_VERSION,
	};
	edition_endpoints(d->first, &options);
	if (endpoints_open(&options, &d->endpoints, e) < 0)
		return -1;
	reload_serves(d->reload, d->endpoints, &options);
	return 0;
}

/* The door for those who watch us is the last to close, so that they see the other one close. */
static int open_doors(struct daemon *d, struct error *e)
{
	struct server_handler handler = endpoints_handler(d->endpoints), monitors = endpoints_monitor_handler(d->endpoints);
	const struct server_options *watched = &d->edition->config->monitors;

	if (server_open(&d->listens, &handler, &d->server, e) < 0)
		return -1;
	endpoints_serve(d->endpoints, d->server);
	return watched->listen ? server_open(watched, &monitors, &d->monitors, e) : 0;
}

static int declare(struct daemon *d, struct error *e)
{
	service_step(STEP_DECLARE_MS, "taking the files of organisations");
	return reload_declare(d->edition, d->store, e);
}

static int start(struct daemon *d, struct error *e)
{
	if (settle(d, e) < 0 || open_store(d, e) < 0 || restore_check(d->store, e) < 0 ||
	    keys_check(d->store, d->edition->keys, e) < 0 || declare(d, e) < 0 || open_workers(d, e) < 0 ||
	    open_domains(d, e) < 0 || open_deliver(d, e) < 0 || probe_open(d->store, &d->probe, e) < 0)
		return -1;
	open_reload(d);
	if (open_endpoints(d, e) < 0 || open_doors(d, e) < 0)
		return -1;
	log_note(NULL, "ready: %s", d->edition->config->socket);
	service_ready("serving at %s", d->edition->config->socket);
	return 0;
}

/* ---- stopping --------------------------------------------------------------------------------------------------------------- */

static void close_doors(struct daemon *d, const struct config *config)
{
	if (d->server) {
		service_step(config->drain_ms + STEP_MARGIN_MS, "answering what has been asked");
		endpoints_serve(d->endpoints, NULL);
		server_close(&d->server, config->drain_ms);
	}
}

static void close_the_last_door(struct daemon *d)
{
	server_close(&d->monitors, 0);
	endpoints_close(&d->endpoints);
	probe_close(&d->probe);
}

/* To the end of a page. What takes long in the database is cut short and rolls back: a reconcile, whose run the next daemon takes
 * up, a purge, the sealer's work. A COMMIT that has begun is waited for. */
static void end_runs(struct daemon *d, const struct config *config)
{
	if (d->workers)
		service_step(config->call_deadline_ms + STEP_MARGIN_MS, "ending runs");
	domains_close(&d->domains);
	workers_close(&d->workers);
}

/* In the time that the newest edition gives. */
static void end_serving(struct daemon *d)
{
	scoped(shared) *held = reload_hold(d->reload);
	const struct edition *edition = shared_value(held);
	close_doors(d, edition->config);
	end_runs(d, edition->config);
}

static void close_edition(struct daemon *d)
{
	if (d->first)
		shared_close(&d->first);
	else
		edition_close(&d->edition);
}

/* Who asks first is answered; then nobody goes and sees any more; then the doors close. */
static void stop(struct daemon *d)
{
	service_stopping();
	if (d->reload)
		end_serving(d);
	domains_close(&d->domains); /* these were there before there was a way to reload */
	workers_close(&d->workers);
	deliver_close(&d->deliver);
	close_the_last_door(d);
	reload_close(&d->reload);
	store_close(&d->store);
	catalog_close(&d->catalog);
	close_edition(d);
	standalone_stop(&d->standalone);
	arena_close(&d->arena);
}

/* The signals that end us are taken by the main thread alone; threads and children are started with them blocked. */
static void block_signals(sigset_t *ret)
{
	sigemptyset(ret);
	sigaddset(ret, SIGTERM);
	sigaddset(ret, SIGINT);
	sigaddset(ret, SIGHUP);
	pthread_sigmask(SIG_BLOCK, ret, NULL);
}

static void reload(struct daemon *d)
{
	struct error e;
	service_reloading();
	service_step(STEP_RELOAD_MS, "reading the configuration again");
	if (reload_now(d->reload, &e) == 0)
		service_ready("the configuration was taken");
	else
		service_ready("the configuration was not taken: %s", e.text);
}

/* No sign of life while anything that matters is stuck: then the service manager ends us, and starts another. */
static void look_for_life(struct daemon *d)
{
	struct error e;
	bool stuck = lease_check(&e) < 0;

	if (stuck)
		service_status("stuck: %s", e.text);
	else
		service_lives();
	if (stuck && !d->stuck) {
		log_failure(NULL, LOG_LEVEL_ERROR, "gives no sign of life any more", &e);
	} else if (!stuck && d->stuck) {
		log_note(NULL, "everything moves again");
		service_status("everything moves again");
	}
	d->stuck = stuck;
}

/* 0: a signal said so. -1: our own PostgreSQL has ended, which nobody but our next start starts again. */
static int wait_for_the_end(struct daemon *d, const sigset_t *signals, struct error *e)
{
	int signal;
	while ((signal = service_wait(&d->service, signals)) == 0 || signal == SIGHUP) {
		if (d->standalone && standalone_check(d->standalone, e) < 0)
			return -1;
		if (signal == SIGHUP)
			reload(d);
		else
			look_for_life(d);
	}
	log_note(NULL, "%s: ending", signal == SIGINT ? "interrupted" : "terminated");
	return 0;
}

static int look_for_trouble(const struct arguments *arguments)
{
	const struct consult_options options = {
		.config = arguments->config,
		.directory = arguments->directory,
		.standalone = arguments->standalone,
		.json = arguments->json,
		.details = arguments->details,
	};

	return (int)consult(&options, stdout);
}

int main(int argc, char **argv)
{
	struct arguments arguments = { 0 };
	struct daemon d = { .arena = arena_open("daemon") };
	struct error e;
	sigset_t signals;

	read_arguments(argc, argv, &arguments);
	close_the_curtains();
	if (secret_start(&e) < 0) {
		log_failure(NULL, LOG_LEVEL_ERROR, "could not start", &e);
		return EX_SOFTWARE;
	}
	if (arguments.check) {
		stop(&d);
		return config_check(arguments.config, stdout);
	}

	if (arguments.doctor) {
		stop(&d);
		return look_for_trouble(&arguments);
	}

	service_open(&d.service);
	block_signals(&signals);
	if (arguments.standalone && standalone_enter(arguments.directory, &d.standalone, &e) < 0) {
		log_failure(NULL, LOG_LEVEL_ERROR, "could not start", &e);
		stop(&d);
		return EX_CANTCREAT;
	}
	if (read_config(&d, &arguments) < 0) {
		stop(&d);
		return EX_CONFIG;
	}
	if (find_places(&d, &e) < 0) {
		log_failure(NULL, LOG_LEVEL_ERROR, "could not start", &e);
		stop(&d);
		return EX_CONFIG;
	}
	int status = EX_UNAVAILABLE;
	if (arguments.order != ORDER_NONE) {
		status = carry_out(&d, &arguments, &e) == 0 ? 0 : EX_UNAVAILABLE;
		if (status != 0)
			log_failure(NULL, LOG_LEVEL_ERROR, "nothing was changed", &e);
	} else if (start(&d, &e) == 0) {
		status = wait_for_the_end(&d, &signals, &e) == 0 ? 0 : EX_UNAVAILABLE;
		if (status != 0)
			log_failure(NULL, LOG_LEVEL_ERROR, "ending", &e);
	} else {
		log_failure(NULL, LOG_LEVEL_ERROR, "could not start", &e);
	}
	stop(&d);
	return status;
}
