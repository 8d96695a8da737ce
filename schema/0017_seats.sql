-- oldest: 0.1.0
--
-- Who owns an organisation, and how many may be in it: two rules that no statement of a serving role can break.
--
-- The owner's rule: an organisation that ever had an owner has exactly one on record. The serving roles cannot make, demote, remove or
-- suspend one; a directory can suspend them (then the organisation is owner_absent), and ownership_pass() alone hands over.
-- The rule of seats: what a plan and the operator allow is the most that is ever committed. Whoever finds no seat waits.
--
-- Triggers that look at current_user run as whoever wrote the statement; all others run as the owner of the tables. A daemon of before
-- goes on: it cannot hand over an organisation until it is upgraded, and what it writes is counted like everything else.
SET LOCAL search_path = rosterd, pg_temp;

-- ---- the owner's rule ---------------------------------------------------------------------------------------------------------

ALTER TABLE organisations
	ADD COLUMN owned_at timestamptz, -- since when an owner is on record; from then on exactly one is
	ADD COLUMN owner_absent_at timestamptz CHECK (owner_absent_at IS NULL OR owned_at IS NOT NULL); -- NULL: the owner is here
UPDATE organisations o SET owned_at = now(), owner_absent_at = CASE WHEN m.state <> 'active' THEN now() END
FROM members m WHERE m.organisation = o.organisation AND m.role = 'owner';
CREATE INDEX organisations_owner_absent ON organisations (owner_absent_at) WHERE owner_absent_at IS NOT NULL;

CREATE FUNCTION keep_owner() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
	IF current_user <> 'rosterd_owner' THEN
		IF TG_OP = 'INSERT' OR (TG_OP = 'UPDATE' AND OLD.role <> 'owner') THEN
			RAISE check_violation USING CONSTRAINT = 'members_owner_rule', MESSAGE = 'an owner is made by ownership_pass() alone';
		ELSIF TG_OP = 'DELETE' OR (NEW.organisation, NEW.user_id, NEW.role) IS DISTINCT FROM (OLD.organisation, OLD.user_id, 'owner') THEN
			RAISE check_violation USING CONSTRAINT = 'members_owner_rule', MESSAGE = 'the owner stays on record';
		ELSIF NEW.state <> 'active' AND (NEW.state, NEW.suspended_by) IS DISTINCT FROM ('suspended', 'connector') THEN
			RAISE check_violation USING CONSTRAINT = 'members_owner_rule', MESSAGE = 'the owner can be suspended by a directory alone';
		END IF;
	END IF;
	RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER keep_owner_made BEFORE INSERT ON members FOR EACH ROW WHEN (NEW.role = 'owner') EXECUTE FUNCTION keep_owner();
CREATE TRIGGER keep_owner_changed BEFORE UPDATE ON members FOR EACH ROW WHEN (OLD.role = 'owner' OR NEW.role = 'owner')
	EXECUTE FUNCTION keep_owner();
CREATE TRIGGER keep_owner_gone BEFORE DELETE ON members FOR EACH ROW WHEN (OLD.role = 'owner') EXECUTE FUNCTION keep_owner();

-- Everybody's, at the end of the transaction: also for what runs as the owner of the tables.
CREATE FUNCTION check_owner() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rosterd, pg_temp AS $$
DECLARE whose uuid := CASE WHEN TG_OP = 'INSERT' THEN NEW.organisation ELSE OLD.organisation END;
BEGIN
	IF EXISTS (SELECT FROM organisations o WHERE o.organisation = whose AND o.owned_at IS NOT NULL)
	   AND (SELECT count(*) FROM members m WHERE m.organisation = whose AND m.role = 'owner' AND m.state IN ('active', 'suspended')) <> 1 THEN
		RAISE check_violation USING CONSTRAINT = 'members_owner_rule', MESSAGE = 'an organisation that had an owner has exactly one';
	END IF;
	RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER check_owner_made AFTER INSERT ON members DEFERRABLE INITIALLY DEFERRED
	FOR EACH ROW WHEN (NEW.role = 'owner') EXECUTE FUNCTION check_owner();
