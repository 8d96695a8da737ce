-- oldest: 0.1.0
--
-- Whose word counts when several say something of one person.
--
-- Each connection has a precedence, and each attribute of a member may have a rule that names who leads. A source that says nothing of an
-- attribute, that no longer shows the person, or that was deleted hands over to the next. What a person set stands beside the
-- directories' words under the nil UUID, first of all unless a rule says otherwise.
SET LOCAL search_path = rosterd, pg_temp;

ALTER TABLE connections
	ADD COLUMN precedence integer NOT NULL DEFAULT 100 CHECK (precedence BETWEEN 0 AND 1000000); -- lower leads; equal: the older

-- What a person set, kept beside what is shown: a rule may put a directory's word before it.
ALTER TABLE members
	ADD COLUMN title text,
	ADD COLUMN department text,
	ADD COLUMN role_manual text CHECK (role_manual IN ('admin', 'member', 'viewer')),
	ADD COLUMN name_manual text,
	ADD COLUMN email_manual text COLLATE "C";
UPDATE members SET role_manual = role WHERE role_source = 'manual' AND role <> 'owner';
UPDATE members SET name_manual = nullif(name, ''), email_manual = email WHERE connection IS NULL;
UPDATE members m SET title = a.title, department = a.department FROM accounts a
	WHERE a.organisation = m.organisation AND a.user_id = m.user_id AND a.connection = m.connection
	AND (a.title IS NOT NULL OR a.department IS NOT NULL);

-- The rules: who leads for an attribute, in order. Who is not named follows, in the order of precedence.
CREATE TABLE precedences (
	organisation uuid NOT NULL REFERENCES organisations ON DELETE CASCADE,
	attribute    text COLLATE "C" NOT NULL CHECK (attribute IN ('name', 'email', 'title', 'department', 'role', 'state')),
	sources      uuid[] NOT NULL CHECK (cardinality(sources) BETWEEN 1 AND 101), -- connections; the nil UUID: what a person set
	PRIMARY KEY (organisation, attribute)
);
ALTER TABLE precedences ENABLE ROW LEVEL SECURITY;
ALTER TABLE precedences FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON precedences TO rosterd_request, rosterd_worker
	USING (organisation = (SELECT current_organisation()))
	WITH CHECK (organisation = (SELECT current_organisation()));
CREATE POLICY keeper ON precedences TO rosterd_owner USING (true) WITH CHECK (true);
GRANT SELECT ON precedences TO rosterd_request;
GRANT SELECT, INSERT, UPDATE, DELETE ON precedences TO rosterd_worker;

-- The one order of an organisation's sources: for each attribute a rank of three digits, lower leads. wanted lays what is only planned over
-- what is kept: {"connections": {"<id>": precedence}, "rules": {"role": ["<id>", ...], "name": null}}. It runs as who asks, under their policies.
CREATE FUNCTION source_ranks(of uuid, wanted jsonb)
RETURNS TABLE (source uuid, label text, name text, email text, title text, department text, role text, state text)
LANGUAGE sql STABLE SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	WITH sources AS (
		SELECT c.id, c.name AS label, coalesce((wanted #>> ARRAY['connections', c.id::text])::integer, c.precedence) AS precedence, c.created_at
		FROM connections c WHERE c.organisation = of
		UNION ALL SELECT '00000000-0000-0000-0000-000000000000'::uuid, 'manual', -1, NULL
	), rules AS (
		SELECT a.attribute, CASE WHEN wanted -> 'rules' ? a.attribute
			THEN (SELECT array_agg(w.id::uuid ORDER BY w.n)
			      FROM jsonb_array_elements_text(nullif(wanted -> 'rules' -> a.attribute, 'null')) WITH ORDINALITY AS w (id, n))
			ELSE (SELECT p.sources FROM precedences p WHERE p.organisation = of AND p.attribute = a.attribute) END AS leads
		FROM unnest(ARRAY['name', 'email', 'title', 'department', 'role', 'state']) AS a (attribute)
	), ranks AS (
		SELECT s.id, s.label, r.attribute, to_char(row_number() OVER (PARTITION BY r.attribute
			ORDER BY array_position(r.leads, s.id), s.precedence, s.created_at, s.id), 'FM000') AS rank
		FROM sources s CROSS JOIN rules r
	)
	SELECT k.id, k.label, max(k.rank) FILTER (WHERE k.attribute = 'name'), max(k.rank) FILTER (WHERE k.attribute = 'email'),
		max(k.rank) FILTER (WHERE k.attribute = 'title'), max(k.rank) FILTER (WHERE k.attribute = 'department'),
		max(k.rank) FILTER (WHERE k.attribute = 'role'), max(k.rank) FILTER (WHERE k.attribute = 'state')
	FROM ranks k GROUP BY k.id, k.label;
END;
REVOKE ALL ON FUNCTION source_ranks(uuid, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION source_ranks(uuid, jsonb) TO rosterd_request, rosterd_worker;
