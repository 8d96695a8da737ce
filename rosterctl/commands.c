/* The table of commands, in the order of the help. */
#include "rosterctl/commands.h"

#include <string.h>

#include "base/text.h"
#include "rosterctl/handlers.h"

/* clang-format off */

static const char *const types[] = { "solo", "team", "enterprise", NULL };
static const char *const organisation_states[] = { "active", "suspended", NULL };
static const char *const run_scopes[] = { "all", "changed", NULL };
static const char *const yes_or_no[] = { "yes", "no", NULL };
static const char *const connection_states[] = { "active", "paused", NULL };
static const char *const member_states[] = { "invited", "waiting", "active", "suspended", "left", NULL };

const struct option common_options[] = {
	{ .name = "json", .words = "print the API's JSON, for programs" },
	{ .name = "socket", .value = "PATH",
	  .words = "the daemon's Unix socket (or ROSTERD_SOCKET); /run/rosterd/rosterd.sock "
	           "otherwise" },
	{ .name = "url", .value = "URL", .words = "the daemon's HTTP(S) address (or ROSTERD_URL)" },
	{ .name = "ca-file", .value = "FILE",
	  .words = "certificates that vouch for the address (or ROSTERD_CA_FILE); the system's "
	           "otherwise" },
	{ .name = "token-file", .value = "FILE",
	  .words = "file that holds the token to show (or ROSTERD_TOKEN_FILE); only you may "
	           "read it" },
	{ .name = "timeout", .value = "TIME",
	  .words = "how long one answer may take; 120s otherwise" },
	{ .name = "help", .words = "teach this command (-h, too)" },
	{ .name = "version", .words = "print rosterctl's version" },
	{ 0 },
};

/* What every list takes. */
#define LIST_OPTIONS \
	{ .name = "limit", .value = "N", .words = "at most N lines" }, \
	{ .name = "json-lines", .words = "print one JSON object a line" }

static const struct option list_options[] = { LIST_OPTIONS, { 0 } };

static const struct option connection_notifications_options[] = {
	{ .name = "run", .value = "RUN", .words = "those alone that this run looked at" },
	LIST_OPTIONS,
	{ 0 },
};

static const struct option lines_options[] = {
	{ .name = "json-lines", .words = "print one JSON object a line" },
	{ 0 },
};

/* Of what a run is. */
#define SCOPE_OPTIONS \
	{ .name = "scope", .value = "SCOPE", \
	  .words = "all, or changed: only what changed since the last reading, if the directory can tell", .choices = run_scopes }, \
	{ .name = "person", .value = "KEY", \
	  .words = "look at this person alone: the directory's key, a user name or address there, or a member's id", .many = true }, \
	{ .name = "group", .value = "KEY", .words = "look at this group alone, by the directory's key", .many = true }

static const struct option wait_options[] = {
	{ .name = "wait", .words = "wait for the end, and say how it ended" },
	{ 0 },
};

#define ANEW_OPTION \
	{ .name = "anew", \
	  .words = "judge the listing by itself: its base, the account that we bind as or its rights were changed on purpose" }

static const struct option run_options[] = {
	{ .name = "wait", .words = "wait for the end, and say how it ended" },
	ANEW_OPTION,
	SCOPE_OPTIONS,
	{ 0 },
};

static const struct option plan_options[] = {
	SCOPE_OPTIONS,
	{ .name = "json-lines", .words = "print one JSON object a line" },
	ANEW_OPTION,
	{ 0 },
};

/* What has a version, which "show" shows, is only changed if it still has this one. */
#define IF_MATCH_OPTION \
	{ .name = "if-match", .value = "VERSION", \
	  .words = "only if it is still at this version, which its \"show\" shows; exit code 14 otherwise" }

static const struct option if_match_options[] = { IF_MATCH_OPTION, { 0 } };

static const struct option member_role_options[] = {
	{ .name = "by-directory", .words = "take back a role that was given by hand: the directories decide again" },
	IF_MATCH_OPTION,
	{ 0 },
};

static const struct option removing_options[] = {
	{ .name = "yes", .words = "do not ask whether this is meant" },
	IF_MATCH_OPTION,
	{ 0 },
};

static const struct option org_list_options[] = {
	{ .name = "deleted", .words = "those that are deleted and can be restored" },
	LIST_OPTIONS,
	{ 0 },
};

/* How many may be in it. */
#define PLAN_OPTIONS \
	{ .name = "plan", .value = "PLAN", .words = "free, pro or enterprise; what its type has otherwise", .choices = plans }, \
	{ .name = "seats", .value = "N", .member = "seat_limit", \
	  .words = "how many may be in it, whatever the plan says; none for no limit, plan for the plan's" }

static const char *const plans[] = { "free", "pro", "enterprise", NULL };

static const struct option org_create_options[] = {
	{ .name = "type", .value = "TYPE",
	  .words = "solo, team or enterprise; directories are for enterprises", .choices = types },
	PLAN_OPTIONS,
	{ .name = "slug", .value = "SLUG",
	  .words = "its short name in addresses and commands; made from NAME otherwise" },
	{ .name = "default-role", .value = "ROLE",
	  .words = "the role of those who come from a directory without another" },
	{ 0 },
};

static const struct option recover_options[] = {
	{ .name = "consent", .value = "TEXT",
	  .words = "the operator's: who of the customer agreed, when and how" },
	{ 0 },
};

static const struct option org_set_options[] = {
	{ .name = "name", .value = "NAME", .words = "its name" },
	{ .name = "slug", .value = "SLUG", .words = "its short name in addresses and commands" },
	{ .name = "type", .value = "TYPE", .words = "solo, team or enterprise", .choices = types },
	PLAN_OPTIONS,
	{ .name = "let-wait", .words = "whoever is beyond a smaller limit waits for a seat; it is refused otherwise" },
	{ .name = "state", .value = "STATE",
	  .words = "active, or suspended: its people are kept out", .choices = organisation_states },
	{ .name = "default-role", .value = "ROLE",
	  .words = "the role of those who come from a directory without another" },
	{ .name = "ip-allow-list", .value = "NETWORKS",
	  .words = "its tokens count from these networks alone, with commas between, or from any" },
	{ .name = "retention-days", .value = "N",
	  .words = "how long runs are kept, and all of it once it is deleted" },
	{ .name = "grace", .value = "TIME",
	  .words = "how long somebody whom their directory lost can come back as who they were, such as 30d; or never" },
	{ .name = "session-idle", .value = "TIME",
	  .words = "how long a session counts that nobody uses, if shorter than the operator has it, such as 30m; or default" },
	{ .name = "session-length", .value = "TIME",
	  .words = "how long a session counts at most, likewise" },
	IF_MATCH_OPTION,
	{ 0 },
};

/* What connection create and connection set take. */
#define CONNECTION_OPTIONS \
	{ .name = "set", .value = "KEY=VALUE", .member = "settings", \
	  .words = "a setting of the plug-in; KEY=@FILE reads it, KEY=@@TEXT is \"@TEXT\"", \
	  .many = true }, \
	{ .name = "secret", .value = "KEY[=@FILE]", \
	  .words = "a secret setting, from a file, from standard input (KEY=@-), or asked for " \
	           "(KEY)", .many = true }, \
	{ .name = "role", .value = "GROUP=ROLE", .member = "roles", \
	  .words = "members of the directory's group get this role; the first one given that names a group of theirs wins", \
	  .many = true }, \
	{ .name = "attribute", .value = "FIELD=ATTR", .member = "attributes", \
	  .words = "take our field from this attribute of the directory", .many = true }, \
	{ .name = "schedule", .value = "TIME", \
	  .words = "how often to read the directory, such as 15m; or never" }, \
	{ .name = "full-schedule", .value = "TIME", \
	  .words = "how old the last whole listing may be, such as 24h; until then only what changed is read, if the plug-in can tell" }, \
	{ .name = "watch", .value = "YES", .choices = yes_or_no, \
	  .words = "yes: look as soon as the directory says that something changed" }, \
	{ .name = "remove-most", .value = "N", \
	  .words = "hold a run that would remove more than N members" }, \
	{ .name = "remove-share", .value = "P", \
	  .words = "hold a run that would remove more than P percent of the members" }, \
	{ .name = "remove-admins-most", .value = "N", \
	  .words = "hold a run that would take more than N admins away, or their role" }, \
	{ .name = "remove-admins-share", .value = "P", \
	  .words = "hold a run that would do so to more than P percent of the admins" }, \
	{ .name = "remove-group-most", .value = "N", \
	  .words = "hold a run that would take more than N members out of a group" }, \
	{ .name = "remove-group-share", .value = "P", \
	  .words = "hold a run that would take more than P percent of a group out of it" }, \
	{ .name = "grace", .value = "TIME", \
	  .words = "how long people whom it lost can come back as who they were, such as 30d; never; or organisation, as there" }, \
	{ .name = "private-addresses", .value = "YES_OR_NO", \
	  .words = "whether it may reach addresses that are not public; yes is the operator's to say", .choices = yes_or_no }

static const struct option connection_create_options[] = {
	CONNECTION_OPTIONS,
	{ .name = "precedence", .value = "N",
	  .words = "whose word counts for people who are in several directories: the lower, of equals the older; 100 otherwise" },
	{ 0 },
};

