/* The controls and messages of content synchronisation (RFC 4533), encoded and decoded, and what their
 * cookies say.
 *
 * Functions of bytes alone: no server, no memory. What they return points into what they were given. The
 * library's own ldap_sync_*() is not used: it gives an entry several times and others never as soon as its
 * handle has anything else to do, and it waits without an end. */
#ifndef ROSTER_LDAP_SYNC_CONTROL_H
#define ROSTER_LDAP_SYNC_CONTROL_H

#include <stdbool.h>
#include <stddef.h>

#include <ldap.h>

enum { SYNC_UUID_SIZE = 16, SYNC_COOKIE_MOST = 49152 };

enum sync_mode { SYNC_REFRESH_ONLY = 1, SYNC_REFRESH_AND_PERSIST = 3 };

/* Bytes that sync_write_request needs beside the cookie. */
enum { SYNC_REQUEST_OVERHEAD = 24 };

/* The value of the request control (2.2). cookie of length 0: none. Returns its length; -1: size is too
 * small. */
int sync_write_request(enum sync_mode mode, const struct berval *cookie, char *ret, size_t size);

enum sync_state { SYNC_PRESENT = 0, SYNC_ADD = 1, SYNC_MODIFY = 2, SYNC_DELETE = 3 };

/* What stands with an entry (2.3). */
struct sync_entry {
	enum sync_state state;
	const unsigned char *uuid;
	struct berval cookie; /* length 0: none */
};

/* What stands with the result (2.4). */
struct sync_done {
	struct berval cookie;
	bool refresh_deletes;
};

/* An intermediate message (2.5). */
struct sync_info {
	enum sync_info_kind {
		SYNC_NEW_COOKIE,
		SYNC_REFRESH_DELETE,
		SYNC_REFRESH_PRESENT,
		SYNC_ID_SET,
	} kind;
	struct berval cookie;
	bool refresh_done;    /* REFRESH_DELETE and _PRESENT: the refresh is over, what follows is news */
	bool refresh_deletes; /* ID_SET: these were deleted; else they are there */
	struct berval uuids;  /* ID_SET: for sync_next_uuid */
};

/* 0; -1: the bytes are not that. */
int sync_read_entry(const struct berval *value, struct sync_entry *ret);
int sync_read_done(const struct berval *value, struct sync_done *ret);
int sync_read_info(const struct berval *value, struct sync_info *ret);

/* The next of an ID_SET; NULL after the last. sync_read_info has seen that they are whole. */
const unsigned char *sync_next_uuid(struct sync_info *info);

/* A UUID as the attribute writes it that is its key: 8-4-4-4-12 digits (entryUUID), or 8-8-8-8 (nsUniqueId).
 */
enum { SYNC_KEY_SIZE = 37 };
void sync_key(const unsigned char uuid[SYNC_UUID_SIZE], bool unique_id, char ret[SYNC_KEY_SIZE]);

/* ---- cookies ---- */

/* What a cookie of ours is against the one that the server would give now. */
enum sync_place {
	SYNC_PLACE_UNREADABLE, /* never to be sent: a server answers nonsense with everything, or with nothing
				*/
	SYNC_PLACE_CURRENT,    /* nothing changed since */
	SYNC_PLACE_BEHIND,     /* something did */
	SYNC_PLACE_AHEAD,      /* the server went back: a backup, or a crash */
	SYNC_PLACE_FOREIGN,    /* it speaks of a server that this one does not know */
};

/* OpenLDAP: "rid=000,csn=TIME#count#sid#mod;..." with a change number for each server (sid) that takes
 * changes. */
enum sync_place sync_place_openldap(const struct berval *ours, const struct berval *now);

/* 389-ds: "server:port#bind-dn:base:filter#change-number". */
enum sync_place sync_place_389(const struct berval *ours, const struct berval *now);

/* What a refresh that began with a cookie, and that ended well, says of those whom it did not name. */
enum sync_absent {
	SYNC_ABSENT_STAYS, /* nothing: only those are gone whom it called deleted */
	SYNC_ABSENT_GONE,  /* they are gone */
	SYNC_ABSENT_LOST,  /* nobody knows; everything must be read */
};

/* refresh_deletes: as the result said it; present: how many UUIDs were called present.
 *
 * RFC 4533 (3.3.1) answers "gone, unless refreshDeletes". But 389-ds says so when it has named nobody at all,
 * and a client that believed it would remove everybody. OpenLDAP names everybody, in sets of UUIDs; when it
 * does not, the cookie was older than all that it knows (it then sends every entry as new), or it has failed
 * and hides that. */
enum sync_absent sync_judge(bool openldap, bool refresh_deletes, unsigned long present);

#endif
