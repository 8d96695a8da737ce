-- oldest: 0.1.0
--
-- Who pushes, and from there on for their organisation: in one look, so that what is asked may travel behind it.
SET LOCAL search_path = rosterd, pg_temp;

-- Which cluster and database these are, as a server process knows it for as long as it lives: so it is worked out once for each plan, and
-- the control file is not read at each look-up of a token. It stands in no index and in no stored expression that is not planned anew.
CREATE FUNCTION installation_place() RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	RETURN (SELECT c.system_identifier FROM pg_control_system() c) || '/'
		|| (SELECT d.oid FROM pg_database d WHERE d.datname = current_database());
END $$;
REVOKE ALL ON FUNCTION installation_place() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION installation_place() TO rosterd_request, rosterd_worker;

CREATE OR REPLACE FUNCTION installation_here() RETURNS text
LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN rosterd.installation_place() || '/' || 'rosterd.tokens'::regclass::oid;
END $$;

CREATE OR REPLACE FUNCTION installation_at_home() RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN (SELECT i.home = rosterd.installation_place() || '/' || 'rosterd.tokens'::regclass::oid FROM rosterd.installation i);
END $$;

-- Said once more without a function, which would cost as much as the look-up that it guards.
DROP POLICY at_home ON scim_tokens;
CREATE POLICY at_home ON scim_tokens AS RESTRICTIVE
	USING ((SELECT i.home = installation_place() || '/' || 'rosterd.tokens'::regclass::oid FROM installation i));

-- As scim_pusher_find, and the transaction is for the organisation of whoever was found: nobody's, if nobody was.
CREATE FUNCTION scim_pusher_enter(wanted bytea, secret boolean, OUT id uuid, OUT organisation uuid, OUT connection uuid, OUT name text,
	OUT scopes text[], OUT ip_allow_list text[], OUT last_used_at timestamptz, OUT gone boolean, OUT slug text, OUT state text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = rosterd, pg_temp AS $$
DECLARE
	of_client uuid;
	chosen text;
BEGIN
	SELECT t.id, t.organisation, t.connection, t.name, t.scopes, o.ip_allow_list, t.last_used_at, c.deleted_at IS NOT NULL, o.slug,
		o.state, t.client
	INTO id, organisation, connection, name, scopes, ip_allow_list, last_used_at, gone, slug, state, of_client
	FROM scim_tokens t JOIN organisations o ON o.organisation = t.organisation
		JOIN connections c ON c.organisation = t.organisation AND c.id = t.connection
	WHERE t.hash = wanted AND (t.kind = 'client') = secret AND t.revoked_at IS NULL
	  AND (t.expires_at IS NULL OR t.expires_at > now()) AND o.state <> 'deleted';
	IF of_client IS NOT NULL THEN
		IF NOT EXISTS (SELECT FROM scim_tokens s WHERE s.id = of_client AND s.revoked_at IS NULL
			AND (s.expires_at IS NULL OR s.expires_at > now())) THEN
			id := NULL;
			organisation := NULL;
		END IF;
	END IF;
	chosen := set_config('rosterd.organisation', coalesce(organisation::text, ''), true);
END $$;
REVOKE ALL ON FUNCTION scim_pusher_enter(bytea, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION scim_pusher_enter(bytea, boolean) TO rosterd_request;
