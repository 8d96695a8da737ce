-- oldest: 0.1.0
--
-- Endpoints are told of events in turns: whoever waited longest comes first, one of an organisation at a time, so that slow ones keep nobody
-- else waiting. Nobody is told of an organisation that was deleted.
SET LOCAL search_path = rosterd, pg_temp;

CREATE OR REPLACE FUNCTION event_claim(holder uuid, hold interval, OUT organisation uuid, OUT endpoint uuid, OUT through bigint)
LANGUAGE sql SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	UPDATE audit_streams s SET holder = event_claim.holder, held_to = now() + hold
	FROM (SELECT e.organisation, e.id, t.name, m.number AS through
	      FROM audit_sealer m, event_endpoints e JOIN audit_streams t ON t.name = event_stream(e.id)
	      LEFT JOIN organisations o ON o.organisation = e.organisation
	      WHERE installation_at_home() AND e.state = 'active' AND e.not_before <= now() AND (t.held_to IS NULL OR t.held_to <= now())
	        AND t.number < m.number
	        AND (e.organisation = '00000000-0000-0000-0000-000000000000' OR o.state <> 'deleted')
	        AND NOT EXISTS (SELECT FROM event_endpoints b JOIN audit_streams h ON h.name = event_stream(b.id)
	                        WHERE b.organisation = e.organisation AND b.id <> e.id AND h.held_to > now())
	      ORDER BY t.held_to NULLS FIRST LIMIT 1 FOR UPDATE OF t SKIP LOCKED) due
	WHERE s.name = due.name
	RETURNING due.organisation, due.id, due.through;
END;
