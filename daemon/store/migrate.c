/* Brings the schema to what this daemon needs: numbered files in order, each once. */
#include "store/migrate.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/crypt.h"
#include "base/log.h"
#include "base/text.h"
#include "store/connection.h"
#include "store/query.h"
#include "store/transaction.h"

#include "platform.h"

enum { VERSION_MOST = 24, LOCK_KEY = 0x726f7374 /* "rost" */, PAUSE_FIRST_MS = 100, PAUSE_MOST_MS = 2000 };

struct script {
	int number;
	const char *name, *text;
	size_t size;
	char oldest[VERSION_MOST];
	uint8_t digest[CRYPT_DIGEST_SIZE];
};

struct scripts {
	const char *directory;
	struct script *all;
	size_t count;
};

static int refuse(const struct scripts *s, struct error *e, const char *code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static int refuse(const struct scripts *s, struct error *e, const char *code, const char *fmt, ...)
{
	char what[ERROR_TEXT_MOST];
	va_list args;

	va_start(args, fmt);
	vsnprintf(what, sizeof what, fmt, args);
	va_end(args);
	return error_set(e, ERROR_PRECONDITION, code, "%s/%s", s->directory, what);
}

/* ---- versions ---- */

/* "1.20.3", and nothing behind it. */
static int parse_version(const char *text, int ret[3])
{
	int end = 0;

	if (sscanf(text, "%3d.%3d.%3d%n", &ret[0], &ret[1], &ret[2], &end) != 3 || text[end])
		return -1;
	return 0;
}

static bool is_newer(const char *version, const char *than)
{
	int a[3] = { 0 }, b[3] = { 0 };

	parse_version(version, a);
	parse_version(than, b);
	for (int i = 0; i < 3; i++)
		if (a[i] != b[i])
			return a[i] > b[i];
	return false;
}

/* ---- the files ---- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* 1: NNNN_name.sql. 0: not ours. -1: looks like one and is not. */
static int parse_name(const char *name, int *ret_number)
{
	size_t length = strlen(name), good = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");

	if (!is_digit(name[0]) || !text_ends(name, ".sql"))
		return 0;
	if (strspn(name, "0123456789") != 4 || name[4] != '_' || good != length - strlen(".sql") || good < 6)
		return -1;
	*ret_number = atoi(name);
	return *ret_number > 0 ? 1 : -1;
}

static int read_all(int fd, char *to, size_t size)
{
	while (size > 0) {
		ssize_t got = read(fd, to, size);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return -1;
		to += got;
		size -= (size_t)got;
	}
	return 0;
}

static int read_script(const struct scripts *s, int directory, struct arena *arena, struct script *script,
                       struct error *e)
{
	struct stat st;
	int fd = openat(directory, script->name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return refuse(s, e, "schema.files", "%s: cannot be read: %s", script->name, strerror(errno));

	int result = fstat(fd, &st);
	if (result == 0 && (!S_ISREG(st.st_mode) || st.st_size > MIGRATE_FILE_MOST)) {
		close(fd);
		return refuse(s, e, "schema.files", "%s: is no regular file of at most %d bytes", script->name,
		              MIGRATE_FILE_MOST);
	}
	script->size = (size_t)st.st_size;
	char *text = arena_take(arena, script->size + 1);
	result = result < 0 ? -1 : read_all(fd, text, script->size);
	script->text = text;
	close(fd);
	return result < 0 ? refuse(s, e, "schema.files", "%s: cannot be read", script->name) : 0;
}

static int read_oldest(const struct scripts *s, struct script *script, struct error *e)
{
	static const char label[] = "-- oldest: ";
	const char *version = script->text + strlen(label);
	int numbers[3];
	size_t length;

	if (!text_begins(script->text, label) || (length = strcspn(version, "\r\n")) >= VERSION_MOST)
		return refuse(s, e, "schema.files", "%s:1: the first line must be \"-- oldest: VERSION\"",
		              script->name);
	memcpy(script->oldest, version, length);
	if (parse_version(script->oldest, numbers) < 0)
		return refuse(s, e, "schema.files", "%s:1: \"%s\" is no version such as 0.1.0", script->name,
		              script->oldest);
	return 0;
}

static int check_script(const struct scripts *s, struct script *script, struct error *e)
{
	if (!text_is_utf8(script->text, script->size))
		return refuse(s, e, "schema.files", "%s: is not UTF-8", script->name);
	if (read_oldest(s, script, e) < 0)
		return -1;
	crypt_sha256(script->text, script->size, script->digest);
	return 0;
}

static int by_number(const void *a, const void *b)
{
	const struct script *one = a, *other = b;

	return one->number != other->number ? one->number - other->number : strcmp(one->name, other->name);
}

static int check_order(const struct scripts *s, struct error *e)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct script *script = &s->all[i];
		int expected = (int)i + 1;

		if (i > 0 && script->number == script[-1].number)
			return refuse(s, e, "schema.files", "%s: has the same number as \"%s\"", script->name,
			              script[-1].name);
		if (script->number != expected)
			return refuse(s, e, "schema.files",
			              "%s: comes where %04d_*.sql is expected; a file is missing",
			              script->name, expected);
	}
	return 0;
}

