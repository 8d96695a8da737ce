/* A real LDAP server of this test program, made by a script of tests/peers, and gone with it. */
#ifndef ROSTERD_TESTS_LDAP_PEER_H
#define ROSTERD_TESTS_LDAP_PEER_H

#include "harness.h"

/* Starts it; script is "slapd.sh". The test cannot go on without. */
void peer_start(const char *script, const char *arguments);
void peer_stop(void);

/* "restart --no-syncprov", "crash": the script's commands. */
void peer_tell(const char *command, const char *options);

/* Applies changes in LDIF. */
void peer_modify(const char *ldif);

/* A value of its env file, kept until peer_stop. */
const char *peer_env(const char *name);

/* A harness with the settings of that server. */
void peer_settings(struct roster_call *harness);

/* Formats, kept until peer_stop. */
const char *peer_text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
