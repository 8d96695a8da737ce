/* The table of commands, in the order of the help. */
#include "rosterctl/commands.h"

#include <string.h>

#include "base/text.h"
#include "rosterctl/handlers.h"

static const char *const types[] = { "solo", "team", "enterprise", NULL };
static const char *const organisation_states[] = { "active", "suspended", NULL };
static const char *const connection_states[] = { "active", "paused", NULL };
static const char *const member_states[] = { "invited", "waiting", "active", "suspended", "left", NULL };

const struct option common_options[] = {
	{ "json", NULL, "print the API's JSON, for programs", NULL, false },
	{ "socket", "PATH", "the daemon's Unix socket (or ROSTERD_SOCKET); /run/rosterd/rosterd.sock otherwise", NULL,
	  false },
	{ "url", "URL", "the daemon's HTTP(S) address (or ROSTERD_URL)", NULL, false },
	{ "token-file", "FILE", "file that holds the token to show (or ROSTERD_TOKEN_FILE); only you may read it", NULL,
	  false },
	{ "timeout", "TIME", "how long one answer may take; 120s otherwise", NULL, false },
	{ "help", NULL, "teach this command (-h, too)", NULL, false },
	{ "version", NULL, "print rosterctl's version", NULL, false },
	{ 0 },
};

/* What every list takes. */
#define LIST_OPTIONS \
	{ "limit", "N", "at most N lines", NULL, false }, \
	{ "json-lines", NULL, "print one JSON object a line", NULL, false }

static const struct option list_options[] = { LIST_OPTIONS, { 0 } };

static const struct option lines_options[] = {
	{ "json-lines", NULL, "print one JSON object a line", NULL, false },
	{ 0 },
};

static const struct option wait_options[] = {
	{ "wait", NULL, "wait for the end, and say how it ended", NULL, false },
	{ 0 },
};

static const struct option yes_options[] = {
	{ "yes", NULL, "do not ask whether this is meant", NULL, false },
	{ 0 },
};

static const struct option org_create_options[] = {
	{ "type", "TYPE", "solo, team or enterprise; directories are for enterprises", types, false },
	{ "slug", "SLUG", "its short name in addresses and commands; made from NAME otherwise", NULL, false },
	{ "default-role", "ROLE", "the role of those who come from a directory without another", NULL, false },
	{ 0 },
};

static const struct option org_set_options[] = {
	{ "name", "NAME", "its name", NULL, false },
	{ "slug", "SLUG", "its short name in addresses and commands", NULL, false },
	{ "type", "TYPE", "solo, team or enterprise", types, false },
	{ "state", "STATE", "active, or suspended: its people are kept out", organisation_states, false },
	{ "default-role", "ROLE", "the role of those who come from a directory without another", NULL, false },
	{ 0 },
};

/* What connection create and connection set take. */
#define CONNECTION_OPTIONS \
	{ "set", "KEY=VALUE", "a setting of the plug-in; KEY=@FILE reads it, KEY=@@TEXT is \"@TEXT\"", NULL, true }, \
	{ "secret", "KEY[=@FILE]", "a secret setting, from a file, from standard input (KEY=@-), or asked for (KEY)", \
	  NULL, true }, \
	{ "role", "GROUP=ROLE", "members of the directory's group get this role; the highest wins", NULL, true }, \
	{ "attribute", "FIELD=ATTR", "take our field from this attribute of the directory", NULL, true }, \
	{ "schedule", "TIME", "how often to read the directory, such as 15m; or never", NULL, false }, \
	{ "remove-most", "N", "hold a run that would remove more than N members", NULL, false }, \
	{ "remove-share", "P", "hold a run that would remove more than P percent of the members", NULL, false }

static const struct option connection_create_options[] = { CONNECTION_OPTIONS, { 0 } };

static const struct option connection_set_options[] = {
	CONNECTION_OPTIONS,
	{ "name", "NAME", "its name", NULL, false },
	{ "state", "STATE", "active, or paused: it is not read by itself", connection_states, false },
	{ 0 },
};

static const struct option member_add_options[] = {
	{ "role", "ROLE", "the role; the organisation's default role otherwise", NULL, false },
	{ 0 },
};

static const struct option member_list_options[] = {
	{ "state", "STATE", "only those in this state", member_states, false },
	{ "role", "ROLE", "only those with this role", NULL, false },
	{ "match", "TEXT", "only those whose name or e-mail has TEXT in it", NULL, false },
	LIST_OPTIONS,
	{ 0 },
};

static const struct option check_options[] = {
	{ "member", "MEMBER", "ask for this member, by id or e-mail; for yourself otherwise", NULL, false },
	{ 0 },
};

