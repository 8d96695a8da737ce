-- oldest: 0.1.0
--
-- Applications go by what a session says: an address that nobody has proven is none. And an attempt keeps whose session it replaces.
SET LOCAL search_path = rosterd, pg_temp;

-- The session (its hash) that was shown when the attempt began: it ends when the new one is made.
ALTER TABLE sign_ons ADD COLUMN presented bytea CHECK (length(presented) = 32);

-- As before, but for the address: the member's own if it is proven to be of this person, in a domain that is verified here now; otherwise the one that is,
-- if there is no second one. What a directory or a provider says of somebody whom it knows already is not proof.
CREATE OR REPLACE FUNCTION session_speaker(wanted bytea, OUT id uuid, OUT organisation uuid, OUT slug text, OUT user_id uuid, OUT connection uuid,
	OUT remote_id text, OUT email text, OUT name text, OUT role text, OUT began_at timestamptz, OUT seen_at timestamptz,
	OUT expires_at timestamptz, OUT ip_allow_list text[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	SELECT s.id, s.organisation, o.slug, s.user_id, s.connection, s.remote_id, p.email, m.name, m.role, s.began_at, s.seen_at,
		least(s.expires_at, s.seen_at + s.idle_ms * interval '1 millisecond'), o.ip_allow_list
	FROM sessions s
	JOIN organisations o ON o.organisation = s.organisation AND o.state = 'active'
	JOIN members m ON m.organisation = s.organisation AND m.user_id = s.user_id AND m.state = 'active'
	CROSS JOIN LATERAL (SELECT CASE WHEN bool_or(a.address = m.email) THEN m.email WHEN count(*) = 1 THEN min(a.address) END AS email
		FROM addresses a JOIN domains d ON d.domain = a.domain AND d.organisation = s.organisation AND d.state = 'verified'
		WHERE a.user_id = s.user_id) p
	WHERE s.hash = wanted AND s.ended_at IS NULL AND s.expires_at > now()
	  AND s.seen_at + s.idle_ms * interval '1 millisecond' > now();
END;
GRANT EXECUTE ON FUNCTION session_speaker(bytea) TO rosterd_worker; -- who signs on anew may need one
