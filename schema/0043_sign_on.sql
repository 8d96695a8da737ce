-- oldest: 0.1.0
--
-- Signing on: attempts with what was looked at, messages that were used, and sessions.
SET LOCAL search_path = rosterd, pg_temp;

-- ---- sessions ------------------------------------------------------------------------------------------------------------------

-- Global look-up, as tokens: only the SHA-256 of the cookie is kept. A session is a member's in one organisation, by one connection.
CREATE TABLE sessions (
	hash             bytea PRIMARY KEY CHECK (length(hash) = 32),
	organisation     uuid NOT NULL,
	id               uuid NOT NULL,
	user_id          uuid NOT NULL,
	connection       uuid, -- by which they signed on; NULL: by none
	remote_id        text COLLATE "C", -- what that calls them
	began_at         timestamptz NOT NULL DEFAULT now(),
	seen_at          timestamptz NOT NULL DEFAULT now(), -- about: not written at each request
	idle_ms          bigint NOT NULL CHECK (idle_ms > 0),
	expires_at       timestamptz NOT NULL,
	ended_at         timestamptz,
	ended_by         text, -- member, administrator, operator, connection, organisation, restored, "state suspended", ...
	address          text, -- where it began
	agent            text,
	provider_session bytea, -- an envelope: what the provider calls its own
	CHECK ((ended_at IS NULL) = (ended_by IS NULL)),
	UNIQUE (organisation, id),
	FOREIGN KEY (organisation, connection) REFERENCES connections ON DELETE CASCADE
);
ALTER TABLE sessions ALTER COLUMN hash SET STORAGE PLAIN;
CREATE INDEX sessions_user ON sessions (organisation, user_id) WHERE ended_at IS NULL;
CREATE INDEX sessions_connection ON sessions (organisation, connection, remote_id);
CREATE INDEX sessions_over ON sessions (coalesce(ended_at, expires_at));

-- ---- attempts ------------------------------------------------------------------------------------------------------------------

-- One row for each time that somebody was sent to a provider, or came from there unasked. What has to come back stands here as a hash, and
-- what it is held against as an envelope, so that who reads the database cannot go on with anybody's sign-on.
CREATE TABLE sign_ons (
	organisation uuid NOT NULL,
	id           uuid NOT NULL,
	connection   uuid NOT NULL,
	state_hash   bytea CHECK (length(state_hash) = 32), -- NULL: the provider has begun
	browser      bytea CHECK (length(browser) = 32),    -- SHA-256 of the cookie of the browser that it belongs to
	sealed       bytea, -- until it is answered
	test         boolean NOT NULL DEFAULT false, -- an administrator tries it: nobody is signed on
	began_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
	expires_at   timestamptz NOT NULL,
	outcome      text NOT NULL DEFAULT 'begun' CHECK (outcome IN ('begun', 'signed_on', 'refused', 'failed', 'tested')),
	ended_at     timestamptz,
	code         text, -- why it was refused or has failed
	user_id      uuid, -- who it was, as far as that is known
	session      uuid,
	request      text,
	trace        bytea, -- an envelope: what was looked at
	PRIMARY KEY (organisation, id),
	CHECK ((outcome = 'begun') = (ended_at IS NULL)),
	FOREIGN KEY (organisation, connection) REFERENCES connections ON DELETE CASCADE
);
CREATE UNIQUE INDEX sign_ons_state ON sign_ons (organisation, connection, state_hash) WHERE state_hash IS NOT NULL;
CREATE INDEX sign_ons_connection ON sign_ons (organisation, connection, id DESC);
CREATE INDEX sign_ons_began ON sign_ons (began_at);

-- Messages of providers that may be used once, whichever daemon they come to; by the SHA-256 of what they are called.
CREATE TABLE sign_on_marks (
	organisation uuid NOT NULL,
	connection   uuid NOT NULL,
	mark         bytea NOT NULL CHECK (length(mark) = 32),
	until        timestamptz NOT NULL,
	PRIMARY KEY (organisation, connection, mark),
	FOREIGN KEY (organisation, connection) REFERENCES connections ON DELETE CASCADE
);
CREATE INDEX sign_on_marks_until ON sign_on_marks (until);

