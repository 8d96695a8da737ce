-- oldest: 0.1.0
--
-- That a directory sends messages because rosterd asked it to: made, renewed and taken back by a worker.
SET LOCAL search_path = rosterd, pg_temp;

CREATE TABLE subscriptions (
	organisation uuid NOT NULL,
	connection   uuid NOT NULL,
	-- none: there is none, or none is wanted; failed: it could not be made so far.
	state        text NOT NULL DEFAULT 'none' CHECK (state IN ('none', 'active', 'failed')),
	version      bigint NOT NULL DEFAULT 0, -- of the connection that it was made for
	renewed_at   timestamptz, -- made or renewed
	renew_at     timestamptz, -- NULL: never
	tries        integer NOT NULL DEFAULT 0, -- that failed, since it went well
	not_before   timestamptz NOT NULL DEFAULT now(),
	error_code   text,
	error_text   text,
	claimed_by   uuid, -- the daemon that is at it
	claimed_at   timestamptz,
	PRIMARY KEY (organisation, connection),
	FOREIGN KEY (organisation, connection) REFERENCES connections ON DELETE CASCADE
);
ALTER TABLE subscriptions ENABLE ROW LEVEL SECURITY;
ALTER TABLE subscriptions FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON subscriptions TO rosterd_request, rosterd_worker
	USING (organisation = (SELECT current_organisation())) WITH CHECK (organisation = (SELECT current_organisation()));
CREATE POLICY keeper ON subscriptions TO rosterd_owner USING (true) WITH CHECK (true);
GRANT SELECT ON subscriptions TO rosterd_request;
GRANT SELECT, UPDATE ON subscriptions TO rosterd_worker;

-- What is to be done next, for one daemon: of connections whose plug-in can (named by the daemon). One that was claimed so long ago that
-- whoever did must be dead is given again. Once a connection changes, its subscription is made again; once it is paused or deleted, taken back.
CREATE FUNCTION subscriptions_claim(daemon uuid, plugins text[], silent_ms bigint, OUT organisation uuid, OUT connection uuid, OUT action text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rosterd, pg_temp AS $$
BEGIN
	IF NOT installation_at_home() THEN
		RETURN;
	END IF;
	INSERT INTO subscriptions (organisation, connection)
	SELECT c.organisation, c.id FROM connections c JOIN organisations o ON o.organisation = c.organisation
	WHERE c.state = 'active' AND o.state = 'active' AND c.plugin = ANY (plugins)
	  AND NOT EXISTS (SELECT FROM subscriptions s WHERE s.organisation = c.organisation AND s.connection = c.id)
	ON CONFLICT DO NOTHING;
	WITH due AS (
		SELECT s.organisation AS of, s.connection AS which, CASE
			WHEN c.state <> 'active' OR o.state <> 'active' THEN CASE WHEN s.state = 'active' THEN 'unsubscribe' END
			WHEN s.state = 'failed' OR s.version <> c.version THEN 'subscribe'
			WHEN s.state = 'active' AND s.renew_at <= now() THEN 'renew' END AS what
		FROM subscriptions s JOIN connections c ON c.organisation = s.organisation AND c.id = s.connection
		JOIN organisations o ON o.organisation = s.organisation
		WHERE s.not_before <= now() AND c.plugin = ANY (plugins)
		  AND (s.claimed_by IS NULL OR s.claimed_at < now() - silent_ms * interval '1 millisecond')
		ORDER BY s.not_before FOR UPDATE OF s SKIP LOCKED
	), one AS (
		SELECT d.of, d.which, d.what FROM due d WHERE d.what IS NOT NULL LIMIT 1
	)
	UPDATE subscriptions s SET claimed_by = daemon, claimed_at = now() FROM one
	WHERE s.organisation = one.of AND s.connection = one.which
	RETURNING s.organisation, s.connection, one.what INTO organisation, connection, action;
END $$;

-- Plug-ins of connections that there are: whom the daemon asks whether they can.
CREATE FUNCTION subscriptions_plugins() RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	SELECT DISTINCT c.plugin FROM connections c;
END;

REVOKE ALL ON FUNCTION subscriptions_claim(uuid, text[], bigint), subscriptions_plugins() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION subscriptions_claim(uuid, text[], bigint), subscriptions_plugins() TO rosterd_worker;
