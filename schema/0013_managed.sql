-- oldest: 0.1.0
--
-- Where a file says what something is, and since when it no longer does.
--
-- Which file it is stands in managed_by of the thing itself; here are the line in it and the time when the file, or the part of
-- it, was found to be gone. Nothing is removed then: an administrator says whether it is to stay (adopt) or to go.
SET LOCAL search_path = rosterd, pg_temp;

CREATE TABLE managed (
	organisation uuid NOT NULL REFERENCES organisations ON DELETE CASCADE,
	kind         text NOT NULL CHECK (kind IN ('organisation', 'domain', 'connection')),
	target       text COLLATE "C" NOT NULL, -- an id, or a domain's name
	line         integer NOT NULL CHECK (line >= 0), -- 0: not known
	orphaned_at  timestamptz,
	PRIMARY KEY (organisation, kind, target)
);
ALTER TABLE managed ENABLE ROW LEVEL SECURITY;
ALTER TABLE managed FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON managed TO rosterd_request
	USING (organisation = (SELECT current_organisation()))
	WITH CHECK (organisation = (SELECT current_organisation()));
CREATE POLICY keeper ON managed TO rosterd_owner USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON managed TO rosterd_request;

-- For the daemon that compares its files with them: every organisation that a file describes, or did.
CREATE FUNCTION managed_organisations() RETURNS TABLE (organisation uuid, slug text, name text, file text, orphaned boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	SELECT o.organisation, o.slug, o.name, o.managed_by, m.orphaned_at IS NOT NULL
	FROM organisations o LEFT JOIN managed m ON m.organisation = o.organisation AND m.kind = 'organisation'
	WHERE o.managed_by IS NOT NULL AND o.state <> 'deleted' ORDER BY o.slug;
END;

-- For the operator: what waits for an answer. Parts of an organisation that itself does are not listed.
CREATE FUNCTION managed_orphans(most integer)
RETURNS TABLE (kind text, organisation text, name text, file text, line bigint, since timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	WITH gone AS (
		SELECT m.*, o.slug, o.managed_by AS whole FROM managed m JOIN organisations o USING (organisation)
		WHERE m.orphaned_at IS NOT NULL AND o.state <> 'deleted')
	SELECT g.kind, g.slug, g.slug, g.whole, g.line::bigint, g.orphaned_at FROM gone g
	WHERE g.kind = 'organisation' AND g.whole IS NOT NULL
	UNION ALL
	SELECT g.kind, g.slug, g.target, d.managed_by, g.line::bigint, g.orphaned_at
	FROM gone g JOIN domains d ON d.organisation = g.organisation AND d.domain = g.target
	WHERE g.kind = 'domain' AND d.managed_by IS NOT NULL
	UNION ALL
	SELECT g.kind, g.slug, c.name, c.managed_by, g.line::bigint, g.orphaned_at
	FROM gone g JOIN connections c ON c.organisation = g.organisation AND c.id::text = g.target
	WHERE g.kind = 'connection' AND c.managed_by IS NOT NULL
	ORDER BY 2, 1, 3 LIMIT most;
END;

REVOKE ALL ON FUNCTION managed_organisations(), managed_orphans(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION managed_organisations(), managed_orphans(integer) TO rosterd_request;
