-- oldest: 0.1.0
--
-- Proving a domain by DNS: who claims it, what its TXT record must say, what the last look found. Several organisations may claim
-- one domain; the first whose record is there owns it (domains has it once). A claim stays as long as the proof must be looked at again.
SET LOCAL search_path = rosterd, pg_temp;

CREATE TABLE domain_claims (
	organisation  uuid NOT NULL REFERENCES organisations,
	domain        text COLLATE "C" NOT NULL CHECK (domain = lower(domain) AND length(domain) <= 253),
	challenge     text NOT NULL,  -- what the record must say
	found         text,           -- what the last look found, in words
	checked_at    timestamptz,
	next_check_at timestamptz NOT NULL DEFAULT now(),
	missing_since timestamptz,    -- of a proven one: since when the record is surely not there
	expires_at    timestamptz,    -- of one that was never proven
	created_at    timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (organisation, domain)
);
CREATE INDEX domain_claims_due ON domain_claims (next_check_at);
ALTER TABLE domain_claims ENABLE ROW LEVEL SECURITY;
ALTER TABLE domain_claims FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON domain_claims TO rosterd_request, rosterd_worker
	USING (organisation = (SELECT current_organisation())) WITH CHECK (organisation = (SELECT current_organisation()));
CREATE POLICY keeper ON domain_claims TO rosterd_owner USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON domain_claims TO rosterd_request, rosterd_worker;
GRANT DELETE ON domains TO rosterd_worker;

-- The domain becomes this transaction's organisation's, which has proven it. 1, or 0 if it is another organisation's. What was proven
-- by its former owner counts no longer: addresses of people who are no members here are free, and their accounts no longer vouch
-- for them. A former owner that had lost it reads so in its audit.
CREATE FUNCTION domain_take(wanted text, how text, file text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rosterd, pg_temp AS $$
DECLARE
	taker uuid := current_organisation();
	salt bytea := uuid_send(gen_random_uuid());
	former domains;
BEGIN
	SELECT * INTO former FROM domains WHERE domain = wanted FOR UPDATE;
	IF former.organisation <> taker AND former.state <> 'lost' THEN
		RETURN 0;
	END IF;
	INSERT INTO domains (domain, organisation, state, proven_by, proven_at, managed_by)
	VALUES (wanted, taker, 'verified', how, now(), file)
	ON CONFLICT (domain) DO UPDATE SET organisation = taker, state = 'verified', proven_by = how, proven_at = now(),
		managed_by = file WHERE domains.organisation = taker OR domains.state = 'lost';
	IF NOT FOUND THEN
		RETURN 0; -- somebody was faster
	END IF;
	IF former.organisation <> taker THEN
		INSERT INTO audit (organisation, actor_kind, actor, action, target_kind, target, source, personal, salt, commitment)
		VALUES (former.organisation, 'daemon', 'domains', 'domain.taken_over', 'domain', wanted, 'daemon', '{}', salt,
			audit_commitment(salt, '{}'));
	END IF;
	WITH freed AS (
		DELETE FROM addresses a WHERE a.domain = wanted AND NOT EXISTS (
			SELECT FROM members m WHERE m.organisation = taker AND m.user_id = a.user_id)
		RETURNING a.address, a.user_id
	)
	UPDATE accounts c SET claimed = false FROM freed f
	WHERE c.organisation <> taker AND c.user_id = f.user_id AND c.email = f.address AND c.claimed;
	RETURN 1;
END $$;

-- Claims that are due, taken for this long: who dies over one leaves it to the next.
CREATE FUNCTION domain_claims_due(taken_for interval, most bigint) RETURNS TABLE (organisation uuid, domain text, challenge text)
LANGUAGE sql SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	UPDATE domain_claims c SET next_check_at = now() + taken_for
	FROM (SELECT d.organisation, d.domain FROM domain_claims d JOIN organisations o USING (organisation)
	      WHERE d.next_check_at <= now() AND o.state = 'active'
	      ORDER BY d.next_check_at LIMIT most FOR UPDATE OF d SKIP LOCKED) due
	WHERE c.organisation = due.organisation AND c.domain = due.domain
	RETURNING c.organisation, c.domain, c.challenge;
END;

REVOKE ALL ON FUNCTION domain_take(text, text, text), domain_claims_due(interval, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION domain_take(text, text, text) TO rosterd_request, rosterd_worker;
GRANT EXECUTE ON FUNCTION domain_claims_due(interval, bigint) TO rosterd_worker;
