-- oldest: 0.1.0
--
-- What directories that push asked lately and what they were told, for the administrators of their organisations.
SET LOCAL search_path = rosterd, pg_temp;

-- The last requests of each connection, written a second later by the daemon that answered: a push does not wait for it. What is
-- secret or personal has been taken out before (endpoints/scim_redact); how many stay and how long they are is roster/scim_trace.h.
CREATE SEQUENCE scim_trace_seq;
CREATE TABLE scim_trace (
	organisation uuid NOT NULL,
	connection   uuid NOT NULL,
	seq          bigint NOT NULL DEFAULT nextval('scim_trace_seq'),
	at           timestamptz NOT NULL,
	token        uuid NOT NULL,
	token_name   text NOT NULL,
	method       text NOT NULL,
	target       text NOT NULL,
	status       integer NOT NULL,
	ms           bigint NOT NULL,
	code         text NOT NULL, -- of the error; "" if there is none
	request      text NOT NULL,
	answer       text NOT NULL,
	pushed_in    xid8,          -- the transaction that left something for a run; NULL: nothing was changed
	PRIMARY KEY (organisation, connection, seq),
	FOREIGN KEY (organisation, connection) REFERENCES connections ON DELETE CASCADE
);

-- Which run took what was due: exactly what its snapshot sees was pushed before it.
CREATE TABLE scim_takes (
	organisation uuid NOT NULL,
	connection   uuid NOT NULL,
	run          uuid NOT NULL,
	at           timestamptz NOT NULL DEFAULT now(),
	seen         pg_snapshot NOT NULL,
	PRIMARY KEY (organisation, connection, run),
	FOREIGN KEY (organisation, connection) REFERENCES connections ON DELETE CASCADE
);

DO $$
DECLARE t text;
BEGIN
	FOREACH t IN ARRAY ARRAY['scim_trace', 'scim_takes'] LOOP
		EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
		EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
		EXECUTE format('CREATE POLICY tenant ON %I TO rosterd_request, rosterd_worker
			USING (organisation = (SELECT current_organisation()))
			WITH CHECK (organisation = (SELECT current_organisation()))', t);
		EXECUTE format('CREATE POLICY keeper ON %I TO rosterd_owner USING (true) WITH CHECK (true)', t);
	END LOOP;
END $$;
GRANT SELECT, INSERT, DELETE ON scim_trace TO rosterd_request;
GRANT USAGE ON SEQUENCE scim_trace_seq TO rosterd_request;
GRANT SELECT ON scim_takes TO rosterd_request;
GRANT SELECT, INSERT, DELETE ON scim_takes TO rosterd_worker;
