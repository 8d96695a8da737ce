/* The floor of a directory that pushes: reads a request, runs one prepared statement with a commit of its own on our tables, and
 * answers. Nothing is checked, nobody is asked who they are, nothing is parsed but what the statement needs.
 *
 *     scim_floor SOCKET CONNINFO CONNECTIONS ORGANISATION CONNECTION */
#include <libpq-fe.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { CONNECTIONS_MOST = 64, REQUEST_MOST = 1 << 20, ANSWER_MOST = 1 << 20 };

static PGconn *pool[CONNECTIONS_MOST];
static int pool_count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t back = PTHREAD_COND_INITIALIZER;
static const char *organisation, *connection;

static const struct {
	const char *name, *sql;
	int params;
} statements[] = {
	{ "create",
	  "WITH made AS (INSERT INTO scim_users AS r (organisation, connection, id, user_key, external_id, active, schemas, document) "
	  "VALUES ($1, $2, gen_random_uuid(), $3, NULL, true, '[]', $4::jsonb) RETURNING r.id, r.document), due AS (INSERT INTO scim_due "
	  "(organisation, connection, kind, id) SELECT $1, $2, 'user', id FROM made) SELECT id, document FROM made", 4 },
	{ "show", "SELECT id, document FROM scim_users WHERE organisation = $1 AND connection = $2 AND id = $3::uuid", 3 },
	{ "find", "SELECT id, document FROM scim_users WHERE organisation = $1 AND connection = $2 AND user_key = $3", 3 },
	{ "active",
	  "WITH changed AS (UPDATE scim_users r SET active = NOT active, modified_at = now(), version = version + 1, document = "
	  "jsonb_set(document, '{active}', to_jsonb(NOT active)) WHERE organisation = $1 AND connection = $2 AND id = $3::uuid RETURNING r.id, "
	  "r.document), due AS (INSERT INTO scim_due (organisation, connection, kind, id) SELECT $1, $2, 'user', id FROM changed) "
	  "SELECT id, document FROM changed", 3 },
	{ "member",
	  "WITH added AS (INSERT INTO scim_members (organisation, connection, group_id, member_id) VALUES ($1, $2, $3::uuid, $4::uuid) "
	  "ON CONFLICT DO NOTHING RETURNING group_id, member_id), due AS (INSERT INTO scim_due (organisation, connection, kind, id, member) "
	  "SELECT $1, $2, 'member_added', group_id, member_id FROM added), moved AS (UPDATE scim_groups SET version = version + 1, "
	  "modified_at = now() WHERE organisation = $1 AND connection = $2 AND id = $3::uuid AND EXISTS (SELECT FROM added)) "
	  "SELECT group_id, ''::text FROM added", 4 },
};

static PGconn *borrow(void)
{
	PGconn *taken;

	pthread_mutex_lock(&lock);
	while (pool_count == 0)
		pthread_cond_wait(&back, &lock);
	taken = pool[--pool_count];
	pthread_mutex_unlock(&lock);
	return taken;
}

static void give_back(PGconn *one)
{
	pthread_mutex_lock(&lock);
	pool[pool_count++] = one;
	pthread_cond_signal(&back);
	pthread_mutex_unlock(&lock);
}

static int run(const char *name, const char *const *params, int count, char *answer)
{
	PGconn *one = borrow();
	PGresult *result = PQexecPrepared(one, name, count, params, NULL, NULL, 0);
	int ok = PQresultStatus(result) == PGRES_TUPLES_OK;
	char text[ANSWER_MOST / 2];

	snprintf(text, sizeof(text), "{\"id\":\"%s\",\"document\":%s}", ok && PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "",
		 ok && PQntuples(result) > 0 ? PQgetvalue(result, 0, 1) : "null");
	if (!ok)
		fprintf(stderr, "# %s\n", PQerrorMessage(one));
	PQclear(result);
	give_back(one);
	return sprintf(answer, "HTTP/1.1 %d x\r\nContent-Type: application/scim+json\r\nContent-Length: %zu\r\n\r\n%s", ok ? 200 : 500, strlen(text),
		       text);
}

