-- oldest: 0.1.0
--
-- Who pushes, in one look: with whether its connection was deleted. In plpgsql because its plan is kept, while a function in SQL that
-- is not the caller's is planned anew at each call.
SET LOCAL search_path = rosterd, pg_temp;

CREATE FUNCTION scim_pusher_find(wanted bytea, secret boolean, OUT id uuid, OUT organisation uuid, OUT connection uuid, OUT name text,
	OUT scopes text[], OUT ip_allow_list text[], OUT last_used_at timestamptz, OUT gone boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp AS $$
BEGIN
	SELECT t.id, t.organisation, t.connection, t.name, t.scopes, o.ip_allow_list, t.last_used_at, c.deleted_at IS NOT NULL
	INTO id, organisation, connection, name, scopes, ip_allow_list, last_used_at, gone
	FROM scim_tokens t JOIN organisations o ON o.organisation = t.organisation
		JOIN connections c ON c.organisation = t.organisation AND c.id = t.connection
	WHERE t.hash = wanted AND (t.kind = 'client') = secret AND t.revoked_at IS NULL
	  AND (t.expires_at IS NULL OR t.expires_at > now()) AND o.state <> 'deleted'
	  AND (t.client IS NULL OR EXISTS (SELECT FROM scim_tokens s WHERE s.id = t.client AND s.revoked_at IS NULL
	  AND (s.expires_at IS NULL OR s.expires_at > now())));
END $$;
REVOKE ALL ON FUNCTION scim_pusher_find(bytea, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION scim_pusher_find(bytea, boolean) TO rosterd_request;

-- The same of a function that guards each look-up of a token, in a policy: it reads a table, so it cannot become part of the statement.
CREATE OR REPLACE FUNCTION installation_at_home() RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN (SELECT i.home = rosterd.installation_here() FROM rosterd.installation i);
END $$;

CREATE OR REPLACE FUNCTION installation_here() RETURNS text
LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN (SELECT c.system_identifier FROM pg_control_system() c) || '/'
		|| (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()) || '/' || (SELECT t.oid FROM pg_class t
			WHERE t.relname = 'tokens' AND t.relnamespace = (SELECT n.oid FROM pg_namespace n WHERE n.nspname = 'rosterd'));
END $$;
