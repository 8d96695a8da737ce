/* Starts the pieces as main does, with plug-ins that need no child (fake_plugins). */
#include "flows/api.h"
#include "flows/described.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/crypt.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/text.h"
#include "endpoints/endpoints.h"
#include "http/server.h"
#include "peers/postgres.h"
#include "plugin/catalog.h"
#include "store/migrate.h"
#include "store/pool.h"
#include "store/probe.h"
#include "store/query.h"
#include "store/transaction.h"

enum { PATH_SIZE = 100, REPLY_MOST = 4 << 20 };

const char *const api_roles[4] = { "owner", "admin", "member", "viewer" };

static struct arena *arena;
static struct store *store;
static struct probe *probe;
static struct catalog *catalog;
static struct crypt_keys *keys;
static struct endpoints *endpoints;
static struct server *server;
static char socket_path[PATH_SIZE];
static uid_t me;
static const char *source_address = "127.0.0.1";

static void must(int result, const char *what, const struct error *e)
{
	if (result >= 0)
		return;
	fprintf(stderr, "Bail out! %s: %s [%s] (%s)\n", what, e->text, e->code, e->detail);
	exit(1);
}

static const char *source(const char *path)
{
	const char *top = getenv("SRCDIR");

	return arena_format(arena, "%s/%s", top ? top : ".", path);
}

static void start_database(void)
{
	struct error e = { 0 };
	struct store_options options = {
		.role_names = { "rosterd_owner", "rosterd_request", "rosterd_worker" },
		.most = { 2, 4, 2 },
		.connect_timeout_ms = 10000,
		.statement_timeout_ms = 20000,
		.wait_timeout_ms = 5000,
		.application = "rosterd-test",
	};

	postgres_start(NULL);
	options.conninfo = arena_format(arena, "host=%s dbname=rosterd", postgres_host());
	if (system(arena_format(arena, "psql -X -q -h '%s' -U postgres -d postgres -f '%s' >/dev/null",
				postgres_host(), source("schema/roles.sql"))) != 0)
		must(-1, "psql", &e);
	must(store_open(&options, &store, &e), "store", &e);
	must(migrate_apply(store, source("schema"), NULL, &e), "migrate", &e);
}

static void start_endpoints(void)
{
	struct error e = { 0 };
	scoped(secret) *master = secret_take("0123456789abcdef0123456789abcdef", CRYPT_MASTER_KEY_SIZE);
	struct catalog_options catalog_options = { .plugin_directory = "fake" };
	struct endpoints_options options = {
		.verify_stale_ms = 2000,
		.verify_sessions_most = 1000,
		.administrators = { .users = &me, .user_count = 1 },
		.public_url = "https://roster.example",
		.version = "test",
		.link_deadline_ms = 1000,
		.outside_most = 2,
	};

	me = getuid();
	must(crypt_keys_open(master, NULL, &keys, &e), "keys", &e);
	must(catalog_open(&catalog_options, &catalog, &e), "catalog", &e);
	must(probe_open(store, &probe, &e), "probe", &e);
	options.store = store;
	options.probe = probe;
	options.catalog = catalog;
	options.crypt_keys = keys;
	must(endpoints_open(&options, &endpoints, &e), "endpoints", &e);
}

static void start_server(void)
{
	static const char *listen[3] = { "127.0.0.1:0" };
	static const char *const trusted[] = { API_PROXY, NULL };
	struct error e = { 0 };
	struct server_handler handler = endpoints_handler(endpoints);
	struct server_options options = {
		.listen = listen,
		.unix_mode = 0600,
		.trusted_proxies = trusted,
		.http_threads = 1,
		.exchange_threads = 2,
		.connections_most = 50,
		.connections_per_address_most = 50,
		.waiting_most = 50,
		.idle_timeout_s = 30,
		.head_most = 32768,
	};

	snprintf(socket_path, sizeof(socket_path), "/tmp/rosterd-api-%ld.sock", (long)getpid());
	listen[1] = arena_format(arena, "unix:%s", socket_path);
	must(server_open(&options, &handler, &server, &e), "server", &e);
	endpoints_serve(endpoints, server);
}

int api_start(void **state)
{
	struct error e = { 0 };

	(void)state;
	arena = arena_open("test");
	log_open(LOG_PLAIN, getenv("TEST_DEBUG") ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR);
	must(secret_start(&e), "secret", &e);
	described_open(source("schema/openapi.yaml"));
	start_database();
	start_endpoints();
	start_server();
	return 0;
}

int api_stop(void **state)
{
	(void)state;
	server_close(&server, 5000);
	endpoints_close(&endpoints);
	probe_close(&probe);
	catalog_close(&catalog);
	crypt_keys_close(&keys);
	store_close(&store);
	postgres_stop();
	unlink(socket_path);
	arena_close(&arena);
	return 0;
}

/* ---- one request ---- */

