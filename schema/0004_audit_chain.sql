-- oldest: 0.1.0
--
-- The hash chain over the audit, and what reads it.
--
-- Entries are inserted in parallel, by transactions that end in any order; the chain needs one order that nothing can be put into
-- afterwards. So each entry keeps its transaction's id, and the sealer takes only entries of transactions below the oldest that is
-- still running (pg_snapshot_xmin): all of these are committed and seen, or never will be. Within that border the order is
-- (transaction, id). docs/audit.md tells the format of the chain to whoever wants to check it.
--
-- Seals stand beside the entries, because nothing updates an entry. Neither serving role writes them: the functions below do.
SET LOCAL search_path = rosterd, pg_temp;

-- What is there already was committed before this: without a transaction it counts as older than everything that comes. A daemon that
-- knows nothing of the column fills it all the same.
ALTER TABLE audit ADD COLUMN xact xid8;
ALTER TABLE audit ALTER COLUMN xact SET DEFAULT pg_current_xact_id();
CREATE INDEX audit_xact ON audit (coalesce(xact, '0'), id);

-- An entry is written whole by the daemon, but for what the database alone can know: its id, its time and its transaction.
REVOKE INSERT ON audit FROM rosterd_request, rosterd_worker;
GRANT INSERT (organisation, actor_kind, actor, on_behalf_of, action, target_kind, target, source, run, request, personal, salt,
	commitment) ON audit TO rosterd_request, rosterd_worker;

-- ---- filters --------------------------------------------------------------------------------------------------------------

-- In the order of the list, so that a page ends where it is full. A run writes its entries in one order of each: they go in at the end.
CREATE INDEX audit_target ON audit (organisation, target, id);
CREATE INDEX audit_actor ON audit (organisation, actor, id);
CREATE INDEX audit_action ON audit (organisation, action COLLATE "C", id);
CREATE INDEX audit_at ON audit (organisation, at);
CREATE INDEX audit_run ON audit (organisation, run, id) WHERE run IS NOT NULL;
CREATE INDEX audit_request ON audit (organisation, request) WHERE request IS NOT NULL;
CREATE INDEX audit_on_behalf_of ON audit (organisation, on_behalf_of, id) WHERE on_behalf_of IS NOT NULL;

-- ---- the chain ------------------------------------------------------------------------------------------------------------

-- link = SHA-256(link before || audit_encode(entry)); before the first stand 32 zero bytes.
CREATE TABLE audit_seals (
	organisation uuid NOT NULL,
	position     bigint NOT NULL CHECK (position > 0), -- 1, 2, 3 ... without a gap
	entry        bigint NOT NULL,
	link         bytea NOT NULL CHECK (length(link) = 32),
	number       bigint NOT NULL, -- over all organisations, in the order of sealing: how far a stream has come
	PRIMARY KEY (organisation, position),
	UNIQUE (organisation, entry)
);
ALTER TABLE audit_seals ALTER COLUMN link SET STORAGE PLAIN;
CREATE INDEX audit_seals_number ON audit_seals (number);

-- Where a chain begins whose oldest entries were let go.
CREATE TABLE audit_anchors (
	organisation uuid PRIMARY KEY,
	position     bigint NOT NULL, -- of the last entry that went
	link         bytea NOT NULL CHECK (length(link) = 32)
);

-- Up to where everything is sealed. Its one row is the sealer's lock.
CREATE TABLE audit_sealer (
	one    boolean PRIMARY KEY DEFAULT true CHECK (one),
	xact   xid8 NOT NULL,
	id     bigint NOT NULL,
	number bigint NOT NULL,  -- of the last seal
	cluster bigint NOT NULL  -- whose transactions these are
);
INSERT INTO audit_sealer (xact, id, number, cluster) SELECT '0', 0, 0, system_identifier FROM pg_control_system();

