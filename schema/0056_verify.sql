-- oldest: 0.1.0
--
-- What gateways ask at every request is answered from memory, so each daemon must hear at once when an answer is another than before. Whatever an answer
-- rests on tells it here, in its own transaction: by NOTIFY, and in a log, in which a daemon finds what it was not notified of.
SET LOCAL search_path = rosterd, pg_temp;

-- ---- the log --------------------------------------------------------------------------------------------------------------------

-- Read by transaction and not by time or number: whoever was told everything up to a snapshot (pg_current_snapshot) asks for what that did not see,
-- in whatever order it was committed. Kept for some hours, for a transaction may be that long; whoever was away for longer begins with nothing.
CREATE TABLE verify_changes (
	xid          xid8 NOT NULL DEFAULT pg_current_xact_id(),
	organisation uuid NOT NULL,
	user_id      uuid, -- NULL: all that is kept of the organisation
	at           timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX verify_changes_xid ON verify_changes (xid);
CREATE INDEX verify_changes_at ON verify_changes (at);
CREATE INDEX verify_changes_organisation ON verify_changes (organisation);
ALTER TABLE verify_changes ENABLE ROW LEVEL SECURITY;
ALTER TABLE verify_changes FORCE ROW LEVEL SECURITY;
CREATE POLICY keeper ON verify_changes TO rosterd_owner USING (true) WITH CHECK (true);

-- One line and one notice for each of a few people; of more, one for their organisation.
CREATE FUNCTION verify_changed(of_organisation uuid, of_users uuid[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rosterd, pg_temp AS $$
BEGIN
	IF of_users IS NULL OR cardinality(of_users) > 8 THEN
		INSERT INTO verify_changes (organisation) VALUES (of_organisation);
		PERFORM pg_notify('rosterd_verify', of_organisation::text);
	ELSE
		INSERT INTO verify_changes (organisation, user_id) SELECT of_organisation, u FROM unnest(of_users) u;
		PERFORM pg_notify('rosterd_verify', of_organisation || '/' || u) FROM unnest(of_users) u;
	END IF;
END $$;

-- A daemon's sign of life to itself: it comes back by NOTIFY, behind everything that was committed before it. With it comes what the log has since a
-- snapshot: "ORGANISATION", "ORGANISATION/USER", blanks between; "all" for more than a daemon would look through. since NULL: nothing yet.
CREATE FUNCTION verify_beat(since text, said text, OUT snapshot text, OUT changed text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = rosterd, pg_temp AS $$
BEGIN
	SELECT pg_current_snapshot()::text, CASE WHEN since IS NULL THEN '' ELSE coalesce((
		SELECT CASE WHEN count(*) > 1000 THEN 'all' ELSE string_agg(c.organisation || coalesce('/' || c.user_id, ''), ' ') END
		FROM (SELECT DISTINCT v.organisation, v.user_id FROM verify_changes v
		      WHERE v.xid >= pg_snapshot_xmin(since::pg_snapshot) AND NOT pg_visible_in_snapshot(v.xid, since::pg_snapshot)
		      LIMIT 1001) c), '') END
	INTO snapshot, changed;
	PERFORM pg_notify('rosterd_verify', 'beat ' || said);
END $$;

CREATE FUNCTION verify_changes_purge(most integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rosterd, pg_temp AS $$
DECLARE
	gone bigint;
BEGIN
	DELETE FROM verify_changes WHERE ctid IN (SELECT v.ctid FROM verify_changes v WHERE v.at < now() - interval '6 hours' LIMIT most);
	GET DIAGNOSTICS gone = ROW_COUNT;
	RETURN gone;
END $$;

-- ---- what tells ------------------------------------------------------------------------------------------------------------------

-- A session that ends, or may not last as long as it might have. That one was used only makes it last longer, and nobody is told.
CREATE FUNCTION verify_sessions() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rosterd, pg_temp AS $$
BEGIN
	PERFORM verify_changed(c.organisation, c.users) FROM (
		SELECT w.organisation, array_agg(DISTINCT w.user_id) AS users FROM were w JOIN now_are n USING (hash)
		WHERE w.ended_at IS NULL AND (n.ended_at IS NOT NULL OR n.expires_at < w.expires_at OR n.idle_ms < w.idle_ms OR n.seen_at < w.seen_at)
		GROUP BY w.organisation) c;
	RETURN NULL;
END $$;
CREATE TRIGGER verify_tells AFTER UPDATE ON sessions REFERENCING OLD TABLE AS were NEW TABLE AS now_are
	FOR EACH STATEMENT EXECUTE FUNCTION verify_sessions();

CREATE FUNCTION verify_sessions_gone() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rosterd, pg_temp AS $$
BEGIN
	PERFORM verify_changed(c.organisation, c.users) FROM (
		SELECT w.organisation, array_agg(DISTINCT w.user_id) AS users FROM were w WHERE w.ended_at IS NULL AND w.expires_at > now()
		GROUP BY w.organisation) c;
	RETURN NULL;
END $$;
CREATE TRIGGER verify_tells_gone AFTER DELETE ON sessions REFERENCING OLD TABLE AS were
	FOR EACH STATEMENT EXECUTE FUNCTION verify_sessions_gone();

-- Of a run that changes a million people it matters who of them is signed in. Planned each time, as keys_follow is.
CREATE FUNCTION verify_members() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rosterd, pg_temp AS $$
BEGIN
	IF NOT EXISTS (SELECT FROM sessions s WHERE s.organisation IN (SELECT n.organisation FROM now_are n LIMIT 1) AND s.ended_at IS NULL)
	   AND (SELECT count(DISTINCT n.organisation) FROM now_are n) < 2 THEN
		RETURN NULL;
	END IF;
	EXECUTE $tell$SELECT rosterd.verify_changed(c.organisation, c.users) FROM (
		SELECT n.organisation, array_agg(DISTINCT n.user_id) AS users FROM now_are n JOIN were w ON w.organisation = n.organisation AND w.user_id = n.user_id
		WHERE (w.state, w.role, w.name, w.email) IS DISTINCT FROM (n.state, n.role, n.name, n.email)
		  AND EXISTS (SELECT FROM rosterd.sessions s WHERE s.organisation = n.organisation AND s.user_id = n.user_id AND s.ended_at IS NULL)
		GROUP BY n.organisation) c$tell$;
	RETURN NULL;
END $$;
CREATE TRIGGER verify_tells AFTER UPDATE ON members REFERENCING OLD TABLE AS were NEW TABLE AS now_are
	FOR EACH STATEMENT EXECUTE FUNCTION verify_members();

-- An address that is no longer somebody's. One that becomes theirs is seen when the session is next looked up (SESSION_KEPT_MS).
CREATE FUNCTION verify_addresses() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rosterd, pg_temp AS $$
BEGIN
	PERFORM verify_changed(c.organisation, c.users) FROM (
		SELECT s.organisation, array_agg(DISTINCT s.user_id) AS users FROM were w JOIN domains d ON d.domain = w.domain
		JOIN sessions s ON s.organisation = d.organisation AND s.user_id = w.user_id AND s.ended_at IS NULL
		GROUP BY s.organisation) c;
	RETURN NULL;
END $$;
CREATE TRIGGER verify_tells AFTER UPDATE ON addresses REFERENCING OLD TABLE AS were FOR EACH STATEMENT EXECUTE FUNCTION verify_addresses();
CREATE TRIGGER verify_tells_gone AFTER DELETE ON addresses REFERENCING OLD TABLE AS were FOR EACH STATEMENT EXECUTE FUNCTION verify_addresses();

CREATE FUNCTION verify_row() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rosterd, pg_temp AS $$
BEGIN
	PERFORM verify_changed(old.organisation, NULL);
	RETURN NULL;
END $$;
CREATE TRIGGER verify_tells AFTER UPDATE ON organisations FOR EACH ROW
	WHEN ((old.slug, old.state, old.ip_allow_list) IS DISTINCT FROM (new.slug, new.state, new.ip_allow_list))
	EXECUTE FUNCTION verify_row();
CREATE TRIGGER verify_tells AFTER UPDATE ON domains FOR EACH ROW
	WHEN ((old.organisation, old.domain, old.state) IS DISTINCT FROM (new.organisation, new.domain, new.state)) EXECUTE FUNCTION verify_row();
CREATE TRIGGER verify_tells_gone AFTER DELETE ON domains FOR EACH ROW EXECUTE FUNCTION verify_row();

-- Nothing is left of an organisation that was purged.
CREATE FUNCTION verify_organisation_gone() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rosterd, pg_temp AS $$
BEGIN
	DELETE FROM verify_changes v WHERE v.organisation = old.organisation;
	RETURN NULL;
END $$;
CREATE TRIGGER verify_ends AFTER DELETE ON organisations FOR EACH ROW EXECUTE FUNCTION verify_organisation_gone();

-- ---- narrow doors ---------------------------------------------------------------------------------------------------------------

-- Who is signed in, as session_speaker says it, with how long that counts by the clock of the database: at most, and if it is not shown again.
CREATE FUNCTION session_known(wanted bytea, OUT id uuid, OUT organisation uuid, OUT slug text, OUT user_id uuid, OUT connection uuid,
	OUT remote_id text, OUT email text, OUT name text, OUT role text, OUT began_at timestamptz, OUT seen_at timestamptz,
	OUT expires_at timestamptz, OUT ip_allow_list text[], OUT idle_ms bigint, OUT left_ms bigint, OUT unseen_ms bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	SELECT k.id, k.organisation, k.slug, k.user_id, k.connection, k.remote_id, k.email, k.name, k.role, k.began_at, k.seen_at,
		s.expires_at, k.ip_allow_list, s.idle_ms, (extract(epoch FROM s.expires_at - now()) * 1000)::bigint,
		greatest(0, (extract(epoch FROM now() - s.seen_at) * 1000)::bigint)
	FROM session_speaker(wanted) k JOIN sessions s ON s.hash = wanted;
END;

-- That they were shown, so many milliseconds ago: many at a time, of whichever organisations. One that is over by then stays so.
CREATE FUNCTION sessions_seen(organisations uuid[], ids uuid[], ago_ms text[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rosterd, pg_temp AS $$
DECLARE
	seen bigint;
BEGIN
	-- In one order, so that two daemons do not wait for each other.
	PERFORM FROM sessions s JOIN unnest(organisations, ids) AS u (organisation, id) USING (organisation, id) ORDER BY s.hash FOR NO KEY UPDATE OF s;
	UPDATE sessions s SET seen_at = now() - u.ago * interval '1 millisecond'
	FROM (SELECT t.organisation, t.id, t.ago::bigint FROM unnest(organisations, ids, ago_ms) AS t (organisation, id, ago)) u
	WHERE s.organisation = u.organisation AND s.id = u.id AND s.ended_at IS NULL AND s.seen_at < now() - u.ago * interval '1 millisecond'
	  AND s.expires_at > now() AND s.seen_at + s.idle_ms * interval '1 millisecond' > now() - u.ago * interval '1 millisecond';
	GET DIAGNOSTICS seen = ROW_COUNT;
	RETURN seen;
END $$;

REVOKE ALL ON FUNCTION verify_changed(uuid, uuid[]), verify_beat(text, text), verify_changes_purge(integer), verify_sessions(), verify_sessions_gone(),
	verify_members(), verify_addresses(), verify_row(), verify_organisation_gone(), session_known(bytea), sessions_seen(uuid[], uuid[], text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION verify_beat(text, text), session_known(bytea), sessions_seen(uuid[], uuid[], text[]) TO rosterd_request;
GRANT EXECUTE ON FUNCTION verify_changes_purge(integer), session_known(bytea) TO rosterd_worker;
