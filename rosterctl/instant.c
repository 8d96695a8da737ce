#include "rosterctl/instant.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"
#include "rosterctl/exits.h"

int instant_option(struct ctl *ctl, const char *option, const char **ret, struct error *e)
{
	const char *given = ctl_option(ctl, option);
	char text[CLOCK_TEXT_SIZE];
	int64_t ago_ms, us;

	*ret = given;
	if (!given || clock_parse(given, &us) == 0)
		return 0;
	if (text_to_duration_ms(given, &ago_ms) < 0 || ago_ms < 0 || ago_ms > clock_now_us() / 1000)
		return usage_error(
			e,
			"--%s is \"%s\"; a time such as \"2026-11-22T09:00:00Z\" or \"1h\" (ago) is expected",
			option, given);
	*ret = arena_text(ctl->arena, clock_text(clock_now_us() - ago_ms * 1000, text));
	return 0;
}
