-- oldest: 0.1.0
--
-- A connection that reads another directory than before, and what people say of entries that nobody can tell apart but they.
SET LOCAL search_path = rosterd, pg_temp;

-- The settings of the reading that was applied last: when one of those that say which directory is read has changed since, nobody is gone,
-- but may be elsewhere. What stands in a connection may have changed before anything was read with it.
ALTER TABLE readings ADD COLUMN directory jsonb;
UPDATE readings r SET directory = c.settings FROM connections c WHERE c.organisation = r.organisation AND c.id = r.connection;
ALTER TABLE runs ADD COLUMN directory jsonb; -- as they were when its reading began

-- An entry with an address that is somebody's who had another entry there: whether it is that person's again, or another person's. Taken by the
-- next reading that shows the entry.
CREATE TABLE verdicts (
	organisation uuid NOT NULL,
	connection   uuid NOT NULL,
	remote_id    text COLLATE "C" NOT NULL, -- of the entry that was refused
	account      uuid NOT NULL,             -- the entry that is gone
	same         boolean NOT NULL,          -- the same person
	said_by      text NOT NULL,
	said_at      timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (organisation, connection, remote_id),
	FOREIGN KEY (organisation, connection) REFERENCES connections ON DELETE CASCADE
);
ALTER TABLE verdicts ENABLE ROW LEVEL SECURITY;
ALTER TABLE verdicts FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON verdicts TO rosterd_request, rosterd_worker
	USING (organisation = (SELECT current_organisation()))
	WITH CHECK (organisation = (SELECT current_organisation()));
CREATE POLICY keeper ON verdicts TO rosterd_owner USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON verdicts TO rosterd_request;
GRANT SELECT, DELETE ON verdicts TO rosterd_worker;