static int list_scripts(DIR *dir, struct arena *arena, struct scripts *s, struct error *e)
{
	struct dirent *entry;

	s->all = arena_array(arena, MIGRATE_FILES_MOST, sizeof *s->all);
	while ((entry = readdir(dir))) {
		int number, ours = parse_name(entry->d_name, &number);

		if (ours < 0)
			return refuse(s, e, "schema.files", "%s: is not called NNNN_name.sql", entry->d_name);
		if (ours > 0 && s->count == MIGRATE_FILES_MOST)
			return refuse(s, e, "schema.files", "%s: there are more than %d files", entry->d_name,
			              MIGRATE_FILES_MOST);
		if (ours > 0)
			s->all[s->count++] =
				(struct script){ .number = number, .name = arena_text(arena, entry->d_name) };
	}
	qsort(s->all, s->count, sizeof *s->all, by_number);
	if (s->count == 0)
		return refuse(s, e, "schema.files", "0001_*.sql: there is no such file");
	return check_order(s, e);
}

static int load_scripts(const char *directory, struct arena *arena, struct scripts *ret, struct error *e)
{
	*ret = (struct scripts){ .directory = directory };

	DIR *dir = opendir(directory);
	if (!dir)
		return error_set(e, ERROR_PRECONDITION, "schema.files",
		                 "the schema's files cannot be read from \"%s\": %s", directory,
		                 strerror(errno));

	int result = list_scripts(dir, arena, ret, e);
	for (size_t i = 0; result == 0 && i < ret->count; i++)
		if (read_script(ret, dirfd(dir), arena, &ret->all[i], e) < 0 ||
		    check_script(ret, &ret->all[i], e) < 0)
			result = -1;
	closedir(dir);
	return result;
}

/* ---- what the database has ---- */

static const struct query find_table = {
	"migrate.table", "SELECT to_regclass('rosterd.migrations') IS NOT NULL", QUERY_READS, QUERY_ONCE,
};
static const struct query list_applied = {
	"migrate.applied",
	"SELECT number, name, sha256, oldest_daemon FROM rosterd.migrations ORDER BY number",
	QUERY_READS, QUERY_ONCE,
};

static int check_age(const char *name, const char *oldest, struct error *e)
{
	if (!is_newer(oldest, PACKAGE_VERSION))
		return 0;
	return error_set(
		e, ERROR_PRECONDITION, "schema.new",
		"the database's schema (%s) needs rosterd %s or newer, this is %s: install the newer one",
		name, oldest, PACKAGE_VERSION);
}

int migrate_check_age(const char *oldest, struct error *e)
{
	return check_age("its newest part", oldest, e);
}

static int check_applied(const struct scripts *s, const struct rows *rows, size_t row, struct error *e)
{
	const char *name = rows_text(rows, row, 1);
	size_t size;
	const void *digest = rows_bytes(rows, row, 2, &size);

	if (check_age(name, rows_text(rows, row, 3), e) < 0)
		return -1;
	if (rows_int(rows, row, 0) != (int64_t)row + 1)
		return error_set(e, ERROR_PRECONDITION, "schema.changed",
		                 "rosterd.migrations has \"%s\" where number %zu is expected", name, row + 1);
	if (row >= s->count)
		return 0;
	if (!text_equal(name, s->all[row].name))
		return refuse(s, e, "schema.changed", "%s: the database has \"%s\" under this number",
		              s->all[row].name, name);
	if (size != CRYPT_DIGEST_SIZE || memcmp(digest, s->all[row].digest, size) != 0)
		return refuse(s, e, "schema.changed",
		              "%s: was applied and has changed since; put it back, and write the change into "
		              "a new file",
		              name);
	return 0;
}

