-- oldest: 0.1.0
--
-- rosterd as the OpenID provider of the operator's applications: who these are (clients), the keys that sign for them, what they were given for whom,
-- and whom the end of a session still has to be told.
SET LOCAL search_path = rosterd, pg_temp;

-- ---- applications ----------------------------------------------------------------------------------------------------------------

-- Global: the operator's, as the organisations are. Everybody signs on to them by their own organisation.
CREATE TABLE clients (
	id              uuid PRIMARY KEY,
	name            text COLLATE "C" NOT NULL UNIQUE CHECK (name ~ '^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$'), -- its client_id
	title           text, -- for people; NULL: the name
	public          boolean NOT NULL, -- it can keep no secret
	redirect_uris   text[] NOT NULL,
	logout_uris     text[] NOT NULL, -- where people may be sent who have signed off
	backchannel_uri text,            -- told of the end of sessions; NULL: not told
	introspects     boolean NOT NULL DEFAULT false, -- may ask about the tokens of other applications
	algorithm       text NOT NULL CHECK (algorithm IN ('RS256', 'ES256')), -- of its ID tokens
	state           text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'paused')),
	created_by      text NOT NULL,
	created_at      timestamptz NOT NULL DEFAULT now(),
	version         bigint NOT NULL DEFAULT 1,
	managed_by      text, -- the file that describes it; NULL: the API
	managed_line    integer,
	orphaned_at     timestamptz, -- since then no file does any more
	CHECK (managed_by IS NOT NULL OR orphaned_at IS NULL)
);

-- What it shows that it is itself: only the SHA-256 is kept.
CREATE TABLE client_secrets (
	client uuid NOT NULL REFERENCES clients ON DELETE CASCADE,
	name   text NOT NULL CHECK (name IN ('current', 'former')),
	hash   bytea NOT NULL CHECK (length(hash) = 32),
	until  timestamptz, -- former: then it counts no more
	PRIMARY KEY (client, name)
);

-- ---- keys that sign --------------------------------------------------------------------------------------------------------------

-- Of each algorithm the one signs whose time has come last. Published are those too whose time is still to come, so that everybody has them by
-- then, and for a while those whose time is over.
CREATE TABLE signing_keys (
	id          uuid PRIMARY KEY, -- its "kid"
	algorithm   text NOT NULL CHECK (algorithm IN ('RS256', 'ES256')),
	public      text NOT NULL,  -- a JSON web key
	sealed      bytea, -- an envelope: the same with its private half; NULL: it signs no more
	made_at     timestamptz NOT NULL DEFAULT now(),
	signs_from  timestamptz NOT NULL,
	replaced_at timestamptz, -- from then on another one signs; NULL: it is the newest
	gone_at     timestamptz  -- from then on nobody believes it
);
CREATE UNIQUE INDEX signing_keys_newest ON signing_keys (algorithm) WHERE replaced_at IS NULL;

-- ---- what was given --------------------------------------------------------------------------------------------------------------

