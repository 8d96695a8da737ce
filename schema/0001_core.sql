-- oldest: 0.1.0
--
-- Organisations, the people in them, the directories that say so, and the audit of it all.
--
-- What holds for every table:
--   * The organisation is the first column of each tenant table's primary key and of each of its unique indices, and
--     row-level security is the second lock on the same door: a transaction sees the rows of the organisation that
--     it named (rosterd.organisation) and no other. It is FORCEd: not even the owner of the tables forgets it; the owner's
--     own policy is written down below.
--   * Global, because they answer "whose is this?" before an organisation is known: users, addresses, domains, tokens, and the
--     unique slug. They are reached through the narrow functions at the end, which run as the owner, or by
--     policies that name what of them an organisation may see.
--   * Keys that people compare by bytes are COLLATE "C": faster, and the same on every machine.
--   * Ids are UUIDs of version 7 made by the daemon, so that rows arrive in the order of the index.
--   * The large tables that a run fills by INSERT ... SELECT carry the few foreign keys that guard a tenant's border;
--     a check of each row's every reference would double the time of a first load.

CREATE SCHEMA IF NOT EXISTS rosterd;
SET LOCAL search_path = rosterd, pg_temp;
GRANT USAGE ON SCHEMA rosterd TO rosterd_request, rosterd_worker;

-- The organisation that this transaction is for, or NULL.
CREATE FUNCTION current_organisation() RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('rosterd.organisation', true), '')::uuid;

-- ---- organisations ------------------------------------------------------------------------------------------------

CREATE TABLE organisations (
	organisation uuid PRIMARY KEY,
	slug         text COLLATE "C" NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
	name         text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
	type         text NOT NULL CHECK (type IN ('solo', 'team', 'enterprise')),
	state        text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'suspended', 'deleted')),
	default_role text NOT NULL DEFAULT 'member' CHECK (default_role IN ('admin', 'member', 'viewer')),
	managed_by   text, -- the configuration file that describes it; NULL: the API
	created_at   timestamptz NOT NULL DEFAULT now(),
	updated_at   timestamptz NOT NULL DEFAULT now(),
	version      bigint NOT NULL DEFAULT 1
);

-- Global: a domain belongs to one organisation at most.
CREATE TABLE domains (
	domain       text COLLATE "C" PRIMARY KEY CHECK (domain = lower(domain) AND length(domain) <= 253),
	organisation uuid NOT NULL REFERENCES organisations,
	state        text NOT NULL CHECK (state IN ('pending', 'verified', 'lost')),
	proven_by    text CHECK (proven_by IN ('operator', 'dns')),
	proven_at    timestamptz,
	managed_by   text,
	created_at   timestamptz NOT NULL DEFAULT now(),
	CHECK ((state = 'verified') = (proven_at IS NOT NULL))
);
CREATE INDEX domains_organisation ON domains (organisation);

-- ---- people ---------------------------------------------------------------------------------------------------------

-- Global: a person who can sign in, whatever organisations they are in. Name, role and state belong to the member.
CREATE TABLE users (
	id         uuid PRIMARY KEY,
	created_at timestamptz NOT NULL DEFAULT now()
);

