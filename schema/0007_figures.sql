-- oldest: 0.1.0
--
-- What a daemon counts from time to time for whoever watches it: numbers alone, of all organisations together.
SET LOCAL search_path = rosterd, pg_temp;

-- When a connection was in step last, and when it failed last: one look into the index each.
CREATE INDEX runs_ended ON runs (organisation, connection, state, finished_at) WHERE state IN ('done', 'failed');
CREATE INDEX tokens_expiring ON tokens (expires_at) WHERE revoked_at IS NULL AND expires_at IS NOT NULL;

CREATE FUNCTION microseconds(age interval) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN greatest(coalesce((extract(epoch FROM age) * 1000000)::bigint, 0), 0);

-- Overdue is a connection of which nothing was heard for three of its intervals and ten minutes; a token expires soon within 14 days.
-- An owner is absent where people are and none of them is an active owner.
CREATE FUNCTION figures(OUT runs_asked bigint, OUT runs_reading bigint, OUT runs_reconciling bigint, OUT runs_held bigint,
	OUT waiting_us bigint, OUT held_us bigint, OUT connections_active bigint, OUT connections_paused bigint, OUT failing bigint,
	OUT overdue bigint, OUT success_us bigint, OUT organisations_active bigint, OUT organisations_suspended bigint,
	OUT ownerless bigint, OUT expiring bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	WITH live AS (
		SELECT count(*) FILTER (WHERE state = 'asked') AS asked, count(*) FILTER (WHERE state = 'reading') AS reading,
			count(*) FILTER (WHERE state = 'reconciling') AS reconciling, count(*) FILTER (WHERE state = 'held') AS held,
			microseconds(now() - min(not_before) FILTER (WHERE state <> 'held' AND claimed_by IS NULL)) AS waiting_us,
			microseconds(now() - min(asked_at) FILTER (WHERE state = 'held')) AS held_us
		FROM runs WHERE state IN ('asked', 'reading', 'reconciling', 'held')
	), last AS (
		SELECT c.state, c.state = 'active' AND o.state = 'active' AS works, c.schedule_ms,
			(SELECT max(r.finished_at) FROM runs r
			 WHERE r.organisation = c.organisation AND r.connection = c.id AND r.state = 'done') AS done_at,
			(SELECT max(r.finished_at) FROM runs r
			 WHERE r.organisation = c.organisation AND r.connection = c.id AND r.state = 'failed') AS failed_at,
			c.created_at
		FROM connections c JOIN organisations o USING (organisation) WHERE o.state <> 'deleted'
	), connected AS (
		SELECT count(*) FILTER (WHERE state = 'active') AS active, count(*) FILTER (WHERE state = 'paused') AS paused,
			count(*) FILTER (WHERE works AND failed_at > coalesce(done_at, '-infinity')) AS failing,
			count(*) FILTER (WHERE works AND now() - coalesce(done_at, created_at)
				> schedule_ms * interval '3 milliseconds' + interval '10 minutes') AS overdue,
			microseconds(now() - min(coalesce(done_at, created_at)) FILTER (WHERE works AND schedule_ms IS NOT NULL)) AS success_us
		FROM last
	), organised AS (
		SELECT count(*) FILTER (WHERE o.state = 'active') AS active, count(*) FILTER (WHERE o.state = 'suspended') AS suspended,
			count(*) FILTER (WHERE o.state = 'active'
				AND EXISTS (SELECT FROM members m WHERE m.organisation = o.organisation AND m.state = 'active')
				AND NOT EXISTS (SELECT FROM members m WHERE m.organisation = o.organisation AND m.role = 'owner' AND m.state = 'active'))
				AS ownerless
		FROM organisations o WHERE o.state <> 'deleted'
	)
	SELECT live.asked, live.reading, live.reconciling, live.held, live.waiting_us, live.held_us, connected.active, connected.paused,
		connected.failing, connected.overdue, connected.success_us, organised.active, organised.suspended, organised.ownerless,
		(SELECT count(*) FROM tokens WHERE revoked_at IS NULL AND expires_at > now() AND expires_at < now() + interval '14 days')
	FROM live, connected, organised;
END;

REVOKE ALL ON FUNCTION microseconds(interval), figures() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION figures() TO rosterd_worker;
