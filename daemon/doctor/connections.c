/* Connections: is the plug-in of each there, are the certificates in its settings still valid, and is whoever made a token for a directory
 * that pushes still one of its organisation. */
#include "doctor/visit.h"

#include <inttypes.h>
#include <string.h>

#include "base/certificate.h"
#include "base/clock.h"
#include "base/text.h"
#include "plugin/catalog.h"

enum {
	CONNECTIONS_MOST = 10000,
	SOON_DAYS = 30,
	DATE_LENGTH = 10, /* "2026-11-22" */
};
static const int64_t us_per_day = INT64_C(86400) * 1000000;

/* ---- plug-ins ---- */

static bool is_there(const char *const *names, const char *name)
{
	for (; *names; names++)
		if (text_equal(*names, name))
			return true;
	return false;
}

static void look_at_plugins(struct visit *v)
{
	static const struct query plugins = {
		"visit.plugins", "SELECT plugin, count(*), min(name) FROM connections WHERE state <> 'deleted' GROUP BY plugin ORDER BY plugin",
		QUERY_READS, QUERY_ONCE,
	};
	struct report *r = v->report;
	const struct rows *rows;

	if (!v->options->catalog || visit_ask(v, STORE_OWNER, &plugins, NO_PARAMS, &rows) < 0)
		return;
	for (size_t i = 0; i < rows_count(rows); i++)
		if (!is_there(catalog_names(v->options->catalog), rows_text(rows, i, 0)))
			report_add(r, (struct finding){ FINDING_PROBLEM, "plugin.missing",
							say(r, "%" PRId64 " connections need plug-in \"%s\", which is not "
							       "installed", rows_int(rows, i, 1), rows_text(rows, i, 0)),
							"their directories cannot be read: who left is still in",
							"apt install rosterd-connectors; rosterctl plugin list" });
}

/* ---- certificates ---- */

static void judge_certificate(struct report *r, const struct rows *rows, size_t row)
{
	const char *organisation = rows_text(rows, row, 0), *connection = rows_text(rows, row, 1),
		   *setting = rows_text(rows, row, 2), *pem = rows_text(rows, row, 3);
	int64_t until, now = clock_now_us();
	char text[CLOCK_TEXT_SIZE];

	if (certificate_expires(pem, strlen(pem), &until) < 0) {
		report_add(r, (struct finding){ FINDING_WARNING, "certificate.unreadable",
						say(r, "\"%s\" of \"%s/%s\" holds a certificate that cannot be read", setting,
						    organisation, connection),
						"a server that it should vouch for is not trusted",
						say(r, "rosterctl connection set %s/%s --set %s=@FILE", organisation,
						    connection, setting) });
		return;
	}
	clock_text(until, text);
	if (until - now > SOON_DAYS * us_per_day) {
		report_ok(r, "certificate.ok", "\"%s\" of \"%s/%s\" is valid until %.*s", setting, organisation, connection,
			  DATE_LENGTH, text);
		return;
	}
	report_add(r, (struct finding){ until <= now ? FINDING_PROBLEM : FINDING_WARNING,
					until <= now ? "certificate.expired" : "certificate.expiring",
					say(r, "a certificate in \"%s\" of \"%s/%s\" is valid until %.*s", setting,
					    organisation, connection, DATE_LENGTH, text),
					"after that day the directory is not trusted, and not read",
					say(r, "rosterctl connection set %s/%s --set %s=@FILE", organisation, connection,
					    setting) });
}

static void look_at_certificates(struct visit *v)
{
	static const struct query certificates = {
		"visit.certificates",
		"SELECT o.slug, c.name, s.key, s.value FROM connections c JOIN organisations o USING (organisation), "
		"jsonb_each_text(c.settings) AS s WHERE c.state <> 'deleted' AND s.value LIKE '%-----BEGIN CERTIFICATE%' ORDER BY 1, 2, 3 LIMIT $1",
		QUERY_READS, QUERY_ONCE,
	};
	const struct rows *rows;

	if (visit_ask(v, STORE_OWNER, &certificates, PARAMS(P_INT(CONNECTIONS_MOST)), &rows) < 0)
		return;
	for (size_t row = 0; row < rows_count(rows); row++)
		judge_certificate(v->report, rows, row);
}

/* ---- tokens of directories that push ---- */

/* They go on: they are the directory's. But who left has seen them. */
static void look_at_makers(struct visit *v)
{
	static const struct query makers = {
		"visit.makers",
		"SELECT o.slug, c.name, t.name, t.id::text FROM scim_tokens t JOIN organisations o USING (organisation) "
		"JOIN connections c ON c.organisation = t.organisation AND c.id = t.connection WHERE t.kind <> 'short' AND t.revoked_at IS NULL "
		"AND (t.expires_at IS NULL OR t.expires_at > now()) AND c.state <> 'deleted' AND o.state <> 'deleted' AND t.created_by LIKE 'member %' "
		"AND NOT EXISTS (SELECT FROM members m WHERE m.organisation = t.organisation AND 'member ' || m.user_id = t.created_by "
		"AND m.state = 'active') ORDER BY 1, 2, 3 LIMIT $1",
		QUERY_READS, QUERY_ONCE,
	};
	struct report *r = v->report;
	const struct rows *rows;

	if (visit_ask(v, STORE_OWNER, &makers, PARAMS(P_INT(CONNECTIONS_MOST)), &rows) < 0)
		return;
	for (size_t i = 0; i < rows_count(rows); i++)
		report_add(r, (struct finding){ FINDING_WARNING, "scim.maker",
						say(r, "whoever made the token \"%s\" of \"%s/%s\" is no active member any more",
						    rows_text(rows, i, 2), rows_text(rows, i, 0), rows_text(rows, i, 1)),
						"it goes on working, and they have seen it",
						say(r, "rosterctl scim token-create %s/%s NAME; then rosterctl scim token-revoke %s/%s %s",
						    rows_text(rows, i, 0), rows_text(rows, i, 1), rows_text(rows, i, 0), rows_text(rows, i, 1),
						    rows_text(rows, i, 3)) });
}

void visit_connections(struct visit *v)
{
	if (!v->known || !v->reached[STORE_OWNER])
		return;
	look_at_plugins(v);
	look_at_certificates(v);
	look_at_makers(v);
}