-- Somebody has come to an application: the code that it was given for that, and whatever it was given for the code. It counts as long as the session.
CREATE TABLE grants (
	organisation uuid NOT NULL,
	id           uuid NOT NULL,
	client       uuid NOT NULL REFERENCES clients ON DELETE CASCADE,
	session      uuid NOT NULL,
	scopes       text[] NOT NULL,
	nonce        text,
	redirect_uri text NOT NULL,
	challenge    text NOT NULL, -- PKCE, S256
	code_hash    bytea NOT NULL CHECK (length(code_hash) = 32),
	code_until   timestamptz NOT NULL,
	began_at     timestamptz NOT NULL DEFAULT now(),
	used_at      timestamptz, -- the code was shown
	ended_at     timestamptz,
	ended_by     text, -- replay, reuse, application
	PRIMARY KEY (organisation, id),
	CHECK ((ended_at IS NULL) = (ended_by IS NULL)),
	FOREIGN KEY (organisation, session) REFERENCES sessions (organisation, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX grants_code ON grants (code_hash);
CREATE INDEX grants_session ON grants (organisation, session);
CREATE INDEX grants_client ON grants (client);
CREATE INDEX grants_unused ON grants (code_until) WHERE used_at IS NULL;

-- Global look-up, as sessions: only hashes.
CREATE TABLE grant_tokens (
	hash         bytea PRIMARY KEY CHECK (length(hash) = 32),
	organisation uuid NOT NULL,
	grant_id     uuid NOT NULL,
	kind         text NOT NULL CHECK (kind IN ('access', 'refresh')),
	scopes       text[] NOT NULL,
	made_at      timestamptz NOT NULL DEFAULT now(),
	expires_at   timestamptz NOT NULL,
	used_at      timestamptz, -- of one that refreshes: its successor was given then
	successor    bytea CHECK (length(successor) = 32),
	CHECK ((used_at IS NULL) = (successor IS NULL)),
	FOREIGN KEY (organisation, grant_id) REFERENCES grants ON DELETE CASCADE
);
ALTER TABLE grant_tokens ALTER COLUMN hash SET STORAGE PLAIN;
CREATE INDEX grant_tokens_grant ON grant_tokens (organisation, grant_id);
CREATE INDEX grant_tokens_over ON grant_tokens (expires_at);

-- ---- who is to be told of the end of a session ------------------------------------------------------------------------------------

CREATE TABLE logouts (
	organisation uuid NOT NULL,
	id           uuid NOT NULL,
	client       uuid NOT NULL REFERENCES clients ON DELETE CASCADE,
	session      uuid NOT NULL,
	made_at      timestamptz NOT NULL DEFAULT now(),
	tries        integer NOT NULL DEFAULT 0,
	not_before   timestamptz NOT NULL DEFAULT now(), -- while somebody tells, until when nobody else does
	done_at      timestamptz,
	outcome      text CHECK (outcome IN ('told', 'given_up')),
	last_error   text,
	PRIMARY KEY (organisation, id),
	UNIQUE (organisation, session, client),
	CHECK ((done_at IS NULL) = (outcome IS NULL)),
	FOREIGN KEY (organisation, session) REFERENCES sessions (organisation, id) ON DELETE CASCADE
);
CREATE INDEX logouts_due ON logouts (not_before) WHERE done_at IS NULL;
CREATE INDEX logouts_client ON logouts (client);

DO $$
DECLARE t text;
BEGIN
	FOREACH t IN ARRAY ARRAY['grants', 'grant_tokens', 'logouts'] LOOP
		EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
		EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
		EXECUTE format('CREATE POLICY tenant ON %I TO rosterd_request, rosterd_worker
			USING (organisation = (SELECT current_organisation()))
			WITH CHECK (organisation = (SELECT current_organisation()))', t);
		EXECUTE format('CREATE POLICY keeper ON %I TO rosterd_owner USING (true) WITH CHECK (true)', t);
		EXECUTE format('CREATE POLICY at_home ON %I AS RESTRICTIVE USING ((SELECT installation_at_home()))', t);
	END LOOP;
	-- The operator's: seen by whoever asks for somebody, changed in no transaction that is for an organisation.
	FOREACH t IN ARRAY ARRAY['clients', 'client_secrets', 'signing_keys'] LOOP
		EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
		EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
		EXECUTE format('CREATE POLICY reader ON %I FOR SELECT TO rosterd_request, rosterd_worker USING (true)', t);
		EXECUTE format('CREATE POLICY writer ON %I TO rosterd_request, rosterd_worker
			USING (coalesce((SELECT current_organisation()), ''00000000-0000-0000-0000-000000000000'')
				= ''00000000-0000-0000-0000-000000000000'')', t);
		EXECUTE format('CREATE POLICY keeper ON %I TO rosterd_owner USING (true) WITH CHECK (true)', t);
	END LOOP;
END $$;
GRANT SELECT, INSERT, UPDATE ON grants TO rosterd_request;
GRANT SELECT, INSERT, UPDATE, DELETE ON grant_tokens TO rosterd_request;
GRANT SELECT ON logouts TO rosterd_request;
GRANT SELECT ON grants TO rosterd_worker;
GRANT SELECT, UPDATE ON logouts TO rosterd_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON clients, client_secrets, signing_keys TO rosterd_request;
GRANT SELECT ON clients TO rosterd_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON signing_keys TO rosterd_worker;

-- Whatever ends a session: who had come by it to an application that wants to be told is to be told.
CREATE FUNCTION sessions_tell_clients() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rosterd, pg_temp AS $$
BEGIN
	INSERT INTO logouts (organisation, id, client, session)
	SELECT NEW.organisation, gen_random_uuid(), c.id, NEW.id FROM clients c
	WHERE c.backchannel_uri IS NOT NULL AND c.state = 'active' AND EXISTS (SELECT FROM grants g
		WHERE g.organisation = NEW.organisation AND g.session = NEW.id AND g.client = c.id AND g.used_at IS NOT NULL)
	ON CONFLICT DO NOTHING;
	RETURN NULL;
END $$;
CREATE TRIGGER sessions_tell_clients AFTER UPDATE ON sessions FOR EACH ROW
	WHEN (NEW.ended_at IS NOT NULL AND OLD.ended_at IS NULL) EXECUTE FUNCTION sessions_tell_clients();

-- Those whose time is over, of which an application has something, end by that. At most so many at a time; says how many.
CREATE FUNCTION sessions_over(most integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rosterd, pg_temp AS $$
DECLARE
	over bigint;
BEGIN
	UPDATE sessions SET ended_at = now(), ended_by = 'time' WHERE hash IN (SELECT s.hash FROM sessions s
		WHERE s.ended_at IS NULL AND (s.expires_at <= now() OR s.seen_at + s.idle_ms * interval '1 millisecond' <= now())
		  AND EXISTS (SELECT FROM grants g WHERE g.organisation = s.organisation AND g.session = s.id)
		LIMIT most FOR UPDATE OF s SKIP LOCKED);
	GET DIAGNOSTICS over = ROW_COUNT;
	RETURN over;
END $$;

-- ---- narrow doors ----------------------------------------------------------------------------------------------------------------
-- Texts and no bodies that are looked through beforehand: session_speaker() is asked as it is then.

-- Whose code is this? It is the application's, and whether it still counts is looked at by whoever asks.
CREATE FUNCTION grant_by_code(wanted bytea, OUT id uuid, OUT organisation uuid, OUT client uuid, OUT session uuid, OUT scopes text[], OUT nonce text,
	OUT redirect_uri text, OUT challenge text, OUT slug text, OUT user_id uuid, OUT email text, OUT name text, OUT role text, OUT signed_on_at timestamptz,
	OUT session_until timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp AS $$
BEGIN
	SELECT g.id, g.organisation, g.client, g.session, g.scopes, g.nonce, g.redirect_uri, g.challenge, p.slug, s.user_id, p.email, p.name, p.role,
		s.began_at, s.expires_at
	INTO id, organisation, client, session, scopes, nonce, redirect_uri, challenge, slug, user_id, email, name, role, signed_on_at, session_until
	FROM grants g JOIN sessions s ON s.organisation = g.organisation AND s.id = g.session
	LEFT JOIN LATERAL session_speaker(s.hash) p ON true
	WHERE g.code_hash = wanted AND installation_at_home();
END $$;

-- Whose token is this? slug is NULL if its session counts no more, ended if what it was given with does not.
CREATE FUNCTION grant_by_token(wanted bytea, OUT id uuid, OUT organisation uuid, OUT client uuid, OUT client_name text, OUT session uuid,
	OUT kind text, OUT scopes text[], OUT slug text, OUT user_id uuid, OUT email text, OUT name text, OUT role text, OUT signed_on_at timestamptz,
	OUT session_until timestamptz, OUT made_at timestamptz, OUT expires_at timestamptz, OUT ended boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp AS $$
BEGIN
	SELECT g.id, g.organisation, g.client, c.name, g.session, t.kind, t.scopes, p.slug, s.user_id, p.email, p.name, p.role, s.began_at, s.expires_at,
		t.made_at, t.expires_at, g.ended_at IS NOT NULL OR t.expires_at <= now() OR c.state <> 'active'
	INTO id, organisation, client, client_name, session, kind, scopes, slug, user_id, email, name, role, signed_on_at, session_until, made_at,
		expires_at, ended
	FROM grant_tokens t JOIN grants g ON g.organisation = t.organisation AND g.id = t.grant_id
	JOIN clients c ON c.id = g.client
	JOIN sessions s ON s.organisation = g.organisation AND s.id = g.session
	LEFT JOIN LATERAL session_speaker(s.hash) p ON true
	WHERE t.hash = wanted AND installation_at_home();
END $$;

-- Whose session is this, by what applications call it? Nothing if it counts no more.
CREATE FUNCTION session_by_id(wanted uuid, OUT organisation uuid, OUT user_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	SELECT s.organisation, s.user_id FROM sessions s WHERE s.id = wanted AND s.ended_at IS NULL AND s.expires_at > now() AND installation_at_home();
END;
CREATE INDEX sessions_id ON sessions (id);

-- One that is due and that nobody tells just now: it is the caller's for so long. A copy of the database tells nobody anything.
CREATE FUNCTION logouts_claim(hold interval, OUT organisation uuid, OUT id uuid, OUT client_name text, OUT uri text, OUT algorithm text, OUT session uuid,
	OUT user_id uuid, OUT tries integer, OUT made_at timestamptz)
LANGUAGE sql SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	UPDATE logouts l SET not_before = now() + hold, tries = l.tries + 1
	FROM (SELECT d.organisation, d.id, c.name, c.backchannel_uri, c.algorithm, s.id AS session, s.user_id
	      FROM logouts d JOIN clients c ON c.id = d.client JOIN sessions s ON s.organisation = d.organisation AND s.id = d.session
	      WHERE d.done_at IS NULL AND d.not_before <= now() AND c.state = 'active' AND c.backchannel_uri IS NOT NULL AND installation_at_home()
	      ORDER BY d.not_before LIMIT 1 FOR UPDATE OF d SKIP LOCKED) due
	WHERE l.organisation = due.organisation AND l.id = due.id
	RETURNING l.organisation, l.id, due.name, due.backchannel_uri, due.algorithm, due.session, due.user_id, l.tries, l.made_at;
END;

-- How they stand, of all organisations.
CREATE FUNCTION logout_figures(OUT waiting bigint, OUT waiting_us bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	SELECT count(*), coalesce(extract(epoch FROM now() - min(l.made_at)) * 1000000, 0)::bigint FROM logouts l WHERE l.done_at IS NULL;
END;

-- What nobody needs any more; at most so many of each at a time. Says how many went. The rest goes with its session.
CREATE FUNCTION grants_purge(most integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rosterd, pg_temp AS $$
DECLARE
	gone bigint := 0;
	of_one bigint;
BEGIN
	DELETE FROM grant_tokens WHERE ctid IN (SELECT t.ctid FROM grant_tokens t WHERE t.expires_at < now() - interval '1 hour' LIMIT most);
	GET DIAGNOSTICS of_one = ROW_COUNT;
	gone := greatest(gone, of_one);
	DELETE FROM grants WHERE ctid IN (SELECT g.ctid FROM grants g WHERE g.used_at IS NULL AND g.code_until < now() - interval '1 hour' LIMIT most);
	GET DIAGNOSTICS of_one = ROW_COUNT;
	gone := greatest(gone, of_one);
	DELETE FROM signing_keys WHERE gone_at < now();
	RETURN gone;
END $$;

REVOKE ALL ON FUNCTION sessions_tell_clients(), sessions_over(integer), grant_by_code(bytea), grant_by_token(bytea), session_by_id(uuid),
	logouts_claim(interval), logout_figures(), grants_purge(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION grant_by_code(bytea), grant_by_token(bytea), session_by_id(uuid) TO rosterd_request;
GRANT EXECUTE ON FUNCTION sessions_over(integer), logouts_claim(interval), logout_figures(), grants_purge(integer) TO rosterd_worker;

-- ---- the keys that sign are sealed as secrets are ------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION sealed_keys() RETURNS TABLE (key bytea, secrets bigint, organisations bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	SELECT sealed_by(s.sealed), count(*), count(DISTINCT s.organisation)
	FROM (SELECT sealed, organisation FROM connection_secrets UNION ALL SELECT sealed, organisation FROM event_secrets
		UNION ALL SELECT sealed, organisation FROM connection_kept WHERE until > now()
		UNION ALL SELECT totp, organisation FROM local_accounts WHERE totp IS NOT NULL
		UNION ALL SELECT sealed, NULL FROM signing_keys WHERE sealed IS NOT NULL) s
	GROUP BY 1 ORDER BY 1;
END;

CREATE OR REPLACE FUNCTION sealed_otherwise(than bytea) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp
RETURN (SELECT organisation FROM (SELECT organisation, sealed FROM connection_secrets
	UNION ALL SELECT organisation, sealed FROM event_secrets
	UNION ALL SELECT organisation, sealed FROM connection_kept WHERE until > now()
	UNION ALL SELECT organisation, totp FROM local_accounts WHERE totp IS NOT NULL
	UNION ALL SELECT '00000000-0000-0000-0000-000000000000', sealed FROM signing_keys WHERE sealed IS NOT NULL) s
	WHERE sealed_by(s.sealed) <> than ORDER BY organisation LIMIT 1);
