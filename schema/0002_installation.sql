-- oldest: 0.1.0
--
-- Where this database is at home, so that a copy of it knows that it is one.
--
-- A dump holds tokens that were revoked after it was made. The cluster, the database and the table of tokens have
-- numbers that a restored dump does not keep; `home` has those of the place where the operator last said that this is the
-- installation. Until they say so again, nobody's token counts in a copy and no run begins, whatever serves it: that is a policy
-- and not the daemon's good will.
SET LOCAL search_path = rosterd, pg_temp;

CREATE TABLE installation (
	only_one   boolean PRIMARY KEY DEFAULT true CHECK (only_one),
	id         uuid NOT NULL DEFAULT gen_random_uuid(),
	epoch      integer NOT NULL DEFAULT 1, -- one more with each restore
	home       text NOT NULL,
	settled_at timestamptz NOT NULL DEFAULT now()
);

CREATE FUNCTION installation_here() RETURNS text
LANGUAGE sql STABLE
RETURN (SELECT system_identifier FROM pg_control_system()) || '/'
	|| (SELECT oid FROM pg_database WHERE datname = current_database()) || '/'
	|| (SELECT oid FROM pg_class WHERE relname = 'tokens' AND relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = 'rosterd'));

CREATE FUNCTION installation_at_home() RETURNS boolean
LANGUAGE sql STABLE
RETURN (SELECT home = installation_here() FROM installation);

INSERT INTO installation (home) VALUES (installation_here());

CREATE POLICY at_home ON tokens AS RESTRICTIVE USING ((SELECT installation_at_home()));
CREATE POLICY at_home ON runs AS RESTRICTIVE USING ((SELECT installation_at_home()));

GRANT SELECT ON installation TO rosterd_request, rosterd_worker;
REVOKE ALL ON FUNCTION installation_here(), installation_at_home() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION installation_here(), installation_at_home() TO rosterd_request, rosterd_worker;
