-- oldest: 0.1.0
--
-- The end of an organisation, and the slugs that it had.
--
-- One that is deleted is hidden from everybody, its tokens do not count and nothing runs for it; what it has stays until
-- purge_after, so that the operator can restore it. Then it goes, but for its audit entries: the chain stays, what may have to be
-- erased in it goes too.
SET LOCAL search_path = rosterd, pg_temp;

ALTER TABLE organisations
	ADD COLUMN retention_days integer NOT NULL DEFAULT 30 CHECK (retention_days BETWEEN 7 AND 3650), -- finished runs; itself once deleted
	ADD COLUMN state_before text CHECK (state_before IN ('active', 'suspended')), -- what it was when it was deleted
	ADD COLUMN deleted_at timestamptz,
	ADD COLUMN purge_after timestamptz;
CREATE INDEX organisations_purge_after ON organisations (purge_after) WHERE purge_after IS NOT NULL;

-- ---- slugs --------------------------------------------------------------------------------------------------------------------

-- Global: every slug that an organisation has or had. A former one still leads to it, and nobody else can take it.
CREATE TABLE slugs (
	slug         text COLLATE "C" PRIMARY KEY,
	organisation uuid NOT NULL REFERENCES organisations ON DELETE CASCADE,
	since        timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX slugs_organisation ON slugs (organisation);
INSERT INTO slugs (slug, organisation) SELECT slug, organisation FROM organisations;

ALTER TABLE slugs ENABLE ROW LEVEL SECURITY;
ALTER TABLE slugs FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON slugs FOR SELECT TO rosterd_request, rosterd_worker
	USING (organisation = (SELECT current_organisation()));
CREATE POLICY keeper ON slugs TO rosterd_owner USING (true) WITH CHECK (true);
GRANT SELECT ON slugs TO rosterd_request, rosterd_worker; -- the trigger alone writes

CREATE FUNCTION keep_slug() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rosterd, pg_temp AS $$
BEGIN
	INSERT INTO slugs (slug, organisation) VALUES (NEW.slug, NEW.organisation) ON CONFLICT (slug) DO NOTHING;
	IF (SELECT organisation FROM slugs WHERE slug = NEW.slug) IS DISTINCT FROM NEW.organisation THEN
		RAISE unique_violation USING CONSTRAINT = 'organisations_slug_key', MESSAGE = 'the slug was another organisation''s';
	END IF;
	IF (SELECT count(*) FROM slugs WHERE organisation = NEW.organisation) > 10 THEN
		RAISE check_violation USING CONSTRAINT = 'organisations_slugs_most', MESSAGE = 'an organisation keeps 10 slugs';
	END IF;
	RETURN NULL;
END $$;
CREATE TRIGGER keep_slug AFTER INSERT OR UPDATE OF slug ON organisations FOR EACH ROW EXECUTE FUNCTION keep_slug();

-- Whose slug is this, or was?
CREATE OR REPLACE FUNCTION organisation_find(wanted text) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp
RETURN (SELECT o.organisation FROM slugs s JOIN organisations o USING (organisation)
        WHERE s.slug = wanted AND o.state <> 'deleted');

-- The same of one that is deleted, for the operator.
CREATE FUNCTION organisation_find_deleted(wanted text) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp
RETURN (SELECT o.organisation FROM slugs s JOIN organisations o USING (organisation)
        WHERE s.slug = wanted AND o.state = 'deleted');

-- For the operator: organisations in one of these states, with owner and number of members, a page at a time.
CREATE FUNCTION organisations_page_of(states text[], beyond text, most integer)
RETURNS TABLE (organisation organisations, owner uuid, members bigint, slugs text[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	SELECT o, (SELECT m.user_id FROM members m WHERE m.organisation = o.organisation AND m.role = 'owner'),
		(SELECT count(*) FROM members m WHERE m.organisation = o.organisation AND m.state <> 'left'),
		ARRAY(SELECT s.slug FROM slugs s WHERE s.organisation = o.organisation AND s.slug <> o.slug ORDER BY 1)
	FROM organisations o WHERE o.state = ANY (states) AND (beyond IS NULL OR o.slug > beyond) ORDER BY o.slug LIMIT most;
END;

-- ---- purging ------------------------------------------------------------------------------------------------------------------

-- One whose time is over, or NULL. Never in a copy of the database that is not at home.
CREATE FUNCTION organisation_to_purge() RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp
RETURN (SELECT organisation FROM organisations
        WHERE state = 'deleted' AND purge_after <= now() AND installation_at_home() ORDER BY purge_after LIMIT 1);

-- Takes everything of it away but its audit, of which the personal part goes; 1, or 0 if it is not to be purged (any more).
-- Users stay: they are ids, and may be members elsewhere. Addresses go that only its domains proved, or that only its people had.
CREATE FUNCTION organisation_purge(gone uuid) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rosterd, pg_temp AS $$
BEGIN
	PERFORM FROM organisations o WHERE o.organisation = gone AND o.state = 'deleted' AND o.purge_after <= now()
		AND installation_at_home() FOR UPDATE;
	IF NOT FOUND THEN
		RETURN 0;
	END IF;
	DELETE FROM addresses a WHERE a.domain IN (SELECT d.domain FROM domains d WHERE d.organisation = gone)
		OR a.user_id IN (SELECT m.user_id FROM members m WHERE m.organisation = gone
		                 EXCEPT SELECT e.user_id FROM members e WHERE e.organisation <> gone);
	DELETE FROM connections WHERE organisation = gone; -- secrets, mappings, runs and their changes go along
	DELETE FROM refusals WHERE organisation = gone;
	DELETE FROM group_groups WHERE organisation = gone;
	DELETE FROM group_accounts WHERE organisation = gone;
	DELETE FROM groups WHERE organisation = gone;
	DELETE FROM accounts WHERE organisation = gone;
	DELETE FROM tokens WHERE organisation = gone;
	DELETE FROM members WHERE organisation = gone;
	DELETE FROM domain_claims WHERE organisation = gone;
	DELETE FROM domains WHERE organisation = gone;
	UPDATE audit SET personal = NULL, salt = NULL WHERE organisation = gone AND personal IS NOT NULL;
	DELETE FROM organisations WHERE organisation = gone;
	RETURN 1;
END $$;

-- Runs that have been over for as long as their organisation keeps them, with their changes, but for each connection's last; at most
-- so many at a time. Says how many went.
CREATE FUNCTION runs_purge(most integer) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	WITH old AS (
		SELECT r.organisation, r.id FROM runs r JOIN organisations o USING (organisation)
		WHERE r.state IN ('planned', 'done', 'failed', 'dropped')
		  AND r.finished_at < now() - o.retention_days * interval '1 day'
		  AND EXISTS (SELECT FROM runs later WHERE later.organisation = r.organisation AND later.connection = r.connection
		              AND (later.asked_at, later.id) > (r.asked_at, r.id))
		LIMIT most
	), gone AS (
		DELETE FROM runs r USING old WHERE r.organisation = old.organisation AND r.id = old.id RETURNING 1
	)
	SELECT count(*) FROM gone;
END;

REVOKE ALL ON FUNCTION keep_slug(), organisation_find_deleted(text), organisations_page_of(text[], text, integer),
	organisation_to_purge(), organisation_purge(uuid), runs_purge(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION organisation_find_deleted(text), organisations_page_of(text[], text, integer) TO rosterd_request;
GRANT EXECUTE ON FUNCTION organisation_to_purge(), organisation_purge(uuid), runs_purge(integer) TO rosterd_worker;
