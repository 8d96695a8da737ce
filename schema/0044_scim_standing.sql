-- oldest: 0.1.0
--
-- A daemon remembers the tokens of connections that push, and what it remembers counts for as long as nothing is another that it rests on: a
-- mark for each organisation, which every such change replaces in its own transaction. Reading it takes the place of looking the token up.
SET LOCAL search_path = rosterd, pg_temp;

-- A mark and no number: a database that was set back counts again what it has counted before. It says where it was made, too: in a copy of
-- the database none counts (0002_installation.sql). A mark is found by itself and tells nothing of whose it is.
CREATE TABLE scim_standings (
	organisation uuid PRIMARY KEY REFERENCES organisations ON DELETE CASCADE,
	standing     uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
	home         text NOT NULL DEFAULT installation_here()
);
ALTER TABLE scim_standings ENABLE ROW LEVEL SECURITY;
ALTER TABLE scim_standings FORCE ROW LEVEL SECURITY;
CREATE POLICY asked ON scim_standings FOR SELECT TO rosterd_request
	USING (home = installation_place() || '/' || 'rosterd.tokens'::regclass::oid);
CREATE POLICY keeper ON scim_standings TO rosterd_owner USING (true) WITH CHECK (true);
GRANT SELECT (standing, home) ON scim_standings TO rosterd_request;

INSERT INTO scim_standings (organisation) SELECT DISTINCT organisation FROM scim_tokens;

CREATE FUNCTION scim_standing_begins() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rosterd, pg_temp AS $$
BEGIN
	INSERT INTO scim_standings (organisation) VALUES (new.organisation) ON CONFLICT DO NOTHING;
	RETURN NULL;
END $$;
CREATE FUNCTION scim_standing_ends() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rosterd, pg_temp AS $$
BEGIN
	UPDATE scim_standings s SET standing = gen_random_uuid() WHERE s.organisation = old.organisation;
	RETURN NULL;
END $$;
CREATE FUNCTION scim_standings_move() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rosterd, pg_temp AS $$
BEGIN
	UPDATE scim_standings SET standing = gen_random_uuid(), home = installation_here();
	RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION scim_standing_begins(), scim_standing_ends(), scim_standings_move() FROM PUBLIC;

CREATE TRIGGER standing_begins AFTER INSERT ON scim_tokens FOR EACH ROW EXECUTE FUNCTION scim_standing_begins();
CREATE TRIGGER standing_ends AFTER UPDATE ON scim_tokens FOR EACH ROW
	WHEN ((old.organisation, old.id, old.connection, old.hash, old.name, old.scopes, old.expires_at, old.revoked_at, old.kind, old.client)
		IS DISTINCT FROM (new.organisation, new.id, new.connection, new.hash, new.name, new.scopes, new.expires_at, new.revoked_at, new.kind,
		new.client))
	EXECUTE FUNCTION scim_standing_ends();
CREATE TRIGGER standing_ends_gone AFTER DELETE ON scim_tokens FOR EACH ROW
	WHEN (old.expires_at IS NULL OR old.expires_at > now()) EXECUTE FUNCTION scim_standing_ends();
CREATE TRIGGER standing_ends AFTER UPDATE ON organisations FOR EACH ROW
	WHEN ((old.slug, old.state, old.ip_allow_list) IS DISTINCT FROM (new.slug, new.state, new.ip_allow_list))
	EXECUTE FUNCTION scim_standing_ends();
CREATE TRIGGER standing_ends AFTER UPDATE ON connections FOR EACH ROW
	WHEN (old.deleted_at IS DISTINCT FROM new.deleted_at) EXECUTE FUNCTION scim_standing_ends();

CREATE TRIGGER standings_move AFTER UPDATE OF home ON installation FOR EACH ROW EXECUTE FUNCTION scim_standings_move();

-- As scim_pusher_enter, with the mark under which that counts, and until when it does at most (NULL: for ever). The mark is read with the
-- token, or before what is read later: what changes meanwhile changes it.
CREATE FUNCTION scim_pusher_meet(wanted bytea, secret boolean, OUT id uuid, OUT organisation uuid, OUT connection uuid, OUT name text,
	OUT scopes text[], OUT ip_allow_list text[], OUT last_used_at timestamptz, OUT gone boolean, OUT slug text, OUT state text,
	OUT standing uuid, OUT ends_at timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = rosterd, pg_temp AS $$
DECLARE
	of_client uuid;
	client_ends_at timestamptz;
	chosen text;
BEGIN
	SELECT t.id, t.organisation, t.connection, t.name, t.scopes, o.ip_allow_list, t.last_used_at, c.deleted_at IS NOT NULL, o.slug,
		o.state, t.client, s.standing, t.expires_at
	INTO id, organisation, connection, name, scopes, ip_allow_list, last_used_at, gone, slug, state, of_client, standing, ends_at
	FROM scim_tokens t JOIN organisations o ON o.organisation = t.organisation
		JOIN connections c ON c.organisation = t.organisation AND c.id = t.connection
		LEFT JOIN scim_standings s ON s.organisation = t.organisation
	WHERE t.hash = wanted AND (t.kind = 'client') = secret AND t.revoked_at IS NULL
	  AND (t.expires_at IS NULL OR t.expires_at > now()) AND o.state <> 'deleted';
	IF of_client IS NOT NULL THEN
		SELECT t.expires_at INTO client_ends_at FROM scim_tokens t WHERE t.id = of_client AND t.revoked_at IS NULL
			AND (t.expires_at IS NULL OR t.expires_at > now());
		IF NOT FOUND THEN
			id := NULL;
			organisation := NULL;
		END IF;
		ends_at := least(ends_at, client_ends_at);
	END IF;
	chosen := set_config('rosterd.organisation', coalesce(organisation::text, ''), true);
END $$;
REVOKE ALL ON FUNCTION scim_pusher_meet(bytea, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION scim_pusher_meet(bytea, boolean) TO rosterd_request;
