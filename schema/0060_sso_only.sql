-- oldest: 0.1.0
--
-- Domains whose people sign on by their provider and in no other way, but for the owner's break-glass account.
SET LOCAL search_path = rosterd, pg_temp;

ALTER TABLE domains ADD COLUMN sso_only boolean NOT NULL DEFAULT false;

-- Who takes a domain over has a provider of their own to name.
CREATE FUNCTION sso_only_ends() RETURNS trigger
LANGUAGE plpgsql SET search_path = rosterd, pg_temp AS $$
BEGIN
	NEW.sso_only := false;
	RETURN NEW;
END $$;
CREATE TRIGGER sso_only_ends BEFORE UPDATE ON domains FOR EACH ROW
	WHEN (NEW.organisation <> OLD.organisation) EXECUTE FUNCTION sso_only_ends();

-- Whether the people of a domain have no other way in, in whichever organisation: whose domain it is has said so.
CREATE FUNCTION sso_only(wanted text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp
RETURN EXISTS (SELECT FROM domains d JOIN organisations o ON o.organisation = d.organisation AND o.state = 'active'
	WHERE d.domain = wanted AND d.sso_only AND d.state = 'verified');

-- As before, and not of whom a provider alone may let in.
CREATE OR REPLACE FUNCTION local_account_door(wanted_address text, wanted_slug text, OUT organisation uuid, OUT slug text, OUT user_id uuid,
	OUT name text, OUT email text, OUT role text, OUT password text, OUT password_at timestamptz, OUT break_glass boolean, OUT factor boolean,
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
	  AND ((a.break_glass AND m.role = 'owner') OR NOT sso_only(split_part(a.address, '@', 2)))
	ORDER BY a.used_at DESC NULLS LAST, a.created_at LIMIT 1;
END;
CREATE OR REPLACE FUNCTION account_token_door(wanted bytea, OUT organisation uuid, OUT slug text, OUT organisation_name text, OUT user_id uuid,
	OUT name text, OUT address text, OUT purpose text, OUT sent_to text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	SELECT t.organisation, o.slug, o.name, t.user_id, m.name, a.address, t.purpose, t.address
	FROM account_tokens t
	JOIN local_accounts a ON a.organisation = t.organisation AND a.user_id = t.user_id
	JOIN organisations o ON o.organisation = t.organisation AND o.state = 'active'
	JOIN members m ON m.organisation = t.organisation AND m.user_id = t.user_id AND m.state = 'active'
	WHERE t.hash = wanted AND t.expires_at > now() AND installation_at_home()
	  AND ((a.break_glass AND m.role = 'owner') OR NOT sso_only(split_part(a.address, '@', 2)));
END;

REVOKE ALL ON FUNCTION sso_only_ends(), sso_only(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sso_only(text) TO rosterd_request;
