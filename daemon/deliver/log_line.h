/* An audit entry as logs take it: a message of syslog (RFC 5424) or an entry of the journal (its native
 * protocol). Neither has anything personal: what stands in a log cannot be erased. */
#ifndef ROSTERD_DELIVER_LOG_LINE_H
#define ROSTERD_DELIVER_LOG_LINE_H

#include "base/text.h"
#include "roster/chain.h"

enum {
	LOG_LINE_VALUE_MOST = 2048, /* bytes of one value; a longer one is cut at a whole character */
	LOG_LINE_BYTES_MOST = 64 << 10,
};

/* host: what the message says of where it comes from. */
void log_line_syslog(struct buffer *into, const char *host, const struct chain_streamed *streamed);
void log_line_journal(struct buffer *into, const struct chain_streamed *streamed);

#endif