CREATE CONSTRAINT TRIGGER check_owner_changed AFTER UPDATE ON members DEFERRABLE INITIALLY DEFERRED
	FOR EACH ROW WHEN (OLD.role = 'owner' OR NEW.role = 'owner') EXECUTE FUNCTION check_owner();
CREATE CONSTRAINT TRIGGER check_owner_gone AFTER DELETE ON members DEFERRABLE INITIALLY DEFERRED
	FOR EACH ROW WHEN (OLD.role = 'owner') EXECUTE FUNCTION check_owner();

-- That an owner is on record, and whether they are here, is written where it happens, with its entry: whoever's statement it was.
CREATE FUNCTION note_owner() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rosterd, pg_temp AS $$
DECLARE
	absent boolean := NEW.state <> 'active';
	before organisations;
BEGIN
	SELECT * INTO before FROM organisations WHERE organisation = NEW.organisation FOR NO KEY UPDATE;
	IF before.owned_at IS NULL OR absent <> (before.owner_absent_at IS NOT NULL) THEN
		UPDATE organisations SET owned_at = coalesce(owned_at, now()), owner_absent_at = CASE WHEN absent THEN now() END
		WHERE organisation = NEW.organisation;
	END IF;
	-- Somebody else in their place is told by whoever hands over.
	IF absent = (before.owner_absent_at IS NOT NULL) OR TG_OP = 'INSERT' OR OLD.role <> 'owner' THEN
		RETURN NULL;
	END IF;
	PERFORM audit_note(NEW.organisation, CASE WHEN absent THEN 'organisation.owner_absent' ELSE 'organisation.owner_back' END,
		'organisation', NEW.organisation::text,
		jsonb_build_object('target_name', before.name, 'after', jsonb_build_object('owner', NEW.user_id))::text);
	RETURN NULL;
END $$;
CREATE TRIGGER note_owner_made AFTER INSERT ON members FOR EACH ROW WHEN (NEW.role = 'owner') EXECUTE FUNCTION note_owner();
CREATE TRIGGER note_owner_changed AFTER UPDATE ON members FOR EACH ROW
	WHEN (NEW.role = 'owner' AND (OLD.role <> 'owner' OR OLD.state <> NEW.state)) EXECUTE FUNCTION note_owner();

-- What the triggers know of the owner is not the serving roles' to write.
CREATE FUNCTION keep_owned() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
	IF current_user <> 'rosterd_owner' THEN
		RAISE check_violation USING CONSTRAINT = 'members_owner_rule', MESSAGE = 'what is known of the owner is written by triggers';
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER keep_owned_made BEFORE INSERT ON organisations FOR EACH ROW
	WHEN (NEW.owned_at IS NOT NULL OR NEW.owner_absent_at IS NOT NULL) EXECUTE FUNCTION keep_owned();
CREATE TRIGGER keep_owned_changed BEFORE UPDATE ON organisations FOR EACH ROW
	WHEN ((OLD.organisation, OLD.owned_at, OLD.owner_absent_at) IS DISTINCT FROM (NEW.organisation, NEW.owned_at, NEW.owner_absent_at))
	EXECUTE FUNCTION keep_owned();

-- ---- handing over -------------------------------------------------------------------------------------------------------------

