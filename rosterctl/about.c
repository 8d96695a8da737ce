/* About the daemon and about us. */
#include <stdio.h>

#include "base/json.h"
#include "platform.h"
#include "rosterctl/handlers.h"
#include "rosterctl/print.h"
#include "rosterctl/session.h"

int about_status(struct ctl *ctl, struct error *e)
{
	static const struct column columns[] = { { 0 } };
	const char *status, *version;
	struct answer answer;

	if (session_ask(ctl->session, ctl->arena, "GET", "/healthz", NULL, &answer, e) < 0)
		return -1;
	if (ctl->json)
		print_answer(ctl, &answer, columns);
	status = json_text(json_member(answer.json, "status"));
	version = json_text(json_member(answer.json, "version"));
	print_line(ctl, "rosterd %s at %s: %s", version ? version : "of unknown version",
		   session_where(ctl->session), status ? status : "it did not say how it is");
	return status && text_equal(status, "ok")
		       ? 0
		       : error_set(e, ERROR_INTERNAL, "daemon.unwell",
				   "the daemon answers, but says that it is not well");
}

int about_version(struct ctl *ctl, struct error *e)
{
	(void)ctl, (void)e;
	puts("rosterctl " PACKAGE_VERSION);
	return 0;
}
