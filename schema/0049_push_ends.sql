-- oldest: 0.1.0
--
-- The plan of a connection's end says which tokens of its directory end with it: whoever makes plans may see that they are there, and
-- nothing that helps to use one.
SET LOCAL search_path = rosterd, pg_temp;

CREATE POLICY planned ON scim_tokens FOR SELECT TO rosterd_worker USING (organisation = (SELECT current_organisation()));
GRANT SELECT (id, organisation, connection, name, kind, expires_at, revoked_at) ON scim_tokens TO rosterd_worker;
