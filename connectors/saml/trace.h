/* What was looked at in a message, one thing after the other, for whoever must mend a set-up. */
#ifndef ROSTER_SAML_TRACE_H
#define ROSTER_SAML_TRACE_H

#include <stdbool.h>

#include "base/error.h"

struct trace {
	/* expected, received and advice may be NULL. Texts live until the function returns; what was received
	 * is an attacker's text until the signature has been checked. NULL: nobody listens. */
	void (*told)(void *context, const char *check, bool passed, const char *expected,
		     const char *received, const char *advice);
	void *context;
};

void trace_passed(const struct trace *trace, const char *check, const char *expected, const char *received);

/* Tells it and fills e (ERROR_DENIED) with one line of all; -1. code is stable: "saml.audience". */
int trace_refuse(const struct trace *trace, struct error *e, const char *code, const char *check,
		 const char *expected, const char *received, const char *advice);

#endif
