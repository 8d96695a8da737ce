-- oldest: 0.1.0
--
-- Directories that hang, fail or take long have places of their own, and leave the workers to everybody else.
SET LOCAL search_path = rosterd, pg_temp;

-- It is worked on in a place for slow ones, or waits for one.
ALTER TABLE runs ADD COLUMN slow boolean NOT NULL DEFAULT false;

-- One run for one daemon, as runs_claim of before (which older daemons still call). Slow is what was found to be while it was read,
-- and what is read from a directory whose last run failed; what is only to be reconciled is not. free and slow_free: whether the daemon has such a
-- place; slow_free NULL: it has none apart, and nothing is slow to it. Of one organisation at most so many of each at a time on this daemon; 0:
-- as many as there are.
CREATE FUNCTION runs_claim(daemon uuid, silent_for interval, free boolean, most integer, slow_free boolean, slow_most integer,
	OUT organisation uuid, OUT id uuid, OUT slow boolean)
LANGUAGE sql SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	UPDATE runs r SET claimed_by = daemon, beat_at = now(), attempts = r.attempts + 1, slow = due.slow
	FROM (WITH busy AS (SELECT b.organisation, count(*) AS runs,
	                           count(*) FILTER (WHERE b.claimed_by = daemon AND NOT b.slow) AS here,
	                           count(*) FILTER (WHERE b.claimed_by = daemon AND b.slow) AS here_slow FROM runs b
	                    WHERE b.state IN ('asked', 'reading', 'reconciling') AND b.beat_at >= now() - silent_for
	                      AND b.claimed_by IS NOT NULL
	                    GROUP BY b.organisation)
	      SELECT w.organisation, w.id, s.slow FROM runs w LEFT JOIN busy USING (organisation),
	        LATERAL (SELECT slow_free IS NOT NULL AND w.state <> 'reconciling' AND (w.slow OR coalesce((SELECT max(f.finished_at) FROM runs f WHERE f.organisation = w.organisation AND f.connection = w.connection
	              AND f.state = 'failed') > coalesce((SELECT max(g.finished_at) FROM runs g WHERE g.organisation = w.organisation
	              AND g.connection = w.connection AND g.state = 'done'), '-infinity'), false)) AS slow) s
	      WHERE w.state IN ('asked', 'reading', 'reconciling') AND w.not_before <= now()
	        AND (w.claimed_by IS NULL OR w.beat_at < now() - silent_for)
	        AND CASE WHEN s.slow THEN slow_free AND (slow_most = 0 OR coalesce(busy.here_slow, 0) < slow_most)
	                 ELSE free AND (most = 0 OR coalesce(busy.here, 0) < most) END
	      ORDER BY coalesce(busy.runs, 0), w.not_before LIMIT 1 FOR UPDATE OF w SKIP LOCKED) due
	WHERE r.organisation = due.organisation AND r.id = due.id
	RETURNING r.organisation, r.id, r.slow;
END;

-- These runs of a daemon have been read for so long that they are slow from now on.
CREATE FUNCTION runs_slow(daemon uuid, which uuid[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	UPDATE runs SET slow = true WHERE claimed_by = daemon AND id = ANY (which) AND state IN ('asked', 'reading', 'reconciling');
END;

-- Whether any run is due that nobody works on and that is not known to be slow.
CREATE FUNCTION runs_wait() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	SELECT EXISTS (SELECT FROM runs w WHERE w.state IN ('asked', 'reading', 'reconciling') AND w.not_before <= now() AND w.claimed_by IS NULL
		AND (w.state = 'reconciling' OR NOT (w.slow OR coalesce((SELECT max(f.finished_at) FROM runs f WHERE f.organisation = w.organisation AND f.connection = w.connection
			AND f.state = 'failed') > coalesce((SELECT max(g.finished_at) FROM runs g WHERE g.organisation = w.organisation
			AND g.connection = w.connection AND g.state = 'done'), '-infinity'), false))));
END;

REVOKE ALL ON FUNCTION runs_claim(uuid, interval, boolean, integer, boolean, integer), runs_slow(uuid, uuid[]), runs_wait() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION runs_claim(uuid, interval, boolean, integer, boolean, integer), runs_slow(uuid, uuid[]), runs_wait()
	TO rosterd_worker;
