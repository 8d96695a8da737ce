/* Who gives an order to the daemon's own program instead of its socket, as the audit names them. */
#ifndef ROSTERD_ACTOR_H
#define ROSTERD_ACTOR_H

#include "roster/audit.h"

/* The Unix user of this process. */
struct actor actor_at_the_machine(struct arena *arena);

#endif
