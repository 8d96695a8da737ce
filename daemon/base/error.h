/* What went wrong, named by what the caller should do next.
 *
 * The caller owns the error on its stack: it needs no memory, cannot be overwritten behind
 * one's back, and is filled only on failure. Two ends log it (endpoints/dispatch and
 * sync/run); everything between returns it. */
#ifndef ROSTERD_BASE_ERROR_H
#define ROSTERD_BASE_ERROR_H

#include <stdarg.h>

enum error_kind {
	ERROR_NONE,
	ERROR_INPUT,           /* they sent something we refuse, and they can mend it */
	ERROR_UNAUTHENTICATED, /* we do not know who is asking */
	ERROR_DENIED,          /* we know who is asking, and the answer is no */
	ERROR_NOT_FOUND,       /* there is no such thing */
	ERROR_CONFLICT,        /* it is taken, or its state forbids this */
	ERROR_PRECONDITION,    /* If-Match: somebody else changed it first */
	ERROR_LIMIT,           /* too many, too large, too often; says which limit */
	ERROR_RETRY,           /* nothing is wrong; ask again after wait_ms */
	ERROR_REMOTE,          /* the other side answered nonsense, or not at all */
	ERROR_UNCERTAIN,       /* we asked to commit and never heard back */
	ERROR_INTERNAL,        /* our bug, or the machine's */
};

enum { ERROR_CODE_MOST = 48, ERROR_TEXT_MOST = 512, ERROR_DETAIL_MOST = 512 };

struct error {
	enum error_kind kind;
	int wait_ms;
	char code[ERROR_CODE_MOST];     /* for programs, never changes: "member.last_owner" */
	char text[ERROR_TEXT_MOST];     /* for the person who asked: one short line */
	char detail[ERROR_DETAIL_MOST]; /* for the log alone: statement, errno, remote body */
};

/* Fills e and returns -1, so that a failing line reads `return error_set(...)`. Text that
 * does not fit is cut at a whole UTF-8 character. e may be NULL: then only -1 is returned.
 * The detail is emptied; add it afterwards with error_detail. */
int error_set(struct error *e, enum error_kind kind, const char *code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* As error_set, with the arguments already collected. */
int error_setv(struct error *e, enum error_kind kind, const char *code, const char *fmt,
               va_list args) __attribute__((format(printf, 4, 0)));

/* Adds what only the log may see. Keeps kind, code and text; returns -1 like error_set. */
int error_detail(struct error *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The kind's lasting name: "input", "denied", ... Never NULL. */
const char *error_kind_name(enum error_kind kind);

#endif
