-- oldest: 0.1.0
--
-- Small values that plug-ins keep between their calls: tokens, the names of subscriptions. Sealed like secrets, for one connection, and none is
-- for ever: what no key of ours opens any more, or whose time is over, is as if it had never been kept.
SET LOCAL search_path = rosterd, pg_temp;

CREATE TABLE connection_kept (
	organisation uuid NOT NULL,
	connection   uuid NOT NULL,
	name         text COLLATE "C" NOT NULL,
	sealed       bytea NOT NULL,
	until        timestamptz NOT NULL,
	PRIMARY KEY (organisation, connection, name),
	FOREIGN KEY (organisation, connection) REFERENCES connections ON DELETE CASCADE
);
ALTER TABLE connection_kept ENABLE ROW LEVEL SECURITY;
ALTER TABLE connection_kept FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON connection_kept TO rosterd_request, rosterd_worker
	USING (organisation = (SELECT current_organisation())) WITH CHECK (organisation = (SELECT current_organisation()));
CREATE POLICY keeper ON connection_kept TO rosterd_owner USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON connection_kept TO rosterd_request, rosterd_worker;