static const struct option audit_options[] = {
	{ "action", "ACTION", "only this action, such as member.join", NULL, false },
	{ "target", "ID", "only what was done to this", NULL, false },
	{ "since", "TIME", "from this time on: RFC 3339, or 1h for an hour ago", NULL, false },
	{ "until", "TIME", "up to this time", NULL, false },
	{ "follow", NULL, "go on as entries are written, from now or --since on, until interrupted", NULL, false },
	LIST_OPTIONS,
	{ 0 },
};

#define ORGANISATION_OPTION { "organisation", "ORG", "of this organisation; the operator's otherwise", NULL, false }

static const struct option token_create_options[] = {
	ORGANISATION_OPTION,
	{ "member", "MEMBER", "the token acts for this member, by id or e-mail", NULL, false },
	{ "role", "ROLE", "what it may do at most", NULL, false },
	{ "expires", "TIME", "how long it is good for, such as 30d", NULL, false },
	{ 0 },
};

static const struct option token_list_options[] = { ORGANISATION_OPTION, LIST_OPTIONS, { 0 } };
static const struct option token_revoke_options[] = { ORGANISATION_OPTION, { 0 } };

const struct command commands[] = {
	{ "org create", "NAME", "Make an organisation.",
	  "The slug is what the other commands call it. An organisation of type enterprise can be connected to "
	  "directories.",
	  org_create_options, "rosterctl org create \"Acme Corporation\" --type enterprise --slug acme",
	  "Prove its domain with \"rosterctl domain add\", then connect its directory with \"rosterctl connection "
	  "create\".",
	  organisation_create, false },
	{ "org list", "", "List organisations.", NULL, list_options, "rosterctl org list",
	  "\"rosterctl org show ORG\" shows one of them.", organisation_list, false },
	{ "org show", "ORG", "Show one organisation.", "ORG is its slug or its id.", NULL, "rosterctl org show acme",
	  "\"rosterctl member list ORG\" lists its people.", organisation_show, false },
	{ "org set", "ORG", "Change an organisation.", "What is not named stays as it is.", org_set_options,
	  "rosterctl org set acme --default-role viewer", "\"rosterctl audit list ORG\" shows who changed what.",
	  organisation_set, false },
	{ "org owner", "ORG MEMBER", "Give an organisation to another owner.",
	  "There is exactly one owner; the former one becomes an admin. MEMBER is an id or an e-mail.", NULL,
	  "rosterctl org owner acme ada@acme.example", "\"rosterctl member list ORG --role owner\" shows the new one.",
	  organisation_owner, false },

	{ "domain add", "ORG DOMAIN", "Add a domain of mail to an organisation.",
	  "People of a directory are matched with users by addresses of proven domains alone.", NULL,
	  "rosterctl domain add acme acme.example", "\"rosterctl domain list ORG\" shows whether it is proven.", domain_add,
	  false },
	{ "domain list", "ORG", "List an organisation's domains.", NULL, list_options, "rosterctl domain list acme",
	  "\"rosterctl domain remove ORG DOMAIN\" removes one.", domain_list, false },
	{ "domain remove", "ORG DOMAIN", "Remove a domain from an organisation.",
	  "Its members stay; nobody is matched by addresses of this domain any more.", NULL,
	  "rosterctl domain remove acme old.example", "\"rosterctl domain list ORG\" shows those that are left.",
	  domain_remove, false },

	{ "connection create", "ORG PLUGIN NAME", "Connect an organisation to a directory.",
	  "\"rosterctl plugin show PLUGIN\" lists the settings. A secret never stands on the command line, where others "
	  "can read it.",
	  connection_create_options,
	  "rosterctl connection create acme ldap corporate --set url=ldaps://dc1.acme.example "
	  "--secret bind_password=@/root/bind --role Admins=admin --schedule 15m",
	  "Try it with \"rosterctl connection test ORG/NAME\", then see what it would do with \"rosterctl sync plan "
	  "ORG/NAME\".",
	  connection_create, false },
	{ "connection list", "ORG", "List an organisation's connections.", NULL, list_options,
	  "rosterctl connection list acme", "\"rosterctl connection show ORG/NAME\" shows one of them.", connection_list,
	  false },
	{ "connection show", "ORG/NAME", "Show one connection.", "Of a secret only whether it is set is shown.", NULL,
	  "rosterctl connection show acme/corporate", "\"rosterctl connection set ORG/NAME\" changes it.", connection_show,
	  false },
	{ "connection set", "ORG/NAME", "Change a connection.",
	  "Settings that are not named stay; --role and --attribute replace all that there were.", connection_set_options,
	  "rosterctl connection set acme/corporate --schedule 1h", "\"rosterctl connection test ORG/NAME\" tries it.",
	  connection_set, false },
	{ "connection delete", "ORG/NAME", "Delete a connection.",
	  "Its members stay members until somebody decides otherwise; the directory is not read any more.", yes_options,
	  "rosterctl connection delete acme/corporate --yes", "\"rosterctl member list ORG\" shows who is left.",
	  connection_delete, false },
	{ "connection test", "ORG/NAME", "Try whether a connection works.",
	  "Opens the directory with the connection's settings, changes nothing, and says what was found.", NULL,
	  "rosterctl connection test acme/corporate", "\"rosterctl sync plan ORG/NAME\" shows what a run would do.",
	  connection_test, false },
	{ "connection refused", "ORG/NAME", "List people of a directory who could not be taken.",
	  "Each with the reason; nobody is skipped in silence.", list_options,
	  "rosterctl connection refused acme/corporate",
	  "Mend the directory, or the connection with \"rosterctl connection set\"; the next run takes them.",
	  connection_refused, false },

	{ "plugin list", "", "List the plug-ins that there are.", NULL, list_options, "rosterctl plugin list",
	  "\"rosterctl plugin show PLUGIN\" lists the settings of one.", plugin_list, false },
	{ "plugin show", "PLUGIN", "Show a plug-in and its settings.", NULL, NULL, "rosterctl plugin show ldap",
	  "\"rosterctl connection create ORG PLUGIN NAME\" uses it.", plugin_show, false },

	{ "sync run", "ORG/CONNECTION", "Read a directory now and apply what it says.",
	  "With --wait the exit code is 0 only when the run is done, and 6 when it is held because it would remove too "
	  "many.",
	  wait_options, "rosterctl sync run acme/corporate --wait",
	  "\"rosterctl sync changes ORG/RUN\" lists what it changed, \"rosterctl connection refused\" whom it could not "
	  "take.",
	  sync_run, false },
	{ "sync plan", "ORG/CONNECTION", "Read a directory now and show what a run would change.",
	  "Changes nothing. \"+\" comes, \"-\" goes, \"~\" becomes different. With --json: the run and its changes.",
	  lines_options, "rosterctl sync plan acme/corporate", "\"rosterctl sync run ORG/CONNECTION --wait\" does it.",
	  sync_plan, false },
	{ "sync list", "ORG[/CONNECTION]", "List runs.", NULL, list_options, "rosterctl sync list acme --limit 20",
	  "\"rosterctl sync show ORG/RUN\" shows one of them.", sync_list, false },
	{ "sync show", "ORG/RUN", "Show one run.", "Where it is, what it has read, what it changed, or why not.", NULL,
	  "rosterctl sync show acme/0192f0c1-7a3e-7cc1-8f00-5d2b1c9e4a77", "\"rosterctl sync changes ORG/RUN\" lists its "
	  "changes.",
	  sync_show, false },
	{ "sync changes", "ORG/RUN", "List what a run changed, or would change.", NULL, lines_options,
	  "rosterctl sync changes acme/0192f0c1-7a3e-7cc1-8f00-5d2b1c9e4a77",
	  "A held run goes on with \"rosterctl sync approve\", or ends with \"rosterctl sync drop\".", sync_changes,
	  false },
	{ "sync approve", "ORG/RUN", "Let a held run go on.",
	  "It applies the plan exactly as it is shown by \"rosterctl sync changes\", or refuses if the roster has moved.",
	  wait_options, "rosterctl sync approve acme/0192f0c1-7a3e-7cc1-8f00-5d2b1c9e4a77 --wait",
	  "\"rosterctl sync show ORG/RUN\" shows how it ended.", sync_approve, false },
	{ "sync drop", "ORG/RUN", "Throw a held run away.", "Nothing is changed.", NULL,
	  "rosterctl sync drop acme/0192f0c1-7a3e-7cc1-8f00-5d2b1c9e4a77",
	  "Look at the directory before the next run: \"rosterctl connection test ORG/NAME\".", sync_drop, false },

	{ "member list", "ORG", "List an organisation's members.", NULL, member_list_options,
	  "rosterctl member list acme --state suspended", "\"rosterctl member show ORG MEMBER\" shows one of them.",
	  member_list, false },
	{ "member add", "ORG EMAIL NAME", "Make somebody a member by hand.",
	  "For people who are in no directory, such as the first owner. Only the operator may.", member_add_options,
	  "rosterctl member add acme ada@acme.example \"Ada Lovelace\" --role admin",
	  "\"rosterctl org owner ORG MEMBER\" gives the organisation to a member.", member_add, false },
	{ "member show", "ORG MEMBER", "Show one member.", "MEMBER is an id or an e-mail.", NULL,
	  "rosterctl member show acme ada@acme.example", "\"rosterctl audit list ORG --target ID\" tells the history.",
	  member_show, false },
	{ "member role", "ORG MEMBER ROLE", "Give a member another role.",
	  "A role that was given by hand counts more than one from a directory's group.", NULL,
	  "rosterctl member role acme ada@acme.example admin", "\"rosterctl member show ORG MEMBER\" shows it.", member_role,
	  false },
	{ "member suspend", "ORG MEMBER", "Keep a member out.", "Sessions and keys end at once; the member can come back.",
	  NULL, "rosterctl member suspend acme ada@acme.example", "\"rosterctl member restore ORG MEMBER\" takes it back.",
	  member_suspend, false },
	{ "member restore", "ORG MEMBER", "Let a suspended member in again.", NULL, NULL,
	  "rosterctl member restore acme ada@acme.example", "\"rosterctl member show ORG MEMBER\" shows the state.",
	  member_restore, false },
	{ "member remove", "ORG MEMBER", "Remove a member from an organisation.",
	  "A directory that still has this person brings the member back with its next run.", yes_options,
	  "rosterctl member remove acme ada@acme.example --yes", "\"rosterctl audit list ORG\" shows who did it.",
	  member_remove, false },

	{ "group list", "ORG", "List an organisation's groups.", NULL, list_options, "rosterctl group list acme",
	  "\"rosterctl group members ORG GROUP\" lists who is in one.", group_list, false },
	{ "group members", "ORG GROUP", "List the members of a group.", "GROUP is an id or a name.", list_options,
	  "rosterctl group members acme Engineering",
	  "\"rosterctl connection set ORG/NAME --role GROUP=ROLE\" gives them a role.", group_members, false },

	{ "audit list", "[ORG]", "List who did what, newest first.",
	  "Without ORG: what concerns no organisation; only the operator sees it. With --follow the newest comes last.",
	  audit_options, "rosterctl audit list acme --since 1d",
	  "With --json each entry has what was there before and after.", audit_list, false },

	{ "permission list", "ORG", "List what you may do in an organisation.", NULL, NULL,
	  "rosterctl permission list acme", "\"rosterctl permission check ORG PERMISSION --member MEMBER\" asks for another.",
	  permission_list, false },
	{ "permission check", "ORG PERMISSION", "Ask whether somebody may do something.",
	  "The exit code is 0 for yes and 4 for no.", check_options,
	  "rosterctl permission check acme members.change --member ada@acme.example",
	  "\"rosterctl member role ORG MEMBER ROLE\" changes what a member may.", permission_check, false },

	{ "token create", "NAME", "Make a token for the API.",
	  "The token is printed once and alone, so that it can be sent to a file; we keep only its hash.",
	  token_create_options,
	  "(umask 077; rosterctl token create ci --organisation acme --role viewer --expires 30d > ci.token)",
	  "Use it: rosterctl --url https://roster.example --token-file ci.token whoami", token_create, false },
	{ "token list", "", "List tokens.", "Never the tokens themselves.", token_list_options,
	  "rosterctl token list --organisation acme", "\"rosterctl token revoke ID\" ends one.", token_list, false },
	{ "token revoke", "ID", "End a token at once.", NULL, token_revoke_options,
	  "rosterctl token revoke 0192f0c1-7a3e-7cc1-8f00-5d2b1c9e4a77 --organisation acme",
	  "\"rosterctl token list\" shows those that are left.", token_revoke, false },

	{ "whoami", "", "Show who you are to the daemon.", NULL, NULL, "rosterctl whoami",
	  "\"rosterctl permission list ORG\" shows what you may.", whoami_show, false },
	{ "status", "", "Show whether the daemon is well.", "The exit code is 0 if it is, and 5 if it cannot be reached.",
	  NULL, "rosterctl status", "If it is not: \"journalctl -u rosterd\" tells why.", about_status, false },
	{ "version", "", "Print the version of rosterctl.", NULL, NULL, "rosterctl version",
	  "\"rosterctl status\" prints the daemon's.", about_version, true },
	{ "help", "[COMMAND...]", "Teach a command, or list them all.", NULL, NULL, "rosterctl help connection create",
	  "Try it with your own names.", help_command, true },
	{ "completion bash", "", "Print what bash needs to complete commands.", NULL, NULL,
	  "source <(rosterctl completion bash)", "Press Tab after \"rosterctl \".", completion_bash, true },
	{ 0 },
};

const struct command *command_find(const char *name)
{
	for (const struct command *c = commands; c->name; c++)
		if (text_equal(c->name, name))
			return c;
	return NULL;
}

bool command_in_group(const struct command *command, const char *group)
{
	size_t length = strlen(group);

	return strncmp(command->name, group, length) == 0 && command->name[length] == ' ';
}

static const struct option *option_in(const struct option *options, const char *name)
{
	for (; options && options->name; options++)
		if (text_equal(options->name, name))
			return options;
	return NULL;
}

const struct option *command_option(const struct command *command, const char *name)
{
	const struct option *option = option_in(common_options, name);

	for (const struct command *c = commands; !option && c->name; c++)
		if (!command || c == command)
			option = option_in(c->options, name);
	return option;
}
