-- oldest: 0.1.0
--
-- The feed of events: where entries of all organisations stand, in the order of sealing, for whoever follows all of them. What they say is
-- read organisation by organisation, under its own policy.
SET LOCAL search_path = rosterd, pg_temp;

CREATE FUNCTION event_places(place bigint, most integer) RETURNS TABLE (number bigint, organisation uuid, "position" bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	SELECT s.number, s.organisation, s.position FROM audit_seals s WHERE s.number > place ORDER BY s.number LIMIT most;
END;

-- The last place there is.
CREATE FUNCTION event_end() RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	SELECT m.number FROM audit_sealer m;
END;

REVOKE ALL ON FUNCTION event_places(bigint, integer), event_end() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION event_places(bigint, integer), event_end() TO rosterd_request, rosterd_worker;
