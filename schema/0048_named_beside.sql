-- oldest: 0.1.0

-- Named people go on while everybody is reconciled: of one organisation, what is read by name and what else is read are counted apart, so that
-- whoever is pushed does not wait for a place that a whole listing of the same organisation has for minutes.
SET LOCAL search_path = rosterd, pg_temp;

-- As before, but most and slow_most hold for runs of named people and for all others each.
CREATE OR REPLACE FUNCTION runs_claim(daemon uuid, silent_for interval, free boolean, most integer, slow_free boolean, slow_most integer,
	OUT organisation uuid, OUT id uuid, OUT slow boolean)
LANGUAGE sql SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	UPDATE runs r SET claimed_by = daemon, beat_at = now(), attempts = r.attempts + 1, slow = due.slow
	FROM (WITH busy AS (SELECT b.organisation, b.scope = 'named' AS named, count(*) AS runs,
	                           count(*) FILTER (WHERE b.claimed_by = daemon AND NOT b.slow) AS here,
	                           count(*) FILTER (WHERE b.claimed_by = daemon AND b.slow) AS here_slow FROM runs b
	                    WHERE b.state IN ('asked', 'reading', 'reconciling') AND b.beat_at >= now() - silent_for
	                      AND b.claimed_by IS NOT NULL
	                    GROUP BY b.organisation, b.scope = 'named')
	      SELECT w.organisation, w.id, s.slow FROM runs w LEFT JOIN busy ON busy.organisation = w.organisation AND busy.named = (w.scope = 'named'),
	        LATERAL (SELECT slow_free IS NOT NULL AND w.state <> 'reconciling' AND (w.slow OR coalesce((SELECT max(f.finished_at) FROM runs f WHERE f.organisation = w.organisation AND f.connection = w.connection
	              AND f.state = 'failed') > coalesce((SELECT max(g.finished_at) FROM runs g WHERE g.organisation = w.organisation
	              AND g.connection = w.connection AND g.state = 'done'), '-infinity'), false)) AS slow) s
	      WHERE w.state IN ('asked', 'reading', 'reconciling') AND w.not_before <= now()
	        AND (w.claimed_by IS NULL OR w.beat_at < now() - silent_for)
	        AND CASE WHEN s.slow THEN slow_free AND (slow_most = 0 OR coalesce(busy.here_slow, 0) < slow_most)
	                 ELSE free AND (most = 0 OR coalesce(busy.here, 0) < most) END
	      ORDER BY coalesce((SELECT sum(o.runs) FROM busy o WHERE o.organisation = w.organisation), 0), w.not_before
	      LIMIT 1 FOR UPDATE OF w SKIP LOCKED) due
	WHERE r.organisation = due.organisation AND r.id = due.id
	RETURNING r.organisation, r.id, r.slow;
END;
