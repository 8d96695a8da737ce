/* `rosterd --standalone [DIR]`: everything in one folder, a private PostgreSQL included.
 *
 * Started by root, the process becomes the system user rosterd (made if need be) and keeps its data in
 * /var/lib/rosterd, unless told otherwise; started by anybody else, it stays who it is and wants to be told
 * where. */
#ifndef ROSTERD_STANDALONE_H
#define ROSTERD_STANDALONE_H

#include <sys/types.h>

#include "base/error.h"
#include "store/pool.h"

struct secret;
struct standalone;

/* Becomes the user and takes the folder, with its lock and master key: before anything else is started or
 * read. directory NULL: /var/lib/rosterd for root, the service manager's $STATE_DIRECTORY for others. As root, /run/rosterd is made for that user too. */
int standalone_enter(const char *directory, struct standalone **ret, struct error *e);

/* Only looks at such a folder, for --doctor: takes no lock, makes and starts nothing; the database is asked where it would
 * be if its daemon runs. directory NULL: /var/lib/rosterd. */
int standalone_look(const char *directory, struct standalone **ret, struct error *e);

/* Reads the key of a folder that is only looked at, as its owner. */
int standalone_look_at_key(struct standalone *standalone, struct error *e);

/* Whom the folder belongs to. */
uid_t standalone_owner(const struct standalone *standalone);

/* Starts PostgreSQL, and makes database and roles by schema_directory/roles.sql. From the main thread, before
 * any other is started: when that thread ends, however it does, PostgreSQL shuts down. */
int standalone_start(struct standalone *standalone, const char *schema_directory, struct error *e);

/* -1 if PostgreSQL has ended by itself. From the main thread, after standalone_start. */
int standalone_check(struct standalone *standalone, struct error *e);

/* Stops PostgreSQL, if it was started, and leaves the folder. Accepts a pointer to NULL; leaves NULL behind.
 */
void standalone_stop(struct standalone **standalone);

/* Sets where the database is, its roles, and that no passwords are needed; numbers and times stay. Borrowed.
 */
void standalone_options(const struct standalone *standalone, struct store_options *options);

/* The master key of this folder, made at the first start. Borrowed. */
const struct secret *standalone_master_key(const struct standalone *standalone);

/* The folder, absolute: for the daemon's own socket. */
const char *standalone_directory(const struct standalone *standalone);

#endif
