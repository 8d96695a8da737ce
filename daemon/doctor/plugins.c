/* Plug-ins: each is described by a confined child, as the daemon does it. */
#include "doctor/doctor.h"

#include "plugin/catalog.h"

static void judge_plugin(struct catalog *catalog, const char *name, struct report *r)
{
	const struct catalog_plugin *plugin;
	struct error e = { 0 };

	if (catalog_find(catalog, name, &plugin, &e) > 0)
		report_ok(r, "plugin.ok", "plug-in \"%s\" (%s), ABI %u.%u", name, plugin->title,
			  (unsigned)plugin->abi_major, (unsigned)plugin->abi_minor);
	else
		report_add(r, (struct finding){ FINDING_PROBLEM, "plugin.unusable",
						say(r, "plug-in \"%s\": %s", name,
						    e.text[0] ? e.text : "went away while it was looked at"),
						"no connection that is made of it can be read",
						"install rosterd-connectors again, or remove the file" });
}

void doctor_plugins(const struct doctor_options *options, struct report *report)
{
	const char *const *names;

	if (!options->catalog) {
		report_note(report, "plugin.unknown", "the plug-ins were not looked at, see above");
		return;
	}
	names = catalog_names(options->catalog);
	if (!*names)
		report_add(report, (struct finding){ FINDING_WARNING, "plugin.none", "there are no plug-ins",
						     "no directory can be read",
						     "apt install rosterd-connectors, or mend \"plugins.directory\"" });
	for (; *names; names++)
		judge_plugin(options->catalog, *names, report);
}