DO $$
DECLARE t text;
BEGIN
	FOREACH t IN ARRAY ARRAY['sessions', 'sign_ons', 'sign_on_marks'] LOOP
		EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
		EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
		EXECUTE format('CREATE POLICY tenant ON %I TO rosterd_request, rosterd_worker
			USING (organisation = (SELECT current_organisation()))
			WITH CHECK (organisation = (SELECT current_organisation()))', t);
		EXECUTE format('CREATE POLICY keeper ON %I TO rosterd_owner USING (true) WITH CHECK (true)', t);
		EXECUTE format('CREATE POLICY at_home ON %I AS RESTRICTIVE USING ((SELECT installation_at_home()))', t);
	END LOOP;
END $$;
GRANT SELECT, INSERT, UPDATE ON sessions, sign_ons TO rosterd_request, rosterd_worker;
GRANT SELECT, INSERT ON sign_on_marks TO rosterd_request, rosterd_worker;

-- ---- what ends sessions ---------------------------------------------------------------------------------------------------------

-- As before; and the sessions of who ceases to be active end, for good.
CREATE OR REPLACE FUNCTION keys_follow() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rosterd, pg_temp AS $$
BEGIN
	EXECUTE $follow$UPDATE tokens t SET
		suspended_at = CASE WHEN m.departs THEN coalesce(t.suspended_at, now()) WHEN m.state <> 'active' THEN t.suspended_at END,
		suspended_by = CASE WHEN m.departs THEN coalesce(t.suspended_by, m.departure) WHEN m.state <> 'active' THEN t.suspended_by END,
		revoked_at = CASE WHEN m.state = 'left' AND (t.user_id IS NOT NULL OR m.left_by = 'grace') THEN now() END
	FROM (SELECT n.organisation, n.user_id, n.state, n.left_by, n.departure, w.departure AS departed, w.state = 'active' AS departs
	      FROM now_are n JOIN were w ON w.organisation = n.organisation AND w.user_id = n.user_id WHERE w.state <> n.state) m
	WHERE t.organisation = m.organisation AND coalesce(t.user_id, t.maker) = m.user_id AND t.revoked_at IS NULL
	  AND (m.departs OR m.state = 'left' OR (m.state = 'active' AND t.suspended_by = m.departed))$follow$;
	EXECUTE $sessions$UPDATE sessions s SET ended_at = now(), ended_by = 'state ' || m.state
	FROM (SELECT n.organisation, n.user_id, n.state
	      FROM now_are n JOIN were w ON w.organisation = n.organisation AND w.user_id = n.user_id
	      WHERE w.state = 'active' AND n.state <> 'active') m
	WHERE s.organisation = m.organisation AND s.user_id = m.user_id AND s.ended_at IS NULL$sessions$;
	RETURN NULL;
END $$;

CREATE FUNCTION sessions_follow_connection() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rosterd, pg_temp AS $$
BEGIN
	UPDATE sessions SET ended_at = now(), ended_by = 'connection'
	WHERE organisation = NEW.organisation AND connection = NEW.id AND ended_at IS NULL;
	RETURN NULL;
END $$;
CREATE TRIGGER sessions_follow AFTER UPDATE ON connections FOR EACH ROW
	WHEN (NEW.state = 'deleted' AND OLD.state <> 'deleted') EXECUTE FUNCTION sessions_follow_connection();

CREATE FUNCTION sessions_follow_organisation() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rosterd, pg_temp AS $$
BEGIN
	UPDATE sessions SET ended_at = now(), ended_by = 'organisation' WHERE organisation = NEW.organisation AND ended_at IS NULL;
	RETURN NULL;
END $$;
CREATE TRIGGER sessions_follow AFTER UPDATE ON organisations FOR EACH ROW
	WHEN (NEW.state = 'deleted' AND OLD.state <> 'deleted') EXECUTE FUNCTION sessions_follow_organisation();

-- As before, and sessions that no connection takes along.
CREATE OR REPLACE FUNCTION organisation_purge(gone uuid) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rosterd, pg_temp AS $$
BEGIN
	PERFORM FROM organisations o WHERE o.organisation = gone AND o.state = 'deleted' AND o.purge_after <= now()
		AND installation_at_home() FOR UPDATE;
	IF NOT FOUND THEN
		RETURN 0;
	END IF;
	DELETE FROM addresses a WHERE a.domain IN (SELECT d.domain FROM domains d WHERE d.organisation = gone)
		OR a.user_id IN (SELECT m.user_id FROM members m WHERE m.organisation = gone
		                 EXCEPT SELECT e.user_id FROM members e WHERE e.organisation <> gone);
	DELETE FROM connections WHERE organisation = gone; -- secrets, mappings, runs and their changes go along
	DELETE FROM sessions WHERE organisation = gone;
	DELETE FROM refusals WHERE organisation = gone;
	DELETE FROM group_groups WHERE organisation = gone;
	DELETE FROM group_accounts WHERE organisation = gone;
	DELETE FROM groups WHERE organisation = gone;
	DELETE FROM accounts WHERE organisation = gone;
	DELETE FROM tokens WHERE organisation = gone;
	DELETE FROM members WHERE organisation = gone;
	DELETE FROM domain_claims WHERE organisation = gone;
	DELETE FROM domains WHERE organisation = gone;
	UPDATE audit SET personal = NULL, salt = NULL WHERE organisation = gone AND personal IS NOT NULL;
	DELETE FROM organisations WHERE organisation = gone;
	RETURN 1;
END $$;

-- ---- narrow doors ---------------------------------------------------------------------------------------------------------------

-- Whose address is this? Nobody has said who they are, so there is no more to be had than what it takes to ask the plug-in.
CREATE FUNCTION sign_on_address(wanted uuid, OUT organisation uuid, OUT slug text, OUT plugin text, OUT version bigint, OUT open boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	SELECT c.organisation, o.slug, c.plugin, c.version, c.state = 'active' AND o.state = 'active'
	FROM connections c JOIN organisations o ON o.organisation = c.organisation
	WHERE c.id = wanted AND c.state <> 'deleted' AND o.state <> 'deleted' AND installation_at_home();
END;

-- Who is signed in? A session that still counts, of a member who is active now.
CREATE FUNCTION session_speaker(wanted bytea, OUT id uuid, OUT organisation uuid, OUT slug text, OUT user_id uuid, OUT connection uuid,
	OUT remote_id text, OUT email text, OUT name text, OUT role text, OUT began_at timestamptz, OUT seen_at timestamptz,
	OUT expires_at timestamptz, OUT ip_allow_list text[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	SELECT s.id, s.organisation, o.slug, s.user_id, s.connection, s.remote_id, m.email, m.name, m.role, s.began_at, s.seen_at,
		least(s.expires_at, s.seen_at + s.idle_ms * interval '1 millisecond'), o.ip_allow_list
	FROM sessions s
	JOIN organisations o ON o.organisation = s.organisation AND o.state = 'active'
	JOIN members m ON m.organisation = s.organisation AND m.user_id = s.user_id AND m.state = 'active'
	WHERE s.hash = wanted AND s.ended_at IS NULL AND s.expires_at > now()
	  AND s.seen_at + s.idle_ms * interval '1 millisecond' > now();
END;

-- What nobody needs any more; at most so many of each at a time. Says how many went.
CREATE FUNCTION sign_ons_purge(most integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rosterd, pg_temp AS $$
DECLARE
	gone bigint := 0;
	of_one bigint;
BEGIN
	DELETE FROM sign_on_marks WHERE ctid IN (SELECT k.ctid FROM sign_on_marks k WHERE k.until < now() LIMIT most);
	GET DIAGNOSTICS of_one = ROW_COUNT;
	gone := greatest(gone, of_one);
	-- Who began and did not come back is nobody's to explain for long; the others are kept as long as runs are, and a month at most.
	DELETE FROM sign_ons WHERE ctid IN (SELECT a.ctid FROM sign_ons a JOIN organisations o USING (organisation)
		WHERE (a.outcome = 'begun' AND a.expires_at < now() - interval '1 hour')
		   OR a.began_at < now() - least(o.retention_days, 30) * interval '1 day' LIMIT most);
	GET DIAGNOSTICS of_one = ROW_COUNT;
	gone := greatest(gone, of_one);
	DELETE FROM sessions WHERE ctid IN (SELECT s.ctid FROM sessions s
		WHERE coalesce(s.ended_at, s.expires_at) < now() - interval '30 days' LIMIT most);
	GET DIAGNOSTICS of_one = ROW_COUNT;
	RETURN greatest(gone, of_one);
END $$;

REVOKE ALL ON FUNCTION sessions_follow_connection(), sessions_follow_organisation(), sign_on_address(uuid), session_speaker(bytea),
	sign_ons_purge(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sign_on_address(uuid), session_speaker(bytea) TO rosterd_request;
GRANT EXECUTE ON FUNCTION sign_ons_purge(integer) TO rosterd_worker;
