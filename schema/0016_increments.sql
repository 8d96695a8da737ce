-- oldest: 0.1.0
--
-- Readings of what changed, and of these people alone.
SET LOCAL search_path = rosterd, pg_temp;

ALTER TABLE connections
	DROP COLUMN cursor, -- stands in readings
	ADD COLUMN full_schedule_ms bigint NOT NULL DEFAULT 86400000 CHECK (full_schedule_ms >= 10000), -- how old the last whole listing may be
	ADD COLUMN watch boolean NOT NULL DEFAULT false; -- look as soon as the directory says that something changed

-- What was read of a connection last, moved in the transaction that took it.
CREATE TABLE readings (
	organisation uuid NOT NULL,
	connection   uuid NOT NULL,
	cursor       bytea,       -- where the next reading of what changed begins; NULL: the next one is of all
	cursor_for   bytea,       -- the settings, mappings and so on that it was read with (source_load)
	whole_at     timestamptz, -- when the last whole listing that was taken began to be read
	increments   bigint NOT NULL DEFAULT 0, -- taken since
	watcher      uuid,        -- the daemon that waits for changes here
	watched_at   timestamptz, -- its last sign of life
	PRIMARY KEY (organisation, connection),
	FOREIGN KEY (organisation, connection) REFERENCES connections ON DELETE CASCADE
);

ALTER TABLE runs
	ADD COLUMN scope_reason text,  -- why everything was read though what changed was asked for
	ADD COLUMN read_at timestamptz, -- when the reading began: what was observed later is newer than it
	ADD COLUMN read_for bytea,      -- as readings.cursor_for
	ADD COLUMN next_cursor bytea,   -- for readings, once the run is applied
	ADD COLUMN marks bigint NOT NULL DEFAULT 0, -- staged: who is gone, who is there
	ADD COLUMN named text[],        -- of scope named: remote ids of people ...
	ADD COLUMN named_groups text[], -- ... and of groups
	ADD COLUMN missed bigint;       -- of a whole listing after increments: changes that none of them had told
DROP INDEX runs_live;
-- One reading of a directory at a time, and none over a plan that waits for an answer. What is asked about some people is no such reading.
CREATE UNIQUE INDEX runs_live ON runs (organisation, connection)
	WHERE state IN ('asked', 'reading', 'reconciling', 'held') AND scope <> 'named';

ALTER TABLE accounts
	ADD COLUMN reference text COLLATE "C", -- how groups refer to it, if not by remote_id
	ADD COLUMN stamp text,                 -- the directory's version of what we took
	ADD COLUMN observed_at timestamptz;    -- when the reading of changes began that saw it last; NULL: none did
CREATE INDEX accounts_observed ON accounts (organisation, connection, observed_at) WHERE observed_at IS NOT NULL;
CREATE INDEX accounts_reference ON accounts (organisation, connection, reference) WHERE reference IS NOT NULL;
ALTER TABLE groups
	ADD COLUMN stamp text,
	ADD COLUMN observed_at timestamptz;
CREATE INDEX groups_reference ON groups (organisation, connection, reference) WHERE reference IS NOT NULL;
CREATE INDEX groups_name ON groups (organisation, connection, name);
CREATE INDEX members_admins ON members (organisation, connection) WHERE role IN ('owner', 'admin');
CREATE INDEX group_groups_child ON group_groups (organisation, child_id);

-- Members that a directory's group names and nobody answers to (yet): who appears later is found here.
CREATE TABLE group_strangers (
	organisation uuid NOT NULL,
	group_id     uuid NOT NULL,
	member_key   text COLLATE "C" NOT NULL,
	PRIMARY KEY (organisation, group_id, member_key),
	FOREIGN KEY (organisation, group_id) REFERENCES groups ON DELETE CASCADE
);
CREATE INDEX group_strangers_key ON group_strangers (organisation, member_key);

DO $$
DECLARE t text;
BEGIN
	FOREACH t IN ARRAY ARRAY['readings', 'group_strangers'] LOOP
		EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
		EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
		EXECUTE format('CREATE POLICY tenant ON %I TO rosterd_request, rosterd_worker
			USING (organisation = (SELECT current_organisation()))
			WITH CHECK (organisation = (SELECT current_organisation()))', t);
		EXECUTE format('CREATE POLICY keeper ON %I TO rosterd_owner USING (true) WITH CHECK (true)', t);
	END LOOP;
END $$;
GRANT SELECT, UPDATE ON readings TO rosterd_request;
GRANT SELECT, INSERT, UPDATE ON readings TO rosterd_worker;
GRANT SELECT, INSERT, DELETE ON group_strangers TO rosterd_worker;

-- As before, but what is due is what changed; whoever works on it reads everything if that cannot be told.
CREATE OR REPLACE FUNCTION runs_schedule() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rosterd, pg_temp AS $$
DECLARE made bigint;
BEGIN
	WITH due AS (
		SELECT c.organisation, c.id, c.schedule_ms FROM connections c JOIN organisations o USING (organisation)
		WHERE c.state = 'active' AND c.next_due_at <= now() AND o.state = 'active'
		FOR UPDATE OF c SKIP LOCKED
	), moved AS (
		UPDATE connections c SET next_due_at = CASE WHEN d.schedule_ms IS NOT NULL
			THEN now() + d.schedule_ms * interval '1 millisecond' END
		FROM due d WHERE c.organisation = d.organisation AND c.id = d.id
	), made AS (
		INSERT INTO runs (organisation, id, connection, state, scope, asked_by)
		SELECT d.organisation, gen_random_uuid(), d.id, 'asked', 'changed', 'schedule' FROM due d
		ON CONFLICT DO NOTHING RETURNING 1
	)
	SELECT count(*) INTO made FROM made;
	RETURN made;
END $$;

-- Connections that say by themselves when something changed, and that nobody waits for: for one daemon, which says how many more it can take.
CREATE FUNCTION watches_claim(daemon uuid, most bigint, silent_for interval) RETURNS TABLE (organisation uuid, connection uuid)
LANGUAGE sql SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	UPDATE readings r SET watcher = daemon, watched_at = now()
	FROM (SELECT d.organisation, d.connection FROM readings d
	      JOIN connections c ON c.organisation = d.organisation AND c.id = d.connection
	      JOIN organisations o ON o.organisation = d.organisation
	      WHERE c.watch AND c.state = 'active' AND o.state = 'active' AND d.whole_at IS NOT NULL AND installation_at_home()
	        AND (d.watcher IS NULL OR d.watched_at < now() - silent_for)
	      ORDER BY d.watched_at NULLS FIRST LIMIT most FOR UPDATE OF d SKIP LOCKED) free
	WHERE r.organisation = free.organisation AND r.connection = free.connection
	RETURNING r.organisation, r.connection;
END;

-- A sign of life for those that a daemon waits for; says which of them are still its own and still to be waited for, and their version.
CREATE FUNCTION watches_beat(daemon uuid, held uuid[]) RETURNS TABLE (connection uuid, version bigint)
LANGUAGE sql SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	UPDATE readings r SET watched_at = now() FROM connections c, organisations o
	WHERE r.watcher = daemon AND r.connection = ANY (held) AND c.organisation = r.organisation AND c.id = r.connection
	  AND o.organisation = r.organisation AND c.watch AND c.state = 'active' AND o.state = 'active'
	RETURNING r.connection, c.version;
END;

REVOKE ALL ON FUNCTION watches_claim(uuid, bigint, interval), watches_beat(uuid, uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION watches_claim(uuid, bigint, interval), watches_beat(uuid, uuid[]) TO rosterd_worker;
