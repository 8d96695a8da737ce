-- oldest: 0.1.0
--
-- Messages of directories (webhooks): kept before they are answered, and made into runs of what they are about.
--
-- A message says whom to look at and never what is true. So what is due is subjects: many messages about the same ones become one question
-- to the directory, and a look always begins after the last message that asked for it.
SET LOCAL search_path = rosterd, pg_temp;

CREATE TABLE notifications (
	organisation uuid NOT NULL,
	connection   uuid NOT NULL,
	id           uuid NOT NULL,
	message_id   text COLLATE "C", -- the sender's: one that is repeated has the same; NULL: it has none
	received_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
	body         bytea, -- as it came, until it is handled; NULL then, or if it had none
	size         bigint NOT NULL, -- of the body, whether it is still there or not
	subjects     bigint NOT NULL,
	state        text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'applied', 'dropped', 'given_up')),
	handled_at   timestamptz,
	until        timestamptz NOT NULL, -- kept so long, so that one that is repeated is known
	PRIMARY KEY (organisation, connection, id),
	CONSTRAINT notifications_message UNIQUE (organisation, connection, message_id),
	CHECK ((state = 'waiting') = (handled_at IS NULL)),
	CHECK (state = 'waiting' OR body IS NULL),
	FOREIGN KEY (organisation, connection) REFERENCES connections ON DELETE CASCADE
);
CREATE INDEX notifications_waiting ON notifications (organisation, connection) WHERE state = 'waiting';
CREATE INDEX notifications_received ON notifications (organisation, connection, received_at DESC, id DESC);
CREATE INDEX notifications_until ON notifications (until) WHERE state <> 'waiting';

-- What a run has to look at, or had. Without a notification: there were too many, and all that changed is read instead.
CREATE SEQUENCE notification_due_seq;
CREATE TABLE notification_due (
	organisation uuid NOT NULL,
	connection   uuid NOT NULL,
	seq          bigint NOT NULL DEFAULT nextval('notification_due_seq'),
	notification uuid,
	kind         text NOT NULL CHECK (kind IN ('person', 'group', 'changes')),
	remote_id    text COLLATE "C" NOT NULL, -- '' of changes
	received_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
	run          uuid, -- the one that looks at it, or looked last; NULL: none yet
	tries        integer NOT NULL DEFAULT 0, -- runs that failed
	not_before   timestamptz NOT NULL DEFAULT now(),
	ended_at     timestamptz, -- NULL: it is still due
	PRIMARY KEY (organisation, connection, seq),
	CHECK ((kind = 'changes') = (remote_id = '')),
	FOREIGN KEY (organisation, connection) REFERENCES connections ON DELETE CASCADE,
	FOREIGN KEY (organisation, connection, notification) REFERENCES notifications ON DELETE CASCADE
);
CREATE INDEX notification_due_waiting ON notification_due (organisation, connection) WHERE run IS NULL AND ended_at IS NULL;
CREATE INDEX notification_due_open ON notification_due (run) WHERE run IS NOT NULL AND ended_at IS NULL;
CREATE INDEX notification_due_run ON notification_due (organisation, run) WHERE run IS NOT NULL;
CREATE INDEX notification_due_notification ON notification_due (organisation, connection, notification);
CREATE INDEX notification_due_ended ON notification_due (ended_at) WHERE notification IS NULL AND ended_at IS NOT NULL;

-- By the id alone: whose address a message came to. And by what a connection has under way.
CREATE INDEX connections_id ON connections (id);
CREATE INDEX runs_named_live ON runs (organisation, connection) WHERE scope = 'named' AND state IN ('asked', 'reading', 'reconciling', 'held');
CREATE INDEX runs_notified ON runs (organisation, connection, asked_at) WHERE asked_by = 'notification';

