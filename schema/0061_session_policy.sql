-- oldest: 0.1.0
--
-- How long sessions of an organisation count, if that is to be shorter than the operator has it.
SET LOCAL search_path = rosterd, pg_temp;

ALTER TABLE organisations
	ADD COLUMN session_idle_ms bigint CHECK (session_idle_ms BETWEEN 300000 AND 2073600000), -- NULL: as the operator has it
	ADD COLUMN session_most_ms bigint CHECK (session_most_ms BETWEEN 300000 AND 2073600000);

-- What is shorter from now on is so for those who are signed in as well. What is longer is for the next.
CREATE FUNCTION sessions_follow_policy() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rosterd, pg_temp AS $$
BEGIN
	UPDATE sessions s SET idle_ms = least(s.idle_ms, NEW.session_idle_ms),
		expires_at = least(s.expires_at, s.began_at + NEW.session_most_ms * interval '1 millisecond')
	WHERE s.organisation = NEW.organisation AND s.ended_at IS NULL
	  AND (s.idle_ms > NEW.session_idle_ms OR s.expires_at > s.began_at + NEW.session_most_ms * interval '1 millisecond');
	RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION sessions_follow_policy() FROM PUBLIC;
CREATE TRIGGER sessions_follow_policy AFTER UPDATE ON organisations FOR EACH ROW
	WHEN ((NEW.session_idle_ms, NEW.session_most_ms) IS DISTINCT FROM (OLD.session_idle_ms, OLD.session_most_ms))
	EXECUTE FUNCTION sessions_follow_policy();
