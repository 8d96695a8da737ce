#include "saml/trace.h"

#include <stddef.h>

void trace_passed(const struct trace *trace, const char *check, const char *expected, const char *received)
{
	if (trace && trace->told)
		trace->told(trace->context, check, true, expected, received, NULL);
}

int trace_refuse(const struct trace *trace, struct error *e, const char *code, const char *check,
		 const char *expected, const char *received, const char *advice)
{
	if (trace && trace->told)
		trace->told(trace->context, check, false, expected, received, advice);
	return error_set(e, ERROR_DENIED, code, "%s%s%.150s%s%s%.150s%s%s%s", check,
			 expected ? ": expected \"" : "", expected ? expected : "", expected ? "\"" : "",
			 received ? ", received \"" : "", received ? received : "", received ? "\"" : "",
			 advice ? "; " : "", advice ? advice : "");
}