static const struct option connection_list_options[] = {
	{ .name = "deleted", .words = "those that are deleted and can be restored" },
	LIST_OPTIONS,
	{ 0 },
};

/* What changes members without a directory being read. */
#define SETTLED_OPTIONS \
	{ .name = "plan-only", .words = "only show what would change" }, \
	{ .name = "yes", .words = "do it, whatever the plan is; without a terminal it is left for \"sync approve\"" }

#define PEOPLE_OPTIONS \
	{ .name = "others", .value = "WORD", .words = "whoever is not found there: keep (as they are) or suspend", \
	  .choices = others_words }, \
	{ .name = "pairs", .value = "FILE", \
	  .words = "who is who where no proven address says so: a line for each, OLD-KEY,NEW-KEY" }

static const char *const people_words[] = { "keep", "suspend", "hand-over", NULL };
static const char *const others_words[] = { "keep", "suspend", NULL };

static const struct option connection_delete_options[] = {
	{ .name = "people", .value = "WORD",
	  .words = "keep them as they are, suspend whoever is in no other directory, or hand-over", .choices = people_words },
	{ .name = "to", .value = "NAME", .words = "the connection to hand them over to" },
	PEOPLE_OPTIONS,
	SETTLED_OPTIONS,
	IF_MATCH_OPTION,
	{ 0 },
};

static const struct option connection_replace_options[] = { PEOPLE_OPTIONS, SETTLED_OPTIONS, IF_MATCH_OPTION, { 0 } };

static const struct option settled_options[] = {
	{ .name = "yes", .words = "do it, whatever the plan is; without a terminal it is left for \"sync approve\"" },
	{ 0 },
};

static const struct option precedence_set_options[] = {
	{ .name = "connection", .value = "NAME=N", .words = "the precedence of a connection: the lower leads", .many = true },
	{ .name = "rule", .value = "ATTR=NAMES",
	  .words = "who leads for name, email, title, department, role or state, with commas between; \"manual\" is what a "
	           "person set; ATTR=none: no rule", .many = true },
	SETTLED_OPTIONS,
	{ 0 },
};

static const struct option connection_set_options[] = {
	CONNECTION_OPTIONS,
	{ .name = "name", .value = "NAME", .words = "its name" },
	{ .name = "state", .value = "STATE",
	  .words = "active, or paused: it is not read by itself", .choices = connection_states },
	IF_MATCH_OPTION,
	{ 0 },
};

static const struct option sso_explain_options[] = {
	{ .name = "judge", .words = "judge it again, as the connection is set now" },
	{ .name = "set", .value = "KEY=VALUE", .member = "settings",
	  .words = "judge it again with this setting of the plug-in; KEY=@FILE reads it, KEY=@@TEXT is \"@TEXT\"", .many = true },
	{ .name = "secret", .value = "KEY[=@FILE]",
	  .words = "the same of a secret setting, from a file, from standard input (KEY=@-), or asked for (KEY)", .many = true },
	{ 0 },
};

static const struct option member_add_options[] = {
	{ .name = "role", .value = "ROLE",
	  .words = "the role; the organisation's default role otherwise" },
	{ 0 },
};

static const struct option member_list_options[] = {
	{ .name = "state", .value = "STATE", .words = "only those in this state",
	  .choices = member_states },
	{ .name = "role", .value = "ROLE", .words = "only those with this role" },
	{ .name = "match", .value = "TEXT",
	  .words = "only those whose name or e-mail has TEXT in it" },
	{ .name = "ids", .words = "show their ids, and who is a guest: for telling apart those who share an address" },
	LIST_OPTIONS,
	{ 0 },
};

static const struct option check_options[] = {
	{ .name = "member", .value = "MEMBER",
	  .words = "ask for this member, by id or e-mail; for yourself otherwise" },
	{ 0 },
};

static const char *const audit_sources[] = { "api", "run", "file", "daemon", NULL };

static const struct option setup_link_options[] = {
	{ .name = "expires", .value = "TIME", .words = "how long it is good for: 7d otherwise, at most 30d" },
	{ 0 },
};

static const struct option endpoint_create_options[] = {
	{ .name = "type", .value = "TYPE", .words = "only events of this type, such as member.joined, or all of a noun: \"member.*\"", .many = true },
	{ .name = "after", .value = "CURSOR", .words = "begin behind this cursor of the feed: 0 for all that is kept; from now on otherwise" },
	{ 0 },
};

static const struct option endpoint_set_options[] = {
	{ .name = "name", .value = "NAME", .words = "its name" },
	{ .name = "to", .value = "URL", .words = "where events are posted to" },
	{ .name = "types", .value = "TYPES", .words = "only these, with commas between; all for all" },
	{ .name = "state", .value = "STATE", .words = "paused: events wait; active: they are delivered, also where it was stopped", .choices = connection_states },
	IF_MATCH_OPTION,
	{ 0 },
};

static const struct option endpoint_rotate_options[] = {
	{ .name = "overlap", .value = "TIME", .words = "how long events are signed with the old secret, too: 24h otherwise; 0 ends it at once" },
	{ 0 },
};

static const char *const algorithms[] = { "RS256", "ES256", NULL };

static const struct option client_create_options[] = {
	{ .name = "redirect", .value = "URI", .words = "where people are sent when they have signed in, to the letter; needed, may be given often", .many = true },
	{ .name = "logout", .value = "URI", .words = "where they may be sent when they have signed off, likewise", .many = true },
	{ .name = "backchannel", .value = "URI", .words = "where the application is told that a session is over" },
	{ .name = "title", .value = "TEXT", .words = "what people call it" },
	{ .name = "public", .words = "it can keep no secret: it runs in a browser, or on people's own machines" },
	{ .name = "introspects", .value = "WORD", .words = "whether it may ask about the tokens of all applications: an interface that they use; no otherwise", .choices = yes_or_no },
	{ .name = "algorithm", .value = "NAME", .words = "what its ID tokens are signed with: RS256 (which every application knows) otherwise", .choices = algorithms },
	{ 0 },
};

static const struct option client_set_options[] = {
	{ .name = "redirect", .value = "URI", .words = "where people are sent, in place of all that were; may be given often", .many = true },
	{ .name = "logout", .value = "URI", .words = "where they may be sent when they have signed off, likewise; none for nowhere", .many = true },
	{ .name = "backchannel", .value = "URI", .words = "where it is told that a session is over; none for nowhere" },
	{ .name = "title", .value = "TEXT", .words = "what people call it; none for its name" },
	{ .name = "introspects", .value = "WORD", .words = "whether it may ask about the tokens of all applications", .choices = yes_or_no },
	{ .name = "algorithm", .value = "NAME", .words = "what its ID tokens are signed with", .choices = algorithms },
	{ .name = "state", .value = "STATE", .words = "paused: nobody is let in, and nothing that it was given counts", .choices = connection_states },
	IF_MATCH_OPTION,
	{ 0 },
};

static const struct option client_rotate_options[] = {
	{ .name = "overlap", .value = "TIME", .words = "how long the former secret counts, too: 24h otherwise; 0 ends it at once" },
	{ 0 },
};

static const struct option signing_key_roll_options[] = {
	{ .name = "algorithm", .value = "NAME", .words = "of this one alone", .choices = algorithms },
	{ .name = "now", .words = "the new key signs at once, and not a day later; applications must look it up" },
	{ .name = "revoke", .words = "the same, and the former keys are believed no more: somebody else has them" },
	{ .name = "yes", .words = "do not ask whether this is meant" },
	{ 0 },
};

static const struct option audit_options[] = {
	{ .name = "action", .value = "ACTION",
	  .words = "only this action, such as member.joined, or all of a kind: \"member.*\"" },
	{ .name = "target", .value = "ID", .words = "only what was done to this" },
	{ .name = "actor", .value = "ID", .words = "only what this one did" },
	{ .name = "on-behalf-of", .value = "WHO", .words = "only what was done on this one's behalf" },
	{ .name = "source", .value = "SOURCE", .words = "only what came through this", .choices = audit_sources },
	{ .name = "run", .value = "RUN", .words = "only what this run did" },
	{ .name = "request", .value = "ID", .words = "only what the request with this X-Request-Id did" },
	{ .name = "since", .value = "TIME",
	  .words = "from this time on: RFC 3339, or 1h for an hour ago" },
	{ .name = "until", .value = "TIME", .words = "up to this time" },
	{ .name = "follow",
	  .words = "go on as entries are written, from now or --since on, until interrupted" },
	LIST_OPTIONS,
	{ 0 },
};

static const char *const export_formats[] = { "jsonl", "csv", NULL };

static const struct option audit_export_options[] = {
	{ .name = "format", .value = "FORMAT", .words = "jsonl, a JSON object a line, or csv, for spreadsheets",
	  .choices = export_formats },
	{ .name = "since", .value = "TIME",
	  .words = "from this time on: RFC 3339, or 1h for an hour ago" },
	{ .name = "until", .value = "TIME", .words = "up to this time" },
	{ 0 },
};

static const struct option audit_verify_options[] = {
	{ .name = "heads", .value = "FILE", .words = "ends of chains that were noted elsewhere, a line each" },
	{ 0 },
};

