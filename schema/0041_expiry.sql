-- oldest: 0.1.0
--
-- What will soon end is told once, as an event: tokens, and the certificates in the settings of connections. What ends at another time than it was
-- told for is told again.
SET LOCAL search_path = rosterd, pg_temp;

ALTER TABLE tokens ADD COLUMN expiry_told timestamptz; -- the expires_at that was told
ALTER TABLE scim_tokens ADD COLUMN expiry_told timestamptz;
CREATE INDEX scim_tokens_expiring ON scim_tokens (expires_at) WHERE revoked_at IS NULL AND expires_at IS NOT NULL AND kind <> 'short';

CREATE TABLE certificates_told (
	organisation uuid NOT NULL,
	connection   uuid NOT NULL,
	until        timestamptz NOT NULL, -- the earliest end among its certificates, that was told
	PRIMARY KEY (organisation, connection),
	FOREIGN KEY (organisation, connection) REFERENCES connections ON DELETE CASCADE
);
ALTER TABLE certificates_told ENABLE ROW LEVEL SECURITY;
ALTER TABLE certificates_told FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON certificates_told TO rosterd_worker
	USING (organisation = (SELECT current_organisation())) WITH CHECK (organisation = (SELECT current_organisation()));
CREATE POLICY keeper ON certificates_told TO rosterd_owner USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON certificates_told TO rosterd_worker;

-- Tokens that end soon and were not told. One that was made for less than that time is meant to end, and one that has a successor is replaced.
CREATE FUNCTION expiring_tokens(soon interval, most integer, OUT organisation uuid, OUT id uuid, OUT connection uuid, OUT name text,
	OUT expires_at timestamptz) RETURNS SETOF record
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	(SELECT t.organisation, t.id, NULL::uuid, t.name, t.expires_at FROM tokens t LEFT JOIN organisations o USING (organisation)
	 WHERE t.revoked_at IS NULL AND t.suspended_at IS NULL AND t.expires_at > now() AND t.expires_at < now() + soon
	   AND t.expires_at - t.created_at > soon AND t.expiry_told IS DISTINCT FROM t.expires_at
	   AND (t.organisation IS NULL OR o.state <> 'deleted')
	   AND NOT EXISTS (SELECT FROM tokens n WHERE n.replaces = t.id AND n.revoked_at IS NULL)
	 LIMIT most)
	UNION ALL
	(SELECT t.organisation, t.id, t.connection, t.name, t.expires_at FROM scim_tokens t JOIN organisations o USING (organisation)
	 WHERE t.revoked_at IS NULL AND t.kind <> 'short' AND t.expires_at > now() AND t.expires_at < now() + soon
	   AND t.expires_at - t.created_at > soon AND t.expiry_told IS DISTINCT FROM t.expires_at AND o.state <> 'deleted'
	 LIMIT most);
END;

-- Says that this is told now: 1, or 0 where another daemon has said it.
CREATE FUNCTION expiring_token_told(told uuid, ends timestamptz) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	WITH of_ours AS (
		UPDATE tokens SET expiry_told = ends WHERE id = told AND expires_at = ends AND expiry_told IS DISTINCT FROM ends RETURNING 1
	), of_directories AS (
		UPDATE scim_tokens SET expiry_told = ends WHERE id = told AND expires_at = ends AND expiry_told IS DISTINCT FROM ends RETURNING 1
	)
	SELECT (SELECT count(*) FROM of_ours) + (SELECT count(*) FROM of_directories);
END;

-- The certificates in settings, by connection, from behind one on.
CREATE FUNCTION connections_with_certificates(behind uuid, most integer, OUT organisation uuid, OUT id uuid, OUT name text, OUT setting text,
	OUT pem text, OUT told timestamptz) RETURNS SETOF record
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	SELECT c.organisation, c.id, c.name, s.key, s.value, t.until
	FROM (SELECT * FROM connections WHERE connections.id > behind AND state <> 'deleted'
		AND settings::text LIKE '%-----BEGIN CERTIFICATE%' ORDER BY connections.id LIMIT most) c
	JOIN organisations o USING (organisation)
	CROSS JOIN LATERAL jsonb_each_text(c.settings) AS s
	LEFT JOIN certificates_told t ON t.organisation = c.organisation AND t.connection = c.id
	WHERE o.state <> 'deleted' AND s.value LIKE '%-----BEGIN CERTIFICATE%'
	ORDER BY c.id, s.key;
END;

REVOKE ALL ON FUNCTION expiring_tokens(interval, integer), expiring_token_told(uuid, timestamptz), connections_with_certificates(uuid, integer)
	FROM PUBLIC;
GRANT EXECUTE ON FUNCTION expiring_tokens(interval, integer), expiring_token_told(uuid, timestamptz),
	connections_with_certificates(uuid, integer) TO rosterd_worker;
