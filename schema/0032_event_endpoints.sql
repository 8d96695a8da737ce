-- oldest: 0.1.0
--
-- Where events are delivered to: applications of the operator, which hear of every organisation (the nil UUID), and of an organisation.
--
-- A place is a stream over the audit (audit_streams: which daemon delivers, and what retention must not let go yet) and, beside it, how far
-- the endpoint has come in its own feed.
SET LOCAL search_path = rosterd, pg_temp;

CREATE TABLE event_endpoints (
	organisation  uuid NOT NULL,
	id            uuid NOT NULL,
	name          text NOT NULL,
	url           text NOT NULL,
	types         text[] NOT NULL, -- "member.joined", "member.*"; empty: all
	private_addresses boolean NOT NULL, -- may lie in our own networks: the operator set it
	state         text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'paused', 'stopped')), -- stopped: it failed for too long
	created_by    text NOT NULL,
	created_at    timestamptz NOT NULL DEFAULT now(),
	version       bigint NOT NULL DEFAULT 1,
	place         bigint NOT NULL CHECK (place >= 0), -- in its feed: what is behind it was not delivered yet
	tries         integer NOT NULL DEFAULT 0,         -- of the event behind it
	not_before    timestamptz NOT NULL DEFAULT now(),
	failing_since timestamptz,
	last_status   integer,     -- what it answered last; NULL: nothing
	last_error    text,        -- why the last delivery failed; NULL: it did not
	delivered     bigint NOT NULL DEFAULT 0,
	delivered_at  timestamptz,
	PRIMARY KEY (organisation, id),
	UNIQUE (organisation, name)
);

-- What it checks signatures with: the current one, and for a while the one before.
CREATE TABLE event_secrets (
	organisation uuid NOT NULL,
	endpoint     uuid NOT NULL,
	name         text NOT NULL CHECK (name IN ('current', 'former')),
	sealed       bytea NOT NULL,
	until        timestamptz, -- former: then it signs no more
	PRIMARY KEY (organisation, endpoint, name),
	FOREIGN KEY (organisation, endpoint) REFERENCES event_endpoints ON DELETE CASCADE
);

-- Events that an endpoint refused, again and again, and that were passed over so that others can follow.
CREATE TABLE event_rejects (
	organisation uuid NOT NULL,
	endpoint     uuid NOT NULL,
	place        bigint NOT NULL,
	event        text NOT NULL,
	type         text NOT NULL,
	status       integer NOT NULL,
	reason       text NOT NULL,
	at           timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (organisation, endpoint, place),
	FOREIGN KEY (organisation, endpoint) REFERENCES event_endpoints ON DELETE CASCADE
);

