-- oldest: 0.1.0
--
-- Which master keys the secrets of connections are sealed by. An envelope names its key in the eight bytes behind its version
-- (daemon/base/crypt.h).
SET LOCAL search_path = rosterd, pg_temp;

CREATE FUNCTION sealed_by(envelope bytea) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
RETURN substr(envelope, 2, 8);

-- For the operator: each key with how many secrets it seals. Numbers alone; no envelope leaves its organisation.
CREATE FUNCTION sealed_keys() RETURNS TABLE (key bytea, secrets bigint, organisations bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp
BEGIN ATOMIC
	SELECT sealed_by(sealed), count(*), count(DISTINCT organisation) FROM connection_secrets GROUP BY 1 ORDER BY 1;
END;

-- An organisation that has a secret which this key does not seal.
CREATE FUNCTION sealed_otherwise(than bytea) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rosterd, pg_temp
RETURN (SELECT organisation FROM connection_secrets WHERE sealed_by(sealed) <> than ORDER BY organisation LIMIT 1);

REVOKE ALL ON FUNCTION sealed_by(bytea), sealed_keys(), sealed_otherwise(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sealed_by(bytea) TO rosterd_request, rosterd_worker;
GRANT EXECUTE ON FUNCTION sealed_keys(), sealed_otherwise(bytea) TO rosterd_request;