#define ORGANISATION_OPTION \
	{ .name = "organisation", .value = "ORG", \
	  .words = "of this organisation; the operator's otherwise" }

static const struct option connection_resolve_options[] = {
	{ .name = "same-person", .words = "they are who had the address: what they have is theirs again" },
	{ .name = "new-person", .words = "the address was handed on: they join as somebody new, and whoever had it is without it" },
	{ .name = "yes", .words = "go on if the run is held; without a terminal a held one is left for \"sync approve\"" },
	{ 0 },
};

static const struct option token_create_options[] = {
	ORGANISATION_OPTION,
	{ .name = "member", .value = "MEMBER",
	  .words = "the token acts for this member, by id or e-mail" },
	{ .name = "role", .value = "ROLE", .words = "what it may do at most" },
	{ .name = "scope", .value = "SCOPE", .member = "scopes",
	  .words = "it may do nothing but this, such as members:read; whatever the role may otherwise",
	  .many = true },
	{ .name = "expires", .value = "TIME", .member = "expires_in", .words = "how long it is good for, such as 30d" },
	{ 0 },
};

static const char *const proofs[] = { "operator", "dns", NULL };

static const struct option domain_add_options[] = {
	{ .name = "proof", .value = "PROOF",
	  .words = "operator (your word, if you are the operator) or dns (a TXT record that is looked for)",
	  .choices = proofs },
	{ 0 },
};

static const char *const scim_token_kinds[] = { "token", "client", NULL };
static const struct option scim_token_options[] = {
	{ .name = "kind", .value = "KIND",
	  .words = "token (sent with each request) or client (an id and a secret by which the directory gets tokens that soon end)",
	  .choices = scim_token_kinds },
	{ .name = "expires", .value = "TIME", .member = "expires_in", .words = "how long it is good for, such as 365d; for ever otherwise" },
	{ .name = "scope", .value = "SCOPE", .member = "scopes", .words = "it may do nothing but this: scim:read, scim:users or scim:groups; all three otherwise",
	  .many = true },
	{ 0 },
};
static const struct option domain_sso_only_options[] = {
	{ .name = "end", .words = "they may sign on in other ways again" },
	{ 0 },
};
static const struct option account_link_options[] = {
	{ .name = "expires", .value = "TIME", .member = "expires_in", .words = "how long the link is good for, such as 12h; 3d otherwise, 30d at most" },
	{ 0 },
};
static const struct option account_delete_options[] = {
	{ .name = "yes", .words = "do not ask whether this is meant" },
	{ 0 },
};
static const char *const second_factors[] = { "optional", "admins", "all", NULL };
static const struct option account_policy_options[] = {
	{ .name = "second-factor", .value = "WHOM", .words = "who must have one: nobody, admins and the owner, or all", .choices = second_factors },
	{ 0 },
};
static const struct option account_break_glass_options[] = {
	{ .name = "end", .words = "they have no such way in any more" },
	{ 0 },
};
static const struct option session_list_options[] = {
	{ .name = "member", .value = "MEMBER", .words = "of this member alone, by id or e-mail" },
	LIST_OPTIONS,
	{ 0 },
};
static const struct option session_end_options[] = {
	{ .name = "member", .value = "MEMBER", .words = "all of this member, by id or e-mail" },
	{ .name = "all", .words = "all of the organisation" },
	{ .name = "yes", .words = "do not ask whether this is meant" },
	{ 0 },
};
static const struct option sso_list_options[] = {
	{ .name = "connection", .value = "NAME", .words = "by this connection alone" },
	LIST_OPTIONS,
	{ 0 },
};
static const struct option token_list_options[] = { ORGANISATION_OPTION, LIST_OPTIONS, { 0 } };
static const struct option token_rotate_options[] = {
	ORGANISATION_OPTION,
	{ .name = "overlap", .value = "TIME", .words = "how long the old one counts beside the new one, such as 1h; 24h otherwise" },
	{ 0 },
};
static const struct option token_adopt_options[] = { ORGANISATION_OPTION, { 0 } };
static const struct option token_revoke_options[] = {
	ORGANISATION_OPTION,
	{ .name = "keep-successors", .words = "leave the tokens that took its place by its own word" },
	{ 0 },
};

/* Where the installation is that is looked at. */
#define INSTALLATION_OPTIONS \
	{ .name = "config", .value = "FILE", .words = "the daemon's configuration; the installed one otherwise" }, \
	{ .name = "standalone", .value = "DIR", .words = "the folder of a standalone daemon" }, \
	{ .name = "program", .value = "FILE", .words = "the daemon's program; the installed one otherwise" }

static const struct option doctor_options[] = {
	{ .name = "all", .words = "show what is well, too" },
	INSTALLATION_OPTIONS,
	{ 0 },
};

static const struct option bundle_options[] = {
	{ .name = "log", .value = "FILE", .words = "the daemon's log; the journal otherwise" },
	INSTALLATION_OPTIONS,
	{ 0 },
};

