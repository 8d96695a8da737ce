-- oldest: 0.1.0
--
-- A subscription is made again where messages are to come to another address than the one that the directory was told ("public_url"). Daemons that do not
-- agree on it tell it in turns, but no more often than once in a while.
SET LOCAL search_path = rosterd, pg_temp;

ALTER TABLE subscriptions
	ADD COLUMN address text, -- NULL: it was not written down
	ADD COLUMN asked_at timestamptz;

-- Without an address, as before: daemons of before ask so.
DROP FUNCTION subscriptions_claim(uuid, text[], bigint);
CREATE FUNCTION subscriptions_claim(daemon uuid, plugins text[], silent_ms bigint, reached_at text DEFAULT NULL, moved interval DEFAULT '1 minute',
	OUT organisation uuid, OUT connection uuid, OUT action text)
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
	WITH one AS (
		SELECT s.organisation AS of, s.connection AS which, CASE
			WHEN c.state <> 'active' OR o.state <> 'active' THEN 'unsubscribe'
			WHEN s.state = 'failed' OR s.version <> c.version OR a.another THEN 'subscribe' ELSE 'renew' END AS what
		FROM subscriptions s JOIN connections c ON c.organisation = s.organisation AND c.id = s.connection
		JOIN organisations o ON o.organisation = s.organisation
		CROSS JOIN LATERAL (SELECT s.address IS DISTINCT FROM coalesce(reached_at, s.address)
			AND coalesce(s.asked_at < now() - moved, true) AS another) a
		WHERE s.not_before <= now() AND c.plugin = ANY (plugins)
		  AND (s.claimed_by IS NULL OR s.claimed_at < now() - silent_ms * interval '1 millisecond')
		  AND CASE WHEN c.state <> 'active' OR o.state <> 'active' THEN s.state = 'active'
			ELSE s.state = 'failed' OR s.version <> c.version OR a.another OR (s.state = 'active' AND s.renew_at <= now()) END
		ORDER BY s.not_before LIMIT 1 FOR UPDATE OF s SKIP LOCKED
	)
	UPDATE subscriptions s SET claimed_by = daemon, claimed_at = now() FROM one
	WHERE s.organisation = one.of AND s.connection = one.which
	RETURNING s.organisation, s.connection, one.what INTO organisation, connection, action;
END $$;
REVOKE ALL ON FUNCTION subscriptions_claim(uuid, text[], bigint, text, interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION subscriptions_claim(uuid, text[], bigint, text, interval) TO rosterd_worker;