-- Global: proven addresses, and whose they are. An address that nobody proved is not here, so it can neither link nor join.
CREATE TABLE addresses (
	address   text COLLATE "C" PRIMARY KEY CHECK (length(address) <= 254),
	domain    text COLLATE "C" NOT NULL,
	user_id   uuid NOT NULL REFERENCES users,
	proven_by text NOT NULL CHECK (proven_by IN ('domain', 'mail')),
	proven_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX addresses_user ON addresses (user_id);

CREATE TABLE members (
	organisation   uuid NOT NULL,
	user_id        uuid NOT NULL REFERENCES users,
	state          text NOT NULL CHECK (state IN ('invited', 'waiting', 'active', 'suspended', 'left')),
	role           text NOT NULL CHECK (role IN ('owner', 'admin', 'member', 'viewer')),
	role_source    text NOT NULL CHECK (role_source IN ('default', 'mapping', 'manual')),
	source         text NOT NULL CHECK (source IN ('invited', 'auto-joined', 'scim', 'connector', 'operator')),
	connection     uuid, -- whose word the name and address here are
	name           text NOT NULL DEFAULT '',
	email          text COLLATE "C",
	joined_at      timestamptz NOT NULL DEFAULT now(),
	updated_at     timestamptz NOT NULL DEFAULT now(),
	last_active_at timestamptz,
	suspended_by   text CHECK (suspended_by IN ('connector', 'admin', 'operator')),
	version        bigint NOT NULL DEFAULT 1,
	PRIMARY KEY (organisation, user_id),
	CHECK ((state = 'suspended') = (suspended_by IS NOT NULL))
);
CREATE INDEX members_email ON members (organisation, email);
-- Exactly one owner (O8): this index says "at most"; that the last one cannot go is said where roles change.
CREATE UNIQUE INDEX members_owner ON members (organisation) WHERE role = 'owner';

-- ---- directories --------------------------------------------------------------------------------------------------

CREATE TABLE connections (
	organisation uuid NOT NULL REFERENCES organisations,
	id           uuid NOT NULL,
	name         text COLLATE "C" NOT NULL CHECK (name ~ '^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$'),
	plugin       text NOT NULL CHECK (plugin ~ '^[a-z0-9_-]{1,40}$'),
	state        text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'paused')),
	settings     jsonb NOT NULL DEFAULT '{}',  -- what is not secret: {"name": "text"}
	attributes   jsonb NOT NULL DEFAULT '{}',  -- {"our field": "directory's attribute"}
	schedule_ms  bigint CHECK (schedule_ms >= 10000), -- NULL: on demand only
	next_due_at  timestamptz,
	remove_most  integer NOT NULL DEFAULT 10 CHECK (remove_most >= 0),
	remove_share integer NOT NULL DEFAULT 5 CHECK (remove_share BETWEEN 0 AND 100),
	cursor       bytea, -- where the next reading of what changed begins
	managed_by   text,
	created_at   timestamptz NOT NULL DEFAULT now(),
	updated_at   timestamptz NOT NULL DEFAULT now(),
	version      bigint NOT NULL DEFAULT 1,
	PRIMARY KEY (organisation, id),
	UNIQUE (organisation, name)
);
CREATE INDEX connections_due ON connections (next_due_at) WHERE state = 'active' AND next_due_at IS NOT NULL;

-- Envelopes (base/crypt); the context they are bound to is "connection/<organisation>/<connection>/<name>".
CREATE TABLE connection_secrets (
	organisation uuid NOT NULL,
	connection   uuid NOT NULL,
	name         text COLLATE "C" NOT NULL,
	sealed       bytea NOT NULL,
	PRIMARY KEY (organisation, connection, name),
	FOREIGN KEY (organisation, connection) REFERENCES connections ON DELETE CASCADE
);

-- Group -> role, in order: the first line that names a group of theirs wins. Never owner.
CREATE TABLE role_mappings (
	organisation uuid NOT NULL,
	connection   uuid NOT NULL,
	position     integer NOT NULL,
	group_name   text COLLATE "C" NOT NULL CHECK (length(group_name) BETWEEN 1 AND 1024), -- its name, remote id or reference
	role         text NOT NULL CHECK (role IN ('admin', 'member', 'viewer')),
	PRIMARY KEY (organisation, connection, position),
	UNIQUE (organisation, connection, group_name),
	FOREIGN KEY (organisation, connection) REFERENCES connections ON DELETE CASCADE
);

-- A person as a directory showed them last: one row for each connection. One that is gone keeps its row, so that who
-- comes back is the same person.
CREATE TABLE accounts (
	organisation  uuid NOT NULL,
	id            uuid NOT NULL,
	connection    uuid NOT NULL,
	remote_id     text COLLATE "C" NOT NULL,
	user_id       uuid NOT NULL,
	user_name     text COLLATE "C" NOT NULL,
	email         text COLLATE "C",
	given_name    text,
	family_name   text,
	display_name  text,
	title         text,
	department    text,
	locale        text,
	standing      smallint NOT NULL CHECK (standing IN (1, 2)), -- 1 active, 2 suspended there
	mapped_role   text CHECK (mapped_role IN ('admin', 'member', 'viewer')), -- what its groups yield; NULL: nothing
	claimed       boolean NOT NULL DEFAULT false, -- its address is proven and belongs to its user
	fingerprint   bytea NOT NULL, -- SHA-256 of what was mapped; empty once gone
	first_seen_at timestamptz NOT NULL DEFAULT now(),
	changed_at    timestamptz NOT NULL DEFAULT now(),
	gone_at       timestamptz,
	PRIMARY KEY (organisation, id),
	UNIQUE (organisation, connection, remote_id)
);
ALTER TABLE accounts ALTER COLUMN fingerprint SET STORAGE PLAIN;
CREATE INDEX accounts_user ON accounts (organisation, user_id);
CREATE INDEX accounts_mapped ON accounts (organisation, connection) WHERE mapped_role IS NOT NULL;