/* How many of the files are applied. */
static int compare(struct tx *tx, const struct scripts *s, struct arena *arena, size_t *ret, struct error *e)
{
	const struct rows *rows;

	if (query_run(tx, &find_table, NO_PARAMS, arena, &rows, e) < 0)
		return -1;
	if (!rows_bool(rows, 0, 0)) {
		*ret = 0;
		return 0;
	}
	if (query_run(tx, &list_applied, NO_PARAMS, arena, &rows, e) < 0)
		return -1;
	for (size_t row = 0; row < rows_count(rows); row++)
		if (check_applied(s, rows, row, e) < 0)
			return -1;
	*ret = rows_count(rows);
	return 0;
}

/* ---- running a file ---- */

/* The server counts characters, we show lines. */
static int line_at(const char *text, int position)
{
	int line = 1;

	for (; *text && position > 1; text++) {
		line += *text == '\n';
		if (((unsigned char)text[1] & 0xc0) != 0x80)
			position--;
	}
	return line;
}

static int explain(const struct scripts *s, const struct script *script, const struct connection *c,
                   struct error *e)
{
	const struct complaint *complaint = connection_complaint(c);
	struct error why;

	if (!e || e->kind == ERROR_RETRY)
		return -1;
	why = *e;
	refuse(s, e, "schema.script", "%s:%d: %s; nothing of it was kept", script->name,
	       line_at(script->text, complaint->position), *complaint->message ? complaint->message : why.text);
	e->kind = ERROR_INTERNAL;
	return error_detail(e, "%s", why.detail);
}

static int unwelcome(const struct scripts *s, const struct script *script, struct connection *c, struct error *e)
{
	connection_lost(c, NULL);
	return refuse(s, e, "schema.script", "%s: a migration may not COPY FROM STDIN", script->name);
}

static int run_text(const struct scripts *s, const struct script *script, struct connection *c, struct error *e)
{
	PGresult *result;
	int given = connection_plain(c, script->name, script->text, &result, e);

	while (given == 0 && result) {
		bool waits_for_data = PQresultStatus(result) == PGRES_COPY_IN;
		PQclear(result);
		if (waits_for_data)
			return unwelcome(s, script, c, e);
		given = connection_more(c, &result, e);
	}
	return given < 0 ? explain(s, script, c, e) : 0;
}

static const struct query this_transaction = {
	"migrate.transaction", "SELECT pg_current_xact_id()::text::bigint", QUERY_READS, QUERY_ONCE,
};

static int find_transaction(struct tx *tx, struct arena *arena, int64_t *ret, struct error *e)
{
	const struct rows *rows;

	if (query_run(tx, &this_transaction, NO_PARAMS, arena, &rows, e) < 0)
		return -1;
	*ret = rows_int(rows, 0, 0);
	return 0;
}

static const struct query insert_row = {
	"migrate.insert",
	"INSERT INTO rosterd.migrations (number, name, sha256, oldest_daemon) VALUES ($1, $2, $3, $4)",
	QUERY_KEEPS, QUERY_ONCE,
};

static int run_script(struct tx *tx, const struct scripts *s, const struct script *script, struct arena *arena,
                      struct error *e)
{
	int64_t before, after;

	if (find_transaction(tx, arena, &before, e) < 0)
		return -1;
	if (run_text(s, script, tx_connection(tx), e) < 0)
		return tx_failed(tx);
	if (find_transaction(tx, arena, &after, e) < 0)
		return -1;
	if (before != after)
		return refuse(s, e, "schema.script", "%s: a migration may not begin or end transactions",
		              script->name);
	return query_write(tx, &insert_row,
	                   PARAMS(P_INT(script->number), P_TEXT(script->name),
	                          P_BYTES(script->digest, CRYPT_DIGEST_SIZE), P_TEXT(script->oldest)),
	                   NULL, e);
}

/* ---- one step ---- */

/* 0: as long as it takes. */
static const struct query set_lock_timeout = {
	"migrate.wait", "SELECT set_config('lock_timeout', $1::bigint::text, true)", QUERY_READS, QUERY_ONCE,
};
/* Of the transaction, not of the session: so a pooler may stand between, and no lock is left behind. */
static const struct query take_lock = { "migrate.lock", "SELECT pg_advisory_xact_lock($1)", QUERY_READS,
	                                QUERY_ONCE };
static const struct query make_schema = {
	"migrate.schema", "CREATE SCHEMA IF NOT EXISTS rosterd", QUERY_KEEPS, QUERY_ONCE,
};
static const struct query make_table = {
	"migrate.make",
	"CREATE TABLE IF NOT EXISTS rosterd.migrations ("
	" number integer PRIMARY KEY, name text NOT NULL, sha256 bytea NOT NULL, oldest_daemon text NOT NULL,"
	" applied_at timestamptz NOT NULL DEFAULT now())",
	QUERY_KEEPS, QUERY_ONCE,
};

