-- The floor of an unchanged listing, after its pages were copied: one full join that finds nothing.
-- Variables: organisation, connection.
\set ON_ERROR_STOP 1
BEGIN;
SELECT set_config('rosterd.organisation', :'organisation', true);
SET LOCAL work_mem = '256MB';
SET LOCAL hash_mem_multiplier = 2;
SET LOCAL enable_nestloop = off;
SELECT count(*) FROM staging.bench s FULL JOIN (SELECT id, remote_id, fingerprint FROM accounts
	WHERE organisation = :'organisation' AND connection = :'connection') a ON a.remote_id = s.remote_id
WHERE a.fingerprint IS DISTINCT FROM s.fingerprint;
COMMIT;
