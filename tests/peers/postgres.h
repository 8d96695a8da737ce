/* A private PostgreSQL for a test program: see postgres.sh. Stopped and removed when the program ends,
 * however it ends. */
#ifndef ROSTERD_TESTS_POSTGRES_H
#define ROSTERD_TESTS_POSTGRES_H

/* Starts the one server of this program, in a folder of its own. Ends the program if that fails. settings:
 * lines such as "deadlock_timeout=100ms", ended by NULL; NULL: none. */
void postgres_start(const char *const *settings);
void postgres_stop(void);
/* Kills it without a farewell and starts it again. */
void postgres_crash(void);

/* The folder of its socket, which libpq calls the host. */
const char *postgres_host(void);
/* "host=... dbname=postgres": for struct store_options. The superuser is "postgres", and needs no password. */
const char *postgres_conninfo(void);

/* Runs SQL (several statements are possible) as the superuser, over a connection of its own. Ends the program
 * if it fails. */
void postgres_run(const char *sql);
/* As postgres_run, and gives the first cell of the last result; "" if there is none. The caller frees it. */
char *postgres_ask(const char *sql);

#endif