CREATE FUNCTION audit_link(previous bytea, beginning bytea, entry bytea) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN sha256(coalesce(previous, beginning) || entry);
-- The links of entries in a window's order: audit_links(link before the first, audit_encode(entry)).
CREATE AGGREGATE audit_links(beginning bytea, entry bytea) (SFUNC = audit_link, STYPE = bytea);

-- Seals at most so many entries, the oldest first, of all organisations; gives how many it sealed. 0 also while another daemon
-- seals: one does at a time, and whoever comes next goes on behind it.
--
-- A dump that was restored into another cluster has transaction ids that mean nothing there. The first time, therefore, everything is
-- looked at that is not sealed, whatever its transaction, but for those that still run here.
CREATE FUNCTION audit_seal(most integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rosterd, pg_temp
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
DECLARE
	mark audit_sealer;
	here bigint := (SELECT system_identifier FROM pg_control_system());
	now_running pg_snapshot;
	horizon xid8;
	beyond xid8;
	sealed bigint;
BEGIN
	SELECT * INTO mark FROM audit_sealer FOR UPDATE SKIP LOCKED;
	IF NOT FOUND THEN RETURN 0; END IF;
	-- After the lock, so that it is no older than the mark; before the entries, whose statement sees at least as much.
	now_running := pg_current_snapshot();
	horizon := pg_snapshot_xmin(now_running);
	beyond := CASE WHEN mark.cluster <> here THEN pg_snapshot_xmax(now_running) END;
	IF mark.cluster <> here THEN mark.xact := '0'; mark.id := 0; END IF;

	WITH batch AS MATERIALIZED (
		SELECT a AS entry, a.organisation, coalesce(a.xact, '0') AS xact, a.id
		FROM audit a
		WHERE (coalesce(a.xact, '0'), a.id) > (mark.xact, mark.id)
		  AND (coalesce(a.xact, '0') < horizon OR coalesce(a.xact, '0') >= beyond)
		  AND NOT EXISTS (SELECT FROM audit_seals s WHERE s.organisation = a.organisation AND s.entry = a.id)
		ORDER BY coalesce(a.xact, '0'), a.id LIMIT most
	), heads AS MATERIALIZED (
		SELECT o.organisation, coalesce(s.position, c.position, 0) AS position,
			coalesce(s.link, c.link, decode(repeat('00', 32), 'hex')) AS link
		FROM (SELECT DISTINCT organisation FROM batch) o
		LEFT JOIN audit_anchors c USING (organisation)
		LEFT JOIN LATERAL (SELECT position, link FROM audit_seals WHERE organisation = o.organisation
		                   ORDER BY position DESC LIMIT 1) s ON true
	), made AS (
		INSERT INTO audit_seals (organisation, position, entry, link, number)
		SELECT b.organisation, h.position + row_number() OVER chain, b.id, audit_links(h.link, audit_encode(b.entry)) OVER chain,
			mark.number + row_number() OVER (ORDER BY b.xact, b.id)
		FROM batch b JOIN heads h USING (organisation)
		WINDOW chain AS (PARTITION BY b.organisation ORDER BY b.xact, b.id ROWS UNBOUNDED PRECEDING)
		RETURNING 1
	)
	SELECT count(*) INTO sealed FROM made;

	IF mark.cluster = here AND sealed > 0 THEN
		UPDATE audit_sealer SET (xact, id) = (SELECT coalesce(a.xact, '0'), a.id FROM audit_seals s
			JOIN audit a ON a.organisation = s.organisation AND a.id = s.entry WHERE s.number = mark.number + sealed),
			number = mark.number + sealed;
	ELSIF mark.cluster <> here THEN
		UPDATE audit_sealer SET number = mark.number + sealed, (xact, id, cluster) =
			(SELECT xact, id, CASE WHEN sealed < most THEN here ELSE mark.cluster END
			 FROM (VALUES (horizon, 0)) AS from_now(xact, id));
	END IF;
	RETURN sealed;
END $$;

-- How far behind the sealer is: entries that wait (counted up to 100000), and when the oldest of them was written.
CREATE FUNCTION audit_lag(OUT entries bigint, OUT oldest timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	SELECT count(*), min(w.at)
	FROM (SELECT a.at FROM audit_sealer m, audit a WHERE (coalesce(a.xact, '0'), a.id) > (m.xact, m.id)
	      ORDER BY coalesce(a.xact, '0'), a.id LIMIT 100000) w;
END;

-- ---- streams ---------------------------------------------------------------------------------------------------------------

-- How far each stream has come, and which daemon carries it now. The place moves after what was before it is delivered: a daemon
-- that dies in between delivers that again.
CREATE TABLE audit_streams (
	name    text COLLATE "C" PRIMARY KEY,
	number  bigint NOT NULL,
	holder  uuid,
	held_to timestamptz
);

-- The place of a stream that this daemon carries from now on; nothing while another one does. A new stream begins now.
CREATE FUNCTION audit_stream_claim(stream text, daemon uuid, hold interval) RETURNS SETOF bigint
LANGUAGE sql SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	INSERT INTO audit_streams AS s (name, number, holder, held_to)
	SELECT stream, number, daemon, now() + hold FROM audit_sealer
	ON CONFLICT (name) DO UPDATE SET holder = daemon, held_to = now() + hold
		WHERE s.holder = daemon OR s.held_to IS NULL OR s.held_to < now()
	RETURNING s.number;
END;

-- Moves the place; nothing if another daemon has taken the stream over meanwhile.
CREATE FUNCTION audit_stream_advance(stream text, daemon uuid, place bigint) RETURNS SETOF bigint
LANGUAGE sql SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	UPDATE audit_streams SET number = place WHERE name = stream AND holder = daemon AND number <= place RETURNING number;
END;

-- What comes next on a stream: sealed entries of all organisations, without anything personal.
CREATE FUNCTION audit_stream_page(place bigint, most integer)
RETURNS TABLE (number bigint, organisation uuid, "position" bigint, link bytea, id bigint, at timestamptz, actor_kind text,
	actor text, on_behalf_of text, action text, target_kind text, target text, source text, run uuid, request text,
	commitment bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off
BEGIN ATOMIC
	SELECT s.number, s.organisation, s.position, s.link, a.id, a.at, a.actor_kind, a.actor, a.on_behalf_of, a.action,
		a.target_kind, a.target, a.source, a.run, a.request, a.commitment
	FROM (SELECT * FROM audit_seals WHERE audit_seals.number > place ORDER BY audit_seals.number LIMIT most) s
	JOIN audit a ON a.organisation = s.organisation AND a.id = s.entry ORDER BY s.number;
END;

-- ---- what may go --------------------------------------------------------------------------------------------------------

-- One entry by the daemon itself, for the functions below.
CREATE FUNCTION audit_note(whose uuid, what text, about_kind text, about text, told text) RETURNS void
LANGUAGE sql SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	INSERT INTO audit (organisation, actor_kind, actor, action, target_kind, target, source, personal, salt, commitment)
	SELECT whose, 'daemon', 'rosterd', what, about_kind, about, 'daemon', told, salt, audit_commitment(salt, told)
	FROM (SELECT uuid_send(gen_random_uuid()) AS salt) s;
END;

-- Erases what entries of an organisation say about a person: what they did, what was done to them or to their accounts, and what
-- names these. The entries stay, and stay in their chain. Gives how many. Nobody but the owner may, until the API has a use for it.
CREATE FUNCTION audit_erase(whose uuid, person uuid) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rosterd, pg_temp AS $$
DECLARE
	names text[];
	erased bigint;
BEGIN
	SELECT array_agg(n::text) INTO names
	FROM (SELECT person AS n UNION SELECT id FROM accounts WHERE organisation = whose AND user_id = person) known;
	UPDATE audit SET personal = NULL, salt = NULL
	WHERE organisation = whose AND personal IS NOT NULL
	  AND (target = ANY (names) OR actor = ANY (names) OR on_behalf_of LIKE '%' || person::text
	       OR personal LIKE ANY (SELECT '%' || n || '%' FROM unnest(names) AS n));
	GET DIAGNOSTICS erased = ROW_COUNT;
	PERFORM audit_note(whose, 'audit.erased', 'member', person::text, format('{"after":{"entries":%s}}', erased));
	RETURN erased;
END $$;

-- Lets the oldest entries of every chain go: those before the first that is not older than `before`, at most so many of each chain, and
-- none that a stream has not delivered. What is left begins at an anchor, and an entry says where. Gives how many went.
CREATE FUNCTION audit_prune(before timestamptz, most integer, OUT written bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rosterd, pg_temp
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
DECLARE
	chain uuid;
	delivered bigint := (SELECT coalesce(min(number), 9223372036854775807) FROM audit_streams);
	through bigint;
	anchor bytea;
	gone bigint;
BEGIN
	written := 0;
	PERFORM FROM audit_sealer FOR UPDATE; -- as the sealer does: heads do not move meanwhile
	FOR chain IN SELECT organisation FROM organisations
		UNION ALL SELECT '00000000-0000-0000-0000-000000000000' LOOP
		SELECT coalesce(min(l.position) FILTER (WHERE a.at >= before OR l.number > delivered) - 1, max(l.position)) INTO through
		FROM (SELECT * FROM audit_seals WHERE organisation = chain ORDER BY position LIMIT most) l
		JOIN audit a ON a.organisation = l.organisation AND a.id = l.entry;
		SELECT link INTO anchor FROM audit_seals WHERE organisation = chain AND position = through;
		CONTINUE WHEN NOT FOUND;

		WITH old AS (DELETE FROM audit_seals WHERE organisation = chain AND position <= through RETURNING entry)
		DELETE FROM audit a USING old WHERE a.organisation = chain AND a.id = old.entry;
		GET DIAGNOSTICS gone = ROW_COUNT;
		INSERT INTO audit_anchors VALUES (chain, through, anchor)
		ON CONFLICT (organisation) DO UPDATE SET position = excluded.position, link = excluded.link;
		PERFORM audit_note(chain, 'audit.pruned', 'audit', through::text,
			format('{"after":{"entries":%s,"link":"%s"}}', gone, encode(anchor, 'hex')));
		written := written + gone;
	END LOOP;
END $$;

-- ---- who may --------------------------------------------------------------------------------------------------------------

DO $$
DECLARE t text;
BEGIN
	FOREACH t IN ARRAY ARRAY['audit_seals', 'audit_anchors'] LOOP
		EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
		EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
		EXECUTE format('CREATE POLICY tenant ON %I FOR SELECT TO rosterd_request, rosterd_worker
			USING (organisation = (SELECT current_organisation()))', t);
		EXECUTE format('CREATE POLICY keeper ON %I TO rosterd_owner USING (true) WITH CHECK (true)', t);
	END LOOP;
	FOREACH t IN ARRAY ARRAY['audit_sealer', 'audit_streams'] LOOP
		EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
		EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
		EXECUTE format('CREATE POLICY keeper ON %I TO rosterd_owner USING (true) WITH CHECK (true)', t);
	END LOOP;
END $$;
GRANT SELECT ON audit_seals, audit_anchors TO rosterd_request, rosterd_worker;

REVOKE ALL ON FUNCTION audit_link(bytea, bytea, bytea), audit_links(bytea, bytea), audit_seal(integer), audit_lag(),
	audit_stream_claim(text, uuid, interval), audit_stream_advance(text, uuid, bigint), audit_stream_page(bigint, integer),
	audit_note(uuid, text, text, text, text), audit_erase(uuid, uuid), audit_prune(timestamptz, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_lag() TO rosterd_request, rosterd_worker;
GRANT EXECUTE ON FUNCTION audit_seal(integer), audit_stream_claim(text, uuid, interval), audit_stream_advance(text, uuid, bigint),
	audit_stream_page(bigint, integer), audit_prune(timestamptz, integer) TO rosterd_worker;
