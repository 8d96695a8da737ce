/* Whether a head can be understood in one way only: the defence against request smuggling. Knows no library.
 */
#ifndef ROSTERD_HTTP_HEAD_H
#define ROSTERD_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "http/request.h"

struct head {
	bool chunked;
	bool has_body;	 /* chunked, or a Content-Length above 0 */
	uint64_t length; /* Content-Length; 0 if chunked */
};

/* Judges method and headers: tokens and values without controls, no second one of what is read as one value, one good
 * Host, and one way alone to tell how long the body is. ERROR_INPUT "http.method_name", "http.header",
 * "http.header_twice", "http.host", "http.body_length". */
int head_read(const struct request *request, const char *version, struct head *ret, struct error *e);

#endif
