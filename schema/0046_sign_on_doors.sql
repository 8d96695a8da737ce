-- oldest: 0.1.0
--
-- By which connections people are signed on who only say their address of mail: those that somebody has signed on by, or tried.
SET LOCAL search_path = rosterd, pg_temp;

CREATE TABLE sign_on_doors (
	organisation uuid NOT NULL,
	connection   uuid NOT NULL,
	proven_at    timestamptz NOT NULL DEFAULT now(), -- the last time that it is known to have worked, about
	PRIMARY KEY (organisation, connection),
	FOREIGN KEY (organisation, connection) REFERENCES connections ON DELETE CASCADE
);
ALTER TABLE sign_on_doors ENABLE ROW LEVEL SECURITY;
ALTER TABLE sign_on_doors FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON sign_on_doors TO rosterd_request, rosterd_worker
	USING (organisation = (SELECT current_organisation())) WITH CHECK (organisation = (SELECT current_organisation()));
CREATE POLICY keeper ON sign_on_doors TO rosterd_owner USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON sign_on_doors TO rosterd_request, rosterd_worker;
INSERT INTO sign_on_doors (organisation, connection)
SELECT DISTINCT organisation, connection FROM sign_ons WHERE outcome = 'signed_on' ON CONFLICT DO NOTHING;

-- Where somebody signs on whose address is of this domain, or who is of the organisation with this slug. It tells nothing of people, and of a domain no
-- more than whoever signs on sees.
CREATE FUNCTION sign_on_doors_of(wanted_domain text, wanted_slug text) RETURNS TABLE (connection uuid, name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	SELECT c.id, c.name FROM organisations o
	JOIN connections c ON c.organisation = o.organisation AND c.state = 'active'
	JOIN sign_on_doors s ON s.organisation = c.organisation AND s.connection = c.id
	WHERE o.state = 'active' AND installation_at_home()
	  AND (o.slug = wanted_slug OR o.organisation = (SELECT d.organisation FROM domains d WHERE d.domain = wanted_domain AND d.state = 'verified'))
	ORDER BY c.precedence, c.created_at LIMIT 10;
END;

REVOKE ALL ON FUNCTION sign_on_doors_of(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sign_on_doors_of(text, text) TO rosterd_request;
