-- oldest: 0.1.0
--
-- How endpoints of events stand is counted: who does not look hears of one that was stopped when its application misses something.
SET LOCAL search_path = rosterd, pg_temp;

-- Of the operator, and of organisations that are active. Failing: active, and its last delivery failed.
CREATE FUNCTION event_endpoint_figures(OUT active bigint, OUT failing bigint, OUT paused bigint, OUT stopped bigint, OUT failing_us bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	SELECT count(*) FILTER (WHERE e.state = 'active' AND e.failing_since IS NULL),
		count(*) FILTER (WHERE e.state = 'active' AND e.failing_since IS NOT NULL),
		count(*) FILTER (WHERE e.state = 'paused'), count(*) FILTER (WHERE e.state = 'stopped'),
		coalesce(extract(epoch FROM now() - min(e.failing_since) FILTER (WHERE e.state = 'active')) * 1000000, 0)::bigint
	FROM event_endpoints e LEFT JOIN organisations o ON o.organisation = e.organisation
	WHERE o.organisation IS NULL OR o.state = 'active';
END;
REVOKE ALL ON FUNCTION event_endpoint_figures() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION event_endpoint_figures() TO rosterd_worker;
