-- oldest: 0.1.0
--
-- What somebody's departure takes along, and for how long it can be undone.
SET LOCAL search_path = rosterd, pg_temp;

-- The token that asked for it; NULL: none did, or it is from before this was kept. Of a rotation before that, nobody knows who asked: it is taken
-- for the token's own, so that revoking errs on the safe side.
ALTER TABLE tokens ADD COLUMN made_with uuid;
UPDATE tokens SET made_with = replaces WHERE replaces IS NOT NULL;
CREATE INDEX tokens_made_with ON tokens (made_with) WHERE made_with IS NOT NULL;

-- Whether a connection may reach addresses that are not public, where the operator's settings let any: the operator's own may, a
-- tenant's only if the operator says so. Those that are here were made by somebody whom the audit names, or so long ago that it does not.
ALTER TABLE connections ADD COLUMN private_addresses boolean NOT NULL DEFAULT false;
UPDATE connections c SET private_addresses = true
WHERE managed_by IS NOT NULL OR NOT EXISTS (SELECT FROM audit a WHERE a.organisation = c.organisation AND a.action = 'connection.created'
	AND a.target = c.id::text AND a.actor_kind NOT IN ('operator', 'file'));

-- ---- departures ----------------------------------------------------------------------------------------------------------------

-- How long somebody whom their directory no longer has can come back as who they were. Milliseconds; 0: without end.
ALTER TABLE organisations ADD COLUMN grace_ms bigint NOT NULL DEFAULT 2592000000 CHECK (grace_ms = 0 OR grace_ms BETWEEN 3600000 AND 315360000000);
ALTER TABLE connections ADD COLUMN grace_ms bigint CHECK (grace_ms = 0 OR grace_ms BETWEEN 3600000 AND 315360000000); -- NULL: the organisation's

ALTER TABLE members
	ADD COLUMN departure    uuid,        -- the last time that they ceased to be active; NULL: they are
	ADD COLUMN suspended_at timestamptz,
	ADD COLUMN grace_until  timestamptz, -- then they have left; NULL: that is nobody's to say but an administrator's
	ADD COLUMN left_at      timestamptz,
	ADD COLUMN left_by      text CHECK (left_by IN ('grace', 'admin', 'operator'));
CREATE INDEX members_grace ON members (grace_until) WHERE grace_until IS NOT NULL;

-- What a departure took from a token, it gives back to that token and to no other.
ALTER TABLE tokens
	ADD COLUMN suspended_at timestamptz,
	ADD COLUMN suspended_by uuid, -- a departure of the member whom it speaks for, or who answers for it
	ADD CHECK ((suspended_at IS NULL) = (suspended_by IS NULL));
CREATE INDEX tokens_person ON tokens (organisation, (coalesce(user_id, maker))) WHERE revoked_at IS NULL;

-- Those of before: since when is what is known best, and nobody told them of an end.
UPDATE members SET departure = gen_random_uuid(), suspended_at = CASE WHEN state = 'suspended' THEN updated_at END,
	left_at = CASE WHEN state = 'left' THEN updated_at END, left_by = CASE WHEN state = 'left' THEN 'admin' END
WHERE state IN ('suspended', 'left');
UPDATE tokens t SET suspended_at = now(), suspended_by = m.departure FROM members m
WHERE t.organisation = m.organisation AND coalesce(t.user_id, t.maker) = m.user_id AND m.departure IS NOT NULL AND t.revoked_at IS NULL;