void api_from(const char *address)
{
	source_address = address;
}

static void bind_source(int fd)
{
	struct sockaddr_in from = { .sin_family = AF_INET };

	assert_int_equal(inet_pton(AF_INET, source_address, &from.sin_addr), 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof(from)), 0);
}

static int dial(bool over_unix)
{
	struct sockaddr_un local = { .sun_family = AF_UNIX };
	struct sockaddr_in remote = { .sin_family = AF_INET,
				      .sin_port = htons((uint16_t)server_port(server, 0)) };
	int fd = socket(over_unix ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int result;

	remote.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	snprintf(local.sun_path, sizeof(local.sun_path), "%s", socket_path);
	if (!over_unix)
		bind_source(fd);
	result = over_unix ? connect(fd, (struct sockaddr *)&local, sizeof(local))
			   : connect(fd, (struct sockaddr *)&remote, sizeof(remote));
	assert_int_equal(result, 0);
	return fd;
}

static void send_all(int fd, const char *text)
{
	size_t left = strlen(text);

	while (left > 0) {
		ssize_t sent = send(fd, text, left, MSG_NOSIGNAL);

		assert_true(sent > 0);
		text += sent;
		left -= (size_t)sent;
	}
}

static char *receive_all(int fd, struct arena *into)
{
	char *text = arena_take(into, REPLY_MOST + 1);
	size_t length = 0;
	ssize_t got;

	while ((got = recv(fd, text + length, REPLY_MOST - length, 0)) > 0)
		length += (size_t)got;
	assert_true(got == 0 && length > 0 && length < REPLY_MOST);
	return text;
}

static struct answer read_answer(char *text)
{
	struct answer answer = { .head = text };
	struct json *body;
	char *end = strstr(text, "\r\n\r\n");

	assert_non_null(end);
	assert_int_equal(sscanf(text, "HTTP/1.1 %d", &answer.status), 1);
	*end = '\0';
	answer.text = end + 4;
	if (*answer.text && json_parse(arena, answer.text, strlen(answer.text), &body, NULL) == 0)
		answer.body = body;
	return answer;
}

static char *exchange(struct arena *into, const char *token, const char *header, const char *method,
		      const char *path, const char *body)
{
	int fd = dial(token == NULL);
	const char *bearer = token && *token ? arena_format(into, "Authorization: Bearer %s\r\n", token) : "";
	const char *own = header ? arena_format(into, "%s\r\n", header) : "";
	const char *about =
		body ? arena_format(into, "%sContent-Length: %zu\r\n",
				    header && text_begins(header, "Content-Type:") ? "" : "Content-Type: application/json\r\n",
				    strlen(body))
		     : "Content-Length: 0\r\n";
	char *text;

	send_all(fd,
		 arena_format(into,
			      "%s %s HTTP/1.1\r\nHost: roster.example\r\nConnection: close\r\n%s%s%s\r\n%s",
			      method, path, bearer, own, about, body ? body : ""));
	text = receive_all(fd, into);
	close(fd);
	return text;
}

struct answer api_call_with(const char *token, const char *header, const char *method, const char *path,
			    const char *body)
{
	struct answer answer = read_answer(exchange(arena, token, header, method, path, body));

	described_check(method, path, answer.status);
	return answer;
}

int api_post(const char *header, const char *path, const char *body)
{
	scoped(arena) *own = arena_open("beside");
	int status = 0;

	sscanf(exchange(own, NULL, header, "POST", path, body), "HTTP/1.1 %d", &status);
	return status;
}

int api_status(const char *token, const char *method, const char *path, const char *body)
{
	scoped(arena) *own = arena_open("beside");
	int status = 0;

	sscanf(exchange(own, token, NULL, method, path, body), "HTTP/1.1 %d", &status);
	return status;
}

struct answer api_call(const char *token, const char *method, const char *path, const char *body)
{
	return api_call_with(token, NULL, method, path, body);
}

/* ---- what came back ---- */

void api_expect(const char *what, struct answer answer, int status, const char *code)
{
	const char *given = api_text(answer, "code");

	if (answer.status == status && (!code || text_equal(code, given)))
		return;
	fail_msg("%s\n# wanted %d %s\n# got    %d %s", what, status, code ? code : "", answer.status,
		 answer.text);
}

static const struct json *go_to(struct answer answer, const char *path)
{
	const struct json *at = answer.body;
	char part[100];

	while (at && *path) {
		size_t span = strcspn(path, "/");

		snprintf(part, sizeof(part), "%.*s", (int)span, path);
		at = json_is_array(at) ? json_at(at, (size_t)atoi(part)) : json_member(at, part);
		path += span + (path[span] == '/');
	}
	return at;
}

const char *api_text(struct answer answer, const char *path)
{
	return json_text(go_to(answer, path));
}

int64_t api_int(struct answer answer, const char *path)
{
	return json_int(go_to(answer, path));
}

bool api_bool(struct answer answer, const char *path)
{
	const struct json *value = go_to(answer, path);

	assert_true(value && json_is_bool(value));
	return json_bool(value);
}

size_t api_count(struct answer answer, const char *path)
{
	const struct json *value = go_to(answer, path);

	assert_true(value && (json_is_array(value) || json_is_object(value)));
	return json_count(value);
}

const char *api_format(const char *fmt, ...)
{
	va_list args;
	const char *text;

	va_start(args, fmt);
	text = arena_formatv(arena, fmt, args);
	va_end(args);
	return text;
}

/* ---- a cast ---- */

static const char *make_member(const char *slug, const char *role, const char *given)
{
	struct answer answer =
		api_call(NULL, "POST", api_format("/v1/organisations/%s/members", slug),
			 api_format("{\"name\":\"The %s\",\"email\":\"%s@%s.example\",\"role\":\"%s\"}", role,
				    role, slug, given));

	EXPECT(answer, 201, NULL);
	return api_text(answer, "id");
}

static const char *make_token(const char *slug, const char *member)
{
	struct answer answer = api_call(NULL, "POST", api_format("/v1/organisations/%s/tokens", slug),
					api_format("{\"name\":\"speaker\",\"member\":\"%s\"}", member));

	EXPECT(answer, 201, NULL);
	return api_text(answer, "token");
}

struct cast api_cast(const char *slug)
{
	struct cast cast = { .organisation = slug };

	EXPECT(api_call(NULL, "POST", "/v1/organisations",
			api_format("{\"name\":\"The %s\",\"slug\":\"%s\",\"type\":\"enterprise\"}", slug,
				   slug)),
	       201, NULL);
	for (size_t i = 0; i < 4; i++)
		cast.ids[i] = make_member(slug, api_roles[i], i == 0 ? "member" : api_roles[i]);
	EXPECT(api_call(NULL, "POST", api_format("/v1/organisations/%s/owner", slug),
			api_format("{\"member\":\"%s\"}", cast.ids[0])),
	       200, NULL);
	for (size_t i = 0; i < 4; i++)
		cast.tokens[i] = make_token(slug, cast.ids[i]);
	return cast;
}

const char *api_sql(const char *statements)
{
	scoped(tx) *tx = NULL;
	struct error e = { 0 };
	const char *first = "";
	char *copy = arena_text(arena, statements), *next = NULL;

	must(tx_begin(store, STORE_OWNER, &tx, &e), "sql", &e);
	for (char *one = strtok_r(copy, ";", &next); one; one = strtok_r(NULL, ";", &next)) {
		struct query query = { "test.sql", one, QUERY_KEEPS, QUERY_ONCE };
		const struct rows *rows;

		must(query_run(tx, &query, NO_PARAMS, arena, &rows, &e), one, &e);
		if (rows_count(rows) > 0)
			first = rows_text(rows, 0, 0);
	}
	must(tx_commit(&tx, &e), "sql", &e);
	return first;
}

const char *api_attempt(enum store_role role, const char *organisation, const char *statement)
{
	struct query query = { "test.attempt", statement, QUERY_BOTH, QUERY_ONCE };
	scoped(tx) *tx = NULL;
	struct error e = { 0 };
	struct id id;

	assert_int_equal(id_parse(organisation, &id), 0);
	must(tx_begin(store, role, &tx, &e), "attempt", &e);
	must(tx_for(tx, &id, &e), "attempt", &e);
	if (query_write(tx, &query, NO_PARAMS, NULL, &e) == 0 && tx_commit(&tx, &e) == 0)
		return "";
	return tx && *tx_constraint(tx) ? api_format("%s", tx_constraint(tx)) : api_format("%s", e.code);
}

struct store *api_store(void)
{
	return store;
}

static struct tx *held;

void api_hold(const char *statement)
{
	struct query query = { "test.hold", statement, QUERY_KEEPS, QUERY_ONCE };
	struct error e = { 0 };

	must(tx_begin(store, STORE_OWNER, &held, &e), "hold", &e);
	must(query_write(held, &query, NO_PARAMS, NULL, &e), statement, &e);
}

void api_release(void)
{
	tx_close(&held);
}

void api_await(const char *statement, const char *wanted)
{
	enum { TRIES = 3000 };

	for (int i = 0; i < TRIES; i++) {
		if (text_equal(api_sql(statement), wanted))
			return;
		api_sql("SELECT pg_sleep(0.01)::text");
	}
	fail_msg("it never came about: %s", statement);
}

size_t api_audited(const char *organisation, const char *action)
{
	struct answer answer =
		api_call(NULL, "GET",
			 api_format("/v1/organisations/%s/audit?limit=1000&action=%s", organisation, action),
			 NULL);

	EXPECT(answer, 200, NULL);
	return api_count(answer, "items");
}
