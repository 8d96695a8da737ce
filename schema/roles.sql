-- Run once by a superuser (psql -f roles.sql -d postgres): the three database roles and the database.
-- One role migrates and owns, one serves requests, one is the workers'. None of the last two owns anything or
-- may bypass row-level security. Running it again changes nothing.
\set ON_ERROR_STOP 1
SELECT format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS NOINHERIT', r)
FROM unnest(ARRAY['rosterd_owner', 'rosterd_request', 'rosterd_worker']) AS r
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r) \gexec

ALTER ROLE rosterd_owner SET search_path = rosterd, pg_temp;
ALTER ROLE rosterd_request SET search_path = rosterd, pg_temp;
ALTER ROLE rosterd_worker SET search_path = rosterd, pg_temp;
ALTER ROLE rosterd_request SET jit = off;
ALTER ROLE rosterd_worker SET jit = off;
ALTER ROLE rosterd_worker SET temp_buffers = '64MB'; -- a plan is made in temporary tables

SELECT 'CREATE DATABASE rosterd OWNER rosterd_owner TEMPLATE template0 ENCODING ''UTF8'' LC_COLLATE ''C.UTF-8'' LC_CTYPE ''C.UTF-8'''
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'rosterd') \gexec

\connect rosterd
REVOKE ALL ON DATABASE rosterd FROM PUBLIC;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT CONNECT ON DATABASE rosterd TO rosterd_request, rosterd_worker;
GRANT TEMPORARY ON DATABASE rosterd TO rosterd_worker;