CREATE TABLE groups (
	organisation uuid NOT NULL,
	id           uuid NOT NULL,
	connection   uuid, -- NULL: made here
	remote_id    text COLLATE "C",
	reference    text COLLATE "C",
	name         text NOT NULL,
	created_at   timestamptz NOT NULL DEFAULT now(),
	updated_at   timestamptz NOT NULL DEFAULT now(),
	version      bigint NOT NULL DEFAULT 1,
	PRIMARY KEY (organisation, id),
	UNIQUE (organisation, connection, remote_id)
);

-- Direct memberships as the directory states them; what nesting adds is found by recursion when it is needed.
CREATE TABLE group_accounts (
	organisation uuid NOT NULL,
	group_id     uuid NOT NULL,
	account_id   uuid NOT NULL,
	PRIMARY KEY (organisation, group_id, account_id)
);
CREATE INDEX group_accounts_account ON group_accounts (organisation, account_id);
CREATE TABLE group_groups (
	organisation uuid NOT NULL,
	group_id     uuid NOT NULL,
	child_id     uuid NOT NULL,
	PRIMARY KEY (organisation, group_id, child_id)
);

-- What could not be taken, as a row that somebody can see. It goes when a whole listing no longer has the trouble.
CREATE TABLE refusals (
	organisation  uuid NOT NULL,
	connection    uuid NOT NULL,
	remote_id     text COLLATE "C" NOT NULL,
	code          text NOT NULL,
	reason        text NOT NULL,
	user_name     text,
	email         text,
	run           uuid NOT NULL,
	first_seen_at timestamptz NOT NULL DEFAULT now(),
	last_seen_at  timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (organisation, connection, remote_id)
);

-- ---- runs ---------------------------------------------------------------------------------------------------------------

CREATE TABLE runs (
	organisation uuid NOT NULL,
	id           uuid NOT NULL,
	connection   uuid NOT NULL,
	-- The same words as the table of states in sync/run.
	state        text NOT NULL CHECK (state IN ('asked', 'reading', 'reconciling', 'held', 'planned', 'done', 'failed', 'dropped')),
	scope        text NOT NULL DEFAULT 'all' CHECK (scope IN ('all', 'changed', 'named')),
	plan_only    boolean NOT NULL DEFAULT false,
	asked_by     text NOT NULL,
	asked_at     timestamptz NOT NULL DEFAULT now(),
	not_before   timestamptz NOT NULL DEFAULT now(),
	claimed_by   uuid, -- the daemon that works on it
	beat_at      timestamptz, -- its last sign of life
	attempts     integer NOT NULL DEFAULT 0,
	started_at   timestamptz,
	finished_at  timestamptz,
	cursor       bytea,
	pages        bigint NOT NULL DEFAULT 0,
	people       bigint NOT NULL DEFAULT 0, -- staged; must agree with the staging table before anybody is called gone
	groups       bigint NOT NULL DEFAULT 0,
	memberships  bigint NOT NULL DEFAULT 0,
	refused      bigint NOT NULL DEFAULT 0,
	whole        boolean,
	proof        text, -- how the source knows that the listing was whole, or why it was not
	counts       jsonb NOT NULL DEFAULT '{}',
	held_reason  text,
	plan_digest  bytea,
	approved_by  text,
	error_code   text,
	error_text   text,
	PRIMARY KEY (organisation, id),
	FOREIGN KEY (organisation, connection) REFERENCES connections ON DELETE CASCADE
);
-- One reading of a directory at a time, and none over a plan that waits for an answer.
CREATE UNIQUE INDEX runs_live ON runs (organisation, connection) WHERE state IN ('asked', 'reading', 'reconciling', 'held');
CREATE INDEX runs_waiting ON runs (not_before) WHERE state IN ('asked', 'reading', 'reconciling');
CREATE INDEX runs_connection ON runs (organisation, connection, id);

-- The plan of a run that is held or was only planned, line by line.
CREATE TABLE changes (
	organisation uuid NOT NULL,
	run          uuid NOT NULL,
	seq          bigint NOT NULL,
	kind         text NOT NULL,
	subject_kind text NOT NULL,
	subject      uuid NOT NULL,
	name         text,
	before       text, -- JSON
	after        text, -- JSON
	PRIMARY KEY (organisation, run, seq),
	FOREIGN KEY (organisation, run) REFERENCES runs ON DELETE CASCADE
);