-- An offer is the owner's to a member, who accepts. A recovery gives an organisation whose owner is absent to another member: asked for
-- by an admin, or by the operator with the customer's consent, and confirmed by the operator when its time of waiting is over.
CREATE TABLE ownership_offers (
	organisation uuid NOT NULL REFERENCES organisations ON DELETE CASCADE,
	id           uuid NOT NULL,
	kind         text NOT NULL CHECK (kind IN ('offer', 'recovery')),
	holder       uuid NOT NULL, -- the owner on record at that time
	member       uuid NOT NULL, -- who is to become it
	state        text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'done', 'withdrawn', 'declined', 'expired', 'overtaken')),
	made_by      text NOT NULL, -- an actor: kind and id
	consent      text CHECK (length(consent) BETWEEN 1 AND 1000), -- the customer's, in the operator's words
	made_at      timestamptz NOT NULL DEFAULT now(),
	not_before   timestamptz NOT NULL,
	expires_at   timestamptz NOT NULL,
	ended_at     timestamptz,
	PRIMARY KEY (organisation, id),
	CHECK ((state = 'open') = (ended_at IS NULL)),
	CHECK (holder <> member),
	CHECK (expires_at > not_before AND expires_at <= made_at + interval '30 days'),
	CHECK (kind = 'offer' OR not_before >= made_at + interval '72 hours')
);
CREATE UNIQUE INDEX ownership_offers_open ON ownership_offers (organisation) WHERE state = 'open';

ALTER TABLE ownership_offers ENABLE ROW LEVEL SECURITY;
ALTER TABLE ownership_offers FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON ownership_offers TO rosterd_request
	USING (organisation = (SELECT current_organisation()))
	WITH CHECK (organisation = (SELECT current_organisation()));
CREATE POLICY keeper ON ownership_offers TO rosterd_owner USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE (state, ended_at) ON ownership_offers TO rosterd_request;

-- A serving role makes open ones that begin now, and ends them without effect.
CREATE FUNCTION keep_offer() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
	IF current_user <> 'rosterd_owner' THEN
		IF NEW.state = 'done' OR (TG_OP = 'INSERT' AND (NEW.state <> 'open' OR NEW.made_at <> now()))
		   OR (TG_OP = 'UPDATE' AND OLD.state <> 'open') THEN
			RAISE check_violation USING CONSTRAINT = 'ownership_offers_rule', MESSAGE = 'an offer begins open and now, and is done by ownership_pass() alone';
		END IF;
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER keep_offer BEFORE INSERT OR UPDATE ON ownership_offers FOR EACH ROW EXECUTE FUNCTION keep_offer();

-- An owner who is back needs no recovery.
CREATE FUNCTION end_recovery() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rosterd, pg_temp AS $$
BEGIN
	UPDATE ownership_offers SET state = 'overtaken', ended_at = now()
	WHERE organisation = NEW.organisation AND state = 'open' AND kind = 'recovery';
	RETURN NULL;
END $$;
CREATE TRIGGER end_recovery AFTER UPDATE ON organisations FOR EACH ROW
	WHEN (OLD.owner_absent_at IS NOT NULL AND NEW.owner_absent_at IS NULL) EXECUTE FUNCTION end_recovery();

-- The one function that hands over. which NULL: the first owner, where none was ever on record. 1, or 0 if that is not possible (any
-- more): the offer is over or its time has not come, the heir is not an active member, the holder is (not) here.
CREATE FUNCTION ownership_pass(whose uuid, which uuid, first uuid) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rosterd, pg_temp AS $$
DECLARE
	o organisations;
	offer ownership_offers;
	heir members;