/* The text between two others, from there on; "" if it is not there. */
static char *between(char *from, const char *begin, const char *end, char *into, size_t size)
{
	char *at = strstr(from, begin), *stop = at ? strstr(at + strlen(begin), end) : NULL;

	snprintf(into, size, "%.*s", stop ? (int)(stop - at - (long)strlen(begin)) : 0, stop ? at + strlen(begin) : "");
	return into;
}

static int answer_one(char *request, char *body, char *answer)
{
	char first[256], second[256];
	const char *params[4] = { organisation, connection, first, second };

	if (strncmp(request, "POST", 4) == 0) {
		params[2] = between(body, "\"userName\":\"", "\"", first, sizeof(first));
		params[3] = body;
		return run("create", params, 4, answer);
	}
	if (strncmp(request, "PATCH", 5) == 0 && strstr(request, "/Groups/")) {
		between(request, "/Groups/", " ", first, sizeof(first));
		between(body, "\"value\":\"", "\"", second, sizeof(second));
		return run("member", params, 4, answer);
	}
	between(request, "/Users/", " ", first, sizeof(first));
	if (strncmp(request, "PATCH", 5) == 0)
		return run("active", params, 3, answer);
	if (first[0])
		return run("show", params, 3, answer);
	between(request, "eq%20%22", "%22", first, sizeof(first));
	return run("find", params, 3, answer);
}

static void *serve(void *of)
{
	int fd = (int)(long)of;
	char *request = malloc(REQUEST_MOST), *answer = malloc(ANSWER_MOST);
	size_t length = 0;

	for (;;) {
		ssize_t got = read(fd, request + length, REQUEST_MOST - 1 - length);
		char *end, *header;

		if (got <= 0)
			break;
		length += (size_t)got;
		request[length] = '\0';
		end = strstr(request, "\r\n\r\n");
		header = end ? strcasestr(request, "\r\nContent-Length:") : NULL;
		if (!end || length < (size_t)(end + 4 - request) + (header ? strtoul(header + 17, NULL, 10) : 0))
			continue;
		got = answer_one(request, end + 4, answer);
		if (write(fd, answer, (size_t)got) != got)
			break;
		length = 0;
	}
	close(fd);
	free(request);
	free(answer);
	return NULL;
}

static int prepare(const char *conninfo)
{
	PGconn *one = PQconnectdb(conninfo);
	char text[256];

	if (PQstatus(one) != CONNECTION_OK)
		return -1;
	snprintf(text, sizeof(text), "SET search_path = rosterd; SET rosterd.organisation = '%s'", organisation);
	PQclear(PQexec(one, text));
	for (size_t i = 0; i < sizeof(statements) / sizeof(*statements); i++) {
		PGresult *result = PQprepare(one, statements[i].name, statements[i].sql, statements[i].params, NULL);

		if (PQresultStatus(result) != PGRES_COMMAND_OK)
			return fprintf(stderr, "%s\n", PQerrorMessage(one)), -1;
		PQclear(result);
	}
	pool[pool_count++] = one;
	return 0;
}

int main(int argc, char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listening = socket(AF_UNIX, SOCK_STREAM, 0);

	if (argc != 6 || atoi(argv[3]) > CONNECTIONS_MOST)
		return 2;
	organisation = argv[4];
	connection = argv[5];
	for (int i = 0; i < atoi(argv[3]); i++)
		if (prepare(argv[2]) < 0)
			return 1;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", argv[1]);
	unlink(argv[1]);
	if (bind(listening, (const struct sockaddr *)&address, sizeof(address)) < 0 || listen(listening, 64) < 0)
		return 1;
	for (;;) {
		int fd = accept(listening, NULL, NULL);
		pthread_t thread;

		if (fd >= 0 && pthread_create(&thread, NULL, serve, (void *)(long)fd) == 0)
			pthread_detach(thread);
	}
}