-- ---- tokens -------------------------------------------------------------------------------------------------------------

-- Global look-up: only the SHA-256 of a token is kept.
CREATE TABLE tokens (
	hash         bytea PRIMARY KEY CHECK (length(hash) = 32),
	id           uuid NOT NULL UNIQUE,
	organisation uuid REFERENCES organisations, -- NULL: the operator's
	user_id      uuid, -- speaks for this member, with the role that the member has now ...
	role         text CHECK (role IN ('admin', 'member', 'viewer')), -- ... or is a service of the organisation with this role
	name         text NOT NULL,
	created_by   text NOT NULL,
	created_at   timestamptz NOT NULL DEFAULT now(),
	expires_at   timestamptz,
	revoked_at   timestamptz,
	CHECK (organisation IS NOT NULL OR (user_id IS NULL AND role IS NULL)),
	CHECK (organisation IS NULL OR (user_id IS NULL) <> (role IS NULL))
);
CREATE INDEX tokens_organisation ON tokens (organisation, id);

-- ---- audit ----------------------------------------------------------------------------------------------------------------

CREATE SEQUENCE audit_id;

-- One entry for each change, written in the transaction that makes it. Nothing updates or deletes an entry but erasure, which empties
-- `personal` and nothing else.
--
-- What may have to be erased (names, addresses of mail and network, before and after) stands in `personal`, a JSON object kept as the very
-- text that was committed to: commitment = SHA-256(salt || personal in UTF-8). The chain covers the commitment, so erasing
-- `personal` and `salt` breaks nothing and leaves nothing to guess from.
CREATE TABLE audit (
	organisation uuid NOT NULL, -- the nil UUID: the operator's own chain
	id           bigint NOT NULL DEFAULT nextval('audit_id'),
	at           timestamptz NOT NULL DEFAULT transaction_timestamp(),
	actor_kind   text NOT NULL CHECK (actor_kind IN ('operator', 'member', 'service', 'connector', 'file', 'daemon')),
	actor        text NOT NULL, -- an id, a Unix user, a file: never a person's name
	on_behalf_of text,
	action       text NOT NULL CHECK (action ~ '^[a-z_]+\.[a-z_]+$'),
	target_kind  text NOT NULL,
	target       text NOT NULL,
	source       text NOT NULL, -- api, run, file, daemon
	run          uuid,
	request      text,
	personal     text, -- {"actor_name", "target_name", "address", "before", "after"}, absent members left out
	salt         bytea,
	commitment   bytea NOT NULL CHECK (length(commitment) = 32),
	PRIMARY KEY (organisation, id)
);
ALTER TABLE audit ALTER COLUMN salt SET STORAGE PLAIN, ALTER COLUMN commitment SET STORAGE PLAIN;

CREATE FUNCTION audit_commitment(salt bytea, personal text) RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE STRICT
RETURN sha256(salt || convert_to(personal, 'UTF8'));

CREATE FUNCTION audit_field(value text) RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN value IS NULL THEN '\xffffffff'::bytea
       ELSE int4send(octet_length(value)) || convert_to(value, 'UTF8') END;

-- The canonical encoding of an entry, which the hash chain is made of. Fixed: a change needs a new first line and a
-- new function beside this one. Each field is a length of four bytes (big endian) and its UTF-8, NULL the length ffffffff alone.
-- In order: the version line, organisation, id, at (microseconds since 1970), actor_kind, actor, on_behalf_of, action,
-- target_kind, target, source, run, request, commitment in hexadecimal.
CREATE FUNCTION audit_encode(e audit) RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE
RETURN convert_to(E'rosterd-audit-1\n', 'UTF8')
	|| audit_field(e.organisation::text) || audit_field(e.id::text)
	|| audit_field(((extract(epoch FROM e.at) * 1000000)::numeric(20,0))::text)
	|| audit_field(e.actor_kind) || audit_field(e.actor) || audit_field(e.on_behalf_of) || audit_field(e.action)
	|| audit_field(e.target_kind) || audit_field(e.target) || audit_field(e.source) || audit_field(e.run::text)
	|| audit_field(e.request) || audit_field(encode(e.commitment, 'hex'));

