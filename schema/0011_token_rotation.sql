-- oldest: 0.1.0
--
-- A token that was rotated counts beside the one in its place until its time is over.
SET LOCAL search_path = rosterd, pg_temp;

ALTER TABLE tokens ADD COLUMN replaces uuid; -- the token whose place it took; NULL: none
CREATE INDEX tokens_replaces ON tokens (replaces) WHERE replaces IS NOT NULL;