BEGIN
	IF whose IS DISTINCT FROM current_organisation() THEN
		RETURN 0;
	END IF;
	SELECT * INTO o FROM organisations WHERE organisation = whose AND state <> 'deleted' FOR NO KEY UPDATE;
	IF NOT FOUND OR (which IS NULL) <> (o.owned_at IS NULL) THEN
		RETURN 0;
	END IF;
	IF which IS NOT NULL THEN
		SELECT * INTO offer FROM ownership_offers WHERE organisation = whose AND id = which AND state = 'open'
			AND not_before <= now() AND expires_at > now() FOR UPDATE;
		IF NOT FOUND OR (offer.kind = 'offer') <> (o.owner_absent_at IS NULL) THEN
			RETURN 0;
		END IF;
		first := offer.member;
	END IF;
	PERFORM FROM members WHERE organisation = whose AND (role = 'owner' OR user_id = first) ORDER BY user_id FOR UPDATE;
	SELECT * INTO heir FROM members WHERE organisation = whose AND user_id = first AND state = 'active' AND role <> 'owner';
	IF NOT FOUND THEN
		RETURN 0;
	END IF;
	-- (role_manual comes with 0018.) The unique index of owners is checked row by row, so the old one steps down before the new one is made.
	UPDATE members SET role = 'admin', role_source = 'manual', role_manual = 'admin', updated_at = now(), version = version + 1
	WHERE organisation = whose AND role = 'owner' AND user_id = offer.holder;
	IF NOT FOUND AND which IS NOT NULL THEN
		RETURN 0;
	END IF;
	UPDATE members SET role = 'owner', role_source = 'manual', role_manual = NULL, waiting_role = NULL, updated_at = now(), version = version + 1
	WHERE organisation = whose AND user_id = heir.user_id;
	UPDATE ownership_offers SET state = 'done', ended_at = now() WHERE organisation = whose AND id = which;
	RETURN 1;
END $$;