-- ---- staging ----------------------------------------------------------------------------------------------------------

-- COPY goes into tables of this schema alone: one set for each run, made and dropped by the worker, unlogged and without row-level
-- security. A crash of the server empties them; a run that finds fewer rows than it counted begins again.
CREATE SCHEMA IF NOT EXISTS staging;
GRANT USAGE, CREATE ON SCHEMA staging TO rosterd_worker;

-- ---- who may do what, and who sees what -------------------------------------------------------------------------------

DO $$
DECLARE t text;
BEGIN
	FOREACH t IN ARRAY ARRAY['organisations', 'domains', 'members', 'connections', 'connection_secrets', 'role_mappings',
		'accounts', 'groups', 'group_accounts', 'group_groups', 'refusals', 'runs', 'changes', 'audit'] LOOP
		EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
		EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
		EXECUTE format('CREATE POLICY tenant ON %I TO rosterd_request, rosterd_worker
			USING (organisation = (SELECT current_organisation()))
			WITH CHECK (organisation = (SELECT current_organisation()))', t);
		EXECUTE format('CREATE POLICY keeper ON %I TO rosterd_owner USING (true) WITH CHECK (true)', t);
	END LOOP;
END $$;

ALTER TABLE tokens ENABLE ROW LEVEL SECURITY;
ALTER TABLE tokens FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON tokens TO rosterd_request, rosterd_worker
	USING (organisation IS NOT DISTINCT FROM (SELECT current_organisation()))
	WITH CHECK (organisation IS NOT DISTINCT FROM (SELECT current_organisation()));
CREATE POLICY keeper ON tokens TO rosterd_owner USING (true) WITH CHECK (true);

-- The security decision of matching, as a lock: an organisation sees and makes proven addresses of its verified domains only.
ALTER TABLE addresses ENABLE ROW LEVEL SECURITY;
ALTER TABLE addresses FORCE ROW LEVEL SECURITY;
CREATE POLICY verified_domains ON addresses TO rosterd_request, rosterd_worker
	USING (domain IN (SELECT d.domain FROM domains d
	                  WHERE d.organisation = (SELECT current_organisation()) AND d.state = 'verified'))
	WITH CHECK (domain IN (SELECT d.domain FROM domains d
	                  WHERE d.organisation = (SELECT current_organisation()) AND d.state = 'verified'));
CREATE POLICY keeper ON addresses TO rosterd_owner USING (true) WITH CHECK (true);

GRANT SELECT, INSERT, UPDATE ON organisations, domains, members, connections, runs TO rosterd_request, rosterd_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON connection_secrets, role_mappings, refusals, changes TO rosterd_request, rosterd_worker;
GRANT SELECT ON accounts, groups, group_accounts, group_groups TO rosterd_request;
GRANT SELECT, INSERT, UPDATE ON accounts TO rosterd_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON groups, group_accounts, group_groups TO rosterd_worker;
GRANT DELETE ON domains, connections TO rosterd_request;
GRANT SELECT, INSERT ON users TO rosterd_request, rosterd_worker;
GRANT SELECT, INSERT, DELETE ON addresses TO rosterd_request, rosterd_worker;
GRANT SELECT, INSERT, UPDATE ON tokens TO rosterd_request;
GRANT SELECT, INSERT ON audit TO rosterd_request, rosterd_worker; -- append only
GRANT USAGE ON SEQUENCE audit_id TO rosterd_request, rosterd_worker;
-- migrate keeps its own table; the serving roles read it to know whether the schema is theirs.
GRANT SELECT ON migrations TO rosterd_request, rosterd_worker;

-- ---- the narrow doors -------------------------------------------------------------------------------------------------------

-- Whose slug is this?
CREATE FUNCTION organisation_find(wanted text) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp
RETURN (SELECT organisation FROM organisations WHERE slug = wanted AND state <> 'deleted');

-- For the operator: every organisation with its owner and its number of members, a page at a time.
CREATE FUNCTION organisations_page(beyond text, most integer)
RETURNS TABLE (organisation organisations, owner uuid, members bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	SELECT o, (SELECT m.user_id FROM members m WHERE m.organisation = o.organisation AND m.role = 'owner'),
		(SELECT count(*) FROM members m WHERE m.organisation = o.organisation AND m.state <> 'left')
	FROM organisations o WHERE o.state <> 'deleted' AND (beyond IS NULL OR o.slug > beyond) ORDER BY o.slug LIMIT most;
END;

-- Whose domain is this? For messages to the operator alone.
CREATE FUNCTION domain_find(wanted text) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp
RETURN (SELECT organisation FROM domains WHERE domain = wanted);

-- Who speaks? A token that still counts, with the member's role and state now.
CREATE FUNCTION token_find(wanted bytea, OUT id uuid, OUT organisation uuid, OUT user_id uuid, OUT role text, OUT name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	SELECT t.id, t.organisation, t.user_id, coalesce(t.role, m.role), t.name
	FROM tokens t
	LEFT JOIN organisations o ON o.organisation = t.organisation
	LEFT JOIN members m ON m.organisation = t.organisation AND m.user_id = t.user_id AND m.state = 'active'
	WHERE t.hash = wanted AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > now())
	  AND (t.organisation IS NULL OR o.state <> 'deleted')
	  AND (t.user_id IS NULL OR m.user_id IS NOT NULL);
END;

-- Connections whose time has come get a run each; says how many.
CREATE FUNCTION runs_schedule() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rosterd, pg_temp AS $$
DECLARE made bigint;
BEGIN
	WITH due AS (
		SELECT c.organisation, c.id, c.schedule_ms FROM connections c JOIN organisations o USING (organisation)
		WHERE c.state = 'active' AND c.next_due_at <= now() AND o.state = 'active'
		FOR UPDATE OF c SKIP LOCKED
	), moved AS (
		UPDATE connections c SET next_due_at = CASE WHEN d.schedule_ms IS NOT NULL
			THEN now() + d.schedule_ms * interval '1 millisecond' END
		FROM due d WHERE c.organisation = d.organisation AND c.id = d.id
	), made AS (
		INSERT INTO runs (organisation, id, connection, state, asked_by)
		SELECT d.organisation, gen_random_uuid(), d.id, 'asked', 'schedule' FROM due d
		ON CONFLICT DO NOTHING RETURNING 1
	)
	SELECT count(*) INTO made FROM made;
	RETURN made;
END $$;

-- One run for one daemon to work on: asked for and due, released, or left by a daemon that no longer gives a sign of life.
-- The organisation that has the fewest under way comes first: a customer's many slow directories are that customer's to wait for.
CREATE FUNCTION runs_claim(daemon uuid, silent_for interval, OUT organisation uuid, OUT id uuid)
LANGUAGE sql SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	UPDATE runs r SET claimed_by = daemon, beat_at = now(), attempts = r.attempts + 1
	FROM (WITH busy AS (SELECT b.organisation, count(*) AS runs FROM runs b
	                    WHERE b.state IN ('asked', 'reading', 'reconciling') AND b.beat_at >= now() - silent_for
	                      AND b.claimed_by IS NOT NULL
	                    GROUP BY b.organisation)
	      SELECT w.organisation, w.id FROM runs w LEFT JOIN busy USING (organisation)
	      WHERE w.state IN ('asked', 'reading', 'reconciling') AND w.not_before <= now()
	        AND (w.claimed_by IS NULL OR w.beat_at < now() - silent_for)
	      ORDER BY coalesce(busy.runs, 0), w.not_before LIMIT 1 FOR UPDATE OF w SKIP LOCKED) due
	WHERE r.organisation = due.organisation AND r.id = due.id
	RETURNING r.organisation, r.id;
END;

-- A sign of life for the runs that a daemon works on now. Those that it gave up without being able to say so (the database was away) are
-- not among them, and grow old.
CREATE FUNCTION runs_beat(daemon uuid, working uuid[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	UPDATE runs SET beat_at = now() WHERE claimed_by = daemon AND id = ANY (working) AND state IN ('asked', 'reading', 'reconciling');
END;

-- Runs that still need their staging tables.
CREATE FUNCTION runs_live() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	SELECT id FROM runs WHERE state IN ('asked', 'reading', 'reconciling', 'held');
END;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA rosterd FROM PUBLIC;
GRANT EXECUTE ON FUNCTION current_organisation(), organisation_find(text), audit_commitment(bytea, text), audit_field(text),
	audit_encode(audit) TO rosterd_request, rosterd_worker;
GRANT EXECUTE ON FUNCTION organisations_page(text, integer), domain_find(text), token_find(bytea) TO rosterd_request;
GRANT EXECUTE ON FUNCTION runs_schedule(), runs_claim(uuid, interval), runs_beat(uuid, uuid[]), runs_live() TO rosterd_worker;
