-- oldest: 0.1.0
--
-- One run for one daemon, as runs_claim of before (which older daemons still call), and of one organisation at most so many at a time
-- on this daemon: whoever has many slow directories leaves workers for the others. most 0: as many as there are. One thread of a daemon
-- asks at a time, or two could take the last place of a share.
SET LOCAL search_path = rosterd, pg_temp;

CREATE FUNCTION runs_claim(daemon uuid, silent_for interval, most integer, OUT organisation uuid, OUT id uuid)
LANGUAGE sql SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	UPDATE runs r SET claimed_by = daemon, beat_at = now(), attempts = r.attempts + 1
	FROM (WITH busy AS (SELECT b.organisation, count(*) AS runs, count(*) FILTER (WHERE b.claimed_by = daemon) AS here FROM runs b
	                    WHERE b.state IN ('asked', 'reading', 'reconciling') AND b.beat_at >= now() - silent_for
	                      AND b.claimed_by IS NOT NULL
	                    GROUP BY b.organisation)
	      SELECT w.organisation, w.id FROM runs w LEFT JOIN busy USING (organisation)
	      WHERE w.state IN ('asked', 'reading', 'reconciling') AND w.not_before <= now()
	        AND (w.claimed_by IS NULL OR w.beat_at < now() - silent_for)
	        AND (most = 0 OR coalesce(busy.here, 0) < most)
	      ORDER BY coalesce(busy.runs, 0), w.not_before LIMIT 1 FOR UPDATE OF w SKIP LOCKED) due
	WHERE r.organisation = due.organisation AND r.id = due.id
	RETURNING r.organisation, r.id;
END;
REVOKE ALL ON FUNCTION runs_claim(uuid, interval, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION runs_claim(uuid, interval, integer) TO rosterd_worker;
