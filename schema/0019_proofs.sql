-- oldest: 0.1.0
--
-- How a listing proves that it was whole, part by part, and what the last one that was applied proved.
SET LOCAL search_path = rosterd, pg_temp;

-- What a run's listing proves, and what it does not: for people to read, and for the reconcile to judge.
CREATE TABLE run_parts (
	organisation uuid NOT NULL,
	run          uuid NOT NULL,
	position     smallint NOT NULL,
	part         text NOT NULL,
	evidence     text NOT NULL CHECK (evidence IN ('held', 'missing', 'untold', 'same', 'later', 'no_more')),
	value        text COLLATE "C" CHECK ((value IS NOT NULL) = (evidence IN ('same', 'later', 'no_more'))),
	state        text NOT NULL CHECK (state IN ('held', 'missing', 'untold')),
	words        text NOT NULL,
	PRIMARY KEY (organisation, run, part),
	FOREIGN KEY (organisation, run) REFERENCES runs ON DELETE CASCADE
);

-- The values of the last whole listing of a connection that was applied: who the directory said that we are, which entries its bases
-- are, when it changed last, how much is hidden from us. A loss must not contradict them.
CREATE TABLE proven (
	organisation uuid NOT NULL,
	connection   uuid NOT NULL,
	part         text NOT NULL,
	value        text COLLATE "C" NOT NULL,
	run          uuid NOT NULL,
	at           timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (organisation, connection, part),
	FOREIGN KEY (organisation, connection) REFERENCES connections ON DELETE CASCADE
);

-- Asked for to be judged by itself: the directory, or our rights there, were changed on purpose.
ALTER TABLE runs ADD COLUMN anew boolean NOT NULL DEFAULT false;

DO $$
DECLARE t text;
BEGIN
	FOREACH t IN ARRAY ARRAY['run_parts', 'proven'] LOOP
		EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
		EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
		EXECUTE format('CREATE POLICY tenant ON %I TO rosterd_request, rosterd_worker
			USING (organisation = (SELECT current_organisation()))
			WITH CHECK (organisation = (SELECT current_organisation()))', t);
		EXECUTE format('CREATE POLICY keeper ON %I TO rosterd_owner USING (true) WITH CHECK (true)', t);
	END LOOP;
END $$;
GRANT SELECT ON run_parts, proven TO rosterd_request;
GRANT SELECT, INSERT, UPDATE, DELETE ON run_parts, proven TO rosterd_worker;
