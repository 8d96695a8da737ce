-- oldest: 0.1.0
--
-- A run takes so many of what is due and leaves the rest to the next one, and its snapshot has seen all of it: so it is written down how far it came,
-- and of a request how far that must be.
SET LOCAL search_path = rosterd, pg_temp;

ALTER TABLE scim_takes ADD COLUMN upto bigint; -- the last scim_due.seq that it took; NULL: it took all that it saw
ALTER TABLE scim_trace ADD COLUMN pushed_upto bigint; -- the last scim_due.seq of what it left; NULL: it is not known
