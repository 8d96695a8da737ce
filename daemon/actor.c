/* Who gives an order to the daemon's own program. Nothing runs beside it yet, so getpwuid may be asked. */
#include "actor.h"

#include <pwd.h>
#include <unistd.h>

struct actor actor_at_the_machine(struct arena *arena)
{
	const struct passwd *user = getpwuid(getuid());

	return (struct actor){
		.kind = "operator",
		.id = arena_format(arena, "uid %lu", (unsigned long)getuid()),
		.name = user ? arena_text(arena, user->pw_name) : NULL,
		.source = "daemon",
	};
}
