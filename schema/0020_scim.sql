-- oldest: 0.1.0
--
-- Directories that push (SCIM 2.0): what they have told us, as they can read it back.
--
-- These tables are the directory, not the roster: a push is written here, with a row of scim_due in the same transaction, and a run
-- of scope named then reconciles what is due, through the same plan, guard, seats and audit as any other source. So a push
-- that is held stays readable, many pushes cost one reconcile, and one that was answered is never lost.
SET LOCAL search_path = rosterd, pg_temp;

-- `document` is the resource without what only the server says: id, meta, groups, members (endpoints/scim_resource).
CREATE TABLE scim_users (
	organisation uuid NOT NULL,
	connection   uuid NOT NULL,
	id           uuid NOT NULL,
	user_key     text COLLATE "C" NOT NULL, -- userName without case
	external_id  text COLLATE "C",
	active       boolean NOT NULL,
	schemas      text NOT NULL, -- a JSON array: those that the document is made of
	document     jsonb NOT NULL,
	created_at   timestamptz NOT NULL DEFAULT now(),
	modified_at  timestamptz NOT NULL DEFAULT now(),
	version      bigint NOT NULL DEFAULT 1,
	PRIMARY KEY (organisation, connection, id),
	CONSTRAINT scim_users_user_name UNIQUE (organisation, connection, user_key),
	FOREIGN KEY (organisation, connection) REFERENCES connections ON DELETE CASCADE
);
CREATE INDEX scim_users_external ON scim_users (organisation, connection, external_id) WHERE external_id IS NOT NULL;

CREATE TABLE scim_groups (
	organisation uuid NOT NULL,
	connection   uuid NOT NULL,
	id           uuid NOT NULL,
	name_key     text COLLATE "C" NOT NULL, -- displayName without case
	external_id  text COLLATE "C",
	schemas      text NOT NULL,
	document     jsonb NOT NULL,
	created_at   timestamptz NOT NULL DEFAULT now(),
	modified_at  timestamptz NOT NULL DEFAULT now(),
	version      bigint NOT NULL DEFAULT 1,
	PRIMARY KEY (organisation, connection, id),
	CONSTRAINT scim_groups_name UNIQUE (organisation, connection, name_key),
	FOREIGN KEY (organisation, connection) REFERENCES connections ON DELETE CASCADE
);
CREATE INDEX scim_groups_external ON scim_groups (organisation, connection, external_id) WHERE external_id IS NOT NULL;

-- A member may be named before it exists: groups and users arrive in any order. Who was never pushed is kept here and shown
-- to nobody.
CREATE TABLE scim_members (
	organisation uuid NOT NULL,
	connection   uuid NOT NULL,
	group_id     uuid NOT NULL,
	member_id    uuid NOT NULL,
	PRIMARY KEY (organisation, connection, group_id, member_id),
	FOREIGN KEY (organisation, connection) REFERENCES connections ON DELETE CASCADE
);
CREATE INDEX scim_members_member ON scim_members (organisation, connection, member_id);

-- Users that were deleted: one who is made again with the same key of the directory's and the same userName is the same one.
CREATE TABLE scim_deleted (
	organisation uuid NOT NULL,
	connection   uuid NOT NULL,
	external_id  text COLLATE "C" NOT NULL,
	user_key     text COLLATE "C" NOT NULL,
	id           uuid NOT NULL,
	deleted_at   timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (organisation, connection, external_id, user_key),
	FOREIGN KEY (organisation, connection) REFERENCES connections ON DELETE CASCADE
);

-- What a run has still to look at: appended by pushes, which therefore never wait for each other here.
CREATE SEQUENCE scim_due_seq;
CREATE TABLE scim_due (
	organisation uuid NOT NULL,
	connection   uuid NOT NULL,
	seq          bigint NOT NULL DEFAULT nextval('scim_due_seq'),
	kind         text NOT NULL CHECK (kind IN ('user', 'group', 'member_added', 'member_removed')),
	id           uuid NOT NULL,
	member       uuid, -- of the last two
	run          uuid, -- the one that looks at it; NULL: none yet
	PRIMARY KEY (organisation, connection, seq),
	FOREIGN KEY (organisation, connection) REFERENCES connections ON DELETE CASCADE
);
CREATE INDEX scim_due_waiting ON scim_due (organisation, connection) WHERE run IS NULL;
CREATE INDEX scim_due_run ON scim_due (run) WHERE run IS NOT NULL;

