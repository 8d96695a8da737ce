-- oldest: 0.1.0
--
-- A second factor of local accounts: the codes of an authenticator, ten codes for the day on which it is lost, and who must have one.
SET LOCAL search_path = rosterd, pg_temp;

ALTER TABLE local_accounts
	ADD COLUMN factor_at     timestamptz, -- since when a code is wanted; NULL: none is
	ADD COLUMN totp          bytea,       -- an envelope of the secret; NULL though a code is wanted: no key of ours opens it any more
	ADD COLUMN totp_step     bigint,      -- of the last code that was used: one counts once
	ADD COLUMN code_failures integer NOT NULL DEFAULT 0, -- wrong codes in a row, by somebody who knew the password
	ADD COLUMN codes_after   timestamptz; -- until then none is looked at

-- Of codes with 80 random bits the SHA-256 is kept; one that was used is not there any more.
CREATE TABLE recovery_codes (
	organisation uuid NOT NULL,
	user_id      uuid NOT NULL,
	hash         bytea NOT NULL CHECK (length(hash) = 32),
	PRIMARY KEY (organisation, user_id, hash),
	FOREIGN KEY (organisation, user_id) REFERENCES local_accounts ON DELETE CASCADE
);

-- What an organisation asks of its local accounts; no row: nothing.
CREATE TABLE account_policies (
	organisation  uuid PRIMARY KEY REFERENCES organisations ON DELETE CASCADE,
	second_factor text NOT NULL CHECK (second_factor IN ('optional', 'admins', 'all')) -- admins: and the owner
);

DO $$
DECLARE t text;
BEGIN
	FOREACH t IN ARRAY ARRAY['recovery_codes', 'account_policies'] LOOP
		EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
		EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
		EXECUTE format('CREATE POLICY tenant ON %I TO rosterd_request, rosterd_worker
			USING (organisation = (SELECT current_organisation()))
			WITH CHECK (organisation = (SELECT current_organisation()))', t);
		EXECUTE format('CREATE POLICY keeper ON %I TO rosterd_owner USING (true) WITH CHECK (true)', t);
	END LOOP;
END $$;
GRANT SELECT, INSERT, UPDATE, DELETE ON recovery_codes, account_policies TO rosterd_request;

-- Whoever has the way in beside the provider needs one whatever the policy says.
CREATE FUNCTION second_factor_needed(policy text, role text, break_glass boolean) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN break_glass OR policy = 'all' OR (policy = 'admins' AND role IN ('owner', 'admin'));

-- As before, and whether a code is wanted, or must be.
DROP FUNCTION local_account_door(text, text);
CREATE FUNCTION local_account_door(wanted_address text, wanted_slug text, OUT organisation uuid, OUT slug text, OUT user_id uuid, OUT name text,
	OUT email text, OUT role text, OUT password text, OUT password_at timestamptz, OUT break_glass boolean, OUT factor boolean,
	OUT needs_factor boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	SELECT a.organisation, o.slug, a.user_id, m.name, m.email, m.role, a.password, a.password_at, a.break_glass, a.factor_at IS NOT NULL,
		coalesce(second_factor_needed(p.second_factor, m.role, a.break_glass), false)
	FROM local_accounts a
	JOIN organisations o ON o.organisation = a.organisation AND o.state = 'active'
	JOIN members m ON m.organisation = a.organisation AND m.user_id = a.user_id AND m.state = 'active'
	LEFT JOIN account_policies p ON p.organisation = a.organisation
	WHERE a.address = wanted_address AND (wanted_slug IS NULL OR o.slug = wanted_slug) AND a.password IS NOT NULL
	  AND local_account_counts(o.type, m.role, a.break_glass) AND installation_at_home()
	ORDER BY a.used_at DESC NULLS LAST, a.created_at LIMIT 1;
END;

-- The secrets of authenticators are sealed again by a new master key, as others are.
CREATE OR REPLACE FUNCTION sealed_keys() RETURNS TABLE (key bytea, secrets bigint, organisations bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	SELECT sealed_by(s.sealed), count(*), count(DISTINCT s.organisation)
	FROM (SELECT sealed, organisation FROM connection_secrets UNION ALL SELECT sealed, organisation FROM event_secrets
		UNION ALL SELECT sealed, organisation FROM connection_kept WHERE until > now()
		UNION ALL SELECT totp, organisation FROM local_accounts WHERE totp IS NOT NULL) s
	GROUP BY 1 ORDER BY 1;
END;
CREATE OR REPLACE FUNCTION sealed_otherwise(than bytea) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp
RETURN (SELECT organisation FROM (SELECT organisation, sealed FROM connection_secrets
	UNION ALL SELECT organisation, sealed FROM event_secrets
	UNION ALL SELECT organisation, sealed FROM connection_kept WHERE until > now()
	UNION ALL SELECT organisation, totp FROM local_accounts WHERE totp IS NOT NULL) s
	WHERE sealed_by(s.sealed) <> than ORDER BY organisation LIMIT 1);

REVOKE ALL ON FUNCTION local_account_door(text, text), second_factor_needed(text, text, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION local_account_door(text, text), second_factor_needed(text, text, boolean) TO rosterd_request;
