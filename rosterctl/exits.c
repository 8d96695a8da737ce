/* Turns an error into the number that the shell is told. */
#include "rosterctl/exits.h"

#include "base/text.h"

const struct exits_meaning exits_meanings[] = {
	{ EXITS_DONE, "done" },
	{ EXITS_REFUSED, "refused or failed; the message says why" },
	{ EXITS_USAGE, "the command line is wrong, by our word or the daemon's; nothing was changed" },
	{ EXITS_NOT_FOUND, "there is no such thing" },
	{ EXITS_DENIED, "the daemon does not know you, or you may not" },
	{ EXITS_UNREACHABLE, "the daemon could not be reached, or did not answer in time" },
	{ EXITS_HELD, "the run is held until somebody approves or drops it" },
	{ EXITS_CONFLICT, "it is taken, or its state forbids this" },
	{ EXITS_LATER, "the daemon is busy or you asked too often; try again later" },
	{ EXITS_NONSENSE, "the daemon's answer could not be understood, or was too large" },
	{ EXITS_PROBLEM, "the doctor found something that is wrong" },
	{ EXITS_WARNING, "the doctor found something to look at, and nothing that is wrong" },
	{ EXITS_PARTIAL, "the run is done and has not seen everybody: nobody goes until one has" },
	{ EXITS_ALTERED, "what was to be verified was altered, or is not whole" },
	{ EXITS_CHANGED, "somebody else changed it first; look at it again before you change it" },
	{ 0, NULL },
};

/* Errors of ours that are told apart by their code; the daemon's are told apart by their kind. */
static const struct {
	const char *code;
	enum exits number;
} by_code[] = {
	{ CODE_USAGE, EXITS_USAGE },	     { CODE_UNREACHABLE, EXITS_UNREACHABLE },
	{ CODE_HELD, EXITS_HELD },	     { CODE_NONSENSE, EXITS_NONSENSE },
	{ CODE_TOO_LARGE, EXITS_NONSENSE },  { CODE_PROBLEM, EXITS_PROBLEM },
	{ CODE_WARNING, EXITS_WARNING },     { CODE_PARTIAL, EXITS_PARTIAL },
	{ CODE_ALTERED, EXITS_ALTERED },     { CODE_AUDIT_LINE, EXITS_REFUSED },
	{ CODE_AUDIT_HEADS, EXITS_REFUSED },
};

static enum exits of_kind(enum error_kind kind)
{
	switch (kind) {
	case ERROR_NONE:
		return EXITS_DONE;
	case ERROR_NOT_FOUND:
		return EXITS_NOT_FOUND;
	case ERROR_UNAUTHENTICATED:
	case ERROR_DENIED:
		return EXITS_DENIED;
	case ERROR_CONFLICT:
		return EXITS_CONFLICT;
	case ERROR_PRECONDITION:
		return EXITS_CHANGED;
	case ERROR_RETRY:
		return EXITS_LATER;
	case ERROR_INPUT: /* of a value: whoever finds it out */
		return EXITS_USAGE;
	case ERROR_LIMIT:
	case ERROR_REMOTE:
	case ERROR_UNCERTAIN:
	case ERROR_INTERNAL:
		break;
	}
	return EXITS_REFUSED;
}

enum exits exits_of(const struct error *e)
{
	for (size_t i = 0; i < ARRAY_COUNT(by_code); i++)
		if (text_equal(e->code, by_code[i].code))
			return by_code[i].number;
	return of_kind(e->kind);
}