DO $$
DECLARE t text;
BEGIN
	FOREACH t IN ARRAY ARRAY['event_endpoints', 'event_secrets', 'event_rejects'] LOOP
		EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
		EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
		EXECUTE format('CREATE POLICY tenant ON %I TO rosterd_request, rosterd_worker
			USING (organisation = (SELECT current_organisation())) WITH CHECK (organisation = (SELECT current_organisation()))', t);
		EXECUTE format('CREATE POLICY keeper ON %I TO rosterd_owner USING (true) WITH CHECK (true)', t);
	END LOOP;
END $$;
GRANT SELECT, INSERT, UPDATE, DELETE ON event_endpoints, event_secrets TO rosterd_request;
GRANT SELECT, DELETE ON event_rejects TO rosterd_request;
GRANT SELECT, UPDATE ON event_endpoints TO rosterd_worker;
GRANT SELECT ON event_secrets TO rosterd_worker;
GRANT SELECT, INSERT, UPDATE ON event_rejects TO rosterd_worker;

-- ---- the stream behind an endpoint --------------------------------------------------------------------------------------------------

CREATE FUNCTION event_stream(endpoint uuid) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 'events ' || endpoint;

CREATE FUNCTION keep_event_stream() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rosterd, pg_temp AS $$
BEGIN
	IF TG_OP = 'INSERT' THEN
		INSERT INTO audit_streams (name, number, held_to) SELECT event_stream(NEW.id), number, now() FROM audit_sealer;
	ELSIF TG_OP = 'UPDATE' THEN -- back to what was delivered before
		UPDATE audit_streams SET number = 0 WHERE name = event_stream(NEW.id);
	ELSE
		DELETE FROM audit_streams WHERE name = event_stream(OLD.id);
	END IF;
	RETURN NULL;
END $$;
CREATE TRIGGER event_stream_made AFTER INSERT OR DELETE ON event_endpoints FOR EACH ROW EXECUTE FUNCTION keep_event_stream();
CREATE TRIGGER event_stream_back AFTER UPDATE ON event_endpoints FOR EACH ROW WHEN (NEW.place < OLD.place)
	EXECUTE FUNCTION keep_event_stream();

CREATE FUNCTION forget_event_endpoints() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rosterd, pg_temp AS $$
BEGIN
	DELETE FROM event_endpoints e WHERE e.organisation = OLD.organisation;
	RETURN NULL;
END $$;
CREATE TRIGGER forget_event_endpoints AFTER DELETE ON organisations FOR EACH ROW EXECUTE FUNCTION forget_event_endpoints();

-- An endpoint that is due and that nobody delivers to just now: it is this holder's for so long. through: up to where everything is sealed.
-- A copy of the database tells nobody anything before the operator has said what it is.
CREATE FUNCTION event_claim(holder uuid, hold interval, OUT organisation uuid, OUT endpoint uuid, OUT through bigint)
LANGUAGE sql SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	UPDATE audit_streams s SET holder = event_claim.holder, held_to = now() + hold
	FROM (SELECT e.organisation, e.id, t.name, m.number AS through
	      FROM audit_sealer m, event_endpoints e JOIN audit_streams t ON t.name = event_stream(e.id)
	      WHERE installation_at_home() AND e.state = 'active' AND e.not_before <= now() AND (t.held_to IS NULL OR t.held_to <= now()) AND t.number < m.number
	      ORDER BY e.not_before LIMIT 1 FOR UPDATE OF t SKIP LOCKED) due
	WHERE s.name = due.name
	RETURNING due.organisation, due.id, due.through;
END;

-- Goes on holding it, or (hold zero) lets it go; through NULL: it has not come to the end of its feed. Nothing if it is another's by now.
CREATE FUNCTION event_hold(holder uuid, endpoint uuid, hold interval, through bigint) RETURNS SETOF bigint
LANGUAGE sql SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	UPDATE audit_streams s SET held_to = now() + hold, number = greatest(s.number, coalesce(through, s.number))
	WHERE s.name = event_stream(endpoint) AND s.holder = event_hold.holder RETURNING s.number;
END;

REVOKE ALL ON FUNCTION event_stream(uuid), keep_event_stream(), forget_event_endpoints(), event_claim(uuid, interval),
	event_hold(uuid, uuid, interval, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION event_claim(uuid, interval), event_hold(uuid, uuid, interval, bigint) TO rosterd_worker;

-- ---- their secrets are sealed as those of connections are ---------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION sealed_keys() RETURNS TABLE (key bytea, secrets bigint, organisations bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	SELECT sealed_by(s.sealed), count(*), count(DISTINCT s.organisation)
	FROM (SELECT sealed, organisation FROM connection_secrets UNION ALL SELECT sealed, organisation FROM event_secrets) s
	GROUP BY 1 ORDER BY 1;
END;

CREATE OR REPLACE FUNCTION sealed_otherwise(than bytea) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp
RETURN (SELECT organisation FROM (SELECT organisation, sealed FROM connection_secrets
	UNION ALL SELECT organisation, sealed FROM event_secrets) s WHERE sealed_by(s.sealed) <> than ORDER BY organisation LIMIT 1);