REVOKE ALL ON FUNCTION keep_owner(), check_owner(), note_owner(), keep_owned(), keep_offer(), end_recovery(),
	ownership_pass(uuid, uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ownership_pass(uuid, uuid, uuid) TO rosterd_request;

-- ---- plans --------------------------------------------------------------------------------------------------------------------

-- What a type and its plan come to: the one table of that.
CREATE TABLE plans (
	type        text COLLATE "C" NOT NULL CHECK (type IN ('solo', 'team', 'enterprise')),
	plan        text COLLATE "C" NOT NULL CHECK (plan IN ('free', 'pro', 'enterprise')),
	is_default  boolean NOT NULL, -- of its type
	seats       bigint CHECK (seats >= 0), -- NULL: no limit
	seat_roles  text[] NOT NULL, -- an active member with one of these roles takes a seat; the owner always does
	connections boolean NOT NULL, -- may have directories of its own
	PRIMARY KEY (type, plan)
);
CREATE UNIQUE INDEX plans_default ON plans (type) WHERE is_default;
INSERT INTO plans (type, plan, is_default, seats, seat_roles, connections) VALUES
	('solo',       'free',       true,  1,    '{owner,admin,member,viewer}', false), -- the owner, and nobody else
	('team',       'free',       false, 1,    '{owner,admin,member,viewer}', false),
	('team',       'pro',        true,  11,   '{owner,admin,member}',        false), -- the owner and ten more; any number of viewers
	('enterprise', 'enterprise', true,  NULL, '{owner,admin,member}',        true);
GRANT SELECT ON plans TO rosterd_request, rosterd_worker;

-- What is there keeps the room that it had: only one of type solo had a limit.
ALTER TABLE organisations
	ADD COLUMN plan text COLLATE "C",
	ADD COLUMN seat_limit text NOT NULL DEFAULT 'plan' CHECK (seat_limit ~ '^(plan|none|[0-9]{1,9})$'); -- the operator's own word for it
UPDATE organisations o SET plan = p.plan,
	seat_limit = CASE WHEN o.type = 'team' OR (o.type = 'solo' AND 1 < (SELECT count(*) FROM members m
		WHERE m.organisation = o.organisation AND (m.state = 'active' OR m.role = 'owner'))) THEN 'none' ELSE 'plan' END
FROM plans p WHERE p.type = o.type AND p.is_default;
ALTER TABLE organisations
	ALTER COLUMN plan SET NOT NULL,
	ADD CONSTRAINT organisations_plan FOREIGN KEY (type, plan) REFERENCES plans;

-- Whoever names no plan, or a type that has no such plan, gets the type's default.
CREATE FUNCTION default_plan() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
	IF TG_OP = 'INSERT' AND NEW.plan IS NULL
	   OR TG_OP = 'UPDATE' AND NEW.plan = OLD.plan AND NOT EXISTS (SELECT FROM rosterd.plans p WHERE p.type = NEW.type AND p.plan = NEW.plan) THEN
		SELECT p.plan INTO NEW.plan FROM rosterd.plans p WHERE p.type = NEW.type AND p.is_default;
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER default_plan BEFORE INSERT OR UPDATE OF type, plan ON organisations FOR EACH ROW EXECUTE FUNCTION default_plan();

-- ---- who waits ----------------------------------------------------------------------------------------------------------------

ALTER TABLE members
	ADD COLUMN waiting_since timestamptz, -- for a seat: to come in (state waiting), or as waiting_role
	ADD COLUMN waiting_role text CHECK (waiting_role IN ('admin', 'member', 'viewer')); -- what an active member becomes with a seat
CREATE INDEX members_waiting ON members (organisation, waiting_since) WHERE waiting_since IS NOT NULL;

CREATE FUNCTION keep_waiting() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
	NEW.waiting_since := CASE WHEN NEW.state = 'waiting' OR NEW.waiting_role IS NOT NULL THEN coalesce(NEW.waiting_since, now()) END;
	RETURN NEW;
END $$;
CREATE TRIGGER keep_waiting BEFORE INSERT OR UPDATE ON members FOR EACH ROW
	WHEN (NEW.state = 'waiting' OR NEW.waiting_role IS NOT NULL OR NEW.waiting_since IS NOT NULL) EXECUTE FUNCTION keep_waiting();

-- ---- seats --------------------------------------------------------------------------------------------------------------------

-- One row for each organisation; the triggers alone write it. What was freed is written beside it, so that whoever frees a seat waits
-- for nobody: the seats in use are used - sum(seats_freed). Where there is no limit nothing is counted.
--
-- Who takes a seat holds the row FOR NO KEY UPDATE to the end of the transaction. A run does not wait for that: if another holds it,
-- the people of this run wait for a seat, and are let in when it is clear who has one. Everybody who comes or goes holds it FOR KEY
-- SHARE, which keeps nobody waiting but the one who sets another limit.
CREATE TABLE seats (
	organisation uuid PRIMARY KEY REFERENCES organisations ON DELETE CASCADE,
	most         bigint CHECK (most >= 0), -- NULL: no limit
	roles        text[] NOT NULL,
	used         bigint NOT NULL DEFAULT 0 CHECK (used >= 0),
	CONSTRAINT seats_most CHECK (used <= most)
);
CREATE TABLE seats_freed (
	organisation uuid NOT NULL REFERENCES seats ON DELETE CASCADE,
	id           bigint GENERATED ALWAYS AS IDENTITY,
	seats        bigint NOT NULL CHECK (seats > 0),
	PRIMARY KEY (organisation, id)
);

CREATE FUNCTION takes_seat(state text, role text, roles text[]) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN role = ANY (roles) AND (state = 'active' OR role = 'owner');

INSERT INTO seats (organisation, most, roles, used)
SELECT o.organisation, l.most, p.seat_roles, CASE WHEN l.most IS NULL THEN 0 ELSE (SELECT count(*) FROM members m
	WHERE m.organisation = o.organisation AND takes_seat(m.state, m.role, p.seat_roles)) END
FROM organisations o JOIN plans p USING (type, plan),
	LATERAL (SELECT CASE o.seat_limit WHEN 'plan' THEN p.seats WHEN 'none' THEN NULL ELSE o.seat_limit::bigint END AS most) l;

DO $$
DECLARE t text;
BEGIN
	FOREACH t IN ARRAY ARRAY['seats', 'seats_freed'] LOOP
		EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
		EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
		EXECUTE format('CREATE POLICY tenant ON %I FOR SELECT TO rosterd_request, rosterd_worker
			USING (organisation = (SELECT current_organisation()))', t);
		EXECUTE format('CREATE POLICY keeper ON %I TO rosterd_owner USING (true) WITH CHECK (true)', t);
		EXECUTE format('GRANT SELECT ON %I TO rosterd_request, rosterd_worker', t);
	END LOOP;
END $$;

-- Takes what was freed into account; whoever calls it holds the row.
CREATE FUNCTION seats_settle(whose uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	WITH freed AS (DELETE FROM seats_freed WHERE organisation = whose RETURNING seats)
	UPDATE seats SET used = used - (SELECT sum(freed.seats) FROM freed)
	WHERE organisation = whose AND EXISTS (SELECT FROM freed);
END;

-- So many more are taken, or fewer. The CHECK is the last word.
CREATE FUNCTION seats_move(whose uuid, more bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rosterd, pg_temp AS $$
BEGIN
	IF more > 0 THEN
		PERFORM FROM seats WHERE organisation = whose FOR NO KEY UPDATE;
		PERFORM seats_settle(whose);
		UPDATE seats SET used = used + more WHERE organisation = whose;
	ELSIF more < 0 THEN
		INSERT INTO seats_freed (organisation, seats) VALUES (whose, -more);
		IF EXISTS (SELECT FROM members WHERE organisation = whose AND waiting_since IS NOT NULL) THEN
			NOTIFY rosterd_run; -- the watch lets them in
		END IF;
	END IF;
END $$;

-- Asked by key, one organisation at a time: a run switches nested loops off for its transaction.
CREATE FUNCTION count_seats() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rosterd, pg_temp AS $$
DECLARE
	whose uuid;
	s seats;
	change bigint;
BEGIN
	IF TG_OP = 'INSERT' THEN
		FOR whose IN SELECT DISTINCT n.organisation FROM now_are n ORDER BY 1 LOOP
			SELECT * INTO s FROM seats WHERE organisation = whose FOR KEY SHARE;
			CONTINUE WHEN s.most IS NULL;
			SELECT count(*) INTO change FROM now_are n WHERE n.organisation = whose AND takes_seat(n.state, n.role, s.roles);
			PERFORM seats_move(whose, change);
		END LOOP;
	ELSIF TG_OP = 'DELETE' THEN
		FOR whose IN SELECT DISTINCT w.organisation FROM were w ORDER BY 1 LOOP
			SELECT * INTO s FROM seats WHERE organisation = whose FOR KEY SHARE;
			CONTINUE WHEN s.most IS NULL;
			SELECT -count(*) INTO change FROM were w WHERE w.organisation = whose AND takes_seat(w.state, w.role, s.roles);
			PERFORM seats_move(whose, change);
		END LOOP;
	ELSE
		FOR whose IN SELECT w.organisation FROM were w UNION SELECT n.organisation FROM now_are n ORDER BY 1 LOOP
			SELECT * INTO s FROM seats WHERE organisation = whose FOR KEY SHARE;
			CONTINUE WHEN s.most IS NULL;
			SELECT (SELECT count(*) FROM now_are n WHERE n.organisation = whose AND takes_seat(n.state, n.role, s.roles))
				- (SELECT count(*) FROM were w WHERE w.organisation = whose AND takes_seat(w.state, w.role, s.roles)) INTO change;
			PERFORM seats_move(whose, change);
		END LOOP;
	END IF;
	RETURN NULL;
END $$;
CREATE TRIGGER count_seats_made AFTER INSERT ON members REFERENCING NEW TABLE AS now_are
	FOR EACH STATEMENT EXECUTE FUNCTION count_seats();
CREATE TRIGGER count_seats_changed AFTER UPDATE ON members REFERENCING OLD TABLE AS were NEW TABLE AS now_are
	FOR EACH STATEMENT EXECUTE FUNCTION count_seats();
CREATE TRIGGER count_seats_gone AFTER DELETE ON members REFERENCING OLD TABLE AS were
	FOR EACH STATEMENT EXECUTE FUNCTION count_seats();

-- Another plan or limit: waits for whoever comes or goes just now, and counts anew.
CREATE FUNCTION set_seats() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rosterd, pg_temp AS $$
DECLARE
	p plans;
	allowed bigint;
BEGIN
	SELECT * INTO p FROM plans WHERE type = NEW.type AND plan = NEW.plan;
	allowed := CASE NEW.seat_limit WHEN 'plan' THEN p.seats WHEN 'none' THEN NULL ELSE NEW.seat_limit::bigint END;
	INSERT INTO seats (organisation, most, roles) VALUES (NEW.organisation, allowed, p.seat_roles) ON CONFLICT DO NOTHING;
	IF TG_OP = 'UPDATE' THEN
		PERFORM FROM seats WHERE organisation = NEW.organisation FOR UPDATE;
		DELETE FROM seats_freed WHERE organisation = NEW.organisation;
		UPDATE seats SET most = allowed, roles = p.seat_roles, used = CASE WHEN allowed IS NULL THEN 0 ELSE (SELECT count(*) FROM members m
			WHERE m.organisation = NEW.organisation AND takes_seat(m.state, m.role, p.seat_roles)) END
		WHERE organisation = NEW.organisation;
		NOTIFY rosterd_run;
	END IF;
	RETURN NULL;
END $$;
CREATE TRIGGER set_seats_made AFTER INSERT ON organisations FOR EACH ROW EXECUTE FUNCTION set_seats();
CREATE TRIGGER set_seats_changed AFTER UPDATE ON organisations FOR EACH ROW
	WHEN ((OLD.type, OLD.plan, OLD.seat_limit) IS DISTINCT FROM (NEW.type, NEW.plan, NEW.seat_limit)) EXECUTE FUNCTION set_seats();

-- The operator's to say, through the API: a worker is not the operator.
CREATE FUNCTION keep_plan() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
	IF current_user = 'rosterd_worker' THEN
		RAISE check_violation USING CONSTRAINT = 'organisations_plan', MESSAGE = 'a worker sets no plan and no limit';
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER keep_plan BEFORE UPDATE ON organisations FOR EACH ROW
	WHEN ((OLD.type, OLD.plan, OLD.seat_limit) IS DISTINCT FROM (NEW.type, NEW.plan, NEW.seat_limit)) EXECUTE FUNCTION keep_plan();

-- Whether there is a limit. It stays as it is until this transaction ends.
CREATE FUNCTION seats_limited() RETURNS boolean
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	SELECT most IS NOT NULL FROM seats WHERE organisation = current_organisation() FOR KEY SHARE;
END;

-- The seats that are free, held for this transaction; NULL: there is no limit. -1: nobody can be let in now, because another
-- transaction takes some and this one does not wait for it (patient), or because somebody waits and this one comes behind them (queues).
CREATE FUNCTION seats_at_hand(patient boolean, queues boolean) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rosterd, pg_temp AS $$
DECLARE
	whose uuid := current_organisation();
	s seats;
BEGIN
	SELECT * INTO s FROM seats WHERE organisation = whose FOR KEY SHARE;
	IF s.most IS NULL THEN
		RETURN NULL;
	ELSIF patient THEN
		PERFORM FROM seats WHERE organisation = whose FOR NO KEY UPDATE;
	ELSE
		PERFORM FROM seats WHERE organisation = whose FOR NO KEY UPDATE SKIP LOCKED;
		IF NOT FOUND THEN
			RETURN -1;
		END IF;
	END IF;
	IF queues AND EXISTS (SELECT FROM members WHERE organisation = whose AND waiting_since IS NOT NULL) THEN
		RETURN -1;
	END IF;
	PERFORM seats_settle(whose);
	RETURN (SELECT most - used FROM seats WHERE organisation = whose);
END $$;

-- Nobody comes or goes until this transaction ends: for whoever makes room for a smaller limit.
CREATE FUNCTION seats_hold() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	SELECT FROM seats WHERE organisation = current_organisation() FOR UPDATE;
END;

-- ---- letting in, and looking whether all is right ---------------------------------------------------------------------------------

-- Organisations in which somebody waits, one step through the index each.
CREATE FUNCTION organisations_waiting() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	WITH RECURSIVE each (organisation) AS (
		(SELECT m.organisation FROM members m WHERE m.waiting_since IS NOT NULL ORDER BY m.organisation LIMIT 1)
		UNION ALL
		SELECT (SELECT m.organisation FROM members m WHERE m.waiting_since IS NOT NULL AND m.organisation > e.organisation
			ORDER BY m.organisation LIMIT 1)
		FROM each e WHERE e.organisation IS NOT NULL
	)
	SELECT organisation FROM each WHERE organisation IS NOT NULL;
END;

-- Those of them where somebody may have a seat: there are free ones, or no limit.
CREATE FUNCTION organisations_admitting(how_many integer) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	SELECT w.organisation FROM organisations_waiting() AS w (organisation) JOIN seats s USING (organisation) JOIN organisations o USING (organisation)
	WHERE o.state <> 'deleted'
	  AND (s.most IS NULL OR s.used - coalesce((SELECT sum(f.seats) FROM seats_freed f WHERE f.organisation = s.organisation), 0) < s.most)
	LIMIT how_many;
END;

-- In one snapshot the count and what is counted agree. Organisations where they do not, or that have more than they may, or another
-- number of owners than they should: a mistake of ours, whoever is told.
CREATE FUNCTION seats_miscounted() RETURNS TABLE (organisation uuid, counted bigint, really bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	SELECT c.organisation, c.counted, c.really FROM (
		SELECT s.organisation, s.most, s.used - coalesce((SELECT sum(f.seats) FROM seats_freed f WHERE f.organisation = s.organisation), 0)::bigint AS counted,
			(SELECT count(*) FROM members m WHERE m.organisation = s.organisation AND takes_seat(m.state, m.role, s.roles)) AS really
		FROM seats s WHERE s.most IS NOT NULL) c
	WHERE c.counted <> c.really OR c.really > c.most;
END;

CREATE FUNCTION seat_figures(OUT waiting bigint, OUT waited_us bigint, OUT absent bigint, OUT absent_us bigint, OUT recoveries bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	WITH held AS (
		SELECT count(*) AS people, min(m.waiting_since) AS since
		FROM members m JOIN organisations o USING (organisation)
		WHERE m.waiting_since IS NOT NULL AND m.state IN ('waiting', 'active') AND o.state <> 'deleted'
	), gone AS (
		SELECT count(*) AS organisations, min(o.owner_absent_at) AS since FROM organisations o
		WHERE o.owner_absent_at IS NOT NULL AND o.state <> 'deleted'
	)
	SELECT held.people, microseconds(now() - held.since), gone.organisations, microseconds(now() - gone.since),
		(SELECT count(*) FROM ownership_offers WHERE state = 'open' AND kind = 'recovery')
	FROM held, gone;
END;

REVOKE ALL ON FUNCTION default_plan(), keep_waiting(), takes_seat(text, text, text[]), seats_settle(uuid), seats_move(uuid, bigint),
	count_seats(), set_seats(), keep_plan(), seats_limited(), seats_at_hand(boolean, boolean), seats_hold(), organisations_waiting(),
	organisations_admitting(integer), seats_miscounted(), seat_figures() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION takes_seat(text, text, text[]), seats_limited(), seats_at_hand(boolean, boolean) TO rosterd_request, rosterd_worker;
GRANT EXECUTE ON FUNCTION seats_hold() TO rosterd_request;
GRANT EXECUTE ON FUNCTION organisations_admitting(integer), seats_miscounted(), seat_figures() TO rosterd_worker;
