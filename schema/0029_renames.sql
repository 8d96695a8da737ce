-- oldest: 0.1.0
--
-- Whom groups may still call by another key than their own: somebody was renamed, and a directory may take its time until the groups
-- that name them say so, or never do it.
SET LOCAL search_path = rosterd, pg_temp;

CREATE TABLE renames (
	organisation uuid NOT NULL,
	connection   uuid NOT NULL,
	subject      uuid NOT NULL, -- an account, or a group
	is_group     boolean NOT NULL,
	former_key   text COLLATE "C" NOT NULL,
	settles_at   timestamptz NOT NULL, -- what is read from then on counts, whoever it leaves out
	ask_at       timestamptz,          -- when to ask for them by name; NULL: the next whole listing tells
	asked        smallint NOT NULL DEFAULT 0,
	PRIMARY KEY (organisation, connection, subject, former_key),
	FOREIGN KEY (organisation, connection) REFERENCES connections ON DELETE CASCADE
);
CREATE INDEX renames_key ON renames (organisation, connection, former_key);
CREATE INDEX renames_due ON renames (ask_at) WHERE ask_at IS NOT NULL;

ALTER TABLE renames ENABLE ROW LEVEL SECURITY;
ALTER TABLE renames FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON renames TO rosterd_request, rosterd_worker
	USING (organisation = (SELECT current_organisation())) WITH CHECK (organisation = (SELECT current_organisation()));
CREATE POLICY keeper ON renames TO rosterd_owner USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON renames TO rosterd_worker;

-- For the watch: people whose directory has had its time are asked for by name, and the groups that a renamed group is in. One such run of
-- a connection at a time, of at most fifty of them and a hundred groups. Whoever is not cleared up by it is asked for again after a
-- quarter of an hour, half an hour, an hour and two hours, and then by the next whole listing. Says how many runs.
CREATE FUNCTION renames_schedule() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rosterd, pg_temp AS $$
DECLARE made bigint;
BEGIN
	-- Who is in no group any more is in none by a former key.
	DELETE FROM renames r WHERE r.ask_at <= now()
		AND CASE WHEN r.is_group THEN NOT EXISTS (SELECT FROM group_groups k WHERE k.organisation = r.organisation AND k.child_id = r.subject)
			ELSE NOT EXISTS (SELECT FROM group_accounts k WHERE k.organisation = r.organisation AND k.account_id = r.subject) END;
	WITH ready AS (
		SELECT DISTINCT r.organisation, r.connection FROM renames r
			JOIN connections c ON c.organisation = r.organisation AND c.id = r.connection
			JOIN organisations o ON o.organisation = r.organisation
		WHERE r.ask_at <= now() AND c.state = 'active' AND o.state = 'active'
		  AND NOT EXISTS (SELECT FROM runs n WHERE n.organisation = r.organisation AND n.connection = r.connection
			AND n.asked_by = 'rename' AND n.state IN ('asked', 'reading', 'reconciling', 'held'))
	), due AS (
		SELECT d.* FROM ready JOIN LATERAL (SELECT r.* FROM renames r WHERE r.organisation = ready.organisation
			AND r.connection = ready.connection AND r.ask_at <= now() ORDER BY r.ask_at LIMIT 50 FOR UPDATE SKIP LOCKED) d ON true
	), moved AS (
		UPDATE renames r SET asked = r.asked + 1,
			ask_at = CASE WHEN r.asked < 4 THEN now() + interval '15 minutes' * (1 << r.asked) END
		FROM due d WHERE r.organisation = d.organisation AND r.connection = d.connection AND r.subject = d.subject
			AND r.former_key = d.former_key
	), made AS (
		INSERT INTO runs (organisation, id, connection, state, scope, asked_by, named, named_groups)
		SELECT d.organisation, gen_random_uuid(), d.connection, 'asked', 'named', 'rename',
			array(SELECT DISTINCT a.remote_id FROM due x JOIN accounts a ON a.organisation = x.organisation AND a.id = x.subject
				WHERE x.organisation = d.organisation AND x.connection = d.connection AND NOT x.is_group),
			array(SELECT DISTINCT g.remote_id FROM due x JOIN group_groups k ON k.organisation = x.organisation AND k.child_id = x.subject
				JOIN groups g ON g.organisation = x.organisation AND g.id = k.group_id
				WHERE x.organisation = d.organisation AND x.connection = d.connection AND x.is_group LIMIT 100)
		FROM (SELECT DISTINCT organisation, connection FROM due) d RETURNING 1
	)
	SELECT count(*) INTO made FROM made;
	RETURN made;
END $$;
REVOKE ALL ON FUNCTION renames_schedule() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION renames_schedule() TO rosterd_worker;