DO $$
DECLARE t text;
BEGIN
	FOREACH t IN ARRAY ARRAY['notifications', 'notification_due'] LOOP
		EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
		EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
		EXECUTE format('CREATE POLICY tenant ON %I TO rosterd_request, rosterd_worker
			USING (organisation = (SELECT current_organisation()))
			WITH CHECK (organisation = (SELECT current_organisation()))', t);
		EXECUTE format('CREATE POLICY keeper ON %I TO rosterd_owner USING (true) WITH CHECK (true)', t);
		EXECUTE format('GRANT SELECT, INSERT ON %I TO rosterd_request', t);
		EXECUTE format('GRANT SELECT, UPDATE ON %I TO rosterd_worker', t);
	END LOOP;
END $$;
GRANT USAGE ON SEQUENCE notification_due_seq TO rosterd_request;

-- Whose address is this? Nobody has said who they are, so there is no more to be had than what it takes to ask the plug-in. None of a copy of
-- the database that is not at home: its answers would be taken for ours.
CREATE FUNCTION notification_address(wanted uuid, OUT organisation uuid, OUT slug text, OUT plugin text, OUT version bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp AS $$
BEGIN
	SELECT c.organisation, o.slug, c.plugin, c.version INTO organisation, slug, plugin, version
	FROM connections c JOIN organisations o ON o.organisation = c.organisation
	WHERE c.id = wanted AND c.state <> 'deleted' AND o.state <> 'deleted' AND installation_at_home();
END $$;

-- For the watch. What a failed run had comes back, later each time, and is given up after so many tries: the schedule reads it then. What is
-- due becomes a run: of some people and groups one at a time for each connection, with at most so many of them; of what changed unless one
-- waits to begin already. A subject that stands in a run that has not begun goes along with it; while one reads, what comes waits for the
-- next. Says how many were made. One daemon at a time, since two would make two.
CREATE FUNCTION notifications_schedule(named_most integer, runs_most integer, tries_most integer, back_off_s integer,
	back_off_s_most integer, apart_ms integer)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rosterd, pg_temp AS $$
DECLARE
	c record;
	r uuid;
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

	-- After a failure nothing of the connection is tried until what failed may be.
	FOR c IN SELECT d.organisation, d.connection, bool_or(d.kind = 'changes') AS changes, bool_or(d.kind <> 'changes') AS named
		FROM notification_due d
		JOIN connections k ON k.organisation = d.organisation AND k.id = d.connection JOIN organisations o ON o.organisation = d.organisation
		WHERE d.run IS NULL AND d.ended_at IS NULL AND k.state = 'active' AND o.state = 'active' AND installation_at_home()
		GROUP BY d.organisation, d.connection HAVING max(d.not_before) <= now()
	LOOP
		IF c.named THEN
			SELECT q.id INTO r FROM runs q WHERE q.organisation = c.organisation AND q.connection = c.connection
				AND q.asked_by = 'notification' AND q.scope = 'named' AND q.state = 'asked' ORDER BY q.asked_at LIMIT 1 FOR UPDATE;
			IF r IS NULL AND NOT EXISTS (SELECT FROM runs q WHERE q.organisation = c.organisation AND q.connection = c.connection
				AND q.asked_by = 'notification' AND q.scope = 'named' AND q.state IN ('asked', 'reading', 'reconciling'))
			   AND (SELECT count(*) FROM runs q WHERE q.organisation = c.organisation AND q.connection = c.connection AND q.scope = 'named'
				AND q.state IN ('asked', 'reading', 'reconciling', 'held')) < runs_most THEN
				INSERT INTO runs (organisation, id, connection, state, scope, asked_by)
				VALUES (c.organisation, gen_random_uuid(), c.connection, 'asked', 'named', 'notification') RETURNING id INTO r;
				made := made + 1;
			END IF;
			IF r IS NOT NULL THEN
				WITH there AS (
					SELECT DISTINCT d.kind, d.remote_id FROM notification_due d
					WHERE d.organisation = c.organisation AND d.run = r AND d.ended_at IS NULL
				), fresh AS (
					SELECT d.kind, d.remote_id, min(d.seq) AS first FROM notification_due d
					WHERE d.organisation = c.organisation AND d.connection = c.connection AND d.run IS NULL AND d.ended_at IS NULL
					  AND d.kind <> 'changes' AND NOT EXISTS (SELECT FROM there t WHERE t.kind = d.kind AND t.remote_id = d.remote_id)
					GROUP BY d.kind, d.remote_id ORDER BY first LIMIT greatest(0, named_most - (SELECT count(*) FROM there))
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
					AND d.run IS NULL AND d.ended_at IS NULL AND d.kind = 'changes';
			END IF;
		END IF;
	END LOOP;
	RETURN made;
END $$;

-- What was handled and is kept long enough; at most so many at a time. Says how many went.
CREATE FUNCTION notifications_purge(most integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rosterd, pg_temp AS $$
DECLARE gone bigint;
BEGIN
	DELETE FROM notification_due d WHERE d.notification IS NULL AND d.ended_at < now() - interval '1 day';
	WITH old AS (
		SELECT n.organisation, n.connection, n.id FROM notifications n WHERE n.state <> 'waiting' AND n.until < now() LIMIT most
	), went AS (
		DELETE FROM notifications n USING old WHERE n.organisation = old.organisation AND n.connection = old.connection AND n.id = old.id
		RETURNING 1
	)
	SELECT count(*) INTO gone FROM went;
	RETURN gone;
END $$;

REVOKE ALL ON FUNCTION notification_address(uuid), notifications_schedule(integer, integer, integer, integer, integer, integer),
	notifications_purge(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION notification_address(uuid) TO rosterd_request;
GRANT EXECUTE ON FUNCTION notifications_schedule(integer, integer, integer, integer, integer, integer), notifications_purge(integer) TO rosterd_worker;
