/* The call under way: what the host table's functions work on, and what the serving loop begins and ends. */
#ifndef CONNECTORS_HOST_CALL_H
#define CONNECTORS_HOST_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include "plugin/wire.h"

#include "connector.h"
#include "host/pairs.h"

enum { LINE_SIZE = ROSTER_NOTE_MOST + 1 };

/* There is one, for the life of the child: one socket, one plug-in, one call at a time. */
struct roster_call {
	struct wire_reader reader;
	struct wire_writer writer;
	struct pairs values, addresses; /* settings; where we are reached */
	struct pairs told;		/* of the message that is about to be asked about; kind: WIRE_HEADER, or of the query */
	struct pairs form;		/* of the sign-on that is; kind: WIRE_ATTEMPT, or of what came */
	size_t checks;
	bool signing; /* the call is one of signing on */

	bool under_way; /* what a plug-in does beyond its call is refused */
	int64_t number, deadline_ms;
	enum roster_scope scope; /* 0: nothing may be emitted */

	bool failed, failed_to_dial; /* the second: what failed is a dial, and may be taken back */
	enum roster_trouble trouble;
	int after_ms;
	char why[LINE_SIZE], step[LINE_SIZE], whole[LINE_SIZE], incomplete[LINE_SIZE];
	bool has_cursor;
	size_t cursor_size;
	char cursor[ROSTER_CURSOR_MOST];
};

/* What a plug-in may ask of us. */
extern const struct roster_host host_table;

/* Reads the next frame. The child ends here, quietly, when the daemon has closed its side. */
void call_read(struct roster_call *call, struct wire_frame *ret);

/* Sends everything that was written. */
void call_flush(struct roster_call *call);

void call_begin(struct roster_call *call, const struct wire_frame *request, enum roster_scope scope);

/* Says how the call ended. result: what the plug-in's function returned. */
void call_end(struct roster_call *call, int result);

/* Says in one line why nothing can be served at all. */
void call_refuse(struct roster_call *call, const char *why);

#endif
