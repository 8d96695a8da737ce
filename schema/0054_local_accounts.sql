-- oldest: 0.1.0
--
-- Accounts that no provider vouches for: an address and a password. A member's in one organisation, as everything of theirs is; so what an administrator
-- of one does with an account is felt in no other.
SET LOCAL search_path = rosterd, pg_temp;

CREATE TABLE local_accounts (
	organisation uuid NOT NULL,
	user_id      uuid NOT NULL,
	address      text COLLATE "C" NOT NULL CHECK (length(address) BETWEEN 3 AND 254), -- what they sign on with
	verified_at  timestamptz, -- mail that was sent there was read; NULL: nobody knows
	password     text COLLATE "C" CHECK (password ~ '^\$argon2id\$' AND length(password) <= 128), -- as libsodium writes it; NULL: none is set
	password_at  timestamptz,
	break_glass  boolean NOT NULL DEFAULT false, -- the way in of an enterprise's owner when its provider fails
	created_at   timestamptz NOT NULL DEFAULT now(),
	used_at      timestamptz, -- when somebody signed on by it last
	PRIMARY KEY (organisation, user_id),
	UNIQUE (organisation, address),
	FOREIGN KEY (organisation, user_id) REFERENCES members ON DELETE CASCADE,
	CHECK ((password IS NULL) = (password_at IS NULL))
);
CREATE INDEX local_accounts_address ON local_accounts (address);
CREATE UNIQUE INDEX local_accounts_break_glass ON local_accounts (organisation) WHERE break_glass;

-- Global look-up, as tokens: links that are good for one thing, once. Of their tokens only the SHA-256 is kept.
CREATE TABLE account_tokens (
	hash         bytea PRIMARY KEY CHECK (length(hash) = 32),
	organisation uuid NOT NULL,
	user_id      uuid NOT NULL,
	purpose      text NOT NULL CHECK (purpose IN ('password', 'address')), -- to set one; to show that mail to the address is read
	address      text COLLATE "C", -- it was sent there, so that whoever has it reads that mail; NULL: it was handed to somebody
	made_by      text NOT NULL, -- who asked for it
	created_at   timestamptz NOT NULL DEFAULT now(),
	expires_at   timestamptz NOT NULL,
	FOREIGN KEY (organisation, user_id) REFERENCES local_accounts ON DELETE CASCADE
);
CREATE INDEX account_tokens_user ON account_tokens (organisation, user_id);
CREATE INDEX account_tokens_over ON account_tokens (expires_at);
ALTER TABLE account_tokens ALTER COLUMN hash SET STORAGE PLAIN;

DO $$
DECLARE t text;
BEGIN
	FOREACH t IN ARRAY ARRAY['local_accounts', 'account_tokens'] LOOP
		EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
		EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
		EXECUTE format('CREATE POLICY tenant ON %I TO rosterd_request, rosterd_worker
			USING (organisation = (SELECT current_organisation()))
			WITH CHECK (organisation = (SELECT current_organisation()))', t);
		EXECUTE format('CREATE POLICY keeper ON %I TO rosterd_owner USING (true) WITH CHECK (true)', t);
		EXECUTE format('CREATE POLICY at_home ON %I AS RESTRICTIVE USING ((SELECT installation_at_home()))', t);
	END LOOP;
END $$;
GRANT SELECT, INSERT, UPDATE, DELETE ON local_accounts, account_tokens TO rosterd_request;

-- Who has left is nobody's any more to sign on; who comes back is given a new link. Once for all rows of a statement, as keys_follow.
CREATE FUNCTION local_accounts_follow() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rosterd, pg_temp AS $$
BEGIN
	EXECUTE $follow$DELETE FROM local_accounts a USING now_are n JOIN were w ON w.organisation = n.organisation AND w.user_id = n.user_id
		WHERE a.organisation = n.organisation AND a.user_id = n.user_id AND n.state = 'left' AND w.state <> 'left'$follow$;
	RETURN NULL;
END $$;
CREATE TRIGGER local_accounts_follow AFTER UPDATE ON members REFERENCING OLD TABLE AS were NEW TABLE AS now_are
	FOR EACH STATEMENT EXECUTE FUNCTION local_accounts_follow();

-- Whether such an account counts: of whom a provider should vouch for, only the owner's that was named for the day on which it cannot.
CREATE FUNCTION local_account_counts(type text, role text, break_glass boolean) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN type <> 'enterprise' OR (break_glass AND role = 'owner');

-- Somebody says an address and a password; nobody knows yet who they are. The one whom this can be, in the organisation that they named or the one where
-- they signed on last.
CREATE FUNCTION local_account_door(wanted_address text, wanted_slug text, OUT organisation uuid, OUT slug text, OUT user_id uuid, OUT name text,
	OUT email text, OUT role text, OUT password text, OUT password_at timestamptz, OUT break_glass boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	SELECT a.organisation, o.slug, a.user_id, m.name, m.email, m.role, a.password, a.password_at, a.break_glass
	FROM local_accounts a
	JOIN organisations o ON o.organisation = a.organisation AND o.state = 'active'
	JOIN members m ON m.organisation = a.organisation AND m.user_id = a.user_id AND m.state = 'active'
	WHERE a.address = wanted_address AND (wanted_slug IS NULL OR o.slug = wanted_slug) AND a.password IS NOT NULL
	  AND local_account_counts(o.type, m.role, a.break_glass) AND installation_at_home()
	ORDER BY a.used_at DESC NULLS LAST, a.created_at LIMIT 1;
END;

-- Whose link is this? One that was used is not there any more.
CREATE FUNCTION account_token_door(wanted bytea, OUT organisation uuid, OUT slug text, OUT organisation_name text, OUT user_id uuid, OUT name text,
	OUT address text, OUT purpose text, OUT sent_to text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	SELECT t.organisation, o.slug, o.name, t.user_id, m.name, a.address, t.purpose, t.address
	FROM account_tokens t
	JOIN local_accounts a ON a.organisation = t.organisation AND a.user_id = t.user_id
	JOIN organisations o ON o.organisation = t.organisation AND o.state = 'active'
	JOIN members m ON m.organisation = t.organisation AND m.user_id = t.user_id AND m.state = 'active'
	WHERE t.hash = wanted AND t.expires_at > now() AND installation_at_home();
END;

-- Links whose time is over; at most so many at a time. Says how many went.
CREATE FUNCTION account_tokens_purge(most integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rosterd, pg_temp AS $$
DECLARE gone bigint;
BEGIN
	DELETE FROM account_tokens WHERE ctid IN (SELECT t.ctid FROM account_tokens t WHERE t.expires_at < now() LIMIT most);
	GET DIAGNOSTICS gone = ROW_COUNT;
	RETURN gone;
END $$;

REVOKE ALL ON FUNCTION local_accounts_follow(), local_account_counts(text, text, boolean), local_account_door(text, text), account_token_door(bytea),
	account_tokens_purge(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION local_account_counts(text, text, boolean), local_account_door(text, text), account_token_door(bytea) TO rosterd_request;
GRANT EXECUTE ON FUNCTION account_tokens_purge(integer) TO rosterd_worker;
