-- oldest: 0.1.0
--
-- What plug-ins keep is sealed again by a new master key as secrets are: a subscription whose name nobody can read any more would be made a
-- second time beside the first.
SET LOCAL search_path = rosterd, pg_temp;

CREATE OR REPLACE FUNCTION sealed_keys() RETURNS TABLE (key bytea, secrets bigint, organisations bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	SELECT sealed_by(s.sealed), count(*), count(DISTINCT s.organisation)
	FROM (SELECT sealed, organisation FROM connection_secrets UNION ALL SELECT sealed, organisation FROM event_secrets
		UNION ALL SELECT sealed, organisation FROM connection_kept WHERE until > now()) s
	GROUP BY 1 ORDER BY 1;
END;

CREATE OR REPLACE FUNCTION sealed_otherwise(than bytea) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp
RETURN (SELECT organisation FROM (SELECT organisation, sealed FROM connection_secrets
	UNION ALL SELECT organisation, sealed FROM event_secrets
	UNION ALL SELECT organisation, sealed FROM connection_kept WHERE until > now()) s
	WHERE sealed_by(s.sealed) <> than ORDER BY organisation LIMIT 1);
