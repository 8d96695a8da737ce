-- oldest: 0.1.0
--
-- As before, but only what there is something to do about is locked, and one at a time: the question is asked every other second.
SET LOCAL search_path = rosterd, pg_temp;

CREATE OR REPLACE FUNCTION subscriptions_claim(daemon uuid, plugins text[], silent_ms bigint, OUT organisation uuid, OUT connection uuid,
	OUT action text)
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
			WHEN s.state = 'failed' OR s.version <> c.version THEN 'subscribe' ELSE 'renew' END AS what
		FROM subscriptions s JOIN connections c ON c.organisation = s.organisation AND c.id = s.connection
		JOIN organisations o ON o.organisation = s.organisation
		WHERE s.not_before <= now() AND c.plugin = ANY (plugins)
		  AND (s.claimed_by IS NULL OR s.claimed_at < now() - silent_ms * interval '1 millisecond')
		  AND CASE WHEN c.state <> 'active' OR o.state <> 'active' THEN s.state = 'active'
			ELSE s.state = 'failed' OR s.version <> c.version OR (s.state = 'active' AND s.renew_at <= now()) END
		ORDER BY s.not_before LIMIT 1 FOR UPDATE OF s SKIP LOCKED
	)
	UPDATE subscriptions s SET claimed_by = daemon, claimed_at = now() FROM one
	WHERE s.organisation = one.of AND s.connection = one.which
	RETURNING s.organisation, s.connection, one.what INTO organisation, connection, action;
END $$;