-- Whoever changes a member's state (a run, an administrator, a sweep, a daemon of before): since when, until when, and by what departure
-- stands with them. left_by is said by who knows it.
CREATE FUNCTION member_departs() RETURNS trigger
LANGUAGE plpgsql SET search_path = rosterd, pg_temp AS $$
BEGIN
	IF OLD.state = 'active' AND NEW.state <> 'active' THEN
		NEW.departure := gen_random_uuid();
	ELSIF NEW.state = 'active' THEN
		NEW.departure := NULL;
	END IF;
	IF NEW.state = 'suspended' THEN
		IF OLD.state <> 'suspended' THEN
			NEW.suspended_at := now();
		END IF;
		NEW.grace_until := CASE WHEN NEW.suspended_by <> 'connector' THEN NULL
			WHEN OLD.state = 'suspended' AND OLD.suspended_by = 'connector' THEN OLD.grace_until
			ELSE now() + nullif(coalesce((SELECT c.grace_ms FROM connections c WHERE c.organisation = NEW.organisation AND c.id = NEW.connection),
				(SELECT o.grace_ms FROM organisations o WHERE o.organisation = NEW.organisation)), 0) * interval '1 millisecond' END;
	ELSE
		NEW.suspended_at := NULL;
		NEW.grace_until := NULL;
	END IF;
	IF NEW.state <> 'left' THEN
		NEW.left_at := NULL;
		NEW.left_by := NULL;
	ELSIF OLD.state <> 'left' THEN
		NEW.left_at := now();
		NEW.left_by := coalesce(NEW.left_by, 'admin');
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER member_departs BEFORE UPDATE ON members FOR EACH ROW
	WHEN (OLD.state <> NEW.state OR OLD.suspended_by IS DISTINCT FROM NEW.suspended_by) EXECUTE FUNCTION member_departs();

-- The keys follow in the same statement: those of who is not active do not count, those that this departure took come back with them, and
-- of who has left what speaks for them is revoked; so are the services that they answered for once the grace time is over, and until then
-- another one can adopt these. Once for all rows of a statement, or the policy on tokens would be asked for each of a million people; and
-- planned each time, for a plan that was made for one of them would be kept and compare a million with a million.
-- Sessions and keys of projects will be one statement more each.
CREATE FUNCTION keys_follow() RETURNS trigger
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
	RETURN NULL;
END $$;
CREATE TRIGGER keys_follow AFTER UPDATE ON members REFERENCING OLD TABLE AS were NEW TABLE AS now_are
	FOR EACH STATEMENT EXECUTE FUNCTION keys_follow();

-- Who speaks? As before; what a departure suspended does not.
CREATE OR REPLACE FUNCTION token_speaker(wanted bytea, OUT id uuid, OUT organisation uuid, OUT user_id uuid, OUT role text, OUT name text,
	OUT scopes text[], OUT maker uuid, OUT ip_allow_list text[], OUT last_used_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	SELECT t.id, t.organisation, t.user_id, lesser_role(t.role, m.role), t.name, t.scopes, t.maker, o.ip_allow_list, t.last_used_at
	FROM tokens t
	LEFT JOIN organisations o ON o.organisation = t.organisation
	LEFT JOIN members m ON m.organisation = t.organisation AND m.user_id = coalesce(t.user_id, t.maker) AND m.state = 'active'
	WHERE t.hash = wanted AND t.revoked_at IS NULL AND t.suspended_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > now())
	  AND (t.organisation IS NULL OR o.state <> 'deleted')
	  AND (coalesce(t.user_id, t.maker) IS NULL OR m.user_id IS NOT NULL);
END;

-- Organisations in which somebody's grace time is over. Not the owner's, who stays on record; and not where nobody could have come back,
-- because the operator suspended it all, or in a copy that is not at home.
CREATE FUNCTION departures_due() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	SELECT DISTINCT m.organisation FROM members m JOIN organisations o USING (organisation)
	WHERE m.grace_until <= now() AND m.state = 'suspended' AND m.role <> 'owner' AND o.state = 'active' AND installation_at_home();
END;

-- A plan tells which tokens go along; of their hashes a worker needs none.
GRANT SELECT (organisation, id, user_id, maker, name, revoked_at, expires_at, suspended_at, suspended_by) ON tokens TO rosterd_worker;
REVOKE ALL ON FUNCTION member_departs(), keys_follow(), departures_due() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION departures_due() TO rosterd_worker;
