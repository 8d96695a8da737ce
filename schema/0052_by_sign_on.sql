-- oldest: 0.1.0
--
-- Accounts that nobody but the people themselves has shown, by signing on. Nobody reads them again, so where a directory has a word on somebody, these have
-- none on whether they are active.
SET LOCAL search_path = rosterd, pg_temp;

ALTER TABLE accounts ADD COLUMN by_sign_on boolean NOT NULL DEFAULT false; -- no listing and no push has shown it

UPDATE accounts a SET by_sign_on = true FROM connections c
WHERE c.organisation = a.organisation AND c.id = a.connection AND c.plugin <> 'scim'
  AND EXISTS (SELECT FROM sign_on_doors s WHERE s.organisation = c.organisation AND s.connection = c.id)
  AND NOT EXISTS (SELECT FROM readings r WHERE r.organisation = c.organisation AND r.connection = c.id AND r.whole_at IS NOT NULL);
