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