static int begin_step(struct store *store, struct tx **ret, struct error *e)
{
	scoped(tx) *tx = NULL;

	if (tx_begin(store, STORE_OWNER, &tx, e) < 0 || tx_patience(tx, MIGRATE_STATEMENT_MS, e) < 0 ||
	    query_write(tx, &set_lock_timeout, PARAMS(P_INT(0)), NULL, e) < 0 ||
	    query_write(tx, &take_lock, PARAMS(P_INT(LOCK_KEY)), NULL, e) < 0 ||
	    query_write(tx, &set_lock_timeout, PARAMS(P_INT(MIGRATE_LOCK_MS)), NULL, e) < 0)
		return -1;
	*ret = tx;
	tx = NULL;
	return 0;
}

/* Applies the first file that is missing. 1: it did. 0: none is. */
static int apply_next(struct store *store, const struct scripts *s, struct arena *arena, struct error *e)
{
	scoped(tx) *tx = NULL;
	size_t applied;

	if (begin_step(store, &tx, e) < 0 || compare(tx, s, arena, &applied, e) < 0)
		return -1;
	if (applied >= s->count)
		return 0;

	const struct script *next = &s->all[applied];
	if (check_age(next->name, next->oldest, e) < 0 || query_write(tx, &make_schema, NO_PARAMS, NULL, e) < 0 ||
	    query_write(tx, &make_table, NO_PARAMS, NULL, e) < 0 || run_script(tx, s, next, arena, e) < 0 ||
	    tx_commit(&tx, e) < 0)
		return -1;
	return 1;
}

static bool is_in_the_way(const struct error *e)
{
	return text_equal(e->code, "store.locked") || text_equal(e->code, "store.collision");
}

/* Another daemon serves on these tables meanwhile. Whoever waits for a whole table makes all who come later wait behind
 * it, and may close a circle with them: so a step waits briefly, lets go of everything, and comes back. */
static int apply_patiently(struct store *store, const struct scripts *s, struct arena *arena, struct error *e)
{
	int64_t began = clock_monotonic_ms(), pause_ms = PAUSE_FIRST_MS;
	struct error unseen = { 0 }, *why = e ? e : &unseen;
	int step;

	while ((step = apply_next(store, s, arena, why)) < 0 && is_in_the_way(why) &&
	       clock_monotonic_ms() - began < MIGRATE_PATIENCE_MS) {
		if (pause_ms == PAUSE_FIRST_MS)
			log_note(NULL,
			         "somebody is at work on tables that the schema's next step changes; trying again "
			         "for at most %d s",
			         MIGRATE_PATIENCE_MS / 1000);
		nanosleep(&(struct timespec){ .tv_sec = pause_ms / 1000, .tv_nsec = pause_ms % 1000 * 1000000 },
		          NULL);
		pause_ms = pause_ms * 2 < PAUSE_MOST_MS ? pause_ms * 2 : PAUSE_MOST_MS;
	}
	return step;
}

int migrate_apply(struct store *store, const char *directory, int *ret_applied, struct error *e)
{
	scoped(arena) *arena = arena_open("store.migrate");
	struct scripts scripts;
	int applied = 0, step;

	if (load_scripts(directory, arena, &scripts, e) < 0)
		return -1;
	while ((step = apply_patiently(store, &scripts, arena, e)) > 0)
		applied++;
	if (step < 0)
		return -1;
	if (ret_applied)
		*ret_applied = applied;
	return 0;
}

int migrate_compare(struct store *store, const char *directory, size_t *ret_applied, size_t *ret_files, struct error *e)
{
	scoped(arena) *arena = arena_open("store.migrate");
	scoped(tx) *tx = NULL;
	struct scripts scripts;
	size_t applied;

	if (load_scripts(directory, arena, &scripts, e) < 0 ||
	    tx_begin(store, pool_any_role(store), &tx, e) < 0 || compare(tx, &scripts, arena, &applied, e) < 0)
		return -1;
	if (applied < scripts.count)
		return error_set(e, ERROR_PRECONDITION, "schema.old",
		                 "the database's schema has %zu of the %zu migrations that this daemon "
		                 "needs; migrate it first",
		                 applied, scripts.count);
	if (tx_commit(&tx, e) < 0)
		return -1;
	*ret_applied = applied;
	*ret_files = scripts.count;
	return 0;
}

int migrate_check(struct store *store, const char *directory, struct error *e)
{
	size_t applied, files;

	return migrate_compare(store, directory, &applied, &files, e);
}
