-- oldest: 0.1.0
--
-- Directories that push by OAuth's client credentials (RFC 6749, 4.4): a secret that is shown to nobody but us, for tokens that soon end.
SET LOCAL search_path = rosterd, pg_temp;

ALTER TABLE scim_tokens
	ADD COLUMN kind text NOT NULL DEFAULT 'token' CHECK (kind IN ('token', 'client', 'short')),
	ADD COLUMN client uuid, -- of a short one: whose it is
	ADD CHECK ((kind = 'short') = (client IS NOT NULL));
CREATE INDEX scim_tokens_client ON scim_tokens (client) WHERE client IS NOT NULL;
GRANT DELETE ON scim_tokens TO rosterd_request;

-- Who pushes? A client's secret is no token; and its tokens end with it.
CREATE OR REPLACE FUNCTION scim_token_find(wanted bytea, OUT id uuid, OUT organisation uuid, OUT connection uuid, OUT name text,
	OUT scopes text[], OUT ip_allow_list text[], OUT last_used_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	SELECT t.id, t.organisation, t.connection, t.name, t.scopes, o.ip_allow_list, t.last_used_at
	FROM scim_tokens t JOIN organisations o USING (organisation)
	WHERE t.hash = wanted AND t.kind <> 'client' AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > now())
	  AND o.state <> 'deleted' AND (t.client IS NULL OR EXISTS (SELECT FROM scim_tokens c WHERE c.id = t.client
	  AND c.revoked_at IS NULL AND (c.expires_at IS NULL OR c.expires_at > now())));
END;

-- Which client is it that has this secret?
CREATE FUNCTION scim_client_find(wanted bytea, OUT id uuid, OUT organisation uuid, OUT connection uuid, OUT name text,
	OUT scopes text[], OUT ip_allow_list text[], OUT last_used_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	SELECT t.id, t.organisation, t.connection, t.name, t.scopes, o.ip_allow_list, t.last_used_at
	FROM scim_tokens t JOIN organisations o USING (organisation)
	WHERE t.hash = wanted AND t.kind = 'client' AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > now())
	  AND o.state <> 'deleted';
END;
REVOKE ALL ON FUNCTION scim_client_find(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION scim_client_find(bytea) TO rosterd_request;
