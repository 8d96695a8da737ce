-- oldest: 0.1.0
--
-- What somebody's departure takes along, and for how long it can be undone.
SET LOCAL search_path = rosterd, pg_temp;

-- The token that asked for it; NULL: none did, or it is from before this was kept. Of a rotation before that, nobody knows who asked: it is taken
-- for the token's own, so that revoking errs on the safe side.
ALTER TABLE tokens ADD COLUMN made_with uuid;
UPDATE tokens SET made_with = replaces WHERE replaces IS NOT NULL;
CREATE INDEX tokens_made_with ON tokens (made_with) WHERE made_with IS NOT NULL;
