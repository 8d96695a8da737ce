/* What the shell is told when rosterctl ends: one number for each thing that a script would do next. */
#ifndef ROSTERCTL_EXITS_H
#define ROSTERCTL_EXITS_H

#include "base/error.h"

enum exits {
	EXITS_DONE = 0,
	EXITS_REFUSED = 1,
	EXITS_USAGE = 2,
	EXITS_NOT_FOUND = 3,
	EXITS_DENIED = 4,
	EXITS_UNREACHABLE = 5,
	EXITS_HELD = 6,
	EXITS_CONFLICT = 7,
	EXITS_LATER = 8,
	EXITS_NONSENSE = 9,
	EXITS_PROBLEM = 10,
	EXITS_WARNING = 11,
	EXITS_PARTIAL = 12,
	EXITS_ALTERED = 13,
	EXITS_CHANGED = 14,
};

/* The codes of errors that are made on this side and have a number of their own. */
#define CODE_USAGE	 "usage"
#define CODE_UNREACHABLE "daemon.unreachable"
#define CODE_HELD	 "run.held"
#define CODE_NONSENSE	 "answer.nonsense"
#define CODE_TOO_LARGE	 "answer.too_large"
#define CODE_PROBLEM	 "doctor.problem"
#define CODE_WARNING	 "doctor.warning"
#define CODE_PARTIAL	 "run.partial"
#define CODE_ALTERED	 "audit.altered"
#define CODE_AUDIT_LINE	 "audit.line"
#define CODE_AUDIT_HEADS "audit.heads"

struct exits_meaning {
	enum exits number;
	const char *words;
};

/* Every number with its meaning, as help and manual show it; ended by words NULL. */
extern const struct exits_meaning exits_meanings[];

/* The number for an error. */
enum exits exits_of(const struct error *e);

/* The words on the command line are wrong: fills e and returns -1. */
#define usage_error(e, ...) error_set((e), ERROR_INPUT, CODE_USAGE, __VA_ARGS__)

#endif
