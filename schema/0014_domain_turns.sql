-- oldest: 0.1.0
--
-- Claims take turns: an organisation whose name servers are silent for all of its claims keeps nobody else waiting.
SET LOCAL search_path = rosterd, pg_temp;

CREATE OR REPLACE FUNCTION domain_claims_due(taken_for interval, most bigint)
RETURNS TABLE (organisation uuid, domain text, challenge text)
LANGUAGE sql SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	UPDATE domain_claims c SET next_check_at = now() + taken_for
	FROM (SELECT d.organisation, d.domain FROM domain_claims d
	      JOIN (SELECT w.organisation, w.domain, w.next_check_at,
	                   row_number() OVER (PARTITION BY w.organisation ORDER BY w.next_check_at) AS turn
	            FROM domain_claims w JOIN organisations o USING (organisation)
	            WHERE w.next_check_at <= now() AND o.state = 'active') t
	        ON t.organisation = d.organisation AND t.domain = d.domain
	      ORDER BY t.turn, t.next_check_at LIMIT most FOR UPDATE OF d SKIP LOCKED) due
	WHERE c.organisation = due.organisation AND c.domain = due.domain
	RETURNING c.organisation, c.domain, c.challenge;
END;
