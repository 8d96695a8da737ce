/* The API as a client sees it: a private PostgreSQL, store, server and endpoints in this process, asked over
 * real sockets. */
#ifndef ROSTERD_TESTS_FLOWS_API_H
#define ROSTERD_TESTS_FLOWS_API_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdbool.h>

#include "base/json.h"
#include "store/pool.h"

/* For cmocka: before and after all tests of a program. */
int api_start(void **state);
int api_stop(void **state);

struct answer {
	int status;
	const char *head;	 /* status line and headers as they came */
	const char *text;	 /* the body */
	const struct json *body; /* NULL: none, or no JSON */
};

/* One request. token NULL: the operator, over the Unix socket; "" over TCP without one. body NULL: none.
 * Everything lives until api_stop. */
struct answer api_call(const char *token, const char *method, const char *path, const char *body);
/* The same with a header of its own: "If-Match: \"3\"". */
struct answer api_call_with(const char *token, const char *header, const char *method, const char *path,
			    const char *body);

/* Calls over TCP come from this address of ours from now on, "127.0.0.1" first; API_PROXY is one whose word
 * about whom it asks for counts. */
#define API_PROXY "127.0.0.2"
void api_from(const char *address);

/* Fails the test unless the answer has this status (and, for an error, this code). */
void api_expect(const char *what, struct answer answer, int status, const char *code);
#define EXPECT(answer, status, code) api_expect(#answer, answer, status, code)

/* A text or number in the body: "error/code" goes down; "items/0/id" too. NULL or 0 if it is not there. */
const char *api_text(struct answer answer, const char *path);
int64_t api_int(struct answer answer, const char *path);
bool api_bool(struct answer answer, const char *path);
size_t api_count(struct answer answer, const char *path);

/* Text that lives until api_stop. */
const char *api_format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* An organisation with an owner, an admin, a member and a viewer, and a token that speaks for each. */
struct cast {
	const char *organisation;	/* slug */
	const char *ids[4], *tokens[4]; /* by column: see api_roles */
};
extern const char *const api_roles[4]; /* owner, admin, member, viewer */
struct cast api_cast(const char *slug);

/* Does what the API cannot (a worker's work, a file's) as the role that owns the tables: statements with ";"
 * between them. Gives the first cell of the last that has one, a text. */
const char *api_sql(const char *statements);

/* A statement as a serving role, for an organisation (its id): "" if it was committed, else the constraint that it broke, or the
 * code of the error. */
const char *api_attempt(enum store_role role, const char *organisation, const char *statement);

/* The store itself, for threads beside the test's. */
struct store *api_store(void);

/* A statement whose transaction stays open until api_release: what it locks is locked. */
void api_hold(const char *statement);
void api_release(void);

/* Waits until a statement gives this text. */
void api_await(const char *statement, const char *wanted);

/* The operator's POST with a header, and the status of what comes back: for a thread beside the test's. */
int api_post(const char *header, const char *path, const char *body);
/* Any request, as api_call: for a thread beside the test's. */
int api_status(const char *token, const char *method, const char *path, const char *body);

/* How many audit entries of this action an organisation has. */
size_t api_audited(const char *organisation, const char *action);

#endif
