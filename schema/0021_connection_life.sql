-- oldest: 0.1.0
--
-- How a connection ends and comes back, the runs that read no directory, and what runs took away lately.
SET LOCAL search_path = rosterd, pg_temp;

-- ---- the life of a connection --------------------------------------------------------------------------------------------------
--
-- One that is deleted is hidden and says nothing any more; what it has stays until purge_after, so that it can be brought back.
ALTER TABLE connections DROP CONSTRAINT connections_state_check;
ALTER TABLE connections
	ADD CONSTRAINT connections_state_check CHECK (state IN ('active', 'paused', 'deleted')),
	ADD COLUMN paused_at timestamptz,
	ADD COLUMN deleted_at timestamptz,
	ADD COLUMN purge_after timestamptz,
	ADD CONSTRAINT connections_deleted CHECK ((state = 'deleted') = (deleted_at IS NOT NULL) AND (deleted_at IS NULL) = (purge_after IS NULL));
UPDATE connections SET paused_at = updated_at WHERE state = 'paused';
ALTER TABLE connections DROP CONSTRAINT connections_organisation_name_key;
CREATE UNIQUE INDEX connections_organisation_name_key ON connections (organisation, name) WHERE state <> 'deleted';
CREATE INDEX connections_purge_after ON connections (purge_after) WHERE purge_after IS NOT NULL;

-- Since when it is paused, whoever says so.
CREATE FUNCTION keep_pause() RETURNS trigger LANGUAGE plpgsql SET search_path = rosterd, pg_temp AS $$
BEGIN
	IF NEW.state <> 'paused' THEN
		NEW.paused_at := NULL;
	ELSIF TG_OP = 'INSERT' OR OLD.state <> 'paused' THEN
		NEW.paused_at := now();
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER keep_pause BEFORE INSERT OR UPDATE OF state ON connections FOR EACH ROW EXECUTE FUNCTION keep_pause();

-- Whose role was fixed when a connection was deleted and they were kept: which one it was. The role is let go when it comes back.
ALTER TABLE members ADD COLUMN kept_from uuid;

-- Runs that read no directory: a change of the order of sources, the end of a connection, its return. What is wanted stands in wish.
ALTER TABLE runs
	ALTER COLUMN connection DROP NOT NULL,
	ADD COLUMN kind text NOT NULL DEFAULT 'read' CHECK (kind IN ('read', 'precedence', 'delete', 'restore')),
	ADD COLUMN wish jsonb,
	ADD CHECK ((connection IS NULL) = (kind = 'precedence')),
	ADD CHECK ((wish IS NULL) = (kind = 'read'));
CREATE UNIQUE INDEX runs_live_order ON runs (organisation)
	WHERE connection IS NULL AND state IN ('asked', 'reading', 'reconciling', 'held');

-- As before, for runs of no connection too.
CREATE OR REPLACE FUNCTION runs_purge(most integer) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	WITH old AS (
		SELECT r.organisation, r.id FROM runs r JOIN organisations o USING (organisation)
		WHERE r.state IN ('planned', 'done', 'failed', 'dropped')
		  AND r.finished_at < now() - o.retention_days * interval '1 day'
		  AND EXISTS (SELECT FROM runs later WHERE later.organisation = r.organisation
		              AND later.connection IS NOT DISTINCT FROM r.connection AND (later.asked_at, later.id) > (r.asked_at, r.id))
		LIMIT most
	), gone AS (
		DELETE FROM runs r USING old WHERE r.organisation = old.organisation AND r.id = old.id RETURNING 1
	)
	SELECT count(*) FROM gone;
END;

-- A connection whose time in the bin is over: organisation and id, or NULLs.
CREATE FUNCTION connection_to_purge(OUT organisation uuid, OUT id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	SELECT c.organisation, c.id FROM connections c WHERE c.purge_after <= now() AND installation_at_home() ORDER BY c.purge_after LIMIT 1;
END;

-- Takes it away with its accounts, groups and refusals; 1, or 0 if it is not to be purged (any more). Its members are nobody's any more.
CREATE FUNCTION connection_purge(of uuid, gone uuid) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rosterd, pg_temp AS $$
BEGIN
	PERFORM FROM connections c WHERE c.organisation = of AND c.id = gone AND c.purge_after <= now() AND installation_at_home() FOR UPDATE;
	IF NOT FOUND THEN
		RETURN 0;
	END IF;
	DELETE FROM group_groups k USING groups g WHERE k.organisation = of AND g.organisation = of AND g.connection = gone AND g.id IN (k.group_id, k.child_id);
	DELETE FROM group_accounts k USING groups g WHERE k.organisation = of AND g.organisation = of AND g.connection = gone AND g.id = k.group_id;
	DELETE FROM groups WHERE organisation = of AND connection = gone;
	DELETE FROM refusals WHERE organisation = of AND connection = gone;
	DELETE FROM accounts WHERE organisation = of AND connection = gone;
	UPDATE members SET connection = NULL WHERE organisation = of AND connection = gone;
	UPDATE members SET kept_from = NULL WHERE organisation = of AND kept_from = gone;
	UPDATE precedences SET sources = array_remove(sources, gone) WHERE organisation = of AND gone = ANY (sources) AND cardinality(sources) > 1;
	DELETE FROM precedences WHERE organisation = of AND sources = ARRAY[gone];
	DELETE FROM connections WHERE organisation = of AND id = gone; -- secrets, mappings, runs and their changes go along
	RETURN 1;
END $$;
REVOKE ALL ON FUNCTION keep_pause(), connection_to_purge(), connection_purge(uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION connection_to_purge(), connection_purge(uuid, uuid) TO rosterd_worker;

-- As before, without connections that are deleted. wanted also knows {"without": "<id>", "with": "<id>"}: a connection that would be deleted,
-- and one that would be back.
CREATE OR REPLACE FUNCTION source_ranks(of uuid, wanted jsonb)
RETURNS TABLE (source uuid, label text, name text, email text, title text, department text, role text, state text)
LANGUAGE sql STABLE SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	WITH sources AS (
		SELECT c.id, c.name AS label, coalesce((wanted #>> ARRAY['connections', c.id::text])::integer, c.precedence) AS precedence, c.created_at
		FROM connections c WHERE c.organisation = of AND (c.state <> 'deleted' OR c.id::text = wanted ->> 'with')
		  AND c.id::text IS DISTINCT FROM wanted ->> 'without'
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

-- What runs took away without being asked, for as long as the guard looks back: many small ones may not take what one large may not.
CREATE TABLE removals (
	organisation uuid NOT NULL,
	connection   uuid NOT NULL,
	run          uuid NOT NULL,
	kind         text NOT NULL CHECK (kind IN ('people', 'admins', 'group')),
	subject      uuid NOT NULL, -- the group, or the connection
	lost         bigint NOT NULL CHECK (lost > 0),
	at           timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (organisation, connection, run, kind, subject),
	FOREIGN KEY (organisation, connection) REFERENCES connections ON DELETE CASCADE
);
ALTER TABLE removals ENABLE ROW LEVEL SECURITY;
ALTER TABLE removals FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON removals TO rosterd_request, rosterd_worker
	USING (organisation = (SELECT current_organisation())) WITH CHECK (organisation = (SELECT current_organisation()));
CREATE POLICY keeper ON removals TO rosterd_owner USING (true) WITH CHECK (true);
GRANT SELECT ON removals TO rosterd_request;
GRANT SELECT, INSERT, UPDATE, DELETE ON removals TO rosterd_worker;