DO $$
DECLARE t text;
BEGIN
	FOREACH t IN ARRAY ARRAY['scim_users', 'scim_groups', 'scim_members', 'scim_deleted', 'scim_due'] LOOP
		EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
		EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
		EXECUTE format('CREATE POLICY tenant ON %I TO rosterd_request, rosterd_worker
			USING (organisation = (SELECT current_organisation()))
			WITH CHECK (organisation = (SELECT current_organisation()))', t);
		EXECUTE format('CREATE POLICY keeper ON %I TO rosterd_owner USING (true) WITH CHECK (true)', t);
		EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO rosterd_request', t);
	END LOOP;
END $$;
GRANT SELECT ON scim_users, scim_groups, scim_members TO rosterd_worker;
GRANT SELECT, UPDATE ON scim_due TO rosterd_worker;
GRANT USAGE ON SEQUENCE scim_due_seq TO rosterd_request;

-- For the watch: what was looked at goes, what a failed run had comes back, and a connection with something to look at gets a run, one
-- at a time so that what was pushed later counts later. After a failure nothing is tried for half a minute. Says how many.
CREATE FUNCTION scim_schedule() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rosterd, pg_temp AS $$
DECLARE made bigint;
BEGIN
	DELETE FROM scim_due d USING runs r
	WHERE d.run = r.id AND d.organisation = r.organisation AND r.state IN ('done', 'dropped', 'planned');
	UPDATE scim_due d SET run = NULL FROM runs r
	WHERE d.run = r.id AND d.organisation = r.organisation AND r.state = 'failed';
	UPDATE scim_due d SET run = NULL WHERE d.run IS NOT NULL AND NOT EXISTS (SELECT FROM runs r WHERE r.id = d.run);
	WITH ready AS (
		SELECT DISTINCT d.organisation, d.connection FROM scim_due d JOIN connections c ON c.organisation = d.organisation
			AND c.id = d.connection JOIN organisations o ON o.organisation = d.organisation
		WHERE d.run IS NULL AND c.state = 'active' AND o.state = 'active'
		  AND NOT EXISTS (SELECT FROM runs r WHERE r.organisation = d.organisation AND r.connection = d.connection
			AND r.asked_by = 'push' AND (r.state IN ('asked', 'reading', 'reconciling')
			OR (r.state = 'failed' AND r.finished_at > now() - interval '30 seconds')))
	), made AS (
		INSERT INTO runs (organisation, id, connection, state, scope, asked_by)
		SELECT organisation, gen_random_uuid(), connection, 'asked', 'named', 'push' FROM ready RETURNING 1
	)
	SELECT count(*) INTO made FROM made;
	RETURN made;
END $$;
REVOKE ALL ON FUNCTION scim_schedule() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION scim_schedule() TO rosterd_worker;

-- ---- who pushes -------------------------------------------------------------------------------------------------------------

-- Global look-up, as tokens: only the SHA-256 is kept. A token of a connection speaks for the directory behind it, and for nothing
-- else of its organisation.
CREATE TABLE scim_tokens (
	hash         bytea PRIMARY KEY CHECK (length(hash) = 32),
	id           uuid NOT NULL UNIQUE,
	organisation uuid NOT NULL,
	connection   uuid NOT NULL,
	name         text NOT NULL,
	scopes       text[] CHECK (cardinality(scopes) BETWEEN 1 AND 32), -- NULL: all of SCIM
	created_by   text NOT NULL,
	created_at   timestamptz NOT NULL DEFAULT now(),
	expires_at   timestamptz,
	revoked_at   timestamptz,
	last_used_at timestamptz, -- coarse: written once in a few minutes
	FOREIGN KEY (organisation, connection) REFERENCES connections ON DELETE CASCADE
);
CREATE INDEX scim_tokens_connection ON scim_tokens (organisation, connection, id);
ALTER TABLE scim_tokens ENABLE ROW LEVEL SECURITY;
ALTER TABLE scim_tokens FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON scim_tokens TO rosterd_request
	USING (organisation = (SELECT current_organisation())) WITH CHECK (organisation = (SELECT current_organisation()));
CREATE POLICY keeper ON scim_tokens TO rosterd_owner USING (true) WITH CHECK (true);
CREATE POLICY at_home ON scim_tokens AS RESTRICTIVE USING ((SELECT installation_at_home()));
GRANT SELECT, INSERT, UPDATE ON scim_tokens TO rosterd_request;

-- Who pushes? A token that still counts, of a connection of an organisation that is not deleted.
CREATE FUNCTION scim_token_find(wanted bytea, OUT id uuid, OUT organisation uuid, OUT connection uuid, OUT name text,
	OUT scopes text[], OUT ip_allow_list text[], OUT last_used_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	SELECT t.id, t.organisation, t.connection, t.name, t.scopes, o.ip_allow_list, t.last_used_at
	FROM scim_tokens t JOIN organisations o USING (organisation)
	WHERE t.hash = wanted AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > now()) AND o.state <> 'deleted';
END;
REVOKE ALL ON FUNCTION scim_token_find(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION scim_token_find(bytea) TO rosterd_request;
