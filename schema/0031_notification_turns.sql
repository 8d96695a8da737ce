-- oldest: 0.1.0
--
-- Of messages of directories, what fails waits by itself: somebody whose record cannot be read, or over whom a plug-in dies, must not hold up
-- everybody else whom a message was about.
SET LOCAL search_path = rosterd, pg_temp;

-- As before, but: after a failure the connection is left alone for a time that grows with the failures in a row; what has failed is tried
-- again on its own, behind what has not, and the more often it did the fewer go together.
CREATE OR REPLACE FUNCTION notifications_schedule(named_most integer, runs_most integer, tries_most integer, back_off_s integer,
	back_off_s_most integer, apart_ms integer)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rosterd, pg_temp AS $$
DECLARE
	c record;
	r uuid;
	turn integer; -- of how many failures in common: 0 and 1; 2 and 3; more
	room integer;
	made bigint := 0;
BEGIN
	IF NOT EXISTS (SELECT FROM notification_due d WHERE d.run IS NULL AND d.ended_at IS NULL)
	   AND NOT EXISTS (SELECT FROM notification_due d WHERE d.run IS NOT NULL AND d.ended_at IS NULL)
	   AND NOT EXISTS (SELECT FROM notifications n WHERE n.state = 'waiting') THEN
		RETURN 0;
	END IF;
	PERFORM pg_advisory_xact_lock(hashtextextended('rosterd.notifications_schedule', 0));

	-- What runs have come to, whoever ended them.
	UPDATE notification_due d SET ended_at = clock_timestamp() FROM runs q
	WHERE d.run = q.id AND d.organisation = q.organisation AND d.ended_at IS NULL AND q.state IN ('done', 'dropped', 'planned');
	UPDATE notification_due d SET run = NULL, tries = d.tries + 1,
		not_before = now() + least(back_off_s_most, back_off_s * 2 ^ least(d.tries, 20)) * interval '1 second'
	FROM runs q
	WHERE d.run = q.id AND d.organisation = q.organisation AND d.ended_at IS NULL AND q.state = 'failed' AND d.tries + 1 < tries_most;
	UPDATE notification_due d SET tries = d.tries + 1, ended_at = clock_timestamp() FROM runs q
	WHERE d.run = q.id AND d.organisation = q.organisation AND d.ended_at IS NULL AND q.state = 'failed';
	UPDATE notification_due d SET run = NULL WHERE d.run IS NOT NULL AND d.ended_at IS NULL AND NOT EXISTS (
		SELECT FROM runs q WHERE q.organisation = d.organisation AND q.id = d.run);
	UPDATE notification_due d SET ended_at = clock_timestamp() FROM connections k
	WHERE d.organisation = k.organisation AND d.connection = k.id AND k.state = 'deleted' AND d.run IS NULL AND d.ended_at IS NULL;
	UPDATE notifications n SET handled_at = clock_timestamp(), body = NULL, state = (
		SELECT CASE WHEN bool_or(d.run IS NULL OR q.state IS NULL OR q.state = 'failed') THEN 'given_up'
			WHEN bool_or(q.state = 'dropped') THEN 'dropped' ELSE 'applied' END
		FROM notification_due d LEFT JOIN runs q ON q.organisation = d.organisation AND q.id = d.run
		WHERE d.organisation = n.organisation AND d.connection = n.connection AND d.notification = n.id)
	WHERE n.state = 'waiting' AND NOT EXISTS (SELECT FROM notification_due d WHERE d.organisation = n.organisation
		AND d.connection = n.connection AND d.notification = n.id AND d.ended_at IS NULL);

	FOR c IN SELECT d.organisation, d.connection, bool_or(d.kind = 'changes') AS changes,
			min(d.tries) FILTER (WHERE d.kind <> 'changes') AS least_tries
		FROM notification_due d
		JOIN connections k ON k.organisation = d.organisation AND k.id = d.connection JOIN organisations o ON o.organisation = d.organisation
		WHERE d.run IS NULL AND d.ended_at IS NULL AND d.not_before <= now() AND k.state = 'active' AND o.state = 'active'
		  AND installation_at_home()
		GROUP BY d.organisation, d.connection
	LOOP
		-- Failures in a row, up to the last run that did not fail.
		IF EXISTS (
			SELECT FROM (
				SELECT count(*) AS failures, max(q.finished_at) AS last FROM runs q
				WHERE q.organisation = c.organisation AND q.connection = c.connection AND q.asked_by = 'notification' AND q.state = 'failed'
				  AND q.asked_at > coalesce((SELECT max(g.asked_at) FROM runs g WHERE g.organisation = c.organisation
					AND g.connection = c.connection AND g.asked_by = 'notification' AND g.state IN ('done', 'held', 'dropped')),
					'-infinity')
			) f WHERE f.failures > 0 AND f.last + least(back_off_s_most, back_off_s * 2 ^ least(f.failures - 1, 20)) * interval '1 second' > now()
		) THEN
			CONTINUE;
		END IF;
		IF c.least_tries IS NOT NULL THEN
			SELECT q.id INTO r FROM runs q WHERE q.organisation = c.organisation AND q.connection = c.connection
				AND q.asked_by = 'notification' AND q.scope = 'named' AND q.state = 'asked' ORDER BY q.asked_at LIMIT 1 FOR UPDATE;
			IF r IS NOT NULL THEN
				SELECT max(d.tries) / 2 INTO turn FROM notification_due d WHERE d.organisation = c.organisation AND d.run = r AND d.ended_at IS NULL;
			ELSIF NOT EXISTS (SELECT FROM runs q WHERE q.organisation = c.organisation AND q.connection = c.connection
				AND q.asked_by = 'notification' AND q.scope = 'named' AND q.state IN ('asked', 'reading', 'reconciling'))
			   AND (SELECT count(*) FROM runs q WHERE q.organisation = c.organisation AND q.connection = c.connection AND q.scope = 'named'
				AND q.state IN ('asked', 'reading', 'reconciling', 'held')) < runs_most THEN
				INSERT INTO runs (organisation, id, connection, state, scope, asked_by)
				VALUES (c.organisation, gen_random_uuid(), c.connection, 'asked', 'named', 'notification') RETURNING id INTO r;
				turn := c.least_tries / 2;
				made := made + 1;
			END IF;
			IF r IS NOT NULL THEN
				room := CASE coalesce(turn, 0) WHEN 0 THEN named_most WHEN 1 THEN greatest(1, named_most / 10) ELSE 1 END;
				WITH there AS (
					SELECT DISTINCT d.kind, d.remote_id FROM notification_due d
					WHERE d.organisation = c.organisation AND d.run = r AND d.ended_at IS NULL
				), fresh AS (
					SELECT d.kind, d.remote_id, min(d.seq) AS first FROM notification_due d
					WHERE d.organisation = c.organisation AND d.connection = c.connection AND d.run IS NULL AND d.ended_at IS NULL
					  AND d.kind <> 'changes' AND d.not_before <= now() AND d.tries / 2 = coalesce(turn, 0)
					  AND NOT EXISTS (SELECT FROM there t WHERE t.kind = d.kind AND t.remote_id = d.remote_id)
					GROUP BY d.kind, d.remote_id ORDER BY first LIMIT greatest(0, room - (SELECT count(*) FROM there))
				), all_of_it AS (
					SELECT t.kind, t.remote_id FROM there t UNION ALL SELECT f.kind, f.remote_id FROM fresh f
				)
				UPDATE notification_due d SET run = r FROM all_of_it a
				WHERE d.organisation = c.organisation AND d.connection = c.connection AND d.run IS NULL AND d.ended_at IS NULL
				  AND d.kind = a.kind AND d.remote_id = a.remote_id;
				UPDATE runs q SET
					named = (SELECT array_agg(DISTINCT d.remote_id) FROM notification_due d
						WHERE d.organisation = c.organisation AND d.run = r AND d.ended_at IS NULL AND d.kind = 'person'),
					named_groups = (SELECT array_agg(DISTINCT d.remote_id) FROM notification_due d
						WHERE d.organisation = c.organisation AND d.run = r AND d.ended_at IS NULL AND d.kind = 'group')
				WHERE q.organisation = c.organisation AND q.id = r;
			END IF;
		END IF;
		IF c.changes THEN
			SELECT q.id INTO r FROM runs q WHERE q.organisation = c.organisation AND q.connection = c.connection AND q.kind = 'read'
				AND q.scope IN ('changed', 'all') AND q.state = 'asked' AND NOT q.plan_only LIMIT 1 FOR UPDATE;
			IF r IS NULL THEN
				INSERT INTO runs (organisation, id, connection, state, scope, asked_by, not_before)
				SELECT c.organisation, gen_random_uuid(), c.connection, 'asked', 'changed', 'notification', greatest(now(),
					(SELECT max(q.asked_at) FROM runs q WHERE q.organisation = c.organisation AND q.connection = c.connection
					 AND q.asked_by = 'notification' AND q.scope IN ('changed', 'all')) + apart_ms * interval '1 millisecond')
				ON CONFLICT DO NOTHING RETURNING id INTO r;
				made := made + (r IS NOT NULL)::integer;
			END IF;
			IF r IS NOT NULL THEN
				UPDATE notification_due d SET run = r WHERE d.organisation = c.organisation AND d.connection = c.connection
					AND d.run IS NULL AND d.ended_at IS NULL AND d.kind = 'changes' AND d.not_before <= now();
			END IF;
		END IF;
	END LOOP;
	RETURN made;
END $$;