const struct command commands[] = {
	{
		.name = "org create",
		.arguments = "NAME",
		.summary = "Make an organisation.",
		.words = "The slug is what the other commands call it. An organisation of type "
		         "enterprise can be connected to directories.",
		.options = org_create_options,
		.example = "rosterctl org create \"Acme Corporation\" --type enterprise --slug "
		           "acme",
		.next = "Prove its domain with \"rosterctl domain add\", then connect its "
		        "directory with \"rosterctl connection create\".",
		.run = organisation_create,
	},
	{
		.name = "org list",
		.arguments = "",
		.summary = "List organisations.",
		.options = org_list_options,
		.example = "rosterctl org list",
		.next = "\"rosterctl org show ORG\" shows one of them.",
		.run = organisation_list,
	},
	{
		.name = "org show",
		.arguments = "ORG",
		.summary = "Show one organisation.",
		.words = "ORG is its slug or its id.",
		.example = "rosterctl org show acme",
		.next = "\"rosterctl member list ORG\" lists its people.",
		.run = organisation_show,
	},
	{
		.name = "org set",
		.arguments = "ORG",
		.summary = "Change an organisation.",
		.words = "What is not named stays as it is.",
		.options = org_set_options,
		.example = "rosterctl org set acme --default-role viewer",
		.next = "\"rosterctl audit list ORG\" shows who changed what.",
		.run = organisation_set,
	},
	{
		.name = "org owner",
		.arguments = "ORG MEMBER",
		.summary = "Name the first owner of an organisation.",
		.words = "Only the operator may, and only where there never was one: from then on there is exactly one owner, who hands "
		         "over with \"rosterctl ownership offer\". An owner whom a directory keeps out is followed by another with "
		         "\"rosterctl ownership recover\". MEMBER is an id or an e-mail.",
		.example = "rosterctl org owner acme ada@acme.example",
		.next = "\"rosterctl ownership show ORG\" shows who it is.",
		.run = organisation_owner,
	},
	{
		.name = "org delete",
		.arguments = "ORG",
		.summary = "Delete an organisation.",
		.words = "It is hidden, its tokens stop to count and nothing runs for it. It can be "
		         "restored until it is purged, which is said. Only the owner may; the operator may "
		         "if there is none, or if the organisation is suspended.",
		.options = removing_options,
		.example = "rosterctl org delete acme --yes",
		.next = "\"rosterctl org restore ORG\" takes it back.",
		.run = organisation_delete,
	},
	{
		.name = "org restore",
		.arguments = "ORG",
		.summary = "Take back that an organisation was deleted.",
		.words = "Members, connections and tokens are what they were. Only the operator may.",
		.example = "rosterctl org restore acme",
		.next = "\"rosterctl org list --deleted\" lists what can be restored.",
		.run = organisation_restore,
	},
	{
		.name = "org adopt",
		.arguments = "ORG",
		.summary = "Take over an organisation whose file is gone.",
		.words = "From then on it and everything of it is changed with rosterctl. Until then it stays as it was; "
		         "putting the file back makes it the file's again.",
		.example = "rosterctl org adopt acme",
		.next = "\"rosterctl org show ORG\" shows it.",
		.run = organisation_adopt,
	},
	{
		.name = "ownership show",
		.arguments = "ORG",
		.summary = "Show who owns an organisation, and who is to.",
		.words = "An owner whom a directory keeps out stays the owner on record, and is told as absent.",
		.example = "rosterctl ownership show acme",
		.next = "\"rosterctl ownership offer ORG MEMBER\" hands it over.",
		.run = ownership_show,
	},
	{
		.name = "ownership offer",
		.arguments = "ORG MEMBER",
		.summary = "Offer an organisation to another owner.",
		.words = "Only the owner may. The member, by id or e-mail, has 7 days to accept; then the former owner becomes an admin.",
		.example = "rosterctl ownership offer acme ada@acme.example",
		.next = "The member says \"rosterctl ownership accept ORG\".",
		.run = ownership_offer,
	},
	{
		.name = "ownership accept",
		.arguments = "ORG",
		.summary = "Become the owner, as it was offered to you.",
		.example = "rosterctl ownership accept acme",
		.next = "\"rosterctl ownership show ORG\" shows the new owner.",
		.run = ownership_accept,
	},
	{
		.name = "ownership decline",
		.arguments = "ORG",
		.summary = "Decline to become the owner.",
		.example = "rosterctl ownership decline acme",
		.next = "\"rosterctl ownership show ORG\" shows that nothing is open.",
		.run = ownership_decline,
	},
	{
		.name = "ownership withdraw",
		.arguments = "ORG",
		.summary = "Take an offer or a recovery back.",
		.words = "An offer is the owner's to take back; a recovery is it of the owner, the admins and the operator.",
		.example = "rosterctl ownership withdraw acme",
		.next = "\"rosterctl ownership show ORG\" shows that nothing is open.",
		.run = ownership_withdraw,
	},
	{
		.name = "ownership recover",
		.arguments = "ORG MEMBER",
		.summary = "Ask that a member becomes the owner, where a directory keeps the owner out.",
		.words = "An admin may, and the operator with the customer's consent. It takes effect when the operator confirms it, at the "
		         "earliest after 72 hours; until then it can be withdrawn, and it ends when the owner is back.",
		.options = recover_options,
		.example = "rosterctl ownership recover acme ada@acme.example",
		.next = "The operator says \"rosterctl ownership confirm ORG\" after 72 hours.",
		.run = ownership_recover,
	},
	{
		.name = "ownership confirm",
		.arguments = "ORG",
		.summary = "Confirm a recovery whose time of waiting is over.",
		.words = "Only the operator may. The member becomes the owner; the former one is an admin, still kept out.",
		.example = "rosterctl ownership confirm acme",
		.next = "\"rosterctl audit list ORG --action 'ownership.*'\" tells what was done.",
		.run = ownership_confirm,
	},
	{
		.name = "domain add",
		.arguments = "ORG DOMAIN",
		.summary = "Add a domain of mail to an organisation.",
		.words = "People of a directory are matched with users by addresses of proven "
		         "domains alone. The operator\'s word proves one; everybody else puts the TXT "
		         "record that is shown into the domain\'s DNS.",
		.options = domain_add_options,
		.example = "rosterctl domain add acme acme.example --proof dns",
		.next = "\"rosterctl domain check ORG DOMAIN\" looks for the record at once.",
		.run = domain_add,
	},
	{
		.name = "domain check",
		.arguments = "ORG DOMAIN",
		.summary = "Look for a domain's record in the DNS now.",
		.words = "What is found a moment later is shown by \"rosterctl domain show\". It is looked for "
		         "again and again without being asked, too.",
		.example = "rosterctl domain check acme acme.example",
		.next = "\"rosterctl domain show ORG DOMAIN\" shows what was found.",
		.run = domain_check,
	},
	{
		.name = "domain sso-only",
		.arguments = "ORG DOMAIN",
		.summary = "Leave the people of a domain no way in but their provider.",
		.words = "Passwords of theirs do not count any more, in any organisation, and sessions that began with one end. The owner's break-glass account "
			 "stays, and its use is told. A connection must have worked before: by a sign-on, or by its test.",
		.options = domain_sso_only_options,
		.example = "rosterctl domain sso-only acme acme.example",
		.next = "\"rosterctl account break-glass ORG MEMBER\" keeps the owner a way in.",
		.run = domain_sso_only,
	},
	{
		.name = "domain show",
		.arguments = "ORG DOMAIN",
		.summary = "Show one domain, and the record that proves it.",
		.example = "rosterctl domain show acme acme.example",
		.next = "\"rosterctl domain check ORG DOMAIN\" looks for the record at once.",
		.run = domain_show,
	},
	{
		.name = "domain list",
		.arguments = "ORG",
		.summary = "List an organisation's domains.",
		.options = list_options,
		.example = "rosterctl domain list acme",
		.next = "\"rosterctl domain remove ORG DOMAIN\" removes one.",
		.run = domain_list,
	},
	{
		.name = "domain adopt",
		.arguments = "ORG DOMAIN",
		.summary = "Take over a domain that its file no longer names.",
		.example = "rosterctl domain adopt acme acme.example",
		.next = "\"rosterctl domain remove ORG DOMAIN\" removes it, if that was meant.",
		.run = domain_adopt,
	},
	{
		.name = "domain remove",
		.arguments = "ORG DOMAIN",
		.summary = "Remove a domain from an organisation.",
		.words = "Its members stay; nobody is matched by addresses of this domain any "
		         "more.",
		.example = "rosterctl domain remove acme old.example",
		.next = "\"rosterctl domain list ORG\" shows those that are left.",
		.run = domain_remove,
	},
	{
		.name = "connection create",
		.arguments = "ORG PLUGIN NAME",
		.summary = "Connect an organisation to a directory.",
		.words = "\"rosterctl plugin show PLUGIN\" lists the settings. A secret never "
		         "stands on the command line, where others can read it.",
		.options = connection_create_options,
		.example = "rosterctl connection create acme ldap corporate --set "
		           "url=ldaps://dc1.acme.example --set user_base=ou=people,dc=acme,dc=example "
		           "--set bind_dn=cn=reader,dc=acme,dc=example --secret bind_password=@/root/bind "
		           "--role Admins=admin --schedule 15m",
		.next = "Try it with \"rosterctl connection test ORG/NAME\", then see what it "
		        "would do with \"rosterctl sync plan ORG/NAME\".",
		.run = connection_create,
	},
	{
		.name = "connection list",
		.arguments = "ORG",
		.summary = "List an organisation's connections.",
		.options = connection_list_options,
		.example = "rosterctl connection list acme",
		.next = "\"rosterctl connection show ORG/NAME\" shows one of them.",
		.run = connection_list,
	},
	{
		.name = "connection show",
		.arguments = "ORG/NAME",
		.summary = "Show one connection.",
		.words = "Of a secret only whether it is set is shown.",
		.example = "rosterctl connection show acme/corporate",
		.next = "\"rosterctl connection set ORG/NAME\" changes it.",
		.run = connection_show,
	},
	{
		.name = "connection set",
		.arguments = "ORG/NAME",
		.summary = "Change a connection.",
		.words = "Settings that are not named stay; --role and --attribute replace all "
		         "that there were. A new address, certificate or word such as tls=none "
		         "needs the secrets again: they go only where whoever gave them sent them.",
		.options = connection_set_options,
		.example = "rosterctl connection set acme/corporate --schedule 1h",
		.next = "\"rosterctl connection test ORG/NAME\" tries it.",
		.run = connection_set,
	},
	{
		.name = "connection setup-link",
		.arguments = "ORG/NAME",
		.summary = "Make a link for whoever administers the directory, to enter its settings.",
		.words = "They need no account: its token shows this connection and its plug-in, changes the settings and tests them, and does nothing else. "
		         "There is no page for it: give it to the form of your application, which asks the API with it. "
		         "A kept secret is not lent: it is given again with each change of another setting. "
		         "If the connection may reach addresses that are not public, as those that the operator makes may, give that up first: rosterctl connection set ORG/NAME --private-addresses no.",
		.options = setup_link_options,
		.example = "rosterctl connection setup-link acme/okta --expires 3d",
		.next = "\"rosterctl connection test ORG/NAME\" tells whether they are done.",
		.run = connection_setup_link,
	},
	{
		.name = "connection adopt",
		.arguments = "CONNECTION",
		.summary = "Take over a connection that its file no longer describes.",
		.words = "It is read as before all the time; nobody is thrown out.",
		.example = "rosterctl connection adopt acme/corporate",
		.next = "\"rosterctl connection delete CONNECTION\" deletes it, if that was meant.",
		.run = connection_adopt,
	},
	{
		.name = "connection delete",
		.arguments = "ORG/NAME",
		.summary = "Delete a connection, with a plan for its people.",
		.words = "It says nothing about its people any more: those whom another connection shows are "
		         "that one's, and for the others --people decides. The plan is shown, with the tokens "
		         "that its directory pushes with, and done when you say so. Until the organisation's retention is over it can be restored, with its people.",
		.options = connection_delete_options,
		.example = "rosterctl connection delete acme/okta --people hand-over --to entra --plan-only",
		.next = "\"rosterctl connection restore ORG/NAME\" undoes it.",
		.run = connection_delete,
	},
	{
		.name = "connection restore",
		.arguments = "ORG/NAME",
		.summary = "Bring a deleted connection back, and its people with it.",
		.words = "It comes back paused. Members whom it speaks for are what it said last.",
		.options = settled_options,
		.example = "rosterctl connection restore acme/okta",
		.next = "\"rosterctl connection set ORG/NAME --state active\" lets it be read again.",
		.run = connection_restore,
	},
	{
		.name = "connection same-directory",
		.arguments = "ORG/NAME",
		.summary = "Say that a connection reads the same directory as before, though its settings lead elsewhere.",
		.words = "When the settings of a server, a tenant or a base change, the next run is held, because whoever is not "
		         "shown there may be elsewhere. A server that moved, or a base that was renamed, is the same directory: after "
		         "this word the held run is judged like any other.",
		.example = "rosterctl connection same-directory acme/corporate",
		.next = "\"rosterctl sync list ORG/NAME\" shows what became of the run that was held.",
		.run = connection_same_directory,
	},
	{
		.name = "connection replace",
		.arguments = "ORG/OLD NEW",
		.summary = "Let another connection take over the people of one, and delete that.",
		.words = "Somebody is the same person by a proven address, once the new directory was read, or because "
		         "--pairs says so. Nobody is suspended in between.",
		.options = connection_replace_options,
		.example = "rosterctl connection replace acme/okta entra --pairs pairs.csv --plan-only",
		.next = "\"rosterctl sync run ORG/NEW\" reads the new directory.",
		.run = connection_replace,
	},
	{
		.name = "precedence show",
		.arguments = "ORG",
		.summary = "Show whose word counts for people who are in several directories.",
		.example = "rosterctl precedence show acme",
		.next = "\"rosterctl precedence set ORG\" changes it.",
		.run = precedence_show,
	},
	{
		.name = "precedence set",
		.arguments = "ORG",
		.summary = "Change whose word counts.",
		.words = "Members show what the one that leads says. What that changes is a plan: it is done at once, or shown "
		         "and asked about if somebody would be suspended or an admin would lose the role.",
		.options = precedence_set_options,
		.example = "rosterctl precedence set acme --rule role=manual,okta,ldap --rule name=ldap --plan-only",
		.next = "\"rosterctl precedence show ORG\" shows the order that counts now.",
		.run = precedence_set,
	},
	{
		.name = "connection test",
		.arguments = "ORG/NAME",
		.summary = "Try whether a connection works.",
		.words = "Opens the directory with the connection's settings, changes nothing, "
		         "and says what was found.",
		.example = "rosterctl connection test acme/corporate",
		.next = "\"rosterctl sync plan ORG/NAME\" shows what a run would do.",
		.run = connection_test,
	},
	{
		.name = "connection refused",
		.arguments = "ORG/NAME",
		.summary = "List people of a directory who could not be taken.",
		.words = "Each with the reason; nobody is skipped in silence.",
		.options = list_options,
		.example = "rosterctl connection refused acme/corporate",
		.next = "Mend the directory, or the connection with \"rosterctl connection set\"; the next run takes "
		        "them. \"rosterctl connection resolve\" says who somebody is whose address is taken.",
		.run = connection_refused,
	},
	{
		.name = "connection notifications",
		.arguments = "ORG/NAME",
		.summary = "List what a directory told by itself, and what became of it.",
		.words = "The newest first: how many people and groups a message was about, the last run that looked at them, and how many runs failed "
			 "over it. A message says whom to look at and never what is true; one that was given up is made good by the schedule.",
		.options = connection_notifications_options,
		.example = "rosterctl connection notifications acme/okta",
		.next = "\"rosterctl sync show ORG/RUN\" shows a run; \"rosterctl connection show ORG/NAME\" where messages go.",
		.run = connection_notifications,
	},
	{
		.name = "connection resolve",
		.arguments = "ORG/NAME ACCOUNT",
		.summary = "Say who somebody is whose address is another entry's.",
		.words = "A directory shows a new entry with an address that somebody had whose entry there is gone. Nobody but a "
		         "person can know whether they came back or the address was handed on, so the entry is refused until it is said. "
		         "It is done at once, as a run about this entry (about all of them, if the directory cannot be asked for one); "
		         "only if that run is held it is shown and asked about.",
		.options = connection_resolve_options,
		.example = "rosterctl connection resolve acme/corporate 5f0d3c1e-93c3-4d55-8e29-5a1c3f6b7c11 --same-person",
		.next = "\"rosterctl connection refused ORG/NAME\" shows who is left.",
		.run = connection_resolve,
	},
	{
		.name = "account list",
		.arguments = "ORG",
		.summary = "List who signs on with a password of ours.",
		.words = "Local accounts are for people whom no provider vouches for: those of solo and team organisations, and an enterprise's owner, for the "
			 "day on which its provider fails.",
		.options = list_options,
		.example = "rosterctl account list acme",
		.next = "\"rosterctl account link ORG MEMBER\" lets somebody set a password.",
		.run = account_list,
	},
	{
		.name = "account show",
		.arguments = "ORG MEMBER",
		.summary = "Show somebody's local account.",
		.example = "rosterctl account show acme ada@acme.example",
		.next = "\"rosterctl account delete ORG MEMBER\" takes it away.",
		.run = account_show,
	},
	{
		.name = "account link",
		.arguments = "ORG MEMBER",
		.summary = "Make a link by which a member sets their password, once.",
		.words = "Whoever opens it is that member, so hand it to them and to nobody else. It makes the account if there is none; the address is the "
			 "member's. When the password is set, all their sessions end.",
		.options = account_link_options,
		.example = "rosterctl account link acme ada@acme.example --expires 12h",
		.next = "\"rosterctl account show ORG MEMBER\" shows whether it was used.",
		.run = account_link,
	},
	{
		.name = "account delete",
		.arguments = "ORG MEMBER",
		.summary = "Take somebody's local account away, with its password.",
		.words = "They stay a member; their sessions end.",
		.options = account_delete_options,
		.example = "rosterctl account delete acme ada@acme.example",
		.next = "\"rosterctl account link ORG MEMBER\" makes a new one.",
		.run = account_delete,
	},
	{
		.name = "account second-factor-remove",
		.arguments = "ORG MEMBER",
		.summary = "Take the second factor off an account, for somebody who has lost it.",
		.words = "Their recovery codes go as well. Whoever must have one sets up another when they sign on next.",
		.options = account_delete_options,
		.example = "rosterctl account second-factor-remove acme ada@acme.example",
		.next = "\"rosterctl account policy ORG\" says who must have one.",
		.run = account_second_factor,
	},
	{
		.name = "account policy",
		.arguments = "ORG",
		.summary = "Say who must have a second factor, or show it.",
		.words = "Of local accounts. Who must and has none sets one up when they sign on next. Break-glass always must.",
		.options = account_policy_options,
		.example = "rosterctl account policy acme --second-factor admins",
		.next = "\"rosterctl account list ORG\" shows who has one.",
		.run = account_policy,
	},
	{
		.name = "account break-glass",
		.arguments = "ORG MEMBER",
		.summary = "Name the owner's account as the way in for the day on which the provider fails.",
		.words = "There is one at most, it is the owner's, and it counts for as long as they are the owner.",
		.options = account_break_glass_options,
		.example = "rosterctl account break-glass acme ada@acme.example",
		.next = "\"rosterctl audit list ORG --action account.*\" shows what was done with it.",
		.run = account_break_glass,
	},
	{
		.name = "session list",
		.arguments = "ORG",
		.summary = "List who is signed in.",
		.options = session_list_options,
		.example = "rosterctl session list acme --member ada@acme.example",
		.next = "\"rosterctl session end ORG ID\" ends one.",
		.run = session_list_all,
	},
	{
		.name = "session end",
		.arguments = "ORG [ID]",
		.summary = "Sign somebody off at once.",
		.words = "One session, all of a member, or all of the organisation. Whoever may still come in signs on anew.",
		.options = session_end_options,
		.example = "rosterctl session end acme --member ada@acme.example",
		.next = "\"rosterctl member suspend ORG MEMBER\" keeps somebody out.",
		.run = session_end_some,
	},
	{
		.name = "sso list",
		.arguments = "ORG",
		.summary = "List sign-ons, the newest first.",
		.words = "Those that came to an end, well or not, as long as they are kept: a month at most.",
		.options = sso_list_options,
		.example = "rosterctl sso list acme --connection corporate",
		.next = "\"rosterctl sso explain ORG/ID\" tells why one was refused.",
		.run = sso_list,
	},
	{
		.name = "sso explain",
		.arguments = "ORG/ID",
		.summary = "Tell how a sign-on ended, and why.",
		.words = "The page of somebody who was not signed in says its number. What was looked at, in order: what was expected, what came, "
			 "and what to change, at the provider or here. With --judge or --set what came then is judged again, by the time of then, with these "
			 "settings in place of the connection's; nothing comes of it. It is kept of sign-ons by SAML that came to nothing.",
		.options = sso_explain_options,
		.example = "rosterctl sso explain acme/0192f0c1-7a3e-7cc1-8f00-5d2b1c9e4a77",
		.next = "\"rosterctl connection set ORG/NAME\" changes what is set here.",
		.run = sso_explain,
	},
	{
		.name = "sso test",
		.arguments = "ORG/NAME",
		.summary = "Try a connection with your own browser, without being signed on.",
		.words = "Prints an address that is good for a quarter of an hour: all of a sign-on, to the provider and back. From then on the connection "
			 "is a way in for whoever says their address at /login.",
		.example = "rosterctl sso test acme/login",
		.next = "\"rosterctl sso list ORG\" shows how it went.",
		.run = sso_test,
	},
	{
		.name = "scim tokens",
		.arguments = "ORG/NAME",
		.summary = "List the tokens that a directory may push with.",
		.words = "Of a connection of plug-in \"scim\"; never the tokens themselves.",
		.options = list_options,
		.example = "rosterctl scim tokens acme/okta",
		.next = "\"rosterctl scim token-revoke ORG/NAME ID\" ends one.",
		.run = scim_tokens,
	},
	{
		.name = "scim trace",
		.arguments = "ORG/NAME",
		.summary = "Show what a directory that pushes asked last, and what came of it.",
		.words = "The newest first: by which token, what was answered, and the state of the run that took it (held: somebody must look at it). "
			 "--json shows requests and answers, without what is secret or says who somebody is.",
		.options = list_options,
		.example = "rosterctl scim trace acme/okta",
		.next = "\"rosterctl sync show ORG/RUN\" shows a run, \"rosterctl sync approve\" lets a held one go on.",
		.run = scim_trace,
	},
	{
		.name = "scim token-create",
		.arguments = "ORG/NAME TOKEN",
		.summary = "Make a token for a directory that pushes.",
		.words = "Two can count at a time, so that the directory can be given a new one before the old one ends. It is printed "
		         "once, with the base URL that it belongs to.",
		.options = scim_token_options,
		.example = "rosterctl scim token-create acme/okta autumn --expires 365d",
		.next = "Paste both into the directory; then \"rosterctl scim token-revoke\" ends the one before.",
		.run = scim_token_create,
	},
	{
		.name = "scim token-revoke",
		.arguments = "ORG/NAME ID",
		.summary = "End a token of a directory at once.",
		.words = "What the directory pushes with it from now on is refused; what it pushed before stays.",
		.example = "rosterctl scim token-revoke acme/okta 0192f0c1-7a3e-7cc1-8f00-5d2b1c9e4a77",
		.next = "\"rosterctl scim tokens ORG/NAME\" shows what is left.",
		.run = scim_token_revoke,
	},
	{
		.name = "plugin list",
		.arguments = "",
		.summary = "List the plug-ins that there are.",
		.options = list_options,
		.example = "rosterctl plugin list",
		.next = "\"rosterctl plugin show PLUGIN\" lists the settings of one.",
		.run = plugin_list,
	},
	{
		.name = "plugin show",
		.arguments = "PLUGIN",
		.summary = "Show a plug-in and its settings.",
		.example = "rosterctl plugin show ldap",
		.next = "\"rosterctl connection create ORG PLUGIN NAME\" uses it.",
		.run = plugin_show,
	},
	{
		.name = "sync run",
		.arguments = "ORG/CONNECTION",
		.summary = "Read a directory now and apply what it says.",
		.words = "With --wait the exit code is 0 only when the run is done, 6 when it is held because it would "
		         "remove too many, and 12 when it has not seen everybody. What is no longer shown is held "
		         "against what the listing before has proved; --anew leaves that out, and the guard stands.",
		.options = run_options,
		.example = "rosterctl sync run acme/corporate --wait",
		.next = "\"rosterctl sync changes ORG/RUN\" lists what it changed, \"rosterctl "
		        "connection refused\" whom it could not take.",
		.run = sync_run,
	},
	{
		.name = "sync plan",
		.arguments = "ORG/CONNECTION",
		.summary = "Read a directory now and show what a run would change.",
		.words = "Changes nothing. \"+\" comes, \"-\" goes, \"~\" becomes different. With "
		         "--json: the run and its changes.",
		.options = plan_options,
		.example = "rosterctl sync plan acme/corporate",
		.next = "\"rosterctl sync run ORG/CONNECTION --wait\" does it.",
		.run = sync_plan,
	},
	{
		.name = "sync list",
		.arguments = "ORG[/CONNECTION]",
		.summary = "List runs.",
		.options = list_options,
		.example = "rosterctl sync list acme --limit 20",
		.next = "\"rosterctl sync show ORG/RUN\" shows one of them.",
		.run = sync_list,
	},
	{
		.name = "sync show",
		.arguments = "ORG/RUN",
		.summary = "Show one run.",
		.words = "Where it is, what it has read, what it changed, or why not; and how the listing proves that it "
		         "was whole, part by part, or which part is missing.",
		.example = "rosterctl sync show acme/0192f0c1-7a3e-7cc1-8f00-5d2b1c9e4a77",
		.next = "\"rosterctl sync changes ORG/RUN\" lists its changes.",
		.run = sync_show,
	},
	{
		.name = "sync changes",
		.arguments = "ORG/RUN",
		.summary = "List what a run changed, or would change.",
		.options = lines_options,
		.example = "rosterctl sync changes acme/0192f0c1-7a3e-7cc1-8f00-5d2b1c9e4a77",
		.next = "A held run goes on with \"rosterctl sync approve\", or ends with "
		        "\"rosterctl sync drop\".",
		.run = sync_changes,
	},
	{
		.name = "sync approve",
		.arguments = "ORG/RUN",
		.summary = "Let a held run go on.",
		.words = "It applies the plan exactly as it is shown by \"rosterctl sync "
		         "changes\", or refuses if the roster has moved.",
		.options = wait_options,
		.example = "rosterctl sync approve acme/0192f0c1-7a3e-7cc1-8f00-5d2b1c9e4a77 "
		           "--wait",
		.next = "\"rosterctl sync show ORG/RUN\" shows how it ended.",
		.run = sync_approve,
	},
	{
		.name = "sync drop",
		.arguments = "ORG/RUN",
		.summary = "Throw a held run away.",
		.words = "Nothing is changed.",
		.example = "rosterctl sync drop acme/0192f0c1-7a3e-7cc1-8f00-5d2b1c9e4a77",
		.next = "Look at the directory before the next run: \"rosterctl connection test "
		        "ORG/NAME\".",
		.run = sync_drop,
	},
	{
		.name = "member list",
		.arguments = "ORG",
		.summary = "List an organisation's members.",
		.options = member_list_options,
		.example = "rosterctl member list acme --state suspended",
		.next = "\"rosterctl member show ORG MEMBER\" shows one of them.",
		.run = member_list,
	},
	{
		.name = "member add",
		.arguments = "ORG EMAIL NAME",
		.summary = "Make somebody a member by hand.",
		.words = "For people who are in no directory, such as the first owner. Only the "
		         "operator may.",
		.options = member_add_options,
		.example = "rosterctl member add acme ada@acme.example \"Ada Lovelace\" --role "
		           "admin",
		.next = "\"rosterctl org owner ORG MEMBER\" gives the organisation to a member.",
		.run = member_add,
	},
	{
		.name = "member show",
		.arguments = "ORG MEMBER",
		.summary = "Show one member.",
		.words = "MEMBER is an id or an e-mail.",
		.example = "rosterctl member show acme ada@acme.example",
		.next = "\"rosterctl audit list ORG --target ID\" tells the history.",
		.run = member_show,
	},
	{
		.name = "member explain",
		.arguments = "ORG MEMBER",
		.summary = "Say why a member is as they are.",
		.words = "Whose word the name, the role, the state and the rest are, what the other directories and people say, why that "
		         "does not count, which groups they are in and by what. For whoever may read the audit.",
		.example = "rosterctl member explain acme ada@acme.example",
		.next = "\"rosterctl precedence show ORG\" shows the order of the sources, \"rosterctl audit list ORG --target ID\" the history.",
		.run = member_explain,
	},
	{
		.name = "member role",
		.arguments = "ORG MEMBER [ROLE]",
		.summary = "Give a member another role.",
		.words = "A role that was given by hand counts more than one from a directory's "
		         "group, unless a rule says otherwise.",
		.options = member_role_options,
		.example = "rosterctl member role acme ada@acme.example admin",
		.next = "\"rosterctl member show ORG MEMBER\" shows it.",
		.run = member_role,
	},
	{
		.name = "member suspend",
		.arguments = "ORG MEMBER",
		.summary = "Keep a member out.",
		.words = "Sessions and keys end at once; the member can come back.",
		.options = if_match_options,
		.example = "rosterctl member suspend acme ada@acme.example",
		.next = "\"rosterctl member restore ORG MEMBER\" takes it back.",
		.run = member_suspend,
	},
	{
		.name = "member restore",
		.arguments = "ORG MEMBER",
		.summary = "Let a suspended member in again.",
		.options = if_match_options,
		.example = "rosterctl member restore acme ada@acme.example",
		.next = "\"rosterctl member show ORG MEMBER\" shows the state.",
		.run = member_restore,
	},
	{
		.name = "member remove",
		.arguments = "ORG MEMBER",
		.summary = "Remove a member from an organisation.",
		.words = "No directory brings the member back; \"rosterctl member restore\" does. Whoever is only to be kept out "
		         "for a while is suspended.",
		.options = removing_options,
		.example = "rosterctl member remove acme ada@acme.example --yes",
		.next = "\"rosterctl audit list ORG\" shows who did it.",
		.run = member_remove,
	},
	{
		.name = "group list",
		.arguments = "ORG",
		.summary = "List an organisation's groups.",
		.options = list_options,
		.example = "rosterctl group list acme",
		.next = "\"rosterctl group members ORG GROUP\" lists who is in one.",
		.run = group_list,
	},
	{
		.name = "group members",
		.arguments = "ORG GROUP",
		.summary = "List the members of a group.",
		.words = "GROUP is an id or a name.",
		.options = list_options,
		.example = "rosterctl group members acme Engineering",
		.next = "\"rosterctl connection set ORG/NAME --role GROUP=ROLE\" gives them a "
		        "role.",
		.run = group_members,
	},
	{
		.name = "master-key list",
		.arguments = "",
		.summary = "List the master keys that seal secrets.",
		.words = "Each with its use: \"seals\" is master_key, \"opens\" is previous_master_key, "
		         "\"unknown\" is neither. The keys themselves are never shown.",
		.example = "rosterctl master-key list",
		.next = "\"rosterctl master-key reseal\" leaves nothing to the previous one.",
		.run = master_key_list,
	},
	{
		.name = "master-key reseal",
		.arguments = "",
		.summary = "Seal all secrets by the new master key.",
		.words = "After the key was changed in the configuration of every daemon. It can be broken off and "
		         "given again; it ends with how many secrets are left to the previous key.",
		.example = "rosterctl master-key reseal",
		.next = "When none is left, take previous_master_key out of the configuration.",
		.run = master_key_reseal,
	},
	{
		.name = "client list",
		.arguments = "",
		.summary = "List the applications that sign people on here (OpenID Connect).",
		.options = list_options,
		.example = "rosterctl client list",
		.next = "\"rosterctl client create\" makes one.",
		.run = client_list,
	},
	{
		.name = "client create",
		.arguments = "NAME",
		.summary = "Let an application sign people on here.",
		.words = "NAME is its client_id. Applications are the operator's own, and nobody is asked for consent. The secret is printed once.",
		.options = client_create_options,
		.example = "rosterctl client create portal --redirect https://app.example/callback --backchannel https://app.example/signed-out",
		.next = "Give the application the address of rosterd as the issuer; it finds the rest by itself.",
		.run = client_create,
	},
	{
		.name = "client show",
		.arguments = "NAME",
		.summary = "Show an application, without its secret.",
		.example = "rosterctl client show portal",
		.next = "\"rosterctl client set NAME\" changes it.",
		.run = client_show,
	},
	{
		.name = "client set",
		.arguments = "NAME",
		.summary = "Change an application, pause it, or let it go on.",
		.options = client_set_options,
		.example = "rosterctl client set portal --logout https://app.example/",
		.next = "\"rosterctl client show NAME\" shows what it is now.",
		.run = client_set,
	},
	{
		.name = "client rotate",
		.arguments = "NAME",
		.summary = "Give an application another secret.",
		.words = "For a while the former one counts, too, so that the application can be given the new one without a gap.",
		.options = client_rotate_options,
		.example = "rosterctl client rotate portal --overlap 1h",
		.next = "Give the application the secret that is printed.",
		.run = client_rotate,
	},
	{
		.name = "client delete",
		.arguments = "NAME",
		.summary = "Delete an application; all that it was given is over at once.",
		.options = removing_options,
		.example = "rosterctl client delete portal",
		.next = "People stay signed in here and at other applications.",
		.run = client_delete,
	},
	{
		.name = "client adopt",
		.arguments = "NAME",
		.summary = "Manage an application here that a file described and no longer does.",
		.example = "rosterctl client adopt portal",
		.next = "\"rosterctl client set NAME\" changes it from now on.",
		.run = client_adopt,
	},
	{
		.name = "signing-key list",
		.arguments = "",
		.summary = "List the keys that sign for applications.",
		.words = "next: published, and signs later; current: signs; former: signs no more and is still believed. The keys themselves are never shown.",
		.options = list_options,
		.example = "rosterctl signing-key list",
		.next = "\"rosterctl signing-key roll\" makes the next ones.",
		.run = signing_key_list,
	},
	{
		.name = "signing-key roll",
		.arguments = "",
		.summary = "Make new keys that sign for applications.",
		.words = "They are published at once and sign a day later, so that applications know them by then; the former ones are believed for 30 days more. "
			 "This also happens by itself (applications.roll_keys).",
		.options = signing_key_roll_options,
		.example = "rosterctl signing-key roll",
		.next = "\"rosterctl signing-key list\" shows when they sign.",
		.run = signing_key_roll,
	},
	{
		.name = "event endpoints",
		.arguments = "[ORG]",
		.summary = "List where events are delivered to, and how that goes.",
		.words = "Without ORG: the operator's own, which hear of every organisation.",
		.options = list_options,
		.example = "rosterctl event endpoints acme",
		.next = "\"rosterctl event endpoint-show\" tells what is wrong with one.",
		.run = event_endpoint_list,
	},
	{
		.name = "event endpoint-create",
		.arguments = "[ORG/]NAME URL",
		.summary = "Deliver what happens to an application, signed, as it happens.",
		.words = "Without ORG the application hears of every organisation; only the operator may. Events are posted as JSON, signed as "
			 "the Standard Webhooks specification has it; the secret to check that with is printed once.",
		.options = endpoint_create_options,
		.example = "rosterctl event endpoint-create acme/crm https://crm.acme.example/rosterd --type \"member.*\"",
		.next = "\"rosterctl event endpoint-test NAME\" posts an event that did not happen.",
		.run = event_endpoint_create,
	},
	{
		.name = "event endpoint-show",
		.arguments = "[ORG/]NAME",
		.summary = "Show an event endpoint: how far it is, and what its last trouble was.",
		.example = "rosterctl event endpoint-show acme/crm",
		.next = "\"rosterctl event passed-over NAME\" lists what it refused.",
		.run = event_endpoint_show,
	},
	{
		.name = "event endpoint-set",
		.arguments = "[ORG/]NAME",
		.summary = "Change an event endpoint, pause it, or let a stopped one go on.",
		.options = endpoint_set_options,
		.example = "rosterctl event endpoint-set acme/crm --state active",
		.next = "Nothing is lost meanwhile: it goes on behind what it was told last.",
		.run = event_endpoint_set,
	},
	{
		.name = "event endpoint-test",
		.arguments = "[ORG/]NAME",
		.summary = "Post a signed event that did not happen (rosterd.test), and say what came.",
		.example = "rosterctl event endpoint-test acme/crm",
		.next = "Exit status 0 means that it answered with success.",
		.run = event_endpoint_test,
	},
	{
		.name = "event endpoint-rotate",
		.arguments = "[ORG/]NAME",
		.summary = "Give an event endpoint another secret.",
		.words = "For a while events are signed with both, so that the application can be given the new one without a gap.",
		.options = endpoint_rotate_options,
		.example = "rosterctl event endpoint-rotate acme/crm --overlap 1h",
		.next = "Give the application the secret that is printed.",
		.run = event_endpoint_rotate,
	},
	{
		.name = "event endpoint-replay",
		.arguments = "[ORG/]NAME CURSOR",
		.summary = "Deliver again what is behind a cursor of the feed.",
		.words = "0 is everything that is kept, end is nothing. Events keep their ids, so that an application knows what it has seen.",
		.example = "rosterctl event endpoint-replay acme/crm 0",
		.next = "\"rosterctl event endpoint-show NAME\" shows how far it is.",
		.run = event_endpoint_replay,
	},
	{
		.name = "event endpoint-delete",
		.arguments = "[ORG/]NAME",
		.summary = "Deliver nothing there any more.",
		.options = removing_options,
		.example = "rosterctl event endpoint-delete acme/crm",
		.next = "The events themselves stay in the feed.",
		.run = event_endpoint_delete,
	},
	{
		.name = "event passed-over",
		.arguments = "[ORG/]NAME",
		.summary = "List events that an endpoint refused again and again, so that others could follow.",
		.options = list_options,
		.example = "rosterctl event passed-over acme/crm",
		.next = "Mend the application; \"rosterctl event endpoint-replay NAME CURSOR\" delivers again what is behind a cursor.",
		.run = event_passed_over,
	},
	{
		.name = "audit list",
		.arguments = "[ORG]",
		.summary = "List who did what, newest first.",
		.words = "Without ORG: what concerns no organisation; only the operator sees it. "
		         "With --follow the newest comes last.",
		.options = audit_options,
		.example = "rosterctl audit list acme --since 1d",
		.next = "With --json each entry has what was there before and after.",
		.run = audit_list,
	},
	{
		.name = "audit export",
		.arguments = "[ORG]",
		.summary = "Take the audit out in its hash chain, to keep it and to check it elsewhere.",
		.words = "Without ORG: the operator's own. Every entry stands there with what its link in the chain is made "
		         "of, what is personal included. With --since and --until the stretch of the chain is taken that holds all "
		         "entries of that time. What was written in the last second may not be sealed yet.",
		.options = audit_export_options,
		.example = "rosterctl audit export acme >acme.jsonl",
		.next = "\"rosterctl audit verify FILE\" checks it, without any daemon.",
		.run = audit_export,
	},
	{
		.name = "audit head",
		.arguments = "[ORG]",
		.summary = "Print the end of the hash chain as it stands: organisation, position, link.",
		.words = "Append it now and then to a file that whoever runs the database cannot change. What is missing at "
		         "the end of a later export, and a chain that was written anew, can only be found by such a note.",
		.example = "rosterctl audit head acme >>heads",
		.next = "\"rosterctl audit verify FILE --heads heads\" compares an export with it.",
		.run = audit_head,
	},
	{
		.name = "audit verify",
		.arguments = "FILE [FILE...]",
		.summary = "Check exports of the audit, without any daemon: is it all there, and as it was written?",
		.words = "FILE is what \"rosterctl audit export\" wrote, in either format; \"-\" is standard input. A second file may "
		         "go on where the first one ended. Finds what was changed, taken out, put in, moved or mixed in from "
		         "another organisation, and says in which line. Entries of people who were erased still verify.",
		.options = audit_verify_options,
		.example = "rosterctl audit verify acme.jsonl --heads heads",
		.next = "Exit status 13 means that something is wrong.",
		.run = audit_verify,
		.offline = true,
	},
	{
		.name = "permission list",
		.arguments = "ORG",
		.summary = "List what you may do in an organisation.",
		.example = "rosterctl permission list acme",
		.next = "\"rosterctl permission check ORG PERMISSION --member MEMBER\" asks for "
		        "another.",
		.run = permission_list,
	},
	{
		.name = "permission check",
		.arguments = "ORG PERMISSION",
		.summary = "Ask whether somebody may do something.",
		.words = "The exit code is 0 for yes and 4 for no.",
		.options = check_options,
		.example = "rosterctl permission check acme change_roles --member "
		           "ada@acme.example",
		.next = "\"rosterctl member role ORG MEMBER ROLE\" changes what a member may.",
		.run = permission_check,
	},
	{
		.name = "token create",
		.arguments = "NAME",
		.summary = "Make a token for the API.",
		.words = "The token is printed once and alone, so that it can be sent to a file; "
		         "we keep only its hash.",
		.options = token_create_options,
		.example = "(umask 077; rosterctl token create ci --organisation acme --role "
		           "viewer --expires 30d > ci.token)",
		.next = "Use it: rosterctl --url https://roster.example --token-file ci.token "
		        "whoami",
		.run = token_create,
	},
	{
		.name = "token list",
		.arguments = "",
		.summary = "List tokens.",
		.words = "Never the tokens themselves.",
		.options = token_list_options,
		.example = "rosterctl token list --organisation acme",
		.next = "\"rosterctl token revoke ID\" ends one.",
		.run = token_list,
	},
	{
		.name = "token adopt",
		.arguments = "ID",
		.summary = "Answer for a service's token from now on.",
		.words = "A token with a role of its own sleeps while the member who made it is not "
		         "active; whoever adopts it wakes it up.",
		.options = token_adopt_options,
		.example = "rosterctl token adopt 0192f0c1-7a3e-7cc1-8f00-5d2b1c9e4a77 "
		           "--organisation acme",
		.next = "\"rosterctl token list --organisation ORG\" shows which are asleep.",
		.run = token_adopt,
	},
	{
		.name = "token rotate",
		.arguments = "ID",
		.summary = "Make a token in the place of another.",
		.words = "The same in all but its id, its text and its time. The old one goes on counting for a "
		         "while, so that nothing has to stop; never more than two do. The new one is printed once.",
		.options = token_rotate_options,
		.example = "(umask 077; rosterctl token rotate 0192f0c1-7a3e-7cc1-8f00-5d2b1c9e4a77 --overlap 1h > "
		           "ci.token)",
		.next = "\"rosterctl token revoke ID\" ends the old one earlier.",
		.run = token_rotate,
	},
	{
		.name = "token revoke",
		.arguments = "ID",
		.summary = "End a token at once.",
		.words = "Whoever stole it may have rotated it: what took its place by its own word ends as well. What else was "
		         "made with it is named and left.",
		.options = token_revoke_options,
		.example = "rosterctl token revoke 0192f0c1-7a3e-7cc1-8f00-5d2b1c9e4a77 "
		           "--organisation acme",
		.next = "\"rosterctl token list\" shows those that are left.",
		.run = token_revoke,
	},
	{
		.name = "whoami",
		.arguments = "",
		.summary = "Show who you are to the daemon.",
		.example = "rosterctl whoami",
		.next = "\"rosterctl permission list ORG\" shows what you may.",
		.run = whoami_show,
	},
	{
		.name = "reload",
		.arguments = "",
		.summary = "Have the daemon read its configuration again.",
		.words = "All files are read and checked, and taken whole or refused whole; what was done is "
		         "listed, or every mistake with its file and line. Settings that wait for a restart are "
		         "named.",
		.example = "rosterctl reload",
		.next = "If it was refused, the daemon goes on as before: mend the files and try again.",
		.run = configuration_reload,
	},
	{
		.name = "status",
		.arguments = "",
		.summary = "Show whether the daemon is well, and what waits for somebody.",
		.words = "The operator gets a page: database, connections that fail, runs that are held, queues. The exit code "
		         "is 0 if the daemon is well, and 5 if it cannot be reached.",
		.example = "rosterctl status",
		.next = "If it is not: \"rosterctl doctor\" and \"journalctl -u rosterd\" tell why.",
		.run = about_status,
	},
	{
		.name = "metrics",
		.arguments = "",
		.summary = "Print the daemon's figures as Prometheus reads them.",
		.example = "rosterctl metrics | grep rosterd_runs",
		.next = "Name an address in metrics.listen of rosterd.conf, where Prometheus gets them by itself.",
		.run = about_metrics,
	},
	{
		.name = "doctor",
		.arguments = "",
		.summary = "Say what is wrong with this installation.",
		.words = "Looks at configuration, files, keys, clock, kernel, plug-ins, database, roles, queues and "
		         "certificates, whether the daemon and the database run or not; changes nothing, and shows no secret. "
		         "Run it as root. The exit code is 0 if nothing is wrong, 10 for a problem, 11 for a warning.",
		.options = doctor_options,
		.example = "rosterctl doctor",
		.next = "Do what stands after \"do:\", and ask again; rosterd(8) lists the codes.",
		.run = doctor_examine,
		.offline = true,
	},
	{
		.name = "check saml",
		.arguments = "[FILE]",
		.summary = "Judge SAML responses as the daemon would: one question a line, one answer a line.",
		.words = "A question is an object of JSON: \"response\" (base64, as it was posted), \"idp\" with \"entityId\" and \"certs\" (a "
		         "list of PEM texts), \"sp\" with \"entityId\", \"acsUrl\" and, for encrypted assertions, \"privateKey\", \"now\" (a time; "
		         "the present one otherwise) and \"requestId\" (null if the provider began). The answer has \"ok\"; if it is true, \"nameid\" and "
		         "\"attributes\", otherwise \"error\". No daemon is needed, nothing is remembered, and nobody is signed on.",
		.example = "rosterctl check saml <questions.jsonl",
		.next = "What \"error\" says is what the administrator of a connection reads.",
		.run = check_saml,
		.offline = true,
	},
	{
		.name = "check metadata",
		.arguments = "[FILE]",
		.summary = "Read metadata of SAML providers as the daemon would: one question a line, one answer a line.",
		.words = "A question is an object of JSON with \"metadata\", base64. The answer has \"ok\"; if it is true, \"idps\", a list with "
		         "\"entityId\", \"redirect\", \"post\" (where people sign on) and \"certs\" (SHA-256 of each certificate for signatures), otherwise "
		         "\"error\".",
		.example = "rosterctl check metadata <questions.jsonl",
		.next = "What it takes is what a connection by SAML takes as metadata.",
		.run = check_metadata,
		.offline = true,
	},
	{
		.name = "check jws",
		.arguments = "[FILE]",
		.summary = "Say whether tokens are signed by a key of a set, as the daemon would: one question a line, one answer a line.",
		.words = "A question is an object of JSON with \"jws\" (a token of three parts) and \"jwks\" (a JSON web key set). The answer has \"ok\" "
		         "and, if it is false, \"error\". What the token claims is not judged.",
		.example = "rosterctl check jws <questions.jsonl",
		.next = "Whoever issued the token says at \"jwks_uri\" of its discovery document what the keys are.",
		.run = check_jws,
		.offline = true,
	},
	{
		.name = "support-bundle",
		.arguments = "[FILE]",
		.summary = "Put together what somebody needs who helps from afar.",
		.words = "Writes a tar archive that only you can read: what the doctor finds, versions, the configuration without "
		         "secrets, sizes of tables, counts of runs, metrics and the end of the log. Names and addresses of people "
		         "and of organisations are replaced; MANIFEST in it says what was left out.",
		.options = bundle_options,
		.example = "rosterctl support-bundle /root/rosterd-support.tar",
		.next = "Look through it before you send it: \"tar -xOf FILE | less\".",
		.run = support_bundle,
		.offline = true,
	},
	{
		.name = "version",
		.arguments = "",
		.summary = "Print the version of rosterctl.",
		.example = "rosterctl version",
		.next = "\"rosterctl status\" prints the daemon's.",
		.run = about_version,
		.offline = true,
	},
	{
		.name = "help",
		.arguments = "[COMMAND...]",
		.summary = "Teach a command, or list them all.",
		.example = "rosterctl help connection create",
		.next = "Try it with your own names.",
		.run = help_command,
		.offline = true,
	},
	{
		.name = "completion bash",
		.arguments = "",
		.summary = "Print what bash needs to complete commands.",
		.example = "source <(rosterctl completion bash)",
		.next = "Press Tab after \"rosterctl \".",
		.run = completion_bash,
		.offline = true,
	},
	{
		.name = "completion zsh",
		.arguments = "",
		.summary = "Print what zsh needs to complete commands.",
		.example = "source <(rosterctl completion zsh)",
		.next = "Press Tab after \"rosterctl \"; compinit must have run before.",
		.run = completion_zsh,
		.offline = true,
	},
	{
		.name = "completion fish",
		.arguments = "",
		.summary = "Print what fish needs to complete commands.",
		.example = "rosterctl completion fish | source",
		.next = "Press Tab after \"rosterctl \".",
		.run = completion_fish,
		.offline = true,
	},
	{ 0 },
};
/* clang-format on */

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
