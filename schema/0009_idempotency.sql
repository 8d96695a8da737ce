-- oldest: 0.1.0
--
-- What was answered to requests that carry an Idempotency-Key, so that one that is sent again is answered and not done again
-- (draft-ietf-httpapi-idempotency-key-header). The row is written in the transaction of the change: either both are there or none.
SET LOCAL search_path = rosterd, pg_temp;

CREATE TABLE idempotency_keys (
	organisation uuid NOT NULL, -- the nil UUID: of the operator's addresses
	principal    text NOT NULL, -- who asked: nobody else is answered by it
	method       text NOT NULL,
	path         text NOT NULL, -- the pattern
	key          text COLLATE "C" NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
	fingerprint  bytea NOT NULL CHECK (length(fingerprint) = 32), -- SHA-256 of target and body
	status       integer NOT NULL,
	location     text,
	version      bigint, -- of the one thing that was shown; NULL: none
	body         text, -- NULL: it held a secret, which is shown once and kept nowhere
	request      text NOT NULL,
	created_at   timestamptz NOT NULL DEFAULT now(),
	expires_at   timestamptz NOT NULL,
	PRIMARY KEY (organisation, principal, method, path, key)
);
CREATE INDEX idempotency_keys_expires ON idempotency_keys (expires_at);

ALTER TABLE idempotency_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE idempotency_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON idempotency_keys TO rosterd_request
	USING (organisation = coalesce((SELECT current_organisation()), '00000000-0000-0000-0000-000000000000'))
	WITH CHECK (organisation = coalesce((SELECT current_organisation()), '00000000-0000-0000-0000-000000000000'));
CREATE POLICY keeper ON idempotency_keys TO rosterd_owner USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON idempotency_keys TO rosterd_request;

-- Throws away at most so many that have expired; says how many.
CREATE FUNCTION idempotency_sweep(most integer) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	WITH old AS (
		SELECT k.organisation, k.principal, k.method, k.path, k.key FROM idempotency_keys k
		WHERE k.expires_at <= now() LIMIT most FOR UPDATE SKIP LOCKED
	), gone AS (
		DELETE FROM idempotency_keys k USING old WHERE (k.organisation, k.principal, k.method, k.path, k.key)
			= (old.organisation, old.principal, old.method, old.path, old.key) RETURNING 1
	)
	SELECT count(*) FROM gone;
END;

REVOKE ALL ON FUNCTION idempotency_sweep(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION idempotency_sweep(integer) TO rosterd_worker;
