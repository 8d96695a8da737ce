/* What an event of the tenant's log says has changed: whom to look at, never what is true. */
#ifndef ROSTER_AUTH0_EVENT_H
#define ROSTER_AUTH0_EVENT_H

#include "base/json_stream.h"

enum event_subject {
	EVENT_PERSON = 1,
	EVENT_GONE, /* a person, who was deleted */
	EVENT_ROLE,
	EVENT_BULK, /* many, or somebody whom it does not name */
};

/* id: NULL for EVENT_BULK; it lives until the function returns. */
typedef void event_fn(void *context, enum event_subject subject, const char *id);

/* Tells of each that the event is about; of an event that changes nobody, nothing is told. organization: the
 * one that is read, or NULL. */
void event_read(const struct json_node *event, const char *organization, event_fn *tell, void *context);

#endif
