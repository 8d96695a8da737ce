-- oldest: 0.1.0
--
-- Who is asked for by name because of a rename: beside the people, their groups, for not every directory says of a person which groups they
-- are in: small ones at once, all of them where that did not clear it up; beside the groups that a group is in, that group itself, which may
-- be called otherwise by now; and whoever has the former name today, who may be the one whom groups mean by it.
SET LOCAL search_path = rosterd, pg_temp;

ALTER TABLE renames ADD COLUMN said_by uuid[] NOT NULL DEFAULT '{}'; -- groups that have called them by a later name since

-- For the watch: people whose directory has had its time are asked for by name, and the groups that a renamed group is in. One such run of
-- a connection at a time, of at most fifty of them, the fifty who have their names, and two hundred groups. Whoever is not cleared up by it
-- is asked for again after a quarter of an hour, half an hour, an hour and two hours, and then by the next whole listing. Says how many runs.
CREATE OR REPLACE FUNCTION renames_schedule() RETURNS bigint
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
	), people AS (
		SELECT x.organisation, x.connection, a.remote_id FROM due x JOIN accounts a ON a.organisation = x.organisation AND a.id = x.subject
			WHERE NOT x.is_group
		UNION SELECT x.organisation, x.connection, a.remote_id FROM due x JOIN LATERAL (
			SELECT a.remote_id FROM accounts a WHERE a.organisation = x.organisation AND a.connection = x.connection
				AND a.reference = x.former_key AND a.gone_at IS NULL
			UNION SELECT a.remote_id FROM accounts a WHERE a.organisation = x.organisation AND a.connection = x.connection
				AND a.remote_id = x.former_key AND a.reference IS NULL AND a.gone_at IS NULL) a ON true
	), parents AS (
		SELECT x.organisation, x.connection, k.group_id AS id FROM due x JOIN group_groups k ON k.organisation = x.organisation
			AND k.child_id = x.subject WHERE x.is_group
		UNION SELECT x.organisation, x.connection, k.group_id FROM due x JOIN group_accounts k ON k.organisation = x.organisation
			AND k.account_id = x.subject WHERE NOT x.is_group AND (x.asked > 0 OR (SELECT count(*) FROM (SELECT FROM group_accounts m
				WHERE m.organisation = k.organisation AND m.group_id = k.group_id LIMIT 101) few) <= 100)
	), looked AS (
		SELECT x.organisation, x.connection, x.subject AS id FROM due x WHERE x.is_group
		UNION SELECT x.organisation, x.connection, p.id FROM (SELECT DISTINCT organisation, connection FROM due) x
			JOIN LATERAL (SELECT q.id FROM parents q WHERE q.organisation = x.organisation AND q.connection = x.connection LIMIT 150) p ON true
	), made AS (
		INSERT INTO runs (organisation, id, connection, state, scope, asked_by, named, named_groups)
		SELECT d.organisation, gen_random_uuid(), d.connection, 'asked', 'named', 'rename',
			array(SELECT p.remote_id FROM people p WHERE p.organisation = d.organisation AND p.connection = d.connection),
			array(SELECT g.remote_id FROM looked l JOIN groups g ON g.organisation = l.organisation AND g.id = l.id
				WHERE l.organisation = d.organisation AND l.connection = d.connection)
		FROM (SELECT DISTINCT organisation, connection FROM due) d RETURNING 1
	)
	SELECT count(*) INTO made FROM made;
	RETURN made;
END $$;
